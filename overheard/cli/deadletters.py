"""`overheard dead-letters`: records that could not be used, looked at, tried again, or let go."""

from collections.abc import Sequence
from typing import Annotated

import typer

from overheard.cli import render
from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, open_system, print_json
from overheard.log.base import Log
from overheard.log.deadletters import drop_letter, is_replayable, list_letters, show_letter
from overheard.policy import exported
from overheard.records import DeadLetter
from overheard.wiring.deadletters import replay_letters
from overheard.wiring.policies import policies_of

app = typer.Typer(no_args_is_help=True, help="Records that could not be used, and why.")

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As `overheard dead-letters list` shows it.")]
IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As `list` shows them.")]
StageOption = Annotated[str, typer.Option("--stage", help="Only those that this stage gave up on.")]
TopicOption = Annotated[str, typer.Option("--topic", help="Only those of this topic.")]
EveryOption = Annotated[bool, typer.Option("--all", help="All that wait (of --stage, of --topic).")]


@app.command("list")
def list_(
    stage: StageOption = "",
    topic: TopicOption = "",
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the records that wait, oldest first."""
    with open_system(folder, config) as system:
        letters = exported(list_letters(system.log, stage=stage, topic=topic), policies_of(system) if as_json else {})
    if as_json:
        print_json(letters)
    else:
        console().print(render.dead_letters(letters))


@app.command("show")
def show(
    letter_id: IdArgument,
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one record: who gave up on it, when, why, and the record itself."""
    with open_system(folder, config) as system:
        letter = exported(show_letter(system.log, letter_id), policies_of(system) if as_json else {})
    if as_json:
        print_json(letter)
    else:
        console().print(render.dead_letter(letter))


@app.command("replay")
def replay(
    letter_ids: IdsArgument = None,
    every: EveryOption = False,
    stage: StageOption = "",
    topic: TopicOption = "",
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put records back on the topics that they came from; `overheard up` tries them again."""
    with open_system(folder, config) as system:
        chosen = _chosen(system.log, letter_ids, every, stage, topic)
        # Named one by one, a letter that cannot be replayed is an error; of all that wait it is left, and told.
        left = [letter.id for letter in chosen if every and not is_replayable(letter)]
        letters = [letter for letter in chosen if letter.id not in left]
        replay_letters(system.log, [letter.id for letter in letters], system.suppressed.follow())
    _tell([letter.id for letter in letters], "replayed", "run `overheard up` to try again", as_json, left)


@app.command("drop")
def drop(
    letter_ids: IdsArgument = None,
    every: EveryOption = False,
    stage: StageOption = "",
    topic: TopicOption = "",
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let records go for good."""
    with open_system(folder, config) as system:
        chosen = _chosen(system.log, letter_ids, every, stage, topic)
        letters = [drop_letter(system.log, letter.id) for letter in chosen]
    _tell([letter.id for letter in letters], "dropped", "", as_json)


def _chosen(log: Log, ids: Sequence[str] | None, every: bool, stage: str, topic: str) -> Sequence[DeadLetter]:
    """Return the letters that are meant; each of `ids` is looked up before anything is done to the first."""
    if bool(ids) == every:
        msg = "expected ids, or --all; got " + ("both" if ids else "neither")
        raise typer.BadParameter(msg)
    if ids:
        return [show_letter(log, one) for one in dict.fromkeys(ids)]
    return list_letters(log, stage=stage, topic=topic)


def _tell(ids: Sequence[str], done: str, next_step: str, as_json: bool, left: Sequence[str] | None = None) -> None:
    if as_json:
        print_json({done: ids} if left is None else {done: ids, "left": left})
        return
    count = f"{_letters(len(ids))} {done}"
    console().print(f"{count}; {next_step}" if ids and next_step else count)
    if left:
        console().print(
            f"{_letters(len(left))} left: a row of an import or an entry of a feed, whose record never reached a "
            "topic. Correct it at its source and bring it in again, then drop the letter"
        )


def _letters(count: int) -> str:
    return f"{count:,} dead letter{'' if count == 1 else 's'}"
