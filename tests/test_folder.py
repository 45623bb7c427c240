"""The data folder: one owner, one format, and clear words about a disk that does not do what it should."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

import overheard.folder
from overheard.errors import (
    FolderDamagedError,
    FolderError,
    FolderFullError,
    FolderInUseError,
    FolderNewerError,
    TransientError,
)
from overheard.folder import FORMAT, Folder, storage_errors


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overheard.folder, "_LOCK_PATIENCE", 0.05)
    monkeypatch.setattr(overheard.folder, "_ORPHAN_PATIENCE", 0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder(tmp_path / "data") as opened:
        yield opened


def run_child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a Python child that runs `code` with `arguments` in sys.argv, and wait for its first line."""
    child = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def end(child: subprocess.Popen[str], *, kill: bool = False) -> None:
    if kill:
        child.kill()
    child.communicate("\n")


OWNER = "import sys; from overheard.folder import Folder; f = Folder(sys.argv[1]); print('ready', flush=True); input()"
WORKER = OWNER.replace("argv[1])", "argv[1], held=True)")


def test_a_new_folder_is_made_with_its_parents_and_opens_again(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    for _ in range(2):
        with Folder(path) as folder, closing(folder.connect()) as connection:
            assert folder.database == path / "overheard.db"
            assert folder.index == path / "index"
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert (path / "format").read_text() == f"Overheard data folder, format {FORMAT}\n"


def test_a_second_process_is_told_who_holds_the_folder_and_what_to_do(tmp_path: Path) -> None:
    child = run_child(OWNER, tmp_path)
    with pytest.raises(FolderInUseError, match=rf"process {child.pid}\)\. Stop that one first"):
        Folder(tmp_path)
    end(child)
    Folder(tmp_path).close()


def test_the_lock_of_a_killed_owner_is_free(tmp_path: Path) -> None:
    end(run_child(OWNER, tmp_path), kill=True)
    Folder(tmp_path).close()


def test_a_worker_opens_the_folder_beside_its_owner(folder: Folder) -> None:
    with Folder(folder.path, held=True) as worker, closing(worker.connect()) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (FORMAT,)
        assert not worker.owner_is_gone()
    assert not folder.owner_is_gone()


def test_a_worker_sees_that_its_owner_was_killed(tmp_path: Path) -> None:
    owner = run_child(OWNER, tmp_path)
    with Folder(tmp_path, held=True) as worker:
        assert not worker.owner_is_gone()
        end(owner, kill=True)
        assert worker.owner_is_gone()


def test_a_worker_sees_that_its_owner_was_killed_though_another_holds_the_lock_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overheard.folder, "_ORPHAN_PATIENCE", 20)
    owner = run_child(OWNER, tmp_path)
    successor = threading.Thread(target=lambda: Folder(tmp_path).close())
    with Folder(tmp_path, held=True) as worker:
        end(owner, kill=True)
        successor.start()
        while (tmp_path / "lock").read_text().strip() != str(os.getpid()):
            pass
        assert worker.owner_is_gone()
        assert successor.is_alive()
    successor.join(20)
    assert not successor.is_alive()


def test_a_new_owner_waits_for_the_workers_of_a_killed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Folder(tmp_path).close()
    worker = run_child(WORKER, tmp_path)
    with pytest.raises(FolderInUseError, match="workers that an earlier Overheard started"):
        Folder(tmp_path)
    monkeypatch.setattr(overheard.folder, "_ORPHAN_PATIENCE", 20)
    ender = threading.Timer(0.1, end, [worker])
    ender.start()
    Folder(tmp_path).close()
    ender.join()


def test_a_worker_without_a_folder_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="the data folder of the process that started this one"):
        Folder(tmp_path / "none", held=True)


@pytest.mark.parametrize("where", ["database", "format"])
def test_a_folder_of_a_newer_overheard_is_left_alone(tmp_path: Path, where: str) -> None:
    with Folder(tmp_path) as folder, closing(folder.connect()) as connection:
        if where == "database":
            connection.execute(f"PRAGMA user_version={FORMAT + 1}")
        else:
            (tmp_path / "format").write_text(f"Overheard data folder, format {FORMAT + 1}\n")
    with pytest.raises(FolderNewerError, match=rf"format {FORMAT} or older; got {FORMAT + 1}.*update this one"):
        Folder(tmp_path)


def test_a_file_that_is_not_sqlite_is_named(tmp_path: Path) -> None:
    Folder(tmp_path).close()
    (tmp_path / "overheard.db").write_bytes(b"these are not the pages you look for " * 400)
    with pytest.raises(FolderDamagedError, match=r"overheard\.db: expected a sound SQLite database; .*backup"):
        Folder(tmp_path)


@pytest.mark.parametrize("size", [None, 0])
def test_a_database_that_went_missing_is_not_quietly_begun_anew(tmp_path: Path, size: int | None) -> None:
    Folder(tmp_path).close()
    (tmp_path / "overheard.db").unlink()
    if size is not None:
        (tmp_path / "overheard.db").touch()
    with pytest.raises(FolderDamagedError, match="missing or empty"):
        Folder(tmp_path)


def test_a_truncated_database_is_damaged(tmp_path: Path) -> None:
    with Folder(tmp_path) as folder, closing(folder.connect()) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.executemany("INSERT INTO t VALUES (?)", [(b"x" * 3_000,)] * 100)
    os.truncate(tmp_path / "overheard.db", 10_000)
    with (
        pytest.raises(FolderDamagedError, match="sound SQLite database"),
        Folder(tmp_path) as folder,
        closing(folder.connect()) as connection,
        storage_errors(folder.database),
    ):
        connection.execute("SELECT sum(length(x)) FROM t").fetchone()


def test_text_that_is_no_longer_text_is_damage(tmp_path: Path) -> None:
    with Folder(tmp_path) as folder, closing(folder.connect()) as connection:
        connection.execute("CREATE TABLE t (x TEXT)")
        connection.execute("INSERT INTO t VALUES (CAST(x'ff' AS TEXT))")
        with pytest.raises(FolderDamagedError, match="restore"), storage_errors(folder.database):
            connection.execute("SELECT x FROM t").fetchall()


def test_pages_overwritten_in_the_middle_are_damage(tmp_path: Path) -> None:
    with Folder(tmp_path) as folder, closing(folder.connect()) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.executemany("INSERT INTO t VALUES (?)", [(b"x" * 3_000,)] * 100)
    with (tmp_path / "overheard.db").open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * 200_000)
    with (
        pytest.raises(FolderDamagedError, match=r"overheard\.db"),
        Folder(tmp_path) as folder,
        closing(folder.connect()) as connection,
        storage_errors(folder.database),
    ):
        connection.execute("SELECT sum(length(x)) FROM t").fetchone()


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "overheard.db")) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(FolderDamagedError, match=r"belongs to another program.*1 tables"):
        Folder(tmp_path)


def test_a_format_file_of_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "format").write_text("MP4\n")
    with pytest.raises(FolderDamagedError, match="format: expected 'Overheard data folder, format 1'; got 'MP4'"):
        Folder(tmp_path)


def test_a_path_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FolderError, match="expected to read and write here"):
            Folder(path)


@contextmanager
def without_rights() -> Iterator[None]:
    """Take away root's right to write anywhere; an ordinary user has no such right."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_folder_that_may_only_be_read_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        Folder(path).close()
        for file in path.iterdir():
            file.chmod(0o444)
        path.chmod(0o555)
        try:
            with pytest.raises(FolderError, match=r"expected to read and write here.*its rights"), without_rights():
                Folder(path)
        finally:
            path.chmod(0o755)


def test_a_transaction_is_whole_or_nothing(folder: Folder) -> None:
    with closing(folder.connect()) as connection:
        connection.execute("CREATE TABLE t (x UNIQUE)")
        with folder.transaction(connection):
            connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(sqlite3.IntegrityError), folder.transaction(connection, durable=True):
            connection.execute("INSERT INTO t VALUES (2)")
            connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(KeyboardInterrupt), folder.transaction(connection):
            connection.execute("INSERT INTO t VALUES (3)")
            raise KeyboardInterrupt
        assert connection.execute("SELECT x FROM t").fetchall() == [(1,)]


def test_a_transaction_stopped_at_any_instruction_is_not_left_open_and_wrote_nothing(folder: Folder) -> None:
    written, stopped = [], 0
    with closing(folder.connect()) as connection, closing(folder.connect()) as other:
        connection.execute("CREATE VIRTUAL TABLE t USING fts5 (x)")
        other.execute("PRAGMA busy_timeout=10")
        for n in range(1_000):
            # SQLite counts on from run to run of a statement that is kept, and may give up after it has run: a BEGIN
            # or COMMIT that raises is done then.
            connection.set_progress_handler(lambda: 1, 5 + 7 * n % 1_000)
            try:
                with folder.transaction(connection):
                    connection.execute("INSERT INTO t (rowid, x) VALUES (?, 'a word')", (n,))
                written.append(n)
            except sqlite3.OperationalError as e:
                assert str(e) == "interrupted"
                stopped += 1
            connection.set_progress_handler(None, 0)
            assert not connection.in_transaction
            with folder.transaction(other):
                pass
        assert connection.execute("SELECT rowid FROM t").fetchall() == [(n,) for n in written]
    assert stopped > 100
    assert len(written) > 100


def test_a_transaction_that_sqlite_ended_before_its_block_did_is_no_success(folder: Folder) -> None:
    with closing(folder.connect()) as connection:
        connection.execute("CREATE TABLE t (x)")
        with pytest.raises(RuntimeError, match="the transaction was gone"), folder.transaction(connection):
            connection.execute("INSERT INTO t VALUES (1)")
            with suppress(sqlite3.IntegrityError):
                connection.execute("INSERT OR ROLLBACK INTO t (rowid, x) VALUES (1, 2)")
        assert connection.execute("SELECT * FROM t").fetchall() == []


def test_only_a_durable_transaction_waits_for_the_disk(folder: Folder) -> None:
    with closing(folder.connect()) as connection:
        with folder.transaction(connection, durable=True):
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        with folder.transaction(connection):
            assert connection.execute("PRAGMA synchronous").fetchone() == (1,)


def test_a_write_inside_a_write_is_refused_at_once_rather_than_waited_for(folder: Folder) -> None:
    with (
        closing(folder.connect()) as one,
        closing(folder.connect()) as two,
        folder.transaction(one),
        pytest.raises(RuntimeError, match="commit it before writing"),
        folder.transaction(two),
    ):
        pass
    with closing(folder.connect()) as one, folder.transaction(one):
        pass


def test_the_threads_of_a_process_take_turns(folder: Folder) -> None:
    with closing(folder.connect()) as connection:
        connection.execute("CREATE TABLE t (n)")
        connection.execute("INSERT INTO t VALUES (0)")

    def work() -> None:
        with closing(folder.connect()) as mine:
            for _ in range(50):
                with folder.transaction(mine):
                    (n,) = mine.execute("SELECT n FROM t").fetchone()
                    mine.execute("UPDATE t SET n = ?", (n + 1,))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with closing(folder.connect()) as connection:
        assert connection.execute("SELECT n FROM t").fetchone() == (200,)


def test_a_writer_that_does_not_let_go_is_a_reason_to_try_again(folder: Folder) -> None:
    with closing(folder.connect()) as one, closing(folder.connect()) as two:
        two.execute("PRAGMA busy_timeout=10")
        one.execute("BEGIN IMMEDIATE")
        with pytest.raises(TransientError, match=r"overheard\.db: another process"), folder.transaction(two):
            pass
        one.execute("ROLLBACK")


def test_a_full_database_keeps_what_it_had_and_works_again_when_there_is_room(folder: Folder) -> None:
    with closing(folder.connect()) as connection:
        connection.execute("CREATE TABLE t (x)")
        with folder.transaction(connection):
            connection.execute("INSERT INTO t VALUES ('kept')")
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 5}")
        with (
            pytest.raises(FolderFullError, match=r"overheard\.db: no space left.*free some space"),
            folder.transaction(connection),
        ):
            connection.executemany("INSERT INTO t VALUES (?)", [(b"x" * 4_000,)] * 100)
        assert connection.execute("SELECT x FROM t").fetchall() == [("kept",)]
        connection.execute("PRAGMA max_page_count=1000000")
        with folder.transaction(connection):
            connection.execute("INSERT INTO t VALUES ('more')")
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (2,)


FILL = """
import resource, signal, sys
from contextlib import closing, contextmanager, suppress
from overheard.errors import FolderFullError
from overheard.folder import Folder
with Folder(sys.argv[1]) as folder, closing(folder.connect()) as connection:
    connection.execute("CREATE TABLE t (x)")
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
    done = 0
    try:
        while True:
            with folder.transaction(connection, durable=True):
                connection.execute("INSERT INTO t VALUES (?)", (b"x" * 20_000,))
            done += 1
    except FolderFullError as e:
        print(done, e)
"""


def test_a_disk_that_takes_no_more_bytes_stops_the_writer_and_loses_nothing(tmp_path: Path) -> None:
    out = subprocess.run([sys.executable, "-c", FILL, tmp_path], capture_output=True, text=True, check=True).stdout
    done, _, message = out.partition(" ")
    assert "no space left to write to" in message
    with Folder(tmp_path) as folder, closing(folder.connect()) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (int(done),)
        assert int(done) > 5


def test_a_file_system_without_space_is_said_so_too() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    with pytest.raises(FolderFullError, match="index: no space left"), storage_errors("index"):
        Path("/dev/full").write_bytes(b"x")


def test_a_mistake_in_a_statement_is_not_taken_for_the_disks(folder: Folder) -> None:
    with closing(folder.connect()) as connection:
        with pytest.raises(sqlite3.OperationalError, match="no such table"), storage_errors():
            connection.execute("SELECT * FROM nowhere")
        with pytest.raises(sqlite3.ProgrammingError), storage_errors():
            connection.execute("SELECT ?", ())


def test_a_new_folder_is_for_nobody_but_its_owner(tmp_path: Path) -> None:
    with Folder(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_what_was_deleted_is_in_no_file_after_a_scrub(tmp_path: Path) -> None:
    long = "zanzibarite " * 2_000
    with Folder(tmp_path / "data") as folder, closing(folder.connect()) as connection:
        with folder.transaction(connection):
            connection.execute("CREATE TABLE t (a TEXT)")
            connection.execute("CREATE VIRTUAL TABLE words USING fts5 (tokens, content = '', detail = none)")
        for number in range(50):
            with folder.transaction(connection):
                connection.execute("INSERT INTO t VALUES (?)", (long if number == 7 else f"kept {number}",))
                connection.execute(
                    "INSERT INTO words (rowid, tokens) VALUES (?, ?)",
                    (number + 1, "quibbleworth" if number == 7 else "kept"),
                )
        with folder.transaction(connection):
            connection.execute("DELETE FROM t WHERE a = ?", (long,))
            connection.execute("INSERT INTO words (words, rowid, tokens) VALUES ('delete', 8, 'quibbleworth')")
        assert any(b"quibbleworth" in path.read_bytes() for path in folder.path.iterdir())
        assert folder.scrub()
        for path in folder.path.iterdir():
            assert b"zanzibarite" not in path.read_bytes(), path
            assert b"quibbleworth" not in path.read_bytes(), path
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (49,)
        assert len(connection.execute("SELECT rowid FROM words WHERE words MATCH 'kept'").fetchall()) == 49


def test_a_scrub_says_where_a_reader_keeps_old_pages(tmp_path: Path) -> None:
    with Folder(tmp_path / "data") as folder, closing(folder.connect()) as reader, closing(folder.connect()) as writer:
        with folder.transaction(writer):
            writer.execute("CREATE TABLE t (a TEXT)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM t").fetchall()
        with folder.transaction(writer):
            writer.execute("INSERT INTO t VALUES ('x')")
        assert not folder.scrub(patience=0)
        reader.execute("COMMIT")
        assert folder.scrub()
