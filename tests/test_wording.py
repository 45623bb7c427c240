from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.config.settings import LocaleSettings
from overheard.wording import day, local, money, number, phone, when

INDIA = LocaleSettings(language="en", region="IN", currency="INR", time_zone="Asia/Kolkata")
AMERICA = LocaleSettings(language="en", region="US", time_zone="America/New_York")
GERMANY = LocaleSettings(language="de", region="DE", time_zone="Europe/Berlin")


def test_numbers_are_grouped_as_the_region_does() -> None:
    assert [number(12_500_000, where) for where in (INDIA, AMERICA, GERMANY)] == [
        "1,25,00,000",
        "12,500,000",
        "12.500.000",
    ]


def test_money_is_written_as_the_region_does_and_whole_amounts_without_decimals() -> None:
    assert money("125000.5", "INR", INDIA) == "₹1,25,000.50"
    assert money("125000", "INR", INDIA) == "₹1,25,000"
    assert money("-5", "USD", AMERICA) == "-$5"
    assert money("1250.5", "EUR", GERMANY).replace("\xa0", " ") == "1.250,50 €"
    assert money("1.5", "", INDIA) == "1.5"


@pytest.mark.parametrize("amount", ["", "about ten", "NaN", "Infinity"])
def test_an_amount_that_is_no_number_comes_back_as_it_is(amount: str) -> None:
    assert money(amount, "INR", INDIA) == amount


def test_days_and_times_are_the_locales_own() -> None:
    time = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
    assert day(date(2026, 11, 21), INDIA) == "21 Nov 2026"
    assert day(date(2026, 11, 21), AMERICA) == "Nov 21, 2026"
    assert when(time, INDIA).replace("\u202f", " ") == "22 Nov 2026, 1:30 am"
    assert when(time, AMERICA).replace("\u202f", " ") == "Nov 21, 2026, 3:00 PM"


def test_a_phone_number_is_grouped_and_what_is_none_is_left() -> None:
    assert phone("+919822012345") == "+91 98220 12345"
    assert phone("ask Ravi") == "ask Ravi"


@given(st.from_regex("[a-z]{2,3}", fullmatch=True), st.from_regex("([A-Z]{2})?", fullmatch=True), st.decimals())
def test_any_language_and_region_can_be_written_in(language: str, region: str, value: Decimal) -> None:
    where = LocaleSettings(language=language, region=region)
    assert money(value, "INR", where)
    assert number(1_000, where)
    assert day(date(2026, 11, 21), where)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati", "UTC"])
@pytest.mark.parametrize("time", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_a_time_at_the_edge_of_the_calendar_is_written_everywhere(time: datetime, zone: str) -> None:
    where = LocaleSettings(time_zone=zone)
    assert str(local(time, where).year) in when(time, where)
    assert local(time, where) == time


@pytest.mark.parametrize("amount", ["1e400", "-1e25", "9" * 60, "1e9999999"])
def test_an_amount_beyond_all_money_comes_back_as_it_is(amount: str) -> None:
    assert money(amount, "INR", INDIA) == money(amount, "", INDIA) == amount


def test_a_count_beyond_all_counting_is_written_as_it_is() -> None:
    assert number(10**40, INDIA) == str(10**40)
    assert number(Decimal("1e9999999"), INDIA) == "1E+9999999"
