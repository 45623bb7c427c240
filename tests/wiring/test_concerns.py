"""What is complained of and wished for: counted by product, topic and month, and each number found by its query."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from overheard.config.settings import Settings
from overheard.errors import NotFoundError
from overheard.web.base import Asked
from overheard.wiring.service import SystemService
from overheard.wiring.system import System
from tests.concernsworld import NOW, SAID, fill


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("concerns") / "data"
    with System(folder, Settings()) as system:
        fill(system)
    return folder


@pytest.fixture
def service(filled: Path, tmp_path: Path) -> Iterator[SystemService]:
    folder = Path(shutil.copytree(filled, tmp_path / "data"))
    with System(folder, Settings()) as system, closing(SystemService(system, clock=lambda: NOW)) as service:
        yield service


def test_topics_of_a_product_are_counted_by_month_and_against_the_month_before(service: SystemService) -> None:
    found = service.concerns("l200")
    assert (found.product, found.posts, found.since.isoformat()) == ("l200", 5, "2026-10-22")
    delivery, bearing = found.items
    assert (delivery.topic, delivery.posts, delivery.recent, delivery.before) == ("delivery", 4, 3, 1)
    assert delivery.by_month == {"2026-10": 1, "2026-11": 3}
    assert (bearing.topic, bearing.recent, bearing.before) == ("spindle bearing", 0, 0)
    assert [one.exact for one in delivery.snippets] == [said.text for said in SAID[:3]]


def test_of_all_products_each_has_its_own_topics(service: SystemService) -> None:
    assert [(one.product, one.topic, one.posts) for one in service.concerns().items] == [
        ("l200", "delivery", 4),
        ("l200", "spindle bearing", 1),
        ("m3", "dark mode", 1),
        ("m3", "price", 1),
    ]
    assert service.concerns().posts == 7
    assert [one.topic for one in service.concerns(limit=1).items] == ["delivery"]


def test_every_number_is_what_its_query_finds(service: SystemService) -> None:
    for one in service.concerns().items:
        found = service.search(Asked(one.query, facets=("published:month",)))
        assert (found.total, dict(found.facets["published:month"])) == (one.posts, one.by_month)


def test_a_product_is_known_by_its_names_and_another_is_refused(service: SystemService) -> None:
    assert service.concerns("korvex l200") == service.concerns("l200")
    with pytest.raises(NotFoundError, match="expected a watched term"):
        service.concerns("nobody")


def test_what_people_deny_is_no_concern_any_more_and_counts_in_the_agreement(service: SystemService) -> None:
    post = next(iter(service.search(Asked("issue:l200/delivery")).hits))
    service.decide("relabel", post.id, "intent/complaint", value="no", by="ann")
    assert service.concerns("l200").items[0].posts == 3
    assert service.search(Asked("intent:complaint")).total == 5
    service.decide("not about us", next(iter(service.search(Asked("issue:l200/delivery")).hits)).id, by="ann")
    assert service.concerns("l200").items[0].posts == 2
    rows = {row.what: (row.labels, row.agreed) for row in service.agreement()}
    assert rows == {"intent/complaint": (1, 0), "about us": (1, 0)}
