"""Both pairs of engines let go of a person, and embedded not a byte stays in any file."""

import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec
import pytest

from overheard.config.settings import IndexSettings, LogSettings, PrivacySettings, Settings
from overheard.errors import ConfigError
from overheard.index.base import Search
from overheard.index.query import parse
from overheard.log.base import TOPICS, ConsumerRecord
from overheard.log.embedded import now_ms
from overheard.records import Snippet, decode, digest, incident_id, snippet_id
from overheard.wiring.erasure import list_file, restore_list
from overheard.wiring.system import System, newest, open_node, records_on
from tests.contracts.erase_contract import CON, MARKS, NAMED, EraseContract, fill, marks_in, said
from tests.matcher.worlds import fact


class TestEmbedded(EraseContract):
    @pytest.fixture
    def system(self, tmp_path: Path) -> Iterator[System]:
        with System(tmp_path / "data", Settings()) as system:
            yield system

    def test_not_a_byte_stays_in_any_file(self, filled: System) -> None:
        folder = filled.folder.path
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert marks_in(before.values()) == set(MARKS)
        self.erase(filled)
        found = {
            str(path.relative_to(folder)): marks
            for path in folder.rglob("*")
            if path.is_file() and (marks := marks_in([path.read_bytes()]))
        }
        assert found == {}
        assert list_file(filled).parent == folder.parent
        assert marks_in([list_file(filled).read_bytes()]) == set()

    def test_what_they_said_in_a_post_that_is_anothers_now_leaves_its_documents_and_every_file(
        self, filled: System
    ) -> None:
        text = "Acme has zanzibarite"
        first, now = said("handed", text, "Quibbleworth_A"), said("handed", "Acme is fine", "keeper")
        cut = Snippet(
            id=snippet_id(first.mention.id, "", 0, len(text)), mention=first.mention.id, target="", exact=text,
            prefix="", suffix="", start=0, end=len(text), text_hash=digest(text), polarity="neutral", confidence=0.5,
        )  # fmt: skip
        for record in (fact(msgspec.structs.replace(first, snippets=(cut,))), fact(now, version=2, verb="Update")):
            filled.log.append([record])
            filled.catch_up_match()
        filled.catch_up_index()
        filled.log.maintain(now_ms() + 48 * 3_600_000)  # what compaction leaves of the post on `facts` is the other's
        about = incident_id(first.mention.id)
        assert b"zanzibarite" in (filled.log.latest("documents", [about])[about].value or b"")

        self.erase(filled)

        left = decode(filled.log.latest("documents", [about])[about].value or b"").data
        assert (left.mention.text, left.versions) == ("Acme is fine", ())
        files = (path for path in filled.folder.path.rglob("*") if path.is_file())
        assert {str(path): marks for path in files if (marks := marks_in([path.read_bytes()]))} == {}

    def test_a_backup_from_before_is_erased_from_before_it_serves(self, tmp_path: Path) -> None:
        folder, backup = tmp_path / "data", tmp_path / "backup"
        with System(folder, self.settings(tmp_path)) as system:
            fill(system)
        shutil.copytree(folder, backup)
        with System(folder, self.settings(tmp_path)) as system:
            self.erase(system)
        shutil.rmtree(folder)
        shutil.copytree(backup, folder)
        with System(folder, self.settings(tmp_path)) as system:
            certificate = restore_list(system)
            assert certificate is not None and certificate.by == "restore"
            assert system.fact(CON) is None
            assert system.fact(NAMED.mention.id) is None
            for topic in ("facts", "mentions", "documents"):
                assert marks_in((record.value or b"") for record in records_on(system.log, topic)) == set()
            with closing(system.index(reading=True)) as index:
                assert index.search(Search(parse("zanzibarite"))).total == 0
            assert restore_list(system) is None

    def test_without_the_key_of_the_list_nothing_is_served(self, tmp_path: Path) -> None:
        settings = self.settings(tmp_path)
        with System(tmp_path / "data", settings) as system:
            fill(system)
            self.erase(system)
            key = system.key_file.path
            assert key.stat().st_mode & 0o777 == 0o600
        key.unlink()
        with System(tmp_path / "data", settings) as system:
            with pytest.raises(ConfigError, match=r"suppression\.key|the\.key"):
                system.suppressed.follow()
            with pytest.raises(ConfigError, match="expected the suppression key"):
                self.erase(system, "reddit:handle:somebody_else")
        key.write_text("ab" * 32)
        with System(tmp_path / "data", settings) as system, pytest.raises(ConfigError, match="fingerprint"):
            system.suppressed.follow()

    @staticmethod
    def settings(folder: Path) -> Settings:
        return Settings(privacy=PrivacySettings(key_file=str(folder / "the.key")))


class TestShared(EraseContract):
    """On Kafka what a tombstone made old leaves the disks later; what stands is looked at."""

    at_once = frozenset(name for name, topic in TOPICS.items() if topic.compacted) - {"watch"}

    def standing(self, system: System, topic: str) -> Iterable[ConsumerRecord]:
        return newest(system.log, topic)

    @pytest.fixture
    def system(self, tmp_path: Path, kafka: str, elastic: str, prefix: str) -> Iterator[System]:
        settings = Settings(
            log=LogSettings(engine="kafka", servers=(kafka,), prefix=prefix),
            index=IndexSettings(engine="elasticsearch", addresses=(elastic,), prefix=prefix, replicas=0),
        )
        stop = threading.Event()
        with ExitStack() as opened:
            command, match, index = (
                opened.enter_context(open_node(tmp_path, what, settings)) for what in ("command", "match", "index")
            )
            jobs = [threading.Thread(target=job, args=(stop,)) for job in (match.run_match, index.run_index)]
            for job in jobs:
                job.start()
            try:
                yield command
            finally:
                stop.set()
                for job in jobs:
                    job.join()

    def test_no_table_of_a_node_keeps_what_was_looked_up(self, filled: System) -> None:
        for topic in ("facts", "documents", "poll-state"):
            filled.log.latest(topic, [CON])
        self.erase(filled)
        tables = filled.folder.database.read_bytes()
        assert marks_in([tables]) == set()
