"""A .mailmap as git reads it: its four forms, comments, and lines that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.crm.mailmap import Mapped, read_mailmap

WORD = st.text("abc Ünй", max_size=8).map(str.strip)
EMAIL = st.text("abc.@", max_size=8)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Asha Rao <asha@old.example>", Mapped(1, "Asha Rao", "", "asha@old.example")),
        ("<asha@new.example> <asha@old.example>", Mapped(1, "", "asha@new.example", "asha@old.example")),
        ("Asha Rao <a@new.example> <a@old.example>", Mapped(1, "Asha Rao", "a@new.example", "a@old.example")),
        ("Asha Rao <a@new.example> asha <a@old.example>", Mapped(1, "Asha Rao", "a@new.example", "a@old.example")),
        ("Asha Rao <a@old.example> # since 2020", Mapped(1, "Asha Rao", "", "a@old.example")),
        ("<a@old.example>", Mapped(1, "", "", "")),
        ("Asha Rao", Mapped(1, "", "", "")),
    ],
)
def test_each_form_of_a_line_is_read(line: str, expected: Mapped) -> None:
    assert list(read_mailmap([line])) == [expected]


def test_comments_and_empty_lines_are_passed_over_and_counted() -> None:
    found = list(read_mailmap(["# who is who", "", "  ", "A <a@x.example>\r\n"]))
    assert found == [Mapped(4, "A", "", "a@x.example")]


@given(WORD, EMAIL, WORD, EMAIL)
def test_what_is_written_is_read_back(name: str, email: str, other: str, commit: str) -> None:
    [found] = read_mailmap([f"{name} <{email}> {other} <{commit}>"])
    if name or commit:
        assert found == Mapped(1, name, email.strip(), commit.strip())


@given(st.text(max_size=60))
def test_no_line_breaks_it(line: str) -> None:
    assert len(list(read_mailmap([line]))) <= 1
