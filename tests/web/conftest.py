import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from pytest_httpserver import HTTPServer

from overheard.collectors.feeds.feed import Feed
from overheard.config.settings import HttpSettings, Settings
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.system import System
from overheard.wiring.up import run_up
from tests.web.api_world import Served, serving
from tests.world import write_world

FEED = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Shop floor</title><link>https://floor.example/</link>
<item><title>A week with the L200 lathe</title><link>https://floor.example/2026/l200</link>
<description>&lt;p&gt;Anton Brezina of Ostrava Castings likes it.&lt;script&gt;x&lt;/script&gt;&lt;/p&gt;</description>
<pubDate>Mon, 02 Nov 2026 09:00:00 GMT</pubDate></item>
<item><title>Holiday pictures</title><link>https://floor.example/2026/beach</link></item>
<item><title>No link and no guid</title></item>
</channel></rss>"""


class Compiled(BytecodeCache):
    """Templates as they were compiled for the first app of this process: most tests make one of their own."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if kept := self._kept.get(bucket.key):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def _templates_compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("overheard.web.app.Environment", partial(Environment, bytecode_cache=Compiled()))
        yield


@pytest.fixture(scope="session")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small world, and a feed that was really fetched, all worked on. Read only: copy it to write."""
    base = tmp_path_factory.mktemp("heard")
    world = write_world(base / "world", posts=60)
    with HTTPServer() as server:
        server.expect_request("/robots.txt").respond_with_data(status=404)
        server.expect_request("/feed").respond_with_data(FEED, content_type="application/rss+xml")
        settings = Settings(
            http=HttpSettings(contact="test@overheard.example", allow_hosts=("localhost", "127.0.0.1"), gap=0),
            sources=(Feed(name="shop-floor", url=server.url_for("/feed"), articles=False),),
        )
        with System(base / "data", settings) as system:
            bring_watch(system, world.watch)
            bring_accounts(system, world.accounts)
            bring_contacts(system, world.contacts)
            bring_mentions(system, world.posts)
            run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
    return base / "data"


@pytest.fixture(scope="session")
def shown(heard: Path) -> Iterator[Served]:
    """The folder that was heard, served to be looked at only."""
    with serving(heard) as served:
        yield served
        served.client.app.state["pulses"].close()
