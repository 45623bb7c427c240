"""People from a CRM's export to contacts, row by row, with warnings for what may be one person twice."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations

from rapidfuzz import fuzz

from overheard.crm.rows import (
    HANDLE,
    HANDLE_FIELDS,
    LIFECYCLE_FIELDS,
    Cells,
    Current,
    ImportReport,
    handle_of_profile,
    plan,
)
from overheard.identities import identities_of_contact, normal_email
from overheard.records import Contact, ExternalId, contact_id
from overheard.table import Columns, Field, Table, map_columns
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
    Field("place", ("city", "location", "town")),
    Field("owner", ("contact_owner", "account_owner", "assigned_to", "salesperson")),
    Field("website", ("web", "url", "homepage", "site", "blog", "websites")),
    Field("watched_by_name", ("watch_by_name", "watch_name")),
    *LIFECYCLE_FIELDS,
    *HANDLE_FIELDS,
)
# Names as near as this at one organisation are asked about. 90 of 100 takes "Priya Deshpande" and "Preeya Deshpande"
# for one, "Anil Kulkarni" and "Anita Kulkarni" (89) for two.
_SIMILAR = 90
# Pairs grow with the square; a thousand people of one employer take half a second.
_MOST_COMPARED = 1_000


def map_contacts(table: Table, explicit: Mapping[str, str] | None = None) -> Columns:
    """Put the table's columns to the fields of a contact. Raises ConfigError as `map_columns` does.

    A handle on a platform that is not known by name is mapped by hand: `--map 'Forum name=handle:forum'`.
    """
    return map_columns(table, FIELDS, explicit=explicit, required=[["external_id"]], prefix=HANDLE)


def plan_contacts(
    table: Table, columns: Columns, *, current: Current, now: datetime, system: str = "crm"
) -> ImportReport:
    """Return what importing the contacts does, row by row; nothing is written. `system` is the CRM's name.

    A column that the file lacks leaves what is known; an empty cell empties it, but for the lifecycle, which is
    only ever added to.
    """

    def build(cells: Cells, external_id: str, known: Contact | None) -> Contact:
        return _contact(cells, system, external_id, known, now)

    return plan(
        table,
        columns,
        id_of=lambda external_id: contact_id(system, external_id),
        build=build,
        compare=_one_person_twice,
        current=current,
        now=now,
    )


def _contact(cells: Cells, system: str, external_id: str, known: Contact | None, now: datetime) -> Contact:
    id_ = contact_id(system, external_id)
    old = known or Contact(id=id_, external_ids=(ExternalId(system=system, value=external_id),))
    handles, profiles = cells.handles()
    mapped = {field.removeprefix(HANDLE) for field in cells.handle_fields}
    urls = cells.urls("website") if cells.has("website") else _without_profiles(old, mapped)
    name = old.name
    if cells.has("name", "first_name", "last_name"):
        name = cells.text("name") or f"{cells.text('first_name')} {cells.text('last_name')}".strip()
    contact = Contact(
        id=id_,
        external_ids=old.external_ids,
        name=name,
        emails=_emails(cells) if cells.has("email") else old.emails,
        phones=_phones(cells) if cells.has("phone") else old.phones,
        organisation=cells.text("organisation") if cells.has("organisation") else old.organisation,
        title=cells.text("title") if cells.has("title") else old.title,
        place=cells.text("place") if cells.has("place") else old.place,
        owner=cells.text("owner") if cells.has("owner") else old.owner,
        handles={p: h for p, h in old.handles.items() if p not in mapped} | handles,
        urls=tuple(dict.fromkeys([*urls, *profiles])),
        lifecycle=cells.lifecycle(old.lifecycle, now.date()),
        watched_by_name=cells.flag("watched_by_name") if cells.has("watched_by_name") else old.watched_by_name,
    )
    if not (contact.name or identities_of_contact(contact)):
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
    for one in cells.several("email"):
        if normal_email(one):
            found.append(one)
        else:
            cells.warn("email", f"expected an e-mail address; got {one!r}, left out")
    return tuple(dict.fromkeys(found))


def _phones(cells: Cells) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.strip() for one in cells.text("phone").split(";") if one.strip()))


def _one_person_twice(read: Sequence[tuple[int, Contact]]) -> Iterator[tuple[int, str]]:
    """Yield (position, warning) for contacts that share an e-mail address or handle, or nearly a name at one employer.

    `read` has (line, contact). The later of two is warned of.
    """
    told: set[tuple[int, int]] = set()
    claims: dict[str, int] = {}
    for at, (_, contact) in enumerate(read):
        for identity in identities_of_contact(contact):
            if identity.type == "url":  # often the employer's site, which colleagues share
                continue
            earlier = claims.setdefault(identity.key, at)
            if earlier != at:
                told.add((earlier, at))
                line, other = read[earlier]
                warning = (
                    f"{identity.platform} {identity.value!r} is claimed on line {line} too ({_called(other)}): is this "
                    "one person? Give it to one of them, or merge them in the CRM"
                )
                yield at, warning
    colleagues: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for at, (_, contact) in enumerate(read):
        if contact.name and contact.organisation:
            words = sorted(fold(contact.name).replace(".", " ").split())
            colleagues[fold(contact.organisation)].append((at, " ".join(words)))
    for group in colleagues.values():
        for (earlier, a), (at, b) in combinations(group[:_MOST_COMPARED], 2):
            if (earlier, at) not in told and (fuzz.ratio(a, b, score_cutoff=_SIMILAR) or _abbreviated(a, b)):
                (line, one), (_, other) = read[earlier], read[at]
                warning = (
                    f"{_called(other)} and {_called(one)} of line {line}, both of {one.organisation!r}, may be one "
                    "person: if so, merge them in the CRM"
                )
                yield at, warning


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
