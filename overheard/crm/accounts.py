"""Organisations from a CRM's export to accounts, row by row."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from overheard.crm.rows import (
    HANDLE,
    HANDLE_FIELDS,
    LIFECYCLE_FIELDS,
    LIST,
    Cells,
    Current,
    Identified,
    ImportReport,
    given_id,
    plan,
)
from overheard.crm.sheets import Sheet
from overheard.identities import identities_of_account
from overheard.records import Account, ExternalId, account_id
from overheard.table import Columns, Field, Table, map_columns
from overheard.text import fold

FIELDS = (
    Field("external_id", ("id", "account_id", "record_id", "crm_id", "account_no", "account_number", "company_id")),
    Field("name", ("account_name", "company", "company_name", "organisation", "organization", "account")),
    Field("domain", ("website", "web", "url", "domain_name", "homepage", "site", "company_domain")),
    Field("place", ("city", "location", "town")),
    Field("owner", ("account_owner", "assigned_to", "salesperson")),
    *LIFECYCLE_FIELDS,
    *HANDLE_FIELDS,
)


def map_accounts(table: Table | Sheet, explicit: Mapping[str, str] | None = None) -> Columns:
    """Put the table's columns to the fields of an account. Raises ConfigError as `map_columns` does."""
    guessed = table.guessed if isinstance(table, Sheet) else None
    required = [["external_id", "domain", "name"]]
    return map_columns(table, FIELDS, explicit=explicit, guessed=guessed, required=required, prefixes=(HANDLE,))


def plan_accounts(
    table: Table | Sheet,
    columns: Columns,
    *,
    current: Current,
    now: datetime,
    system: str = "crm",
    region: str = "",
    explicit: Mapping[str, str] | None = None,
) -> ImportReport:
    """Return what importing the accounts does, row by row; nothing is written. `system` is the CRM's name.

    A column that the file lacks leaves what is known; an empty cell empties it, but for the lifecycle, which is
    only ever added to. A list without ids gets them made: of a row's domain, else its name.
    """
    sheet = table if isinstance(table, Sheet) else Sheet(table, FIELDS, region)

    def identify(cells: Cells) -> Identified:
        if given := given_id(cells, sheet, system):
            return Identified(given)
        if not (value := _domain(cells) or " ".join(fold(cells.text("name")).split())):
            raise cells.error("name", "expected a name or a domain; got neither, so no account can be told by this row")
        return Identified(ExternalId(system=LIST, value=value), made=True)

    def build(cells: Cells, external_id: ExternalId, known: Account | None) -> Account:
        return _account(cells, external_id, known, now)

    return plan(
        sheet,
        columns,
        id_of=lambda external_id: account_id(external_id.system, external_id.value),
        identify=identify,
        build=build,
        name_of=lambda account: account.name,
        compare=_one_organisation_twice,
        current=current,
        now=now,
        explicit=explicit,
    )


def _account(cells: Cells, external_id: ExternalId, known: Account | None, now: datetime) -> Account:
    id_ = account_id(external_id.system, external_id.value)
    old = known or Account(id=id_, external_ids=(external_id,))
    handles, _ = cells.handles()
    mapped = {field.removeprefix(HANDLE) for field in cells.handle_fields}
    account = Account(
        id=id_,
        external_ids=old.external_ids,
        name=cells.text("name") if cells.has("name") else old.name,
        domain=_domain(cells) if cells.has("domain") else old.domain,
        place=cells.text("place") if cells.has("place") else old.place,
        owner=cells.text("owner") if cells.has("owner") else old.owner,
        handles={p: h for p, h in old.handles.items() if p not in mapped} | handles,
        lifecycle=cells.lifecycle(old.lifecycle, now.date()),
    )
    if not (account.name or identities_of_account(account)):
        cells.warn("external_id", "no name, domain or handle: nothing that is said can be put on this account")
    return account


def _domain(cells: Cells) -> str:
    """Return the host of the cell's first web address, without www.; "" where there is none."""
    urls = cells.urls("domain")
    return (urlsplit(urls[0]).hostname or "").removeprefix("www.") if urls else ""


def _one_organisation_twice(read: Sequence[tuple[int, Account]]) -> Iterator[tuple[int, str]]:
    """Yield (position, warning) for accounts that share a name, domain or handle; `read` has (line, account)."""
    claims: dict[str, int] = {}
    for at, (_, account) in enumerate(read):
        keys = {f"{i.platform} {i.value!r}" for i in identities_of_account(account)}
        if account.name:
            keys.add(f"the name {fold(account.name)!r}")
        for key in sorted(keys):
            other = claims.setdefault(key, at)
            if other != at:
                line = read[other][0]
                yield at, f"{key} is claimed on line {line} too: is this one organisation? If so, merge them in the CRM"
