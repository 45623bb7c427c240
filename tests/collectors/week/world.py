"""All services of the simulated week, what happens at each, and what befalls it."""

import random
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.collectors.behaviour.server import Asked, Reply
from tests.collectors.week.bluesky import BlueskyView
from tests.collectors.week.discourse import DiscourseForum
from tests.collectors.week.facebook_page import FacebookGraph
from tests.collectors.week.github import GitHubApi
from tests.collectors.week.google_business import GoogleReviews
from tests.collectors.week.hackernews import HackerNewsSearch
from tests.collectors.week.instagram import InstagramGraph
from tests.collectors.week.mastodon import MastodonServer
from tests.collectors.week.reddit import RedditListing
from tests.collectors.week.script import DAY, HOUR, START, Story, script
from tests.collectors.week.service import Service, Trouble
from tests.collectors.week.stackexchange import StackExchangeApi
from tests.collectors.week.truth import Truth
from tests.collectors.week.x import PoorX, XApi
from tests.collectors.week.youtube import YouTubeApi

VENDORS: Sequence[type[Service]] = (
    MastodonServer,
    BlueskyView,
    HackerNewsSearch,
    RedditListing,
    StackExchangeApi,
    GitHubApi,
    DiscourseForum,
    YouTubeApi,
    XApi,
    PoorX,
    GoogleReviews,
    FacebookGraph,
    InstagramGraph,
)
# What befalls a service, and for how long.
TROUBLES: Mapping[str, timedelta] = {
    "error": HOUR,
    "gateway": HOUR,
    "limited": HOUR / 2,
    "silent": HOUR / 2,
    "reset": HOUR,
    "cut": HOUR,
    "truncated": HOUR,
    "repeats": 2 * HOUR,
    "shape": 3 * HOUR,
    "expired": 12 * HOUR,
    "down": 9 * HOUR,
    "ahead": 6 * HOUR,
    "behind": 6 * HOUR,
    "numbers": 6 * HOUR,
}


def troubled(service: Service, seed: str, days: float) -> list[Trouble]:
    """Return what befalls a service in so many days: each trouble once, as many as there is time for, none at once.

    Nothing befalls it in the first hours, since what was said before the first poll is owed by nobody.
    """
    rng = random.Random(f"{seed} {service.name} troubles")
    found, at, end = [], START + 2 * HOUR, START + days * DAY - HOUR
    names = [name for name in TROUBLES if name != "expired" or not service.is_open]
    if days < 1:
        names.remove("silent")  # each costs seconds of real time
    for name in rng.sample(names, len(names)):
        at += HOUR * rng.uniform(0.5, 3)
        if at + TROUBLES[name] <= end:
            found.append(Trouble(name, at, at + TROUBLES[name]))
            at += TROUBLES[name]
    return found


@dataclass
class World:
    """All services by their hosts, and what happens at each until so many days are over."""

    truth: Truth = field(default_factory=Truth)
    services: dict[str, Service] = field(default_factory=dict)
    stories: dict[str, Sequence[Story]] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)

    def begin(self, folder: Path, seed: str, days: float, port: int, vendors: Sequence[type[Service]]) -> None:
        """Have the services there by a seed, on a port; the tokens of their sources are put into a folder."""
        for vendor in vendors:
            service = vendor(self.truth, folder, port)
            service.troubles = troubled(service, seed, days)
            service.renew(START)
            self.services[service.host] = service
            self.stories[service.host] = script(f"{seed} {service.name}", service.pace, days)

    def __call__(self, asked: Asked) -> Reply:
        service = self.services[asked.host]
        if asked.target == "/robots.txt":
            return Reply(404)
        try:
            self.go_on(service, asked.at)
            return service(asked)
        except Exception:  # noqa: BLE001  of the simulation itself: it must not pass for one of the service
            service.breaches.append(traceback.format_exc())
            return Reply(500)

    def go_on(self, service: Service, now: datetime) -> None:
        """Let happen what happens at a service until now."""
        stories, at = self.stories[service.host], self.begun.get(service.host, 0)
        while at < len(stories) and stories[at].at <= now:
            service.take(stories[at])
            at += 1
        self.begun[service.host] = at

    def resolve(self, host: str, now: datetime) -> list[str]:
        """Return where a host is. Raises OSError where it is down."""
        for one in self.services[host].troubles:
            if one.name == "down" and one.is_on(now):
                self.services[host].hits.setdefault(one, []).append(now)
                raise OSError(-2, "Name or service not known")
        return ["127.0.0.1"]
