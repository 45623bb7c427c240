"""A webmention from the form that another's server sends to the incident, through everything that is between."""

import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pytest_httpserver import HTTPServer

from overheard.collectors.pages.webmention import Webmention
from overheard.config.settings import HttpSettings, Settings, WebSettings
from overheard.records import Incident, incident_id, mention_id
from overheard.urls import canonical_url
from overheard.wiring.serve import serving_pages
from overheard.wiring.service import SystemService
from overheard.wiring.system import System
from overheard.wiring.up import run_up

TARGET = "https://acme.example/pumps/"
PAGE = """<!doctype html><html lang="en"><body><article class="h-entry"><h1 class="p-name">A pump that hums</h1>
<a class="p-author h-card" href="/">Ann Lee</a><time class="dt-published" datetime="2026-04-30T10:00:00Z"></time>
<p class="e-content">{words} <a class="u-in-reply-to" href="{target}">their pump</a>.</p></article></body></html>"""


def incident_of(system: System, url: str) -> Incident | None:
    with closing(system.index(reading=True)) as index:
        hit = index.get(incident_id(mention_id("web", url=canonical_url(url))))
    return hit.record if hit is not None and isinstance(hit.record, Incident) else None


def test_a_webmention_becomes_an_incident_and_goes_with_its_page(
    tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The next look at the same page would wait for that long.
    monkeypatch.setattr("overheard.wiring.webmentions.AGAIN", timedelta(0))

    def serve(body: str, status: int = 200) -> None:
        httpserver.clear_all_handlers()
        httpserver.expect_request("/robots.txt").respond_with_data(status=404)
        httpserver.expect_request("/pumps").respond_with_data(body, status=status, content_type="text/html")

    source = httpserver.url_for("/pumps")
    settings = Settings(
        http=HttpSettings(contact="ops@acme.example", gap=0.0, allow_hosts=("127.0.0.1", "localhost")),
        web=WebSettings(port=0),
        sources=(Webmention(name="our-site", targets=("acme.example",)),),
    )
    with System(tmp_path / "data", settings) as system, serving_pages(system) as address:

        def send() -> httpx.Response:
            answer = httpx.post(f"{address}/webmention", data={"source": source, "target": TARGET}, trust_env=False)
            assert answer.status_code == 201, answer.text
            assert httpx.get(answer.headers["location"], trust_env=False).text.startswith("Accepted")
            run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
            return httpx.get(answer.headers["location"], trust_env=False)

        serve(PAGE.format(words="It hums, this one:", target=TARGET))
        assert send().text.startswith("Verified")
        incident = incident_of(system, source)
        assert incident is not None
        assert incident.mention.response == "reply"
        assert incident.mention.name == "A pump that hums"
        assert [party.name for party in incident.parties if party.role == "author"] == ["Ann Lee"]
        with closing(SystemService(system)) as service:
            (status,) = service.sources()
        assert (status.new, status.passed, status.health.state) == (1, 1, "works")
        assert status.received is not None
        assert status.received.verified == 1

        serve(PAGE.format(words="It roars, this one:", target=TARGET))
        assert send().text.startswith("Verified")
        incident = incident_of(system, source)
        assert incident is not None
        assert incident.mention.content.startswith("It roars")

        serve("gone", status=410)
        assert send().text.startswith("Refused")
        assert incident_of(system, source) is None
