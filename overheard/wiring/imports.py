"""Files brought in: each read by its room, put on its topic, and applied by the matcher.

What a row names (a holding's account, a list's people) is looked up in what the matcher has applied.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from overheard.collectors.base import Deletion
from overheard.collectors.files import ImportReport as MentionReport
from overheard.collectors.files import import_mentions, map_mentions, read_mentions
from overheard.collectors.laid.laid import Laid, handed_in
from overheard.config.watchlist import WatchList, load_watchlist, watch_events
from overheard.crm import accounts, contacts, holdings, purchases
from overheard.crm.rows import ImportReport, RowReport, append_facts
from overheard.crm.sheets import open_sheet
from overheard.crm.trade import Known
from overheard.errors import ConfigError, InputError
from overheard.identities import normal_email, normal_phone
from overheard.log.stage import Progress
from overheard.matcher.ledger.reading import facts_in, known_in
from overheard.matcher.names.organisations import organisation_key, site_domain
from overheard.records import Account, Contact, Event, Mention, Term
from overheard.suppression import Suppressions
from overheard.table import BadRow, open_table
from overheard.text import fold
from overheard.wiring.employers import bare, following
from overheard.wiring.lists import one_person_twice
from overheard.wiring.policies import policies_of
from overheard.wiring.system import System, utc_now

_ERRORS_SHOWN = 20
SUPPRESSED = "erased on request: whoever this is asked to be forgotten, so nothing of it is taken in"
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
    with system.looking_up_facts() as fact:
        facts = {subject: event for subject in watchlist.by_subject if (event := fact(subject)) is not None}
    events = watch_events(watchlist, {**system.watched_facts(), **facts}, utc_now())
    if not dry_run:
        _apply(system, events, on_progress)
    return watchlist, events


def bring_contacts(
    system: System,
    file: str | Path | BinaryIO,
    *,
    mapping: Mapping[str, str] = _NO_MAP,
    name: str = "",
    region: str | None = None,
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Bring in contacts out of a list or vCards, and return what became of each row and where each column went.

    On return `watch` has their identities, and employers that are no account are accounts (`employers`), which a note
    tells. `mapping` {column: field, or "-" for none} beats what is guessed. `dry_run`: nothing is written. `name` is
    what messages call the file; `region` beats that of the settings. Raises ConfigError.
    """
    report = plan_contacts(
        system, file, mapping=mapping, name=name, region=region, dry_run=dry_run, on_progress=on_progress
    )
    return _with_employers(system, report, dry_run, on_progress)


def plan_contacts(
    system: System,
    file: str | Path | BinaryIO,
    *,
    mapping: Mapping[str, str] = _NO_MAP,
    name: str = "",
    region: str | None = None,
    dry_run: bool = True,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Return what bringing in contacts does to them; as `bring_contacts`. Nothing is written of it.

    But for a dry run the ledger is brought up to date first.
    """
    region = system.settings.locale.region if region is None else region
    with open_sheet(file, contacts.FIELDS, region=region, name=name, cards=True) as sheet:
        columns = contacts.map_contacts(sheet, mapping)
        people: dict[str, str] = {}
        if "external_id" not in columns or not sheet.has_ids:
            if not dry_run:
                system.catch_up_match(on_progress)
            for contact in facts_in(system.folder, Contact):
                for key in contacts.person_keys(contact):
                    # Of two who are one, always the same: whichever came first must not matter.
                    people[key] = min(people.get(key, contact.id), contact.id)
        with system.looking_up_facts() as fact:
            report = contacts.plan_contacts(
                sheet,
                columns,
                current=fact,
                now=utc_now(),
                system=system.settings.crm.system,
                people=people,
                explicit=mapping,
                twice=one_person_twice,
            )
    return _without_suppressed(report, system.suppressed.follow())


def _without_suppressed(report: ImportReport, suppressions: Suppressions) -> ImportReport:
    """Return the report without what it would do to people who were erased: their rows say so."""

    def row_of(row: RowReport) -> RowReport:
        if row.event is None or not suppressions.covers_contact(row.event.data):
            return row
        return RowReport(row.line, "suppressed", row.external_id, message=SUPPRESSED, warnings=row.warnings)

    return replace(report, rows=tuple(map(row_of, report.rows))) if len(suppressions) else report


def bring_accounts(
    system: System,
    file: str | Path | BinaryIO,
    *,
    mapping: Mapping[str, str] = _NO_MAP,
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Bring in accounts; as `bring_contacts`. Those that had been made of contacts go where these stand for them."""
    return _with_employers(system, plan_accounts(system, file, mapping=mapping), dry_run, on_progress)


def plan_accounts(system: System, file: str | Path | BinaryIO, *, mapping: Mapping[str, str] = _NO_MAP) -> ImportReport:
    """Return what bringing in accounts does to them; as `bring_accounts`. Nothing is written."""
    with (
        open_sheet(file, accounts.FIELDS, region=system.settings.locale.region) as sheet,
        system.looking_up_facts() as fact,
    ):
        columns = accounts.map_accounts(sheet, mapping)
        crm = system.settings.crm.system
        return accounts.plan_accounts(
            sheet, columns, current=lambda id_: bare(fact(id_)), now=utc_now(), system=crm, explicit=mapping
        )


def bring_holdings(
    system: System,
    file: str | Path | BinaryIO,
    *,
    mapping: Mapping[str, str] = _NO_MAP,
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Bring in which products accounts have; as `bring_contacts`. Accounts are looked up among those known by now."""
    known = _known_to(system, dry_run, on_progress)
    with (
        open_sheet(file, holdings.FIELDS, region=system.settings.locale.region) as sheet,
        system.looking_up_facts() as fact,
    ):
        columns = holdings.map_holdings(sheet, mapping)
        crm = system.settings.crm.system
        report = holdings.plan_holdings(
            sheet, columns, current=fact, now=utc_now(), known=known, system=crm, explicit=mapping
        )
    return _carried_out(system, report, dry_run, on_progress)


def bring_purchases(
    system: System,
    file: str | Path | BinaryIO,
    *,
    mapping: Mapping[str, str] = _NO_MAP,
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Bring in what accounts and contacts bought; as `bring_holdings`. Amounts without a currency are the locale's."""
    known = _known_to(system, dry_run, on_progress)
    with (
        open_sheet(file, purchases.FIELDS, region=system.settings.locale.region) as sheet,
        system.looking_up_facts() as fact,
    ):
        columns = purchases.map_purchases(sheet, mapping)
        report = purchases.plan_purchases(
            sheet,
            columns,
            current=fact,
            now=utc_now(),
            known=known,
            system=system.settings.crm.system,
            currency=system.settings.locale.currency,
            explicit=mapping,
        )
    return _carried_out(system, report, dry_run, on_progress)


def _known(
    system: System, dry_run: bool, on_progress: OnProgress | None
) -> tuple[Sequence[Contact], Sequence[Account]]:
    """Return the contacts and accounts of the ledger, which is first brought up to date but for a dry run."""
    if not dry_run:
        system.catch_up_match(on_progress)
    return known_in(system.folder)


def _known_to(system: System, dry_run: bool, on_progress: OnProgress | None) -> Known:
    people, firms = _known(system, dry_run, on_progress)
    accounts_called: dict[str, set[str]] = defaultdict(set)
    for account in firms:
        for name in (account.id, *(one.value for one in account.external_ids)):
            accounts_called[f"id:{fold(name)}"].add(account.id)
        accounts_called[f"name:{' '.join(organisation_key(account.name))}"].add(account.id)
        accounts_called[f"site:{site_domain(account.domain)}"].add(account.id)
    contacts_called: dict[str, set[str]] = defaultdict(set)
    for contact in people:
        for name in (contact.id, *(one.value for one in contact.external_ids)):
            contacts_called[f"id:{fold(name)}"].add(contact.id)
        for email in contact.emails:
            contacts_called[f"email:{normal_email(email)}"].add(contact.id)
        for phone in contact.phones:
            contacts_called[f"phone:{normal_phone(phone)}"].add(contact.id)
        contacts_called[f"name:{' '.join(fold(contact.name).split())}"].add(contact.id)
    region = system.settings.locale.region

    def first(called: Mapping[str, set[str]], keys: Iterable[str]) -> Sequence[str]:
        """Return those found by the first key that finds any; a key that ends with its colon is of nothing."""
        return sorted(next((called[key] for key in keys if key in called and not key.endswith(":")), ()))

    def accounts_of(who: str) -> Sequence[str]:
        keys = (f"id:{fold(who)}", f"name:{' '.join(organisation_key(who))}", f"site:{site_domain(who)}")
        return first(accounts_called, keys)

    def contacts_of(who: str) -> Sequence[str]:
        name = " ".join(fold(who).split())
        keys = (f"id:{fold(who)}", f"email:{normal_email(who)}", f"phone:{normal_phone(who, region)}", f"name:{name}")
        return first(contacts_called, keys)

    terms = [event.data for event in system.watched_facts().values() if isinstance(event.data, Term)]
    return Known(accounts_of, contacts_of, terms)


def _with_employers(
    system: System, report: ImportReport, dry_run: bool, on_progress: OnProgress | None
) -> ImportReport:
    if not dry_run:
        system.catch_up_match(on_progress)
    column = next((column for column, field in report.columns if field == "organisation"), "")
    employers = following(system, report.events, column)
    if not dry_run:
        _apply(system, (*report.events, *employers.events), on_progress)
    return replace(report, notes=(*report.notes, *employers.notes))


def _carried_out(system: System, report: ImportReport, dry_run: bool, on_progress: OnProgress | None) -> ImportReport:
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
            report = import_mentions(
                system.log,
                rows,
                utc_now(),
                progress=on_progress,
                suppressions=system.suppressed.follow(),
                policies=policies_of(system),
            )
        return Mentions(columns.described(), table.notes, report)


def bring_activities(
    system: System,
    file: Path,
    source: str,
    *,
    dry_run: bool = False,
    on_progress: Callable[[MentionReport], None] | None = None,
) -> MentionReport:
    """Put on `mentions` what was written to us alone and stands in a file, read as a source of the settings reads it.

    `dry_run`: nothing is written, what would happen is counted. Raises ConfigError for a file or source that is none.
    """
    settings = system.settings
    laid = [one for one in settings.sources if isinstance(one, Laid)]
    found = next((one for one in laid if one.name == source), None)
    if found is None:
        known = ", ".join(one.name for one in laid) or "none"
        msg = f"expected the name of a source of chats or leads, [[whatsapp]] or [[leads]] ({known}); got {source!r}"
        raise ConfigError(msg)
    now = utc_now()
    try:
        rows = handed_in(found, file, settings.limits.body, now)
    except InputError as e:
        raise ConfigError(str(e)) from e
    if dry_run:
        return _counted(rows)
    return import_mentions(
        system.log,
        rows,
        now,
        progress=on_progress,
        suppressions=system.suppressed.follow(),
        policies=policies_of(system),
    )


def _counted(rows: Iterable[Mention | Deletion | BadRow]) -> MentionReport:
    """Return how many rows could be used, and the first errors; what is known already is not looked up."""
    fates = Counter[str]()
    errors: list[str] = []
    for row in rows:
        fates[{BadRow: "dead", Deletion: "deleted"}.get(type(row), "collected")] += 1
        if isinstance(row, BadRow) and len(errors) < _ERRORS_SHOWN:
            errors.append(str(row.error))
    return MentionReport(fates.total(), fates, errors=errors)


def _apply(system: System, events: Sequence[Event[Any]], on_progress: OnProgress | None) -> None:
    append_facts(system.log, events)
    system.catch_up_match(on_progress)
