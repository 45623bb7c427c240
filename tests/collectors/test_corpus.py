"""Real feeds, well-formed and broken, as others collected them; read where they are, never copied."""

import ast
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from overheard.collectors.feeds.feed import read_feed
from overheard.collectors.markup import from_html, one_line
from overheard.errors import InputError
from overheard.records import Fetch, encode, event_for

FEEDS = Path(__file__).parents[3] / "shared" / "data" / "feeds"
AT = datetime(2026, 5, 1, tzinfo=UTC)
needs_feeds = pytest.mark.skipif(not FEEDS.is_dir(), reason=f"needs real feeds in {FEEDS}")
EXPECTED = re.compile(rb"Expect:\s+not bozo and entries\[0\]\['(title|link)'\] == u?('[^']*')\s")


def fetched(path: Path) -> Fetch:
    url = f"https://site.example/{path.name}"
    return Fetch(id="fet_1", source="site", url=url, final_url=url, status=200, body=path.read_bytes(), at=AT)


@needs_feeds
def test_every_real_feed_is_read_or_refused_with_a_reason() -> None:
    files = [path for folder in ("feedparser", "reader") for path in sorted((FEEDS / folder).rglob("*"))]
    files = [path for path in files if path.is_file()]
    assert len(files) > 2_100
    failures: list[str] = []
    counts: Counter[str] = Counter()
    for path in files:
        try:
            reading = read_feed(fetched(path))
        except InputError:
            counts["refused"] += 1
        except Exception as e:  # noqa: BLE001  whatever it is, it is the failure that is looked for
            failures.append(f"{path.relative_to(FEEDS)}: {type(e).__name__}: {e}")
        else:
            counts["read"] += 1
            for mention in reading.mentions:
                encode(event_for(mention, subject=mention.id, source="/test", time=AT))
    assert failures == []
    # Refused: an empty document, feeds of the dialect CDF without an entry, and JSON that is no feed.
    assert counts["refused"] <= 12, counts


@needs_feeds
def test_titles_and_links_of_real_entries_are_what_their_collectors_expect() -> None:
    met: Counter[str] = Counter()
    missed: list[str] = []
    for path in sorted((FEEDS / "feedparser" / "wellformed").rglob("*.xml")):
        match = EXPECTED.search(path.read_bytes()[:2_000])
        if match is None:
            continue
        field, value = match[1].decode(), ast.literal_eval(match[2].decode("utf-8", "replace"))
        if field == "title":
            # Most have no link; one is given here, so that the entry has an id.
            body = re.sub(rb"<(entry|item)\b([^>/]*)>", rb"<\1\2><guid>x</guid><id>x</id>", path.read_bytes(), count=1)
            url = f"https://site.example/{path.name}"
            reading = read_feed(Fetch(id="f", source="s", url=url, final_url=url, status=200, body=body, at=AT))
            got = {one_line(m.name) for m in reading.mentions}
            value = one_line(from_html(value).text)
        else:
            got = {m.url for m in read_feed(fetched(path)).mentions}
        met[field] += value in got
        if value not in got:
            missed.append(f"{path.name}: {field} {value!r} is not in {got!r}")
    assert met.total() >= 0.9 * (met.total() + len(missed)), missed


@needs_feeds
@pytest.mark.parametrize("name", ["full.atom", "full.rss", "full.json", "relative.atom", "relative.rss"])
def test_feeds_of_a_feed_reader_have_entries(name: str) -> None:
    assert read_feed(fetched(FEEDS / "reader" / name)).mentions
