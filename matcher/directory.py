"""The directory: contacts, accounts, what they have and bought, and what people decided, indexed for being found.

In memory; a function of the records that were put, not of their order. Knows no mention and no database.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import cast, get_args

from overheard.identities import identities_of_account, identities_of_contact, watched_name
from overheard.matcher.decisions import Decisions
from overheard.matcher.multi import Multi
from overheard.matcher.nameindex import NameIndex
from overheard.matcher.names import PersonName, Text
from overheard.matcher.organisations import (
    employer_domain,
    find_organisation,
    organisation_key,
    organisation_phrases,
    site_domain,
)
from overheard.records import Account, Contact, Holding, Identity, Purchase
from overheard.records.identity import IdentityType


@dataclass(frozen=True, slots=True)
class Reach:
    """What a contact, an account or a decision may touch.

    `keys` are identity keys and site domains (`site:example.com`), `phrases` sets of tokens that a text must hold all
    of, `subjects` contacts and accounts whose incidents and profiles show it, `profiles` those whose profile alone
    does, `mentions` ids of single mentions.
    """

    keys: frozenset[str] = frozenset()
    phrases: frozenset[tuple[str, ...]] = frozenset()
    subjects: frozenset[str] = frozenset()
    profiles: frozenset[str] = frozenset()
    mentions: frozenset[str] = frozenset()

    @classmethod
    def of(cls, reaches: "Sequence[Reach]") -> "Reach":
        """Return what all of them touch."""
        return cls(
            keys=frozenset().union(*(one.keys for one in reaches)),
            phrases=frozenset().union(*(one.phrases for one in reaches)),
            subjects=frozenset().union(*(one.subjects for one in reaches)),
            profiles=frozenset().union(*(one.profiles for one in reaches)),
            mentions=frozenset().union(*(one.mentions for one in reaches)),
        )


def _watched_of(contact: Contact) -> tuple[Identity, ...]:
    """Return the identities that the CRM claims for a contact, and its name if that is to be watched.

    No phone number: a switchboard is a whole firm's, so none may link anybody, nor let a post pass.
    """
    claimed = tuple(identity for identity in identities_of_contact(contact) if identity.type != "phone")
    name = watched_name(contact)
    return (*claimed, name) if name else claimed


def is_identity_key(left: str) -> bool:
    """True where the left side of a decision is an identity's key, not a mention's id."""
    parts = left.split(":", 2)
    return len(parts) == 3 and parts[1] in get_args(IdentityType)


def site_key(domain: str) -> str:
    """Return the key under which mentions that link to a firm's site are filed."""
    return f"site:{domain}"


class Directory:
    """Contacts, accounts, holdings, purchases and decisions, with the ways to find them. Changed by the `put`s only."""

    def __init__(self) -> None:
        self.contacts: dict[str, Contact] = {}
        self.accounts: dict[str, Account] = {}
        self.holdings: dict[str, Holding] = {}
        self.purchases: dict[str, Purchase] = {}
        self.decisions = Decisions()
        self._claims: Multi[str] = Multi()  # identity key -> contacts and accounts whose record names it
        self._names = NameIndex()
        self._phrases: Multi[tuple[str, ...]] = Multi()  # name of an organisation in tokens -> accounts
        self._openings: Multi[str] = Multi()  # first token of such a name -> accounts
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
        if old := self.accounts.pop(id_, None):
            self._file_account(old, add=False)
        if account is not None:
            self.accounts[id_] = account
            self._file_account(account, add=True)

    def put_holding(self, id_: str, holding: Holding | None) -> None:
        """Set the holding of this id, or forget it. Its account need not be here."""
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
        found = [self.holdings[id_] for id_ in self._held.of(account)] if account else []
        return sorted(found, key=lambda one: (-(one.since or date.min).toordinal(), one.id))

    def purchases_of(self, subject: str) -> list[Purchase]:
        """Return the purchases of an account's or contact's id, newest first, undated ones last."""
        found = [self.purchases[id_] for id_ in self._bought.of(subject)] if subject else []
        return sorted(found, key=lambda one: (-(one.at or date.min).toordinal(), one.id))

    def _file_contact(self, contact: Contact, *, add: bool) -> None:
        for identity in _watched_of(contact):
            self._claims.file(identity.key, contact.id, add)
        self._names.file(contact.id, contact.name, add=add)
        for key in _employer_keys(contact):
            self._staff.file(key, contact.id, add)

    def _file_account(self, account: Account, *, add: bool) -> None:
        for identity in identities_of_account(account):
            self._claims.file(identity.key, account.id, add)
        for phrase in organisation_phrases(account.name):
            self._phrases.file(phrase, account.id, add)
            self._openings.file(phrase[0], account.id, add)
        if domain := employer_domain(account.domain):
            self._sites.file(domain, account.id, add)
        if key := organisation_key(account.name):
            self._accounts_named.file(key, account.id, add)

    def watched(self, subject: str) -> tuple[Identity, ...]:
        """Return what is watched for a contact or account: its claims, and its name if that is to be watched."""
        contact = self.contacts.get(subject)
        name = watched_name(contact) if contact else None
        claims = tuple(identity for identity in self.claims(subject) if identity.type != "phone")
        return (*claims, name) if name else claims

    def claims(self, subject: str) -> tuple[Identity, ...]:
        """Return the identities of a contact or account: those its record names and those a person gave it."""
        if contact := self.contacts.get(subject):
            found: tuple[Identity, ...] = identities_of_contact(contact)
        elif account := self.accounts.get(subject):
            found = identities_of_account(account)
        else:
            return ()
        decided = {left: self.decisions.on(left, subject) for left in self.decisions.lefts(subject)}
        claims = {identity.key: identity for identity in found}
        for key, decision in decided.items():
            if decision is None or not is_identity_key(key):
                continue
            if decision.verb == "same":
                platform, kind, value = key.split(":", 2)
                claims[key] = Identity(
                    platform=platform,
                    type=cast("IdentityType", kind),
                    value=value,
                    subject=subject,
                    claimed_by="decision",
                    verified=True,
                )
            else:
                claims.pop(key, None)
        return tuple(claims.values())

    def owners(self, key: str) -> tuple[str, ...]:
        """Return the contacts and accounts that an identity stands for: people's word first, else the CRM's.

        More than one contact means that nobody knows whose it is.
        """
        decided = self.decisions.of(key)
        same = tuple(right for right, decision in decided.items() if decision.verb == "same" and self.is_known(right))
        if same:
            return same
        return tuple(subject for subject in self._claims.of(key) if subject not in decided)

    def claiming(self, keys: Iterable[str]) -> set[str]:
        """Return everybody for whom a record or a person claims one of the identities: their profiles say so."""
        return {other for key in keys for other in (*self._claims.of(key), *self.decisions.of(key))}

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

    def people_named_in(self, text: Text) -> list[tuple[Contact, PersonName, list[int]]]:
        """Return the contacts who may be named in the text, in order of id: see `NameIndex.named_in`."""
        return [(self.contacts[id_], name, places) for id_, name, places in self._names.named_in(text)]

    def accounts_called(self, phrase: tuple[str, ...]) -> tuple[str, ...]:
        """Return the accounts whose name without its legal form these tokens are, in order."""
        return self._phrases.of(phrase)

    def accounts_named_in(self, text: Text) -> list[tuple[Account, tuple[str, ...], int]]:
        """Return (account, phrase, position of its first token) for each place where an account's name stands."""
        found: list[tuple[Account, tuple[str, ...], int]] = []
        for opening in sorted(self._openings.among(text.vocabulary)):
            for id_ in self._openings.of(opening):
                account = self.accounts[id_]
                for phrase in organisation_phrases(account.name):
                    if phrase[0] == opening:
                        found.extend((account, phrase, at) for at in find_organisation(text, account.name, phrase))
        return found

    def accounts_at(self, domain: str) -> tuple[str, ...]:
        """Return the accounts whose registrable domain it is, in order."""
        return self._sites.of(domain)

    def employer_of(self, contact: Contact) -> Account | None:
        """Return the account that a contact works for, or None.

        By the domain of an e-mail address where one account has it, else by the organisation's name where one has it.
        """
        for email in contact.emails:
            if (domain := employer_domain(email)) and len(ids := self._sites.of(domain)) == 1:
                return self.accounts[ids[0]]
        if (key := organisation_key(contact.organisation)) and len(ids := self._accounts_named.of(key)) == 1:
            return self.accounts[ids[0]]
        return None

    def staff_of(self, account: Account) -> tuple[str, ...]:
        """Return the contacts who work for an account, in order."""
        return tuple(
            id_
            for id_ in sorted(self._may_work_for(account))
            if (employer := self.employer_of(self.contacts[id_])) is not None and employer.id == account.id
        )

    def _may_work_for(self, account: Account) -> set[str]:
        keys = [employer_domain(account.domain), " ".join(organisation_key(account.name))]
        return {id_ for key in keys if key for id_ in self._staff.of(key)}

    def reach_of_contact(self, id_: str) -> Reach:
        """Return what the contact, as it is now, touches; only itself and decisions on it where there is none."""
        reach = self._decided(id_)
        contact = self.contacts.get(id_)
        if contact is None:
            return reach
        keys = frozenset(identity.key for identity in _watched_of(contact))
        employer = self.employer_of(contact)
        profiles = self.claiming(keys) | reach.profiles | ({employer.id} if employer else set())
        return replace(
            reach,
            keys=reach.keys | keys,
            phrases=self._names.reach(contact.name),
            profiles=frozenset(profiles),
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
        phrases = {tuple(dict.fromkeys(phrase)) for phrase in organisation_phrases(account.name)}
        return replace(
            reach,
            keys=reach.keys | keys,
            phrases=frozenset(phrases),
            subjects=reach.subjects | staff,
            profiles=frozenset(profiles),
        )

    def reach_of_holding(self, id_: str) -> Reach:
        """Return what the holding, as it is now, touches: the profiles of its account and of the people there."""
        holding = self.holdings.get(id_)
        if holding is None:
            return Reach()
        account = self.accounts.get(holding.account)
        return Reach(profiles=frozenset({holding.account, *(self.staff_of(account) if account else ())}))

    def reach_of_purchase(self, id_: str) -> Reach:
        """Return what the purchase, as it is now, touches: the profiles of its account and its contact."""
        purchase = self.purchases.get(id_)
        return Reach(profiles=frozenset({purchase.account, purchase.contact} - {""}) if purchase else frozenset())

    def reach_of_decision(self, id_: str) -> Reach:
        """Return what the decision touches, or what the decision that it withdraws does; empty where unknown."""
        decision = self.decisions.get(id_)
        if decision is None or (about := self.decisions.subject_of(decision)) is None:
            return Reach()
        if not is_identity_key(about.left):
            return Reach(mentions=frozenset({about.left}))
        keys = frozenset({about.left})
        return Reach(keys=keys, profiles=frozenset(self.claiming(keys) | {about.right}))

    def _decided(self, subject: str) -> Reach:
        lefts = self.decisions.lefts(subject)
        keys = frozenset(left for left in lefts if is_identity_key(left))
        return Reach(
            keys=keys,
            mentions=frozenset(lefts) - keys,
            subjects=frozenset({subject}),
            profiles=frozenset(self.claiming(keys)),
        )


def _employer_keys(contact: Contact) -> Iterable[str]:
    domains = {employer_domain(email) for email in contact.emails}
    return {key for key in (*domains, " ".join(organisation_key(contact.organisation))) if key}
