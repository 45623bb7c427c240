"""`overheard init`: a firm's own settings and watch list, in short questions with what is proposed as their answers."""

import re
import signal
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from overheard.cli import render
from overheard.cli.options import (
    ConfigOption,
    FolderOption,
    JsonOption,
    console,
    notes,
    open_system,
    print_json,
    telling,
)
from overheard.cli.up import run_with_progress
from overheard.config.settings import Settings
from overheard.errors import ConfigError, InputError
from overheard.onboard.page import FoundFeed
from overheard.onboard.site import Findings
from overheard.onboard.steps import (
    HEADS,
    STEPS,
    Given,
    Known,
    Question,
    Step,
    answered,
    checked,
    next_question,
    term_warnings,
)
from overheard.onboard.write import Draft
from overheard.table import parse_map
from overheard.wiring.imports import bring_contacts, bring_watch
from overheard.wiring.kinds import load_settings
from overheard.wiring.onboard import (
    SETTINGS_FILE,
    Files,
    contacts_report,
    drafts,
    find_feeds,
    first_results,
    known_from,
    read_site,
    without_network,
    write,
)
from overheard.wiring.service import SystemService

_COMMAS = re.compile(r"\s*[,，、،]\s*")
# Steps whose proposals come from the site.
_OF_SITE = frozenset({"locale", "terms", "competitors", "feeds", "mail"})


def init(
    domain: Annotated[str, typer.Argument(help="Your firm's site, such as yourfirm.example.")] = "",
    step: Annotated[
        list[str] | None, typer.Option(help=f"Only this step: {', '.join(STEPS)}. May be repeated.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take what is proposed.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nothing of the network.")] = False,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin: read your firm's site, propose what to listen for and where, write the settings, show first results.

    Enter takes what is proposed, `-` skips, lists are edited with commas. With --json nothing is asked.

    Run again, it begins with what the settings say.
    """
    steps = _steps(step)
    files = Files.at(config or Path(SETTINGS_FILE))
    known = known_from(files)
    yes = yes or as_json
    if yes and not domain and not known.answers.domain and step is None:
        msg = "expected your firm's site with --yes, such as `overheard init yourfirm.example --yes`; got none"
        raise ConfigError(msg)
    talk = _Talk(notes() if as_json else console(), yes=yes, offline=offline)
    known, contacts = _answers(talk, known, steps, domain, files, folder)
    found = drafts(files, known.answers)
    if not _written(talk, found):
        raise typer.Exit(1)
    settings = load_settings(files.settings)
    result = _first_look(talk, files, settings, contacts, folder)
    if as_json:
        print_json(
            {
                "settings": str(files.settings),
                "watch": str(files.watch) if known.answers.terms else None,
                "changed": [str(draft.path) for draft in found if draft.changes],
                "answers": asdict(replace(known.answers, terms=())) | {"terms": known.answers.terms},
                "notes": known.findings.notes,
                "found": result,
            }
        )


def _steps(given: list[str] | None) -> tuple[Step, ...]:
    for name in given or ():
        if name not in STEPS:
            raise typer.BadParameter(f"expected one of {', '.join(STEPS)}; got {name!r}", param_hint="--step")
    return tuple(step for step in STEPS if not given or step in given)


@dataclass(frozen=True)
class _Contacts:
    """A list of contacts to bring in, and which column goes where."""

    file: str
    mapping: Mapping[str, str]


class _Talk:
    """Asks and tells on a terminal; with `yes` it only tells."""

    def __init__(self, out: Console, *, yes: bool, offline: bool) -> None:
        self.out = out
        self.yes = yes
        self.offline = offline

    def say(self, text: str, style: str = "") -> None:
        """Tell a line; what came from outside cannot move the cursor."""
        self.out.print(render.safe(text), style=style, markup=False, soft_wrap=True)

    def ask(self, question: Question) -> tuple[str, ...] | None:
        """Return the answer to a question, as it is kept; None where it is skipped."""
        for note in question.notes:
            self.say(f"  {note}", "dim")
        for number, option in enumerate(question.options, 1):
            self.say(f"  {number:>2} {'[x]' if option.taken else '[ ]'} {option.label}: {option.value}")
            self.say(f"         {option.note}", "dim")
        while True:
            text = self._line(question)
            try:
                if text == "-":
                    return None
                return checked(question, question.default if not text else _values(question, text))
            except InputError as e:
                if self.yes:
                    self.say(f"  {e}", "yellow")
                    return None
                self.say(f"  {e}", "red")

    def _line(self, question: Question) -> str:
        if question.options:
            proposed = ", ".join(str(i) for i, one in enumerate(question.options, 1) if one.value in question.default)
        else:
            proposed = ", ".join(question.default)
        shown = render.safe(f"{question.text}{f' [{proposed}]' if proposed else ''}")
        if self.yes:
            self.say(f"{question.text}: {proposed or 'none'}")
            return ""
        return str(typer.prompt(shown, default="", show_default=False)).strip()

    def confirm(self, text: str) -> bool:
        """Return whether to go on; with `yes` always."""
        return self.yes or typer.confirm(text, default=True)


def _values(question: Question, text: str) -> tuple[str, ...]:
    if not question.many:
        return (text,)
    parts = [part for part in _COMMAS.split(text) if part]
    if not question.options:
        return tuple(parts)
    if parts == ["0"]:
        return ()
    values = {str(i): option.value for i, option in enumerate(question.options, 1)}
    for part in parts:
        if part not in values:
            msg = f"expected numbers from 1 to {len(values)} with commas between, 0 for none; got {part[:50]!r}"
            raise InputError(msg)
    return tuple(values[part] for part in parts)


def _answers(
    talk: _Talk, known: Known, steps: tuple[Step, ...], domain: str, files: Files, folder: Path | None
) -> tuple[Known, _Contacts | None]:
    """Go through the steps; return what is known at their end, and the list of contacts to bring in."""
    contacts: _Contacts | None = None
    if not talk.yes:
        talk.say(
            "Enter takes what is proposed, - skips, lists are edited with commas. Nothing is written before the end."
        )
    if talk.offline:
        talk.say("Without network: no site is read and nothing is polled; what you type counts.", "yellow")
    if "site" not in steps and (domain or _OF_SITE & set(steps)) and (site := domain or known.answers.domain):
        known = replace(known, findings=_read(talk, site))
    for step in steps:
        talk.say(f"\n{HEADS[step]}", "bold")
        given: dict[str, tuple[str, ...] | None] = {}
        if step == "site" and domain:
            given["site"] = checked(Question("site", ""), (domain,))
        while (question := next_question(step, known, given)) is not None:
            given[question.key] = talk.ask(question)
        known = _looked(talk, step, known, given)
        if step == "contacts":
            contacts = _contacts(talk, given, files, folder, known.answers.region)
        known = replace(known, answers=answered(step, known, given))
        if step == "terms":
            for warning in term_warnings(known):
                talk.say(f"  {warning}", "yellow")
    return known, contacts


def _looked(talk: _Talk, step: Step, known: Known, given: Given) -> Known:
    """Go and look at what a step named: the site, the press."""
    if step == "site" and (site := given.get("site")):
        return replace(known, findings=_read(talk, site[0]))
    if step == "press":
        press: list[FoundFeed] = []
        for typed in given.get("press") or ():
            if talk.offline:
                talk.say(
                    f"  {typed} was not asked for its feed: there is no network. Run `--step press` later.", "yellow"
                )
                continue
            with telling(f"asking {typed}"):
                feeds, said = find_feeds(typed)
            press += feeds
            for note in said:
                talk.say(f"  {note}", "yellow")
        return replace(known, press=tuple(press))
    return known


def _read(talk: _Talk, site: str) -> Findings:
    if talk.offline:
        return Findings()
    with telling(f"reading {site}") as tell:
        findings = read_site(site, tell=lambda url: tell(f"reading {render.safe(url)}"))
    if findings.read:
        talk.say(f"  {_many(len(findings.read), 'page')} read: {', '.join(findings.read)}", "dim")
    for note in findings.notes:
        talk.say(f"  {note}", "yellow")
    for account in findings.accounts:
        talk.say(f"  Your account on {account.platform}: {account.handle}", "dim")
    return findings


def _contacts(talk: _Talk, given: Given, files: Files, folder: Path | None, region: str) -> _Contacts | None:
    """Show what a list of contacts would bring, until it is taken or left; columns may be put right."""
    settings = load_settings(files.settings) if files.settings.exists() else Settings()
    # The region is answered and not yet written; phone numbers are read by it.
    settings = msgspec.structs.replace(settings, locale=msgspec.structs.replace(settings.locale, region=region))
    data = folder or (Path(settings.data) if files.settings.exists() else files.settings.parent / settings.data)
    path = next(iter(given.get("contacts") or ()), "")
    mapping: dict[str, str] = {}
    while path:
        file = str(Path(path).expanduser())
        try:
            report = contacts_report(file, settings, data, mapping=mapping)
        except (ConfigError, InputError) as e:
            talk.say(f"  {e}", "red")
            mapping = {}
            path = "" if talk.yes else _said("File of your contacts (- skips)")
            continue
        talk.out.print(render.crm_import(report, dry_run=True))
        if talk.yes:
            return _Contacts(file, mapping)
        answer = _said("Bring them in? y, n, or COLUMN=FIELD to put columns right [y]", "y")
        if answer.lower() in ("y", "yes"):
            return _Contacts(file, mapping)
        if "=" not in answer:
            return None
        try:
            mapping |= parse_map(_COMMAS.split(answer))
        except ConfigError as e:
            talk.say(f"  {e}", "red")
    return None


def _said(text: str, default: str = "-") -> str:
    answer = str(typer.prompt(text, default=default, show_default=False)).strip()
    return "" if answer == "-" else answer


def _written(talk: _Talk, found: tuple[Draft, ...]) -> bool:
    """Write the files; one that is there already only after its changes were shown and taken."""
    talk.say("")
    for draft in found:
        if draft.old is not None and draft.changes:
            for line in draft.diff:
                talk.say(line, {"+": "green", "-": "red"}.get(line[:1], "dim"))
    if any(draft.old is not None and draft.changes for draft in found) and not talk.confirm("Write this?"):
        talk.say("Nothing was written.", "yellow")
        return False
    write(found)
    for draft in found:
        talk.say(f"{draft.path}: {'written' if draft.changes else 'stays as it is'}")
    return True


def _first_look(
    talk: _Talk, files: Files, settings: Settings, contacts: _Contacts | None, folder: Path | None
) -> Mapping[str, object]:
    """Bring in what was named, poll once, and show what was found."""
    polls = bool(settings.sources) and bool(settings.http.contact) and not talk.offline
    with open_system(folder, files.settings, make=True) as system:
        if files.watch.exists():
            bring_watch(system, files.watch)
        if contacts is not None:
            counts = bring_contacts(system, contacts.file, mapping=contacts.mapping).counts
            talk.say(f"Contacts: {', '.join(f'{count:,} {outcome}' for outcome, count in counts.items() if count)}")
        if system.guest:
            talk.say("`overheard up` is running: it goes on with the new settings from now on.", "yellow")
        elif polls:
            talk.say(f"Asking {_many(len(settings.sources), 'source')} for the first time …")
        else:
            talk.say(_why_no_poll(talk, settings), "yellow")
            system.change_settings(without_network(system.settings))
        if not system.guest:
            stop = threading.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
            run_with_progress(system, once=True, workers=1, stop=stop)
        heard = system.fates().get("collect", {})
        page = first_results(system)
        with closing(SystemService(system)) as service:
            failed = [source.name for source in service.sources() if source.state is not None and source.state.error]
            watches = bool(service.watched())
    talk.say(f"\n{_many(sum(heard.values()), 'post')} heard, {page.total:,} about you.", "bold")
    if page.total:
        talk.out.print(render.search_page(page, brackets=talk.out.color_system is None))
    elif not watches:
        talk.say("There is nothing to listen for yet: name your firm with `overheard init --step terms`.", "yellow")
    if polls and failed:
        talk.say(
            f"{len(failed)} of {_many(len(settings.sources), 'source')} did not answer: {', '.join(failed)}. "
            "`overheard up` asks again, and its page Sources says why.",
            "yellow",
        )
    elif polls and watches and not page.total:
        talk.say("Nothing yet. Searches bring what is new: leave Overheard running, and look again tomorrow.")
    talk.say(
        "Next: `overheard up` listens until it is stopped and serves the pages; `overheard init --step …` changes this."
    )
    return {"heard": dict(heard), "total": page.total, "hits": [hit.record for hit in page.hits]}


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _why_no_poll(talk: _Talk, settings: Settings) -> str:
    if talk.offline:
        return "Nothing was polled: there is no network. `overheard up` polls when there is."
    if not settings.sources:
        return "Nothing was polled: there is no feed yet. Name some with `overheard init --step press --step feeds`."
    return "Nothing was polled: [http] contact is empty. Give it with `overheard init --step mail`."
