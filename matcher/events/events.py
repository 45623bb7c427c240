"""Events: mentions of one happening, joined by thread, near-duplicate text or a person. A store of the ledger.

    file, unfile ─▶ buckets: one for each thread key, one for each band of the text
    neighbours in a bucket, at most seven days apart ─▶ edges (of texts: where the Jaccard index is high enough)
    a person's "same" ─▶ edges, whatever the time; "not the same" ─▶ pairs to keep apart
    edges ─▶ parts, their components ─▶ where a pair in one is to be kept apart: its groups, by `clusters`

All of it is a function of the sets of mentions and decisions: what comes between two neighbours takes their edge away,
and brings its own. Reads see what is committed and what `changed` has worked out; that waits until `write`.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from overheard.matcher.events import buckets, eventgraph, near
from overheard.matcher.events.buckets import Buckets, Neighbours
from overheard.matcher.events.eventgraph import NEAR, PERSON, THREAD, Edge, EventGraph, Node, Part
from overheard.matcher.events.threads import thread_keys
from overheard.matcher.identity.clusters import Edge as Reason
from overheard.matcher.identity.clusters import clusters
from overheard.matcher.identity.decisions import Decisions, newest
from overheard.records import Decision, Mention, incident_id, is_mention_id

# Posts further apart tell of two happenings: an annual sale has the same text each year.
WITHIN = timedelta(days=7)
# An event shows so many of its members, the first.
MEMBERS = 100

SCHEMA = buckets.SCHEMA + eventgraph.SCHEMA

_WITHIN_MS = WITHIN // timedelta(milliseconds=1)
_MS = 21  # bits of a sort key below the milliseconds (overheard.records.sortkey)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANKS = {PERSON: 0, THREAD: 1, NEAR: 2}  # where a person's "not the same" cuts, the last goes first


class EventInfo(NamedTuple):
    """A mention's event: its id, the smallest incident id of its members; "" where the mention is alone.

    `members` (incident ids in order of `k`, the first `MEMBERS`) and `member_count` stand with the mention of that id;
    elsewhere they are () and 0. `why` are sentences for a person; where it is alone, who has parted it.
    """

    event: str = ""
    members: tuple[str, ...] = ()
    member_count: int = 0
    why: tuple[str, ...] = ()


ALONE = EventInfo()


class Filed(NamedTuple):
    """A stored mention as events need it: its id, its sort key, the tokens of its text, and whether it is public."""

    mention: str
    k: int
    tokens: Sequence[str]
    public: bool = True


class _Post(NamedTuple):
    mention: str
    k: int
    shingles: frozenset[str]
    public: bool


class Events:
    """The events of all stored mentions, by the ledger's number of each. The numbers are names: no order is read off.

    A batch: `unfile` (as it was filed in an earlier batch), then `file`, of each number at most once; `decided`; then
    `changed`, once; then `of`, as often as wanted; then `write`, or at any time `forget`. `stored(num)` returns a
    mention that is filed, `number(id)` the number of one, None where no mention of that id is; both see the batch, and
    so does `decisions`.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        decisions: Decisions,
        *,
        stored: Callable[[int], Filed],
        number: Callable[[str], int | None],
    ) -> None:
        self._connection = connection
        self._decisions = decisions
        self._stored = stored
        self._number = number
        self._buckets = Buckets(connection)
        self._graph = EventGraph(connection)
        self.forget()

    def forget(self) -> None:
        """Forget what waits."""
        self._filed: dict[int, str] = {}
        self._unfiled: set[int] = set()
        self._decided: set[str] = set()
        self._posts: dict[int, _Post] = {}
        self._buckets.forget()
        self._graph.forget()

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what waits, in the transaction that is open; `forget` it once that is committed."""
        self._buckets.write(connection)
        self._graph.write(connection)

    def file(self, num: int, mention: Mention, k: int, tokens: Sequence[str]) -> None:
        """Take in a mention that is new or changed. `tokens` are those of its text (`overheard.matcher.names.text`)."""
        post = _Post(mention.id, k, near.shingles(tokens), not mention.channel)
        self._posts[num] = post
        self._filed[num] = mention.id
        self._buckets.put(num, k, _buckets_of(mention, post.shingles))
        if num not in self._unfiled:
            self._graph.expect(num)

    def unfile(self, num: int, mention: Mention, k: int, tokens: Sequence[str]) -> None:
        """Take out a mention as it was filed."""
        self._unfiled.add(num)
        self._buckets.take(num, k, _buckets_of(mention, near.shingles(tokens)))

    def decided(self, mentions: Iterable[str]) -> None:
        """Note that a decision on these mentions came, changed or went. Of a pair both are to be named."""
        self._decided.update(mentions)

    def of(self, num: int) -> EventInfo:
        """Return the event of a mention."""
        return self._info(self._graph, num)

    def changed(self) -> set[int]:
        """Work out what the batch does, and return those stored mentions beside it whose event is another now."""
        decided = {num for mention in self._decided if (num := self._number(mention)) is not None}
        gone, new = self._change_edges(decided)
        touched = {num for pair in (*gone, *new) for num in pair}
        shrunk = self._change_nodes(touched | decided | self._filed.keys() | self._unfiled)
        parts = self._split(shrunk | set(self._loosened(gone)))
        for a, b in new:
            self._join(a, b)
        # What is filed again may stand at another time, before or after what a person joined it to.
        moved = {other for num in self._filed.keys() & self._unfiled for other, _ in self._graph.adjacent(num)}
        touched |= decided | moved
        parts |= {node.part for num in touched if (node := self._graph.node(num)) is not None}
        candidates = touched | {num for part in parts for num in self._settle(part)}
        batch = self._filed.keys() | self._unfiled
        before = EventGraph(self._connection)
        differ = {num for num in candidates - batch - decided if self._info(before, num) != self.of(num)}
        return differ | (decided - batch)

    # --- edges -------------------------------------------------------------------------------------------------------

    def _change_edges(self, decided: set[int]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Change the edges; return the pairs that lost one and those that got one."""
        graph = self._graph
        gone, new = [], []
        parted, made = self._buckets.difference()
        for neighbours in parted:
            a, b, kind = neighbours.first.num, neighbours.second.num, _kind(neighbours)
            if (edge := graph.adjacent(a).get((b, kind))) is not None:
                graph.set_edge(a, b, kind, edge._replace(buckets=edge.buckets - 1) if edge.buckets > 1 else None)
                gone.append((a, b))
        likeness: dict[tuple[int, int, str], float] = {}  # a text and its copy meet in each of their buckets
        for neighbours in made:
            if (neighbours.second.k >> _MS) - (neighbours.first.k >> _MS) > _WITHIN_MS:
                continue
            pair = neighbours.first.num, neighbours.second.num, _kind(neighbours)
            if pair not in likeness:
                likeness[pair] = self._likeness(*pair)
            if likeness[pair] >= near.LIKENESS:
                a, b, kind = pair
                held = graph.adjacent(a).get((b, kind))
                graph.set_edge(a, b, kind, Edge(held.buckets + 1 if held else 1, likeness[pair]))
                new.append((a, b))
        for num in self._filed.keys() | self._unfiled | decided:
            held_by = {other for other, kind in graph.adjacent(num) if kind == PERSON}
            joined = self._joined(num)
            for other in held_by ^ joined:
                graph.set_edge(num, other, PERSON, Edge(1, 1.0) if other in joined else None)
                (new if other in joined else gone).append((num, other))
        return gone, new

    def _likeness(self, a: int, b: int, kind: str) -> float:
        return near.jaccard(self._post(a).shingles, self._post(b).shingles) if kind == NEAR else 1.0

    def _post(self, num: int) -> _Post:
        """Return a mention that is filed."""
        if (held := self._posts.get(num)) is None:
            filed = self._stored(num)
            held = self._posts[num] = _Post(filed.mention, filed.k, near.shingles(filed.tokens), filed.public)
        return held

    def _joined(self, num: int) -> set[int]:
        """Return the mentions that a person joins this one to; none where it is gone."""
        if num in self._unfiled and num not in self._filed:
            return set()
        mention = self._filed[num] if num in self._filed else self._post(num).mention
        said = self._said(mention)
        if not said:
            return set()
        others = {self._number(other) for other, decision in said.items() if decision.verb == "same"}
        public = self._post(num).public
        # What was said to us alone is never one event with what is public, whatever anybody says.
        return {other for other in others if other is not None and other != num and self._post(other).public == public}

    def _said(self, mention: str) -> dict[str, Decision]:
        """Return what people's newest standing decision is on this mention with each other, named first or second."""
        if not self._decisions.has(mention):
            return {}
        said = {right: one for right, one in self._decisions.of(mention).items() if is_mention_id(right)}
        for left in self._decisions.lefts(mention):
            if is_mention_id(left) and (one := self._decisions.on(left, mention)) is not None:
                said[left] = newest((one, said[left])) or one if left in said else one
        said.pop(mention, None)
        return said

    # --- nodes and parts ---------------------------------------------------------------------------------------------

    def _change_nodes(self, nums: Iterable[int]) -> set[int]:
        """Make nodes of mentions that have edges, and of no others; return the parts that lost one."""
        graph, shrunk = self._graph, set()
        for num in nums:
            node = graph.node(num)
            if not graph.adjacent(num):
                if node is not None:
                    graph.set_node(num, None)
                    shrunk.add(node.part)
                continue
            post = self._post(num)
            apart = any(one.verb == "not the same" for one in self._said(post.mention).values())
            if node is None:
                graph.set_node(num, Node(post.mention, incident_id(post.mention), post.k, num, apart))
                graph.set_part(num, Part(1, incident_id(post.mention), num))
            elif (node.k, node.apart) != (post.k, apart):
                graph.set_node(num, node._replace(k=post.k, apart=apart))
        return shrunk

    def _loosened(self, gone: Iterable[tuple[int, int]]) -> Iterator[int]:
        """Yield the parts of which an edge is gone that nothing near stands in for."""
        for a, b in set(gone):
            node, other = self._graph.node(a), self._graph.node(b)
            if node is not None and other is not None:
                around = {num for num, _ in self._graph.adjacent(a)}
                if b not in around and not any(num in around for num, _ in self._graph.adjacent(b)):
                    yield node.part

    def _split(self, parts: Iterable[int]) -> set[int]:
        """Take apart what is no longer joined in these parts; return what becomes of them."""
        graph, made = self._graph, set()
        for name in set(parts):
            was, nodes = graph.part(name), graph.nodes(name)
            graph.set_part(name, None)
            for component in self._components(nodes):
                called = name if name in component else min(component)
                head, head_num = min((nodes[num].incident, num) for num in component)
                graph.set_part(called, Part(len(component), head, head_num, was is not None and was.cut))
                made.add(called)
                for num in component:
                    if nodes[num].part != called:
                        graph.set_node(num, nodes[num]._replace(part=called))
        return made

    def _components(self, nodes: Iterable[int]) -> Iterator[set[int]]:
        left = set(nodes)
        while left:
            front = [left.pop()]
            component = set(front)
            while front:
                found = {other for other, _ in self._graph.adjacent(front.pop())} & left
                left -= found
                component |= found
                front += found
            yield component

    def _join(self, a: int, b: int) -> None:
        """Make one part of those of two mentions that are joined: the smaller moves."""
        graph = self._graph
        node, other = graph.node(a), graph.node(b)
        if node is None or other is None or node.part == other.part:
            return
        one, two = graph.part(node.part), graph.part(other.part)
        assert one is not None
        assert two is not None
        (small, less), (large, more) = sorted([(node.part, one), (other.part, two)], key=lambda each: each[1].n)
        for num, moving in graph.nodes(small).items():
            graph.set_node(num, moving._replace(part=large))
        head, head_num = min((less.head, less.head_num), (more.head, more.head_num))
        graph.set_part(small, None)
        graph.set_part(large, Part(less.n + more.n, head, head_num, less.cut or more.cut))

    # --- events ------------------------------------------------------------------------------------------------------

    def _settle(self, name: int) -> set[int]:
        """Cut a part where people part it; return the mentions of which the event may be another now."""
        graph = self._graph
        part = graph.part(name)
        if part is None:
            return set()
        pairs = self._apart(graph.nodes(name, apart=True))
        if pairs or part.cut:
            return self._cut(name, part, pairs)
        moved = {num for num in graph.changed_nodes() if (node := graph.node(num)) is not None and node.part == name}
        stored = graph.stored_part(name)
        if stored is None or stored.cut or stored.head != part.head:
            moved |= graph.nodes(name).keys()
        return moved | {part.head_num}

    def _apart(self, nodes: dict[int, Node]) -> set[tuple[str, str]]:
        """Return the pairs of incidents among these nodes that people keep apart."""
        of_mention = {node.mention: node.incident for node in nodes.values()}
        return {
            (incident, of_mention[other])
            for mention, incident in of_mention.items()
            for other, decision in self._said(mention).items()
            if decision.verb == "not the same" and other in of_mention
        }

    def _cut(self, name: int, part: Part, pairs: set[tuple[str, str]]) -> set[int]:
        graph = self._graph
        nodes = graph.nodes(name)
        event_of = dict.fromkeys((node.incident for node in nodes.values()), "")
        heads: set[str] = {part.head}
        if pairs:
            found = clusters(event_of, self._reasons(nodes), pairs)
            event_of = {incident: min(group) for group in found.groups for incident in group}
            heads = set(event_of.values())
        graph.set_part(name, part._replace(cut=bool(pairs)))
        candidates = {num for num, node in nodes.items() if node.incident in heads or node.apart}
        for num, node in nodes.items():
            event = event_of[node.incident]
            if node.event != event:
                graph.set_node(num, node._replace(event=event))
            if (event or part.head) != self._stored_event(num):
                candidates.add(num)
                candidates |= {other for other, _ in graph.adjacent(num)}
        return candidates

    def _stored_event(self, num: int) -> str:
        node = self._graph.stored_node(num)
        part = self._graph.stored_part(node.part) if node and not node.event else None
        return part.head if part else node.event if node else ""

    def _reasons(self, nodes: dict[int, Node]) -> Iterator[Reason]:
        for num, node in nodes.items():
            for (other, kind), edge in self._graph.adjacent(num).items():
                if num < other and other in nodes:
                    newer = 0
                    if kind == PERSON:  # of people's, the newest first
                        newer = (_EPOCH - self._said(node.mention)[nodes[other].mention].at) // timedelta.resolution
                    ends = sorted((node.incident, nodes[other].incident))
                    yield Reason(ends[0], ends[1], (_RANKS[kind], newer, -edge.likeness), kind)

    def _info(self, graph: EventGraph, num: int) -> EventInfo:
        node = graph.node(num)
        part = graph.part(node.part) if node is not None else None
        if node is None or part is None:
            return ALONE
        why = tuple(self._why(graph, num, node))
        event = node.event or part.head
        count = graph.count(node.part, node.event) if part.cut else part.n
        if count == 1:
            return EventInfo(why=why)
        if event != node.incident:
            return EventInfo(event, why=why)
        return EventInfo(event, tuple(graph.first(node.part, node.event, MEMBERS)), count, why)

    def _why(self, graph: EventGraph, num: int, node: Node) -> Iterator[str]:
        """Say what joins a mention to the one before it, else the one after it, by each kind of edge."""
        best: dict[str, tuple[bool, int, Node, Edge]] = {}
        for (other, kind), edge in graph.adjacent(num).items():
            there = graph.node(other)
            if there is not None and (there.part, there.event) == (node.part, node.event):
                later = there.k > node.k
                one = later, there.k if later else -there.k, there, edge
                best[kind] = min(best.get(kind, one), one, key=lambda each: (each[0], each[1], each[2].incident))
        said = self._said(node.mention) if PERSON in best or node.apart else {}
        if PERSON in best and (decision := said.get(best[PERSON][2].mention)) is not None:
            yield f"{decision.by} said that it is one event with {best[PERSON][2].incident}"
        if THREAD in best:
            yield f"One thread with {best[THREAD][2].incident}, at most {WITHIN.days} days apart"
        if NEAR in best:
            _, _, there, edge = best[NEAR]
            yield (
                f"Near-duplicate of {there.incident}, at most {WITHIN.days} days apart: {edge.likeness:.0%} of what "
                "stands in either text, three words at a time, stands in both"
            )
        if node.apart:
            for _, there in sorted(graph.nodes(node.part, apart=True).items(), key=lambda each: each[1].incident):
                decision = said.get(there.mention)
                if decision is not None and decision.verb == "not the same":
                    yield f"{decision.by} said that it is not one event with {there.incident}"


def _buckets_of(mention: Mention, shingles: frozenset[str]) -> set[int]:
    """Return the numbers of a mention's buckets, below 2**63: even ones of its thread keys, odd ones of its text."""
    threads = {_hashed(key) >> 2 << 1 for key in thread_keys(mention)}
    found = threads | {band << 1 | 1 for band in near.bands(shingles)}
    if not mention.channel:
        return found
    # What was said to us alone has buckets of its own: it is never one event with what was said in public.
    return {_hashed(f"{mention.channel} {one}") >> 2 << 1 | one & 1 for one in found}


def _hashed(key: str) -> int:
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _kind(neighbours: Neighbours) -> str:
    return NEAR if neighbours.bucket & 1 else THREAD
