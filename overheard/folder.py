"""The data folder: one directory that one Overheard owns, with its lock, its format and its one SQLite file.

    overheard.db   log, offsets, ledger, outbox, canonical documents (SQLite, write-ahead log)
    index/         the search index: derived, may be deleted while nothing runs
    lock           held by the process that owns the folder; names its pid
    children       held, shared, by the processes which that one started
    writing        held by whichever process writes to the database just now
    format         the format's number, readable without opening anything else

Knows no table: each room makes its own.
"""

import errno
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from overheard.errors import (
    FolderDamagedError,
    FolderError,
    FolderFullError,
    FolderInUseError,
    FolderNewerError,
    TransientError,
)

FORMAT = 1
_APPLICATION_ID = 0x4F56_4844  # "OVHD": says in the file's header whose it is (SQLite, PRAGMA application_id)
_MARK = "Overheard data folder, format "
# How long a writer waits for another process's write. Write transactions last tens of ms; seconds mean trouble.
_BUSY_MS = 5_000
# Children look whether the owner still lives by taking its lock for an instant, so whoever opens a folder asks for
# this long before it says that it is in use.
_LOCK_PATIENCE = 2.0
# Of a full-text table, merged in one transaction: some 20 ms.
_MERGED_PAGES = 500
# Loading a language model takes seconds, and a worker looks up from it only afterwards.
_ORPHAN_PATIENCE = 20.0

# Extended result codes (https://sqlite.org/rescode.html). The second and third are what a quota or a limit on file
# sizes gives: SQLite keeps SQLITE_FULL for ENOSPC alone.
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}
_FULL_ERRNO = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Folder:
    """One data directory, opened. A context manager; thread-safe.

    `held=True` is for a process that works beside the owner (its workers, and commands while it runs): it does not take
    the lock, since the owner holds it.
    Connections and locks do not survive a fork: a child opens the folder itself.

    Raises FolderInUseError, FolderNewerError, FolderDamagedError, FolderFullError, and FolderError where the
    directory cannot be made or written.
    """

    def __init__(self, path: Path | str, *, held: bool = False) -> None:
        self.path = Path(path)
        self.held = held
        self._turn = threading.Lock()
        self._writer: int | None = None
        self._owner = ""
        self._lock = self._gate = -1
        try:
            with storage_errors(self.path):
                if not held:
                    # Contacts and what they said: for nobody but the owner of the process.
                    self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._take_lock()
                self._gate = os.open(self.path / "writing", os.O_RDWR | os.O_CREAT, 0o600)
                self._check_format()
        except BaseException:
            self.close()
            raise

    @property
    def database(self) -> Path:
        """The one SQLite file."""
        return self.path / "overheard.db"

    @property
    def index(self) -> Path:
        """The directory of the search index; may not exist."""
        return self.path / "index"

    def connect(self) -> sqlite3.Connection:
        """Return a new connection in autocommit mode, usable from any one thread at a time. The caller closes it.

        Commits survive a killed process; those of a `transaction(durable=True)` survive a power cut.
        """
        with storage_errors(self.database):
            connection = sqlite3.connect(
                self.database,
                timeout=_BUSY_MS / 1000,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=512,  # a statement or three for each partition of each topic
            )
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.execute("PRAGMA journal_size_limit=67108864")
                # 32 MB between two checkpoints in the place of 4: the matcher writes here and there, and half of its
                # commit was copying the same pages back again and again (3,200 mentions/s before, 4,200 after).
                connection.execute("PRAGMA wal_autocheckpoint=8000")
                # What is deleted is overwritten, so that nobody who was erased can be read out of the file. Writing 30
                # MB and deleting as much takes up to a quarter longer; most of a stage's time goes elsewhere.
                connection.execute("PRAGMA secure_delete=ON")
            except BaseException:
                connection.close()
                raise
            return connection

    @contextmanager
    def transaction(self, connection: sqlite3.Connection, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """Run the block in one write transaction: all of it is committed, or nothing and the error goes on.

        `durable`: on disk when the block is left. Threads and processes take turns, so keep it to tens of ms.
        Errors of SQLite are translated (`storage_errors`). Raises RuntimeError inside another one of this thread, and
        where SQLite ended it before the block did.
        """
        self.check_not_writing()
        with self._turn, storage_errors(self.database):
            # SQLite lets a writer that waits sleep up to 100 ms between looks, so that a busy process starves the
            # others; the kernel wakes them. Beside a writer of 20 ms out of 30, waits fell from 55 ms (p95; 181 at
            # most) to 21.
            try:
                self._writer = threading.get_ident()
                fcntl.flock(self._gate, fcntl.LOCK_EX)
                if durable:
                    connection.execute("PRAGMA synchronous=FULL")
                try:
                    # Inside: what stops it (a signal, SQLite's progress handler) may do so when it has begun.
                    connection.execute("BEGIN IMMEDIATE")
                    yield connection
                    if not connection.in_transaction:
                        msg = "the transaction was gone before its end: a block has to let SQLite's errors go on"
                        raise RuntimeError(msg)
                    # Methods rather than statements: SQLite may say of a statement which Python keeps that it was
                    # interrupted after it has run. So a commit that raises has not committed.
                    connection.commit()
                except BaseException:
                    # SQLite has rolled back by itself after some errors (full disk), and not after others.
                    connection.rollback()
                    raise
            finally:
                fcntl.flock(self._gate, fcntl.LOCK_UN)
                self._writer = None
                if durable:
                    connection.execute("PRAGMA synchronous=NORMAL")

    def scrub(self, patience: float = 10.0) -> bool:
        """Take out of the database's files what was deleted and may still stand there; return whether all of it is.

        Full-text tables keep the words of deleted rows until their parts are merged, and the write-ahead log its old
        pages until it is begun anew, for which readers are waited for, up to `patience` seconds; where False comes
        back, it goes with the next one.
        """
        connection = self.connect()
        try:
            with storage_errors(self.database):
                tables = connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%USING fts5%'").fetchall()
            for (table,) in tables:
                self._merge(connection, table)
            deadline = time.monotonic() + patience
            while True:
                with storage_errors(self.database):
                    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                if not busy or time.monotonic() > deadline:
                    return not busy
                time.sleep(0.05)
        finally:
            connection.close()

    def _merge(self, connection: sqlite3.Connection, table: str) -> None:
        """Merge a full-text table into one part, in short transactions (https://sqlite.org/fts5.html, 6.8)."""
        pages = -_MERGED_PAGES  # negative: all parts take part in it, however many there are
        while True:
            with self.transaction(connection):
                before = connection.total_changes
                connection.execute(f'INSERT INTO "{table}" ("{table}", rank) VALUES (\'merge\', ?)', (pages,))
                done = connection.total_changes - before < 2
            if done:
                return
            pages = _MERGED_PAGES

    def check_not_writing(self) -> None:
        """Raise RuntimeError where this thread is inside a `transaction`: a second one would wait for the first."""
        if self._writer == threading.get_ident():
            msg = (
                "expected no open write transaction in this thread; commit it before writing through another connection"
            )
            raise RuntimeError(msg)

    def owner_is_gone(self) -> bool:
        """True in a process opened with `held` whose owner has ended, by whatever way: time to stop."""
        if not self.held:
            return False
        with _open_lock(self.path / "lock") as lock:
            # The next owner may have taken the lock before this look, and now waits for the workers of the former.
            return _holder(lock) != self._owner or _try_lock(lock, fcntl.LOCK_SH)

    def close(self) -> None:
        """Let go of the lock. Connections must have been closed before. May be called twice."""
        for descriptor in (self._lock, self._gate):
            if descriptor >= 0:
                os.close(descriptor)
        self._lock = self._gate = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _take_lock(self) -> None:
        if self.held:
            if not self.path.is_dir():
                msg = f"{self.path}: expected the data folder of the process that started this one; it is not there"
                raise FolderError(msg)
            self._lock = os.open(self.path / "children", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_SH)
            with _open_lock(self.path / "lock") as lock:
                self._owner = _holder(lock)
            return
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _LOCK_PATIENCE
        while not _try_lock(self._lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                msg = (
                    f"{self.path} is in use by another Overheard (process {_holder(self._lock) or 'unknown'}). "
                    "Stop that one first, or choose another data folder"
                )
                raise FolderInUseError(msg)
            time.sleep(0.02)
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        # Workers that outlived a killed owner would do the work twice: wait until the last has noticed.
        deadline = time.monotonic() + _ORPHAN_PATIENCE
        with _open_lock(self.path / "children") as children:
            while not _try_lock(children, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    msg = (
                        f"{self.path} is in use by workers that an earlier Overheard started and left behind. "
                        "Wait a moment and try again, or end those processes"
                    )
                    raise FolderInUseError(msg)
                time.sleep(0.02)

    def _check_format(self) -> None:
        mark = self.path / "format"
        known = mark.exists()
        if known:
            text = mark.read_text("utf-8", "replace").strip()
            number = text.removeprefix(_MARK)
            if not text.startswith(_MARK) or not number.isdecimal():
                msg = (
                    f"{mark}: expected {_MARK + str(FORMAT)!r}; got {text[:80]!r}. "
                    "If the folder is Overheard's, delete this file; else choose another data folder"
                )
                raise FolderDamagedError(msg)
            self._check_number(int(number), mark)
            if not self.database.exists() or self.database.stat().st_size == 0:
                msg = (
                    f"{self.database}: expected the data that {mark.name} speaks of; the file is missing or empty. "
                    f"Restore {self.path} from a backup, or delete it to begin anew"
                )
                raise FolderDamagedError(msg)
        connection = self.connect()
        try:
            self._check_database(connection)
        finally:
            connection.close()
        if not known and not self.held:
            draft = mark.with_suffix(".new")
            draft.write_text(f"{_MARK}{FORMAT}\n", "utf-8")
            draft.replace(mark)

    def _check_database(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        number = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application == _APPLICATION_ID:
            self._check_number(number, self.database)
        elif application or number or tables:
            msg = (
                f"{self.database}: expected a database of Overheard; it belongs to another program "
                f"(application id {application:#x}, {tables} tables). Choose another data folder"
            )
            raise FolderDamagedError(msg)
        elif not self.held:
            with self.transaction(connection):
                connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version={FORMAT}")

    def _check_number(self, number: int, file: Path) -> None:
        if number > FORMAT:
            msg = (
                f"{file}: expected format {FORMAT} or older; got {number}. "
                f"{self.path} was written by a newer Overheard: update this one"
            )
            raise FolderNewerError(msg)


def holder_of(path: Path) -> int | None:
    """Return the pid of the process that owns the folder at `path` just now; None where nobody does."""
    if not (path / "lock").exists():
        return None
    with _open_lock(path / "lock") as lock:
        # Shared, so that looks do not keep each other off; only an owner's lock is in the way.
        if _try_lock(lock, fcntl.LOCK_SH):
            return None
        pid = _holder(lock)
        return int(pid) if pid.isdecimal() else None


@contextmanager
def storage_errors(file: Path | str = "overheard.db") -> Iterator[None]:
    """Translate what SQLite and the file system say inside the block; `file` is named in the message.

    Full disk, quota, file size limit: FolderFullError. Not a database, malformed, no UTF-8: FolderDamagedError. Busy or
    locked: TransientError. Read-only, not openable, failing disk: FolderError. Everything else goes on as it came.
    """
    try:
        yield
    except sqlite3.Error as e:
        # Errors of Python's module itself (a wrong number of parameters) have no code: they are bugs, and stay.
        code = getattr(e, "sqlite_errorcode", None)
        if code is None and str(e).startswith("Could not decode to UTF-8"):
            raise FolderDamagedError(_damaged_message(file, e)) from e
        if code is None:
            raise
        primary = code & 0xFF
        if primary == sqlite3.SQLITE_FULL or code in _FULL:
            raise FolderFullError(_full_message(file)) from e
        if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise FolderDamagedError(_damaged_message(file, e)) from e
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            msg = f"{file}: another process has been writing for more than {_BUSY_MS / 1000:g} s; trying again may help"
            raise TransientError(msg) from e
        if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
            raise FolderError(_unusable_message(file, e)) from e
        raise
    except UnicodeDecodeError as e:  # SQLite's own message quotes the damaged bytes
        raise FolderDamagedError(_damaged_message(file, e)) from e
    except OSError as e:
        if e.errno in _FULL_ERRNO:
            raise FolderFullError(_full_message(file)) from e
        if e.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.EIO):
            raise FolderError(_unusable_message(file, e)) from e
        raise


def _full_message(file: Path | str) -> str:
    return (
        f"{file}: no space left to write to (full disk, quota or a limit on file sizes). Nothing accepted before is "
        "lost: free some space and start again"
    )


def _damaged_message(file: Path | str, error: Exception) -> str:
    return (
        f"{file}: expected a sound SQLite database; got: {error}. Stop everything that uses it, then restore the data "
        "folder from a backup, or move it away to begin anew"
    )


def _unusable_message(file: Path | str, error: Exception) -> str:
    return f"{file}: expected to read and write here; got: {error}. Check the path, its owner, its rights and the disk"


@contextmanager
def _open_lock(path: Path) -> Iterator[int]:
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield lock
    finally:
        os.close(lock)  # lets go of the lock too


def _holder(lock: int) -> str:
    """Return the pid that the lock names: of who holds it, or else of who held it last."""
    return os.pread(lock, 32, 0).decode("ascii", "replace").strip()


def _try_lock(lock: int, kind: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
        return True
    return False
