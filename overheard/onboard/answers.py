"""What a person has answered so far: one immutable value, which every step changes and `write` writes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from overheard.onboard.names import slug
from overheard.onboard.page import one_line
from overheard.records import Term, TermKind
from overheard.text import fold

_LONGEST = 200  # characters of an alias, an id and the name of a feed, as the watch list and the settings take them


@dataclass(frozen=True, slots=True)
class ChosenFeed:
    """A feed to poll: the name of its source, its address, seconds between two looks (None: its rhythm)."""

    name: str
    url: str
    interval: int | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What the settings and the watch list are to say. Everything may be empty; locale as `[locale]` takes it.

    `contact` is what the user agent names; `allow_hosts` hosts of this machine that may be fetched; `to` who gets the
    digest and alerts; `smtp_*` and `sender` as in `[mail]`; `password_env` the environment variable of its password.
    """

    name: str = ""
    domain: str = ""
    language: str = "en"
    region: str = ""
    currency: str = ""
    time_zone: str = "UTC"
    terms: tuple[Term, ...] = ()
    always: tuple[str, ...] = ()
    feeds: tuple[ChosenFeed, ...] = ()
    contact: str = ""
    allow_hosts: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    sender: str = ""
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_user: str = ""
    password_env: str = ""


def rebased(answers: Answers, base: Answers, now: Answers) -> Answers:
    """Return answers that were begun from `base` as they would be had they been begun from `now`.

    What was not answered is as it is now; what was answered stays, whatever the files say meanwhile.
    """
    values = {field.name: getattr(now, field.name) for field in fields(Answers)}
    return Answers(**values | {k: new for k in values if (new := getattr(answers, k)) != getattr(base, k)})


def make_term(id_: str, kind: TermKind, aliases: Iterable[str]) -> Term | None:
    """Return a term as a watch list takes it; None where no alias with a letter or digit is left.

    Aliases are of one line, at most 200 characters, each once however written.
    """
    kept: dict[str, str] = {}
    for given in aliases:
        alias = one_line(given)[:_LONGEST].strip()
        if any(c.isalnum() for c in alias):
            kept.setdefault(fold(alias), alias)
    id_ = one_line(id_)[:_LONGEST].strip()
    return Term(id=id_, kind=kind, aliases=tuple(kept.values())) if kept and id_ else None


def new_id(name: str, kind: TermKind, taken: Iterable[str]) -> str:
    """Return an id for a term of a name that no other has: the name in words with dashes, else with a number."""
    base = slug(name) or kind
    known = set(taken)
    return next(i for i in (base, *(f"{base}-{n}" for n in range(2, len(known) + 3))) if i not in known)


def source_name(text: str, taken: Iterable[str]) -> str:
    """Return a name for a source that no other has."""
    base = re.sub(r"\s+", "-", one_line(text))[:100].strip("-") or "feed"
    known = set(taken)
    return next(n for n in (base, *(f"{base}-{i}" for i in range(2, len(known) + 3))) if n not in known)


def with_terms(answers: Answers, kind: TermKind, terms: Iterable[Term]) -> Answers:
    """Return the answers with these terms in the place of all others of their kind; the first of an id counts."""
    others = [term for term in answers.terms if term.kind != kind]
    found = {term.id: term for term in [*others, *terms]}
    order = ("own-company", "own-product", "competitor", "company", "category")
    return replace(answers, terms=tuple(sorted(found.values(), key=lambda term: order.index(term.kind))))
