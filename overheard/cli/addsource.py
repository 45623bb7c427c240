"""`overheard sources add`: a source set up in short questions, tried, and kept once it was seen what it brings."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from overheard.cli import render
from overheard.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    FolderOption,
    JsonOption,
    console,
    notes,
    open_system,
    print_json,
    telling,
)
from overheard.errors import ConfigError, InputError, NotFoundError
from overheard.log.base import Log
from overheard.web.newsource import Question, SourceForm, Trial
from overheard.wiring.newsources import CONTACT, FileNewSources

_CONTACT = "Your e-mail address or site, so that those who are asked can see who asks and answer"


@contextmanager
def _log(folder: Path | None, config: Path | None) -> Iterator[Log]:
    """Open the log in which budgets are counted; one is begun where there is none."""
    with closing(open_system(folder, config if config is not None and config.exists() else None, make=True)) as system:
        yield system.log


def add_source(
    kind: Annotated[
        str, typer.Argument(metavar="[KIND]", help="A kind of source, or an address; without it the kinds are listed.")
    ] = "",
    given: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="A setting. May be given again.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: keep it where it can be had.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try it, and write nothing.")] = False,
    untried: Annotated[bool, typer.Option("--untried", help="Ask the source nothing, and keep it as it is.")] = False,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set up a source: what it needs, what it brings, and then into the settings.

    A secret is never asked for, nor taken: only where it is. With --json nothing is asked.
    """
    new = FileNewSources(config or DEFAULT_CONFIG, log=partial(_log, folder, config))
    if not kind:
        _list(new, as_json=as_json)
        return
    talk = _Talk(notes() if as_json else console(), yes=yes or as_json)
    said = _pairs(given or [])
    is_kind = kind in {one.name for one in new.kinds()}
    if new.needs_contact(kind if is_kind else "") and not said.get("contact"):
        said["contact"] = talk.contact()
    kind, said = _kind_of(talk, new, kind, said)
    walk = _Walk(talk, new, new.form(kind), said, untried=untried)
    trial = walk.go()
    name = ""
    if trial is not None and not dry_run and (untried or not trial.problem or walk.anyway) and walk.confirmed():
        name = new.keep(kind, walk.given)
    if as_json:
        print_json(
            {
                "kind": kind,
                "kept": name,
                "table": new.draft(kind, walk.given) if not name else "",
                "found": trial.found if trial else 0,
                "problem": trial.problem if trial else "",
                "advice": trial.advice if trial else "",
                "note": trial.note if trial else "",
                "dryRun": dry_run,
            }
        )
    elif name:
        talk.say(f"{name!r} is in {new.config.name}. An `overheard up` that runs asks it from now on.")
    else:
        talk.say("Dry run: nothing was written." if dry_run else "Nothing was written.", "yellow")
    if trial is None or (trial.problem and not name) or not (name or dry_run):
        raise typer.Exit(1)


def _list(new: FileNewSources, *, as_json: bool) -> None:
    found = new.kinds()
    if as_json:
        print_json([{"kind": one.name, "about": one.about, "from": one.origin} for one in found])
        return
    lines = [f"{one.name:<{max(len(one.name) for one in found)}}  {one.about}" for one in found]
    console().print(render.safe("\n".join(lines), lines=True), markup=False, soft_wrap=True)
    console().print("\n`overheard sources add KIND`, or the address of what you want to hear.", markup=False)


def _pairs(given: list[str]) -> dict[str, str]:
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"expected KEY=VALUE; got {one[:60]!r}", param_hint="--set")
        found[name.strip()] = value
    return found


def _kind_of(talk: "_Talk", new: FileNewSources, kind: str, said: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return the kind that is meant, and what is known of it; an address is looked at."""
    if kind in {one.name for one in new.kinds()}:
        return kind, said
    if not any(mark in kind for mark in ("://", ".", "/")):
        new.form(kind)  # raises
        raise NotFoundError(f"expected a kind of source, or an http(s) address; got {kind[:60]!r}")
    with telling("looking at the address"):
        guess = new.guess(kind, said.get("contact", ""))
    talk.say(f"{guess.note or 'Known by its address.'} It is followed as a source of the kind `{guess.kind}`.")
    return guess.kind, {**guess.given, **said}


class _Talk:
    """Asks and tells on a terminal; with `yes` it only tells."""

    def __init__(self, out: Console, *, yes: bool) -> None:
        self.out = out
        self.yes = yes

    def say(self, text: str, style: str = "") -> None:
        """Tell a line; what came from outside cannot move the cursor."""
        self.out.print(render.safe(text), style=style, markup=False, soft_wrap=True)

    def ask(self, text: str, default: str = "") -> str:
        """Return what is typed, `default` for an empty line."""
        shown = render.safe(f"{text}{f' [{default}]' if default else ''}")
        return str(typer.prompt(shown, default=default, show_default=False)).strip()

    def contact(self) -> str:
        """Return who asks. Raises ConfigError where nobody can be asked for that."""
        if self.yes:
            raise ConfigError(f"{CONTACT}, or with `--set contact=…`")
        return self.ask(_CONTACT)


class _Walk:
    """The questions of one kind, its trial, and what to do about what came of it."""

    def __init__(
        self, talk: _Talk, new: FileNewSources, form: SourceForm, given: dict[str, str], *, untried: bool
    ) -> None:
        self._talk = talk
        self._new = new
        self._form = form
        self._untried = untried
        self._places = {one.name for one in form.questions if one.place}
        self.given = given
        self.anyway = False

    def go(self) -> Trial | None:
        """Ask, and try, until it is had or given up; return what came of it, None where it was given up."""
        talk, kind = self._talk, self._form.kind
        if not talk.yes:
            talk.say(f"{kind.name}: {kind.about}", "bold")
            for line in self._form.terms:
                talk.say(f"  It {line}.", "dim")
            talk.say("Enter takes what is proposed, or leaves it out; - takes out what was given.")
            self._ask_all(again=False)
        while True:
            trial = self._once()
            if trial is not None and not trial.problem:
                return trial
            if talk.yes:
                return trial
            answer = talk.ask("c to correct, t to try again, k to keep it all the same, q to leave it", "c")[:1]
            if answer == "q" or (answer == "k" and trial is not None):
                self.anyway = answer == "k"
                return trial if self.anyway else None
            if answer == "c":
                self._ask_all(again=True)

    def confirmed(self) -> bool:
        """True where it is to be kept; what would stand in the settings is shown first."""
        if self._talk.yes:
            return True
        self._talk.out.print(
            render.safe(self._new.draft(self._form.kind.name, self.given), lines=True), markup=False, soft_wrap=True
        )
        return typer.confirm("Keep it?", default=True)

    def _once(self) -> Trial | None:
        """Try what was given; return what came, None where it is no source yet."""
        talk, kind = self._talk, self._form.kind.name
        if not self.given.get("name", "").strip():
            self.given["name"] = self._new.name_for(kind, self.given)
        try:
            self._new.draft(kind, self.given)
            if self._untried:
                return Trial(note="It was not tried.")
            with telling("asking it"):
                trial = self._new.try_out(kind, self.given)
        except InputError as e:
            if talk.yes:
                raise
            talk.say(str(e), "red")
            if e.where.removesuffix("_env").removesuffix("_file") in self._places:
                # It may be the secret itself: it is not proposed again.
                self.given.pop(e.where, None)
            return None
        if trial.problem:
            talk.say(f"It gave nothing: {trial.problem}.", "red")
            talk.say(trial.advice)
        elif trial.shown:
            talk.out.print(render.trial(trial.shown, trial.found))
        if trial.note:
            talk.say(trial.note)
        return trial

    def _ask_all(self, *, again: bool) -> None:
        for question in self._form.questions:
            if again or not self.given.get(question.name):
                self._ask(question)

    def _ask(self, question: Question) -> None:
        talk, given = self._talk, self.given
        if question.place and question.name == "token" and self._form.token_from:
            talk.say(f"  {self._form.token_from}", "dim")
        known = given.get(question.name, "")
        if question.name == "name" and not known:
            known = self._new.name_for(self._form.kind.name, given)
        says = question.says or question.name
        what = f" ({' or '.join(question.choices)})" if question.choices else ""
        text = f"{question.name}{what}: {says.rstrip('.')}"
        if question.place:
            text = f"{question.name}: where it is, a variable such as OUR_TOKEN or a file such as ./our-token"
        answer = talk.ask(text, known or question.default)
        if answer == "-":
            given.pop(question.name, None)
        elif answer and answer != question.default:
            given[question.name] = answer
