"""Names of which a text has one end, and the other with a slip of the pen: found without a look at everybody's."""

import sys
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.matcher.identity.directory import Directory
from overheard.matcher.names.person import ends_of_name, person_name
from overheard.matcher.names.sightings import find_mistyped
from overheard.matcher.names.slipindex import SlipIndex
from overheard.matcher.names.text import Text
from overheard.records import Account, Contact

GIVEN = ("Matthew", "Marina", "Marisa", "Prof. Deborah", "Joanna Maria", "Asha")
FAMILY = ("Golubin", "Holworth", "Whitmore", "Whitmore Jr.", "Matthew", "Rao")
NAMES = tuple(" ".join(both) for both in product(GIVEN, FAMILY))
ACME = Account(id="acc_1", external_ids=(), name="Acme Tools")


def slipped(word: str, at: int, how: int) -> str:
    """Return a word with two letters swapped, one left out, or one put in."""
    at = 1 + at % max(len(word) - 2, 1)
    swapped = word[: at - 1] + word[at : at + 1] + word[at - 1 : at] + word[at + 1 :]
    return (swapped, word[:at] + word[at + 1 :], word[:at] + "e" + word[at:])[how]


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 3), st.integers(0, 9), st.integers(0, 2)), max_size=4),
    st.sets(st.sampled_from(NAMES), max_size=8),
)
@settings(max_examples=200)
def test_whoever_stands_there_with_a_slip_is_found(written: list[tuple[str, int, int, int]], filed: set[str]) -> None:
    said = []
    for name, number, at, how in written:
        words = name.split()
        words[number % len(words)] = slipped(words[number % len(words)], at, how)
        said.append(" ".join(words))
    text = Text(f"Yesterday {', '.join(said)} left.")
    index, there = SlipIndex(), set()
    for name in sorted(filed):
        index.file(name, name, add=True)
        ends = [end for end in ends_of_name(name) if end in text.vocabulary]
        parsed = person_name(name)
        if len(ends) == 1 and parsed and find_mistyped(text, parsed, text.places.of(ends[0])):
            there.add(name)
    assert there <= index.near(text)
    for name in sorted(filed):
        index.file(name, name, add=False)
    assert index.near(text) == set()


def test_a_text_that_names_an_account_of_20_000_people_is_not_compared_with_each() -> None:
    text = Text("Mathew Holworth of Acme Tools was there, and so was Marina Golubin, said Acme Tools.")
    few, many = Directory(), Directory()
    for directory, staff in ((few, 20), (many, 20_000)):
        directory.put_account(ACME.id, ACME)
        for i in range(staff):
            one = Contact(
                id=f"con_{i:05}",
                external_ids=(),
                name=f"{_made_up(i)} {_made_up(i + 7)}" if i else "Matthew Holworth",
                organisation="Acme Tools",
            )
            directory.put_contact(one.id, one)
    assert calls_of_mistyped(many, text) == calls_of_mistyped(few, text)


def calls_of_mistyped(directory: Directory, text: Text) -> int:
    """Return how many calls it takes to find the one whose name is mistyped."""
    firms = directory.accounts_named_in(text)
    directory.people_mistyped_in(text, firms)
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        found = directory.people_mistyped_in(text, firms)
    finally:
        sys.setprofile(before)
    assert [contact.name for contact, _ in found] == ["Matthew Holworth"]
    return calls


def _made_up(number: int) -> str:
    return "".join(
        "bdfgklmnprstvz"[number // 14**place % 14] + "aeiou"[(number + place) % 5] for place in range(4)
    ).title()
