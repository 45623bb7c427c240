"""What was pushed to a source: each delivery, to know it when it comes again, and how it goes altogether."""

from overheard.records.base import Record, Time


class Pushed(Record, frozen=True, kw_only=True):
    """A delivery that was taken (key: `pushed/<digest of source and body>` on `pushed`).

    `event` is the last one that came with this body, `fetch` the id under which it was kept.
    """

    source: str
    event: str
    fetch: str
    at: Time


class PushState(Record, frozen=True, kw_only=True):
    """How pushing to a source goes (key: `pushed/<name>` on `poll-state`).

    `taken` deliveries were kept, the last at `last`; `idle` told of nothing that anybody said, `repeated` were known.
    `refused` did not show who sent them, or could not be read, the last at `refused_at` for `problem`.
    """

    began: Time
    taken: int = 0
    idle: int = 0
    repeated: int = 0
    last: Time | None = None
    refused: int = 0
    refused_at: Time | None = None
    problem: str = ""
