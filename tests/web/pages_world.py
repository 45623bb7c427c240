"""A small world with hostile posts in it, its pages read as a browser would: what the tests of the pages share."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient
from lxml import html

from overheard.config.settings import LocaleSettings, Settings
from overheard.web.app import make_app
from overheard.wiring.imports import (
    bring_accounts,
    bring_contacts,
    bring_holdings,
    bring_mentions,
    bring_purchases,
    bring_watch,
)
from overheard.wiring.service import SystemService
from overheard.wiring.system import System
from overheard.wiring.up import run_up
from tests.world import write_world

HOST = "127.0.0.1:8787"
POSTS = 120

SCRIPT = "<script>alert(1)</script>"
TEMPLATE = "{{7*7}} ${7*7} {% include '/etc/passwd' %}"
SQL = "' OR 1=1; DROP TABLE index_documents_1; --"
TURNED = "Korvex \u202egnp.exe\u202c is fine"
IMAGE = '<img src="https://tracker.example/pixel.png" onerror="alert(2)">'
LONGEST = "k" * 1_000_000

HOSTILE: tuple[Mapping[str, Any], ...] = (
    {"native_id": "h1", "text": f"Korvex {SCRIPT} {IMAGE}", "title": f"Korvex {SCRIPT}", "author": SCRIPT},
    {"native_id": "h2", "text": f"Korvex {TEMPLATE}", "author": "{{config}}"},
    {"native_id": "h3", "text": f"Korvex {SQL}", "author": SQL},
    {"native_id": "h4", "text": TURNED, "author": "\u202eevil"},
    {"native_id": "h5", "text": f"Korvex {LONGEST}", "author": "long"},
    {"native_id": "h6", "text": "Korvex by the door", "url": "javascript:alert(3)", "author": "door"},
)


def fill(folder: Path) -> None:
    """Put the world into a folder, all of it worked on."""
    world = write_world(folder.parent / "world", posts=POSTS)
    hostile = [{"source": "hostile", "published": 1_700_500_000 + n, **row} for n, row in enumerate(HOSTILE)]
    with world.posts.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in hostile)
    holdings = folder.parent / "world" / "holdings.csv"
    holdings.write_text("external_id,account,product,since\nh1,a1,Korvex L200,2024-05-01\n", encoding="utf-8")
    purchases = folder.parent / "world" / "purchases.csv"
    purchases.write_text(
        "external_id,account,contact,product,date,amount,currency\np1,a1,c1,Korvex L200,2024-05-01,125000,INR\n",
        encoding="utf-8",
    )
    with System(folder, Settings()) as system:
        bring_watch(system, world.watch)
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)
        bring_holdings(system, holdings)
        bring_purchases(system, purchases)
        bring_mentions(system, world.posts)
        run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)


class Pages:
    """The pages of a folder, and the system behind them."""

    def __init__(self, system: System, client: TestClient[Litestar]) -> None:
        self.system = system
        self.client = client

    def text(self, path: str, *, status: int = 200) -> str:
        """Return a page as it is sent."""
        answer = self.client.get(path, headers={"accept": "text/html"}, follow_redirects=False)
        assert answer.status_code == status, answer.text[:2_000]
        return answer.text

    def get(self, path: str, *, status: int = 200) -> Any:
        """Return a page, parsed."""
        return html.fromstring(self.text(path, status=status))

    def press(self, page: Any, label: str, *, within: str = "//main", nth: int = 0) -> Any:
        """Press the button whose label begins so; return the page that comes."""
        found = [one for one in page.xpath(f"{within}//button") if one.text_content().startswith(label)]
        assert found, f"no button {label!r} among {[one.text_content() for one in page.xpath('//button')]}"
        form = found[nth].getparent()
        while form.tag != "form":
            form = form.getparent()
        fields = {one.get("name"): one.get("value", "") for one in form.xpath(".//input[@name]")}
        return self.send(form.get("action"), fields)

    def send(self, path: str, fields: Mapping[str, str]) -> Any:
        """Send a form, and return the page that it leads to."""
        answer = self.client.post(path, data=dict(fields), headers={"accept": "text/html"}, follow_redirects=False)
        assert answer.status_code == 303, answer.text[:2_000]
        return self.get(answer.headers["location"])


@contextmanager
def pages_of(folder: Path, settings: Settings | None = None) -> Iterator[Pages]:
    """Lend the pages of a folder, new or not."""
    settings = settings or Settings(locale=LocaleSettings(region="IN", currency="INR", time_zone="Asia/Kolkata"))
    with System(folder, settings) as system:
        service = SystemService(system)
        try:
            with TestClient(make_app(service, hosts={HOST}), base_url=f"http://{HOST}") as client:
                yield Pages(system, client)
        finally:
            service.close()


def words(element: Any) -> str:
    """Return the text of an element with single spaces."""
    return " ".join(element.text_content().split())
