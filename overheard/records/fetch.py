"""A fetch: bytes and headers as received, kept so that every mention can be read again from them."""

from overheard.records.base import Record, Time
from overheard.records.mention import Mention


class Fetch(Record, frozen=True, kw_only=True):
    """One HTTP response, its body capped in size. `headers` are lower-case; cookies are never kept.

    `purpose` is what the source asked for: "" is the source itself, "page" the page of one of its posts, which `about`
    holds as the source gave it. `errand` is the id of the errand that it was made for, "" for none. `withheld` says by
    whose policy the bytes are not kept; "" where they are.
    """

    id: str
    source: str
    url: str
    final_url: str
    status: int
    headers: dict[str, str] = {}
    body: bytes = b""
    at: Time
    purpose: str = ""
    about: Mention | None = None
    errand: str = ""
    withheld: str = ""
