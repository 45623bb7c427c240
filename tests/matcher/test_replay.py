"""Decisions, one after the other through the whole ledger: the state equals that of a replay of what stands."""

import os
import random
from collections.abc import Iterable
from typing import Any

from overheard.log.base import ConsumerRecord, ProducerRecord
from overheard.matcher.ledger.facts import read_fact
from overheard.matcher.ledger.ledger import Ledger
from overheard.records import Decision, DecisionVerb, ProfileLink
from tests.matcher.members import hashes_in
from tests.matcher.worlds import NOW, acc, account, con, contact, decision, fact, holding, men, mention, world

SEQUENCES = 200
SEED = int(os.environ.get("OVERHEARD_SEED", "1"))

LATHE = "the new lathe of Borealis broke down twice in its first week, says Ben Stone of"
SITE = ProfileLink(url="https://rao.example/", verified=True)
# Two of each whom people may take for one, posts of one happening and of another, a profile that tells whose it is.
WORLD = [
    fact(one)
    for one in (
        account("1", "Acme Tools", "acme.example"),
        account("2", "Acme Tools Ltd"),
        contact("1", "Asha Rao", handles={"reddit": "asha"}, organisation="Acme Tools", urls=("https://rao.example",)),
        contact("2", "Asha Rao", organisation="Acme Tools Ltd", place="Pune", emails=("a@acme.example",)),
        contact("3", "Ben Stone", handles={"reddit": "ben"}, place="Pune"),
        holding("1", acc("1")),
        mention("1", f"{LATHE} Pune", "asha"),
        mention("2", f"{LATHE} Delhi", "ben"),
        mention("3", "It was Asha Rao of Acme Tools", "zed", in_reply_to="1"),
        mention("4", "Acme Tools again", "rao", profile={"native_id": "7", "links": (SITE,)}),
        mention("5", "Nothing here", "zed", profile={"name": "Asha Rao", "summary": "Buyer at Acme Tools, Pune"}),
    )
]
RECORDS = (con("1"), con("2"), con("3"), acc("1"), acc("2"))
MENTIONS = tuple(men(str(number)) for number in range(1, 6))
KEYS = ("reddit:handle:asha", "reddit:handle:ben", "reddit:handle:zed", "reddit:id:7", "web:url:https://rao.example/")
LINKING: tuple[DecisionVerb, ...] = ("same", "same", "not the same", "unsure")
WORK: tuple[tuple[DecisionVerb, str, str], ...] = (
    ("status", "status", "answered"),
    ("assign", "assign", "ravi"),
    ("note", "n", "called back"),
    ("tag", "tag/x", "on"),
    ("tag", "tag/x", ""),
    ("relabel", "sentiment", "negative"),
)
NUMBERS = 12  # so few ids, so that decisions are changed and withdrawn often


def made_by(rng: random.Random) -> Decision:
    """A decision of any kind that a person can make here."""
    number = str(rng.randrange(NUMBERS))
    at = NOW.replace(hour=rng.randrange(4))
    kind = rng.randrange(9)
    if kind == 0:
        one, other = rng.sample(RECORDS[:3], 2) if rng.random() < 0.8 else RECORDS[3:]
        return decision(number, rng.choice(LINKING), one, other, at=at)
    if kind == 1:
        return decision(number, rng.choice(LINKING), rng.choice(KEYS), rng.choice(RECORDS), at=at)
    if kind == 2:
        return decision(number, rng.choice(LINKING), rng.choice(MENTIONS), rng.choice(RECORDS), at=at)
    if kind == 3:
        return decision(number, rng.choice(("same", "not the same")), *rng.sample(MENTIONS, 2), at=at)
    if kind == 4:
        return decision(number, "lock", rng.choice(RECORDS), at=at)
    if kind == 5:
        return decision(number, "not about us", rng.choice(MENTIONS), at=at)
    if kind == 6:
        verb, right, value = rng.choice(WORK)
        return decision(number, verb, rng.choice(MENTIONS), right, value=value, at=at)
    if kind == 7 and rng.random() < 0.3:
        return decision(number, "policy", "policy", "across networks", value=rng.choice(("on", "off")), at=at)
    return decision(number, "withdraw", f"dec_{rng.randrange(NUMBERS)}", at=at)


class Walk:
    """A ledger without a log: facts go in batch by batch, the state comes out."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._next = 1

    def take_in(self, facts: Iterable[ProducerRecord]) -> None:
        records = [ConsumerRecord("facts", 0, self._next + i, 0, one.key, one.value, {}) for i, one in enumerate(facts)]
        self._next += len(records)
        fates = self.ledger.apply([read_fact(record) for record in records])
        self.ledger.commit({0: self._next}, fates)
        for _ in self.ledger.settle():
            pass
        self.ledger.empty_outbox()

    def begin_anew(self) -> None:
        self.ledger.clear()
        self._next = 1

    def state(self) -> dict[str, Any]:
        """Hashes of all that is published, under whom each id is seen, who waits where, and the events."""
        subjects = dict(self.ledger._rows("SELECT num, subject FROM ledger_facts"))
        links = "SELECT mention, subject, outcome, score, k, value FROM ledger_links JOIN ledger_shown USING (mention)"
        return {
            "published": hashes_in(self.ledger),
            "merged": dict(self.ledger._rows("SELECT id, person FROM ledger_merged")),
            "links": sorted((subjects[num], *rest) for num, *rest in self.ledger._rows(links)),
            "nodes": sorted(self.ledger._rows("SELECT mention, incident, k, apart, event FROM ledger_event_nodes")),
            "edges": sorted(
                (subjects[a], subjects[b], *rest)
                for a, b, *rest in self.ledger._rows(
                    "SELECT num, other, kind, buckets, likeness FROM ledger_event_edges"
                )
            ),
            "seen": sorted(self.ledger._rows("SELECT a, b, kind, by, first FROM ledger_observed")),
        }


def walk_and_replay(sequences: int, rng: random.Random) -> None:
    """Take in so many sequences of decisions one by one; after each, a replay of the facts that stand has equal state.

    Each sequence goes on where the last one ended; every twentieth begins with no decision.
    """
    with world() as one, world() as other:
        walking, replaying = Walk(one.ledger), Walk(other.ledger)
        newest: dict[str, ProducerRecord] = {}
        version = 1
        for sequence in range(sequences):
            if sequence % 20 == 0:
                walking.begin_anew()
                newest = {record.key: record for record in WORLD}
                walking.take_in(WORLD)
            made = []
            for _ in range(rng.randint(1, 8)):
                version += 1
                said = fact(made_by(rng), version=version, verb="Delete" if rng.random() < 0.1 else "Update")
                newest[said.key] = said
                made.append(said)
            while made:
                cut = rng.randint(1, 3)
                walking.take_in(made[:cut])
                made = made[cut:]
            replay = list(newest.values())
            rng.shuffle(replay)
            replaying.begin_anew()
            for at in range(0, len(replay), size := rng.choice((4, 9, 100))):
                replaying.take_in(replay[at : at + size])
            state, expected = walking.state(), replaying.state()
            for what, value in expected.items():
                assert state[what] == value, f"sequence {sequence} of seed {SEED}: {what} differs"


def test_random_sequences_of_decisions_leave_the_state_of_a_replay() -> None:
    walk_and_replay(SEQUENCES, random.Random(SEED))
