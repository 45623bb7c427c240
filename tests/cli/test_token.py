"""`overheard token`: made and shown once, listed, revoked."""

from pathlib import Path

import pytest

from overheard.wiring.tokens import TokenFile
from tests.cli.conftest import Command


def test_a_token_is_printed_once_alone_and_listed_without_itself(overheard: Command, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    said = overheard("token", "create", "CRM sync", "--scope", "read", "--scope", "write", "--folder", folder)
    assert (said.status, said.err) == (0, "")
    token = said.out.strip()
    assert said.out == f"{token}\n"
    assert token.startswith("oht_")
    listed = overheard("token", "list", "--folder", folder)
    assert "CRM sync" in listed.out
    assert "read, write" in listed.out
    assert "never" in listed.out
    [row] = overheard("token", "list", "--folder", folder, "--json").json
    assert set(row) == {"id", "name", "scopes", "created", "expires"}
    assert token not in listed.out + str(row)


def test_as_json_the_token_is_with_what_is_kept(overheard: Command, tmp_path: Path) -> None:
    made = overheard("token", "create", "a", "--days", "2", "--folder", tmp_path / "data", "--json").json
    assert made["scopes"] == ["read"]
    assert made["token"].startswith("oht_")
    assert made["expires"] > made["created"]


def test_a_revoked_token_is_gone_and_a_second_time_is_an_error(overheard: Command, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made = overheard("token", "create", "a", "--folder", folder, "--json").json
    assert overheard("token", "revoke", made["id"], "--folder", folder).out == f"revoked: {made['id']} a\n"
    assert list(TokenFile(folder).read()) == []
    again = overheard("token", "revoke", made["id"], "--folder", folder)
    assert again.status == 1
    assert "expected the id of a token" in again.err
    assert "no tokens; `overheard token create" in overheard("token", "list", "--folder", folder).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("owner",), 'other than "owner"'), (("a", "--scope", "root"), "expected scopes of read, write, decide, admin")],
)
def test_what_is_wrong_is_said_and_no_folder_is_made(
    overheard: Command, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = overheard("token", "create", *arguments, "--folder", tmp_path / "data")
    assert done.status == 1
    assert said in " ".join(done.err.split())
    assert not (tmp_path / "data").exists()


def test_only_looking_makes_no_folder(overheard: Command, tmp_path: Path) -> None:
    assert overheard("token", "list", "--folder", tmp_path / "none").status == 1
    assert not (tmp_path / "none").exists()
