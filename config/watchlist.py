"""The watch list: what is listened for, from `watch.toml` to terms and sources, and those to events for `facts`.

always = ["trade-press"]            # every post of these sources passes

[[term]]
id = "lathe"
kind = "own-product"                # own-company | own-product | competitor | company | category
aliases = ["SL-200", "Sahyadri lathe"]
case = true                         # only as it is written, or in capitals throughout
handles = ["@sahyadri", "x:sl200"]  # each is a hit by itself, as are domains
domains = ["sahyadri.example"]
requires = ["machine", "spindle"]   # one of them in the text, or an alias counts for nothing
excludes = ["turning tools"]        # one of them in the text, and an alias counts for nothing
examples = ["Our SL-200 holds 5 microns."]     # texts that are about it
not_examples = ["The Mercedes SL 200 is loud."]  # and that are not
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from overheard.config.toml import fail, line_of, load, read
from overheard.records import Event, Term, TermKind, WatchedSource, event_for, is_tombstone_of
from overheard.text import clean, fold

# Words that stand in so many posts that a term of one of them passes nearly everything. The most frequent words of
# English and of Hindi in both scripts, by general knowledge; a reminder, not a dictionary.
_COMMON = (
    "the and for you that with this have are was not but all can will from they what when your who how out one new "
    "get like just know time make good now see use way day man go do it is in on at be to of or we he she me my so if "
    "no up by as an best first people company product machine service support free year work home apple next target "
    "gap hai nahi kya aur mein yeh woh bhi toh है नहीं क्या और में यह वह भी के की का को से पर"
)
COMMON = frozenset(_COMMON.split())
# A term whose alias is one letter or digit is hit by every stray one.
_SHORTEST = 2


_Words = Annotated[tuple[Annotated[str, Meta(max_length=200)], ...], Meta(max_length=100)]
_Texts = Annotated[tuple[Annotated[str, Meta(max_length=1_000)], ...], Meta(max_length=100)]
# A host name of at least two labels, and no more of a URL than that.
_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")
_HANDLE = re.compile(r"(?:[\w.-]+:)?@?[\w][\w.@-]*")


class _TermRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Annotated[str, Meta(min_length=1, max_length=200)]
    kind: TermKind
    aliases: Annotated[tuple[Annotated[str, Meta(max_length=200)], ...], Meta(min_length=1)]
    case: bool = False
    handles: _Words = ()
    domains: _Words = ()
    requires: _Words = ()
    excludes: _Words = ()
    examples: _Texts = ()
    not_examples: _Texts = ()


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"terms": "term"}):
    always: tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...] = ()
    terms: tuple[_TermRow, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchList:
    """What a file says to watch. `warnings` are sentences on aliases that will pass more than is meant."""

    terms: tuple[Term, ...] = ()
    sources: tuple[WatchedSource, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def by_subject(self) -> dict[str, Term | WatchedSource]:
        """The terms and sources by their subject on `facts`: "term/<id>", "source/<name>"."""
        terms: dict[str, Term | WatchedSource] = {f"term/{term.id}": term for term in self.terms}
        return terms | {f"source/{source.source}": source for source in self.sources}


def load_watchlist(path: Path) -> WatchList:
    """Return the watch list of a file.

    Raises ConfigError with file, line and key: two terms of one id, an alias or list of aliases that is empty, an
    unknown kind or key, one alias for two terms is only warned of.
    """
    file = load(path, _File)
    text = read(path)
    terms: list[Term] = []
    warnings: list[str] = []
    ids: dict[str, int] = {}
    owners: dict[str, str] = {}
    for i, row in enumerate(file.terms):
        id_ = clean(row.id).strip()
        if not id_:
            fail(path, text, ("term", i, "id"), "expected an id; got nothing but spaces")
        if id_ in ids:
            first = line_of(text, ("term", ids[id_], "id"))
            fail(path, text, ("term", i, "id"), f"expected an id of its own; got {id_!r}, as on line {first}")
        ids[id_] = i
        aliases: dict[str, str] = {}
        for j, given in enumerate(row.aliases):
            alias = " ".join(clean(given).split())
            if not any(c.isalnum() for c in alias):
                fail(path, text, ("term", i, "aliases"), f"expected letters or digits in alias {j + 1}; got {given!r}")
            folded = fold(alias)
            aliases.setdefault(folded, alias)
            where = f"{path.name}:{line_of(text, ('term', i, 'aliases'))}: alias {alias!r} of {id_!r}"
            if len(folded) < _SHORTEST:
                warnings.append(f"{where} is one letter, which stands alone in many posts. Give it a longer one")
            elif folded in COMMON:
                warnings.append(f"{where} is a common word and passes posts that mean something else. Add a word to it")
            if owners.setdefault(folded, id_) != id_:
                warnings.append(f"{where} is an alias of {owners[folded]!r} too: posts with it count for both")
        terms.append(
            Term(
                id=id_,
                kind=row.kind,
                aliases=tuple(aliases.values()),
                case=row.case,
                **{key: _checked(path, text, i, key, getattr(row, key)) for key in _CHECKS},
            )
        )
    sources = tuple(WatchedSource(source=name) for name in dict.fromkeys(clean(s).strip() for s in file.always) if name)
    if not terms and not sources:
        fail(path, text, (), "expected at least one [[term]] or a source in `always`; the list is empty")
    return WatchList(tuple(terms), sources, tuple(warnings))


def _is_domain(given: str) -> bool:
    return _DOMAIN.fullmatch(given.casefold()) is not None


def _is_handle(given: str) -> bool:
    return _HANDLE.fullmatch(given) is not None


def _has_letters(given: str) -> bool:
    return any(c.isalnum() for c in given)


# What is expected of each value of a list, in words, and how it is told.
_CHECKS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "handles": ('an account as "@acme" or "x:acme"', _is_handle),
    "domains": ('a domain as "acme.com", without https:// and path', _is_domain),
    "requires": ("letters or digits", _has_letters),
    "excludes": ("letters or digits", _has_letters),
    "examples": ("letters or digits", _has_letters),
    "not_examples": ("letters or digits", _has_letters),
}


def _checked(path: Path, text: str, row: int, key: str, given: Sequence[str]) -> tuple[str, ...]:
    """Return the values of a list, clean, each once. Raises ConfigError for one that is none of its kind."""
    expected, is_one = _CHECKS[key]
    values: dict[str, None] = {}
    for j, one in enumerate(given):
        value = " ".join(clean(one).split())
        if not is_one(value):
            fail(path, text, ("term", row, key), f"expected {expected} in place {j + 1}; got {one!r}")
        values[value] = None
    return tuple(values)


def watch_events(watchlist: WatchList, known: Mapping[str, Event[Any]], now: datetime) -> tuple[Event[Any], ...]:
    """Return what makes `facts` say what the list says: events for what is new, changed or gone, keyed by subject.

    `known` maps subjects to the newest event of each on `facts`, a deletion's too: what comes back goes on from its
    version. The same list again gives nothing. What is not in the list any more is deleted.
    """
    wanted = watchlist.by_subject
    events: list[Event[Any]] = []
    for subject, record in wanted.items():
        event = known.get(subject)
        if event is not None and not is_tombstone_of(event) and event.data == record:
            continue
        version = 0 if event is None else event.sourceversion + 1
        verb = "Create" if event is None or is_tombstone_of(event) else "Update"
        events.append(
            event_for(
                record,
                subject=subject,
                source="/import/watch",
                time=now,
                verb=verb,  # type: ignore[arg-type]
                sourceversion=version,
                cause="back-fill",
            )
        )
    for subject, event in sorted(known.items()):
        if subject not in wanted and not is_tombstone_of(event):
            events.append(
                event_for(
                    event.data,
                    subject=subject,
                    source="/import/watch",
                    time=now,
                    verb="Delete",
                    sourceversion=event.sourceversion + 1,
                    cause="back-fill",
                )
            )
    return tuple(events)
