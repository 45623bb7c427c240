"""The pages of a running `overheard sample`, a request each: how long they take, and what a first visit weighs.

Beside the login page, which asks nothing of the engines: same server, framework and template.
"""

import gzip
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx

from benchmarks.bench_api import at, shown, times
from benchmarks.common import mean_tokens, report

REQUESTS = 100
SLOW = 0.150  # seconds, p95
HEAVY = 250_000  # bytes over the wire, style and script included
QUERY = "spindle OR girna"
WHO = "Imtiaz Laskarwala"


@contextmanager
def sample(folder: Path) -> Iterator[str]:
    """Run `overheard sample` in a process of its own; lend the address of its pages."""
    command = [sys.executable, "-m", "overheard", "sample", "--folder", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(found[1] for line in process.stdout if (found := re.search(r"Overheard is at (\S+)", line)))
        finally:
            process.send_signal(signal.SIGINT)


def weight(client: httpx.Client, path: str) -> int:
    """Return the bytes of a page and of all that it loads, packed as they are sent."""
    page = client.get(path, headers={"accept": "text/html"})
    parts = re.findall(r'<(?:link rel="(?:stylesheet|icon)"|script)[^>]* (?:href|src)="([^"]+)"', page.text)
    return packed(page) + sum(packed(client.get(urljoin(path, part))) for part in parts)


def packed(answer: httpx.Response) -> int:
    """Return the bytes of an answer's body on the wire."""
    answer.raise_for_status()
    sent = answer.headers.get("content-length")
    return int(sent) if sent else len(gzip.compress(answer.content, 5))


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as temporary,
        sample(Path(temporary) / "sample") as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        found = client.get("/v1/mentions", params={"q": "*", "limit": 1_000}).json()["items"]
        texts = [one["incident"]["mention"]["content"] for one in found]
        contact = client.get("/v1/profiles", params={"who": WHO}).json()["items"][0]
        pages = {
            "search": f"/?q={QUERY}",
            "newest": "/",
            "contact": f"/contacts/{contact['id']}",
            "account": f"/accounts/{contact['account']}",
            "incident": f"/incidents/{found[0]['incident']['id']}",
        }
        login, *taken = times(
            lambda: client.get("/login").raise_for_status(),
            *(lambda path=path: client.get(path).raise_for_status() for path in pages.values()),
            count=REQUESTS,
        )
        weights = {name: weight(client, path) for name, path in pages.items()}
    slowest, heaviest = max(at(0.95, one) for one in taken), max(weights.values())
    report(
        "Pages: requests to a running `overheard sample`, one after the other",
        corpus=f"the sample world, {len(found):,} incidents",
        count=REQUESTS,
        tokens=mean_tokens(texts),
        figures=[
            ("login, asks no engine", shown(login)),
            *((name, f"{shown(one)}, {weights[name]:,} bytes") for name, one in zip(pages, taken, strict=True)),
            ("slowest", f"p95 {slowest * 1000:.0f} ms (below {SLOW * 1000:.0f} ms)"),
            ("ratio", f"{at(0.5, taken[0]) / at(0.5, login):.1f} times the login page, at p50 of search"),
            ("heaviest", f"{heaviest:,} bytes with style and script (below {HEAVY:,})"),
        ],
        passed=slowest < SLOW and heaviest < HEAVY,
    )


if __name__ == "__main__":
    main()
