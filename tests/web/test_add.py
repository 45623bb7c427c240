"""Posts that a person hands in."""

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from msgspec.structs import replace

from overheard.config.settings import Settings
from overheard.errors import InputError
from overheard.records import Incident, Profile
from overheard.web.base import Pasted
from overheard.wiring.adding import mention_of
from overheard.wiring.system import System
from overheard.wiring.up import run_up
from tests.web.api_world import Served, serving

AS2 = "https://www.w3.org/ns/activitystreams"
HTML = {"accept": "text/html"}
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
INDIA = ZoneInfo("Asia/Kolkata")
URL = "https://www.linkedin.com/posts/somebody-1"


@pytest.fixture(scope="module")
def copied(heard: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = Path(shutil.copytree(heard, tmp_path_factory.mktemp("add") / "data"))
    with serving(folder) as served:
        yield served


def test_a_post_lands_on_the_contact_whose_handle_it_names(copied: Served) -> None:
    added = copied.service.add_post(Pasted(URL, "The Korvex L200 is a pain.", handle="reddit:meerac"))

    assert added.fate == "new"
    assert added.incident is not None
    assert added.incident.mention.source == "by hand"
    assert "Meera Chitnis" in added.names.values()
    assert next(hit.id for hit in copied.service.find("meerac")) in added.names


def test_the_same_address_again_is_a_new_version_of_the_same_post(copied: Served) -> None:
    first = copied.service.add_post(Pasted("https://x.com/a/status/7", "Korvex is slow"))
    same = copied.service.add_post(Pasted("https://x.com/a/status/7", "Korvex is slow"))
    changed = copied.service.add_post(Pasted("https://twitter.com/a/status/7?s=20", "Korvex is quick"))

    assert [one.fate for one in (first, same, changed)] == ["new", "unchanged", "changed"]
    assert first.mention == same.mention == changed.mention
    assert changed.incident is not None
    assert changed.incident.mention.content == "Korvex is quick"


def test_an_edited_post_shows_what_it_said_before_which_is_searched_no_more(copied: Served) -> None:
    copied.service.add_post(Pasted("https://x.com/a/status/8", "Korvex broke my zwingli <b>twice</b>"))
    added = copied.service.add_post(Pasted("https://x.com/a/status/8", "Korvex is splendid"))
    assert added.incident is not None

    page = html.fromstring(copied.client.get(f"/incidents/{added.incident.id}", headers=HTML).text)
    [before] = page.xpath("//section[@aria-labelledby='before']")
    assert before.xpath("string(.//blockquote)") == "Korvex broke my zwingli <b>twice</b>"
    assert added.incident.versions[0].text_hash in before.text_content()
    assert page.xpath("//a[@href='#before']")
    read = copied.client.get(f"/v1/incidents/{added.incident.id}").json()
    assert [one["snippets"][0]["exact"] for one in read["versions"]] == ["Korvex broke my zwingli <b>twice</b>"]
    assert copied.client.get("/v1/mentions?q=zwingli").json()["total"] == 0
    assert copied.client.get("/v1/mentions?q=splendid").json()["total"] == 1


@pytest.mark.parametrize(
    "gone",
    [
        {"@context": AS2, "type": "Delete", "actor": "https://x.com/a", "object": "https://x.com/a/status/9"},
        {"@context": AS2, "type": "Tombstone", "id": "https://x.com/a/status/9", "deleted": "2026-11-21T12:00:00Z"},
    ],
)
def test_a_deletion_that_a_program_hands_in_reaches_everywhere(heard: Path, tmp_path: Path, gone: Any) -> None:
    with serving(Path(shutil.copytree(heard, tmp_path / "data"))) as served:

        def profile() -> Profile:
            found = served.service.find("meerac")[0].record
            assert isinstance(found, Profile)
            return found

        count = profile().incidents
        for text in ("Korvex eats zwingli", "Korvex ate zwingli"):
            added = served.service.add_post(Pasted("https://x.com/a/status/9", text, handle="reddit:meerac"))
        assert added.incident is not None
        assert profile().incidents == count + 1

        answer = served.client.post("/v1/mentions", json=[gone, gone])
        assert [one["status"] for one in answer.json()["items"]] == ["deleted", "unchanged"]
        assert answer.json()["items"][0]["id"] == added.mention

        served.service.add_post(Pasted("https://x.com/a/status/10", "Korvex"))  # so that all is worked off
        assert served.client.get(f"/v1/incidents/{added.incident.id}").status_code == 404
        assert served.client.get(f"/incidents/{added.incident.id}", headers=HTML).status_code == 404
        assert served.client.get("/v1/mentions?q=zwingli").json()["total"] == 0
        assert profile().incidents == count
        assert added.incident.id not in [one.id for one in profile().last]


def test_a_post_without_a_watched_term_is_kept_and_the_answer_says_so(copied: Served) -> None:
    answer = copied.client.post(
        "/add", data={"url": "https://groups.example/1", "text": "Their machines? Never again."}, headers=HTML
    )

    assert answer.status_code == 200
    assert "no watched term was found" in answer.text
    assert "/incidents/inc_" in answer.text
    assert "/walk/men_" in answer.text


def test_the_form_keeps_what_was_filled_in_when_something_is_wrong(copied: Served) -> None:
    answer = copied.client.post(
        "/add", data={"url": "javascript:alert(1)", "text": "<b>Korvex</b>", "author": "Ann"}, headers=HTML
    )

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "&lt;b&gt;Korvex&lt;/b&gt;</textarea>" in answer.text
    assert 'value="Ann"' in answer.text


def test_an_address_with_parameters_only_fills_the_form_in(copied: Served) -> None:
    before = copied.system.log.span("mentions", 0), copied.system.lag()
    answer = copied.client.get("/add", params={"url": URL + "9", "text": "Korvex <i>", "title": "T"}, headers=HTML)

    assert f'value="{URL}9"' in answer.text
    assert "Korvex &lt;i&gt;</textarea>" in answer.text
    assert (copied.system.log.span("mentions", 0), copied.system.lag()) == before


def test_the_bookmarklet_leads_here(copied: Served) -> None:
    page = copied.client.get("/add", headers=HTML).text

    assert 'href="javascript:' in page
    assert "http://overheard.local/add?" in page


def test_a_reader_may_not_add(copied: Served) -> None:
    settings = copied.system.settings
    copied.system.change_settings(replace(settings, web=replace(settings.web, require_token=True)))
    try:
        answer = copied.client.post("/add", data={"url": URL, "text": "x"})
    finally:
        copied.system.change_settings(settings)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        (Pasted("", "Korvex"), "URL: expected the address of the post"),
        (Pasted("ftp://a.example/x", "Korvex"), "URL: expected the address of the post"),
        (Pasted("https://" + "a" * 5_000, "Korvex"), "URL: expected the address of the post"),
        (Pasted(URL, ""), "text: expected what the post says; it is empty"),
        (Pasted(URL, " \x00\n "), "text: expected what the post says"),
        (Pasted(URL, "a" * 1_000_000), "text: expected one post of at most 200,000 characters; got 1,000,000"),
        (Pasted(URL, "Korvex", published="2100-01-01"), "published: expected a time that has come"),
        (Pasted(URL, "Korvex", published="2026"), "published: expected a day or time"),
        (Pasted(URL, "Korvex", published="soon"), "published: expected a day or time"),
        (Pasted(URL, "Korvex", handle="Ann Lee"), "handle: expected a handle"),
        (Pasted(URL, "Korvex", handle="reddit:"), "handle: expected a handle"),
        (Pasted(URL, "Korvex", author="a" * 501), "author: expected at most 500 characters"),
    ],
)
def test_what_cannot_be_used_is_said_in_plain_words(pasted: Pasted, said: str) -> None:
    with pytest.raises(InputError) as error:
        mention_of(pasted, NOW, INDIA)

    assert str(error.value).startswith(said)


@pytest.mark.parametrize(
    ("pasted", "platform", "handle"),
    [
        (Pasted(URL, "t"), "linkedin", None),
        (Pasted("https://in.linkedin.com/posts/x", "t", handle="ann"), "linkedin", "ann"),
        (Pasted("https://old.reddit.com/r/a/1", "t", handle="u/ann"), "reddit", "u/ann"),
        (Pasted("https://blog.example/1", "t", handle="twitter:@ann"), "x", "@ann"),
        (Pasted("https://blog.example/1", "t", platform="Facebook"), "facebook", None),
        (Pasted("https://blog.example/1", "t"), "web", None),
    ],
)
def test_the_platform_is_that_of_the_handle_else_as_chosen_else_of_the_address(
    pasted: Pasted, platform: str, handle: str | None
) -> None:
    mention = mention_of(pasted, NOW, INDIA)

    assert mention.platform == platform
    assert (mention.attributed_to.preferred_username if mention.attributed_to else None) == handle


def test_the_address_of_a_profile_is_an_author_too() -> None:
    mention = mention_of(Pasted(URL, "t", handle="https://www.linkedin.com/in/ann-lee"), NOW, INDIA)

    assert mention.attributed_to is not None
    assert mention.attributed_to.url == "https://www.linkedin.com/in/ann-lee"


def test_a_time_without_a_zone_is_local() -> None:
    assert mention_of(Pasted(URL, "t", published="2026-11-21T17:30"), NOW, INDIA).published == NOW


@given(url=st.text(max_size=50), text=st.text(max_size=50), handle=st.text(max_size=20), published=st.text(max_size=20))
def test_whatever_is_typed_makes_a_post_or_is_refused_in_words(
    url: str, text: str, handle: str, published: str
) -> None:
    for address in (url, URL):
        try:
            mention = mention_of(Pasted(address, text, handle=handle, published=published), NOW, INDIA)
        except InputError as e:
            assert "expected" in str(e)
        else:
            assert mention.content
            assert mention.id.startswith("men_")


def test_beside_up_a_post_is_on_the_profile_in_under_two_seconds(heard: Path, tmp_path: Path) -> None:
    from overheard.wiring.service import SystemService

    folder = Path(shutil.copytree(heard, tmp_path / "data"))
    stop, ready = threading.Event(), threading.Event()
    with System(folder, Settings()) as system:
        up = threading.Thread(
            target=lambda: run_up(system, once=False, workers=1, stop=stop, on_status=lambda _: ready.set())
        )
        up.start()
        try:
            assert ready.wait(20)
            service = SystemService(system)
            # The first waits for the worker to load its model.
            service.add_post(Pasted("https://groups.example/a", "Korvex once"))
            begun = time.monotonic()
            added = service.add_post(Pasted("https://groups.example/b", "Korvex twice", handle="reddit:meerac"))
            took = time.monotonic() - begun
            (meera,) = service.find("meerac")
            service.close()
        finally:
            stop.set()
            up.join()
    assert isinstance(added.incident, Incident)
    assert isinstance(meera.record, Profile)
    assert (
        added.incident.id in [one.id for one in meera.record.last] + [added.incident.id][: meera.record.incidents > 20]
    )
    assert took < 2
