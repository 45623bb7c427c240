"""docs/commands.md and the README say what the command line does: every command and option, and nothing else."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from overheard.cli.app import app
from overheard.index.query import parse
from tests.cli.conftest import Command

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "commands.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
SHARED = {"--folder", "--config", "--json", "--help"}


def commands() -> dict[str, Any]:
    """Every command by its words, as click knows it."""
    found: dict[str, Any] = {}

    def walk(command: Any, words: tuple[str, ...]) -> None:
        if hasattr(command, "commands"):
            for name, one in command.commands.items():
                walk(one, (*words, name))
        else:
            found[" ".join(words)] = command

    walk(typer.main.get_command(app), ())
    return found


def options(command: Any) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")}


def sections() -> dict[str, str]:
    parts = re.split(r"^## `overheard ([a-z -]+?)(?: [^a-z`][^`]*)?`\n", TEXT, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert sections().keys() == commands().keys()


def test_every_option_of_a_command_is_in_its_section_and_no_other() -> None:
    documented = {name: set(re.findall(r"^\| `(--[a-z-]+)", text, re.MULTILINE)) for name, text in sections().items()}
    assert documented == {name: options(command) - SHARED for name, command in commands().items()}


def test_every_command_takes_what_all_are_said_to_take() -> None:
    takes = {name: options(command) for name, command in commands().items()}
    assert "--config" not in takes.pop("sample")  # it writes its own
    assert [name for name, taken in takes.items() if not taken >= SHARED - {"--help"}] == []
    shared = TEXT.partition("\n## ")[0]
    assert all(f"`{name}" in shared for name in SHARED)


def test_the_commands_of_the_readme_exist_and_its_queries_can_be_read() -> None:
    lines = re.findall(r"^\$ (overheard .*)$", README, re.MULTILINE)
    queries = []
    known = commands()
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        name = words[0] if words[0] in known else " ".join(words[:2])
        assert name in known, line
        assert {word for word in words if word.startswith("--")} <= options(known[name]), line
        if name == "search":
            queries.append(words[1])
    assert len(queries) >= 2
    for query in queries:
        parse(query)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_every_command_that_a_page_names_exists_with_its_options(page: Path) -> None:
    known = commands()
    text = page.read_text("utf-8")
    for line in re.findall(r"`overheard ([a-z][^`\n]*)`|^\$ overheard ([a-z].*)$", text, re.MULTILINE):
        words = re.split(r"\s+", "".join(line).partition(" #")[0])
        name = next((one for one in (words[0], " ".join(words[:2])) if one in known), "")
        groups = {one.partition(" ")[0] for one in known}
        assert name or words[0] in groups, (page.name, line)
        if name:
            given = {re.split(r"[=\]]", word.strip("["))[0] for word in words if word.strip("[").startswith("--")}
            assert given <= options(known[name]) | SHARED, (page.name, line)


def test_the_readme_shows_what_the_terminal_prints(overheard: Command, tmp_path: Path) -> None:
    printed = [plain(line) for line in overheard("sample", "--once", "--folder", tmp_path / "sample").out.splitlines()]
    screen = re.findall(r"```console\n(.*?)```", README, re.DOTALL)[1]
    shown = [line for line in screen.splitlines() if line and line != "..." and not line.startswith("$")]
    assert len(shown) > 20
    assert [line for line in shown if plain(line) not in printed] == []


def plain(line: str) -> str:
    """Return a line without what changes from day to day and machine to machine: dates and the sample's port."""
    return re.sub(r"127\.0\.0\.1:\d+", "HOST", re.sub(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?", "DATE", line))
