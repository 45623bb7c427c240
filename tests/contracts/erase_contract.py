"""What erasing a person must do on every engine: subclass `EraseContract`, and give it `system` and `shown`."""

import io
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from overheard.alerts.outbox import delivery_record
from overheard.collectors.polling.collect import FETCH_HEADER
from overheard.collectors.polling.pollstate import errand_key, load_errand_states, save_states
from overheard.collectors.polling.revisions import publication, revise
from overheard.errors import InputError, NotFoundError
from overheard.index.base import Search
from overheard.index.query import parse
from overheard.log.base import TOPICS, ConsumerRecord, ProducerRecord
from overheard.log.deadletters import dead_letter_record
from overheard.records import (
    Contact,
    DeadLetter,
    Decision,
    Delivery,
    DeliveryItem,
    EnrichedMention,
    Errand,
    ErrandState,
    ExternalId,
    Fetch,
    Incident,
    KeptAnswer,
    Profile,
    Purchase,
    Sense,
    SenseExample,
    contact_id,
    decode,
    delivery_id,
    encode,
    event_for,
    incident_id,
    mention_id,
    purchase_id,
)
from overheard.web.results import Certificate
from overheard.wiring.answers import Answers
from overheard.wiring.bringing import hand_in
from overheard.wiring.deadletters import replay_letters
from overheard.wiring.erasure import erase_person
from overheard.wiring.imports import bring_contacts
from overheard.wiring.stores import stores_of
from overheard.wiring.system import System, records_on
from overheard.wiring.traces import find_traces
from tests.matcher.worlds import account, fact, mention

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CON = contact_id("crm", "q1")
OTHER = contact_id("crm", "q2")
KEY = "reddit:handle:quibbleworth_a"
# What nobody but the erased person has; each is somewhere in the world below.
MARKS = (b"quibbleworth", b"ashalata", b"zanzibarite", b"Q-4711-X")

PERSON = Contact(
    id=CON,
    external_ids=(ExternalId(system="crm", value="q1"), ExternalId(system="erp", value="Q-4711-X")),
    name="Ashalata Quibbleworth",
    emails=("ashalata@quibbleworth.example",),
    phones=("+912025501234",),
    organisation="Acme",
    title="Plant Head",
    handles={"reddit": "Quibbleworth_A"},
    urls=("https://acme.example/",),
)
COLLEAGUE = Contact(
    id=OTHER, external_ids=(ExternalId(system="crm", value="q2"),), name="Borislav Kettledrum",
    emails=("boris@acme.example",), organisation="Acme", phones=("+912025501234",), handles={"reddit": "kettledrum"},
)  # fmt: skip


def said(number: str, text: str, author: str) -> EnrichedMention:
    return mention(number, text, author, hits=("Acme",), entities=(("organisation", "Acme"),))


OWN = [said(f"own{n}", f"Acme sells zanzibarite drills, take {n}", "Quibbleworth_A") for n in range(3)]
# One of them is known by another address too.
ALIAS = "https://acme.example/u/1"
OWN[1] = msgspec.structs.replace(OWN[1], mention=msgspec.structs.replace(OWN[1].mention, aliases=(ALIAS,)))
NAMED = said("named", "Ashalata Quibbleworth, Plant Head at Acme, likes it", "kettledrum")
OTHERS = said("others", "Acme is fine, says nobody in particular", "somebody_else")


def fill(system: System) -> None:
    """Put something of the person into every store."""
    log = system.log
    fetch = Fetch(
        id="fet_1", source="reddit", url="https://f.example/", final_url="https://f.example/", status=200,
        body=b"<p>zanzibarite by Quibbleworth_A</p>", at=NOW,
    )  # fmt: skip
    event = event_for(fetch, subject=fetch.id, source="/sources/reddit", time=NOW)
    ((partition, offset),) = log.append([ProducerRecord("fetches", fetch.id, encode(event))])
    posts = [one.mention for one in (*OWN, NAMED, OTHERS)]
    headers = {FETCH_HEADER: f"{partition}/{offset}"}
    log.append(
        publication(
            revise(log, posts, {}), source="/sources/reddit", time=NOW, cause_of=lambda _: "live", headers=headers
        )
    )
    earlier = msgspec.structs.replace(PERSON, title="Foreman of zanzibarite")
    decided = Decision(
        id=f"dec_{'a' * 26}", verb="same", left="x:handle:quibbleworth_x", right=CON, by="me", at=NOW
    )  # fmt: skip
    bought = Purchase(
        id=purchase_id("crm", "p"), external_ids=(ExternalId(system="crm", value="p"),), contact=CON,
        account=account("1").id,
    )  # fmt: skip
    log.append([fact(account("1", "Acme", "acme.example")), fact(COLLEAGUE), fact(earlier)])
    log.append([fact(PERSON, version=2), fact(decided), fact(bought)])
    log.append([fact(one) for one in (*OWN, NAMED, OTHERS)])
    log.append([fact(said("own0", "Acme sells drills of another stone", "Quibbleworth_A"), version=2, verb="Update")])
    letters = [
        DeadLetter(id="mentions/0/99", stage="enrich", topic="mentions", partition=0, offset=99, key=OWN[0].mention.id,
                   error="E", message="m", at=NOW, value=fact(OWN[0]).value),
        DeadLetter(id="row", stage="import mentions", topic="", partition=0, offset=3, key="", error="E", message="m",
                   at=NOW, value=b'{"email": "Ashalata@Quibbleworth.example", "text": ""}'),
        DeadLetter(id="another", stage="import mentions", topic="", partition=0, offset=4, key="", error="E",
                   message="m", at=NOW, value=b'{"email": "boris@acme.example", "text": ""}'),
    ]  # fmt: skip
    log.append([dead_letter_record(letter) for letter in letters])
    about = incident_id(OWN[0].mention.id)
    item = DeliveryItem(
        incident=about, contact=CON, name=PERSON.name, text="zanzibarite", polarity="negative", page="/p", at=NOW
    )
    told = Delivery(
        id=delivery_id("complaint", about, "feed"), kind="alert", rule="complaint", about=about, channel="feed",
        subject="Complaint by Ashalata Quibbleworth", items=(item,), state="sent", created=NOW, sent=NOW,
    )  # fmt: skip
    log.append([delivery_record(told)])
    # What the term means is learned from their post first, and from another's after it: two versions hold their words.
    for number, one in enumerate((OWN[2], OTHERS)):
        system.catch_up_match()
        answered = Decision(
            id=f"dec_{'bc'[number] * 26}", verb="status", left=one.mention.id, right="", by="me", at=NOW,
            value="answered",
        )  # fmt: skip
        log.append([fact(answered)])
    # A page of theirs was sent as a webmention, and so was another's.
    another = "https://another.example/1"
    for id_, url in (("wm_theirs", ALIAS), ("wm_again", ALIAS), ("wm_another", another)):
        errand = Errand(id=id_, kind="webmention", source="ours", url=url, target="https://us.example/page", at=NOW)
        log.append([ProducerRecord("errands", id_, encode(event_for(errand, subject=id_, source="/", time=NOW)))])
        save_states(log, {errand_key(id_): ErrandState(state="failed", problem=f"no answer of {url}", at=NOW)}, NOW)
    answers = Answers(log, system.folder, clock=lambda: NOW)
    answers.once("theirs", "r", f'{{"id":"{CON}","name":"Ashalata Quibbleworth"}}'.encode)
    answers.once("another", "r", lambda: b'{"id":"con_another"}')
    system.catch_up_match()
    system.catch_up_index()


def marks_in(values: Iterable[bytes]) -> set[bytes]:
    return {mark for value in values for mark in MARKS if mark.lower() in value.lower()}


def bytes_of(record: ConsumerRecord) -> bytes:
    """Key and value, and what stands in the value as base 64."""
    data = decode(record.value).data if record.value else None
    inner: bytes | None = b""
    match data:
        case Fetch():
            inner = data.body
        case DeadLetter():
            inner = data.value
        case KeptAnswer():
            inner = data.answer
    return b" ".join((record.key.encode(), record.value or b"", inner or b""))


def versions_of_senses(system: System) -> list[Sense]:
    """Return every version of what terms mean that the log still holds."""
    values = [record.value for record in records_on(system.log, "watch") if record.value is not None]
    return [data for value in values if isinstance(data := decode(value).data, Sense)]


class EraseContract:
    """`system` is open, and matcher and index keep up with it. `at_once` are the topics that let go at once."""

    at_once: frozenset[str] = frozenset(TOPICS)

    def standing(self, system: System, topic: str) -> Iterable[ConsumerRecord]:
        """What stands on a topic that lets go at once."""
        return records_on(system.log, topic)

    @pytest.fixture
    def filled(self, system: System) -> System:
        fill(system)
        return system

    def erase(self, system: System, who: str = CON, *, named: bool = True, dry_run: bool = False) -> Certificate:
        return erase_person(
            system, lambda: system.index(reading=True), who, by="operator", named=named, dry_run=dry_run,
            clock=lambda: NOW + timedelta(days=1),
        )  # fmt: skip

    def test_nothing_of_the_person_stays_in_any_store_and_others_keep_theirs(self, filled: System) -> None:
        for topic in ("mentions", "fetches", "facts", "documents", "dead-letters", "deliveries"):
            assert marks_in(bytes_of(record) for record in records_on(filled.log, topic)), f"{topic} holds nothing"

        alias = f"revision/{mention_id('', url=ALIAS)}"
        assert filled.log.latest("poll-state", [alias]).keys() == {alias}

        certificate = self.erase(filled)

        assert not any(record.value for record in filled.log.latest("poll-state", [alias]).values())
        assert filled.log.latest("errands", ["wm_theirs", "wm_again", "wm_another"]).keys() == {"wm_another"}
        assert load_errand_states(filled.log, ["wm_theirs", "wm_again", "wm_another"]).keys() == {"wm_another"}
        for topic in self.at_once:
            left = [record for record in self.standing(filled, topic) if marks_in([bytes_of(record)])]
            assert left == [], topic
        found = {store.store: store.found for store in certificate.stores}
        assert {name: number for name, number in found.items() if not number} == {}
        assert marks_in([msgspec.json.encode(certificate)]) == set()
        late = {store.store for store in certificate.stores if store.until is not None}
        assert late == (set() if self.at_once == TOPICS.keys() else found.keys())
        with closing(filled.index(reading=True)) as index:
            assert index.get(CON) is None
            assert index.search(Search(parse("zanzibarite"))).total == 0
            assert index.find_profiles("ashalata@quibbleworth.example") == []
            other = index.get(incident_id(OTHERS.mention.id))
            assert other is not None and isinstance(other.record, Incident)
            colleague = index.get(OTHER)
            assert colleague is not None and isinstance(colleague.record, Profile)
        assert find_traces(filled.log, filled.suppressed.follow()).contacts == frozenset()
        letters = {record.key for record in records_on(filled.log, "dead-letters") if record.value is not None}
        assert "another" in letters
        bought = filled.fact(purchase_id("crm", "p"))
        assert bought is not None and (bought.data.contact, bought.data.account) == ("", account("1").id)

    def test_every_store_finds_nothing_afterwards(self, filled: System) -> None:
        self.erase(filled)
        traces = find_traces(filled.log, filled.suppressed.follow())
        again = {store.name: store.find(traces) for store in stores_of(filled) if store.name in self.at_once}
        assert {name: number for name, number in again.items() if number} == {}

    def test_their_words_leave_every_version_of_what_a_term_means_and_others_stay(self, filled: System) -> None:
        # As after thousands of decisions that teach nothing: their post is an example, and among the newest no more.
        old = SenseExample(mention=OWN[0].mention.id, text="Acme sells zanzibarite drills", start=0, end=4, about=True)
        alone = Sense(term="drills", version="1", examples=(old,))
        event = event_for(alone, subject="drills", source="/match", time=NOW)
        filled.log.append([ProducerRecord("watch", "sense/drills", encode(event))])
        filled.log.append([ProducerRecord("watch", "sense/drills", None)])
        before = versions_of_senses(filled)
        assert len([one for one in before if OWN[2].mention.id in one.decided]) == 2
        assert alone in before

        self.erase(filled)

        (left,) = [one for key, one in filled.log.latest("watch", ["sense/acme", "sense/drills"]).items() if one.value]
        sense = decode(left.value or b"").data
        assert isinstance(sense, Sense)
        assert sense.decided == (OTHERS.mention.id,)
        if "watch" in self.at_once:
            assert versions_of_senses(filled) == [sense]

    def test_nothing_brings_them_back(self, filled: System) -> None:
        late = encode(event_for(OWN[1].mention, subject=OWN[1].mention.id, source="/s", time=NOW))
        letter = DeadLetter(
            id="mentions/0/7", stage="enrich", topic="mentions", partition=0, offset=7, key=OWN[1].mention.id,
            error="E", message="m", at=NOW, value=late,
        )  # fmt: skip
        self.erase(filled)
        filled.log.append([dead_letter_record(letter)])  # as an enricher does that had the post in hand
        entries = filled.suppressed.follow()
        with pytest.raises(InputError, match="erased"):
            replay_letters(filled.log, [letter.id], entries)
        fates = [one.status for one in hand_in(
            filled.log, [OWN[0].mention, OTHERS.mention, NAMED.mention], NOW, suppressions=entries
        )]  # fmt: skip
        assert fates == ["suppressed", "unchanged", "suppressed"]
        rows = b"external_id,name,email\nq9,A. Q,ashalata@quibbleworth.example\nq1,Who,\nq5,Kay Fine,k@f.example\n"
        report = bring_contacts(filled, io.BytesIO(rows))
        assert [row.outcome for row in report.rows] == ["suppressed", "suppressed", "created"]
        assert "erased on request" in report.rows[0].message
        assert filled.fact(CON) is None

    def test_a_colleague_with_the_same_site_and_switchboard_is_not_kept_out(self, filled: System) -> None:
        self.erase(filled)
        rows = b"external_id,name,email,phone\nq7,New Colleague,new@acme.example,+912025501234\n"
        assert [row.outcome for row in bring_contacts(filled, io.BytesIO(rows)).rows] == ["created"]

    def test_the_posts_of_others_stay_without_the_link_unless_they_are_asked_for(self, filled: System) -> None:
        certificate = self.erase(filled, "ashalata@quibbleworth.example", named=False)
        assert any("of others name" in note for note in certificate.notes)
        with closing(filled.index(reading=True)) as index:
            hit = index.get(incident_id(NAMED.mention.id))
            assert hit is not None and isinstance(hit.record, Incident)
            assert CON not in {party.subject for party in hit.record.parties}
            assert index.get(incident_id(OWN[0].mention.id)) is None

    def test_a_dry_run_says_what_would_go_and_writes_nothing(self, filled: System) -> None:
        def ends() -> dict[str, object]:
            return {topic: filled.log.spans(topic) for topic in TOPICS}

        before = ends()
        certificate = self.erase(filled, dry_run=True)
        assert certificate.dry_run
        found = {store.store: store.found for store in certificate.stores}
        assert found["facts"] >= len(OWN) + 3
        assert ends() == before
        assert len(filled.suppressed.follow()) == 0
        assert not filled.key_file.path.exists()

    def test_an_author_whom_the_crm_does_not_know_is_erased_by_identity(self, filled: System) -> None:
        self.erase(filled, "reddit:handle:somebody_else")
        with closing(filled.index(reading=True)) as index:
            assert index.get(incident_id(OTHERS.mention.id)) is None
            assert index.get(CON) is not None

    def test_who_is_nobody_or_several_is_an_error_that_says_so(self, filled: System) -> None:
        with pytest.raises(NotFoundError, match="Nobody Atall"):
            self.erase(filled, "Nobody Atall")
        twin = msgspec.structs.replace(COLLEAGUE, id=contact_id("crm", "q3"), emails=("boris@acme.example",))
        filled.log.append([fact(twin)])
        with pytest.raises(InputError, match=r"2 contacts are called 'boris@acme\.example'"):
            self.erase(filled, "boris@acme.example")

    def test_others_hear_that_the_documents_are_erased(self, filled: System) -> None:
        self.erase(filled)
        told = {r.key: decode(r.value).data.what for r in records_on(filled.log, "changes") if r.value is not None}
        assert told[CON] == "erased"
        assert told[incident_id(OWN[2].mention.id)] == "erased"
