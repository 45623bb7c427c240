"""What the tests of events share: a small world of mentions and decisions, and its events worked out the plain way."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

from overheard.matcher.events import near
from overheard.matcher.events.events import SCHEMA, WITHIN, EventInfo, Events, Filed
from overheard.matcher.events.threads import thread_keys
from overheard.matcher.identity.clusters import Edge, clusters
from overheard.matcher.identity.decisions import Decisions
from overheard.matcher.names.text import tokens
from overheard.records import Decision, DecisionVerb, Mention, incident_id, mention_id, sort_key
from overheard.text import fold
from tests.matcher.worlds import NOW


def men(name: str) -> str:
    return mention_id("forum", name)


def inc(name: str) -> str:
    return incident_id(men(name))


def post(name: str, text: str, *, days: float = 0.0, **fields: Any) -> Mention:
    """A post that was made so many days after `NOW`."""
    at = NOW + timedelta(days=days)
    return Mention(
        id=men(name), platform="forum", native_id=name, source="forum", content=text, first_seen=at, **fields
    )


def decision(
    number: str, verb: DecisionVerb, left: str, right: str = "", *, by: str = "asha", at: datetime = NOW
) -> Decision:
    return Decision(id=f"dec_{number}", verb=verb, left=left, right=right, by=by, at=at)


def key(mention: Mention) -> int:
    return sort_key(mention.id, mention.published, mention.first_seen)


def words(mention: Mention) -> list[str]:
    return tokens(fold(mention.text))


class Stream:
    """Events on a database of their own, fed as the ledger feeds them: in batches, each name under one number."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        for statement in SCHEMA.split(";"):
            self.connection.execute(statement)
        self.decisions = Decisions()
        self.mentions: dict[int, Mention] = {}
        self.numbers: dict[str, int] = {}
        self.open()

    def open(self) -> None:
        """Begin anew on what is written."""
        self.events = Events(self.connection, self.decisions, stored=self._stored, number=self._number)

    def _stored(self, num: int) -> Filed:
        mention = self.mentions[num]
        return Filed(mention.id, key(mention), words(mention), not mention.channel)

    def _number(self, mention: str) -> int | None:
        num = self.numbers.get(mention)
        return num if num in self.mentions else None

    def take_in(self, batch: Iterable[Mention | Decision | str], *, forget: bool = False) -> set[int]:
        """Take in mentions, decisions and ids of what is deleted, as one batch; return what `changed` does."""
        former: dict[int, Mention | None] = {}
        said: dict[str, Decision | None] = {}
        decided: set[str] = set()
        for one in batch:
            if isinstance(one, Decision):
                said.setdefault(one.id, self.decisions.get(one.id))
                decided |= self._sides(self.decisions.get(one.id)) | self._sides(one)
                self.decisions.put(one.id, one)
                decided |= self._sides(one)
                continue
            id_ = one if isinstance(one, str) else one.id
            num = self.numbers.setdefault(id_, len(self.numbers) + 1)
            former.setdefault(num, self.mentions.get(num))
            if isinstance(one, str):
                self.mentions.pop(num, None)
            else:
                self.mentions[num] = one
        for num, old in former.items():
            if old is not None:
                self.events.unfile(num, old, key(old), words(old))
            if (new := self.mentions.get(num)) is not None:
                self.events.file(num, new, key(new), words(new))
        self.events.decided(decided)
        changed = self.events.changed()
        if forget:
            self.events.forget()
            for num, old in former.items():
                self.mentions.pop(num, None)
                if old is not None:
                    self.mentions[num] = old
            for id_, kept in said.items():
                self.decisions.put(id_, kept)
        else:
            self.events.write(self.connection)
            self.events.forget()
        return changed

    def _sides(self, one: Decision | None) -> set[str]:
        about = self.decisions.subject_of(one) if one else None
        return {about.left, about.right} if about else set()

    def infos(self) -> dict[str, EventInfo]:
        """The event of each mention that stands."""
        return {mention.id: self.events.of(num) for num, mention in self.mentions.items()}

    def events_of(self) -> set[frozenset[str]]:
        """The incidents of each event of several members, as its head lists them."""
        return {frozenset(info.members) for info in self.infos().values() if info.members}

    def of(self, name: str) -> EventInfo:
        return self.events.of(self.numbers[men(name)])

    def close(self) -> None:
        self.connection.close()


def stream() -> closing[Stream]:
    """Events that are closed at the end of a `with`."""
    return closing(Stream())


def worked_out(mentions: Iterable[Mention], decisions: Decisions) -> dict[str, tuple[str, tuple[str, ...], int]]:
    """The event, members and count of each mention, by the definition and nothing else."""
    standing = sorted(mentions, key=key)
    shingles = {one.id: near.shingles(words(one)) for one in standing}
    lying: dict[tuple[str, Any], list[Mention]] = {}
    for one in standing:
        for name in thread_keys(one):
            lying.setdefault(("thread", name), []).append(one)
        for band in near.bands(shingles[one.id]):
            lying.setdefault(("near", band), []).append(one)
    edges = set()
    for (kind, _), line in lying.items():
        for a, b in pairwise(line):
            alike = near.jaccard(shingles[a.id], shingles[b.id]) if kind == "near" else 1.0
            apart = timedelta(milliseconds=(key(b) >> 21) - (key(a) >> 21))
            if apart <= WITHIN and alike >= near.LIKENESS:
                ends = sorted((incident_id(a.id), incident_id(b.id)))
                edges.add(Edge(ends[0], ends[1], (2 if kind == "near" else 1, 0, -alike), kind))
    apart_pairs = []
    for a, b in combinations(standing, 2):
        both = [one for one in (decisions.on(a.id, b.id), decisions.on(b.id, a.id)) if one is not None]
        said = max(both, key=lambda one: (one.at, one.id), default=None)
        ends = sorted((incident_id(a.id), incident_id(b.id)))
        if said is not None and said.verb == "same":
            newer = -((said.at - NOW) // timedelta.resolution)
            edges.add(Edge(ends[0], ends[1], (0, newer, -1.0), "person"))
        elif said is not None and said.verb == "not the same":
            apart_pairs.append((ends[0], ends[1]))
    found = clusters([incident_id(one.id) for one in standing], edges, apart_pairs)
    place = {incident_id(one.id): i for i, one in enumerate(standing)}
    infos: dict[str, tuple[str, tuple[str, ...], int]] = {}
    for group in found.groups:
        members = tuple(sorted(group, key=place.__getitem__))
        for incident in group:
            info = (min(group), (), 0) if incident != min(group) else (incident, members, len(members))
            infos[standing[place[incident]].id] = info if len(members) > 1 else ("", (), 0)
    return infos
