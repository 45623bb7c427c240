"""Tokens: made once, kept as a hash, held to their scopes and their day; the file that keeps them."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.errors import FolderDamagedError, InputError, NotFoundError
from overheard.web.base import Scope
from overheard.web.tokens import SCOPES, caller_of, make_token
from overheard.wiring.tokens import TokenFile

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@given(st.sets(st.sampled_from(SCOPES), min_size=1))
def test_a_token_is_whose_it_was_made_for_and_may_what_its_scopes_say(scopes: set[Scope]) -> None:
    token, kept = make_token("CRM sync", sorted(scopes), now=NOW)
    caller = caller_of(token, [kept], now=NOW)
    assert caller is not None
    assert (caller.name, set(caller.scopes)) == ("CRM sync", scopes)
    assert {scope for scope in SCOPES if caller.may(scope)} == (set(SCOPES) if "admin" in scopes else scopes)


def test_what_is_kept_does_not_hold_the_token() -> None:
    token, kept = make_token("a", ["read"], now=NOW)
    assert token.startswith("oht_")
    assert len(token) > 40
    assert token.removeprefix("oht_") not in repr(kept)
    assert kept.id not in token


@given(st.text())
def test_nobody_has_another_text(text: str) -> None:
    token, kept = make_token("a", ["read"], now=NOW)
    assert text == token or caller_of(text, [kept], now=NOW) is None


@pytest.mark.parametrize("wrong", ["", " ", "\ud800", "\x00", "oht_"])
def test_what_is_no_token_is_nobodys(wrong: str) -> None:
    _, kept = make_token("a", ["read"], now=NOW)
    assert caller_of(wrong, [kept], now=NOW) is None


def test_a_token_ends_at_its_time() -> None:
    token, kept = make_token("a", ["read"], now=NOW, days=30)
    last = NOW + timedelta(days=30)
    assert caller_of(token, [kept], now=last - timedelta(seconds=1)) is not None
    assert caller_of(token, [kept], now=last) is None


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\x1b[2J", "owner", "Owner "])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="expected a name of 1 to 100 characters"):
        make_token(name, ["read"], now=NOW)


@pytest.mark.parametrize("scopes", [[], ["all"], ["read", "root"]])
def test_a_scope_that_is_none_is_refused(scopes: list[str]) -> None:
    with pytest.raises(InputError, match="expected scopes of read, write, decide, admin"):
        make_token("a", scopes, now=NOW)


@pytest.mark.parametrize("days", [0, -1, 3_651, 10**9])
def test_a_number_of_days_beyond_sense_is_refused(days: int) -> None:
    with pytest.raises(InputError, match="expected 1 to 3,650 days"):
        make_token("a", ["read"], now=NOW, days=days)


def test_the_file_is_for_its_owner_alone_and_holds_no_token(tmp_path: Path) -> None:
    token, kept = make_token("a", ["read"], now=NOW)
    TokenFile(tmp_path).add(kept)
    file = tmp_path / "tokens.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token not in file.read_text("utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.json"]


def test_another_reader_sees_what_was_added_and_revoked_at_once(tmp_path: Path) -> None:
    reader, writer = TokenFile(tmp_path), TokenFile(tmp_path)
    assert list(reader.read()) == []
    kept = [make_token(name, ["read"], now=NOW)[1] for name in ("a", "b")]
    for token in kept:
        writer.add(token)
    assert list(reader.read()) == kept
    assert writer.revoke(kept[0].id) == kept[0]
    assert list(reader.read()) == kept[1:]
    with pytest.raises(NotFoundError, match="expected the id of a token"):
        writer.revoke(kept[0].id)


def test_writers_at_the_same_time_lose_no_token(tmp_path: Path) -> None:
    kept = [make_token(f"t{n}", ["read"], now=NOW)[1] for n in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda token: TokenFile(tmp_path).add(token), kept))
    assert {token.id for token in TokenFile(tmp_path).read()} == {token.id for token in kept}


@pytest.mark.parametrize("content", [b"", b"{", b'{"a":1}', b'[{"id":"x"}]', b"\xff"])
def test_a_damaged_file_says_so_and_lets_nobody_in(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tokens.json").write_bytes(content)
    with pytest.raises(FolderDamagedError, match=r"tokens.json: expected tokens .*Delete it"):
        TokenFile(tmp_path).read()


def test_the_file_is_readable_json(tmp_path: Path) -> None:
    TokenFile(tmp_path).add(make_token("Ünï", ["read"], now=NOW)[1])
    [row] = json.loads((tmp_path / "tokens.json").read_bytes())
    assert (row["name"], row["scopes"]) == ("Ünï", ["read"])
