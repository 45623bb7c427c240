"""Text from outside as it is shown in a message: one line, bounded, without tricks."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from overheard.wording import Locale, number

# Controls, marks that turn the direction of writing, invisible tag characters, lone surrogates, and what XML 1.0 cannot
# hold. Joiners stay: words of Indic scripts and emoji are written with them.
_UNSAFE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
MOST_TEXT = 500
MOST_NAME = 120
MOST_URL = 2_048


def shown(text: str, most: int = MOST_TEXT) -> str:
    """Return `text` on one line of at most `most` characters, without what could turn or break the page."""
    # What is cut off need not be looked at: a word may be a million characters long.
    line = " ".join(_UNSAFE.sub("", text[: 4 * most]).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def web_address(url: str) -> str:
    """Return `url` if it may stand as a link: http or https, with a host, without spaces, not too long. Else ""."""
    if len(url) > MOST_URL or _UNSAFE.search(url) or len(url.split()) != 1:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""


@dataclass(frozen=True, slots=True)
class English:
    """The locale where none is given: English, in UTC."""

    language: str = "en"
    region: str = ""
    time_zone: str = "UTC"


ENGLISH = English()


def counted(count: int, one: str, many: str, locale: Locale) -> str:
    """Return "1 post" or "3 posts"."""
    return f"{number(count, locale)} {one if count == 1 else many}"
