"""Which products accounts have, from a CRM's or somebody's own list, row by row."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from overheard.crm.rows import LIST, Cells, Current, Identified, ImportReport, given_id, plan
from overheard.crm.sheets import Sheet
from overheard.crm.trade import ACCOUNT_FIELDS, PRODUCT, Known, account_of, term_of
from overheard.records import ExternalId, Holding, holding_id
from overheard.table import Columns, Field, map_columns
from overheard.text import fold

FIELDS = (
    Field("external_id", ("id", "holding_id", "asset_id", "asset_no", "serial_number", "serial_no")),
    *ACCOUNT_FIELDS,
    PRODUCT,
    Field("version", ("release", "product_version")),
    Field("since", ("installed", "installed_on", "installation_date", "start_date", "from")),
    Field("until", ("end_date", "removed", "removed_on", "left_on", "to")),
    Field("left_for", ("replaced_by", "moved_to", "competitor")),
    Field("left_why", ("reason", "reason_for_leaving", "why")),
)


def map_holdings(sheet: Sheet, explicit: Mapping[str, str] | None = None) -> Columns:
    """Put the list's columns to the fields of a holding. Raises ConfigError as `map_columns` does."""
    required = [["account", "account_id", "domain"], ["product"]]
    return map_columns(sheet, FIELDS, explicit=explicit, guessed=sheet.guessed, required=required)


def plan_holdings(
    sheet: Sheet,
    columns: Columns,
    *,
    current: Current,
    now: datetime,
    known: Known,
    system: str = "crm",
    explicit: Mapping[str, str] | None = None,
) -> ImportReport:
    """Return what importing the holdings does, row by row; nothing is written. `system` is the CRM's name.

    A row without an id has one made of its account, product and since, so two of a product on one day need ids. A
    column that the file lacks leaves what is known; an empty cell empties it.
    """

    def identify(cells: Cells) -> Identified:
        if given := given_id(cells, sheet, system):
            return Identified(given)
        since = cells.day("since")
        parts = (account_of(cells, known, system), fold(cells.text("product")), str(since or ""))
        return Identified(ExternalId(system=LIST, value=" ".join(part for part in parts if part)), made=True)

    def build(cells: Cells, external_id: ExternalId, old: Holding | None) -> Holding:
        return _holding(cells, external_id, old, known, system)

    return plan(
        sheet,
        columns,
        id_of=_id_of,
        identify=identify,
        build=build,
        name_of=lambda holding: holding.product,
        compare=_odd,
        current=current,
        now=now,
        explicit=explicit,
    )


def _id_of(external_id: ExternalId) -> str:
    return holding_id(external_id.system, external_id.value)


def _holding(cells: Cells, external_id: ExternalId, old: Holding | None, known: Known, system: str) -> Holding:
    if not (account := account_of(cells, known, system)):
        raise cells.error("account", "expected the account that has it; got nothing. Fill it in")
    if not (product := cells.text("product")):
        raise cells.error("product", "expected the product; got nothing. Fill it in")

    def text(name: str) -> str:
        return cells.text(name) if cells.has(name) or old is None else str(getattr(old, name))

    def day(name: str) -> date | None:
        return cells.day(name) if cells.has(name) or old is None else getattr(old, name)

    return Holding(
        id=_id_of(external_id),
        external_ids=old.external_ids if old else (external_id,),
        account=account,
        product=product,
        term=term_of(product, known.terms),
        version=text("version"),
        since=day("since"),
        until=day("until"),
        left_for=text("left_for"),
        left_why=text("left_why"),
    )


def _odd(read: Sequence[tuple[int, Holding]]) -> Iterator[tuple[int, str]]:
    """Yield (position, warning) for holdings that end before they begin; `read` has (line, holding)."""
    for at, (_, one) in enumerate(read):
        if one.since and one.until and one.until < one.since:
            yield at, f"expected until after since; got {one.since} to {one.until}, kept as it is"
