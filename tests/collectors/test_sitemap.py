import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from overheard.collectors.base import Reading
from overheard.collectors.pages.sitemap import MAX_TAKEN, Sitemap, read_sitemap
from overheard.collectors.polling.bounded import BoundedReader
from overheard.errors import InputError
from overheard.folder import Folder
from overheard.records import Fetch
from tests.collectors.polled import Polled, sources_in

NOW = datetime(2026, 5, 1, 13, tzinfo=UTC)
URL = "https://site.example/sitemap.xml"
NEWS = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
 <url><loc>https://site.example/a?utm_source=map</loc>
  <news:news><news:publication><news:name>The Site</news:name><news:language>en</news:language></news:publication>
   <news:publication_date>2026-04-30T08:00:00+02:00</news:publication_date>
   <news:title>Acme &amp; the others</news:title><news:keywords>Acme, pumps , Acme</news:keywords></news:news>
  <image:image><image:loc>https://site.example/a.jpg</image:loc><image:title>A picture</image:title></image:image>
 </url>
</urlset>"""


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[Polled]:
    with Folder(tmp_path / "data") as folder:
        world = Polled(folder, httpserver)
        yield world
        world.log.close()


def read(body: str | bytes, purpose: str = "", days: int = 7) -> Reading:
    raw = body.encode() if isinstance(body, str) else body
    fetch = Fetch(id="f", source="map", url=URL, final_url=URL, status=200, body=raw, at=NOW, purpose=purpose)
    return read_sitemap(fetch, timedelta(days=days))


def urlset(*pages: tuple[str, str]) -> str:
    inner = "".join(
        f"<url><loc>https://site.example{path}</loc>{f'<lastmod>{at}</lastmod>' if at else ''}</url>"
        for path, at in pages
    )
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inner}</urlset>'


def index(*children: tuple[str, str], base: str = "https://site.example") -> str:
    inner = "".join(
        f"<sitemap><loc>{base}{path}</loc>{f'<lastmod>{at}</lastmod>' if at else ''}</sitemap>" for path, at in children
    )
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inner}</sitemapindex>'


def paths(reading: Reading) -> list[str]:
    return [mention.url.removeprefix("https://site.example") for mention in reading.mentions]


def test_an_entry_of_a_news_sitemap_has_title_time_language_and_keywords_and_its_text_is_in_the_page() -> None:
    reading = read(NEWS)
    (mention,) = reading.mentions
    assert (mention.name, mention.content, mention.language, mention.tag) == (
        "Acme & the others",
        "",
        "en",
        ("Acme", "pumps"),
    )
    assert mention.published == datetime(2026, 4, 30, 6, tzinfo=UTC)
    assert reading.summaries == {mention.id}


def test_of_a_plain_sitemap_what_changed_lately_is_taken_and_the_rest_is_history() -> None:
    reading = read(urlset(("/old", "2019-01-01"), ("/new", "2026-04-30T10:00:00Z"), ("/undated", "")))
    assert paths(reading) == ["/new", "/undated"]
    assert [mention.updated for mention in reading.mentions] == [datetime(2026, 4, 30, 10, tzinfo=UTC), None]
    assert paths(read(urlset(("/old", "2019-01-01")), days=3_650)) == ["/old"]


def test_a_time_that_all_pages_share_is_that_of_the_sitemap_and_makes_no_edits() -> None:
    pages = [(f"/{n}", "2026-05-01T12:59:00Z") for n in range(20)]
    assert {mention.updated for mention in read(urlset(*pages)).mentions} == {None}
    assert read(urlset(*[(path, "2020-01-01") for path, _ in pages])).mentions == ()


def test_a_list_of_addresses_is_a_sitemap_too() -> None:
    assert paths(read("https://site.example/a\r\nhttps://site.example/b\nno address\n")) == ["/a", "/b"]


def test_of_an_index_the_children_that_changed_lately_are_asked_the_newest_first() -> None:
    requests = read(index(("/1.xml", "2026-04-29"), ("/2.xml", "2026-05-01"), ("/3.xml", "2020-01-01"))).requests
    assert [request.url for request in requests] == ["https://site.example/2.xml", "https://site.example/1.xml"]
    assert requests[0].changed == datetime(2026, 5, 1, tzinfo=UTC)


def test_of_an_index_without_dates_the_ends_of_each_numbered_family_are_asked_those_of_posts_first() -> None:
    children = [(f"/tag-{n}.xml", "") for n in range(1, 12)] + [(f"/post-{n}.xml", "") for n in (1, 9, 10)]
    found = [request.url.removeprefix("https://site.example") for request in read(index(*children)).requests]
    assert found == ["/post-10.xml", "/post-1.xml", "/tag-11.xml", "/tag-1.xml"]


def test_an_index_within_an_index_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="an index within an index"):
        read(index(("/1.xml", "")), purpose="child")


def test_more_undated_pages_than_a_poll_takes_are_read_from_both_ends_and_it_is_said() -> None:
    reading = read(urlset(*[(f"/{n}", "") for n in range(3_000)]))
    assert len(reading.mentions) == MAX_TAKEN
    assert (paths(reading)[0], paths(reading)[-1]) == ("/0", "/2999")
    assert "3,000" in reading.rejected[0].message


@pytest.mark.parametrize("body", ["", "<html><body>no</body></html>", '<rss version="2.0"></rss>', "nonsense"])
def test_what_is_no_sitemap_is_said_in_words(body: str) -> None:
    with pytest.raises(InputError, match="expected a sitemap"):
        read(body)


def test_a_sitemap_that_is_cut_short_is_read_as_far_as_it_goes() -> None:
    whole = urlset(("/a", "2026-05-01"), ("/b", "2026-05-01"))
    assert paths(read(whole[: whole.index("/b") + 1])) == ["/a"]


def test_entities_of_a_bomb_do_not_expand() -> None:
    bomb = '<!DOCTYPE u [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    reading = read(bomb + urlset(("/x", "")).replace("/x", "/x&b;&b;&b;"))
    assert all(len(mention.url) < 100 for mention in reading.mentions)


@given(st.binary(max_size=300), st.integers(0, len(NEWS)))
def test_any_bytes_give_a_reading_or_an_error_with_a_message(noise: bytes, at: int) -> None:
    for body in (noise, NEWS[:at].encode() + noise + NEWS[at:].encode(), NEWS[:at].encode()):
        try:
            read(body)
        except InputError as e:
            assert "expected" in str(e)


def test_from_empty_settings_an_index_is_polled_with_its_children_and_they_only_when_they_changed(
    world: Polled, tmp_path: Path
) -> None:
    base = world.server.url_for("").rstrip("/")
    sources = sources_in(
        tmp_path,
        f'[[sitemap]]\nname = "the site"\nurl = "{base}/sitemap.xml"\ninterval = 3600\narticles = false\n',
    )
    first = urlset(("/1", "2026-05-01T10:00:00Z")).replace("https://site.example", base)
    world.serve("/sitemap.xml", index(("/a.xml.gz", "2026-05-01T12:00:00Z"), ("/b.xml", "2026-05-01"), base=base))
    world.serve("/a.xml.gz", gzip.compress(first.encode()), Content_Type="application/gzip")
    world.serve("/b.xml", urlset(("/2", "")).replace("https://site.example", base))
    with BoundedReader() as reader:
        report = world.poll(sources, read=reader.read)
        assert (report.asked, report.fetched, report.fates, report.problems) == (1, 3, {"collected": 2}, ())
        assert {event.cause for event in world.events()} == {"back-fill"}
        assert world.asked() == {"/sitemap.xml": 1, "/a.xml.gz": 1, "/b.xml": 1}
        assert world.poll(sources, read=reader.read).asked == 1
        assert world.asked() == {"/sitemap.xml": 1}
        world.clear()
        world.serve("/sitemap.xml", index(("/a.xml.gz", "2026-05-01T14:00:00Z"), ("/b.xml", "2026-05-01"), base=base))
        second = urlset(("/1", "2026-05-01T10:00:00Z"), ("/3", "2026-05-01T13:50:00Z"))
        world.serve("/a.xml.gz", gzip.compress(second.replace("https://site.example", base).encode()))
        assert world.poll(sources, read=reader.read).fates == {"collected": 1, "unchanged": 1}
    assert world.asked() == {"/sitemap.xml": 1, "/a.xml.gz": 1}
    assert world.events()[-1].cause == "live"
    assert set(world.mentions()) == {"/1", "/2", "/3"}


def test_a_poll_that_dies_midway_is_begun_again_and_nothing_is_doubled(world: Polled, tmp_path: Path) -> None:
    base = world.server.url_for("").rstrip("/")
    sources = [Sitemap(name="the site", url=f"{base}/sitemap.xml", interval=3_600)]
    world.serve("/sitemap.xml", index(("/a.xml", ""), ("/b.xml", ""), base=base))
    for name in "ab":
        world.serve(f"/{name}.xml", urlset((f"/{name}", "")).replace("https://site.example", base))

    def dies(source: object, fetch: Fetch) -> Reading:
        if fetch.url.endswith("/b.xml"):
            raise MemoryError
        return sources[0].read(fetch)

    with pytest.raises(MemoryError):
        world.poll(sources, read=dies)
    assert world.poll(sources, after=timedelta()).problems == ()
    assert [event.subject for event in world.events()] == list({event.subject: 0 for event in world.events()})
    assert set(world.mentions()) == {"/a", "/b"}


def test_an_index_of_which_every_child_fails_is_a_problem_of_the_source_and_one_is_not(world: Polled) -> None:
    base = world.server.url_for("").rstrip("/")
    sources = [Sitemap(name="the site", url=f"{base}/sitemap.xml", interval=3_600)]
    world.serve("/sitemap.xml", index(("/a.xml", ""), ("/b.xml", ""), base=base))
    world.serve("/a.xml", "gone", status=404)
    world.serve("/b.xml", "gone", status=404)
    (problem,) = world.poll(sources).problems
    assert "404" in problem.message
    world.clear()
    world.serve("/sitemap.xml", index(("/a.xml", ""), ("/b.xml", ""), ("/c.xml", ""), base=base))
    world.serve("/c.xml", urlset(("/c", "")).replace("https://site.example", base))
    assert world.poll(sources, after=timedelta(hours=3)).problems == ()
    assert set(world.mentions()) == {"/c"}


def test_a_site_that_asks_for_peace_midway_ends_the_poll_and_the_rest_is_asked_in_a_later_one(world: Polled) -> None:
    base = world.server.url_for("").rstrip("/")
    sources = [Sitemap(name="the site", url=f"{base}/sitemap.xml", interval=3_600)]
    world.serve("/sitemap.xml", index(("/1.xml", "2026-05-01"), ("/2.xml", "2026-04-30"), base=base))
    world.serve("/1.xml", "later", status=429, Retry_After="7200")
    world.serve("/2.xml", urlset(("/2", "")).replace("https://site.example", base))
    world.poll(sources)
    assert world.asked() == {"/sitemap.xml": 1, "/1.xml": 1}
    assert world.poll(sources).asked == 0
    world.poll(sources, after=timedelta(hours=2))
    assert world.asked()["/2.xml"] == 1
    assert set(world.mentions()) == {"/2"}
