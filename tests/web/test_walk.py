"""The way of one post, found again from the log."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.errors import NotFoundError
from overheard.log.base import ProducerRecord
from overheard.records import Mention, decode, mention_id
from overheard.web.base import RecordShown, Walk
from overheard.wiring.walk import excerpt, first_after
from tests.web.api_world import Served

HTML = {"accept": "text/html"}
L200 = mention_id("web", url="https://floor.example/2026/l200")
BEACH = mention_id("web", url="https://floor.example/2026/beach")


def mentions(served: Served) -> list[Mention]:
    log = served.system.log
    records = [record for p in range(12) for record in log.read("mentions", p, 0, 1_000)]
    return [decode(record.value or b"").data for record in records]


def test_a_post_of_a_feed_is_walked_from_the_bytes_as_fetched_to_the_profile(shown: Served) -> None:
    walk = shown.service.walk(L200)

    assert walk.fetched is not None
    assert (walk.fetched.status, walk.fetched.start) == (200, 0)
    assert "A week with the L200 lathe" in walk.fetched.text
    assert walk.event is not None
    assert walk.event.source == "/sources/shop-floor"
    assert walk.enriched is not None
    assert [why.by for why in walk.enriched.data.passed] == ["korvex-lathe"]
    assert walk.incident is not None
    assert walk.document is not None
    assert walk.document.indexed == walk.document.version
    assert [profile.name for profile in walk.profiles if profile.kind == "contact"] == ["Anton Brezina"]
    assert walk.letters == []


def test_the_page_of_it_shows_each_stage_and_escapes_what_came_from_outside(shown: Served) -> None:
    page = shown.client.get(f"/walk/{L200}", headers=HTML).text

    for heading in ("Fetch", "Mention", "Winnow", "Enrich", "Match", "Incident and profiles"):
        assert f"<h2>{heading}</h2>" in page
    assert "<mark>L200 lathe</mark>" in page
    assert "&amp;lt;script&amp;gt;" in page
    assert "<script>x" not in page
    assert "full name" in page


def test_a_dropped_post_says_that_nothing_watched_was_found(shown: Served) -> None:
    walk = shown.service.walk(BEACH)

    assert walk.incident is None
    assert walk.fetched is not None
    assert "no watched term" in walk.notes["winnow"]
    assert "no watched term" in shown.client.get(f"/walk/{BEACH}", headers=HTML).text


def test_an_imported_post_says_that_no_fetch_brought_it(shown: Served) -> None:
    imported = next(one for one in mentions(shown) if one.source != "shop-floor")

    assert "imported" in shown.service.walk(imported.id).notes["fetch"]


def test_every_post_is_found_by_its_id_alone(shown: Served) -> None:
    for one in mentions(shown):
        walk = shown.service.walk(one.id)
        assert walk.place is not None
        assert walk.event is not None
        assert walk.event.data == one


def test_any_record_of_a_post_leads_to_its_way_and_others_are_shown_as_they_are(shown: Served) -> None:
    there = shown.service.walk(L200)
    assert there.place is not None
    assert there.enriched_place is not None
    for place in (there.place, there.enriched_place):
        found = shown.service.walk_from(place.topic, place.partition, place.offset)
        assert isinstance(found, Walk)
        assert found.mention == there.mention
    assert there.fetched is not None
    at = there.fetched.place
    fetch = shown.service.walk_from("fetches", at.partition, at.offset)
    assert isinstance(fetch, RecordShown)
    assert '"overheard.fetch"' in fetch.text
    assert shown.client.get(f"/walk/fetches/{at.partition}/{at.offset}", headers=HTML).status_code == 200


@pytest.mark.parametrize(
    "path", ["/walk/men_none", "/walk/mentions/99/1", "/walk/mentions/0/999999", "/walk/nothing/0/1", "/walk/facts/0/0"]
)
def test_what_is_not_there_is_said_in_words(shown: Served, path: str) -> None:
    answer = shown.client.get(path, headers=HTML)

    assert answer.status_code == 404
    assert "expected" in answer.text
    with pytest.raises(NotFoundError):
        shown.service.walk("men_none")


def test_a_dead_letter_of_the_fetch_is_on_the_way_of_its_records(shown: Served) -> None:
    (letter,) = [one for one in shown.service.dead_letters() if "expected a link" in one.message]
    found = shown.client.get(f"/walk/{letter.topic}/{letter.partition}/{letter.offset}", headers=HTML)

    assert found.status_code == 200


def test_an_offset_is_found_by_time(shown: Served) -> None:
    log = shown.system.log
    records = log.read("mentions", 3, 0, 1_000)
    last = records[-1]
    assert first_after(log, "mentions", 3, last.timestamp) == last.offset + 1
    assert first_after(log, "mentions", 3, 0) == records[0].offset
    assert first_after(log, "mentions", 3, records[0].timestamp - 1) == records[0].offset


@given(before=st.integers(0, 60_000), after=st.integers(0, 60_000))
def test_the_bytes_shown_hold_the_posts_own_address_wherever_it_stands(before: int, after: int) -> None:
    url = "https://floor.example/2026/l200?a=1&b=2"
    body = b"x" * before + b"<item><link>" + url.replace("&", "&amp;").encode() + b"</link></item>" + b"y" * after
    mention = Mention(
        id="men_a", platform="web", source="s", content="c", url=url, first_seen=datetime(2026, 1, 1, tzinfo=UTC)
    )
    start, end = excerpt(body, mention)

    assert 0 <= start <= end <= len(body)
    assert end - start <= 20_000
    assert b"floor.example" in body[start:end]


def test_a_record_that_is_none_of_ours_is_shown_all_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.web.api_world import serving

    with serving(tmp_path_factory.mktemp("odd") / "data") as served:
        ((partition, offset),) = served.system.log.append([ProducerRecord("mentions", "k", b"\xff<b>\x00")])
        page = served.client.get(f"/walk/mentions/{partition}/{offset}", headers=HTML)

        assert page.status_code == 200
        assert "&lt;b&gt;" in page.text
