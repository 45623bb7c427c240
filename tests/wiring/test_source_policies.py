"""Retention and export on a real log, matcher and index; only the clock is ours."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from overheard.collectors.feeds.feed import Feed
from overheard.collectors.files import import_mentions
from overheard.config.settings import AlertSettings, Settings
from overheard.index.base import Search
from overheard.index.query import Value
from overheard.policy import PolicyTable
from overheard.records import Actor, Incident, Mention, Policy, mention_id
from overheard.wiring.feeds import poll_until
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_watch
from overheard.wiring.policies import keep_policies, policies_of
from overheard.wiring.retention import expire
from overheard.wiring.system import System, utc_now
from overheard.wiring.up import run_up
from tests.world import World, write_world

QUIET = Settings(alerts=AlertSettings(digest_at=""))
NOW = utc_now()
SECRET = "zqsecretzq"


def settings(**policy: object) -> Settings:
    """Return settings with one source, "forum", and its policy."""
    table = PolicyTable(**policy)  # type: ignore[arg-type]
    return replace(QUIET, sources=(Feed(name="forum", url="https://forum.example/feed", policy=table),))


def post(n: int, *, days: int, source: str = "forum") -> Mention:
    return Mention(
        id=mention_id("forum", f"a{n}"),
        platform="forum",
        native_id=f"a{n}",
        source=source,
        content=f"Korvex support is slow and the spindle noise is terrible, {SECRET}{n}",
        url=f"https://forum.example/a{n}",
        published=NOW - timedelta(days=days),
        first_seen=NOW - timedelta(days=days),
        attributed_to=Actor(platform="reddit", preferred_username="meerac", name="Meera"),
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return write_world(tmp_path_factory.mktemp("world"), posts=0)


def work(system: System) -> None:
    """Have everything that waits enriched, matched and indexed; nothing is polled."""
    with_sources = system.settings
    system.settings = replace(with_sources, sources=())
    run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
    system.settings = with_sources


def bring(system: System, world: World, *posts: Mention) -> None:
    bring_watch(system, world.watch)
    bring_accounts(system, world.accounts)
    bring_contacts(system, world.contacts)
    import_mentions(system.log, posts, NOW)
    work(system)


def urls(system: System) -> list[str]:
    with closing(system.index(reading=True)) as index:
        page = index.search(Search(Value("kind", "incident"), limit=100))
        return sorted(hit.record.mention.url[-2:] for hit in page.hits if isinstance(hit.record, Incident))


def sweep(system: System, **options: int) -> int:
    with closing(system.index(reading=True)) as index:
        return expire(system, index, NOW, **options)


def everything(system: System) -> Iterator[str]:
    """Yield every document as it is now, whole, and what the index has of it."""
    for event in system.documents():
        yield str(event.data)
    with closing(system.index(reading=True)) as index:
        for kind in ("incident", "contact", "account"):
            for hit in index.search(Search(Value("kind", kind), limit=100)).hits:
                yield hit.json.decode()


def test_what_is_older_than_its_source_keeps_goes_everywhere_and_nothing_else_does(
    world: World, tmp_path: Path
) -> None:
    with System(tmp_path / "data", settings(retention=90)) as system:
        bring(system, world, post(1, days=10), post(2, days=100), post(3, days=100, source="elsewhere"))
        assert urls(system) == ["a1", "a2", "a3"]
        assert sweep(system) == 1
        work(system)
        assert urls(system) == ["a1", "a3"]
        whole = "\n".join(everything(system))
        assert f"{SECRET}2" not in whole
        assert mention_id("forum", "a2") not in whole
        assert f"{SECRET}1" in whole
        assert sweep(system) == 0


def test_a_round_is_bounded_and_the_next_goes_on(world: World, tmp_path: Path) -> None:
    with System(tmp_path / "data", settings(retention=90)) as system:
        bring(system, world, *(post(n, days=100 + n) for n in range(1, 6)))
        # The index still shows what the first round deleted: the second finds what comes after.
        assert sweep(system, most=2) == 2
        assert sweep(system, most=2) == 2
        assert sweep(system, most=2) == 1
        assert sweep(system) == 0
        work(system)
        assert urls(system) == []


def test_a_source_that_was_taken_out_of_the_settings_keeps_its_last_policy(world: World, tmp_path: Path) -> None:
    with System(tmp_path / "data", settings(retention=90, export="link")) as system:
        assert keep_policies(system.log, system.settings, NOW)
        assert not keep_policies(system.log, system.settings, NOW)
        bring(system, world, post(2, days=100))
        system.settings = QUIET
        keep_policies(system.log, system.settings, NOW)
        assert policies_of(system) == {"forum": Policy(retention=90, export="link")}
        assert sweep(system) == 1
    # One that is set up again with none is open again.
    with System(tmp_path / "data", settings()) as system:
        assert policies_of(system) == {}
        keep_policies(system.log, system.settings, NOW)
        system.settings = QUIET
        assert policies_of(system) == {}


def test_polling_lets_go_of_what_is_past_by_itself(world: World, tmp_path: Path) -> None:
    with System(tmp_path / "data", QUIET) as system:
        bring(system, world, post(2, days=100))
        keep_policies(system.log, settings(retention=90), NOW)
        run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
        assert urls(system) == []


def test_a_poll_is_over_when_what_is_past_was_let_go_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on, polled = threading.Event(), threading.Event(), threading.Event()

    def slow(system: System) -> Mapping[str, Policy]:
        began.set()
        assert go_on.wait(60)
        return policies_of(system)

    monkeypatch.setattr("overheard.wiring.retention.policies_of", slow)
    with System(tmp_path / "data", QUIET) as system:
        asked = {"once": True, "polled": polled}
        thread = threading.Thread(target=poll_until, args=(system, threading.Event()), kwargs=asked)
        thread.start()
        assert began.wait(60)
        assert not polled.wait(0.3)
        go_on.set()
        assert polled.wait(60)
        thread.join(60)


def test_an_import_of_posts_of_a_source_obeys_its_policy(tmp_path: Path) -> None:
    from overheard.wiring.imports import bring_mentions

    file = tmp_path / "posts.ndjson"
    rows = [
        {"source": "forum", "native_id": f"b{n}", "text": f"Korvex {SECRET} " * 40, "published": at.isoformat()}
        for n, at in enumerate((NOW - timedelta(days=1), NOW - timedelta(days=100)))
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with System(tmp_path / "data", settings(retention=90, text=50)) as system:
        found = bring_mentions(system, file)
        assert found.report.fates == {"collected": 1, "expired": 1, "unchanged": 0, "dead": 0}
