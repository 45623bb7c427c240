"""A cluster that cannot be used as it is: refused with what was found, what is expected and which setting mends it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from overheard.errors import EngineError, TransientError
from overheard.index.base import Search
from overheard.index.documents import document_of
from overheard.index.elastic import ElasticIndex
from overheard.index.elastic_client import ElasticClient
from overheard.index.query import parse
from tests.engines.certificates import Certificates, certificates
from tests.engines.elastic import Elastic
from tests.engines.faults import BUSY
from tests.engines.fixtures import cannot
from tests.engines.place import UnavailableError
from tests.engines.server import free_port
from tests.index.world import incident, incidents


class Ticking:
    """A clock that goes on by what is slept."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def refused(client: ElasticClient) -> str:
    """Return why a cluster cannot be used; no more than 30 s may have been waited."""
    clock = Ticking()
    try:
        with pytest.raises(EngineError) as raised:
            client.wait_ready(clock=clock, sleep=clock.sleep)
    finally:
        client.close()
    assert clock.seconds <= 31
    return str(raised.value)


def answering(server: HTTPServer, body: str, status: int = 200, **headers: str) -> str:
    """Have a server answer like that, and return its address."""
    headers = {"X-Elastic-Product": "Elasticsearch"} | {name.replace("_", "-"): text for name, text in headers.items()}
    kind = "application/json" if body.startswith("{") else "text/html"
    server.expect_request("/_nodes/_local").respond_with_data(body, status, headers, content_type=kind)
    return server.url_for("").rstrip("/")


def test_a_real_one_is_taken(elastic: str) -> None:
    client = ElasticClient([elastic])
    client.wait_ready()
    client.close()


def test_where_nothing_listens_it_waits_and_then_names_the_address() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    told = refused(ElasticClient([address]))
    assert address in told
    assert "Waited 30 s. Look at index.addresses" in told


def test_one_of_two_addresses_is_enough(elastic: str) -> None:
    client = ElasticClient([f"http://127.0.0.1:{free_port()}", elastic])
    client.wait_ready(0)
    client.close()


def test_a_cluster_that_comes_up_while_it_waits_is_taken(httpserver: HTTPServer) -> None:
    nodes = json.dumps({"nodes": {"a": {"version": "9.1.0"}}})
    server = httpserver
    server.expect_oneshot_request("/_nodes/_local").respond_with_data("{}", 503)
    client = ElasticClient([answering(server, nodes)])
    clock = Ticking()
    client.wait_ready(clock=clock, sleep=clock.sleep)
    assert clock.seconds == 0.5
    client.close()


def test_another_version_is_refused(httpserver: HTTPServer) -> None:
    address = answering(httpserver, json.dumps({"nodes": {"a": {"version": "8.19.2"}}}))
    assert "expected Elasticsearch 9; got 8.19.2" in refused(ElasticClient([address]))


def test_a_server_that_does_not_know_this_version_is_refused(httpserver: HTTPServer) -> None:
    cause = {"type": "media_type_header_exception", "reason": "Invalid media-type value on headers [Accept]"}
    address = answering(httpserver, json.dumps({"error": {**cause, "root_cause": [cause]}, "status": 400}), 400)
    assert "expected Elasticsearch 9; it does not know that version" in refused(ElasticClient([address]))


def test_something_else_at_the_address_is_refused(httpserver: HTTPServer) -> None:
    address = answering(httpserver, json.dumps({"nodes": {}}), X_Elastic_Product="OpenSearch")
    assert "something else answered. Look at index.addresses" in refused(ElasticClient([address]))


def test_a_page_at_the_address_is_refused(httpserver: HTTPServer) -> None:
    address = answering(httpserver, "<html>It works!</html>", 404)
    assert "expected Elasticsearch 9; got 404" in refused(ElasticClient([address]))


def test_a_gateway_without_a_server_behind_it_is_waited_for(httpserver: HTTPServer) -> None:
    address = answering(httpserver, "<html>Bad gateway</html>", 502)
    assert "Waited 30 s" in refused(ElasticClient([address]))


def test_a_ca_that_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="ca of \\[index\\]"):
        ElasticClient(["https://127.0.0.1:1"], ca=str(tmp_path / "none.pem"))
    (tmp_path / "bad.pem").write_text("no certificate", "utf-8")
    with pytest.raises(EngineError, match="ca of \\[index\\]"):
        ElasticClient(["https://127.0.0.1:1"], ca=str(tmp_path / "bad.pem"))


# --- a server with security, and little room ---


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    try:
        return certificates(tmp_path_factory.mktemp("keys"))
    except UnavailableError as e:
        cannot("Elasticsearch with TLS", e)


@pytest.fixture(scope="module")
def secured(keys: Certificates) -> Iterator[Elastic]:
    try:
        server = Elastic(certificates=keys, settings=BUSY, heap_mb=512)
    except UnavailableError as e:
        cannot("Elasticsearch", e)
    with server:
        yield server


def test_the_right_password_and_the_right_key_are_taken(secured: Elastic, keys: Certificates) -> None:
    ways: Sequence[dict[str, Any]] = (
        {"user": secured.user, "password": secured.password},
        {"api_key": secured.api_key()},
    )
    for who in ways:
        client = ElasticClient([secured.address], ca=str(keys.ca), **who)
        client.wait_ready()
        index = ElasticIndex(client, prefix="rights", replicas=0)
        index.apply([document_of(incident(1, "x"), 1)])
        index.flush()
        assert index.count() == 1
        index.clear()
        client.close()


def test_a_key_with_the_rights_that_the_message_names_is_enough(secured: Elastic, keys: Certificates) -> None:
    role = {"cluster": ["monitor"], "indices": [{"names": ["few-documents*"], "privileges": ["all"]}]}
    client = ElasticClient([secured.address], ca=str(keys.ca), api_key=secured.api_key({"role": role}))
    client.wait_ready()
    index = ElasticIndex(client, prefix="few", replicas=0)
    index.apply([document_of(incident(1, "x"), 1)])
    index.flush()
    index.verify()
    index.clear()
    assert list(index.versions()) == []
    with pytest.raises(EngineError, match="expected rights"):
        ElasticIndex(client, prefix="other", replicas=0).apply([document_of(incident(1, "x"), 1)])
    client.close()


def test_a_key_without_rights_is_refused(secured: Elastic, keys: Certificates) -> None:
    role = {"cluster": ["monitor"], "indices": [{"names": ["none"], "privileges": ["read"]}]}
    client = ElasticClient([secured.address], ca=str(keys.ca), api_key=secured.api_key({"role": role}))
    client.wait_ready()
    with pytest.raises(EngineError, match="expected rights to the indices"):
        ElasticIndex(client).verify()
    client.close()


def test_a_wrong_password_a_wrong_key_and_none_are_refused_and_not_shown(secured: Elastic, keys: Certificates) -> None:
    ways: Sequence[dict[str, Any]] = (
        {"user": secured.user, "password": "wrong-pass"},
        {"api_key": "d3JvbmctcGFzczp3cm9uZy1wYXNz"},
        {},
    )
    for who in ways:
        told = refused(ElasticClient([secured.address], ca=str(keys.ca), **who))
        assert "expected an API key, or a user and password" in told
        assert "password_env" in told
        assert "wrong-pass" not in told
        assert "d3JvbmctcGFzcz" not in told


def test_a_certificate_that_nobody_vouches_for_is_refused(secured: Elastic, tmp_path: Path) -> None:
    other = certificates(tmp_path / "other")
    for ca in ("", str(other.ca)):
        told = refused(ElasticClient([secured.address], ca=ca, user=secured.user, password=secured.password))
        assert "index.ca" in told
        assert "certificate" in told


def test_http_to_a_server_with_tls_and_https_to_one_without_are_told(secured: Elastic, elastic: str) -> None:
    assert "write https://" in refused(ElasticClient([secured.address.replace("https:", "http:")]))
    assert "write http://" in refused(ElasticClient([elastic.replace("http:", "https:")]))


def test_a_server_without_room_is_tried_again_and_nothing_is_lost(secured: Elastic, keys: Certificates) -> None:
    # Its limit is 64 kB of writes at a time: 429 for what is larger.
    client = ElasticClient([secured.address], ca=str(keys.ca), user=secured.user, password=secured.password)
    slept: list[float] = []
    index = ElasticIndex(client, prefix="busy", replicas=0, sleep=slept.append)
    documents = [document_of(each, 1) for each in incidents(300, seed=3)]
    with pytest.raises(TransientError, match=r"429|room"):
        index.apply(documents)
    for at in range(0, len(documents), 10):
        index.apply(documents[at : at + 10])
    index.flush()
    assert index.search(Search(parse("*"))).total == 300
    index.clear()
    client.close()
