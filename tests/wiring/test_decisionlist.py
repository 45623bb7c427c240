"""Decisions out of files: row by row, dry first, in the file's order, and once only."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from overheard.config.settings import Settings
from overheard.errors import ConfigError
from overheard.wiring.decisionlist import DecisionReport, bring_decisions
from overheard.wiring.imports import bring_accounts, bring_contacts
from overheard.wiring.service import SystemService
from overheard.wiring.system import System
from tests.world import write_world

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    world = write_world(tmp_path / "world", posts=0)
    with System(tmp_path / "data", Settings()) as system:
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)
        yield system


def bring(
    system: System, tmp_path: Path, text: str, name: str = "decisions.csv", dry_run: bool = False
) -> DecisionReport:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return bring_decisions(system, file, by="me", now=NOW, dry_run=dry_run)


def test_rows_are_decided_and_bad_ones_say_what_they_lack(system: System, tmp_path: Path) -> None:
    report = bring(
        system,
        tmp_path,
        "verb,left,right,value,by,at,note\n"
        "same,x:handle:ann,c1,,ravi,2026-11-01T10:00:00+05:30,told us\n"
        "not-the-same,c1,c2,,,,\n"
        "same,x:handle:ann,Nobody Atall,,,,\n"
        "perhaps,x:handle:ann,c1,,,,\n"
        "same,x:handle:bob,c1,,,yesterday,\n",
    )
    assert [row.outcome for row in report.rows] == ["decided", "decided", "error", "error", "error"]
    first, second = (row.decision for row in report.rows[:2])
    assert first is not None
    assert second is not None
    assert (first.by, first.at, first.note) == ("ravi", datetime(2026, 11, 1, 4, 30, tzinfo=UTC), "told us")
    assert second.by == "me"
    assert "nobody is called 'Nobody Atall'" in report.rows[2].message
    assert "expected one of same" in report.rows[3].message
    assert "ISO 8601" in report.rows[4].message
    with closing(SystemService(system)) as service:
        assert service.decision(first.id) == first
        assert [one.id for one in service.standing(["x:handle:ann"])] == [first.id]


def test_a_dry_run_says_the_same_and_writes_nothing(system: System, tmp_path: Path) -> None:
    text = "verb,left,right\nsame,x:handle:ann,c1\n"
    end = system.log.span("facts", 0)[1]
    dry = bring(system, tmp_path, text, dry_run=True)
    assert system.log.span("facts", 0)[1] == end
    assert dry == bring(system, tmp_path, text)


def test_the_same_file_again_changes_nothing_also_where_a_person_took_it_back(system: System, tmp_path: Path) -> None:
    text = "verb,left,right\nsame,x:handle:ann,c1\n"
    decision = bring(system, tmp_path, text).rows[0].decision
    assert decision is not None
    with closing(SystemService(system)) as service:
        service.decide("withdraw", decision.id, by="me")
        assert [row.outcome for row in bring(system, tmp_path, text).rows] == ["unchanged"]
        assert service.standing(["x:handle:ann"]) == []


def test_of_two_rows_on_one_pair_the_later_counts(system: System, tmp_path: Path) -> None:
    report = bring(system, tmp_path, "verb,left,right\nsame,c1,c2\nnot the same,c2,c1\nsame,x:handle:a,c1\n")
    assert [row.outcome for row in report.rows] == ["superseded", "decided", "decided"]
    with closing(SystemService(system)) as service:
        left = report.rows[1].decision.left  # type: ignore[union-attr]
        assert [one.verb for one in service.standing([left])] == ["not the same"]


def test_a_mailmap_gives_addresses_to_those_who_are_known(system: System, tmp_path: Path) -> None:
    report = bring(
        system,
        tmp_path,
        "# who is who\n"
        "Meera Chitnis <meera@old.example>\n"
        "<anton@ostrava.example> <tonda@home.example>\n"
        "Lucia Ferrand <lucia@both.example>\n"
        "Somebody Else <else@old.example>\n"
        "no address\n"
        "Meera Chitnis <shared@old.example>\n"
        "Anton Brezina <shared@old.example>\n",
        name=".mailmap",
    )
    assert [(row.line, row.outcome) for row in report.rows] == [
        (2, "decided"),
        (3, "decided"),
        (4, "unknown"),  # two are called so
        (5, "unknown"),
        (6, "error"),
        (7, "error"),
        (8, "error"),
    ]
    decided = [row.decision for row in report.rows if row.decision]
    assert [one.left for one in decided] == ["email:email:meera@old.example", "email:email:tonda@home.example"]
    with closing(SystemService(system)) as service:
        assert [one.id for one in service.find("meera@old.example")] == [decided[0].right]


def test_a_file_that_cannot_be_read_or_lacks_a_column_says_so(system: System, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a column for verb"):
        bring(system, tmp_path, "left,right\nx:handle:ann,c1\n")
    with pytest.raises(ConfigError, match="expected a readable file"):
        bring_decisions(system, tmp_path / "none" / ".mailmap", by="me", now=NOW)
