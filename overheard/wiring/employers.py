"""Accounts made of contacts whose employer is nobody's account yet, so that a list of people alone gives firms too.

They are a function of the contacts and of the accounts that a CRM or a list gives: worked out at every import of
either, so any order of imports ends the same. Where an account that was given stands for one, the made one goes, and
what was put on it moves.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from msgspec.structs import replace
from rapidfuzz import fuzz

from overheard.crm.rows import LIST
from overheard.matcher.ledger.reading import decisions_in, facts_in
from overheard.matcher.names.organisations import employer_domain, organisation_key
from overheard.records import (
    Account,
    Contact,
    Event,
    ExternalId,
    Holding,
    Purchase,
    Term,
    account_id,
    decode,
    digest,
    event_for,
    holding_id,
    is_tombstone_of,
    purchase_id,
)
from overheard.text import fold
from overheard.wiring.system import System, utc_now

SOURCE = "/import/employers"  # of the events of made accounts, which nobody gave
Key = tuple[str, ...]
# Names at one mail domain as near as this are one firm: "Alpha Gears", "Alpha Gears Pune", "Alfa Gears".
_SIMILAR = 85
# A mail domain tells a firm where so many of those who name one name the same; else many firms have mail there.
_MOST = 2 / 3
# What stands in a column of companies and is none.
_NOBODY = frozenset(
    {"", "-", "na", "n/a", "nil", "none", "null", "no", "unknown", "other", "others", "not applicable", "tbd", "test"}
    | {"self", "self employed", "freelance", "freelancer", "individual", "personal", "private", "retired", "student"}
    | {"consultant", "proprietor", "स्वयं", "निजी", "selbstständig", "privat"}
)
_NAMED = 3  # accounts that a note names


class Employers(NamedTuple):
    """What follows from an import for the accounts that are made: events for `facts`, and sentences for people."""

    events: tuple[Event[Any], ...] = ()
    notes: tuple[str, ...] = ()


class _Firm(NamedTuple):
    """A firm as contacts tell it: the names that it goes by, and its mail domains, most used first."""

    names: Counter[str]
    keys: frozenset[Key]
    domains: tuple[str, ...]

    @property
    def name(self) -> str:
        return min(self.names, key=lambda name: (-self.names[name], name)) if self.names else self.domains[0]

    def account(self) -> Account:
        domain = next(iter(self.domains), "")
        value = domain or " ".join(min(self.keys))
        external = ExternalId(system=LIST, value=value)
        return Account(id=account_id(LIST, value), external_ids=(external,), name=self.name, domain=domain)


@dataclass(frozen=True, slots=True)
class _Known:
    """Accounts that were given, and the firm itself, by name and mail domain; an id is "" for the firm itself."""

    by_key: Mapping[Key, Collection[str]]
    by_domain: Mapping[str, Collection[str]]

    @classmethod
    def of(cls, accounts: Iterable[Account], own: Iterable[tuple[str, str]]) -> "_Known":
        by_key: dict[Key, set[str]] = defaultdict(set)
        by_domain: dict[str, set[str]] = defaultdict(set)
        named = [(one.id, one.name, one.domain) for one in accounts] + [("", name, domain) for name, domain in own]
        for id_, name, domain in named:
            for key in _keys(name):
                by_key[key].add(id_)
            if domain := employer_domain(domain):
                by_domain[domain].add(id_)
        return cls(by_key, by_domain)

    def stand_for(self, firm: _Firm) -> set[str]:
        """Return the ids of those that a firm is: by a domain, else by a name; as the matcher finds an employer."""
        by_domain = {id_ for domain in firm.domains for id_ in self.by_domain.get(domain, ())}
        return by_domain or {id_ for key in firm.keys for id_ in self.by_key.get(key, ())}


def employers_of(
    contacts: Iterable[Contact], accounts: Iterable[Account], own: Iterable[tuple[str, str]] = ()
) -> dict[str, Account]:
    """Return, by id, the accounts that contacts work for and that no given account, nor the firm itself, stands for.

    A firm is told by the name of the organisation without its legal form, and by the domain of e-mail addresses that is
    no mail provider's. A domain where people name several firms tells none; two names at one domain that are nearly the
    same are one firm. `own` are the firm's own (name, domain). Pure, and without regard to order.
    """
    return _wanted(_firms(contacts), _Known.of(accounts, own))


def _firms(contacts: Iterable[Contact]) -> list[_Firm]:
    spelled: dict[Key, Counter[str]] = defaultdict(Counter)
    at: dict[str, Counter[Key]] = defaultdict(Counter)  # domain -> names that people there work under
    for contact in contacts:
        name = " ".join(contact.organisation.split())
        key = next(iter(_keys(name)), ())
        if key:
            spelled[key][name] += 1
        for domain in {domain for email in contact.emails if (domain := employer_domain(email))}:
            at[domain][key] += 1
    main = {domain: told for domain, keys in at.items() if (told := _main(keys)) is not None}
    # A name goes with the most used domain that tells it, and takes the names with it that are nearly the same there.
    domains: dict[Key, list[tuple[int, str]]] = defaultdict(list)
    homes: dict[Key, list[tuple[int, Key]]] = defaultdict(list)
    for domain, home in main.items():
        domains[home].append((-at[domain].total(), domain))
        for key in at[domain]:
            if key and _alike(key, home):
                homes[key].append((-at[domain][key], home))
    same = {key: min(found)[1] for key, found in homes.items()}
    groups: dict[Key, set[Key]] = defaultdict(set)
    for key in spelled:
        groups[_root(same, key)].add(key)
    firms = []
    for home, keys in groups.items():
        found = sorted({one for key in {home, *keys} for one in domains.get(key, ())})
        names = sum((spelled[key] for key in keys), Counter[str]())
        firms.append(_Firm(names, frozenset(keys), tuple(domain for _, domain in found)))
    firms += [_Firm(Counter(), frozenset(), (domain,)) for _, domain in domains.get((), ())]
    return firms


def _root(same: Mapping[Key, Key], key: Key) -> Key:
    """Return the name at the end of a chain of names that are the same; of a circle the least."""
    seen = [key]
    while (following := same.get(seen[-1], seen[-1])) not in seen:
        seen.append(following)
    return min(seen[seen.index(following) :])


def _main(keys: Counter[Key]) -> Key | None:
    """Return the name that a domain tells, () where nobody there names one, None where they name several firms."""
    named = Counter({key: count for key, count in keys.items() if key})
    if not named:
        return ()
    best = min(named, key=lambda key: (-named[key], len(key), key))
    alike = sum(count for key, count in named.items() if _alike(key, best))
    return best if alike >= _MOST * named.total() else None


def _alike(one: Key, other: Key) -> bool:
    return fuzz.token_set_ratio(" ".join(one), " ".join(other)) >= _SIMILAR


def _keys(name: str) -> list[Key]:
    """Return the names that an organisation's name stands for, with & and with "and"; empty for what is no firm."""
    if fold(name).replace("-", " ").strip() in _NOBODY or not any(c.isalpha() for c in name):
        return []
    found = [organisation_key(name.replace("&", " and ")), organisation_key(name)]
    return [key for key in dict.fromkeys(found) if key]


def following(system: System, events: Sequence[Event[Any]], column: str = "") -> Employers:
    """Return what follows from importing contacts and accounts (their `events`) for the accounts that are made.

    The ledger must be up to date. `column` is where a list has its companies. Nothing is written.
    """
    contacts = {one.id: one for one in facts_in(system.folder, Contact)}
    accounts = {one.id: one for one in facts_in(system.folder, Account)}
    contacts |= {event.subject: event.data for event in events if isinstance(event.data, Contact)}
    accounts |= {event.subject: event.data for event in events if isinstance(event.data, Account)}
    made = _made(system, accounts.values(), {event.subject for event in events})
    given = [account for id_, account in accounts.items() if id_ not in made]
    there = {id_: event.data for id_, event in made.items()}
    firms = _firms(contacts.values())
    known = _Known.of(given, _own(system))
    makes = system.settings.crm.make_accounts
    wanted = _wanted(firms, known) if makes else {}
    with system.looking_up_facts() as fact:
        out = [_event(wanted[id_], fact(id_)) for id_ in sorted(wanted.keys() - there.keys())]
    changed = [id_ for id_ in sorted(wanted.keys() & there.keys()) if wanted[id_] != there[id_]]
    out += [_event(wanted[id_], made[id_]) for id_ in changed]
    gone = sorted(there.keys() - wanted.keys())
    out += [_event(there[id_], made[id_], gone=True) for id_ in gone]
    heirs = {id_: _heir(there[id_], firms, known, wanted) for id_ in gone}
    moves, left = _moved(system, heirs)
    # Nothing is told of one that only has a better id by now, of a mail domain that was not known before.
    fresh = [wanted[id_].name for id_ in sorted(wanted.keys() - there.keys() - set(heirs.values()))]
    replaced = [there[id_].name for id_ in gone if heirs[id_] not in wanted]
    return Employers((*out, *moves), tuple(_told(fresh, replaced, left, column=column, makes=makes)))


def bare(event: Event[Any] | None) -> Event[Any] | None:
    """Return the newest event of an account as an import of accounts is to see it: one that was made is not there."""
    return replace(event, verb="Delete") if event is not None and event.source == SOURCE else event


def _wanted(firms: Iterable[_Firm], known: _Known) -> dict[str, Account]:
    found = (firm.account() for firm in firms if not known.stand_for(firm))
    return {account.id: account for account in found}


def _made(system: System, accounts: Iterable[Account], brought: Collection[str]) -> dict[str, Event[Any]]:
    """Return the newest events of the accounts that were made, by id; those that are `brought` now are given."""
    listed = [one.id for one in accounts if one.external_ids[0].system == LIST and one.id not in brought]
    found = system.log.latest("facts", listed) if listed else {}
    events = {id_: decode(record.value) for id_, record in found.items() if record.value is not None}
    return {id_: event for id_, event in events.items() if event.source == SOURCE and not is_tombstone_of(event)}


def _own(system: System) -> list[tuple[str, str]]:
    """Return the firm's own names and domains: its people's employer is no account."""
    firm = system.settings.firm
    terms = [term for term in facts_in(system.folder, Term) if term.kind == "own-company"]
    return [(firm.name, firm.domain), *((alias, "") for term in terms for alias in term.aliases)]


def _heir(account: Account, firms: Iterable[_Firm], known: _Known, wanted: Mapping[str, Account]) -> str:
    """Return the id of the one account that stands now for one that goes; "" where there is none, or several."""
    keys = set(_keys(account.name))
    for firm in firms:
        if account.domain in firm.domains or (keys & firm.keys and not account.domain):
            found = known.stand_for(firm) or ({firm.account().id} & wanted.keys())
            return found.pop() if len(found) == 1 else ""
    return ""


def _moved(system: System, heirs: Mapping[str, str]) -> tuple[list[Event[Any]], int]:
    """Return the events that put what accounts had, bought and were decided on onto their heirs; how many have none."""
    if not heirs:
        return [], 0
    out: list[Event[Any]] = []
    left = 0
    trade: list[Holding | Purchase] = [*facts_in(system.folder, Holding), *facts_in(system.folder, Purchase)]
    for one in trade:
        if one.account not in heirs:
            continue
        if heir := heirs[one.account]:
            out += _put_on(system, one, heir)
        else:
            left += 1
    decisions = decisions_in(system.folder)
    for old, heir in heirs.items():
        standing = [said for side in decisions.lefts(old) if (said := decisions.on(side, old)) is not None]
        left += 0 if heir else len(standing)
        for decision in standing if heir else ():
            again = replace(decision, id=f"dec_{digest('moved', decision.id, heir)}", right=heir)
            out.append(event_for(again, subject=again.id, source=SOURCE, time=utc_now(), cause="decision"))
    return out, left


def _put_on(system: System, one: Holding | Purchase, heir: str) -> list[Event[Any]]:
    (external, *others) = one.external_ids
    event = system.fact(one.id)
    if external.system != LIST or one.account not in external.value:
        return [_event(replace(one, account=heir), event)]
    # Its id was made of its account, and would be another one at the next import of its list.
    external = replace(external, value=external.value.replace(one.account, heir))
    new_id = (holding_id if isinstance(one, Holding) else purchase_id)(external.system, external.value)
    new = replace(one, id=new_id, external_ids=(external, *others), account=heir)
    return [_event(one, event, gone=True), _event(new, system.fact(new_id))]


def _event(record: Account | Holding | Purchase, before: Event[Any] | None, *, gone: bool = False) -> Event[Any]:
    is_new = before is None or is_tombstone_of(before)
    return event_for(
        record,
        subject=record.id,
        source=SOURCE,
        time=utc_now(),
        verb="Delete" if gone else "Create" if is_new else "Update",
        sourceversion=0 if before is None else before.sourceversion + 1,
        cause="back-fill",
    )


def _told(fresh: Sequence[str], replaced: Sequence[str], left: int, *, column: str, makes: bool) -> Iterable[str]:
    """Yield the sentences that tell of accounts that are made and that go. `makes`: as the settings say."""
    if fresh:
        of = f"the column {column!r} and of mail domains" if column else "organisations and mail domains of contacts"
        yield (
            f"{_many(len(fresh), 'account')} made of {of}, since none that is known is called so: {_some(fresh)}. "
            "To leave that: make_accounts = false under [crm] in the settings"
        )
    if replaced:
        why = "accounts that were given stand for them" if makes else "make_accounts is false"
        yield f"{_many(len(replaced), 'account')} that had been made of contacts gone, since {why}: {_some(replaced)}"
    if left:
        things = _many(left, "holding, purchase or decision", "holdings, purchases and decisions")
        yield f"{things} of accounts that are gone put on none: no account, or more than one, is called as they were"


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def _some(names: Sequence[str]) -> str:
    found = sorted(names)
    return ", ".join(found[:_NAMED]) + (f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else "")
