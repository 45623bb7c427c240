"""A mailbox on a local server, polled: what is new comes once, whatever the server does; nothing is changed there."""

import asyncio
import json
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from overheard.collectors.base import BACK_FILL, Source
from overheard.collectors.fetching.fetch import Answer, Course, Fetcher, Limits
from overheard.collectors.mail.mailbox import Mailbox
from overheard.collectors.polling.bounded import read_here
from overheard.collectors.polling.health import health_of
from overheard.collectors.polling.poller import PollReport, poll_due
from overheard.collectors.polling.pollstate import load_states, source_key
from overheard.folder import Folder as DataFolder
from overheard.log.base import TOPICS
from overheard.log.embedded import EmbeddedLog
from overheard.records import DeadLetter, Event, Mention, PollState, decode
from overheard.wiring.kinds import load_settings, sources_of
from overheard.wiring.mailboxes import asked_beside
from overheard.wiring.trials import tried
from tests.collectors.imap_server import RECEIVED, Faults, Folder, ImapServer
from tests.collectors.letters import mail
from tests.collectors.mortal import Killed, Mortal
from tests.collectors.polled import spread

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PASSWORD = "correct horse"
READING = {
    "CAPABILITY", "LOGIN", "AUTHENTICATE", "STARTTLS", "EXAMINE", "UID SEARCH", "UID FETCH", "LIST", "LOGOUT",
}  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with DataFolder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        yield log
        log.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ImapServer]:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    with ImapServer() as server:
        yield server


def box(server: ImapServer, **options: Any) -> Mailbox:
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "password_env": "MAIL_PASSWORD",
    } | options
    return Mailbox(name="support", user=server.user, me=("firm.example",), **given)


class Polls:
    """Polls of one source, on a clock that is moved by hand."""

    def __init__(self, log: EmbeddedLog, source: Source, limits: Limits | None = None) -> None:
        self.log, self.source, self.now = log, source, NOW
        self.limits = limits or Limits(gap=0, total=10)

    def poll(self, log: Any = None) -> PollReport:
        self.now += spread(timedelta(hours=1))
        beside = asked_beside([self.source], self.limits, lambda: self.now)
        fetcher = Fetcher(contact="ops@firm.example", limits=self.limits, clock=lambda: self.now, beside=beside)
        try:
            return poll_due(log or self.log, [self.source], fetcher, lambda: self.now)
        finally:
            fetcher.close()

    def events(self, topic: str = "mentions") -> list[Event[Any]]:
        found = []
        for partition in range(TOPICS[topic].partitions):
            start, end = self.log.span(topic, partition)
            while start < end:
                records = self.log.read(topic, partition, start, 1_000)
                found += [decode(one.value) for one in records if one.value]
                start = records[-1].offset + 1 if records else end
        return found

    def mentions(self) -> dict[str, Mention]:
        events: list[Event[Mention]] = self.events()
        ids = [event.subject for event in events]
        assert len(ids) == len(set(ids)), "nothing comes twice"
        return {event.data.native_id.partition(" ")[0]: event.data for event in events}

    @property
    def state(self) -> PollState:
        return load_states(self.log, [source_key(self.source.name)])[source_key(self.source.name)]

    def advice(self) -> str:
        health = health_of(self.source, self.state, None, None, self.now)
        return f"{health.state}: {health.message} {health.advice}"


def letters(server: ImapServer, count: int, size: int = 100) -> None:
    for _ in range(count):
        number = server.inbox.next_uid
        server.inbox.add(mail("x" * size, id_=f"m{number}@customer.example"))


def test_what_is_new_comes_once_and_nothing_is_changed(log: EmbeddedLog, server: ImapServer) -> None:
    letters(server, 3)
    polls = Polls(log, box(server))
    assert polls.poll().fates == {"collected": 3}
    assert {event.cause for event in polls.events()} == {"back-fill"}, "what was there is history"
    pause = polls.state.next_due - polls.now
    assert timedelta(minutes=5) <= pause <= spread(timedelta(minutes=5)), "as often as the settings say"
    assert polls.poll().fates == {}
    assert polls.state.next_due - polls.now == pause
    letters(server, 2)
    assert polls.poll().fates == {"collected": 2}
    assert set(polls.mentions()) == {f"m{n}@customer.example" for n in range(1, 6)}
    assert {event.cause for event in polls.events()} == {"back-fill", "live"}
    assert set(server.commands()) <= READING, "none that marks, moves or deletes"


def test_the_first_poll_goes_back_so_many_days(log: EmbeddedLog, server: ImapServer) -> None:
    server.inbox.add(mail(id_="old@x.example"), RECEIVED - timedelta(days=40))
    server.inbox.add(mail(id_="new@x.example"))
    polls = Polls(log, box(server, days=30))
    polls.poll()
    assert set(polls.mentions()) == {"new@x.example"}


def test_a_folder_that_is_numbered_anew_doubles_nothing(log: EmbeddedLog, server: ImapServer) -> None:
    letters(server, 3)
    server.inbox.add(mail("No id at all.", id_=""))
    polls = Polls(log, box(server))
    polls.poll()
    anew = Folder(validity=18)
    anew.next_uid = 70
    for raw, at in reversed(list(server.inbox.messages.values())):
        anew.add(raw, at)
    anew.add(mail(id_="late@x.example"))
    server.folders["INBOX"] = anew
    assert polls.poll().fates == {"unchanged": 4, "collected": 1}
    assert len(polls.mentions()) == 5


def test_folders_are_called_as_people_call_them(log: EmbeddedLog, server: ImapServer) -> None:
    server.folders["Anfragen &- K&AOQ-ufe"] = Folder()
    server.folders["Anfragen &- K&AOQ-ufe"].add(mail())
    polls = Polls(log, box(server, folders=("Anfragen & Käufe",)))
    assert polls.poll().fates == {"collected": 1}


def test_several_folders_are_read_and_one_that_is_gone_is_said(log: EmbeddedLog, server: ImapServer) -> None:
    server.folders["Leads"] = Folder()
    server.folders["Leads"].add(mail(id_="l1@x.example"))
    letters(server, 1)
    polls = Polls(log, box(server, folders=("INBOX", "Leads", "Sales")))
    polls.poll()
    assert set(polls.mentions()) == {"l1@x.example", "m1@customer.example"}, "the others are read"
    assert "'Sales'" in polls.state.error
    assert "'INBOX', 'Leads'" in polls.state.error
    assert "There is nothing of that name there" in polls.advice()
    letters(server, 1)
    polls.now += timedelta(days=2)
    polls.poll()
    assert len(polls.mentions()) == 3, "nothing waits for it"


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_is_said_without_it(
    log: EmbeddedLog,
    server: ImapServer,
    password: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", password)
    letters(server, 1)
    polls = Polls(log, box(server))
    polls.poll()
    said = polls.advice()
    assert said.startswith("failing")
    assert ("AUTHENTICATIONFAILED" if password else "MAIL_PASSWORD") in said
    assert "Put " in said
    assert server.user not in said + caplog.text
    assert not password or password not in said + caplog.text
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    polls.now += timedelta(days=1)
    assert polls.poll().fates == {"collected": 1}


def test_a_token_that_expired_is_said_and_one_that_was_renewed_is_taken_up(
    log: EmbeddedLog, server: ImapServer, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("ya29.old")
    letters(server, 1)
    polls = Polls(log, box(server, password_env="", token_file=str(token)))
    polls.poll()
    assert "the token" in polls.state.error
    assert "ya29" not in polls.advice()
    token.write_text(server.token)
    polls.now += timedelta(days=1)
    assert polls.poll().fates == {"collected": 1}


def test_a_connection_that_is_cut_amid_a_message_loses_and_doubles_nothing(
    log: EmbeddedLog, server: ImapServer
) -> None:
    letters(server, 12, size=2_000)
    polls = Polls(log, box(server))
    for cut_after in (0, 1, 500, 9_000, 24_000):
        server.faults = Faults(cut_after=cut_after)
        polls.poll()
        assert polls.state.error
        polls.now += timedelta(days=1)
    server.faults = Faults()
    polls.poll()
    assert len(polls.mentions()) == 12
    assert not polls.state.error


def test_a_server_that_hangs_up_at_once_or_says_nothing_is_asked_again(log: EmbeddedLog, server: ImapServer) -> None:
    letters(server, 1)
    polls = Polls(log, box(server), Limits(gap=0, total=0.5))
    for faults in (Faults(bye=True), Faults(silent=True)):
        server.faults = faults
        polls.poll()
        assert polls.state.error.startswith("expected")
        polls.now += timedelta(days=1)
    server.faults = Faults()
    polls.limits = Limits(gap=0, total=10)
    assert polls.poll().fates == {"collected": 1}


def test_a_message_that_its_server_cannot_read_is_a_dead_letter_and_holds_up_no_other(
    log: EmbeddedLog, server: ImapServer
) -> None:
    letters(server, 5)
    server.faults = Faults(broken=frozenset({3}))
    polls = Polls(log, box(server))
    assert polls.poll().fates == {"collected": 4, "dead": 1}
    [letter] = [event.data for event in polls.events("dead-letters")]
    assert isinstance(letter, DeadLetter)
    assert letter.where == "support, INBOX/3"
    polls.poll()
    assert len(polls.events("dead-letters")) == 1


@pytest.mark.parametrize("user", ["FIRM\\Shared Box", 'anna "a" \\b@firm.example'])
def test_whoever_signs_in_may_have_blanks_and_backslashes_in_their_name(
    log: EmbeddedLog, server: ImapServer, user: str
) -> None:
    server.user = user
    letters(server, 1)
    assert Polls(log, box(server)).poll().fates == {"collected": 1}


@pytest.mark.parametrize(
    ("login", "says"),
    [
        ("NO [UNAVAILABLE] Temporary authentication failure.", "not now (UNAVAILABLE)"),
        ("NO [THROTTLED] later", "not now (THROTTLED)"),
        ("NO [ALERT] Too many simultaneous connections. (Failure)", "not now (ALERT)"),
        ("hang up", "expected an answer by IMAP"),
    ],
)
def test_who_may_not_sign_in_now_is_not_told_to_change_the_password(
    log: EmbeddedLog, server: ImapServer, login: str, says: str
) -> None:
    letters(server, 1)
    server.faults = Faults(login=login)
    polls = Polls(log, box(server))
    polls.poll()
    assert says in polls.state.error
    assert polls.state.status != 401
    assert "Put " not in polls.advice()
    server.faults = Faults()
    polls.now += timedelta(days=1)
    assert polls.poll().fates == {"collected": 1}


def test_a_folder_that_is_there_and_is_not_opened_is_not_said_to_be_missing(
    log: EmbeddedLog, server: ImapServer
) -> None:
    server.faults = Faults(examine="NO [UNAVAILABLE] Backend is down")
    polls = Polls(log, box(server))
    polls.poll()
    assert "Backend is down" in polls.state.error
    assert "There is nothing of that name there" not in polls.advice()


def test_a_message_without_a_body_is_a_dead_letter_and_one_that_is_gone_is_none(
    log: EmbeddedLog, server: ImapServer
) -> None:
    letters(server, 3)

    def expunge() -> None:
        server.inbox.messages.pop(3, None)

    server.faults = Faults(empty=frozenset({2}), before_fetch=expunge)
    polls = Polls(log, box(server))
    assert polls.poll().fates == {"collected": 1, "dead": 1}
    [letter] = [event.data for event in polls.events("dead-letters")]
    assert letter.where == "support, INBOX/2"


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    "why",
    [
        "[THROTTLED] slow down",
        "[UNAVAILABLE] UID FETCH Server error - Please try again later",
        "Server Unavailable. 15",
        "Account exceeded command or bandwidth limits. (Failure)",
    ],
)
def test_a_server_that_gives_no_message_for_a_while_loses_none(
    log: EmbeddedLog, server: ImapServer, why: str, count: int
) -> None:
    letters(server, count)
    server.faults = Faults(broken=frozenset({1, 2, 3}), why_broken=why)
    polls = Polls(log, box(server))
    assert polls.poll().fates == {}
    assert why.partition("]")[0] in polls.state.error
    server.faults = Faults()
    polls.now += timedelta(days=1)
    assert polls.poll().fates == {"collected": count}


def test_a_message_that_is_never_given_is_a_dead_letter_once_others_are(log: EmbeddedLog, server: ImapServer) -> None:
    letters(server, 1)
    server.faults = Faults(broken=frozenset({1}), why_broken="[UNAVAILABLE] try again later")
    polls = Polls(log, box(server))
    assert polls.poll().fates == {}
    letters(server, 1)
    polls.now += timedelta(days=1)
    assert polls.poll().fates == {"collected": 1, "dead": 1}


def test_a_server_that_tells_no_sizes_is_read_all_the_same(log: EmbeddedLog, server: ImapServer) -> None:
    letters(server, 9)
    server.faults = Faults(no_sizes=True)
    assert Polls(log, box(server)).poll().fates == {"collected": 9}


def test_a_server_that_hangs_up_at_one_message_again_and_again_is_asked_later(
    log: EmbeddedLog, server: ImapServer
) -> None:
    letters(server, 3, size=1_000)
    letters(server, 1, size=9_000)
    server.faults = Faults(broken=frozenset({1}), cut_after=4_000)
    polls = Polls(log, box(server))
    assert polls.poll().fates == {"dead": 1, "collected": 2}, "those before it come"
    assert polls.state.error
    assert polls.state.next_due > polls.now
    server.faults.cut_after = None
    polls.now += timedelta(days=1)
    polls.poll()
    assert len(polls.mentions()) == 3


def test_a_mailbox_that_grows_while_it_is_read_is_read_to_its_end(log: EmbeddedLog, server: ImapServer) -> None:
    letters(server, 3)
    server.faults.before_fetch = lambda: letters(server, 1) if server.inbox.next_uid < 8 else None
    polls = Polls(log, box(server))
    for _ in range(5):
        polls.poll()
    assert len(polls.mentions()) == 7


def test_a_server_that_names_no_next_number_is_read_too(log: EmbeddedLog, server: ImapServer) -> None:
    server.faults = Faults(no_next=True)
    letters(server, 3)
    polls = Polls(log, box(server))
    assert polls.poll().fates == {"collected": 3}
    assert polls.poll().fates == {}, "a range to the newest always holds the newest"


def test_a_large_mailbox_comes_in_batches_of_one_poll_all_of_it_as_history(
    log: EmbeddedLog, server: ImapServer
) -> None:
    letters(server, 1_005)
    server.inbox.next_uid = 300_000
    letters(server, 3)
    polls = Polls(log, box(server))
    report = polls.poll()
    assert report.fates == {"collected": 1_008}
    assert report.fetched == 2
    assert {event.cause for event in polls.events()} == {"back-fill"}
    assert all(len(event.data.body) < 6_000_000 for event in polls.events("fetches"))


def test_of_a_message_of_fifty_megabytes_the_text_comes_and_the_attachment_does_not(
    log: EmbeddedLog, server: ImapServer
) -> None:
    big = mail(
        "--b1\nContent-Type: text/plain\n\nSee the picture.\n--b1\nContent-Type: image/png\n"
        "Content-Transfer-Encoding: base64\n\n" + "QUJD" * 12_500_000 + "\n--b1--\n",
        kind="multipart/mixed; boundary=b1",
    )
    server.inbox.add(big)
    polls = Polls(log, box(server))
    polls.poll()
    [mention] = polls.mentions().values()
    assert mention.content == "See the picture."
    [fetch] = polls.events("fetches")
    assert len(fetch.data.body) < 2_000


@pytest.mark.parametrize("after", [False, True])
def test_whoever_is_killed_at_any_write_loses_and_doubles_nothing(
    tmp_path: Path, server: ImapServer, *, after: bool
) -> None:
    letters(server, 4)
    for writes in range(1, 40):
        with DataFolder(tmp_path / f"data-{writes}") as folder:
            log = EmbeddedLog(folder)
            polls = Polls(log, box(server))
            killed = False
            try:
                polls.poll(Mortal(log, writes, after=after, durable=False))
            except Killed:
                killed = True
            polls.poll()
            assert len(polls.mentions()) == 4
            log.close()
        if not killed:
            return
    pytest.fail("it was killed at every write")


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_tls_takes_the_certificates_that_the_settings_name_and_no_others(
    log: EmbeddedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ImapServer(tls=context, starttls=security == "starttls") as server:
        letters(server, 1)
        polls = Polls(log, box(server, security=security))
        polls.poll()
        assert "certificate" in polls.state.error
        assert "LOGIN" not in server.commands(), "no password without trust"
        polls.source = box(server, security=security, ca=str(certificate))
        polls.now += timedelta(days=1)
        assert polls.poll().fates == {"collected": 1}


@pytest.mark.parametrize("held", [None, "no certificate"])
def test_a_file_of_certificates_that_holds_none_is_named(server: ImapServer, tmp_path: Path, held: str | None) -> None:
    if held is not None:
        (tmp_path / "ca.pem").write_text(held)
    answer = asyncio.run(_asked(box(server, security="tls", ca=str(tmp_path / "ca.pem")), ""))
    assert "no certificates in the file that `ca` names" in answer.message


def test_a_server_without_starttls_is_given_no_password(log: EmbeddedLog, server: ImapServer) -> None:
    polls = Polls(log, box(server, security="starttls"))
    polls.poll()
    assert polls.state.error.startswith("expected")
    assert "LOGIN" not in server.commands()


def test_the_settings_name_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "overheard.toml"
    for line, words in (
        ("", "password_env"),
        ('password_env = "A"\ntoken_env = "B"', "got both"),
        ('password_env = "A"\nsecurity = "none"', "this machine"),
    ):
        path.write_text(f'[[mailbox]]\nname = "m"\nhost = "imap.firm.example"\nuser = "u"\n{line}\n')
        with pytest.raises(Exception, match=words):
            load_settings(path)
    path.write_text('[[mailbox]]\nname = "m"\nhost = "imap.firm.example"\nuser = "u"\npassword_file = "secret"\n')
    [source] = sources_of(load_settings(path))
    assert isinstance(source, Mailbox)
    assert source.url == "imaps://imap.firm.example:993/"
    assert source.password_file == str(tmp_path / "secret")


def test_other_options_read_what_is_there_anew_under_the_same_ids(log: EmbeddedLog, server: ImapServer) -> None:
    letters(server, 2)
    Polls(log, box(server)).poll()
    polls = Polls(log, box(server, authserv="mx.other.example"))
    polls.now += timedelta(days=1)
    assert polls.poll().fates == {"unchanged": 2}


async def _asked(mailbox: Mailbox, cursor: str) -> Answer:
    beside = asked_beside([mailbox], Limits(gap=0, total=20), lambda: NOW)
    return await beside[mailbox.name].ask(Course(mailbox.name, mailbox.url, mailbox.url, cursor=cursor))


def test_of_a_hundred_thousand_messages_a_thousand_come_at_a_time(server: ImapServer) -> None:
    raw = mail()
    server.inbox.messages = dict.fromkeys(range(1, 100_001), (raw, RECEIVED))
    server.inbox.next_uid = 100_001
    answer = asyncio.run(_asked(box(server), ""))
    assert answer.more
    assert answer.fetch is not None
    assert [one["uid"] for one in json.loads(answer.fetch.body)["messages"]] == list(range(1, 1_001))
    half = json.loads(answer.cursor)
    half["folders"]["INBOX"]["last"] = 99_400
    answer = asyncio.run(_asked(box(server), json.dumps(half)))
    assert not answer.more
    assert json.loads(answer.cursor)["folders"]["INBOX"]["last"] == 100_000


def test_what_a_slow_server_gave_is_kept_before_the_next_folder_is_looked_at(
    server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overheard.collectors.mail.imap._SHARE", 0.0)
    letters(server, 1)
    server.folders["Leads"] = Folder()
    mailbox = box(server, folders=("INBOX", "Leads"))
    answer = asyncio.run(_asked(mailbox, ""))
    assert (answer.kind, answer.more) == ("fetched", True)
    assert server.commands().count("EXAMINE") == 1
    answer = asyncio.run(_asked(mailbox, answer.cursor))
    assert (answer.kind, answer.more) == ("unmodified", False)
    assert server.commands().count("EXAMINE") == 2


def test_a_slow_server_that_names_no_next_number_is_not_asked_without_end(
    server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overheard.collectors.mail.imap._SHARE", 0.0)
    letters(server, 1)
    server.faults = Faults(no_next=True)
    answer = asyncio.run(_asked(box(server), ""))
    assert not answer.more


def test_a_mailbox_has_no_back_fill_but_its_first_poll(server: ImapServer) -> None:
    mailbox = box(server)
    beside = asked_beside([mailbox], Limits(), lambda: NOW)
    answer = asyncio.run(beside["support"].ask(Course("support", mailbox.url, mailbox.url, purpose=BACK_FILL)))
    assert answer.kind == "refused"
    assert "`days`" in answer.message


def test_a_mailbox_is_tried_before_it_is_kept_and_shows_its_newest(server: ImapServer) -> None:
    letters(server, 5)
    server.inbox.add(mail("The newest.", id_="new@x.example", date="Fri, 20 Nov 2026 10:00:00 +0000"))
    mailbox = box(server)
    limits = Limits(gap=0, total=10)
    beside = asked_beside([mailbox], limits, lambda: NOW)
    fetcher = Fetcher(contact="ops@firm.example", limits=limits, clock=lambda: NOW, beside=beside)
    trial = tried(mailbox, fetcher, read_here, lambda: NOW)
    assert trial.shown[0].content == "The newest."
    assert len(trial.shown) == 3
    server.password = "another"
    trial = tried(mailbox, fetcher, read_here, lambda: NOW)
    assert trial.problem.startswith("expected to be let in")
    assert trial.advice.startswith("Put a token that is valid where the settings say. The provider")
    fetcher.close()
