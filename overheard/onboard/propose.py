"""Findings to proposals: what to watch, whom to compare with, which feeds to poll; and what to be warned of."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from overheard.onboard.address import loopback_host
from overheard.onboard.answers import Answers, ChosenFeed, make_term, new_id, source_name
from overheard.onboard.names import letters_of, without_legal_form
from overheard.onboard.page import FoundFeed
from overheard.onboard.search_feeds import SearchFeed, search_feeds, tag_feeds
from overheard.onboard.site import Findings
from overheard.records import Term, TermKind
from overheard.text import fold

# Terms of people are the firm's: what is said of who speaks for it is said of it. So their ids begin.
PERSON = "person-"
_MODEL = re.compile(r"(?P<word>[^\W\d_]{2,})[ -](?P<number>\d+\w*)")
_HANDLES = ("x", "instagram", "mastodon", "threads", "bluesky", "youtube")


@dataclass(frozen=True, slots=True)
class ProposedFeed:
    """A feed to poll, what it is and what its terms ask; `taken`: proposed to be polled, not only shown."""

    feed: ChosenFeed
    note: str
    taken: bool


def company_aliases(findings: Findings, name: str, common: Collection[str]) -> tuple[str, ...]:
    """Return under which names to listen for the firm: its short, full and other forms, domain and handles.

    A name that is one common word alone is left out where there is another: `warnings_of` says so.
    """
    name = name or findings.name
    short = without_legal_form(name)
    aliases = [short, name, *findings.names]
    words = short.split()
    if " & " in short:
        aliases.append(short.replace(" & ", " and "))
    if len(words) > 1 and short.isascii() and short.replace(" ", "").isalnum():
        aliases.append("".join(words))  # as hashtags and handles have it
    if "." in findings.domain and ":" not in findings.domain and not findings.domain.replace(".", "").isdigit():
        aliases.append(findings.domain)
    for account in findings.accounts:
        handle = account.handle.partition("@")[0]
        if account.platform in _HANDLES and len(handle) >= 4 and not handle.isdigit():
            aliases.append(handle)
    kept = {fold(alias): alias for alias in reversed(aliases) if any(c.isalnum() for c in alias)}
    plain = [alias for folded, alias in kept.items() if len(folded) > 1 and folded not in common]
    return tuple(reversed(plain or list(kept.values())))[:12]


def product_aliases(name: str) -> tuple[str, ...]:
    """Return how people write a product: as it is called, and its number with space, dash or neither before it.

    A name in two languages ("Mawa Cake / मावा केक") is two names.
    """
    if " / " in name:
        parts = [part.strip() for part in name.split(" / ")]
        return tuple(dict.fromkeys(form for part in parts if letters_of(part) for form in product_aliases(part)))
    match = _MODEL.search(name)
    if match is None:
        return (name,)
    before, after = name[: match.start()], name[match.end() :]
    forms = (f"{before}{match['word']}{gap}{match['number']}{after}" for gap in (" ", "-", ""))
    return tuple(dict.fromkeys((name, *forms)))


def spoken_for(findings: Findings) -> tuple[str, ...]:
    """Return the people who speak for the firm, by their titles."""
    return tuple(person.name for person in findings.people if person.speaks)


def terms_named(names: Iterable[str], kind: TermKind, known: Iterable[Term], *, prefix: str = "") -> tuple[Term, ...]:
    """Return a term for each name: the known one whose first alias it is, else a new one."""
    all_known = list(known)
    mine = {fold(term.aliases[0]): term for term in all_known if term.kind == kind and term.id.startswith(prefix)}
    taken = {term.id for term in all_known}
    found: dict[str, Term] = {}
    for name in names:
        aliases = product_aliases(name) if kind == "own-product" else (name, without_legal_form(name))
        term = mine.get(fold(aliases[0]))
        if term is None:
            id_ = new_id(aliases[0], kind, taken) if not prefix else prefix + new_id(name, kind, ())
            term = make_term(id_ if id_ not in taken else new_id(id_, kind, taken), kind, aliases)
        if term is not None:
            taken.add(term.id)
            found.setdefault(term.id, term)
    return tuple(found.values())


def warnings_of(terms: Iterable[Term], common: Collection[str]) -> tuple[str, ...]:
    """Return sentences on terms that will pass more than is meant, and on names that two terms share.

    `common` are folded words that stand in very many posts.
    """
    warnings: list[str] = []
    people: list[str] = []
    owners: dict[str, str] = {}
    for term in terms:
        for alias in term.aliases:
            folded = fold(alias)
            if folded in common or len(folded) < 2:
                warnings.append(
                    f"“{alias}” is a word of everyday posts: most of what is found by it will not be about you. "
                    "Add a word to it (your place, your trade), or leave it out."
                )
            elif " " not in folded and folded.isalpha() and len(folded) <= 3:
                warnings.append(f"“{alias}” is short: others may be called so too.")
            if owners.setdefault(folded, term.id) != term.id:
                warnings.append(
                    f"“{alias}” stands for {owners[folded]} and for {term.id}: posts with it count for both."
                )
        if term.id.startswith(PERSON):
            people.append(term.aliases[0])
    if people:
        warnings.append(f"{', '.join(people)}: namesakes will be heard too. Leave out who has a common name.")
    return tuple(dict.fromkeys(warnings))


def proposed_feeds(answers: Answers, findings: Findings, press: Iterable[FoundFeed]) -> tuple[ProposedFeed, ...]:
    """Return the feeds to choose from: those polled already, the site's, the trade press's, searches for the terms.

    Where feeds are polled already, a new one is shown and not taken: a person chose before.
    """
    first = not answers.feeds
    found: dict[str, ProposedFeed] = {feed.url: ProposedFeed(feed, "Polled now", True) for feed in answers.feeds}
    names = {feed.name for feed in answers.feeds}

    def add(name: str, url: str, interval: int | None, note: str, taken: bool) -> None:
        if url not in found:
            name = source_name(name, names)
            names.add(name)
            found[url] = ProposedFeed(ChosenFeed(name, url, interval), note, taken)

    for feed in findings.feeds:
        add(_site_name(feed.url), feed.url, 3_600, f"Your own site{f': {feed.title}' if feed.title else ''}", first)
    for feed in press:
        add(_site_name(feed.url), feed.url, 3_600, feed.title or "Named by you", True)
    companies = [term for term in answers.terms if term.kind == "own-company" and not term.id.startswith(PERSON)]
    own = [name for term in companies for name in _searched(term)]
    products = [term.aliases[0] for term in answers.terms if term.kind == "own-product"]
    for search in _searches([*own, *products], own, answers):
        service = search.service
        note = f"{service.note} ({service.policy})"
        add(search.name, search.url, service.interval, note, first and not service.ask_first)
    return tuple(found.values())


def _searched(term: Term) -> tuple[str, ...]:
    """Return the names by which to search for a firm: its first, and the shortest that this begins with."""
    first = term.aliases[0]
    short = [a for a in term.aliases if len(a) > 3 and fold(first).startswith(f"{fold(a)} ")]
    return (first, *sorted(short, key=len)[:1])


def _searches(names: list[str], own: list[str], answers: Answers) -> tuple[SearchFeed, ...]:
    long = [name for name in names if len(letters_of(name)) > 3] or names
    return (*search_feeds(long, answers.language, answers.region), *tag_feeds(own[:2]))


def _site_name(url: str) -> str:
    return "site" if loopback_host(url) else (urlsplit(url).hostname or "feed").removeprefix("www.")
