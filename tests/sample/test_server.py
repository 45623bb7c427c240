import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from overheard.collectors.polling.bounded import BoundedReader
from overheard.collectors.polling.poller import PollReport, poll_due
from overheard.config.watchlist import load_watchlist
from overheard.folder import Folder
from overheard.log.base import TOPICS
from overheard.log.deadletters import list_letters
from overheard.log.embedded import EmbeddedLog
from overheard.records import Fetch, Mention, decode
from overheard.sample import SampleServer, World, write_config
from overheard.sample.post import Post
from overheard.sample.site import BY_NAME, FIRM, SITES, Site
from overheard.urls import canonical_url
from overheard.wiring.feeds import fetcher_of
from overheard.wiring.kinds import load_settings, sources_of
from tests.sample.conftest import NOW


def get(server: SampleServer, path: str, **headers: str) -> httpx.Response:
    return httpx.get(server.address + path, headers=headers, trust_env=False)


def read(server: SampleServer, site: Site, folder: Path, world: World) -> tuple[Mention, ...]:
    settings = load_settings(write_config(folder, server.address, world))
    source = next(one for one in sources_of(settings) if one.name == site.name)
    answer = get(server, site.path)
    fetch = Fetch(id="f", source=site.name, url=source.url, final_url="", status=200, body=answer.content, at=NOW,
                  headers={"content-type": answer.headers["content-type"]})  # fmt: skip
    reading = source.read(fetch)
    assert (reading.rejected, reading.repeated) == ((), 0)
    return reading.mentions


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
def test_every_feed_and_file_is_read_whole_with_what_each_post_says(
    server: SampleServer, world: World, site: Site, tmp_path: Path
) -> None:
    posts = {canonical_url(server.address + site.permalink(p.key)): p for p in world.posts if p.site == site.name}
    mentions = read(server, site, tmp_path, world)
    assert {canonical_url(mention.url) for mention in mentions} == set(posts)
    for mention in mentions:
        post = posts[canonical_url(mention.url)]
        assert mention.content.split() == post.text.split()
        assert (mention.name, mention.published) == (post.title, post.published)
        if not site.is_feed:
            actor = mention.attributed_to
            assert (mention.platform, actor.preferred_username if actor else "") == (site.name, post.author)
        if post.parent:
            parent = server.address + site.permalink(post.parent) if site.is_feed else post.parent
            assert mention.in_reply_to == parent


def test_a_site_that_has_not_changed_says_so_and_one_that_has_gives_it_all(world: World) -> None:
    now = NOW
    with SampleServer(world, clock=lambda: now) as server:
        site = BY_NAME["x"]
        first = get(server, site.path)
        assert first.status_code == 200
        tag, changed = first.headers["etag"], first.headers["last-modified"]
        assert get(server, site.path, **{"If-None-Match": tag}).status_code == 304
        assert get(server, site.path, **{"If-None-Match": f'W/{tag}, "other"'}).status_code == 304
        assert get(server, site.path, **{"If-Modified-Since": changed}).status_code == 304
        assert get(server, site.path, **{"If-Modified-Since": "yesterday"}).status_code == 200
        assert get(server, site.path, **{"If-None-Match": '"other"', "If-Modified-Since": changed}).status_code == 200
        now += timedelta(minutes=30)
        later = get(server, site.path, **{"If-None-Match": tag, "If-Modified-Since": changed})
        assert later.status_code == 200
        assert len(later.content) > len(first.content)
        assert httpx.head(server.address + site.path, trust_env=False).headers["etag"] == later.headers["etag"]


def test_posts_that_are_yet_to_come_appear_when_their_time_comes(world: World) -> None:
    first = world.coming[0]
    now = NOW
    with SampleServer(world, clock=lambda: now) as server:
        path = BY_NAME[first.site].permalink(first.key)
        assert get(server, path).status_code == 404
        now = first.published
        assert get(server, path).status_code == 200


def test_every_permalink_leads_to_the_post(server: SampleServer, world: World) -> None:
    latest: dict[str, Post] = {post.site: post for post in world.posts}
    for site in SITES:
        post = latest[site.name]
        page = get(server, site.permalink(post.key))
        assert page.status_code == 200
        assert post.text[:40].replace("'", "&#x27;") in page.text


@pytest.mark.parametrize(
    "path", ["/nothing", "/sites/elsewhere.example/", "/sites/x.sample.example/posts/x-9", "/%00<b>"]
)
def test_what_is_not_there_is_a_plain_404(server: SampleServer, path: str) -> None:
    answer = get(server, path)
    assert answer.status_code == 404
    assert "<b>" not in answer.text


def test_every_link_of_the_firms_site_leads_somewhere(server: SampleServer) -> None:
    start = f"{server.address}/sites/{FIRM.host}/"
    seen: set[str] = set()
    wait = [start]
    while wait:
        url = wait.pop()
        if url in seen or not url.startswith(start):
            continue
        seen.add(url)
        answer = httpx.get(url, trust_env=False)
        assert answer.status_code == 200, url
        if answer.headers["content-type"].startswith("text/html"):
            wait += [urljoin(url, link) for link in re.findall(r'href="([^"#]+)"', answer.text)]
    names = {url.removeprefix(start) for url in seen}
    assert {"", "products/koyna-400/", "team/", "contact/", "news/", "feed.xml"} <= names


def test_the_front_page_and_each_site_are_there(server: SampleServer) -> None:
    for link in re.findall(r'href="([^"]+)"', get(server, "/").text):
        assert get(server, link).status_code == 200, link


def test_a_port_in_use_is_an_error(world: World, server: SampleServer) -> None:
    with pytest.raises(OSError, match="in use"):
        SampleServer(world, server.port)


def test_the_config_is_read_without_a_warning_and_names_no_real_host(
    server: SampleServer, world: World, tmp_path: Path
) -> None:
    settings = load_settings(write_config(tmp_path, server.address, world))
    assert {source.name for source in sources_of(settings)} == {site.name for site in SITES}
    assert (settings.firm.name, settings.locale.currency) == ("Sahyadri Spindles", "INR")
    assert load_watchlist(tmp_path / "watch.toml").warnings == ()
    for file in tmp_path.iterdir():
        hosts = re.findall(r"https?://([\w.-]+)|@[\w.]*?@?([\w-]+\.[\w.]+)", file.read_text("utf-8"))
        assert {(a or b).rpartition(".")[2] for a, b in hosts} <= {"example", "1"}


def test_polling_the_world_gives_exactly_its_posts_and_the_second_time_only_what_is_new(
    world: World, tmp_path: Path
) -> None:
    now = NOW

    def poll(log: EmbeddedLog, reader: BoundedReader) -> PollReport:
        return poll_due(log, sources, fetcher, lambda: now, read=reader.read)

    with (
        SampleServer(world, clock=lambda: now) as server,
        Folder(tmp_path / "data") as folder,
        BoundedReader() as reader,
    ):
        settings = load_settings(write_config(tmp_path, server.address, world))
        sources = sources_of(settings)
        fetcher = fetcher_of(settings)
        log = EmbeddedLog(folder)
        first = poll(log, reader)
        again = mentions(log)
        now += timedelta(minutes=6)
        second = poll(log, reader)
        now += timedelta(hours=2)
        third = poll(log, reader)
        found = mentions(log)
        letters = list(list_letters(log))
        log.close()

    assert (first.problems, first.fates) == ((), {"collected": len(world.posts)})
    assert Counter(mention.source for mention in again) == Counter(post.site for post in world.posts)
    out = [post for post in world.coming if post.published <= NOW + timedelta(minutes=6)]
    assert (second.asked, second.unmodified) == (len(SITES), len(SITES) - len({post.site for post in out}))
    assert second.fates["collected"] == len(out) > 0
    assert third.fates["collected"] == len(world.coming) - len(out)
    assert len({mention.id for mention in found}) == len(world.posts) + len(world.coming)
    assert letters == []


def mentions(log: EmbeddedLog) -> list[Mention]:
    found = []
    for partition in range(TOPICS["mentions"].partitions):
        start, end = log.span("mentions", partition)
        found += [decode(one.value).data for one in log.read("mentions", partition, start, end) if one.value]
    return found
