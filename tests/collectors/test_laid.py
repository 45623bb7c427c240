"""Files laid into a folder are read when they are new or have changed, each by itself, and never from the network."""

import asyncio
import os
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from overheard.collectors.fetching.fetch import Answer, Course, Fetcher, Limits
from overheard.collectors.laid.laid import Files, contents
from overheard.collectors.laid.leads import Leads
from overheard.collectors.laid.whatsapp import WhatsApp
from overheard.collectors.polling.poller import PollReport, poll_due
from overheard.folder import Folder
from overheard.log.base import TOPICS
from overheard.log.embedded import EmbeddedLog
from overheard.records import Event, decode
from tests.collectors.mortal import Killed, Mortal

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HEAD = "Id,Name,E-mail,Message\n"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with Folder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        yield log
        log.close()


@pytest.fixture
def laid(tmp_path: Path) -> Path:
    folder = tmp_path / "laid"
    folder.mkdir()
    return folder


class Polls:
    """Polls of one source, on a clock that is moved by hand."""

    def __init__(self, log: EmbeddedLog, source: WhatsApp | Leads, limits: Limits | None = None) -> None:
        self.log, self.source, self.now = log, source, NOW
        self.limits = limits or Limits(gap=0, total=10)

    def poll(self, log: Any = None) -> PollReport:
        self.now += timedelta(hours=1)
        beside = {self.source.name: Files(self.source, self.limits, lambda: self.now)}
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

    def said(self) -> list[str]:
        return sorted(event.data.content for event in self.events())


def leads(folder: Path) -> Leads:
    return Leads(name="market", path=str(folder))


def test_each_file_of_a_folder_is_read_once_and_again_when_it_has_grown(log: EmbeddedLog, laid: Path) -> None:
    for n in range(3):
        (laid / f"{n}.csv").write_text(f"{HEAD}{n},Hetal,h@v.example,ask {n}\n")
    (laid / "notes.pdf").write_bytes(b"%PDF")
    (laid / "half.csv.part").write_text("x")
    polls = Polls(log, leads(laid))
    polls.poll()
    assert polls.said() == ["ask 0", "ask 1", "ask 2"]
    polls.poll()
    assert len(polls.said()) == 3
    with (laid / "1.csv").open("a") as file:
        file.write("9,Zoe,z@a.example,ask 9\n")
    polls.poll()
    assert polls.said() == ["ask 0", "ask 1", "ask 2", "ask 9"]
    assert {event.data.channel for event in polls.events()} == {"form"}


def test_a_file_that_is_written_still_is_read_once_it_is_whole(
    log: EmbeddedLog, laid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = "Hetal,h@v.example,the folder jams\n"
    (laid / "2.csv").write_text("Name,E-mail,Message\nZoe,z@a.example,ask 2\n")
    growing = laid / "1.csv"
    growing.write_text("Name,E-mail,Message\n" + row[:-9])
    os.utime(laid / "2.csv", (1, 1))
    polls = Polls(log, leads(laid))
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("time.sleep", lambda _: growing.write_text("Name,E-mail,Message\n" + row))
        polls.poll()
    assert polls.said() == ["ask 2"], "nothing waits for it"
    polls.poll()
    assert polls.said() == ["ask 2", "the folder jams"]


def test_of_two_exports_of_a_chat_the_one_that_was_laid_down_last_counts(log: EmbeddedLog, laid: Path) -> None:
    later, first = laid / "WhatsApp Chat with H (1).txt", laid / "WhatsApp Chat with H.txt"
    first.write_text("2025-12-31, 21:05 - H: It jams\n")
    later.write_text("2025-12-31, 21:05 - H: It jams at times <This message was edited>\n2025-12-31, 21:06 - H: And\n")
    os.utime(first, (1_000, 1_000))
    os.utime(later, (2_000, 2_000))
    polls = Polls(log, WhatsApp(name="chats", path=str(laid), me=("us",)))
    polls.poll()
    newest = {event.subject: event.data.content for event in sorted(polls.events(), key=lambda one: one.sourceversion)}
    assert sorted(newest.values()) == ["And", "It jams at times"]


def test_more_files_than_can_be_kept_in_mind_are_said(
    log: EmbeddedLog, laid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overheard.collectors.laid.laid._MOST_FILES", 2)
    for n in range(3):
        (laid / f"{n}.csv").write_text(f"{HEAD}{n},Hetal,h@v.example,ask {n}\n")
    (problem,) = Polls(log, leads(laid)).poll().problems
    assert "more than 2 files" in problem.message


def test_a_file_that_cannot_be_read_is_told_and_harms_no_other(log: EmbeddedLog, laid: Path) -> None:
    (laid / "1.csv").write_text(f"{HEAD}1,Hetal,h@v.example,ask 1\n")
    (laid / "2.csv").write_bytes(b"")
    (laid / "3.csv").write_text(f"{HEAD}3,Hetal,h@v.example,ask 3\n")
    polls = Polls(log, leads(laid))
    problems = [one.message for _ in range(4) for one in polls.poll().problems]
    assert polls.said() == ["ask 1", "ask 3"]
    assert any("2.csv" in one for one in problems)


def test_a_file_of_a_hundred_megabytes_is_refused_and_not_held(log: EmbeddedLog, laid: Path) -> None:
    with (laid / "1.csv").open("wb") as file:
        file.truncate(100 << 20)
    (laid / "2.csv").write_text(f"{HEAD}2,Hetal,h@v.example,ask 2\n")
    polls = Polls(log, leads(laid))
    for _ in range(3):
        polls.poll()
    assert polls.said() == ["ask 2"]
    (letter,) = polls.events("dead-letters")
    assert "at most 10 MB of text" in letter.data.message
    assert "1.csv" in letter.data.where
    assert sum(len(event.data.body) for event in polls.events("fetches")) < 1_000


def test_a_folder_that_is_not_there_is_told_in_words(log: EmbeddedLog, laid: Path) -> None:
    report = Polls(log, leads(laid / "gone")).poll()
    assert "expected a file or folder that can be read at `path`" in report.problems[0].message


def test_a_chat_in_an_archive_is_read_and_what_was_sent_along_is_not(log: EmbeddedLog, laid: Path) -> None:
    with zipfile.ZipFile(laid / "WhatsApp Chat - Hetal.zip", "w") as archive:
        archive.writestr("00000001-PHOTO.jpg", b"\xff" * 1_000)
        archive.writestr("_chat.txt", "[31.12.25, 21:05:00] Hetal: The folder jams\n")
    polls = Polls(log, WhatsApp(name="chats", path=str(laid), me=("us",)))
    polls.poll()
    assert polls.said() == ["The folder jams"]
    (fetch,) = polls.events("fetches")
    assert b"\xff" not in fetch.data.body


def test_a_broken_or_swelling_archive_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "chat.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_chat.txt", b"0" * (30 << 20))
    with pytest.raises(OSError, match="at most 10 MB of text"):
        contents(file, 10 << 20)
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(OSError, match="a zip archive that is whole"):
        contents(file, 10 << 20)


def test_a_file_that_cannot_be_opened_is_told_once_and_read_as_soon_as_it_can_be(
    log: EmbeddedLog, laid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        (laid / f"{n}.csv").write_text(f"{HEAD}{n},Hetal,h@v.example,ask {n}\n")
        os.utime(laid / f"{n}.csv", (n + 1, n + 1))
    polls = Polls(log, leads(laid))

    def opened(file: Path, most: int) -> bytes:
        if file.name == "1.csv":
            raise PermissionError(13, "Permission denied")
        return contents(file, most)

    with monkeypatch.context() as locked:
        locked.setattr("overheard.collectors.laid.laid.contents", opened)
        for _ in range(4):
            polls.poll()
    assert polls.said() == ["ask 0", "ask 2"]
    (letter,) = polls.events("dead-letters")
    assert "Permission denied" in letter.data.message
    polls.poll()
    assert polls.said() == ["ask 0", "ask 1", "ask 2"], "though it has not changed"


def test_links_that_lead_nowhere_and_files_of_offices_harm_no_other(log: EmbeddedLog, laid: Path) -> None:
    (laid / "loop.csv").symlink_to("loop.csv")
    (laid / "gone.csv").symlink_to("/nowhere/at/all.csv")
    (laid / "~$1.csv").write_text("owner")
    (laid / "1.csv").write_text(f"{HEAD}1,Hetal,h@v.example,ask 1\n")
    polls = Polls(log, leads(laid))
    for _ in range(3):
        polls.poll()
    assert polls.said() == ["ask 1"]
    (letter,) = polls.events("dead-letters")
    assert "loop.csv" in letter.data.where


def test_a_file_whose_name_is_no_utf_8_is_read_once(log: EmbeddedLog, laid: Path) -> None:
    Path(os.fsdecode(os.fsencode(laid) + b"/Anfr\xe4gen.csv")).write_text(f"{HEAD}1,Hetal,h@v.example,ask 1\n")
    polls = Polls(log, leads(laid))
    polls.poll()
    assert polls.said() == ["ask 1"]
    assert polls.poll().fates == {}


@pytest.mark.parametrize("beside", ["DOC-20251231-WA0001.txt", "Angebot.csv", "__MACOSX/._WhatsApp Chat with H.txt"])
def test_of_an_archive_the_chat_is_read_and_no_document_that_was_sent_in_it(tmp_path: Path, beside: str) -> None:
    file = tmp_path / "chat.zip"
    for folder in ("", "chat/"):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(beside if beside.startswith("__") else folder + beside, "other")
            archive.writestr(f"{folder}WhatsApp Chat with H.txt", "chat")
        assert contents(file, 1_000) == b"chat"


def test_an_archive_of_a_list_in_json_is_read(tmp_path: Path) -> None:
    file = tmp_path / "leads.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("leads.json", "[]")
    assert contents(file, 1_000) == b"[]"


def test_a_spoilt_archive_is_refused_in_words_however_it_was_packed(tmp_path: Path) -> None:
    file = tmp_path / "chat.zip"
    for packed in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with zipfile.ZipFile(file, "w", packed) as archive:
            archive.writestr("_chät.txt", b"It jams. " * 300)
        whole = file.read_bytes()
        for at in range(4, len(whole)):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 0xD5]) + whole[at + 1 :])
            with suppress(OSError):
                contents(file, 10_000)


def test_what_a_chat_is_called_is_in_no_message(log: EmbeddedLog, laid: Path) -> None:
    (laid / "WhatsApp Chat with Hetal Vora.txt").write_text("no chat\n")
    report = Polls(log, WhatsApp(name="chats", path=str(laid), me=("us",))).poll()
    assert report.problems
    assert not any("Hetal" in one.message for one in report.problems)


def test_killed_at_any_write_nothing_is_lost_or_doubled(tmp_path: Path, laid: Path) -> None:
    for n in range(3):
        (laid / f"{n}.csv").write_text(f"{HEAD}{n},Hetal,h@v.example,ask {n}\n")
    for writes in range(1, 60):
        with Folder(tmp_path / f"data{writes}") as folder:
            log = EmbeddedLog(folder)
            polls = Polls(log, leads(laid))
            killed = False
            try:
                polls.poll(Mortal(log, writes, after=bool(writes % 2), durable=False))
            except Killed:
                killed = True
            polls.poll()
            assert {event.data.content for event in polls.events()} == {"ask 0", "ask 1", "ask 2"}, writes
            versions = {(event.subject, event.sourceversion) for event in polls.events()}
            assert len(versions) == 3, writes
            log.close()
        if not killed:
            break
    else:
        pytest.fail("expected a run that is not killed at the end")


def test_only_a_poll_has_an_answer(laid: Path) -> None:
    files = Files(leads(laid), Limits(), lambda: NOW)
    course = Course("market", "file://localhost/laid", "file://localhost/laid", errand="err_1")
    answer = asyncio.run(files.ask(course))
    assert isinstance(answer, Answer)
    assert answer.kind == "refused"
