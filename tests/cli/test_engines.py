"""Bad input through the command line: engines that cannot be used as they are, refused with what mends it."""

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
)
from pytest_httpserver import HTTPServer

from overheard.log.base import ProducerRecord
from overheard.records import encode, event_for
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.kinds import load_settings
from overheard.wiring.run import SERVICES
from overheard.wiring.system import STAGES, open_node
from tests.cli.conftest import Command, Said
from tests.engines.certificates import Certificates, certificates
from tests.engines.cluster import Cluster
from tests.engines.elastic import Elastic
from tests.engines.fixtures import cannot, started
from tests.engines.kafka import Kafka
from tests.engines.place import UnavailableError
from tests.index.world import incident
from tests.world import CONTACTS, write_world

_PASSWORDS = {"firm": "correct-horse-7", "narrow": "battery-staple-8"}
_ACLS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",  # whoever comes to the plain listener
}
_WRONG = "a-wrong-secret-9"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    try:
        return certificates(tmp_path_factory.mktemp("keys"))
    except UnavailableError as e:
        cannot("engines with TLS", e)


@pytest.fixture(scope="module")
def broker(keys: Certificates) -> Iterator[Kafka]:
    def make() -> Kafka:
        return Kafka(certificates=keys, users=_PASSWORDS, properties=_ACLS, heap_mb=256)

    with started("Kafka", make) as server:
        yield server


@pytest.fixture(scope="module")
def node(keys: Certificates) -> Iterator[Elastic]:
    with started("Elasticsearch", lambda: Elastic(certificates=keys, heap_mb=512)) as server:
        yield server


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRM", _PASSWORDS["firm"])
    monkeypatch.setenv("NARROW", _PASSWORDS["narrow"])
    monkeypatch.setenv("WRONG", _WRONG)


Configured = Callable[[Mapping[str, object], Mapping[str, object]], Path]


@pytest.fixture
def configured(tmp_path: Path, prefix: str) -> Configured:
    """Write settings that name both engines, by what is to stand in [log] and [index]."""

    def write(log: Mapping[str, object], index: Mapping[str, object]) -> Path:
        tables = {
            "log": {"engine": "kafka", "prefix": prefix, **log},
            "index": {"engine": "elasticsearch", "prefix": prefix, "replicas": 0, **index},
        }
        lines = [
            line
            for name, table in tables.items()
            for line in (f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items()))
        ]
        path = tmp_path / "overheard.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_toml(one) for one in value)}]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def refused(said: Said) -> str:
    """Return the one message of a command that was refused; beside it stands at most which folder it took."""
    assert said.status == 1, said
    lines = [line for line in said.err.splitlines() if " runs, its folder is " not in line]
    assert len(lines) == 1, said.err
    assert lines[0].startswith("error: ")
    assert said.out == ""
    assert not any(secret in said.err for secret in (*_PASSWORDS.values(), _WRONG))
    assert "Traceback" not in said.err
    return lines[0]


def allow(broker: Kafka, user: str, kind: str, topic: str, group: str) -> None:
    """Do what the command `kafka-acls.sh` does that a message names; the tool is not in the jars that tests fetch."""
    pattern = ACLResourcePatternType[kind.upper()]
    resources = ((ResourceType.TOPIC, topic), (ResourceType.GROUP, group))
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        admin.create_acls(
            [
                ACL(
                    f"User:{user}", "*", ACLOperation.ALL, ACLPermissionType.ALLOW, ResourcePattern(what, name, pattern)
                )
                for what, name in resources
            ]
        )


# --- who we are, and who they are ---


def sasl(broker: Kafka, keys: Certificates, **more: str) -> dict[str, object]:
    return {
        "servers": [broker.sasl_address], "security": "SASL_SSL", "ca": keys.ca,
        "user": "firm", "password_env": "FIRM", **more,
    }  # fmt: skip


def test_who_cannot_log_in_to_kafka_is_told_by_every_command(
    overheard: Command, configured: Configured, broker: Kafka, keys: Certificates, elastic: str
) -> None:
    for mechanism in ("PLAIN", "SCRAM-SHA-512"):
        log = sasl(broker, keys, password_env="WRONG", mechanism=mechanism)
        config = configured(log, {"addresses": [elastic]})
        for command in (["run", "match"], ["run", "enrich"], ["status"], ["search", "x"], ["index", "check"]):
            said = refused(overheard(*command, "--config", config))
            assert f"to know user 'firm' by this password ({mechanism}); it does not" in said
            assert "password_env" in said


def test_a_user_without_rights_is_told_the_command_that_gives_them_and_it_does(
    overheard: Command, configured: Configured, *, broker: Kafka, keys: Certificates, elastic: str
) -> None:
    log = sasl(broker, keys, user="narrow", password_env="NARROW")
    config = configured(log, {"addresses": [elastic]})
    told = refused(overheard("run", "match", "--config", config))
    kind, topic, group = re.search(  # type: ignore[union-attr]
        r"--operation All --resource-pattern-type (\S+) --topic (\S+) --group (\S+)", told
    ).groups()
    assert f"kafka-acls.sh --bootstrap-server {broker.sasl_address} --add --allow-principal User:NAME" in told
    allow(broker, "narrow", kind, topic, group)
    assert overheard("status", "--config", config).status == 0
    settings = load_settings(config)
    with open_node(Path(settings.data), "command", settings) as system:
        system.log.append([ProducerRecord("owners", "a", b"1")])
        with closing(system.log.consumer("match", "facts")) as one:
            one.poll(1, 0)
            one.commit({0: 0}, {"linked": 1})


def test_a_port_where_something_else_speaks_is_told(
    overheard: Command, configured: Configured, kafka: str, httpserver: HTTPServer, elastic: str
) -> None:
    httpserver.expect_request(re.compile(".*")).respond_with_data("<html>It works!</html>", content_type="text/html")
    page = httpserver.url_for("").rstrip("/")
    config = configured({"servers": [page.removeprefix("http://")]}, {"addresses": [elastic]})
    assert "expected Kafka; something else answers there" in refused(overheard("run", "match", "--config", config))
    config = configured({"servers": [kafka]}, {"addresses": [page]})
    for command in (["run", "index"], ["run", "web"], ["search", "x"], ["index", "check"], ["index", "rebuild"]):
        assert "expected Elasticsearch 9" in refused(overheard(*command, "--config", config))


def test_the_address_of_a_controller_is_told(
    overheard: Command, configured: Configured, broker: Kafka, elastic: str
) -> None:
    controller = f"127.0.0.1:{broker._quorum.ports[broker.node]}"
    config = configured({"servers": [controller]}, {"addresses": [elastic]})
    assert "expected a broker; it is a controller" in refused(overheard("status", "--config", config))


def test_a_certificate_of_ours_that_kafka_does_not_take_is_told(
    overheard: Command, configured: Configured, *, broker: Kafka, keys: Certificates, elastic: str, tmp_path: Path
) -> None:
    foreign = certificates(tmp_path / "foreign")
    mine = {"certificate": foreign.client, "key": foreign.client_key}
    log = {"servers": [broker.tls_address], "security": "SSL", "ca": keys.ca, **mine}
    said = refused(overheard("run", "match", "--config", configured(log, {"addresses": [elastic]})))
    assert "accept who we are by our certificate" in said
    assert "[log] certificate and key" in said


def test_elasticsearch_that_does_not_let_us_in_or_vouches_by_nobody_we_know_is_told(
    overheard: Command, configured: Configured, *, kafka: str, node: Elastic, keys: Certificates, prefix: str,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    log = {"servers": [kafka]}
    narrow = {"r": {"cluster": [], "indices": [{"names": ["others-*"], "privileges": ["read"]}]}}
    rights = {"r": {"cluster": ["monitor"], "indices": [{"names": [f"{prefix}-*"], "privileges": ["all"]}]}}
    monkeypatch.setenv("NARROW_KEY", node.api_key(narrow))
    monkeypatch.setenv("KEY", node.api_key(rights))
    monkeypatch.setenv("BROKEN_KEY", f"{_WRONG}\nsecond line")
    foreign = certificates(tmp_path / "foreign")

    def said(**index: object) -> str:
        config = configured(log, {"addresses": [node.address], "ca": keys.ca, **index})
        return refused(overheard("search", "x", "--config", config))

    assert "expected an API key, or a user and password, that Elasticsearch knows" in said(api_key_env="WRONG")
    assert "that Elasticsearch knows" in said(user=node.user, password_env="WRONG")
    assert "expected the API key of [index] to be one line" in said(api_key_env="BROKEN_KEY")
    assert "expected rights to the indices" in said(api_key_env="NARROW_KEY")
    assert "unable to get local issuer" in said(api_key_env="KEY", ca=foreign.ca)
    config = configured(log, {"addresses": [node.address], "ca": keys.ca, "api_key_env": "KEY"})
    assert overheard("search", "x", "--config", config).status == 0


# --- what somebody else changed ---


def delete(admin: KafkaAdminClient, *topics: str) -> None:
    """Delete topics, and see that the broker has heard of it: until then it shows them as they were."""
    admin.delete_topics(list(topics))
    limit = time.monotonic() + 60
    while left := set(topics) & set(admin.list_topics()):
        assert time.monotonic() < limit, left
        time.sleep(0.05)


def create(admin: KafkaAdminClient, topic: str, about: Mapping[str, Any]) -> None:
    admin.create_topics({topic: about}, wait_for_metadata=True)


def test_a_topic_that_somebody_changed_is_refused_with_the_command_that_mends_it(
    overheard: Command, configured: Configured, broker: Kafka, elastic: str, prefix: str
) -> None:
    config = configured({"servers": [broker.address]}, {"addresses": [elastic]})
    assert overheard("status", "--config", config).status == 0
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        delete(admin, f"{prefix}-changes", f"{prefix}-mentions")
        narrow, deleting = {"num_partitions": 3}, {"cleanup.policy": "delete", "max.message.bytes": "1000000"}
        create(admin, f"{prefix}-mentions", {**narrow, "configs": {"max.message.bytes": str(12 * 2**20)}})
        told = refused(overheard("run", "enrich", "--config", config))
        assert "expected 12 partitions; found 3" in told
        partitions = re.search(r"kafka-topics.sh .* --alter --topic (\S+) --partitions (\d+)", told)
        assert partitions is not None
        admin.create_partitions({partitions[1]: int(partitions[2])})  # what that command does
        assert overheard("status", "--config", config).status == 0
        delete(admin, f"{prefix}-facts")
        create(admin, f"{prefix}-facts", {"num_partitions": 1, "configs": deleting})
    told = refused(overheard("run", "match", "--config", config))
    assert "expected cleanup.policy=compact; expected max.message.bytes=" in told.replace(", found delete", "")
    _run_tool(broker, told)
    assert overheard("status", "--config", config).status == 0


def _run_tool(broker: Kafka, told: str) -> None:
    """Run the command `kafka-configs.sh` that a message names."""
    named = re.search(r"kafka-configs\.sh (.+)", told)
    assert named is not None
    command = [*broker._java(64), "kafka.admin.ConfigCommand", *named[1].split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=broker.folder, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr


# By what it is: what somebody does to the indices of a generation, of the alias `base`.
_CHANGES: Mapping[str, Callable[[httpx.Client, str, str], httpx.Response]] = {
    "another mapping": lambda raw, base, own: raw.put(f"/{own}-profiles/_mapping", json={"dynamic": True}),
    "all deleted": lambda raw, base, own: raw.delete(f"/{own}-*"),
    "one closed": lambda raw, base, own: raw.post(f"/{own}-from-0/_close"),
    "the alias gone": lambda raw, base, own: raw.delete(f"/{own}-*/_alias/{base}"),
    "the alias on one only": lambda raw, base, own: raw.delete(f"/{own}-from-0/_alias/{base}"),
}


def test_an_index_that_somebody_changed_is_refused_and_a_rebuild_mends_it(
    overheard: Command, configured: Configured, kafka: str, elastic: str, prefix: str
) -> None:
    config = configured({"servers": [kafka]}, {"addresses": [elastic]})
    base = f"{prefix}-documents"
    _index_one(config)
    with httpx.Client(base_url=elastic, timeout=30, trust_env=False) as raw:
        for what, change in _CHANGES.items():
            generation = next(iter(raw.get(f"/_alias/{base}").raise_for_status().json())).rpartition("-g")[2]
            change(raw, base, f"{base}-g{generation.partition('-')[0]}").raise_for_status()
            commands = [["search", "x"], ["run", "index"], ["run", "web"], ["index", "check"]]
            for command in commands if what == "another mapping" else commands[:1]:
                told = refused(overheard(*command, "--config", config))
                assert "overheard index rebuild" in told, (what, told)
            for command in (["index", "rebuild"], ["index", "check"]):
                said = overheard(*command, "--config", config)
                assert said.status == 0, (what, said)
        # Under the name that is searched there is an index of somebody's.
        raw.delete(f"/{base}-g*").raise_for_status()
        raw.put(f"/{base}").raise_for_status()
        for command in (["index", "rebuild"], ["index", "rebuild", "--anyway"]):
            told = refused(overheard(*command, "--config", config))
            assert f"expected the name {base} to be free" in told
            assert "Delete that index" in told
        raw.delete(f"/{base}").raise_for_status()
    assert overheard("index", "rebuild", "--config", config).status == 0
    assert overheard("index", "check", "--config", config).status == 0


def _index_one(config: Path) -> None:
    """Index one document, as the service does, so that there must be an index from then on."""
    settings = load_settings(config)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    document = incident(1, "a word")
    value = encode(event_for(document, subject=document.id, source="/matcher", time=now))
    with open_node(Path(settings.data), "index", settings) as system:
        system.log.append([ProducerRecord("documents", document.id, value)])
        assert system.run_index(threading.Event(), until_idle=lambda: True).fates == {"indexed": 1}


# --- let in, with no more rights than are needed ---

_SECURED = """
[web]
port = 0

[log]
engine = "kafka"
servers = ["{kafka}"]
prefix = "{prefix}"
security = "SASL_SSL"
user = "firm"
password_env = "FIRM"
ca = "{ca}"

[index]
engine = "elasticsearch"
addresses = ["{elastic}"]
prefix = "{prefix}"
replicas = 0
ca = "{ca}"
api_key_env = "KEY"
"""
_POISON = b'{"author": "meera@palomino.example", "content": "Korvex is what nobody may read in a log"'


def test_a_whole_cluster_runs_on_secured_engines_and_tells_its_logs_nothing_of_anybody(
    tmp_path: Path, prefix: str, *, broker: Kafka, node: Elastic, keys: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(broker, "firm", "prefixed", f"{prefix}-", f"{prefix}-")
    rights = {"r": {"cluster": ["monitor"], "indices": [{"names": [f"{prefix}-*"], "privileges": ["all"]}]}}
    key = node.api_key(rights)
    monkeypatch.setenv("KEY", key)
    world = write_world(tmp_path / "world", posts=60)
    with Cluster(tmp_path / "home", broker.sasl_address, node.address, prefix) as cluster:
        secured = _SECURED.format(kafka=broker.sasl_address, elastic=node.address, prefix=prefix, ca=keys.ca)
        cluster.config.write_text(secured, encoding="utf-8")
        cluster.settings = load_settings(cluster.config)
        services = cluster.start(*SERVICES)
        with cluster.system() as system:
            system.log.append([ProducerRecord(topic, "meera@palomino.example", _POISON) for topic in STAGES.values()])
            bring_watch(system, world.watch)
            bring_accounts(system, world.accounts)
            bring_contacts(system, world.contacts)
            bring_mentions(system, world.posts)
        cluster.wait_idle(120)
        assert "Korvex" in cluster.overheard("search", "korvex")
        assert "same" in cluster.overheard("index", "check")
        assert cluster.overheard("dead-letters", "list").count("facts") >= 1
        said = {service.name: service.said() for service in services}
    assert "Overheard is at http" in said["web 6"]
    private = [*_PASSWORDS.values(), key, "nobody may read", "spindle noise", "L200"]
    private += [part for contact in CONTACTS for part in (contact[1], contact[2], contact[-1]) if part]
    for name, text in said.items():
        assert not [one for one in private if one in text], (name, text)
        assert "Traceback" not in text, (name, text)
