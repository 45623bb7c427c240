"""The address of a search is its whole state."""

from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from litestar.datastructures import MultiDict

from overheard.web.search_state import FIELDS, SORTS, SearchState, state_of

TEXTS = st.text(max_size=20)
VALUES = st.lists(st.text(min_size=1, max_size=10), min_size=1, max_size=3, unique=True).map(tuple)
STATES = st.builds(
    SearchState,
    q=TEXTS,
    filters=st.dictionaries(st.sampled_from(FIELDS), VALUES),
    since=st.none() | st.dates(),
    until=st.none() | st.dates(),
    sort=st.sampled_from(SORTS),
    after=st.from_regex(r"[0-9]{0,19}", fullmatch=True),
)


def read(url: str) -> SearchState:
    return state_of(MultiDict(parse_qsl(urlsplit(url).query, keep_blank_values=True)))


@given(STATES)
def test_an_address_is_read_back_as_what_it_was_made_of(state: SearchState) -> None:
    assert read(state.url) == state


@given(STATES, st.sampled_from(FIELDS), st.text(min_size=1, max_size=10))
def test_a_value_toggled_twice_is_as_before_but_on_the_first_page(state: SearchState, name: str, value: str) -> None:
    once = read(state.toggled(name, value))
    assert once.has(name, value) != state.has(name, value)
    twice = read(once.toggled(name, value))
    assert {key: set(values) for key, values in twice.filters.items()} == {
        key: set(values) for key, values in state.filters.items()
    }
    assert (twice.q, twice.sort, twice.after) == (state.q, state.sort, "")


def test_what_an_address_cannot_mean_is_left_out() -> None:
    assert read("/?from=x&to=2026-13-01&sort=up&about=&colour=red") == SearchState()
