"""Which records are of one person: what agrees weighs by how rare it is, a family is no person, order is nothing."""

import random
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.matcher.features.record import RECORD_FEATURES, Frequencies, row_of
from overheard.matcher.pairs import MOST_TO_A_KEY, SURE, Found, Pair, find_pairs, weigh_pair
from overheard.records import Contact, ExternalId, contact_id

DATA = Path(__file__).parents[3] / "shared" / "data" / "identity"


def person(number: int, name: str = "", **fields: object) -> Contact:
    ids = (ExternalId(system="crm", value=str(number)), *fields.pop("ids", ()))  # type: ignore[misc]
    return Contact(id=contact_id("crm", str(number)), external_ids=ids, name=name, **fields)  # type: ignore[arg-type]


def weigh(a: Contact, b: Contact) -> Pair:
    return weigh_pair(a, b, Frequencies([row_of(a), row_of(b)]))


def levels(pair: Pair) -> list[str]:
    return [one.feature for one in pair.evidence]


HOME = {"street": "12 MG Road, Camp", "postal_code": "411001", "place": "Pune", "region": "MH"}


def test_the_same_name_and_birthday_are_surely_one_person() -> None:
    pair = weigh(person(1, "Asha Rao", birthday=date(1978, 3, 5)), person(2, "Rao, Asha", birthday=date(1978, 3, 5)))
    assert (pair.outcome, levels(pair)[:3]) == ("sure", ["name: same", "name: same", "birthday: same"])


def test_a_name_alone_is_never_sure_however_rare() -> None:
    assert weigh(person(1, "Zbigniew Ahlquist-Okonkwo"), person(2, "Zbigniew Ahlquist-Okonkwo")).outcome == "to look at"


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("Priya Deshpande", "Preeya Deshpande", "name: another spelling"),
        ("Robert Smith", "Bob Smith", "name: nickname"),
        ("आशा राव", "Asha Rao", "name: in another script"),
        ("A. Kulkarni", "Anil Kulkarni", "name: same initial"),
        ("José García", "Jose Garcia", "name: same"),
        ("Rajesh Kumar", "Kumar Rajesh", "name: same"),
        ("Dr. Asha Rao, PhD", "Asha Rao", "name: same"),
    ],
)
def test_a_name_is_the_same_in_other_spellings_scripts_and_orders(one: str, other: str, level: str) -> None:
    pair = weigh(person(1, one, emails=("a@b.example",)), person(2, other, emails=("a@b.example",)))
    assert level in levels(pair)
    assert "name: other" not in levels(pair)
    assert pair.score > 0.9


def test_people_of_one_house_are_not_one_person() -> None:
    shared = {**HOME, "phones": ("+912027654321",)}
    pair = weigh(person(1, "Asha Rao", **shared), person(2, "Vikram Rao", **shared))
    assert pair.score < 0.5
    assert any("same house" in one.feature and one.weight < -5 for one in pair.evidence)


def test_twins_are_left_to_a_person() -> None:
    shared = {**HOME, "birthday": date(1978, 3, 5)}
    assert weigh(person(1, "Asha Rao", **shared), person(2, "Vikram Rao", **shared)).outcome == "to look at"


def test_colleagues_behind_one_switchboard_are_not_one_person() -> None:
    shared = {"phones": ("+912027654321",), "organisation": "Alpha Gears"}
    assert weigh(person(1, "Asha Rao", **shared), person(2, "Vikram Iyer", **shared)).score < 0.01


def test_junior_and_senior_are_two_whatever_else_agrees() -> None:
    same = {**HOME, "emails": ("smith@home.example",), "birthday": date(1978, 3, 5)}
    pair = weigh(person(1, "John Smith Jr.", **same), person(2, "John Smith Sr.", **same))
    assert pair.outcome == "to look at"
    assert any(one.veto for one in pair.evidence)


@pytest.mark.parametrize(
    ("day", "level"),
    [
        (date(1978, 3, 5), "same"),
        (date(1978, 5, 3), "day and month swapped"),
        (date(1979, 3, 5), "one slip"),
        (date(1978, 3, 25), "one slip"),
        (date(1987, 3, 5), "one slip"),
        (date(1978, 11, 5), "two parts of three"),
        (date(1978, 2, 26), "within a month"),
        (date(1951, 12, 30), "other"),
    ],
)
def test_a_birthday_that_is_nearly_right_is_told_from_another(day: date, level: str) -> None:
    pair = weigh(person(1, birthday=date(1978, 3, 5)), person(2, birthday=day))
    assert levels(pair)[0] == f"birthday: {level}"


def test_evidence_calls_fields_and_ids_as_people_write_them() -> None:
    one = person(1, "Asha Rao", emails=("asha@acme.example",), ids=(ExternalId(system="policy", value="POLICY-1001"),))
    other = person(
        2, "Asha Rao", emails=("asha@acme.example",), ids=(ExternalId(system="policy", value="policy 1001"),)
    )
    taxed = (ExternalId(system="tax", value="AB-12345"),)
    said = {found.feature: (found.mention_value, found.crm_value) for found in weigh(one, other).evidence}
    assert said["external id: same"] == ("POLICY-1001", "policy 1001")
    assert "e-mail: same" in said
    found = weigh(person(1, "Asha Rao", ids=taxed), person(2, "Asha Rao", ids=taxed)).evidence
    assert ("tax AB-12345", "tax AB-12345") in {(one.mention_value, one.crm_value) for one in found}


def test_another_systems_id_is_evidence_and_the_lists_own_is_not() -> None:
    tax = (ExternalId(system="tax", value="AB-12345"),)
    same = weigh(
        person(1, "Asha Rao", ids=tax), person(2, "Asha Rao", ids=(ExternalId(system="tax", value="ab12345"),))
    )
    assert same.outcome == "sure"
    other = weigh(person(1, "Asha Rao", ids=tax), person(2, "Asha Rao", ids=(ExternalId(system="tax", value="9"),)))
    assert "external id: other" in levels(other)
    assert "external id" not in " ".join(levels(weigh(person(1, "Asha Rao"), person(2, "Asha Rao"))))


def test_equal_ids_are_one_person_where_the_lists_number_alike() -> None:
    rows = [person(1, "Asha Rao"), person(1, "Asha R"), person(2, "Asha Rao")]
    assert find_pairs(rows).groups == ()
    assert find_pairs(rows, same_ids=True).groups == ((0, 1),)


def test_addresses_that_many_share_by_their_name_tell_nobody() -> None:
    pair = weigh(
        person(1, "Asha Rao", emails=("info@a.example",)), person(2, "Vikram Iyer", emails=("info@a.example",))
    )
    assert not any(level.startswith("e-mail") for level in levels(pair))


def test_a_value_weighs_less_the_more_records_have_it() -> None:
    rare = [person(i, f"P{i} Rao", place="Pune" if i < 2 else f"T{i}") for i in range(500)]
    common = [person(i, f"P{i} Rao", place="Pune") for i in range(500)]

    def of_place(rows: list[Contact]) -> float:
        pair = weigh_pair(rows[0], rows[1], Frequencies(map(row_of, rows)))
        return next(one.weight for one in pair.evidence if one.feature == "place: same")

    assert of_place(rare) > of_place(common) + 3


def test_one_address_on_forty_contacts_joins_nobody() -> None:
    rows = [person(i, f"{name} Person{name}", emails=("club@x.example",)) for i, name in enumerate(NAMES)]
    assert find_pairs(rows).groups == ()


NAMES = ["".join(random.Random(i).choices("bdfgklmnprstvz", k=3)) + "aeiou"[i % 5] + str(i) for i in range(40)]


def test_an_address_that_too_many_have_is_told_and_makes_no_pairs() -> None:
    rows = [person(i, emails=("club@x.example",)) for i in range(MOST_TO_A_KEY + 1)]
    found = find_pairs(rows)
    assert found == Found((), (), (("e-mail club@x.example", MOST_TO_A_KEY + 1),))


def test_a_record_with_nothing_is_like_none() -> None:
    assert find_pairs([person(1), person(2), person(3, "😀"), person(4, "\u200b")]) == Found((), ())


def test_pairs_within_one_list_are_left_out_where_asked() -> None:
    rows = [person(i, "Asha Rao", emails=("asha@a.example",)) for i in range(3)]
    across = find_pairs(rows, lists=[0, 0, 1], across_only=True)
    assert {pair[:2] for pair in across.pairs} == {(0, 2), (1, 2)}


WORDS = st.sampled_from(["Asha", "Rao", "Vikram", "राव", "Smith", "A.", "Jr.", "", "🙂", "Anna-Maria", "王伟"])
CONTACTS = st.builds(
    lambda number, words, **fields: person(number, " ".join(words), **fields),
    st.integers(0, 10_000),
    st.lists(WORDS, max_size=3),
    emails=st.lists(st.sampled_from(["a@b.example", "asha@c.example", "asha@d.example"]), max_size=2).map(tuple),
    phones=st.lists(st.sampled_from(["+912027654321", "12345678", "?"]), max_size=1).map(tuple),
    birthday=st.none() | st.dates(date(1970, 1, 1), date(1970, 12, 31)),
    organisation=st.sampled_from(["", "Acme Ltd", "Acme", "International Business Machines", "IBM"]),
    place=st.sampled_from(["", "Pune", "Poona", "London"]),
    street=st.sampled_from(["", "12 MG Road", "12 M G Rd", "?"]),
)  # fmt: skip


@given(CONTACTS, CONTACTS)
def test_a_pair_weighs_the_same_both_ways(a: Contact, b: Contact) -> None:
    one, other = weigh(a, b), weigh(b, a)
    assert one.weight == pytest.approx(other.weight)
    assert sorted(levels(one)) == sorted(levels(other))


@given(CONTACTS, CONTACTS)
def test_the_levels_that_are_found_are_those_of_the_list(a: Contact, b: Contact) -> None:
    known = {f"{feature.name}: {level}" for feature in RECORD_FEATURES for level in feature.levels}
    assert set(levels(weigh(a, b))) - known <= {"or somebody of the same house or firm"}


@given(st.lists(CONTACTS, max_size=12, unique_by=lambda one: one.id), st.randoms(use_true_random=False))
def test_the_order_of_records_changes_nothing(rows: list[Contact], rng: random.Random) -> None:
    shuffled = rows.copy()
    rng.shuffle(shuffled)

    def by_id(found: Found, order: list[Contact]) -> tuple[object, object]:
        pairs = {frozenset((order[p.left].id, order[p.right].id)): round(p.weight, 5) for p in found.pairs}
        return pairs, {frozenset(order[at].id for at in group) for group in found.groups}

    assert by_id(find_pairs(rows), rows) == by_id(find_pairs(shuffled), shuffled)


def test_the_levels_of_a_field_are_shares_of_what_happens() -> None:
    for feature in RECORD_FEATURES:
        for level in feature.levels.values():
            assert 0 < level.m < 1
            assert 0 < level.u < 1
        assert feature.find.__doc__
        assert set(feature.shared or ()) <= set(feature.levels)
    assert 0.9 <= SURE < 1


def test_names_that_differ_in_their_numbers_are_of_two_even_at_one_address() -> None:
    """One mailbox on forty contacts of a list, called Counter 1 to Counter 40."""
    people = [person(i, f"Sales Counter{i}", emails=("shop@forty.example",), organisation="Forty") for i in range(40)]
    assert find_pairs(people).pairs == ()
