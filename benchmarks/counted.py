"""What the recordings in ../shared/data/api hold, counted plainly: each item with its id, author, time, and so on.

Knows nothing of Overheard, and reads nothing as its readers do: JSON is walked, HTML is read by the standard library.
"""

import base64
import gzip
import importlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

API = Path(__file__).resolve().parents[2] / "shared" / "data" / "api"


@dataclass(frozen=True)
class Answer:
    """One recorded answer: the file it is in, what was asked, its bytes and headers."""

    file: str
    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Said:
    """One item: what a person would copy out of the recording. `author` is "" for nobody, `time` None for none told.

    `said` are its words in order; of one that is `gone` nothing else counts.
    """

    author: str = ""
    time: datetime | None = None
    permalink: str = ""
    parent: str = ""
    said: tuple[str, ...] = ()
    gone: bool = False


Items = dict[str, Said]


# ---- Answers ---------------------------------------------------------------------------------------------------------


def files() -> list[Path]:
    """Return all recordings, in order."""
    return sorted(path for path in API.rglob("*") if path.is_file())


def answers(path: Path) -> Iterator[Answer]:
    """Yield the answers in a file: one, or those of a recorded session."""
    name = path.relative_to(API).as_posix()
    service = name.split("/")[0]
    if path.suffix == ".yaml":
        yaml: Any = importlib.import_module("yaml")
        for one in yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)["interactions"]:
            given = one["response"]
            body = given["body"].get("string") or b""
            yield Answer(name, one["request"]["uri"], _unpacked(body), _headers(given["headers"]))
    elif service == "reddit":
        for one in json.loads(path.read_bytes())["interactions"]:
            given = one["response"]
            body = given["body"]
            packed = base64.b64decode(body["base64_string"]) if "base64_string" in body else body["string"].encode()
            yield Answer(name, one["request"]["uri"], _unpacked(packed), _headers(given["headers"]))
    else:
        yield Answer(name, _HOSTS.get(service, "https://site.example/page"), path.read_bytes(), {})


_HOSTS = {
    "bluesky": "https://api.bsky.app/xrpc/app.bsky.feed.getPosts",
    "hackernews": "https://hacker-news.firebaseio.com/v0/item",
    "github": "https://api.github.com/recorded",
    "discourse": "https://forum.example/recorded.json",
    "youtube": "https://www.googleapis.com/youtube/v3/recorded",
    "x-v2": "https://api.x.com/2/recorded",
}


def _unpacked(body: str | bytes) -> bytes:
    raw = body.encode() if isinstance(body, str) else body
    return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw


def _headers(given: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {name.lower(): value if isinstance(value, str) else ", ".join(value) for name, value in given.items()}


def items(answer: Answer) -> Items:
    """Return what an answer holds, by native id; what is said to nobody or to a few is no item."""
    count = _COUNTS.get(answer.file.split("/")[0])
    if count is None:
        return {}
    if "jsonl" in answer.file:
        documents = [json.loads(line) for line in answer.body.splitlines()]
    elif "event-stream" in answer.headers.get("content-type", ""):
        documents = _events(answer.body)
    else:
        try:
            documents = [json.loads(answer.body)]
        except ValueError:
            return {}
    found: Items = {}
    for document in documents:
        for key, one in count(document, answer.url).items():
            if not (key in found and found[key].gone):
                found[key] = one
    return found


def _events(body: bytes) -> list[Any]:
    """Return what server-sent events tell: statuses that are new or edited."""
    found = []
    for block in body.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if lines.get("event") in ("update", "status.update") and "data" in lines:
            found.append(json.loads(lines["data"]))
    return found


# ---- Words and times -------------------------------------------------------------------------------------------------


class _Seen(HTMLParser):
    """What of HTML a reader sees; for a picture stand the words that are there for it."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "p", "li", "div", "td", "th", "tr", "h1", "h2", "h3", "hr", "blockquote", "pre", "ul", "ol"):
            self.text.append(" ")
        if tag == "img":
            self.text.append(f" {dict(attrs).get('alt') or ''} ")

    def handle_endtag(self, tag: str) -> None:
        self.handle_starttag(tag, [])


def shown(html: Any) -> str:
    """Return what a reader of HTML sees."""
    seen = _Seen()
    seen.feed(html or "")
    seen.close()
    return "".join(seen.text)


def words(*texts: Any) -> tuple[str, ...]:
    """Return the words of texts, in order; what is between them is spelled in many ways."""
    return tuple(re.findall(r"\w+", " ".join(str(text or "") for text in texts)))


def at(value: Any) -> datetime | None:
    """Return a time to the second, None where there is none."""
    if value in (None, "", False):
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(int(value), UTC)
    when = datetime.fromisoformat(value.replace(" UTC", "+00:00").replace("Z", "+00:00"))
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object anywhere in a document."""
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _objects(one)
    elif isinstance(value, list):
        for one in value:
            yield from _objects(one)


# ---- Each service ----------------------------------------------------------------------------------------------------


def _of_mastodon(document: Any, url: str) -> Items:
    """Statuses for everybody that were asked for, or that one of those shares."""
    listed = document if isinstance(document, list) else [document]
    if isinstance(document, dict) and "content" not in document:
        listed = [one for name in ("ancestors", "descendants", "statuses") for one in document.get(name) or []]
        listed += [document]
    statuses = []
    for given in listed:
        if not isinstance(given, dict):
            continue
        one = given.get("status") or given.get("last_status") or given
        if "content" in one and "uri" in one and one.get("visibility") not in ("private", "direct"):
            statuses.append(one.get("reblog") or one)
    site = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    uris = {one["id"]: one["uri"] for one in statuses}
    found: Items = {}
    for one in statuses:
        account, parent = one["account"], one["in_reply_to_id"]
        host = "" if "@" in account["acct"] else f"@{urlsplit(account['url']).netloc}"
        pictures = [media["description"] for media in one["media_attachments"]]
        options = [option["title"] for option in (one["poll"] or {}).get("options", [])]
        found[one["uri"]] = Said(
            author=account["acct"] + host,
            time=at(one["created_at"]),
            permalink=one["url"],
            parent=uris.get(parent, f"{site}/api/v1/statuses/{parent}") if parent else "",
            said=words(one["spoiler_text"], shown(one["content"]), *options, *pictures),
        )
    return found


def _of_reddit(document: Any, url: str) -> Items:
    found: Items = {}
    for one in _objects(document):
        data = one.get("data")
        if one.get("kind") not in ("t1", "t3") or not isinstance(data, dict):
            continue
        is_post = one["kind"] == "t3"
        raw, rendered = ("selftext", "selftext_html") if is_post else ("body", "body_html")
        if data.get(raw) in ("[deleted]", "[removed]"):
            found[data["name"]] = Said(gone=True)
            continue
        html = data.get(rendered) or ""
        # Of the two that stand for nobody one is the recorder's, who took out the name of the account.
        author = "" if data["author"] in (None, "[deleted]", "<USERNAME>") else data["author"]
        post = data["name"] if is_post else data.get("link_id", "")
        below = "" if is_post else f"_/{data['id']}/"
        path = data.get("permalink") or data.get("context", "").split("?")[0] or f"/comments/{post[3:]}/{below}"
        found[data["name"]] = Said(
            author=author,
            time=at(data["created_utc"]),
            permalink=f"https://www.reddit.com{path}",
            parent=data.get("parent_id") or "",
            said=words(unescape(data.get("title") or ""), shown(html if "<" in html else unescape(html))),
        )
    if isinstance(document, dict) and str(document.get("name", "")).startswith("t3_"):  # what an edit is answered with
        found |= _of_reddit({"kind": "t3", "data": document}, url)
    return found


def _of_bluesky(document: Any, _: str) -> Items:
    if not isinstance(document, dict):
        return {}
    if "commit" in document:  # of Jetstream
        commit = document["commit"]
        if commit["collection"] != "app.bsky.feed.post":
            return {}
        uri = f"at://{document['did']}/{commit['collection']}/{commit['rkey']}"
        if commit["operation"] == "delete":
            return {uri: Said(gone=True)}
        return {uri: _post_of_bluesky(uri, commit["record"], {})}
    view = document.get("post", document)
    if not isinstance(view, dict) or not view.get("uri") or not isinstance(view.get("record"), dict):
        return {}
    return {view["uri"]: _post_of_bluesky(view["uri"], view["record"], view)}


def _post_of_bluesky(uri: str, record: Mapping[str, Any], view: Mapping[str, Any]) -> Said:
    did, key = uri.removeprefix("at://").split("/")[0], uri.rsplit("/", 1)[1]
    who = view.get("author", {}).get("handle")
    embed = record.get("embed") or {}
    pictures = [image.get("alt") for part in (embed, embed.get("media") or {}) for image in part.get("images", [])]
    return Said(
        author=who or did,
        time=at(record["createdAt"]) or at(view.get("indexedAt")),
        permalink=f"https://bsky.app/profile/{who or did}/post/{key}",
        parent=record.get("reply", {}).get("parent", {}).get("uri", ""),
        said=words(record["text"], *pictures),
    )


def _of_hackernews(document: Any, _: str) -> Items:
    return {
        str(one["id"]): Said(
            author=one.get("by", ""),
            time=at(one["time"]),
            permalink=f"https://news.ycombinator.com/item?id={one['id']}",
            parent=str(one.get("parent") or one.get("poll") or ""),
            said=words(one.get("title"), shown(one.get("text"))),
        )
        for one in document
        if isinstance(one, dict) and one.get("type") in ("story", "comment", "poll", "pollopt", "job")
    }


def _of_github(document: Any, _: str) -> Items:
    """What somebody wrote that a payload is about, and what that is on."""
    names = ("comment", "release", "discussion", "pull_request", "issue", "answer", "old_answer")
    moved = document.get("changes", {})
    written = {name: one for name in names if isinstance(one := document.get(name), dict)}
    written |= {name: one for name in ("new_issue", "new_discussion") if (one := moved.get(name))}
    found: Items = {_key_of_github(moved["old_issue"]["html_url"]): Said(gone=True)} if moved.get("old_issue") else {}
    for number, (name, one) in enumerate(written.items()):
        key = _key_of_github(one["html_url"])
        if number == 0 and document.get("action") in ("deleted", "transferred"):
            found[key] = Said(gone=True)
            continue
        author = one["author"] if name == "release" else one["user"]
        login = "" if author is None or author["login"] == "ghost" else author["login"]
        titled = (one.get("name") or one["tag_name"]) if name == "release" else one.get("title")
        above, _, fragment = one["html_url"].partition("#")
        parent = _key_of_github(above) if fragment else ""
        if fragment and one.get("parent_id"):
            parent = f"{parent}#discussioncomment-{one['parent_id']}"
        if fragment and one.get("in_reply_to_id"):
            parent = f"{parent}#discussion_r{one['in_reply_to_id']}"
        found[key] = Said(
            author=login,
            time=at(one.get("published_at") or one["created_at"]),
            permalink=one["html_url"],
            parent=parent,
            said=words(titled, _unmarked(one.get("body"))),
        )
    return found


def _key_of_github(url: str) -> str:
    owner, repository, rest = url.removeprefix("https://github.com/").replace("/pull/", "/issues/").split("/", 2)
    return f"{owner}/{repository}".lower() + f"/{rest}"


def _unmarked(markdown: str | None) -> str:
    """Return the words of Markdown: of a link what is shown of it."""
    return shown(re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown or ""))


def _of_discourse(document: Any, _: str) -> Items:
    found: Items = {}
    if isinstance(document, list):
        for group in document:
            if isinstance(group, dict) and group.get("type") == "topic":
                for one in group["results"]:
                    link = f"https://forum.example/t/{one.get('slug') or '-'}/{one['id']}"
                    found[f"{one['id']}/1"] = Said(permalink=link, said=words(one["title"]))
        return found
    users = {one["id"]: one["username"] for one in document.get("users", []) if isinstance(one, dict) and "id" in one}
    for topic in document.get("topic_list", {}).get("topics", []):
        if topic["archetype"] != "private_message":
            one = Said(
                author=users.get(topic["posters"][0]["user_id"], ""),
                time=at(topic["created_at"]),
                permalink=f"https://forum.example/t/{topic['slug']}/{topic['id']}",
                said=words(topic["title"], shown(topic.get("excerpt"))),
            )
            found.setdefault(f"{topic['id']}/1", one)
    posts = [*document.get("post_stream", {}).get("posts", []), *document.get("latest_posts", [])]
    posts += [one for one in document.get("user_actions", []) if one["action_type"] in (4, 5)]
    for one in [*posts, *([document] if "cooked" in document else [])]:
        topic, number = one["topic_id"], one["post_number"]
        is_first = number == 1
        slug = one.get("topic_slug") or one.get("slug") or document.get("slug") or "-"
        title = one.get("topic_title") or one.get("title") or document.get("title")
        cooked = re.sub(r'(?s)<aside class="quote.*?</aside>', "", one.get("cooked") or one.get("excerpt") or "")
        found[f"{topic}/{number}"] = Said(
            author=one.get("acting_username") or one["username"],
            time=at(one["created_at"]),
            permalink=f"https://forum.example/t/{slug}/{topic}" + ("" if is_first else f"/{number}"),
            parent="" if is_first else f"{topic}/{one.get('reply_to_post_number') or 1}",
            said=words(title if is_first else "", shown(cooked)),
        )
    return found


def _of_youtube(document: Any, _: str) -> Items:
    found: Items = {}
    if "kind" not in document and "comments" not in document:
        return found  # a part of an answer
    for thread in _objects(document):
        if thread.get("kind") == "youtube#commentThread":  # its comments need not say which video they are on
            for one in (thread["snippet"]["topLevelComment"], *thread.get("replies", {}).get("comments", [])):
                one["snippet"].setdefault("videoId", thread["snippet"].get("videoId", ""))
    for one in _objects(document):
        snippet, kind = one.get("snippet"), one.get("kind")
        if not isinstance(snippet, dict):
            continue
        if kind == "youtube#comment":
            video = snippet.get("videoId", "")
            found[one["id"]] = Said(
                author=snippet["authorDisplayName"].removeprefix("@"),
                time=at(snippet["publishedAt"]),
                permalink=f"https://www.youtube.com/watch?v={video}&lc={one['id']}" if video else "",
                parent=snippet.get("parentId") or video,
                said=words(snippet["textOriginal"]),
            )
            continue
        id_, owner = _video_in(one, snippet)
        if id_:
            found[id_] = Said(
                author=owner,
                time=at(one.get("contentDetails", {}).get("videoPublishedAt") or snippet["publishedAt"]),
                permalink=f"https://www.youtube.com/watch?v={id_}",
                said=words(unescape(snippet["title"]), snippet["description"]),
            )
    return found


def _video_in(one: Mapping[str, Any], snippet: Mapping[str, Any]) -> tuple[str, str]:
    """Return the id of the video that an item is or holds, and whose it is; "" for none."""
    kind, owner = one.get("kind"), snippet.get("channelTitle", "")
    if kind == "youtube#video":
        return one["id"], owner
    if kind == "youtube#searchResult" and one["id"]["kind"] == "youtube#video":
        return one["id"]["videoId"], owner
    if kind == "youtube#playlistItem":
        return snippet["resourceId"]["videoId"], snippet.get("videoOwnerChannelTitle") or owner
    if kind == "youtube#activity" and snippet.get("type") == "upload":
        picture = snippet["thumbnails"]["default"]["url"]
        return one.get("contentDetails", {}).get("upload", {}).get("videoId") or picture.split("/")[-2], owner
    return "", ""


def _of_x(document: Any, _: str) -> Items:
    if not isinstance(document, dict):
        return {}
    data, includes = document.get("data"), document.get("includes") or {}
    users = {one["id"]: one["username"] for one in includes.get("users", [])}
    came = {one["id"]: one for one in includes.get("tweets", [])}
    pictures = {one["media_key"]: one.get("alt_text") for one in includes.get("media", [])}
    found: Items = {}
    for given in data if isinstance(data, list) else [data]:
        if not isinstance(given, dict) or "text" not in given or "event_type" in given:
            continue
        kinds = {one["type"]: one["id"] for one in given.get("referenced_tweets", [])}
        one = came.get(kinds.get("retweeted", ""), given)
        kinds = {each["type"]: each["id"] for each in one.get("referenced_tweets", [])}
        author = one.get("author_id", "")
        short = {each["url"]: each["expanded_url"] for each in one.get("entities", {}).get("urls", [])}
        text = re.sub(r"https://t\.co/\w+", lambda match: short.get(match[0], match[0]), unescape(one["text"]))  # noqa: B023
        text = re.sub(r"https://(?:twitter|x)\.com/\w+/status/\d+/(?:photo|video)/\d", "", text)
        keys = one.get("attachments", {}).get("media_keys", [])
        first = (one.get("edit_history_tweet_ids") or [one["id"]])[0]
        found[first] = Said(
            author=users.get(author, author),
            time=at(one.get("created_at")),
            permalink=f"https://x.com/{users.get(author) or 'i'}/status/{one['id']}",
            parent=kinds.get("replied_to", ""),
            said=words(text, *(pictures.get(key) for key in keys)),
        )
    return found


_COUNTS: Mapping[str, Callable[[Any, str], Items]] = {
    "mastodon": _of_mastodon,
    "reddit": _of_reddit,
    "bluesky": _of_bluesky,
    "hackernews": _of_hackernews,
    "github": _of_github,
    "discourse": _of_discourse,
    "youtube": _of_youtube,
    "x-v2": _of_x,
}
