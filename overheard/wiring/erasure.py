"""Erasing a person: nothing of them stays in any store, and nothing brings them back.

    who ─▶ suppressions in force ─▶ what is there of them ─▶ each store lets go ─▶ looked at again ─▶ certificate

Suppressions come first, so that what arrives meanwhile stays out. What is found by reading goes before what it is found
by; a command that was killed is run again, or `apply_suppressions` does the rest.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from overheard.errors import ConfigError
from overheard.folder import storage_errors
from overheard.index.base import Index
from overheard.log.suppressed import suppression_records
from overheard.records import Suppression, digest
from overheard.suppression import SECRET_BYTES, Suppressions, fingerprint_of, suppression_hash
from overheard.web.results import Certificate, ErasedStore
from overheard.wiring.stores import Erasable, stores_of
from overheard.wiring.system import System, utc_now
from overheard.wiring.traces import Person, Traces, find_traces, person_called

# What was under way when the suppressions came may arrive a moment later; a second look finds it.
_LOOKS = 3
_APPEND = 500
_BEYOND = "mails and webhooks that were sent before, files that were exported, and backups are beyond our reach"


def erase_person(
    system: System,
    lend: Callable[[], Index],
    who: str,
    *,
    by: str,
    named: bool = False,
    dry_run: bool = False,
    clock: Callable[[], datetime] = utc_now,
) -> Certificate:
    """Erase whoever `who` stands for (`person_called`), and return what was found and what went.

    `lend` returns an index to read, which is closed by this. `by`: who does it. `named`: the posts of others that name
    them go too. `dry_run`: nothing is written, and the certificate says what would go. Raises NotFoundError, InputError
    as `person_called`, and what the engines raise; then it is to be run again.
    """
    system.catch_up_match()
    system.catch_up_index()
    index = lend()
    try:
        person = person_called(system, index, who, named=named)
    finally:
        index.close()
    now = clock()
    system.suppressed.follow()  # a key that is lost must not be made anew
    if dry_run and not system.key_file.path.exists():
        secret = secrets.token_bytes(SECRET_BYTES)
    else:
        secret = system.key_file.read_or_make()
    fingerprint = fingerprint_of(secret)
    Suppressions(lambda: secret, read_list(list_file(system)))  # nor be another one than that of the list that is kept
    entries = [
        Suppression(id=suppression_hash(secret, key), fingerprint=fingerprint, at=now, by=by) for key in person.keys
    ]
    theirs = Suppressions(lambda: secret, entries)
    notes = _notes(person, named)
    if dry_run:
        return _certificate(system, theirs, _found(system, theirs), {}, by=by, now=now, notes=notes, dry_run=True)
    notes += suppress(system, entries)
    found, removed, left = _sweep(system, theirs)
    notes += left
    return _certificate(system, theirs, found, removed, by=by, now=now, notes=notes)


def suppress(system: System, entries: Sequence[Suppression]) -> list[str]:
    """Put entries in force, and keep them beside the data folder; return what a person should know of that."""
    known = system.suppressed.follow()
    new = [entry for entry in entries if not known.has(entry.id)]
    records = suppression_records(new)
    for at in range(0, len(records), _APPEND):
        system.log.append(records[at : at + _APPEND], durable=True)
    system.suppressed.follow()
    return keep_list(system)


def apply_suppressions(system: System, *, by: str, clock: Callable[[], datetime] = utc_now) -> Certificate:
    """Erase again whatever is there of anybody on the list: after a restore, a move, or an erasure that was killed."""
    entries = system.suppressed.follow()
    system.catch_up_match()
    found, removed, notes = _sweep(system, entries)
    return _certificate(system, entries, found, removed, by=by, now=clock(), notes=notes)


def restore_list(system: System, *, by: str = "restore") -> Certificate | None:
    """Apply what the list beside the data folder has and the log lacks, before anything is served; None for nothing.

    Raises ConfigError where the list cannot be read, or its key is not there.
    """
    kept = read_list(list_file(system))
    if not kept:
        return None
    known = system.suppressed.follow()
    if all(known.has(entry.id) for entry in kept):
        return None
    require_key(system, kept, list_file(system))
    suppress(system, kept)
    return apply_suppressions(system, by=by)


def require_key(system: System, entries: Iterable[Suppression], path: Path) -> None:
    """Raise ConfigError unless the system's key made these entries, of the list at `path`: nobody would be found."""
    try:
        Suppressions(system.key_file.read, entries)
    except ConfigError as e:
        msg = f"{e}. The list is {path}; where it has nothing to do with this folder, move it away"
        raise ConfigError(msg) from e


# --- the list ------------------------------------------------------------------------------------------------------


def list_file(system: System) -> Path:
    """Return where the list is kept for a restore: beside the data folder, so that a restore does not take it back."""
    if system.settings.privacy.list_file:
        return Path(system.settings.privacy.list_file)
    home = system.home.resolve()
    return home.with_name(f"{home.name}.suppressed.json")


def read_list(path: Path) -> tuple[Suppression, ...]:
    """Return the entries of a list as it was exported; none where there is no file. Raises ConfigError."""
    try:
        with storage_errors(path):
            return msgspec.json.decode(path.read_bytes(), type=tuple[Suppression, ...])
    except FileNotFoundError:
        return ()
    except msgspec.DecodeError as e:
        msg = f"{path}: expected a list of suppressions, as `overheard erasures list --json` prints it; got: {e}"
        raise ConfigError(msg) from e


def keep_list(system: System) -> list[str]:
    """Write the list beside the data folder, with what stands there already; return what went wrong with it.

    Raises ConfigError where what stands there is no list.
    """
    path = list_file(system)
    try:
        entries = {entry.id: entry for entry in (*read_list(path), *system.suppressed.follow().entries)}
        draft = path.with_name(f"{path.name}.new")
        draft.touch(mode=0o600)
        draft.write_bytes(msgspec.json.format(msgspec.json.encode([entry for _, entry in sorted(entries.items())])))
        draft.replace(path)
    except OSError as e:
        msg = (
            f"the list could not be kept at {path} for a restore ({e.strerror}): set `list_file` in [privacy], or keep "
            "what `overheard erasures list --json` prints"
        )
        return [msg]
    return []


# --- the work ------------------------------------------------------------------------------------------------------


def _found(system: System, theirs: Suppressions) -> Counter[str]:
    traces = find_traces(system.log, theirs)
    return Counter({store.name: store.find(traces) for store in stores_of(system)})


def _sweep(system: System, theirs: Suppressions) -> tuple[Counter[str], Counter[str], list[str]]:
    """Have every store let go; return what was found and what went by store, and what is to be said of the rest."""
    found: Counter[str] = Counter()
    removed: Counter[str] = Counter()
    traces = find_traces(system.log, theirs)
    for _ in range(_LOOKS):
        for store in stores_of(system):
            found[store.name] += store.find(traces)
            removed[store.name] += store.erase(traces)
        traces = _without(find_traces(system.log, theirs), traces)
        if not traces:
            break
    notes = []
    if not system.folder.scrub():
        notes.append("somebody was reading the database all the time: its write-ahead log is begun anew within minutes")
    return found, removed, notes


def _without(now: Traces, before: Traces) -> Traces:
    """Return what a second look found. On an engine that only expires the same stands there still, and is no more."""
    return Traces(
        now.suppressions,
        now.contacts - before.contacts,
        now.mentions - before.mentions,
        now.decisions - before.decisions,
        now.purchases - before.purchases,
        now.fetches - before.fetches,
    )


def _notes(person: Person, named: bool) -> list[str]:
    notes = []
    if person.shared:
        notes.append(
            f"{len(person.shared)} identities are claimed by others too, and stay with them: erase those contacts as "
            "well where they are the same person"
        )
    if person.named:
        one = len(person.named) == 1
        many = "1 post of others names them" if one else f"{len(person.named):,} posts of others name them"
        notes.append(f"{many}, and go too" if named else f"{many}: those stay, without the link to them")
    return [*notes, _BEYOND]


def _certificate(
    system: System,
    theirs: Suppressions,
    found: Counter[str],
    removed: Counter[str] | dict[str, int],
    *,
    by: str,
    now: datetime,
    notes: Iterable[str],
    dry_run: bool = False,
) -> Certificate:
    ids = tuple(entry.id for entry in theirs.entries)

    def told(store: Erasable) -> ErasedStore:
        late = bool(found[store.name]) and store.left is not None
        until = now + store.left if late and store.left is not None else None
        return ErasedStore(store=store.name, found=found[store.name], removed=removed.get(store.name, 0), until=until)

    return Certificate(
        id=f"era_{digest('erasure', *ids, now.isoformat())}",
        at=now,
        by=by,
        dry_run=dry_run,
        subjects=ids,
        stores=tuple(map(told, stores_of(system))),
        notes=tuple(notes),
    )
