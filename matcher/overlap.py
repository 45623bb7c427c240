"""Several lists of customers laid over each other: who is on which, and which firms; what is sure, what not. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

from overheard.matcher.names.organisations import employer_domain, organisation_key, short_key
from overheard.matcher.pairs import LOOK, Pair, find_pairs
from overheard.records import Contact

On = tuple[int, ...]


class Person(NamedTuple):
    """One person: positions of the records that surely are theirs, and the numbers of the lists that these are on."""

    rows: tuple[int, ...]
    on: On


class Firm(NamedTuple):
    """One firm, as most of its people call it, with its records and lists."""

    name: str
    rows: tuple[int, ...]
    on: On


class Overlap(NamedTuple):
    """What several lists have in common.

    `names` of the lists, `rows` and `people` of each. `combinations`: the number of people by exactly which lists they
    are on, most lists first; `firm_combinations` the same of firms. `shared[i][j]`: people on both lists i and j (where
    i is j, those of the list). `across` are the people on two lists and more, `duplicates` those with several records
    on one list. `to_look_at` are pairs that may be one person, best first. `crowded` are addresses and numbers that too
    many records have to tell anybody.
    """

    names: tuple[str, ...]
    rows: tuple[int, ...]
    people: tuple[int, ...]
    shared: tuple[tuple[int, ...], ...]
    combinations: tuple[tuple[On, int], ...]
    across: tuple[Person, ...]
    duplicates: tuple[Person, ...]
    to_look_at: tuple[Pair, ...]
    sure: tuple[Pair, ...]
    firm_combinations: tuple[tuple[On, int], ...]
    firms: tuple[Firm, ...]
    crowded: tuple[tuple[str, int], ...]


def overlap(
    names: Sequence[str],
    contacts: Sequence[Contact],
    lists: Sequence[int],
    *,
    same_ids: bool = False,
    look: float = LOOK,
) -> Overlap:
    """Return what the lists `names` have in common; `lists` says of each contact which one it is on, by number.

    A person on several lists counts once on each. `same_ids` and `look` are as in `find_pairs`.
    """
    found = find_pairs(contacts, lists=lists, same_ids=same_ids, look=look)
    grouped = {at for group in found.groups for at in group}
    people = [Person(group, _on(group, lists)) for group in found.groups]
    people += [Person((at,), (lists[at],)) for at in range(len(contacts)) if at not in grouped]
    people.sort()
    firms = _firms(contacts, lists)
    numbers = range(len(names))
    return Overlap(
        names=tuple(names),
        rows=tuple(Counter(lists)[i] for i in numbers),
        people=tuple(sum(i in one.on for one in people) for i in numbers),
        shared=tuple(tuple(sum(i in one.on and j in one.on for one in people) for j in numbers) for i in numbers),
        combinations=_combinations(one.on for one in people),
        across=tuple(sorted((one for one in people if len(one.on) > 1), key=lambda one: (-len(one.on), one.rows))),
        duplicates=tuple(one for one in people if _twice_on_one(one, lists)),
        to_look_at=tuple(pair for pair in found.pairs if pair.outcome == "to look at"),
        sure=tuple(pair for pair in found.pairs if pair.outcome == "sure"),
        firm_combinations=_combinations(firm.on for firm in firms),
        firms=tuple(firm for firm in firms if len(firm.on) > 1),
        crowded=found.crowded,
    )


def _on(rows: Sequence[int], lists: Sequence[int]) -> On:
    return tuple(sorted({lists[at] for at in rows}))


def _twice_on_one(person: Person, lists: Sequence[int]) -> bool:
    return any(lists[a] == lists[b] for a, b in combinations(person.rows, 2))


def _combinations(ons: Iterable[On]) -> tuple[tuple[On, int], ...]:
    return tuple(sorted(Counter(ons).items(), key=lambda one: (-len(one[0]), one[0])))


def _firms(contacts: Sequence[Contact], lists: Sequence[int]) -> list[Firm]:
    """Return the firms of the contacts: by the employer's name in any length, else by the domain of their addresses.

    Who names no employer belongs to the one firm that others at the same domain name.
    """
    named: dict[str, set[str]] = defaultdict(set)
    for contact in contacts:
        if key := " ".join(short_key(contact.organisation)):
            for domain in _domains(contact):
                named[domain].add(key)
    rows: dict[str, list[int]] = defaultdict(list)
    for at, contact in enumerate(contacts):
        domains = _domains(contact)
        by_domain = next((f"@{domain}" if len(named[domain]) != 1 else min(named[domain]) for domain in domains), "")
        if key := " ".join(short_key(contact.organisation)) or by_domain:
            rows[key].append(at)
    firms = []
    for key, members in rows.items():
        called = Counter(contacts[at].organisation for at in members if organisation_key(contacts[at].organisation))
        name = min(called, key=lambda one: (-called[one], one)) if called else key.removeprefix("@")
        firms.append(Firm(name, tuple(members), _on(members, lists)))
    return sorted(firms, key=lambda firm: (-len(firm.on), -len(firm.rows), firm.name))


def _domains(contact: Contact) -> list[str]:
    return [domain for email in contact.emails if (domain := employer_domain(email))]
