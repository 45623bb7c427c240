import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from overheard.collectors import files
from overheard.collectors.communities.community import Community
from overheard.collectors.pushed.hook import Hook
from overheard.config.settings import HttpSettings, file_struct
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


SOURCES = DOCS / "sources"
# Every page of a kind that is told by a service says all of this; the kinds of the open web are told by anybody.
TOLD_BY_SERVICES = [name for name, kind in KINDS.items() if issubclass(kind, Community | Hook)]


@pytest.mark.parametrize("kind", TOLD_BY_SERVICES)
def test_the_page_of_a_service_says_what_comes_what_it_needs_what_does_not_come_and_its_terms(kind: str) -> None:
    text = (SOURCES / f"{kind}.md").read_text("utf-8")
    heads = re.findall(r"^## (.*)", text, re.MULTILINE)
    assert {"What a mention has", "What it does not tell", "Terms"} <= set(heads)
    # A hook is set up in steps, or sends with a secret of its own.
    assert "What it needs" in heads or "secret_env" in text
    assert "`overheard up" in text, "what runs it"
    assert "`overheard sources" in text, "how one sees what it does"


@pytest.mark.parametrize("kind", [name for name in TOLD_BY_SERVICES if name != "jetstream"])
def test_the_page_of_a_service_says_what_is_on_record_and_how_it_is_set_up_in_questions(kind: str) -> None:
    text = (SOURCES / f"{kind}.md").read_text("utf-8")
    assert f"`overheard sources add {kind}`" in text
    assert "(../configuration.md#watchtoml)" in text or "pass the winnow" in text


@pytest.mark.parametrize("kind", [name for name in TOLD_BY_SERVICES if "https://" in KINDS[name].token_from])
def test_the_page_says_where_a_token_is_made(kind: str) -> None:
    place = re.search(r"https://[^\s;]+[^\s;.]", KINDS[kind].token_from)
    assert place is not None
    assert place[0] in (SOURCES / f"{kind}.md").read_text("utf-8")


@pytest.mark.parametrize("page", sorted(SOURCES.glob("*.md")), ids=lambda page: page.stem)
def test_a_setting_that_a_page_shows_among_its_words_is_one_of_its_kind(page: Path) -> None:
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(KINDS[page.stem])}
    fields |= {field.encode_name: field.type for field in msgspec.structs.fields(PolicyTable)}
    fields |= {field.encode_name: field.type for field in msgspec.structs.fields(HttpSettings)}
    for shown in re.findall(r"`(\w+ = [^`]+)`", page.read_text("utf-8")):
        ((name, value),) = tomllib.loads(shown).items()
        msgspec.convert(value, fields[name])


def test_what_every_page_says_of_the_watch_list_is_there() -> None:
    text = (DOCS / "configuration.md").read_text("utf-8")
    assert 'watch = "watch.toml"' in text.partition("## `watch.toml`")[2].partition("```toml")[0]
