"""A first look at a text that is costly to read further: does it hold a sign of anything that is watched at all?

[watch] ─▶ WatchedSigns ─▶ Sieve, in whatever process reads the text
"""

import time
from collections.abc import Callable, Collection, Iterable, Sequence

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

    def linked(self, links: Sequence[str]) -> bool:
        """Return whether one of these URLs is a term's account or site."""
        return bool(self._signs.linked(links))

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
                watched = watched_of(record)
                self._noted(record.key, watched)
                new, old = _bare(watched), self._terms.pop(record.key, None)
                if new is not None:
                    self._terms[record.key] = new
                self._is_stale |= new != old

    def _noted(self, key: str, watched: object) -> None:
        """Take note of what came to be watched, or is not any more, under a key."""


class Door:
    """What of a stream is let in, before it is read: all that the winnow would pass, and hardly more.

    `identities` are the keys of all that are watched but names, `always` the sources that pass whatever they say.
    """

    def __init__(self, sieve: Sieve, identities: Collection[str], always: Collection[str]) -> None:
        self._sieve = sieve
        self._identities = identities
        self._always = always
        self._accounts: dict[str, frozenset[str]] = {}
        self._pages: bool | None = None  # whether any page of anybody is watched

    def touches(self, text: str) -> bool:
        """Return whether a sign of a term or a watched name stands in a text."""
        return self._sieve(text)

    def leads(self, links: Sequence[str]) -> bool:
        """Return whether one of these URLs is somebody's who is watched, or a term's account or site."""
        if self._sieve.linked(links):
            return True
        if self._pages is None:
            self._pages = any(one.startswith("web:url:") for one in self._identities)
        return self._pages and any(key in self._identities for key in identities_of_links(links))

    def passes(self, mention: Mention) -> bool:
        """Return whether a mention is let in: by its text, its author, its links or its source."""
        return (
            self.always(mention.source)
            or bool(mention.response)
            or any(key in self._identities for key in identities_of_actor(mention.attributed_to))
            or self.leads(mention.links)
            or self.touches(mention.text)
        )

    def accounts(self, platform: str) -> Collection[str]:
        """Return the native ids of the accounts on a platform that are watched."""
        if platform not in self._accounts:
            begin = f"{platform}:id:"
            of_it = (one.removeprefix(begin) for one in self._identities if one.startswith(begin))
            self._accounts[platform] = frozenset(of_it)
        return self._accounts[platform]

    def always(self, source: str) -> bool:
        """Return whether all that a source says is let in."""
        return source in self._always


class WatchedDoor(WatchedSigns):
    """The door of what is watched, followed on topic `watch`; keeps every identity, some 100 bytes each."""

    def __init__(self, log: Log, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(log, clock)
        self._identities: set[str] = set()
        self._always: set[str] = set()
        self._made: Door | None = None
        self._of: Sieve | None = None

    def door(self) -> Door:
        """Return the door of what is watched now; the same one as long as that stays. Raises FolderDamagedError."""
        sieve = self.sieve()
        if self._made is None or self._of is not sieve:
            self._made, self._of = Door(sieve, self._identities, frozenset(self._always)), sieve
        return self._made

    def _noted(self, key: str, watched: object) -> None:
        kind, _, name = key.partition("/")
        if kind == "identity":
            held = isinstance(watched, Identity) and watched.type != "name"
            (self._identities.add if held else self._identities.discard)(name)
            self._made = None
        elif kind == "source":
            always = isinstance(watched, WatchedSource) and watched.always
            (self._always.add if always else self._always.discard)(name)
            self._made = None


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
