"""A source that is about to be set up: what its kind asks for, what came when it was tried, and where it is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from overheard.records import Mention

Given = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """One setting to ask for, by its name. `says` is what it is, in a sentence; "" where its kind does not tell.

    `choices` are all that it may be, empty where it may be anything; `default` is what it is without an answer.
    `place`: what is asked for is where a secret is, the name of an environment variable or a file, never the secret.
    """

    name: str
    says: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    needed: bool = False
    place: bool = False


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source: its name in the settings, what it is, and who brings it."""

    name: str
    about: str
    origin: str


@dataclass(frozen=True, slots=True)
class SourceForm:
    """What a kind of source asks for, in the order in which it is asked.

    `seldom` are settings that hardly anybody needs, and nobody is asked for. `terms` say what may be kept of it.
    """

    kind: SourceKind
    questions: tuple[Question, ...]
    seldom: tuple[Question, ...] = ()
    token_from: str = ""
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guess:
    """What kind of source an address is, with the settings that follow from it; `note` says how that was found."""

    kind: str
    given: Given = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of asking a source once: the first few of the `found` posts, as they would be kept.

    `problem` is why nothing could be had, in plain words, "" where all is well; `advice` what to do. `note` says what
    else is to be known: that it is not asked but told, or of posts that could not be read.
    """

    shown: Sequence[Mention] = ()
    found: int = 0
    problem: str = ""
    advice: str = ""
    note: str = ""


class NewSources(Protocol):
    """Sets up sources. Thread-safe. What is `given` are settings by name, as people type them; "" is not given.

    Where a secret is may be given under its own name ("token"): the name of an environment variable, or a file.
    `contact` may be given too: who asks, where the settings do not say yet; it is written with what is kept. All
    raise InputError for what cannot be taken, with the setting as `where`, and ConfigError for wrong settings.
    """

    def needs_contact(self, kind: str = "") -> bool:
        """Return True where the settings do not say who asks, and sites are asked by a kind, or ("") by an address."""
        ...

    def kinds(self) -> Sequence[SourceKind]:
        """Return all kinds, in the order of their importance."""
        ...

    def form(self, kind: str) -> SourceForm:
        """Return what a kind asks for. Raises NotFoundError."""
        ...

    def guess(self, typed: str, contact: str = "") -> Guess:
        """Return what an address is most likely meant as. It may be asked for, and its site, once each."""
        ...

    def name_for(self, kind: str, given: Given) -> str:
        """Return a name that no other source has."""
        ...

    def draft(self, kind: str, given: Given) -> str:
        """Return the table that would stand in the settings."""
        ...

    def try_out(self, kind: str, given: Given) -> Trial:
        """Ask the source once, as politely as when it is polled, and return what came; nothing is kept."""
        ...

    def keep(self, kind: str, given: Given) -> str:
        """Write the source at the end of the settings, all else as it is; return its name."""
        ...
