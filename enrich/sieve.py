"""A first look at a text that is costly to read further: does it hold a sign of anything that is watched at all?

[watch] ─▶ WatchedSigns ─▶ Sieve, in whatever process reads the text
"""

import time
from collections.abc import Callable, Iterable

from overheard.enrich.watch import watched_of
from overheard.enrich.winnow import MAX_CHARACTERS, TermSigns
from overheard.identities import identities_of_actor, identities_of_links
from overheard.log.base import Log
from overheard.records import Identity, Mention, Term, WatchedSource

_CHUNK = 1_000
# Longer than any alias: what a text is cut at stands whole in one of two pieces.
_OVERLAP = 1_000
# To build one takes 10 s for a million names: no more than a tenth of the time goes into that.
_SHARE = 10


class Sieve:
    """Says whether a sign of a term or a watched name stands in a text, whatever else must hold for it to count.

    By whole words, as the winnow reads them. Immutable; another process gets the terms, and builds it anew.
    """

    def __init__(self, terms: Iterable[Term] = ()) -> None:
        self._terms = tuple(terms)
        self._signs = TermSigns(self._terms, wordy=False)

    def __call__(self, text: str) -> bool:
        """Return whether a sign stands in the text, however long it is."""
        step = MAX_CHARACTERS - _OVERLAP
        return any(self._signs.touches(text[at : at + MAX_CHARACTERS]) for at in range(0, max(len(text), 1), step))

    def __reduce__(self) -> tuple[type["Sieve"], tuple[tuple[Term, ...]]]:
        return Sieve, (self._terms,)


class WatchedSigns:
    """The signs of all that is watched, followed on topic `watch`. Owned by one thread; raises what the log raises.

    Keeps terms and watched names; other identities are looked up when they are asked for. `clock` counts seconds.
    """

    def __init__(self, log: Log, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._offset = log.span("watch", 0)[0]
        self._terms: dict[str, Term] = {}
        self._sieve = Sieve()
        self._is_stale = False
        self._rest_until = 0.0

    def sieve(self) -> Sieve:
        """Return the sieve of what is watched now; the same one as long as that stays. Raises FolderDamagedError.

        A large one that was built just now is kept a while, whatever changes.
        """
        self._follow()
        if self._is_stale and (began := self._clock()) >= self._rest_until:
            self._sieve = Sieve(self._terms.values())
            self._is_stale = False
            ended = self._clock()
            self._rest_until = ended + _SHARE * (ended - began)
        return self._sieve

    def passes(self, mention: Mention) -> bool:
        """True where a mention passes whatever its text says: by its source, its author or an identity that it links.

        Raises FolderDamagedError.
        """
        found = (*identities_of_actor(mention.attributed_to), *identities_of_links(mention.links))
        keys = [f"source/{mention.source}", *(f"identity/{key}" for key in found)]
        return any(
            isinstance(one, Identity) or (isinstance(one, WatchedSource) and one.always)
            for one in map(watched_of, self._log.latest("watch", keys).values())
        )

    def _follow(self) -> None:
        while records := self._log.read("watch", 0, self._offset, _CHUNK):
            for record in records:
                self._offset = record.offset + 1
                new, old = _bare(watched_of(record)), self._terms.pop(record.key, None)
                if new is not None:
                    self._terms[record.key] = new
                self._is_stale |= new != old


def _bare(watched: object) -> Term | None:
    """Return the signs of what is watched as a term, without what says when they count; None for what has none."""
    if isinstance(watched, Term):
        return Term(
            id=watched.id,
            kind=watched.kind,
            aliases=watched.aliases,
            handles=watched.handles,
            domains=watched.domains,
        )
    if isinstance(watched, Identity) and watched.type == "name":
        return Term(id=watched.key, kind="category", aliases=(watched.value,))
    return None
