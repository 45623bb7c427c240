"""The yardstick of sentiment: of the whole, and toward each target by its clause; unsure rather than wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.lexicon import Lexicon
from overheard.enrich.sentences import sentences
from overheard.records import Language, Polarity
from tests.enrich.making import a_term, hits
from tests.strategies import texts

EN, DE, UND = Language(code="en", confidence=0.9), Language(code="de", confidence=0.9), Language()


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return Lexicon()


def said(lexicon: Lexicon, text: str, *names: str, language: Language = EN) -> dict[str, tuple[Polarity, str]]:
    """What a text says of each name, and the clause it was read from."""
    found = hits(text, *map(a_term, names))
    verdicts = lexicon.verdicts(text, found, sentences(text), language)
    return {hit.term: (v.polarity, text[slice(*v.clause)]) for hit, v in zip(found, verdicts, strict=True)}


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("I love this lathe, it is great", "positive"),
        ("This is terrible and I hate it", "negative"),
        ("The lathe stands in hall four", "neutral"),
        ("It is not good", "negative"),
        ("😀😍", "positive"),
    ],
)
def test_a_text_has_a_sentiment(lexicon: Lexicon, text: str, polarity: Polarity) -> None:
    assert lexicon.document(text, EN).polarity == polarity


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("Please fix the Korvex login", "neutral"),
        ("Can somebody from Korvex customer care please help", "neutral"),
        ("I would like a quote for the Korvex L200", "neutral"),
        ("Does anybody know if Korvex supports USB?", "neutral"),
        ("My Korvex leaks again", "negative"),
        ("Korvex support is slow", "negative"),
        ("Korvex does not work", "negative"),
        ("Korvex won’t start", "negative"),
        ("My Korvex stopped working", "negative"),
        ("Korvex keeps freezing", "negative"),
        ("I love my Korvex", "positive"),
        ("Korvex support is great", "positive"),
    ],
)
def test_politeness_praises_nobody_and_everyday_complaints_are_heard(
    lexicon: Lexicon, text: str, polarity: Polarity
) -> None:
    assert said(lexicon, text, "Korvex")["Korvex"][0] == polarity


def test_weak_or_mixed_words_are_unsure(lexicon: Lexicon) -> None:
    assert lexicon.document("The good and the bad", EN).polarity == "unsure"


def test_another_language_is_unsure(lexicon: Lexicon) -> None:
    found = lexicon.document("Das ist super", DE)
    assert (found.polarity, found.confidence) == ("unsure", 0)
    assert said(lexicon, "Korvex ist super", "korvex", language=DE)["korvex"][0] == "unsure"


def test_an_unknown_language_is_read_where_the_lexicon_knows_a_word(lexicon: Lexicon) -> None:
    assert lexicon.document("awesome", UND).polarity == "positive"
    assert lexicon.document("grzmot", UND).polarity == "unsure"


def test_the_name_of_a_term_praises_nobody(lexicon: Lexicon) -> None:
    text = "Best Buy opens at nine"
    assert lexicon.document(text, EN, hits(text, a_term("Best Buy"))).polarity == "neutral"
    assert said(lexicon, text, "Best Buy")["Best Buy"][0] == "neutral"


def test_each_target_has_the_polarity_of_its_own_clause(lexicon: Lexicon) -> None:
    assert said(lexicon, "I love the Xbox, but the PS5 is terrible.", "xbox", "ps5") == {
        "xbox": ("positive", "I love the Xbox"),
        "ps5": ("negative", "but the PS5 is terrible."),
    }


def test_a_clause_without_feeling_takes_its_sentences_unless_that_has_another_target(lexicon: Lexicon) -> None:
    assert said(lexicon, "As for Korvex, it is awful.", "korvex")["korvex"] == (
        "negative",
        "As for Korvex, it is awful.",
    )
    assert said(lexicon, "As for Korvex, Brannt is awful.", "korvex", "brannt")["korvex"][0] == "neutral"


@pytest.mark.parametrize(
    ("text", "korvex", "brannt"),
    [
        ("Korvex is better than Brannt", "positive", "negative"),
        ("Korvex is slower than Brannt", "negative", "positive"),
        ("Korvex isn't better than Brannt", "negative", "positive"),
        ("Brannt is never better than Korvex", "positive", "negative"),
        ("Korvex beats Brannt", "positive", "negative"),
    ],
)
def test_a_comparison_speaks_for_one_and_against_the_other(
    lexicon: Lexicon, text: str, korvex: Polarity, brannt: Polarity
) -> None:
    found = said(lexicon, text, "korvex", "brannt")
    assert (found["korvex"][0], found["brannt"][0]) == (korvex, brannt)


@given(st.lists(st.sampled_from(["korvex", "brannt", "love", "hate", "but", ",", ".", "better than", "not", "\n"])))
def test_every_hit_has_a_verdict_from_a_clause_that_holds_it(lexicon: Lexicon, words: list[str]) -> None:
    text = " ".join(words)
    found = hits(text, a_term("korvex"), a_term("brannt"))
    verdicts = lexicon.verdicts(text, found, sentences(text), EN)
    assert len(verdicts) == len(found)
    for hit, verdict in zip(found, verdicts, strict=True):
        assert 0 <= verdict.confidence <= 1
        assert verdict.clause.start <= hit.start < hit.end <= verdict.clause.end


@given(texts)
def test_any_text_has_a_sentiment(lexicon: Lexicon, text: str) -> None:
    assert 0 <= lexicon.document(text, EN).confidence <= 1
