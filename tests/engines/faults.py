"""Faults of real engines, each on for as long as its `with` is open; each prints what it did and how long it took."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from tests.engines.kafka import Kafka
from tests.engines.link import Link
from tests.engines.place import EnginesError
from tests.engines.server import Server

# Elasticsearch refuses with 429 every bulk request of more than that, and what comes while as much is in hand.
BUSY: Mapping[str, str] = {"indexing_pressure.memory.limit": "64kb"}

# Elasticsearch looks at its disk every 10 s (it takes no less) and makes every index read-only below the flood stage.
WATERMARKS: Mapping[str, str] = {
    "cluster.routing.allocation.disk.threshold_enabled": "true",
    "cluster.info.update.interval": "10s",
    "cluster.routing.allocation.disk.watermark.low": "24mb",
    "cluster.routing.allocation.disk.watermark.high": "20mb",
    "cluster.routing.allocation.disk.watermark.flood_stage": "16mb",
}


@contextmanager
def killed(server: Server) -> Iterator[None]:
    """Kill -9; afterwards it is started again on the same data and port."""
    with _told(f"{_name(server)} killed with -9", "started again"):
        server.kill()
        try:
            yield
        finally:
            server.start()


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    """Stop in good order; afterwards it is started again on the same data and port."""
    with _told(f"{_name(server)} stopped", "started again"):
        server.stop()
        try:
            yield
        finally:
            server.start()


@contextmanager
def paused(server: Server) -> Iterator[None]:
    """Stop its clock; the kernel goes on taking connections for it."""
    with _told(f"{_name(server)} paused", "resumed"):
        server.pause()
        try:
            yield
        finally:
            server.resume()


@contextmanager
def cut(link: Link) -> Iterator[None]:
    """Reset the connections of a link and refuse new ones."""
    with _told(f"the network at {link.address} cut", "mended"):
        link.cut()
        try:
            yield
        finally:
            link.mend()


@contextmanager
def stalled(link: Link) -> Iterator[None]:
    """Let nothing pass a link, and close nothing."""
    with _told(f"the network at {link.address} stalled", "flowing"):
        link.stall()
        try:
            yield
        finally:
            link.mend()


@contextmanager
def slowed(link: Link, bytes_a_second: float) -> Iterator[None]:
    """Let so much pass a link in each direction of each connection."""
    with _told(f"the network at {link.address} slowed to {bytes_a_second:,.0f} bytes/s", "fast"):
        link.slow(bytes_a_second)
        try:
            yield
        finally:
            link.mend()


@contextmanager
def full_disk(server: Server, *, leave_mb: float = 0) -> Iterator[None]:
    """Fill the disk of a server that was made with `disk_mb`, but for so much; afterwards there is room again.

    Kafka ends when its only disk is full, so whoever wants it back starts it then.
    """
    if not server.disk.is_mount():
        msg = f"{_name(server)} has no disk of its own: make it with disk_mb"
        raise EnginesError(msg)
    ballast = server.disk / "ballast"
    with _told(f"the disk of {_name(server)} filled but for {leave_mb:g} MB", "emptied"):
        try:
            _fill(server, leave_mb)
            yield
        finally:
            ballast.unlink(missing_ok=True)


@contextmanager
def read_only(address: str, indices: str) -> Iterator[None]:
    """Make indices (a name or a pattern) read-only as Elasticsearch itself does for a full disk: deletes only."""
    with _told(f"{indices} on {address} made read-only", "writable"):
        _block(address, indices, blocked=True)
        try:
            yield
        finally:
            _block(address, indices, blocked=False)


@contextmanager
def leaderless(brokers: Mapping[int, Kafka], topic: str, partition: int = 0) -> Iterator[Kafka]:
    """Kill -9 the broker that leads a partition and yield it; afterwards it is started again."""
    broker = brokers[leader(brokers, topic, partition)]
    with killed(broker):
        yield broker


def leader(brokers: Mapping[int, Kafka], topic: str, partition: int = 0) -> int:
    """Return the node id of the broker that leads a partition; -1 while none does."""
    from kafka.admin import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=[broker.address for broker in brokers.values() if broker.running])
    try:
        (about,) = admin.describe_topics([topic])
    finally:
        admin.close()
    return next(int(one["leader_id"]) for one in about["partitions"] if one["partition_index"] == partition)


def _fill(server: Server, leave_mb: float) -> None:
    chunk = bytes(64 * 2**10)
    with (server.disk / "ballast").open("wb", buffering=0) as ballast:
        while _free(server) > leave_mb * 2**20:
            try:
                ballast.write(chunk)
            except OSError:  # what was free a moment ago has been taken
                return


def _free(server: Server) -> int:
    disk = os.statvfs(server.disk)
    return disk.f_bavail * disk.f_frsize


def _block(address: str, indices: str, *, blocked: bool) -> None:
    settings = {"index.blocks.read_only_allow_delete": True if blocked else None}
    with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
        client.put(f"/{indices}/_settings", json=settings).raise_for_status()


def _name(server: Server) -> str:
    return f"{server.engine} at {server.address}"


@contextmanager
def _told(begun: str, ended: str) -> Iterator[None]:
    start = time.monotonic()
    try:
        yield
    finally:
        print(f"{begun}; {ended} after {time.monotonic() - start:.1f} s")
