"""The set-up on a system: what was answered is kept in the data folder until it is written beside the settings.

setup.json      the answers, the site's findings and the steps gone through, of an unfinished set-up
setup-contacts  the list of contacts that waits for it
"""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import msgspec
from msgspec.structs import replace

from overheard.alerts.channels import NotDeliveredError
from overheard.alerts.deliveries import MAIL
from overheard.config.settings import MailSettings
from overheard.crm import contacts
from overheard.crm.headers import ColumnGuess
from overheard.crm.rows import HANDLE, ImportReport
from overheard.crm.sheets import open_sheet
from overheard.errors import ConfigError, InputError
from overheard.folder import storage_errors
from overheard.onboard.answers import Answers, rebased
from overheard.onboard.page import FoundFeed, one_line
from overheard.onboard.site import Findings
from overheard.onboard.steps import Filled, Given, Known, Step, answered, filled, term_warnings
from overheard.onboard.write import Draft
from overheard.records import Delivery, digest
from overheard.records.base import Time
from overheard.table import IGNORED
from overheard.web.setup import ContactList, Finished, Review, SetUpState
from overheard.wiring.alerts import channels_of, writer_of
from overheard.wiring.imports import bring_contacts, bring_watch
from overheard.wiring.kinds import load_settings
from overheard.wiring.onboard import Files, drafts, find_feeds, known_from, read_site, write
from overheard.wiring.system import System, utc_now

MOST_BYTES = 20_000_000
# Somebody waits, and every row is held in memory with what becomes of it (5 kB): 100,000 took two minutes and 500 MB.
MOST_ROWS = 50_000
# An upload that nobody came back to holds people's data.
_KEPT = timedelta(days=1)
_MOST_ANSWERS = 5_000_000  # bytes of setup.json; ours are some 20 kB
_MOST_PRESS = 10  # sites asked for feeds at a time: each takes a second, and ten when it is down
_CHUNK = 1 << 20
_CARD = b"BEGIN:VCARD"


class _List(msgspec.Struct, frozen=True, kw_only=True):
    """The list of contacts that waits in the folder. `columns` as a person put them."""

    name: str
    stamp: str
    at: Time
    columns: dict[str, str] = {}
    taken: bool = False


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An unfinished set-up. `base` is what the files said when it was begun."""

    base: Answers
    answers: Answers
    findings: Findings = Findings()
    press: tuple[FoundFeed, ...] = ()
    done: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    contacts: _List | None = None


class SystemSetUp:
    """`SetUp` on a system. `bringing` is held while contacts are brought in."""

    def __init__(self, system: System, bringing: threading.Lock, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._system = system
        self._bringing = bringing
        self._clock = clock
        self._path = system.home / "setup.json"
        self._list = system.home / "setup-contacts"
        # One change at a time, each of the newest state: two tabs must not lose each other's answers.
        self._changing = threading.Lock()
        self._reading = threading.Lock()
        with storage_errors(self._list):
            if self._list.exists() and self._clock().timestamp() - self._list.stat().st_mtime > _KEPT.total_seconds():
                self._list.unlink()

    @property
    def begun(self) -> bool:
        """See `SetUp.begun`."""
        return self._path.exists()

    def look(self) -> SetUpState:
        """See `SetUp.look`."""
        kept, known = self._read()
        waits = kept.contacts
        answers = known.answers
        return SetUpState(
            known,
            done=frozenset(kept.done),
            notes=kept.notes,
            waiting=answers != kept.base or waits is not None,
            contact_list=waits.name if waits else "",
            list_taken=waits is not None and waits.taken,
            mail_ready=bool(answers.to and answers.smtp_host),
        )

    # --- answers -----------------------------------------------------------------------------------------------------

    def answer(self, step: Step, said: Given) -> None:
        """See `SetUp.answer`."""
        if step == "contacts" and any(value is not None for value in said.values()):
            msg = "expected a list of contacts as a file; got its name alone"
            raise InputError(msg)
        given = _all_taken(filled(step, self._read()[1], said)).given
        found: dict[str, Any] = {"notes": ()}
        if step == "site" and (typed := given.get("site")):
            found = self._site(typed[0])
        elif step == "press" and (sites := given.get("press")):
            found = self._press(sites)
        with self._changed() as change:
            kept, known = self._read()
            if step == "press":
                found["press"] = tuple({one.url: one for one in (*kept.press, *found.get("press", ()))}.values())[-50:]
            kept = replace(kept, **found)
            known = Known(known.answers, kept.findings, kept.press, known.common)
            given = _all_taken(filled(step, known, said)).given
            answers = answered(step, known, given)
            change(replace(kept, answers=answers, done=tuple(dict.fromkeys((*kept.done, step)))))

    def _site(self, typed: str) -> dict[str, Any]:
        with self._alone():
            findings = read_site(typed)
        count = len(findings.read)
        read = (f"{count} {'page' if count == 1 else 'pages'} of {findings.domain} read.",) if count else ()
        return {"findings": findings, "notes": (*read, *findings.notes)}

    def _press(self, sites: Sequence[str]) -> dict[str, Any]:
        press: list[FoundFeed] = []
        notes: list[str] = []
        with self._alone():
            for typed in sites[:_MOST_PRESS]:
                feeds, said = find_feeds(typed)
                press += feeds
                notes += said
        if left := sites[_MOST_PRESS:]:
            notes.append(
                f"Not asked yet: {', '.join(left)}. At most {_MOST_PRESS} are asked at a time; come back here."
            )
        return {"press": tuple(press), "notes": tuple(notes)}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the one that asks sites: nobody is asked twice because a button was pressed twice."""
        if not self._reading.acquire(blocking=False):
            msg = "another page of this set-up is reading a site just now; try again in some seconds"
            raise InputError(msg)
        try:
            yield
        finally:
            self._reading.release()

    def drop(self) -> None:
        """See `SetUp.drop`."""
        with self._changing:
            self._forget()

    # --- contacts ----------------------------------------------------------------------------------------------------

    def take_list(self, name: str, file: BinaryIO) -> None:
        """See `SetUp.take_list`."""
        name = one_line(name)[-200:] or "the list"
        with self._changed() as change, storage_errors(self._list):
            kept, known = self._read()
            draft = self._list.with_suffix(".new")
            try:
                stamp = _copied(file, draft, name)
                with draft.open("rb") as opened:
                    _guesses(opened, name, known.answers.region)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
            draft.replace(self._list)
            change(replace(kept, contacts=_List(name=name, stamp=stamp, at=self._clock()), notes=()))

    def contact_list(self) -> ContactList | None:
        """See `SetUp.contact_list`."""
        kept, known = self._read()
        waits = kept.contacts
        if waits is None:
            return None
        region = known.answers.region
        with self._opened() as opened:
            guesses = _guesses(opened, waits.name, region)
        guesses = tuple(one._replace(field=waits.columns.get(one.column, one.field)) for one in guesses)
        try:
            report = self._brought(waits, region, dry_run=True)
        except ConfigError as e:
            problem = str(e).partition(". Name it in the header")[0]  # what follows is for a command line
            return ContactList(waits.name, waits.stamp, waits.taken, guesses, problem=problem)
        return ContactList(waits.name, waits.stamp, waits.taken, report.guesses or guesses, report)

    def change_list(self, stamp: str, columns: Mapping[str, str], *, taken: bool) -> None:
        """See `SetUp.change_list`."""
        fields_ = {field.name for field in contacts.FIELDS} | {IGNORED}
        with self._changed() as change:
            kept, known = self._read()
            waits = kept.contacts
            if waits is None or waits.stamp != stamp:
                msg = "expected the list that was shown; it was brought in, removed or replaced since. Look again"
                raise InputError(msg)
            with self._opened() as opened:
                there = {one.column for one in _guesses(opened, waits.name, known.answers.region)}
            for column, field in columns.items():
                if column not in there or (field not in fields_ and not field.startswith(HANDLE)):
                    msg = f"expected a column of the list, and a field; got {column[:60]!r} and {field[:60]!r}"
                    raise InputError(msg)
            waits = replace(waits, columns={**waits.columns, **columns}, taken=taken)
            done = tuple(dict.fromkeys((*kept.done, "contacts"))) if taken else kept.done
            change(replace(kept, contacts=waits, done=done, notes=()))

    def drop_list(self) -> None:
        """See `SetUp.drop_list`."""
        with self._changed() as change:
            kept, _ = self._read()
            self._list.unlink(missing_ok=True)
            change(replace(kept, contacts=None, notes=()))

    def _brought(self, waits: _List, region: str, *, dry_run: bool) -> ImportReport:
        with self._opened() as opened:
            return bring_contacts(
                self._system, opened, mapping=waits.columns, name=waits.name, region=region, dry_run=dry_run
            )

    def _opened(self) -> BinaryIO:
        try:
            return self._list.open("rb")
        except OSError as e:
            msg = (
                f"expected the list of contacts that was given; it cannot be read any more: {e.strerror}. Give it again"
            )
            raise InputError(msg) from e

    # --- mail --------------------------------------------------------------------------------------------------------

    def test_mail(self) -> str:
        """See `SetUp.test_mail`."""
        answers = self._read()[1].answers
        if not (answers.to and answers.smtp_host):
            return "There is no test mail without an address and a mail server."
        settings = self._system.settings
        mail = msgspec.convert(
            msgspec.to_builtins(settings.mail)
            | {"host": answers.smtp_host, "port": answers.smtp_port, "security": answers.smtp_security}
            | {"user": answers.smtp_user, "password_env": answers.password_env}
            | {"sender": answers.sender, "to": answers.to},
            MailSettings,
        )
        now = self._clock()
        delivery = Delivery(
            id=f"del_{digest('test', now.isoformat())}",
            kind="digest",
            rule="test",
            about="test",
            channel=MAIL,
            subject="Overheard: a test",
            notes=("This mail is a test. Digest and alerts come to you the same way.",),
            created=now,
        )
        try:
            said = channels_of(replace(settings, mail=mail), writer_of(self._system))[MAIL].send(delivery, now)
        except NotDeliveredError as e:
            return f"The test mail was not sent: {e}."
        return f"The test mail was sent{f'; {said}' if said else ''}. Look whether it came."

    # --- the end -----------------------------------------------------------------------------------------------------

    def review(self) -> Review:
        """See `SetUp.review`."""
        return self._review(*self._read())

    def _review(self, kept: _Kept, known: Known) -> Review:
        # Without an answer no file is begun that says nothing.
        found = drafts(self._files, known.answers) if known.answers != kept.base else ()
        waits = kept.contacts if kept.contacts and kept.contacts.taken else None
        shown = [(str(draft.path), draft.old, draft.new) for draft in found]
        said = msgspec.json.encode((shown, waits and (waits.stamp, waits.columns)), order="sorted")
        problem = ""
        if known.answers.feeds and not known.answers.contact:
            # Without it the collectors ask nobody, and `up` ends with that message.
            problem = (
                "Feeds are polled only where their owners can see who asks. Give an e-mail address or a web address "
                "under “Whom to tell”, or leave the feeds out."
            )
        return Review(
            [draft for draft in found if draft.changes],
            digest(said.decode()),
            contact_list=waits.name if waits else "",
            warnings=term_warnings(known),
            problem=problem,
        )

    def finish(self, stamp: str) -> Finished:
        """See `SetUp.finish`."""
        with self._changing:
            kept, known = self._read()
            review = self._review(kept, known)
            if not self.begun and not review.drafts:
                return Finished()  # the button was pressed twice
            if review.problem:
                raise InputError(review.problem)
            if review.stamp != stamp:
                msg = "what was shown has changed since, in another tab or in the files. Look again"
                raise InputError(msg)
            files = self._files
            _written(review.drafts)
            if files.watch.exists():
                bring_watch(self._system, files.watch)
            counts: Mapping[str, int] = {}
            if (waits := kept.contacts) is not None and waits.taken:
                with self._bringing:
                    counts = self._brought(waits, known.answers.region, dry_run=False).counts
            running = self._system.settings
            # The folder and the server stay as this process runs them, whatever the command line said otherwise.
            settings = replace(load_settings(files.settings), data=running.data, web=running.web)
            self._system.change_settings(settings)
            self._forget()
        return Finished([draft.path.name for draft in review.drafts], counts)

    # --- what is kept ------------------------------------------------------------------------------------------------

    @property
    def _files(self) -> Files:
        return Files.at(self._system.config)

    def _read(self) -> tuple[_Kept, Known]:
        """Return what is kept, put on what the files say now, and what is known with it."""
        from_files = known_from(self._files)
        now = from_files.answers
        kept = self._stored() or _Kept(base=now, answers=now)
        if kept.base != now:
            kept = replace(kept, answers=rebased(kept.answers, kept.base, now), base=now)
        if kept.contacts is not None and self._clock() - kept.contacts.at > _KEPT:
            self._list.unlink(missing_ok=True)
            kept = replace(kept, contacts=None)
        return kept, Known(kept.answers, kept.findings, kept.press, from_files.common)

    def _stored(self) -> _Kept | None:
        with storage_errors(self._path):
            try:
                if self._path.stat().st_size > _MOST_ANSWERS:
                    return None
                return msgspec.json.decode(self._path.read_bytes(), type=_Kept)
            except (FileNotFoundError, msgspec.DecodeError):
                # Of another version, or damaged: nothing but an unfinished set-up is in it, and the files say the rest.
                return None

    @contextmanager
    def _changed(self) -> Iterator[Callable[["_Kept"], None]]:
        """Hold off other changes; lend what keeps the state."""
        with self._changing:
            yield self._store

    def _store(self, kept: _Kept) -> None:
        data = msgspec.json.encode(kept)
        if len(data) > _MOST_ANSWERS:
            msg = f"expected answers of at most {_MOST_ANSWERS:,} bytes in all; got {len(data):,}. Leave some out"
            raise InputError(msg)
        with storage_errors(self._path):
            draft = self._path.with_suffix(".new")
            with _private(draft) as file:
                file.write(data)
            draft.replace(self._path)

    def _forget(self) -> None:
        with storage_errors(self._path):
            self._path.unlink(missing_ok=True)
            self._list.unlink(missing_ok=True)


def _all_taken(result: Filled) -> Filled:
    """Return answers of which all can be taken. Raises InputError for the first that cannot."""
    for key, message in result.wrong.items():
        raise InputError(message, where=key)
    return result


def _guesses(opened: BinaryIO, name: str, region: str) -> tuple[ColumnGuess, ...]:
    """Return where the columns of a list go by themselves; of vCards nothing. Raises ConfigError where it is none."""
    with open_sheet(opened, contacts.FIELDS, region=region, name=name, cards=True) as sheet:
        return tuple(sheet.guesses.values())


def _private(path: Path) -> BinaryIO:
    """Return a new file that its owner alone may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _copied(file: BinaryIO, to: Path, name: str) -> str:
    """Copy a list, and return a stamp of its bytes. Raises InputError where it is larger than what is taken here."""
    size = lines = 0
    marks: tuple[bytes, ...] = ()
    seen = hashlib.sha256()
    with _private(to) as out:
        while chunk := file.read(_CHUNK):
            if not size and chunk.startswith(b"\x1f\x8b"):
                _refused(f"{name}: expected a list as it is; it is packed (gzip). Unpack it first")
            if not size and _is_binary(chunk):
                _refused(f"{name}: expected a list of contacts (CSV or vCard); got something else than text")
            if not size:
                # A card has lines of its own, and with a photograph thousands.
                marks = (_CARD,) if _CARD in chunk[:100].upper() else (b"\n", b"\r", b"{")
            size += len(chunk)
            lines += max(chunk.upper().count(mark) for mark in marks)
            if size > MOST_BYTES or lines > MOST_ROWS:
                _refused(
                    f"{name}: expected a list of at most {MOST_BYTES // 1_000_000} MB and {MOST_ROWS:,} rows here. "
                    "Bring it in with `overheard import contacts`, which has no such limit, or in parts"
                )
            seen.update(chunk)
            out.write(chunk)
    if not size:
        _refused(f"{name}: expected a list of contacts (CSV or vCard); the file is empty")
    return seen.hexdigest()


def _is_binary(chunk: bytes) -> bool:
    """True for bytes with zeros between them that are not of UTF-16, where half of a list's bytes are zeros."""
    zeros = chunk.count(0)
    return bool(zeros) and not chunk.startswith((b"\xff\xfe", b"\xfe\xff")) and zeros * 5 < len(chunk)


def _refused(message: str) -> NoReturn:
    raise InputError(message)


def _written(found: Sequence[Draft]) -> None:
    try:
        write(tuple(found))
    except OSError as e:
        names = " and ".join(draft.path.name for draft in found)
        msg = f"{names}: expected to write there; got: {e.strerror or e}. Nothing is lost: mend it and confirm again"
        raise ConfigError(msg) from e
