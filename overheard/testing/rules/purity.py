"""Rules of reading: the same bytes give the same mentions, whenever, wherever, and after whatever was read before."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec

from overheard.collectors.base import Reading
from overheard.testing.elsewhere import Broken, Elsewhere
from overheard.testing.rules.base import Case, rule

# As far from most machines as can be: another seed for the order of sets, another day, another language.
_ELSEWHERE = {"PYTHONHASHSEED": "4242", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONUTF8": "0", "HOME": "/"}
_OTHER = {"PYTHONHASHSEED": "7", "TZ": "America/St_Johns"}


@rule
def recordings_are_read(case: Case) -> Iterator[str]:
    """Every recording can be read, in a process of its own too (pickle), and in one at least there is a mention."""
    reads = case.reads
    yield from case.faults
    if not case.recordings:
        yield "expected a recording at least; there is none"
    elif reads and not case.mentions:
        yield "expected a mention in one of the recordings at least; there is none"


@rule
def the_same_fetch_gives_the_same_reading(case: Case) -> Iterator[str]:
    """Read twice, a fetch gives equal readings: they are read again after a crash, and in a replay."""
    for read in case.reads:
        if (again := case.source.read(read.fetch)) != read.reading:
            yield f"{read.recording.name}: expected the same reading again; {_difference(read.reading, again)}"


@rule
def reads_the_same_elsewhere(case: Case) -> Iterator[str]:
    """In another process with another hash seed, time zone and locale, a fetch gives the same reading."""
    for environment in (_ELSEWHERE, _OTHER):
        with Elsewhere(environment) as elsewhere:
            for read in case.reads:
                other = elsewhere.read(case.source, read.fetch)
                if other != read.reading:
                    where = f"with time zone {environment['TZ']} and another hash seed"
                    words = _difference(read.reading, other)
                    yield f"{read.recording.name}: expected the same reading {where}; {words}"


@rule
def keeps_no_memory(case: Case) -> Iterator[str]:
    """What was read before does not show: recordings read in the other order, and among others, give the same."""
    if not case.reads:
        return
    blank = msgspec.structs.replace(case.reads[0].fetch, body=b"", id="fet_other")
    for read in reversed(case.reads):
        case.elsewhere.read(case.source, blank)
        again = case.elsewhere.read(case.source, read.fetch)
        if again != read.reading:
            yield (
                f"{read.recording.name}: expected the same reading after others were read; "
                f"{_difference(read.reading, again)}"
            )


@rule
def asks_for_nothing(case: Case) -> Iterator[str]:
    """Reading opens no file or connection and starts no process: whatever else it needs it names in `requests`."""
    for read in case.reads:
        found = case.elsewhere.effects(case.source, read.fetch)
        if isinstance(found, Broken):
            yield f"{read.recording.name}: {found.message}"
        elif found:
            yield f"{read.recording.name}: expected a reading of the fetch alone; it asked for {', '.join(found[:3])}"


@rule
def looks_at_no_clock(case: Case) -> Iterator[str]:
    """Reading does not ask what time it is: a fetch knows when it was made (`fetch.at`)."""
    for read in case.reads:
        found = case.elsewhere.clocks(case.source, read.fetch)
        if isinstance(found, Broken):
            yield f"{read.recording.name}: {found.message}"
        elif found:
            yield f"{read.recording.name}: expected `fetch.at`, and no clock; it called {', '.join(found[:3])}"


@rule
def ids_do_not_depend_on_the_fetch(case: Case) -> Iterator[str]:
    """A fetch a second later, under another id, gives mentions with the same ids: they are what they are of."""
    for read in case.reads:
        later = msgspec.structs.replace(read.fetch, id="fet_other", at=read.fetch.at + timedelta(seconds=1))
        again = case.source.read(later)
        if {one.id for one in again.mentions} != {one.id for one in read.reading.mentions}:
            yield f"{read.recording.name}: expected the same ids from a fetch a second later; they differ"


def _difference(one: Reading, other: object) -> str:
    """Return the first field in which two readings differ."""
    if not isinstance(other, Reading):
        return other.message if isinstance(other, Broken) else str(other)
    for name in Reading.__dataclass_fields__:
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine != theirs:
            if name == "mentions" and len(mine) == len(theirs):
                return next((_fields(a, b) for a, b in zip(mine, theirs, strict=True) if a != b), name)
            return f"`{name}` differs: {str(mine)[:100]} and {str(theirs)[:100]}"
    return "they differ"


def _fields(one: msgspec.Struct, other: msgspec.Struct) -> str:
    names = [name for name in one.__struct_fields__ if getattr(one, name) != getattr(other, name, None)]
    name = names[0] if names else "id"
    return f"`{name}` of a mention differs: {str(getattr(one, name))[:80]} and {str(getattr(other, name, None))[:80]}"
