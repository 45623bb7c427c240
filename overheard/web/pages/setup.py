"""Set up: the steps of beginning as forms, the contact list's columns, what will be written, and the first results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, BinaryIO, cast
from urllib.parse import urlencode
from zoneinfo import available_timezones

from litestar import get, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Template

from overheard import wording
from overheard.config.settings import LocaleSettings
from overheard.crm.contacts import FIELDS
from overheard.crm.rows import HANDLE, ImportReport
from overheard.errors import ConfigError, InputError, NotFoundError
from overheard.onboard.locale import region_facts, regions
from overheard.onboard.page import one_line
from overheard.onboard.steps import (
    HEADS,
    STEPS,
    Given,
    Known,
    Option,
    Question,
    Step,
    answered,
    filled,
    term_warnings,
)
from overheard.table import IGNORED
from overheard.web.base import Asked, Service
from overheard.web.request import InjectedService
from overheard.web.security import needs
from overheard.web.setup import ContactList, SetUpState

_MOST = 200  # values of one list, and files of results that a page can show without becoming a book
_MOST_COLUMNS = 60  # of a list that are shown; the others go where they were guessed to
_MOST_ROWS = 50  # of a list that need a look
_INTRO: Mapping[Step, str] = {
    "site": "Overheard reads your home page and up to eight pages that it links to, and proposes the rest from it.",
    "locale": "How numbers, money and times are written, and where phone numbers without a country code belong.",
    "terms": "The names by which people speak of you. One name a line; take out what is also an everyday word.",
    "competitors": "Names of firms that your customers compare you with.",
    "press": "Each site is asked for its feed. Leave this empty if there is none.",
    "feeds": "Overheard looks at these again and again, politely, and keeps what is about you or whom you know.",
    "contacts": "With a list of contacts, what was said is put on the right person and firm.",
    "mail": "A digest in the morning, and at once when a customer complains.",
}
_LABELS = {
    "region": "Country",
    "company": "How it is written: every form, with domain and handles",
    "press": "Sites of your trade press, or the addresses of their feeds",
    "smtp": "Mail server (SMTP), and perhaps its port",
    "smtp_user": "User of the mail server",
    "contact": "Who asks: an e-mail or web address for the owners of the sites that are polled",
}
_HELP = {
    "site": "Such as yourfirm.example. It takes up to half a minute; without a network you type the names yourself.",
    "currency": "Three letters, such as INR. It goes with the country unless you change it.",
    "time_zone": "Such as Asia/Kolkata.",
    "language": "Two or three letters, such as en or hi.",
    "products": "One a line.",
    "people": "One a line. Their namesakes are heard too, so leave out who has a common name.",
    "competitors": "One a line.",
    "press": "One a line, such as machinist.example.",
    "to": "One a line.",
    "smtp": "Such as smtp.yourfirm.example:587.",
}
_OUTCOMES = ("created", "changed", "unchanged", "superseded", "duplicate", "suppressed", "error")

Form = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)]
Files = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


@dataclass(frozen=True, slots=True)
class Control:
    """A question as a form shows it. `shown` is what was proposed, one value a line; `choices` are (value, text).

    `kind` is line, lines, choice (one of `choices`) or options (some of `options`); `values` are in it now.
    """

    key: str
    kind: str
    label: str
    help: str
    notes: Sequence[str]
    values: Sequence[str]
    shown: str
    problem: str
    options: Sequence[Option] = ()
    choices: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A step in the overview: `says` what is set, empty for nothing yet."""

    step: Step
    head: str
    says: Sequence[str]


def is_new(service: Service) -> bool:
    """True where nothing was set up, answered or brought in."""
    settings = service.settings
    has_sources = bool(settings.sources)
    return not (has_sources or service.setup.begun or service.watched() or service.people(limit=0).total)


# --- the overview ----------------------------------------------------------------------------------------------------


@get("/setup", include_in_schema=False, guards=[needs("admin")], sync_to_thread=True)
def set_up(service: InjectedService, told: FromQuery[str] = "") -> Template:
    """Show what is set and what is not, each with a way to change it."""
    state = service.setup.look()
    rows = [Row(step, HEADS[step], _says(step, state, service)) for step in STEPS]
    words = {"list-gone": "The list of contacts was removed.", "dropped": "What was not written is forgotten."}
    left = next((step for step in STEPS if step not in state.done), None)
    context = {"state": state, "rows": rows, "told": words.get(told, ""), "left": left, "active": "setup"}
    return Template("setup.html", context=context)


def _says(step: Step, state: SetUpState, service: Service) -> list[str]:
    answers = state.known.answers
    by_kind: dict[str, list[str]] = {}
    for term in answers.terms:
        by_kind.setdefault(term.kind, []).append(term.aliases[0])
    locale = [wording.territory(answers.region, service.settings.locale), answers.currency, answers.time_zone]
    if step == "contacts":
        total = service.people(kind="contact", limit=0).total
        found = [f"{wording.number(total, service.settings.locale)} known"] if total else []
        return [*found, f"{state.contact_list} waits"] if state.contact_list else found
    return {
        "site": [answers.domain],
        "locale": [*locale, answers.language] if answers.region else [],
        "terms": list(dict.fromkeys((answers.name, *by_kind.get("own-company", ()), *by_kind.get("own-product", ())))),
        "competitors": by_kind.get("competitor", []),
        "press": [feed.url for feed in state.known.press],
        "feeds": [feed.name for feed in answers.feeds],
        "mail": [*answers.to, f"by {answers.smtp_host}" if answers.smtp_host else ""],
    }[step]


# --- a step ----------------------------------------------------------------------------------------------------------


# A coroutine: of two handlers on one path the framework wraps the first for its threads twice, and then fails.
@get("/setup/{step:str}", include_in_schema=False, guards=[needs("admin")])
async def step_page(step: FromPath[str], service: InjectedService) -> Template:
    """Show a step's questions with what is proposed. Raises NotFoundError."""
    return await sync_to_thread(_step_page, _step(step), service, {})


@post("/setup/{step:str}", include_in_schema=False, guards=[needs("admin")], sync_to_thread=True, status_code=303)
def answer_step(step: FromPath[str], data: Form, service: InjectedService) -> Redirect | Template:
    """Take a step's answers in, and go on to the next. Raises NotFoundError."""
    here = _step(step)
    known = service.setup.look().known
    asked = {key.removeprefix("shown-") for key in data if key.startswith("shown-")}
    said = {} if _text(data, "action") == "skip" else _said(data)
    try:
        if here == "contacts" or _text(data, "action") == "skip":
            service.setup.answer(here, {question.key: None for question in filled(here, known).questions})
        else:
            if long := next((key for key, values in said.items() if len(values or ()) > _MOST), ""):
                msg = f"expected at most {_MOST} values; got {len(said[long] or ())}"
                raise InputError(msg, where=long)
            found = filled(here, known, said)
            more = [question for question in found.questions if question.key not in asked]
            if found.wrong or more:
                told = "" if found.wrong or not asked else "That asks for a little more."
                return _step_page(here, service, said, told=told, status=422 if found.wrong else 200)
            service.setup.answer(here, said)
    except InputError as e:
        return _step_page(here, service, said, problem=str(e), status=422)
    if _text(data, "action") == "test":
        return _step_page(here, service, {}, told=service.setup.test_mail())
    return Redirect(_after(here, _text(data, "action")), status_code=303)


def _after(step: Step, action: str) -> str:
    at = STEPS.index(step) + 1
    return "/setup/review" if action == "review" or at == len(STEPS) else f"/setup/{STEPS[at]}"


def _step(name: str) -> Step:
    for step in STEPS:
        if step == name:
            return step
    msg = f"expected a step of the set-up ({', '.join(STEPS)}); {name[:50]!r} is none"
    raise NotFoundError(msg)


def _said(data: Mapping[str, Any]) -> dict[str, tuple[str, ...] | None]:
    """Return what was said: what is as it was shown was not, so that it follows what was changed beside it."""
    said: dict[str, tuple[str, ...] | None] = {}
    for name in data:
        key = name.removeprefix("shown-")
        if key == name:
            continue
        values = _lines(data, key)
        if values != _lines(data, name) or f"options-{key}" in data:
            said[key] = values
    return said


def _lines(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the values of a field, one a line or one a box."""
    found = data.get(key, ())
    texts = found if isinstance(found, list | tuple) else [found]
    return tuple(line for text in texts for part in str(text).splitlines() if (line := one_line(part)))


def _text(data: Mapping[str, Any], key: str) -> str:
    return next(iter(_lines(data, key)), "")


def _step_page(
    step: Step, service: Service, said: Given, *, told: str = "", problem: str = "", status: int = 200
) -> Template:
    state = service.setup.look()
    found = filled(step, state.known, said)
    locale = service.settings.locale
    controls = [
        _control(question, {**found.given, **{key: said.get(key) for key in found.wrong}}, found.wrong, locale)
        for question in found.questions
    ]
    at = STEPS.index(step)
    context = {
        "step": step,
        "head": HEADS[step],
        "intro": _INTRO[step],
        "heads": HEADS,
        "number": at + 1,
        "back": f"/setup/{STEPS[at - 1]}" if at else "/setup",
        "next": HEADS[STEPS[at + 1]] if at + 1 < len(STEPS) else "",
        "controls": controls,
        "state": state,
        "told": told,
        "problem": problem,
        "wrong": len(found.wrong),
        "warnings": _warnings(step, state.known, found.given) if not found.wrong else (),
        "active": "setup",
    }
    return Template("setup_step.html", context=context, status_code=status)


def _warnings(step: Step, known: Known, given: Given) -> Sequence[str]:
    if step not in ("terms", "competitors"):
        return ()
    return term_warnings(Known(answered(step, known, given), known.findings, known.press, known.common))


def _control(
    question: Question,
    given: Given,
    wrong: Mapping[str, str],
    locale: LocaleSettings,
) -> Control:
    kind = "options" if question.options else "lines" if question.many else "line"
    choices = _choices(question.key, locale.language)
    return Control(
        question.key,
        "choice" if question.key == "region" else kind,
        _LABELS.get(question.key, question.text),
        _HELP.get(question.key, ""),
        question.notes,
        given.get(question.key) or (),
        "\n".join(question.default),
        wrong.get(question.key, ""),
        question.options,
        choices,
    )


@lru_cache(maxsize=16)
def _choices(key: str, language: str) -> tuple[tuple[str, str], ...]:
    """Return what a field of `[locale]` may be, as (value, text); () for another field."""
    if key == "region":
        locale = LocaleSettings(language=language)
        return tuple(sorted(((code, wording.territory(code, locale)) for code in regions()), key=lambda one: one[1]))
    if key == "currency":
        return tuple((code, code) for code in sorted({region_facts(code).currency for code in regions()}) if code)
    if key == "time_zone":
        zones = (zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
        return (("UTC", "UTC"), *((zone, zone) for zone in sorted(zones)))
    return ()


# --- contacts --------------------------------------------------------------------------------------------------------


@post("/setup/contacts/list", include_in_schema=False, guards=[needs("admin")], sync_to_thread=True, status_code=303)
def give_list(data: Files, service: InjectedService) -> Redirect | Template:
    """Keep a list of contacts until it is confirmed."""
    file = data.get("file")
    try:
        if not isinstance(file, UploadFile) or not file.filename:
            msg = "expected a file with contacts; none was chosen"
            raise InputError(msg)
        service.setup.take_list(file.filename, cast("BinaryIO", file.file))
    except (InputError, ConfigError) as e:
        return _step_page("contacts", service, {}, problem=str(e), status=422)
    return Redirect("/setup/contacts/list", status_code=303)


# A coroutine, as `step_page`.
@get("/setup/contacts/list", include_in_schema=False, guards=[needs("admin")])
async def list_page(service: InjectedService) -> Template | Redirect:
    """Show which column goes where, and what would become of the rows."""
    return await sync_to_thread(_waiting_list, service)


def _waiting_list(service: Service) -> Template | Redirect:
    try:
        found = service.setup.contact_list()
    except InputError as e:
        return _step_page("contacts", service, {}, problem=str(e), status=422)
    return _list_page(service, found) if found else Redirect("/setup/contacts", status_code=303)


@post("/setup/contacts/columns", include_in_schema=False, guards=[needs("admin")], sync_to_thread=True, status_code=303)
def change_list(data: Form, service: InjectedService) -> Redirect | Template:
    """Put columns right; or take the list, or remove it."""
    action = _text(data, "action")
    if action == "drop":
        service.setup.drop_list()
        return Redirect("/setup?told=list-gone", status_code=303)
    try:
        found = service.setup.contact_list()
        if found is None:
            return Redirect("/setup/contacts", status_code=303)
        columns = {
            guess.column: field
            for i, guess in enumerate(found.guesses)
            if (field := _text(data, f"column-{i}")) and field != guess.field
        }
        # Whoever changed a column sees first what comes of it.
        taken = action == "take" and not columns and not found.problem
        service.setup.change_list(_text(data, "stamp"), columns, taken=taken)
    except InputError as e:
        found = service.setup.contact_list()
        if found is None:
            return _step_page("contacts", service, {}, problem=str(e), status=422)
        return _list_page(service, found, problem=str(e), status=422)
    return Redirect(_after("contacts", "") if taken else "/setup/contacts/list", status_code=303)


def _list_page(service: Service, found: ContactList, *, problem: str = "", status: int = 200) -> Template:
    report = found.report
    context = {
        "list": found,
        "done": service.setup.look().done,
        "number": STEPS.index("contacts") + 1,
        "heads": HEADS,
        "fields": _fields(found),
        "shown": _MOST_COLUMNS,
        "counts": [(name, report.counts[name]) for name in _OUTCOMES if report.counts.get(name)] if report else [],
        "rows": _to_look_at(report) if report else [],
        "most": _MOST_ROWS,
        "problem": problem,
        "active": "setup",
    }
    return Template("setup_list.html", context=context, status_code=status)


def _fields(found: ContactList) -> list[tuple[str, str]]:
    """Return the fields that a column may go to, as (field, words)."""
    names = dict.fromkeys([*(field.name for field in FIELDS), *(guess.field for guess in found.guesses)])
    return [(name, _words(name)) for name in names if name != IGNORED]


def _words(field: str) -> str:
    if field.startswith(HANDLE):
        return f"handle on {field.removeprefix(HANDLE)}"
    return {"external_id": "id in your CRM", "lifecycle_since": "lifecycle since"}.get(field, field.replace("_", " "))


def _to_look_at(report: ImportReport) -> list[tuple[int, str, str, Sequence[str]]]:
    """Return (line, outcome, name, sentences) of the rows that need a look, errors and duplicates first."""
    ranks = ("error", "duplicate", "superseded")
    rows = [
        (row.line, row.outcome, row.name or row.external_id, [one for one in (row.message, *row.warnings) if one])
        for row in report.rows
        if row.outcome in ranks or row.warnings
    ]
    return sorted(rows, key=lambda row: (ranks.index(row[1]) if row[1] in ranks else len(ranks), row[0]))


# --- the end ---------------------------------------------------------------------------------------------------------


# A coroutine, as `step_page`.
@get("/setup/review", include_in_schema=False, guards=[needs("admin")])
async def review(service: InjectedService) -> Template:
    """Show what will be written."""
    return await sync_to_thread(_review, service)


@post("/setup/review", include_in_schema=False, guards=[needs("admin")], sync_to_thread=True, status_code=303)
def finish(data: Form, service: InjectedService) -> Redirect | Template:
    """Write it, and go on to the first results."""
    try:
        done = service.setup.finish(_text(data, "stamp"))
    except (InputError, ConfigError) as e:
        return _review(service, problem=str(e), status=422)
    counts = [(name, number) for name, number in done.contacts.items() if name in _OUTCOMES and number]
    return Redirect(f"/setup/done?{urlencode([*(('file', name) for name in done.files), *counts])}", status_code=303)


def _review(service: Service, *, problem: str = "", status: int = 200) -> Template:
    context = {
        "review": service.setup.review(),
        "state": service.setup.look(),
        "problem": problem,
        "heads": HEADS,
        "active": "setup",
    }
    return Template("setup_review.html", context=context, status_code=status)


@post("/setup/drop", include_in_schema=False, guards=[needs("admin")], sync_to_thread=True, status_code=303)
def drop(service: InjectedService) -> Redirect:
    """Forget what was answered and not written."""
    service.setup.drop()
    return Redirect("/setup?told=dropped", status_code=303)


@get("/setup/done", include_in_schema=False, guards=[needs("admin")], sync_to_thread=True)
def done(  # noqa: PLR0917 - the framework passes them by name
    service: InjectedService,
    file: FromQuery[list[str] | None] = None,
    created: FromQuery[int] = 0,
    changed: FromQuery[int] = 0,
    unchanged: FromQuery[int] = 0,
    duplicate: FromQuery[int] = 0,
    error: FromQuery[int] = 0,
) -> Template:
    """Show the first results as they come."""
    page = service.search(Asked(limit=5))
    counts = {"new": created, "changed": changed, "the same": unchanged, "known already": duplicate, "not used": error}
    context = {
        "files": [name for name in file or () if name in ("overheard.toml", "watch.toml")] or (file or [])[:2],
        "contacts": [(name, number) for name, number in counts.items() if number > 0],
        "sources": service.sources(),
        "page": page,
        "people": service.people(kind="contact", limit=0).total,
        "active": "setup",
    }
    return Template("setup_done.html", context=context)
