"""Snippets: cut at sentences, never over 280 characters, verifiable by their selectors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.enrich.draft import Draft, Verdict
from overheard.enrich.sentences import Span, sentences
from overheard.enrich.snippets import CONTEXT, MAX_CHARACTERS, MAX_SNIPPETS, snippets_of
from overheard.records import Intent, Mention, Sentiment, Snippet, Term, digest
from tests.enrich.making import a_mention, a_term, hits
from tests.strategies import texts

WHOLE = Sentiment(polarity="neutral", confidence=0.5)


def cut(mention: Mention, *terms: Term, intents: tuple[Intent, ...] = ()) -> tuple[Snippet, ...]:
    found = hits(mention.text, *terms)
    draft = Draft(
        mention=mention,
        text=mention.text,
        passed=(),
        hits=found,
        sentences=sentences(mention.text),
        sentiment=WHOLE,
        verdicts=[Verdict("positive", 0.7, Span(0, 1))] * len(found),
        intents=intents,
    )
    return snippets_of(draft)


def check(mention: Mention, snippet: Snippet) -> None:
    text = mention.text
    assert snippet.mention == mention.id
    assert text[snippet.start : snippet.end] == snippet.exact
    assert 0 < len(snippet.exact) <= MAX_CHARACTERS
    assert snippet.prefix == text[: snippet.start][-CONTEXT:]
    assert snippet.suffix == text[snippet.end :][:CONTEXT]
    assert snippet.text_hash == digest(text)


def test_a_snippet_is_the_sentence_that_carries_the_hit() -> None:
    mention = a_mention("We waited long. The Korvex came at last. Rain fell.", name="Machines")
    (snippet,) = cut(mention, a_term("korvex"))
    check(mention, snippet)
    assert snippet.exact == "The Korvex came at last."
    assert (snippet.target, snippet.polarity, snippet.confidence) == ("korvex", "positive", 0.7)
    assert snippet.suffix == " Rain fell."


def test_one_snippet_for_each_sentence_and_target() -> None:
    mention = a_mention("Korvex, Korvex and Brannt. Korvex again.")
    found = [(s.target, s.exact) for s in cut(mention, a_term("korvex"), a_term("brannt"))]
    assert found == [
        ("brannt", "Korvex, Korvex and Brannt."),
        ("korvex", "Korvex, Korvex and Brannt."),
        ("korvex", "Korvex again."),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I love Korvex, but Brannt is awful.", {"korvex": "I love Korvex", "brannt": "but Brannt is awful."}),
        ("Korvex is better than Brannt.", {"korvex": None, "brannt": None}),
        ("Korvex, Brannt and others are slow.", {"korvex": None, "brannt": "Brannt and others are slow."}),
    ],
)
def test_of_several_targets_in_a_sentence_each_has_its_clause_if_there_is_one(
    text: str, found: dict[str, str | None]
) -> None:
    cuts = {s.target: s.exact for s in cut(a_mention(text), a_term("korvex"), a_term("brannt"))}
    assert cuts == {target: exact or text for target, exact in found.items()}


def test_what_goes_on_about_the_target_is_part_of_what_was_said() -> None:
    text = "I bought a Korvex. It leaks, and it smells. Sadly it also stopped. My neighbour has a dog."
    (snippet,) = cut(a_mention(text), a_term("korvex"))
    assert snippet.exact == "I bought a Korvex. It leaks, and it smells. Sadly it also stopped."
    assert len(cut(a_mention("I bought a Korvex.\n\nIt rains."), a_term("korvex"))[0].exact) == len(
        "I bought a Korvex."
    )
    (long,) = cut(a_mention("I bought a Korvex. It" + " really" * 50 + " leaks."), a_term("korvex"))
    assert long.exact == "I bought a Korvex."


def test_a_name_that_stands_alone_comes_with_what_was_said_to_it() -> None:
    (snippet,) = cut(a_mention("Line stopped. Three weeks and no answer. @Korvex"), a_term("korvex"))
    assert snippet.exact == "Three weeks and no answer. @Korvex"
    (alone,) = cut(a_mention("@Korvex"), a_term("korvex"))
    assert alone.exact == "@Korvex"


def test_a_snippet_shows_the_intents_toward_its_target() -> None:
    mention = a_mention("Korvex leaks. Is Brannt any good?")
    intents = (
        Intent(label="complaint", start=0, end=13, confidence=0.9, target="korvex"),
        Intent(label="question", start=14, end=33, confidence=0.9, target="brannt"),
    )
    cuts = cut(mention, a_term("korvex"), a_term("brannt"), intents=intents)
    assert [(s.target, s.intents) for s in cuts] == [("korvex", ("complaint",)), ("brannt", ("question",))]


def test_a_long_sentence_is_cut_to_its_clause_and_a_long_clause_at_words() -> None:
    clause = "x" * 300 + ", here the Korvex stands, " + "y" * 300
    assert [s.exact for s in cut(a_mention(clause), a_term("korvex"))] == ["here the Korvex stands"]
    words = "alpha beta gamma " * 40 + "Korvex " + "delta epsilon " * 40
    mention = a_mention(words)
    (snippet,) = cut(mention, a_term("korvex"))
    check(mention, snippet)
    assert "Korvex" in snippet.exact
    assert len(snippet.exact) > 200
    assert set(snippet.exact.split()) <= set(words.split())


def test_text_without_spaces_is_cut_between_characters() -> None:
    mention = a_mention("か\u3099" * 400 + "ソニー" + "か\u3099" * 400)
    (snippet,) = cut(mention, a_term("sony", "ソニー"))
    check(mention, snippet)
    assert snippet.exact[0] == "か"
    assert snippet.suffix[0] == "か"


def test_a_flag_or_a_family_is_not_cut_in_two() -> None:
    for one in ("🇮🇳", "👩\u200d👩\u200d👧", "👍🏽"):
        (snippet,) = cut(a_mention("x" + one * 300))
        assert snippet.exact.removeprefix("x").replace(one, "") == ""


def test_a_mention_without_hits_has_its_first_sentences() -> None:
    mention = a_mention("First one. Second one. " + "word " * 100)
    (snippet,) = cut(mention)
    check(mention, snippet)
    assert (snippet.target, snippet.exact) == ("", "First one. Second one.")
    (long,) = cut(a_mention("word " * 100))
    assert long.exact.endswith("word")
    assert cut(a_mention(" \n ")) == ()


def test_snippets_are_bounded_and_every_target_has_one() -> None:
    mention = a_mention("Korvex here. " * 50 + "Brannt there.")
    found = cut(mention, a_term("korvex"), a_term("brannt"))
    assert len(found) == MAX_SNIPPETS
    assert [s.target for s in found].count("brannt") == 1
    assert [s.start for s in found] == sorted(s.start for s in found)


_pieces = st.sampled_from(
    [
        "korvex",
        "ソニー",
        "brannt",
        " ",
        ". ",
        ", ",
        "\n",
        "word ",
        "か\u3099" * 90,
        "x" * 150,
        "e\u0301",
        "👩\u200d🚀",
        "🇮🇳",
    ]
)


@given(st.lists(_pieces, max_size=60).map("".join) | texts)
def test_every_snippet_can_be_checked_against_its_text(text: str) -> None:
    mention = a_mention(text)
    terms = (a_term("korvex"), a_term("sony", "ソニー"), a_term("brannt"))
    found = cut(mention, *terms)
    for snippet in found:
        check(mention, snippet)
    assert len({snippet.id for snippet in found}) == len(found) <= MAX_SNIPPETS
    targets = {hit.term for hit in hits(text, *terms)}
    assert {snippet.target for snippet in found} == (targets or ({""} if text.strip() else set()))
    assert found == cut(mention, *terms)
