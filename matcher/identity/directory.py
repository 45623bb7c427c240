"""The directory: contacts, accounts, what they have and bought, and what people decided, indexed for being found.

In memory; a function of the records that were put, not of their order. Knows no mention and no database.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple, cast, get_args

import msgspec

from overheard.identities import handle_stem, identities_of_account, identities_of_contact, watched_name
from overheard.matcher.identity.decisions import ACROSS_NETWORKS, Decisions, Person, newest
from overheard.matcher.identity.multi import Multi
from overheard.matcher.identity.workplace import Employed, Known, Workplace, known_of
from overheard.matcher.names.nameindex import Named, NameIndex
from overheard.matcher.names.organisations import (
    employer_domain,
    find_organisation,
    organisation_key,
    organisation_phrases,
    site_domain,
)
from overheard.matcher.names.person import PersonName, ends_of_name, person_name
from overheard.matcher.names.slipindex import SlipIndex
from overheard.matcher.names.spelling import name_key, name_keys
from overheard.matcher.names.text import Text
from overheard.records import Account, Contact, Decision, Holding, Identity, Purchase, is_record_id
from overheard.records.identity import IdentityType

# Places of work of which it is kept between two changes whose they are.
_EMPLOYED = 32_768

# Contacts and accounts whose claims are kept between two changes: those of the authors of one batch.
_CLAIMED = 4_096


@dataclass(frozen=True, slots=True)
class Reach:
    """What a contact, an account or a decision may touch.

    `keys` are identity keys, site domains (`site:example.com`) and stems of handles (`stem:asharao`), `joined` identity
    keys of which only the others that share a cluster with them are touched, `claimants` contacts and accounts of all
    whose identities the same holds (`keys_of`: a person may have thousands, and each be decided on), `phrases` sets of
    tokens that a text, or its author's name and bio, must hold all of, `subjects` contacts and accounts whose incidents
    and profiles show it, `profiles` those whose profile alone does, `mentions` ids of single mentions. `authors`: every
    mention with an author whom no record names.
    """

    keys: frozenset[str] = frozenset()
    joined: frozenset[str] = frozenset()
    claimants: frozenset[str] = frozenset()
    phrases: frozenset[tuple[str, ...]] = frozenset()
    subjects: frozenset[str] = frozenset()
    profiles: frozenset[str] = frozenset()
    mentions: frozenset[str] = frozenset()
    authors: bool = False

    @classmethod
    def of(cls, reaches: "Sequence[Reach]") -> "Reach":
        """Return what all of them touch."""
        return cls(
            keys=frozenset().union(*(one.keys for one in reaches)),
            joined=frozenset().union(*(one.joined for one in reaches)),
            claimants=frozenset().union(*(one.claimants for one in reaches)),
            phrases=frozenset().union(*(one.phrases for one in reaches)),
            subjects=frozenset().union(*(one.subjects for one in reaches)),
            profiles=frozenset().union(*(one.profiles for one in reaches)),
            mentions=frozenset().union(*(one.mentions for one in reaches)),
            authors=any(one.authors for one in reaches),
        )


def is_identity_key(left: str) -> bool:
    """True where the left side of a decision is an identity's key, not a mention's id."""
    parts = left.split(":", 2)
    return len(parts) == 3 and parts[1] in get_args(IdentityType)


def site_key(domain: str) -> str:
    """Return the key under which mentions that link to a firm's site are filed."""
    return f"site:{domain}"


# Shorter ones ("asha", "john") are taken by somebody else on any platform: no reason to look at anybody.
_SHORTEST_STEM = 5


def stem_key(key: str) -> str:
    """Return the key under which authors with a handle like this one are filed; "" for none that tells anything."""
    stem = handle_stem(key)
    return f"stem:{stem}" if len(stem) >= _SHORTEST_STEM else ""


class AccountNamed(NamedTuple):
    """An account whose name may stand in a text: as which tokens, and the position of the first."""

    account: Account
    phrase: tuple[str, ...]
    at: int


class Directory:
    """Contacts, accounts, holdings, purchases and decisions, with the ways to find them. Changed by the `put`s only."""

    def __init__(self) -> None:
        self.contacts: dict[str, Contact] = {}
        self.accounts: dict[str, Account] = {}
        self.holdings: dict[str, Holding] = {}
        self.purchases: dict[str, Purchase] = {}
        self.decisions = Decisions()
        self._claims: Multi[str] = Multi()  # identity key -> contacts and accounts whose record names it
        self._stems: Multi[str] = Multi()  # stem of a handle -> contacts
        self._claimed: dict[str, tuple[Identity, ...]] = {}  # contact or account -> claims, as long as nothing changes
        self._claimed_at = 0
        self._own: dict[str, tuple[Contact, tuple[Identity, ...]]] = {}
        self._known: dict[str, Known] = {}  # contact -> the words by which a text may mean it, of its own record
        self._employed: dict[Workplace, Employed] = {}  # whose it is, while accounts and holdings stay as they are
        self._names = NameIndex()
        self._slips = SlipIndex()
        self._phrases: Multi[tuple[str, ...]] = Multi()  # name of an organisation in tokens -> accounts
        self._widths: dict[str, int] = {}  # first token of such a name -> tokens of the longest that there was
        self._sites: Multi[str] = Multi()  # registrable domain -> accounts
        self._accounts_named: Multi[tuple[str, ...]] = Multi()  # organisation_key -> accounts
        self._staff: Multi[str] = Multi()  # e-mail domain, or organisation_key joined -> contacts
        self._held: Multi[str] = Multi()  # account -> holdings
        self._bought: Multi[str] = Multi()  # account, contact -> purchases

    def put_contact(self, id_: str, contact: Contact | None) -> None:
        """Set the contact of this id, or forget it."""
        if old := self.contacts.pop(id_, None):
            self._file_contact(old, add=False)
        if contact is not None:
            self.contacts[id_] = contact
            self._file_contact(contact, add=True)

    def put_account(self, id_: str, account: Account | None) -> None:
        """Set the account of this id, or forget it."""
        self._employed = {}
        if old := self.accounts.pop(id_, None):
            self._file_account(old, add=False)
        if account is not None:
            self.accounts[id_] = account
            self._file_account(account, add=True)

    def put_holding(self, id_: str, holding: Holding | None) -> None:
        """Set the holding of this id, or forget it. Its account need not be here."""
        self._employed = {}
        if old := self.holdings.pop(id_, None):
            self._held.file(old.account, id_, add=False)
        if holding is not None:
            self.holdings[id_] = holding
            self._held.file(holding.account, id_, add=True)

    def put_purchase(self, id_: str, purchase: Purchase | None) -> None:
        """Set the purchase of this id, or forget it. Its account and contact need not be here."""
        if old := self.purchases.pop(id_, None):
            for subject in {old.account, old.contact}:
                self._bought.file(subject, id_, add=False)
        if purchase is not None:
            self.purchases[id_] = purchase
            for subject in {purchase.account, purchase.contact}:
                self._bought.file(subject, id_, add=True)

    def holdings_of(self, account: str) -> list[Holding]:
        """Return the holdings of an account's id, newest first, undated ones last; empty for ""."""
        if account not in self._held or not account:
            return []
        found = [self.holdings[id_] for id_ in self._held.of(account)]
        return sorted(found, key=lambda one: (-(one.since or date.min).toordinal(), one.id))

    def purchases_of(self, subject: str) -> list[Purchase]:
        """Return the purchases of an account's or contact's id, newest first, undated ones last."""
        found = [self.purchases[id_] for id_ in self._bought.of(subject)] if subject else []
        return sorted(found, key=lambda one: (-(one.at or date.min).toordinal(), one.id))

    def _identities_of(self, contact: Contact) -> tuple[Identity, ...]:
        """Return the identities that the CRM claims for a contact: asked for six times while one is taken in."""
        held = self._own.get(contact.id)
        if held is None or held[0] is not contact:
            if len(self._own) >= _CLAIMED:
                self._own = {}
            held = self._own[contact.id] = contact, identities_of_contact(contact)
        return held[1]

    def _filed_of(self, contact: Contact) -> tuple[Identity, ...]:
        """Return the identities that the CRM claims for a contact, and its name if that is to be watched.

        Telephone numbers lead to who wrote by a messenger; `watched` has none, since a switchboard is a whole firm's.
        """
        claimed = self._identities_of(contact)
        name = watched_name(contact)
        return (*claimed, name) if name else claimed

    def _stems_of(self, contact: Contact) -> frozenset[str]:
        keys = (identity.key for identity in self._identities_of(contact) if identity.type == "handle")
        return frozenset(stem for key in keys if (stem := stem_key(key)))

    def _file_contact(self, contact: Contact, *, add: bool) -> None:
        for identity in self._filed_of(contact):
            self._claims.file(identity.key, contact.id, add)
        for stem in self._stems_of(contact):
            self._stems.file(stem, contact.id, add)
        self._claimed = {}
        self._names.file(contact.id, contact.name, add=add)
        self._slips.file(contact.id, contact.name, add=add)
        if add:
            known = self._known[contact.id] = known_of(contact)
        else:
            known = self._known.pop(contact.id)
        for key in known.work.keys:
            self._staff.file(key, contact.id, add)

    def _file_account(self, account: Account, *, add: bool) -> None:
        for identity in identities_of_account(account):
            self._claims.file(identity.key, account.id, add)
        self._claimed = {}
        for phrase in organisation_phrases(account.name):
            self._phrases.file(phrase, account.id, add)
            self._widths[phrase[0]] = max(self._widths.get(phrase[0], 0), len(phrase))
        if domain := employer_domain(account.domain):
            self._sites.file(domain, account.id, add)
        if key := organisation_key(account.name):
            self._accounts_named.file(key, account.id, add)

    def watched(self, subject: str) -> tuple[Identity, ...]:
        """Return what is watched for a contact or account: its claims, and its names if they are to be watched."""
        names = [
            name
            for record in self.records_of(self.person_of(subject))
            if (contact := self.contacts.get(record)) and (name := watched_name(contact))
        ]
        return (*(identity for identity in self.claims(subject) if identity.type != "phone"), *names)

    def claims(self, subject: str) -> tuple[Identity, ...]:
        """Return the identities of a contact or account: those that its records name and those a person gave it.

        `subject` may be the id of any of the records that people joined; theirs are the identities of all.
        """
        if self._claimed_at != self.decisions.changes or len(self._claimed) > _CLAIMED:
            self._claimed = {}
            self._claimed_at = self.decisions.changes
        person = self.person_of(subject)
        if (found := self._claimed.get(person)) is None:
            found = self._claimed[person] = self._claims_of(person)
        return found

    def _claims_of(self, person: str) -> tuple[Identity, ...]:
        claims: dict[str, Identity] = {}
        lefts: set[str] = set()
        for record in self.records_of(person):
            contact, account = self.contacts.get(record), self.accounts.get(record)
            named = self._identities_of(contact) if contact else identities_of_account(account) if account else ()
            for identity in named:
                claims.setdefault(identity.key, identity)
        for record in self.decisions.person(person).members if claims or self.is_known(person) else ():
            lefts.update(self.decisions.lefts(record))
        for key in sorted(left for left in lefts if is_identity_key(left)):
            decision = self.stance(key, person)
            if decision is not None and decision.verb == "same":
                platform, kind, value = key.split(":", 2)
                claims[key] = Identity(
                    platform=platform,
                    type=cast("IdentityType", kind),
                    value=value,
                    subject=person,
                    claimed_by="decision",
                    verified=True,
                )
            elif decision is not None and decision.verb == "not the same":
                claims.pop(key, None)
        return tuple(
            identity if identity.subject == person else msgspec.structs.replace(identity, subject=person)
            for identity in claims.values()
        )

    def keys_of(self, subjects: Iterable[str]) -> frozenset[str]:
        """Return the keys of all that contacts and accounts claim."""
        return frozenset(identity.key for subject in subjects for identity in self.claims(subject))

    def stance(self, key: str, subject: str) -> Decision | None:
        """Return the newest standing decision on an identity and any record of a contact or account, or None."""
        if self.decisions.is_alone(subject):
            return self.decisions.on(key, subject)
        members = self.decisions.person(subject).members
        return newest(decision for record in members if (decision := self.decisions.on(key, record)))

    def owners(self, key: str) -> tuple[str, ...]:
        """Return the contacts and accounts that an identity stands for: people's word first, else the CRM's.

        Each by the id under which it is seen (`person_of`). More than one contact means that nobody knows whose it is.
        """
        named = self._claims.of(key)
        rights = self.decisions.of(key)
        if not rights:
            return named if len(named) < 2 and not self._joined(named) else self._persons(named)
        decided = {person: self.stance(key, person) for person in self._persons(rights) if self.is_known(person)}
        same = tuple(person for person, decision in decided.items() if decision and decision.verb == "same")
        if same:
            return same
        refused = {person for person, decision in decided.items() if decision and decision.verb == "not the same"}
        return tuple(person for person in self._persons(named) if person not in refused)

    def _joined(self, records: Iterable[str]) -> bool:
        return not all(map(self.decisions.is_alone, records))

    def _persons(self, records: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted({self.person_of(record) for record in records}))

    def claiming(self, keys: Iterable[str]) -> set[str]:
        """Return everybody for whom a record or a person claims one of the identities: their profiles say so."""
        found = {other for key in keys for other in (*self._claims.of(key), *self.decisions.of(key))}
        return {person for record in found for person in (record, self.person_of(record))}

    def with_stem(self, key: str) -> tuple[str, ...]:
        """Return the contacts whose record has a handle of this stem (`stem_key`), in order."""
        return self._stems.of(key)

    def person(self, subject: str) -> Person:
        """Return who stands behind an id: all records that people joined, with what contradicts that.

        Members that no record came for, or that are gone, still join the others.
        """
        person = self.decisions.person(subject)
        return person if self.decisions.is_alone(subject) else person._replace(id=self.person_of(subject))

    def person_of(self, subject: str) -> str:
        """Return the id under which the record of this id is seen: the smallest of those that people joined with it.

        Of those that are here; where none is, of all.
        """
        if self.decisions.is_alone(subject):
            return subject
        members = self.decisions.person(subject).members
        return next((member for member in members if self.is_known(member)), members[0])

    def records_of(self, person: str) -> tuple[str, ...]:
        """Return the ids of the records that are seen under this id, it first; empty where nobody is known by it."""
        if self.decisions.is_alone(person):
            return (person,) if self.is_known(person) else ()
        if self.person_of(person) != person:
            return ()
        return tuple(member for member in self.decisions.person(person).members if self.is_known(member))

    def record_naming(self, person: str, keys: Iterable[str]) -> str:
        """Return the first of a person's records that names one of these identities, or was given it; else its id."""
        records = self.records_of(person)
        if len(records) < 2:
            return person
        named = {record for key in keys for record in (*self._claims.of(key), *self.decisions.of(key))}
        return next((record for record in records if record in named), person)

    @property
    def across_networks(self) -> bool:
        """True unless people turned off that what is known on one platform tells whose an account on another is."""
        return self.decisions.is_on(ACROSS_NETWORKS)

    def is_known(self, subject: str) -> bool:
        """True for a contact or account that is here."""
        return subject in self.contacts or subject in self.accounts

    def name_of(self, subject: str) -> str:
        """Return the name of a contact or account; "" where it has none."""
        if contact := self.contacts.get(subject):
            return contact.name
        account = self.accounts.get(subject)
        return account.name if account else ""

    def reference_of(self, subject: str) -> str:
        """Return what the CRM calls a contact or account: its first external id, else our own."""
        record: Contact | Account | None = self.contacts.get(subject) or self.accounts.get(subject)
        return record.external_ids[0].value if record and record.external_ids else subject

    def people_named_in(self, text: Text) -> list[tuple[Contact, Named]]:
        """Return the contacts who may be named in the text, in order of id: see `NameIndex.named_in`."""
        return [(self.contacts[named.contact], named) for named in self._names.named_in(text)]

    def places_of_names_in(self, text: Text) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
        """Return where the names of contacts may stand in the text: see `NameIndex.places_in`."""
        return self._names.places_in(text)

    def people_mistyped_in(self, text: Text, firms: Iterable[AccountNamed]) -> list[tuple[Contact, Named]]:
        """Return the staff of `firms`, named in the text, of whose given and family name it has one only, in order.

        By it may stand the other, with a slip of the pen; `Named.places` are those of the one that is there.
        """
        keys = {key for one in firms for key in _staff_keys(one.account)}
        if not keys:
            return []
        # Of the two lists the shorter one is gone through: few work there, or few are called so.
        near = self._slips.near(text)
        found = []
        for id_ in sorted({id_ for key in keys for id_ in near.intersection(self._staff.held(key))} if near else ()):
            contact = self.contacts[id_]
            if (at := _one_end_in(contact.name, text)) and person_name(contact.name):
                found.append((contact, Named(id_, contact.name, tuple(at), weak=False)))
        return found

    def bearers(self, name: PersonName) -> int:
        """Return how many contacts bear a family name, roughly: see `NameIndex.bearers`."""
        return self._names.bearers(name)

    def accounts_called(self, phrase: tuple[str, ...]) -> tuple[str, ...]:
        """Return the accounts whose name without its legal form these tokens are, in order."""
        return self._phrases.of(phrase)

    def accounts_named_in(self, text: Text) -> list[AccountNamed]:
        """Return each place where an account's name stands."""
        # Thousands of names may begin with a word, so it is whole names that are looked up.
        tokens, phrases = text.tokens, self._phrases
        there = {
            phrase
            for opening in self._widths.keys() & text.vocabulary
            for at in text.places.of(opening)
            for width in range(1, self._widths[opening] + 1)
            if (phrase := tuple(tokens[at : at + width])) in phrases
        }
        found = []
        for phrase in there:
            for id_ in phrases.of(phrase):
                account = self.accounts[id_]
                spelled = organisation_phrases(account.name).index(phrase)
                places = find_organisation(text, account.name, phrase)
                found += [((phrase[0], id_, spelled, at), AccountNamed(account, phrase, at)) for at in places]
        return [one for _, one in sorted(found, key=lambda one: one[0])]

    def accounts_at(self, domain: str) -> tuple[str, ...]:
        """Return the accounts whose registrable domain it is, in order."""
        return self._sites.of(domain)

    def employer_of(self, contact: Contact) -> Account | None:
        """Return the account that a contact works for, or None.

        By the domain of an e-mail address where one account has it, else by the organisation's name where one has it.
        """
        return self._employer_at(self._known[contact.id].work)

    def _employer_at(self, work: Workplace) -> Account | None:
        for domain in work.domains:
            if len(ids := self._sites.of(domain)) == 1:
                return self.accounts[ids[0]]
        if (key := organisation_key(work.organisation)) and len(ids := self._accounts_named.of(key)) == 1:
            return self.accounts[ids[0]]
        return None

    def known(self, contact: str) -> Known:
        """Return the words by which a text may mean a contact of this id, which is here, as its record has them."""
        return self._known[contact]

    def employed(self, work: Workplace) -> Employed:
        """Return whom those work for who have this place of work, and what is known of them."""
        found = self._employed.get(work)
        if found is None:
            if len(self._employed) >= _EMPLOYED:
                self._employed = {}
            employer = self._employer_at(work)
            held = self.holdings_of(employer.id) if employer else ()
            found = self._employed[work] = Employed.at(work, employer, tuple(one.product for one in held))
        return found

    def staff_of(self, account: Account) -> tuple[str, ...]:
        """Return the contacts who work for an account, in order."""
        return tuple(
            id_
            for id_ in sorted(self._may_work_for(account))
            if (employer := self.employer_of(self.contacts[id_])) is not None and employer.id == account.id
        )

    def _may_work_for(self, account: Account) -> set[str]:
        return {id_ for key in _staff_keys(account) for id_ in self._staff.of(key)}

    def reach_of_contact(self, id_: str) -> Reach:
        """Return what the contact, as it is now, touches; only itself and decisions on it where there is none."""
        reach = self._decided(id_)
        contact = self.contacts.get(id_)
        if contact is None:
            return reach
        keys = frozenset(identity.key for identity in self._filed_of(contact))
        employer = self.employer_of(contact)
        profiles = self.claiming(keys) | reach.profiles | ({employer.id} if employer else set())
        return replace(
            reach,
            keys=reach.keys | keys | self._stems_of(contact),
            # Of what a record names, claims lack what is refused; and that may be refused no more.
            joined=reach.joined | keys,
            phrases=self._names.reach(contact.name) | self._mistyped_beside(contact),
            profiles=frozenset(profiles),
        )

    def _mistyped_beside(self, contact: Contact) -> frozenset[tuple[str, ...]]:
        """Return sets of keys of which every text holds one that `people_mistyped_in` may find the contact in."""
        ids = {*self._accounts_named.of(organisation_key(contact.organisation))}
        ids |= {id_ for domain in self._known[contact.id].work.domains for id_ in self._sites.of(domain)}
        return frozenset(
            tuple(sorted({name_key(end), *name_keys(list(phrase))}))
            for id_ in ids
            for phrase in organisation_phrases(self.accounts[id_].name)
            for end in ends_of_name(contact.name)
        )

    def reach_of_account(self, id_: str) -> Reach:
        """Return what the account, as it is now, touches; only itself and decisions on it where there is none."""
        reach = self._decided(id_)
        account = self.accounts.get(id_)
        if account is None:
            return reach
        keys = {identity.key for identity in identities_of_account(account)}
        profiles = self.claiming(keys) | reach.profiles
        # Another account of that name or domain makes an employer ambiguous; so it touches every party to that.
        staff = self._may_work_for(account)
        profiles |= {employer.id for one in staff if (employer := self.employer_of(self.contacts[one]))}
        profiles |= {*self._accounts_named.of(organisation_key(account.name))}
        profiles |= {*self._sites.of(employer_domain(account.domain))}
        if domain := site_domain(account.domain):
            keys.add(site_key(domain))
        phrases = {tuple({*name_keys(list(phrase))}) for phrase in organisation_phrases(account.name)}
        return replace(
            reach,
            keys=reach.keys | keys,
            joined=reach.joined | keys,
            phrases=frozenset(phrases),
            subjects=reach.subjects | staff,
            profiles=frozenset(profiles),
        )

    def reach_of_holding(self, id_: str) -> Reach:
        """Return what the holding, as it is now, touches: the account's profile, and whatever shows the people there.

        A product that their firm has is evidence for somebody named beside it.
        """
        holding = self.holdings.get(id_)
        if holding is None:
            return Reach()
        account = self.accounts.get(holding.account)
        staff = frozenset(self.staff_of(account)) if account else frozenset[str]()
        return Reach(subjects=staff, profiles=frozenset({holding.account, *staff}))

    def reach_of_purchase(self, id_: str) -> Reach:
        """Return what the purchase, as it is now, touches: the profiles of its account and its contact."""
        purchase = self.purchases.get(id_)
        return Reach(profiles=frozenset({purchase.account, purchase.contact} - {""}) if purchase else frozenset())

    def reach_of_decision(self, id_: str) -> Reach:
        """Return what the decision touches, or what the decision that it withdraws does; empty where unknown."""
        decision = self.decisions.get(id_)
        if decision is None or (about := self.decisions.subject_of(decision)) is None:
            return Reach()
        if about.left == "policy":
            return Reach(authors=True)
        if is_record_id(about.left):
            return Reach.of([self._reach_of_record(record) for record in sorted(self._around(about.left, about.right))])
        if not is_identity_key(about.left):
            # Of two posts that are one event, or are not, both show it.
            return Reach(mentions=frozenset(one for one in (about.left, about.right) if not is_record_id(one)))
        around = self._around(about.right)
        return Reach(
            keys=frozenset({about.left}),
            joined=frozenset({about.left}),
            claimants=around,
            profiles=frozenset(self.claiming({about.left}) | around),
        )

    def _around(self, *records: str) -> frozenset[str]:
        return frozenset().union(*(self.decisions.around(record) for record in records if record))

    def _reach_of_record(self, record: str) -> Reach:
        if record in self.contacts:
            return self.reach_of_contact(record)
        return self.reach_of_account(record) if record in self.accounts else self._decided(record)

    def _decided(self, subject: str) -> Reach:
        around = self.decisions.around(subject)
        lefts = {left for record in around for left in self.decisions.lefts(record)}
        keys = frozenset(left for left in lefts if is_identity_key(left))
        own = self.keys_of((subject,)) if self.is_known(subject) or len(around) > 1 or keys else keys
        return Reach(
            # Of several records of one person each shows what the CRM calls the first.
            keys=keys if len(around) == 1 else keys | own,
            joined=own,
            mentions=frozenset(lefts) - keys - around,
            subjects=frozenset({subject, self.person_of(subject)}),
            profiles=frozenset(self.claiming(keys)) | around,
        )


def _staff_keys(account: Account) -> list[str]:
    """Return which of the `Workplace.keys` of a contact say that it may work for an account."""
    return [key for key in (employer_domain(account.domain), " ".join(organisation_key(account.name))) if key]


def _one_end_in(name: str, text: Text) -> list[int]:
    """Return where one end of a name stands in the text, if just one of both does."""
    ends = ends_of_name(name)
    there = [end for end in ends if end in text.vocabulary]
    return text.places.of(there[0]) if len(there) == 1 and len(ends) > 1 else []
