"""vCards of several programs and versions, whole and broken."""

import base64
import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.crm.contacts import FIELDS, map_contacts, plan_contacts
from overheard.crm.rows import ImportReport
from overheard.crm.sheets import open_sheet
from overheard.errors import ConfigError
from overheard.records import Contact, ExternalId

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def plan(data: str | bytes, region: str = "IN") -> ImportReport:
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    with open_sheet(stream, FIELDS, region=region, name="people.vcf", cards=True) as sheet:
        return plan_contacts(sheet, map_contacts(sheet), current=lambda _: None, now=NOW)


def contacts(report: ImportReport) -> list[Contact]:
    return [event.data for event in report.events]


def card(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""))


FULL = card(
    "N:Rao;Asha;;Dr.;",
    "FN:Dr. Asha Rao",
    "ORG:Alpha Gears\\, Pune;Purchase",
    "TITLE:Head of",
    "  Purchase",
    "item1.EMAIL;type=INTERNET;type=pref:asha@alpha.example",
    "TEL;TYPE=CELL:098220 12345",
    "TEL;TYPE=WORK,FAX:022 2765 4399",
    "ADR;TYPE=WORK:;;MG Road;Pune;MH;411001;India",
    "BDAY:19780305",
    "URL:https\\://asha.example",
    "URL:https://www.linkedin.com/in/asha-rao",
    "X-SOCIALPROFILE;type=twitter:https://twitter.com/asha_rao",
    "IMPP;X-SERVICE-TYPE=Telegram:x-apple:asha_t",
    "PHOTO;ENCODING=b;TYPE=JPEG:" + base64.b64encode(b"x" * 90).decode(),
    " " + base64.b64encode(b"y" * 60).decode(),
    "UID:urn:uuid:1234",
    "REV:2026-01-02T03:04:05Z",
)


def test_a_card_becomes_a_contact_with_all_that_it_says() -> None:
    report = plan(FULL)
    (one,) = contacts(report)
    assert one.external_ids == (ExternalId(system="vcard", value="1234"),)
    assert (one.name, one.organisation, one.title, one.place) == (
        "Asha Rao",
        "Alpha Gears, Pune",
        "Head of Purchase",
        "Pune",
    )
    assert (one.street, one.region, one.postal_code, one.country) == ("MG Road", "MH", "411001", "India")
    assert one.birthday == date(1978, 3, 5)
    assert (one.emails, one.phones) == (("asha@alpha.example",), ("+919822012345",))
    assert one.handles == {"linkedin": "asha-rao", "x": "asha_rao", "telegram": "asha_t"}
    assert one.urls[0] == "https://asha.example"
    assert report.notes == ()


def test_quoted_printable_in_its_charset_and_soft_line_ends_are_read() -> None:
    text = card(
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E0=A4=B0=E0=A4=BE=E0=A4=B5;=E0=A4=86=",
        "=E0=A4=B6=E0=A4=BE;;;",
        "TITLE;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:K=E4ufer",
        "TEL;CELL;VOICE:+91 98220 12345",
        "TEL;WORK;FAX:+91 22 2765 4399",
        "EMAIL;INTERNET:asha@alpha.example",
        version="2.1",
    )
    (one,) = contacts(plan(text))
    assert (one.name, one.title, one.phones) == ("आशा राव", "Käufer", ("+919822012345",))


def test_four_point_zero_has_its_numbers_as_uris() -> None:
    text = card("FN:Asha Rao", "TEL;VALUE=uri;TYPE=work:tel:+91-22-2765-4321;ext=102", version="4.0")
    assert contacts(plan(text))[0].phones == ("+912227654321",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_cards_are_told_from_their_content_in_any_encoding(encoding: str) -> None:
    assert contacts(plan(card("FN:Zoë Müller").encode(encoding)))[0].name == "Zoë Müller"


def test_a_broken_card_is_an_error_with_its_line_and_the_rest_goes_on() -> None:
    text = (
        card("FN:Asha Rao")
        + "BEGIN:VCARD\r\nFN:Never closed\r\n"
        + card("NOTE:nobody")
        + card("FN:Ben Stone", "this is no property", "@@;:::")
        + "stray\r\n"
        + card("KIND:org", "FN:Alpha Gears")
        + "BEGIN:VCARD\r\nFN:Cut off\r\n"
    )
    report = plan(text)
    assert [row.outcome for row in report.rows] == ["created", "error", "error", "created", "error", "error"]
    assert report.rows[1].message.startswith("people.vcf:5: expected END:VCARD before the next card")
    assert report.rows[2].line == 7
    assert "that of an organisation, 'Alpha Gears'" in report.rows[4].message
    assert "the file ends inside this card" in report.rows[5].message
    assert any("no property" in note for note in report.notes)
    assert any("outside of cards" in note for note in report.notes)


def test_of_cards_with_one_uid_the_newest_revision_counts_wherever_it_stands() -> None:
    old = card("UID:1", "FN:Asha", "TITLE:Buyer", "REV:2025-01-01T00:00:00Z")
    new = card("UID:1", "FN:Asha Rao", "REV:20260101T000000Z")
    for text in (old + new, new + old):
        report = plan(text)
        assert [one.name for one in contacts(report)] == ["Asha Rao"]
        assert sorted(row.outcome for row in report.rows) == ["created", "superseded"]


def test_a_card_without_a_uid_gets_an_id_of_what_it_says() -> None:
    report = plan(card("FN:Asha Rao", "EMAIL:asha@a.example"))
    assert contacts(report)[0].external_ids == (ExternalId(system="list", value="asha@a.example"),)


def test_more_cards_than_are_looked_at_first_are_all_read() -> None:
    report = plan("".join(card(f"FN:Person {i}") for i in range(2_500)))
    assert report.counts == {"created": 2_500, "warnings": 0}


def test_a_file_that_is_empty_or_absent_is_told_and_left_closed(tmp_path: Path) -> None:
    (tmp_path / "empty.vcf").write_bytes(b"")
    for name in ("empty.vcf", "absent.vcf"):
        with pytest.raises(ConfigError, match=name):
            open_sheet(tmp_path / name, FIELDS, cards=True)


def test_a_photo_whose_lines_nobody_indented_is_skipped() -> None:
    photo = base64.b64encode(bytes(range(256)) * 4).decode()
    lines = [photo[i : i + 76] for i in range(0, len(photo), 76)]
    (one,) = contacts(plan(card("FN:Asha Rao", "PHOTO;BASE64:", *lines, "EMAIL:asha@a.example")))
    assert one.emails == ("asha@a.example",)


def test_a_property_of_a_million_characters_costs_its_card_only() -> None:
    report = plan(card("FN:" + "x" * 2_000_000) + card("FN:Asha Rao"))
    assert [row.outcome for row in report.rows] == ["error", "created"]


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=6))
def test_any_lines_in_a_card_are_taken_or_told(lines: list[str]) -> None:
    report = plan(card(*lines) + card("FN:Asha Rao"))
    assert report.rows[-1].name == "Asha Rao" or any("BEGIN" in line.upper() for line in lines)


def test_the_real_cards_of_several_programs_are_all_read(shared: Path) -> None:
    folder = shared / "crm" / "vcard"
    for file in sorted(folder.iterdir()):
        report = plan(file.read_bytes(), region="US")
        assert report.counts["error"] == 0, file.name
        for one in contacts(report):
            assert one.name, file.name
            assert one.emails, file.name
            assert one.phones, file.name
