"""Decisions of people: what they name made sure, and which hold, as far as the matcher has taken them in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import get_args

from overheard.errors import InputError, NotFoundError
from overheard.identities import identities_of_account, identities_of_contact, written_key
from overheard.index.base import Index
from overheard.matcher.ledger.reading import DecisionsAbout
from overheard.matcher.workflow import is_label
from overheard.records import (
    Account,
    ActivityType,
    Contact,
    Decision,
    DecisionVerb,
    EnrichedMention,
    Incident,
    Polarity,
    Profile,
    Status,
    Term,
    digest,
    is_mention_id,
    is_record_id,
)
from overheard.text import fold
from overheard.wiring.system import System

VERBS: tuple[DecisionVerb, ...] = get_args(DecisionVerb)
# "not about us" is a decision of its own.
STATUSES: tuple[Status, ...] = tuple(one for one in get_args(Status) if one != "not about us")
LABELS: tuple[Polarity, ...] = get_args(Polarity)
INTENTS: tuple[ActivityType, ...] = get_args(ActivityType)
ACROSS_NETWORKS = "across networks"

_LANGUAGE = "language"
_PAIRS = ("same", "not the same", "unsure")
_OF_ONE = ("lock", "not about us", "withdraw")
_LONGEST = 2_000  # characters of a note
_LONGEST_NAME = 200  # of an assignee, a tag, a note's own name
_MOST_LISTED = 10
_PAGE = re.compile(r"^(?:https?://[^/\s]+)?/(?:incidents|contacts|accounts)/((?:inc|con|acc)_[0-9a-zA-Z]+)")


@dataclass(frozen=True, slots=True)
class Given:
    """A decision as a person gives it: sides by any name; `value` None where they say none.

    `right` of status, assign and policy may be left out, of a note too (it is a new one then); of a tag it is the tag.
    """

    verb: str
    left: str
    right: str = ""
    value: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A decision whose sides are ids and keys as the log has them (`Decision`)."""

    verb: DecisionVerb
    left: str
    right: str = ""
    value: str = ""
    note: str = ""

    def by(self, by: str, at: datetime, key: str = "") -> Decision:
        """Return the decision, said by `by`; the same `key` is the same decision, without one it is a new one."""
        said = key or "/".join((self.verb, self.left, self.right, self.value, at.isoformat()))
        id_ = f"dec_{digest(said)}"
        return Decision(
            id=id_,
            verb=self.verb,
            left=self.left,
            right=self.right or (f"note/{id_[-12:]}" if self.verb == "note" else ""),
            value=self.value,
            by=by,
            at=at,
            note=self.note,
        )


def name_sides(system: System, index: Index, given: Given) -> Named:
    """Return a decision with its sides found. Raises InputError for what it lacks, NotFoundError for what is not here.

    Two records, or two posts, stand in the order of their ids: what is said of a pair is said of both ways round.
    """
    verb = next((one for one in VERBS if one == given.verb), None)
    if verb is None:
        msg = f"expected one of {', '.join(VERBS)}; got {given.verb[:100]!r}"
        raise InputError(msg)
    if len(given.note) > _LONGEST:
        msg = f"expected a note of at most {_LONGEST:,} characters; got {len(given.note):,}"
        raise InputError(msg)
    left, right = _side(given.left), _side(given.right)
    if verb in _PAIRS:
        _refuse_value(verb, given.value)
        return _pair(system, index, verb, given)
    if verb in _OF_ONE:
        _refuse_value(verb, given.value)
        if right:
            msg = f"{verb!r} takes one id; got a second, {right[:100]!r}"
            raise InputError(msg)
        if verb == "lock":
            return Named(verb, _record(system, index, left), note=given.note)
        return Named(
            verb, _decision(system, left) if verb == "withdraw" else _post(system, index, left), note=given.note
        )
    if verb == "tag" and not right and given.value not in (None, "", "on"):
        right, given = given.value or "", replace(given, value=None)  # the tag given as the value
    if verb == "policy":
        if left == ACROSS_NETWORKS and not right:
            left, right = "policy", left
        return Named(verb, _policy_side(left), _policy(right), _value(verb, right, given.value), given.note)
    value = _value(verb, right, given.value)
    right = _about(system, verb, right)
    return Named(verb, _post(system, index, left), right, value, given.note)


def standing_decisions(system: System, lefts: Sequence[str]) -> list[Decision]:
    """Return the decisions that hold on these left sides (mention ids, identity keys, record ids), newest first."""
    decisions = DecisionsAbout(system.folder).about(lefts)
    found = [decision for left in dict.fromkeys(lefts) for decision in decisions.of(left).values()]
    return sorted(found, key=lambda decision: (decision.at, decision.id), reverse=True)


def decisions_on_records(system: System, ids: Sequence[str]) -> list[Decision]:
    """Return the decisions that hold on these contacts or accounts and others of the CRM, newest first.

    Joins of records, what keeps two apart, locks, and identities that people gave them or took from them.
    """
    decisions = DecisionsAbout(system.folder).about(ids)
    found = {one.id: one for id_ in ids for one in decisions.of(id_).values()}
    for id_ in ids:
        lefts = (left for left in decisions.lefts(id_) if not is_mention_id(left))
        standing = (decisions.on(left, id_) for left in lefts)
        found |= {one.id: one for one in standing if one is not None}
    return sorted(found.values(), key=lambda decision: (decision.at, decision.id), reverse=True)


# --- sides -----------------------------------------------------------------------------------------------------------


def _pair(system: System, index: Index, verb: DecisionVerb, given: Given) -> Named:
    left, right, note = _side(given.left), _side(given.right), given.note
    if not right:
        msg = f"{verb!r} takes two: an incident, an identity or a contact, and a contact or account; or two incidents"
        raise InputError(msg)
    if _is_post(left):
        left = _post(system, index, left)
        if not _is_post(right):
            return Named(verb, left, _record(system, index, right), note=note)
        if verb == "unsure":
            msg = "'unsure' is of an incident and a contact; whether two incidents are one event, nobody has to say"
            raise InputError(msg)
        other = _post(system, index, right)
        if verb == "same" and _is_public(system, left) != _is_public(system, other):
            msg = "expected two public posts, or two that were written to us alone: these are never one event"
            raise InputError(msg)
    elif key := written_key(left, system.settings.locale.region):
        return Named(verb, key, _record(system, index, right), note=note)
    elif _is_post(right):
        msg = f"expected the incident first, then whom it is about; got {left[:100]!r} first"
        raise InputError(msg)
    elif not is_record_id(left) and not index.find_profiles(left):
        msg = (
            "expected the id of an incident, as a search shows it, an identity such as reddit:handle:ann, or a contact "
            f"or account; {left[:100]!r} is none"
        )
        raise NotFoundError(msg)
    else:
        left, other = _record(system, index, left), _record(system, index, right)
        if left[:4] != other[:4]:
            msg = f"expected two contacts or two accounts; got {left} and {other}"
            raise InputError(msg)
    if left == other:
        msg = f"expected two that may be one; both are {left}. Of records that were joined, name each by its own id"
        raise InputError(msg)
    return Named(verb, min(left, other), max(left, other), note=note)


def _side(given: str) -> str:
    """Return a side without spaces around it; of the address of a page of ours, the id that it shows."""
    given = given.strip()
    found = _PAGE.search(given)
    return found[1] if found else given


def _is_post(given: str) -> bool:
    return given.startswith(("inc_", "men_"))


def _post(system: System, index: Index, given: str) -> str:
    """Return the mention's id, of an incident's too."""
    if given.startswith("inc_"):
        hit = index.get(given)
        if hit is not None and isinstance(hit.record, Incident):
            return hit.record.mention.id
    elif is_mention_id(given):
        event = system.fact(given)
        if event is not None and isinstance(event.data, EnrichedMention):
            return given
    msg = f"expected the id of an incident, as a search shows it; {given[:100]!r} is none"
    raise NotFoundError(msg)


def _is_public(system: System, mention: str) -> bool:
    event = system.fact(mention)
    return event is None or not isinstance(event.data, EnrichedMention) or not event.data.mention.channel


def _record(system: System, index: Index, who: str) -> str:
    """Return the id of a contact or account: of the one record that is called so, whomever it was joined with.

    What several records of one person are called means the person.
    """
    if is_record_id(who):
        event = system.fact(who)
        if event is not None and event.verb != "Delete" and isinstance(event.data, Contact | Account):
            return who
    found = index.find_profiles(who)
    if len(found) == 1:
        joined = found[0].record.ids if isinstance(found[0].record, Profile) else ()
        called = [id_ for id_ in joined if _is_called(system, id_, who)]
        return called[0] if len(called) == 1 else found[0].id
    if not found:
        msg = f"expected a contact or account by name, handle, e-mail, external id or id; nobody is called {who!r}"
    else:
        ids = ", ".join(hit.id for hit in found[:_MOST_LISTED])
        msg = f"expected one contact or account; {len(found)} are called {who!r}: {ids}"
    raise NotFoundError(msg)


def _is_called(system: System, id_: str, who: str) -> bool:
    """True where a record itself has this external id, name, address or handle."""
    event = system.fact(id_)
    if event is None or not isinstance(event.data, Contact | Account):
        return False
    record = event.data
    names = {fold(record.name)}
    for one in record.external_ids:
        names |= {fold(one.value), fold(f"{one.system}:{one.value}")}
    for identity in identities_of_contact(record) if isinstance(record, Contact) else identities_of_account(record):
        names |= {identity.key, fold(identity.value), fold(f"{identity.platform}:{identity.value}")}
    return fold(who.strip().removeprefix("@")) in names


def _decision(system: System, given: str) -> str:
    event = system.fact(given)
    if event is None or not isinstance(event.data, Decision):
        msg = f"expected the id of a decision, as deciding returns it; {given[:100]!r} is none"
        raise NotFoundError(msg)
    return given


def _policy_side(left: str) -> str:
    if left not in ("", "policy"):
        msg = f"expected 'policy' as the left side of a policy; got {left[:100]!r}"
        raise InputError(msg)
    return "policy"


def _policy(right: str) -> str:
    if right != ACROSS_NETWORKS:
        msg = f"expected the policy {ACROSS_NETWORKS!r}; got {right[:100]!r}"
        raise InputError(msg)
    return right


# --- values ----------------------------------------------------------------------------------------------------------


def _refuse_value(verb: str, value: str | None) -> None:
    if value:
        msg = f"{verb!r} takes no value; got {value[:100]!r}"
        raise InputError(msg)


def _value(verb: str, right: str, value: str | None) -> str:
    """Return the value of a verb that takes one. A tag is put on where none is given."""
    if value is None and verb == "tag":
        return "on"
    value = None if value is None else value.strip()
    known: Sequence[str] = {
        "status": STATUSES,
        "relabel": ("yes", "no") if _intent_of(right) else () if right == _LANGUAGE else LABELS,
        "policy": ("on", "off"),
        "tag": ("on", ""),
    }.get(verb, ())
    is_code = verb != "relabel" or right != _LANGUAGE or is_label(right, value or "")
    if value is None or (known and value not in known) or not is_code:
        expected = f"one of {', '.join(one or 'nothing' for one in known)}" if known else "a value"
        if not is_code:
            expected = "a language's code, such as en or hi-Latn, or und"
        aside = "; to set it aside: not about us" if verb == "status" else ""
        msg = f"{verb!r}: expected {expected}; got {'none' if value is None else repr(value[:100])}{aside}"
        raise InputError(msg)
    longest = _LONGEST if verb == "note" else _LONGEST_NAME
    if len(value) > longest:
        msg = f"{verb!r}: expected a value of at most {longest:,} characters; got {len(value):,}"
        raise InputError(msg)
    return value


def _about(system: System, verb: str, right: str) -> str:
    """Return what of a post is decided on, in the words of `Decision`."""
    if verb in ("status", "assign"):
        if right not in ("", verb):
            msg = f"{verb!r} takes an incident and a value; got a second id, {right[:100]!r}"
            raise InputError(msg)
        return verb
    if len(right) > _LONGEST_NAME:
        msg = f"{verb!r}: expected at most {_LONGEST_NAME} characters; got {len(right):,}"
        raise InputError(msg)
    if verb == "tag":
        tag = " ".join(right.removeprefix("tag/").lstrip("#").split())
        if not tag:
            msg = "'tag': expected the tag as the right side; got nothing"
            raise InputError(msg)
        return f"tag/{tag}"
    if verb == "note":
        return right
    if right and "/" not in right and system.fact(f"term/{right}"):
        right = f"sentiment/{right}"
    if right == _LANGUAGE:
        return right
    if intent := _intent_of(right):
        return f"intent/{intent}"
    what, _, term = (right or "sentiment").partition("/")
    event = system.fact(f"term/{term}") if term else None
    if what != "sentiment" or (term and (event is None or not isinstance(event.data, Term))):
        msg = (
            "'relabel': expected 'sentiment', 'sentiment/' and the id of a watched term, 'language', or 'intent/' and "
            f"one of {', '.join(INTENTS)}; got {right[:100]!r}"
        )
        raise InputError(msg)
    return right or "sentiment"


def _intent_of(right: str) -> str:
    """Return the intent that is labelled; "" where it is none."""
    return next((one for one in INTENTS if right == f"intent/{one}"), "")
