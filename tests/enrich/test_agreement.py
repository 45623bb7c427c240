"""Machine beside people: what they said of the same mention, counted by source and language."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from overheard.enrich.agreement import agreement, overrides, wilson
from overheard.records import Decision, DecisionVerb, Intent, Language, Sentiment, TargetSentiment
from tests.enrich.making import SEEN, a_draft, a_term

DRAFT = a_draft("Korvex leaks.", a_term("korvex"))
DRAFT.language = Language(code="en", confidence=0.9)
DRAFT.sentiment = Sentiment(polarity="negative", confidence=0.9)
DRAFT.targets = (TargetSentiment(target="korvex", polarity="neutral", confidence=0.6, start=0, end=13),)
DRAFT.intents = (Intent(label="complaint", start=7, end=13, confidence=0.7, target="korvex"),)
MENTION = DRAFT.enriched({}, 1)
ID = MENTION.mention.id


def decided(verb: DecisionVerb, right: str = "", value: str = "", left: str = ID) -> Decision:
    return Decision(
        id=f"{verb}/{right}", verb=verb, left=left, right=right, value=value, by="ann", at=SEEN + timedelta(1)
    )


def test_a_label_stands_beside_the_machines() -> None:
    found = overrides(
        {ID: MENTION},
        [decided("relabel", "sentiment", "negative"), decided("relabel", "sentiment/korvex", "negative")],
    )
    assert [(one.target, one.label, one.machine) for one in found] == [
        ("", "negative", "negative"),
        ("korvex", "negative", "neutral"),
    ]
    assert {(one.source, one.language, one.by) for one in found} == {("reddit", "en", "ann")}
    assert found[1].text[found[1].start : found[1].end] == "Korvex"


def test_not_about_us_contradicts_every_term_by_which_the_mention_passed() -> None:
    (one,) = overrides({ID: MENTION}, [decided("not about us")])
    assert (one.what, one.target, one.label, one.machine) == ("about us", "korvex", "no", "yes")


def test_intents_and_language_stand_beside_the_machines() -> None:
    found = overrides(
        {ID: MENTION},
        [
            decided("relabel", "intent/complaint", "no"),
            decided("relabel", "intent/question", "no"),
            decided("relabel", "language", "de"),
        ],
    )
    assert [(one.what, one.label, one.machine, one.target) for one in found] == [
        ("intent/complaint", "no", "yes", "korvex"),
        ("intent/question", "no", "no", ""),
        ("language", "de", "en", ""),
    ]
    assert [one.text[one.start : one.end] for one in found] == ["leaks.", "Korvex leaks.", "Korvex leaks."]
    assert [(row.what, row.agreed) for row in agreement(found)] == [
        ("intent/complaint", 0),
        ("intent/question", 1),
        ("language", 0),
    ]


def test_what_is_not_there_says_nothing() -> None:
    assert overrides({}, [decided("relabel", "sentiment", "negative")]) == []
    assert (
        overrides({ID: MENTION}, [decided("relabel", "sentiment/other", "negative"), decided("note", "1", "x")]) == []
    )


def test_agreement_is_counted_by_kind_source_and_language() -> None:
    found = overrides(
        {ID: MENTION},
        [decided("relabel", "sentiment", "negative"), decided("relabel", "sentiment/korvex", "negative")],
    )
    rows = agreement(found)
    assert [(row.what, row.source, row.language, row.labels, row.agreed) for row in rows] == [
        ("sentiment", "reddit", "en", 1, 1),
        ("sentiment toward a target", "reddit", "en", 1, 0),
    ]


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_holds_the_share(hits: int, misses: int) -> None:
    low, high = wilson(hits, hits + misses)
    assert 0 <= low <= high <= 1
    if hits + misses:
        assert low - 1e-9 <= hits / (hits + misses) <= high + 1e-9
