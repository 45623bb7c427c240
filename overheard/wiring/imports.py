"""Files brought in: each read by its room, put on its topic, and applied by the matcher."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from overheard.collectors.files import ImportReport as MentionReport
from overheard.collectors.files import import_mentions, map_mentions, read_mentions
from overheard.config.watchlist import WatchList, load_watchlist, watch_events
from overheard.crm.accounts import map_accounts, plan_accounts
from overheard.crm.contacts import map_contacts, plan_contacts
from overheard.crm.rows import ImportReport, append_facts
from overheard.log.stage import Progress
from overheard.records import Event, Mention
from overheard.table import BadRow, Columns, Table, open_table
from overheard.wiring.system import System, utc_now

_ERRORS_SHOWN = 20
_NO_MAP: Mapping[str, str] = {}
OnProgress = Callable[[Progress], None]


class Mentions(NamedTuple):
    """What became of a file of posts: which column went where, what was odd about the file, and the rows' fates."""

    columns: Sequence[tuple[str, str]]
    notes: Sequence[str]
    report: MentionReport


def bring_watch(
    system: System, file: Path, *, dry_run: bool = False, on_progress: OnProgress | None = None
) -> tuple[WatchList, Sequence[Event[Any]]]:
    """Listen for a watch list's terms, and no longer for those it lacks; return it and the changes.

    On return `watch` has them. `dry_run`: nothing is written. Raises ConfigError.
    """
    watchlist = load_watchlist(file)
    if not dry_run:
        system.catch_up_match(on_progress)  # what a killed import left on `facts` is watched from here on
    # `watch` has what may have to go; what was taken off earlier is on `facts` only, as deleted.
    facts = {subject: event for subject in watchlist.by_subject if (event := system.fact(subject)) is not None}
    events = watch_events(watchlist, {**system.watched_facts(), **facts}, utc_now())
    if not dry_run:
        _apply(system, events, on_progress)
    return watchlist, events


def bring_contacts(
    system: System,
    file: str | Path,
    *,
    mapping: Mapping[str, str] = _NO_MAP,
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Bring in contacts, and return what became of each row. On return `watch` has their identities.

    `dry_run`: nothing is written. Raises ConfigError.
    """
    return _bring_records(system, file, mapping, map_contacts, plan_contacts, dry_run, on_progress)


def bring_accounts(
    system: System,
    file: str | Path,
    *,
    mapping: Mapping[str, str] = _NO_MAP,
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Bring in accounts; as `bring_contacts`."""
    return _bring_records(system, file, mapping, map_accounts, plan_accounts, dry_run, on_progress)


def _bring_records(  # noqa: PLR0917  called in two places
    system: System,
    file: str | Path,
    mapping: Mapping[str, str],
    map_columns: Callable[[Table, Mapping[str, str]], Columns],
    plan: Callable[..., ImportReport],
    dry_run: bool,
    on_progress: OnProgress | None,
) -> ImportReport:
    with open_table(file) as table:
        crm = system.settings.crm.system
        report = plan(table, map_columns(table, mapping), current=system.fact, now=utc_now(), system=crm)
    if not dry_run:
        _apply(system, report.events, on_progress)
    return report


def bring_mentions(
    system: System | None,
    file: str | Path | BinaryIO,
    *,
    mapping: Mapping[str, str] = _NO_MAP,
    source: str = "import",
    on_progress: Callable[[MentionReport], None] | None = None,
) -> Mentions:
    """Put the posts of a file on `mentions`; `source` stands in where a row names none.

    Without a system nothing is written: what would happen is counted. Raises ConfigError.
    """
    with open_table(file) as table:
        columns = map_mentions(table, mapping)
        rows = read_mentions(table, columns, now=utc_now(), source=source)
        if system is None:
            report = _counted(rows)
        else:
            report = import_mentions(system.log, rows, utc_now(), progress=on_progress)
        return Mentions(columns.described(), table.notes, report)


def _counted(rows: Iterable[Mention | BadRow]) -> MentionReport:
    """Return how many rows could be used, and the first errors; what is known already is not looked up."""
    fates = Counter[str]()
    errors: list[str] = []
    for row in rows:
        fates["dead" if isinstance(row, BadRow) else "collected"] += 1
        if isinstance(row, BadRow) and len(errors) < _ERRORS_SHOWN:
            errors.append(str(row.error))
    return MentionReport(fates.total(), fates, errors=errors)


def _apply(system: System, events: Sequence[Event[Any]], on_progress: OnProgress | None) -> None:
    append_facts(system.log, events)
    system.catch_up_match(on_progress)
