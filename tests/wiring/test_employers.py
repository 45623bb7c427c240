"""Accounts made of the contacts of a list, and what becomes of them when the CRM's accounts come."""

import io
from collections.abc import Iterator
from contextlib import closing
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from overheard.config.settings import CrmSettings, FirmSettings, LocaleSettings, Settings
from overheard.matcher.ledger.reading import decisions_in, facts_in, known_in
from overheard.records import Account, Contact, ExternalId, Holding, Profile, Purchase, account_id
from overheard.wiring.bringing import bring_rows
from overheard.wiring.employers import employers_of
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_holdings, bring_purchases
from overheard.wiring.service import SystemService
from overheard.wiring.system import System

SETTINGS = Settings(
    locale=LocaleSettings(language="en", region="IN", currency="INR", time_zone="Asia/Kolkata"),
    firm=FirmSettings(name="Boreal Mills", domain="boreal.example"),
)
PEOPLE = (
    b"Name,Company,E-mail\n"
    b"Asha Rao,Alpha Gears Pvt Ltd,asha@alpha.example\nBen Stone,Alpha Gears,\nChitra,,chitra@alpha.example\n"
    b"Dev,Beta Tools,dev@gmail.com\nEsha,self employed,esha@yahoo.co.in\nFarah,,farah@gamma.example\n"
    b"Gita,Boreal Mills,gita@boreal.example\nHari,N/A,\n"
)
FIRMS = b"id,name,website\na1,ALPHA GEARS LIMITED,www.alpha.example\n"


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with System(tmp_path / "data", SETTINGS) as system:
        yield system


def accounts(system: System) -> dict[str, str]:
    """Return each account's external id and name."""
    found = known_in(system.folder)[1]
    return {f"{one.external_ids[0].system}:{one.external_ids[0].value}": one.name for one in found}


def people(*rows: tuple[str, str]) -> list[Contact]:
    """Return contacts of (organisation, e-mail)."""
    return [
        Contact(
            id=f"con_{i}",
            external_ids=(ExternalId(system="crm", value=str(i)),),
            organisation=organisation,
            emails=(email,) if email else (),
        )
        for i, (organisation, email) in enumerate(rows)
    ]


def made(*rows: tuple[str, str], known: tuple[Account, ...] = ()) -> dict[str, str]:
    return {one.external_ids[0].value: one.name for one in employers_of(people(*rows), known).values()}


def account(name: str, domain: str = "") -> Account:
    return Account(id="acc_1", external_ids=(ExternalId(system="crm", value="1"),), name=name, domain=domain)


def test_a_list_of_contacts_alone_makes_accounts_of_its_companies_and_mail_domains(system: System) -> None:
    report = bring_contacts(system, io.BytesIO(PEOPLE))
    assert accounts(system) == {
        "list:alpha.example": "Alpha Gears",
        "list:beta tools": "Beta Tools",
        "list:gamma.example": "gamma.example",
    }
    (note,) = report.notes
    assert note.startswith("3 accounts made of the column 'Company' and of mail domains")
    assert "make_accounts = false" in note
    system.catch_up_index()
    with closing(system.index()) as index:
        (hit,) = index.find_profiles("Alpha Gears")
    assert isinstance(hit.record, Profile)
    called = {one.id: one.name for one in known_in(system.folder)[0]}
    assert {called[id_] for id_ in hit.record.people} == {"Asha Rao", "Ben Stone", "Chitra"}


def test_a_dry_run_tells_the_accounts_and_makes_none(system: System) -> None:
    assert "3 accounts made" in bring_contacts(system, io.BytesIO(PEOPLE), dry_run=True).notes[0]
    assert accounts(system) == {}


def test_the_same_list_again_tells_and_changes_nothing(system: System) -> None:
    bring_contacts(system, io.BytesIO(PEOPLE))
    end = system.log.span("facts", 0)[1]
    assert bring_contacts(system, io.BytesIO(PEOPLE)).notes == ()
    assert system.log.span("facts", 0)[1] == end


def test_where_accounts_are_not_to_be_made_none_is_and_those_made_before_go(system: System) -> None:
    bring_contacts(system, io.BytesIO(PEOPLE))
    system.change_settings(replace(SETTINGS, crm=CrmSettings(make_accounts=False)))
    bring_contacts(system, io.BytesIO(PEOPLE))
    assert accounts(system) == {}


def test_rows_that_the_api_hands_in_make_the_same_accounts(system: System) -> None:
    rows: list[dict[str, object]] = [
        {"externalId": "1", "name": "Asha Rao", "organisation": "Alpha Gears", "email": ["asha@alpha.example"]},
        {"externalId": "2", "name": "Dev", "organisation": "Beta Tools"},
    ]
    bring_rows(system, "contacts", rows, dry_run=True)
    assert accounts(system) == {}
    bring_rows(system, "contacts", rows)
    assert accounts(system) == {"list:alpha.example": "Alpha Gears", "list:beta tools": "Beta Tools"}
    bring_rows(system, "accounts", [{"externalId": "7", "name": "Beta Tools GmbH"}])
    assert accounts(system) == {"list:alpha.example": "Alpha Gears", "crm:7": "Beta Tools GmbH"}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_any_order_of_imports_ends_with_the_same_accounts(system: System, order: tuple[int, ...]) -> None:
    more = b"id,name,organisation,email\n9,Ina,Beta Tools Ltd,ina@beta.example\n"
    steps = [
        lambda: bring_contacts(system, io.BytesIO(PEOPLE)),
        lambda: bring_accounts(system, io.BytesIO(FIRMS)),
        lambda: bring_contacts(system, io.BytesIO(more)),
    ]
    for step in order:
        steps[step]()
    assert accounts(system) == {
        "crm:a1": "ALPHA GEARS LIMITED",
        "list:beta.example": "Beta Tools",
        "list:gamma.example": "gamma.example",
    }


@pytest.mark.parametrize("accounts_first", [True, False])
def test_a_list_of_accounts_without_ids_has_its_own_accounts_as_it_says_in_any_order(
    system: System, accounts_first: bool
) -> None:
    firms = b"website,city\nalpha.example,Pune\n"
    if accounts_first:
        bring_accounts(system, io.BytesIO(firms))
    bring_contacts(system, io.BytesIO(PEOPLE))
    if not accounts_first:
        (row,) = bring_accounts(system, io.BytesIO(firms)).rows
        assert row.outcome == "created"
    found = [one for one in known_in(system.folder)[1] if one.domain == "alpha.example"]
    assert [(one.name, one.place) for one in found] == [("", "Pune")]


def test_what_was_put_on_a_made_account_is_on_the_crms_when_that_comes(system: System) -> None:
    bring_contacts(system, io.BytesIO(PEOPLE))
    held = b"customer,product,since\nAlpha Gears,BorealMill 300,2024-04-01\n"
    bring_holdings(system, io.BytesIO(held))
    bring_purchases(system, io.BytesIO(b"id,customer,product\np1,Alpha Gears,Oil\n"))
    old = account_id("list", "alpha.example")
    system.catch_up_index()
    with closing(SystemService(system)) as service:
        service.decide("same", "x:handle:alphagears", old, by="asha")
    report = bring_accounts(system, io.BytesIO(FIRMS))
    assert "1 account that had been made of contacts gone" in report.notes[0]
    new = account_id("crm", "a1")
    assert [one.account for one in facts_in(system.folder, Holding)] == [new]
    assert [one.account for one in facts_in(system.folder, Purchase)] == [new]
    decision = decisions_in(system.folder).on("x:handle:alphagears", new)
    assert decision is not None
    assert (decision.verb, decision.by) == ("same", "asha")
    assert bring_holdings(system, io.BytesIO(held)).counts["unchanged"] == 1


def test_a_crms_account_keeps_its_record_when_a_list_comes_later(system: System) -> None:
    bring_accounts(system, io.BytesIO(FIRMS))
    before = known_in(system.folder)[1]
    bring_contacts(system, io.BytesIO(PEOPLE))
    assert before[0] in known_in(system.folder)[1]


def test_a_mail_domain_where_people_name_several_firms_tells_none_of_them() -> None:
    rows = [("Alpha Gears", "a@isp.example"), ("Beta Tools", "b@isp.example"), ("Gamma Rings", "c@isp.example")]
    assert made(*rows, ("", "d@isp.example")) == {
        "alpha gears": "Alpha Gears",
        "beta tools": "Beta Tools",
        "gamma rings": "Gamma Rings",
    }


def test_spellings_of_a_firm_at_one_mail_domain_are_one_account_called_as_most_call_it() -> None:
    rows = [("Alpha Gears Pvt. Ltd.", "a@alpha.example"), ("Alpha Gears", "b@alpha.example")]
    rows += [("Alpha Gears", ""), ("ALPHA GEARS PUNE", "c@alpha.example"), ("Alpha Gears Pune", "")]
    assert made(*rows) == {"alpha.example": "Alpha Gears"}


def test_an_account_of_the_name_at_another_site_and_one_of_the_site_under_another_name_are_known() -> None:
    rows = [("Alpha Gears", "a@alpha.example"), ("Alpha Gears", "")]
    assert made(*rows, known=(account("Alpha Gears Inc"),)) == {}
    assert made(*rows, known=(account("AG Group", "alpha.example"),)) == {}
    assert made(*rows, known=(account("Beta"),)) == {"alpha.example": "Alpha Gears"}


@pytest.mark.parametrize(
    "nothing", ["", "-", "N/A", "Self", "self employed", "Freelance", "Unknown", "12345", "none", "Retired"]
)
def test_what_stands_for_no_company_makes_no_account(nothing: str) -> None:
    assert made((nothing, "asha@gmail.com")) == {}


def test_an_and_and_an_ampersand_are_one_firm() -> None:
    assert list(made(("Rao & Sons", ""), ("Rao and Sons", ""))) == ["rao and sons"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "Alpha", "Alpha Ltd", "Alpha Pune", "Beta", "Beta Alpha", "Gamma & Co", "n/a"]),
            st.sampled_from(["", "a@alpha.example", "b@beta.example", "c@alpha.co.in", "d@gmail.com"]),
        ),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_made_accounts_do_not_depend_on_the_order_of_contacts(rows: list[tuple[str, str]], random: object) -> None:
    contacts = people(*rows)
    other = contacts.copy()
    random.shuffle(other)  # type: ignore[attr-defined]
    found = employers_of(contacts, ())
    assert employers_of(other, ()) == found
    assert employers_of(contacts, found.values()) == {}
    assert len({one.domain for one in found.values() if one.domain}) == sum(bool(one.domain) for one in found.values())
