"""A list as somebody keeps it, made out: its header found, its columns guessed, footers left out, merged cells filled.

Table or Cards ─▶ the first rows are looked at ─▶ guesses ─▶ rows as they stream
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from overheard.crm.headers import ColumnGuess, described, find_header, guess_columns, is_footer
from overheard.crm.vcards import Cards, open_cards
from overheard.identities import normal_email
from overheard.table import IGNORED, STDIN, BadRow, Columns, Field, Row, Table, open_table

_LOOKED_AT = 1_000  # rows that the columns are guessed from
_MERGED_FROM = 2  # groups of several rows that a column of merged cells has at least


class Sheet:
    """A list of people, firms, holdings or purchases; a context manager that closes the file.

    `guesses` say by column where it goes; `notes` what was odd and how it was taken, complete after the last row.
    `system` is what its ids belong to, "" for the CRM's; `has_ids` is False where rows may lack one.
    """

    def __init__(self, table: Table | Cards, fields: Sequence[Field], region: str = "") -> None:
        self._table = table
        self._rest = iter(table)
        self._head = list(islice(self._rest, _LOOKED_AT))
        self._notes: list[str] = []
        self.name = table.name
        self.columns: Sequence[str] = table.columns
        self.region = region
        self.system = "vcard" if isinstance(table, Cards) else ""
        self.has_ids = not isinstance(table, Cards)
        rows = [row.cells for row in self._head if isinstance(row, Row)]
        self.guesses: dict[str, ColumnGuess] = {}
        if isinstance(table, Table):
            self.guesses = guess_columns(table.columns, rows, fields, region)

    @property
    def guessed(self) -> Mapping[str, str]:
        """The field of each column that has one by guess."""
        return {column: guess.field for column, guess in self.guesses.items() if guess.field != IGNORED}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was odd about the list so far."""
        return (*self._table.notes, *self._notes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._table.__exit__(kind, error, tb)

    def where(self, line: int, column: str = "") -> str:
        """As `Table.where`."""
        return self._table.where(line, column)

    def described(self, columns: Columns, explicit: Mapping[str, str]) -> tuple[ColumnGuess, ...]:
        """Return where each column went in the end, and why."""
        return described(columns, self.guesses, explicit)

    def rows(self, columns: Columns) -> Iterator[Row | BadRow]:
        """Yield the rows, once: without footers, merged cells filled down. A BadRow where one cannot be read."""
        merged = self._merged(columns)
        value = ""
        filled, first_filled = 0, 0
        footers: list[Row] = []
        for row in chain(self._head, self._rest):
            if isinstance(row, Row) and self._is_footer(row):
                footers.append(row)
                continue
            yield from footers  # rows go on behind it, so it was none
            footers.clear()
            if merged and isinstance(row, Row):
                if row.cells.get(merged):
                    value = row.cells[merged]
                elif value:
                    filled, first_filled = filled + 1, first_filled or row.line
                    yield Row(row.line, {**row.cells, merged: value})
                    continue
            yield row
        if filled:
            self._notes.append(
                f"column {merged!r} has its values at the first row of each group only, as merged cells leave them: "
                f"{filled} empty cells are filled from above, the first on line {first_filled}"
            )
        for row in footers:
            text = " ".join(str(cell) for cell in row.cells.values() if cell)
            self._notes.append(f"line {row.line} is taken for a footer and left out: {text[:60]!r}")

    def _is_footer(self, row: Row) -> bool:
        cells = [cell.strip() if isinstance(cell, str) else "" for cell in row.cells.values()]
        return isinstance(self._table, Table) and self._table.format == "CSV" and is_footer(cells)

    def _merged(self, columns: Columns) -> str:
        """Return the column of organisations that was made of merged cells; "" where there is none.

        So it is where the first row has a value, no value comes twice, two groups or more have several rows, a third of
        the cells or more are empty, and no e-mail address of a group is at another firm than its others.
        """
        if not isinstance(self._table, Table) or self._table.format != "CSV":
            return ""
        column = next(iter(columns.by_field.get("organisation", ())), "")
        rows = [row for row in self._head if isinstance(row, Row) and not self._is_footer(row)]
        values = [str(row.cells.get(column) or "").strip() for row in rows]
        if not column or not values or not values[0] or max(Counter(v for v in values if v).values()) > 1:
            return ""
        groups: list[list[Row]] = []
        for row, value in zip(rows, values, strict=True):
            if value:
                groups.append([])
            groups[-1].append(row)
        empty = values.count("")
        if sum(len(group) > 1 for group in groups) < _MERGED_FROM or empty * 3 < len(values):
            return ""
        emails = columns.by_field.get("email", ())
        return column if all(_one_firm(group, emails) for group in groups) else ""


# Where mail comes from that says nothing of an employer.
_FREE = ("gmail.", "googlemail.", "yahoo.", "rediffmail.", "hotmail.", "outlook.", "live.", "icloud.", "proton", "gmx.")


def _one_firm(rows: Sequence[Row], emails: Sequence[str]) -> bool:
    domains = {
        address.rpartition("@")[2]
        for row in rows
        for column in emails
        if (address := normal_email(str(row.cells.get(column) or "")))
    }
    return len({domain for domain in domains if not domain.startswith(_FREE)}) <= 1


def open_sheet(
    source: str | Path | BinaryIO, fields: Sequence[Field], *, region: str = "", name: str = "", cards: bool = False
) -> Sheet:
    """Open a list by path, `-` for standard input, or from an open binary stream, for records of `fields`.

    With `cards`, vCards are read too, told from the content. Raises ConfigError as `open_table` does.
    """
    found = open_cards(source, name=name) if cards else source
    try:
        if isinstance(found, Cards):
            return Sheet(found, fields, region)
        table = open_table(found, name=name or _named(source), find_header=find_header(fields, region))
        return Sheet(table, fields, region)
    except BaseException:
        if isinstance(source, str | Path) and found is not source and found is not sys.stdin.buffer:
            cast("Cards | BinaryIO", found).close()
        raise


def _named(source: str | Path | BinaryIO) -> str:
    if not isinstance(source, str | Path):
        return ""
    return "<stdin>" if str(source) == STDIN else Path(source).name
