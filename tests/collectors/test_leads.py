"""Lists of leads: columns by their names in many languages, who asks for what, and rows that cannot be used."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.collectors.base import Reading
from overheard.collectors.laid.leads import Leads
from overheard.errors import InputError
from overheard.records import Fetch, Mention

LIST = (
    "Query ID,Query Time,Sender Name,Sender Mobile,Sender Email,Sender Company,Query Product Name,Query Message\n"
    "7101,2026-01-15 10:20:11,Hetal Vora,98220 12345,hetal@vora.example,Vora Print,Paperfold 3,Two folders please\n"
    "7102,2026-01-15 11:02:40,Marek Duda,+48 600 123 456,,Duda Druk,Paperfold 5,What does service cost?\n"
    "7103,2026-01-16 08:00:00,Ines Prado,,ines@prado.example,,,Does it fold 300 g?\n"
)


def read(body: str | bytes, name: str = "leads.csv", **options: Any) -> Reading:
    source = Leads(name="market", region="IN", **options)
    fetch = Fetch(
        id="fet_1",
        source="market",
        url="file://localhost/laid",
        final_url=f"file://localhost/laid/{name}",
        status=200,
        headers={},
        body=body.encode() if isinstance(body, str) else body,
        at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    return source.read(fetch)


def lead(body: str | bytes, **options: Any) -> Mention:
    (mention,) = read(body, **options).mentions
    return mention


def test_a_row_is_an_activity_of_who_asks_with_product_and_firm_in_its_text() -> None:
    first, second, third = read(LIST).mentions
    assert first.channel == second.channel == third.channel == "form"
    assert (first.native_id, first.platform) == ("7101", "market")
    assert (first.name, first.content) == ("Paperfold 3", "Two folders please\nVora Print")
    assert first.published == datetime(2026, 1, 15, 10, 20, 11, tzinfo=UTC)
    who = first.attributed_to
    assert who is not None
    assert (who.name, who.email, who.phone, who.summary) == (
        "Hetal Vora", "hetal@vora.example", "+919822012345", "Vora Print",
    )  # fmt: skip
    assert not who.email_verified
    assert third.content == "Does it fold 300 g?"


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("Name;E-Mail;Telefon;Firma;Nachricht", "cp1252"),
        ("नाम\tईमेल\tमोबाइल\tकंपनी\tसंदेश", "utf-16"),
        ("Nom complet;Courriel;Téléphone;Société;Votre message", "utf-8"),
        ("Nombre,Correo electrónico,Teléfono,Empresa,Mensaje", "utf-8-sig"),
        ("Nome completo;E-mail;Telefone;Empresa;Mensagem", "utf-8"),
        ("Nome e cognome,Indirizzo e-mail,Cellulare,Azienda,Messaggio", "utf-8"),
        ("Naam;E-mailadres;Telefoonnummer;Bedrijf;Bericht", "utf-8"),
        ("Imię i nazwisko;Adres e-mail;Numer telefonu;Firma;Wiadomość", "utf-8"),
        ("BUYER_NAME|BUYER_EMAIL|BUYER_MOBILE|BUYER_COMPANY|INQUIRY_MESSAGE", "utf-8"),
    ],
)
def test_columns_are_known_in_many_languages_encodings_and_with_any_delimiter(header: str, encoding: str) -> None:
    delimiter = next(one for one in ";\t|," if one in header)
    row = delimiter.join(["Zoe Adler", "zoe@adler.example", "+49 1512 3456789", "Adler Druck", "Bitte um ein Angebot"])
    mention = lead(f"{header}\n{row}\n".encode(encoding))
    assert mention.content == "Bitte um ein Angebot\nAdler Druck"
    assert mention.attributed_to is not None
    assert mention.attributed_to.name == "Zoe Adler"
    assert mention.attributed_to.email == "zoe@adler.example"
    assert mention.attributed_to.phone == "+4915123456789"


def test_columns_that_no_name_tells_are_said_by_the_settings() -> None:
    body = "Party,Remarks of the party\nHetal,Please call\n"
    with pytest.raises(InputError, match="expected a column for"):
        read(body)
    assert lead(body, columns={"Party": "name", "Remarks of the party": "message"}).content == "Please call"


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-03-04 09:30", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("04-Mar-2026 09:30 AM", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("4 March 2026 09:30:00", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("2026-03-04T04:00:00Z", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("1772596800", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("25/03/2026 09:30", datetime(2026, 3, 25, 4, tzinfo=UTC)),
        ("03/25/26, 9:30 AM", datetime(2026, 3, 25, 4, tzinfo=UTC)),
        ("2026-03-04T09:30:00.000", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("2026-03-04 09:30:00.123456", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("2026-03-04T04:00:00.000Z", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("2026-03-04T09:30:00.000+05:30", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("Mar 4, 2026, 09:30 AM", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("Mar 4, 2026, 9:30 PM", datetime(2026, 3, 4, 16, tzinfo=UTC)),
        ("Mar 4, 2026, 9:30:00\u202fp.m.", datetime(2026, 3, 4, 16, tzinfo=UTC)),
        ("March 4, 2026 at 9:30PM", datetime(2026, 3, 4, 16, tzinfo=UTC)),
        ("Wednesday, March 4, 2026 9:30 PM", datetime(2026, 3, 4, 16, tzinfo=UTC)),
        ("Wed Mar 4 2026 09:30:00", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("Wed Mar  4 09:30:00 2026", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("Wed, 4 Mar 2026 09:30:00", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("Wednesday, 4 March 2026", datetime(2026, 3, 3, 18, 30, tzinfo=UTC)),
        ("Wed, 4 Mar 2026 05:00:00 +0100", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("Wed, 4 Mar 2026 04:00:00 GMT", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("Wed, 4 Mar 2026 04:00:00 -0000", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("Wed Mar 04 2026 05:00:00 GMT+0100 (Central European Standard Time)", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("Wed Mar  4 09:30:00 IST 2026", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("20260304T093000", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("20260304", datetime(2026, 3, 3, 18, 30, tzinfo=UTC)),
        ("2026-03-04 04:00:00 UTC", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("2026/03/04 9:30:00 am GMT+5:30", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("2026/03/04 9:30:00 PM GMT+1", datetime(2026, 3, 4, 20, 30, tzinfo=UTC)),
        ("4. März 2026", datetime(2026, 3, 3, 18, 30, tzinfo=UTC)),
        ("Mi., 4. März 2026 um 09:30 Uhr", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("25.03.2026, 09:30 Uhr", datetime(2026, 3, 25, 4, tzinfo=UTC)),
        ("mercredi 4 mars 2026 à 09:30", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("25/03/2026 à 09:30", datetime(2026, 3, 25, 4, tzinfo=UTC)),
        ("4 de marzo de 2026 09:30", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("4 marzo 2026 alle 09:30", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("4 de março de 2026 às 09:30", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("4 maart 2026 om 09:30", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("4 marca 2026 09:30", datetime(2026, 3, 4, 4, tzinfo=UTC)),
        ("4 déc. 2026", datetime(2026, 12, 3, 18, 30, tzinfo=UTC)),
        ("4th March 2026", datetime(2026, 3, 3, 18, 30, tzinfo=UTC)),
        ("4 Sept 2026", datetime(2026, 9, 3, 18, 30, tzinfo=UTC)),
        ("1772596800.5", datetime(2026, 3, 4, 4, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_forms_and_marketplaces_write_it(written: str, at: datetime) -> None:
    mention = lead(f'Name,Message,Date\nHetal,Hello,"{written}"\n', time_zone="Asia/Kolkata")
    assert mention.published == at


@pytest.mark.parametrize(
    "written", ["Wed, 4 Mar 2026 09:30 PM +0530", "4. Mar 2026 9:30 p.m. IST", "Mar 2026 4, 09:30 pm", "99991231T23:59"]
)
def test_a_time_that_would_be_misread_is_refused(written: str) -> None:
    reading = read(f'Name,Message,Date\nHetal,Hello,"{written}"\n', time_zone="America/Lima")
    assert not reading.mentions
    assert "expected a date" in reading.rejected[0].message


def test_a_number_in_the_order_of_a_list_is_no_id() -> None:
    november = lead("S No,Name,Phone,Message\n1,Asha,9822012345,Two folders\n")
    december = lead("S No,Name,Phone,Message\n1,Cyd,9822012346,One folder\n")
    assert november.id != december.id
    again = lead("S No,Name,Phone,Message\n7,Asha,9822012345,Two folders\n")
    assert again.id == november.id


@pytest.mark.parametrize("contact", ["E-mail", "Phone"])
def test_an_id_that_stands_beside_different_people_is_none_and_that_is_said_once(contact: str) -> None:
    asha, cyd = ("asha@a.example", "cyd@c.example") if contact == "E-mail" else ("9822012345", "98220 12346")
    rows = f"Google,Asha,{asha},Two\nGoogle,Cyd,{cyd},One\nBing,Eva,,Three\nGoogle,Asha,{asha},Four\n"
    reading = read(f"Reference,Name,{contact},Message\n{rows}")
    assert [one.content for one in reading.mentions] == ["Two", "One", "Three", "Four"]
    (rejected,) = reading.rejected
    assert rejected.where == 'leads.csv:3, column "Reference"'
    assert "expected an id that belongs to one lead" in rejected.message
    assert not any(word in rejected.message for word in ("Google", "Asha", "Cyd"))
    without = "\n".join(line.partition(",")[2] for line in rows.splitlines())
    same = read(f"Name,{contact},Message\n{without}\n")
    assert [one.id for one in same.mentions] == [one.id for one in reading.mentions]


def test_an_id_that_comes_again_with_the_same_person_is_a_newer_version() -> None:
    rows = "7,Asha,ASHA@a.example,,Two\n7,Asha Rao,asha@a.example,9822012345,Three\n7,A,,+91 98220 12345,Four\n"
    reading = read(f"Lead ID,Name,E-mail,Phone,Message\n{rows}")
    assert [(one.native_id, one.content) for one in reading.mentions] == [("7", "Four")]
    assert reading.repeated == 2
    assert not reading.rejected


@pytest.mark.parametrize(
    "written", ["9822012345, 9822012346", "none / 98220 12345", "9822012345;9822012346", "1|9822012345"]
)
def test_of_several_numbers_the_first_that_is_one_counts(written: str) -> None:
    who = lead(f'Name,Phone,Message\nAsha,"{written}",Hello\n').attributed_to
    assert who is not None
    assert who.phone == "+919822012345"


def test_a_line_break_of_a_marketplace_is_one_and_the_id_is_as_before() -> None:
    body = "Name,Query Message\nAsha,I want folders.<br>Quantity: 10<BR/>Soon < now\n"
    mention = lead(body)
    assert mention.content == "I want folders.\nQuantity: 10\nSoon < now"
    assert mention.native_id == "2qutnecyygcgbczokrydpqhymi/1"
    assert read("Name,Query Message\nAsha,<br> <br />\n").mentions == ()


def test_where_nothing_tells_the_day_that_is_said_and_the_settings_decide() -> None:
    body = "Name,Message,Date\nHetal,Hello,03/04/2026\n"
    unsure = read(body)
    assert unsure.mentions[0].published == datetime(2026, 4, 3, tzinfo=UTC)
    assert "tell day from month" in unsure.rejected[0].message
    decided = read(body, dates="mdy")
    assert decided.mentions[0].published == datetime(2026, 3, 4, tzinfo=UTC)
    assert not decided.rejected


def test_a_bad_row_names_its_row_and_column_and_not_what_stands_there() -> None:
    body = LIST + "7104,yesterday,Hetal Secret,,secret@vora.example,,,Hello\n7105,,,,,,x,y\n7106,,Hetal Secret,,,,,\n"
    reading = read(body)
    assert len(reading.mentions) == 3
    assert [one.where for one in reading.rejected] == [
        'leads.csv:5, column "Query Time"', 'leads.csv:6, column "email"', 'leads.csv:7, column "message"',
    ]  # fmt: skip
    assert not any("ecret" in one.where + one.message for one in reading.rejected)


def test_a_quote_that_is_never_closed_costs_its_line_and_tells_nothing_of_it() -> None:
    reading = read(LIST + '7107,,"Hetal Secret,,,,,broken\n')
    assert len(reading.mentions) == 3
    (rejected,) = reading.rejected
    assert "quotes are closed" in rejected.message
    assert "ecret" not in rejected.message


def test_a_list_without_one_of_its_columns_is_read_or_says_what_it_lacks() -> None:
    lines = [line.split(",") for line in LIST.splitlines()]
    for gone in range(len(lines[0])):
        body = "\n".join(",".join(cell for i, cell in enumerate(row) if i != gone) for row in lines)
        reading = read(body)
        assert len(reading.mentions) + len(reading.rejected) == 3, lines[0][gone]
    with pytest.raises(InputError, match="expected a column for message or product or subject"):
        read("Name,E-mail\nHetal,h@v.example\n")


def test_a_row_without_an_id_is_the_same_in_a_longer_list_and_equal_rows_are_two() -> None:
    row = "Hetal,h@v.example,Call me\n"
    other = "Zoe,z@a.example,Me too\n"
    head = "Name,E-mail,Message\n"
    before = {one.id for one in read(head + row).mentions}
    after = [one.id for one in read(head + other + row + row).mentions]
    assert len(set(after)) == 3
    assert before < set(after)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Date,Time", "2026-03-04,09:30:00"), ("Time,Date", "09:30,2026-03-04"), ("Date,Time", "25/03/2026,9:30 AM"),
        ("Generated Date,Generated Time", "04 March 2026,09:30:00 AM"), ("Datum,Uhrzeit", "04.03.2026,09:30"),
    ],
)  # fmt: skip
def test_a_day_and_an_hour_in_two_columns_are_one_time(header: str, row: str) -> None:
    found = lead(f"Name,Message,{header}\nHetal,Hello,{row}\n", time_zone="Asia/Kolkata").published
    assert found in (datetime(2026, 3, 4, 4, tzinfo=UTC), datetime(2026, 3, 25, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    "header",
    [
        "Vorname,Name",
        "Prénom,Nom",
        "Nombre,Apellidos",
        "Nome,Cognome",
        "Name (First),Name (Last)",
        "First name,Last name",
    ],
)
def test_a_name_in_two_columns_is_one(header: str) -> None:
    who = lead(f"{header},Message\nAnna,Weber,Hello\n").attributed_to
    assert who is not None
    assert who.name == "Anna Weber"


def test_an_hour_without_a_day_is_no_time() -> None:
    reading = read("Name,Message,Time\nHetal,Hello,09:30\n")
    assert not reading.mentions
    assert "expected a date" in reading.rejected[0].message


@pytest.mark.parametrize(
    "written", ["mailto:a@a.example", "Asha Rao <a@a.example>", "a@a.example; b@b.example", "none / A@a.example"]
)
def test_of_what_stands_around_addresses_the_first_address_counts(written: str) -> None:
    who = lead(f'Name,Email,Message\nAsha,"{written}",Hello\n').attributed_to
    assert who is not None
    assert who.email == "a@a.example"


def test_times_made_to_be_slow_are_refused_in_time() -> None:
    cells = ["1" * 400, "a. " * 130, "4. " * 130, " UTC" * 100, "9:30 a" * 60]
    began = time.process_time()
    read("Name,Message,Date\n" + "".join(f"Hetal,Hello {i},{cells[i % 5]}\n" for i in range(5_000)))
    assert time.process_time() - began < 5


@given(st.permutations(LIST.splitlines()[1:]))
def test_rows_in_another_order_are_the_same_leads(rows: list[str]) -> None:
    head = LIST.splitlines()[0]
    shuffled = read("\n".join([head, *rows]))
    assert sorted(shuffled.mentions, key=lambda one: one.id) == sorted(read(LIST).mentions, key=lambda one: one.id)


@settings(max_examples=60)
@given(st.integers(0, len(LIST)), st.binary(max_size=8))
def test_a_list_cut_at_any_byte_or_with_noise_is_read_as_far_as_it_goes(cut: int, noise: bytes) -> None:
    body = LIST.encode()
    for broken in (body[:cut], body[:cut] + noise + body[cut:]):
        try:
            read(broken)
        except InputError as e:
            assert "expected" in str(e)
