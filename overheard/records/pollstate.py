"""What collectors remember between two polls: of a source, of a host, of a mention. Kept on `poll-state`."""

import msgspec

from overheard.records.base import Record, Time
from overheard.records.mention import Mention


class Rhythm(Record, frozen=True, kw_only=True):
    """How a source posts, in a few numbers that fade with time; `overheard.collectors.polling.rhythm` makes them.

    `until` is when it was looked at last, `last` when its newest entry appeared. `events` is the number of entries in
    `exposure` hours, both faded. Of the gaps between entries that were not posted in one go, in hours: `gaps` how many
    count, `gap` and `spread` mean and variance of their natural logarithms, `longest` the longest one, fading within a
    year. `again` is the share of entries that another one followed within three hours. `hours` (48 half hours of
    the day, UTC) and `days` (7, from Monday) are how many entries fell there, in hundredths; empty where nothing is
    known. `held` is how many entries the source shows at once, 0 for unknown.
    """

    until: Time
    last: Time | None = None
    events: float = 0.0
    exposure: float = 0.0
    gaps: float = 0.0
    gap: float = 0.0
    spread: float = 0.0
    longest: float = 0.0
    again: float = 0.0
    hours: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    held: int = 0


class Followed(Record, frozen=True, kw_only=True):
    """What else is asked in the polls of a source, as its last reading named it, and what came of it.

    `purpose`, `about`, `changed`, `since` and `whole`: `overheard.collectors.base.Further`. `etag` and `last_modified`
    are byte for byte what the server sent, as Latin-1; `body` the digest of the last body that was read. It is asked in
    a poll from `due` on, None for not before the source names a later `changed`. `failures` in a row. `reached` is the
    newest time on it as it was read last, page by page; None where it never was.
    """

    url: str
    purpose: str
    about: Mention | None = None
    changed: Time | None = None
    since: Time
    etag: str = ""
    last_modified: str = ""
    body: str = ""
    due: Time | None = None
    failures: int = 0
    reached: Time | None = None
    whole: bool = False


class Streamed(Record, frozen=True, kw_only=True):
    """How a source does that is connected to and tells by itself what is said.

    `connected` is since when it is, None where it is not; `opened` how often it was connected to since `began`. Of
    what it told, `read` posts were looked at and `passed` were let in; `heard` is when it told something last, and
    `reached` the time of the newest thing that it told. `gap` says what it could not tell any more, seen at `gap_at`;
    somebody was told of such a thing last at `gap_told`.
    """

    began: Time
    connected: Time | None = None
    opened: int = 0
    read: int = 0
    passed: int = 0
    heard: Time | None = None
    reached: Time | None = None
    gap: str = ""
    gap_at: Time | None = None
    gap_told: Time | None = None


class PollState(Record, frozen=True, kw_only=True):
    """Where one source stands (key: its name), or one host that is to be left alone (key: `host/<domain>`).

    `configured` is the URL as the settings had it; `url` the one to ask, which differs after a permanent redirect;
    `moved_to` a permanent redirect seen in the last `moved_seen` answers, not yet trusted. `etag` and `last_modified`
    are byte for byte what the server sent, as Latin-1. `body` is the digest of the last body that was read. `ttl` is
    what the source itself asks for between two polls, in seconds; `skip_hours` (0 to 23, UTC) and `skip_days` (0 is
    Monday) when it wants none. `failures` in a row, `status` (0: no answer) and `error` (empty: none) are of the last
    attempt, and `peace` is until when that asked to be left alone; `succeeded` is the last one that worked. `rhythm` is
    None until the first one did.

    Whether its validators are to be believed: `honoured` is the last 304 to them, `unmodified` how many came in a row,
    `sampled` when a body came last; `sample` has the next request go without them, to look, after `samples` such looks.
    `doubted`: the look found something new under other validators, so the old ones are sent once more, and a 304 then
    is a lie. They are not used until `distrusted`, which grows with the number of `lies`.

    `outcome` is what the last attempt came to ("fetched", "unmodified", "soft", "hard", "refused", "unreadable"; "" for
    none). `requests` were sent for it since `began`. `told` is the trouble that was told last and is not over, told at
    `told_at` (None: known, and not worth telling). `looks` entries may be gone, and their pages are to be looked at.

    `followed` is what else its polls ask; `options` the digest of the options that its last answer was read with.
    `held` are the fetches (partition/offset on `fetches`) of a poll that is not over, whose entries wait for the text
    of their pages.

    `reached` is how far its posts were read, the newest time of the last poll that read all its pages. `cursor` is
    where a stream goes on, in words of its own. `spending` are the units of its budget that were used, by month
    ("2026-11", UTC). `note` says what the last poll could not do though it worked, "" for nothing; `cut` after what the
    last body that was read breaks off, "" where it came whole.

    `stream` is how a source does that tells by itself, None of all others; of it `polled` is when it was connected to.

    Of an account (key: `budget/<account>`), whose sources share one budget: `spending`; `began`, since when it is used,
    None where nobody knows; `told` are the marks that were told of the period.

    Of a host: `next_due`; `welcomed` is when it last answered well, `refusals` when it last refused which source since
    then; `refused_runs` how many runs of refusals it had, the last at `refused`; `error` is why it is left alone.
    """

    configured: str = ""
    url: str = ""
    moved_to: str = ""
    moved_seen: int = 0
    etag: str = ""
    last_modified: str = ""
    body: str = ""
    ttl: int = 0
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    next_due: Time
    polled: Time | None = None
    succeeded: Time | None = None
    failures: int = 0
    status: int = 0
    error: str = ""
    rhythm: Rhythm | None = None
    honoured: Time | None = None
    unmodified: int = 0
    sampled: Time | None = None
    sample: bool = False
    samples: int = 0
    doubted: bool = False
    distrusted: Time | None = None
    lies: int = 0
    followed: tuple[Followed, ...] = ()
    options: str = ""
    welcomed: Time | None = None
    refusals: dict[str, Time] = msgspec.field(default_factory=dict)
    refused: Time | None = None
    refused_runs: int = 0
    outcome: str = ""
    requests: int = 0
    began: Time | None = None
    told: str = ""
    told_at: Time | None = None
    looks: int = 0
    held: tuple[str, ...] = ()
    reached: Time | None = None
    cursor: str = ""
    spending: dict[str, int] = msgspec.field(default_factory=dict)
    stream: Streamed | None = None
    note: str = ""
    cut: str = ""
    peace: Time | None = None


class Revision(Record, frozen=True, kw_only=True):
    """The newest revision of a mention that was published, and who said what of it (key: `revision/<mention id>`).

    `hashes`: content hash by source. Two feeds may carry one article in two wordings; each is compared with its own
    last one, so they do not publish in turn for ever. `deleted` is the version at which it was deleted last, None for
    never: it is gone where no revision is newer. `same_as`: this is the id of another address of that mention.
    """

    hashes: dict[str, str]
    revision: int
    first_seen: Time
    deleted: int | None = None
    same_as: str = ""


class Robots(Record, frozen=True, kw_only=True):
    """What the robots.txt of an origin says to us (key: `robots/<scheme>://<host:port>`).

    `text` has the groups that concern us and no more; empty: everything may be asked. `at` is when it was had. Where it
    could not be had, `error` says why; `since` is when that began, and until it can be had nothing may be asked.
    """

    text: str = ""
    at: Time
    error: str = ""
    since: Time | None = None


class ShownEntry(Record, frozen=True, kw_only=True):
    """An entry that a source showed: the id of its mention, its page, and when it was published (s since 1970)."""

    id: str
    url: str = ""
    at: int | None = None


class Shown(Record, frozen=True, kw_only=True):
    """What a source showed last, in its order, and what went missing there (key: `shown/<name>`).

    `missing` are entries that may have been deleted; `looks` how often the page of each was looked at, by id. Those in
    `looks` that are not `missing` any more were found to be there.
    """

    entries: tuple[ShownEntry, ...] = ()
    missing: tuple[ShownEntry, ...] = ()
    looks: dict[str, int] = {}
