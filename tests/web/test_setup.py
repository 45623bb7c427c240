"""The set-up in a browser, without JavaScript: every step as a form, against sites on loopback."""

import html
import re
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import Message as Mail
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from litestar import Litestar
from litestar.testing import TestClient
from msgspec.structs import replace
from pytest_httpserver import HTTPServer

from overheard.config.settings import Settings, WebSettings
from overheard.config.watchlist import load_watchlist
from overheard.web.app import make_app
from overheard.web.tokens import make_token
from overheard.wiring.kinds import load_settings
from overheard.wiring.service import SystemService
from overheard.wiring.setup import MOST_BYTES, MOST_ROWS, SystemSetUp
from overheard.wiring.system import System, utc_now
from overheard.wiring.tokens import TokenFile
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
    assert '+currency = "INR"' in browser.text

    browser.send("/setup/review", browser.form())
    assert browser.path == "/setup/done"
    assert "overheard.toml and watch.toml" in browser.text
    assert "1 new" in browser.text
    assert not list((tmp_path / "data").glob("setup*"))
    settings = load_settings(tmp_path / "overheard.toml")
    assert (settings.locale.region, settings.locale.currency, settings.locale.time_zone) == (
        "IN",
        "INR",
        "Asia/Kolkata",
    )
    assert settings.mail.to == ("me@korvane.example",)
    kinds = {term.id: term.kind for term in load_watchlist(Path(settings.watch)).terms}
    assert kinds["orlo-tech"] == "competitor"
    assert browser.system.settings.sources == settings.sources
    assert browser.system.settings_changed.is_set()

    run_up(browser.system, once=True, workers=1, stop=threading.Event(), alerts=False)
    assert "Korvane Girna 250 is quiet" in browser.open("/setup/done").text
    assert browser.open("/").path == "/"
    assert "Asha Rao" in browser.open("/contacts").text
    assert "+91 98220 12345" in browser.open(f"/contacts/{_only_contact(browser)}").text


def _only_contact(browser: Browser) -> str:
    found = re.search(r"/contacts/(con_\w+)", browser.open("/contacts").source)
    assert found
    return found[1]


# --- steps -----------------------------------------------------------------------------------------------------------


def test_everything_can_be_skipped_and_then_there_is_nothing_to_write(browser: Browser, tmp_path: Path) -> None:
    for step in ("site", "locale", "terms", "competitors", "press", "feeds", "contacts", "mail"):
        browser.answer(step, action="skip")
        assert browser.status == 200

    assert browser.path == "/setup/review"
    assert "Nothing is to be written" in browser.text
    assert not (tmp_path / "overheard.toml").exists()
    assert browser.open("/").path == "/"  # it was begun, so nobody is led there again


def test_what_goes_with_a_country_follows_it_unless_it_was_changed(browser: Browser) -> None:
    browser.answer("locale", region="JP", language="ja")
    form = browser.open("/setup/locale").form()
    assert (form["region"], form["currency"], form["time_zone"], form["language"]) == (
        "JP", ["JPY"], ["Asia/Tokyo"], ["ja"],
    )  # fmt: skip

    browser.answer("locale", region="DE", time_zone="UTC")
    form = browser.open("/setup/locale").form()
    assert (form["region"], form["currency"], form["time_zone"], form["language"]) == ("DE", ["EUR"], ["UTC"], ["ja"])


def test_a_wrong_answer_is_told_at_its_field_and_nothing_else_is_lost(browser: Browser) -> None:
    browser.answer("mail", to="me@korvane.example\nnobody", contact="https://korvane.example/")

    assert (browser.status, browser.path) == (422, "/setup/mail")
    assert "expected an e-mail address, such as you@yourfirm.example; got 'nobody'" in browser.text
    assert 'aria-invalid="true"' in browser.source
    assert browser.form()["to"].splitlines() == ["me@korvane.example", "nobody"]
    assert browser.form()["contact"] == ["https://korvane.example/"]


def test_what_comes_of_an_answer_is_asked_before_it_goes_on(browser: Browser) -> None:
    browser.answer("mail", to="me@korvane.example")
    assert "a little more" in browser.text
    assert 'name="smtp"' in browser.source
    browser.send("/setup/mail", browser.form() | {"smtp": "mail.korvane.example", "action": "next"})
    assert 'name="smtp_user"' in browser.source
    assert "OVERHEARD_SMTP_PASSWORD" in browser.text
    browser.send("/setup/mail", browser.form() | {"action": "next"})
    assert browser.path == "/setup/review"
    assert '+host = "mail.korvane.example"' in browser.text


@pytest.mark.parametrize(
    ("site", "told"),
    [
        ({"/": sites.Answer(b"", status=503)}, "in trouble itself (HTTP 503)"),
        (sites.EMPTY, "is an empty page"),
        (sites.NO_MARKUP, "was not read"),
        (sites.SCRIPTED, "without JavaScript"),
    ],
)
def test_a_site_that_says_nothing_is_told_and_the_names_are_typed(
    browser: Browser, server: HTTPServer, site: sites.Site, told: str
) -> None:
    browser.answer("site", site=sites.serve(server, site))
    assert browser.path == "/setup/locale"
    assert told in browser.text

    browser.answer("terms", name="Korvane")
    browser.open("/setup/review")
    assert 'name = "Korvane"' in browser.text
    assert 'aliases = ["Korvane' in browser.text


def test_a_site_that_is_none_is_told(browser: Browser) -> None:
    browser.answer("site", site="my firm")
    assert (browser.status, browser.path) == (422, "/setup/site")
    assert "expected the address of a site" in browser.text


def test_hostile_sites_stay_text(browser: Browser, server: HTTPServer) -> None:
    browser.answer("site", site=sites.serve(server, sites.HOSTILE))
    for step in ("locale", "terms", "competitors", "press", "feeds", "mail"):
        browser.open(f"/setup/{step}")
        assert browser.status == 200
        assert "<script>alert" not in browser.source
        browser.answer(step, contact="me@korvane.example") if step == "mail" else browser.answer(step)
    assert "<script>alert" not in browser.open("/setup/review").source
    assert browser.write().path == "/setup/done", browser.text


def test_thousands_of_names_are_refused(browser: Browser) -> None:
    browser.answer("competitors", competitors="\n".join(f"Firm {i}" for i in range(5_000)))
    assert browser.status == 422
    assert "expected at most 200 values; got 5000" in browser.text


def test_an_unknown_step_is_not_there(browser: Browser) -> None:
    assert browser.open("/setup/nonsense").status == 404


# --- two tabs, other files -------------------------------------------------------------------------------------------


def test_a_form_that_was_opened_earlier_does_not_undo_what_was_said_since(browser: Browser) -> None:
    earlier = browser.open("/setup/terms").form()
    browser.answer("terms", name="Korvane", products="Girna 250")
    browser.send("/setup/terms", earlier | {"people": "Asha Rao", "action": "next"})

    form = browser.open("/setup/terms").form()
    assert (form["name"], form["products"], form["people"]) == (["Korvane"], "Girna 250", "Asha Rao")


def test_nothing_is_written_that_was_not_shown(browser: Browser, tmp_path: Path) -> None:
    browser.answer("terms", name="Korvane")
    shown = browser.open("/setup/review").form()
    browser.answer("terms", products="Girna 250")
    browser.send("/setup/review", shown)

    assert browser.status == 422
    assert "has changed since" in browser.text
    assert not (tmp_path / "overheard.toml").exists()
    assert browser.send("/setup/review", browser.form()).path == "/setup/done"
    assert browser.send("/setup/review", shown).path == "/setup/done"  # pressed again: nothing is left to do


def test_what_changed_in_the_files_meanwhile_is_kept(browser: Browser, tmp_path: Path) -> None:
    browser.answer("locale", region="IN")
    (tmp_path / "overheard.toml").write_text('# mine\n[firm]\nname = "Korvane"   # ours\n', "utf-8")
    browser.write()

    text = (tmp_path / "overheard.toml").read_text("utf-8")
    assert text.startswith('# mine\n[firm]\nname = "Korvane"   # ours\n')
    assert 'currency = "INR"' in text


def test_settings_that_are_wrong_are_told_with_their_line(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "overheard.toml").write_text("[locale]\nregion = 3\n", "utf-8")
    browser.open("/setup")
    assert browser.status == 422
    assert "line 2" in browser.text or ":2" in browser.text


def test_a_set_up_that_cannot_be_read_any_more_begins_anew(browser: Browser, tmp_path: Path) -> None:
    browser.answer("terms", name="Korvane")
    kept = tmp_path / "data" / "setup.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.write_bytes(b'{"base": 3}')
    assert browser.open("/setup/terms").form()["name"] == [""]


def test_it_can_be_forgotten(browser: Browser, tmp_path: Path) -> None:
    browser.answer("terms", name="Korvane")
    browser.give(PEOPLE.encode())
    browser.send("/setup/drop", {})
    assert "forgotten" in browser.text
    assert not list((tmp_path / "data").glob("setup*"))


# --- contacts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00" + bytes(range(256)) * 50, "expected"),
        (b"PK\x03\x04" + bytes(range(256)) * 50, "expected"),
        (b"\x1f\x8b" + b"\x00" * 50, "Unpack it first"),
        (b"a\n" * (MOST_ROWS + 1), "50,000 rows"),
        (b'{"a":1}' * (MOST_ROWS + 1), "50,000 rows"),
    ],
)
def test_what_is_no_list_is_refused_and_not_kept(browser: Browser, tmp_path: Path, content: bytes, told: str) -> None:
    browser.give(content)
    assert (browser.status, browser.path) == (422, "/setup/contacts/list")
    assert told in browser.text
    assert not list((tmp_path / "data").glob("setup-contacts*"))


def test_no_file_at_all_is_told(browser: Browser) -> None:
    browser.send("/setup/contacts/list", {"file": ""}, files={"other": ("", b"")})
    assert "none was chosen" in browser.text


def test_more_than_20_mb_is_refused_in_plain_words(browser: Browser, tmp_path: Path) -> None:
    browser.give(b"x" * (MOST_BYTES + 1))
    assert browser.status == 413
    assert "expected at most 20 MB at once" in browser.text
    assert not list((tmp_path / "data").glob("setup-contacts*"))


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_lists_in_other_encodings_are_read(browser: Browser, encoding: str) -> None:
    browser.give("Name;E-Mail;Firma\nJörg Müller;joerg@werk.example;Müller & Söhne\n".encode(encoding))
    assert "Jörg Müller" in browser.text


def test_columns_that_nobody_could_guess_are_chosen(browser: Browser) -> None:
    browser.give(b"Wer,Wozu\nasha,x\nvikram,y\n", "<img src=x onerror=alert(1)>.csv")
    assert browser.path == "/setup/contacts/list"
    assert "cannot be brought in like this" in browser.text
    assert "<img" not in browser.source
    at = next(i for i in (0, 1) if f'<label for="c-{i}"><bdi>Wer<' in browser.source)
    browser.send("/setup/contacts/columns", browser.form() | {f"column-{at}": "name", "action": "look"})
    assert "2 new" in browser.text


def test_vcards_are_taken(browser: Browser) -> None:
    browser.give(b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Asha Rao\r\nEMAIL:asha@blueleaf.example\r\nEND:VCARD\r\n", "a.vcf")
    assert "1 new" in browser.text
    browser.send("/setup/contacts/columns", browser.form() | {"action": "take"})
    assert browser.path == "/setup/mail"


def test_a_card_with_a_photograph_is_one_row_however_many_lines_it_has(browser: Browser) -> None:
    photo = b"PHOTO;ENCODING=b;TYPE=JPEG:" + b"\r\n ".join([b"QUJD"] * (MOST_ROWS + 1))
    browser.give(b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Asha Rao\r\n" + photo + b"\r\nEND:VCARD\r\n", "a.vcf")
    assert "1 new" in browser.text


def test_duplicates_and_errors_are_shown_with_their_lines(browser: Browser) -> None:
    row = "Asha Rao,asha@blueleaf.example,Blueleaf\n"
    browser.give(f"Name,Email,Company\n{row}{row},,\nVikram Shah,nonsense,Orion\n".encode())
    assert re.search(r"Line [23] Asha Rao another row counts", browser.text)
    assert "Line 5 Vikram Shah" in browser.text


def test_a_list_that_was_replaced_in_another_tab_is_looked_at_again(browser: Browser) -> None:
    form = browser.give(PEOPLE.encode()).form()
    browser.give(PEOPLE.replace("Asha", "Usha").encode())
    browser.send("/setup/contacts/columns", form | {"action": "take"})
    assert browser.status == 422
    assert "expected the list that was shown" in browser.text
    assert "is not confirmed" in browser.open("/setup/contacts").text


def test_a_list_that_was_not_confirmed_is_not_brought_in_and_goes_when_the_rest_is_written(
    browser: Browser, tmp_path: Path
) -> None:
    browser.give(PEOPLE.encode())
    assert stat.S_IMODE((tmp_path / "data" / "setup-contacts").stat().st_mode) == 0o600
    browser.answer("terms", name="Korvane")
    assert "is not confirmed" in browser.open("/setup/review").text
    browser.write()
    assert not (tmp_path / "data" / "setup-contacts").exists()
    browser.system.catch_up_index()
    assert "Asha Rao" not in browser.open("/contacts").text


def test_a_list_that_nobody_came_back_to_goes_after_a_day(tmp_path: Path) -> None:
    now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    with System(tmp_path / "data", Settings(), config=tmp_path / "overheard.toml") as system:
        setup = SystemSetUp(system, threading.Lock(), clock=lambda: now)
        (tmp_path / "people.csv").write_text(PEOPLE, "utf-8")
        with (tmp_path / "people.csv").open("rb") as file:
            setup.take_list("people.csv", file)
        assert setup.contact_list() is not None
        now += timedelta(days=1, seconds=1)
        assert setup.contact_list() is None
        assert not (tmp_path / "data" / "setup-contacts").exists()


# --- the end ---------------------------------------------------------------------------------------------------------


def test_feeds_without_a_contact_are_not_written(browser: Browser, server: HTTPServer, tmp_path: Path) -> None:
    site = sites.serve(server, sites.MAKER)
    browser.answer("press", press=f"{site}/blog/feed.xml")
    browser.answer("feeds")
    browser.open("/setup/review")
    assert "where their owners can see who asks" in browser.text
    browser.send("/setup/review", browser.form())
    assert browser.status == 422
    assert not (tmp_path / "overheard.toml").exists()


def test_the_running_server_keeps_its_port_and_its_folder(tmp_path: Path) -> None:
    (tmp_path / "overheard.toml").write_text('data = "elsewhere"\n[web]\nport = 9000\n', "utf-8")
    settings = replace(load_settings(tmp_path / "overheard.toml"), web=WebSettings(port=1234), data="here")
    with browsing(tmp_path, settings) as browser:
        browser.answer("locale", region="IN")
        assert browser.write().path == "/setup/done"
        assert (browser.system.settings.web.port, browser.system.settings.data) == (1234, "here")
        assert browser.system.settings.locale.currency == "INR"
    assert load_settings(tmp_path / "overheard.toml").web.port == 9000


def test_files_that_cannot_be_written_are_told_and_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", "utf-8")
    with System(tmp_path / "data", Settings(), config=tmp_path / "taken" / "overheard.toml") as system:
        service = SystemService(system)
        with TestClient(make_app(service, hosts={HOST}), base_url=f"http://{HOST}") as client:
            browser = Browser(client, system)
            browser.answer("terms", name="Korvane")
            browser.write()
            assert browser.status == 422
            assert "expected to write there" in browser.text
            assert browser.open("/setup/terms").form()["name"] == ["Korvane"]
        service.close()


class _Mailbox(Message):
    def __init__(self) -> None:
        super().__init__()
        self.came: list[Mail] = []

    def handle_message(self, message: Mail) -> None:
        self.came.append(message)


def test_a_test_mail_goes_by_the_answered_server(browser: Browser, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
    (tmp_path / "overheard.toml").write_text(server, "utf-8")
    box = _Mailbox()
    smtp = Controller(box, hostname="127.0.0.1", port=port)
    smtp.start()
    try:
        browser.answer("mail", to="me@korvane.example")
        browser.send("/setup/mail", browser.form() | {"smtp_user": "", "action": "test"})
    finally:
        smtp.stop()
    assert "The test mail was sent" in browser.text
    assert [(mail["to"], mail["subject"]) for mail in box.came] == [("me@korvane.example", "Overheard: a test")]

    browser.send("/setup/mail", browser.form() | {"action": "test"})
    assert "could not be reached" in browser.text


def test_only_an_admin_sets_up(browser: Browser) -> None:
    token, kept = make_token("reader", ["read", "write", "decide"], now=utc_now())
    TokenFile(browser.system.folder.path).add(kept)
    headers = {"accept": "text/html", "authorization": f"Bearer {token}"}
    for path in ("/setup", "/setup/site", "/setup/review", "/setup/contacts/list", "/setup/done"):
        assert browser.client.get(path, headers=headers).status_code == 403
    for path in ("/setup/site", "/setup/review", "/setup/contacts/columns", "/setup/drop"):
        assert browser.client.post(path, data={"a": "b"}, headers=headers).status_code == 403
    assert browser.client.post("/setup/contacts/list", files={"file": b"x"}, headers=headers).status_code == 403
    assert browser.client.get("/", headers=headers).url.path == "/"
