"""What it costs to run here, measured."""

import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from overheard.config.settings import LocaleSettings
from overheard.web.shown import in_bytes
from overheard.wiring.cost import PAID, memory_of
from overheard.wiring.measuring import BATCH, disk_of, newest_mentions
from overheard.wiring.system import utc_now
from tests.web.api_world import Served, serving

HTML = {"accept": "text/html"}


def test_before_anything_was_measured_the_page_says_so(shown: Served) -> None:
    page = shown.client.get("/cost", headers=HTML)

    assert page.status_code == 200
    assert "Not measured yet" in page.text
    assert "docs.x.com" in page.text


def test_a_measurement_runs_the_folders_own_posts_and_is_remembered(heard: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(heard, tmp_path / "data"))
    with serving(folder) as served:
        before = served.system.fates(), served.system.lag()
        answer = served.client.post("/cost", headers=HTML)
        cost = served.service.cost()
        after = served.system.fates(), served.system.lag()

    assert answer.status_code == 200, answer.text
    assert cost.measured is not None
    assert (cost.measured.of, cost.measured.posts, cost.measured.contacts) == ("your newest posts", 62, 10)
    assert 0 < cost.measured.passed <= 62
    assert set(cost.seconds) == {"enrich", "match", "index"}
    assert all(took > 0 for took in cost.seconds.values())
    assert cost.limit in cost.seconds
    assert cost.most_a_day is not None
    assert cost.most_a_day > 10_000
    assert cost.growth is not None
    assert 0 < cost.growth < 100_000_000
    assert before == after
    assert "62 posts (your newest posts)" in answer.text


def test_with_few_posts_of_ones_own_the_sample_is_measured(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        cost = served.service.measure_cost()

    assert cost.measured is not None
    assert "sample" in cost.measured.of
    assert 50 <= cost.measured.posts <= BATCH
    assert cost.measured.passed > 20
    assert cost.posts == 0
    assert cost.posts_a_day is None
    assert cost.growth_month is None


def test_rate_and_growth_are_of_the_days_that_were_seen(heard: Path, tmp_path: Path) -> None:
    from overheard.wiring.cost import cost_of

    folder = Path(shutil.copytree(heard, tmp_path / "data"))
    with serving(folder) as served:
        soon = cost_of(served.system, utc_now() + timedelta(minutes=1))
        later = cost_of(served.system, utc_now() + timedelta(days=2))
        never = cost_of(served.system, utc_now() + timedelta(days=30))

    assert (soon.posts, soon.posts_a_day) == (62, None)
    assert later.posts_a_day == pytest.approx(31, rel=0.05)
    assert (never.posts, never.posts_a_day) == (0, None)


def test_the_parts_of_the_disk_add_up_to_the_folder(heard: Path) -> None:
    parts = disk_of(heard)

    assert sum(parts.values()) == sum(path.stat().st_size for path in heard.rglob("*") if path.is_file())
    assert parts["database"] > 100_000
    assert parts["search index"] > 0


def test_the_newest_posts_come_each_once(shown: Served) -> None:
    found = newest_mentions(shown.system.log, 10)

    assert len({one.id for one in found}) == len(found) == 10


def test_memory_is_told_of_this_process_where_nothing_runs(tmp_path: Path) -> None:
    ((name, size),) = memory_of(tmp_path)[:1]

    assert name == "this command"
    assert size > 1_000_000


def test_every_paid_source_says_where_and_when_its_price_was_read_and_invents_none() -> None:
    for one in PAID:
        assert one.url.startswith("https://") == (one.read is not None)
        assert one.read is None or date(2026, 1, 1) <= one.read <= datetime.now(UTC).date() + timedelta(days=1)
        assert one.price is None or one.read is not None
        assert one.unit
        assert one.note
        for price in (one.price, one.per_thousand):
            assert price is None or Decimal(price) >= 0
        assert one.price is not None or one.per_thousand is None


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1_400, "1.4 kB"), (78_000_000_000, "78 GB"), (2e15, "2,000 TB")]
)
def test_sizes_are_told_in_the_unit_that_fits(size: float, text: str) -> None:
    assert in_bytes(size, LocaleSettings()) == text
