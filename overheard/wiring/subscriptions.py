"""Lists of feeds into the settings and out of them: OPML rows to `[[feed]]` tables."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import tomlkit

from overheard.collectors.feeds.feed import Feed
from overheard.collectors.feeds.opml import Outline, read_opml, write_opml
from overheard.config.settings import Settings
from overheard.config.toml import read
from overheard.errors import ConfigError
from overheard.text import clean
from overheard.urls import canonical_url
from overheard.wiring.kinds import load_settings
from overheard.wiring.settingsfile import write_settings

_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class FeedRow:
    """What becomes of a feed of a list. `line` is where it stands, `name` its name in the settings; `message` says why.

    "known": the settings have it already, `name` is its name there; "duplicate": it stands in the list before.
    """

    line: int
    outcome: Literal["created", "known", "duplicate", "error"]
    name: str
    url: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class FeedImport:
    """What bringing in a list does, row by row, and notes on the list as a whole."""

    rows: tuple[FeedRow, ...]
    notes: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows came to what."""
        return dict(Counter(row.outcome for row in self.rows))


def bring_feeds(settings: Path, file: Path, *, dry_run: bool = False) -> FeedImport:
    """Put the feeds of an OPML file into a file of settings, which is made where there is none; return what was done.

    The tables are added at the end, and all else stays as it is written. Nothing is written by a dry run, or where
    there is nothing new. Raises ConfigError and InputError where one of the files cannot be read, OSError.
    """
    try:
        body = file.read_bytes()
    except OSError as e:
        msg = f"{file}: expected a list of feeds; it cannot be read: {e.strerror or e}"
        raise ConfigError(msg) from e
    rows, notes = read_opml(body, file.name)
    old = read(settings) if settings.exists() else ""
    planned = plan(load_settings(settings) if old else Settings(), rows)
    new = [row for row in planned if row.outcome == "created"]
    if new and not dry_run:
        write_settings(
            settings,
            f"{old.rstrip()}\n\n{tables(new)}".lstrip(),
            added="[[feed]] tables",
            advice="Write `feed = [...]` as tables of their own first",
        )
    return FeedImport(planned, notes)


def plan(settings: Settings, rows: Iterable[Outline]) -> tuple[FeedRow, ...]:
    """Return what becomes of each row. An address is the same by its canonical form, whatever its name."""
    known = {canonical_url(one.url): one.name for one in settings.sources if one.kind == Feed.kind}
    names = {one.name for one in settings.sources}
    new: dict[str, FeedRow] = {}
    numbers: Counter[str] = Counter()
    planned: list[FeedRow] = []
    for row in rows:
        key = canonical_url(row.url)
        if row.problem or not key:
            message = row.problem or f"expected an http(s) address; got {row.url[:100]!r}"
            planned.append(FeedRow(row.line, "error", row.title, row.url, message))
        elif key in known:
            planned.append(FeedRow(row.line, "known", known[key], row.url, f"the settings have it as {known[key]!r}"))
        elif (first := new.get(key)) is not None:
            planned.append(FeedRow(row.line, "duplicate", first.name, row.url, f"it is in line {first.line} already"))
        else:
            name = _name(row, names, numbers)
            names.add(name)
            new[key] = FeedRow(row.line, "created", name, row.url)
            planned.append(new[key])
    return tuple(planned)


def _name(row: Outline, taken: set[str], numbers: Counter[str]) -> str:
    """Return a name that no other source has: the title without spaces, so that it can be searched for; else the host.

    `numbers` are the numbers given out already, so that thousands called alike are not counted through again.
    """
    title = re.sub(r"\s+", "-", clean(row.title))[:_MAX_NAME].strip("-")
    base = title or urlsplit(row.url).hostname or "feed"
    name = base
    while name in taken:
        numbers[base] += 1
        name = f"{base}-{numbers[base] + 1}"
    return name


def tables(rows: Iterable[FeedRow]) -> str:
    """Return the tables of feeds as they stand in settings."""
    return "\n".join(f"[[feed]]\nname = {_quoted(row.name)}\nurl = {_quoted(row.url)}\n" for row in rows)


def _quoted(text: str) -> str:
    return tomlkit.string(text).as_string()


def feeds_as_opml(settings: Settings) -> str:
    """Return the feeds of the settings as OPML 2.0, by name and address."""
    return write_opml("Overheard", [(one.name, one.url) for one in settings.sources if one.kind == Feed.kind])
