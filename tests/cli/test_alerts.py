"""`overheard digest` and `overheard deliveries`, on a folder in which the whole world went all the way."""

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from overheard.alerts.outbox import Outbox
from overheard.config.settings import Settings
from overheard.wiring.system import System
from tests.cli.conftest import Command

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def config(tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings with one webhook."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    path = tmp_path / "settings.toml"
    url = httpserver.url_for("/hook")
    path.write_text(
        f'[locale]\nregion = "IN"\ntime_zone = "Asia/Kolkata"\n\n'
        f'[[webhook]]\nname = "crm"\nurl = "{url}"\nsecret_env = "HOOK_SECRET"\n',
        encoding="utf-8",
    )
    return path


def test_the_digest_of_an_earlier_day_is_shown_with_its_points_and_sent_to_nobody(
    overheard: Command, copied: Path
) -> None:
    # The world's posts are said in November 2023 and heard when the tests run, so no period has them.
    said = overheard("digest", "--folder", copied, "--date", "2023-11-16")
    assert said.status == 0
    assert said.out.startswith("Nothing about you since yesterday")
    with System(copied, Settings()) as system:
        assert Outbox(system.log).all() == []


def test_a_digest_is_sent_once_a_day_and_again_by_hand(
    overheard: Command, copied: Path, config: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_oneshot_request("/hook").respond_with_data("", 500)
    sent = overheard("digest", "--send", "--folder", copied, "--config", config, "--json").json
    assert len(sent["deliveries"]) == 2
    assert overheard("digest", "--send", "--folder", copied, "--config", config, "--json").json["deliveries"] == []
    assert "sent before" in overheard("digest", "--send", "--folder", copied, "--config", config).err

    listed = overheard("deliveries", "list", "--folder", copied, "--config", config, "--json").json
    assert {(d["channel"], d.get("state", "waiting")) for d in listed} == {("feed", "sent"), ("webhook:crm", "failed")}
    (failed,) = [d["id"] for d in listed if d["channel"] == "webhook:crm"]
    told = overheard("deliveries", "list", "--state", "failed", "--folder", copied).out
    assert "webhook:crm  failed\n  " in told
    assert told.endswith(f"\n  {failed}\n")
    shown = overheard("deliveries", "show", failed, "--folder", copied, "--config", config).out
    assert "answered 500" in shown
    assert ", again " in shown

    httpserver.expect_request("/hook").respond_with_data("", 204)
    again = overheard("deliveries", "resend", failed, "--folder", copied, "--config", config)
    assert again.out == f"{failed} by webhook:crm: sent: answered 204\n"
    assert [request.headers["webhook-id"] for request, _ in httpserver.log] == [failed, failed]


def test_what_is_in_the_feed_is_not_sent_again(overheard: Command, copied: Path) -> None:
    (one,) = overheard("digest", "--send", "--folder", copied, "--json").json["deliveries"]
    said = overheard("deliveries", "resend", one, "--folder", copied)
    assert said.status == 1
    assert "is in the feed, where it stays" in said.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("digest", "--date", "yesterday"), "2026-11-21"),
        (("digest", "--date", "2026-11-20", "--send"), "got both"),
        (("deliveries", "list", "--state", "lost"), "given up"),
    ],
)
def test_a_wrong_option_is_told_with_what_was_expected(
    overheard: Command, copied: Path, words: tuple[str, ...], message: str
) -> None:
    said = overheard(*words, "--folder", copied)
    assert said.status == 2
    assert message in " ".join(said.err.replace("│", " ").split())


def test_an_id_that_is_none_is_told(overheard: Command, copied: Path) -> None:
    said = overheard("deliveries", "show", "del_nope", "--folder", copied, "--json")
    assert said.status == 1
    assert json.loads(said.out)["error"]["type"] == "NotFoundError"
    assert "Nothing." in overheard("deliveries", "list", "--folder", copied).out
