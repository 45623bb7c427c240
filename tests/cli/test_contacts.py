"""`overheard contacts` and `overheard accounts` as they are used: lists in, people, firms and pairs out."""

import csv
from pathlib import Path

import pytest

from tests.cli.conftest import Command

CRANES = """id,name,email,phone,company,city
1,Asha Rao,asha@alpha.example,+919822012345,Alpha Gears Pvt Ltd,Pune
2,Bob Smith,bob@beta.example,,Beta Inc,London
3,Vikram Rao,,+919822012345,Alpha Gears,Pune
"""
DRILLS = """Name,E-mail,Firm,Town
आशा राव,asha@alpha.example,Alpha Gears Private Limited,Pune
Robert Smith,bob@beta.example,Beta,London
Carol Diaz,,Gamma,Madrid
,,,
"""


@pytest.fixture
def lists(tmp_path: Path) -> tuple[Path, Path]:
    cranes, drills = tmp_path / "cranes.csv", tmp_path / "drills.csv"
    cranes.write_text(CRANES, "utf-8")
    drills.write_text(DRILLS, "utf-8")
    return cranes, drills


def test_who_is_on_several_lists_is_told_with_people_and_firms(
    overheard: Command, lists: tuple[Path, Path], tmp_path: Path
) -> None:
    told = overheard("contacts", "overlap", *lists, "--json").json
    assert [(one["name"], one["rows"], one["people"]) for one in told["lists"]] == [("cranes", 3, 3), ("drills", 3, 3)]
    assert told["shared"] == [[3, 2], [2, 3]]
    assert told["combinations"][0] == {"lists": ["cranes", "drills"], "people": 2}
    assert told["firmCombinations"][0] == {"lists": ["cranes", "drills"], "firms": 2}
    assert {record["name"] for one in told["across"] for record in one["records"]} == {
        "Asha Rao", "आशा राव", "Bob Smith", "Robert Smith",
    }  # fmt: skip
    assert all(one["evidence"] for one in told["sure"])
    assert not (tmp_path / "overheard-data").exists()


def test_the_same_is_told_in_words_and_written_as_csv(
    overheard: Command, lists: tuple[Path, Path], tmp_path: Path
) -> None:
    people, pairs = tmp_path / "people.csv", tmp_path / "pairs.csv"
    said = overheard("contacts", "overlap", *lists, "--people", people, "--pairs", pairs)
    assert said.status == 0
    assert "On several lists: 2" in said.out
    with people.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["person"], row["list"], row["line"]) for row in rows] == [
        ("1", "cranes", "2"), ("1", "drills", "2"), ("2", "cranes", "3"), ("2", "drills", "3"),
    ]  # fmt: skip
    with pairs.open(encoding="utf-8-sig", newline="") as file:
        assert {row["outcome"] for row in csv.DictReader(file)} == {"sure"}
    assert sorted(path.name for path in tmp_path.glob("*.csv*")) == [
        "cranes.csv",
        "drills.csv",
        "pairs.csv",
        "people.csv",
    ]


def test_a_row_that_is_nobody_is_told_with_its_line(overheard: Command, tmp_path: Path) -> None:
    file = tmp_path / "drills.csv"
    file.write_text("Name,E-mail,Firm\nAsha Rao,asha@a.example,Alpha\n,,Beta\n", "utf-8")
    told = overheard("contacts", "duplicates", file, "--json").json
    assert told["rows"] == 1
    assert "drills.csv:3" in told["errors"][0]


def test_the_lists_may_be_the_values_of_a_column(overheard: Command, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    file.write_text(
        "name,email,line\nAsha Rao,a@a.example,cranes\nAsha Rao,a@a.example,drills\nBob Smith,b@b.example,drills\n",
        "utf-8",
    )
    told = overheard("contacts", "overlap", file, "--by", "line", "--json").json
    assert told["combinations"] == [
        {"lists": ["cranes", "drills"], "people": 1}, {"lists": ["drills"], "people": 1},
    ]  # fmt: skip
    missing = overheard("contacts", "overlap", file, "--by", "product")
    assert (missing.status, "--by product" in missing.err) == (1, True)


def test_the_folders_contacts_are_a_list_too_and_their_duplicates_are_told(
    overheard: Command, lists: tuple[Path, Path], tmp_path: Path
) -> None:
    assert overheard("import", "contacts", lists[0]).status == 0
    told = overheard("contacts", "overlap", lists[1], "--crm", "--json").json
    assert [one["name"] for one in told["lists"]] == ["crm", "drills"]
    assert told["combinations"][0]["people"] == 2
    twice = tmp_path / "more.csv"
    twice.write_text(CRANES.replace("1,Asha Rao", "9,Asha R. Rao").replace("2,Bob", "8,Bob"), "utf-8")
    assert overheard("import", "contacts", twice).status == 0
    groups = overheard("contacts", "duplicates", "--json").json["groups"]
    assert sorted(len(group) for group in groups) == [2, 2]


def test_an_import_tells_row_by_row_who_is_twice_and_a_dry_run_writes_nothing(
    overheard: Command, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "id,name,city,company,birthday\n"
        "1,Priya Deshpande,Pune,Alpha,1980-02-03\n"
        "2,Preeya Deshpande,Pune,Alpha Ltd,1980-02-03\n",
        "utf-8",
    )
    told = overheard("import", "contacts", file, "--dry-run", "--json").json
    [warning] = told["rows"][1]["warnings"]
    assert "Priya Deshpande" in warning
    assert "line 2" in warning
    assert "score" in warning
    assert told["rows"][0]["warnings"] == []
    assert not (tmp_path / "overheard-data").exists()


def test_lists_of_one_name_must_be_called_something_else(overheard: Command, lists: tuple[Path, Path]) -> None:
    said = overheard("contacts", "overlap", lists[0], lists[0])
    assert (said.status, "NAME=FILE" in said.err) == (1, True)
    assert overheard("contacts", "overlap", lists[0], f"again={lists[0]}", "--same-ids", "--json").json["combinations"][
        0
    ] == {"lists": ["cranes", "again"], "people": 3}


def test_which_account_is_meant_is_told_best_first(overheard: Command, tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"
    file.write_text("id,name,domain\n1,Acme Tools Pvt Ltd,acme.example\n2,Acme Motors,motors.example\n", "utf-8")
    assert overheard("import", "accounts", file).status == 0
    [told] = overheard("accounts", "find", "acmetools", "--json").json
    assert told["accounts"][0]["externalId"] == "1"
    said = overheard("accounts", "find", "-", stdin=b"ACME MOTORS\nZenith\n")
    assert "Acme Motors (2)" in said.out
    assert "no account is like it" in said.out
