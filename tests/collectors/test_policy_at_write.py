"""The policy of a source as it is polled: what it forbids to keep reaches no topic."""

from datetime import timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from overheard.collectors.feeds.feed import Feed
from overheard.collectors.polling.collect import Collector
from overheard.errors import ConfigError
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.policy import PolicyTable, bodiless
from overheard.records import Fetch, Policy, decode, encode, event_for
from overheard.suppression import NOBODY
from tests.collectors.polled import START, Polled, sources_in

RSS = """<rss version="2.0"><channel><title>t</title>{items}</channel></rss>"""
ITEM = """<item><guid>{n}</guid><link>https://press.example/{n}</link><title>On lathes {n}</title>
<author>ann@press.example (Ann Lee)</author><description>{text}</description>
<pubDate>{when:%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"""


def rss(*entries: tuple[int, str, int]) -> str:
    """Return a feed of entries (number, text, days ago)."""
    items = "".join(ITEM.format(n=n, text=text, when=START - timedelta(days=days)) for n, text, days in entries)
    return RSS.format(items=items)


@pytest.fixture
def polled(tmp_path: Path, httpserver: HTTPServer):  # type: ignore[no-untyped-def]
    with Folder(tmp_path / "data") as folder:
        yield Polled(folder, httpserver)


def feed(polled: Polled, **policy: object) -> Feed:
    table = PolicyTable(**policy)  # type: ignore[arg-type]
    return Feed(name="press", url=polled.server.url_for("/feed"), articles=False, policy=table)


def fetches(polled: Polled) -> list[Fetch]:
    found = []
    for partition in range(12):
        start, end = polled.log.span("fetches", partition)
        found += [decode(one.value).data for one in polled.log.read("fetches", partition, start, end) if one.value]
    return found


def test_text_is_cut_and_parts_are_left_out_before_they_are_written(polled: Polled) -> None:
    polled.serve("/feed", rss((1, "It holds tolerance. " * 40, 1)))
    polled.poll([feed(polled, text=120, without=("author_email", "author_name"))])
    (event,) = polled.events()
    assert len(event.data.text) <= 120
    assert event.data.content.endswith("…")
    assert event.data.attributed_to is None
    assert event.data.name == "On lathes 1"


def test_the_same_feed_again_is_unchanged_and_a_stricter_policy_is_an_edit(polled: Polled) -> None:
    body = rss((1, "It holds tolerance. " * 40, 1))
    polled.serve("/feed", body)
    polled.poll([feed(polled, text=400)])
    polled.poll([feed(polled, text=400)], after=timedelta(days=1))
    assert len(polled.events()) == 1
    polled.poll([feed(polled, text=60)], after=timedelta(days=1))
    first, second = polled.events()
    assert (first.verb, second.verb) == ("Create", "Update")
    assert len(second.data.text) <= 60


def test_the_bytes_of_a_source_that_forbids_it_never_reach_the_log(polled: Polled) -> None:
    polled.serve("/feed", rss((1, "It holds tolerance.", 1)))
    polled.poll([feed(polled, without=("raw",))])
    assert len(polled.events()) == 1
    (fetch,) = fetches(polled)
    assert fetch.body == b""
    assert "by the policy of source press" in fetch.withheld


def test_a_fetch_without_its_bytes_that_was_left_unread_is_no_dead_letter(polled: Polled) -> None:
    source = feed(polled, without=("raw",))
    whole = Fetch(id="f1", source="press", url=source.url, final_url=source.url, status=200, body=b"<rss/>", at=START)
    left = bodiless(whole, source.in_force)
    event = event_for(left, subject="f1", source="/sources/press", time=START)
    polled.log.append([ProducerRecord("fetches", "f1", encode(event))])  # killed before it was read
    consumer = polled.log.consumer("collect", "fetches")
    collector = Collector(polled.log, consumer, lambda one, fetch: one.read(fetch), lambda: START, lambda: NOBODY)
    collector.sources = {"press": source}
    collector.collect()
    assert collector.fates == {"unchanged": 1}
    first, end = polled.log.span("dead-letters", 0)
    assert first == end
    # What it had to remember of that answer was not written down, so the source is asked as if for the first time.
    polled.serve("/feed", rss((1, "It holds tolerance.", 1)))
    polled.poll([source])
    assert len(polled.events()) == 1


def test_what_is_older_than_the_policy_keeps_is_not_taken_in(polled: Polled) -> None:
    polled.serve("/feed", rss((1, "It holds.", 2), (2, "It held.", 200)))
    polled.poll([feed(polled, retention=90)])
    (event,) = polled.events()
    assert event.data.url == "https://press.example/1"
    assert polled.log.checkpoint("collect", "fetches").fates["expired"] == 1


def test_an_entry_that_grew_too_old_is_no_edit_either(polled: Polled) -> None:
    polled.serve("/feed", rss((1, "It holds.", 2)))
    polled.poll([feed(polled, retention=10)])
    polled.clear()
    polled.serve("/feed", rss((1, "It holds no more.", 2)))
    polled.poll([feed(polled, retention=10)], after=timedelta(days=30))
    assert len(polled.events()) == 1


def test_the_policy_of_a_source_stands_in_its_table(tmp_path: Path) -> None:
    (source,) = sources_in(
        tmp_path,
        """
        [[feed]]
        name = "press"
        url = "https://press.example/feed"
        [feed.policy]
        retention = 90
        text = 500
        export = "link"
        without = ["author_email", "raw"]
        terms = "https://press.example/terms"
        read_on = 2026-11-22
        """,
    )
    assert source.in_force.retention == 90
    assert source.in_force.export == "link"
    assert source.in_force.terms == "https://press.example/terms"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('export = "nowhere"', r"overheard.toml:5: feed\[1\]\.policy\.export"),
        ("retention = 0", r"overheard.toml:5: feed\[1\]\.policy\.retention"),
        ("text = -1", r"feed\[1\]\.policy\.text"),
        ('without = ["soul"]', r"feed\[1\]\.policy\.without"),
        ("keep = 3", r"keep"),
    ],
)
def test_a_policy_that_is_none_is_refused_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    text = f'[[feed]]\nname = "press"\nurl = "https://press.example/feed"\n[feed.policy]\n{line}\n'
    with pytest.raises(ConfigError, match=said):
        sources_in(tmp_path, text)


def test_a_policy_that_is_looser_than_its_kinds_is_refused_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Feed, "kind_policy", Policy(retention=30, terms="https://t.example/"))
    text = '[[feed]]\nname = "press"\nurl = "https://press.example/feed"\n[feed.policy]\nretention = 90\n'
    with pytest.raises(ConfigError, match=r"overheard.toml:5: .*retention: expected at most 30 days") as refused:
        sources_in(tmp_path, text)
    assert "https://t.example/" in str(refused.value)
