"""A small strict IMAP server (RFC 3501) on loopback: what a reader of mailboxes may ask, and the faults of others.

It answers BAD to what it does not know and to what would change a mailbox, and keeps what it was asked.
"""

import base64
import re
import socketserver
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|(\([^)]*\))|(\S+)')
RECEIVED = datetime(2026, 11, 20, 10, tzinfo=UTC)


@dataclass
class Folder:
    """Messages by UID, with when each was received."""

    validity: int = 17
    messages: dict[int, tuple[bytes, datetime]] = field(default_factory=dict)
    next_uid: int = 1

    def add(self, raw: bytes, received: datetime = RECEIVED) -> int:
        uid, self.next_uid = self.next_uid, self.next_uid + 1
        self.messages[uid] = (raw, received)
        return uid


@dataclass
class Faults:
    """What a server does wrong. `cut_after`: bytes of answers to FETCH after which it hangs up.

    `login` and `examine` are what it answers to these after the tag; "hang up" is no answer. `empty`: messages without
    a body. `no_sizes`: it tells none.
    """

    bye: bool = False
    cut_after: int | None = None
    silent: bool = False
    broken: frozenset[int] = frozenset()
    why_broken: str = "cannot read that"
    no_next: bool = False
    login: str = ""
    examine: str = ""
    empty: frozenset[int] = frozenset()
    no_sizes: bool = False
    before_fetch: Callable[[], None] | None = None


class ImapServer:
    """Serves until it is closed. A context manager."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, starttls: bool = False) -> None:
        self.folders = {"INBOX": Folder()}
        self.user, self.password, self.token = "support@firm.example", "correct horse", "ya29.token"
        self.faults = Faults()
        self.asked: list[str] = []
        self.stop = threading.Event()
        self.tls = tls
        self.starttls = starttls
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.owner = self
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def inbox(self) -> Folder:
        return self.folders["INBOX"]

    def commands(self) -> list[str]:
        """What was asked since it was asked for last: the words of commands."""
        asked, self.asked = self.asked, []
        return asked

    def __enter__(self) -> "ImapServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    owner: ImapServer

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no news."""


class _HungUp(Exception):  # noqa: N818
    pass


class _Session(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        try:
            self._serve()
        except (_HungUp, OSError, ValueError):
            return
        finally:
            # Of TLS it is another one than the one that was accepted.
            self.request.close()

    def _serve(self) -> None:
        owner = self.server.owner
        self.folder: Folder | None = None
        self.is_in = False
        self.sent_of_fetches = 0
        if owner.tls is not None and not owner.starttls:
            self._secure(owner.tls)
        if owner.faults.silent:
            owner.stop.wait()
            return
        if owner.faults.bye:
            self._say("* BYE too many connections")
            return
        self._say("* OK ready")
        while line := self.rfile.readline(70_000):
            if not self._command(line.decode("utf-8").rstrip("\r\n")):
                return

    def _secure(self, context: ssl.SSLContext) -> None:
        self.request = context.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
        self.request.do_handshake()
        self.rfile = self.request.makefile("rb")
        self.wfile = self.request.makefile("wb", 0)

    def _say(self, line: str | bytes) -> None:
        self.wfile.write((line.encode() if isinstance(line, str) else line) + b"\r\n")
        self.wfile.flush()

    def _command(self, line: str) -> bool:
        owner = self.server.owner
        while match := re.search(r"\{(\d+)\}$", line):
            self._say("+ go on")
            literal = self.rfile.read(int(match[1])).decode()
            rest = self.rfile.readline(70_000).decode().rstrip("\r\n")
            quoted = literal.replace("\\", "\\\\").replace('"', '\\"')
            line = f'{line[: match.start()]}"{quoted}"{rest}'
        tag, _, rest = line.partition(" ")
        name, _, arguments = rest.partition(" ")
        if name.upper() == "UID":
            second, _, arguments = arguments.partition(" ")
            name = f"UID {second}"
        name = name.upper()
        owner.asked.append(name)
        words = [
            one[0].replace('\\"', '"').replace("\\\\", "\\") or one[1] or one[2] for one in _TOKEN.findall(arguments)
        ]
        if name == "CAPABILITY":
            self._say(f"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2{' STARTTLS' if owner.starttls else ''}")
            self._say(f"{tag} OK done")
        elif name == "STARTTLS" and owner.starttls and owner.tls is not None:
            self._say(f"{tag} OK begin")
            self._secure(owner.tls)
        elif name in ("LOGIN", "AUTHENTICATE") and owner.faults.login:
            if owner.faults.login == "hang up":
                return False
            self._say(f"{tag} {owner.faults.login}")
        elif name == "LOGIN" and not self.is_in:
            self.is_in = words == [owner.user, owner.password]
            self._say(f"{tag} OK in" if self.is_in else f"{tag} NO [AUTHENTICATIONFAILED] {owner.user}: no")
        elif name == "AUTHENTICATE" and not self.is_in and words[0].upper() == "XOAUTH2":
            self._say("+ ")
            given = base64.b64decode(self.rfile.readline()).decode()
            self.is_in = given == f"user={owner.user}\1auth=Bearer {owner.token}\1\1"
            if not self.is_in:
                self._say("+ " + base64.b64encode(b'{"status":"400"}').decode())
                self.rfile.readline()
            self._say(f"{tag} OK in" if self.is_in else f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials")
        elif name == "LOGOUT":
            self._say("* BYE bye")
            self._say(f"{tag} OK done")
            return False
        elif not self.is_in:
            self._say(f"{tag} BAD not yet")
        elif name == "LIST":
            for folder in owner.folders:
                self._say(f'* LIST () "/" "{folder}"')
            self._say(f"{tag} OK done")
        elif name == "EXAMINE":
            self._examine(tag, words[0])
        elif name == "UID SEARCH" and self.folder is not None:
            self._search(tag, words)
        elif name == "UID FETCH" and self.folder is not None:
            self._fetch(tag, words)
        else:
            self._say(f"{tag} BAD {name} is not for readers")
        return True

    def _examine(self, tag: str, name: str) -> None:
        owner = self.server.owner
        folder = owner.folders.get(name)
        if owner.faults.examine:
            self._say(f"{tag} {owner.faults.examine}")
            return
        if folder is None:
            self._say(f"{tag} NO [NONEXISTENT] no such mailbox")
            return
        self.folder = folder
        self._say(f"* {len(folder.messages)} EXISTS")
        self._say("* 0 RECENT")
        self._say("* FLAGS (\\Seen)")
        self._say(f"* OK [UIDVALIDITY {folder.validity}] valid")
        if not owner.faults.no_next:
            self._say(f"* OK [UIDNEXT {folder.next_uid}] next")
        self._say(f"{tag} OK [READ-ONLY] done")

    def _search(self, tag: str, words: list[str]) -> None:
        assert self.folder is not None
        assert [words[0], words[2]] == ["UID", "SINCE"], words
        first, _, last = words[1].partition(":")
        day, month, year = words[3].split("-")
        since = date(int(year), _MONTHS.index(month) + 1, int(day))
        newest = max(self.folder.messages, default=0)
        end = newest if last == "*" else int(last)
        low, high = sorted((int(first), end)) if last == "*" else (int(first), end)
        found = [uid for uid, (_, at) in self.folder.messages.items() if low <= uid <= high and at.date() >= since]
        self._say(f"* SEARCH {' '.join(map(str, found))}".rstrip())
        self._say(f"{tag} OK done")

    def _fetch(self, tag: str, words: list[str]) -> None:
        assert self.folder is not None
        faults = self.server.owner.faults
        if faults.before_fetch is not None:
            faults.before_fetch()
        uids = [uid for one in words[0].split(",") for uid in _range(one)]
        query = " ".join(words[1:])
        body = re.search(r"BODY\.PEEK\[\]<0\.(\d+)>", query)
        if body is None and query != "(RFC822.SIZE)":
            self._say(f"{tag} BAD only sizes, and bodies without a mark")
            return
        if body is not None and faults.broken & set(uids):
            self._say(f"{tag} NO {faults.why_broken}")
            return
        if body is None and faults.no_sizes:
            self._say(f"{tag} NO [SERVERBUG] cannot count that")
            return
        for uid in sorted(self.folder.messages.keys() & set(uids)):
            number = uid  # of no matter to who reads by UID
            raw, at = self.folder.messages[uid]
            if body is None:
                self._say(f"* {number} FETCH (UID {uid} RFC822.SIZE {len(raw)})")
                continue
            if uid in faults.empty:
                self._say(f"* {number} FETCH (UID {uid} BODY[]<0> NIL)")
                continue
            part = raw[: int(body[1])]
            stamp = f"{at.day:2}-{_MONTHS[at.month - 1]}-{at.year} {at:%H:%M:%S} +0000"
            head = f'* {number} FETCH (UID {uid} INTERNALDATE "{stamp}" BODY[]<0> {{{len(part)}}}\r\n'.encode()
            whole = head + part + b")\r\n"
            if faults.cut_after is not None and self.sent_of_fetches + len(whole) > faults.cut_after:
                self.wfile.write(whole[: max(faults.cut_after - self.sent_of_fetches, 0)])
                self.wfile.flush()
                raise _HungUp
            self.sent_of_fetches += len(whole)
            self.wfile.write(whole)
            if number % 7 == 0:
                # What others do in the meantime is told among the answers.
                self._say(f"* {number} FETCH (FLAGS (\\Seen))")
        self._say(f"{tag} OK done")


def _range(one: str) -> range:
    first, _, last = one.partition(":")
    return range(int(first), int(last or first) + 1)
