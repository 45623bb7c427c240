"""A message that somebody passed on: who wrote it first, when, and what. Pure.

Nothing of it is vouched for: whoever passed it on may have written it.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from overheard.collectors.laid.days import in_24_hours
from overheard.collectors.mail.message import Letter, Person, date_in, ids_in, person_in
from overheard.collectors.mail.written import FORWARDED, header_block, written, written_in
from overheard.collectors.markup import PlainText, from_html, from_text
from overheard.text import clean

_ADDRESS = re.compile(r"[^\s<>@,;:\"()\[\]]+@[^\s<>@,;:\"()\[\]]+")
_AT = re.compile(r"\s(?:at|um|à|a las|alle|kl\.?|om)\s(?=\d{1,2}:)", re.IGNORECASE)
_BEFORE = 6  # lines between "Forwarded message" and its block


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What was passed on. `message_id` is "" where the message itself did not come along."""

    author: Person
    subject: str
    text: PlainText
    date: datetime | None = None
    message_id: str = ""


def forwarded_in(letter: Letter) -> Forwarded | None:
    """Return what a letter passes on; None where that is nothing."""
    for inner in letter.inner[:1]:
        if inner.sender.email or inner.sender.name:
            author = Person(inner.sender.name, inner.sender.email)
            text, _ = written_in(inner)
            ids = ids_in(inner.header("message-id"))
            return Forwarded(author, inner.header("subject"), text, inner.date, ids[0] if ids else "")
    texts = [clean(plain) if plain.strip() else from_html(html).text for plain, html in letter.bodies]
    lines = "\n".join(texts).split("\n")
    for i, line in enumerate(lines):
        if FORWARDED.fullmatch(line[:200]):
            at = next((j for j in range(i + 1, min(i + _BEFORE, len(lines))) if header_block(lines, j)[0]), None)
        else:
            at = i
        block, rest = ({}, 0) if at is None else header_block(lines, at)
        if not block:
            continue
        below = "\n".join(line.removeprefix("> ") for line in lines[rest:])
        author = _person(block["from"])
        if author.email or author.name:
            text = from_text(written(below).text)
            return Forwarded(author, block.get("subject", ""), text, _when(block.get("date", "")))
    return None


def _when(said: str) -> datetime | None:
    """Return a date in UTC as programs write it above what is passed on; None for one that cannot be read."""
    return date_in(_AT.sub(" ", in_24_hours(said)))


def _person(said: str) -> Person:
    person = person_in(said)
    if person.email:
        return Person(person.name, person.email)
    found = _ADDRESS.search(said.replace("mailto:", ""))
    if found is None:
        return Person(re.sub(r"[<\[(].*", "", said).strip().strip('"'))
    name = re.sub(r"[<\[(].*", "", said).strip().strip('"')
    return Person("" if "@" in name else name, person_in(found[0]).email)
