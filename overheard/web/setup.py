"""What the page `/setup` needs from whoever runs it: a `SetUp`, which keeps an unfinished set-up between two pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from overheard.crm.headers import ColumnGuess
from overheard.crm.rows import ImportReport
from overheard.onboard.steps import Given, Known, Step
from overheard.onboard.write import Draft


@dataclass(frozen=True, slots=True)
class ContactList:
    """A list of contacts that waits to be brought in: the name of its file as it came, and what would become of it.

    `guesses` say where each column goes now. `problem` says why it cannot be brought in so ("" where it can; then
    there is a `report`). `stamp` is another one for another file. `taken`: a person has said to bring it in.
    """

    name: str
    stamp: str
    taken: bool
    guesses: Sequence[ColumnGuess] = ()
    report: ImportReport | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SetUpState:
    """How far a set-up is.

    `known` has what the files say with what was answered since, and what was found. `done` are the steps gone through
    in an unfinished set-up, `notes` sentences on the last. `waiting`: something was answered that is not written yet.
    `contact_list` is the name of the list that waits, "" for none; `list_taken` as `ContactList.taken`. `mail_ready`:
    addresses and a server are answered.
    """

    known: Known
    done: frozenset[Step] = frozenset()
    notes: Sequence[str] = ()
    waiting: bool = False
    contact_list: str = ""
    list_taken: bool = False
    mail_ready: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """What finishing would write. `stamp` is another one for anything else; `problem` says why it cannot be, or ""."""

    drafts: Sequence[Draft]
    stamp: str
    contact_list: str = ""
    warnings: Sequence[str] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """What was written: file names, and the number of contacts by outcome (empty where no list was brought in)."""

    files: Sequence[str] = ()
    contacts: Mapping[str, int] = field(default_factory=dict)


class SetUp(Protocol):
    """A firm's settings, watch list and contacts, answered in steps and written at the end. Thread-safe.

    Every method may raise ConfigError where the files that are there are wrong.
    """

    @property
    def begun(self) -> bool:
        """True where an unfinished set-up is kept."""
        ...

    def look(self) -> SetUpState:
        """Return how far it is."""
        ...

    def answer(self, step: Step, said: Given) -> None:
        """Take in what was said to a step, what is proposed for the rest; all of it None: skipped.

        After "site" the site is read, after "press" the feeds are found, which takes seconds; what was not had is among
        the notes. Raises InputError for what the settings would not take.
        """
        ...

    def take_list(self, name: str, file: BinaryIO) -> None:
        """Keep a list of contacts, called `name`, until it is brought in or dropped, a day at most.

        Raises InputError and ConfigError where it is too large or cannot be read as a list; then none is kept.
        """
        ...

    def contact_list(self) -> ContactList | None:
        """Return the list that waits; None where there is none."""
        ...

    def change_list(self, stamp: str, columns: Mapping[str, str], *, taken: bool) -> None:
        """Put columns {column: field, or "-" for none} of the list right, and say whether it is to be brought in.

        Raises InputError where another list waits than that of the stamp, or a column or field is none of it.
        """
        ...

    def drop_list(self) -> None:
        """Remove the list that waits."""
        ...

    def test_mail(self) -> str:
        """Send a test mail as was answered, and return what became of it in words."""
        ...

    def review(self) -> Review:
        """Return what finishing would write."""
        ...

    def finish(self, stamp: str) -> Finished:
        """Write the files, listen for the terms, bring in the contacts, and go on with the new settings.

        Raises InputError where that is not what was shown under the stamp, or cannot be; nothing is written then. After
        another error what was answered is kept, and finishing again does the rest.
        """
        ...

    def drop(self) -> None:
        """Forget what was answered and not written."""
        ...
