"""The seam of a source: what is polled, and how the bytes that came become mentions.

Knows neither the network nor the log: a source says where to ask and reads what came; `poll` does the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from overheard.policy import AS_ITS_KIND, OPEN, PolicyTable, in_force, looser
from overheard.records import Errand, Fetch, Mention, Policy, digest, mention_id


@dataclass(frozen=True, slots=True)
class Rejected:
    """One entry that could not be used.

    `where` names feed, entry and field; `message` what was expected, what came, what to do. `digest` stands for the
    entry as it came, so that the same bad entry in the next poll is known.
    """

    where: str
    message: str
    digest: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """A post that is gone where it was said, by its id or that of one of its aliases.

    `mention` is what is left of it: ids, source, `first_seen` as the time when this was received, and no text. `at` is
    when it was deleted, None where nobody says. `own`: its source knows of its own saying only, so it is deleted where
    that source published it, and no other has it.
    """

    mention: Mention
    at: datetime | None = None
    own: bool = False


def alias_ids(mention: Mention) -> tuple[str, ...]:
    """Return the ids besides its own by which a mention may be named: those of its aliases."""
    return tuple(id_ for url in mention.aliases if (id_ := mention_id("", url=url)) != mention.id)


# `Fetch.purpose` of the page of an entry; `Fetch.about` is the entry as its source gave it. Read by
# `pages.article.read_page`, whatever the source.
PAGE = "page"
# `Fetch.purpose` of a page of a source whose history is filled in: all that it names is wanted, and where more is.
BACK_FILL = "back-fill"
# `Fetch.purpose` of a list of what was said long ago, which is looked through for what was said to it since: all its
# pages are asked and what each of them leads to, whatever is known of them, and what is old on them is history.
OLDER = "older"


@dataclass(frozen=True, slots=True)
class Further:
    """A request that belongs to the poll of a source: what came of the source alone does not tell all.

    `purpose` is a word of the source's own, by which `read` knows what it is given; `about` the mention that it
    belongs to, bare of its text. `changed` is when the source says that it changed last: it is asked again when that is
    later. None: it is asked at most hourly, and the less the longer ago `since` is (None: since it was first named).
    `whole`: answers stand below what they answer, so what is new may be on any of its pages, and each is read.
    """

    url: str
    purpose: str
    about: Mention | None = None
    changed: datetime | None = None
    since: datetime | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a service that a kind's policy follows: where they are, and the day on which they were read.

    `read_on` is None where they were not: each site has its own, or they could not be had.
    """

    url: str
    read_on: date | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a service gave nothing, as it says itself.

    `message` is in plain words, "" where it says nothing that its status does not; `until` is when it may be asked
    again, None where it does not say. `soft`: what the status says is not there is, for whoever may have it. `alone`:
    that time is of the account that asked, and others may ask the site.
    """

    message: str = ""
    until: datetime | None = None
    soft: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source read from one fetch; all of it may be empty.

    `mentions` have distinct ids; `repeated` counts entries that were older copies of one of them. `deletions` are of
    posts that are gone, whichever stood first. `ttl` is the pause between two polls that the source itself asks for,
    None where it does not; `skip_hours` (of the day, in GMT) and `skip_days` (Monday is 0) are when it asks to be left
    alone. `comment_feeds` are the feeds of the comments on a mention, by its id; `summaries` the ids of mentions of
    which the source gives only a beginning, so that the rest is at their URL. `next_page` and `previous_archive` (RFC
    5005, and JSON Feed's `next_url`) hold older entries, "" where there are none; `hub` is one of WebSub; `expired`:
    the source says that it will have nothing new. `requests` are what else is to be asked for this poll, the most
    important first: they take the place of those that an earlier reading of the source named. `refused` is why what
    was asked for at somebody's word is not what they said, in words that they may read; "" where it is. `units` are
    what this answer used up of the budget of a source that has one (`PollState.spending`). `as_of` is when a mention
    was as it is told, by its id, where a source tells what happens and may tell it late, or again. `cut` says after
    what the body breaks off, "" where it came whole.
    """

    mentions: tuple[Mention, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    repeated: int = 0
    ttl: timedelta | None = None
    deletions: tuple[Deletion, ...] = ()
    comment_feeds: Mapping[str, str] = field(default_factory=dict)
    summaries: frozenset[str] = frozenset()
    next_page: str = ""
    previous_archive: str = ""
    hub: str = ""
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    expired: bool = False
    requests: tuple[Further, ...] = ()
    refused: str = ""
    units: int = 0
    as_of: Mapping[str, datetime] = field(default_factory=dict)
    cut: str = ""


def supersedes(one: Mention | Deletion, other: Mention | Deletion) -> bool:
    """True where of two that tell of one post the one that comes later counts: unless the other was so later.

    That is by when it was edited, without an edit published, or deleted; where one does not say, the order decides.
    """
    at, before = so_at(one), so_at(other)
    return at is None or before is None or at >= before


def so_at(one: Mention | Deletion) -> datetime | None:
    """Return since when a post is as it is told: deleted, edited, else published; None where that is not said."""
    return one.at if isinstance(one, Deletion) else one.updated or one.published


def told_at(mentions: Iterable[Mention | Deletion]) -> Mapping[str, datetime]:
    """Return when each mention was so, in the words of whoever told it, as `Reading.as_of`: what was edited says when.

    One that has neither time is not among them.
    """
    posts = (one for one in mentions if isinstance(one, Mention))
    return {one.id: when for one in posts if (when := one.published or one.updated) is not None}


@dataclass(frozen=True, slots=True)
class Budget:
    """What the sources of one account may use up of a service: `limit` units in a period of UTC.

    `unit` is what is counted, in the plural; `price` that of 1,000 of them, None where it was not said. `once_a_day`:
    what is read again on a day of UTC is not counted again.
    """

    limit: int
    unit: str = "posts"
    period: Literal["month", "day"] = "month"
    price: float | None = None
    once_a_day: bool = False


# An hour is what most feeds ask for; asking more often than every five minutes is rude.
Interval = Annotated[int, Meta(ge=300, le=30 * 86_400)]


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to poll, as its table in the settings says; a kind of source is a subclass.

    `name` is the configured name: key of its poll state, `Mention.source` of its mentions. `url` is where to ask;
    `interval` the configured pause between two polls in seconds, None for the source's own rhythm. `about` are the
    watched terms that all that is said there is about. The cursor of a
    source whose every answer is complete (a feed) is HTTP's own, and kept by `polling.poller`. Picklable.
    """

    # The name of its tables in the settings.
    kind: ClassVar[str]
    # What its address begins with: one that is not asked over HTTP is asked in a way of its own (`fetch.Beside`).
    schemes: ClassVar[tuple[str, ...]] = ("http", "https")
    # Whether an entry that is missing though older ones are there may have been deleted, so that its page is looked at.
    shows_newest: ClassVar[bool] = True
    # Whether it is connected to, and tells by itself: nothing is asked of it once and for all.
    goes_on: ClassVar[bool] = False
    # Whether its address is an interface documented for programs: robots.txt is for those that follow links, and it may
    # be asked more often than hourly.
    documented_api: ClassVar[bool] = False
    # Whether others send what it has, at times of their own: nothing is asked.
    pushed: ClassVar[bool] = False
    # Whether an answer shows its newest first and names the page with older ones (`Reading.next_page`): a poll then
    # reads on until it comes to what an earlier one had reached.
    pages: ClassVar[bool] = False
    # What the terms of all its sources allow. Their owner may allow less, and more where `owner_decides`: it is theirs.
    kind_policy: ClassVar[Policy] = OPEN
    # Where those terms are, and when they were read; None for a kind that has none.
    kind_terms: ClassVar[Terms | None] = None
    owner_decides: ClassVar[bool] = False
    # What each of its own settings is, in a sentence, for whoever is asked for it (`overheard sources add`).
    asks: ClassVar[Mapping[str, str]] = {
        "name": "A name of your own for it, which its posts are shown under.",
        "url": "Its address.",
        "interval": "Seconds between two polls; without it, its own rhythm.",
        "about": "Ids of terms of your watch list that all that is said there is about; all of it passes then.",
        "policy": "What of it is kept, and for how long.",
    }
    # Where its token is made, and what that must allow, in a sentence; "" for a kind that takes none.
    token_from: ClassVar[str] = ""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    url: str
    interval: Interval | None = None
    about: tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...] = ()
    policy: PolicyTable = AS_ITS_KIND

    @classmethod
    def is_web(cls) -> bool:
        """Return True where it is asked over HTTP, of sites whose owners are to see who asks."""
        return "https" in cls.schemes

    @property
    def in_force(self) -> Policy:
        """Its policy: that of its kind, made stricter by what its owner set (`overheard.policy`)."""
        policy = in_force(self.kind_policy, self.policy, free=self.owner_decides)
        terms = self.kind_terms
        if terms is None or policy.terms:
            return policy
        return msgspec.structs.replace(policy, terms=terms.url, read_on=policy.read_on or terms.read_on)

    @property
    def looser(self) -> tuple[str, str] | None:
        """The first key of its policy that allows more than its kind may, and what was expected; None: none does."""
        return None if self.owner_decides else looser(self.kind_policy, self.policy)

    @property
    def pause(self) -> timedelta | None:
        """The configured pause between two polls; None: the source's own rhythm."""
        return None if self.interval is None else timedelta(seconds=self.interval)

    @property
    def options(self) -> str:
        """What is set of the options of its kind, as a digest; "" where all are as they are by default."""
        own = {field.name: (getattr(self, field.name), field.default) for field in msgspec.structs.fields(self)}
        for name in ("name", "url", "interval"):
            del own[name]
        said = {name: value for name, (value, default) in own.items() if value != default}
        return digest(msgspec.json.encode(said, order="sorted").decode()) if said else ""

    @classmethod
    def asked_for(cls) -> dict[str, str]:
        """Return its settings by name, with the sentence that says what each is; "" where there is none."""
        said: dict[str, str] = {}
        for base in reversed(cls.__mro__):
            said |= base.__dict__.get("asks", {})
        return {one.name: said.get(one.name, "") for one in msgspec.structs.fields(cls)}

    @classmethod
    def like(cls, url: str, software: str = "") -> Mapping[str, object] | None:
        """Return the settings that follow what is at an address that a person gave; None where it is none of its.

        `software` is what runs there as far as that is known ("mastodon", "discourse").
        """
        del url, software
        return None

    def complaint(self, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Complaint:
        """Return what the answer to a request that gave nothing says of why, and until when; it may say nothing."""
        del status, headers, body, now
        return Complaint()

    def still_at(self, mention: Mention) -> str:
        """Return where one sees whether a post that it shows no more is still there, "" for nowhere."""
        return mention.url

    def compared(self, mention: Mention) -> Mention:
        """Return what of a mention is held against what it gave before, to tell whether it was edited."""
        return mention

    def since(self, reached: datetime) -> str:
        """Return the address that leaves out what is older than what was `reached`, where the service can do that."""
        del reached
        return self.url

    @property
    def history(self) -> timedelta | None:
        """How far back its address may be asked for (`since`); None where it goes back as far as it likes."""
        return None

    @property
    def is_own(self) -> bool:
        """True where what is said there is about its owner by being there: reviews of a shop, comments on a page."""
        return False

    @property
    def belated(self) -> timedelta:
        """How long a post may take into its list, where it stands then by when it was said: so much is read again."""
        return timedelta()

    @property
    def reads_back(self) -> timedelta | None:
        """How far back it is filled in once it was polled first, where it has `pages`; None: its first page is all."""
        return None

    @property
    def allowance(self) -> Budget | None:
        """What its account may use up; None where nothing is to be kept to."""
        return None

    def within(self, url: str, left: int) -> tuple[str, int]:
        """Return an address that takes no more than the units that are `left`, and how many it takes at most.

        "" where not even the smallest request may be sent.
        """
        del left
        return url, 0

    @property
    def completes(self) -> bool:
        """True where the text of an entry that is only a beginning (`Reading.summaries`) is read from its page."""
        return False

    def first(self, errand: Errand) -> Further:
        """Return what is asked first for an errand of this source; `read` is given what came, with that `purpose`."""
        return Further(errand.url or self.url, errand.kind)

    def gone(self, errand: Errand) -> Sequence[Deletion]:
        """Return what is deleted where the page of an errand of this source is there no more (404, 410)."""
        del errand
        return ()

    def read(self, fetch: Fetch) -> Reading:
        """Return the mentions in a fetch of this source. Pure: the same fetch gives the same reading.

        Raises InputError where the body as a whole cannot be read.
        """
        raise NotImplementedError
