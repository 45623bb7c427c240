"""`overheard enrich` and `run enrich --explain`: versions side by side, and machine beside people."""

from pathlib import Path

import msgspec

from overheard.config.settings import Settings
from overheard.wiring.system import System
from tests.cli.conftest import Command
from tests.concernsworld import fill
from tests.world import World

ROW = b'{"id": "%d", "platform": "reddit", "author": "ann", "text": "I love my %s. It never leaks."}\n'


def facts(overheard: Command, world: World, tmp_path: Path, name: str) -> Path:
    said = overheard("run", "enrich", "--watch", world.watch, stdin=ROW % (1, b"Korvex Pro"))
    path = tmp_path / f"{name}.ndjson"
    path.write_text(said.out)
    return path


def test_explain_tells_each_component_and_what_it_found(overheard: Command, world: World) -> None:
    said = overheard("run", "enrich", "--explain", "--watch", world.watch, stdin=ROW % (1, b"Korvex Pro"))
    assert said.status == 0
    for word in ("component", "requires", "ms a mention", "sentences", "It never leaks.", "sentiment", "snippets"):
        assert word in said.out
    assert overheard("run", "match", "--explain").status == 2


def test_two_files_are_put_side_by_side(overheard: Command, world: World, tmp_path: Path) -> None:
    one = facts(overheard, world, tmp_path, "one")
    other = tmp_path / "other.ndjson"
    other.write_text(one.read_text().replace('"positive"', '"negative"'))
    same = overheard("enrich", "diff", one, one, "--json").json
    assert (same["compared"], same["differences"]) == (1, [])
    said = overheard("enrich", "diff", one, other)
    assert "+ " in said.out
    assert "negative" in said.out
    assert overheard("enrich", "diff", one, other, "--field", "colour").status == 2


def test_a_line_that_is_no_enriched_mention_is_told_with_its_place(overheard: Command, tmp_path: Path) -> None:
    path = tmp_path / "x.ndjson"
    path.write_text('\n{"specversion": "no"}\n')
    said = overheard("enrich", "diff", path, path)
    assert said.status == 1
    assert "x.ndjson, line 2: expected an enriched mention" in said.err.replace("\n", " ")


def test_labels_of_people_stand_beside_the_machines(overheard: Command, copied: Path) -> None:
    assert overheard("enrich", "agreement", "--folder", copied).err.startswith("nobody has set a label yet")
    (hit,) = overheard("search", "*", "--folder", copied, "--json", "--limit", "1").json["hits"]
    record = hit["record"]
    was = record["sentiment"]["polarity"]
    label = "negative" if was == "positive" else "positive"
    done = overheard("decide", "relabel", record["id"], "--value", label, "--folder", copied, "--by", "ann")
    assert done.status == 0, done.err
    (row,) = overheard("enrich", "agreement", "--folder", copied, "--json").json
    assert (row["what"], row["labels"], row["agreed"]) == ("sentiment", 1, 0)
    assert "0%" in overheard("enrich", "agreement", "--folder", copied).out
    (line,) = overheard("enrich", "overrides", "--folder", copied).out.splitlines()
    override = msgspec.json.decode(line)
    assert (override["label"], override["machine"]) == (label, was)
    assert overheard("enrich", "overrides", "--folder", copied, "--json").json == [override]


def test_what_is_stored_is_compared_with_this_program(overheard: Command, worked: Path) -> None:
    done = overheard("enrich", "diff", "--folder", worked, "--json").json
    assert done["compared"] > 10
    assert done["differences"] == []


def test_concerns_are_shown_with_their_trend_and_the_query_that_finds_them(overheard: Command, tmp_path: Path) -> None:
    with System(tmp_path / "data", Settings()) as system:
        fill(system)
    said = overheard("concerns", "--folder", tmp_path / "data")
    assert said.status == 0, said.err
    assert "delivery  l200  4 posts" in said.out
    assert "issue:l200/delivery" in said.out
    found = overheard("concerns", "korvex m3", "--json", "--folder", tmp_path / "data").json
    assert [(one["topic"], one["posts"]) for one in found["items"]] == [("dark mode", 1), ("price", 1)]
    assert overheard("concerns", "nobody", "--folder", tmp_path / "data").status == 1
