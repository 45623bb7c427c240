"""Numbers, money, days, times and phone numbers as people of a region write them.

Pure. Knows no record; every time that comes in is aware. A language or region that Babel does not know falls back:
to the language alone, then to English.
"""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

import babel
import phonenumbers
from babel import dates, numbers


class Locale(Protocol):
    """How to write: `language` BCP 47, `region` ISO 3166 or "", `time_zone` of the IANA database."""

    @property
    def language(self) -> str:
        """Language, such as "en"."""
        ...

    @property
    def region(self) -> str:
        """Region, such as "IN"; "" for none."""
        ...

    @property
    def time_zone(self) -> str:
        """Time zone, such as "Asia/Kolkata"."""
        ...


# Babel rounds in decimals of 28 digits, and fails beyond them; no price or count comes near.
_TOO_LARGE = 10**20


@lru_cache(maxsize=64)
def _babel(language: str, region: str) -> babel.Locale:
    for name in (f"{language}_{region}" if region else language, language, "en"):
        try:
            return babel.Locale.parse(name)
        except (ValueError, babel.UnknownLocaleError):
            continue
    return babel.Locale("en")


def number(value: float | Decimal, locale: Locale) -> str:
    """Return a number with its digits grouped: 1,25,000 in India, 125,000 in the US. Beyond 10^20 as it is."""
    if not -_TOO_LARGE < value < _TOO_LARGE:
        return str(value)
    return numbers.format_decimal(value, locale=_babel(locale.language, locale.region))


def money(amount: str | Decimal, currency: str, locale: Locale) -> str:
    """Return an amount of a currency (ISO 4217): ₹1,25,000.50. Whole amounts are without decimals.

    `amount` is a decimal number; what is none comes back as it is. Without a currency it is a bare number.
    """
    try:
        value = Decimal(amount)
    except InvalidOperation:
        return str(amount)
    if not value.is_finite() or not -_TOO_LARGE < value < _TOO_LARGE:
        return str(amount)
    where = _babel(locale.language, locale.region)
    if not currency:
        return number(value, locale)
    if value == value.to_integral_value():
        pattern = where.currency_formats["standard"].pattern.replace(".00", "")
        return numbers.format_currency(value, currency, format=pattern, locale=where, currency_digits=False)
    return numbers.format_currency(value, currency, locale=where)


def day(value: date, locale: Locale) -> str:
    """Return a day: 21 Nov 2026 in India, Nov 21, 2026 in the United States. Of a time, see `when`."""
    return dates.format_date(value, format="medium", locale=_babel(locale.language, locale.region))


def when(time: datetime, locale: Locale) -> str:
    """Return a time in the locale's time zone: 21 Nov 2026, 5:30 pm."""
    where = _babel(locale.language, locale.region)
    here = local(time, locale)
    clock = dates.format_time(here.timetz(), format="short", tzinfo=here.tzinfo, locale=where)
    return f"{dates.format_date(here.date(), format='medium', locale=where)}, {clock}"


def month(value: date, locale: Locale) -> str:
    """Return a month: Nov 2026."""
    return dates.format_skeleton("yMMM", value, locale=_babel(locale.language, locale.region))


def local(time: datetime, locale: Locale) -> datetime:
    """Return a time in the locale's time zone; as it is where it would be of the year 0 or 10000 there."""
    try:
        return time.astimezone(ZoneInfo(locale.time_zone))
    except OverflowError:
        return time


def language(code: str, locale: Locale) -> str:
    """Return the name of a language by its BCP 47 code: Hindi (Latin); "unknown" for und, what is no code as it is."""
    if code == "und":
        return "unknown"
    try:
        return babel.Locale.parse(code, sep="-").get_display_name(_babel(locale.language, locale.region)) or code
    except (ValueError, babel.UnknownLocaleError):
        return code


def territory(code: str, locale: Locale) -> str:
    """Return the name of a country or territory by its code (ISO 3166): India; what is no code as it is."""
    return str(_babel(locale.language, locale.region).territories.get(code, code))


def phone(number: str) -> str:
    """Return a number in E.164 with its digits grouped as at home: +91 98220 12345; what is none as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
