from pathlib import Path

from overheard.config.settings import Settings
from overheard.crm.rows import append_facts
from overheard.wiring.imports import bring_watch
from overheard.wiring.system import System

WATCH = """
always = ["trade-press"]
[[term]]
id = "korvex"
kind = "own-company"
aliases = ["Korvex"]
"""
OTHER = """
[[term]]
id = "brannt"
kind = "competitor"
aliases = ["Brannt"]
"""


def lists(folder: Path) -> tuple[Path, Path]:
    first, second = folder / "first.toml", folder / "second.toml"
    first.write_text(WATCH, encoding="utf-8")
    second.write_text(OTHER, encoding="utf-8")
    return first, second


def test_what_was_taken_off_the_watch_list_and_put_back_is_watched_again(tmp_path: Path) -> None:
    first, second = lists(tmp_path)
    with System(tmp_path / "data", Settings()) as system:
        bring_watch(system, first)
        bring_watch(system, second)
        assert set(system.watched_facts()) == {"term/brannt"}
        bring_watch(system, first)
        assert set(system.watched_facts()) == {"term/korvex", "source/trade-press"}
        assert bring_watch(system, first)[1] == ()


def test_a_watch_list_whose_import_was_killed_before_the_matcher_saw_it_is_replaced_whole(tmp_path: Path) -> None:
    first, second = lists(tmp_path)
    with System(tmp_path / "data", Settings()) as system:
        _, events = bring_watch(system, first, dry_run=True)
        append_facts(system.log, events)
        bring_watch(system, second)
        assert set(system.watched_facts()) == {"term/brannt"}
