"""Asks a mailbox for what came since: one batch of raw messages, by IMAP (RFC 3501), reading only.

    cursor ─▶ EXAMINE, UID SEARCH, UID FETCH BODY.PEEK ─▶ messages without attachments ─▶ Answer with a new cursor

Nothing is marked as read, moved or deleted. The cursor holds, of each folder, its UIDVALIDITY and the last UID that is
in a batch; whoever asks stores it once the batch was published. IMAPClient speaks the protocol, since what servers
answer to a FETCH needs a parser of its own.
"""

import asyncio
import ipaddress
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError, ProtocolError

from overheard.collectors.base import BACK_FILL
from overheard.collectors.fetching.fetch import Answer, Course, Limits, site_of
from overheard.collectors.fetching.secrets import SecretError, Spot, value_in
from overheard.collectors.mail.mailbox import Mailbox
from overheard.collectors.mail.message import without_attachments
from overheard.collectors.markup import one_line, shorten
from overheard.records import Fetch, digest
from overheard.text import clean

# Of one message: headers and texts stand at its beginning, attachments behind them.
_MOST_OF_ONE = 512 * 1024
_QUERY = ["INTERNALDATE", f"BODY.PEEK[]<0.{_MOST_OF_ONE}>"]
# Of one batch, as kept; and of one command, as sent.
_MOST_BYTES = 4 * 1024 * 1024
_MOST_AT_ONCE = 2 * 1024 * 1024
_MOST_MESSAGES = 1_000
# UIDs that are looked through at a time. A line of an answer may have 1 MB, which is some 130,000 UIDs.
_WINDOW, _LARGEST_WINDOW = 10_000, 80_000
_SIZES = 500
# Of the time for one request, what may have gone by when the last command is sent.
_SHARE = 0.5
_LAST_UID = 2**32 - 1
# As HTTP says them, so that they are told in the same words.
_REFUSED, _NOT_THERE = 401, 404
_CODE = re.compile(r"\[([A-Z][A-Z-]{2,40})\]")
# What says "not now" (RFC 5530, and what Yahoo and Gmail say); without a code, to whoever signs in, and of a message.
_LATER = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "THROTTLED", "OVERQUOTA", "SERVERBUG"})
_CROWDED = re.compile(r"too many (?:\w+ ){0,2}connections", re.IGNORECASE)
_BUSY = re.compile(r"unavailable|try again|too many|throttl|exceeded|temporar|time[d-]? ?out", re.IGNORECASE)
# The traffic in words, which holds what people wrote.
logging.getLogger("imapclient").setLevel(logging.WARNING)


class Stand(msgspec.Struct, frozen=True):
    """How far a folder was read: its UIDVALIDITY and last UID, and the day from which on it is read at all."""

    validity: int
    last: int
    since: date


class Cursor(msgspec.Struct, frozen=True):
    """How far a mailbox was read, by folder, and the options that it was read with."""

    options: str
    folders: dict[str, Stand] = {}


class _Gone(Exception):  # noqa: N818  what a folder is
    """A folder that the server does not have, or does not open; `status` says which."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class _Line:
    """The connection of one request, which may be cut from another thread."""

    client: IMAPClient | None = None
    is_cut: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def opened(self, client: IMAPClient) -> None:
        with self.lock:
            self.client = client
            if self.is_cut:
                _cut(client)

    def cut(self) -> None:
        with self.lock:
            self.is_cut = True
            if self.client is not None:
                _cut(self.client)


def _cut(client: IMAPClient) -> None:
    with suppress(Exception):
        client.socket().shutdown(socket.SHUT_RDWR)


@dataclass(slots=True)
class _Batch:
    """Messages on their way, and how far each folder is once they were published."""

    stands: dict[str, Stand]
    messages: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0
    more: bool = False

    def went_on(self, folder: str, last: int) -> None:
        """Remember that a folder was read up to a UID."""
        stand = self.stands[folder]
        self.stands[folder] = Stand(stand.validity, last, stand.since)

    def missed(self, folder: str, uid: int, validity: int, why: str) -> None:
        """Remember that a message was not given: it is told, and not asked for again."""
        self.messages.append({"folder": folder, "uid": uid, "validity": validity, "error": why})
        self.went_on(folder, uid)

    @property
    def is_full(self) -> bool:
        return self.size >= _MOST_BYTES or len(self.messages) >= _MOST_MESSAGES


class Imap:
    """How one mailbox is asked. Thread-safe; no connection is held between two requests.

    Any host that the settings name may be asked, since they alone name it: no answer leads to another one.
    """

    def __init__(self, mailbox: Mailbox, limits: Limits, clock: Callable[[], datetime]) -> None:
        self._mailbox = mailbox
        self._limits = limits
        self._clock = clock

    async def ask(self, course: Course, token: str = "") -> Answer:
        """Return the next batch after `course.cursor`; never raises for what a server does."""
        line = _Line()
        try:
            async with asyncio.timeout(self._limits.total):
                return await asyncio.to_thread(self._asked, course, line, token)
        except TimeoutError:
            line.cut()
            message = f"expected the whole answer within {self._limits.total:g} s; it took longer"
            return Answer("soft", message=message, site=site_of(course.here))
        except asyncio.CancelledError:
            line.cut()
            raise

    def _asked(self, course: Course, line: _Line, token: str) -> Answer:
        site, box = site_of(course.here), self._mailbox
        if course.purpose == BACK_FILL or course.errand:
            message = "expected a poll; a mailbox has no other answers. `days` says how far back the first one goes"
            return Answer("refused", message=message, site=site)
        try:
            secret, is_token = (token, True) if token else self._secret()
        except SecretError as e:
            return Answer("soft", message=str(e), site=site)
        deadline = time.monotonic() + _SHARE * self._limits.total
        known = _cursor(course.cursor, box.options)
        batch = _Batch({name: stand for name, stand in known.items() if name in box.folders})
        status = 0
        try:
            with self._connected() as client:
                line.opened(client)
                self._let_in(client, secret, is_token=is_token)
                self._read(client, batch, deadline)
                return self._answer(course, batch)
        except ssl.SSLCertVerificationError as e:
            message = (
                f"expected a valid certificate of {box.host!r}; got one that is none: {e.verify_message}. Where it is "
                "your own, `ca` names the file of what vouches for it"
            )
        except LoginError as e:
            status, message = _not_let_in(str(e), "token" if is_token else "password")
        except _Gone as e:
            status, message = e.status, str(e)
        except (TimeoutError, OSError) as e:
            message = f"expected a connection to {box.host!r}; got {_reason(e)}"
        except (IMAPClientError, ValueError, LookupError, TypeError, AssertionError) as e:
            # Of what servers and IMAPClient say of each other: in one line, and never what is in a message.
            message = f"expected an answer by IMAP from {box.host!r}; got {_reason(e)}"
        if batch.messages:
            # What came before is kept; what is wrong is said by the next request, if it still is.
            batch.more = True
            return self._answer(course, batch)
        return Answer("soft", status, message, site=site)

    def _secret(self) -> tuple[str, bool]:
        """Return what we are let in by, and whether it is a token. Raises SecretError."""
        box = self._mailbox
        if token := Spot(box.token_env, box.token_file):
            return value_in(token, box.name, "token"), True
        return value_in(Spot(box.password_env, box.password_file), box.name, "password"), False

    def _connected(self) -> IMAPClient:
        box = self._mailbox
        context = None if box.security == "none" else _context(box.ca)
        host = box.host.strip("[]")
        client = IMAPClient(
            host,
            box.port or (993 if box.security == "tls" else 143),
            ssl=box.security == "tls",
            ssl_context=context if box.security == "tls" else None,
            timeout=SocketTimeout(min(self._limits.connect, self._limits.total), self._limits.total),
        )
        client.normalise_times = False
        if box.security == "starttls":
            try:
                client.starttls(context)
            except BaseException:
                with suppress(Exception):  # it may be closed already, which is not why
                    client.shutdown()
                raise
        elif box.security == "none" and not _is_here(client):
            client.shutdown()
            raise OSError("a server on another machine, where no password is sent without TLS")
        return client

    def _let_in(self, client: IMAPClient, secret: str, *, is_token: bool) -> None:
        try:
            if is_token:
                client.oauth2_login(self._mailbox.user, secret)
            else:
                client.login(_quoted(self._mailbox.user), secret)
        except LoginError as e:
            # IMAPClient calls it so as well where the server hung up, which says nothing of the secret.
            if isinstance(e.__context__, IMAPClient.AbortError):
                raise e.__context__ from None
            raise

    def _read(self, client: IMAPClient, batch: _Batch, deadline: float) -> None:
        """Fill the next batch. Raises _Gone where a folder is not there and the others have nothing."""
        problem: _Gone | None = None
        last = self._mailbox.folders[-1]
        for folder in self._mailbox.folders:
            try:
                self._read_folder(client, folder, batch, deadline)
            except _Gone as e:
                problem = problem or e
            # To look at the others takes time too: what is there already is not to be lost to it.
            batch.more = batch.more or (folder != last and bool(batch.messages) and time.monotonic() > deadline)
            if batch.more:
                break
        if problem is not None and not batch.more:
            raise problem

    def _read_folder(self, client: IMAPClient, folder: str, batch: _Batch, deadline: float) -> None:
        try:
            opened = client.select_folder(folder, readonly=True)
        except IMAPClientError as e:
            if isinstance(e, IMAPClient.AbortError):
                raise
            raise _unopened(client, folder, e) from e
        validity, next_ = _number(opened.get(b"UIDVALIDITY")), _number(opened.get(b"UIDNEXT"))
        stand = batch.stands.get(folder)
        since = stand.since if stand is not None else self._clock().date() - timedelta(days=self._mailbox.days)
        if stand is None or stand.validity != validity:
            # All UIDs are others now; what was read is known by its ids.
            stand = Stand(validity, 0, since)
        batch.stands[folder] = stand
        newest = next_ - 1 if next_ else _LAST_UID
        for uids, upto in _windows(client, stand.last, newest, since, is_sure=bool(next_)):
            for some, sizes in _sized(client, uids):
                for part in _parted(some, sizes):
                    if batch.is_full or (batch.messages and time.monotonic() > deadline):
                        batch.more = True
                        return
                    self._fetch(client, batch, folder, part, validity=validity, sizes=sizes)
            batch.stands[folder] = Stand(validity, upto, since)
            if time.monotonic() > deadline:
                batch.more = bool(next_) and upto < newest
                return

    def _fetch(
        self,
        client: IMAPClient,
        batch: _Batch,
        folder: str,
        uids: list[int],
        *,
        validity: int,
        sizes: Mapping[int, int],
    ) -> None:
        try:
            found = client.fetch(uids, _QUERY)
        except IMAPClient.AbortError:
            raise
        except IMAPClientError:
            self._fetch_singly(client, batch, folder, uids, validity=validity, sizes=sizes)
            return
        self._take(batch, folder, uids, found, validity=validity, sizes=sizes)

    def _fetch_singly(
        self,
        client: IMAPClient,
        batch: _Batch,
        folder: str,
        uids: list[int],
        *,
        validity: int,
        sizes: Mapping[int, int],
    ) -> None:
        """Fetch each by itself: one that its server cannot give must not hold up the others.

        Where it says that it cannot now, and gives none of those after it, that is raised: it may give it later.
        """
        waiting: list[tuple[int, IMAPClientError]] = []
        for uid in uids:
            try:
                found = client.fetch([uid], _QUERY)
            except IMAPClient.AbortError:
                raise
            except IMAPClientError as e:
                waiting.append((uid, e))
                continue
            for one, error in waiting:
                batch.missed(folder, one, validity, _reason(error))
            waiting.clear()
            self._take(batch, folder, [uid], found, validity=validity, sizes=sizes)
        for one, error in waiting:
            if _may_pass(error):
                raise error
            batch.missed(folder, one, validity, _reason(error))

    @staticmethod
    def _take(
        batch: _Batch,
        folder: str,
        uids: list[int],
        found: Mapping[int, Any],
        *,
        validity: int,
        sizes: Mapping[int, int],
    ) -> None:
        for uid in uids:
            parts = found.get(uid, {})
            bodies = [value for name, value in parts.items() if name.startswith(b"BODY[]")]
            if not bodies:
                continue  # deleted since
            raw = bodies[0]
            if not isinstance(raw, bytes):
                batch.missed(folder, uid, validity, "NIL in place of its text")
                continue
            raw = without_attachments(raw[:_MOST_OF_ONE])
            received = parts.get(b"INTERNALDATE")
            batch.size += len(raw)
            batch.messages.append(
                {
                    "folder": folder,
                    "uid": uid,
                    "validity": validity,
                    "size": sizes.get(uid, len(raw)),
                    "received": received.astimezone(UTC) if isinstance(received, datetime) else None,
                    "raw": raw.decode("latin-1"),
                }
            )
        batch.went_on(folder, uids[-1])

    def _answer(self, course: Course, batch: _Batch) -> Answer:
        cursor = msgspec.json.encode(Cursor(self._mailbox.options, batch.stands), order="sorted").decode()
        site = site_of(course.here)
        if course.cursor and not batch.messages:
            return Answer("unmodified", 200, site=site, cursor=cursor, more=batch.more)
        at = self._clock()
        body = msgspec.json.encode({"messages": batch.messages})
        fetch = Fetch(
            id=f"fet_{digest(course.source, course.here, at.isoformat(), body.decode())}",
            source=course.source,
            url=course.url,
            final_url=course.here,
            status=200,
            headers={"content-type": "application/json"},
            body=body,
            at=at,
            purpose=course.purpose,
        )
        return Answer("fetched", 200, fetch=fetch, site=site, cursor=cursor, more=batch.more)


def _cursor(cursor: str, options: str) -> dict[str, Stand]:
    """Return how far each folder was read; nowhere where other options were set then."""
    try:
        known = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor(options)
    except msgspec.MsgspecError:
        return {}
    return known.folders if known.options == options else {}


def _windows(
    client: IMAPClient, last: int, newest: int, since: date, *, is_sure: bool
) -> Iterator[tuple[list[int], int]]:
    """Yield the UIDs after the last one, a window of them at a time, with how far it looked."""
    width = _WINDOW
    while last < newest:
        end = min(last + width, newest) if is_sure else newest
        range_ = f"{last + 1}:{end if is_sure else '*'}"
        found = sorted(uid for uid in client.search(["UID", range_, "SINCE", since]) if last < uid <= end)
        last = end if is_sure else (found[-1] if found else last)
        yield found, last
        if not is_sure:
            return
        width = _WINDOW if found else min(2 * width, _LARGEST_WINDOW)


def _sized(client: IMAPClient, uids: list[int]) -> Iterator[tuple[list[int], dict[int, int]]]:
    """Yield some of the UIDs at a time, with the sizes of their messages."""
    for i in range(0, len(uids), _SIZES):
        some = uids[i : i + _SIZES]
        try:
            found = client.fetch(some, ["RFC822.SIZE"])
        except IMAPClient.AbortError:
            raise
        except IMAPClientError:
            found = {}  # each may be as large as can be, and whichever its server cannot give is told as such
        yield some, {uid: _number(parts.get(b"RFC822.SIZE")) for uid, parts in found.items()}


def _parted(uids: Iterable[int], sizes: Mapping[int, int]) -> Iterator[list[int]]:
    """Yield UIDs, as many at a time as one command may bring."""
    part: list[int] = []
    total = 0
    for uid in uids:
        size = min(sizes.get(uid, _MOST_OF_ONE), _MOST_OF_ONE)
        if part and (total + size > _MOST_AT_ONCE or len(part) >= 200):
            yield part
            part, total = [], 0
        part.append(uid)
        total += size
    if part:
        yield part


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _context(ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca or None)
    except OSError as e:
        raise OSError(f"no certificates in the file that `ca` names: {_reason(e)}") from e


def _not_let_in(said: str, secret: str) -> tuple[int, str]:
    """Return the status and the words of a server that refused whoever signs in; its own may name them."""
    match = _CODE.search(said)
    code = f" ({match[1]})" if match else ""
    if _is_later(said) or _CROWDED.search(said):
        return 0, f"expected to be let in; the server says not now{code}. It is asked again later"
    return _REFUSED, f"expected to be let in with the {secret}; the server refused{code}"


def _is_later(said: str) -> bool:
    match = _CODE.search(said)
    return match is not None and match[1] in _LATER


def _may_pass(error: IMAPClientError) -> bool:
    """True where a server says that it gives a message later; what it gave and cannot be read says nothing."""
    said = str(error)
    return not isinstance(error, ProtocolError) and (_is_later(said) or _BUSY.search(said) is not None)


def _quoted(text: str) -> str:
    """Return a text as a quoted string (RFC 3501): imaplib writes the name of a user as it is, blanks and all."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unopened(client: IMAPClient, folder: str, error: IMAPClientError) -> _Gone:
    """Return what to say of a folder that was not opened: which others there are, or why this one was not."""
    try:
        names = [str(name) for _, _, name in client.list_folders()]
    except (IMAPClientError, OSError, ValueError):
        names = []
    expected = f"expected the folder {folder!r}; the server does not open it"
    if not names or folder in names or folder.upper() == "INBOX":
        return _Gone(f"{expected}: {_reason(error)}", 0)
    return _Gone(f"{expected}: it has {shorten(', '.join(map(repr, names)), 300)}", _NOT_THERE)


def _is_here(client: IMAPClient) -> bool:
    try:
        return ipaddress.ip_address(client.socket().getpeername()[0]).is_loopback
    except (OSError, ValueError):
        return False


def _reason(error: BaseException) -> str:
    if isinstance(error, ProtocolError):
        return "what cannot be read as one"  # its words may be those of a message
    words = one_line(clean(error.strerror or str(error) if isinstance(error, OSError) else str(error)))
    return shorten(words, 200) or type(error).__name__
