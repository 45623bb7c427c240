import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
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
