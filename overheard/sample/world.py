"""The sample world: everything in it, made from a seed and relative to a time. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from overheard.sample.people import ACCOUNTS, CONTACTS, HOLDINGS, PURCHASES, Account, Contact, Holding, Purchase
from overheard.sample.post import Post
from overheard.sample.site import ALWAYS, BY_NAME, FIRM, SITES, Site
from overheard.sample.words import Line, Said, fill, line, strangers, tables

NAME = "Sahyadri Spindles"
DOMAIN = FIRM.host
DAYS = 90
_SEED = 400
_IST = timezone(timedelta(hours=5, minutes=30))
# A slot of a product -> what a holding calls it.
_PRODUCTS = {"koyna": "Koyna 400", "girna": "Girna 250", "tapi": "Tapi 1000"}
# id, kind, aliases
Terms = tuple[tuple[str, str, tuple[str, ...]], ...]
TERMS: Terms = (
    ("sahyadri-spindles", "own-company", ("Sahyadri Spindles", "SahyadriSpindles", "सह्याद्री स्पिंडल्स")),
    ("koyna-400", "own-product", ("Koyna 400", "Koyna-400", "Koyna400", "कोयना 400")),
    ("girna-250", "own-product", ("Girna 250", "Girna-250", "Girna250", "गिरणा 250")),
    ("tapi-1000", "own-product", ("Tapi 1000", "Tapi-1000", "Tapi1000", "तापी 1000")),
    ("veltrani", "competitor", ("Veltrani",)),
    ("veltrani-v5", "competitor", ("Veltrani V5",)),
    ("veltrani-corsa", "competitor", ("Corsa 320", "Veltrani Corsa", "Corsa320")),
    ("cnc-lathe", "category", ("CNC lathe", "CNC lathes", "सीएनसी लेथ")),
)


@dataclass(frozen=True, slots=True)
class World:
    """A firm's world at `now` (UTC).

    `posts` are the last 90 days', oldest first; `coming` are said in the half hour after `now`. `terms` are id, kind
    and aliases of what the firm listens for.
    """

    now: datetime
    posts: tuple[Post, ...]
    coming: tuple[Post, ...]
    terms: Terms = TERMS
    accounts: tuple[Account, ...] = ACCOUNTS
    contacts: tuple[Contact, ...] = CONTACTS
    holdings: tuple[Holding, ...] = HOLDINGS
    purchases: tuple[Purchase, ...] = PURCHASES
    sites: tuple[Site, ...] = SITES

    def said_by(self, time: datetime) -> tuple[Post, ...]:
        """Return the posts that are out at a time, oldest first."""
        return (*self.posts, *(post for post in self.coming if post.published <= time))

    def concerns(self, post: Post) -> bool:
        """True for what the firm should hear: it names a term, or a known contact or the trade press wrote it."""
        return bool(post.about) or post.known or post.site == ALWAYS


def make_world(now: datetime, *, seed: int = _SEED) -> World:
    """Return the world as it is at `now` (aware): the same `now` and seed give the same world.

    Another `now` gives the same posts under the same keys at other times, so that the last 90 days are never empty.
    """
    dealer = _Dealer(Random(seed), now.astimezone(UTC).replace(microsecond=0))  # noqa: S311  a game, no secret
    posts = sorted(dealer.deal(), key=lambda post: (post.published, post.key))
    here = dealer.now
    return World(
        here,
        tuple(post for post in posts if post.published <= here),
        tuple(post for post in posts if post.published > here),
    )


@dataclass(frozen=True, slots=True)
class _Voice:
    """Who says something where."""

    site: str
    author: str = ""
    contact: str = ""
    known: bool = False


class _Dealer:
    """Deals the written texts out to people, places and times; all draws come from one generator, in one order."""

    def __init__(self, rng: Random, now: datetime) -> None:
        self.now = now
        self._rng = rng
        self._midnight = now.astimezone(_IST).replace(hour=0, minute=0, second=0)
        self._contacts = {contact.id: contact for contact in CONTACTS}
        self._lifecycles = {account.id: account.lifecycle for account in ACCOUNTS}
        self._spoke = Counter[str]()
        self._keys = Counter[str]()
        self._texts: set[str] = set()

    def deal(self) -> Iterator[Post]:
        for group in tables("social")["group"]:
            for written in group["texts"]:
                for _ in range(group["uses"]):
                    one = line(written)
                    voice = self._voice(one, group["by"], group["at"])
                    yield self._post(voice, one.words, self._day_time(group), group)
        for thread in tables("threads")["thread"]:
            yield from self._thread(thread)
        for article in tables("press")["article"]:
            for _ in range(article.get("uses", 1)):
                yield from self._article(article)
        for today in tables("today")["today"]:
            voice = self._voice(Line(today["text"], _contact(today["by"])), today["by"], [today["at"]])
            published = self.now - timedelta(minutes=today["minutes"], seconds=self._rng.randrange(50))
            yield self._post(voice, today["text"], published, today)

    def _thread(self, thread: Mapping[str, Any]) -> Iterator[Post]:
        posts: list[Post] = []
        time = self._day_time({"days": [max(2, thread["days"][0]), thread["days"][1]]})
        voices: list[_Voice] = []
        for written in thread["texts"]:
            one = line(written)
            parent = posts[one.answers if one.answers is not None else -1] if posts else None
            silent = {parent.author} if parent else set()  # nobody answers their own post
            voice = voices[0] if one.author == "op" else self._voice(one, "stranger", [thread["at"]], silent)
            kind = "answer" if parent else "question"
            extra = {"kind": kind, "parent": parent.key if parent else "", "topic": thread.get("topic", "")}
            posts.append(self._post(voice, one.words, time, extra))
            voices.append(voice)
            # Six answers at most, so that a thread of two days ago ends before today.
            time += timedelta(minutes=self._rng.randint(6, 200), seconds=self._rng.randrange(60))
        yield from posts

    def _article(self, article: Mapping[str, Any]) -> Iterator[Post]:
        site = BY_NAME[article["at"]]
        owner = self._contacts.get(site.owner)
        voice = _Voice(site.name, owner.name if owner else article["writer"], site.owner, known=owner is not None)
        kind = "blog" if owner else "job" if site.name == "shop-jobs" else "article"
        time = self._day_time(article)
        post = self._post(voice, article["text"], time, {**article, "kind": kind}, formal=True)
        yield post
        if "also" in article:
            said = Said(post.title, post.text, post.about, post.names)
            later = time + timedelta(minutes=self._rng.randint(40, 300))
            extra = {"kind": kind, "topic": post.topic}
            yield self._made(_Voice(article["also"], article["writer"]), said, later, extra)

    def _day_time(self, spec: Mapping[str, Any]) -> datetime:
        """Return a time of the day, as people in India are awake, some days ago."""
        low, high = spec.get("days", (1, DAYS - 1))
        share = self._rng.random() ** (2 if spec.get("lean") == "recent" else 1)
        days = low + round((high - low) * share)
        minutes = round(self._rng.triangular(6.5 * 60, 22.5 * 60, 13 * 60))
        at = self._midnight - timedelta(days=days) + timedelta(minutes=minutes, seconds=self._rng.randrange(60))
        return at.astimezone(UTC)

    def _voice(self, one: Line, by: str, at: Sequence[str], silent: Set[str] = frozenset()) -> _Voice:
        if one.author == "nobody":
            return _Voice(self._rng.choice(at))
        if by == "unclaimed":  # a contact under a handle that no CRM has
            contact = self._contacts[one.author]
            handle = f"{contact.name.partition(' ')[0].lower()}_{self._rng.randint(2, 9)}am"
            return _Voice(self._rng.choice(at), handle, contact.id)
        if by == "stranger" and not one.author:
            handles = [handle for handle in strangers() if handle not in silent]
            return _Voice(self._rng.choice(at), self._rng.choice(handles))
        contact = self._contacts[one.author] if one.author else self._speaker(one, by, at)
        places = _places(contact)
        site = self._rng.choice([name for name in at if name in places] or sorted(places))
        self._spoke[contact.id] += 1
        return _Voice(site, places[site], contact.id, known=True)

    def _speaker(self, one: Line, by: str, at: Sequence[str]) -> Contact:
        """Return who says it: of those who may, one who has the product and spoke least."""
        may = [
            contact
            for contact in CONTACTS
            if not _places(contact).keys().isdisjoint(at)
            and by in ("contact", self._lifecycles.get(contact.account, "prospect"))
        ]
        products = {_PRODUCTS[slot.removesuffix("_hi")] for slot in one.products}
        holders = {holding.account for holding in HOLDINGS if holding.product in products and holding.until is None}
        having = [contact for contact in may if contact.account in holders] if by == "customer" and products else []
        return min(having or may, key=lambda contact: (self._spoke[contact.id], self._rng.random()))

    def _post(
        self, voice: _Voice, words: str, published: datetime, extra: Mapping[str, Any], *, formal: bool = False
    ) -> Post:
        said = fill(words, self._rng, self._name, formal=formal)
        for _ in range(50):  # other words, where there are any: nobody says the same twice
            if said.text not in self._texts:
                break
            said = fill(words, self._rng, self._name, formal=formal)
        self._texts.add(said.text)
        return self._made(voice, said, published, extra)

    def _made(self, voice: _Voice, said: Said, published: datetime, extra: Mapping[str, Any]) -> Post:
        self._keys[voice.site] += 1
        return Post(
            key=f"{voice.site}-{1000 + self._keys[voice.site]}",
            site=voice.site,
            kind=extra["kind"],
            published=published,
            text=said.text,
            title=said.title,
            author=voice.author,
            contact=voice.contact,
            known=voice.known,
            parent=extra.get("parent", ""),
            about=said.about,
            names=said.names,
            language=extra.get("language", ""),
            topic=extra.get("topic", ""),
            likes=int(self._rng.paretovariate(0.9)) - 1,
            replies=int(self._rng.paretovariate(1.4)) - 1,
        )

    def _name(self, contact: str) -> str:
        return self._contacts[contact].name


def _places(contact: Contact) -> Mapping[str, str]:
    """Return the names that a contact posts under, by site."""
    members = [url.rpartition("/")[2] for url in contact.websites if "/members/" in url]
    return {**contact.handles, **({"lathe-forum": members[0]} if members else {})}


def _contact(by: str) -> str:
    return by if by.startswith("C-") else ""
