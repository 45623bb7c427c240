"""What is kept of somebody who is erased: who it is, and the records of theirs, found by reading the log once.

    who ─▶ Person: the records that people joined, every identity on their map ─▶ suppressions (hashes)
    suppressions ─▶ Traces: contacts, mentions, decisions, purchases, fetches

The second step knows hashes alone, so that what a restored backup brings back is found in the same way.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import msgspec

from overheard.collectors.polling.collect import FETCH_HEADER
from overheard.errors import InputError, NotFoundError
from overheard.identities import (
    identities_of_account,
    identities_of_actor,
    identities_of_contact,
    is_placeholder,
    written_key,
)
from overheard.index.base import Index, Search
from overheard.index.query import Value
from overheard.log.base import ConsumerRecord, Log
from overheard.matcher.authors import identities_of_author
from overheard.matcher.identity.decisions import Decisions
from overheard.matcher.identity.directory import is_identity_key
from overheard.matcher.ledger.reading import decisions_in, known_in
from overheard.records import (
    Actor,
    Contact,
    ExternalId,
    Incident,
    Profile,
    contact_id,
    decode,
    incident_id,
    is_mention_id,
)
from overheard.suppression import Suppressions
from overheard.wiring.system import System, records_on

_PAGE = 500
_SHOWN = 10
_identities_of = lru_cache(maxsize=16_384)(identities_of_actor)


@dataclass(frozen=True, slots=True)
class Person:
    """Who is to be erased. `contacts` are the ids of their records, joined by people; empty where the CRM has none.

    `keys` are what they are known again by: identities, ids, those of mentions that nothing else tells to be theirs.
    `shared` are identities that others claim too, so that they say nothing of who it is. `posts`: how many posts they
    wrote, as far as the index has them; `named` are the mentions of others that name them.
    """

    contacts: tuple[str, ...]
    keys: tuple[str, ...]
    shared: tuple[str, ...] = ()
    posts: int = 0
    named: tuple[str, ...] = ()


@dataclass(frozen=True)
class Traces:
    """The records of those whom `suppressions` cover, by their ids. `fetches` are keys of that topic.

    `subjects` are all ids that stand for them anywhere, and `documents` those of their incidents and profiles.
    `purchases` are of the contacts, and stay where an account made them too.
    """

    suppressions: Suppressions
    contacts: frozenset[str] = frozenset()
    mentions: frozenset[str] = frozenset()
    decisions: frozenset[str] = frozenset()
    purchases: frozenset[str] = frozenset()
    fetches: frozenset[str] = frozenset()

    @cached_property
    def documents(self) -> frozenset[str]:
        """The ids of their incidents and profiles."""
        return self.contacts | {incident_id(mention) for mention in self.mentions}

    @cached_property
    def subjects(self) -> frozenset[str]:
        """Every id that stands for them."""
        return self.contacts | self.mentions | self.decisions | self.documents

    def __bool__(self) -> bool:
        return bool(self.contacts or self.mentions or self.decisions or self.purchases)


# --- who ---------------------------------------------------------------------------------------------------------


def person_called(system: System, index: Index, who: str, *, named: bool = False) -> Person:
    """Return the person that an identity, e-mail address, contact's id or external id stands for.

    An identity that nobody claims is a person too: whoever writes under it. `named`: the mentions of others that name
    them are theirs as well. Raises NotFoundError for what stands for nobody, and InputError where several contacts are
    called so.
    """
    contacts, accounts = known_in(system.folder)
    by_id = {contact.id: contact for contact in contacts}
    decisions = decisions_in(system.folder)
    key = "" if who in by_id else _key_of(who, system.settings.locale.region)
    found = {who} if who in by_id else _called(contacts, decisions, who, key)
    firms = {identity.key for account in accounts for identity in identities_of_account(account)}
    if key in firms and not found:
        msg = f"expected a person; {who[:100]!r} is an account's: delete that in the CRM"
        raise InputError(msg)
    if not found and not key:
        msg = (
            "expected an identity such as x:handle:ann, an e-mail address, or the id or external id of a contact; "
            f"nobody is called {who[:100]!r}"
        )
        raise NotFoundError(msg)
    people = {decisions.person(one).members for one in found}
    if len(people) > 1:
        listed = ", ".join(sorted(found)[:_SHOWN])
        msg = f"expected one person; {len(found)} contacts are called {who[:100]!r}: {listed}. Erase each by its id"
        raise InputError(msg)
    members = tuple(sorted({member for joined in people for member in joined} | found))
    own = [by_id[member] for member in members if member in by_id]
    keys = {identity.key for contact in own for identity in identities_of_contact(contact)} | ({key} - {""})
    given = [
        left
        for member in members
        for left in decisions.lefts(member)
        if (said := decisions.on(left, member)) and said.verb == "same"
    ]
    keys |= set(filter(is_identity_key, given))
    keys |= set(_inferred(system.log, members))
    # A switchboard is a whole firm's: a number is theirs where they wrote by it, or where it is who was asked for.
    numbers = {each for each in keys if each.split(":", 2)[1] == "phone"} - {key}
    keys = {each for each in keys - numbers if each.split(":", 2)[1] != "name" and not is_placeholder(each)}
    rest = (contact for contact in contacts if contact.id not in members)
    others = firms | {identity.key for contact in rest for identity in identities_of_contact(contact)}
    shared = (keys & others) - {key}
    ids = {contact_id(ref.system, ref.value) for contact in own for ref in contact.external_ids}
    known = (keys - shared) | ids | set(members)
    written, alone, spoken, used = _posts_of(index, members, known)
    known |= (used & numbers) - others
    alone |= {left for left in given if is_mention_id(left)}
    more = alone | (spoken if named else set())
    return Person(members, tuple(sorted(known | more)), tuple(sorted(shared)), len(written), tuple(sorted(spoken)))


def _key_of(who: str, region: str) -> str:
    return written_key(who, region) or (written_key(f"email:email:{who}") if "@" in who.lstrip("@") else "")


def _called(contacts: Sequence[Contact], decisions: Decisions, who: str, key: str) -> set[str]:
    """Return the contacts that have this identity, by a person's word or else their record, or this external id."""
    if not key:
        return {one.id for one in contacts if any(who in _names(reference) for reference in one.external_ids)}
    said = {right: decision.verb for right, decision in decisions.of(key).items()}
    if same := {one.id for one in contacts if said.get(one.id) == "same"}:
        return same
    claimed = {one.id for one in contacts if any(identity.key == key for identity in identities_of_contact(one))}
    return {one for one in claimed if said.get(one) != "not the same"}


def _names(reference: ExternalId) -> tuple[str, str]:
    return reference.value, f"{reference.system}:{reference.value}"


def _inferred(log: Log, contacts: Collection[str]) -> Iterator[str]:
    """Yield the identities on the profiles of these contacts, whoever found them."""
    for record in log.latest("documents", list(contacts)).values():
        data = decode(record.value or b"").data
        if isinstance(data, Profile):
            yield from (one.identity.key for one in data.identities)


def _posts_of(
    index: Index, contacts: Collection[str], keys: Collection[str]
) -> tuple[set[str], set[str], set[str], set[str]]:
    """Return the mentions that these contacts wrote, those of them that no key tells, and those that only name them.

    The last are the identities that are sure to be those of who wrote them.
    """
    written: set[str] = set()
    alone: set[str] = set()
    spoken: set[str] = set()
    used: set[str] = set()
    for contact in contacts:
        for incident in _incidents(index, contact):
            mention = incident.mention
            roles = {
                party.role for party in incident.parties if party.subject in contacts and party.outcome == "linked"
            }
            if "author" not in roles:
                spoken.add(mention.id)
                continue
            written.add(mention.id)
            if mention.attributed_to is not None:
                used.update(identities_of_author(mention.attributed_to, mention.channel))
            if not any(key in keys for key in _identities_of(mention.attributed_to)):
                alone.add(mention.id)
    return written, alone, spoken - written, used


def _incidents(index: Index, contact: str) -> Iterator[Incident]:
    after = ""
    while True:
        page = index.search(Search(Value("contact", contact), after=after, limit=_PAGE))
        yield from (hit.record for hit in page.hits if isinstance(hit.record, Incident))
        if not (after := page.next):
            return


# --- what --------------------------------------------------------------------------------------------------------


class _Envelope(msgspec.Struct):
    type: str
    data: msgspec.Raw


class _Said(msgspec.Struct, rename="camel"):
    """What tells whose a mention is: decoding the whole of each takes five times as long."""

    id: str
    attributed_to: Actor | None = None


class _Enriched(msgspec.Struct):
    mention: _Said


class _Decided(msgspec.Struct):
    left: str
    right: str = ""


class _Bought(msgspec.Struct):
    contact: str = ""


_envelopes = msgspec.json.Decoder(_Envelope)
_said = msgspec.json.Decoder(_Said)
_enriched = msgspec.json.Decoder(_Enriched)
_decided = msgspec.json.Decoder(_Decided)
_bought = msgspec.json.Decoder(_Bought)
_contacts = msgspec.json.Decoder(Contact)


def find_traces(log: Log, suppressions: Suppressions) -> Traces:
    """Return what the log holds of those whom these suppressions cover. Reads `facts` and `mentions` from end to end.

    Of a mention every version counts, since it has one author; of a contact the newest, since an identity that was
    taken from it may be another's.
    """
    if not len(suppressions):
        return Traces(suppressions)
    contacts: set[str] = set()
    mentions: set[str] = set()
    decided: dict[str, _Decided] = {}
    bought: dict[str, str] = {}
    for record in records_on(log, "facts"):
        key = record.key
        envelope = _envelope(record)
        if envelope is None:
            for known in (contacts, mentions):
                known.discard(key)
            decided.pop(key, None)
            bought.pop(key, None)
        elif envelope.type == "overheard.enriched-mention":
            if _covers(suppressions, _enriched.decode(envelope.data).mention):
                mentions.add(key)
        elif envelope.type == "overheard.contact":
            (contacts.add if suppressions.covers_contact(_contacts.decode(envelope.data)) else contacts.discard)(key)
        elif envelope.type == "overheard.decision":
            decided[key] = _decided.decode(envelope.data)
        elif envelope.type == "overheard.purchase":
            bought[key] = _bought.decode(envelope.data).contact
    fetched: set[tuple[int, int]] = set()
    for record in records_on(log, "mentions"):
        envelope = _envelope(record)
        if envelope is None or envelope.type != "overheard.mention":
            continue
        if _covers(suppressions, _said.decode(envelope.data)):
            mentions.add(record.key)
            partition, _, offset = record.headers.get(FETCH_HEADER, "").partition("/")
            if offset:
                fetched.add((int(partition), int(offset)))
    gone = contacts | mentions
    is_theirs: Callable[[str], bool] = lambda side: side in gone or suppressions.is_suppressed(side)  # noqa: E731
    decisions = {id_ for id_, one in decided.items() if is_theirs(one.left) or is_theirs(one.right)}
    while more := {id_ for id_, one in decided.items() if one.left in decisions} - decisions:  # their withdrawals
        decisions |= more
    return Traces(
        suppressions,
        frozenset(contacts),
        frozenset(mentions),
        frozenset(decisions),
        frozenset(id_ for id_, contact in bought.items() if contact in contacts),
        frozenset(record.key for place in sorted(fetched) for record in log.read("fetches", *place, 1)),
    )


def _envelope(record: ConsumerRecord) -> _Envelope | None:
    """Return the envelope of a record; None for a tombstone, and for what is no event of ours."""
    if record.value is None:
        return None
    try:
        return _envelopes.decode(record.value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _covers(suppressions: Suppressions, said: _Said) -> bool:
    return any(map(suppressions.is_suppressed, (said.id, *_identities_of(said.attributed_to))))
