"""Every item of every recorded answer in the shared data is a mention, once: counted beside the readers, plainly."""

import base64
import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from overheard.collectors.base import Reading
from overheard.collectors.communities.bluesky import read_posts as read_bluesky
from overheard.collectors.communities.discourse import read_posts as read_discourse
from overheard.collectors.communities.github import read_written as read_github
from overheard.collectors.communities.hackernews import read_items as read_hackernews
from overheard.collectors.communities.mastodon import read_statuses as read_mastodon
from overheard.collectors.communities.reddit import read_listing as read_reddit
from overheard.collectors.communities.x import read_posts as read_x
from overheard.collectors.communities.youtube import read_items as read_youtube
from overheard.errors import InputError
from overheard.records import Fetch, Mention

_API = Path(__file__).parents[2] / ".." / "shared" / "data" / "api"
_NOW = datetime(2026, 11, 22, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not _API.is_dir(), reason="the shared recordings (../shared/data/api) are not here")

# What is counted of each item: whether it has an author, a time, something that it answers; and its words.
Told = dict[str, tuple[bool, bool, bool, str]]
Answer = tuple[str, Any, Fetch]


def fetched(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Fetch:
    return Fetch(
        id="f", source="recorded", url=url, final_url=url, status=200, headers=dict(headers or {}), body=body, at=_NOW
    )


def files(folder: str, url: str) -> Iterator[Answer]:
    for path in sorted((_API / folder).rglob("*.json")):
        body = path.read_bytes()
        yield str(path.relative_to(_API)), json.loads(body), fetched(url, body)


def cassettes_of_mastodon() -> Iterator[Answer]:
    yaml: Any = pytest.importorskip("yaml")
    for path in sorted((_API / "mastodon").glob("*.yaml")):
        for one in yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)["interactions"]:
            body = one["response"]["body"].get("string") or b""
            body = body.encode() if isinstance(body, str) else body
            body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
            url = one["request"]["uri"]
            try:
                yield f"{path.name} {url}", json.loads(body), fetched(url, body)
            except ValueError:
                continue


def cassettes_of_reddit() -> Iterator[Answer]:
    for path in sorted((_API / "reddit").glob("*.json")):
        for one in json.loads(path.read_bytes())["interactions"]:
            given, url = one["response"]["body"], one["request"]["uri"]
            body = base64.b64decode(given["base64_string"]) if "base64_string" in given else given["string"].encode()
            body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
            try:
                yield f"{path.name} {url}", json.loads(body), fetched(url, body)
            except ValueError:
                continue


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object anywhere in a document."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def words(text: Any) -> str:
    """Return the first word of a text that is plain in any form."""
    return next((word for word in str(text or "").split() if word.isalpha() and len(word) > 3), "")


# ---- The plain counts: each says what a document holds, by native id -------------------------------------------------


def statuses(document: Any) -> Told:
    told: Told = {}
    listed = document if isinstance(document, list) else [document]
    if isinstance(document, dict):
        for name in ("ancestors", "descendants", "statuses"):
            if isinstance(document.get(name), list):
                listed = [*(one for one in listed if one is not document), *document[name]]
    for given in listed:
        if not isinstance(given, dict):
            continue
        one = given.get("status") or given.get("last_status") or given
        if "content" not in one or "uri" not in one or one.get("visibility") in ("private", "direct"):
            continue
        one = one.get("reblog") or one
        told[one["uri"]] = (True, True, bool(one["in_reply_to_id"]), "")
    return told


def things(document: Any) -> Told:
    told: Told = {}
    for one in objects(document):
        data = one.get("data")
        if one.get("kind") not in ("t1", "t3") or not isinstance(data, dict):
            continue
        said = data.get("body") if one["kind"] == "t1" else data.get("selftext")
        if said in ("[deleted]", "[removed]"):
            told[data["name"]] = (False, False, False, "")
            continue
        author = data["author"] not in (None, "[deleted]", "<USERNAME>")
        told[data["name"]] = (author, True, one["kind"] == "t1", words(said if "[" not in (said or "") else ""))
    return told


def posts_of_bluesky(document: Any) -> Told:
    told: Told = {}
    one = document.get("post", document)
    if isinstance(one, dict) and isinstance(one.get("record"), dict) and one.get("uri"):
        told[one["uri"]] = (True, True, "reply" in one["record"], words(one["record"]["text"]))
    return told


def items_of_hackernews(document: Any) -> Told:
    return {
        str(one["id"]): ("by" in one, "time" in one, "parent" in one or "poll" in one, words(one.get("text")))
        for one in document
        if isinstance(one, dict) and one.get("type") in ("story", "comment", "poll", "pollopt", "job")
    }


def written_on_github(document: Any) -> Told:
    told: Told = {}
    for name in ("comment", "release", "discussion", "pull_request", "issue"):
        if isinstance(one := document.get(name), dict):
            url = one["html_url"].removeprefix("https://github.com/").replace("/pull/", "/issues/")
            owner, repository, rest = url.split("/", 2)
            told[f"{owner}/{repository}".lower() + f"/{rest}"] = (
                bool(one.get("user") or one.get("author")), True, name == "comment", words(one.get("title")),
            )  # fmt: skip
    return told


def posts_of_discourse(document: Any) -> Told:
    told: Told = {}
    if isinstance(document, list):
        for group in document:
            if isinstance(group, dict) and group.get("type") == "topic":
                told |= {f"{one['id']}/1": (False, False, False, words(one["title"])) for one in group["results"]}
        return told
    users = {one.get("id") for one in document.get("users", []) if isinstance(one, dict)}
    for topic in document.get("topic_list", {}).get("topics", []):
        if topic.get("archetype") != "private_message":
            author = topic["posters"][0].get("user_id") in users
            told[f"{topic['id']}/1"] = (author, True, False, words(topic["title"]))
    posts = [*document.get("post_stream", {}).get("posts", []), *document.get("latest_posts", [])]
    for one in [*posts, *([document] if "cooked" in document else [])]:
        told[f"{one['topic_id']}/{one['post_number']}"] = (True, True, one["post_number"] > 1, "")
    for one in document.get("user_actions", []):
        if one["action_type"] in (4, 5):
            told[f"{one['topic_id']}/{one['post_number']}"] = (True, True, one["action_type"] == 5, "")
    return told


def items_of_youtube(document: Any) -> Told:
    told: Told = {}
    if "kind" not in document and "comments" not in document:
        return told  # a part of an answer
    for one in objects(document):
        snippet = one.get("snippet")
        if not isinstance(snippet, dict):
            continue
        if one.get("kind") == "youtube#comment":
            answers = bool(snippet.get("parentId") or snippet.get("videoId"))
            told[one["id"]] = (True, True, answers, words(snippet["textOriginal"]))
        elif one.get("kind") == "youtube#video":
            told[one["id"]] = (True, True, False, words(snippet["title"]))
        elif one.get("kind") == "youtube#searchResult" and one["id"]["kind"] == "youtube#video":
            told[one["id"]["videoId"]] = (True, True, False, words(snippet["title"]))
        elif one.get("kind") == "youtube#playlistItem":
            told[snippet["resourceId"]["videoId"]] = (True, True, False, words(snippet["title"]))
        elif one.get("kind") == "youtube#activity" and "upload" in one.get("contentDetails", {}):
            told[one["contentDetails"]["upload"]["videoId"]] = (True, True, False, words(snippet["title"]))
    return told


def posts_of_x(document: Any) -> Told:
    told: Told = {}
    data = document.get("data") if isinstance(document, dict) else None
    came = (
        {one["id"]: one for one in document.get("includes", {}).get("tweets", [])} if told is not None and data else {}
    )
    for given in data if isinstance(data, list) else [data]:
        if not isinstance(given, dict) or "text" not in given or "event_type" in given:
            continue
        one = given
        kinds = {each["type"]: each["id"] for each in given.get("referenced_tweets", [])}
        if "retweeted" in kinds:
            if kinds["retweeted"] not in came:
                continue
            one = came[kinds["retweeted"]]
            kinds = {each["type"]: each["id"] for each in one.get("referenced_tweets", [])}
        told[one["id"]] = ("author_id" in one, "created_at" in one, "replied_to" in kinds, words(one["text"]))
    return told


CASES: Mapping[str, tuple[Callable[[], Iterator[Answer]], Callable[[Any], Told], Callable[[Fetch], Reading], int]] = {
    "mastodon": (cassettes_of_mastodon, statuses, read_mastodon, 300),
    "reddit": (cassettes_of_reddit, things, read_reddit, 6_000),
    "bluesky": (lambda: files("bluesky", "https://api.bsky.app/xrpc/x"), posts_of_bluesky, read_bluesky, 6),
    "hackernews": (lambda: files("hackernews", "https://hn.example/x"), items_of_hackernews, read_hackernews, 6),
    "github": (lambda: files("github", "https://api.github.com/x"), written_on_github, read_github, 80),
    "discourse": (lambda: files("discourse", "https://forum.example/x"), posts_of_discourse, read_discourse, 25),
    "youtube": (lambda: files("youtube", "https://www.googleapis.com/x"), items_of_youtube, read_youtube, 90),
    "x": (lambda: files("x-v2", "https://api.x.com/2/x"), posts_of_x, read_x, 50),
}


@pytest.mark.parametrize("service", CASES)
def test_every_item_of_every_recorded_answer_is_read_once(service: str) -> None:
    answers, counted, read, least = CASES[service]
    total: Counter[str] = Counter()
    for name, document, fetch in answers():
        told = counted(document) if isinstance(document, dict | list) else {}
        try:
            reading = read(fetch)
        except InputError:
            assert not told, f"{name}: {len(told)} items, and none was read"
            continue
        mentions = {one.native_id: one for one in reading.mentions}
        gone = {one.mention.native_id for one in reading.deletions}
        assert len(mentions) == len(reading.mentions), name
        assert mentions.keys() | gone == told.keys(), name
        for native_id, mention in mentions.items():
            _whole(f"{name}: {native_id}", mention, told[native_id])
        total.update(items=len(told), gone=len(gone))
    assert total["items"] >= least, total


def _whole(name: str, mention: Mention, told: tuple[bool, bool, bool, str]) -> None:
    author, time, answers, word = told
    assert (mention.attributed_to is not None) == author, name
    assert (mention.published is not None) == time, name
    assert bool(mention.in_reply_to) == answers, name
    assert word in mention.text, name
    assert mention.url or (mention.platform == "youtube" and not mention.context), name
    assert "<p>" not in mention.text, name
