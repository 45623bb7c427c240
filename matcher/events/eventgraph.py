"""The graph of events: what joins mentions, and the parts that come of it. A store of the ledger.

Only mentions that are joined to another are in it. Reads see what is committed and what was set since; that waits until
`write`.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger_event_edges (
    num INTEGER NOT NULL, other INTEGER NOT NULL, kind INTEGER NOT NULL, buckets INTEGER NOT NULL,
    likeness REAL NOT NULL, PRIMARY KEY (num, other, kind)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger_event_nodes (
    num INTEGER PRIMARY KEY, mention TEXT NOT NULL, incident TEXT NOT NULL, k INTEGER NOT NULL,
    part INTEGER NOT NULL, apart INTEGER NOT NULL, event TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ledger_event_nodes_part ON ledger_event_nodes (part, event, k);
CREATE INDEX IF NOT EXISTS ledger_event_nodes_apart ON ledger_event_nodes (part) WHERE apart;
CREATE TABLE IF NOT EXISTS ledger_event_parts (
    part INTEGER PRIMARY KEY, n INTEGER NOT NULL, head TEXT NOT NULL, head_num INTEGER NOT NULL, cut INTEGER NOT NULL);
"""

PERSON, THREAD, NEAR = "person", "thread", "near"
_KINDS = (PERSON, THREAD, NEAR)  # as numbers in the tables


class Edge(NamedTuple):
    """What joins two mentions, the same from both sides: as neighbours in so many buckets, with this likeness."""

    buckets: int
    likeness: float


class Node(NamedTuple):
    """A mention that has edges. `apart`: a person parts it from some mention.

    `part` is what all its edges lead to. `event` is the id of its group there, where a person cut the part; else "".
    """

    mention: str
    incident: str
    k: int
    part: int
    apart: bool
    event: str = ""


class Part(NamedTuple):
    """A component of `n` nodes, under the number of one of them. `head` is the smallest incident id."""

    n: int
    head: str
    head_num: int
    cut: bool = False


Adjacent = dict[tuple[int, str], Edge]  # (other, kind) -> edge


class EventGraph:
    """Nodes by the ledger's numbers of mentions, edges, and parts. What is consistent with what is not its business."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.forget()

    def forget(self) -> None:
        """Forget what waits."""
        self._new: set[int] = set()
        self._edges: dict[int, Adjacent] = {}
        self._nodes: dict[int, Node | None] = {}
        self._parts: dict[int, Part | None] = {}

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what waits, in the transaction that is open; `forget` it once that is committed."""
        connection.executemany("DELETE FROM ledger_event_edges WHERE num = ?", [(num,) for num in sorted(self._edges)])
        connection.executemany(
            "INSERT INTO ledger_event_edges VALUES (?, ?, ?, ?, ?)",
            [
                (num, other, _KINDS.index(kind), *edge)
                for num, adjacent in sorted(self._edges.items())
                for (other, kind), edge in sorted(adjacent.items())
            ],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO ledger_event_nodes VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(num, *node) for num, node in sorted(self._nodes.items()) if node],
        )
        connection.executemany(
            "DELETE FROM ledger_event_nodes WHERE num = ?", [(num,) for num, node in self._nodes.items() if not node]
        )
        connection.executemany(
            "INSERT OR REPLACE INTO ledger_event_parts VALUES (?, ?, ?, ?, ?)",
            [(name, *part) for name, part in sorted(self._parts.items()) if part],
        )
        connection.executemany(
            "DELETE FROM ledger_event_parts WHERE part = ?", [(name,) for name, part in self._parts.items() if not part]
        )

    def expect(self, num: int) -> None:
        """Note that this mention was never stored before, so that nobody looks for it in the tables."""
        self._new.add(num)

    # --- edges -------------------------------------------------------------------------------------------------------

    def adjacent(self, num: int) -> Adjacent:
        """Return what a mention is joined to; not to be changed."""
        if (held := self._edges.get(num)) is not None:
            return held
        if num in self._new:
            return {}
        sql = "SELECT other, kind, buckets, likeness FROM ledger_event_edges WHERE num = ?"
        return {
            (other, _KINDS[kind]): Edge(buckets, likeness)
            for other, kind, buckets, likeness in self._connection.execute(sql, (num,))
        }

    def set_edge(self, a: int, b: int, kind: str, edge: Edge | None) -> None:
        """Join two mentions, or take what joins them away."""
        for num, other in ((a, b), (b, a)):
            adjacent = self._edges.setdefault(num, self.adjacent(num))
            if edge is not None:
                adjacent[other, kind] = edge
            else:
                adjacent.pop((other, kind), None)

    # --- nodes -------------------------------------------------------------------------------------------------------

    def node(self, num: int) -> Node | None:
        """Return a mention that has edges; None for one that has none."""
        return self._nodes[num] if num in self._nodes else self.stored_node(num)

    def stored_node(self, num: int) -> Node | None:
        """Return a node as it was before this batch."""
        if num in self._new:
            return None
        sql = "SELECT mention, incident, k, part, apart, event FROM ledger_event_nodes WHERE num = ?"
        row = self._connection.execute(sql, (num,)).fetchone()
        return _node(row) if row else None

    def set_node(self, num: int, node: Node | None) -> None:
        """Set a node, or take it away."""
        self._nodes[num] = node

    def changed_nodes(self) -> tuple[int, ...]:
        """Return the numbers of the nodes that were set in this batch."""
        return tuple(self._nodes)

    def nodes(self, part: int, *, apart: bool = False) -> dict[int, Node]:
        """Return the nodes of a part; with `apart` only those that a person parts from some mention."""
        sql = "SELECT num, mention, incident, k, part, apart, event FROM ledger_event_nodes WHERE part = ?"
        rows = self._connection.execute(f"{sql} AND apart" if apart else sql, (part,))
        stored = {num: _node(row) for num, *row in rows if num not in self._nodes}
        return stored | {
            num: node
            for num, node in self._nodes.items()
            if node is not None and node.part == part and (node.apart or not apart)
        }

    def first(self, part: int, event: str, limit: int) -> list[str]:
        """Return the incidents of a part's group in order of `k`, the first `limit`."""
        sql = (
            "SELECT num, k, incident FROM ledger_event_nodes WHERE part = ? AND event = ? ORDER BY k, incident LIMIT ?"
        )
        rows = self._connection.execute(sql, (part, event, limit + len(self._nodes)))
        found = [(k, incident) for num, k, incident in rows if num not in self._nodes]
        found += [(node.k, node.incident) for node in self._in(part, event)]
        return [incident for _, incident in sorted(found)[:limit]]

    def count(self, part: int, event: str) -> int:
        """Return how many nodes a group of a part that is cut has."""
        sql = "SELECT num FROM ledger_event_nodes WHERE part = ? AND event = ?"
        stored = sum(1 for (num,) in self._connection.execute(sql, (part, event)) if num not in self._nodes)
        return stored + sum(1 for _ in self._in(part, event))

    def _in(self, part: int, event: str) -> Iterator[Node]:
        return (node for node in self._nodes.values() if node and node.part == part and node.event == event)

    # --- parts -------------------------------------------------------------------------------------------------------

    def part(self, name: int) -> Part | None:
        """Return a part by its name; None where there is none."""
        return self._parts[name] if name in self._parts else self.stored_part(name)

    def stored_part(self, name: int) -> Part | None:
        """Return a part as it was before this batch."""
        sql = "SELECT n, head, head_num, cut FROM ledger_event_parts WHERE part = ?"
        row = self._connection.execute(sql, (name,)).fetchone()
        return Part(row[0], row[1], row[2], bool(row[3])) if row else None

    def set_part(self, name: int, part: Part | None) -> None:
        """Set a part, or take it away."""
        self._parts[name] = part


def _node(row: Sequence[Any]) -> Node:
    mention, incident, k, part, apart, event = row
    return Node(mention, incident, k, part, bool(apart), event)
