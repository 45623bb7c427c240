import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from overheard.collectors import files
from overheard.config.settings import file_struct
from overheard.config.watchlist import load_watchlist
from overheard.crm import accounts, contacts
from overheard.crm.rows import HANDLE
from overheard.policy import PolicyTable
from overheard.wiring.kinds import KINDS, load_settings

DOCS = Path(__file__).parents[2] / "docs"


def keys_of(struct: Any, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        kind = next(
            (t for t in (field.type, *getattr(field.type, "__args__", ())) if hasattr(t, "__struct_fields__")), None
        )
        # Every kind of source has these, so they are documented once.
        name = "policy" if kind is PolicyTable else f"{prefix}{field.encode_name}"
        name = "about" if field.name == "about" else name
        found |= keys_of(kind, f"{name}.") if kind else {name: field.default}
    return found


def test_the_documented_settings_are_the_settings_with_their_defaults() -> None:
    text = (DOCS / "configuration.md").read_text("utf-8")
    documented = dict(re.findall(r"^\| `([\w.]+)` \| (?:`([^`]*)`|–) \|", text, re.MULTILINE))
    actual = keys_of(file_struct(KINDS))
    assert documented.keys() == actual.keys()
    for name, value in documented.items():
        expected = None if value == "" else tomllib.loads(f"v = {value}")["v"]
        default = actual[name]
        assert default is msgspec.NODEFAULT or expected == (list(default) if isinstance(default, tuple) else default)


def test_the_documented_examples_are_valid(tmp_path: Path) -> None:
    settings, watch = re.findall(r"```toml\n(.*?)```", (DOCS / "configuration.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "overheard.toml").write_text(settings, "utf-8")
    (tmp_path / "watch.toml").write_text(watch, "utf-8")
    assert load_settings(tmp_path / "overheard.toml").sources
    assert load_watchlist(tmp_path / "watch.toml").terms


def test_every_field_and_spelling_of_the_imports_is_documented() -> None:
    words = set(re.findall(r"[\w-]+", (DOCS / "import.md").read_text("utf-8")))
    for field in (*files.FIELDS, *contacts.FIELDS):
        if field.name.startswith(HANDLE):
            assert field.name.removeprefix(HANDLE) in words
        else:
            assert {field.name, *field.spellings} <= words, field
    assert {field.name for field in accounts.FIELDS if not field.name.startswith(HANDLE)} <= words
