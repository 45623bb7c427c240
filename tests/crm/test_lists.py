"""Contact lists as people and programs keep them: without ids, headers, or one phone number written like another."""

import csv
import io
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.crm.contacts import FIELDS, map_contacts, person_keys, plan_contacts
from overheard.crm.headers import OTHER_NAMES, ColumnGuess
from overheard.crm.rows import ImportReport
from overheard.crm.sheets import open_sheet
from overheard.errors import ConfigError
from overheard.records import Contact, Event
from tests.conftest import ROOT
from tests.matcher.worlds import contact as crm_contact

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def plan(
    text: str | bytes,
    known: Sequence[Event[Any]] = (),
    mapping: Mapping[str, str] | None = None,
    people: Sequence[Contact] = (),
    region: str = "IN",
) -> ImportReport:
    by_subject = {event.subject: event for event in known}
    everybody = [*people, *(event.data for event in known)]
    data = text.encode() if isinstance(text, str) else text
    with open_sheet(io.BytesIO(data), FIELDS, region=region, name="list.csv", cards=True) as sheet:
        return plan_contacts(
            sheet,
            map_contacts(sheet, mapping),
            current=lambda id_: by_subject.get(id_) or _event(id_, people),
            now=NOW,
            people={key: one.id for one in everybody for key in person_keys(one)},
            explicit=mapping,
        )


def _event(id_: str, people: Sequence[Contact]) -> Event[Any] | None:
    from overheard.records import event_for

    one = next((each for each in people if each.id == id_), None)
    return None if one is None else event_for(one, subject=id_, source="/t", time=NOW)


def contacts(report: ImportReport) -> list[Contact]:
    return [event.data for event in report.events]


def guessed(report: ImportReport) -> dict[str, str]:
    return {guess.column: guess.field for guess in report.guesses if guess.field != "-"}


GOOGLE = (
    "Name,Given Name,Family Name,E-mail 1 - Type,E-mail 1 - Value,E-mail 2 - Value,Phone 1 - Type,Phone 1 - Value,"
    "Organization 1 - Name,Organization 1 - Title,Website 1 - Value\n"
    "Asha Rao,Asha,Rao,* Work,asha@a.example ::: rao@a.example,a@home.example,Mobile,"
    "+91 98220 12345 ::: 022-27654321,Alpha Gears,Buyer,https://asha.example\n"
)
OUTLOOK = (
    "First Name;Last Name;Company;Job Title;E-mail Address;E-mail 2 Address;Business Phone;Mobile Phone;Business Fax;"
    "Business City\n"
    "Asha;Rao;Alpha Gears;Buyer;asha@a.example;rao@a.example;022 2765 4321;09822 012345;022 2765 4399;Pune\n"
)
HUBSPOT = (
    "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Contact owner,Associated Company,Job Title\n"
    "51,Asha,Rao,asha@a.example,+91 22 2765 4321,+91 98220 12345,Ravi,Alpha Gears,Buyer\n"
)
ZOHO = (
    "Record Id,Contact Owner,First Name,Last Name,Account Name,Email,Secondary Email,Title,Phone,Mobile,Mailing City\n"
    "zcrm_1,Ravi,Asha,Rao,Alpha Gears,asha@a.example,rao@a.example,Buyer,022 2765 4321,98220 12345,Pune\n"
)


@pytest.mark.parametrize("text", [GOOGLE, OUTLOOK, HUBSPOT, ZOHO], ids=["google", "outlook", "hubspot", "zoho"])
def test_the_columns_of_common_programs_are_known(text: str) -> None:
    (one,) = contacts(plan(text))
    assert (one.name, one.organisation, one.title) == ("Asha Rao", "Alpha Gears", "Buyer")
    assert one.emails[0] == "asha@a.example"
    assert set(one.phones) == {"+919822012345", "+912227654321"}


def test_all_columns_and_parts_of_cells_with_several_values_are_taken() -> None:
    (one,) = contacts(plan(GOOGLE))
    assert one.emails == ("asha@a.example", "rao@a.example", "a@home.example")
    assert one.phones == ("+919822012345", "+912227654321")
    assert one.urls == ("https://asha.example",)


def test_hindi_headers_title_rows_merged_cells_and_a_footer_are_understood_and_told() -> None:
    report = plan(
        "ग्राहक सूची 2026,,,\n,,,\nकंपनी,नाम,फ़ोन,ईमेल\n"
        "अल्फ़ा गियर्स,आशा राव,०९८२२ ०१२३४५,asha@alpha.example\n,बेन,98220 12346,\n,Chitra,98220 12347,c@alpha.example\n"
        "Beta Tools,Dev,,dev@beta.example\n,Esha Nair,(022) 2765 4321 ext 12,\nTotal: 5,,,\n"
    )
    assert [one.organisation for one in contacts(report)] == ["अल्फ़ा गियर्स"] * 3 + ["Beta Tools"] * 2
    assert contacts(report)[0].phones == ("+919822012345",)
    assert contacts(report)[4].phones == ("+912227654321",)
    header, merged, footer = report.notes
    assert header == "the header is on line 3; what stands above it is left out"
    assert "3 empty cells are filled from above, the first on line 5" in merged
    assert footer == "line 9 is taken for a footer and left out: 'Total: 5'"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_in_any_form_is_read(encoding: str) -> None:
    assert contacts(plan("नाम;फोन\nआशा राव;98220 12345\n".encode(encoding)))[0].name == "आशा राव"


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_old_encodings_of_the_west_are_read_with_a_note(encoding: str) -> None:
    report = plan("Name,E-mail\nZoë Müller,zoe@g.example\n".encode(encoding))
    assert contacts(report)[0].name == "Zoë Müller"
    assert "Windows-1252" in report.notes[0]


@pytest.mark.parametrize(
    "rows",
    [
        # One value comes again: companies are named on each row, and some rows lack it.
        "Alpha,Asha,\n,Ben,\nAlpha,Chitra,\n,Dev,\nBeta,Esha,\n,Farah,",
        # A single group of several rows may be chance.
        "Alpha,Asha,\nBeta,Ben,\nGamma,Chitra,\n,Dev,",
        # Somebody below is at another firm.
        "Alpha,Asha,a@alpha.example\n,Ben,b@other.example\nBeta,Chitra,\n,Dev,",
        # The first row has none.
        ",Asha,\nAlpha,Ben,\n,Chitra,\nBeta,Dev,\n,Esha,",
    ],
)
def test_empty_companies_stay_empty_where_the_column_shows_no_merged_cells(rows: str) -> None:
    report = plan(f"company,name,email\n{rows}\n")
    assert "" in [one.organisation for one in contacts(report)]
    assert not report.notes


def test_a_list_without_a_header_is_guessed_from_what_stands_in_it() -> None:
    report = plan("Asha Rao,Alpha Gears Pvt Ltd,asha@a.example,98220 12345\nBen Stone,Beta Tools Ltd,,98220 12346\n")
    assert list(guessed(report).values()) == ["name", "organisation", "email", "phone"]
    assert [one.name for one in contacts(report)] == ["Asha Rao", "Ben Stone"]
    assert "no row names the columns" in report.notes[0]


def test_what_stands_in_a_column_beats_its_name_and_the_reason_and_samples_are_told() -> None:
    report = plan("Contact,Whatever,Person\n98220 12345,a@b.example,Asha Rao\n98220 12346,c@d.example,Ben Stone\n")
    assert guessed(report) == {"Contact": "phone", "Whatever": "email", "Person": "name"}
    why = ColumnGuess("Whatever", "email", "2 of 2 values are e-mail addresses", ("a@b.example", "c@d.example"))
    assert why in report.guesses


def test_a_column_said_by_hand_is_not_guessed() -> None:
    report = plan("Contact,Mail,Name\n98220 12345,a@b.example,Asha\n", mapping={"Contact": "-", "Mail": "owner"})
    assert {guess.column: (guess.field, guess.reason) for guess in report.guesses} == {
        "Mail": ("owner", "said by hand"),
        "Contact": ("-", "said by hand"),
        "Name": ("name", "its name"),
    }
    assert contacts(report)[0].owner == "a@b.example"


def test_profiles_in_a_column_are_handles() -> None:
    report = plan("name,where\nAsha,https://www.linkedin.com/in/asha\nBen,https://linkedin.com/in/ben\n")
    assert [one.handles for one in contacts(report)] == [{"linkedin": "asha"}, {"linkedin": "ben"}]


def test_fax_numbers_and_other_long_numbers_are_no_phones() -> None:
    report = plan("name,Fax,GST no,Account\nAsha,022 2765 4321,9822012345,9822012345\n")
    assert contacts(report)[0].phones == ()


def test_a_total_that_is_a_company_is_no_footer() -> None:
    report = plan("company,name\nTotal Tools,Asha\nBeta,Ben\nTotal Energies,Chitra Nair\n")
    assert (len(contacts(report)), report.notes) == (3, ())


@pytest.mark.parametrize(
    "footer", ["Total,2", "Grand Total: 2,", "2 records,", "कुल 2,", "Exported on 2026-11-21 by Ravi,"]
)
def test_a_row_that_counts_or_closes_a_list_is_a_footer_at_its_end_only(footer: str) -> None:
    report = plan(f"company,name\nAlpha,Asha\nBeta,Ben\n{footer}\n")
    assert (len(contacts(report)), len(report.notes)) == (2, 1)
    assert len(plan(f"company,name\nAlpha,Asha\n{footer}\nBeta,Ben\n").rows) == 3


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("09822 012345", ("+919822012345",)),
        ("+91-98220 12345", ("+919822012345",)),
        ("0091 98220 12345", ("+919822012345",)),
        ("(022) 2765 4321 ext 12", ("+912227654321",)),
        ("९८२२० १२३४५", ("+919822012345",)),
        ("tel:+91-98220-12345", ("+919822012345",)),
        ("9822012345.0", ("+919822012345",)),
        ("98220 12345 / 98220 54321", ("+919822012345", "+919822054321")),
        ("98220 12345, 022 2765 4321", ("+919822012345", "+912227654321")),
        ("-", ()),
    ],
)
def test_phone_numbers_in_all_styles_are_kept_as_one(written: str, kept: tuple[str, ...]) -> None:
    report = plan(f'name,phone\nAsha,"{written}"\n')
    assert contacts(report)[0].phones == kept
    assert report.rows[0].warnings == ()


@pytest.mark.parametrize("written", ["12345", "ask Ravi", "9.82201E+09", "022-27654321/22"])
def test_a_number_that_is_none_is_kept_as_written_with_a_warning(written: str) -> None:
    report = plan(f"name,phone\nAsha,{written}\n")
    assert contacts(report)[0].phones == (written,)
    assert "expected a phone number that is valid in IN" in report.rows[0].warnings[0]


def test_without_a_region_a_number_needs_its_country() -> None:
    report = plan("name,phone\nAsha,98220 12345\n", region="")
    assert contacts(report)[0].phones == ("98220 12345",)
    assert "with its country code" in report.rows[0].warnings[0]


def test_ids_are_made_of_e_mail_else_phone_and_name_else_name_and_firm() -> None:
    report = plan(
        "name,company,e-mail,phone\nAsha Rao,Alpha,Asha@A.example,98220 12345\n"
        "Ben Stone,Alpha,info@a.example,98220 12346\n"
        "Chitra Nair,Alpha,,\n,,,\n,Alpha,,\n"
    )
    made = ["asha@a.example", "+919822012346, ben stone", "chitra nair, alpha"]
    assert [row.external_id for row in report.rows] == [*made, ""]
    assert {one.external_ids[0].system for one in contacts(report)} == {"list"}
    assert report.rows[3].outcome == "error"
    assert "nobody can be told by this row" in report.rows[3].message


def test_a_shared_switchboard_joins_nobody() -> None:
    report = plan("name,phone\nAsha Rao,022 2765 4321\nBen Stone,022 2765 4321\n")
    assert report.counts == {"created": 2, "warnings": 0}


def test_one_person_twice_in_a_list_counts_once_by_the_row_that_says_most() -> None:
    rows = ["Asha Rao,asha@a.example,,", "Asha Rao,ASHA@a.example,Alpha,Buyer"]
    for order in (rows, rows[::-1]):
        report = plan("name,email,company,title\n" + "\n".join(order) + "\n")
        assert sorted(row.outcome for row in report.rows) == ["created", "superseded"]
        assert contacts(report)[0].title == "Buyer"
        assert "occurs again" in next(row for row in report.rows if row.outcome == "superseded").warnings[0]


def test_somebody_whom_the_crm_has_is_shown_as_a_duplicate_and_left_as_is() -> None:
    asha = crm_contact("7", "Asha Rao", emails=("asha@a.example",), phones=("+919822012345",))
    text = "name,email,phone\nA. Rao,ASHA@a.example,\nasha rao,,098220 12345\nBen,ben@a.example,098220 12345\n"
    report = plan(text, people=[asha])
    assert [row.outcome for row in report.rows] == ["duplicate", "duplicate", "created"]
    assert "this is Asha Rao (crm 7) already, by asha@a.example" in report.rows[0].message
    assert [one.name for one in contacts(report)] == ["Ben"]


def test_a_list_contact_whose_first_address_changed_is_the_same_by_the_other() -> None:
    first = plan("name,email,email 2\nAsha,a@x.example,b@x.example\n")
    second = plan("name,email\nAsha,b@x.example\n", first.events)
    assert [row.outcome for row in second.rows] == ["changed"]
    assert second.events[0].subject == first.events[0].subject


def test_an_empty_id_in_a_column_of_ids_stays_an_error() -> None:
    report = plan("id,name\n,Asha\n")
    assert "expected the id that the CRM has" in report.rows[0].message


def test_a_list_that_tells_nobody_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected a column for external_id or email"):
        plan("colour,size\nred,5\n")


CELLS = st.tuples(
    st.sampled_from(["Asha Rao", "Ben Stone", "", "राव", "=cmd|'/c calc'!A1"]),
    st.sampled_from(["asha@a.example", "ben@a.example", "info@a.example", "n/a", ""]),
    st.sampled_from(["098220 12345", "022 2765 4321", "12", "", "+91 98220 12346"]),
    st.sampled_from(["Alpha", "Beta", ""]),
)


def _written(rows: Sequence[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([("name", "email", "phone", "company"), *rows])
    return out.getvalue()


@given(st.lists(CELLS, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_and_a_list_again_changes_nothing(
    rows: list[tuple[str, ...]], rng: random.Random
) -> None:
    # The first row shows that no cells were merged.
    rows = [("Zoë", "zoe@a.example", "", "Alpha"), ("Yan", "yan@a.example", "", "Alpha"), *rows]
    first = plan(_written(rows))
    shuffled = rows[2:]
    rng.shuffle(shuffled)
    second = plan(_written([*rows[:2], *shuffled]))
    assert {one.id: one for one in contacts(first)} == {one.id: one for one in contacts(second)}
    assert not plan(_written(rows), first.events).events


def test_hostile_cells_are_kept_as_text_or_told() -> None:
    report = plan(
        'name,email,title\n"=HYPERLINK(""http://x"")",a@x.example,@SUM(1)\nNul\x00l,b@x.example,\x1b[31m\n'
        f"{'x' * 1_000_000},c@x.example,\n<script>alert(1)</script>,d@x.example,\u202eevil\n"
    )
    assert [row.outcome for row in report.rows] == ["created", "created", "error", "created"]
    names = [one.name for one in contacts(report)]
    assert names == ['=HYPERLINK("http://x")', "Null", "<script>alert(1)</script>"]
    assert contacts(report)[0].title == "@SUM(1)"
    assert "expected at most 1000 characters; got 1000000" in report.rows[2].message


def test_a_hundred_thousand_rows_take_a_few_kilobytes_each() -> None:
    import tracemalloc

    count = 5_000  # a twentieth: what a row takes does not depend on how many there are
    data = "name,email\n" + "".join(f"P{i} Q{i},p{i}@x{i}.example\n" for i in range(count))
    tracemalloc.start()
    try:
        report = plan(data)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert report.counts["created"] == count
    assert kept / count < 4_096


def test_the_other_names_of_columns_are_documented() -> None:
    text = (ROOT / "docs" / "import.md").read_text("utf-8")
    hindi = [name for names in OTHER_NAMES.values() for name in names if not name.isascii()]
    assert [name for name in hindi if name not in text] == []


def test_two_of_one_name_and_number_stay_the_two_that_they_were_made_as() -> None:
    rows = "name,email,phone\nAsha Rao,info@a.example,098220 12345\nAsha Rao,asha@a.example,098220 12345\n"
    first = plan(rows)
    assert len(first.events) == 2
    assert not plan(rows, first.events).events
