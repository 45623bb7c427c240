"""Amounts of money and days as people write them in lists, read by rules that never guess. Pure."""

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal

from babel.numbers import is_currency

# Names of currencies -> ISO 4217. A bare $ is the default currency's where that is a dollar.
_SYMBOLS = {
    "₹": "INR", "rs": "INR", "re": "INR", "inr": "INR", "रु": "INR", "रुपये": "INR", "€": "EUR", "£": "GBP",
    "us$": "USD", "$": "USD", "usd": "USD", "a$": "AUD", "c$": "CAD", "s$": "SGD", "hk$": "HKD", "nz$": "NZD",
    "元": "CNY", "₩": "KRW", "₽": "RUB", "₺": "TRY", "฿": "THB", "₫": "VND", "₦": "NGN", "৳": "BDT",
}  # fmt: skip
_UNITS = {
    "k": 3, "thousand": 3, "हज़ार": 3, "हजार": 3, "lakh": 5, "lakhs": 5, "lac": 5, "lacs": 5, "l": 5, "लाख": 5,
    "million": 6, "millions": 6, "mn": 6, "mio": 6, "crore": 7, "crores": 7, "cr": 7, "करोड़": 7, "करोड": 7,
    "billion": 9, "billions": 9, "bn": 9,
}  # fmt: skip
_NUMBER = re.compile(r"\d[\d.,]*")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?")  # 1,250 and 1,25,000.50
_POINTS = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}")  # 1.250,50 and 1.250.000
_PLAIN = re.compile(r"\d+(?:\.\d+)?")
_COMMA = re.compile(r"\d+,\d{1,2}")  # 1250,5
_EITHER = re.compile(r"[1-9]\d{0,2}\.\d{3}")  # 1.250: a thousand and some, or one and a quarter
_SPACES_IN = re.compile(r"(?<=\d)[\s\u00a0\u202f'’](?=\d{3}(?!\d))")
_MOST_DIGITS = 20

# Where a day is written month first.
_MONTH_FIRST = frozenset({"US", "PH", "PR", "GU"})
_DAY = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})(?:[T ,].{0,30})?")
_NAMED = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%d %b %y", "%b %Y", "%B %Y")


def read_amount(text: str, currency: str = "") -> tuple[str, str]:
    """Return (decimal number as text, ISO 4217) of an amount such as "₹ 1.25 lakh", "1,25,000.50" or "(EUR 500)".

    `currency` is that of amounts that name none. Digits of any script; a minus sign or brackets make it negative; lakh,
    crore, thousand, million and billion multiply. A comma before groups of digits that end with three is a separator,
    before one or two digits at the end a decimal mark. Raises ValueError, with what was expected, for what can be read
    in two ways ("1.250") or is no amount.
    """
    plain = "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in text).strip().casefold()
    negative = plain.startswith(("-", "−")) or (plain.startswith("(") and plain.endswith(")"))
    plain = plain.removesuffix("/-")  # as rupees are written: 500/-
    plain = _SPACES_IN.sub("", plain.strip("()-− "))
    found = _NUMBER.search(plain)
    if found is None:
        msg = "expected an amount such as 1,25,000.50 or ₹ 1.25 lakh"
        raise ValueError(msg)
    unit, named = 0, ""
    for word in re.findall(r"[^\s\d.,−-]+", f"{plain[: found.start()]} {plain[found.end() :]}"):
        if word in _UNITS and not unit:
            unit = _UNITS[word]
        elif not named:
            named = _currency(word, currency)
        else:
            msg = (
                f"expected a number with at most a currency and lakh, crore, thousand or million; got {word!r} as well"
            )
            raise ValueError(msg)
    value = _value(found[0].rstrip(".,")).scaleb(unit)
    if len(f"{value:f}".partition(".")[0]) > _MOST_DIGITS or len(f"{value:f}".partition(".")[2]) > 10:
        msg = f"expected at most {_MOST_DIGITS} digits and 10 after the point"
        raise ValueError(msg)
    shown = f"{value:f}"
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return ("-" if negative and shown != "0" else "") + shown, named or currency


def _currency(word: str, default: str) -> str:
    if word == "$" and default in ("AUD", "CAD", "SGD", "HKD", "NZD"):
        return default
    code = _SYMBOLS.get(word.rstrip("."), word.upper())
    if not (len(code) == 3 and code.isascii() and is_currency(code)):
        msg = f"expected a currency such as INR, ₹ or USD, or one of lakh, crore, thousand, million; got {word!r}"
        raise ValueError(msg)
    return code


def read_currency(text: str, default: str = "") -> str:
    """Return the ISO 4217 code that a cell names by code or symbol. Raises ValueError for what is none."""
    return _currency(text.strip().casefold().rstrip("."), default)


def _value(digits: str) -> Decimal:
    if _EITHER.fullmatch(digits):
        msg = f"expected an amount that can be read in one way: {digits}0 or {digits.replace('.', '')}"
        raise ValueError(msg)
    if _GROUPED.fullmatch(digits):
        return Decimal(digits.replace(",", ""))
    if _POINTS.fullmatch(digits):
        return Decimal(digits.replace(".", "").replace(",", "."))
    if _COMMA.fullmatch(digits):
        return Decimal(digits.replace(",", "."))
    if _PLAIN.fullmatch(digits):
        return Decimal(digits)
    msg = f"expected digits grouped as 1,25,000.50, 125,000.50 or 125.000,50; got {digits!r}"
    raise ValueError(msg)


def read_day(text: str, region: str = "") -> date:
    """Return the day in "2026-11-21", "21/11/2026", "21-Nov-2026", "Nov 21, 2026" or "Nov 2026" (its first day).

    Day first, but in the regions that write the month first; a number above twelve tells by itself. Years of two digits
    are of this century. Raises ValueError for what is no day.
    """
    plain = "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in text).strip()
    try:
        return date.fromisoformat(plain[:10])
    except ValueError:
        pass
    if found := _DAY.fullmatch(plain):
        first, second, third = (int(part) for part in found.groups())
        if len(found[1]) == 4:
            return date(first, second, third)
        month_first = (region in _MONTH_FIRST and first <= 12) or second > 12
        month, day = (first, second) if month_first else (second, first)
        return date(third + 2000 if third < 100 else third, month, day)
    words = " ".join(plain.replace(",", " ").replace("-", " ").replace(".", " ").split())
    for form in _NAMED:
        try:
            return datetime.strptime(words, form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    msg = "expected a day such as 2026-11-21 or 21/11/2026"
    raise ValueError(msg)
