"""A .mailmap of git: which addresses a person has committed under. Pure."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# A name, perhaps, and an address in angle brackets; once or twice, and then perhaps a comment.
_ENTRY = re.compile(r"\s*([^<>]*?)\s*<([^<>]*)>(?:\s*([^<>]*?)\s*<([^<>]*)>)?\s*(?:#.*)?")


class Mapped(NamedTuple):
    """One line: whoever has the address `email`, or else is called `name`, has committed as `commit_email` too.

    `email` is "" where the line gives a name only. All three are "" where the line is none of the four forms.
    """

    line: int
    name: str
    email: str
    commit_email: str


def read_mailmap(lines: Iterable[str]) -> Iterator[Mapped]:
    """Yield the entries of a .mailmap in order; comments and empty lines are passed over. The source: gitmailmap(5)."""
    for number, text in enumerate(lines, start=1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        found = _ENTRY.fullmatch(text.rstrip("\n\r"))
        if found is None or not (found[1] or found[4]):
            yield Mapped(number, "", "", "")
        elif found[4] is None:
            yield Mapped(number, found[1], "", found[2].strip())
        else:
            yield Mapped(number, found[1], found[2].strip(), found[4].strip())
