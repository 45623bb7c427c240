"""Overheard on real Kafka and Elasticsearch while these, the network and its own processes fail.

After each fault: nothing lies ahead of any stage, the documents equal those of a clean run on the embedded engines, the
index holds each of them in its newest version, and nobody lent a hand. Twenty kills and short pauses by default;
`OVERHEARD_KILLS` for more (`make faults`), `OVERHEARD_SEED` for other instants.
"""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient

from overheard.config.settings import Settings
from overheard.log.base import TOPICS, ProducerRecord
from overheard.log.deadletters import list_letters
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.system import System
from overheard.wiring.worker import run_enrich
from tests.engines.cluster import Cluster, Service
from tests.engines.elastic import Elastic
from tests.engines.faults import BUSY, WATERMARKS, cut, full_disk, killed, paused, read_only, stalled, stopped
from tests.engines.fixtures import cannot
from tests.engines.kafka import Kafka
from tests.engines.link import Link
from tests.engines.place import UnavailableError
from tests.engines.server import Server
from tests.world import World, timeless_documents, write_world

KILLS = int(os.environ.get("OVERHEARD_KILLS", "20"))
SEED = int(os.environ.get("OVERHEARD_SEED", "1"))
LONG = KILLS > 20
POSTS = 150  # a part: some seconds of work for two enrichers beside the servers
PARTS = 40 + KILLS
PAUSE = 30.0 if LONG else 12.0  # longer than the 10 s after which a member of a group is taken for dead
PATIENCE = 600.0 if LONG else 180.0

Fault = Callable[[Server], AbstractContextManager[None]]

pytestmark = pytest.mark.faults


class Stand:
    """Real servers, the services on them, and beside them a clean run of the same posts."""

    def __init__(self, servers: tuple[Kafka, Link, Elastic], cluster: Cluster, clean: System, world: World) -> None:
        self.kafka, self.link, self.elastic = servers
        self.cluster, self.clean = cluster, clean
        self.random = random.Random(SEED)
        lines = world.posts.read_text(encoding="utf-8").splitlines(keepends=True)
        self._parts = [lines[n * POSTS : (n + 1) * POSTS] for n in range(PARTS)]
        self._file = world.posts.with_name("part.ndjson")
        self._world = world
        self.posts = 0

    def bring(self, parts: int = 1) -> None:
        """Hand the next posts to both."""
        for _ in range(parts):
            part = self._parts.pop()
            self.posts += len(part)
            self._file.write_text("".join(part), encoding="utf-8")
            for one in (self.clean, None):
                with ExitStack() as stack:
                    bring_mentions(one or stack.enter_context(self.cluster.system()), self._file)

    def worker(self, *stages: str) -> Service:
        """Return any one of the services of these stages."""
        return self.random.choice([one for one in self.cluster.services if one.stage in stages or not stages])

    def hold(self, fault: str) -> None:
        """Hold what must be true after a fault, and print how long it took to be."""
        begun = time.monotonic()
        self.cluster.wait_idle(PATIENCE)
        waited = time.monotonic() - begun
        run_enrich(self.clean.log, threading.Event(), until_idle=lambda: True)
        self.clean.catch_up_match()
        wanted, found = timeless_documents(self.clean), {}
        with self.cluster.system() as system:
            found = timeless_documents(system)
        differing = [id_ for id_ in wanted.keys() | found.keys() if wanted.get(id_) != found.get(id_)]
        assert not differing, f"{len(differing)} of {len(wanted)} documents differ, one of them {differing[0]}"
        versions = {id_: event.sourceversion for id_, event in self.cluster.documents().items()}
        assert self.cluster.indexed() == versions
        assert all(one.process.poll() is None for one in self.cluster.services), "a service has ended by itself"
        print(f"  {fault}: {len(wanted)} documents equal, caught up {waited:.1f} s after it")


@contextmanager
def _standing(path: Path) -> Iterator[Stand]:
    root = os.geteuid() == 0
    link = Link()
    with ExitStack() as stack:
        kafka = stack.enter_context(Kafka(link=link, disk_mb=700 if root else None))
        elastic = stack.enter_context(Elastic(settings=WATERMARKS if root else {}, disk_mb=500 if root else None))
        world = write_world(path / "world", posts=POSTS * PARTS)
        clean = stack.enter_context(System(path / "clean", Settings()))
        # The services reach the broker through the link; commands, which stand for other machines, directly.
        cluster = stack.enter_context(Cluster(path / "cluster", link.address, elastic.address, "firm"))
        cluster.start("enrich", "enrich", "match", "match", "index", "index")
        with cluster.system() as system:
            for one in (clean, system):
                bring_watch(one, world.watch)
                bring_accounts(one, world.accounts)
                bring_contacts(one, world.contacts)
        yield Stand((kafka, link, elastic), cluster, clean, world)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    try:
        with _standing(tmp_path_factory.mktemp("stand")) as one:
            yield one
    except UnavailableError as e:
        cannot("engines", e)


def test_workers_killed_at_random_instants(stand: Stand) -> None:
    for _ in range(KILLS):
        stand.bring()
        time.sleep(stand.random.uniform(0.0, 1.5))
        victim = stand.worker()
        print(f"  kill -9 of {victim.name}")
        victim.kill()
        stand.cluster.replace(victim)
    stand.hold(f"{KILLS} kills")


@pytest.mark.parametrize(("fault", "seconds"), [(killed, 3.0), (paused, PAUSE)], ids=["killed", "paused"])
def test_the_broker(stand: Stand, fault: Fault, seconds: float) -> None:
    stand.bring(2)
    with fault(stand.kafka):
        time.sleep(seconds)
    stand.bring()
    stand.hold("the broker")


@pytest.mark.parametrize(("fault", "seconds"), [(killed, 3.0), (paused, PAUSE)], ids=["killed", "paused"])
def test_elasticsearch(stand: Stand, fault: Fault, seconds: float) -> None:
    stand.bring()
    with fault(stand.elastic):
        stand.bring()
        time.sleep(seconds)
    stand.hold("Elasticsearch")


def test_elasticsearch_answers_429(stand: Stand) -> None:
    with stopped(stand.elastic):
        before = dict(stand.elastic.settings)
        stand.elastic.settings |= BUSY
    stand.bring(2)
    time.sleep(5.0)
    with stopped(stand.elastic):
        stand.elastic.settings = before
    stand.hold("429")


def test_elasticsearch_made_read_only(stand: Stand) -> None:
    with read_only(stand.elastic.address, "firm*"):
        stand.bring()
        time.sleep(5.0)
    stand.hold("read-only")


@pytest.mark.skipif(os.geteuid() != 0, reason="a disk of one's own needs root")
def test_the_disk_of_elasticsearch_full(stand: Stand) -> None:
    with full_disk(stand.elastic, leave_mb=4):
        stand.bring()
        time.sleep(15.0)  # it looks every 10 s
        stand.bring()
        time.sleep(2.0)
    stand.hold("Elasticsearch's disk full")


@pytest.mark.skipif(os.geteuid() != 0, reason="a disk of one's own needs root")
def test_the_disk_of_the_log_full(stand: Stand) -> None:
    stand.bring()
    with full_disk(stand.kafka):
        time.sleep(5.0)
    stand.kafka.restart()  # Kafka ends when its only disk is full; whatever looks after it starts it again
    stand.bring()
    stand.hold("the log's disk full")


@pytest.mark.parametrize("fault", [cut, stalled], ids=["cut", "stalled"])
def test_the_network_between_workers_and_broker(
    stand: Stand, fault: Callable[[Link], AbstractContextManager[None]]
) -> None:
    stand.bring(2)
    with fault(stand.link):
        time.sleep(PAUSE)
    stand.hold("the network")


def test_workers_come_and_go_under_load(stand: Stand) -> None:
    for stage in ("enrich", "index", "match"):
        stand.bring()
        (new,) = stand.cluster.start(stage)
        time.sleep(stand.random.uniform(0.5, 3.0))
        stand.bring()
        leaving = next(one for one in stand.cluster.services if one.stage == stage and one is not new)
        print(f"  {new.name} came, {leaving.name} goes")
        leaving.end()
        stand.cluster.services.remove(leaving)
    stand.hold("three that came and three that went")


def test_an_owner_that_sleeps_longer_than_its_session_and_wakes(stand: Stand) -> None:
    stand.bring()
    matchers = [one for one in stand.cluster.services if one.stage == "match"]
    for sleeper in matchers:
        stand.bring()
        time.sleep(stand.random.uniform(0.0, 1.0))
        print(f"  {sleeper.name} sleeps for {PAUSE:.0f} s")
        sleeper.signal(signal.SIGSTOP)
        time.sleep(PAUSE)
        stand.bring()
        sleeper.signal(signal.SIGCONT)
    stand.hold("each of two matchers asleep, one after the other")


def test_a_topic_made_anew(stand: Stand) -> None:
    stand.bring()
    stand.cluster.wait_idle(PATIENCE)
    admin = KafkaAdminClient(bootstrap_servers=stand.kafka.address)
    admin.delete_topics(["firm-mentions", "firm-changes"])
    admin.close()
    print("  mentions and changes deleted")
    time.sleep(2.0)
    stand.bring()  # whoever opens the log makes what is missing
    stand.hold("mentions and changes made anew")


def test_poison_of_every_kind(stand: Stand) -> None:
    stand.bring()
    with stand.cluster.system() as system:
        before = len(list_letters(system.log))
        poison = [
            ProducerRecord(topic, f"poison{n}", value)
            for topic in ("mentions", "facts", "documents")
            for n, value in enumerate(POISON)
        ]
        assert {record.topic for record in poison} < TOPICS.keys()
        system.log.append(poison)
    stand.bring()
    stand.hold("poison")
    with stand.cluster.system() as system:
        found = len(list_letters(system.log)) - before
    assert found == len(poison), f"{found} dead letters of {len(poison)} poisoned records"


POISON = (
    b"",
    b"\x00\xff\xfe",
    b"not json",
    b"{}",
    b"[]",
    b"null",
    b'{"specversion":"1.0"}',
    b'{"specversion":"1.0","type":"overheard.mention","subject":"x","id":"x","source":"/x","time":"yesterday","data":{}}',
    b"[" * 100_000,
    b'{"a":' * 5_000,
    b'"' + b"x" * 1_000_000 + b'"',
)
