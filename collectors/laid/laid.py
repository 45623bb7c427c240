"""A source that is files on this machine: one, or all in a folder, each read when it is new or has changed.

path ─▶ the next file that is not as it was read ─▶ Answer with a new cursor ─▶ read, as of every source
"""

import asyncio
import lzma
import os
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import quote, unquote, urlsplit

import msgspec
from msgspec import Meta

from overheard.collectors.base import Deletion, Interval, Reading, Source
from overheard.collectors.fetching.fetch import Answer, Course, Limits
from overheard.errors import InputError
from overheard.records import Fetch, Mention, Policy, digest
from overheard.table import BadRow

_HOST = "file://localhost"
# `Fetch.purpose` of a file that was not taken: its body says why.
REFUSED = "refused"
# Files of a folder that are looked at, by name.
_MOST_FILES = 5_000
# Seconds for which nobody has written what is read.
_SETTLED = 0.5
_UNFINISHED = (".part", ".tmp", ".crdownload", "~")
# Files that are hidden, and those by which an office program says that it has one open.
_BESIDE = (".", "~$")
# Before what a file was like that could not be opened: it was told, and is tried again.
_UNREAD = "unread"
# Of what cannot be looked at: nothing that a file is like.
_UNKNOWN = "0 0"
_TEXTS = (".txt", ".csv", ".tsv", ".json", ".ndjson", ".jsonl")


class Laid(Source, frozen=True, kw_only=True):
    """Files laid down at `path`: a file, or a folder of them; "" where they are handed in by a command alone.

    `url` follows from `path`, and is not set. What they hold was said to us alone; its owner decides what leaves.
    """

    shows_newest = False
    documented_api = True
    schemes = ("file",)
    owner_decides = True
    kind_policy = Policy(export="nothing")
    # What the names of its files end with.
    endings: ClassVar[tuple[str, ...]]
    asks: ClassVar[Mapping[str, str]] = {
        "path": "The file, or the folder that files are laid into; without it, only what you hand in by a command.",
    }

    url: str = ""
    interval: Interval | None = 300
    path: Annotated[str, Meta(max_length=1_000)] = ""

    def __post_init__(self) -> None:
        if self.url and not self.url.startswith(f"{_HOST}/"):
            raise ValueError(f"expected no `url`, which follows from `path`; got {self.url!r}")
        msgspec.structs.force_setattr(self, "url", address_of(Path(self.path)) if self.path else "")

    def called(self, name: str, size: int) -> str:
        """Return what a file of this name is called in messages; one that is called like a person is not named."""
        del size
        return name

    def read(self, fetch: Fetch) -> Reading:
        """Return what a file says (`Source.read`)."""
        where = self.called(name_of(fetch), len(fetch.body))
        if fetch.purpose == REFUSED:
            raise InputError(fetch.body.decode("utf-8", "replace"), where=where)
        return self.said_in(fetch, where)

    def said_in(self, fetch: Fetch, where: str) -> Reading:
        """Return what a file says that was read; `where` is what it is called. Raises InputError."""
        raise NotImplementedError


def address_of(file: Path) -> str:
    """Return the address that a file is recorded under."""
    return f"{_HOST}/{quote(os.fsencode(file.as_posix().lstrip('/')))}"


def name_of(fetch: Fetch) -> str:
    """Return the name of the file that a fetch holds."""
    return unquote(urlsplit(fetch.final_url or fetch.url).path).rpartition("/")[2]


class Cursor(msgspec.Struct, frozen=True):
    """Which files were read, as they were then (size and time of change), and the options they were read with.

    Before what one was like that could not be opened stands "unread".
    """

    options: str
    files: dict[str, str] = {}


class Files:
    """How laid-down files are asked for. Thread-safe."""

    def __init__(self, source: Laid, limits: Limits, clock: Callable[[], datetime]) -> None:
        self._source = source
        self._limits = limits
        self._clock = clock

    async def ask(self, course: Course, token: str = "") -> Answer:
        """Return the next file after `course.cursor`; never raises for what is there or not."""
        del token
        if course.errand or course.purpose:
            message = "expected a poll; files that were laid down have no other answers"
            return Answer("refused", message=message, site=course.site)
        return await asyncio.to_thread(self._asked, course)

    def _asked(self, course: Course) -> Answer:
        path = Path(self._source.path)
        try:
            found = {_key(file.name): (file, state) for file, state in self._found(path)}
        except OSError as e:
            message = f"expected a file or folder that can be read at `path`; got: {e.strerror or e}"
            return Answer("soft", message=message, site=course.site)
        known = _cursor(course.cursor, self._source.options)
        read = {key: state for key, state in known.items() if key in found}
        # As they were laid down: of two exports of one chat the later one counts.
        waiting = sorted(
            (key for key, (_, state) in found.items() if read.get(key) != state),
            key=lambda key: (_when(found[key][1]), key),
        )
        for key in waiting:
            file, state = found[key]
            if not _is_written(file, state):
                continue
            purpose = ""
            try:
                body = contents(file, self._limits.body)
            except FileNotFoundError:
                continue
            except OSError as e:
                body, purpose = str(e).encode(), REFUSED
                if e.errno is not None:
                    # What is locked, or not ours to read, may be ours later, and look the same then.
                    state = f"{_UNREAD} {state}"
                    if read.get(key) == state:
                        continue
                    body = f"expected a file that can be read; got: {e.strerror}. It is tried again".encode()
            cursor = self._said({**read, key: state})
            fetch = _fetched(self._source, address_of(file), body, self._clock(), purpose)
            return Answer("fetched", 200, fetch=fetch, site=course.site, cursor=cursor, more=len(waiting) > 1)
        return Answer("unmodified", 200, site=course.site, cursor=self._said(read))

    def _found(self, path: Path) -> Iterator[tuple[Path, str]]:
        """Yield the files that are there, each with what tells whether it has changed."""
        if not path.is_dir():
            yield path, _state(path.stat())
            return
        with os.scandir(path) as entries:
            names = sorted(one.name for one in entries if self._is_wanted(one.name) and _is_file(one))
        if len(names) > _MOST_FILES:
            raise OSError(f"more than {_MOST_FILES:,} files. Move those elsewhere that were read")
        for name in names:
            file = path / name
            try:
                yield file, _state(file.stat())
            except FileNotFoundError:
                continue
            except OSError:
                yield file, _UNKNOWN  # what is wrong with it is said as it is read

    def _is_wanted(self, name: str) -> bool:
        small = name.lower()
        unfinished = small.startswith(_BESIDE) or small.endswith(_UNFINISHED)
        return small.endswith(self._source.endings) and not unfinished

    def _said(self, files: Mapping[str, str]) -> str:
        return msgspec.json.encode(Cursor(self._source.options, dict(files)), order="sorted").decode()


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return True  # a link in a circle, or to where we may not look: so is this


def _key(name: str) -> str:
    """Return the name of a file as it is kept; other machines write some that are no UTF-8."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _state(stat: os.stat_result) -> str:
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _when(state: str) -> int:
    return int(state.rpartition(" ")[2])


def _is_written(file: Path, state: str) -> bool:
    """Return whether a file stays as it is, after a moment where it was written just now: half a list is none."""
    since = time.time() - _when(state) / 1e9
    if 0 <= since < _SETTLED:
        time.sleep(_SETTLED - since)
    try:
        return _state(file.stat()) == state
    except OSError:
        return True  # what is wrong with it is said as it is read


def _cursor(cursor: str, options: str) -> dict[str, str]:
    """Return which files were read, none of them where the options were others: they are read anew."""
    try:
        known = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor(options)
    except msgspec.DecodeError:
        return {}
    return known.files if known.options == options else {}


def handed_in(source: Laid, file: Path, most: int, now: datetime) -> list[Mention | Deletion | BadRow]:
    """Return what a source reads in a file that somebody hands in. Raises InputError where it cannot be read."""
    try:
        body = contents(file, most)
    except OSError as e:
        raise InputError(f"expected a file that can be read; got: {e.strerror or e}", where=file.name) from e
    reading = source.read(_fetched(source, address_of(file.absolute()), body, now))
    # No raw row: it is somebody's name and number.
    bad = [BadRow(-1, InputError(one.message, where=one.where), "") for one in reading.rejected]
    return [*reading.mentions, *reading.deletions, *bad]


def _fetched(source: Source, address: str, body: bytes, now: datetime, purpose: str = "") -> Fetch:
    return Fetch(
        id=f"fet_{digest(source.name, address, now.isoformat(), body.decode('latin-1'))}",
        source=source.name,
        url=source.url or address,
        final_url=address,
        status=200,
        headers={},
        body=body,
        at=now,
        purpose=purpose,
    )


def contents(file: Path, most: int) -> bytes:
    """Return what a file holds; of a zip archive the text in it, whatever else is there. Raises OSError.

    `most` are the bytes that are taken; a larger file is refused, and so is an archive with a larger text.
    """
    with file.open("rb") as stream:
        if stream.read(4) == b"PK\x03\x04":
            return _unpacked(file, most)
        stream.seek(0)
        body = stream.read(most + 1)
    if len(body) > most:
        raise _too_large(most)
    return body


def _unpacked(file: Path, most: int) -> bytes:
    try:
        with zipfile.ZipFile(file) as archive:
            texts = [one for one in archive.infolist() if _is_text(one.filename)]
            if not texts:
                raise OSError(f"expected an archive with a text in it ({', '.join(_TEXTS)}); there is none")
            with archive.open(min(texts, key=_rank)) as stream:
                body = stream.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError) as e:
        raise OSError(f"expected a zip archive that is whole and without a password; got: {e}") from e
    if len(body) > most:
        raise _too_large(most)
    return body


def _is_text(name: str) -> bool:
    """True for what an archive was made for; macOS puts files of its own beside each."""
    hidden = name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(_BESIDE)
    return not hidden and name.lower().endswith(_TEXTS)


def _rank(one: zipfile.ZipInfo) -> tuple[int, bool, bool, str]:
    """What was exported stands above what was sent along, under the name that WhatsApp gives to it."""
    name = one.filename.rpartition("/")[2].lower()
    is_chat = name == "_chat.txt" or "whatsapp" in name
    return one.filename.count("/"), not is_chat, not name.endswith((".txt", ".csv")), one.filename


def _too_large(most: int) -> OSError:
    megabytes = most / 1_048_576
    return OSError(f"expected at most {megabytes:,.0f} MB of text; there is more. Export it in parts")
