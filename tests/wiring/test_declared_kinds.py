"""Each kind of source says what it asks for, by which terms it is kept, and its page says the same."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from overheard.collectors.base import Source
from overheard.collectors.communities.community import Community
from overheard.collectors.communities.github import GitHub
from overheard.collectors.communities.mastodon import read_statuses
from overheard.collectors.communities.youtube import YouTube
from overheard.policy import PolicyTable, in_words
from overheard.records import Fetch, Policy
from overheard.web.newsource import SourceKind
from overheard.wiring.kinds import KINDS
from overheard.wiring.newsources import about
from overheard.wiring.sourceforms import form_of

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_DOCS = Path(__file__).parents[2] / "docs" / "sources"
# Services that are asked without any token, whoever asks.
_OPEN = {"hackernews", "stackexchange", "jetstream", "whatsapp", "leads"}
# Whose terms are those of each server.
_OF_SERVERS = {"mastodon", "discourse", "mastodon_stream"}


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> type[Source]:
    return KINDS[request.param]


def test_each_setting_is_said_in_a_sentence(kind: type[Source]) -> None:
    said = kind.asked_for()
    assert [name for name, sentence in said.items() if not sentence.endswith((".", "?"))] == []


def test_a_kind_is_told_in_a_sentence(kind: type[Source]) -> None:
    first = (kind.__doc__ or "").splitlines()[0]
    assert len(first.split()) > 3
    assert not first.startswith("`")


def test_a_kind_with_a_token_says_where_that_is_made(kind: type[Source]) -> None:
    if issubclass(kind, Community) and kind.kind not in _OPEN:
        assert kind.token_from.endswith(".")
        assert len(kind.token_from) > 20


def test_its_form_asks_for_what_cannot_be_left_out(kind: type[Source]) -> None:
    form = form_of(kind, SourceKind(kind.kind, about(kind), ""))
    asked = {one.name for one in form.questions}
    assert "name" in asked
    assert not asked & {one.name for one in form.seldom}
    assert not any(name.endswith(("_env", "_file")) for name in asked), "one question for each secret"
    assert "columns" not in asked, "a table is too much for one line"


def test_a_service_has_terms_and_its_page_says_what_the_program_does(kind: type[Source]) -> None:
    page = _DOCS / f"{kind.kind}.md"
    terms = kind.kind_terms
    if issubclass(kind, Community) and kind.kind not in _OF_SERVERS:
        assert terms is not None, "where its terms are"
    if not page.exists():
        page = _DOCS.parent / page.name
    text = " ".join(page.read_text(encoding="utf-8").split())
    if terms is not None:
        assert terms.url in text
        said = f"read on {terms.read_on.isoformat()}" if terms.read_on else "not read"
        assert said in text
        assert in_words(kind.kind_policy)[0] in text
    elif kind.kind in _OF_SERVERS:
        assert "terms of its own" in text


def test_the_policy_of_a_kind_is_told_with_its_terms(kind: type[Source]) -> None:
    terms = kind.kind_terms
    if terms is None:
        return
    assert kind.kind_policy.terms in ("", terms.url)
    assert kind.kind_policy.read_on in (None, terms.read_on)


def test_what_is_told_of_a_source_names_the_terms_of_its_kind_where_its_owner_names_none() -> None:
    source = GitHub(name="driver", repository="paperfold/driver")
    assert source.in_force == Policy(terms=GitHub.kind_terms.url, read_on=GitHub.kind_terms.read_on)
    own = msgspec.structs.replace(source, policy=PolicyTable(retention=9, terms="https://firm.example/agreement"))
    assert (own.in_force.retention, own.in_force.terms) == (9, "https://firm.example/agreement")


def test_what_youtube_brings_is_kept_for_thirty_days_and_no_setting_makes_that_longer() -> None:
    source = YouTube(name="us", video="dQpaperfold", token_env="OUR_KEY")
    assert source.in_force.retention == 30
    longer = msgspec.structs.replace(source, policy=PolicyTable(retention=31))
    assert longer.looser is not None
    assert longer.in_force.retention == 30


def test_a_status_whose_address_is_none_is_no_end_of_the_others() -> None:
    status = {
        "id": "1",
        "visibility": "public",
        "content": "<p>Paperfold jams</p>",
        "created_at": "2026-11-20T10:00:00Z",
    }
    statuses = [{**status, "uri": "A://[", "url": "A://["}, {**status, "id": "2", "uri": "https://s.example/2"}]
    url = "https://s.example/api/v1/timelines/public"
    fetch = Fetch(id="fet_1", source="s", url=url, final_url=url, status=200, body=json.dumps(statuses).encode(), at=AT)
    assert "https://s.example/2" in {one.native_id for one in read_statuses(fetch).mentions}
