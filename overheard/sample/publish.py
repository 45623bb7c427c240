"""Posts as their sites publish them: RSS 2.0, Atom, RSS 1.0 (RDF), NDJSON, JSON, CSV; a page for each post. Pure."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import Any

from lxml import etree

from overheard.sample.people import CONTACTS
from overheard.sample.post import Post
from overheard.sample.site import BY_NAME, Form, Site

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RSS1 = "http://purl.org/rss/1.0/"
_THREADS = "http://purl.org/syndication/thread/1.0"
_CONTACTS = {contact.id: contact for contact in CONTACTS}

TYPES: Mapping[Form, str] = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "rdf": "application/rdf+xml; charset=utf-8",
    "ndjson": "application/x-ndjson; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}


def publish(site: Site, posts: Sequence[Post], address: str) -> bytes:
    """Return the feed or file of a site's posts, newest first. `address` is where the sample server is."""
    return _FORMS[site.form](site, list(reversed(posts)), address)


def post_page(site: Site, post: Post, address: str) -> str:
    """Return the page that a post's address leads to, as HTML."""
    answers = f'<p>In answer to <a href="{_url(post.parent, address)}">another post</a></p>' if post.parent else ""
    body = _html(post.text)
    title = post.title or f"A post on {site.title}"
    when = post.published.strftime("%Y-%m-%d %H:%M UTC")
    return page(title, f"<h1>{escape(title)}</h1>\n<p>{escape(post.author)}, {when}</p>\n{body}\n{answers}")


def page(title: str, body: str, head: str = "", *, language: str = "en") -> str:
    """Return a whole HTML page."""
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width">\n{head}</head>\n<body>\n{body}\n</body>\n</html>\n'
    )


def _url(key: str, address: str) -> str:
    site = BY_NAME[key.rpartition("-")[0]]
    return address + site.permalink(key)


def _html(text: str) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))


def _home(site: Site, address: str) -> str:
    return f"{address}/sites/{site.host}/"


def _child(parent: Any, tag: str, text: str = "", **attributes: str) -> Any:
    node = etree.SubElement(parent, tag, attributes)
    node.text = text or None
    return node


def _bytes(root: Any) -> bytes:
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return written


def _rss(site: Site, posts: Sequence[Post], address: str) -> bytes:
    root = etree.Element("rss", {"version": "2.0"}, nsmap={"dc": _DC})
    channel = _child(root, "channel")
    _child(channel, "title", site.title)
    _child(channel, "link", _home(site, address))
    _child(channel, "description", site.title)
    _child(channel, "language", "en-IN")
    for post in posts:
        item = _child(channel, "item")
        _child(item, "title", post.title)
        _child(item, "link", _url(post.key, address))
        _child(item, "guid", _url(post.key, address), isPermaLink="true")
        if post.contact:  # RSS's own author is an e-mail address
            _child(item, "author", f"{_CONTACTS[post.contact].email} ({post.author})")
        else:
            _child(item, f"{{{_DC}}}creator", post.author)
        _child(item, "pubDate", format_datetime(post.published, usegmt=True))
        _child(item, "description", _html(post.text))
    return _bytes(root)


def _atom(site: Site, posts: Sequence[Post], address: str) -> bytes:
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM, "thr": _THREADS})

    def child(parent: Any, tag: str, text: str = "", **attributes: str) -> Any:
        return _child(parent, f"{{{_ATOM}}}{tag}", text, **attributes)

    child(root, "id", _home(site, address))
    child(root, "title", site.title)
    child(root, "updated", _time(posts[0].published if posts else None))
    child(root, "link", rel="self", href=address + site.path)
    for post in posts:
        entry = child(root, "entry")
        child(entry, "id", _url(post.key, address))
        child(entry, "title", post.title)
        child(entry, "link", rel="alternate", href=_url(post.key, address))
        child(entry, "published", _time(post.published))
        child(entry, "updated", _time(post.published))
        if post.author:
            author = child(entry, "author")
            child(author, "name", post.author)
            if profile := _profile(site, post):
                child(author, "uri", profile)
        if post.parent:
            reference = _url(post.parent, address)
            _child(entry, f"{{{_THREADS}}}in-reply-to", ref=reference, href=reference)
        child(entry, "content", _html(post.text), type="html")
    return _bytes(root)


def _profile(site: Site, post: Post) -> str:
    """Return the address that stands for an author on a site; "" where the site has none."""
    if site.owner:
        return f"https://{site.host}/"
    return f"https://{site.host}/members/{post.author}" if site.name == "lathe-forum" else ""


def _rdf(site: Site, posts: Sequence[Post], address: str) -> bytes:
    root = etree.Element(f"{{{_RDF}}}RDF", nsmap={None: _RSS1, "rdf": _RDF, "dc": _DC})

    def child(parent: Any, tag: str, text: str = "") -> Any:
        return _child(parent, f"{{{_RSS1}}}{tag}", text)

    about = f"{{{_RDF}}}about"
    channel = child(root, "channel")
    channel.set(about, _home(site, address))
    child(channel, "title", site.title)
    child(channel, "link", _home(site, address))
    child(channel, "description", site.title)
    items = _child(child(channel, "items"), f"{{{_RDF}}}Seq")
    for post in posts:
        url = _url(post.key, address)
        _child(items, f"{{{_RDF}}}li").set(f"{{{_RDF}}}resource", url)
        item = child(root, "item")
        item.set(about, url)
        child(item, "title", post.title)
        child(item, "link", url)
        child(item, "description", _html(post.text))
        _child(item, f"{{{_DC}}}creator", post.author)
        _child(item, f"{{{_DC}}}date", _time(post.published))
    return _bytes(root)


def _time(when: datetime | None) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else "1970-01-01T00:00:00Z"


def _row(post: Post, address: str) -> dict[str, Any]:
    row = {
        "platform": post.site,
        "id": post.key,
        "url": _url(post.key, address),
        "author": post.author,
        "created_at": _time(post.published),
        "title": post.title,
        "text": post.text,
        "in_reply_to": post.parent,
        "lang": post.language if post.language in ("en", "hi") else "",
        "likes": post.likes,
        "replies": post.replies,
    }
    return {name: value for name, value in row.items() if value != ""}


def _ndjson(_site: Site, posts: Sequence[Post], address: str) -> bytes:
    return "".join(json.dumps(_row(post, address), ensure_ascii=False) + "\n" for post in posts).encode()


def _json(_site: Site, posts: Sequence[Post], address: str) -> bytes:
    return json.dumps([_row(post, address) for post in posts], ensure_ascii=False, indent=1).encode()


def _csv(_site: Site, posts: Sequence[Post], address: str) -> bytes:
    file = io.StringIO(newline="")
    columns = ("platform", "id", "url", "author", "created_at", "text", "in_reply_to", "lang", "likes", "replies")
    writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(_row(post, address) for post in posts)
    return file.getvalue().encode()


_FORMS: Mapping[Form, Callable[[Site, Sequence[Post], str], bytes]] = {
    "rss": _rss,
    "atom": _atom,
    "rdf": _rdf,
    "ndjson": _ndjson,
    "json": _json,
    "csv": _csv,
}
