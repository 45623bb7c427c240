"""docs/search.md says what the query language does: its examples, fields, limits and errors are the code's."""

import re
from pathlib import Path

from overheard.errors import QueryError
from overheard.index.analyser import MAX_TOKEN
from overheard.index.fields import FIELDS
from overheard.index.query import MAX_DEPTH, MAX_DISTANCE, MAX_LENGTH, MAX_PHRASES, parse

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "search.md").read_text("utf-8")


def test_every_example_of_the_first_table_is_a_query() -> None:
    rows = re.findall(r"^\| (`.*?) \|", TEXT.partition("## Fields")[0], re.MULTILINE)
    examples = [example for row in rows for example in re.findall(r"`(.+?)`", row)]
    assert len(examples) > 20
    for example in examples:
        query = f"published:{example}" if re.match(r"\d|\[", example) else example
        parse(query)


def test_every_field_is_described() -> None:
    table = TEXT.partition("## Fields")[2].partition("## What a word is")[0]
    assert {
        name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    } == FIELDS


def test_the_limits_are_those_of_the_code() -> None:
    for limit in (f"up to {MAX_DEPTH} inside", f"0 to {MAX_DISTANCE}", f"at most {MAX_LENGTH:,} characters"):
        assert limit in TEXT
    assert f"at most {MAX_PHRASES:,} combinations" in " ".join(TEXT.split())
    assert f"longer than {MAX_TOKEN} characters" in TEXT


def test_the_errors_shown_are_the_errors_given() -> None:
    shown = re.findall(r"^    (at character .*)$", TEXT, re.MULTILINE)
    given = []
    for query in ("nvidia (driver", "-spam"):
        try:
            parse(query)
        except QueryError as e:
            given.append(str(e))
    assert shown == given
