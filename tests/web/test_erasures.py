"""`POST /v1/erasures`: what a caller may, and what comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.api_world import Served, fill, serving

KEY = "reddit:handle:meerac"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("erasures") / "data"
    fill(folder, posts=30)
    return folder


@pytest.fixture
def api(filled: Path) -> Iterator[Served]:
    with serving(filled) as served:
        yield served


def test_a_person_is_erased_once_and_the_same_key_gives_the_same_certificate(api: Served) -> None:
    assert api.post("/v1/erasures", {"who": KEY, "dryRun": True})["dryRun"] is True
    assert api.client.get("/v1/profiles", params={"identity": KEY}).json()["items"]

    first = api.post("/v1/erasures", {"who": KEY}, Idempotency_Key="k1")
    assert first["subjects"]
    assert all(word not in str(first).casefold() for word in ("meera", "chitnis", "palomino"))
    assert api.post("/v1/erasures", {"who": KEY}, Idempotency_Key="k1") == first
    assert not api.client.get("/v1/profiles", params={"identity": KEY}).json()["items"]

    row = {"externalId": "c1", "name": "Meera Chitnis"}
    assert api.post("/v1/contacts", [row])["counts"] == {"suppressed": 1}
    post = {"source": "reddit", "platform": "reddit", "nativeId": "new", "author": "meerac", "text": "Korvex again"}
    assert api.post("/v1/mentions", [post])["counts"] == {"suppressed": 1}
    changes = api.get("/v1/changes", limit=1_000)["changes"]
    assert "erased" in {change["what"] for change in changes}


def test_nobody_of_that_name_is_404_and_a_field_that_is_none_400(api: Served) -> None:
    assert api.client.post("/v1/erasures", json={"who": "Nobody Atall"}).status_code == 404
    assert api.client.post("/v1/erasures", json={"whom": KEY}).status_code == 400
