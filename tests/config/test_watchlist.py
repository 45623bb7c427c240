from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from overheard.config.watchlist import WatchList, load_watchlist, watch_events
from overheard.errors import ConfigError
from overheard.records import Event, Term, WatchedSource

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
REAL = Path(__file__).parents[3] / "shared" / "data" / "real" / "watch.toml"
LATHE = '[[term]]\nid = "lathe"\nkind = "own-product"\naliases = ["SL-200", "Sahyadri lathe"]\n'


def load(folder: Path, text: str) -> WatchList:
    path = folder / "watch.toml"
    path.write_text(text, encoding="utf-8")
    return load_watchlist(path)


def test_terms_and_sources_are_read(tmp_path: Path) -> None:
    watchlist = load(tmp_path, f'always = ["press", "press"]\n{LATHE}')
    assert watchlist.terms == (Term(id="lathe", kind="own-product", aliases=("SL-200", "Sahyadri lathe")),)
    assert watchlist.sources == (WatchedSource(source="press"),)
    assert watchlist.warnings == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LATHE + LATHE, "watch.toml:6: term[2].id: expected an id of its own; got 'lathe', as on line 2"),
        (
            LATHE.replace("aliases", "alias"),
            "watch.toml:4: term[1].alias: unknown key; expected one of id, kind, aliases",
        ),
        (LATHE.replace("aliases", "alias"), "Did you mean 'aliases'?"),
        (LATHE.replace("own-product", "product"), "watch.toml:3: term[1].kind: expected one of 'own-company', "),
        (
            LATHE.replace('["SL-200", "Sahyadri lathe"]', "[]"),
            "watch.toml:4: term[1].aliases: expected a list of length >= 1",
        ),
        (
            LATHE.replace("SL-200", "  "),
            "watch.toml:4: term[1].aliases: expected letters or digits in alias 1; got '  '",
        ),
        (
            LATHE.replace('"SL-200"', "200"),
            "watch.toml:4: term[1].aliases[1]: expected a text in quotes, got a whole number",
        ),
        (LATHE.replace('"lathe"', '""'), "watch.toml:2: term[1].id: expected a text in quotes of length >= 1"),
        ('[[term]]\nkind = "company"\naliases = ["A1"]', "watch.toml:1: term[1]: object missing required field 'id'"),
        ("allways = []\n", "Did you mean 'always'?"),
        ("", "expected at least one [[term]]"),
    ],
)
def test_an_error_names_file_line_key_expected_and_got(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as e:
        load(tmp_path, text)
    assert message in str(e.value)


@pytest.mark.parametrize(
    ("alias", "message"), [("X", "is one letter"), ("Target", "common word"), ("है", "common word")]
)
def test_an_alias_that_passes_too_much_is_a_warning_with_its_line(tmp_path: Path, alias: str, message: str) -> None:
    (warning,) = load(tmp_path, LATHE.replace("SL-200", alias)).warnings
    assert warning.startswith("watch.toml:4: alias ")
    assert message in warning


def test_one_alias_for_two_terms_is_a_warning(tmp_path: Path) -> None:
    (warning,) = load(tmp_path, LATHE + LATHE.replace('"lathe"', '"other"').replace("Sahyadri lathe", "x9")).warnings
    assert "is an alias of 'lathe' too" in warning


def test_spellings_that_fold_alike_are_one_alias(tmp_path: Path) -> None:
    assert load(tmp_path, LATHE.replace("Sahyadri lathe", "sl-200")).terms[0].aliases == ("SL-200",)


def known(*events: Event[Any]) -> dict[str, Event[Any]]:
    return {event.subject: event for event in events}


def test_the_same_list_again_makes_no_event_and_a_change_makes_the_next_version(tmp_path: Path) -> None:
    first = watch_events(load(tmp_path, f'always = ["press"]\n{LATHE}'), {}, NOW)
    assert [(e.subject, e.verb, e.sourceversion) for e in first] == [
        ("term/lathe", "Create", 0),
        ("source/press", "Create", 0),
    ]
    assert watch_events(load(tmp_path, f'always = ["press"]\n{LATHE}'), known(*first), NOW) == ()
    changed = watch_events(
        load(tmp_path, f'always = ["press"]\n{LATHE.replace("SL-200", "SL-300")}'), known(*first), NOW
    )
    assert [(e.subject, e.verb, e.sourceversion) for e in changed] == [("term/lathe", "Update", 1)]


def test_what_left_the_list_is_deleted_once_and_can_come_back(tmp_path: Path) -> None:
    first = watch_events(load(tmp_path, f'always = ["press"]\n{LATHE}'), {}, NOW)
    (gone,) = watch_events(load(tmp_path, LATHE), known(*first), NOW)
    assert (gone.subject, gone.verb, gone.sourceversion) == ("source/press", "Delete", 1)
    assert watch_events(load(tmp_path, LATHE), known(*first) | known(gone), NOW) == ()
    (back,) = watch_events(load(tmp_path, f'always = ["press"]\n{LATHE}'), known(*first) | known(gone), NOW)
    assert (back.subject, back.verb, back.sourceversion) == ("source/press", "Create", 2)


def test_the_real_watch_list_is_read() -> None:
    if not REAL.exists():
        pytest.skip("the shared real data is not beside this checkout")
    assert load_watchlist(REAL).terms
