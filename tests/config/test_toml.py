from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.config.toml import line_of, load
from overheard.errors import ConfigError

TEXT = """\
# comment
top = 1

[table]
a = 1
"quoted key" = 2

[[row]]
id = "one"
[[row]]
id = "two"
list = [
  "x",
]
[row.inner]
deep = 1
"""


def test_a_key_is_found_on_its_line() -> None:
    for steps, line in (
        (("top",), 2),
        (("table",), 4),
        (("table", "a"), 5),
        (("table", "quoted key"), 6),
        (("row", 0, "id"), 9),
        (("row", 1, "id"), 11),
        (("row", 1, "list", 0), 12),
        (("row", 1, "inner", "deep"), 16),
    ):
        assert line_of(TEXT, steps) == line, steps


def test_a_key_that_is_missing_is_found_where_its_table_begins() -> None:
    assert line_of(TEXT, ("row", 1, "kind")) == 10
    assert line_of(TEXT, ("nowhere",)) == 1


@given(st.text(), st.lists(st.one_of(st.text(max_size=3), st.integers(0, 3)), max_size=3))
def test_no_text_confuses_it(text: str, steps: list[str | int]) -> None:
    assert 1 <= line_of(text, tuple(steps)) <= max(1, len(text.splitlines()))


@pytest.mark.parametrize("line", ["token = 'sesame'", "token_env = 'open sesame'", "password_file = ['sesame']"])
def test_a_secret_that_stands_in_the_settings_is_not_shown(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(line)
    with pytest.raises(ConfigError) as e:
        load(path, Places)
    assert line.partition(" ")[0] in str(e.value)
    assert "sesame" not in str(e.value)


class Places(msgspec.Struct, forbid_unknown_fields=True):
    token_env: Annotated[str, msgspec.Meta(pattern="^[A-Z_]*$")] = ""
    password_file: str = ""
