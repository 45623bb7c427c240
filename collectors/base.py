"""The seam of a source: what is polled, and how the bytes that came become mentions.

Knows neither the network nor the log: a source says where to ask and reads what came; `poll` does the rest.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from overheard.records import Fetch, Mention


@dataclass(frozen=True, slots=True)
class Rejected:
    """One entry that could not be used.

    `where` names feed, entry and field; `message` what was expected, what came, what to do. `digest` stands for the
    entry as it came, so that the same bad entry in the next poll is known.
    """

    where: str
    message: str
    digest: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source read from one fetch; all of it may be empty.

    `mentions` have distinct ids; `repeated` counts entries that were older copies of one of them. `ttl` is the pause
    between two polls that the source itself asks for, None where it does not.
    """

    mentions: tuple[Mention, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    repeated: int = 0
    ttl: timedelta | None = None


class Source(Protocol):
    """Something to poll. Implementations are frozen, picklable values; `feeds.Feed` is one.

    The cursor of a source whose every answer is complete (a feed) is HTTP's own, and kept by `poll`.
    """

    @property
    def name(self) -> str:
        """The configured name: key of its poll state, `Mention.source` of its mentions."""
        ...

    @property
    def url(self) -> str:
        """Where to ask."""
        ...

    @property
    def interval(self) -> timedelta | None:
        """The configured pause between two polls; None: the default."""
        ...

    def read(self, fetch: Fetch) -> Reading:
        """Return the mentions in a fetch of this source. Pure: the same fetch gives the same reading.

        Raises InputError where the body as a whole cannot be read.
        """
        ...
