"""What accounts and contacts bought, from a CRM's or somebody's own list, row by row."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from overheard.crm.amounts import read_amount, read_currency
from overheard.crm.rows import LIST, Cells, Current, Identified, ImportReport, given_id, plan
from overheard.crm.sheets import Sheet
from overheard.crm.trade import ACCOUNT_FIELDS, PRODUCT, Known, account_of, contact_of, term_of
from overheard.records import ExternalId, Purchase, purchase_id
from overheard.table import Columns, Field, map_columns
from overheard.text import fold

FIELDS = (
    Field(
        "external_id",
        ("id", "purchase_id", "order_id", "order_no", "order_number", "invoice_no", "invoice_number", "deal_id"),
    ),
    *ACCOUNT_FIELDS,
    Field("contact_id", ("contact_external_id", "person_id")),
    Field("contact", ("contact_name", "contact_email", "buyer", "bought_by", "email", "phone")),
    PRODUCT,
    Field("date", ("at", "purchased", "purchased_on", "purchase_date", "order_date", "invoice_date", "close_date")),
    Field("amount", ("value", "total", "total_amount", "order_value", "invoice_value", "price", "net_amount")),
    Field("currency", ("currency_code", "currency_iso_code")),
)


def map_purchases(sheet: Sheet, explicit: Mapping[str, str] | None = None) -> Columns:
    """Put the list's columns to the fields of a purchase. Raises ConfigError as `map_columns` does."""
    required = [["account", "account_id", "domain", "contact", "contact_id"], ["product", "amount"]]
    return map_columns(sheet, FIELDS, explicit=explicit, guessed=sheet.guessed, required=required)


def plan_purchases(
    sheet: Sheet,
    columns: Columns,
    *,
    current: Current,
    now: datetime,
    known: Known,
    system: str = "crm",
    currency: str = "",
    explicit: Mapping[str, str] | None = None,
) -> ImportReport:
    """Return what importing the purchases does, row by row; nothing is written. `system` is the CRM's name.

    `currency` is that of amounts that name none. A row without an id has one made of all that it says, so two equal
    purchases on one day need ids. A column that the file lacks leaves what is known; an empty cell empties it.
    """

    def identify(cells: Cells) -> Identified:
        if given := given_id(cells, sheet, system):
            return Identified(given)
        one = _purchase(cells, ExternalId(system=LIST, value=""), None, known, system, currency)
        parts = (one.account, one.contact, fold(one.product), str(one.at or ""), one.amount, one.currency)
        return Identified(ExternalId(system=LIST, value=" ".join(part for part in parts if part)), made=True)

    def build(cells: Cells, external_id: ExternalId, old: Purchase | None) -> Purchase:
        return _purchase(cells, external_id, old, known, system, currency)

    return plan(
        sheet,
        columns,
        id_of=_id_of,
        identify=identify,
        build=build,
        name_of=lambda purchase: purchase.product,
        compare=_nothing_odd,
        current=current,
        now=now,
        explicit=explicit,
    )


def _id_of(external_id: ExternalId) -> str:
    return purchase_id(external_id.system, external_id.value)


def _purchase(  # noqa: PLR0917  called in two places
    cells: Cells, external_id: ExternalId, old: Purchase | None, known: Known, system: str, currency: str
) -> Purchase:
    account, contact = account_of(cells, known, system), contact_of(cells, known, system)
    if not (account or contact):
        raise cells.error("account", "expected the account or the contact who bought it; got neither. Fill one in")
    amount, paid_in = _amount(cells, currency)
    product = cells.text("product") if cells.has("product") or old is None else old.product
    lacks_amount = old is not None and not cells.has("amount")
    return Purchase(
        id=_id_of(external_id),
        external_ids=old.external_ids if old else (external_id,),
        account=account,
        contact=contact,
        product=product,
        term=term_of(product, known.terms),
        at=cells.day("date") if cells.has("date") or old is None else old.at,
        amount=old.amount if old and lacks_amount else amount,
        currency=old.currency if old and lacks_amount else paid_in,
    )


def _amount(cells: Cells, currency: str) -> tuple[str, str]:
    """Return the amount and its currency; ("", "") for an empty cell. Raises InputError for what is no amount."""
    text = cells.text("amount")
    if not text:
        return "", ""
    column = cells.text("currency")
    try:
        said = read_currency(column, currency) if column else ""
    except ValueError as e:
        raise cells.error("currency", str(e)) from e
    try:
        amount, found = read_amount(text, said or currency)
    except ValueError as e:
        raise cells.error("amount", f"{e}; got {text[:60]!r}") from e
    if said and found != said:
        raise cells.error("amount", f"expected the currency of its column, {said}; got {text[:60]!r}")
    if not found:
        message = f"expected a currency with the amount, in a column, or as [locale] currency; got {text[:60]!r}"
        raise cells.error("amount", message)
    return amount, found


def _nothing_odd(_: Sequence[tuple[int, Purchase]]) -> Iterator[tuple[int, str]]:
    """Two purchases may be alike in all but their ids."""
    return iter(())
