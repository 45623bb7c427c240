"""Rows out of a file that somebody else wrote (CSV, NDJSON, JSON, gzip or not), and its columns put to our fields.

    bytes ─▶ inflate (bounded) ─▶ text ─▶ rows of cells or objects ─▶ Columns ─▶ our fields

Format, compression and encoding are told from the content, never from the name. A row that cannot be read comes out
as a `BadRow`, the rows after it go on. Memory does not grow with the file. Knows nothing of mentions or contacts.
"""

import codecs
import csv
import difflib
import gzip
import io
import json
import re
import sys
import unicodedata
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, NamedTuple, Protocol, Self, cast

import msgspec

from overheard.errors import ConfigError, InputError

STDIN = "-"
IGNORED = "-"

MAX_ROW = 16 << 20  # characters; a post is a few kB, the longest pages some MB
MAX_FIELD = 4 << 20  # characters of one CSV cell; the csv module's own 128 kB is less than a long page
_SNIFFED = 64 << 10  # characters of the first line from which the delimiter is guessed
MAX_RAW = 64 << 10  # characters of an unreadable row that are kept for its dead letter
# Text deflates to a tenth or so, logs of repeated rows to a hundredth; deflate itself ends at 1:1032. So beyond 64 MB a
# ratio of 300 is a bomb, and not somebody's export.
BOMB_RATIO = 300
BOMB_FROM = 64 << 20
_HEAD = 64 << 10
_SOUGHT = 20  # lines among which a header is sought
_MOST_COLUMNS = 10_000  # ignored columns that are remembered, so that objects of random keys do not fill the memory
_WORST = 1_000  # a rank behind all spellings
_COLUMNS_FROM = 100  # objects looked at to name the columns of a JSON file

Format = Literal["CSV", "NDJSON", "JSON"]


class Row(NamedTuple):
    """One row: the line that it begins on (from 1), and its cells by column. CSV cells are `str`, JSON as they are."""

    line: int
    cells: Mapping[str, Any]


class BadRow(NamedTuple):
    """A row that could not be read: its line, the error with its place, and how it came (cut to 64 k characters)."""

    line: int
    error: InputError
    raw: str


# Given the first rows of a CSV file, some of them blank, returns which one is the header; -1 where none is.
FindHeader = Callable[[Sequence[Sequence[str]]], int]


class Tabular(Protocol):
    """Anything with named columns and rows: a file as it is, or as somebody made it out."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    @property
    def columns(self) -> Sequence[str]:
        """The names of its columns."""
        ...


class Table:
    """Rows of one file, read once from front to end; a context manager that closes the file.

    `columns` are known at once (of NDJSON and JSON: those of the first 100 objects). `notes` are sentences for the user
    on what was odd and how it was taken (encoding, double columns, short rows); they are complete after the last row.

    The first row of a CSV file is its header, but where `find_header` says another of its first 20.
    """

    def __init__(self, stream: BinaryIO, name: str, *, find_header: FindHeader | None = None) -> None:
        self.name = name
        self._find_header = find_header
        self._notes: list[str] = []
        self._counted: Counter[str] = Counter()
        self._first: dict[str, int] = {}
        self._stream = stream
        raw: io.BufferedReader[Any] = (
            stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(cast(Any, stream), _HEAD)
        )
        if raw.peek(2)[:2] == b"\x1f\x8b":
            raw = io.BufferedReader(_Inflated(raw), _HEAD)
        self.failure: InputError | None = None  # why the file ended early
        self._lines = _Lines(self, self._decoded(raw))
        first, second = self._lines.look()
        self.format: Format = "CSV"
        self.delimiter = ""
        rows: Iterator[Row | BadRow]
        # A value that is no object, above objects: a header would be followed by cells.
        is_odd = second.startswith("{") and _is_scalar(first) and _is_object(second)
        if first.lstrip().startswith(("{", "[")) or is_odd:
            is_lines = is_odd or _is_object(first) or (first[:1] == second[:1] == "{")
            self.format = "NDJSON" if is_lines else "JSON"
            rows = self._objects() if self.format == "NDJSON" else self._json()
            head = list(islice(rows, _COLUMNS_FROM))
            if head and not any(isinstance(row, Row) for row in head):
                raise ConfigError(str(self.failure or cast(BadRow, head[0]).error))
            self.columns = tuple(dict.fromkeys(c for row in head if isinstance(row, Row) for c in row.cells))
            self._rows: Iterator[Row | BadRow] = chain(head, rows)
        else:
            self.columns = self._header(first)
            self._rows = self._csv()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was odd about the file so far."""
        counted = (
            f"{text}: {n} {'row' if n == 1 else 'rows'}, the first on line {self._first[text]}"
            for text, n in self._counted.items()
        )
        return (*self._notes, *counted)

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Yield what is left of the rows; a BadRow where one cannot be read."""
        return self._rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._stream is not sys.stdin.buffer:
            self._stream.close()

    def where(self, line: int, column: str = "") -> str:
        """Return the place of a row or cell as messages name it: `file:line` or `file:line, column "name"`."""
        return f'{self.name}:{line}, column "{column}"' if column else f"{self.name}:{line}"

    def bad(self, line: int, message: str, raw: str = "", *, column: str = "") -> BadRow:
        """Return a bad row of this table."""
        return BadRow(line, InputError(message, where=self.where(line, column)), raw[:MAX_RAW])

    def note_row(self, text: str, line: int) -> None:
        """Count a row to which `text` applies; shown once in `notes` with the number and the first line."""
        self._first.setdefault(text, line)
        self._counted[text] += 1

    def _decoded(self, raw: "io.BufferedReader[Any]") -> io.TextIOWrapper:
        try:
            head = raw.peek(_HEAD)[:_HEAD]
        except (OSError, EOFError, zlib.error) as e:
            msg = f"{self.name}: expected a readable file; got: {e}"
            raise ConfigError(msg) from e
        if not head:
            msg = f"{self.name}: expected a CSV header or JSON; the file is empty"
            raise ConfigError(msg)
        if head.startswith(b"PK\x03\x04"):
            msg = f"{self.name}: expected CSV or JSON; got a workbook or zip archive. Save the sheet as CSV (UTF-8)"
            raise ConfigError(msg)
        encoding, errors = "utf-8-sig", "surrogateescape"
        if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
            encoding, errors = "utf-32", "replace"
        elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            encoding, errors = "utf-16", "replace"
        elif head.count(0) * 10 > len(head):
            msg = (
                f"{self.name}: expected text; got bytes of which every tenth or more is NUL. "
                "If it is UTF-16 without a byte order mark, save it as UTF-8"
            )
            raise ConfigError(msg)
        if errors == "replace":
            self._notes.append(f"read as {encoding.upper()}, by its byte order mark")
        return io.TextIOWrapper(raw, encoding=encoding, errors=errors, newline=None)

    def _header(self, first: str) -> tuple[str, ...]:
        csv.field_size_limit(MAX_FIELD)  # the module's one limit, for all readers
        above = 0
        if match := re.fullmatch(r"sep=(.)\n?", first):  # what Excel writes to say its delimiter
            self.delimiter = match[1]
            self._lines.skip()
        elif self._find_header is None:
            start = first[:_SNIFFED]
            self.delimiter = max(",;\t|", key=lambda d: len(next(csv.reader([start], delimiter=d), [])))
        else:
            self.delimiter, above = self._sought(self._find_header)
        self._reader = csv.reader(self._lines, delimiter=self.delimiter)
        if above < 0:
            return self._nameless(-above)
        skipped = [next(self._reader) for _ in range(above)]
        if any(any(row) for row in skipped):
            self._notes.append(f"the header is on line {self._lines.number + 1}; what stands above it is left out")
        header: list[str] = []
        while not any(header):  # blank lines and rows of nothing but delimiters before it
            self._lines.begin()
            try:
                header = [cell.strip() for cell in next(self._reader)]
            except StopIteration:
                msg = f"{self.name}: expected a header line that names the columns; every line is blank"
                raise ConfigError(msg) from None
            except (csv.Error, _RowTooLongError) as e:
                msg = f"{self.name}:{self._lines.begun}: expected a header line that names the columns; got: {e}"
                raise ConfigError(str(self.failure or msg)) from e
            if self._lines.ended:
                msg = f"{self.name}:{self._lines.begun}: expected a header line; got a quote that is never closed"
                raise ConfigError(msg)
        names: list[str] = []
        for i, cell in enumerate(header, 1):
            name = _printable(cell) or f"column {i}"
            if not cell:
                self._notes.append(f"column {i} has no name in the header; it is called {name!r} here")
            elif name in names:
                name = f"{name} ({i})"
                self._notes.append(f"the header names {cell!r} twice; the second is called {name!r} here")
            names.append(name)
        return tuple(names)

    def _sought(self, find_header: FindHeader) -> tuple[str, int]:
        """Return the delimiter, and how many rows stand above the header; minus the width where there is no header.

        The delimiter is the one by which most of the first rows have as many cells as most, and more than one.
        """
        start = [line[:_SNIFFED] for line in self._lines.peek(_SOUGHT)]
        tables = {d: self._first_rows(start, d) for d in ",;\t|"}

        def fit(delimiter: str) -> tuple[int, int]:
            widths = Counter(len(row) for row in tables[delimiter] if len(row) > 1)
            width, number = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
            return number, width

        delimiter = max(tables, key=fit)
        at = find_header(tables[delimiter])
        return delimiter, at if at >= 0 else -fit(delimiter)[1]

    @staticmethod
    def _first_rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
        rows: list[list[str]] = []
        with suppress(csv.Error):  # a cell that is too long: what stands above it is enough
            rows.extend([cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter))
        return rows

    def _nameless(self, width: int) -> tuple[str, ...]:
        self._notes.append("no row names the columns; they are called 'column 1', 'column 2' and so on here")
        return tuple(f"column {i}" for i in range(1, width + 1))

    def _csv(self) -> Iterator[Row | BadRow]:
        """Yield rows. A quote that is never closed costs its own line only: the lines behind it are read again."""
        width = len(self.columns)
        lines = self._lines
        while True:
            lines.begin()
            try:
                cells = next(self._reader)
                unclosed = lines.ended and lines.taken > 0
            except StopIteration:
                break
            except (csv.Error, _RowTooLongError):
                unclosed = True
            line = lines.begun
            if unclosed:
                raw = lines.rewind()
                yield self.bad(
                    line,
                    f"expected a row of at most {MAX_ROW >> 20} million characters whose quotes are closed; "
                    f"got {_short(raw)}. Close the quote or double it, or shorten the cell",
                    raw,
                )
                continue
            if not any(cells):
                continue
            if len(cells) != width:
                if any(cells[width:]):
                    yield self.bad(
                        line,
                        f"expected {width} cells as in the header; got {len(cells)}. "
                        f"A cell that holds {self.delimiter!r} or a line break needs quotes around it",
                        self.delimiter.join(cells),
                    )
                    continue
                if len(cells) < width:
                    self.note_row("fewer cells than the header, the missing ones count as empty", line)
                    cells += [""] * (width - len(cells))
            yield Row(line, dict(zip(self.columns, cells, strict=False)))
        yield from self._end()

    def _objects(self) -> Iterator[Row | BadRow]:
        lines = self._lines
        while True:
            lines.begin()
            try:
                text = next(lines)
            except StopIteration:
                break
            except _RowTooLongError:
                raw = lines.rewind()
                yield self.bad(
                    lines.begun,
                    f"expected a line of at most {MAX_ROW >> 20} million characters; got {_short(raw)}",
                    raw,
                )
                continue
            if text.isspace():
                continue
            yield self._object(lines.begun, text)
        yield from self._end()

    def _object(self, line: int, text: str) -> Row | BadRow:
        try:
            value = _loads(text)
        except (ValueError, RecursionError) as e:
            return self.bad(line, f"expected a JSON object on the line; got {_short(text)}: {e}", text)
        if not isinstance(value, dict):
            return self.bad(line, f"expected a JSON object; got {_short(text)}", text)
        return Row(line, value)

    def _json(self) -> Iterator[Row | BadRow]:
        """Yield the objects of an array, or of objects that follow each other, each read as soon as it is whole."""
        decoder = json.JSONDecoder()
        buffer, at, line, ended = "", 0, 1, False
        while True:
            start = at
            while at < len(buffer) and buffer[at] in " \t\n,[]":
                at += 1
            line += buffer.count("\n", start, at)
            if at < len(buffer):
                try:
                    value, end = decoder.raw_decode(buffer, at)
                except (ValueError, RecursionError) as e:
                    if ended or len(buffer) - at > MAX_ROW or isinstance(e, RecursionError):
                        yield self.bad(
                            line,
                            f"expected a JSON object of at most {MAX_ROW >> 20} million characters; got "
                            f"{_short(buffer[at : at + MAX_RAW])}: {e}. What follows it in this file is not read: "
                            "mend it and import again",
                            buffer[at : at + MAX_RAW],
                        )
                        return
                else:
                    text = buffer[at:end]
                    got = f"expected a JSON object; got {_short(text)}"
                    yield Row(line, value) if isinstance(value, dict) else self.bad(line, got, text)
                    line += text.count("\n")
                    at = end
                    continue
            elif ended:
                break
            # Twice as much each time: an object of n characters is tried log n times, not n.
            more = self._lines.chunk(max(_HEAD, len(buffer) - at))
            ended = not more
            buffer, at = buffer[at:] + more, 0
        yield from self._end()

    def _end(self) -> Iterator[BadRow]:
        if self.failure is not None:
            yield BadRow(self._lines.number, self.failure, "")


def open_table(source: str | Path | BinaryIO, *, name: str = "", find_header: FindHeader | None = None) -> Table:
    """Open a table by path, `-` for standard input, or from an open binary stream (named `name` in messages).

    `find_header` is as `Table` takes it. Raises ConfigError where the file is absent, unreadable, empty or no text.
    """
    if not isinstance(source, str | Path):
        return Table(source, name or "<stream>", find_header=find_header)
    if str(source) == STDIN:
        return Table(sys.stdin.buffer, name or "<stdin>", find_header=find_header)
    path = Path(source)
    try:
        stream = path.open("rb")
    except OSError as e:
        msg = f"{path}: expected a readable file; got: {e.strerror or e}"
        raise ConfigError(msg) from e
    try:
        return Table(stream, name or path.name, find_header=find_header)
    except BaseException:
        stream.close()
        raise


@dataclass(frozen=True, slots=True)
class Field:
    """One of our fields and the names that files have for it; compared without case, spaces and punctuation."""

    name: str
    spellings: Sequence[str] = ()


class Columns:
    """Which column of a table goes to which field.

    By `explicit` {column: field} first, then by `guessed` (which counts as the worst spelling), then by spellings.
    Several columns may go to one field: the best spelling that is not empty counts. Columns that a JSON file shows only
    after its first 100 objects are put by the same rules. `by_field` has the columns of each mapped field, `ignored`
    the others.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        explicit: Mapping[str, str],
        columns: Iterable[str],
        guessed: Mapping[str, str] | None = None,
    ) -> None:
        self._explicit = explicit
        self._guessed = guessed or {}
        self._by_hand = frozenset(explicit.values())
        self._spellings: dict[str, tuple[int, str]] = {}
        for f in fields:
            for rank, spelling in enumerate((f.name, *f.spellings)):
                self._spellings.setdefault(_normal(spelling), (rank, f.name))
        self._ranks: dict[str, int] = {}
        self.by_field: dict[str, list[str]] = {}
        self.ignored: list[str] = []
        for column in columns:
            self._put(column)

    def __contains__(self, name: str) -> bool:
        """True where the file has a column for the field `name`."""
        return name in self.by_field

    def of(self, row: Row) -> dict[str, Any]:
        """Return the row's values by field, as they came; empty strings and nulls are left out."""
        if not row.cells.keys() <= self._ranks.keys():
            for column in row.cells:
                if column not in self._ranks:
                    self._put(column)
        found: dict[str, Any] = {}
        for name, columns in self.by_field.items():
            for column in columns:
                value = row.cells.get(column)
                if value is not None and value != "":
                    found[name] = value
                    break
        return found

    def column(self, name: str, row: Row) -> str:
        """Return the column that gave the field `name` its value in `row`, for a message; "" where none did."""
        return next((c for c in self.by_field.get(name, ()) if row.cells.get(c) not in (None, "")), "")

    def described(self) -> tuple[tuple[str, str], ...]:
        """Return (column, field) for every column of the file, `-` for those that are ignored."""
        used = [(column, name) for name, columns in self.by_field.items() for column in columns]
        return (*used, *((column, IGNORED) for column in self.ignored))

    def _put(self, column: str) -> None:
        rank, name = self._spellings.get(_normal(column), (0, IGNORED))
        if self._guessed.get(column, name) != name:
            rank, name = _WORST, self._guessed[column]
        if name in self._by_hand:  # said by hand: no guess beside it
            name = IGNORED
        if column in self._explicit:
            rank, name = -1, self._explicit[column]
        if name == IGNORED and len(self._ranks) >= _MOST_COLUMNS:
            return
        self._ranks[column] = rank
        if name == IGNORED:
            self.ignored.append(column)
        else:
            columns = self.by_field.setdefault(name, [])
            columns.append(column)
            columns.sort(key=lambda c: self._ranks[c])


def parse_map(options: Iterable[str]) -> dict[str, str]:
    """Return {column: field} from `column=field` options. Raises ConfigError for one that is not of that form."""
    found: dict[str, str] = {}
    for option in options:
        column, equals, name = option.rpartition("=")
        if not equals or not column or not name:
            msg = f"--map: expected column=field (or column=- to ignore it); got {option!r}"
            raise ConfigError(msg)
        found[column.strip()] = name.strip()
    return found


def map_columns(
    table: Tabular,
    fields: Sequence[Field],
    *,
    explicit: Mapping[str, str] | None = None,
    guessed: Mapping[str, str] | None = None,
    required: Sequence[Sequence[str]] = (),
    prefixes: Sequence[str] = (),
) -> Columns:
    """Put a table's columns to `fields`, by `explicit` {column: field}, then by `guessed`, then by known spellings.

    `required` are groups of fields of which each needs at least one column. A field named explicitly may also be
    one of `prefixes` and anything behind it (open sets of fields). Raises ConfigError where a group has no column, or
    `explicit` names a column or field that is not there: it lists what was found, what was expected and how to map.
    """
    explicit = explicit or {}
    names = [f.name for f in fields]
    for column, name in explicit.items():
        if column not in table.columns:
            msg = f"{table.name}: --map {column}={name}: expected one of the columns {_listed(table.columns)}"
            raise ConfigError(msg + did_you_mean(column, table.columns))
        open_field = any(name.startswith(prefix) and name != prefix for prefix in prefixes)
        if name not in names and name != IGNORED and not open_field:
            msg = f"{table.name}: --map {column}={name}: expected one of the fields {_listed(names)}"
            raise ConfigError(msg + did_you_mean(name, names))
    columns = Columns(fields, explicit, table.columns, guessed)
    for group in required:
        if table.columns and not any(name in columns for name in group):
            msg = (
                f"{table.name}: expected a column for {' or '.join(group)}; found the columns "
                f"{_listed(table.columns)}. Name it in the header, or say --map 'COLUMN={group[0]}'"
            )
            raise ConfigError(msg)
    return columns


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `. Did you mean 'x'?` for the nearest of `known`, or "" where none is near."""
    by_normal = {_normal(k): k for k in known}
    near = difflib.get_close_matches(_normal(word), by_normal, n=1)
    return f". Did you mean {by_normal[near[0]]!r}?" if near else ""


class _RowTooLongError(Exception):
    """A row passed MAX_ROW characters."""


class _Lines:
    """Text lines with their number, which can be taken back to the second line of the row that began last."""

    def __init__(self, table: Table, text: io.TextIOWrapper) -> None:
        self._table = table
        self._text = text
        self._waiting: deque[str] = deque()
        self._row: list[str] = []
        self._size = 0
        self.begun = 0  # number of the row's first line
        self.number = 0  # number of the last line that was given out
        self.ended = False  # the row asked for more than there is

    @property
    def taken(self) -> int:
        """Lines given out since the row began."""
        return len(self._row)

    def look(self) -> tuple[str, str]:
        """Return the first two lines that are not blank, without taking them; "" for those that are not there."""
        found: list[str] = []
        while len(found) < 2 and (line := self._read()):
            self._waiting.append(line)
            self.number += 1
            if not line.isspace():
                found.append(line)
        self.number = 0
        return (*found, "", "")[0], (*found, "", "")[1]

    def peek(self, count: int) -> list[str]:
        """Return up to `count` lines without taking them; no lines may have been taken before."""
        while len(self._waiting) < count and (line := self._read()):
            self._waiting.append(line)
        return list(islice(self._waiting, count))

    def skip(self) -> None:
        """Take lines up to and including the first that is not blank."""
        while next(self).isspace():
            pass

    def begin(self) -> None:
        """A row begins with the next line."""
        self._row.clear()
        self._size = 0
        self.ended = False
        self.begun = self.number + 1

    def rewind(self) -> str:
        """Give back all lines of the row but the first, which is returned; the next row begins on the second."""
        first, *rest = self._row
        self._waiting.extendleft(reversed(rest))
        self.number = self.begun
        return first

    def chunk(self, size: int) -> str:
        """Return some of the text that is left, not cut at lines; "" at the end."""
        if self._waiting:
            return self._waiting.popleft()
        return self._guarded(lambda: self._text.read(size))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._read()
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        self._row.append(line)
        self._size += len(line)
        if self._size > MAX_ROW:
            raise _RowTooLongError(f"a row of more than {MAX_ROW} characters")
        return line

    def _read(self) -> str:
        """Return the next line, "" at the end; of a line beyond all bounds its first MAX_ROW + 1 characters."""
        line = self._guarded(lambda: self._text.readline(MAX_ROW + 1))
        if len(line) > MAX_ROW and not line.endswith("\n"):
            while (rest := self._guarded(lambda: self._text.readline(MAX_ROW))) and not rest.endswith("\n"):
                pass
        return line

    def _guarded(self, read: Callable[[], str]) -> str:
        try:
            text = read()
        except (OSError, EOFError, zlib.error) as e:
            self._table.failure = InputError(
                f"expected the rest of the file; got: {e}. The rows above are whole; fetch the file again",
                where=self._table.where(self.number + 1),
            )
            return ""
        if not text.isascii() and _ESCAPED.search(text):
            self._table.note_row("bytes that are not UTF-8, read as Windows-1252", self.number + 1)
            # Byte by byte, so that one bad quotation mark does not spoil the Hindi beside it.
            text = _ESCAPED.sub(lambda m: bytes([ord(m[0]) - 0xDC00]).decode("cp1252", "replace"), text)
        return text


_ESCAPED = re.compile("[\udc80-\udcff]")  # what surrogateescape makes of bytes that are not UTF-8
_NOT_IN_NAMES = re.compile(r"[\W_]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class _Counting(io.RawIOBase):
    """Counts the compressed bytes that pass."""

    def __init__(self, raw: "io.BufferedReader[Any]") -> None:
        self._raw = raw
        self.passed = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._raw.read1(len(buffer))
        buffer[: len(data)] = data
        self.passed += len(data)
        return len(data)


class _Inflated(io.RawIOBase):
    """Gzip as it streams; raises OSError where it swells as only a decompression bomb does."""

    def __init__(self, raw: "io.BufferedReader[Any]") -> None:
        self._counting = _Counting(raw)
        self._gzip = gzip.GzipFile(fileobj=io.BufferedReader(self._counting, _HEAD))
        self._passed = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._gzip.read1(len(buffer))
        buffer[: len(data)] = data
        self._passed += len(data)
        if self._passed > BOMB_FROM and self._passed > BOMB_RATIO * self._counting.passed:
            msg = (
                f"{self._counting.passed} bytes of gzip that swell to {self._passed} and more, over 1:{BOMB_RATIO}; "
                "if that is what it should be, unpack it first"
            )
            raise OSError(msg)
        return len(data)


def _loads(text: str) -> Any:
    """Return the value of a JSON text. msgspec is fast, but raises on lone surrogates in escapes; json takes them."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return json.loads(text)


def _is_scalar(text: str) -> bool:
    """True for a line that is a text, number, boolean or null of JSON."""
    try:
        return not isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _is_object(text: str) -> bool:
    """True where the text is a whole JSON object, or is at least none that just goes on over the next lines."""
    if text.lstrip().startswith("["):
        return False
    try:
        json.JSONDecoder().raw_decode(text.lstrip())
    except json.JSONDecodeError as e:
        return bool(text[e.pos :].strip())
    except (ValueError, RecursionError):
        return True
    return True


def _normal(name: str) -> str:
    # Vowel signs and marks count as punctuation here: letters in two normal forms are one name.
    return _NOT_IN_NAMES.sub("", unicodedata.normalize("NFKC", name).casefold())


def _printable(name: str) -> str:
    return _CONTROL.sub(" ", name).strip()[:100]


def _listed(names: Iterable[str]) -> str:
    listed = [repr(n) for n in names]
    return ", ".join(listed[:40]) + (f" and {len(listed) - 40} more" if len(listed) > 40 else "")


def _short(text: str) -> str:
    text = text.strip()
    return repr(text[:60] + "…" if len(text) > 60 else text)
