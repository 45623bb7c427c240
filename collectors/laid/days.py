"""Dates as phones, spreadsheets and mail programs write them: which number is the day, which hour is meant. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache
from itertools import pairwise, product
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import regex
from babel import Locale

from overheard.text import fold

Order = Literal["dmy", "mdy", "ymd"]

# Marks of direction, and spaces that do not break, which phones put around dates and numbers.
MARKS = "\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_DATE = r"(?P<a>\d{1,4})(?P<sep>[./-])\s?(?P<b>\d{1,2})(?P=sep)\s?(?P<c>\d{1,4})\.?"
_BEFORE_NOON = r"a\.?\s?m\.?|vorm\.|上午|凌晨|清晨|早上|오전|午前|πμ|π\.μ\.|ص|पूर्वाह्न|öö|sa"
_AFTER_NOON = r"p\.?\s?m\.?|nachm\.|下午|中午|晚上|오후|午後|μμ|μ\.μ\.|م|अपराह्न|ös|ch"
_HALF = rf"(?P<am{{0}}>{_BEFORE_NOON})|(?P<pm{{0}}>{_AFTER_NOON})"
_TIME = (
    rf"(?:(?:{_HALF.format(1)})\s?)?(?P<h>\d{{1,2}})[:.](?P<m>\d{{2}})(?:[:.](?P<s>\d{{2}})(?:[.,]\d{{1,9}})?)?"
    rf"(?:\s?(?:{_HALF.format(2)})(?!\p{{L}}))?"
)
WHEN = rf"{_DATE}(?:,|،|、)?\s+(?:(?:à|klo|kl\.|um|om)\s)?{_TIME}"
# The hours of a clock of twelve; behind anything else ("13:30 PM") nobody knows what is meant.
_OF_TWELVE = regex.compile(
    r"(?<![\w:])(1[0-2]|0?[1-9])(:[0-9]{2}(?::[0-9]{2})?)\s?([ap])\.?\s?m\b\.?", regex.IGNORECASE
)
_CELL = regex.compile(rf"{_DATE}(?:(?:,|،|T)?\s*{_TIME})?", regex.IGNORECASE)
_DAYS = 31
_MONTHS = 12
_HALF_A_DAY = 12
_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# English first: what it calls a month is that one.
_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb", "hi")
_BETWEEN_WORDS = frozenset(("de", "del", "of", "den", "le"))
_ORDINAL = regex.compile(r"^([0-9]{1,2})(?:st|nd|rd|th|er|º|ª)$", regex.IGNORECASE)


class Written(NamedTuple):
    """A date as it is written: three numbers of which it is not known yet what they are, and the time of the day."""

    a: int
    b: int
    c: int
    separator: str
    hour: int = 0
    minute: int = 0
    second: int = 0

    @property
    def stamp(self) -> str:
        """The minute, the same whichever number is the day."""
        first, second, year = (self.b, self.c, self.a) if _is_year(self.a) else (self.a, self.b, self.c)
        low, high = sorted((first, second))
        return f"{_full(year):04}-{low:02}-{high:02}T{self.hour:02}:{self.minute:02}"

    def at(self, order: Order, zone: tzinfo) -> datetime | None:
        """Return the instant in UTC; None where there is none."""
        if _is_year(self.a):
            year, month, day = self.a, self.b, self.c
        else:
            day, month = (self.a, self.b) if order == "dmy" else (self.b, self.a)
            year = self.c
        try:
            local = datetime(_full(year), month, day, self.hour, self.minute, self.second, tzinfo=zone)
            return local.astimezone(UTC)
        except (ValueError, OverflowError):
            return None


class Told(NamedTuple):
    """The order of the numbers in the dates of a file, and whether the dates tell it."""

    order: Order
    sure: bool


def written(found: "regex.Match[str]") -> Written | None:
    """Return the date and time that `WHEN` found; None for a time that is none."""
    part = found.groupdict()
    hour = int(part["h"]) if part["h"] else 0
    if part["am1"] or part["am2"]:
        hour %= _HALF_A_DAY
    elif part["pm1"] or part["pm2"]:
        hour = hour % _HALF_A_DAY + _HALF_A_DAY
    minute, second = int(part["m"] or 0), int(part["s"] or 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return Written(int(part["a"]), int(part["b"]), int(part["c"]), part["sep"], hour, minute, second)


def in_cell(text: str) -> Written | None:
    """Return the date that a cell holds in numbers, with or without a time; None for another."""
    found = _CELL.fullmatch(text.strip())
    return written(found) if found else None


def in_24_hours(text: str) -> str:
    """Return a text with its times of twelve hours ("9:30 PM", "9:30 p. m.") as those of twenty-four ("21:30").

    All else stays, as do times that are none of twelve hours ("13:30 PM", "9 PM").
    """
    return _OF_TWELVE.sub(_of_24, text)


def _of_24(found: "regex.Match[str]") -> str:
    hour = int(found[1]) % _HALF_A_DAY + (_HALF_A_DAY if found[3] in "pP" else 0)
    return f"{hour}{found[2]}"


def in_english(text: str) -> str:
    """Return a date in words ("Mi., 4. März 2026") in the words of English ("4 Mar 2026"), single spaces between them.

    Of the names that CLDR has in the languages that lists are read in; a weekday before it, "de" and "th" go.
    """
    months, weekdays = _names()
    words = [one.strip(".,") for one in text.split()]
    keys = list(map(fold, words))
    if keys and keys[0] in weekdays and not months.keys().isdisjoint(keys[1:]):
        words, keys = words[1:], keys[1:]
    kept = (months.get(key, word) for key, word in zip(keys, words, strict=True) if key not in _BETWEEN_WORDS)
    return " ".join(_ORDINAL.sub(r"\1", one) for one in kept if one)


@cache
def _names() -> tuple[Mapping[str, str], frozenset[str]]:
    """Return the English abbreviations of months by their names, and the names of weekdays; folded, without points."""
    months: dict[str, str] = {}
    weekdays: set[str] = set()
    for locale in map(Locale.parse, _LANGUAGES):
        for context, width in product(("format", "stand-alone"), ("wide", "abbreviated")):
            for number, name in locale.months[context][width].items():
                months.setdefault(fold(name).strip("."), _ENGLISH[number - 1])
            weekdays |= {fold(name).strip(".") for name in locale.days[context][width].values()}
    return months, frozenset(weekdays)


def order_of(dates: Iterable[Written]) -> Told:
    """Return the order in which days and months stand in all of these dates, of one file and in its order.

    A number above 12 is a day; where there is none, the order in which the dates go up; else days first, which is not
    sure. Dates with points have days first everywhere, and a year in front has the month behind it.
    """
    found = [one for one in dates if max(one.a, one.b, one.c) > 0]
    plain = [one for one in found if not _is_year(one.a)]
    if not plain:
        return Told("ymd", sure=True)
    if any(one.a > _MONTHS for one in plain):
        return Told("dmy", sure=True)
    if any(one.b > _MONTHS for one in plain):
        return Told("mdy", sure=True)
    if plain[0].separator == ".":
        return Told("dmy", sure=True)
    days_first, months_first = _falls(plain, day_first=True), _falls(plain, day_first=False)
    if days_first != months_first:
        return Told("dmy" if days_first < months_first else "mdy", sure=True)
    return Told("dmy", sure=all(one.a == one.b for one in plain))


def _falls(dates: Sequence[Written], *, day_first: bool) -> int:
    """Return how often a date is before the one above it."""
    keys = [(_full(d.c), *((d.b, d.a) if day_first else (d.a, d.b))) for d in dates]
    return sum(later < earlier for earlier, later in pairwise(keys))


def _is_year(number: int) -> bool:
    return number > _DAYS


def _full(year: int) -> int:
    return year if year > 99 else 2000 + year


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name ("Asia/Kolkata"). Raises ValueError for what is none."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as e:
        raise ValueError(f"expected a time zone such as Asia/Kolkata; got {name!r}") from e
