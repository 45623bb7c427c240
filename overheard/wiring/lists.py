"""Lists of people read to be compared, with each other or with the contacts of the folder; and what came of it as CSV.

Nothing is imported by this, and nothing in the folder changes.
"""

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

from overheard.crm.contacts import FIELDS, Listed, map_contacts, read_contacts, similar_colleagues
from overheard.crm.rows import RowReport
from overheard.crm.sheets import open_sheet
from overheard.errors import ConfigError
from overheard.matcher.ledger.reading import known_in
from overheard.matcher.overlap import Overlap, overlap
from overheard.matcher.pairs import Pair, find_pairs
from overheard.records import Contact, Evidence
from overheard.wiring.system import System, utc_now

CRM = "crm"  # the list of the contacts in the folder

# Rows of one import up to which all evidence is weighed for one person twice; 20,000 take some ten seconds.
MOST_COMPARED = 20_000
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Origin(NamedTuple):
    """Where a record stands: its list's number, and its line there; 0 for a contact of the folder."""

    list: int
    line: int


@dataclass
class Lists:
    """Lists as they were read: `names`, the people of all of them, where each stands, and the rows that were none.

    `columns` are (column, field or "-") of each file by its name, `notes` what was odd about them.
    """

    names: list[str] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    errors: list[tuple[str, RowReport]] = field(default_factory=list)
    columns: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def number(self, name: str) -> int:
        """Return the number of a list of this name, which is begun where it is new."""
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)

    def add(self, name: str, contact: Contact, line: int) -> None:
        """Add a person to a list."""
        self.contacts.append(contact)
        self.origins.append(Origin(self.number(name), line))

    def shown(self, at: int) -> str:
        """Return a record as people read it: where it stands, who it is."""
        contact, origin = self.contacts[at], self.origins[at]
        where = f"{self.names[origin.list]}:{origin.line}" if origin.line else self.names[origin.list]
        value = contact.external_ids[0].value
        id_ = "" if value == f"line {origin.line}" else value
        return " ".join(part for part in (where, id_, contact.name or next(iter(contact.emails), "")) if part)


def read_lists(
    system: System,
    files: Sequence[str],
    *,
    mapping: Mapping[str, str],
    by: str = "",
    with_crm: bool = False,
    same_ids: bool = False,
) -> Lists:
    """Return the people of several files: each is a list, called as the file or as `NAME=FILE` says.

    `by` names a column whose values are the lists instead: a product line. `mapping` holds for each file that has the
    column. `with_crm`: the folder's contacts are a list too. Raises ConfigError where a file cannot be read or no file
    has a column that is named.
    """
    lists = Lists()
    missing = dict(mapping)
    found_by = False
    if with_crm:
        lists.number(CRM)
        for contact in sorted(known_in(system.folder)[0], key=lambda one: one.id):
            lists.add(CRM, contact, 0)
    for given in files:
        name, equals, file = given.partition("=")
        if not equals or Path(given).exists():
            name, file = Path(given).stem or given, given
        if not by and name in lists.names:
            msg = f"{given}: expected lists of different names; {name!r} comes twice. Call them NAME=FILE"
            raise ConfigError(msg)
        with open_sheet(file, FIELDS, region=system.settings.locale.region, name=Path(file).name, cards=True) as sheet:
            here = {column: to for column, to in mapping.items() if column in sheet.columns}
            missing = {column: to for column, to in missing.items() if column not in here}
            columns = map_contacts(sheet, here)
            found_by = found_by or by in sheet.columns
            if not by:
                lists.number(name)
            own = system.settings.crm.system if same_ids else name
            for one in read_contacts(sheet, columns, now=utc_now(), system=own, label=by):
                if isinstance(one, Listed):
                    lists.add(one.label or name, one.contact, one.line)
                else:
                    lists.errors.append((sheet.name, one))
            lists.columns[name] = columns.described()
            lists.notes += [f"{sheet.name}: {note}" for note in sheet.notes]
    if missing:
        column = next(iter(missing))
        msg = f"--map {column}={missing[column]}: expected a column of one of the files; none has {column!r}"
        raise ConfigError(msg)
    if by and not found_by:
        msg = f"--by {by}: expected a column of one of the files; none has it"
        raise ConfigError(msg)
    return lists


def overlap_of(lists: Lists, *, same_ids: bool = False) -> Overlap:
    """Return what the lists have in common."""
    return overlap(lists.names, lists.contacts, [one.list for one in lists.origins], same_ids=same_ids)


def one_person_twice(contacts: Sequence[Contact]) -> Iterator[tuple[int, int, str]]:
    """Yield (position, later position, why) of the contacts of an import that may be one person, surest first.

    Of more than `MOST_COMPARED` only colleagues of nearly one name are told.
    """
    if len(contacts) > MOST_COMPARED:
        yield from similar_colleagues(contacts)
        return
    for pair in find_pairs(contacts).pairs:
        yield pair.left, pair.right, f"{_how_sure(pair)} ({told(pair)})"


def _how_sure(pair: Pair) -> str:
    return "are one person by all that they say" if pair.outcome == "sure" else "may be one person"


def told(pair: Pair) -> str:
    """Return the evidence of a pair in words, what says most first, and its score."""
    strongest = sorted(pair.evidence, key=lambda one: -abs(one.weight))[:5]
    return ", ".join(f"{one.feature} {one.weight:+.1f}" for one in strongest) + f"; score {pair.score:.3f}"


PEOPLE = ("person", "list", "line", "id", "name", "organisation", "email", "lists")
PAIRS = ("outcome", "score", "weight", "a", "a_name", "b", "b_name", "evidence")


def people_rows(lists: Lists, found: Overlap) -> Iterator[dict[str, str]]:
    """Yield a row for each record of the people who are on several lists, or on one list twice; numbered by person."""
    people = sorted({*found.across, *found.duplicates})
    for number, person in enumerate(people, 1):
        for at in person.rows:
            contact, origin = lists.contacts[at], lists.origins[at]
            yield {
                "person": str(number),
                "list": lists.names[origin.list],
                "line": str(origin.line or ""),
                "id": contact.external_ids[0].value,
                "name": contact.name,
                "organisation": contact.organisation,
                "email": "; ".join(contact.emails),
                "lists": "; ".join(lists.names[i] for i in person.on),
            }


def pair_rows(lists: Lists, pairs: Iterable[Pair]) -> Iterator[dict[str, str]]:
    """Yield a row for each pair, with its evidence."""
    for pair in pairs:
        yield {
            "outcome": pair.outcome,
            "score": f"{pair.score:.6f}",
            "weight": f"{pair.weight:.3f}",
            "a": lists.shown(pair.left),
            "a_name": lists.contacts[pair.left].name,
            "b": lists.shown(pair.right),
            "b_name": lists.contacts[pair.right].name,
            "evidence": "; ".join(f"{one.feature} {one.weight:+.2f}{_values(one)}" for one in pair.evidence),
        }


def _values(evidence: Evidence) -> str:
    return f" ({evidence.mention_value} | {evidence.crm_value})" if evidence.mention_value else ""


def write_csv(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> int:
    """Write rows as CSV (UTF-8 with a byte order mark, as Excel wants it), whole or not at all; return how many.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it. Raises ConfigError where it cannot
    be written.
    """
    try:
        with NamedTemporaryFile(
            "w", encoding="utf-8-sig", newline="", dir=file.parent, prefix=f".{file.name}.", delete=False
        ) as half:
            try:
                writer = csv.DictWriter(half, columns, lineterminator="\n")
                writer.writeheader()
                count = 0
                for row in rows:
                    writer.writerow({name: _no_formula(value) for name, value in row.items()})
                    count += 1
            except BaseException:
                Path(half.name).unlink()
                raise
        Path(half.name).chmod(0o666 & ~_umask())
        Path(half.name).replace(file)
    except OSError as e:
        msg = f"{file}: expected a file that can be written; got: {e.strerror or e}"
        raise ConfigError(msg) from e
    return count


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _no_formula(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
