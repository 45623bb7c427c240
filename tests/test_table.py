import contextlib
import csv
import gzip
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard import table as module
from overheard.errors import ConfigError
from overheard.table import BadRow, Field, Row, Table, did_you_mean, map_columns, open_table, parse_map


def read(data: bytes, name: str = "f.csv") -> tuple[Table, list[Row], list[BadRow]]:
    table = open_table(io.BytesIO(data), name=name)
    everything = list(table)
    return table, [r for r in everything if isinstance(r, Row)], [r for r in everything if isinstance(r, BadRow)]


def test_rows_carry_the_line_they_begin_on_through_quoted_line_breaks() -> None:
    _, rows, bad = read(b'id,text\r\n1,"two\r\nlines"\r\n\r\n2,b\r\n')
    assert [(r.line, dict(r.cells)) for r in rows] == [
        (2, {"id": "1", "text": "two\nlines"}),
        (5, {"id": "2", "text": "b"}),
    ]
    assert not bad


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    table, rows, _ = read(f"id{delimiter}text\n1{delimiter}a\n".encode())
    assert table.delimiter == delimiter
    assert rows[0].cells == {"id": "1", "text": "a"}


def test_excels_sep_line_is_obeyed() -> None:
    table, rows, _ = read(b"sep=;\nid;a,b\n1;2,3\n")
    assert table.columns == ("id", "a,b")
    assert rows == [Row(3, {"id": "1", "a,b": "2,3"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(encoding: str) -> None:
    table, rows, _ = read("id,name\n1,हिन्दी\n".encode(encoding))
    assert table.columns == ("id", "name")
    assert rows[0].cells["name"] == "हिन्दी"


def test_bytes_that_are_not_utf8_are_read_as_windows_1252_and_reported_with_their_line() -> None:
    table, rows, _ = read("id,name\n1,हिन्दी\n".encode() + "2,Müller “x”\n".encode("cp1252"))
    assert [r.cells["name"] for r in rows] == ["हिन्दी", "Müller “x”"]
    assert table.notes == ("bytes that are not UTF-8, read as Windows-1252: 1 row, the first on line 3",)


def test_utf16_without_a_mark_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        read("id,name\n1,x\n".encode("utf-16-le"))


def test_gzip_is_told_from_its_content_and_its_members_are_joined() -> None:
    _, rows, _ = read(gzip.compress(b"id\n1\n") + gzip.compress(b"2\n"), name="not-called.gz.csv")
    assert [r.cells["id"] for r in rows] == ["1", "2"]


def test_gzip_that_ends_early_gives_its_rows_and_then_an_error_with_the_line() -> None:
    data = gzip.compress("".join(f'{{"id": "{i * 7919 % 100003}"}}\n' for i in range(50_000)).encode())
    _, rows, bad = read(data[: len(data) // 2], name="p.ndjson")
    assert 1_000 < len(rows) < 50_000
    assert "expected the rest of the file" in str(bad[-1].error)
    assert str(bad[-1].error).startswith("p.ndjson:")


def test_a_decompression_bomb_is_stopped_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BOMB_FROM", 1 << 20)
    _, _, bad = read(gzip.compress(b"id\n" + (b"x" * 1000 + b"\n") * 8_000))
    assert "swell" in str(bad[-1].error)


def test_an_unclosed_quote_costs_its_own_line_only() -> None:
    _, rows, bad = read(b'id,text\n1,a\n2,"oops\n3,c\n4,d\n')
    assert [r.cells["id"] for r in rows] == ["1", "3", "4"]
    assert [r.line for r in rows] == [2, 4, 5]
    assert [b.line for b in bad] == [3]
    assert bad[0].raw == '2,"oops\n'


def test_a_cell_beyond_the_bound_costs_its_own_line_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FIELD", 1000)
    monkeypatch.setattr(module, "MAX_ROW", 5000)
    _, rows, bad = read(b"id,text\n1," + b"x" * 2000 + b"\n2,b\n3," + b"y" * 20_000 + b"\n4,d\n")
    assert [r.cells["id"] for r in rows] == ["2", "4"]
    assert [b.line for b in bad] == [2, 4]


def test_too_many_cells_are_a_row_error_and_too_few_are_noted() -> None:
    table, rows, bad = read(b"id,a,b\n1,x,y,z\n2,x\n3,x,y,,\n4,x,y\n")
    assert [dict(r.cells) for r in rows] == [
        {"id": "2", "a": "x", "b": ""},
        {"id": "3", "a": "x", "b": "y"},
        {"id": "4", "a": "x", "b": "y"},
    ]
    assert "expected 3 cells" in str(bad[0].error)
    assert str(bad[0].error).startswith("f.csv:2: ")
    assert "line 3" in table.notes[0]


def test_double_and_nameless_columns_get_names_and_notes() -> None:
    table, rows, _ = read(b"id,name,name,\n1,a,b,c\n")
    assert table.columns == ("id", "name", "name (3)", "column 4")
    assert rows[0].cells == {"id": "1", "name": "a", "name (3)": "b", "column 4": "c"}
    assert len(table.notes) == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n\n  \n", "every line is blank"),
        (b"PK\x03\x04rest", "Save the sheet as CSV"),
        (b'"id,name\n1,2\n', "quote that is never closed"),
        (b"\x1f\x8bnot gzip", "expected a readable file"),
    ],
)
def test_a_file_that_is_no_table_says_what_it_is_and_what_to_do(data: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(data)


def test_an_absent_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.csv: expected a readable file"):
        open_table("nowhere.csv")


def test_a_bad_ndjson_line_is_a_row_error_and_the_rest_goes_on() -> None:
    _, rows, bad = read(b'{"id": 1}\n{"id": \n\n[2]\n{"id": 3}\n', name="p.ndjson")
    assert [(r.line, r.cells["id"]) for r in rows] == [(1, 1), (5, 3)]
    assert [str(b.error)[:10] for b in bad] == ["p.ndjson:2", "p.ndjson:4"]


def test_a_first_ndjson_line_that_breaks_off_costs_itself_only() -> None:
    table, rows, bad = read(b'\n{"id": 1, "text": "br\n{"id": 2}\n{"id": 3}\n')
    assert table.format == "NDJSON"
    assert [(r.line, r.cells["id"]) for r in rows] == [(3, 2), (4, 3)]
    assert [b.line for b in bad] == [2]


def test_a_first_line_beyond_the_bound_costs_itself_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROW", 5000)
    _, rows, bad = read(b'{"id": 1, "text": "' + b"x" * 20_000 + b'"}\n{"id": 2}\n')
    assert [r.cells["id"] for r in rows] == [2]
    assert [b.line for b in bad] == [1]


def test_a_file_without_one_row_that_can_be_read_says_why() -> None:
    with pytest.raises(ConfigError, match=r"p\.ndjson:1: expected a JSON object on the line; got '\{nonsense"):
        read(b"{nonsense}\n{more nonsense}\n", name="p.ndjson")


def test_a_bomb_of_one_line_is_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    csv.field_size_limit(131_072)  # as a fresh process has it: the limit is the module's, and other tests raise it
    monkeypatch.setattr(module, "BOMB_FROM", 1 << 20)
    monkeypatch.setattr(module, "MAX_ROW", 1 << 20)
    for data in (b'{"id": "' + b"x" * 8_000_000 + b'"}\n', b"id" + b"x" * 8_000_000):
        with pytest.raises(ConfigError, match=r"swell"):
            read(gzip.compress(data))


def test_lone_surrogates_in_json_escapes_are_taken_and_left_to_the_door() -> None:
    _, rows, bad = read(b'{"id": 1, "text": "a\\ud800b"}\n')
    assert rows[0].cells["text"] == "a\ud800b"
    assert not bad


def test_json_nested_a_million_deep_is_a_row_error() -> None:
    _, rows, bad = read(b'{"id": 1}\n{"a": ' + b"[" * 1_000_000 + b'\n{"id": 2}\n')
    assert [r.cells["id"] for r in rows] == [1, 2]
    assert len(bad) == 1


def test_an_array_of_objects_and_pretty_printed_objects_are_read_alike() -> None:
    objects = [{"id": i, "text": "x" * 50_000} for i in range(10)]
    for text in (
        json.dumps(objects),
        json.dumps(objects, indent=2),
        "\n".join(json.dumps(o, indent=1) for o in objects),
    ):
        table, rows, bad = read(text.encode())
        assert table.format == "JSON"
        assert [dict(r.cells) for r in rows] == objects
        assert not bad
    assert [r.line for r in rows] == [1 + 4 * i for i in range(10)]


def test_an_array_that_breaks_off_gives_what_came_before() -> None:
    _, rows, bad = read(b'[{"id": 1}, 7, {"id": 2},\n {"id": ')
    assert [r.cells["id"] for r in rows] == [1, 2]
    assert [b.line for b in bad] == [1, 2]


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=20)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=20))
def test_whatever_the_csv_module_writes_comes_back(written: list[tuple[str, str]]) -> None:
    import csv

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "a", "b"])
    for i, cells in enumerate(written):
        writer.writerow([i, *cells])
    _, rows, bad = read(out.getvalue().encode())
    assert not bad
    assert [(r.cells["a"], r.cells["b"]) for r in rows] == written


@given(st.binary(max_size=300))
def test_no_bytes_crash_it(data: bytes) -> None:
    with contextlib.suppress(ConfigError):
        read(data)


FIELDS = [Field("external_id", ("id",)), Field("name", ("full name",)), Field("email", ("e-mail",))]


def columns_of(data: bytes, **kwargs: Any) -> tuple[module.Columns, list[Row]]:
    table = open_table(io.BytesIO(data), name="c.csv")
    columns = map_columns(table, FIELDS, required=[["external_id"]], **kwargs)
    return columns, [r for r in table if isinstance(r, Row)]


@pytest.mark.parametrize("header", ["External ID", "external_id", "EXTERNALID", "external-id", " Id "])
def test_columns_are_found_without_case_spaces_or_punctuation(header: str) -> None:
    columns, rows = columns_of(f"{header},Full Name,fax\n7,Asha,1\n".encode())
    assert columns.of(rows[0]) == {"external_id": "7", "name": "Asha"}
    assert columns.described() == ((header.strip(), "external_id"), ("Full Name", "name"), ("fax", "-"))


def test_the_best_spelling_that_is_not_empty_counts() -> None:
    columns, rows = columns_of(b"id,external_id\n1,2\n3,\n")
    assert [columns.of(r)["external_id"] for r in rows] == ["2", "3"]
    assert columns.column("external_id", rows[1]) == "id"


def test_an_explicit_map_beats_every_guess_and_can_ignore_a_column() -> None:
    columns, rows = columns_of(b"id,no,name\n1,2,x\n", explicit=parse_map(["no=external_id", "name=-"]))
    assert columns.of(rows[0]) == {"external_id": "2"}
    assert set(columns.ignored) == {"id", "name"}


def test_a_missing_column_lists_what_was_found_and_how_to_map() -> None:
    with pytest.raises(ConfigError) as e:
        columns_of(b"number,Full Name\n1,x\n")
    assert str(e.value) == (
        "c.csv: expected a column for external_id; found the columns 'number', 'Full Name'. "
        "Name it in the header, or say --map 'COLUMN=external_id'"
    )


def test_a_map_that_names_nothing_known_says_what_is_near() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'Number'"):
        columns_of(b"Number,x\n1,2\n", explicit={"nmber": "external_id"})
    with pytest.raises(ConfigError, match="Did you mean 'external_id'"):
        columns_of(b"number,x\n1,2\n", explicit={"number": "externalid"})
    with pytest.raises(ConfigError, match="expected column=field"):
        parse_map(["number"])


def test_a_json_column_that_appears_late_is_mapped_too() -> None:
    lines = [json.dumps({"id": i}) for i in range(150)] + [json.dumps({"id": 150, "Full Name": "late", "x": 1})]
    columns, rows = columns_of("\n".join(lines).encode())
    assert columns.of(rows[-1]) == {"external_id": 150, "name": "late"}
    assert "x" in columns.ignored


def test_did_you_mean_is_silent_where_nothing_is_near() -> None:
    assert did_you_mean("zzz", ["interval", "url"]) == ""


def _second(rows: Sequence[Sequence[str]]) -> int:
    return next(i for i, row in enumerate(rows) if "name" in row)


def test_a_header_below_title_rows_is_found_where_asked_for_and_lines_keep_their_numbers() -> None:
    data = b"People, 2026\n\nid;name;place\n1;Asha;Pune\n"
    with open_table(io.BytesIO(data), name="t.csv", find_header=_second) as table:
        assert table.columns == ("id", "name", "place")
        assert [(row.line, row.cells) for row in table if isinstance(row, Row)] == [
            (4, {"id": "1", "name": "Asha", "place": "Pune"})
        ]
        assert table.notes == ("the header is on line 3; what stands above it is left out",)


def test_blank_lines_above_a_header_are_no_note() -> None:
    with open_table(io.BytesIO(b"\n,\nid,name\n1,x\n"), find_header=_second) as table:
        assert (table.columns, table.notes) == (("id", "name"), ())


def test_a_table_without_a_header_has_numbered_columns_and_all_its_rows() -> None:
    with open_table(io.BytesIO(b"1,x\n2,y\n"), find_header=lambda _: -1) as table:
        assert table.columns == ("column 1", "column 2")
        assert [row.line for row in table] == [1, 2]


@given(st.binary(min_size=1, max_size=80), st.integers(-1, 3))
def test_any_bytes_are_rows_or_an_error_whichever_row_is_said_to_be_the_header(data: bytes, at: int) -> None:
    with contextlib.suppress(ConfigError), open_table(io.BytesIO(data), find_header=lambda r: min(at, len(r) - 1)) as t:
        list(t)


def test_a_guess_counts_less_than_a_spelling_and_beats_nothing_said_by_hand() -> None:
    fields = (Field("email", ("mail",)), Field("name"))
    with open_table(io.BytesIO(b"Mail,What,Who\na@x,b@x,c@x\n")) as table:
        columns = map_columns(table, fields, guessed={"What": "email", "Who": "name"}, explicit={"Who": "-"})
        assert columns.by_field == {"email": ["Mail", "What"]}
        assert columns.ignored == ["Who"]
