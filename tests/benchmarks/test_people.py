"""The synthetic set: a function of its arguments, with the shares, decoys and right answers that it promises."""

from collections import Counter
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.evaluate import Possible, drawing, fit
from benchmarks.people import LINKABLE, SHARES, People, make_people
from benchmarks.words import origins
from overheard.enrich.agreement import wilson

MENTIONS = 400


@pytest.fixture(scope="module")
def made() -> People:
    return make_people(300, MENTIONS, seed=3, side=0)


def test_the_same_arguments_make_the_same_set(made: People) -> None:
    again = make_people(300, MENTIONS, seed=3, side=0)
    assert [*again.contacts] == [*made.contacts]
    assert [case.mention for case in again.cases] == [case.mention for case in made.cases]
    other = make_people(300, MENTIONS, seed=4, side=0)
    assert [*other.contacts] != [*made.contacts]


def test_each_has_a_decoy_that_shares_its_family_name(made: People) -> None:
    assert len(made.people) == len(made.decoys) == 300
    for person, decoy in zip(made.people, made.decoys, strict=True):
        assert person.family == decoy.family
        assert person.given == decoy.given or person.firm == decoy.firm


def test_the_kinds_have_their_shares(made: People) -> None:
    counted = Counter(case.kind for case in made.cases)
    assert counted == {kind: round(MENTIONS * share) for kind, share in SHARES}


def test_what_is_linkable_has_a_contact_and_what_must_not_link_says_so(made: People) -> None:
    known = {contact.id for contact in made.contacts}
    for case in made.cases:
        assert case.linkable == (case.kind in LINKABLE)
        assert case.truth in known or (not case.linkable and case.truth == "")


def test_ids_are_unique_and_no_handle_is_two_contacts(made: People) -> None:
    contacts = [*made.contacts]
    assert len({contact.id for contact in contacts}) == len(contacts)
    handles = Counter((platform, handle) for one in contacts for platform, handle in one.handles.items())
    assert max(handles.values()) == 1
    ids = Counter(one.mention.id for one in (*made.support, *(case.mention for case in made.cases)))
    assert max(ids.values()) == 1


def test_the_two_sides_share_no_name() -> None:
    for one, other in zip(origins(0), origins(1), strict=True):
        assert not set(one.given) & set(other.given)
        assert not set(one.family) & set(other.family)


def test_names_are_written_in_many_scripts(made: People) -> None:
    assert len({case.script for case in made.cases}) >= 6


POSSIBLE = st.builds(
    Possible,
    weight=st.integers(-40, 60).map(lambda n: n / 10),
    score=st.just(0.5),
    right=st.booleans(),
    linked=st.booleans(),
    veto=st.booleans(),
    kind=st.just("name with context"),
    role=st.just("mentioned"),
)


@given(st.lists(POSSIBLE, min_size=1, max_size=400), st.randoms())
def test_a_fit_rises_and_does_not_depend_on_order(found: list[Possible], random: object) -> None:
    knots = fit(found)
    shuffled = sorted(found, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert fit(shuffled) == knots
    for (weight, odds), (more, higher) in pairwise(knots):
        assert weight < more
        assert odds < higher


def test_an_interval_holds_its_share_and_narrows_with_the_number() -> None:
    for right, number in ((0, 5), (5, 5), (3, 7), (990, 1_000)):
        low, high = wilson(right, number)
        assert 0 <= low <= right / number <= high <= 1
    few, many = wilson(9, 10), wilson(900, 1_000)
    assert many[1] - many[0] < few[1] - few[0]


def test_a_diagram_is_an_image_of_its_own() -> None:
    one = Possible(3.0, 0.97, right=True, linked=True, veto=False, kind="trap", role="author")
    image = drawing([one] * 3, [one])
    assert image.startswith("<svg")
    assert "1.000 right" in image
    assert msgspec.json.encode(image)
