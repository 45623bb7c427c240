"""How the sources are asked that are not asked over HTTP: mailboxes, and files laid down on this machine."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from overheard.collectors.base import Source
from overheard.collectors.fetching.fetch import Beside, Limits
from overheard.collectors.laid.laid import Files, Laid
from overheard.collectors.mail.imap import Imap
from overheard.collectors.mail.mailbox import Mailbox


def mailboxes_in(sources: Sequence[Source]) -> tuple[Mailbox | Laid, ...]:
    """Return the mailboxes and laid-down files among the sources."""
    return tuple(one for one in sources if isinstance(one, Mailbox | Laid))


def asked_beside(sources: Sequence[Source], limits: Limits, clock: Callable[[], datetime]) -> Mapping[str, Beside]:
    """Return how each source is asked that is not asked over HTTP, by its name."""
    return {
        one.name: Files(one, limits, clock) if isinstance(one, Laid) else Imap(one, limits, clock)
        for one in mailboxes_in(sources)
    }
