"""Where the older entries of a feed are that does not say so: by the program that made it. Pure."""

import re
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from overheard.collectors.base import Reading
from overheard.records import Fetch

# What WordPress writes into every feed, and sends with every answer; it pages each of them by `paged`.
_WORDPRESS = re.compile(
    rb"<generator[^>]*>\s*(?:<!\[CDATA\[)?\s*https?://(?:www\.)?wordpress\.(?:org|com)\b", re.IGNORECASE
)
_API = "https://api.w.org/"
_HEAD = 20_000


def with_older_page(fetch: Fetch, reading: Reading) -> Reading:
    """Return the reading of a feed with the address of its next older page, where its program is known to have one."""
    if not reading.mentions or not (_WORDPRESS.search(fetch.body[:_HEAD]) or _API in fetch.headers.get("link", "")):
        return reading
    try:
        parts = urlsplit(fetch.final_url or fetch.url)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return reading
    number = next((value for name, value in query if name == "paged"), "1")
    if not (number.isascii() and number.isdigit() and len(number) < 7):
        return reading
    kept = [(name, value) for name, value in query if name != "paged"]
    asked = urlencode([*kept, ("paged", str(max(int(number), 1) + 1))])
    return replace(reading, next_page=urlunsplit((parts.scheme, parts.netloc, parts.path, asked, "")))
