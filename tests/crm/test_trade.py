"""Holdings and purchases out of lists: whose, of which product, when and for how much."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from overheard.crm import holdings, purchases
from overheard.crm.rows import ImportReport
from overheard.crm.sheets import open_sheet
from overheard.crm.trade import Known, term_of
from overheard.errors import ConfigError
from overheard.records import Event, Holding, Purchase, Term, account_id, contact_id

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TERMS = (
    Term(id="mill", kind="own-product", aliases=("BorealMill", "Boreal Mill 300")),
    Term(id="lathe", kind="own-product", aliases=("BorealLathe",)),
    Term(id="rival", kind="competitor", aliases=("Zenturn",)),
    Term(id="firm", kind="own-company", aliases=("Boreal",)),
)
ACCOUNTS = {"a1": ("acc_1",), "Alpha Gears": ("acc_1",), "alpha.example": ("acc_1",), "Twins": ("acc_2", "acc_3")}
KNOWN = Known(
    accounts=lambda who: ACCOUNTS.get(who, ()),
    contacts=lambda who: ("con_1",) if who in ("c1", "asha@a.example") else (),
    terms=TERMS,
)


def held(text: str, known: Sequence[Event[Any]] = (), mapping: Mapping[str, str] | None = None) -> ImportReport:
    by_subject = {event.subject: event for event in known}
    with open_sheet(io.BytesIO(text.encode()), holdings.FIELDS, region="IN", name="holdings.csv") as sheet:
        columns = holdings.map_holdings(sheet, mapping)
        return holdings.plan_holdings(sheet, columns, current=by_subject.get, now=NOW, known=KNOWN)


def bought(text: str, known: Sequence[Event[Any]] = (), currency: str = "INR") -> ImportReport:
    by_subject = {event.subject: event for event in known}
    with open_sheet(io.BytesIO(text.encode()), purchases.FIELDS, region="IN", name="purchases.csv") as sheet:
        return purchases.plan_purchases(
            sheet, purchases.map_purchases(sheet), current=by_subject.get, now=NOW, known=KNOWN, currency=currency
        )


def only(report: ImportReport) -> Any:
    (event,) = report.events
    return event.data


def test_a_row_becomes_a_holding_of_the_account_and_the_watched_product() -> None:
    one = only(
        held(
            "id,company,machine,version,installed,until,replaced by,reason\n"
            "h1,Alpha Gears,Boreal Mill 300,2.1,01/04/2024,2026-01-31,Zenturn,price\n"
        )
    )
    assert isinstance(one, Holding)
    assert (one.account, one.product, one.term, one.version) == ("acc_1", "Boreal Mill 300", "mill", "2.1")
    assert (one.since, one.until) == (date(2024, 4, 1), date(2026, 1, 31))
    assert (one.left_for, one.left_why) == ("Zenturn", "price")


def test_a_row_becomes_a_purchase_with_an_exact_amount() -> None:
    one = only(bought('domain,contact,product,date,amount\nalpha.example,c1,Zenturn X,21/11/2026,"₹ 1.25 lakh"\n'))
    assert isinstance(one, Purchase)
    assert (one.account, one.contact, one.term, one.at) == ("acc_1", "con_1", "rival", date(2026, 11, 21))
    assert (one.amount, one.currency) == ("125000", "INR")


@pytest.mark.parametrize(
    ("product", "term"),
    [
        ("BorealMill", "mill"),
        ("The BORЕAL mill", ""),
        ("borealmill, used", "mill"),
        ("BorealMills", ""),
        ("BorealMill and BorealLathe", ""),
        ("Boreal", ""),
        ("", ""),
    ],
)
def test_a_product_is_the_one_watched_term_whose_alias_it_has(product: str, term: str) -> None:
    assert term_of(product, TERMS) == term


def test_the_same_list_again_changes_nothing_and_a_change_is_a_new_version() -> None:
    text = "account,product,since\na1,BorealMill,2024-01-01\na1,BorealMill,2025-01-01\n"
    first = held(text)
    assert len(first.events) == 2
    assert held(text, first.events).counts == {"unchanged": 2, "warnings": 0}
    second = held("account,product,since,version\na1,BorealMill,2024-01-01,2\n", first.events)
    assert second.rows[0].outcome == "changed"
    assert second.events[0].sourceversion == 1


def test_purchases_again_change_nothing_and_equal_ones_without_ids_are_one() -> None:
    text = "account,product,date,amount\na1,BorealMill,2026-01-01,100\na1,BorealMill,2026-01-01,100\n"
    first = bought(text)
    assert [row.outcome for row in first.rows] == ["superseded", "created"]
    assert not bought(text, first.events).events


def test_an_account_that_comes_later_is_named_by_its_id_only() -> None:
    report = held("account_id,product\nz9,BorealMill\n")
    assert only(report).account == account_id("crm", "z9")
    assert "no account 'z9' is known yet" in report.rows[0].warnings[0]
    report = held("account,product\nz9,BorealMill\nZeta Works,BorealMill\nTwins,BorealMill\n,BorealMill\n")
    assert [row.outcome for row in report.rows] == ["created", "error", "error", "error"]
    assert "Import accounts first" in report.rows[1].message
    assert "2 are called 'Twins'" in report.rows[2].message
    assert 'holdings.csv:5, column "account": expected the account' in report.rows[3].message


def test_a_contact_that_comes_later_is_named_by_its_id_only() -> None:
    report = bought("contact_id,product\nz9,BorealMill\n")
    assert only(report).contact == contact_id("crm", "z9")
    assert bought("contact,product\nNobody,BorealMill\n").rows[0].outcome == "error"


@pytest.mark.parametrize(
    ("amount", "currency", "message"),
    [
        ("1.250", "", "can be read in one way"),
        ("much", "", "expected an amount"),
        ("5", "pounds", "expected a currency"),
        ("$5", "INR", "expected the currency of its column, INR"),
    ],
)
def test_an_amount_that_cannot_be_read_is_an_error_with_its_place(amount: str, currency: str, message: str) -> None:
    report = bought(f"account,amount,currency\na1,{amount},{currency}\n")
    assert message in report.rows[0].message
    assert report.rows[0].message.startswith("purchases.csv:2, column ")


def test_an_amount_without_any_currency_is_an_error() -> None:
    report = bought("account,amount\na1,5\n", currency="")
    assert "expected a currency with the amount" in report.rows[0].message
    assert only(bought("account,amount\na1,$5\n", currency="")).currency == "USD"


def test_a_holding_that_ends_before_it_begins_is_kept_with_a_warning() -> None:
    report = held("account,product,since,until\na1,BorealMill,2026-01-01,2025-01-01\n")
    assert "expected until after since" in report.rows[0].warnings[0]


def test_a_column_that_the_list_lacks_keeps_what_is_known() -> None:
    first = bought("id,account,product,date,amount\np1,a1,BorealMill,2026-01-01,100\n")
    second = bought("id,account,product\np1,a1,BorealLathe\n", first.events)
    assert (only(second).amount, only(second).at, only(second).term) == ("100", date(2026, 1, 1), "lathe")


def test_lists_without_account_or_product_are_refused() -> None:
    with pytest.raises(ConfigError, match="expected a column for account"):
        held("product\nBorealMill\n")
    with pytest.raises(ConfigError, match="expected a column for product"):
        held("account\na1\n")
