"""Text: clean at the door, folded alike, and every find led back to where it stands."""

import re
import sys
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from overheard.text import Alignment, clean, fold
from tests.strategies import folding_texts, raw_texts

EVERY_CHARACTER = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c <= 0xDFFF]


def covered(text: str, found: str) -> list[str]:
    """The spans of `text` that `Alignment` gives for every place of `found` in the folded text."""
    folded, spans = fold(text), []
    alignment = Alignment(text)
    at = folded.find(found)
    while at >= 0:
        start, end = alignment.span(at, at + len(found))
        spans.append(text[start:end])
        at = folded.find(found, at + 1)
    return spans


# --- clean


@given(text=raw_texts)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(text=raw_texts)
def test_clean_text_can_be_written_and_shown_anywhere(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not [c for c in cleaned if unicodedata.category(c) == "Cc" and c not in "\t\n"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("as it was, ß 你 😀\tand\nso on", "as it was, ß 你 😀\tand\nso on"),
        ("nul\x00 goes", "nul goes"),
        ("a\r\nb\rc\x0bd\x0ce\x85f", "a\nb\nc\nd\ne\nf"),
        ("\r\x00\n", "\n\n"),
        ("lone \ud83d and \ude00", "lone \ufffd and \ufffd"),
        ("a pair \ud83d\ude00", "a pair 😀"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("é\ud83d", "é\ufffd"),
        ("\x1b[2Jcleared\x9b2J", "[2Jcleared2J"),
        ("", ""),
    ],
)
def test_the_door(text: str, expected: str) -> None:
    assert clean(text) == expected


# --- fold


@given(text=st.text(st.characters(max_codepoint=127)))
def test_ascii_folds_to_lower_case(text: str) -> None:
    assert fold(text) == text.lower() == text.casefold()


@given(text=folding_texts)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(text=folding_texts)
def test_however_a_text_is_composed_it_folds_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(text) == fold(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("STRASSE", "straße"),
        ("ＡＣＭＥ", "acme"),
        ("ﬁrefox", "FIREFOX"),
        ("café", "cafe\u0301"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Micro\u00adsoft", "microsoft"),
        ("می\u200cخواهم", "میخواهم"),
        ("ｶﾞ", "ガ"),
        ("ㄱㅏ", "가"),
        ("K", "k"),
    ],
)
def test_spellings_that_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("हिन्दी", "हन्द"), ("für", "fur"), ("a\u200bb", "ab"), ("ı", "i")])
def test_what_folding_keeps_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


# --- alignment


@settings(max_examples=300)
@given(text=folding_texts, data=st.data())
@example(text="ㄱㅏ나", data=None)
@example(text="e\u00ad\u0301x", data=None)
@example(text="İstanbul ﬁ ŉ", data=None)
@example(text="ﷺ", data=None)
def test_whatever_is_found_in_the_folded_text_is_covered_in_the_original(text: str, data: st.DataObject | None) -> None:
    folded = fold(text)
    if not folded:
        return
    start = data.draw(st.integers(0, len(folded) - 1)) if data else 0
    end = data.draw(st.integers(start + 1, len(folded))) if data else len(folded)
    first, last = Alignment(text).span(start, end)
    assert 0 <= first < last <= len(text)
    assert folded[start:end] in fold(text[first:last])
    # The parts around it fold to what stands around it: nothing is covered twice or missed.
    assert fold(text[:first]) + fold(text[first:last]) + fold(text[last:]) == folded
    assert len(fold(text[:first])) <= start
    assert len(fold(text[last:])) <= len(folded) - end


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("plain Acme here", "acme", "Acme"),
        ("größe: Acme", "acme", "Acme"),
        ("ﬁrst Straße", "strasse", "Straße"),
        ("oﬀice", "fi", "ﬀi"),
        ("cafe\u0301 Acme", "acme", "Acme"),
        ("cafe\u0301 Acme", "café", "cafe\u0301"),
        ("İzmir Acme", "acme", "Acme"),
        ("\u00adMicro\u00adsoft", "microsoft", "Micro\u00adsoft"),
        ("\u200dAcme", "acme", "Acme"),
        ("ﷺ Acme", "acme", "Acme"),
        ("ㄱㅏ Acme", "가", "ㄱㅏ"),
        ("각 Acme", "acme", "Acme"),
        ("हिन्दी में Acme", "हिन्दी", "हिन्दी"),
        ("😀👩\u200d👩 Acme 🇮🇳", "acme", "Acme"),
        ("你好Acme你好", "acme", "Acme"),
    ],
)
def test_a_find_leads_back_to_its_spelling(text: str, found: str, expected: str) -> None:
    assert covered(text, found) == [expected]


@given(text=folding_texts.filter(lambda t: not t.isascii()))
def test_every_place_of_a_word_is_found_again(text: str) -> None:
    assert covered(f"{text} qqq {text} qqq", "qqq") == ["qqq", "qqq"]


def test_a_cut_is_never_where_normalisation_could_join() -> None:
    """By the data of the running Python: no character before which the text is cut can change with what precedes it."""
    seconds = {chr(c) for c in [*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]}
    for char in EVERY_CHARACTER:
        parts = unicodedata.decomposition(char).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.add(chr(int(parts[1], 16)))
    missed = []
    for char in EVERY_CHARACTER:
        starts = {unicodedata.normalize("NFKD", form)[:1] for form in (char, fold(char))}
        joins = any(s and (unicodedata.combining(s) or s in seconds) for s in starts)
        # "a" then the character: one piece where they may join, so the span of "a" alone takes both.
        if joins and Alignment(f"a{char}").span(0, 1) != (0, 2):
            missed.append(f"U+{ord(char):04X}")
    assert missed == []


def test_a_long_word_of_marks_costs_no_more_than_its_length() -> None:
    text = "a" + "\u0301" * 50_000 + " Acme"
    start = re.escape(fold(" Acme"))
    match = re.search(start, fold(text))
    assert match is not None
    assert Alignment(text).span(*match.span()) == (50_001, 50_006)
