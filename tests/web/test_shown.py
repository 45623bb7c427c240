"""How values look on a page."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from overheard.records import Decision, Rating
from overheard.web import shown as web
from overheard.web.shown import Span, address, annotated, cut, marked, page_of, plain, relabelled

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60)
KINDS = st.sampled_from(["term", "person", "organisation", "place", "other"])
SPANS = st.lists(st.builds(lambda a, n, kind: Span(a, a + n, kind), st.integers(0, 60), st.integers(0, 20), KINDS))


def test_marks_stand_around_escaped_text() -> None:
    assert str(marked("<b> & x", [(0, 3)])) == "<mark>&lt;b&gt;</mark> &amp; x"


def test_a_term_covers_the_entity_that_it_is_part_of() -> None:
    text = "Korvex of Pune"
    shown = str(annotated(text, [Span(0, 14, "organisation"), Span(0, 6, "term"), Span(10, 14, "place")]))
    assert shown == '<mark>Korvex</mark> of <span class="entity place" title="place">Pune</span>'


@given(TEXTS, SPANS)
def test_whatever_is_marked_the_text_stays_the_text(text: str, spans: list[Span]) -> None:
    shown = html.fromstring(f"<div>{annotated(text, spans)}</div>")
    assert "".join(shown.text_content().split()) == "".join(plain(text).split())


def test_thousands_of_spans_are_no_hour() -> None:
    spans = [Span(i, i + 2, "person" if i % 3 else "term") for i in range(200_000)]
    assert len(annotated("x" * 200_002, spans)) > 200_000


def test_only_http_addresses_are_links() -> None:
    assert address(" https://a.example/x ") == "https://a.example/x"
    for wrong in (
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//a.example",
        "http:",
        "http://[",
        "",
    ):
        assert not address(wrong)


def test_what_turns_the_direction_of_writing_is_left_out() -> None:
    assert plain("a\u202eb\u2066c\x1bd") == "abc\ufffdd"
    assert plain("क्\u200dष 👩\u200d💻") == "क्\u200dष 👩\u200d💻"


def test_a_long_text_is_cut_to_its_length() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"


def test_contacts_and_accounts_have_pages_and_bare_identities_none() -> None:
    assert page_of("con_a") == "/contacts/con_a"
    assert page_of("acc_a/../x") == "/accounts/acc_a%2F..%2Fx"
    assert page_of("reddit:handle:con_a") == ""


@pytest.mark.parametrize(
    ("right", "value", "said"),
    [
        ("sentiment", "negative", "the tone is negative"),
        ("sentiment/girna-250", "negative", "the tone toward Girna 250 is negative"),
        ("sentiment/unknown", "negative", "the tone toward unknown is negative"),
        ("intent/churn-risk", "no", "churn risk: no"),
        ("language", "mr", "the language is Marathi"),
        ("language", "hi-Latn", "the language is Hindi (Latin)"),
    ],
)
def test_a_label_that_a_person_put_right_is_told_in_words(right: str, value: str, said: str) -> None:
    decision = Decision(
        id="dec_1",
        verb="relabel",
        left="men_1",
        right=right,
        value=value,
        by="asha",
        at=datetime(2026, 11, 21, tzinfo=UTC),
    )
    assert relabelled(decision, {"girna-250": "Girna 250"}) == said


def test_what_a_review_gives_is_told_on_its_scale() -> None:
    assert web.given(Rating(value=2)) == "2 of 5"
    assert web.given(Rating(value=7.5, best=10)) == "7.5 of 10"
