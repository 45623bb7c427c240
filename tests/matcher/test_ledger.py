"""The ledger end to end: facts in the log, documents, changes and what is watched out of it."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from overheard.errors import InputError
from overheard.log.base import ProducerRecord
from overheard.log.deadletters import list_letters
from overheard.log.stage import run_stage
from overheard.matcher.identity.decisions import Decisions
from overheard.matcher.ledger.ledger import EPOCH, Ledger
from overheard.matcher.ledger.reading import fates_in
from overheard.records import (
    Decision,
    Incident,
    Intent,
    Party,
    Polarity,
    Profile,
    Sentiment,
    TargetSentiment,
    Term,
    WatchHit,
    decode,
    encode,
    event_for,
    incident_id,
)
from tests.matcher.members import KilledError
from tests.matcher.worlds import (
    NOW,
    World,
    acc,
    account,
    con,
    contact,
    decision,
    fact,
    men,
    mention,
    suppression,
    world,
)

ASHA = contact("1", "Asha Rao", organisation="Acme Tools", handles={"reddit": "asha"})
ACME = account("1", "Acme Tools", "acme.example")


def profile(one: World, id_: str) -> Profile:
    found = one.documents()[id_]
    assert isinstance(found, Profile)
    return found


def incident(one: World, number: str) -> Incident:
    found = one.documents()[incident_id(men(number))]
    assert isinstance(found, Incident)
    return found


def test_a_post_ends_on_the_authors_profile_with_its_evidence() -> None:
    with world() as one:
        fates = one.run(
            fact(ASHA), fact(ACME), fact(mention("1", "Acme is great", "asha")), fact(mention("2", "x", "zed"))
        )
        assert fates == {"applied": 2, "linked": 1, "unlinked": 1}
        shown = profile(one, con("1"))
        assert (shown.incidents, shown.by_month, shown.by_source) == (1, {"2026-11": 1}, {"reddit": 1})
        assert shown.last[0].why == ('author Asha Rao: linked; the CRM names reddit handle "asha" for 1',)
        assert shown.account == acc("1")
        assert (shown.first_contact, shown.last_contact) == (NOW, NOW)
        assert shown.identities[0].identity.first_seen == NOW
        firm = profile(one, acc("1"))
        assert (firm.people, firm.incidents) == ((con("1"),), 1)
        assert incident(one, "2").parties[0].outcome == "bare"


def test_a_contact_imported_today_gets_yesterdays_incidents() -> None:
    with world() as one:
        one.run(fact(mention("1", "hello", "asha")), fact(mention("2", "I met Asha Rao of Acme Tools", "zed")))
        assert one.run(fact(ASHA)) == {"applied": 1}
        assert one.parties("1") == {("author", con("1")): "linked"}
        assert ("mentioned", con("1")) in one.parties("2")
        assert one.events()[incident_id(men("1"))].cause == "re-match"


def test_a_rival_that_comes_unlinks_and_one_that_goes_links_again() -> None:
    gina, rival = contact("3", "Gina Haspel"), contact("4", "Gina Haspel")
    with world() as one:
        one.run(fact(gina), fact(mention("1", "Then Gina Haspel resigned")))
        assert one.parties("1") == {("mentioned", con("3")): "linked"}
        one.run(fact(rival))
        assert set(one.parties("1").values()) == {"candidate"}
        assert profile(one, con("4")).waiting[0].id == incident_id(men("1"))
        one.run(fact(rival, version=2, verb="Delete"))
        assert one.parties("1") == {("mentioned", con("3")): "linked"}
        assert con("4") not in one.documents()


def test_the_same_again_and_an_older_revision_are_stale() -> None:
    new, old = mention("1", "new", "asha"), mention("1", "old", "asha")
    with world() as one:
        one.run(fact(new, version=5))
        before = one.newest("documents")
        assert one.run(fact(new, version=5)) == {"stale": 1}
        assert one.newest("documents") == before
        assert one.run(fact(new, version=5), fact(old, version=4)) == {"stale": 2}
        assert incident(one, "1").mention.content == "new"
        assert [version.revision for version in incident(one, "1").versions] == [4]


def test_an_earlier_first_sight_of_a_post_moves_its_place_even_from_a_stale_revision() -> None:
    early = NOW - timedelta(days=3)
    with world() as one:
        one.run(fact(ASHA), fact(mention("1", "a", "asha", published=None), version=2))
        one.run(fact(mention("1", "b", "asha", published=None, first_seen=early), version=1))
        assert incident(one, "1").mention.content == "a"
        assert profile(one, con("1")).first_contact == early
        assert profile(one, con("1")).identities[0].identity.last_seen == early


def test_a_deleted_post_leaves_index_and_profiles_and_does_not_come_back() -> None:
    said = mention("1", "secret words", "asha")
    with world() as one:
        one.run(fact(ASHA), fact(said, version=3))
        assert one.run(fact(mention("1", "", ""), version=3, verb="Delete")) == {"deleted": 1}
        assert one.run(fact(said, version=2)) == {"stale": 1}
        assert incident_id(men("1")) not in one.documents()
        assert profile(one, con("1")).incidents == 0
        gone = one.newest("documents")[incident_id(men("1"))]
        assert gone.value is not None
        assert b"secret" not in gone.value
        assert decode(gone.value).verb == "Delete"


def test_a_tombstone_removes_a_mention_and_a_contact_without_a_trace() -> None:
    with world() as one:
        one.run(fact(ASHA), fact(mention("1", "hello", "asha")))
        gone = [ProducerRecord("facts", key, None) for key in (men("1"), con("1"), "men_never_seen")]
        assert one.run(*gone) == {"deleted": 2, "stale": 1}
        assert one.documents() == {}
        assert one.newest("watch")["identity/reddit:handle:asha"].value is None
        for table in (
            "ledger_facts",
            "ledger_links",
            "ledger_shown",
            "ledger_keys",
            "ledger_documents",
            "ledger_incidents",
        ):
            assert one.ledger._connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_what_comes_again_right_after_its_tombstone_counts_once() -> None:
    said = fact(mention("1", "hello", "asha"))
    with world() as one:
        one.run(fact(ASHA), said)
        one.run(ProducerRecord("facts", men("1"), None), said)
        assert profile(one, con("1")).incidents == 1
        for table in ("ledger_incidents", "ledger_postings", "ledger_links", "ledger_shown"):
            counted = one.ledger._connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert counted == (1,), table


def test_what_is_watched_follows_terms_contacts_and_decisions() -> None:
    term = Term(id="acme", kind="own-company", aliases=("Acme",))
    event = event_for(term, subject="term/acme", source="/test", time=NOW, sourceversion=1)
    with world() as one:
        one.run(ProducerRecord("facts", "term/acme", encode(event)), fact(ASHA))
        assert set(one.events("watch")) == {"term/acme", "identity/reddit:handle:asha"}
        moved = contact("1", "Asha Rao", handles={"reddit": "asha_rao"})
        one.run(fact(moved, version=2))
        assert set(one.events("watch")) == {"term/acme", "identity/reddit:handle:asha_rao"}
        one.run(fact(decision("1", "same", "reddit:handle:zed", con("1"))))
        watched = one.events("watch")["identity/reddit:handle:zed"].data
        assert (watched.subject, watched.claimed_by) == (con("1"), "decision")
        one.run(fact(decision("2", "withdraw", "dec_1")))
        assert "identity/reddit:handle:zed" not in one.events("watch")
        gone = event_for(term, subject="term/acme", source="/test", time=NOW, verb="Delete", sourceversion=2)
        one.run(ProducerRecord("facts", "term/acme", encode(gone)))
        assert one.newest("watch")["term/acme"].value is None


def test_an_incident_not_about_us_stays_on_record_and_leaves_the_counts() -> None:
    with world() as one:
        one.run(fact(ASHA), fact(mention("1", "hello", "asha")), fact(decision("1", "not about us", men("1"))))
        assert incident(one, "1").status == "not about us"
        assert (profile(one, con("1")).incidents, profile(one, con("1")).last) == (0, ())
        one.run(fact(decision("2", "withdraw", "dec_1")))
        assert profile(one, con("1")).incidents == 1


def test_a_post_about_a_merged_contact_comes_to_the_profile_of_both_and_leaves_it_again() -> None:
    ids = sorted((con("1"), con("2")))
    asha, gina = (contact(number, name) for number, name in (("1", "Asha Rao"), ("2", "Gina Haspel")))
    with world() as one:
        one.run(fact(asha), fact(gina), fact(decision("1", "same", *ids)))
        one.run(fact(mention("1", "Then Gina Haspel resigned")), fact(mention("2", "It was Asha Rao")))
        assert (profile(one, ids[0]).incidents, profile(one, ids[0]).candidates) == (1, 1)
        one.run(fact(mention("1", "Then she resigned"), version=2))
        assert (profile(one, ids[0]).incidents, profile(one, ids[0]).candidates) == (0, 1)


@pytest.mark.parametrize("erased", [men("1"), "reddit:handle:zed", "email:email:zed@mail.example"])
@pytest.mark.parametrize("late", [False, True])
def test_a_post_that_is_known_again_by_what_was_erased_goes_whichever_came_first(erased: str, late: bool) -> None:
    typed = mention("1", "hello", "zed", profile={"email": "Zed@mail.example"})
    records = [fact(typed), suppression(erased)]
    with world(batch=1) as one:
        one.run(*(records if late else records[::-1]))
        assert one.documents() == {}


@pytest.mark.parametrize("turned", [False, True])
def test_two_posts_of_one_thread_that_a_person_parts_are_two_events_and_both_show_who_did(turned: bool) -> None:
    pair = (men("2"), men("1")) if turned else (men("1"), men("2"))
    with world() as one:
        one.run(fact(mention("1", "hello")), fact(mention("2", "hi", in_reply_to="1")))
        assert incident(one, "1").event == incident(one, "2").event != ""
        one.run(fact(decision("1", "not the same", *pair)))
        for number in "12":
            assert (incident(one, number).event, len(incident(one, number).history)) == ("", 1)
        one.run(fact(decision("2", "withdraw", "dec_1")))
        assert incident(one, "1").event == incident(one, "2").event != ""
        assert incident(one, "1").history == incident(one, "2").history == ()


def test_a_decision_may_come_before_what_it_is_about() -> None:
    with world() as one:
        one.run(fact(decision("1", "same", men("1"), con("1"))))
        one.run(fact(mention("1", "hello")))
        one.run(fact(ASHA))
        assert one.parties("1") == {("mentioned", con("1")): "linked"}


def test_a_post_dated_2100_does_not_stay_on_top() -> None:
    future = datetime(2100, 1, 1, tzinfo=UTC)
    later = NOW + timedelta(hours=1)
    with world() as one:
        one.run(fact(ASHA), fact(mention("1", "from the future", "asha", published=future)))
        one.run(fact(mention("2", "a real one", "asha", published=later, first_seen=later)))
        assert [shown.id for shown in profile(one, con("1")).last] == [incident_id(men("2")), incident_id(men("1"))]
        assert profile(one, con("1")).last_contact == later


def test_a_post_of_the_first_year_is_counted_on_a_day_that_is_one() -> None:
    with world() as one:
        one.run(fact(ASHA), fact(mention("1", "hello", "asha", published=datetime(1, 1, 1, tzinfo=UTC))))
        assert (profile(one, con("1")).by_day, profile(one, con("1")).by_month) == ({"0001-01-01": 1}, {"0001-01": 1})


def test_a_profile_is_bounded_and_its_counts_are_whole() -> None:
    days = [NOW - timedelta(days=day) for day in range(100)]
    posts = [fact(mention(str(i), "hello", "asha", published=day)) for i, day in enumerate(days)]
    named = [fact(mention(f"n{i}", "I met Asha Rao")) for i in range(15)]
    with world() as one:
        one.run(*posts, *named, fact(ASHA))
        shown = profile(one, con("1"))
        assert (shown.incidents, sum(shown.by_month.values()), len(shown.by_day)) == (100, 100, 90)
        assert {day: sum(tones.values()) for day, tones in shown.tone_by_day.items()} == shown.by_day
        assert {month: sum(tones.values()) for month, tones in shown.tone_by_month.items()} == shown.by_month
        assert (shown.candidates, len(shown.last), len(shown.waiting)) == (15, 20, 10)
        assert (shown.first_contact, shown.last_contact) == (days[-1], days[0])
        assert shown.k == shown.last[0].k


@pytest.mark.parametrize(
    ("targets", "polarity"),
    [
        ((), "positive"),
        ((("rival", "negative", 0.9),), "negative"),
        ((("rival", "negative", 0.9), ("acme", "neutral", 0.9)), "neutral"),
        ((("acme", "negative", 0.4), ("acme", "neutral", 0.9)), "negative"),
    ],
)
def test_polarity_is_toward_our_own_terms_first(
    targets: tuple[tuple[str, Polarity, float], ...], polarity: Polarity
) -> None:
    said = msgspec.structs.replace(
        mention("1", "acme rival", "asha"),
        sentiment=Sentiment(polarity="positive", confidence=0.9),
        hits=(
            WatchHit(term="acme", kind="own-company", start=0, end=4),
            WatchHit(term="rival", kind="competitor", start=5, end=10),
        ),
        targets=tuple(TargetSentiment(target=t, polarity=p, confidence=c, start=0, end=4) for t, p, c in targets),
    )
    with world() as one:
        one.run(fact(ASHA), fact(said))
        assert profile(one, con("1")).by_polarity == {polarity: 1}
        assert profile(one, con("1")).tone_by_month == {"2026-11": {polarity: 1}}
        assert profile(one, con("1")).by_term == {"acme": 1, "rival": 1}


def test_intents_are_counted_by_month_on_whom_they_are_linked_to_and_stand_on_each_summary() -> None:
    both = (
        Intent(label="question", start=0, end=4, confidence=0.9),
        Intent(label="complaint", start=0, end=4, confidence=0.9),
        Intent(label="complaint", start=5, end=9, confidence=0.9),
    )
    said = msgspec.structs.replace(mention("1", "acme rival", "asha"), intents=both)
    with world() as one:
        one.run(fact(ASHA), fact(said), fact(mention("2", "hello", "asha", published=NOW - timedelta(days=40))))
        shown = profile(one, con("1"))
        assert shown.by_intent == {"complaint": 1, "question": 1}
        assert shown.intents_by_month == {"2026-11": {"complaint": 1, "question": 1}}
        assert [summary.intents for summary in shown.last] == [("complaint", "question"), ()]


def test_versions_rise_with_facts_and_changes_tell_each_of_them() -> None:
    with world() as one:
        one.run(fact(ASHA), fact(mention("1", "hello", "asha")))
        first = one.events()[con("1")].sourceversion
        one.run(fact(mention("2", "again", "asha")))
        event = one.events()[con("1")]
        assert 0 < first < event.sourceversion < 2**63
        change = one.events("changes")[con("1")].data
        assert (change.kind, change.what, change.version) == ("profile", "written", event.sourceversion)


def test_bad_facts_are_refused_with_their_place_and_change_nothing() -> None:
    wrong_subject = event_for(ASHA, subject="con_other", source="/test", time=NOW)
    no_fact = event_for(mention("1", "x").mention, subject=men("1"), source="/test", time=NOW)
    for value in (b"{", b"\xff\x00", encode(wrong_subject), encode(no_fact)):
        with world() as one:
            one.log.append([fact(ASHA), ProducerRecord("facts", "bad", value)])
            records = one.log.read("facts", 0, 0, 10)
            with pytest.raises(InputError, match="facts offset"):
                one.stage.process(records)
            assert one.ledger.directory.contacts == {}
            one.sink.write(one.stage.process(records[:1]), {0: records[0].offset + 1})
            assert one.ledger.directory.contacts == {con("1"): ASHA}


def test_the_stage_loop_puts_a_bad_fact_aside_and_goes_on() -> None:
    with world() as one:
        one.log.append([fact(ASHA), ProducerRecord("facts", "bad", b"{"), fact(mention("1", "hello", "asha"))])
        consumer = one.log.consumer("match", "facts")
        progress = run_stage(one.stage, consumer, one.sink, stop=threading.Event(), until_idle=lambda: True)
        consumer.close()
        assert progress.fates == {"applied": 1, "dead": 1, "linked": 1}
        assert fates_in(one.folder) == {"applied": 1, "dead": 1, "linked": 1}
        (letter,) = list_letters(one.log)
        assert (letter.stage, letter.key, letter.value) == ("match", "bad", b"{")
        assert profile(one, con("1")).incidents == 1
        assert one.log.checkpoint("match", "facts").positions == one.ledger.positions()


def test_what_was_processed_and_not_written_is_forgotten() -> None:
    with world() as one:
        one.log.append([fact(ASHA), fact(mention("1", "hello", "asha"))])
        records = one.log.read("facts", 0, 0, 10)
        first = one.stage.process(records)
        again = one.stage.process(records)
        assert dict(first.fates) == dict(again.fates) == {"applied": 1, "linked": 1}
        one.sink.write(again, {0: records[-1].offset + 1})
        assert profile(one, con("1")).incidents == 1
        assert fates_in(one.folder) == {"applied": 1, "linked": 1}


class _BrokenError(Exception):
    """The process dies here."""


@pytest.mark.parametrize("steps", range(7))
def test_a_worker_that_dies_between_any_two_steps_loses_nothing_and_doubles_nothing(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = [fact(ASHA), fact(ACME), *(fact(mention(str(i), "I met Asha Rao", "asha")) for i in range(5))]
    with world(batch=2) as clean:
        clean.run(*facts[2:], *facts[:2])
        expected = clean.documents()
    with world(batch=2) as one:
        left = steps

        def dying(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
            def run(argument: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    raise _BrokenError
                return step(argument)

            return run

        one.log.append([*facts[2:], *facts[:2]])
        with monkeypatch.context() as patch:
            patch.setattr(one.log, "append", dying(one.log.append))
            patch.setattr(one.ledger, "published", dying(one.ledger.published))
            with pytest.raises(_BrokenError):
                one.run()
        one.reopen()
        one.run()
        assert one.documents() == expected
        assert sum(fates_in(one.folder).values()) == len(facts)


def test_a_full_disk_leaves_the_state_before_the_batch() -> None:
    with world() as one:
        one.run(fact(ASHA))
        pages = one.ledger._connection.execute("PRAGMA page_count").fetchone()[0]
        one.log.append([fact(mention(str(i), "hello " * 500, "asha")) for i in range(50)])
        one.ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
        records = one.log.read("facts", 0, 1, 100)
        outcome = one.stage.process(records)
        with pytest.raises(Exception, match=r"(?i)space|full"):
            one.sink.write(outcome, {0: 52})
        assert fates_in(one.folder) == {"applied": 1}
        one.ledger._connection.execute("PRAGMA max_page_count = 1073741823")
        one.sink.write(outcome, {0: 52})
        assert profile(one, con("1")).incidents == 50


def test_nobody_has_no_profile() -> None:
    with world() as one:
        assert one.ledger.profile("con_none") is None


def test_lists_of_a_profile_are_read_by_index_however_many_incidents_there_are() -> None:
    with world() as one:
        plan = one.ledger._connection.execute(
            "EXPLAIN QUERY PLAN SELECT day, source, polarity, terms, count(*) FROM ledger_links "
            "WHERE subject = 'x' AND outcome = 'linked' GROUP BY day, source, polarity, terms"
        ).fetchall()
        assert "COVERING INDEX ledger_links_told" in plan[0][3]
        newest = one.ledger._connection.execute(
            "EXPLAIN QUERY PLAN SELECT mention, at, subject FROM ledger_links "
            "WHERE subject = 'x' AND outcome = 'linked' ORDER BY k DESC, score DESC, subject LIMIT 20"
        ).fetchall()
        assert "INDEX ledger_links_told" in newest[0][3]
        assert len(newest) == 1


def test_a_decision_on_somebody_who_posts_a_lot_leaves_the_posts_under_their_own_names_alone() -> None:
    with world() as one:
        one.run(fact(ASHA), *(fact(mention(str(i), "x", "asha")) for i in range(20)), fact(mention("new", "x", "rao")))
        one.log.append([fact(decision("1", "same", "reddit:handle:rao", con("1")))])
        outcome = one.stage.process(one.log.read("facts", 0, one.sink.positions()[0], 10))
        one.ledger.commit({0: one.sink.positions()[0] + 1}, outcome.fates)
        matched_again = one.ledger._connection.execute("SELECT count(*) FROM ledger_unmatched").fetchone()
        assert matched_again == (1,)


def test_decisions_on_who_has_thousands_of_identities_cost_no_more_than_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0
    on = Decisions.on

    def counted(decisions: Decisions, left: str, right: str) -> Decision | None:
        nonlocal asked
        asked += 1
        return on(decisions, left, right)

    monkeypatch.setattr(Decisions, "on", counted)
    took = []
    for number in (300, 600):
        asked = 0
        with world(batch=1_000) as one:
            said = (decision(str(i), "same", f"reddit:handle:asha{i}", con("1")) for i in range(number))
            one.run(fact(ASHA), *map(fact, said), fact(mention("1", "x", "asha7")))
            assert one.ledger.directory.owners("reddit:handle:asha7") == (con("1"),)
            assert len(one.ledger.directory.claims(con("1"))) > number
        took.append(asked)
    assert took[1] < 2.2 * took[0]  # with all of them looked at for each it is four times as many


def test_of_joined_people_a_new_name_in_the_crm_shows_on_the_posts_of_all() -> None:
    other = contact("2", "A. Rao", handles={"reddit": "arao"})
    together = [fact(ASHA), fact(other), fact(decision("1", "same", con("1"), con("2")))]
    renamed = msgspec.structs.replace(ASHA, external_ids=(*other.external_ids, *ASHA.external_ids))
    late: list[tuple[Party, ...]] = []
    early: list[tuple[Party, ...]] = []
    for found, facts in (
        (late, [*together, fact(mention("1", "x", "arao")), fact(renamed, version=2)]),
        (early, [fact(renamed, version=2), *together[1:], fact(mention("1", "x", "arao"))]),
    ):
        with world() as one:
            one.run(*facts)
            found.append(incident(one, "1").parties)
    assert late == early


def test_a_ledger_of_an_older_epoch_is_read_anew_into_higher_versions(caplog: pytest.LogCaptureFixture) -> None:
    with world() as one:
        one.run(fact(contact("1", "Asha Rao", handles={"reddit": "asha"})), fact(mention("1", "hello", "asha")))
        before = {key: event.sourceversion for key, event in one.events().items()}
        documents = one.documents()
        one.reopen()
        assert one.ledger.position() == 3, "the same epoch goes on"
        one.ledger._connection.execute("CREATE INDEX ledger_links_former ON ledger_links (day)")
        one.reopen(epoch=EPOCH + 1)
        former = "SELECT count(*) FROM sqlite_master WHERE name = 'ledger_links_former'"
        assert one.ledger._connection.execute(former).fetchone() == (0,), "tables are as this epoch has them"
        assert "all facts are read anew" in caplog.text
        assert one.ledger.position() == 0
        one.run()
        assert one.documents() == documents
        after = {key: event.sourceversion for key, event in one.events().items()}
        assert all(after[key] > version for key, version in before.items())


def test_a_ledger_that_was_cleared_is_of_this_epoch_still(caplog: pytest.LogCaptureFixture) -> None:
    with world() as one:
        one.run(fact(contact("1", "Asha Rao")))
        one.ledger.clear()
        one.run()
        position = one.ledger.position()
        one.reopen()
        assert (one.ledger.position(), caplog.text) == (position, "")


@pytest.mark.parametrize("commits", [1, 2, 3])
def test_a_matcher_killed_while_it_begins_an_epoch_reads_all_facts_when_it_begins_again(
    commits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world() as one:
        one.run(fact(contact("1", "Asha Rao", handles={"reddit": "asha"})), fact(mention("1", "hello", "asha")))
        documents = one.documents()
        one.ledger.close()
        left = iter(range(commits))
        transaction = one.folder.transaction

        @contextmanager
        def dying(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
            with transaction(connection) as open_:
                if next(left, None) is None:
                    raise KilledError
                yield open_

        monkeypatch.setattr(one.folder, "transaction", dying)
        with suppress(KilledError):
            Ledger(one.folder, epoch=EPOCH + 1, clock=lambda: NOW).close()
        monkeypatch.undo()
        one.reopen(epoch=EPOCH + 1)
        assert one.ledger.positions() == {0: 0}, "with none, reading goes on where the group stands"
        one.run()
        assert one.documents() == documents
        assert all(event.sourceversion >= (EPOCH + 1) << 48 for event in one.events().values())


def test_a_contact_with_ten_thousand_identities_costs_no_more_than_their_number() -> None:
    handles = {f"p{number}": "asha" for number in range(10_000)}
    with world() as one:
        started = time.process_time()
        one.run(fact(contact("1", "Asha Rao", handles=handles)), fact(mention("1", "hello", "asha")))
        assert time.process_time() - started < 5  # some 0.5 s; with each looked for among all 15 s
        assert sum(key.startswith("identity/") for key in one.newest("watch")) >= len(handles)
