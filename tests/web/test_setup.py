"""The set-up in a browser, without JavaScript: every step as a form, against sites on loopback."""

import html
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from pytest_httpserver import HTTPServer

from overheard.config.settings import Settings, load_settings
from overheard.config.watchlist import load_watchlist
from overheard.web.app import make_app
from overheard.wiring.service import SystemService
from overheard.wiring.system import System
from overheard.wiring.up import run_up
from tests.onboard import sites

HOST = "overheard.local"
PEOPLE = "Name,Email,Company,Phone,Wherefrom\nAsha Rao,asha@blueleaf.example,Blueleaf,98220 12345,Pune\n"
Client = TestClient[Litestar]


class Browser:
    """Somebody's browser without JavaScript."""

    def __init__(self, client: Client, system: System) -> None:
        self.client = client
        self.system = system
        self.path = ""
        self.status = 0
        self.source = ""

    @property
    def text(self) -> str:
        """What the page says, in one line."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.source)).split())

    def open(self, path: str) -> "Browser":
        return self._at(self.client.get(path, headers={"accept": "text/html"}))

    def send(self, path: str, form: dict[str, Any], **kwargs: Any) -> "Browser":
        return self._at(self.client.post(path, data=form, headers={"accept": "text/html"}, **kwargs))

    def _at(self, answer: Any) -> "Browser":
        self.path, self.status, self.source = answer.url.path, answer.status_code, answer.text
        return self

    def form(self) -> dict[str, Any]:
        """What the page's form would send if nobody touched it."""
        body = self.source.partition('<main id="main"')[2]
        sent: dict[str, Any] = {}
        for tag in re.findall(r"<input [^>]*>", body):
            name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
            if name is None or ('type="checkbox"' in tag and " checked" not in tag):
                continue
            sent.setdefault(html.unescape(name[1]), []).append(html.unescape(value[1]) if value else "")
        for name, value in re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>', body, re.DOTALL):
            sent[name] = html.unescape(value)
        for name, options in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', body, re.DOTALL):
            sent[name] = next(iter(re.findall(r'<option value="([^"]*)" selected', options)), "")
        return sent

    def answer(self, step: str, action: str = "next", **said: Any) -> "Browser":
        """Open a step, say something, and send the form."""
        if self.path != f"/setup/{step}" or self.status != 200:
            self.open(f"/setup/{step}")
        return self.send(f"/setup/{step}", self.form() | said | {"action": action})

    def give(self, content: bytes, name: str = "people.csv") -> "Browser":
        return self.send("/setup/contacts/list", {}, files={"file": (name, content, "text/csv")})

    def write(self) -> "Browser":
        self.open("/setup/review")
        return self.send("/setup/review", self.form())


@contextmanager
def browsing(folder: Path, settings: Settings | None = None) -> Iterator[Browser]:
    config = folder / "overheard.toml"
    with System(folder / "data", settings or Settings(), config=config) as system:
        service = SystemService(system)
        try:
            app = make_app(service, hosts={HOST})
            with TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False) as client:
                yield Browser(client, system)
        finally:
            service.close()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with browsing(tmp_path) as found:
        yield found


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


def test_ten_minutes_from_the_first_visit_to_what_was_said(
    browser: Browser, server: HTTPServer, tmp_path: Path
) -> None:
    site = sites.serve(server, sites.MAKER)
    assert browser.open("/").path == "/setup"
    assert "Begin" in browser.text

    browser.answer("site", site=site)
    assert browser.path == "/setup/locale"
    assert "pages of" in browser.text
    assert '<option value="IN" selected>India' in browser.source
    browser.answer("locale")
    assert browser.path == "/setup/terms"
    assert "Girna 250" in browser.source
    browser.answer("terms", people="")
    browser.answer("competitors", competitors="Veltrani\nOrlo Tech")
    browser.answer("press", press=f"{site}/blog/feed.xml")
    assert browser.path == "/setup/feeds"
    browser.answer("feeds", feeds=[f"http://{site}/blog/feed.xml"])
    assert browser.path == "/setup/contacts"

    browser.give(PEOPLE.encode())
    assert browser.path == "/setup/contacts/list"
    assert "1 new" in browser.text
    assert "all values" in browser.text or "its name" in browser.text
    form = browser.form() | {"column-4": "place"}
    browser.send("/setup/contacts/columns", form | {"action": "take"})
    assert browser.path == "/setup/contacts/list"  # what changes is shown first
    browser.send("/setup/contacts/columns", browser.form() | {"action": "take"})
    assert browser.path == "/setup/mail"
    browser.answer("mail", to="me@korvane.example")
    assert browser.path == "/setup/review"
    assert not (tmp_path / "overheard.toml").exists()
    assert "+currency = \"INR\"" in browser.text

    browser.send("/setup/review", browser.form())
    assert browser.path == "/setup/done"
    assert "overheard.toml and watch.toml" in browser.text
    assert "1 new" in browser.text
    assert not list((tmp_path / "data").glob("setup*"))
    settings = load_settings(tmp_path / "overheard.toml")
    assert (settings.locale.region, settings.locale.currency, settings.locale.time_zone) == ("IN", "INR", "Asia/Kolkata")
    assert settings.mail.to == ("me@korvane.example",)
    kinds = {term.id: term.kind for term in load_watchlist(Path(settings.watch)).terms}
    assert kinds["orlo-tech"] == "competitor"
    assert browser.system.settings.feeds == settings.feeds
    assert browser.system.settings_changed.is_set()

    run_up(browser.system, once=True, workers=1, stop=threading.Event())
    assert "Korvane Girna 250 is quiet" in browser.open("/setup/done").text
    assert browser.open("/").path == "/"
    assert "Asha Rao" in browser.open("/contacts").text
    assert "+91 98220 12345" in browser.open(f"/contacts/{browser.system and _only_contact(browser)}").text


def _only_contact(browser: Browser) -> str:
    found = re.search(r"/contacts/(con_\w+)", browser.open("/contacts").source)
    assert found
    return found[1]
