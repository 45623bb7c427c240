"""A real `overheard sample` with its pages, and one real Chromium, driven by Playwright.

The browser lives as long as a module: its driver runs an event loop in this thread, in which other tests of the run
could begin none of their own.
"""

import gc
import os
import re
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.visiting import Site, Visit, Visitor

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# It is to ask nobody for anything but what the pages ask for; a container has no sandbox to offer.
_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb",
]  # fmt: skip


def chromium() -> str:
    """Return the path of Chromium; where there is none the test is skipped, in CI it fails."""
    named = os.environ.get("OVERHEARD_CHROMIUM", "")
    found = named or next((path for name in _NAMES if (path := shutil.which(name))), "")
    if found and Path(found).is_file():
        return found
    msg = (
        f"the pages were not tested in a browser: no Chromium at {named or ', '.join(_NAMES)} (Debian: apt-get install "
        "chromium; or name one in OVERHEARD_CHROMIUM)"
    )
    if os.environ.get("CI") == "true":
        pytest.fail(msg)
    pytest.skip(msg)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The sample world, heard and served."""
    chromium()  # before half a minute is spent on what nobody would look at
    folder = tmp_path_factory.mktemp("browser") / "sample"
    command = [sys.executable, "-m", "overheard", "sample", "--folder", str(folder), "--port", "0", "--workers", "1"]
    log = (folder.parent / "stderr").open("wb")
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True, cwd=folder.parent
    )
    assert process.stdout is not None
    try:
        address = next(
            (found[1] for line in process.stdout if (found := re.search(r"Overheard is at (\S+)", line))), ""
        )
        assert address, (folder.parent / "stderr").read_text("utf-8")
        yield _site(address)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        log.close()
    said = (folder.parent / "stderr").read_text("utf-8")
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert "ERROR" not in said, said


def _site(address: str) -> Site:
    def get(path: str, **params: Any) -> Any:
        answer = httpx.get(address + path, params=params, trust_env=False, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    # A post with somebody behind it, so that the page has evidence and buttons to show.
    post = next(one["incident"] for one in get("/v1/mentions", limit=100)["items"] if one["incident"].get("parties"))
    contacts = get("/v1/profiles", who="Imtiaz Laskarwala")["items"]
    contact = contacts[0]
    return Site(
        address,
        {
            "incident": post["id"],
            "mention": post["mention"]["id"],
            "contact": contact["id"],
            "account": contact["account"],
            "source": quote(get("/v1/sources")["items"][0]["name"]),
        },
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()
    # The driver may end before its loop has closed the pipe to it, which is then left to the collector of garbage: that
    # warns, in whatever test runs by then.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator[Visitor]:
    """Make visits: contexts of their own, watched for errors, dialogs and requests to elsewhere; checked at the end."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def visit(**options: Any) -> Visit:
        context = browser.new_context(base_url=site.address, reduced_motion="reduce", **options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        visits.append(Visit(context, site))
        return visits[-1]

    yield visit
    for context in contexts:
        context.close()
    for made in visits:
        made.check()
