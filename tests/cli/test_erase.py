"""`overheard erase` and `overheard erasures`, as a person uses them."""

import shutil
from pathlib import Path

import pytest

from overheard.wiring.erasure import read_list
from tests.cli.conftest import Command


@pytest.fixture
def folder(worked: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(worked, tmp_path / "data"))


def test_a_dry_run_then_the_erasure_then_nobody_of_that_name(overheard: Command, folder: Path) -> None:
    dry = overheard("erase", "reddit:handle:meerac", "--dry-run", "-f", folder)
    assert dry.status == 0, dry.err
    assert "would be erased; nothing was written" in dry.out
    assert "would be kept out, as keyed hashes" in dry.out
    assert "from now on" not in dry.out
    assert overheard("profile", "Meera Chitnis", "-f", folder).status == 0

    done = overheard("erase", "c1", "--by", "privacy desk", "-f", folder, "--json")
    assert done.status == 0, done.err
    assert done.json["by"] == "privacy desk"
    assert all(subject not in done.out for subject in ("meera", "Chitnis"))
    assert {store["store"]: store["found"] > 0 for store in done.json["stores"]}["facts"]
    assert overheard("profile", "Meera Chitnis", "-f", folder).status == 1


def test_the_list_is_printed_kept_beside_the_folder_and_taken_in_again(
    overheard: Command, folder: Path, worked: Path, tmp_path: Path
) -> None:
    assert overheard("erase", "c1", "-f", folder).status == 0
    listed = overheard("erasures", "list", "-f", folder, "--json")
    kept = tmp_path / "data.suppressed.json"
    assert {entry["id"] for entry in listed.json} == {entry.id for entry in read_list(kept)}
    assert "identities are kept out" in overheard("erasures", "list", "-f", folder).out

    # Elsewhere, with the key that it was made with.
    key = (folder / "suppression.key").read_bytes()
    other = Path(shutil.copytree(worked, tmp_path / "elsewhere"))
    assert overheard("profile", "Meera Chitnis", "-f", other).status == 0
    missing = overheard("erasures", "import", kept, "-f", other)
    assert missing.status == 1
    assert "suppression key" in missing.err
    (other / "suppression.key").write_bytes(key)
    again = overheard("erasures", "import", kept, "-f", other)
    assert again.status == 0, again.err
    assert overheard("profile", "Meera Chitnis", "-f", other).status == 1
    assert overheard("erasures", "apply", "-f", other).status == 0


@pytest.mark.parametrize(
    "command",
    [
        ("profile", "Meera Chitnis"),
        ("search", "korvex", "--json"),
        ("run", "match"),
        ("contacts", "duplicates"),
        ("import", "folder"),
    ],
)
def test_a_restored_folder_answers_no_command_with_somebody_who_was_erased(
    overheard: Command, folder: Path, worked: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    if command[0] == "search":
        assert "meerac" in overheard(*command, "-f", folder).out
    assert overheard("erase", "c1", "-f", folder).status == 0
    key = (folder / "suppression.key").read_bytes()
    shutil.rmtree(folder)
    shutil.copytree(worked, folder)
    if command[0] == "import":
        target = tmp_path / "target"
        (tmp_path / "the.toml").write_text("[privacy]\nkey_file = 'the.key'\n")
        arguments: tuple[str | Path, ...] = (*command, folder, "-f", target, "-c", tmp_path / "the.toml")
        key_file = tmp_path / "the.key"
    else:
        arguments, key_file = (*command, "-f", folder), folder / "suppression.key"

    refused = overheard(*arguments)
    assert refused.status == 1
    assert "suppression key" in refused.out + refused.err
    assert str(tmp_path / "data.suppressed.json") in refused.out + refused.err
    assert "meerac" not in refused.out

    key_file.write_bytes(key)
    said = overheard(*arguments)
    assert "meerac" not in said.out
    if command[0] == "import":
        assert overheard("profile", "Meera Chitnis", "-f", target, "-c", tmp_path / "the.toml").status == 1
    elif command[0] != "run":  # that one has an error output of its own
        assert "note:" in said.err
        assert "list of erased people" in said.err
        assert "note:" not in overheard(*arguments).err


def test_what_stands_for_nobody_is_an_error_that_says_what_is_expected(overheard: Command, folder: Path) -> None:
    said = overheard("erase", "Nobody Atall", "-f", folder)
    assert said.status == 1
    assert "expected an identity such as x:handle:ann" in said.err
    firm = overheard("erase", "https://palomino.example", "-f", folder)
    assert firm.status == 1
