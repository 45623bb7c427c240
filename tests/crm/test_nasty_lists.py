"""Contact lists as people have them: exports of common programs, sheets made by hand, every bad habit at once."""

import csv
import io
from collections.abc import Sequence

import pytest

from overheard.records import Contact
from tests.crm.test_lists import contacts, guessed, plan


def rows(*lines: Sequence[str], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(lines)
    return out.getvalue()


def one(text: str | bytes, region: str = "IN") -> Contact:
    report = plan(text, region=region)
    (found,) = contacts(report)
    assert report.counts["error"] == 0, report.rows
    return found


def test_an_excel_export_of_germany_in_windows_1252_with_semicolons() -> None:
    text = "Anrede;Vorname;Nachname;Firma;Position;E-Mail;Telefon;Mobil;Ort\nHerr;Jörg;Müßig;Großhans GmbH;Einkäufer;"
    text += "joerg@grosshans.example;030 12345678;0151 23456789;Köln\n"
    found = one(text.encode("cp1252"), region="DE")
    assert (found.name, found.organisation, found.title, found.place) == (
        "Jörg Müßig",
        "Großhans GmbH",
        "Einkäufer",
        "Köln",
    )
    assert found.phones == ("+493012345678", "+4915123456789")


def test_excels_unicode_text_is_utf_16_with_tabs() -> None:
    text = "Sr No\tContact Person\tFirm Name\tMob No.\tE-mail ID\r\n"
    text += "1\tआशा राव\tAlpha Gears\t98220-12345\ta@a.example\r\n"
    found = one(text.encode("utf-16"))
    assert (found.name, found.organisation, found.phones) == ("आशा राव", "Alpha Gears", ("+919822012345",))


def test_title_rows_a_second_header_row_of_units_and_a_footer() -> None:
    report = plan(
        rows(
            ["SHREE TRADERS - CUSTOMER LIST", "", "", ""],
            ["As on 31-Mar-2026", "", "", ""],
            ["", "", "", ""],
            ["Sl. No.", "Party Name", "Contact Person", "Mobile"],
            ["", "", "", "(10 digits)"],
            ["1", "Alpha Gears", "Asha Rao", "98220 12345"],
            ["2", "Beta Tools", "Ben Stone", "98220 12346"],
            ["", "", "", ""],
            ["Total", "2", "", ""],
        )
    )
    found = contacts(report)
    assert [(c.name, c.organisation, len(c.phones)) for c in found if c.name] == [
        ("Asha Rao", "Alpha Gears", 1),
        ("Ben Stone", "Beta Tools", 1),
    ]
    assert len(found) == 2


def test_a_header_of_two_rows() -> None:
    report = plan(
        rows(
            ["Person", "", "", "Firm", ""],
            ["Name", "Email", "Mobile", "Company", "City"],
            ["Asha Rao", "a@a.example", "98220 12345", "Alpha Gears", "Pune"],
        )
    )
    (found,) = contacts(report)
    assert (found.name, found.organisation, found.place) == ("Asha Rao", "Alpha Gears", "Pune")


TALLY = rows(
    ["Ledger Name", "Under", "Address", "State", "Pincode", "Contact Person",
     "Phone No.", "Mobile No.", "E-mail", "GSTIN/UIN"],
    ["Alpha Gears Pvt Ltd", "Sundry Debtors", "12 MIDC", "Maharashtra", "411026", "Asha Rao",
     "020-27451234", "9822012345", "a@a.example", "27AABCA1234F1Z5"],
)  # fmt: skip
GOOGLE = rows(
    ["First Name", "Middle Name", "Last Name", "Phonetic First Name", "Organization Name", "Organization Title",
     "Birthday", "Notes", "Labels", "E-mail 1 - Label", "E-mail 1 - Value", "Phone 1 - Label", "Phone 1 - Value"],
    ["Asha", "", "Rao", "", "Alpha Gears Pvt Ltd", "Buyer", "1980-01-02", "met\nat the expo", "* myContacts", "* Work",
     "a@a.example", "Mobile", "+91 98220 12345"],
)  # fmt: skip
OUTLOOK = rows(
    ["Title", "First Name", "Middle Name", "Last Name", "Suffix", "Company", "Department", "Job Title",
     "Business Street", "Business City", "Business Phone", "Business Phone 2", "Mobile Phone", "Birthday",
     "E-mail Address", "E-mail Type", "E-mail Display Name", "Web Page"],
    ["Dr.", "Asha", "", "Rao", "", "Alpha Gears Pvt Ltd", "Purchase", "Buyer", "12 MIDC", "Pune", "020 2745 1234", "",
     "098220 12345", "0/0/00", "a@a.example", "SMTP", "Asha Rao (a@a.example)", "https://a.example"],
)  # fmt: skip
ZOHO = rows(
    ["Record Id", "Contact Owner.id", "Contact Owner", "Lead Source", "First Name", "Last Name", "Account Name.id",
     "Account Name", "Email", "Title", "Department", "Phone", "Home Phone", "Mobile", "Created Time", "Mailing City"],
    ["zcrm_51", "zcrm_1", "Ravi", "Trade Show", "Asha", "Rao", "zcrm_9", "Alpha Gears Pvt Ltd", "a@a.example", "Buyer",
     "", "020 27451234", "", "9822012345", "2026-01-05 10:00:00", "Pune"],
)  # fmt: skip
HUBSPOT = rows(
    ["Record ID - Contact", "First Name", "Last Name", "Email", "Phone Number", "Contact owner", "Lead Status",
     "Marketing contact status", "Create Date", "Associated Company IDs (Primary)", "Associated Company (Primary)"],
    ["51", "Asha", "Rao", "a@a.example", "+91 98220 12345", "Ravi", "Open", "Marketing", "2026-01-05 10:00", "77",
     "Alpha Gears Pvt Ltd"],
)  # fmt: skip
WHATSAPP = rows(
    ["Country Code", "Phone Number", "Formatted Phone", "Is My Contact", "Saved Name", "Public Display Name", "Group"],
    ["91", "919822012345", "+91 98220 12345", "True", "Asha Rao", "asha", "Gear people"],
)
LINKEDIN = (
    'Notes:\n"When exporting your connection data, you may notice that some e-mail addresses are missing."\n\n'
    + rows(
        ["First Name", "Last Name", "URL", "Email Address", "Company", "Position", "Connected On"],
        ["Asha", "Rao", "https://www.linkedin.com/in/asha-rao", "", "Alpha Gears Pvt Ltd", "Buyer", "05 Jan 2026"],
    )
)
INDIAMART = rows(
    ["Query ID", "Sender Name", "Sender Mobile", "Sender Email", "Sender Company", "Sender City", "Query Product Name"],
    ["123", "Asha Rao", "+91-9822012345", "a@a.example", "Alpha Gears Pvt Ltd", "Pune", "CNC lathe"],
)


@pytest.mark.parametrize(
    "text",
    [TALLY, GOOGLE, OUTLOOK, ZOHO, HUBSPOT, LINKEDIN, WHATSAPP, INDIAMART],
    ids=["tally", "google", "outlook", "zoho", "hubspot", "linkedin", "whatsapp", "indiamart"],
)
def test_exports_of_programs(text: str) -> None:
    found = one(text)
    assert found.name in ("Asha Rao", "Dr. Asha Rao")
    assert found.organisation == ("" if text is WHATSAPP else "Alpha Gears Pvt Ltd")
    if "9822012345" in text or "98220" in text:
        assert "+919822012345" in found.phones
    if "a@a.example" in text:
        assert found.emails == ("a@a.example",)
    assert found.title in ("Buyer", "")


def test_hindi_headers_of_a_sheet_made_by_hand() -> None:
    found = one("क्रमांक,ग्राहक का नाम,कंपनी का नाम,मोबाइल नं.,ई-मेल,शहर\n१,आशा राव,अल्फ़ा गियर्स,९८२२०१२३४५,a@a.example,पुणे\n")
    assert (found.name, found.organisation, found.place) == ("आशा राव", "अल्फ़ा गियर्स", "पुणे")
    assert found.phones == ("+919822012345",)


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("98220 12345", "IN", "+919822012345"),
        ("+91 (0) 98220-12345", "IN", "+919822012345"),
        ("91-9822012345", "IN", "+919822012345"),
        ("0091 98220 12345", "IN", "+919822012345"),
        ("9822012345.0", "IN", "+919822012345"),
        ("9.822012345E+09", "IN", "+919822012345"),
        ("'9822012345", "IN", "+919822012345"),
        ("M: 98220 12345", "IN", "+919822012345"),
        ("Mob. 98220 12345", "IN", "+919822012345"),
        ("020-2745 1234", "IN", "+912027451234"),
        ("(020) 27451234", "IN", "+912027451234"),
        ("0151/23456789", "DE", "+4915123456789"),
        ("+49 (0)30 / 123456-78", "DE", "+493012345678"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("212.555.0123 x45", "US", "+12125550123"),
    ],
)
def test_a_phone_number_in_any_style(written: str, region: str, number: str) -> None:
    assert one(rows(["Name", "Phone"], ["Asha Rao", written]), region=region).phones == (number,)


def test_several_numbers_and_addresses_in_a_cell() -> None:
    cells = ["Asha Rao", "98220 12345 / 98220 12346", "a@a.example, b@a.example\nc@a.example"]
    found = one(rows(["Name", "Mobile", "Email"], cells))
    assert found.phones == ("+919822012345", "+919822012346")
    assert found.emails == ("a@a.example", "b@a.example", "c@a.example")


@pytest.mark.parametrize(
    ("written", "email"),
    [
        ("Asha Rao <a@a.example>", "a@a.example"),
        ("mailto:a@a.example", "a@a.example"),
        ("<a@a.example>", "a@a.example"),
        ("a@a.example;", "a@a.example"),
        (" A@A.Example ", "a@a.example"),
    ],
)
def test_an_address_as_mail_programs_write_it(written: str, email: str) -> None:
    found = one(rows(["Name", "Email"], ["Asha Rao", written]))
    assert [e.casefold() for e in found.emails] == [email]


@pytest.mark.parametrize(
    ("written", "name"), [("RAO, Asha", "Asha Rao"), ("Rao, Asha", "Asha Rao"), ("Asha  Rao", "Asha Rao")]
)
def test_a_family_name_before_its_comma_comes_last(written: str, name: str) -> None:
    assert one(rows(["Name", "Email"], [written, "a@a.example"])).name.casefold() == name.casefold()


@pytest.mark.parametrize(
    "written", ["Dr. Rao S.", "Asha Rao, PhD", "Smt. Asha Rao", "Rao & Sons, Pune", "Asha Rao Jr."]
)
def test_other_names_stay_as_they_are(written: str) -> None:
    assert one(rows(["Name", "Email"], [written, "a@a.example"])).name == written


def test_fifty_columns_duplicates_and_empty_rows() -> None:
    header = ["Name", "Email", *[f"Custom field {n}" for n in range(48)]]
    line = ["Asha Rao", "a@a.example", *["x"] * 48]
    report = plan(rows(header, line, [""] * 50, line, ["Ben", "b@a.example", *[""] * 48]))
    assert [c.name for c in contacts(report)] == ["Asha Rao", "Ben"]
    assert report.counts["superseded"] == 1
    assert report.counts["error"] == 0
    assert set(guessed(report).values()) == {"name", "email"}


def test_notes_with_line_breaks_and_quotes_stay_in_their_cell() -> None:
    text = rows(
        ["Name", "Notes", "Email"],
        ["Asha Rao", 'said: "later",\ncall again\n\nin May', "a@a.example"],
        ["Ben", "", "b@b.example"],
    )
    assert [c.emails for c in contacts(plan(text))] == [("a@a.example",), ("b@b.example",)]
