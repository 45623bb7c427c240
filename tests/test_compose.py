"""The compose files: what they promise, and that their scripts do on real servers what the services need."""

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from overheard.index.base import Search
from overheard.index.documents import document_of
from overheard.index.elastic import ElasticIndex
from overheard.index.elastic_client import ElasticClient
from overheard.index.query import parse
from overheard.wiring.kinds import load_settings
from overheard.wiring.run import SERVICES
from tests.engines.certificates import Certificates
from tests.engines.elastic import Elastic
from tests.engines.fetch import fetched
from tests.engines.fixtures import cannot
from tests.engines.jdk import jdk_for_elasticsearch
from tests.engines.place import UnavailableError, as_account
from tests.index.world import incident, profile

ROOT = Path(__file__).resolve().parent.parent
CLUSTER, EMBEDDED = ROOT / "docker-compose.yml", ROOT / "compose.embedded.yml"
SETTINGS = ROOT / "docker" / "overheard.toml"
ENGINES = {"kafka", "elasticsearch"}
ONCE = {"setup", "rights"}


def services(file: Path) -> dict[str, Any]:
    return dict(msgspec.yaml.decode(file.read_bytes())["services"])


def megabytes(limit: str) -> int:
    return int(limit[:-1]) * {"m": 1, "g": 1024}[limit[-1]]


@pytest.mark.parametrize("file", [CLUSTER, EMBEDDED], ids=lambda file: file.name)
def test_docker_compose_takes_it_without_a_file_of_variables(file: Path, tmp_path: Path) -> None:
    if shutil.which("docker-compose") is None:
        reason = "docker-compose is not on PATH. Debian: apt-get install docker-compose"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    shutil.copytree(ROOT / "docker", tmp_path / "docker")
    shutil.copy(file, tmp_path)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE")}
    command = ["docker-compose", "-f", file.name, "config", "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_each_part_of_overheard_is_a_service_and_the_engines_are_beside_them() -> None:
    assert services(CLUSTER).keys() == {*SERVICES, *ENGINES, *ONCE}
    for name in SERVICES:
        assert services(CLUSTER)[name]["command"][:2] == ["run", name]
    assert services(CLUSTER)["match"]["scale"] == 2


def test_each_service_says_whether_it_is_well_and_comes_back() -> None:
    for name, service in services(CLUSTER).items():
        assert service["restart"] == ("no" if name in ONCE else "unless-stopped"), name
        assert ("healthcheck" in service) == (name not in ONCE), name
    assert {"restart", "healthcheck"} <= services(EMBEDDED)["overheard"].keys()


def test_who_says_by_a_file_that_it_is_well_is_asked_for_that_file() -> None:
    for service in (*(services(CLUSTER)[name] for name in SERVICES), services(EMBEDDED)["overheard"]):
        command, check = service["command"], " ".join(service["healthcheck"]["test"])
        alive = command[command.index("--alive") + 1] if "--alive" in command else ""
        assert alive in check if alive else "/v1/health" in check
        assert not alive or any(alive.startswith(f"{folder}/") for folder in service["tmpfs"])


def test_the_limits_of_memory_fit_a_machine_of_8_gb() -> None:
    limits = {name: megabytes(one["mem_limit"]) * one.get("scale", 1) for name, one in services(CLUSTER).items()}
    assert sum(limits.values()) <= 8 * 1024
    for name in ENGINES:  # half a server's memory at least is for what is no heap
        environment = services(CLUSTER)[name]["environment"]
        heap = re.findall(r"-Xmx(\d+[mg])", environment.get("ES_JAVA_OPTS") or environment["KAFKA_HEAP_OPTS"])
        assert megabytes(heap[0]) <= 0.56 * limits[name]


def test_no_service_has_more_rights_than_it_needs() -> None:
    for file in (CLUSTER, EMBEDDED):
        for name, service in services(file).items():
            assert not service.get("privileged"), name
            assert service["cap_drop"] == ["ALL"], name
            assert "no-new-privileges:true" in service["security_opt"], name
            assert (service["user"].split(":")[0] in ("0", "root")) == (name in ONCE), name
            assert not any(str(mount).startswith(("/", "~")) for mount in service["volumes"]), name
            if service["image"] == "overheard":
                assert service["read_only"], name
                assert service["user"] == "10001:10001"
    assert "--uid 10001" in (ROOT / "Dockerfile").read_text("utf-8")


def test_only_the_pages_are_reached_from_outside_and_by_this_machine_alone() -> None:
    ports = {name: service["ports"] for name, service in services(CLUSTER).items() if "ports" in service}
    assert ports == {"web": ["127.0.0.1:8443:8443"]}
    assert msgspec.yaml.decode(CLUSTER.read_bytes())["networks"]["engines"] == {"internal": True}
    for name in ENGINES:
        assert services(CLUSTER)[name]["networks"] == ["engines"]


def test_every_image_of_others_is_pinned_and_is_the_one_that_is_tested() -> None:
    pom = (ROOT / "tests" / "engines" / "pom.xml").read_text("utf-8")
    images = {service["image"] for service in services(CLUSTER).values()}
    tested = {name: re.findall(rf"<{name}>([\d.]+)</{name}>", pom)[0] for name in ENGINES}
    assert images == {
        "overheard",
        f"apache/kafka:{tested['kafka']}",
        f"docker.elastic.co/elasticsearch/elasticsearch:{tested['elasticsearch']}",
    }


def test_no_secret_stands_in_a_file_or_in_the_environment() -> None:
    for file in (CLUSTER, EMBEDDED, SETTINGS):
        assert "$" not in re.sub(r"^.*#.*$", "", file.read_text("utf-8"), flags=re.MULTILINE)
    for file in (CLUSTER, EMBEDDED):
        for name, service in services(file).items():
            secret = {key for key in service.get("environment", {}) if re.search("pass|secret|key$|token", key, re.I)}
            assert {key for key in secret if not key.endswith(("_FILE", ".ssl.key"))} == set(), name


def test_the_settings_fit_the_services() -> None:
    settings, found = load_settings(SETTINGS), services(CLUSTER)
    assert settings.log.servers == (found["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split("://")[1],)
    assert settings.index.addresses == ("https://elasticsearch:9200",)
    assert {settings.log.engine, settings.index.engine} == ENGINES
    assert f"127.0.0.1:{settings.web.port}:{settings.web.port}" in found["web"]["ports"]
    assert settings.web.address == f"https://localhost:{settings.web.port}"
    assert f'"localhost", {settings.web.port}' in found["web"]["healthcheck"]["test"][-1]
    assert f'"{settings.index.prefix}-*"' in (ROOT / "docker" / "rights.sh").read_text("utf-8")


def test_the_check_of_kafka_is_passed_by_a_broker_alone(kafka: str) -> None:
    command = services(CLUSTER)["kafka"]["healthcheck"]["test"][1:]
    host, _, port = kafka.rpartition(":")

    def check(port: str) -> int:
        words = [word.replace("localhost/9092", f"{host}/{port}") for word in command]
        return subprocess.run(words, capture_output=True, check=False, timeout=20).returncode

    assert check(port) == 0
    assert check("1") != 0


class _Bootstrapped(Elastic):
    """A server whose user `elastic` has a password from the start, as the image gives it one."""

    user = "elastic"

    def configure(self) -> None:
        elastic = self.folder / "config" / "elasticsearch.keystore"
        user, self.user = self.user, "other"  # the file of users takes no reserved name
        super().configure()
        self.user = user
        if elastic.exists():
            return
        for folder in (self.folder, elastic.parent):
            os.chown(folder, as_account()["user"], as_account()["group"])
        keystore = [str(self._home / "bin" / "elasticsearch-keystore")]
        environment = self._environment()
        subprocess.run([*keystore, "create"], env=environment, check=True, capture_output=True, **as_account())
        add = [*keystore, "add", "-x", "bootstrap.password"]
        secret = self.password.encode()
        subprocess.run(add, env=environment, check=True, capture_output=True, input=secret, **as_account())


@dataclass(frozen=True)
class Cluster:
    """What the one-shot services work on, below `root`, and a server with what they made."""

    root: Path
    server: Elastic
    environment: Mapping[str, str]

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", str(ROOT / "docker" / script), str(self.root), *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=120)

    def files(self) -> Mapping[str, bytes]:
        paths = (path for path in self.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if os.geteuid():
        pytest.skip("the scripts give files to the users of the containers, which takes root")
    if shutil.which("unzip") is None or shutil.which("curl") is None:
        cannot("elasticsearch", UnavailableError("needs unzip and curl, which its image has"))
    try:
        home, java = fetched("elasticsearch"), jdk_for_elasticsearch().home
    except UnavailableError as error:
        cannot("elasticsearch", error)
    root = tmp_path_factory.mktemp("compose")
    for volume in ("certs", "access", "data"):
        (root / volume).mkdir()
    (root / "docker").symlink_to(ROOT / "docker")
    environment = {"PATH": f"{home / 'bin'}:{os.environ['PATH']}", "ES_JAVA_HOME": str(java)}
    certs = root / "certs"
    made = Certificates(
        certs / "ca" / "ca.crt",
        *(certs / name / f"{name}.{end}" for name in ("elasticsearch", "web") for end in ("crt", "key")),
    )
    server = _Bootstrapped(certificates=made, heap_mb=512)
    try:
        one = Cluster(root, server, environment)
        done = one.run("setup.sh")
        assert done.returncode == 0, (done.stdout, done.stderr)
        server.password = (certs / "password").read_text("utf-8").strip()
        server.start()
        yield one
    finally:
        server.kill()
        server.remove()


def test_setup_makes_what_each_service_reads_for_its_user_alone(cluster: Cluster) -> None:
    expected = {
        "certs/ca/ca.key": (0, 0o600),
        "certs/password": (1000, 0o600),
        "certs/elasticsearch/elasticsearch.key": (1000, 0o600),
        "access/ca.crt": (10001, 0o644),
        "access/web.key": (10001, 0o600),
        "data/overheard.toml": (10001, 0o600),
    }
    status = {name: (cluster.root / name).stat() for name in expected}
    assert {name: (one.st_uid, one.st_mode & 0o777) for name, one in status.items()} == expected
    assert load_settings(cluster.root / "data" / "overheard.toml").log == load_settings(SETTINGS).log
    assert len(cluster.server.password) * 6 >= 128  # bits


def test_setup_again_changes_nothing(cluster: Cluster) -> None:
    with (cluster.root / "data" / "overheard.toml").open("a", encoding="utf-8") as settings:
        settings.write("# a person's own\n")
    before = cluster.files()
    assert cluster.run("setup.sh").returncode == 0
    assert cluster.files() == before


def test_the_key_may_use_the_indices_of_overheard_and_nothing_else(cluster: Cluster) -> None:
    address = cluster.server.address
    for _ in range(2):  # the second time the first one's key stays
        done = cluster.run("rights.sh", address)
        assert (done.returncode, done.stdout) == (0, ""), (done.stdout, done.stderr)
        keys = {(cluster.root / "access" / "api_key").read_text("utf-8").strip()}
    assert len(keys) == 1
    assert (cluster.root / "access" / "api_key").stat().st_uid == 10001

    trust = ssl.create_default_context(cafile=cluster.root / "access" / "ca.crt")
    headers = {"Authorization": f"ApiKey {keys.pop()}"}
    with httpx.Client(base_url=address, verify=trust, headers=headers, trust_env=False, timeout=30) as client:
        assert client.get("/_nodes/_local?filter_path=nodes.*.version").status_code == 200
        assert client.put("/overheard-documents-x").status_code == 200
        assert client.delete("/overheard-documents-x").status_code == 200
        assert client.put("/other").status_code == 403
        assert client.get("/_security/user").status_code == 403


def test_the_key_suffices_for_all_that_the_index_does(cluster: Cluster) -> None:
    done = cluster.run("rights.sh", cluster.server.address)
    assert done.returncode == 0, done.stderr
    key = (cluster.root / "access" / "api_key").read_text("utf-8").strip()
    ca = str(cluster.root / "access" / "ca.crt")
    with closing(ElasticClient([cluster.server.address], ca=ca, api_key=key)) as client:
        client.wait_ready()
        with closing(ElasticIndex(client, prefix="overheard", replicas=0)) as index:
            index.verify()
            changes = [document_of(incident(1, "the seal leaks"), 1), document_of(profile(1, "Asha Rao"), 1)]
            assert index.apply(changes) == ["indexed", "indexed"]
            index.flush()
            successor = index.successor()
            successor.apply(changes)
            successor.flush()
            index.adopt(successor)
            assert index.search(Search(parse("leaks"))).total == 1
            assert len(list(index.versions())) == 2


def test_a_key_that_elasticsearch_does_not_know_is_replaced(cluster: Cluster) -> None:
    key = cluster.root / "access" / "api_key"
    key.write_text("bm90LWE6a2V5\n", "utf-8")
    done = cluster.run("rights.sh", cluster.server.address)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert len(key.read_text("utf-8").strip()) > 40
