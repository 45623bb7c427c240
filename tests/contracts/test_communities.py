"""Each service of the communities keeps the contract of a source, on made-up answers in its own form."""

from pathlib import Path
from typing import ClassVar

import pytest

from overheard.collectors.communities.bluesky import Bluesky
from overheard.collectors.communities.discourse import Discourse
from overheard.collectors.communities.facebook_page import FacebookPage
from overheard.collectors.communities.github import GitHub
from overheard.collectors.communities.google_business import GoogleBusiness
from overheard.collectors.communities.hackernews import HackerNews
from overheard.collectors.communities.instagram import Instagram
from overheard.collectors.communities.mastodon import Mastodon
from overheard.collectors.communities.reddit import Reddit
from overheard.collectors.communities.stackexchange import StackExchange
from overheard.collectors.communities.x import X
from overheard.collectors.communities.youtube import YouTube
from overheard.testing import SourceContract, recordings_in

pytestmark = pytest.mark.minutes
_RECORDINGS = Path(__file__).parent / "recordings"
_DOCS = Path(__file__).parents[2] / "docs" / "sources"


class TestMastodon(SourceContract):
    source = Mastodon(name="fediverse", instance="https://social.example", tag="paperfold")
    recordings = recordings_in(_RECORDINGS / "mastodon")
    documentation: ClassVar[Path | None] = _DOCS / "mastodon.md"


class TestBluesky(SourceContract):
    source = Bluesky(name="bluesky-search", query="paperfold")
    recordings = recordings_in(_RECORDINGS / "bluesky")
    documentation: ClassVar[Path | None] = _DOCS / "bluesky.md"


class TestHackerNews(SourceContract):
    source = HackerNews(name="hn", query="paperfold")
    recordings = recordings_in(_RECORDINGS / "hackernews")
    documentation: ClassVar[Path | None] = _DOCS / "hackernews.md"


class TestReddit(SourceContract):
    source = Reddit(name="r-printing", subreddit="printing", token_env="REDDIT_TOKEN")
    recordings = recordings_in(_RECORDINGS / "reddit")
    documentation: ClassVar[Path | None] = _DOCS / "reddit.md"


class TestGitHub(SourceContract):
    source = GitHub(name="driver-issues", repository="paperfold/driver")
    recordings = recordings_in(_RECORDINGS / "github")
    documentation: ClassVar[Path | None] = _DOCS / "github.md"


class TestDiscourse(SourceContract):
    source = Discourse(name="forum", instance="https://forum.example")
    recordings = recordings_in(_RECORDINGS / "discourse")
    documentation: ClassVar[Path | None] = _DOCS / "discourse.md"


class TestStackExchange(SourceContract):
    source = StackExchange(name="superuser", site="superuser", tag="printing")
    recordings = recordings_in(_RECORDINGS / "stackexchange")
    documentation: ClassVar[Path | None] = _DOCS / "stackexchange.md"


class TestYouTube(SourceContract):
    source = YouTube(name="our-video", video="dQpaperfold", token_env="YOUTUBE_KEY")
    recordings = recordings_in(_RECORDINGS / "youtube")
    documentation: ClassVar[Path | None] = _DOCS / "youtube.md"


class TestX(SourceContract):
    source = X(name="x-search", query="paperfold", token_env="X_TOKEN")
    recordings = recordings_in(_RECORDINGS / "x")
    documentation: ClassVar[Path | None] = _DOCS / "x.md"


class TestGoogleBusiness(SourceContract):
    source = GoogleBusiness(name="our-reviews", account="101", location="202", token_env="GOOGLE_TOKEN")
    recordings = recordings_in(_RECORDINGS / "google_business")
    documentation: ClassVar[Path | None] = _DOCS / "google_business.md"
    exempt: ClassVar[dict[str, str]] = {
        "an_error_in_json_is_an_error": "A location without reviews answers {}: Google leaves out what is empty. That "
        "an error is one is tested in tests/collectors/test_owned.py.",
    }


class TestFacebookPage(SourceContract):
    source = FacebookPage(name="our-page", page="700100", token_env="FACEBOOK_TOKEN")
    recordings = recordings_in(_RECORDINGS / "facebook_page")
    documentation: ClassVar[Path | None] = _DOCS / "facebook_page.md"


class TestInstagram(SourceContract):
    source = Instagram(name="our-instagram", account="17841400000000001", token_env="INSTAGRAM_TOKEN")
    recordings = recordings_in(_RECORDINGS / "instagram")
    documentation: ClassVar[Path | None] = _DOCS / "instagram.md"
