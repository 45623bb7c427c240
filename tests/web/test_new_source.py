"""A source set up on its page: found by its address, tried, shown, kept; and no secret on any page."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lxml import html
from pytest_httpserver import HTTPServer

from overheard.collectors.polling.bounded import read_here
from overheard.wiring import newsources
from overheard.wiring.kinds import load_settings
from tests.web.pages_world import Pages, pages_of, words

SECRET = "ghp" + "_0123456789abcdefghijABCDEFGHIJ012345"


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    @contextmanager
    def reader() -> Iterator[Any]:
        yield SimpleNamespace(read=read_here)

    # In this process: to start another takes seconds.
    monkeypatch.setattr(newsources, "BoundedReader", reader)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "overheard.toml"
    path.write_text('# ours\n[http]\nallow_hosts = ["localhost"]\ngap = 0\n', encoding="utf-8")
    return path


@pytest.fixture
def pages(tmp_path: Path, config: Path) -> Iterator[Pages]:
    assert config.exists()
    with pages_of(tmp_path / "data") as pages:
        yield pages


def send(pages: Pages, fields: dict[str, str], status: int = 200) -> Any:
    """Send the form; return the page that comes, of a redirect where it leads."""
    answer = pages.client.post(
        "/new-source",
        data=fields,
        headers={"accept": "text/html", "origin": str(pages.client.base_url)},
        follow_redirects=False,
    )
    if answer.status_code == 303:
        return answer.headers["location"]
    assert answer.status_code in (status, 200, 303), answer.text[:1_000]
    return html.fromstring(answer.text)


def test_the_page_lists_the_kinds_and_each_has_its_form(pages: Pages) -> None:
    page = pages.get("/new-source")
    kinds = page.xpath("//main//li/a/text()")
    assert {"feed", "mastodon", "x"} <= set(kinds)
    for kind in kinds:
        form = pages.get(f"/new-source?kind={kind}")
        assert form.xpath("//form//input[@name='name']")
        assert all(one.get("for") and form.xpath(f"//*[@id='{one.get('for')}']") for one in form.xpath("//form//label"))
    assert "never what it is" in words(pages.get("/new-source?kind=x"))
    assert "/new-source" in pages.get("/sources").xpath("//main//a/@href")
    pages.get("/new-source?kind=carrierpigeon", status=404)


def test_an_address_leads_to_a_form_that_is_filled_in_tried_and_kept(
    pages: Pages, config: Path, httpserver: HTTPServer
) -> None:
    base = httpserver.url_for("").rstrip("/")
    item = "<item><title>Paperfold {0}</title><link>https://press.example/{0}</link></item>"
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    httpserver.expect_request("/feed").respond_with_data(
        f"<rss version='2.0'><channel><title>P</title>{''.join(item.format(one) for one in range(5))}</channel></rss>"
    )
    assert "Who asks" in words(pages.get("/new-source")), "the settings do not say yet"
    there = send(pages, {"address": f"{base}/feed", "contact": "ops@firm.example"})
    assert there.startswith("/new-source?kind=feed")
    page = pages.get(there)
    assert page.xpath("//input[@name='url']/@value") == [f"{base}/feed"]
    fields = {"kind": "feed", "url": f"{base}/feed", "name": "press", "contact": "ops@firm.example"}
    tried = send(pages, {**fields, "do": "try"})
    assert "5 posts came" in words(tried)
    assert "Paperfold 2" in words(tried)
    assert "[[feed]]" in words(tried)
    before = config.read_text()
    assert "[[feed]]" not in before
    assert send(pages, {**fields, "do": "keep"}) == "/sources?asked=press"
    (source,) = load_settings(config).sources
    assert source.name == "press"
    assert load_settings(config).http.contact == "ops@firm.example"
    assert config.read_text().startswith("# ours\n")


def test_what_is_wrong_is_said_beside_the_form_and_a_secret_is_on_no_page(pages: Pages, config: Path) -> None:
    fields = {"kind": "x", "query": "paperfold", "contact": "ops@firm.example", "do": "try"}
    page = send(pages, {**fields, "token": SECRET}, 422)
    assert "never what it is" in words(page)
    assert SECRET not in html.tostring(page).decode()
    assert page.xpath("//input[@name='query']/@value") == ["paperfold"]
    page = send(pages, {**fields, "token": "OUR_X_TOKEN_THAT_IS_NOT_SET"}, 422)
    assert "It gave nothing" in words(page)
    assert "OUR_X_TOKEN_THAT_IS_NOT_SET" in words(page)
    assert page.xpath("//button[@value='keep']/text()") == ["Keep it all the same"]
    page = send(
        pages, {"kind": "x", "query": "a", "user": "7", "token": "T", "contact": "o@f.example", "do": "keep"}, 422
    )
    assert "expected one of" in words(page)
    assert "[[x]]" not in config.read_text()
