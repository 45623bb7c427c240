"""A delivery from the socket to the incident's mention, with whoever polls running beside the server."""

import hashlib
import hmac
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from overheard.collectors.pushed.github import GitHubWebhook
from overheard.config.settings import HttpSettings, Settings, WebSettings
from overheard.records import Mention, decode
from overheard.wiring.feeds import poll_until
from overheard.wiring.serve import serving_pages
from overheard.wiring.system import System, records_on

COMMENT = Path(__file__).resolve().parents[1] / "contracts" / "recordings" / "github_webhook" / "comment.json"
SECRET = "correct horse battery staple"


@contextmanager
def polled(system: System) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=poll_until, args=(system, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        system.settings_changed.set()
        thread.join()


def mentions(system: System) -> list[Mention]:
    return [decode(one.value).data for one in records_on(system.log, "mentions") if one.value is not None]


def test_a_delivery_is_read_while_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOKS_SECRET", SECRET)
    settings = Settings(
        http=HttpSettings(contact="ops@acme.example"),
        web=WebSettings(port=0),
        sources=(GitHubWebhook(name="repos", secret_env="HOOKS_SECRET"),),
    )
    body = COMMENT.read_bytes()
    signature = f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"
    headers = {"x-github-event": "issue_comment", "x-hub-signature-256": signature, "content-type": "application/json"}
    with System(tmp_path / "data", settings) as system, serving_pages(system) as address, polled(system):
        answer = httpx.post(f"{address}/hooks/repos", content=body, headers=headers, trust_env=False)
        assert answer.status_code == 202, answer.text
        deadline = time.monotonic() + 30  # the reading process has to start on a busy machine
        while len(mentions(system)) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert {one.source for one in mentions(system)} == {"repos"}
        assert len(mentions(system)) == 2
