"""Sentiment: of the whole, and toward each target by what is said around it; unsure rather than wrong."""

from pathlib import Path
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.enrich.draft import Draft, Verdict
from overheard.enrich.encoder import Encoder
from overheard.enrich.quotes import quotations
from overheard.enrich.sentences import Span, sentences
from overheard.enrich.sentiment import MAX_CHUNK, MAX_JUDGED, Sentiments, combine, plan
from overheard.enrich.sentiment import said as told
from overheard.records import Language, Polarity
from tests.enrich.making import a_mention, a_term, hits
from tests.strategies import texts

EN = Language(code="en", confidence=0.9)
REGRESSION = Path(__file__).parent / "regression" / "sentiment.tsv"


def a_draft(text: str, *names: str, language: Language = EN) -> Draft:
    draft = Draft(mention=a_mention(text), text=text, passed=(), hits=hits(text, *map(a_term, names)))
    draft.language, draft.sentences, draft.quoted = language, sentences(text), quotations(text)
    return draft


def judged(sentiments: Sentiments, text: str, *names: str, language: Language = EN) -> Draft:
    draft = a_draft(text, *names, language=language)
    sentiments.process([draft])
    return draft


def said(sentiments: Sentiments, text: str, *names: str, language: Language = EN) -> dict[str, Polarity]:
    return {one.target: one.polarity for one in judged(sentiments, text, *names, language=language).targets}


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
def test_a_text_has_a_sentiment(sentiments: Sentiments, text: str, polarity: Polarity) -> None:
    assert judged(sentiments, text).sentiment.polarity == polarity


def test_another_language_is_unsure_and_not_read(sentiments: Sentiments) -> None:
    draft = judged(sentiments, "Korvex ist super", "Korvex", language=Language(code="de", confidence=0.9))
    assert (draft.sentiment.polarity, draft.sentiment.confidence) == ("unsure", 0)
    assert [(one.polarity, one.confidence) for one in draft.targets] == [("unsure", 0)]
    assert not draft.encoded


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("Korvex ki service bahut ghatiya hai, paise barbad", "negative"),
        ("Korvex ekdum mast hai, bahut badhiya kaam", "positive"),
        ("Korvex accha nahi hai, bekaar", "negative"),
    ],
)
def test_hindi_in_latin_letters_is_read_by_its_words(sentiments: Sentiments, text: str, polarity: Polarity) -> None:
    draft = judged(sentiments, text, "Korvex", language=Language(code="hi-Latn", confidence=0.9))
    assert (draft.sentiment.polarity, draft.targets[0].polarity) == (polarity, polarity)


def test_two_readings_that_say_the_same_are_surer_than_two_that_do_not() -> None:
    here = np.array([0.1, 0.2, 0.7], np.float32)
    there = np.array([0.6, 0.3, 0.1], np.float32)
    found = [told(*both, bar=bar) for both, bar in (((here, here), 0.5), ((here, there), 0.5), ((here, there), 0.4))]
    assert [polarity for polarity, _ in found] == ["positive", "unsure", "positive"]
    assert [confidence for _, confidence in found] == pytest.approx([0.7, 0.4, 0.4])


def test_each_target_has_its_own_and_the_clause_that_carries_it_is_shown(sentiments: Sentiments) -> None:
    text = "I love the Xbox, but the PS5 is terrible."
    draft = judged(sentiments, text, "xbox", "ps5")
    assert [(one.target, one.polarity, text[one.start : one.end]) for one in draft.targets] == [
        ("xbox", "positive", "I love the Xbox"),
        ("ps5", "negative", "but the PS5 is terrible."),
    ]


def test_what_is_quoted_is_not_the_authors(sentiments: Sentiments) -> None:
    draft = judged(sentiments, "> Korvex is awful\n\nI had lunch at noon.", "Korvex")
    assert [(one.polarity, one.confidence) for one in draft.verdicts] == [("unsure", 0)]
    assert draft.sentiment.polarity != "negative"


def test_a_sentence_that_reports_what_somebody_said_is_read(sentiments: Sentiments) -> None:
    draft = judged(sentiments, 'My wife told me "this Korvex is awful and broken".', "Korvex")
    assert [one.polarity for one in draft.verdicts] == ["negative"]


def test_sentences_read_are_left_for_who_comes_after(sentiments: Sentiments) -> None:
    long = "Three is gone" + " far away" * 20
    text = f"One is here. Two is there. {long}. Four loves Korvex. Five is bored."
    draft = judged(sentiments, text, "korvex")
    assert [text[slice(*span)] for span in draft.encoded] == ["One is here.", "Two is there.", "Four loves Korvex."]
    for span, encoded in draft.encoded.items():
        assert span.start == encoded.starts[0]
        assert encoded.ends[-1] == span.end


def test_a_sentence_of_no_end_is_read_around_its_hits() -> None:
    draft = a_draft("word " * 2_000 + "Korvex " + "word " * 2_000 + "Korvex", "korvex")
    found = plan(draft)
    assert len(found.chunks) == 2
    for chunk, hit in zip(found.chunks, draft.hits, strict=True):
        assert chunk.start <= hit.start < hit.end <= chunk.end
        assert chunk.end - chunk.start <= MAX_CHUNK
        assert draft.text[slice(*chunk)].strip("word Kexv") == ""


def test_ten_targets_cost_little_more_than_one(sentiments: Sentiments) -> None:
    names = [f"Name{i}" for i in range(10)]
    text = "We compared " + ", ".join(names) + " for a month."

    def seconds(*terms: str) -> float:
        drafts = [a_draft(text.replace("month", f"{i} months"), *terms) for i in range(64)]
        began = process_time()
        Sentiments(Encoder()).process(drafts)
        return process_time() - began

    seconds(names[0])
    # A bound that a loaded machine keeps; benchmarks.quality_sentiment prints the ratio itself.
    assert min(seconds(*names) for _ in range(3)) < 2 * min(seconds(names[0]) for _ in range(3))


def test_the_surest_verdict_speaks_and_an_opposite_one_makes_it_unsure() -> None:
    here, there = Span(0, 5), Span(6, 9)
    good, bad = Verdict("positive", 0.8, here), Verdict("negative", 0.7, there)
    plain, faint = Verdict("neutral", 0.5, there), Verdict("negative", 0.3, there)
    assert combine([plain, good]) == good
    assert combine([good, faint]) == good
    assert combine([good, bad]).polarity == "unsure"
    assert combine([plain]) == plain


def cases() -> list[tuple[str, dict[str, str], str]]:
    lines = [line for line in REGRESSION.read_text("utf-8").splitlines() if not line.startswith("#")]
    parted = [line.split("\t") for line in lines]
    return [
        (kind, dict(one.split("=") for one in wanted.split(";")), text.replace("\\n", "\n"))
        for kind, wanted, text in parted
    ]


def right(wanted: str, found: Polarity) -> bool:
    return found != wanted[1:] if wanted.startswith("!") else found == wanted


def test_the_regression_set_is_large_and_mostly_right(sentiments: Sentiments) -> None:
    found = []
    for kind, wanted, text in cases():
        polarities = said(sentiments, text, *wanted)
        found += [
            (kind, right(one, polarities[name]), name, one, polarities[name], text) for name, one in wanted.items()
        ]
    assert len(cases()) >= 150
    wrong = [one[2:] for one in found if not one[1]]
    assert len(wrong) <= 0.2 * len(found), wrong
    # Colloquial, of trades that training has not; about 70 % are right.
    later = [one for one in found if one[0] == "later"]
    assert sum(not one[1] for one in later) <= 0.35 * len(later), [one[2:] for one in later if not one[1]]
    # What looks like a complaint by its words and is none.
    reports = [one for one in found if one[0] in ("report", "question")]
    assert sum(not one[1] for one in reports) <= 3, [one[2:] for one in reports if not one[1]]


@given(
    st.lists(st.sampled_from(["korvex", "brannt", "love", "hate", "but", ",", ".", "better than", "not", "\n", "> "]))
)
@settings(max_examples=40, deadline=None)
def test_every_hit_has_a_verdict_from_a_clause_that_holds_it(sentiments: Sentiments, words: list[str]) -> None:
    draft = judged(sentiments, " ".join(words), "korvex", "brannt")
    assert len(draft.verdicts) == len(draft.hits)
    assert {one.target for one in draft.targets} == {hit.term for hit in draft.hits}
    for hit, verdict in zip(draft.hits, draft.verdicts, strict=True):
        assert 0 <= verdict.confidence <= 1
        assert verdict.clause.start <= hit.start < hit.end <= verdict.clause.end


@given(texts)
@settings(max_examples=40, deadline=None)
def test_any_text_has_a_sentiment(sentiments: Sentiments, text: str) -> None:
    assert 0 <= judged(sentiments, text).sentiment.confidence <= 1


def test_hits_beyond_those_judged_are_unsure(sentiments: Sentiments) -> None:
    names = ["korvex", "brannt", "tarkle"]
    draft = judged(sentiments, "I love korvex, brannt, tarkle. " * 90, *names)
    assert len(draft.verdicts) == len(draft.hits) > MAX_JUDGED
    assert all(one.polarity == "unsure" for one in draft.verdicts[MAX_JUDGED:])
    assert draft.targets[0].polarity == "positive"
