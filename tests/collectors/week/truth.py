"""What was really said at a service, and what of it is not as it was said among the mentions. Pure.

a server that gives posts out ─▶ Truth ─▶ breaches(truth, mentions): each as a line to read
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from overheard.records import Event, Mention

# Some services tell when something was said to the minute only.
_EXACT = timedelta(minutes=1)
_EDGES = " \n"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Version:
    """What a post said from a time on."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Post:
    """One post of a source, by the id that makes its mention's id (`Mention.native_id`).

    `author` is the handle, or the native id where the service tells none, or the name; "" for nobody. `parent` is what
    it answers, as `Mention.in_reply_to` has it, and `also_parent` another name of that; `url` its permalink, "" where
    none is to be held against. `owed`: that it is heard of is promised where its source promises posts.
    """

    source: str
    native_id: str
    author: str
    posted_at: datetime
    versions: tuple[Version, ...]
    parent: str = ""
    url: str = ""
    deleted_at: datetime | None = None
    owed: bool = True
    also_parent: str = ""

    @property
    def text(self) -> str:
        return self.versions[-1].text

    @property
    def key(self) -> Key:
        return self.source, self.native_id


@dataclass(frozen=True, slots=True)
class Promise:
    """What a source can promise: to hear of each post, edit and deletion, or else of those only that were shown."""

    posts: bool = True
    edits: bool = True
    deletions: bool = True


@dataclass
class Truth:
    """All that was said, edited and deleted until now, by source and id. Grows; what it holds is never changed."""

    promises: dict[str, Promise] = field(default_factory=dict)
    posts: dict[Key, Post] = field(default_factory=dict)
    # What a good answer had, as it was last: how many versions there were, and whether it was told to be gone.
    shown: dict[Key, int] = field(default_factory=dict)
    told_gone: set[Key] = field(default_factory=set)

    def say(
        self,
        source: str,
        native_id: str,
        author: str,
        text: str,
        at: datetime,
        *,
        parent: str = "",
        url: str = "",
        owed: bool = True,
        also_parent: str = "",
    ) -> Post:
        versions = (Version(at, text),)
        post = Post(source, native_id, author, at, versions, parent, url, owed=owed, also_parent=also_parent)
        if post.key in self.posts:
            raise ValueError(f"expected an id that no post of {source} has yet; got {native_id}")
        self.posts[post.key] = post
        return post

    def edit(self, key: Key, text: str, at: datetime) -> Post:
        post = self.posts[key]
        self.posts[key] = replace(post, versions=(*post.versions, Version(at, text)))
        return self.posts[key]

    def delete(self, key: Key, at: datetime) -> Post:
        self.posts[key] = replace(self.posts[key], deleted_at=at)
        return self.posts[key]

    def show(self, key: Key) -> None:
        """Note that a good answer had a post as it is now; one that is gone was told to be so."""
        post = self.posts[key]
        if post.deleted_at is None:
            self.shown[key] = len(post.versions)
        else:
            self.told_gone.add(key)

    def of(self, source: str) -> list[Post]:
        return [post for post in self.posts.values() if post.source == source]


def by_source(mention: Mention) -> Key:
    """Return the key of the post that a mention is of, where a source of `Truth` is one of the settings."""
    return mention.source, mention.native_id


def breaches(
    truth: Truth, mentions: Iterable[Event[Mention]], key_of: Callable[[Mention], Key] = by_source
) -> list[str]:
    """Return what is lost, doubled, invented, or not as its source showed it last, of all events on `mentions`."""
    events: dict[Key, list[Event[Mention]]] = defaultdict(list)
    keys: dict[str, Key] = {}
    for event in mentions:
        # Of a deletion no more may be known than what is deleted.
        key = keys.setdefault(event.subject, key_of(event.data)) if event.verb == "Delete" else key_of(event.data)
        keys[event.subject] = key
        events[key].append(event)
    found = [f"{_name(key)}: invented: {some[0].data.text!r}" for key, some in events.items() if key not in truth.posts]
    for key, post in truth.posts.items():
        promise = truth.promises.get(post.source, Promise())
        found += (f"{_name(key)}: {breach}" for breach in _breaches(truth, post, promise, events.get(key, ())))
    return found


def _name(key: Key) -> str:
    return f"{key[0]} {key[1]}"


def _breaches(truth: Truth, post: Post, promise: Promise, events: Sequence[Event[Mention]]) -> Iterator[str]:
    shown = truth.shown.get(post.key, 0)
    if not events:
        if post.owed and (shown or (promise.posts and post.deleted_at is None)):
            yield f"lost: posted {post.posted_at:%d %H:%M:%S}, shown {'in version ' + str(shown) if shown else 'never'}"
        return
    if len(ids := {event.subject for event in events}) > 1:
        yield f"doubled: {len(ids)} ids"
    versions = [(event.subject, event.sourceversion) for event in events]
    if len(set(versions)) < len(versions):
        yield f"doubled: versions {[version for _, version in versions]}"
    newest = max(events, key=lambda event: event.sourceversion)
    if newest.verb == "Delete":
        if post.deleted_at is None:
            yield f"deleted, and it never was: posted {post.posted_at:%d %H:%M:%S}"
        return
    if post.deleted_at is not None and (promise.deletions or post.key in truth.told_gone):
        yield f"not deleted, and it was at {post.deleted_at:%d %H:%M:%S}"
    yield from _otherwise(post, newest.data)
    yield from _older(post, promise, shown, newest.data)


def _otherwise(post: Post, mention: Mention) -> Iterator[str]:
    """Yield what of a mention is not the post's."""
    actor = mention.attributed_to
    author = "" if actor is None else actor.preferred_username or actor.native_id or actor.name
    named = post.also_parent and mention.in_reply_to == post.also_parent
    parent = post.also_parent if named else post.parent
    wanted = [("author", post.author, author), ("parent", parent, mention.in_reply_to)]
    wanted += [("permalink", post.url, mention.url)] if post.url else []
    yield from (f"wrong {what}: expected {ours!r}; got {theirs!r}" for what, ours, theirs in wanted if ours != theirs)
    if mention.published is None or abs(mention.published - post.posted_at) >= _EXACT:
        yield f"wrong time: expected {post.posted_at}; got {mention.published}"


def _older(post: Post, promise: Promise, shown: int, mention: Mention) -> Iterator[str]:
    """Yield where a mention's text is not the newest that could be seen."""
    texts = [version.text.strip(_EDGES) for version in post.versions]
    said = mention.content.strip(_EDGES)
    if said not in texts:
        yield f"a text that it never had: {said!r}, not {texts[-1]!r}"
        return
    number = len(texts) - texts[::-1].index(said)
    least = len(texts) if promise.edits and post.deleted_at is None else shown
    if number < least:
        yield f"version {number} of {len(texts)}; {least} was to be seen"
