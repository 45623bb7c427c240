"""Dates as feeds write them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from feedparser.datetimes import _parse_date

_MONTHS = {
    name: i
    for i, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_RFC_822 = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun), +)?(\d\d?) ([a-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) "
    r"(?:gmt|utc?|z|([+-])(\d\d)(\d\d))",
    re.IGNORECASE | re.ASCII,
)
_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))?", re.IGNORECASE | re.ASCII
)


def moment(written: Any) -> datetime | None:
    """Return a date of RSS or Atom in UTC, to the second; None for what is none. Without a zone it is UTC.

    The two forms of the standards are read here; the many others that feeds hold, feedparser knows.
    """
    if not isinstance(written, str) or not (written := written.strip()):
        return None
    try:
        if match := _RFC_3339.fullmatch(written):
            year, month, day, hour, minute, second, sign, hours, minutes = match.groups()
            number = int(month)
        elif match := _RFC_822.fullmatch(written):
            day, name, year, hour, minute, second, sign, hours, minutes = match.groups()
            number = _MONTHS[name.lower()]
        else:
            return _from_feedparser(written)
        at = datetime(int(year), number, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        if not sign:
            return at
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return at - offset if sign == "+" else at + offset
    except (ValueError, KeyError, OverflowError):
        return _from_feedparser(written)


def _from_feedparser(written: str) -> datetime | None:
    # Longer than any date, and its patterns take their time.
    parsed = _parse_date(written) if len(written) <= 200 else None
    if parsed is None:
        return None
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None
