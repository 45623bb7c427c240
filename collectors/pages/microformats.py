"""microformats2 of a page to mentions: h-entry, h-cite, h-feed, with the h-card of who said it (microformats.org/wiki).

Pure. mf2py reads the markup (classic microformats too); what it finds is taken leniently, property by property.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import mf2py
import msgspec

from overheard.collectors.markup import PlainText, absolute_url, from_html, from_text, one_line, shorten
from overheard.collectors.pages.html import decode, join, language_of, moment
from overheard.errors import InputError
from overheard.identities import MOST_LINKS, normal_email
from overheard.records import Actor, Mention, ProfileLink, mention_id
from overheard.text import clean
from overheard.urls import canonical_url, registrable_domain

# Entries of one page: archives have some hundreds.
MAX_ENTRIES = 500
_MAX_DEPTH = 12
_MAX_NAME = 1_000
_ENTRIES = ("h-entry", "h-cite", "h-review", "h-event")
_REACTIONS = ("like-of", "repost-of", "bookmark-of")

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a page: the mention that it is, and what it reacts to.

    `reaction` is "reply", "like", "repost", "bookmark" or ""; `to` are the addresses that it is a reaction to, may be
    empty. A like has no text of its own.
    """

    mention: Mention
    reaction: str = ""
    to: tuple[str, ...] = ()


def parse_items(body: bytes, headers: Mapping[str, str], url: str) -> dict[str, Any]:
    """Return the microformats of a page as mf2 JSON: `items`, `rels`, `rel-urls`. Raises InputError where they nest too
    deep to be read.
    """
    from_page: dict[str, Any]
    try:
        # lxml bounds the depth of elements, and takes a tenth of html5lib's time; the standard's own suite tells no
        # difference between them.
        from_page = mf2py.parse(doc=decode(body, headers.get("content-type", "")), url=url, html_parser="lxml")
    except Exception as e:  # its handlers trip over what they do not expect, in any way
        message = (
            f"expected a page with microformats; mf2py could not read it: {type(e).__name__}: {shorten(str(e), 200)}"
        )
        raise InputError(message, where=url) from e
    return from_page


def read_entries(body: bytes, headers: Mapping[str, str], url: str, *, source: str, at: datetime) -> tuple[Entry, ...]:
    """Return the entries of a page, each id once, in the page's order; `source` and `first_seen` are as given.

    An entry without an address on the page's registrable domain has the page's where it is the only one there, and else
    is left out: nobody can speak in another's name. Ids are made of canonical URLs as for feeds. The author is the
    entry's h-card; else that of its h-feed; else the page's one h-card that is linked by `rel=author` or has the page's
    site as its address. Copies of the entry on other networks (`syndication`, as the page claims) are aliases. Raises
    InputError as `parse_items`.
    """
    return entries_of(parse_items(body, headers, url), url, source=source, at=at)


def entries_of(parsed: Mapping[str, Any], url: str, *, source: str, at: datetime) -> tuple[Entry, ...]:
    """Return the entries of a page whose microformats are given as mf2 JSON, whatever is in it; as `read_entries`."""
    items = [item for item in _list(parsed.get("items")) if isinstance(item, dict)]
    found = list(_entries(items))[:MAX_ENTRIES]
    # What an entry cites stands in its properties; on the top level only what is the page's own.
    alone = len(found) == 1
    rels = parsed.get("rels")
    rels = rels if isinstance(rels, dict) else {}
    entries: dict[str, Entry] = {}
    for item, inherited in found:
        properties = _properties(item)
        named = (join(url, one) for one in _urls(properties, "url", "uid"))
        address = next((one for one in named if _is_own(one, url)), "")
        canonical = canonical_url(address or (url if alone else ""))
        if not canonical:
            continue
        author = _author(properties, url) or inherited or _page_author(items, rels, url)
        entry = _entry(item, author, canonical, address or url, url, source, at)
        if not entry.mention.text and not entry.reaction:
            continue
        entries.setdefault(entry.mention.id, entry)
    return tuple(entries.values())


def read_cards(body: bytes, headers: Mapping[str, str], url: str) -> tuple[Actor, ...]:
    """Return the people and organisations on the top level of a page (h-card); the `rel=me` links of the page are
    those of the card that stands for the page. Raises InputError as `parse_items`.
    """
    parsed = parse_items(body, headers, url)
    rels = parsed.get("rels") or {}
    cards = [
        item for item in _list(parsed.get("items")) if isinstance(item, dict) and "h-card" in _list(item.get("type"))
    ]
    found = [(card, actor) for card in cards[:MAX_ENTRIES] if (actor := _actor(card, url))]
    return tuple(
        _with_me(actor, rels, url) if len(found) == 1 or _stands_for(card, rels, url) else actor
        for card, actor in found
    )


def _entries(
    items: Sequence[Item], inherited: Actor | None = None, depth: int = 0
) -> Iterator[tuple[Item, Actor | None]]:
    """Yield entries and those in feeds, each with the author of its feed."""
    for item in items:
        if not isinstance(item, dict) or depth > _MAX_DEPTH:
            continue
        types = _list(item.get("type"))
        if any(one in _ENTRIES for one in types):
            yield item, inherited
        elif "h-feed" in types:
            author = _author(_properties(item), "")
            yield from _entries(_list(item.get("children")), author or inherited, depth + 1)
        else:
            yield from _entries(_list(item.get("children")), inherited, depth + 1)


def _entry(  # noqa: PLR0917  all that an entry is made of
    item: Item, author: Actor | None, canonical: str, address: str, base: str, source: str, at: datetime
) -> Entry:
    properties = _properties(item)
    text = _text(properties, base)
    name = shorten(one_line(clean(_string(properties, "name"))), _MAX_NAME)
    # A note has no name of its own: what is implied is its text again.
    if name and one_line(text.text).startswith(name.rstrip("…").rstrip()):
        name = ""
    reaction, to = "", _targets(properties, "in-reply-to", base)
    if to:
        reaction = "reply"
    else:
        for word in _REACTIONS:
            if to := _targets(properties, word, base):
                reaction = word.removesuffix("-of")
                break
    if reaction in ("like", "repost") and not text.text:
        name = ""  # what is implied is the text of the link
    others = [canonical_url(join(base, one)) for one in _urls(properties, "syndication")]
    published, updated = moment(_string(properties, "published")), moment(_string(properties, "updated"))
    mention = Mention(
        id=mention_id("web", url=canonical),
        type="Article" if name else "Note",
        platform="web",
        source=source,
        content=text.text,
        name=name,
        url=address,
        published=published or updated,
        updated=updated,
        first_seen=at,
        in_reply_to=to[0] if reaction == "reply" else "",
        attributed_to=author,
        tag=_tags(properties),
        links=text.links,
        aliases=tuple(dict.fromkeys(one for one in others if one and one != canonical)),
        language=language_of(item.get("lang")),
    )
    return Entry(mention, reaction, to)


def _is_own(address: str, url: str) -> bool:
    return bool(address) and (registrable_domain(address) or address) == (registrable_domain(url) or address)


def _text(properties: Item, base: str) -> PlainText:
    """Return the fullest text of an entry: its content, else its summary."""
    for name in ("content", "summary", "description"):
        for value in _list(properties.get(name)):
            if isinstance(value, dict) and isinstance(value.get("html"), str):
                text = from_html(value["html"], base=base)
            else:
                text = from_text(_plain(value))
            if text.text:
                return text
    return PlainText("", ())


def _targets(properties: Item, name: str, base: str) -> tuple[str, ...]:
    found = (join(base, one) for one in _urls(properties, name))
    return tuple(dict.fromkeys(one for one in found if one))[:20]


def _tags(properties: Item) -> tuple[str, ...]:
    found = (shorten(one_line(clean(_plain(one))).lstrip("#"), 200) for one in _list(properties.get("category")))
    return tuple(dict.fromkeys(one for one in found if one))[:64]


# ---- Who -------------------------------------------------------------------------------------------------------------


def _author(properties: Item, base: str) -> Actor | None:
    """Return the first author that a thing names: an h-card, a name, or an address."""
    for value in _list(properties.get("author")):
        if isinstance(value, dict) and (actor := _actor(value, base)):
            return actor
        if isinstance(value, str) and value.strip():
            url = absolute_url(value)
            name = "" if url else shorten(one_line(clean(value)), _MAX_NAME)
            return Actor(platform="web", name=name, url=url)
    return None


def _actor(card: Item, base: str) -> Actor | None:
    """Return whom an h-card shows; None where it says neither name, address nor e-mail. Its pictures are left alone."""
    properties = _properties(card)
    urls = [one for one in (join(base, one) for one in (*_urls(properties, "uid"), *_urls(properties, "url"))) if one]
    emails = (normal_email(clean(one).removeprefix("mailto:").partition("?")[0]) for one in _urls(properties, "email"))
    email = next((one for one in emails if one), "")
    name = shorten(one_line(clean(_string(properties, "name") or _plain(card.get("value")))), _MAX_NAME)
    if join("", name):  # an h-card of an address alone has it as its name
        name = ""
    nick = one_line(clean(_string(properties, "nickname")))
    if not (name or nick or urls or email):
        return None
    return Actor(
        platform="web",
        name=name or nick,
        url=urls[0] if urls else "",
        email=email,
        summary=shorten(from_text(_string(properties, "note")).text, 2_000),
        links=tuple(ProfileLink(url=one) for one in dict.fromkeys(urls[1:]) if one != urls[0])[:MOST_LINKS],
    )


def _page_author(items: Sequence[Item], rels: Item, url: str) -> Actor | None:
    """Return the author of a page that no entry names: the h-card that stands for it, else what `rel=author` links."""
    cards = [item for item in items if "h-card" in _list(item.get("type"))]
    for card in cards:
        if _stands_for(card, rels, url) and (actor := _actor(card, url)):
            return _with_me(actor, rels, url)
    addresses = [join(url, one) for one in _list(rels.get("author")) if isinstance(one, str)]
    first = next((one for one in addresses if one), "")
    return Actor(platform="web", url=first) if first else None


def _stands_for(card: Item, rels: Item, url: str) -> bool:
    """True for a card with the address of the page or its site's front page, or one that `rel=author` or `me` names."""
    own = {canonical_url(join(url, one)) for one in _urls(_properties(card), "url", "uid")} - {""}
    named = [one for word in ("author", "me") for one in _list(rels.get(word)) if isinstance(one, str)]
    theirs = {canonical_url(join(url, one)) for one in (*named, url, "/")} - {""}
    return bool(own & theirs)


def _with_me(actor: Actor, rels: Item, url: str) -> Actor:
    """Return an actor with the `rel=me` links of the page among its profile's; nobody has verified them."""
    known = {canonical_url(actor.url), *(canonical_url(one.url) for one in actor.links)}
    found = [join(url, one) for one in _list(rels.get("me")) if isinstance(one, str)]
    more = [ProfileLink(url=one) for one in dict.fromkeys(found) if one and canonical_url(one) not in known]
    if not actor.url and more and registrable_domain(more[0].url) == registrable_domain(url):
        actor = msgspec.structs.replace(actor, url=more.pop(0).url)
    return msgspec.structs.replace(actor, links=(*actor.links, *more)[:MOST_LINKS])


# ---- mf2 JSON --------------------------------------------------------------------------------------------------------


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _properties(item: Item) -> Item:
    properties = item.get("properties")
    return properties if isinstance(properties, dict) else {}


def _plain(value: Any) -> str:
    """Return the plain value of a property: a text, a piece of markup, a thing with a value, an image."""
    if isinstance(value, dict):
        value = value.get("value")
    return value if isinstance(value, str) else ""


def _string(properties: Item, name: str) -> str:
    return next((text for one in _list(properties.get(name)) if (text := _plain(one)).strip()), "")


def _urls(properties: Item, *names: str) -> tuple[str, ...]:
    """Return the addresses of properties; those of things that are cited there are their own."""
    found: list[str] = []
    for name in names:
        for value in _list(properties.get(name)):
            own = [_plain(one) for one in _list(_properties(value).get("url"))] if isinstance(value, dict) else []
            found += own or [_plain(value)]
    return tuple(one.strip() for one in found if one.strip())[:50]
