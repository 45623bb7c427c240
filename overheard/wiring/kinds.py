"""The kinds of sources that the settings may name, and settings read with them: the one place that knows them all."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from overheard.collectors.base import Source
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
from overheard.collectors.feeds.feed import Feed
from overheard.collectors.files import PostFile
from overheard.collectors.laid.leads import Leads
from overheard.collectors.laid.whatsapp import WhatsApp
from overheard.collectors.mail.mailbox import Mailbox
from overheard.collectors.pages.sitemap import Sitemap
from overheard.collectors.pages.watched import WatchedPage
from overheard.collectors.pages.webmention import Webmention
from overheard.collectors.pushed.discourse import DiscourseWebhook
from overheard.collectors.pushed.github import GitHubWebhook
from overheard.collectors.pushed.push import Push
from overheard.collectors.streaming.jetstream import Jetstream
from overheard.collectors.streaming.mastodon_stream import MastodonStream
from overheard.collectors.streaming.x_stream import XStream
from overheard.config import settings
from overheard.config.settings import Settings
from overheard.errors import ConfigError
from overheard.wiring import plugins
from overheard.wiring.secrets import beside

COMMUNITIES = (Mastodon, Bluesky, HackerNews, Reddit, GitHub, Discourse, StackExchange, YouTube, X)
# What is said to a firm where it is at home, read as its owner.
OWNED = (GoogleBusiness, FacebookPage, Instagram)
# What others send by themselves.
PUSHED = (Push, GitHubWebhook, DiscourseWebhook)
# What tells by itself, once it is connected to.
STREAMS = (Jetstream, MastodonStream, XStream)
KINDS: Mapping[str, type[Source]] = {
    one.kind: one
    for one in (
        Feed,
        PostFile,
        Sitemap,
        WatchedPage,
        Webmention,
        Mailbox,
        WhatsApp,
        Leads,
        *COMMUNITIES,
        *STREAMS,
        *OWNED,
        *PUSHED,
    )
}


def kinds() -> Mapping[str, type[Source]]:
    """Return all kinds by name: the program's own, then those of other distributions (`wiring.plugins`)."""
    brought = plugins.beside(KINDS, plugins.installed()).usable
    return {**KINDS, **{name: plugin.kind for name, plugin in brought.items()}}


def load_settings(path: Path | None = None) -> Settings:
    """Return the settings of a file, or the defaults without one (`config.settings.load_settings`).

    A table of a kind whose plugin cannot be used is refused with the reason.
    """
    if path is None:
        return Settings()
    try:
        loaded = settings.load_settings(path, kinds())
    except ConfigError as e:
        place, _, rest = str(e).partition(": unknown key")
        for name, said in plugins.installed().problems.items():
            if rest and place.endswith(f": {name}"):
                raise ConfigError(f"{place}: {said[0]}") from e
        raise
    return msgspec.structs.replace(loaded, sources=beside(path.parent, loaded.sources))


def sources_of(settings: Settings) -> list[Source]:
    """Return the sources that the settings name, kind by kind."""
    return [source for source in settings.sources if isinstance(source, Source)]
