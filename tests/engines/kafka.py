"""Apache Kafka in KRaft mode: one broker, or several that find each other."""

import base64
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Self

from tests.engines.certificates import Certificates
from tests.engines.fetch import fetched
from tests.engines.jdk import jdk_for_kafka
from tests.engines.link import Link
from tests.engines.place import EnginesError, as_account, give_to_account
from tests.engines.server import Server, free_port, mark

# As small as it goes, and quick; what a test depends on it says itself.
_PROPERTIES = {
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "1",
    "message.max.bytes": str(16 * 2**20),  # a fetched page of 10 MB in its envelope
    "replica.fetch.max.bytes": str(16 * 2**20),
    "broker.session.timeout.ms": "5000",  # for so long a broker that was killed keeps its place
    "broker.heartbeat.interval.ms": "1000",
    "log.cleaner.dedupe.buffer.size": str(16 * 2**20),  # of 128 MB by default, a quarter of the heap
    "log.segment.delete.delay.ms": "1000",  # a test's topics leave the disk soon after the test
}
_LOGGING = ("-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS")


@dataclass(frozen=True)
class Quorum:
    """The controllers that brokers of one cluster know each other by: port by node id."""

    ports: Mapping[int, int]
    cluster: str

    @classmethod
    def of(cls, brokers: int) -> Self:
        """Return a new cluster of so many brokers, which are its controllers too."""
        id_ = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        return cls({node: free_port() for node in range(1, brokers + 1)}, "A" + id_[1:])  # no leading dash: an option


class Kafka(Server):
    """One broker, controller as well, with a plain listener.

    `properties` go over those of this module, and may be changed between `stop` and `start`. With `certificates` it
    also listens at `tls_address` (SSL, client certificates taken if given); with `users` (password by name) at
    `sasl_address` too (SASL_SSL: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512). With a `link` it also has a plain listener that
    clients reach only through that link, at `link.address`.
    """

    engine = "kafka"

    def __init__(
        self,
        *,
        properties: Mapping[str, str] | None = None,
        disk_mb: int | None = None,
        certificates: Certificates | None = None,
        users: Mapping[str, str] | None = None,
        link: Link | None = None,
        quorum: Quorum | None = None,
        node: int = 1,
        heap_mb: int = 512,
        shared: bool = False,
    ) -> None:
        if users and not certificates:
            msg = "users log in over TLS: give certificates too"
            raise ValueError(msg)
        self._libs, self._jdk = fetched("kafka"), jdk_for_kafka()
        super().__init__(disk_mb=disk_mb, shared=shared)
        self.properties = dict(properties or {})
        self._certificates, self._users, self._link = certificates, dict(users or {}), link
        self._quorum, self.node, self._heap_mb = quorum or Quorum.of(1), node, heap_mb
        self._ports = {"PLAIN": free_port()}
        if certificates:
            self._ports["TLS"] = free_port()
        if users:
            self._ports["SASL"] = free_port()
        if link:
            self._ports["LINK"] = free_port()
            link.to(("127.0.0.1", self._ports["LINK"]))

    @property
    def address(self) -> str:
        """Host and port of the plain listener."""
        return f"127.0.0.1:{self._ports['PLAIN']}"

    @property
    def tls_address(self) -> str:
        """Host and port of the listener of security protocol SSL."""
        return f"127.0.0.1:{self._ports['TLS']}"

    @property
    def sasl_address(self) -> str:
        """Host and port of the listener of security protocol SASL_SSL."""
        return f"127.0.0.1:{self._ports['SASL']}"

    def configure(self) -> None:
        """Write server.properties, and format the data folder once."""
        lines = [f"{key}={value}\n" for key, value in self._all_properties().items()]
        (self.folder / "server.properties").write_text("".join(lines), encoding="utf-8")
        self.data.mkdir(exist_ok=True)
        if not (self.data / "meta.properties").exists():
            give_to_account(self.folder)
            scram = [
                argument
                for user, password in self._users.items()
                for hashed in (256, 512)
                for argument in ("--add-scram", f"SCRAM-SHA-{hashed}=[name={user},password={password}]")
            ]
            command = [
                *self._java(64, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"), "kafka.tools.StorageTool", "format",
                "-t", self._quorum.cluster, "-c", str(self.folder / "server.properties"), *scram,
            ]  # fmt: skip
            done = subprocess.run(
                command, capture_output=True, text=True, cwd=self.folder, check=False, timeout=120, **as_account()
            )
            if done.returncode:
                msg = f"Kafka's data folder could not be formatted:\n{done.stdout}{done.stderr}"
                raise EnginesError(msg)

    def command(self) -> tuple[Sequence[str], Mapping[str, str]]:
        """Return Kafka's main class on its jars."""
        return [*self._java(self._heap_mb, *_LOGGING), "kafka.Kafka", str(self.folder / "server.properties")], {}

    def answers(self) -> bool:
        """Tell whether it has said so: its last word once every listener takes requests."""
        return "Kafka Server started" in self.said()

    def _java(self, heap_mb: int, *options: str) -> list[str]:
        return [str(self._jdk.java), f"-Xmx{heap_mb}m", mark(self.folder), *options, "-cp", f"{self._libs}/*"]

    def _all_properties(self) -> dict[str, str]:
        controller = self._quorum.ports[self.node]
        linked = {"LINK": self._link.port} if self._link else {}
        copies = str(min(3, len(self._quorum.ports)))
        return {
            "process.roles": "broker,controller",
            "node.id": str(self.node),
            "controller.quorum.voters": ",".join(f"{n}@127.0.0.1:{port}" for n, port in self._quorum.ports.items()),
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAIN",
            "listeners": _listeners({**self._ports, "CONTROLLER": controller}),
            "advertised.listeners": _listeners({**self._ports, **linked}),
            "listener.security.protocol.map": (
                "CONTROLLER:PLAINTEXT,PLAIN:PLAINTEXT,LINK:PLAINTEXT,TLS:SSL,SASL:SASL_SSL"
            ),
            "log.dirs": str(self.data),
            "default.replication.factor": copies,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": "1",
            **_PROPERTIES,
            **self._security(),
            **self.properties,
        }

    def _security(self) -> dict[str, str]:
        if not self._certificates:
            return {}
        both = self.folder / "server.pem"
        both.write_bytes(self._certificates.server_key.read_bytes() + self._certificates.server.read_bytes())
        trusted = self.folder / "ca.pem"
        trusted.write_bytes(self._certificates.ca.read_bytes())
        security = {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(both),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(trusted),
            "listener.name.tls.ssl.client.auth": "requested",
        }
        if self._users:
            module = "org.apache.kafka.common.security"
            users = " ".join(f'user_{name}="{password}"' for name, password in self._users.items())
            security |= {
                "listener.name.sasl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
                "listener.name.sasl.plain.sasl.jaas.config": f"{module}.plain.PlainLoginModule required {users};",
                "listener.name.sasl.scram-sha-256.sasl.jaas.config": f"{module}.scram.ScramLoginModule required;",
                "listener.name.sasl.scram-sha-512.sasl.jaas.config": f"{module}.scram.ScramLoginModule required;",
            }
        return security


@contextmanager
def cluster(
    count: int, *, properties: Mapping[str, str] | None = None, heap_mb: int = 256
) -> Iterator[dict[int, Kafka]]:
    """Yield so many brokers of one cluster, running, by node id from 1 on; topics get up to three copies by default."""
    quorum = Quorum.of(count)
    with ExitStack() as ended:
        brokers: dict[int, Kafka] = {}
        for node in quorum.ports:
            brokers[node] = Kafka(properties=properties, quorum=quorum, node=node, heap_mb=heap_mb)
            ended.callback(brokers[node].__exit__)
        for broker in brokers.values():
            broker.launch()
        for broker in brokers.values():
            broker.wait()
        yield brokers


def _listeners(ports: Mapping[str, int]) -> str:
    return ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
