"""A fetch: bytes and headers as received, kept so that every mention can be read again from them."""

from overheard.records.base import Record, Time


class Fetch(Record, frozen=True, kw_only=True):
    """One HTTP response, its body capped in size. `headers` are lower-case; cookies are never kept."""

    id: str
    source: str
    url: str
    final_url: str
    status: int
    headers: dict[str, str] = {}
    body: bytes = b""
    at: Time
