"""The identity map: whose an identity is, by whom that is claimed, and over which sure steps. Pure decisions.

    people's decisions ─▶ the CRM's own claims ─▶ what profiles showed of each other

The first of the three that speaks for an identity settles it. Two owners are two candidates, never a guess.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from overheard.identities import is_placeholder
from overheard.matcher.features.base import several
from overheard.matcher.identity.clusters import Conflict, Edge, clusters
from overheard.matcher.identity.directory import Directory
from overheard.matcher.ledger.observed import ACCOUNT, ADDRESS, LINK, VERIFIED, Observed, Sight
from overheard.matcher.parties import DECIDED, NAMED_BY_CRM
from overheard.records import ClaimedBy, Evidence, Identity, Outcome, ProfileIdentity
from overheard.records.identity import IdentityType

# What sure steps weigh in the coin of the features, by the least sure of them, and each further step. They link by
# themselves; the weights only order, below what the CRM itself says.
STEPS: Mapping[str, float] = {
    "account id": 6.0,
    "reciprocal link": 5.0,
    "verified e-mail": 5.0,
    "domain": 4.5,
}
_FURTHER = -0.25
_LEAST = 3.5
CLAIMED_BY_OTHERS = -5.0
AGAINST = -6.0

_RANKS = {why: (rank,) for rank, why in enumerate(STEPS)}
_NO_EDGES: tuple[Edge, ...] = ()


class Owner(NamedTuple):
    """A contact or account behind an identity, by the id under which it is seen, with the steps that lead there."""

    subject: str
    outcome: Outcome
    claimed_by: ClaimedBy
    evidence: tuple[Evidence, ...]


class _Claims(NamedTuple):
    """Who claims which keys of a group, for whom people decided one of them, and for whom they refused one."""

    by: dict[str, list[str]]
    decided: set[str]
    refused: set[str]


class Mapped(NamedTuple):
    """Identities of one contact or account, and how many it has in all."""

    identities: tuple[ProfileIdentity, ...]
    total: int


class IdentityMap:
    """Whose identities are, over a directory and what was observed. Reads both, changes neither."""

    def __init__(self, directory: Directory, observed: Observed | None = None) -> None:
        self.directory = directory
        self._observed = observed
        self._accounts: tuple[Sequence[Identity], dict[_Place, list[str]]] = ((), {})

    def prefetch(self, keys: Iterable[str]) -> None:
        """Read what was observed of the authors of a batch in one go."""
        if self._observed is not None:
            self._observed.prefetch(keys)

    def owner(self, key: str) -> str:
        """Return the one contact or account that an identity is sure to be, else ""; a contact before an account."""
        found = [one.subject for one in self.owners((key,)) if one.outcome == "linked"]
        contacts = [subject for subject in found if subject in self.directory.contacts]
        sure = contacts or found
        return sure[0] if len(sure) == 1 else ""

    def owners(self, keys: Sequence[str]) -> tuple[Owner, ...]:
        """Return whose the identities of one author are, in order of id; empty for nobody.

        "linked": one contact, or one account, and nothing against it; else all that it may be are candidates.
        """
        graph = self._graph(keys)
        if graph is _NOTHING_SEEN:
            return tuple(sorted(self._named(keys)))
        reused = graph.reused(keys)
        own = tuple(key for key in keys if key not in reused)
        found = {owner.subject: owner for owner in self._named(own)}
        if not found and graph.joined:
            found = {owner.subject: owner for owner in self._inferred(own, graph)}
        for key, holder in reused.items():
            for subject in self.directory.owners(key):
                if subject not in found:
                    told = Evidence(
                        feature="handle reused",
                        weight=AGAINST,
                        mention_value=key,
                        crm_value=f"first seen with {holder}",
                    )
                    found[subject] = Owner(subject, "candidate", "crm", (self._claim(key, subject), told))
        return tuple(found[subject] for subject in sorted(found))

    def is_held_back(self, keys: Sequence[str]) -> bool:
        """True where somebody would be behind an author, were inference across networks not turned off."""
        if self.directory.across_networks:
            return False
        graph = self._graph(keys)
        own = tuple(key for key in keys if key not in graph.reused(keys))
        return (
            bool(graph.joined) and not any(self.directory.owners(key) for key in own) and bool(self._steps(own, graph))
        )

    def map_of(self, subject: str, limit: int | None = None) -> "Mapped":
        """Return the identities on the map of a contact or account, each with its evidence: claimed ones first.

        Those that sure steps lead to follow in order of their keys. The first `limit`, and how many there are in all.
        `subject` may be any of the ids that stand for it.
        """
        person = self.directory.person_of(subject)
        claims = self.directory.claims(person)
        found = [ProfileIdentity(identity=one, evidence=self._claims_evidence(one, person)) for one in claims[:limit]]
        inferred = self._map_inferred(person, [one.key for one in claims if one.type != "phone"])
        room = None if limit is None else limit - len(found)
        return Mapped((*found, *inferred[:room]), len(claims) + len(inferred))

    def _map_inferred(self, person: str, keys: Sequence[str]) -> list[ProfileIdentity]:
        found: list[ProfileIdentity] = []
        if self._observed is None or not self.directory.across_networks:
            return found
        graph = self._graph(keys)
        for key in sorted(graph.joined - set(keys)):
            platform, kind, value = key.split(":", 2)
            if self._named((key,)):
                continue
            for owner in self._inferred((key,), graph):
                if owner.subject == person and owner.outcome == "linked":
                    identity = Identity(
                        platform=platform,
                        type=cast("IdentityType", kind),
                        value=value,
                        subject=person,
                        claimed_by=owner.claimed_by,
                        verified=True,
                    )
                    found.append(ProfileIdentity(identity=identity, evidence=owner.evidence))
        return found

    def watched(self, keys: Iterable[str]) -> list[tuple[str, Identity | None]]:
        """Return each identity as enrichers watch for it, without times; None where nobody is behind it."""
        held: dict[str, dict[str, Identity]] = {}  # of one owner there may be thousands
        return [(key, self._watched(key, held)) for key in keys]

    def _watched(self, key: str, held: dict[str, dict[str, Identity]]) -> Identity | None:
        for owner in self.owners((key,)):
            if (own := held.get(owner.subject)) is None:
                own = held[owner.subject] = {one.key: one for one in reversed(self.directory.watched(owner.subject))}
            if key in own:
                return own[key]
            platform, _, rest = key.partition(":")
            kind, _, value = rest.partition(":")
            if owner.outcome == "linked" and kind != "phone":
                return Identity(
                    platform=platform,
                    type=cast("IdentityType", kind),
                    value=value,
                    subject=owner.subject,
                    claimed_by=owner.claimed_by,
                    verified=True,
                )
        return None

    def conflicts(self, subject: str) -> tuple[str, ...]:
        """Return the decisions on a contact's or account's records that others contradict, each with its path."""
        return tuple(self._in_words(conflict) for conflict in self.directory.decisions.person(subject).conflicts)

    def _in_words(self, conflict: Conflict) -> str:
        called = self.directory.reference_of
        at, steps = conflict.apart[0], []
        for edge in conflict.path:
            other = edge.b if edge.a == at else edge.a
            steps.append(f"{called(at)} is {called(other)} ({edge.why})")
            at = other
        left, right = (called(end) for end in conflict.apart)
        aside = f"{called(conflict.edge.a)} is {called(conflict.edge.b)} ({conflict.edge.why})"
        return f"set aside: {aside}; {left} is not {right}, but would be: {'; '.join(steps) or 'over many steps'}"

    # --- by name -----------------------------------------------------------------------------------------------------

    def _named(self, keys: Sequence[str]) -> list[Owner]:
        """Return those whom people's decisions or the records themselves name for one of the identities."""
        directory = self.directory
        claims: dict[str, list[str]] = {}
        for key in keys:
            for subject in directory.owners(key):
                claims.setdefault(subject, []).append(key)
        if not claims:
            return []
        decided_on = [key for key in keys if directory.decisions.has(key)]
        decisions = {
            (key, subject): decision
            for subject in claims
            for key in decided_on
            if (decision := directory.stance(key, subject))
        }
        decided = {
            subject for (key, subject), one in decisions.items() if one.verb == "same" and key in claims[subject]
        }
        found = []
        for kind in (directory.contacts, directory.accounts):
            claiming = [subject for subject in claims if subject in kind]
            # Somebody's word about one identity of the author settles whose the others are, too.
            sure = [subject for subject in claiming if subject in decided] or claiming
            for subject in sure:
                evidence = [self._claim(key, subject) for key in claims[subject]]
                doubt = [
                    Evidence(feature="a person is unsure", weight=AGAINST, mention_value=key, crm_value=one.by)
                    for (key, other), one in decisions.items()
                    if other == subject and one.verb == "unsure"
                ]
                alone = (len(sure) == 1 and not doubt) or subject in decided
                if len(sure) > 1 and not alone:
                    evidence.append(self._others(claims[subject][0], subject, sure))
                by: ClaimedBy = "decision" if subject in decided else "crm"
                outcome: Outcome = "linked" if alone else "candidate"
                found.append(Owner(subject, outcome, by, (*evidence, *(() if subject in decided else doubt))))
        return found

    def _others(self, key: str, subject: str, everybody: Iterable[str]) -> Evidence:
        others = [self.directory.reference_of(other) for other in sorted(everybody) if other != subject]
        return Evidence(
            feature="claimed by others too", weight=CLAIMED_BY_OTHERS, mention_value=key, crm_value=several(others[:4])
        )

    def _claim(self, key: str, subject: str) -> Evidence:
        decision = self.directory.stance(key, subject)
        if decision is not None and decision.verb == "same":
            return Evidence(feature="a person decided", weight=DECIDED, mention_value=key, crm_value=decision.by)
        return Evidence(
            feature="identity in the CRM",
            weight=NAMED_BY_CRM,
            mention_value=key,
            crm_value=self.directory.reference_of(self.directory.record_naming(subject, (key,))),
        )

    def _claims_evidence(self, identity: Identity, person: str) -> tuple[Evidence, ...]:
        evidence = self._claim(identity.key, person)
        others = [other for other in self.directory.owners(identity.key) if other != person]
        return (evidence, self._others(identity.key, person, (*others, person))) if others else (evidence,)

    # --- by inference ------------------------------------------------------------------------------------------------

    def _graph(self, keys: Sequence[str]) -> "_Graph":
        if self._observed is None:
            return _NOTHING_SEEN
        sights = [sight for key in keys for sight in self._observed.sights(key)]
        if not sights:
            return _NOTHING_SEEN
        hull = self._observed.hull(keys)
        if hull.issubset(keys):  # an account's handle beside its id, links that nothing returns: most that have any
            return _NOTHING_SEEN
        seen = {sight for key in hull for sight in self._observed.sights(key) if sight.a in hull and sight.b in hull}
        return _Graph(seen, self._is_account_s)

    def _is_account_s(self, key: str) -> bool:
        """True for a page that is an account's own site: it vouches for the account, and joins nobody else."""
        return ":url:" in key and any(owner in self.directory.accounts for owner in self.directory.owners(key))

    def _steps(self, keys: Sequence[str], graph: "_Graph") -> dict[str, tuple[str, tuple[Edge, ...]]]:
        """Return for each owner of what the author's identities are joined with: the key claimed, the steps to it."""
        groups = sorted({graph.group(key) for key in keys}, key=min)
        found: dict[str, tuple[str, tuple[Edge, ...]]] = {}
        claims = [self._claims_in(group, graph) for group in groups]
        refused = {subject for one in claims for subject in one.refused}
        refused |= {
            subject
            for one in claims
            for subject in one.by
            for key in keys
            if (stance := self.directory.stance(key, subject)) is not None and stance.verb == "not the same"
        }
        claimed = {subject for one in claims for subject in one.by} - refused
        decided = {subject for one in claims for subject in one.decided} & claimed
        contacts = {subject for subject in claimed if subject in self.directory.contacts}
        for subject in sorted((contacts & decided) or contacts or claimed):
            ways = [
                way
                for group, one in zip(groups, claims, strict=True)
                if subject in one.by and (way := graph.path(keys, subject, group, one.by[subject]))
            ]
            if ways:
                found[subject] = min(ways, key=lambda way: (len(way[1]), way[0]))
        if not found:
            for edge in graph.sites(keys):
                for subject in self.directory.owners(edge.b):
                    if subject in self.directory.accounts:
                        _, before = graph.path(keys, edge.a, graph.group(edge.a), (edge.a,)) or ("", _NO_EDGES)
                        found.setdefault(subject, (edge.b, (*before, edge)))
        return found

    def _claims_in(self, group: frozenset[str], graph: "_Graph") -> "_Claims":
        """Return who claims what of a group; worked out once for each, since a person's may have thousands."""
        if (held := graph.claims.get(group)) is not None:
            return held
        found = _Claims({}, set(), set())
        for key in sorted(group):
            for subject in self.directory.owners(key):
                found.by.setdefault(subject, []).append(key)
        for subject in found.by:
            verbs = {one.verb for key in group if (one := self.directory.stance(key, subject)) is not None}
            if "not the same" in verbs:
                found.refused.add(subject)
            elif "same" in verbs:
                found.decided.add(subject)
        graph.claims[group] = found
        return found

    def _inferred(self, keys: Sequence[str], graph: "_Graph") -> list[Owner]:
        if not self.directory.across_networks:
            return []
        steps = self._steps(keys, graph)
        found = []
        for subject, (claimed, path) in steps.items():
            by = max((edge.why for edge in path), key=list(STEPS).index)
            weight = max(STEPS[by] + _FURTHER * (len(path) - 1), _LEAST)
            evidence = [
                Evidence(
                    feature=edge.why,
                    weight=weight if edge.why == by and i == [one.why for one in path].index(by) else 0.0,
                    mention_value=f"{edge.a} and {edge.b}",
                    crm_value=self.directory.reference_of(subject),
                )
                for i, edge in enumerate(path)
            ]
            claim = self._claim(claimed, subject)
            evidence.append(
                Evidence(
                    feature=claim.feature, weight=0.0, mention_value=claim.mention_value, crm_value=claim.crm_value
                )
            )
            against = self._against(keys, subject, graph)
            if len(steps) > 1:
                against.append(self._others(claimed, subject, steps))
            outcome: Outcome = "candidate" if against else "linked"
            found.append(Owner(subject, outcome, cast("ClaimedBy", by), (*evidence, *against)))
        return found

    def _against(self, keys: Sequence[str], subject: str, graph: "_Graph") -> list[Evidence]:
        """Return what keeps an inference from linking."""
        against = []
        person = self.directory.person(subject)
        if person.locked:
            against.append(
                Evidence(feature="locked", weight=AGAINST, crm_value=self.directory.reference_of(subject), veto=True)
            )
        for key in keys:
            stance = self.directory.stance(key, subject)
            if stance is not None and stance.verb == "unsure":
                against.append(
                    Evidence(feature="a person is unsure", weight=AGAINST, mention_value=key, crm_value=stance.by)
                )
        if subject in self.directory.contacts:
            claims = self._accounts_by_place(self.directory.claims(subject))
            there = [one for key in keys if (place := _place(key)) for one in claims.get(place, ())]
            joined = (other for key in keys for other in graph.accounts_of(key))
            if other := other_account(keys, (*there, *joined), graph.account):
                against.append(
                    Evidence(
                        feature="another account on that platform",
                        weight=AGAINST,
                        mention_value=next(key for key in keys if _place(key) == _place(other)),
                        crm_value=other,
                        veto=True,
                    )
                )
        return against

    def _accounts_by_place(self, claims: Sequence[Identity]) -> dict["_Place", list[str]]:
        if self._accounts[0] is not claims:  # kept for the last: somebody's map asks for it again and again
            places: dict[_Place, list[str]] = {}
            for identity in claims:
                if place := _place(identity.key):
                    places.setdefault(place, []).append(identity.key)
            self._accounts = (claims, places)
        return self._accounts[1]


_Place = tuple[str, str, str]


def other_account(keys: Sequence[str], known: Iterable[str], account: Mapping[str, str]) -> str:
    """Return the first of the accounts known to be somebody's that is beside these on one platform; "" for none.

    Of the fediverse each server is a platform. A handle is put beside handles, an id beside ids: of a handle and an id
    nobody can tell that they are two. `account` gives for each key the one that stands for its account.
    """
    places = {place: key for key in keys if (place := _place(key))}
    own = {account.get(key, key) for key in keys}
    for other in known:
        if (place := _place(other)) in places and place and account.get(other, other) not in own:
            return other
    return ""


def _place(key: str) -> _Place | None:
    """Return (platform, type, server) of the key of an account; None for what is no account."""
    platform, kind, value = key.split(":", 2)
    return (platform, kind, value.partition("@")[2]) if kind in ("handle", "id") else None


class _Graph:
    """What the keys of one hull come to: which belong to one account, which to one person; joined by sure edges only.

    `account`: key -> the key that stands for its account. `joined`: the keys that may have an owner by inference.
    """

    def __init__(self, sights: Iterable[Sight], is_site: Callable[[str], bool]) -> None:
        ordered = sorted(sights)
        self._holder: dict[str, str] = {}  # handle -> native id that it belongs to, the first seen under it
        for sight in sorted((one for one in ordered if one.kind == ACCOUNT), key=lambda one: (one.first, one.b)):
            self._holder.setdefault(sight.a, sight.b)
        edges = {Edge(handle, native, _RANKS["account id"], "account id") for handle, native in self._holder.items()}
        accounts = clusters((), edges, ()).groups
        self.account = {key: first for group in accounts for first in (min(group),) for key in group}
        steps = self._joining(ordered)
        nodes = {end for edge in steps for end in edge[:2]}
        sites = {node for node in nodes if is_site(node)}
        self._sites = [edge for one in steps for edge in (one, one._replace(a=one.b, b=one.a)) if edge.b in sites]
        hubs = self._hubs(steps) | sites
        hubs |= {node for node in nodes if is_placeholder(node)}
        edges |= {edge for edge in steps if edge.a not in hubs and edge.b not in hubs}
        self._group = {key: group for group in clusters((), edges, ()).groups for key in group}
        self.claims: dict[frozenset[str], _Claims] = {}
        self._places: dict[frozenset[str], dict[_Place, list[str]]] = {}
        self._trees: dict[tuple[str, frozenset[str]], dict[str, tuple[str, Edge | None, int]]] = {}
        self.joined = frozenset(self._group) | {edge.a for edge in self._sites}
        self._near: dict[str, list[Edge]] = {}
        for edge in sorted(edges):
            self._near.setdefault(edge.a, []).append(edge)
            self._near.setdefault(edge.b, []).append(edge)

    def _joining(self, sights: Sequence[Sight]) -> list[Edge]:
        """Return the sure edges between accounts, pages and addresses, in order."""
        kinds = {VERIFIED: "reciprocal link", ADDRESS: "verified e-mail"}
        edges = set()
        # A profile speaks for the account that it was then: who took over a handle does not inherit its friends.
        links = {(self._source(sight), sight.b) for sight in sights if sight.kind == LINK}
        for sight in sights:
            source = self._source(sight)
            if why := kinds.get(sight.kind):
                edges.add(Edge(source, sight.b, _RANKS[why], why))
            elif sight.kind == LINK and (sight.b, source) in links:
                edges.add(
                    Edge(min(source, sight.b), max(source, sight.b), _RANKS["reciprocal link"], "reciprocal link")
                )
        return sorted(edge for edge in edges if edge.a != edge.b)

    def _source(self, sight: Sight) -> str:
        return sight.by if sight.by and self._holder.get(sight.a, sight.by) != sight.by else sight.a

    def _hubs(self, steps: Sequence[Edge]) -> set[str]:
        """Return the pages, addresses and accounts at which one platform has several accounts: they join nobody."""
        seen: dict[tuple[str, _Place], str] = {}
        hubs = set()
        for edge in steps:
            for node, other in ((edge.a, edge.b), (edge.b, edge.a)):
                if place := _place(other):
                    account = self.account.get(other, other)
                    if seen.setdefault((node, place), account) != account:
                        hubs.add(node)
        return hubs

    def reused(self, keys: Sequence[str]) -> dict[str, str]:
        """Return those of an author's keys that another account had first, each with that account's native id.

        The address of a profile goes with its handle.
        """
        natives = {key for key in keys if _is_native(key)}
        taken = {key: holder for key in keys if natives and (holder := self._holder.get(key)) and holder not in natives}
        pages = [key for key in keys if key.startswith("web:url:")] if taken else []
        return taken | {page: holder for page in pages for holder in (next(iter(taken.values())),)}

    def group(self, key: str) -> frozenset[str]:
        """Return the keys of one person, as far as they are joined."""
        return self._group.get(key) or frozenset((key,))

    def accounts_of(self, key: str) -> Sequence[str]:
        """Return the accounts in the group of a key on its own platform, in order."""
        group = self.group(key)
        if group not in self._places:
            places: dict[_Place, list[str]] = {}
            for one in sorted(group):
                if place := _place(one):
                    places.setdefault(place, []).append(one)
            self._places[group] = places
        return self._places[group].get(place, ()) if (place := _place(key)) else ()

    def sites(self, keys: Sequence[str]) -> list[Edge]:
        """Return the edges from what the keys are joined with to sites of accounts."""
        joined = {other for key in keys for other in self.group(key)}
        return [Edge(edge.a, edge.b, _RANKS["domain"], "domain") for edge in self._sites if edge.a in joined]

    def path(
        self, starts: Sequence[str], whose: str, group: frozenset[str], ends: Sequence[str]
    ) -> tuple[str, tuple[Edge, ...]] | None:
        """Return the end nearest to the keys and the fewest steps that lead there; None where none does.

        `ends` are all that `whose` claims of the group: the ways to them are worked out once.
        """
        if (whose, group) not in self._trees:
            self._trees[whose, group] = self._tree(ends)
        tree = self._trees[whose, group]
        near = [(tree[key][2], key) for key in starts if key in tree]
        if not near:
            return None
        _, at = min(near)
        steps: list[Edge] = []
        while (step := tree[at])[1] is not None:
            at = step[0]
            steps.append(step[1])
        return at, tuple(steps)

    def _tree(self, ends: Sequence[str]) -> dict[str, tuple[str, Edge | None, int]]:
        """Return for each node that one of the ends reaches the next node toward it, the edge there, the distance."""
        tree: dict[str, tuple[str, Edge | None, int]] = {end: (end, None, 0) for end in ends}
        front = list(ends)
        while front:
            further = []
            for node in front:
                for edge in self._near.get(node, _NO_EDGES):
                    other = edge.b if edge.a == node else edge.a
                    if other not in tree:
                        tree[other] = (node, edge, tree[node][2] + 1)
                        further.append(other)
            front = further
        return tree


def _is_native(key: str) -> bool:
    return key.split(":", 2)[1] == "id"


_NOTHING_SEEN = _Graph((), lambda _: False)
