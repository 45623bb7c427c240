import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from overheard.crm.accounts import map_accounts, plan_accounts
from overheard.crm.rows import ImportReport
from overheard.errors import ConfigError
from overheard.records import Event, account_id
from overheard.table import open_table

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def plan(text: str, known: Sequence[Event[Any]] = ()) -> ImportReport:
    by_subject = {event.subject: event for event in known}
    table = open_table(io.BytesIO(text.encode()), name="accounts.csv")
    return plan_accounts(table, map_accounts(table), current=by_subject.get, now=NOW)


def test_a_row_becomes_an_account_and_its_site_a_domain() -> None:
    report = plan(
        "ID,Company,Website,Status,City,Twitter\na1,Alpha Gears,https://www.alpha.example/home,customer,Pune,@alpha\n"
    )
    account = report.events[0].data
    assert account.id == account_id("crm", "a1")
    assert (account.name, account.domain, account.place) == ("Alpha Gears", "alpha.example", "Pune")
    assert account.handles == {"x": "@alpha"}
    assert account.lifecycle[-1].tag == "customer"


def test_the_same_file_twice_changes_nothing_and_a_change_is_a_new_version() -> None:
    text = "external_id,name,domain,lifecycle\na1,Alpha,alpha.example,prospect\n"
    first = plan(text)
    assert plan(text, first.events).counts["unchanged"] == 1
    second = plan(text.replace("prospect", "customer"), first.events)
    assert second.rows[0].outcome == "changed"
    assert second.events[0].sourceversion == 1


def test_one_organisation_under_two_ids_is_a_warning() -> None:
    report = plan("id,name,domain\n1,Alpha,alpha.example\n2,ALPHA,\n3,Alpha Ltd,www.alpha.example\n")
    assert [len(row.warnings) for row in report.rows] == [0, 1, 1]
    assert "is claimed on line 2 too" in report.rows[2].warnings[0]


def test_a_domain_that_is_none_is_a_warning() -> None:
    report = plan("id,name,domain\n1,Alpha,n/a\n")
    assert report.events[0].data.domain == ""
    assert report.rows[0].warnings == ("domain: expected a web address; got 'n/a', left out",)


def test_columns_that_tell_no_account_are_refused() -> None:
    with pytest.raises(ConfigError, match="expected a column for external_id or domain or name"):
        plan("city\nPune\n")


def test_a_list_without_ids_gets_them_of_domain_or_name_and_again_changes_nothing() -> None:
    text = "name,website\nAlpha,www.alpha.example\nBeta,\n,\n"
    first = plan(text)
    assert [row.external_id for row in first.rows] == ["alpha.example", "beta"]
    assert {event.data.external_ids[0].system for event in first.events} == {"list"}
    assert plan(text, first.events).counts["unchanged"] == 2
