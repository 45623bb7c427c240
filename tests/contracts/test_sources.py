"""The contract, held against every kind of source that Overheard has."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from overheard.collectors.base import Source
from overheard.collectors.feeds.feed import Feed, comments_of, read_feed
from overheard.collectors.files import PostFile
from overheard.collectors.pages.sitemap import Sitemap
from overheard.collectors.pages.watched import WatchedPage
from overheard.collectors.pages.webmention import PURPOSE, Webmention, what_it_may_become
from overheard.collectors.pushed.discourse import DiscourseWebhook
from overheard.collectors.pushed.github import GitHubWebhook
from overheard.collectors.pushed.push import Push
from overheard.errors import InputError
from overheard.testing import RULES, Recording, SourceContract, check, recordings_in
from overheard.wiring.kinds import KINDS
from tests.contracts import test_communities, test_laid, test_mailbox, test_streams

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "sources"
SHARED = ROOT.parent / "shared" / "data"
RECORDINGS = Path(__file__).parent / "recordings"
AT = datetime(2025, 12, 2, 9, tzinfo=UTC)


def recorded(kind: str) -> Sequence[Recording]:
    return [replace(one, at=AT) for one in recordings_in(RECORDINGS / kind)]


class TestFeed(SourceContract):
    source = Feed(name="a feed", url="https://pumps.example/feed/")
    recordings = recorded("feed")
    documentation = DOCS / "feed.md"


def _of_comments() -> list[Recording]:
    """The feed of an entry's comments, as the feed itself asks for it."""
    (entry,) = [one for one in TestFeed.recordings if one.name == "rss-2.0.xml"]
    request = comments_of(read_feed(entry.fetch(TestFeed.source)))[0]
    return [replace(entry, name="comments", url=request.url, purpose=request.purpose, about=request.about)]


class TestFeedOfComments(SourceContract):
    source = Feed(name="a feed", url="https://pumps.example/feed/", comments=True)
    recordings = _of_comments()
    documentation = DOCS / "feed.md"


class TestSitemap(SourceContract):
    source = Sitemap(name="a sitemap", url="https://herald.example/sitemap.xml", days=30)
    recordings = recorded("sitemap")
    documentation = DOCS / "sitemap.md"


class TestPageOfLinks(SourceContract):
    source = WatchedPage(name="a page", url="https://acme.example/news/")
    recordings = recorded("page")
    documentation = DOCS / "page.md"


class TestPageOfText(SourceContract):
    source = WatchedPage(name="a page", url="https://acme.example/news/", what="text", select="main p")
    recordings = recorded("page")
    documentation = DOCS / "page.md"


def _sent(source: str, target: str) -> list[Recording]:
    """Return the page of a webmention as it is asked for at its sender's word."""
    about = what_it_may_become("ours", source, target, AT)
    return [replace(one, url=source, purpose=PURPOSE, about=about) for one in recorded("webmention")]


class TestPostFile(SourceContract):
    source = PostFile(name="a file", url="https://agency.example/ours.ndjson")
    recordings = recorded("file")
    documentation = DOCS / "file.md"


class TestWebmention(SourceContract):
    """A reply to a page of ours, asked because somebody sent word of it."""

    source = Webmention(name="ours", targets=("acme.example",))
    recordings = _sent("https://jo.example/notes/7", "https://acme.example/news/seals")
    documentation = ROOT / "docs" / "webmention.md"
    exempt = {"an_empty_body_is_an_error": "anybody may send a page that is empty: it is refused, and no dead letter"}


class TestPush(SourceContract):
    source = Push(name="shop-reviews", secret_env="PUSH_SECRET")
    recordings = recordings_in(RECORDINGS / "push")
    documentation = DOCS / "push.md"


class TestGitHubWebhook(SourceContract):
    source = GitHubWebhook(name="our-repositories", secret_env="GITHUB_WEBHOOK_SECRET")
    recordings = recordings_in(RECORDINGS / "github_webhook")
    documentation = DOCS / "github_webhook.md"


class TestDiscourseWebhook(SourceContract):
    source = DiscourseWebhook(name="our-forum", instance="https://forum.example", secret_env="FORUM_SECRET")
    recordings = recordings_in(RECORDINGS / "discourse_webhook")
    documentation = DOCS / "discourse_webhook.md"


def test_every_kind_is_held_to_the_contract() -> None:
    rooms = (test_communities, test_laid, test_mailbox, test_streams)
    named = [*globals().values(), *(one for room in rooms for one in vars(room).values())]
    held = {type(one.source) for one in named if isinstance(one, type) and issubclass(one, SourceContract)
            and one is not SourceContract}  # fmt: skip
    assert held == set(KINDS.values())


# ---- Real answers ----------------------------------------------------------------------------------------------------

# What real feeds may hold: dates of any year, and a page of documentation is not theirs; some have no entry.
_OF_OURS = {"is_documented", "every_option_is_documented", "times_are_of_the_web", "recordings_are_read"}


def real(folder: str, suffixes: set[str], most: int) -> list[Recording]:
    """Recordings out of the shared data, evenly over what is there."""
    if not (SHARED / folder).is_dir():
        pytest.skip(f"needs ../shared/data/{folder}")
    paths = sorted(path for path in (SHARED / folder).rglob("*") if path.suffix in suffixes and path.is_file())
    chosen = paths[:: max(len(paths) // most, 1)][:most]
    return [Recording(str(path.relative_to(SHARED)), path.read_bytes(), at=AT) for path in chosen]


def readable(source: Source, recordings: Sequence[Recording]) -> list[Recording]:
    """Those that can be read: the shared data hold others on purpose."""
    found = []
    for one in recordings:
        with suppress(InputError):
            source.read(one.fetch(source))
            found.append(one)
    return found


@pytest.mark.parametrize(
    ("source", "folder", "suffixes", "most"),
    [
        (Feed(name="a", url="https://a.example/feed"), "feeds/reader", {".atom", ".rss", ".json"}, 12),
        (Feed(name="a", url="https://a.example/feed"), "feeds/feedparser", {".xml"}, 12),
        (Sitemap(name="a", url="https://a.example/sitemap.xml", days=3_650), "feeds/sitemaps", {".xml"}, 12),
        (WatchedPage(name="a", url="https://a.example/", what="text"), "articles/pages", {".html"}, 4),
    ],
    ids=["reader", "feedparser", "sitemaps", "pages"],
)
def test_the_rules_hold_for_real_answers(source: Source, folder: str, suffixes: set[str], most: int) -> None:
    recordings = readable(source, real(folder, suffixes, most))
    assert len(recordings) >= min(most, 4) - 1
    assert check(source, recordings, rules=[name for name in RULES if name not in _OF_OURS]) == []
