"""Answers to the text of `overheard.toml` and `watch.toml`: new ones with comments, old ones with a person's kept."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, Table

from overheard.errors import ConfigError
from overheard.onboard.answers import Answers
from overheard.records import Term

_SETTINGS = """\
# How Overheard works. Every key may be left out; docs/configuration.md has them all.
# Written by `overheard init`, which can be run again: it keeps what you change here, and your comments.
"""
_WATCH = """\
# What Overheard listens for. docs/configuration.md says how names are found.
# kind: own-company | own-product | competitor | company | category
# Written by `overheard init`, which can be run again: it keeps what you change here, and your comments.
"""
_COMMENTS = {
    "firm": "whose Overheard this is",
    "locale": "how numbers, money and times are written, and where phone numbers without country code belong",
    "http": "contact: what the sites that are polled see, so that their owners can reach you",
    "mail": "where the morning digest and alerts go, and the server that they leave by",
}
_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Draft:
    """A file as it is (None: there is none) and as it is to be."""

    path: Path
    old: str | None
    new: str

    @property
    def changes(self) -> bool:
        """True where the file would not stay as it is."""
        return self.old != self.new

    @property
    def diff(self) -> tuple[str, ...]:
        """What changes, line by line as a unified diff; of a new file all of it."""
        old, new = (self.old or "").splitlines(), self.new.splitlines()
        is_, to_be = f"{self.path} as it is", f"{self.path} as it is to be"
        return tuple(difflib.unified_diff(old, new, is_, to_be, "", "", 1, ""))


def settings_text(old: str | None, answers: Answers, watch: str) -> str:
    """Return the settings with the answers in them; `watch` is the watch list's path there, "" for as it is.

    What the answers do not speak of stays as it is, comments too. Raises ConfigError where `old` is no TOML.
    """
    text = _SETTINGS if old is None else old
    document = _parsed(_with_key(text, "watch", watch) if watch else text)
    _table(document, "firm", {"name": answers.name, "domain": answers.domain})
    locale = {"language": answers.language, "region": answers.region, "currency": answers.currency}
    _table(
        document, "locale", {**locale, "time_zone": answers.time_zone}, defaults={"language": "en", "time_zone": "UTC"}
    )
    _table(document, "http", {"contact": answers.contact, "allow_hosts": list(answers.allow_hosts)})
    mail: dict[str, Any] = {
        "to": list(answers.to),
        "sender": answers.sender,
        "host": answers.smtp_host,
        "user": answers.smtp_user,
    }
    mail |= {"port": answers.smtp_port, "security": answers.smtp_security, "password_env": answers.password_env}
    _table(document, "mail", mail, defaults={"port": 587, "security": "starttls"})
    feeds = [{"name": feed.name, "url": feed.url, "interval": feed.interval} for feed in answers.feeds]
    _rows(document, "feed", feeds, key="name", defaults={"interval": None})
    return tomlkit.dumps(document)


def watch_text(old: str | None, terms: Iterable[Term], always: Iterable[str]) -> str:
    """Return the watch list with these terms and sources and no others; as `settings_text`."""
    text = _WATCH if old is None else old
    sources = list(always)
    document = _parsed(text)
    if sources != _plain(document.get("always", [])):
        document = _parsed(_with_key(text, "always", sources))
    rows = [{"id": term.id, "kind": term.kind, "aliases": list(term.aliases)} for term in terms]
    _rows(document, "term", rows, key="id")
    return tomlkit.dumps(document)


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text.removeprefix("\ufeff"))
    except TOMLKitError as e:
        msg = f"expected TOML in the file that is there; got what cannot be read: {e}. Mend it, or move it away"
        raise ConfigError(msg) from e


def _with_key(text: str, key: str, value: Any) -> str:
    """Return a file with a key of its own, not of a table: where it stands, else after the comment that it begins with.

    By text, since such a key must stand before the first table, and tomlkit adds what is new at the end.
    """
    document = _parsed(text)
    if key in document:
        _set(document, key, value)
        return tomlkit.dumps(document)
    head, gap, rest = text.partition("\n\n") if text.startswith("#") else ("", "", text)
    if text.startswith("#") and not gap:
        head, rest = (text, "") if all(line.startswith("#") for line in text.splitlines()) else ("", text)
    line = f"{key} = {_item(value).as_string()}\n"
    return f"{head.rstrip()}\n\n{line}{gap and chr(10)}{rest}" if head else f"{line}{rest}"


def _item(value: Any) -> Any:
    item = tomlkit.item(value)
    if isinstance(item, Array) and len(item.as_string()) > 90:
        item.multiline(True)
    return item


def _set(table: Any, key: str, value: Any) -> None:
    """Set a key where it says something else, so that what is equal stays as it was written."""
    if key not in table or _plain(table[key]) != value:
        table[key] = _item(value)


def _plain(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _table(document: Any, name: str, values: Mapping[str, Any], *, defaults: Mapping[str, Any] = _NONE) -> None:
    """Set the keys of a table; a key that is not there is not made for what is empty or as by default."""
    here = document.get(name, {})
    wanted = {k: v for k, v in values.items() if k in here or (v not in ("", []) and v != defaults.get(k))}
    if wanted and name not in document:
        _headed(document, name, tomlkit.table())
    for key, value in wanted.items():
        _set(document[name], key, value)


def _rows(
    document: Any, name: str, rows: list[dict[str, Any]], *, key: str, defaults: Mapping[str, Any] = _NONE
) -> None:
    """Make a list of tables have these rows: known ones stay as they were written, others go, new ones come last."""
    wanted = {row[key]: row for row in rows}
    if rows and name not in document:
        _headed(document, name, tomlkit.aot())
    known = document.get(name, [])
    for i in reversed(range(len(known))):
        if _plain(known[i]).get(key) not in wanted:
            del known[i]
    there = {_plain(row).get(key): row for row in known}
    for value, row in wanted.items():
        if value in there:
            for field, one in row.items():
                if one is not None and (field in there[value] or one != defaults.get(field)):
                    _set(there[value], field, one)
        else:
            table = tomlkit.table() if isinstance(known, AoT) else tomlkit.inline_table()
            for field, one in row.items():
                if one != defaults.get(field):
                    _set(table, field, one)
            if isinstance(known, AoT) and len(known) and not known[-1].as_string().endswith("\n\n"):
                known[-1].add(tomlkit.nl())
            known.append(table)
    if name in document and not rows:
        document.remove(name)


def _headed(document: Any, name: str, item: Any) -> None:
    """Add a table at the end, with a comment that says what it is for."""
    if isinstance(item, Table) and name in _COMMENTS:
        item.comment(_COMMENTS[name])
    else:  # tomlkit sets a blank line before a table, and none before a list of them
        document.add(tomlkit.nl())
    document.add(name, item)
