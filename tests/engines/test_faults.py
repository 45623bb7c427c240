"""Every fault does to the real server what it says, and the server is whole afterwards."""

import gc
import logging
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError

from tests.engines import faults
from tests.engines.certificates import Certificates, certificates
from tests.engines.elastic import Elastic
from tests.engines.fixtures import started
from tests.engines.kafka import Kafka, cluster
from tests.engines.link import Link

SECONDS = 60


# A client of kafka-python that cannot connect leaves its sockets to the garbage collector, who complains of each.
pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")]


@pytest.fixture(autouse=True)
def _sockets_of_refused_clients(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Collect them in the test that left them, not in a later one; what the client logs would hold them until then."""
    caplog.set_level(logging.CRITICAL, logger="kafka")
    yield
    gc.collect()


def make_topic(address: str, name: str, copies: int = 1) -> None:
    admin = KafkaAdminClient(bootstrap_servers=address)
    try:
        admin.create_topics([NewTopic(name=name, num_partitions=1, replication_factor=copies)])
    finally:
        admin.close()


def produced(address: str | list[str], topic: str, value: bytes = b"x", within: float = SECONDS, **options: Any) -> int:
    """Return the offset of a new record; raises KafkaError if there is none within so many seconds."""
    limits = {"max_block_ms": within * 1000, "bootstrap_timeout_ms": within * 1000}
    producer = KafkaProducer(bootstrap_servers=address, **limits, **options)
    try:
        offset: int = producer.send(topic, value).get(within).offset
        return offset
    finally:
        producer._sender.force_close()  # else `close` leaves the thread to itself where it takes too long
        with suppress(KafkaError):
            producer.close(timeout=10)


@pytest.fixture(scope="module")
def link() -> Iterator[Link]:
    with Link() as link:
        yield link


@pytest.fixture(scope="module")
def safe(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def broker(link: Link, safe: Certificates) -> Iterator[Kafka]:
    with started("kafka", lambda: Kafka(link=link, certificates=safe, users={"alice": "secret"})) as broker:
        make_topic(broker.address, "x")
        yield broker


class TestKafka:
    def test_it_takes_tls_and_certificates_of_clients(self, broker: Kafka, safe: Certificates) -> None:
        tls: dict[str, Any] = {"security_protocol": "SSL", "ssl_cafile": str(safe.ca)}
        assert produced(broker.tls_address, "x", **tls) >= 0
        assert produced(
            broker.tls_address, "x", ssl_certfile=str(safe.client), ssl_keyfile=str(safe.client_key), **tls
        ) >= 0  # fmt: skip

    @pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
    def test_it_takes_users_over_tls_and_refuses_a_wrong_password(
        self, broker: Kafka, safe: Certificates, mechanism: str
    ) -> None:
        options: dict[str, Any] = {
            "security_protocol": "SASL_SSL",
            "ssl_cafile": str(safe.ca),
            "sasl_mechanism": mechanism,
            "sasl_plain_username": "alice",
        }
        assert produced(broker.sasl_address, "x", sasl_plain_password="secret", **options) >= 0
        with pytest.raises(KafkaError):
            produced(broker.sasl_address, "x", within=2, sasl_plain_password="wrong", **options)

    @pytest.mark.parametrize("fault", [faults.cut, faults.stalled])
    def test_nothing_passes_a_link_that_is_cut_or_stalled(self, broker: Kafka, link: Link, fault: Any) -> None:
        assert produced(link.address, "x") >= 0
        with fault(link):
            with pytest.raises(KafkaError):
                produced(link.address, "x", within=1)
            assert produced(broker.address, "x") >= 0
        assert produced(link.address, "x") >= 0

    def test_a_slow_link_takes_its_time(self, broker: Kafka, link: Link) -> None:
        with faults.slowed(link, 200_000):
            begun = time.monotonic()
            produced(link.address, "x", b"x" * 100_000)
            assert time.monotonic() - begun > 0.4

    @pytest.mark.parametrize("fault", [faults.killed, faults.stopped, faults.paused])
    def test_it_keeps_its_records_over_a_kill_a_stop_and_a_pause(
        self, broker: Kafka, fault: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = produced(broker.address, "x", acks="all")
        with fault(broker), pytest.raises(KafkaError):
            produced(broker.address, "x", within=1)
        # What a paused broker was asked meanwhile it may still do.
        assert produced(broker.address, "x", acks="all") in {before + 1, before + 2}
        assert f"kafka at {broker.address}" in capsys.readouterr().out


def test_a_broker_whose_disk_is_full_ends_and_comes_back_when_there_is_room() -> None:
    with started("kafka", lambda: Kafka(disk_mb=64)) as broker:
        make_topic(broker.address, "x")
        assert produced(broker.address, "x", acks="all") == 0
        with faults.full_disk(broker):
            with pytest.raises(KafkaError):
                produced(broker.address, "x", bytes(500_000), within=5)
            end = time.monotonic() + SECONDS
            while broker.running and time.monotonic() < end:
                time.sleep(0.1)
            assert not broker.running
            assert "all log dirs" in broker.log_tail()
        broker.start()
        assert produced(broker.address, "x", acks="all") == 1


def test_another_broker_leads_when_the_leader_is_killed() -> None:
    with started("kafka", lambda: cluster(3)) as brokers:
        make_topic(brokers[1].address, "x", copies=3)
        addresses = [broker.address for broker in brokers.values()]
        assert produced(addresses, "x", acks="all") == 0
        with faults.leaderless(brokers, "x") as dead:
            assert produced(addresses, "x", acks="all") == 1
            assert faults.leader(brokers, "x") not in {dead.node, -1}


class TestElasticsearch:
    def test_a_full_disk_makes_it_read_only_until_there_is_room(self) -> None:
        with (
            started("elasticsearch", lambda: Elastic(disk_mb=96, settings=faults.WATERMARKS)) as server,
            server.client() as client,
        ):
            client.put("/x").raise_for_status()
            assert _written(client) == httpx.codes.CREATED
            with faults.full_disk(server, leave_mb=8):
                assert _written_until(client, httpx.codes.TOO_MANY_REQUESTS)
            assert _written_until(client, httpx.codes.CREATED)

            with faults.read_only(server.address, "x"):
                assert _written(client) == httpx.codes.TOO_MANY_REQUESTS
            assert _written(client) == httpx.codes.CREATED

            before = _count(client)
            with faults.killed(server), pytest.raises(httpx.TransportError):
                _written(client)
            assert _count(client) == before

            server.settings = dict(faults.BUSY)
            server.restart()
            assert _written(client, 10) == httpx.codes.CREATED
            assert _written(client, 100_000) == httpx.codes.TOO_MANY_REQUESTS

    def test_it_is_safe_with_tls_and_api_keys(self, tmp_path: Path) -> None:
        safe = certificates(tmp_path)
        with started("elasticsearch", lambda: Elastic(certificates=safe)) as server:
            narrow = server.api_key({"reader": {"indices": [{"names": ["a*"], "privileges": ["read"]}]}})
            assert _put(server, safe, server.api_key()) == httpx.codes.OK
            assert _put(server, safe, narrow) == httpx.codes.FORBIDDEN
            assert _put(server, safe, "bm9ib2R5OndoYXRldmVy") == httpx.codes.UNAUTHORIZED


def _put(server: Elastic, safe: Certificates, key: str) -> int:
    trust = ssl.create_default_context(cafile=safe.ca)
    return httpx.put(f"{server.address}/b", verify=trust, headers={"Authorization": f"ApiKey {key}"}).status_code


def _written(client: httpx.Client, size: int = 1) -> int:
    return client.post("/x/_doc", json={"a": "y" * size}).status_code


def _written_until(client: httpx.Client, status: int) -> bool:
    """Write until the answer is that one; the server looks at its disk every ten seconds."""
    end = time.monotonic() + SECONDS
    while (got := _written(client)) != status and time.monotonic() < end:
        time.sleep(0.3)
    return got == status


def _count(client: httpx.Client) -> int:
    client.post("/x/_refresh").raise_for_status()
    return int(client.get("/x/_count").json()["count"])
