"""How words of names meet over spellings and scripts, and how alike whole names are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.matcher.names.spelling import likeness, name_key, nickname_keys, skeleton
from overheard.matcher.names.text import Text, tokens
from overheard.text import fold

words = st.one_of(st.text(min_size=1, max_size=30), st.from_regex(r"[A-Za-zÀ-žа-яα-ωऀ-ॿ஀-௿ء-ي]{1,20}", fullmatch=True))


@pytest.mark.parametrize(
    "spelled",
    [
        "sharma sarma शर्मा",
        "lakshmi laxmi lakshmy",
        "mohammed muhammad mohd محمد",
        "chowdhury choudhary chaudhari",
        "venkatesh venkatesha",
        "vikram wikram",
        "reddy reddi",
        "mueller muller",
        "dmitry dmitriy dmitri дмитрий",
        "khrushchev хрущев",
        "yelena elena елена",
        "papadopoulos παπαδοπουλος",
        "schwartz шварц",
        "sarah sara",
        "wang 王",
        "kim 김",
    ],
)
def test_spellings_of_one_name_have_one_key(spelled: str) -> None:
    assert len({name_key(word) for word in spelled.split()}) == 1


@pytest.mark.parametrize(
    "different",
    [
        "krishna krishnan",
        "asha usha",
        "rao roy",
        "smith schmidt",
        "roberta robert",
        "john jon",
        "ivan ivana",
        "王 汪明",
    ],
)
def test_different_names_have_different_keys(different: str) -> None:
    assert len({name_key(word) for word in different.split()}) > 1


@pytest.mark.parametrize(
    ("latin", "native"),
    [
        ("sundaram", "சுந்தரம்"),
        ("ramanathan", "ராமநாதன்"),
        ("kulkarni", "कुलकर्णी"),
        ("walid", "وليد"),
        ("zahra", "الزهراء"),
        ("karthik", "കാർത്തിക്"),
    ],
)
def test_scripts_without_written_vowels_meet_by_their_consonants(latin: str, native: str) -> None:
    assert skeleton(latin) == skeleton(*tokens(fold(native)))
    assert likeness(latin, *tokens(fold(native))) == "transliteration"


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("asha", "asha", "exact"),
        ("sharma", "sarma", "spelling"),
        ("asha", "आशा", "transliteration"),
        ("usha", "आशा", "different"),
        ("bob", "robert", "nickname"),
        ("sasha", "alexander", "nickname"),
        ("саша", "alexander", "nickname"),
        ("asha", "asahel", "different"),
        ("a", "asha", "initial"),
        ("b", "asha", "different"),
        ("micheal", "michael", "typo"),
        ("zhang", "王", "different"),
        ("leo", "lu", "different"),
        ("王", "汪", "different"),
    ],
)
def test_how_alike_two_words_are(a: str, b: str, level: str) -> None:
    assert likeness(a, b) == level


@given(words, words)
def test_likeness_is_symmetrical_and_exact_for_equals(a: str, b: str) -> None:
    for one in tokens(fold(a)):
        assert likeness(one, one) == "exact"
        for other in tokens(fold(b)):
            assert likeness(one, other) == likeness(other, one)


@given(words)
def test_a_key_is_never_empty_and_one_word_of_the_postings(text: str) -> None:
    prepared = Text(text)
    assert len(prepared.keys) == len(prepared.tokens)
    for key in prepared.keys:
        assert key
        assert not any(char.isascii() and not char.isalnum() and char != "_" for char in key)


def test_short_forms_are_known_both_ways() -> None:
    assert name_key("robert") in nickname_keys(name_key("bob"))
    assert name_key("bob") in nickname_keys(name_key("robert"))
    assert name_key("venky") in nickname_keys(name_key("venkatesh"))
