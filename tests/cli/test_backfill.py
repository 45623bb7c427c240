"""`overheard back-fill`: asked for, listed, stopped."""

from datetime import UTC, datetime
from pathlib import Path

from overheard.collectors.polling.pollstate import errand_key, save_states
from overheard.config.settings import Settings
from overheard.records import ErrandState
from overheard.wiring.system import System
from tests.cli.conftest import Command

SETTINGS = """
[locale]
time_zone = "Europe/Berlin"
[[feed]]
name = "their blog"
url = "https://blog.example/feed"
"""


def ready(tmp_path: Path) -> list[str]:
    config = tmp_path / "overheard.toml"
    config.write_text(SETTINGS, encoding="utf-8")
    with System(tmp_path / "data", Settings()):
        pass
    return ["--config", str(config), "--folder", str(tmp_path / "data")]


def test_a_stretch_is_asked_for_and_listed(tmp_path: Path, overheard: Command) -> None:
    where = ready(tmp_path)
    assert "No back-fill" in overheard("back-fill", *where).out
    said = overheard("back-fill", "their blog", "--from", "2026-01-31", "--to", "2026-02-01", *where)
    assert said.status == 0
    assert "waits for its turn" in said.out
    assert "overheard up" in said.out
    (one,) = overheard("back-fill", "--json", *where).json
    # The whole of both days, where the settings say that we are.
    assert (one["from"], one["to"]) == ("2026-01-30T23:00:00Z", "2026-02-01T23:00:00Z")
    assert (one["source"], one["state"], one["pages"]) == ("their blog", "waiting", 0)


def test_how_far_it_is_is_told_in_words(tmp_path: Path, overheard: Command) -> None:
    where = ready(tmp_path)
    overheard("back-fill", "their blog", "--from", "2026-01-31", *where)
    (one,) = overheard("back-fill", "--json", *where).json
    now = datetime.now(UTC)
    state = ErrandState(pages=12, mentions=240, known=3, oldest=datetime(2026, 2, 3, tzinfo=UTC), url="x", at=now)
    with System(tmp_path / "data", Settings()) as system:
        save_states(system.log, {errand_key(one["id"]): state}, now)
    said = overheard("back-fill", "their blog", *where).out
    assert "goes on: 12 pages, 240 new posts, 3 known, back to 2026-02-03" in said


def test_it_is_stopped_and_what_is_over_is_not(tmp_path: Path, overheard: Command) -> None:
    where = ready(tmp_path)
    overheard("back-fill", "their blog", "--from", "2026-01-31", *where)
    assert "1 stopped" in overheard("back-fill", "their blog", "--stop", *where).out
    assert overheard("back-fill", "--json", *where).json == []
    assert overheard("back-fill", "their blog", "--stop", "--json", *where).json == {"stopped": 0}


def test_what_is_over_is_done_again_where_it_is_asked_for_again(tmp_path: Path, overheard: Command) -> None:
    where = ready(tmp_path)
    ask = ("back-fill", "their blog", "--from", "2026-01-31", "--to", "2026-02-01", *where)
    overheard(*ask)
    (one,) = overheard("back-fill", "--json", *where).json
    now = datetime.now(UTC)
    done = ErrandState(state="done", pages=1, ended="the source has no older pages", at=now)
    with System(tmp_path / "data", Settings()) as system:
        save_states(system.log, {errand_key(one["id"]): done}, now)
    assert "done: 1 page, 0 new posts; the source has no older pages" in overheard("back-fill", *where).out
    overheard(*ask)
    (again,) = overheard("back-fill", "--json", *where).json
    assert (again["id"], again["state"]) == (one["id"], "waiting")


def test_what_cannot_be_asked_for_is_said(tmp_path: Path, overheard: Command) -> None:
    where = ready(tmp_path)
    for words, message in (
        (("unknown", "--from", "2026-01-31"), "expected the name of a source"),
        (("their blog", "--from", "yesterday"), "expected a day such as 2026-01-31; got 'yesterday'"),
        (("their blog", "--from", "2999-01-01"), "expected a first day that has come"),
        (("their blog", "--from", "2026-01-31", "--to", "2026-01-01"), "not before the first"),
        (("--from", "2026-01-31"), "expected SOURCE"),
        (("their blog", "--to", "2026-01-31"), "expected SOURCE"),
    ):
        said = overheard("back-fill", *words, *where)
        assert said.status == 1
        assert message in said.err
