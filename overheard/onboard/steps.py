"""The steps of beginning: for each the questions with what is proposed, and answers taken in. Pure.

    next_question(step, …, given) ─▶ a person ─▶ checked(question, text) ─▶ given ─▶ … ─▶ answered(step, …, given)

A terminal asks one question after the other, a page several at once; between two of them somebody may have to go and
read a site (after "site"), or look for feeds (after "press"): that is for the caller.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, get_args
from urllib.parse import urlsplit

from overheard.errors import InputError
from overheard.identities import normal_email
from overheard.onboard.address import addresses_of, domain_of, loopback_host
from overheard.onboard.answers import Answers, make_term, new_id, with_terms
from overheard.onboard.locale import (
    checked_currency,
    checked_language,
    checked_region,
    checked_time_zone,
    region_facts,
)
from overheard.onboard.page import FoundFeed, one_line
from overheard.onboard.propose import (
    PERSON,
    company_aliases,
    proposed_feeds,
    spoken_for,
    terms_named,
    warnings_of,
)
from overheard.onboard.site import Findings
from overheard.records import Term
from overheard.text import fold

Step = Literal["site", "locale", "terms", "competitors", "press", "feeds", "contacts", "mail"]
STEPS: tuple[Step, ...] = get_args(Step)
HEADS: Mapping[Step, str] = {
    "site": "Your site", "locale": "Where you are", "terms": "What to listen for", "competitors": "Competitors",
    "press": "Trade press", "feeds": "Where to listen", "contacts": "Whom you know", "mail": "Whom to tell",
}  # fmt: skip
PASSWORD_ENV = "OVERHEARD_SMTP_PASSWORD"  # noqa: S105  the name of a variable

# By key of a question: what was answered, None where it was skipped.
Given = Mapping[str, tuple[str, ...] | None]
NOTHING: Given = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Known:
    """What the proposals are made of: the answers so far, the site's findings, the feeds of the press that a person
    named, and the folded words that are too common to listen for."""

    answers: Answers = field(default_factory=Answers)
    findings: Findings = field(default_factory=Findings)
    press: tuple[FoundFeed, ...] = ()
    common: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose: its value, how it is called, what to know of it, and whether it is proposed."""

    value: str
    label: str
    note: str = ""
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `default` is what is proposed, empty for nothing; `many`: a list is asked for.

    With `options` the values of some of them are asked for. `notes` are sentences to show beside it.
    """

    key: str
    text: str
    default: tuple[str, ...] = ()
    many: bool = False
    options: tuple[Option, ...] = ()
    notes: tuple[str, ...] = ()


def next_question(step: Step, known: Known, given: Given = NOTHING) -> Question | None:
    """Return the first question of a step that `given` has no answer to; None where all are answered."""
    return next((question for question in _QUESTIONS[step](known, given) if question.key not in given), None)


@dataclass(frozen=True, slots=True)
class Filled:
    """All questions of a step with an answer to each: what was said, else what is proposed.

    `wrong` says by key what of it cannot be taken; in `given` that is as if it were skipped.
    """

    questions: tuple[Question, ...]
    given: Given
    wrong: Mapping[str, str]


def filled(step: Step, known: Known, said: Given = NOTHING) -> Filled:
    """Ask all questions of a step at once; what is proposed stands in for what was not said, in the light of the rest.

    What comes of an answer is asked too: with a mail server, its user. None is a question that was skipped.
    """
    questions: list[Question] = []
    given: dict[str, tuple[str, ...] | None] = {}
    wrong: dict[str, str] = {}
    while (question := next_question(step, known, given)) is not None:
        questions.append(question)
        values = said.get(question.key, question.default)
        try:
            given[question.key] = None if values is None else checked(question, values)
        except InputError as e:
            given[question.key] = None
            wrong[question.key] = str(e.args[0])
    return Filled(tuple(questions), given, wrong)


def checked(question: Question, values: Collection[str]) -> tuple[str, ...]:
    """Return what was answered as it is kept: of one line, without empties and repeats.

    Raises InputError, `where` the question's key, for what the settings would not take.
    """
    kept = tuple(dict.fromkeys(one for value in values if (one := one_line(value))))
    if not question.many and len(kept) > 1:
        kept = kept[:1]
    check = _CHECKS.get(question.key)
    try:
        if question.options:
            return tuple(one for one in kept if _is_option(question, one))
        return tuple(check(one) for one in kept) if check else kept
    except InputError as e:
        raise InputError(str(e), where=question.key) from e


def answered(step: Step, known: Known, given: Given) -> Answers:
    """Return the answers with those of a step taken in; what was skipped stays as it was."""
    return _TAKE[step](known, {key: value for key, value in given.items() if value is not None})


def _is_option(question: Question, value: str) -> bool:
    if value in {option.value for option in question.options}:
        return True
    msg = f"expected some of the {len(question.options)} that are shown; got {value[:100]!r}"
    raise InputError(msg)


# ---- what is asked ----


def _ask_site(known: Known, _: Given) -> Iterator[Question]:
    now = known.answers.domain
    yield Question("site", "Your firm's site", (now,) if now else ())


def _ask_locale(known: Known, given: Given) -> Iterator[Question]:
    now, found = known.answers, known.findings
    yield Question("region", "Your country, two letters", _first(now.region, found.region))
    region = _said(given, "region") or now.region or found.region
    facts = region_facts(region)
    same = region == now.region
    yield Question("currency", "Currency", _first(now.currency if same else "", facts.currency))
    yield Question("time_zone", "Time zone", _first(now.time_zone if same else "", facts.time_zone, now.time_zone))
    spoken = found.languages[:1]
    yield Question("language", "Language", _first(now.language if now.region else "", *spoken, "en"))


def _ask_terms(known: Known, given: Given) -> Iterator[Question]:
    now, found = known.answers, known.findings
    yield Question("name", "The firm's name", _first(now.name, found.name))
    name = _said(given, "name") or now.name or found.name
    company = _company(now)
    proposed = company_aliases(found, name, known.common)
    yield _list("company", "It is written", company.aliases if company else (), proposed)
    products = tuple(term.aliases[0] for term in now.terms if term.kind == "own-product")
    yield _list("products", "Your products", products, found.products)
    people = tuple(term.aliases[0] for term in _people(now))
    yield _list("people", "People who speak for it", people, spoken_for(found))


def _ask_competitors(known: Known, _: Given) -> Iterator[Question]:
    now = tuple(term.aliases[0] for term in known.answers.terms if term.kind == "competitor")
    yield _list("competitors", "Your competitors", now, known.findings.competitors)


def _ask_press(_: Known, __: Given) -> Iterator[Question]:
    yield Question("press", "Sites of your trade press, or their feeds", many=True)


def _ask_feeds(known: Known, _: Given) -> Iterator[Question]:
    feeds = proposed_feeds(known.answers, known.findings, known.press)
    options = tuple(Option(one.feed.url, one.feed.name, one.note, one.taken) for one in feeds)
    notes = ("These are proposals: each costs nothing, and each has rules of its own. Check those you keep.",)
    taken = tuple(option.value for option in options if option.taken)
    if options:
        yield Question("feeds", "Feeds to listen to", taken, many=True, options=options, notes=notes)


def _ask_contacts(_: Known, __: Given) -> Iterator[Question]:
    yield Question("contacts", "File of your contacts (CSV or vCard)")


def _ask_mail(known: Known, given: Given) -> Iterator[Question]:
    now, found = known.answers, known.findings
    yield Question("to", "Send digest and alerts to", now.to or found.emails[:1], many=True)
    to = given.get("to") or now.to
    site = f"https://{now.domain}/" if "." in now.domain and not now.allow_hosts else found.url
    yield Question(
        "contact",
        "Who asks, for the owners of the sites that are polled (an e-mail address or URL)",
        _first(now.contact, *to, site),
    )
    if to:
        host = f"{now.smtp_host}:{now.smtp_port}" if now.smtp_host else ""
        yield Question("smtp", "SMTP server to send mail by", _first(host), notes=("Without one nothing is mailed.",))
    if _said(given, "smtp"):
        # Who had a server and no user for it needs none.
        user = _first(now.smtp_user) if now.smtp_host else _first(*(to or ()))
        yield Question("smtp_user", "Its user", user, notes=(_password_note(now),))


def _password_note(answers: Answers) -> str:
    return (
        f"Its password is never kept here: put it in the environment variable {answers.password_env or PASSWORD_ENV}."
    )


_QUESTIONS: Mapping[Step, Callable[[Known, Given], Iterator[Question]]] = {
    "site": _ask_site, "locale": _ask_locale, "terms": _ask_terms, "competitors": _ask_competitors,
    "press": _ask_press, "feeds": _ask_feeds, "contacts": _ask_contacts, "mail": _ask_mail,
}  # fmt: skip


def _list(key: str, text: str, now: tuple[str, ...], proposed: tuple[str, ...]) -> Question:
    """A list that was chosen before is the default, and what the site has beside it a note."""
    if not now:
        return Question(key, text, proposed, many=True)
    folded = {fold(one) for one in now}
    more = [one for one in proposed if fold(one) not in folded]
    notes = (f"Proposed beside them: {', '.join(more)}.",) if more else ()
    return Question(key, text, now, many=True, notes=notes)


def _first(*values: str) -> tuple[str, ...]:
    """Return the first value that is one, as a default."""
    return tuple(value for value in values if value)[:1]


def _said(given: Given, key: str) -> str:
    return next(iter(given.get(key) or ()), "")


# ---- what is taken in ----

Values = Mapping[str, tuple[str, ...]]


def _take_site(known: Known, given: Values) -> Answers:
    answers, url = known.answers, known.findings.url
    typed = _said(given, "site")
    if not url and typed:
        url = addresses_of(typed)[0]
    if not url:
        return answers
    return allowed(replace(answers, domain=domain_of(url)[:253]), url)


def allowed(answers: Answers, url: str) -> Answers:
    """Return the answers so that an address which a person typed may be fetched where it is of this machine."""
    host = loopback_host(url)
    if not host or host in answers.allow_hosts:
        return answers
    return replace(answers, allow_hosts=(*answers.allow_hosts, host))


def _take_locale(known: Known, given: Values) -> Answers:
    now = known.answers
    return replace(
        now,
        region=_said(given, "region") or now.region,
        currency=_said(given, "currency") or now.currency,
        time_zone=_said(given, "time_zone") or now.time_zone,
        language=_said(given, "language") or now.language,
    )


def _take_terms(known: Known, given: Values) -> Answers:
    answers = known.answers
    if name := _said(given, "name"):
        answers = replace(answers, name=name[:200])
    own = [term for term in answers.terms if term.kind == "own-company"]
    company, people = _company(answers), list(_people(answers))
    rest = [term for term in own if term != company and term not in people]
    if "company" in given:
        aliases = given["company"]
        taken = [term.id for term in answers.terms if term != company]
        first = name or answers.name or next(iter(aliases), "")
        id_ = company.id if company else new_id(first, "own-company", taken)
        company = make_term(id_, "own-company", aliases)
    if "people" in given:
        people = list(terms_named(given["people"], "own-company", answers.terms, prefix=PERSON))
    answers = with_terms(answers, "own-company", [term for term in (company, *rest, *people) if term])
    if "products" in given:
        others = [term for term in answers.terms if term.kind != "own-product"]
        old = [term for term in known.answers.terms if term.kind == "own-product"]
        answers = with_terms(answers, "own-product", terms_named(given["products"], "own-product", [*others, *old]))
    return answers


def _take_competitors(known: Known, given: Values) -> Answers:
    if "competitors" not in given:
        return known.answers
    terms = terms_named(given["competitors"], "competitor", known.answers.terms)
    return with_terms(known.answers, "competitor", terms)


def _take_press(known: Known, _: Values) -> Answers:
    answers = known.answers
    for feed in known.press:
        answers = allowed(answers, feed.url)
    return answers


def _take_feeds(known: Known, given: Values) -> Answers:
    if "feeds" not in given:
        return known.answers
    proposed = proposed_feeds(known.answers, known.findings, known.press)
    return replace(known.answers, feeds=tuple(one.feed for one in proposed if one.feed.url in given["feeds"]))


def _take_contacts(known: Known, _: Values) -> Answers:
    return known.answers


def _take_mail(known: Known, given: Values) -> Answers:
    answers = known.answers
    if "to" in given:
        answers = replace(answers, to=given["to"], sender=answers.sender or _said(given, "to"))
    if contact := _said(given, "contact"):
        answers = replace(answers, contact=contact)
    if smtp := _said(given, "smtp"):
        host, port = _host_and_port(smtp)
        security = {465: "tls", 25: "none", 1025: "none"}.get(port, "starttls")
        if (host, port) != (answers.smtp_host, answers.smtp_port):
            answers = replace(answers, smtp_host=host, smtp_port=port, smtp_security=security)
    if user := _said(given, "smtp_user"):
        answers = replace(answers, smtp_user=user, password_env=answers.password_env or PASSWORD_ENV)
    return answers


_TAKE: Mapping[Step, Callable[[Known, Values], Answers]] = {
    "site": _take_site, "locale": _take_locale, "terms": _take_terms, "competitors": _take_competitors,
    "press": _take_press, "feeds": _take_feeds, "contacts": _take_contacts, "mail": _take_mail,
}  # fmt: skip


def term_warnings(known: Known) -> tuple[str, ...]:
    """Return what to be warned of in the terms that were answered."""
    return warnings_of(known.answers.terms, known.common)


def _company(answers: Answers) -> Term | None:
    own = (term for term in answers.terms if term.kind == "own-company" and not term.id.startswith(PERSON))
    return next(own, None)


def _people(answers: Answers) -> tuple[Term, ...]:
    return tuple(t for t in answers.terms if t.kind == "own-company" and t.id.startswith(PERSON))


# ---- what the settings would not take ----


def _checked_site(text: str) -> str:
    addresses_of(text)
    return text


def _checked_email(text: str) -> str:
    if email := normal_email(text):
        return email
    msg = f"expected an e-mail address, such as you@yourfirm.example; got {text[:100]!r}"
    raise InputError(msg)


def _checked_contact(text: str) -> str:
    return text if text.startswith(("http://", "https://")) and urlsplit(text).hostname else _checked_email(text)


def _checked_alias(text: str) -> str:
    if any(c.isalnum() for c in text) and len(text) <= 200:
        return text
    msg = f"expected a name with a letter or digit, of at most 200 characters; got {text[:100]!r}"
    raise InputError(msg)


def _host_and_port(text: str) -> tuple[str, int]:
    match = re.fullmatch(r"\[?(?P<host>[\w.:-]+?)\]?(?::(?P<port>\d{1,5}))?", text)
    port = int(match["port"] or 587) if match else 0
    if match is None or not 1 <= port <= 65_535:
        msg = f"expected a server and perhaps a port, such as smtp.yourfirm.example:587; got {text[:100]!r}"
        raise InputError(msg)
    return match["host"], port


def _checked_smtp(text: str) -> str:
    _host_and_port(text)
    return text


_CHECKS: Mapping[str, Callable[[str], str]] = {
    "site": _checked_site, "region": checked_region, "currency": checked_currency, "time_zone": checked_time_zone,
    "language": checked_language, "company": _checked_alias, "products": _checked_alias, "people": _checked_alias,
    "competitors": _checked_alias, "press": _checked_site, "to": _checked_email, "contact": _checked_contact,
    "smtp": _checked_smtp,
}  # fmt: skip
