"""What collectors remember between two polls: of a source, of a host, of a mention. Kept on `poll-state`."""

from overheard.records.base import Record, Time


class PollState(Record, frozen=True, kw_only=True):
    """Where one source stands (key: its name), or one host that asked to be left alone (key: `host/<domain>`).

    `configured` is the URL as the settings had it; `url` the one to ask, which differs after a permanent redirect;
    `moved_to` a permanent redirect seen in the last `moved_seen` answers, not yet trusted. `etag` and `last_modified`
    are byte for byte what the server sent, as Latin-1. `body` is the digest of the last body that was read. `ttl` is
    what the source itself asks for between two polls, in seconds. `failures` in a row, `status` (0: no answer) and
    `error` (empty: none) are of the last attempt; `succeeded` is the last one that worked. Of a host only `next_due`
    has a meaning.
    """

    configured: str = ""
    url: str = ""
    moved_to: str = ""
    moved_seen: int = 0
    etag: str = ""
    last_modified: str = ""
    body: str = ""
    ttl: int = 0
    next_due: Time
    polled: Time | None = None
    succeeded: Time | None = None
    failures: int = 0
    status: int = 0
    error: str = ""


class Revision(Record, frozen=True, kw_only=True):
    """The newest revision of a mention that was published, and who said what of it (key: `revision/<mention id>`).

    `hashes`: content hash by source. Two feeds may carry one article in two wordings; each is compared with its own
    last one, so they do not publish in turn for ever.
    """

    hashes: dict[str, str]
    revision: int
    first_seen: Time
