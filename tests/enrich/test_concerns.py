"""Concerns: a topic in plain form for any trade, complaint or wish, toward its target."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.enrich.concerns import Concerns, aspects_of, is_wish, stem, topics_of
from overheard.enrich.draft import Draft
from overheard.enrich.sentences import Span, sentences
from overheard.records import Intent, Language
from tests.enrich.making import a_mention, a_term, hits
from tests.strategies import texts


def topics(text: str, kind: Literal["complaint", "wish"] = "complaint") -> list[str]:
    return [topic.name for topic in topics_of(text, Span(0, len(text)), kind)]


def complained(text: str, *names: str, language: str = "en") -> Draft:
    """A draft in which every sentence is a complaint."""
    spans = sentences(text)
    return Draft(
        mention=a_mention(text),
        text=text,
        passed=(),
        hits=hits(text, *map(a_term, names)),
        language=Language(code=language, confidence=0.9),
        sentences=spans,
        intents=tuple(Intent(label="complaint", start=s.start, end=s.end, confidence=0.9) for s in spans),
    )


def found(draft: Draft) -> list[tuple[str, str, str]]:
    Concerns().process([draft])
    return [(one.topic, one.kind, one.target) for one in draft.concerns]


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Printing takes forever and every second page jams", "printing"),
        ("the driver left my parcel in the rain", "delivery"),
        ("Way too expensive for what it does", "price"),
        ("battery dead by noon", "battery life"),
        ("Nobody answers the phone", "customer service"),
        ("I was charged twice in May", "billing"),
        ("bed bugs in our room", "hygiene"),
        ("I can't log in since Monday", "login"),
        ("the seed did not come up", "seeds and plants"),
        ("gearbox whines at 12k miles", "engine"),
        ("Paise kaat liye bina bataye", "billing"),
        ("My prescriptions went to the wrong place", "prescriptions"),
    ],
)
def test_a_known_aspect_is_found_by_any_of_its_words(text: str, topic: str) -> None:
    assert topic in topics(text)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("The pump doesn't work", "pump"),
        ("There is a problem with the left hinge", "left hinge"),
        ("The visors keep falling down", "visor"),
        ("My ukulele arrived broken", "ukulele"),
        ("Terrible pillowcases", "pillowcase"),
        ("They removed the tripod mount", "tripod mount"),
    ],
)
def test_what_no_table_knows_is_taken_from_the_frame_of_the_complaint(text: str, topic: str) -> None:
    assert topics(text) == [topic]


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("I wish it had a tripod socket", "tripod socket"),
        ("Please add support for vertical tabs", "vertical tab"),
        ("Would be nice to have a spice rack", "spice rack"),
        ("Feature request: dark mode", "user interface"),
        ("Could you add a calendar view?", "calendar"),
    ],
)
def test_a_wish_is_about_what_is_asked_for(text: str, topic: str) -> None:
    assert is_wish(text)
    assert topics(text, "wish") == [topic]


@pytest.mark.parametrize(
    "text",
    [
        "I would like a quote for two lathes",
        "Please call me back",
        "Kindly let us know the status",
        "You should see the harbour",
        "We need a second line for the office",
    ],
)
def test_an_order_or_a_plea_is_no_wish_for_the_product(text: str) -> None:
    assert not is_wish(text)


@pytest.mark.parametrize("text", ["This is a joke", "Never again", "I am so disappointed", "", "😡", "!!!"])
def test_a_complaint_of_everything_is_about_no_topic(text: str) -> None:
    assert topics(text) == []


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("Batteries", "battery"),
        ("boxes", "box"),
        ("hinges", "hinge"),
        ("glass", "glass"),
        ("bus", "bus"),
        ("GPS", "gps"),
    ],
)
def test_words_are_compared_in_the_singular(word: str, kept: str) -> None:
    assert stem(word) == kept


def test_the_name_of_what_is_watched_is_no_topic() -> None:
    draft = complained("The Printer Co lathe rattles", "Printer Co")
    assert found(draft) == [("noise", "complaint", "Printer Co")]


def test_each_topic_has_the_target_of_its_sentence_or_of_the_one_before() -> None:
    draft = complained("Korvex billed us wrongly. The delivery was late too. Dannhauser leaks.", "Korvex", "Dannhauser")
    assert found(draft) == [
        ("billing", "complaint", "Korvex"),
        ("delivery", "complaint", "Korvex"),
        ("punctuality", "complaint", "Korvex"),
        ("leaks", "complaint", "Dannhauser"),
    ]


def test_words_that_are_somebody_elses_are_no_concern() -> None:
    draft = complained("> The delivery was late.\nThe invoice is wrong.")
    draft.quoted = [Span(0, draft.text.index("\n"))]
    assert found(draft) == [("billing", "complaint", "")]


def test_a_language_that_is_not_known_has_none() -> None:
    assert found(complained("Der Service von Korvex ist schlecht", "Korvex", language="de")) == []


def test_a_sentence_that_is_no_complaint_has_none() -> None:
    draft = complained("The delivery is on Tuesday.")
    draft.intents = ()
    assert found(draft) == []


@given(texts)
def test_any_text_is_read_without_an_error_and_spans_lie_in_it(text: str) -> None:
    draft = complained(text)
    Concerns().process([draft])
    assert all(0 <= one.start < one.end <= len(text) and one.topic for one in draft.concerns)


@given(st.sampled_from(["no no ", "problem with ", "wish ", "x's ", "((", "a-", "नमस्ते "]), st.integers(1, 3000))
def test_a_hostile_repetition_is_read_in_time(part: str, times: int) -> None:
    text = part * times
    topics_of(text, Span(0, len(text)), "complaint")
    topics_of(text, Span(0, len(text)), "wish")
    aspects_of(text, Span(0, len(text)))
