"""People from a CRM's export to contacts, row by row, with warnings for what may be one person twice."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import combinations
from typing import NamedTuple

from rapidfuzz import fuzz

from overheard.crm.rows import (
    HANDLE,
    HANDLE_FIELDS,
    LIFECYCLE_FIELDS,
    LIST,
    OTHER_ID,
    Cells,
    Current,
    Identified,
    ImportReport,
    RowReport,
    given_id,
    handle_of_profile,
    plan,
)
from overheard.crm.sheets import Sheet
from overheard.errors import InputError
from overheard.identities import identities_of_contact, is_placeholder, normal_email, normal_phone
from overheard.records import Contact, ExternalId, Identity, contact_id, identity_key, is_tombstone_of
from overheard.table import BadRow, Columns, Field, Table, map_columns
from overheard.text import fold

FIELDS = (
    Field("external_id", ("id", "contact_id", "record_id", "crm_id", "contact_no", "contact_number")),
    Field("name", ("full_name", "contact_name", "display_name", "contact")),
    Field("first_name", ("given_name", "forename")),
    Field("last_name", ("family_name", "surname")),
    Field("email", ("e-mail", "emails", "email_address", "mail", "work_email")),
    Field("phone", ("phones", "telephone", "mobile", "tel", "phone_number", "mobile_number")),
    Field("organisation", ("organization", "company", "employer", "company_name", "account", "account_name")),
    Field("title", ("job_title", "position", "designation", "role")),
    Field("place", ("city", "location", "town", "locality", "suburb")),
    Field("street_number", ("house_number", "house_no", "street_no")),
    Field("street", ("address", "street_address", "address_1", "address_line_1", "street_1", "street_line_1")),
    Field("street_2", ("address_2", "address_line_2", "street_line_2")),
    Field("region", ("state", "province", "county", "state_province", "address_region")),
    Field("postal_code", ("postcode", "post_code", "zip", "zip_code", "pin", "pincode", "pin_code")),
    Field("country", ("country_name", "country_region", "nation")),
    Field("birthday", ("birth_date", "birthdate", "date_of_birth", "dob", "bday")),
    Field("owner", ("contact_owner", "account_owner", "assigned_to", "salesperson")),
    Field("website", ("web", "url", "homepage", "site", "blog", "websites")),
    Field("watched_by_name", ("watch_by_name", "watch_name")),
    Field("revision", ("rev",)),
    *LIFECYCLE_FIELDS,
    *HANDLE_FIELDS,
)
# Names as near as this at one organisation are asked about. 90 of 100 takes "Priya Deshpande" and "Preeya Deshpande"
# for one, "Anil Kulkarni" and "Anita Kulkarni" (89) for two.
_SIMILAR = 90
_PHONES_APART = re.compile(r"[,/|\n]|\s(?:or|and|&)\s")
_IN_ANGLES = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
_EMAILS_APART = re.compile(r"(?:[;,|\s]|:::)+")
# "Rao, Asha" and "RAO, Asha Kumari": one word, a comma, then one or two.
_TURNED = re.compile(r"([^\W\d_][\w'’-]+), ?((?:[^\W\d_][\w'’-]*\.?)(?: [^\W\d_][\w'’-]*\.?)?)")
_AFTER_NAMES = frozenset(
    "phd md mba ca cfa cpa be me btech mtech ba ma bsc msc bcom mcom llb esq jr sr ii iii iv ltd inc llp llc gmbh ag "  # noqa: SIM905
    "pvt co pvt ltd private limited limited".split()
)
_SALUTATIONS = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "shri", "sri", "smt", "kum", "m/s", "herr", "frau"})
_TWO_DIGITS = re.compile(r"(?<!\d)\d{1,2}\D+(?:\d{1,2}|[^\W\d_]+)\D+\d\d\s*$")  # 5/3/78: a year without its century
_SCIENTIFIC = re.compile(r"(\d)[.,](\d+)E\+?0*(\d+)", re.I)
# Pairs grow with the square; a thousand people of one employer take half a second.
_MANY_CLAIM = 3  # one address: a household, or a team, and no slip that somebody is to mend row by row
_MOST_COMPARED = 1_000


# From contacts to (position, later position, why) of those that may be one person: "may be one person (same e-mail)".
Twice = Callable[[Sequence[Contact]], Iterable[tuple[int, int, str]]]

# One of these tells who a row is.
_TELLING = ["external_id", "email", "phone", "name", "first_name", "last_name"]


def map_contacts(table: Table | Sheet, explicit: Mapping[str, str] | None = None) -> Columns:
    """Put the table's columns to the fields of a contact. Raises ConfigError as `map_columns` does.

    A handle on a platform that is not known by name is mapped by hand: `--map 'Forum name=handle:forum'`. So is what
    another system calls the contact: `--map 'SAP no=id:sap'`.
    """
    guessed = table.guessed if isinstance(table, Sheet) else None
    prefixes = (HANDLE, OTHER_ID)
    return map_columns(table, FIELDS, explicit=explicit, guessed=guessed, required=[_TELLING], prefixes=prefixes)


def plan_contacts(
    table: Table | Sheet,
    columns: Columns,
    *,
    current: Current,
    now: datetime,
    system: str = "crm",
    region: str = "",
    people: Mapping[str, str] | None = None,
    explicit: Mapping[str, str] | None = None,
    twice: Twice | None = None,
) -> ImportReport:
    """Return what importing the contacts does, row by row; nothing is written. `system` is the CRM's name.

    A column that the file lacks leaves what is known; an empty cell empties it, but for the lifecycle, which is
    only ever added to. Phone numbers without a country code belong to the sheet's region (of a `Table`: to `region`).

    A list without ids gets them made: of a row's e-mail address, else its phone number and name, else its name and
    organisation. `people` {`person_keys`: contact's id} are those who are known: a row that is one of another system is
    a duplicate and leaves that one as it is. `explicit` is told in the report. `twice` finds rows that may be of
    one person; without it, those of nearly one name at one organisation are found.
    """
    sheet = table if isinstance(table, Sheet) else Sheet(table, FIELDS, region)
    known_people = people or {}

    def identify(cells: Cells) -> Identified:
        return _identified(cells, given_id(cells, sheet, system), known_people, current)

    def build(cells: Cells, external_id: ExternalId, known: Contact | None) -> Contact:
        return _contact(cells, external_id, known, now)

    return plan(
        sheet,
        columns,
        id_of=_id_of,
        identify=identify,
        build=build,
        name_of=lambda contact: contact.name,
        compare=lambda read: _one_person_twice(read, twice),
        current=current,
        now=now,
        explicit=explicit,
    )


class Listed(NamedTuple):
    """A person of a list, the line that they stand on, and what the column `label` says there."""

    line: int
    contact: Contact
    label: str


def read_contacts(
    sheet: Sheet, columns: Columns, *, now: datetime, system: str, label: str = ""
) -> Iterator[Listed | RowReport]:
    """Yield every row of a list as a contact of its own, also where two are one person; a report of each in error.

    Nothing is looked up. The id is the list's, else made of the line: it says only that it is this row.
    """
    for row in sheet.rows(columns):
        if isinstance(row, BadRow):
            yield RowReport(row.line, "error", message=str(row.error))
            continue
        cells = Cells(sheet, columns, row)
        try:
            external_id = ExternalId(system=system, value=cells.text("external_id") or f"line {row.line}")
            contact = _contact(cells, external_id, None, now)
            if not any((contact.name, contact.emails, contact.phones, contact.external_ids[1:], contact.birthday)):
                message = "expected a name, an e-mail address, a phone number, an id or a birthday; got none"
                raise cells.error("name", message)
            told = row.cells.get(label) if label else None
            told = " ".join(str(told).split()) if told is not None else ""
            yield Listed(row.line, contact, told)
        except InputError as e:
            yield RowReport(row.line, "error", message=str(e))


def person_keys(contact: Contact) -> tuple[str, ...]:
    """Return what tells that a row of a list is this contact, surest first: addresses, numbers with the name, the name.

    A number alone tells nobody, since whole firms share one; nor does a name without the organisation.
    """
    return _person_keys(contact.name, contact.emails, contact.phones, contact.organisation)


def _person_keys(name: str, emails: Collection[str], phones: Collection[str], organisation: str) -> tuple[str, ...]:
    called = " ".join(fold(name).split())
    addresses = [identity_key("email", "email", email) for one in emails if (email := normal_email(one))]
    keys = [key for key in addresses if not is_placeholder(key)]
    keys += [f"phone:{phone}:{called}" for one in phones if (phone := normal_phone(one))]
    if called:
        keys.append(f"name:{called}:{' '.join(fold(organisation).split())}")
    return tuple(keys)


def _id_of(external_id: ExternalId) -> str:
    return contact_id(external_id.system, external_id.value)


def _identified(cells: Cells, given: ExternalId | None, people: Mapping[str, str], current: Current) -> Identified:
    """Return whose row it is. Raises InputError for a row without an id that says of nobody who it is."""
    if given is not None and (given.system != "vcard" or current(_id_of(given)) is not None):
        return Identified(given)
    keys = _person_keys(_name(cells), _emails(cells), _phones(cells), cells.text("organisation"))
    if not keys and given is None:
        # Not "(10 digits)", as a row of units below the header has it.
        found = next((one for one in _phones(cells) if normal_phone(one)), "")
        if not found:
            message = (
                "expected an e-mail address, a phone number or a name; got none, so nobody can be told by this row"
            )
            raise cells.error("name", message)
        keys = (f"phone:{found}:",)
    # A name at a firm says that it is somebody known only where the row has nothing better.
    telling = [key for key in keys if not key.startswith("name:")] or keys
    for key in telling:
        event = current(people[key]) if key in people else None
        other = event.data if event is not None else None
        if not isinstance(other, Contact):
            continue
        theirs = other.external_ids[0]
        if theirs.system == LIST:
            # Two of one list may share a number and a name; each is the one that it was made as.
            own = ExternalId(system=LIST, value=_told(keys[0]))
            before = current(_id_of(own))
            return Identified(own if before is not None and not is_tombstone_of(before) else theirs, made=True)
        who = f"{other.name or theirs.value} ({theirs.system} {theirs.value})"
        message = (
            f"this is {who} already, by {_told(key)}; that contact stays as it is. If it is somebody else, give the "
            "list a column of ids"
        )
        return Identified(given or ExternalId(system=LIST, value=_told(keys[0])), True, message)
    if given is not None:
        return Identified(given)
    return Identified(ExternalId(system=LIST, value=_told(keys[0])), made=True)


def _told(key: str) -> str:
    """Return what a person key is made of, for people to read: it is the made id too."""
    kind, _, rest = key.partition(":")
    if kind == "email":
        return rest.removeprefix("email:")
    return ", ".join(part for part in rest.split(":", 1) if part)


def _contact(cells: Cells, external_id: ExternalId, known: Contact | None, now: datetime) -> Contact:
    id_ = _id_of(external_id)
    old = known or Contact(id=id_, external_ids=(external_id,))
    handles, profiles = cells.handles()
    mapped = {field.removeprefix(HANDLE) for field in cells.handle_fields}
    urls = cells.urls("website") if cells.has("website") else _without_profiles(old, mapped)
    name = _name(cells) if cells.has("name", "first_name", "last_name") else old.name
    mapped_ids = {field.removeprefix(OTHER_ID) for field in cells.id_fields}
    kept_ids = (one for one in old.external_ids if one == external_id or one.system not in mapped_ids)
    contact = Contact(
        id=id_,
        external_ids=tuple(dict.fromkeys([*kept_ids, *cells.other_ids()])),
        name=name,
        emails=_emails(cells) if cells.has("email") else old.emails,
        phones=_phones(cells) if cells.has("phone") else old.phones,
        organisation=cells.text("organisation") if cells.has("organisation") else old.organisation,
        title=_title(cells) if cells.has("title") else old.title,
        place=cells.text("place") if cells.has("place") else old.place,
        street=_street(cells) if cells.has("street", "street_2", "street_number") else old.street,
        region=cells.text("region") if cells.has("region") else old.region,
        postal_code=cells.text("postal_code") if cells.has("postal_code") else old.postal_code,
        country=cells.text("country") if cells.has("country") else old.country,
        birthday=_birthday(cells, now.date()) if cells.has("birthday") else old.birthday,
        owner=cells.text("owner") if cells.has("owner") else old.owner,
        handles={p: h for p, h in old.handles.items() if p not in mapped} | handles,
        urls=tuple(dict.fromkeys([*urls, *profiles])),
        lifecycle=cells.lifecycle(old.lifecycle, now.date()),
        watched_by_name=cells.flag("watched_by_name") if cells.has("watched_by_name") else old.watched_by_name,
    )
    if not (contact.name or any(identity.type != "phone" for identity in identities_of_contact(contact))):
        cells.warn("external_id", "no name, e-mail, handle or site: nothing that is said can be put on this contact")
    if contact.watched_by_name and " " not in contact.name:
        cells.warn("watched_by_name", f"a single word passes much that is not meant; got the name {contact.name!r}")
    return contact


def _without_profiles(contact: Contact, platforms: Collection[str]) -> tuple[str, ...]:
    """Return a contact's URLs but for profiles on platforms whose handles the file brings anew."""
    handles = [(p, contact.handles[p]) for p in platforms if p in contact.handles]
    return tuple(url for url in contact.urls if not any(handle_of_profile(p, url) == h for p, h in handles))


def _emails(cells: Cells) -> tuple[str, ...]:
    found: list[str] = []
    for cell in cells.each("email"):
        # Mail programs write the name before the address: Asha Rao <asha@a.example>; "Rao, Asha" <asha@a.example>.
        pieces = _IN_ANGLES.findall(cell) or [one for one in _EMAILS_APART.split(cell) if one]
        pieces = [piece.strip("'\"").removeprefix("mailto:") for piece in pieces]
        none = [piece for piece in pieces if not normal_email(piece)]
        found += [piece for piece in pieces if normal_email(piece)]
        for one in [cell] if len(none) == len(pieces) > 1 else none:  # "not known yet" is one thing that is wrong
            cells.warn("email", f"expected an e-mail address; got {one!r}, left out")
    return tuple(dict.fromkeys(found))


def _name(cells: Cells) -> str:
    name = cells.text("name") or f"{cells.text('first_name')} {cells.text('last_name')}".strip()
    turned = _TURNED.fullmatch(name)
    if turned and fold(turned[2]).replace(".", "") not in _AFTER_NAMES:
        return f"{turned[2]} {turned[1]}"
    return name


def _street(cells: Cells) -> str:
    """Return street and number as one line: "12 MG Road, Camp"; the number goes where it stands, before the street."""
    first = " ".join(part for part in (cells.text("street_number"), cells.text("street")) if part)
    return ", ".join(part for part in (first, cells.text("street_2")) if part)


def _birthday(cells: Cells, today: date) -> date | None:
    """Return the day of birth; a year of two digits is the last one of its kind. A day to come is none."""
    day = cells.day("birthday")
    if day is not None and day > today and day.year - 100 <= today.year and _TWO_DIGITS.search(cells.text("birthday")):
        day = date(day.year - 100, day.month, min(day.day, 28 if day.month == 2 else day.day))
    if day is not None and day > today:
        cells.warn("birthday", f"expected a day that is past; got {day}, left out")
        return None
    return day


def _title(cells: Cells) -> str:
    """Return the first title that is no salutation: Outlook has "Dr." as Title, and the title as Job Title."""
    return next((one for one in cells.each("title") if fold(one).strip(" .") not in _SALUTATIONS), "")


def _phones(cells: Cells) -> tuple[str, ...]:
    """Return the numbers as E.164 where they are valid, else as they are written, with a warning."""
    found: list[str] = []
    for cell in cells.each("phone"):
        # A comma or slash may stand inside one number (an extension) or between two.
        for whole in (one for one in cell.replace(":::", ";").split(";") if one.strip()):
            parts = [whole] if normal_phone(whole, cells.region) else _PHONES_APART.split(whole)
            if len(parts) > 1 and not all(normal_phone(part, cells.region) for part in parts if part.strip()):
                parts = [whole]
            for part in (_whole_number(part.strip()) for part in parts if part.strip()):
                if not (number := normal_phone(part, cells.region)) and any(c.isalnum() for c in part):
                    where = f" in {cells.region}" if cells.region else " with its country code, such as +91"
                    cells.warn("phone", f"expected a phone number that is valid{where}; got {part!r}, kept as it is")
                if number or any(c.isalnum() for c in part):
                    found.append(number or part)
    return tuple(dict.fromkeys(found))


def _whole_number(written: str) -> str:
    """Return a number as it was before Excel made 9.822012345E+09 of it; where that lost digits, as it is."""
    found = _SCIENTIFIC.fullmatch(written)
    if found is None or len(found[2]) < int(found[3]):
        return written
    return found[1] + found[2] + "0" * (int(found[3]) - len(found[2])) if len(found[2]) == int(found[3]) else written


def _one_person_twice(read: Sequence[tuple[int, Contact]], twice: Twice | None) -> Iterator[tuple[int, str]]:
    """Yield (position, warning) for contacts that share an e-mail address or handle, or that `twice` finds.

    `read` has (line, contact). The later of two is warned of.
    """
    told: set[tuple[int, int]] = set()
    claims: dict[str, list[tuple[int, Identity]]] = {}
    for at, (_, contact) in enumerate(read):
        for identity in identities_of_contact(contact):
            if identity.type not in (
                "url",
                "phone",
            ):  # often the employer's site and switchboard: colleagues share them
                claims.setdefault(identity.key, []).append((at, identity))
    for claimants in claims.values():
        earlier, _ = claimants[0]
        line, other = read[earlier]
        for at, identity in claimants[1:]:
            told.add((earlier, at))
            yield at, _claimed(identity, len(claimants), line, other)
    best: dict[int, tuple[int, str]] = {}  # of a row that is like many, the surest is told: a thousand help nobody
    more: Counter[int] = Counter()
    for earlier, at, why in (twice or similar_colleagues)([contact for _, contact in read]):
        if (earlier, at) not in told:
            more[at] += at in best
            best.setdefault(at, (earlier, why))
    for at, (earlier, why) in sorted(best.items()):
        (line, one), (_, other) = read[earlier], read[at]
        rows = f"; so may {more[at]:,} more of the rows before it" if more[at] else ""
        yield at, f"{_called(other)} and {_called(one)} of line {line} {why}{rows}: if so, merge them in the CRM"


def _claimed(identity: Identity, claimants: int, line: int, first: Contact) -> str:
    """Return the warning for an address or handle that a row has, and others before it from `line` on."""
    what = f"{identity.platform} {identity.value!r} is claimed on"
    if claimants > _MANY_CLAIM:
        return (
            f"{what} {claimants:,} lines, line {line} the first ({_called(first)}): what so many share tells nobody "
            "from another, and links no post to any of them"
        )
    return (
        f"{what} line {line} too ({_called(first)}): is this one person? Give it to one of them, or merge them in the "
        "CRM"
    )


def similar_colleagues(contacts: Sequence[Contact]) -> Iterator[tuple[int, int, str]]:
    """Yield (earlier, later, why) for people of nearly one name at one organisation."""
    colleagues: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for at, contact in enumerate(contacts):
        if contact.name and contact.organisation:
            words = sorted(fold(contact.name).replace(".", " ").split())
            colleagues[fold(contact.organisation)].append((at, " ".join(words)))
    for group in colleagues.values():
        for (earlier, a), (at, b) in combinations(group[:_MOST_COMPARED], 2):
            if fuzz.ratio(a, b, score_cutoff=_SIMILAR) or _abbreviated(a, b):
                yield earlier, at, f"of {contacts[earlier].organisation!r} may be one person"


def _abbreviated(a: str, b: str) -> bool:
    """True where one name is the other with some of its words as initials: "a kulkarni", "anil kulkarni"."""
    one, two = a.split(), b.split()
    if len(one) != len(two) or one == two:
        return False
    shared = set(one) & set(two)
    rest = zip([w for w in one if w not in shared], [w for w in two if w not in shared], strict=False)
    return any(len(w) > 1 for w in shared) and all(
        v.startswith(w) if len(w) == 1 else w.startswith(v) and len(v) == 1 for w, v in rest
    )


def _called(contact: Contact) -> str:
    return repr(contact.name or contact.external_ids[0].value)
