"""Lists of people, holdings and purchases, from the file to the profile that is found by a phone number."""

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from overheard.config.settings import LocaleSettings, Settings
from overheard.records import Profile
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_holdings, bring_purchases, bring_watch
from overheard.wiring.system import System

SETTINGS = Settings(locale=LocaleSettings(language="en", region="IN", currency="INR", time_zone="Asia/Kolkata"))
PEOPLE = b"Name,Company,E-mail,Mobile\nAsha Rao,Alpha Gears,asha@alpha.example,098220 12345\nBen,,,022 2765 4321\n"
FIRMS = b"id,name,website\na1,Alpha Gears Pvt Ltd,alpha.example\n"
HOLDINGS = b"customer,product,since\nAlpha Gears,BorealMill 300,2024-04-01\n"
PURCHASES = (
    "account,contact,product,date,amount\nalpha.example,098220 12345,BorealMill,2024-03-01,₹ 12.5 lakh\n".encode()
)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    watch = tmp_path / "watch.toml"
    watch.write_text('[[term]]\nid = "mill"\nkind = "own-product"\naliases = ["BorealMill"]\n', "utf-8")
    with System(tmp_path / "data", SETTINGS) as system:
        bring_watch(system, watch)
        yield system


def profile(system: System, who: str) -> Profile:
    system.catch_up_index()
    with closing(system.index()) as index:
        (hit,) = index.find_profiles(who)
        assert isinstance(hit.record, Profile)
        return hit.record


def test_what_an_account_has_and_bought_is_on_its_profile_and_its_peoples(system: System) -> None:
    assert bring_accounts(system, io.BytesIO(FIRMS)).counts["created"] == 1
    assert bring_contacts(system, io.BytesIO(PEOPLE)).counts["created"] == 2
    held = bring_holdings(system, io.BytesIO(HOLDINGS))
    bought = bring_purchases(system, io.BytesIO(PURCHASES))
    assert (held.counts["created"], bought.counts["created"]) == (1, 1)
    firm, asha = profile(system, "Alpha Gears Pvt Ltd"), profile(system, "asha@alpha.example")
    assert [(one.product, one.term) for one in firm.holdings] == [("BorealMill 300", "mill")]
    assert asha.holdings == firm.holdings
    assert asha.purchases == firm.purchases
    assert firm.purchase_totals == {"INR": "1250000"}


@pytest.mark.parametrize(
    "written", ["+919822012345", "+91 98220-12345", "0091 98220 12345", "09822 012345", "9822012345"]
)
def test_a_contact_is_found_by_a_phone_number_however_it_is_written(system: System, written: str) -> None:
    bring_contacts(system, io.BytesIO(PEOPLE))
    assert profile(system, written).name == "Asha Rao"


def test_all_lists_again_change_nothing(system: System) -> None:
    for _ in range(2):
        reports = [
            bring_accounts(system, io.BytesIO(FIRMS)),
            bring_contacts(system, io.BytesIO(PEOPLE)),
            bring_holdings(system, io.BytesIO(HOLDINGS)),
            bring_purchases(system, io.BytesIO(PURCHASES)),
        ]
    assert [len(report.events) for report in reports] == [0, 0, 0, 0]


def test_a_person_of_the_crm_in_another_list_or_a_card_is_a_duplicate(system: System) -> None:
    bring_contacts(system, io.BytesIO(b"id,name,email\n7,Asha Rao,asha@alpha.example\n"))
    assert bring_contacts(system, io.BytesIO(PEOPLE)).counts["duplicate"] == 1
    card = b"BEGIN:VCARD\nVERSION:3.0\nUID:u1\nFN:Asha Rao\nEMAIL:asha@alpha.example\nEND:VCARD\n"
    (row,) = bring_contacts(system, io.BytesIO(card)).rows
    assert row.outcome == "duplicate"
    assert "Asha Rao (crm 7)" in row.message
    assert profile(system, "asha@alpha.example").external_ids[0].value == "7"


def test_a_dry_run_writes_nothing_and_shows_the_guesses(system: System) -> None:
    report = bring_contacts(system, io.BytesIO(PEOPLE), mapping={"Company": "-"}, dry_run=True)
    assert {guess.column: guess.field for guess in report.guesses}["Company"] == "-"
    assert report.guesses[0].samples == ("Asha Rao", "Ben")
    assert system.log.latest("facts", [event.subject for event in report.events]) == {}


def test_ndjson_as_the_api_hands_it_in_is_a_list_too(system: System) -> None:
    data = b'{"id": "7", "name": "Asha Rao", "email": ["asha@a.example"], "phone": "098220 12345"}\n'
    assert bring_contacts(system, io.BytesIO(data)).counts["created"] == 1
    assert profile(system, "crm:7").phones == ("+919822012345",)
