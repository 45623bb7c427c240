"""Sentences and clauses as spans: every word in exactly one, in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.enrich.sentences import Span, around, clauses, sentences
from tests.strategies import texts

_prose = st.lists(
    st.sampled_from([*"ab .!?…。,;—\n\"')", "but ", "Mr. ", "word ", "e\u0301", "。」", "J. "]), max_size=40
).map("".join)


def cut(text: str, spans: list[Span]) -> list[str]:
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        (" \n ", []),
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ("Title\nBody of it.", ["Title", "Body of it."]),
        ('He said: "Go!" Then he left.', ['He said: "Go!"', "Then he left."]),
        (
            "Mr. J. Smith of the U.S. army paid 3.50 to acme.com.",
            ["Mr. J. Smith of the U.S. army paid 3.50 to acme.com."],
        ),
        ("日本語です。次の文。", ["日本語です。", "次の文。"]),
        ("यह अच्छा है। वह नहीं।", ["यह अच्छा है।", "वह नहीं।"]),
        ("هل هذا جيد؟ نعم.", ["هل هذا جيد؟", "نعم."]),
    ],
)
def test_text_is_cut_at_the_ends_of_sentences(text: str, parts: list[str]) -> None:
    assert cut(text, sentences(text)) == parts


def test_a_sentence_is_cut_at_punctuation_and_words_of_contrast() -> None:
    text = "I like it, mostly, but the price (as ever) is high while support — well — is slow."
    assert cut(text, clauses(text, Span(0, len(text)))) == [
        "I like it",
        "mostly",
        "but the price",
        "as ever",
        "is high",
        "while support",
        "well",
        "is slow.",
    ]


@given(_prose | texts)
def test_sentences_and_clauses_hold_every_word_once_and_in_order(text: str) -> None:
    reached = 0
    for sentence in sentences(text):
        assert not text[reached : sentence.start].strip()
        assert text[sentence.start : sentence.end].strip() == text[sentence.start : sentence.end] != ""
        inside = sentence.start
        for clause in clauses(text, sentence):
            assert not any(c.isalnum() for c in text[inside : clause.start])
            assert sentence.start <= clause.start < clause.end <= sentence.end
            inside = clause.end
        assert not any(c.isalnum() for c in text[inside : sentence.end])
        reached = sentence.end
    assert not text[reached:].strip()


@given(_prose, st.data())
def test_the_sentence_around_a_span_covers_it(text: str, data: st.DataObject) -> None:
    if not text:
        return
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    found = around(sentences(text), start, end)
    assert 0 <= found.start <= start < end <= found.end <= len(text)
