"""Leads: what people filled in on a form of ours, or asked by a marketplace, as a list that somebody exported.

rows ─▶ columns by their names ─▶ who, by channel "form", and what they ask for
"""

import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from overheard.collectors.base import Reading, Rejected
from overheard.collectors.communities.community import mention_of
from overheard.collectors.files import read_date
from overheard.collectors.laid.days import Order, Told, Written, in_24_hours, in_cell, in_english, order_of, zone_of
from overheard.collectors.laid.laid import Laid
from overheard.collectors.laid.names import full_name
from overheard.collectors.markup import MAX_TEXT, from_text, one_line, shorten
from overheard.errors import ConfigError, InputError
from overheard.identities import normal_email, normal_phone, normal_platform
from overheard.records import Actor, Fetch, Mention, digest
from overheard.table import BadRow, Columns, Field, Row, Table, map_columns, open_table
from overheard.text import clean

# Names of columns: of web forms, of marketplaces' exports; English, Hindi, German, French, Spanish, Italian,
# Portuguese, Dutch, Polish.
FIELDS = (
    Field("id", (
        "lead id", "enquiry id", "inquiry id", "query id", "unique query id", "rfi id", "submission id", "entry id",
        "request id", "reference", "ref no", "ticket id", "response id", "Anfragenummer", "numéro", "número",
    )),
    Field("name", (
        "full name", "your name", "sender name", "buyer name", "customer name", "contact name", "contact person",
        "lead name", "person", "first and last name", "नाम", "पूरा नाम", "ग्राहक का नाम", "खरीदार का नाम",
        "Ansprechpartner", "Kontaktperson", "vollständiger Name", "nom complet", "nom et prénom", "nombre completo",
        "nombre", "nome completo", "nome e cognome", "nome", "nom", "naam", "imię i nazwisko",
    )),
    Field("first_name", (
        "first", "name first", "given name", "पहला नाम", "Vorname", "prénom", "primer nombre", "voornaam", "imię",
    )),
    Field("last_name", (
        "last", "name last", "surname", "family name", "उपनाम", "Nachname", "nom de famille", "apellidos", "apellido",
        "cognome", "sobrenome", "achternaam", "nazwisko",
    )),
    Field("email", (
        "e mail", "email address", "email id", "mail", "mail id", "sender email", "buyer email", "your email",
        "ईमेल", "ई मेल", "ईमेल पता", "E-Mail-Adresse", "courriel", "adresse e-mail", "adresse mail",
        "correo electrónico", "correo", "indirizzo e-mail", "posta elettronica", "endereço de e-mail", "e-mailadres",
        "adres e-mail",
    )),
    Field("phone", (
        "phone number", "phone no", "mobile", "mobile number", "mobile no", "sender mobile", "buyer mobile", "contact",
        "contact number", "contact no", "telephone", "tel", "cell", "whatsapp", "whatsapp number", "फ़ोन", "फोन",
        "मोबाइल", "मोबाइल नंबर", "संपर्क नंबर", "Telefon", "Telefonnummer", "Mobil", "Handy", "téléphone",
        "numéro de téléphone", "portable", "teléfono", "móvil", "telefono", "cellulare", "telefone", "celular",
        "telemóvel", "telefoon", "telefoonnummer", "numer telefonu",
    )),
    Field("company", (
        "company name", "organisation", "organization", "sender company", "buyer company", "business", "business name",
        "firm", "firm name", "कंपनी", "कंपनी का नाम", "फर्म", "Firma", "Unternehmen", "société", "entreprise",
        "empresa", "compañía", "azienda", "ditta", "società", "companhia", "bedrijf", "bedrijfsnaam",
    )),
    Field("title", ("job title", "designation", "position", "role", "पद", "Funktion", "poste", "cargo", "ruolo")),
    Field("place", (
        "city", "sender city", "buyer city", "location", "town", "शहर", "स्थान", "Ort", "Stadt", "ville", "ciudad",
        "città", "cidade", "stad", "plaats", "miasto",
    )),
    Field("product", (
        "product name", "product interest", "query product name", "product enquired", "interested in", "item",
        "requirement for", "category", "query mcat name", "service", "उत्पाद", "उत्पाद का नाम", "Produkt", "Artikel",
        "produit", "producto", "prodotto", "produto",
    )),
    Field("subject", ("title of enquiry", "विषय", "Betreff", "objet", "sujet", "asunto", "oggetto", "assunto",
        "onderwerp", "temat")),
    Field("message", (
        "query message", "enquiry", "inquiry", "enquiry message", "inquiry message", "requirement", "requirements",
        "requirement details", "query", "comment", "comments", "details", "description", "your message", "remarks",
        "text", "question", "संदेश", "पूछताछ", "आवश्यकता", "विवरण", "Nachricht", "Anfrage", "Mitteilung", "Ihre Nachricht",
        "votre message", "demande", "commentaire", "mensaje", "consulta", "comentarios", "messaggio", "richiesta",
        "mensagem", "pedido", "bericht", "opmerking", "aanvraag", "wiadomość", "zapytanie",
    )),
    Field("time", (
        "date", "date time", "datetime", "timestamp", "created", "created at", "created time", "submitted",
        "submitted at", "submission date", "received", "received at", "enquiry date", "inquiry date", "query time",
        "date and time", "lead date", "create date", "entry date", "conversion date", "generated date",
        "generated time", "तारीख", "दिनांक", "समय", "Datum", "Uhrzeit",
        "Zeitstempel", "Eingang", "date de création",
        "horodatage", "fecha", "marca temporal", "data", "data e ora", "data e hora", "datum en tijd",
    )),
)  # fmt: skip
_REQUIRED = (("email", "phone", "name", "first_name", "last_name"), ("message", "product", "subject"))
# Dates with the names of months, as marketplaces write them.
_NAMED = ("%d-%b-%Y", "%d %b %Y", "%d-%B-%Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%y")
_TIMES = ("", " %H:%M", " %H:%M:%S")
# What parts date, weekday and time in them, and is left out: "Friday, November 20, 2026".
_BETWEEN = re.compile(
    r"^(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?|,", re.IGNORECASE | re.ASCII
)
# What stands around the hour: "at 8:00 PM", "um 20:00 Uhr", "à 20:00".
_BEFORE_HOUR = re.compile(r" (?:at|um|à|às|a las|alle(?: ore)?|om|kl\.?) (?=\d{1,2}:)", re.IGNORECASE)
_BEHIND_HOUR = re.compile(r" ?uhr$", re.IGNORECASE)
_ZONE_BEHIND = re.compile(r"(?: (?:UTC|GMT)|(?<=\d)(?:UTC|GMT|Z))(?:([+-])(1[0-4]|0?\d)(?::?([0-5]\d))?)?$", re.ASCII)
_HOUR = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?: ?[ap]\.? ?m\.?)?(?: uhr)?", re.IGNORECASE | re.ASCII)
_HALF_OF_DAY = re.compile(r"(?<![^\W\d_])[ap]\.? ?m\b", re.IGNORECASE)
_DAY = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_ZONE_BEFORE_OFFSET = re.compile(r"\b(?:GMT|UTC)(?=[+-]\d)")
_LONGEST_TIME = 100
# Between the telephone numbers of one cell.
_NEXT_NUMBER = re.compile(r"[,;/|&\n]")
# Around an address: a name, another address, what a browser copies before it.
_NEXT_ADDRESS = re.compile(r"[\s,;/|<>()]+|mailto:")
# How a marketplace breaks a line in what is plain text else.
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
MAX_ROWS = 50_000
_LONGEST = 500


class Leads(Laid, frozen=True, kw_only=True):
    """Lists of leads of a form or a marketplace, in a folder or a file.

    `columns`: which column is which field, where its name does not tell ("-": none).
    `dates`, `time_zone` and `region` as of `[[whatsapp]]`: of times without a zone, and of numbers without a country.
    """

    kind = "leads"
    endings = (".csv", ".tsv", ".txt", ".json", ".ndjson", ".jsonl", ".zip", ".gz")
    asks: ClassVar[Mapping[str, str]] = {
        "columns": "Which column is which field, where its name does not tell.",
        "dates": "Which number of a date is the day: `auto` as the list tells, `dmy` or `mdy` where it does not.",
        "time_zone": "The time zone of times that name none, as `Asia/Kolkata`.",
        "region": "The country of numbers without a country code, as `IN`.",
    }

    columns: dict[str, Literal[
        "id", "name", "first_name", "last_name", "email", "phone", "company", "title", "place", "product", "subject",
        "message", "time", "-",
    ]] = {}  # fmt: skip
    dates: Literal["auto", "dmy", "mdy"] = "auto"
    time_zone: Annotated[str, Meta(max_length=60)] = "UTC"
    region: Annotated[str, Meta(pattern="^([A-Z]{2})?$")] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        zone_of(self.time_zone)

    def said_in(self, fetch: Fetch, where: str) -> Reading:
        """Return the leads of a list (`Laid.said_in`)."""
        try:
            with open_table(io.BytesIO(fetch.body), name=where) as table:
                return _read(self, fetch, table)
        except ConfigError as e:
            raise InputError(str(e).removeprefix(f"{where}: "), where=where) from e


def _read(source: Leads, fetch: Fetch, table: Table) -> Reading:
    explicit = {column: field for column, field in source.columns.items() if column in table.columns}
    columns = map_columns(table, FIELDS, explicit=explicit, required=_REQUIRED)
    rows: list[Row] = []
    made = _Made(source, fetch, table, columns)
    for number, row in enumerate(table):
        if number >= MAX_ROWS:
            made.reject(row.line, "", f"expected at most {MAX_ROWS:,} rows; there are more")
            break
        if isinstance(row, BadRow):
            # Without what stands in it: that is somebody's name and number.
            made.reject(row.line, "", str(row.error.args[0]).partition("; got ")[0])
        else:
            rows.append(row)
    told = order_of(found for row in rows if (found := _in_numbers(_when(columns, row))))
    if told.sure or source.dates == "auto":
        made.told = told
    else:
        made.told = Told(source.dates, sure=True)
    made.no_ids = _no_ids(source, rows, columns)
    for column, row in made.no_ids.items():
        words = (
            "expected an id that belongs to one lead; the same stands beside different people. Read as if it were none"
        )
        made.reject(row.line, column, words)
    for row in rows:
        made.take(row)
    if rows and not made.told.sure:
        words = 'expected times that tell day from month; all fit both. Read as day first: say `dates = "mdy"` if not'
        made.reject(rows[0].line, columns.column("time", rows[0]), words)
    return Reading(tuple(made.mentions.values()), tuple(made.rejected), made.repeated)


def _no_ids(source: Leads, rows: Sequence[Row], columns: Columns) -> Mapping[str, Row]:
    """Return the columns of ids in which one stands beside different people, each with the first row that shows it.

    So it is where "Reference" is how somebody heard of a firm: each would be a newer version of the one before.
    """
    given = [(columns.column("id", row), columns.of(row), row) for row in rows]
    ids = [(column, _line_of(cells, "id"), cells, row) for column, cells, row in given if column]
    often = Counter((column, id_) for column, id_, _, _ in ids)
    people: dict[tuple[str, str, str], str] = {}
    found: dict[str, Row] = {}
    for column, id_, cells, row in ids:
        if column in found or not id_ or often[column, id_] == 1:
            continue
        contacts = (_email(_line_of(cells, "email")), _phone(_line_of(cells, "phone"), source.region))
        for kind, contact in zip(("email", "phone"), contacts, strict=True):
            if contact and people.setdefault((column, id_, kind), contact) != contact:
                found.setdefault(column, row)
    return found


def _when(columns: Columns, row: Row) -> object:
    """Return what a row says of its time, None for nothing; day and hour together where each has a column."""
    cells = [row.cells.get(column) for column in columns.by_field.get("time", ())]
    said = [one.strip() for one in cells if isinstance(one, str) and one.strip()]
    hour = next((one for one in said if _HOUR.fullmatch(one)), "")
    day = next((one for one in said if not _HOUR.fullmatch(one)), "")
    if not (day and hour):
        return columns.of(row).get("time")
    return day if ":" in day else f"{day} {hour}"


def _in_numbers(value: object) -> Written | None:
    return in_cell(_zoned(value, UTC)[0]) if isinstance(value, str) else None


def _zoned(text: str, zone: tzinfo) -> tuple[str, tzinfo]:
    """Return a time as one line without the zone behind it, and that zone ("UTC", "GMT+5:30"); `zone` for none."""
    text = " ".join(clean(text).split())
    if len(text) > _LONGEST_TIME:
        return text, zone
    text = _BEFORE_HOUR.sub(" ", _BEHIND_HOUR.sub("", text))
    found = _ZONE_BEHIND.search(text)
    if found is None:
        return text, zone
    offset = timedelta(hours=int(found[2] or 0), minutes=int(found[3] or 0))
    return text[: found.start()], timezone(-offset if found[1] == "-" else offset)


class _Made:
    """What was made of a list's rows so far."""

    def __init__(self, source: Leads, fetch: Fetch, table: Table, columns: Columns) -> None:
        self._source = source
        self._fetch = fetch
        self._table = table
        self._columns = columns
        self._platform = normal_platform(source.name) or source.kind
        self._equal: Counter[str] = Counter()
        self.told = Told("dmy", sure=True)
        self.no_ids: Mapping[str, Row] = {}
        self.mentions: dict[str, Mention] = {}
        self.rejected: list[Rejected] = []
        self.repeated = 0

    def reject(self, line: int, column: str, message: str) -> None:
        where = self._table.where(line, column)
        self.rejected.append(Rejected(where, message, digest(self._fetch.source, where, message)))

    def take(self, row: Row) -> None:
        try:
            mention = self._mention(row)
        except _CellError as e:
            self.reject(row.line, self._columns.column(e.field, row) or e.field, str(e))
            return
        self.repeated += mention.id in self.mentions
        self.mentions[mention.id] = mention

    def _mention(self, row: Row) -> Mention:
        raw = self._columns.of(row)
        if self._columns.column("id", row) in self.no_ids:
            raw = {name: value for name, value in raw.items() if name != "id"}
        lead = {name: _text(name, value) for name, value in raw.items() if name != "time"}
        name = full_name(*(lead.get(one, "") for one in ("name", "first_name", "last_name")))
        email, phone = lead.get("email", ""), lead.get("phone", "")
        address, number = _email(email), _phone(phone, self._source.region)
        if not (name or address or number):
            raise _CellError("email", "expected a name, an e-mail address or a telephone number; there is none")
        asked = _BREAK.sub("\n", lead.get("message", "")).strip()
        subject = one_line(" – ".join(dict.fromkeys(
            one for one in (lead.get("subject", ""), lead.get("product", "")) if one
        )))  # fmt: skip
        if not asked and not subject:
            raise _CellError("message", "expected a message, a subject or a product; all are empty")
        # The firm stands below what was asked for, as on the form: so it is found like one that is named in a letter.
        below = ", ".join(one for one in (one_line(lead.get("company", "")), one_line(lead.get("place", ""))) if one)
        text = "\n\n".join(one for one in (asked, below) if one)
        mention = mention_of(
            self._fetch,
            self._platform,
            self._native(lead, raw),
            from_text(shorten(text, MAX_TEXT)),
            name=subject,
            published=self._time(_when(self._columns, row)),
            author=Actor(
                platform=self._platform,
                name=shorten(name, _LONGEST),
                email=address,
                phone=number,
                summary=self._summary(lead),
            ),
        )
        return msgspec.structs.replace(mention, channel="form")

    def _native(self, lead: Mapping[str, str], raw: Mapping[str, Any]) -> str:
        """Return the id that the list gives; else one of all that was said, and how often that was said above."""
        if given := one_line(lead.get("id", "")):
            return given
        said = digest(*(f"{name}={value}" for name, value in sorted(lead.items())), str(raw.get("time", "")))
        self._equal[said] += 1
        return f"{said}/{self._equal[said]}"

    @staticmethod
    def _summary(lead: Mapping[str, str]) -> str:
        company, title = one_line(lead.get("company", "")), one_line(lead.get("title", ""))
        at = f"{title} at {company}" if title and company else title or company
        return "\n".join(one for one in (at, one_line(lead.get("place", ""))) if one)

    def _time(self, value: object) -> datetime | None:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        zone = zone_of(self._source.time_zone)
        order: Order = self.told.order
        if isinstance(value, str):
            text, zone = _zoned(value, zone)
            if day := _DAY.fullmatch(text):
                text = "-".join(day.groups())
            if (found := in_cell(text)) is not None:
                if (at := found.at(order, zone)) is not None:
                    return at
                raise _CellError("time", "expected a date that exists; got one that does not")
            value = text
        try:
            return _in_words(value, zone) if isinstance(value, str) else read_date(value)
        except (ValueError, OverflowError, TypeError) as e:
            raise _CellError("time", "expected a date, such as 2026-11-21 09:30 or 21-Nov-2026; got none") from e


def _in_words(text: str, zone: tzinfo) -> datetime:
    """Return a time in UTC that is written with words, as ISO 8601, RFC 2822 or as a number; `zone` if it names none.

    Raises ValueError or OverflowError for another.
    """
    if len(text) > _LONGEST_TIME:
        msg = f"a time of {len(text):,} characters"
        raise ValueError(msg)
    if _NUMBER.fullmatch(text):
        return read_date(text)
    named = in_english(_BETWEEN.sub(" ", in_24_hours(text)))
    hours = [one for one in _TIMES if one.count(":") == named.count(":")]
    for pattern in (f"{day}{hour}" for day in _NAMED for hour in hours):
        try:
            return datetime.strptime(named, pattern).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    if _HALF_OF_DAY.search(text):
        # What reads RFC 2822 takes no notice of it.
        msg = "a time before or after noon"
        raise ValueError(msg)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = parsedate_to_datetime(_ZONE_BEFORE_OFFSET.sub("", text))
    if at.tzinfo is None:
        # By RFC 2822, "-0000" is UTC, told by somebody who does not say where they are.
        at = at.replace(tzinfo=UTC if text.endswith("-0000") else zone)
    return at.astimezone(UTC)


class _CellError(Exception):
    """A cell that cannot be used; `field` is what it should have been. The message has nothing of what is in it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _line_of(cells: Mapping[str, Any], name: str) -> str:
    """Return a cell as one line, "" where it is empty or cannot be used."""
    try:
        return one_line(_text(name, cells.get(name, "")))
    except _CellError:
        return ""


def _email(text: str) -> str:
    """Return the address in a cell (`normal_email`); of several, or beside a name, the first that is one."""
    spellings = (text, *_NEXT_ADDRESS.split(text))
    return next((address for one in spellings if (address := normal_email(one))), "")


def _phone(text: str, region: str) -> str:
    """Return the telephone number in a cell (`normal_phone`); of several the first that is one."""
    spellings = (text, *_NEXT_NUMBER.split(text))
    return next((number for one in spellings if (number := normal_phone(one, region))), "")


def _text(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _CellError(name, f"expected text; got {type(value).__name__}")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = clean(str(value)).strip()
    most = MAX_TEXT if name == "message" else _LONGEST
    if len(text) > most:
        if name != "message":
            raise _CellError(name, f"expected at most {most} characters; got {len(text):,}")
        text = shorten(text, most)
    return text
