"""What the columns of a list are: by the names that people and programs give them, and by what stands in them. Pure.

first rows ─▶ which one is the header ─▶ header: a known name, or one with numbers and kinds around it ("E-mail 2 -
Value", "Work Phone") ─▶ else the cells: a column full of addresses is e-mails ─▶ guesses, each with its reason
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from overheard.identities import normal_email, normal_phone, profile_key
from overheard.table import IGNORED, Columns, Field
from overheard.text import clean, fold
from overheard.urls import canonical_url

# Names of columns beside the spellings of the fields: Hindi, and what Google Contacts, Outlook, HubSpot, Zoho and
# LinkedIn call theirs, without numbers and kinds of address.
OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "name": (
        "नाम", "पूरा नाम", "ग्राहक का नाम", "व्यक्ति", "व्यक्ति का नाम", "संपर्क व्यक्ति", "contact person", "person",
        "sender name", "saved name", "Ansprechpartner",
    ),
    "first_name": ("पहला नाम", "first", "Vorname"),
    "last_name": ("उपनाम", "अंतिम नाम", "कुलनाम", "last", "Nachname"),
    "email": ("ईमेल", "ई-मेल", "ईमेल पता", "e-mail value", "e-mail id", "mail id", "email contact"),
    "phone": (
        "फ़ोन", "फ़ोन नंबर", "मोबाइल", "मोबाइल नंबर", "दूरभाष", "संपर्क नंबर", "phone value", "cell", "cell phone",
        "mobile no", "mob", "mob no", "mobile phone", "mobile phone number", "phone no", "tel no", "telephone number",
        "telephone no",
        "contact number", "contact no", "landline",
        "मोबाइल नं", "Telefon", "Telefonnummer", "Mobil", "Handy", "sender mobile",
        "whatsapp", "whatsapp number", "whatsapp no",
    ),
    "organisation": (
        "Firma", "Unternehmen", "party name", "ledger name", "sender company",
        "कंपनी", "कम्पनी", "कंपनी का नाम", "संस्था", "संगठन", "फर्म", "organization name", "organisation name",
        "firm", "firm name", "associated company", "name of company", "business name", "organization",
    ),
    "title": ("पद", "पदनाम", "organization title", "job", "occupation", "Stelle", "Funktion"),
    "place": ("शहर", "स्थान", "नगर", "address city", "town city", "sender city", "Ort", "Stadt"),
    "street": (
        "पता", "address street", "address line", "street name", "mailing street", "street and house number", "Straße",
        "Strasse", "Anschrift", "Adresse",
    ),
    "street_number": ("Hausnummer",),
    "region": ("राज्य", "प्रदेश", "Bundesland"),
    "postal_code": ("पिन कोड", "पिनकोड", "पिन", "address postal code", "postal", "PLZ", "Postleitzahl"),
    "country": ("देश", "address country", "Land"),
    "birthday": ("जन्म तिथि", "जन्मतिथि", "जन्मदिन", "birth day", "Geburtsdatum", "Geburtstag"),
    "website": ("वेबसाइट", "website value", "web page", "website url", "web site"),
    "domain": ("वेबसाइट", "web page", "website url", "company domain name", "web site"),
    "owner": ("मालिक", "account manager", "sales rep"),
    "lifecycle": ("स्थिति",),
    "product": ("उत्पाद", "मशीन"),
    "account": ("कंपनी", "ग्राहक", "कंपनी का नाम"),
    "amount": ("राशि", "रकम", "कीमत"),
    "date": ("तारीख", "दिनांक"),
}  # fmt: skip
BY_NAME = "its name"
BY_HAND = "said by hand"
_KINDS = (
    "work", "business", "home", "personal", "other", "secondary", "primary", "alternate", "alternative", "alt",
    "office", "official", "company", "mailing", "billing", "main", "direct", "corporate",
)  # fmt: skip
_WITH_KINDS = frozenset({"email", "phone", "place", "street", "region", "postal_code", "country"})
# Numbers of other things that look like phone numbers.
_OTHER_NUMBERS = re.compile(
    r"fax|pager|account|invoice|order|gst|pan\b|aadhaar|aadhar|\bid\b|serial|pin ?code|zip", re.I
)
_PHONE_LIKE = re.compile(r"\+?\(?\d[\d\s().+/-]{8,20}")
_ORGANISATION = re.compile(
    r"\b(?:ltd|limited|pvt|private|llp|llc|inc|gmbh|plc|corp|corporation|company|co|industries|enterprises|works|"
    r"engineering|engineers|tools|technologies|solutions|systems|motors|traders|associates|sons)\b|"
    r"लिमिटेड|प्रा\.|उद्योग|कंपनी",
    re.I,
)
_COUNTED = r"(?:records?|rows?|contacts?|customers?|entries|people|persons?|accounts?|companies|amount|number|no\.?)"
# "Total: 34", "Total contacts 34", "कुल ₹ 5,000": a number must follow, since a firm may be called Total.
_FOOTER = re.compile(
    rf"(?:(?:(?:grand |sub)?(?:total|count|sum)|कुल|योग)(?: {_COUNTED})?\s*[:=–-]?"
    r"\s*(?:₹|rs\.?|inr|\$|€)?\s*[\d.,]+(?:/-)?"
    rf"|\d[\d,]* {_COUNTED}|end of (?:list|report|file|data)\W*|page \d+(?: of \d+)?"
    r"|(?:generated|exported|printed)(?: (?:on|by|at|from)\b.*)?)",
    re.I,
)
_SAMPLED = 200  # cells of a column that are looked at
_MOST = 0.8  # of them, for a column to be what they are
_SEPARATORS = re.compile(r"\s*(?::::|[;,|\n])\s*")
_NOT_IN_NAMES = re.compile(r"[\W_]+")

_GUESSABLE = frozenset(
    {"", "name", "first_name", "last_name", "email", "phone", "organisation", "title", "place", "website"}
)


class ColumnGuess(NamedTuple):
    """Where a column goes (`field`, or "-" for nowhere), why, and up to three of its values, cut to 60 characters."""

    column: str
    field: str
    reason: str
    samples: tuple[str, ...] = ()


def find_header(fields: Sequence[Field], region: str = "") -> Callable[[Sequence[Sequence[str]]], int]:
    """Return a function from a list's first rows to the number of the one that names its columns; -1 where none does.

    That is the first row with two known names; else the first whose width is that of the list. A list whose first whole
    row has an e-mail address or a phone number has no header.
    """
    known = Names(fields)

    def names_in(rows: Sequence[Sequence[str]]) -> int:
        """Return how many fields a row names, 0 where an entry's address stands in it."""
        cells = [cell for row in rows for cell in row if cell]
        return 0 if any(map(normal_email, cells)) else len({known.field_of(cell)[0] for cell in cells} - {""})

    def find(rows: Sequence[Sequence[str]]) -> int:
        named = [sum(bool(cell and known.field_of(cell)[0]) for cell in row) for row in rows]
        for i, hits in enumerate(named):
            if hits >= 2:
                # Above the names of columns may stand those of groups of them: "Person", "Firm".
                return i + 1 if hits < names_in(rows[i + 1 : i + 2]) else i
        widths = [sum(bool(cell) for cell in row) for row in rows]
        widest = max(widths, default=0)
        if widest == 1 and 1 in named:
            return named.index(1)
        for i, row in enumerate(rows):
            if widths[i] and widths[i] * 2 >= widest and (widths[i] > 1 or widest == 1):
                bare = not named[i] and any(normal_email(cell) or normal_phone(cell, region) for cell in row)
                return -1 if bare else i
        return 0

    return find


class Names:
    """The names that columns have for fields; `others` without those of `OTHER_NAMES`."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._spelled: dict[str, str] = {}
        self._other: dict[str, str] = {}
        for field in fields:
            for spelling in (field.name, *field.spellings):
                self._spelled.setdefault(_normal(spelling), field.name)
            for name in OTHER_NAMES.get(field.name, ()):
                self._other.setdefault(_normal(name), field.name)

    def field_of(self, header: str) -> tuple[str, bool]:
        """Return (field, whether it is one of its spellings) for a column's name; ("", False) for an unknown one."""
        name = _normal(header)
        if field := self._spelled.get(name, ""):
            return field, True
        if field := self._other.get(name, ""):
            return field, False
        name = "".join(c for c in name if not c.isdecimal())
        if field := self._other.get(name) or self._spelled.get(name, ""):
            return (field, False) if field in _NUMBERED else ("", False)
        for kind in _KINDS:
            field = self._other.get(name.removeprefix(kind)) or self._spelled.get(name.removeprefix(kind), "")
            if name.startswith(kind) and field in _WITH_KINDS:
                return field, False
        return "", False


_NUMBERED = frozenset(
    {"email", "phone", "website", "organisation", "title", "place", "street", "region", "postal_code", "country"}
)


def guess_columns(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], fields: Sequence[Field], region: str = ""
) -> dict[str, ColumnGuess]:
    """Return where each column goes and why, by column; `rows` are the first of the list.

    What stands in a column beats its name where it is plainly something else: phone numbers under "Contact".
    """
    known = Names(fields)
    allowed = {field.name for field in fields}
    guesses: dict[str, ColumnGuess] = {}
    cells = {column: _cells(column, rows) for column in columns}
    for column in columns:
        field, _ = known.field_of(column)
        reason = BY_NAME if field else "no field is known by this name"
        if field in _GUESSABLE and (found := _by_content(column, cells[column], region)):
            other, why = found
            if other != field and other in allowed:
                field, reason = other, why
        guesses[column] = ColumnGuess(column, field or IGNORED, reason, _samples(cells[column]))
    taken = {guess.field for guess in guesses.values()}
    if "organisation" in allowed and not taken & {"organisation"}:
        _by_words(guesses, cells, "organisation", _like_organisation, 0.3)
    if "name" in allowed and not taken & {"name", "first_name", "last_name"}:
        _by_words(guesses, cells, "name", _like_name, 0.7)
    return guesses


def described(
    columns: Columns, guesses: Mapping[str, ColumnGuess], explicit: Mapping[str, str]
) -> tuple[ColumnGuess, ...]:
    """Return what became of each column in the end: a person's word beats a guess."""
    found = []
    for column, field in columns.described():
        guess = guesses.get(column) or ColumnGuess(column, field, BY_NAME if field != IGNORED else "unknown")
        reason = BY_HAND if column in explicit else guess.reason
        if column not in explicit and field != guess.field:
            reason = f"{guess.field} was said by hand to be another column"
        found.append(ColumnGuess(column, field, reason, guess.samples))
    return tuple(found)


def is_footer(cells: Sequence[str]) -> bool:
    """True for the cells of a row that counts or closes a list ("Total: 34") and is no entry of it."""
    full = [cell for cell in cells if cell]
    return 0 < len(full) <= 2 and bool(_FOOTER.fullmatch(" ".join(" ".join(full).split())[:200]))


def split_cell(text: str) -> list[str]:
    """Return the values of a cell that may hold several, separated by `;`, `,`, `|`, `:::` or line ends."""
    return [one for one in _SEPARATORS.split(text.strip()) if one]


def _cells(column: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    found: list[str] = []
    for row in rows:
        value = row.get(column)
        text = clean(str(value)[:200]).strip() if isinstance(value, str | int | float) else ""
        if text:
            found.append(text)
            if len(found) == _SAMPLED:
                break
    return found


def _samples(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(cell.split())[:60] for cell in cells[:50]))[:3]


def _by_content(column: str, cells: Sequence[str], region: str) -> tuple[str, str] | None:
    if not cells:
        return None

    def share(kind: str, is_one: Callable[[str], object]) -> str:
        hits = sum(1 for cell in cells if is_one(cell))
        return f"{hits} of {len(cells)} values are {kind}" if hits >= _MOST * len(cells) else ""

    if why := share("e-mail addresses", lambda cell: all(normal_email(one) for one in split_cell(cell))):
        return "email", why
    if not _OTHER_NUMBERS.search(column) and (why := share("phone numbers", lambda cell: _is_phone(cell, region))):
        return "phone", why
    if why := share("web addresses", _is_url):
        platforms = {profile_key(canonical_url(cell)).partition(":")[0] for cell in cells}
        if len(platforms) == 1 and (platform := platforms.pop()):
            return f"handle:{platform}", f"{len(cells)} values are profiles on {platform}"
        return "website", why
    return None


def _is_phone(cell: str, region: str) -> bool:
    pieces = split_cell(cell)
    if all(normal_phone(one, region) for one in pieces):
        return True
    digits = sum(c.isdecimal() for c in pieces[0]) if pieces else 0
    return (
        not region
        and bool(_PHONE_LIKE.fullmatch(pieces[0] if pieces else ""))
        and 10 <= digits <= 15
        and (not cell.isdecimal())
    )


def _is_url(cell: str) -> bool:
    return cell.startswith(("http://", "https://", "www.")) and bool(
        canonical_url(cell if "://" in cell else f"https://{cell}")
    )


def _by_words(
    guesses: dict[str, ColumnGuess],
    cells: Mapping[str, Sequence[str]],
    field: str,
    is_one: Callable[[str], bool],
    least: float,
) -> None:
    """Give a field to the first column without one whose values look so."""
    for column, guess in guesses.items():
        values = cells[column]
        hits = sum(is_one(value) for value in values)
        if guess.field == IGNORED and values and hits >= least * len(values):
            reason = f"{hits} of {len(values)} values look like one of a {'person' if field == 'name' else 'firm'}"
            guesses[column] = guess._replace(field=field, reason=reason)
            return


def _like_organisation(cell: str) -> bool:
    return bool(_ORGANISATION.search(cell)) and len(cell.split()) > 1


def _like_name(cell: str) -> bool:
    words = cell.split()
    letters = all(unicodedata.category(c)[0] in "LM" or c in " .'’-" for c in cell)
    return (
        2 <= len(words) <= 4
        and letters
        and not _ORGANISATION.search(cell)
        and all(w[:1] != w[:1].lower() or not w.isascii() for w in words)
    )


def _normal(name: str) -> str:
    return _NOT_IN_NAMES.sub("", fold(name))
