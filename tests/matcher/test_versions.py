"""What an edited post said before stays with its incident, and goes with the post, and with who said it."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overheard.log.base import ProducerRecord
from overheard.log.embedded import now_ms
from overheard.matcher.ledger.ledger import EPOCH
from overheard.matcher.recall import recall
from overheard.records import Incident, Snippet, decode, digest, incident_id, snippet_id
from tests.matcher.worlds import NOW, World, contact, fact, men, mention, suppression, world

POST = incident_id(men("1"))


def said(
    text: str, version: int, author: str = "asha", *, model: int = 1, verb: Any = "", **fields: Any
) -> ProducerRecord:
    """A revision of the one post, with a snippet that is the whole text."""
    cut = Snippet(
        id=snippet_id(men("1"), "", 0, len(text)), mention=men("1"), target="", exact=text, prefix="", suffix="",
        start=0, end=len(text), text_hash=digest(text), polarity="neutral", confidence=0.5,
    )  # fmt: skip
    one = mention("1", text, author, snippets=(cut,), model_version=model, **fields)
    return fact(one, version=version, verb=verb or ("Create" if version == 1 else "Update"))


def gone(version: int) -> ProducerRecord:
    return fact(mention("1", "", ""), version=version, verb="Delete")


def incident_of(one: World) -> Incident:
    data = one.events()[POST].data
    assert isinstance(data, Incident)
    return data


def texts_before(one: World) -> list[str]:
    return [version.snippets[0].exact for version in incident_of(one).versions]


def test_an_edited_post_shows_what_it_said_when_it_was_matched() -> None:
    with world() as one:
        one.run(fact(contact("1", "Asha Rao", handles={"reddit": "asha"})))
        one.run(said("The lathe broke", 1, published=NOW - timedelta(hours=2)))
        assert incident_of(one).versions == ()
        one.run(said("The lathe is fine", 2))
        incident = incident_of(one)
        assert incident.mention.text == "The lathe is fine"
        (before,) = incident.versions
        assert before.text_hash == digest("The lathe broke")
        assert (before.snippets[0].exact, before.snippets[0].text_hash) == ("The lathe broke", before.text_hash)
        assert (before.revision, before.source, before.published) == (1, "reddit", NOW - timedelta(hours=2))
        assert incident.version_count == 1
        assert [party.outcome for party in incident.parties] == ["linked"]


def test_a_revision_that_comes_late_is_a_version_too() -> None:
    with world() as one:
        one.run(said("third", 3))
        one.run(said("first", 1))
        assert incident_of(one).mention.text == "third"
        assert texts_before(one) == ["first"]
        one.run(said("second", 2))
        assert texts_before(one) == ["first", "second"]


def test_revisions_of_one_batch_are_told_as_those_of_several() -> None:
    records = [said("first", 1), said("third", 3), said("second", 2), said("third", 3)]
    with world(batch=100) as one:
        one.run(*records)
        assert texts_before(one) == ["first", "second"]


def test_enriching_the_same_revision_again_is_no_edit() -> None:
    with world() as one:
        one.run(said("first", 1, model=1), said("first", 1, model=2), said("first", 1, model=1))
        assert incident_of(one).version_count == 0
        one.run(said("second", 2, model=1), said("first", 1, model=3))
        assert texts_before(one) == ["first"]


def test_an_edit_that_leaves_the_text_is_no_version_and_a_text_of_several_revisions_is_one() -> None:
    with world() as one:
        one.run(
            said("first", 1),
            said("first", 2, links=("https://acme.example/",)),
            said("other", 3),
            said("first", 4),
            said("last", 5),
        )
        assert [(v.revision, v.snippets[0].exact) for v in incident_of(one).versions] == [(1, "first"), (3, "other")]
        one.run(said("first", 6))
        assert texts_before(one) == ["other", "last"]


def test_of_many_versions_the_first_and_the_newest_nine_are_told_with_their_count() -> None:
    with world() as one:
        one.run(*(said(f"text {n}", n) for n in range(1, 31)))
        assert texts_before(one) == ["text 1", *(f"text {n}" for n in range(21, 30))]
        assert incident_of(one).version_count == 29


def test_a_deletion_takes_all_versions_and_none_comes_back() -> None:
    with world() as one:
        one.run(said("first", 1), said("second", 2))
        one.run(gone(3))
        assert POST not in one.documents()
        assert one.ledger._connection.execute("SELECT count(*) FROM ledger_versions").fetchone() == (0,)
        one.run(said("first", 1), said("fourth", 4), said("second", 2))
        assert incident_of(one).versions == ()
        one.run(said("fifth", 5))
        assert texts_before(one) == ["fourth"]


def test_a_deletion_that_comes_late_takes_what_was_said_before_it() -> None:
    with world() as one:
        one.run(said("first", 1), said("second", 2), said("fourth", 4), said("fifth", 5))
        one.run(gone(3))
        assert texts_before(one) == ["fourth"]
        stored = one.ledger._connection.execute("SELECT sourceversion, value IS NULL FROM ledger_versions").fetchall()
        assert sorted(stored) == [(3, 1), (4, 0)]


def test_a_post_whose_key_was_taken_off_the_log_leaves_no_version() -> None:
    with world() as one:
        one.run(said("first", 1), said("second", 2))
        one.run(ProducerRecord("facts", men("1"), None))
        assert one.ledger._connection.execute("SELECT count(*) FROM ledger_versions").fetchone() == (0,)
        one.run(said("third", 3))
        assert incident_of(one).versions == ()


def test_what_an_erased_person_said_before_goes_from_a_post_that_is_anothers_now() -> None:
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        records = [said("Zanzibar it was", 1, "asha"), said("second", 2, "ben"), suppression("reddit:handle:asha")]
        with world() as one:
            for n in order:
                one.run(records[n])
            assert incident_of(one).versions == ()
            one.run(said("third", 3, "ben"))
            assert texts_before(one) == ["second"]
            stored = one.ledger._connection.execute("SELECT value, known_by FROM ledger_versions").fetchall()
            assert not any(b"Zanzibar" in value or "asha" in known_by for value, known_by in stored)


def test_a_ledger_that_starts_again_keeps_versions() -> None:
    with world() as one:
        one.run(said("first", 1), said("second", 2))
        one.reopen()
        one.run(said("third", 3))
        assert texts_before(one) == ["first", "second"]


def begin_anew(one: World) -> None:
    """The log keeps the newest of each key; a program of another epoch then reads it from the beginning."""
    one.log.maintain(now_ms() + 48 * 3_600_000)
    one.reopen(epoch=EPOCH + 1)
    assert one.ledger.position() == 0


def test_a_ledger_that_begins_anew_on_a_log_that_was_compacted_knows_what_posts_said_from_their_documents() -> None:
    with world() as one:
        one.run(said("first", 1), said("second", 2), said("third", 3))
        told = incident_of(one)
        begin_anew(one)
        one.run()
        assert incident_of(one) == told
        assert texts_before(one) == ["first", "second"]
        one.run(said("fourth", 4))
        assert texts_before(one) == ["first", "second", "third"]
        one.reopen(epoch=EPOCH + 1)
        one.run(said("fifth", 5))
        assert texts_before(one) == ["first", "second", "third", "fourth"]


def test_a_post_that_went_before_a_ledger_begins_anew_leaves_no_version_there() -> None:
    with world() as one:
        one.run(said("first", 1), said("second", 2))
        one.run(gone(3))
        begin_anew(one)
        one.run()
        assert POST not in one.documents()
        one.run(said("fourth", 4))
        assert texts_before(one) == []


def test_a_post_that_goes_after_a_ledger_has_begun_anew_takes_what_it_said_along() -> None:
    with world() as one:
        one.run(said("first", 1), said("second", 2))
        begin_anew(one)
        one.run()
        one.run(gone(3))
        one.run(said("fourth", 4))
        assert texts_before(one) == []


def test_who_is_erased_after_a_ledger_has_begun_anew_leaves_nothing_of_what_they_said_on_a_post_of_another() -> None:
    with world() as one:
        one.run(said("Zanzibar", 1, "asha"), said("second", 2, "ben"), said("third", 3, "ben"))
        begin_anew(one)
        one.run()
        assert texts_before(one) == ["Zanzibar", "second"]
        one.run(suppression("reddit:handle:asha"))
        assert texts_before(one) == ["second"]
        stored = one.ledger._connection.execute("SELECT value, known_by FROM ledger_versions").fetchall()
        assert not any(b"Zanzibar" in (value or b"") or "asha" in known_by for value, known_by in stored)


def test_a_matcher_killed_while_it_reads_documents_reads_them_again() -> None:
    with world() as one:
        one.run(said("first", 1), said("second", 2))
        begin_anew(one)
        recall(one.ledger, one.log)
        one.reopen(epoch=EPOCH + 1)
        recall(one.ledger, one.log)
        one.run()
        assert texts_before(one) == ["first"]


def test_a_document_that_cannot_be_read_costs_its_own_versions_only(caplog: pytest.LogCaptureFixture) -> None:
    with world() as one:
        one.run(said("first", 1), said("second", 2))
        one.log.append([ProducerRecord("documents", "inc_x", b'{"data":{"versions":[{')])
        begin_anew(one)
        one.run()
        value = one.newest("documents")[POST].value
        assert value is not None
        assert [version.snippets[0].exact for version in decode(value).data.versions] == ["first"]
        assert "inc_x" in caplog.text


def test_a_mention_that_was_never_edited_has_no_row() -> None:
    with world() as one:
        one.run(said("first", 1), fact(mention("2", "another", "ben")), said("first", 1))
        assert one.ledger._connection.execute("SELECT count(*) FROM ledger_versions").fetchone() == (0,)


revisions = st.builds(
    said,
    st.sampled_from(("one", "two", "three", "four")),
    st.integers(1, 14),
    st.sampled_from(("asha", "ben", "zed")),
    model=st.integers(1, 2),
)
histories = st.lists(
    st.one_of(revisions, revisions, revisions, revisions, st.builds(gone, st.integers(1, 14))), min_size=2, max_size=30
)


def documents_of(records: list[ProducerRecord], batch: int) -> dict[str, Any]:
    with world(batch=batch) as one:
        one.run(*records)
        return one.documents()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories, st.booleans(), st.randoms(use_true_random=False), st.integers(1, 9))
def test_versions_are_a_function_of_the_set_of_revisions(
    records: list[ProducerRecord], erases: bool, rng: random.Random, batch: int
) -> None:
    if erases:
        records = [*records, suppression("reddit:handle:asha")]
    again = [*records, *rng.sample(records, len(records) // 2)]
    rng.shuffle(again)
    assert documents_of(records, 100) == documents_of(again, batch)
