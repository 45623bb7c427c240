"""Each kind of source says what it asks for, by which terms it is kept, and its page says the same."""

from pathlib import Path

import pytest

from overheard.collectors.base import Source
from overheard.collectors.communities.community import Community
from overheard.policy import in_words
from overheard.web.newsource import SourceKind
from overheard.wiring.kinds import KINDS
from overheard.wiring.newsources import about
from overheard.wiring.sourceforms import form_of

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


def test_a_service_has_terms_and_its_page_says_what_the_program_does(kind: type[Source]) -> None:
    page = _DOCS / f"{kind.kind}.md"
    terms = kind.kind_terms
    if issubclass(kind, Community) and kind.kind not in _OF_SERVERS:
        assert terms is not None, "where its terms are"
    if not page.exists():
        pytest.skip("no page yet")
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
