"""`overheard sources`: how each source does, on the terminal."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from overheard.collectors.polling.pollstate import save_states, source_key
from overheard.config.settings import Settings
from overheard.log.base import ProducerRecord
from overheard.log.deadletters import dead_letter_record
from overheard.records import DeadLetter, Fetch, PollState, encode, event_for
from overheard.wiring.system import System
from tests.cli.conftest import Command

NOW = datetime.now(UTC)
GOOD, BAD = "https://good.example/feed", "https://bad.example/feed"
SETTINGS = f"""
[http]
contact = "us@firm.example"
[[feed]]
name = "good"
url = "{GOOD}"
[[feed]]
name = "bad"
url = "{BAD}"
"""


def state(url: str, **fields: object) -> PollState:
    told = {"configured": url, "url": url, "next_due": NOW + timedelta(hours=1), "polled": NOW, **fields}
    return PollState(**told)  # type: ignore[arg-type]


def fill(folder: Path) -> None:
    with System(folder, Settings()) as system:
        good = state(GOOD, status=200, succeeded=NOW, requests=7, began=NOW)
        bad = state(BAD, status=404, failures=3, error="expected status 200; got 404", outcome="hard")
        save_states(system.log, {source_key("good"): good, source_key("bad"): bad}, NOW)
        fetch = Fetch(id="fet_1", source="good", url=GOOD, final_url=GOOD, status=200, body=b"x" * 300, at=NOW)
        system.log.append(
            [ProducerRecord("fetches", fetch.id, encode(event_for(fetch, subject=fetch.id, source="/t", time=NOW)))]
        )
        (partition, offset) = next(
            (p, end - 1) for p, (first, end) in system.log.spans("fetches").items() if end > first
        )
        letter = DeadLetter(
            id=f"fetches/{partition}/{offset}/x",
            stage="collect",
            topic="fetches",
            partition=partition,
            offset=offset,
            key=fetch.id,
            error="InputError",
            message="expected a link; got none",
            at=NOW,
        )
        system.log.append([dead_letter_record(letter)])


def ready(tmp_path: Path) -> list[str]:
    config = tmp_path / "overheard.toml"
    config.write_text(SETTINGS, encoding="utf-8")
    fill(tmp_path / "data")
    return ["--config", str(config), "--folder", str(tmp_path / "data")]


def test_the_sources_are_listed_with_those_first_that_fail(tmp_path: Path, overheard: Command) -> None:
    where = ready(tmp_path)
    said = overheard("sources", *where).out
    assert said.index("bad") < said.index("good")
    assert "failing" in said
    assert "got 404" in said
    assert "Look for its new feed" in said
    assert "2 sources; 1 to look at" in said
    assert overheard("sources", "list", *where).out == said


def test_as_json_they_are_what_the_interface_gives(tmp_path: Path, overheard: Command) -> None:
    found = overheard("sources", "--json", *ready(tmp_path)).json
    assert {one["name"]: one["state"] for one in found} == {"good": "works", "bad": "failing"}
    assert found[0]["requests"] == 7


def test_one_source_is_shown_with_its_fetches_and_dead_letters(tmp_path: Path, overheard: Command) -> None:
    where = ready(tmp_path)
    said = overheard("sources", "show", "good", *where).out
    assert "7 requests" in said
    assert "300 bytes" in said
    assert "expected a link; got none" in said
    found = overheard("sources", "show", "good", "--json", *where).json
    assert [one["size"] for one in found["fetches"]] == [300]
    assert len(found["deadLetters"]) == 1
    other = overheard("sources", "show", "bad", *where).out
    assert "No fetch" in other
    assert "expected a link" not in other


def test_one_error_is_not_told_as_several(tmp_path: Path, overheard: Command) -> None:
    config = tmp_path / "overheard.toml"
    config.write_text(f'[[feed]]\nname = "only"\nurl = "{BAD}"\n', encoding="utf-8")
    with System(tmp_path / "data", Settings()) as system:
        save_states(system.log, {source_key("only"): state(BAD, status=404, failures=1, error="x", requests=1)}, NOW)
    said = overheard("sources", "show", "only", "--config", str(config), "--folder", str(tmp_path / "data")).out
    assert "1 error in a row" in said
    assert "1 request\n" in said
