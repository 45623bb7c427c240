"""What is asked beside HTTP in the simulated week: a mailbox, exported chats, lists of leads; and their faults."""

import email.utils
import io
import os
import random
import zipfile
from collections import Counter
from datetime import datetime
from pathlib import Path

from overheard.collectors.base import Source
from overheard.collectors.laid.leads import Leads
from overheard.collectors.laid.whatsapp import WhatsApp
from overheard.collectors.mail.mailbox import Mailbox
from overheard.records import digest
from tests.collectors.imap_server import Faults, Folder, ImapServer
from tests.collectors.letters import mail
from tests.collectors.week.truth import Promise, Truth

PASSWORD_ENV = "WEEK_MAIL_PASSWORD"
_PEOPLE = ("Asha", "Bela", "Chidi", "Dora")


class SupportBox:
    """A mailbox into which people write, and out of which letters are deleted, at times before anybody read them."""

    name = "support"

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.server = ImapServer().__enter__()
        self._number = 0
        truth.promises[self.name] = Promise(posts=False)

    @property
    def source(self) -> Source:
        return Mailbox(
            name=self.name,
            host="127.0.0.1",
            port=self.server.port,
            security="none",
            user=self.server.user,
            password_env=PASSWORD_ENV,
            me=("firm.example",),
        )

    def happen(self, rng: random.Random, at: datetime) -> None:
        """People write, somebody tidies up, and the server is as servers are."""
        at = at.replace(microsecond=0)
        for _ in range(rng.randint(0, 3)):
            self._write(rng.choice(_PEOPLE), at)
        box = self.server.inbox
        self.server.faults = Faults()
        match rng.choice(["", "", "tidy", "anew", "cut", "bye", "silent", "no next", "refused"]):
            case "tidy" if box.messages:
                del box.messages[rng.choice(list(box.messages))]
            case "anew":
                new = Folder(validity=box.validity + 1, next_uid=rng.choice([1, 70, box.next_uid]))
                for raw, received in rng.sample(list(box.messages.values()), len(box.messages)):
                    new.add(raw, received)
                self.server.folders["INBOX"] = new
            case "cut":
                self.server.faults = Faults(cut_after=rng.randint(0, 3_000))
            case "bye":
                self.server.faults = Faults(bye=True)
            case "no next":
                self.server.faults = Faults(no_next=True)
            case "refused":
                self.server.password = "another"
                return
        self.server.password = "correct horse"

    def _write(self, who: str, at: datetime) -> None:
        self._number += 1
        id_, text = f"m{self._number}@customer.example", f"Letter {self._number} of {who}."
        raw = mail(
            text, sender=f"{who} <{who.lower()}@customer.example>", id_=id_, date=email.utils.format_datetime(at)
        )
        self.truth.say(self.name, id_, who, text, at)
        self.server.inbox.add(raw, at)

    def recover(self, rng: random.Random, at: datetime) -> None:
        """Be as a server should be; what is in the box now is owed."""
        del rng, at
        self.server.faults, self.server.password = Faults(), "correct horse"
        there = b"".join(raw for raw, _ in self.server.inbox.messages.values())
        for post in self.truth.of(self.name):
            if f"<{post.native_id}>".encode() in there:
                self.truth.show(post.key)

    def close(self) -> None:
        self.server.__exit__()


class _Folder:
    """Files that are laid into a folder, of which the last may be half for a while."""

    name: str

    def __init__(self, truth: Truth, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.truth = truth
        self.folder = folder
        self._laid = 0
        self._half: tuple[Path, bytes] | None = None

    def lay(self, name: str, body: bytes, rng: random.Random, at: datetime) -> None:
        """Lay a file down, whole or half, after what was half is whole."""
        self.mend(at)
        file = self.folder / name
        if rng.random() < 0.3:
            self._half = file, body
            body = body[: rng.randint(0, len(body) - 1)]
        self._put(file, body, at)

    def mend(self, at: datetime) -> None:
        """Let what is half be whole."""
        if self._half is not None:
            self._put(*self._half, at)
            self._half = None

    def _put(self, file: Path, body: bytes, at: datetime) -> None:
        self._laid += 1
        file.write_bytes(body)
        os.utime(file, (at.timestamp() + self._laid / 1_000,) * 2)


class Chats(_Folder):
    """Exports of one chat, each later one with what was edited and deleted since, as a text or in an archive."""

    name = "chats"
    _CHAT = "WhatsApp Chat with H"

    def __init__(self, truth: Truth, folder: Path) -> None:
        super().__init__(truth, folder)
        self._messages: list[tuple[datetime, str]] = []  # when, and of which post; "" is ours
        self._in_minute: Counter[str] = Counter()
        self._answered = ""

    @property
    def source(self) -> Source:
        return WhatsApp(name=self.name, path=str(self.folder), me=("Support",))

    def happen(self, rng: random.Random, at: datetime) -> None:
        """Somebody writes, edits or deletes; now and then the chat is exported."""
        at = at.replace(second=0, microsecond=0)
        for _ in range(rng.randint(0, 4)):
            self._write(rng, at)
        there = [one for one in self.truth.of(self.name)[-15:] if one.deleted_at is None]
        if there and rng.random() < 0.4:
            post = rng.choice(there)
            self.truth.edit(post.key, f"{post.versions[0].text} Now {len(post.versions) + 1}.", at)
        if there and rng.random() < 0.2:
            self.truth.delete(rng.choice(there).key, at)
        if self._messages and rng.random() < 0.5:
            number = rng.choice(["", "", " (1)", " (2)"])
            self.lay(f"{self._CHAT}{number}{rng.choice(['.txt', '.zip'])}", b"", rng, at)

    def _write(self, rng: random.Random, at: datetime) -> None:
        # The same whichever number is the day.
        low, high = sorted((at.month, at.day))
        stamp = f"{at.year}-{low:02}-{high:02}T{at:%H:%M}"
        self._in_minute[stamp] += 1
        native = f"{digest(self._CHAT)}/{stamp}/{self._in_minute[stamp]}"
        if rng.random() < 0.3:
            self._answered = native
            self._messages.append((at, ""))
            return
        text = f"Message {len(self._messages)}."
        self.truth.say(self.name, native, "Hetal", text, at, parent=self._answered)
        self._messages.append((at, native))

    def lay(self, name: str, body: bytes, rng: random.Random, at: datetime) -> None:
        super().lay(name, self._exported(archive=name.endswith(".zip")), rng, at)

    def _exported(self, *, archive: bool) -> bytes:
        lines = []
        for at, native in self._messages:
            post = self.truth.posts.get((self.name, native))
            text = "Hm." if post is None else post.text
            text += " <This message was edited>" if post is not None and len(post.versions) > 1 else ""
            text = "This message was deleted" if post is not None and post.deleted_at else text
            lines.append(f"{at:%Y-%m-%d, %H:%M} - {'Support' if post is None else 'Hetal'}: {text}\n")
        chat = "".join(lines).encode()
        if not archive:
            return chat
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as whole:
            whole.writestr("_chat.txt", chat)
        return held.getvalue()

    def recover(self, rng: random.Random, at: datetime) -> None:
        """Export all of it."""
        self.lay(f"{self._CHAT}.txt", b"", rng, at)
        self.mend(at)


class LeadLists(_Folder):
    """Lists of leads that overlap, each later one with what was changed since, some in place of an earlier one."""

    name = "leads"

    @property
    def source(self) -> Source:
        return Leads(name=self.name, path=str(self.folder))

    def happen(self, rng: random.Random, at: datetime) -> None:
        """Somebody asks, or asks something else; now and then a list is drawn."""
        at = at.replace(microsecond=0)
        known = self.truth.of(self.name)
        for number in range(rng.randint(0, 3)):
            who, id_ = rng.choice(_PEOPLE), f"L{len(known) + number}"
            self.truth.say(self.name, id_, who, f"Ask {id_}, please.", at)
        if known and rng.random() < 0.3:
            post = rng.choice(known[-8:])
            self.truth.edit(post.key, f"{post.versions[0].text} Or {len(post.versions) + 1}?", at)
        if known and rng.random() < 0.5:
            self.lay(f"{rng.choice(['leads', 'leads', f'leads-{len(known)}'])}.csv", self._drawn(), rng, at)

    def _drawn(self) -> bytes:
        rows = [
            f'{one.native_id},{one.author},{one.author.lower()}@c.example,{one.posted_at.isoformat()},"{one.text}"\n'
            for one in self.truth.of(self.name)[-40:]
        ]
        return ("Id,Name,E-mail,Time,Message\n" + "".join(rows)).encode()

    def recover(self, rng: random.Random, at: datetime) -> None:
        """Draw a last list."""
        self.lay("last.csv", self._drawn(), rng, at)
        self.mend(at)
