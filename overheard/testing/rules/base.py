"""What every rule is given: a source, its recordings, and what was read in them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from random import Random

import msgspec

from overheard.collectors.base import Reading, Source
from overheard.errors import InputError
from overheard.records import Fetch, Mention
from overheard.testing.documents import Document, document_of
from overheard.testing.elsewhere import Broken, Elsewhere, Outcome
from overheard.testing.recording import Recording

# A recording beyond this is not broken in a hundred ways: each is read, and that takes its time.
_LARGE = 300_000


@dataclass(frozen=True)
class Read:
    """A recording that was read well, and what was read."""

    recording: Recording
    fetch: Fetch
    reading: Reading

    @property
    def document(self) -> Document | None:
        """The recording taken apart; None where we cannot."""
        return document_of(self.recording.body)

    def shown(self, mention: Mention) -> str:
        """Return which mention of which recording it is, for a person."""
        words = mention.url or mention.native_id or mention.text
        return f"{self.recording.name}, {words[:80]!r}"


@dataclass(eq=False)
class Case:
    """One source with its recordings. `page` is its page of documentation, None where nobody gave one."""

    source: Source
    recordings: Sequence[Recording]
    page: Path | None
    elsewhere: Elsewhere
    faults: list[str] = field(default_factory=list)
    _outcomes: dict[object, Outcome] = field(default_factory=dict)

    @cached_property
    def reads(self) -> Sequence[Read]:
        """The recordings that can be read, read in this process; what went wrong with others is in `faults`."""
        found = []
        for recording in self.recordings:
            fetch = recording.fetch(self.source)
            # First where it may hang or end its process.
            outcome = self.elsewhere.read(self.source, fetch)
            if isinstance(outcome, Reading):
                found.append(Read(recording, fetch, self.source.read(fetch)))
            else:
                said = outcome.message if isinstance(outcome, Broken) else str(outcome)
                self.faults.append(f"{recording.name}: expected a recording that is read; {said}")
        return found

    @cached_property
    def small(self) -> Sequence[Read]:
        """Those recordings that are small enough to be broken in many ways; all where none is."""
        return [one for one in self.reads if len(one.recording.body) <= _LARGE] or self.reads

    @cached_property
    def mentions(self) -> Sequence[tuple[Read, Mention]]:
        """All mentions that were read, each with where."""
        return [(one, mention) for one in self.reads for mention in one.reading.mentions]

    def outcome(self, read: Read, body: bytes, **changes: object) -> Outcome:
        """Return what comes of a recording with another body; `changes` are those of the fetch. Read once."""
        key = (read.recording.name, blake2b(body).digest(), repr(changes))
        if key not in self._outcomes:
            self._outcomes[key] = self.outcome_anew(read, body, **changes)
        return self._outcomes[key]

    def outcome_anew(self, read: Read, body: bytes, **changes: object) -> Outcome:
        """Return the same, read again."""
        return self.elsewhere.read(self.source, msgspec.structs.replace(read.fetch, body=body, **changes))

    def shares(self, total: int) -> int:
        """Return how many of so many ways to break a recording are tried on each: fewer where there are many."""
        return max(total // max(len(self.small), 1), 12)

    def dice(self, read: Read) -> Random:
        """Return the chance that this recording is broken by: the same in every run."""
        return Random(read.recording.name)  # noqa: S311 - nothing secret


Rule = Callable[[Case], Iterator[str]]

RULES: Mapping[str, Rule] = {}


def rule(check: Rule) -> Rule:
    """Make a function a rule, under its name."""
    assert isinstance(RULES, dict)
    RULES[check.__name__] = check
    return check


def problem(outcome: Outcome) -> str:
    """Return why an outcome is none that a source may have; "" where it is one."""
    return outcome.message if isinstance(outcome, Broken) else ""


def ids(outcome: Outcome) -> frozenset[str]:
    """Return the ids of the mentions and deletions in an outcome; none where it could not be read."""
    if not isinstance(outcome, Reading):
        return frozenset()
    return frozenset([one.id for one in outcome.mentions] + [one.mention.id for one in outcome.deletions])


def told(outcome: Outcome) -> int:
    """Return of how many entries an outcome tells what became of them."""
    if not isinstance(outcome, Reading):
        return 0
    return len(outcome.mentions) + len(outcome.rejected) + outcome.repeated + len(outcome.deletions)


def said(error: InputError) -> str:
    """Return the message of an error without its place."""
    return str(error).removeprefix(f"{error.where}: ")
