"""Intents: which, where and toward which target; several in one sentence, none in what is not the author's."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from overheard.enrich.cues import features
from overheard.enrich.draft import Draft, Verdict
from overheard.enrich.encoder import Encoded
from overheard.enrich.intents import LABELS, MODEL, IntentModel, Intents, targets_of
from overheard.enrich.quotes import quotations
from overheard.enrich.sentences import Span, sentences
from overheard.records import ActivityType, Language
from tests.enrich.making import a_mention, a_term, hits
from tests.strategies import texts
from training.intentset import labelled


@pytest.fixture(scope="module")
def intents() -> Intents:
    return Intents()


def draft_of(text: str, *names: str, language: str = "en") -> Draft:
    return Draft(
        mention=a_mention(text),
        text=text,
        passed=(),
        hits=hits(text, *map(a_term, names)),
        language=Language(code=language, confidence=0.9),
        sentences=sentences(text),
    )


def shown(intents: Intents, text: str, *names: str, language: str = "en") -> list[tuple[str, str, str]]:
    """Label, target and words of each intent."""
    draft = draft_of(text, *names, language=language)
    intents.process([draft])
    return [(one.label, one.target, text[one.start : one.end]) for one in draft.intents]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The Korvex app keeps crashing and nobody answers my mails.", "complaint"),
        ("I am so disappointed with Korvex, it broke after two days", "complaint"),
        ("Does the Korvex come with a charger?", "question"),
        ("does anyone know how to reset the korvex", "question"),
        ("I love my Korvex, best purchase ever!", "praise"),
        ("Thank you Korvex for the quick and friendly help", "praise"),
        ("We want to buy three Korvex lathes, please send me a quote", "purchase-intent"),
        ("Thinking of getting a Korvex next month", "purchase-intent"),
        ("I am cancelling my Korvex subscription", "churn-risk"),
        ("We are leaving Korvex and moving to another provider.", "churn-risk"),
        ("Korvex is much faster than Dannhauser", "comparison"),
        ("Korvex vs Dannhauser: the first is cheaper", "comparison"),
        ("Korvex ki service bahut kharab hai", "complaint"),
    ],
)
def test_a_plain_sentence_shows_its_intent(intents: Intents, text: str, label: ActivityType) -> None:
    language = "hi-Latn" if "kharab" in text else "en"
    assert label in [found[0] for found in shown(intents, text, "Korvex", language=language)]


@pytest.mark.parametrize(
    "text",
    [
        "Korvex opens a new office in Graz.",
        "The Korvex meeting is on Tuesday at ten.",
        "Korvex names a new head of finance",
        "Good morning everybody",
        "See page 14 for the table of contents.",
        "",
        "🙂",
        "https://example.org/korvex",
    ],
)
def test_a_notice_shows_none(intents: Intents, text: str) -> None:
    assert shown(intents, text, "Korvex") == []


def test_the_clause_that_carries_an_intent_is_its_span(intents: Intents) -> None:
    text = "We met on Tuesday at the office, and how do I reset my password?"
    assert ("question", "", "and how do I reset my password?") in shown(intents, text)


def test_words_that_are_somebody_elses_show_none(intents: Intents) -> None:
    text = "> I love my Korvex, best purchase ever!\nSee below."
    draft = draft_of(text, "Korvex")
    draft.quoted = [Span(0, text.index("\n"))]
    intents.process([draft])
    assert draft.intents == ()


def test_a_sentence_that_reports_what_somebody_said_shows_what_it_shows(intents: Intents) -> None:
    text = 'How do I tell them that "the Korvex has leaked oil since Monday"?'
    draft = draft_of(text, "Korvex")
    draft.quoted = quotations(text)
    intents.process([draft])
    assert ("question", "Korvex") in [(one.label, one.target) for one in draft.intents]


def test_another_language_has_none(intents: Intents) -> None:
    assert shown(intents, "Ich liebe mein Korvex, thank you!", "Korvex", language="de") == []


# --- toward which target ---------------------------------------------------------------------------------------------


def toward(label: ActivityType, text: str, *names: str) -> tuple[str, ...]:
    """The targets of an intent that the last sentence of a text shows."""
    draft = draft_of(text, *names)
    return targets_of(label, draft, draft.sentences[-1], draft.sentences[-1])


def test_the_target_is_the_one_in_the_sentence() -> None:
    assert toward("complaint", "I like Dannhauser. Korvex leaks.", "Korvex", "Dannhauser") == ("Korvex",)


def test_without_one_it_is_the_nearest_before_and_without_that_none() -> None:
    assert toward("complaint", "Dannhauser is fine. Got a Korvex. It leaks.", "Korvex", "Dannhauser") == ("Korvex",)
    assert toward("complaint", "It leaks.", "Korvex") == ("",)
    assert toward("complaint", "It leaks.\nAnd Korvex knows.", "Korvex") == ("Korvex",)


def test_who_leaves_one_for_another_leaves_the_first_and_buys_the_second() -> None:
    text = "We are moving from Korvex to Dannhauser"
    assert toward("churn-risk", text, "Korvex", "Dannhauser") == ("Korvex",)
    assert toward("purchase-intent", text, "Korvex", "Dannhauser") == ("Dannhauser",)


def test_a_comparison_is_about_both() -> None:
    assert toward("comparison", "Korvex is quieter than Dannhauser", "Korvex", "Dannhauser") == ("Korvex", "Dannhauser")


def test_what_is_praised_is_not_complained_of() -> None:
    draft = draft_of("Korvex leaks but Dannhauser is great", "Korvex", "Dannhauser")
    whole = draft.sentences[0]
    draft.verdicts = [Verdict("negative", 0.9, whole), Verdict("positive", 0.9, whole)]
    assert targets_of("complaint", draft, whole, whole) == ("Korvex",)
    assert targets_of("praise", draft, whole, whole) == ("Dannhauser",)


def test_a_target_in_a_quotation_is_not_the_nearest_before() -> None:
    draft = draft_of('Dannhauser here. "Korvex is the best there is." It leaks.', "Korvex", "Dannhauser")
    at = draft.text.index('"')
    draft.quoted = [Span(at, draft.text.rindex('"') + 1)]
    assert targets_of("complaint", draft, draft.sentences[-1], draft.sentences[-1]) == ("Dannhauser",)


# --- the model -------------------------------------------------------------------------------------------------------


def test_weights_of_another_encoder_are_refused() -> None:
    with pytest.raises(ValueError, match="expected intents trained on encoder another"):
        Intents("another")


def test_the_model_says_what_it_is_made_of(tmp_path: Path) -> None:
    about = json.loads((MODEL / "model.json").read_text("utf-8"))
    assert {"name", "version", "made_by", "seed", "data", "figures", "sha256"} <= about.keys()
    assert (MODEL / "card.md").is_file()
    shutil.copytree(MODEL, tmp_path / "model")
    (tmp_path / "model" / "weights.npz").unlink()
    with pytest.raises(OSError, match="weights"):
        IntentModel(tmp_path / "model")


def test_what_the_encoder_makes_of_a_sentence_counts(intents: Intents) -> None:
    def likely(value: float) -> NDArray[np.float32]:
        places = np.arange(2, dtype=np.int32)
        return intents.model.full("it is what it is", Encoded(np.full((2, 384), value, np.float32), places, places + 1))

    assert likely(-1).shape == likely(1).shape == (len(LABELS),)
    assert not np.allclose(likely(-1), likely(1))


def test_a_typographic_apostrophe_changes_nothing(intents: Intents) -> None:
    assert np.array_equal(intents.model.light("it doesn’t work"), intents.model.light("it doesn't work"))


@given(texts)
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = features(text)
    assert all(found.words) and all(found.kinds)


@settings(max_examples=50)
@given(texts)
def test_spans_and_confidences_are_in_bounds(intents: Intents, text: str) -> None:
    draft = draft_of(text)
    intents.process([draft])
    assert all(0 <= one.start < one.end <= len(text) and 0 <= one.confidence <= 1 for one in draft.intents)


@pytest.mark.parametrize(
    "text", ["? " * 50_000, "a" * 100_000, "\u200f\ud800x" * 20_000, "so " * 30_000, "why, " * 30_000, "é̂̃" * 9_000]
)
def test_a_huge_text_is_read_in_its_beginning(intents: Intents, text: str) -> None:
    assert len(shown(intents, text)) <= 40


# --- the labelled set ------------------------------------------------------------------------------------------------


def test_the_labelled_set_is_large_varied_and_apart() -> None:
    everything = labelled("train", "dev", "test")
    assert len(everything) >= 1_800
    assert len({one.text.lower() for one in everything}) == len(everything)
    groups = [{one.group for one in labelled(part)} for part in ("train", "dev", "test")]
    assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]
    assert len(set.union(*groups)) >= 24
    for at in range(len(LABELS)):
        assert sum(one.labels[at] for one in labelled("test")) >= 30
