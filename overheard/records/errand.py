"""An errand: one-off work that somebody asks of whoever polls; and how far that has come."""

from typing import Literal

from overheard.records.base import Record, Time


class Errand(Record, frozen=True, kw_only=True):
    """What is asked, on `errands`. `id` is its key there; a tombstone withdraws it.

    "webmention": ask for the page at `url`, which is said to link to `target`. "back-fill": ask for what was published
    from `start` until before `end` (None: without a bound), beginning at `url`, or where the source begins if that is
    "". `source` is the configured name of the source that reads what comes.
    """

    id: str
    kind: Literal["webmention", "back-fill"]
    source: str
    url: str = ""
    target: str = ""
    start: Time | None = None
    end: Time | None = None
    at: Time


class ErrandState(Record, frozen=True, kw_only=True):
    """How far an errand has come, on `poll-state` under `errand/<id>`; written by whoever polls alone.

    "waiting": it goes on at `due`, at `url`; "done", and then `ended` says how in words; "failed" or "refused" for
    good, and then `problem` says why. While it waits `problem` is why the last of `attempts` in a row did not come
    well. `pages` were read, with `mentions` that were new, `known` ones, and others `outside` of the range or without a
    date; `oldest` is the oldest date seen. `shown` are digests of what the last pages held, `todo` addresses to go on
    at when no older page is named. `at` is when this was written. What is written to `errands` again later than that,
    once it is over, is done again.
    """

    state: Literal["waiting", "done", "failed", "refused"] = "waiting"
    attempts: int = 0
    due: Time | None = None
    url: str = ""
    pages: int = 0
    mentions: int = 0
    known: int = 0
    outside: int = 0
    oldest: Time | None = None
    shown: tuple[str, ...] = ()
    todo: tuple[str, ...] = ()
    problem: str = ""
    ended: str = ""
    at: Time
