"""Feeds of public searches: one table of services, with what each costs, allows and needs; and the feeds of terms.

They are proposals to be checked: services change their addresses and terms, and none of them owes anybody a feed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from overheard.onboard.names import letters_of

_MOST_WORDS = 8  # names in one search; longer ones are cut off by some services
_LONGEST = 1_500  # characters of an address


@dataclass(frozen=True, slots=True)
class Service:
    """A service whose searches are feeds.

    `url` has {query}, {language}, {region} or {tag}. `note` says what it gives and what its terms ask; `policy` is
    where they stand. `ask_first`: they want an agreement from firms, so it is shown and not taken by itself.
    """

    name: str
    url: str
    note: str
    policy: str
    interval: int | None = None
    ask_first: bool = False
    quoted: str = '"{}"'
    joined: str = " OR "


SERVICES: Sequence[Service] = (
    Service(
        "google-news",
        "https://news.google.com/rss/search?q={query}&hl={language}-{region}&gl={region}&ceid={region}:{language}",
        "News in your language and country. Free; meant for feed readers, not for showing its headlines to others",
        "https://policies.google.com/terms",
    ),
    Service(
        "bing-news",
        "https://www.bing.com/news/search?q={query}&format=rss&mkt={language}-{region}",
        "News in your language and country. Free; for your own use, not for showing its headlines to others",
        "https://www.microsoft.com/servicesagreement",
    ),
    Service(
        "hacker-news",
        "https://hnrss.org/newest?q={query}",
        "Posts on Hacker News (software, start-ups). Free, run by volunteers: ask seldom",
        "https://hnrss.github.io/",
        interval=7_200,
    ),
    Service(
        "reddit",
        "https://www.reddit.com/search.rss?q={query}&sort=new",
        "Posts on Reddit. Free to try; Reddit wants an agreement for commercial use: get it before you keep this",
        "https://redditinc.com/policies/data-api-terms",
        ask_first=True,
    ),
)
TAGS = Service(
    "mastodon",
    "https://mastodon.social/tags/{tag}.rss",
    "Public posts with this hashtag, as one large server of the fediverse knows them. Free; each server has its rules",
    "https://mastodon.social/about",
)


@dataclass(frozen=True, slots=True)
class SearchFeed:
    """A feed of a search: proposed name and address, and its service."""

    name: str
    url: str
    service: Service


def search_feeds(names: Iterable[str], language: str, region: str) -> tuple[SearchFeed, ...]:
    """Return a feed of each service for names; none without names. An unknown region is US."""
    wanted = list(dict.fromkeys(name.replace('"', " ") for name in names))[:_MOST_WORDS]
    found: list[SearchFeed] = []
    for service in SERVICES if wanted else ():
        url = _fitting(service, wanted, language or "en", region or "US")
        found.append(SearchFeed(service.name, url, service))
    return tuple(found)


def tag_feeds(names: Iterable[str]) -> tuple[SearchFeed, ...]:
    """Return the feeds of hashtags that names make: three to thirty letters and digits, not digits alone."""
    tags = dict.fromkeys(letters_of(name) for name in names)
    fitting = [tag for tag in tags if 3 <= len(tag) <= 30 and not tag.isdigit()]
    return tuple(SearchFeed(f"mastodon-{tag}", TAGS.url.format(tag=quote(tag)), TAGS) for tag in fitting)


def _fitting(service: Service, names: Sequence[str], language: str, region: str) -> str:
    """Return the address for as many of the names as it has room for, one at least."""

    def of(count: int) -> str:
        query = service.joined.join(service.quoted.format(name) for name in names[:count])
        return service.url.format(query=quote_plus(query), language=quote(language), region=quote(region))

    return next((url for count in range(len(names), 1, -1) if len(url := of(count)) <= _LONGEST), of(1))
