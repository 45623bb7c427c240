"""The sort key: newest first, and nobody stays on top by lying about the date."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from overheard.records import sort_key
from tests.strategies import raw_texts, times

NOW = datetime(2026, 11, 21, 8, 30, 15, 250_000, tzinfo=UTC)
any_time = st.datetimes(timezones=st.timezones() | st.just(UTC))


def ms(k: int) -> int:
    return k >> 21


def test_sort_keys_do_not_move() -> None:
    assert sort_key("men_a", None, NOW) == 3764911740551186701
    assert sort_key("men_a", datetime(2026, 11, 20, tzinfo=UTC), NOW) == 3764666343259916557
    assert sort_key("men_a", datetime(1970, 1, 1, tzinfo=UTC), NOW) == 1474316557


def test_a_post_dated_2100_does_not_stay_on_top() -> None:
    liar = sort_key("men_a", datetime(2100, 1, 1, tzinfo=UTC), NOW)
    assert liar == sort_key("men_a", None, NOW)
    assert sort_key("men_b", NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)) > liar


def test_a_post_from_before_1970_counts_as_1970() -> None:
    for year in (1, 1601, 1969):
        assert ms(sort_key("men_a", datetime(year, 1, 1, tzinfo=UTC), NOW)) < 1_000


@given(
    subject=raw_texts.map(lambda t: t.encode("utf-8", "replace").decode()),
    published=st.none() | any_time,
    seen=any_time,
)
def test_a_sort_key_fits_a_signed_64_bit_integer(subject: str, published: datetime | None, seen: datetime) -> None:
    assert 0 <= sort_key(subject, published, seen) < 1 << 63


@given(one=times, two=times, a=st.text("abc"), b=st.text("abc"))
def test_of_two_posts_a_second_apart_the_later_has_the_higher_key(one: datetime, two: datetime, a: str, b: str) -> None:
    first, second = sorted((one, two))
    if second - first >= timedelta(seconds=1):
        assert sort_key(a, first, second) < sort_key(b, second, second)


@given(when=times)
def test_milliseconds_are_kept_where_a_source_has_them(when: datetime) -> None:
    whole = when.replace(microsecond=when.microsecond // 1000 * 1000)
    key = ms(sort_key("men_a", whole, whole))
    expected = (whole - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    if whole.microsecond:
        assert key == expected
    else:  # whole seconds take theirs from the hash
        assert expected <= key < expected + 1_000


def test_posts_of_one_second_are_spread_over_it_and_have_keys_of_their_own() -> None:
    second = datetime(2026, 11, 20, 12, tzinfo=UTC)
    keys = [sort_key(f"men_{i}", second, NOW) for i in range(2_000)]
    assert len(set(keys)) == 2_000
    assert len({ms(k) for k in keys}) > 800


@given(when=times, hours=st.integers(-12, 14))
def test_one_instant_in_two_time_zones_has_one_key(when: datetime, hours: int) -> None:
    elsewhere = when.astimezone(timezone(timedelta(hours=hours)))
    assert sort_key("men_a", elsewhere, elsewhere) == sort_key("men_a", when, when)
