from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.config.settings import LocaleSettings
from overheard.crm.amounts import read_amount, read_day
from overheard.wording import money


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1,25,000.50", "125000.5", "INR"),
        ("₹ 1.25 lakh", "125000", "INR"),
        ("Rs. 2.5 Cr", "25000000", "INR"),
        ("Rs.500/-", "500", "INR"),
        ("१,२५,०००", "125000", "INR"),
        ("₹१.५ लाख", "150000", "INR"),
        ("12.5L", "1250000", "INR"),
        ("$1,250", "1250", "USD"),
        ("1.250,50 €", "1250.5", "EUR"),
        ("EUR 1.250.000", "1250000", "EUR"),
        ("1250,5", "1250.5", "INR"),
        ("1 250 000", "1250000", "INR"),
        ("CHF 1'250.00", "1250", "CHF"),
        ("(500)", "-500", "INR"),
        ("-₹ 500", "-500", "INR"),
        ("0", "0", "INR"),
        ("-0", "0", "INR"),
        ("0.125", "0.125", "INR"),
        ("3 million USD", "3000000", "USD"),
    ],
)
def test_an_amount_is_read_in_the_ways_that_people_write_it(text: str, amount: str, currency: str) -> None:
    assert read_amount(text, "INR") == (amount, currency)


@pytest.mark.parametrize(
    "text", ["1.250", "12,34,5", "about ten", "1,2,3", "INR", "12 bananas", "5 lakh crore more", "9" * 30, "1e5", ""]
)
def test_what_can_be_read_in_two_ways_or_none_is_an_error_that_says_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_amount(text, "INR")


def test_a_bare_dollar_is_the_default_where_that_is_one() -> None:
    assert read_amount("$5", "AUD") == ("5", "AUD")
    assert read_amount("$5", "INR") == ("5", "USD")


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_an_amount_as_we_write_it_is_read_back(value: Decimal) -> None:
    shown = money(str(value), "INR", LocaleSettings(language="en", region="IN"))
    amount, currency = read_amount(shown)
    assert (Decimal(amount), currency) == (value, "INR")


@given(st.text(max_size=30))
def test_any_text_is_an_amount_or_an_error(text: str) -> None:
    try:
        amount, _ = read_amount(text)
    except ValueError:
        return
    assert Decimal(amount).is_finite()


@pytest.mark.parametrize(
    ("text", "region", "day"),
    [
        ("2026-11-21", "", date(2026, 11, 21)),
        ("2026-11-21T10:00:00Z", "", date(2026, 11, 21)),
        ("21/11/2026", "IN", date(2026, 11, 21)),
        ("03/04/2026", "IN", date(2026, 4, 3)),
        ("03/04/2026", "US", date(2026, 3, 4)),
        ("11/21/2026", "IN", date(2026, 11, 21)),
        ("21.11.26", "", date(2026, 11, 21)),
        ("21-Nov-2026", "", date(2026, 11, 21)),
        ("Nov 21, 2026", "", date(2026, 11, 21)),
        ("November 2026", "", date(2026, 11, 1)),
        ("२१/११/२०२६", "IN", date(2026, 11, 21)),
    ],
)
def test_a_day_is_read_as_the_region_writes_it(text: str, region: str, day: date) -> None:
    assert read_day(text, region) == day


@pytest.mark.parametrize("text", ["", "soon", "31/02/2026", "13/13/2026", "2026", "21/11/2026/1" * 9])
def test_what_is_no_day_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_day(text)
