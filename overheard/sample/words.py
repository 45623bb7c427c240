"""The texts of the sample world, out of the TOML files beside this module, and how one is filled in."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

_SPIN = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_SLOT = re.compile(r"\{([a-z_0-9]+|C-\d+)(?::(\d+)-(\d+))?\}")
_LEAD = re.compile(r"(?:\^(\d+) )?(?:(C-\d+|nobody|op)> )?")
_OWN = ("koyna", "girna", "tapi")


@dataclass(frozen=True, slots=True)
class Line:
    """A text as written: the words, who says them, and which post of a thread it answers.

    `author` is a contact, "nobody", "op" (who opened the thread), or "" for anybody.
    """

    words: str
    author: str = ""
    answers: int | None = None

    @property
    def products(self) -> frozenset[str]:
        """The slots of the firm's own products in it."""
        return frozenset(slot for slot, *_ in _SLOT.findall(self.words) if slot.removesuffix("_hi") in _OWN)


@dataclass(frozen=True, slots=True)
class Said:
    """A text filled in: title ("" for none), body, and what it speaks of: terms and contacts named."""

    title: str
    text: str
    about: tuple[str, ...]
    names: tuple[str, ...]


@cache
def tables(name: str) -> Mapping[str, Any]:
    """Return one of the files of texts (`social`, `threads`, `press`, `today`, `words`)."""
    return tomllib.loads((files("overheard.sample") / f"{name}.toml").read_text("utf-8"))


def line(written: str) -> Line:
    """Take a text apart into its lead (`^0 C-217> `) and its words."""
    lead = _LEAD.match(written)
    assert lead is not None  # it may be empty
    answers = int(lead[1]) if lead[1] else None
    return Line(written[lead.end() :], lead[2] or "", answers)


def fill(words: str, rng: Random, name_of: Callable[[str], str], *, formal: bool = False) -> Said:
    """Fill a text in. `formal`: names of products as the firm writes them. `name_of` gives a contact's full name."""
    spelling, means = tables("words")["spelling"], tables("words")["means"]
    about: dict[str, None] = {}
    names: dict[str, None] = {}

    def slot(found: re.Match[str]) -> str:
        what, low, high = found.groups()
        if low:
            return str(rng.randint(int(low), int(high)))
        if what == "city":
            return str(rng.choice(tables("words")["cities"]))
        if what.startswith("C-"):
            names[what] = None
            return name_of(what)
        if what == "own":
            what = rng.choice(_OWN)
        about.update(dict.fromkeys(means[what]))
        return str(spelling[what][0] if formal else rng.choice(spelling[what]))

    whole = _SPIN.sub(lambda found: rng.choice(found[1].split("|")), words)
    # What is in one city stays there: a text names one city, however often.
    whole = whole.replace("{city}", rng.choice(tables("words")["cities"])) if whole.count("{city}") > 1 else whole
    whole = _SLOT.sub(slot, whole)
    title, split, text = whole.strip().partition("\n\n" if formal else " :: ")
    title, text = (title, text) if split else ("", title)
    return Said(title, text.strip(), tuple(about), tuple(names))


def strangers() -> Sequence[str]:
    """Return the handles of people whom no CRM knows."""
    handles: Sequence[str] = tables("words")["handles"]
    return handles
