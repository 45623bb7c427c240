"""What one data folder holds, brought over into another: the same documents, and nobody is alerted again."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from overheard.config.settings import AlertSettings, IndexSettings, LogSettings, PrivacySettings, Settings
from overheard.errors import ConfigError, FolderError, FolderInUseError
from overheard.log.base import TOPICS, ProducerRecord
from overheard.records import Decision, Delivery, Incident, contact_id, decode, encode, event_for, purchase_id
from overheard.wiring.bringing import hand_in
from overheard.wiring.erasure import erase_person
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.moving import bring_folder
from overheard.wiring.system import System, newest, records_on
from overheard.wiring.up import run_up
from tests.contracts.erase_contract import CON, NAMED, OTHER, OWN, PERSON, bytes_of, fill, marks_in
from tests.matcher.worlds import account, fact
from tests.world import timeless_documents, write_world

NOW = datetime(2026, 11, 22, tzinfo=UTC)
# No digest: whether one is due while a test runs depends on the hour, and it is no alert.
UNTOLD = Settings(alerts=AlertSettings(digest_at=""))


def run(system: System) -> None:
    run_up(system, once=True, workers=1, stop=threading.Event(), alerts=True)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that was worked with: posts, people, and a decision by a person."""
    path = tmp_path_factory.mktemp("old") / "data"
    world = write_world(path.parent / "world", posts=60)
    with System(path, UNTOLD) as system:
        bring_watch(system, world.watch)
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)
        bring_mentions(system, world.posts)
        run(system)
        linked = next(
            (event.data.mention.id, party.subject)
            for event in system.documents()
            if isinstance(event.data, Incident)
            for party in event.data.parties
            if party.outcome == "linked" and party.subject == contact_id("crm", "c1")
        )
        decision = Decision(id="dec_1", verb="not the same", left=linked[0], right=linked[1], by="asha", at=NOW)
        event = event_for(decision, subject=decision.id, source="/test", time=NOW, cause="decision")
        system.log.append([ProducerRecord("facts", decision.id, encode(event))])
        run(system)
    return path


def test_all_that_a_folder_holds_gives_the_same_documents_in_another(tmp_path: Path, old: Path) -> None:
    with System(old, UNTOLD) as before:
        wanted = timeless_documents(before)
    with System(tmp_path / "new", UNTOLD) as system:
        counts = bring_folder(system, old)
        assert counts["mentions"] == 60
        run(system)
        assert timeless_documents(system) == wanted
        # Once more, and nothing changes.
        assert bring_folder(system, old) == counts
        run(system)
        assert timeless_documents(system) == wanted


def test_nobody_is_alerted_of_what_was_brought_over(tmp_path: Path, old: Path) -> None:
    with System(tmp_path / "new", UNTOLD) as system:
        bring_folder(system, old)
        run(system)
        events = [decode(record.value) for record in newest(system.log, "documents") if record.value]
        assert {event.cause for event in events} <= {"replay", "re-match", "decision", "back-fill"}
        assert not [r for r in newest(system.log, "deliveries") if isinstance(decode(r.value or b"").data, Delivery)]


def test_it_is_read_as_it_stands_and_never_beside_another_process(tmp_path: Path, old: Path) -> None:
    with System(tmp_path / "new", UNTOLD) as system:
        with System(old, UNTOLD), pytest.raises(FolderInUseError):
            bring_folder(system, old)
        with pytest.raises(FolderError, match="another data folder"):
            bring_folder(system, system.folder.path)
        with pytest.raises(FolderError, match="there is none"):
            bring_folder(system, tmp_path / "nowhere")


def test_a_folder_is_brought_to_kafka(tmp_path: Path, old: Path, kafka: str, elastic: str, prefix: str) -> None:
    settings = Settings(
        log=LogSettings(engine="kafka", servers=(kafka,), prefix=prefix),
        index=IndexSettings(engine="elasticsearch", addresses=(elastic,), prefix=prefix),
    )
    with System(tmp_path / "node", settings, home=tmp_path) as system:
        counts = bring_folder(system, old)
        for topic, count in counts.items():
            assert sum(system.log.span(topic, p)[1] for p in range(TOPICS[topic].partitions)) == count
        assert system.fact(contact_id("crm", "c1")) is not None


def test_nothing_of_somebody_who_was_erased_comes_with_a_folder(tmp_path: Path) -> None:
    settings = Settings(privacy=PrivacySettings(key_file=str(tmp_path / "the.key")))
    with System(tmp_path / "old", settings) as old:
        fill(old)
    with System(tmp_path / "new", settings) as system:
        system.log.append([fact(PERSON)])
        erase_person(system, lambda: system.index(reading=True), CON, by="me")
        counts = bring_folder(system, tmp_path / "old")
        assert counts["erased"] >= 2 * len(OWN) + 2
        system.catch_up_match()
        for topic in TOPICS:
            # Of a post of others that names them the text stays, as after any erasure.
            left = [bytes_of(record) for record in records_on(system.log, topic) if NAMED.mention.id not in record.key]
            assert marks_in(one for one in left if NAMED.mention.content.encode() not in one) == set(), topic
        assert system.fact(CON) is None
        assert system.fact(OTHER) is not None
        bought = system.fact(purchase_id("crm", "p"))
        assert bought is not None and (bought.data.contact, bought.data.account) == ("", account("1").id)


def test_who_was_erased_in_the_other_folder_is_kept_out_of_this_one(tmp_path: Path) -> None:
    with System(tmp_path / "old", Settings()) as old:
        fill(old)
        erase_person(old, lambda: old.index(reading=True), CON, by="me")
        entries = old.suppressed.follow().entries
        key = old.key_file.path.read_bytes()
    with System(tmp_path / "new", Settings()) as system:
        with pytest.raises(ConfigError, match=r"suppression\.key: expected the suppression key"):
            bring_folder(system, tmp_path / "old")
        assert all(first == end for topic in TOPICS for first, end in system.log.spans(topic).values())
        system.key_file.path.write_bytes(key)
        bring_folder(system, tmp_path / "old")
        assert system.suppressed.follow().entries == entries
        assert [one.status for one in hand_in(
            system.log, [OWN[0].mention], NOW, suppressions=system.suppressed.follow()
        )] == ["suppressed"]  # fmt: skip
        system.catch_up_match()
