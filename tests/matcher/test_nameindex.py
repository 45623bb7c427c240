"""Contacts filed by their names: found whatever the order of filing, and which texts one more of them touches."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.matcher.names.nameindex import NameIndex
from overheard.matcher.names.person import person_name
from overheard.matcher.names.text import Text

NAMES = (
    "Asha Rao", "A. Rao", "Asha M. Rao", "Rao Asha", "आशा राव", "Bob Smith", "Robert Smith", "Robert Smyth", "王小明",
    "Wang Xiaoming", "Gabriel García Márquez", "Gabriel García", "Mohammed Hassan", "محمد حسن", "S Ramanathan Iyer",
    "Mary Jones (née Smith)", "Omar al-Rashid", "Rao", "", "Иван Петров", "Ivan Petrov",
)  # fmt: skip
TEXTS = (*(f"then {name} said" for name in NAMES), "A. Rao and Ivan Petrov", "Bob Smyth", "nobody at all")

filed = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(NAMES)), max_size=60, unique_by=lambda one: one[0])


def seen(index: NameIndex, text: str) -> list[tuple[str, int]]:
    return [(one.contact, index.bearers(one.name)) for one in index.named_in(Text(text))]


@given(filed, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_what_is_found_is_a_function_of_what_is_filed(records: list[tuple[int, str]], rng: random.Random) -> None:
    one, other = NameIndex(), NameIndex()
    for number, name in records:
        one.file(str(number), name, add=True)
    detours = [*records, *((100 + number, name) for number, name in records)]
    rng.shuffle(detours)
    for number, name in detours:
        other.file(str(number), name, add=True)
    for number, name in detours:
        if number >= 100:
            other.file(str(number), name, add=False)
    assert len(one) == len(other)
    for text in TEXTS:
        assert seen(one, text) == seen(other, text)


@given(filed, st.sampled_from(NAMES))
@settings(max_examples=80)
def test_every_text_that_comes_out_otherwise_with_a_contact_is_reached_by_its_keys(
    records: list[tuple[int, str]], name: str
) -> None:
    index = NameIndex()
    for number, held in records:
        index.file(str(number), held, add=True)
    before = {text: seen(index, text) for text in TEXTS}
    index.file("new", name, add=True)
    reach = index.reach(name)
    for text in TEXTS:
        if seen(index, text) != before[text]:
            keys = set(Text(text).keys)
            assert any(keys.issuperset(phrase) for phrase in reach)


def test_the_bearers_of_a_family_name_come_in_powers_of_four() -> None:
    index, name = NameIndex(), person_name("Asha Rao")
    assert name is not None
    found = []
    for number in range(70):
        found.append(index.bearers(name))
        index.file(str(number), f"{chr(97 + number % 26)}{chr(97 + number // 26)}na Rao", add=True)
    assert [found[n] for n in (0, 3, 4, 15, 16, 63, 64)] == [0, 0, 4, 4, 16, 16, 64]


def test_a_contact_that_moves_a_family_name_to_another_bucket_touches_all_who_bear_it() -> None:
    index = NameIndex()
    for number, first in enumerate(("Asha", "Ben", "Carl")):
        index.file(str(number), f"{first} Chittoor", add=True)
    assert not any(len(phrase) == 1 for phrase in index.reach("Carl Chittoor"))
    index.file("4", "Dora Chittoor", add=True)
    assert any(len(phrase) == 1 for phrase in index.reach("Dora Chittoor"))
