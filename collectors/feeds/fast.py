"""The fast way for ordinary feeds: the same fields that feedparser gives, or nothing where that is not sure.

feedparser calls a method for every start and end of an element, and keeps state between them; most of what it can do,
no ordinary feed needs. Here lxml reads the whole document, and each element that we use is treated as feedparser would
treat it: by the same names, in the same order, with the same odd rules (the second description of an entry is its
content, a title in a media group counts only where there is none yet). What is not well-formed, has a document type,
an element that feedparser treats in a way not followed here, or one where none is expected, is not read at all:
`parse_plain` returns None, and feedparser reads it. benchmarks/bench_feeds.py holds both beside each other.
"""

import contextlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urljoin
from xml.sax.saxutils import escape

from feedparser.api import StrictFeedParser
from lxml import etree

from overheard.collectors.markup import ORDINARY_URL

_ATOM = "http://www.w3.org/2005/atom"
_OTHER_VERSIONS = frozenset({"http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/"})
_XHTML = "{http://www.w3.org/1999/xhtml}"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
# feedparser's own prefixes of the namespaces that it knows, by their URIs in lower case; "" is that of RSS and Atom.
_PREFIXES: dict[str, str] = {uri.lower(): prefix for uri, prefix in StrictFeedParser.namespaces.items()}
_TAKEN = frozenset(_PREFIXES.values())
_DECLARED = re.compile(r"""xmlns(?::([^\s=]{1,100}))?\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
_C1 = re.compile("[\x80-\x9f]")
_FIX_SLASHES = re.compile(r"^([A-Za-z][A-Za-z0-9+-.]*://)(/*)(.*?)")
_REFERENCE = re.compile("&([A-Za-z0-9_]+);")
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_TYPES = {
    "text": "text/plain", "plain": "text/plain", "text/plain": "text/plain", "html": "text/html",
    "text/html": "text/html", "xhtml": "application/xhtml+xml", "application/xhtml+xml": "application/xhtml+xml",
}  # fmt: skip
# Attributes that feedparser acts on; in a namespace of their own they would mean something else.
_ACTED_ON = frozenset(
    {"url", "uri", "href", "rel", "type", "base", "lang", "src", "mode", "term", "scheme", "domain", "label", "text"}
    | {"ispermalink", "lastmod", "about", "version"}
)

_TITLES = frozenset({"title", "dc_title", "media_title"})
_DESCRIPTIONS = frozenset({"description", "dc_description", "media_description"})
_SUMMARIES = frozenset({"summary", "itunes_summary"})
_CONTENTS = frozenset({"content", "content_encoded", "fullitem"})
_AUTHORS = frozenset({"author", "dc_creator", "dc_author", "itunes_author"})
_CATEGORIES = frozenset({"category", "keywords", "dc_subject", "media_category", "itunes_category"})
_DATES = {
    "published": "published", "pubdate": "published", "issued": "published", "dcterms_issued": "published",
    "updated": "updated", "modified": "updated", "lastbuilddate": "updated", "dc_date": "updated",
    "dcterms_modified": "updated", "created": "created", "dcterms_created": "created",
}  # fmt: skip
# Elements whose text alone is the value.
_PLAIN = frozenset({"feedburner_origlink", "wfw_commentrss", "slash_comments", "thr_total", "yt_videoid"})
_FEED_PLAIN = frozenset({"ttl", "sy_updateperiod", "sy_updatefrequency"})
_LANGUAGES = frozenset({"language", "dc_language"})
_PEOPLE = {"name": "name", "itunes_name": "name", "uri": "href", "url": "href", "homepage": "href"} | {
    "email": "email", "itunes_email": "email"
}  # fmt: skip
# feedparser treats these, to no effect on a field that we use, as long as they hold nothing but text.
_LEAVES = frozenset(
    {
        "cc_license", "cloud", "copyright", "creativecommons_license", "dc_contributor", "dc_publisher", "dc_rights",
        "dcterms_valid", "expirationdate", "feedburner_browserfriendly", "generator", "info", "itunes_block",
        "itunes_explicit", "itunes_image", "itunes_link", "itunes_subtitle", "media_content", "media_credit",
        "media_license", "media_player", "media_rating", "media_restriction", "media_thumbnail", "rights", "subtitle",
        "tagline", "webmaster", "admin_generatoragent", "admin_errorreportsto",
    }
)  # fmt: skip
_FEED_LEAVES = (
    _LEAVES | _TITLES | _DESCRIPTIONS | _SUMMARIES | _AUTHORS | {"managingeditor", "enclosure", "itunes_category"}
    | _CATEGORIES | {"id", "guid", "itunes_keywords", "media_keywords", *_DATES}
)  # fmt: skip
# Elements of feedparser's whose parts are leaves in their turn.
_HOLDERS = {
    "contributor": frozenset(_PEOPLE),
    "image": frozenset({"title", "url", "link", "description", "width", "height"}),
    "itunes_category": frozenset({"itunes_category"}),
    "picture": frozenset({"url", "width", "height"}),
    "itunes_owner": frozenset({"name", "email", "itunes_name", "itunes_email"}),
    "textinput": frozenset({"title", "description", "name", "link"}),
    "source": frozenset(
        {"id", "title", "link", "updated", "published", "subtitle", "rights", "icon", "logo", "generator", "category"}
    ),
}
# What we read of feedparser's dictionaries: an element that is called like one takes its place there.
_READ = frozenset(
    {"author", "authors", "author_detail", "content", "content_detail", "created", "id", "guidislink", "language"}
    | {"link", "links", "published", "summary", "summary_detail", "tags", "thr_in-reply-to", "title", "title_detail"}
    | {"updated"}
) | _PLAIN | _FEED_PLAIN  # fmt: skip
# Far more than are kept; each is compared with all before.
_MANY_TAGS = 1_000
_HARMLESS_PREFIXES = ("georss_", "gml_", "geo_", "psc_")


class Parsed(NamedTuple):
    """What a parser made of a feed, named as feedparser does: version ("" for no feed), the feed's fields, entries."""

    version: str
    feed: Mapping[str, Any]
    entries: list[Mapping[str, Any]]


class _Scope(NamedTuple):
    """What holds inside an element: its attributes, where links start from, which language is spoken."""

    attributes: Mapping[str, str]
    base: str
    language: str | None


class _UnsureError(Exception):
    """Something that feedparser has to judge."""


def parse_plain(text: str, base: str, language: str) -> Parsed | None:
    """Return an ordinary feed's fields as feedparser gives them (those that `xml` reads); None where it is not sure.

    `text` has no XML declaration, `base` is where it came from, `language` what its server said ("" is nothing).
    """
    if text.startswith("<!DOCTYPE") or not base.startswith(("http://", "https://")):
        return None
    # Of its own: parsers of lxml are not shared between threads.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        declared, misleading = _declared(text)
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
        if not text.isascii() and _has_odd_names(root):
            return None
        return _Document(declared, misleading, base, language or None).read(root)
    except (etree.XMLSyntaxError, _UnsureError):
        return None


def _unsure() -> NoReturn:
    raise _UnsureError


def _has_odd_names(root: Any) -> bool:
    """True where a name is not in ASCII: what a name may be made of, a byte-order mark even, expat judges otherwise."""
    return any(not (one.tag.isascii() and all(map(str.isascii, one.keys()))) for one in root.iter("*"))


def _declared(text: str) -> tuple[set[str], set[str]]:
    """Return the URIs of all namespaces, in lower case, and the prefixes by which feedparser means another one.

    Each prefix stands for one namespace.
    """
    prefixes: dict[str, str] = {}
    unknown: dict[str, str] = {}
    misleading: set[str] = set()
    for written, double, single in set(_DECLARED.findall(text)):
        uri, prefix = (double or single).lower(), written.lower()
        if not written.isascii() or not uri or uri.split() != [uri] or "&" in uri or "backend.userland.com/rss" in uri:
            _unsure()
        known = _PREFIXES.get(uri)
        if prefixes.setdefault(prefix, uri) != uri and prefix:
            _unsure()
        if known is None and unknown.setdefault(uri, prefix) != prefix:
            _unsure()
        if known is not None and prefix in _TAKEN and known != prefix:
            misleading.add(prefix)
    return {(double or single).lower() for _, double, single in _DECLARED.findall(text)}, misleading


class _Document:
    """Reads one document: what its namespaces are called, and where its links start from."""

    def __init__(self, declared: set[str], misleading: set[str], base: str, language: str | None) -> None:
        self._declared = declared
        self._misleading = misleading
        self._names: dict[str, str] = {}
        self._base = _joined(base, base)
        self._language = language
        self._is_atom = False

    def read(self, root: Any) -> Parsed:
        name = self._name(root)
        if name == "rss":
            return self._rss(root)
        if name == "feed" and root.tag.lower() == f"{{{_ATOM}}}feed" and not self._declared & _OTHER_VERSIONS:
            self._is_atom = True
            return self._atom(root)
        if name == "rdf_rdf" and "http://purl.org/rss/1.0/" in self._declared and _ATOM not in self._declared:
            return self._rss(root, version="rss10")
        _unsure()

    def _rss(self, root: Any, version: str = "rss") -> Parsed:
        feed = self._fields()
        entries: list[Mapping[str, Any]] = []
        scope = self._scope(root, _Scope(_NONE, self._base, self._language))
        if scope.language and version == "rss":
            feed["language"] = scope.language.replace("_", "-")
        for child in root:
            name = self._name(child)
            if name == "channel":
                inside = self._scope(child, scope)
                if "lastmod" in inside.attributes or "href" in inside.attributes:
                    _unsure()
                self._feed(child, feed, entries, inside)
            elif name == "item":
                entries.append(self._entry(child, scope))
            elif name in ("image", "textinput") and version == "rss10":
                self._holder(child, name)
            else:
                self._harmless(child, name)
        return Parsed(version, feed, entries)

    def _atom(self, root: Any) -> Parsed:
        feed = self._fields()
        entries: list[Mapping[str, Any]] = []
        scope = self._scope(root, _Scope(_NONE, self._base, self._language))
        if scope.language:
            feed["language"] = scope.language.replace("_", "-")
        self._feed(root, feed, entries, scope)
        return Parsed("atom10", feed, entries)

    def _fields(self) -> dict[str, Any]:
        return {"language": self._language.replace("_", "-")} if self._language else {}

    def _feed(self, element: Any, feed: dict[str, Any], entries: list[Mapping[str, Any]], scope: _Scope) -> None:
        """Read the channel of RSS or RDF, or the feed of Atom, with the entries in it."""
        for child in element:
            name = self._name(child)
            if name in ("item", "entry"):
                entries.append(self._entry(child, scope))
            elif name == "link":
                self._link(child, feed, self._scope(child, scope))
            elif name in _AUTHORS and self._is_atom:
                self._author(child, name, feed, self._scope(child, scope).base)
            elif name in _LANGUAGES:
                feed["language"] = _value(child)
            elif name in _FEED_PLAIN:
                if child.keys():
                    _unsure()
                feed[name] = _value(child)
            elif name in _FEED_LEAVES and not len(child):
                pass
            elif name in _HOLDERS and name != "source":
                self._holder(child, name)
            else:
                self._harmless(child, name)

    # ---- An entry --------------------------------------------------------------------------------------------------

    def _entry(self, element: Any, scope: _Scope) -> Mapping[str, Any]:
        scope = self._scope(element, scope)
        attributes = scope.attributes
        if "lastmod" in attributes or "href" in attributes:
            _unsure()
        state = _State()
        if about := attributes.get("rdf:about"):
            state.entry["id"] = about
        self._parts(element, state, 0, scope)
        if state.people > 1 and any("@" in author.get("name", "") for author in state.entry["authors"]):
            _unsure()  # feedparser takes them apart
        return state.entry

    def _parts(self, element: Any, state: "_State", depth: int, outer: _Scope) -> None:
        """Read what is in an entry, or in a media group of it."""
        entry = state.entry
        bare = _Scope(_NONE, outer.base, outer.language)
        for child in element:
            name = self._name(child)
            scope = self._scope(child, outer) if child.keys() else bare
            attributes = scope.attributes
            if name in _TITLES:
                state.title(self._detail(child, scope, "text/plain"), depth, stays=name != "media_title")
            elif name == "link":
                self._link(child, entry, scope)
            elif name in ("guid", "id"):
                is_link = attributes.get("ispermalink", "true") == "true"
                value = _stripped(child)
                value = _mended(_joined(scope.base, value) if value and is_link else value)
                state.store("id", value, depth)
                if is_link:
                    entry.setdefault("link", value)
            elif name in _DATES:
                state.store(_DATES[name], _value(child), depth)
            elif name in _DESCRIPTIONS or name in _SUMMARIES:
                if "summary" in entry and not state.has_content:
                    state.content(self._detail(child, scope, "text/plain"))
                else:
                    default = "text/html" if name in _DESCRIPTIONS else "text/plain"
                    entry["summary_detail"] = detail = self._detail(child, scope, default)
                    state.store("summary", detail["value"], depth)
            elif name in _CONTENTS:
                state.content(self._detail(child, scope, "text/plain" if name == "content" else "text/html"))
            elif name in _AUTHORS:
                if depth:
                    _unsure()
                state.people += 1
                self._author(child, name, entry, scope.base)
            elif name in _CATEGORIES:
                self._category(child, name, attributes, entry)
            elif name == "enclosure":
                _leaf(child)
                href = attributes.get("url", attributes.get("uri", attributes.get("href")))
                entry.setdefault("links", []).append({**attributes, "rel": "enclosure", "href": href})
            elif name in _PLAIN:
                if attributes:
                    _unsure()
                value = _stripped(child)
                if name == "wfw_commentrss" and value:
                    value = _joined(scope.base, value)
                state.store(name, _mended(value), depth)
            elif name == "thr_in-reply-to":
                _leaf(child)
                entry[name] = attributes or _value(child)
            elif name in ("media_keywords", "itunes_keywords"):
                if attributes:
                    _unsure()
                scheme = "http://www.itunes.com/" if name == "itunes_keywords" else None
                for term in _value(child).split(","):
                    if term.strip():
                        _add_tag(entry, term.strip(), scheme, None)
            elif name in ("media_group", "media_content"):
                self._parts(child, state, depth + 1, scope)
            elif name in _LANGUAGES:
                state.store("language", _value(child), depth)
            elif name == "source":
                state.title_depth = depth + 1 if self._holder(child, name) else -1
            elif name == "contributor":
                self._holder(child, name)
            elif name == "image":
                self._holder(child, "picture")
                state.title_depth = -1
            elif name in _LEAVES:
                _leaf(child)
            else:
                self._harmless(child, name)

    def _detail(self, element: Any, scope: _Scope, default: str) -> dict[str, Any]:
        """Return the value of an element that may hold markup, with what is said of it."""
        type_ = _TYPES.get(scope.attributes.get("type", default)) or _unsure()
        if "mode" in scope.attributes:
            _unsure()
        if type_ == "application/xhtml+xml":
            if not self._is_atom:
                _unsure()
            value = _mended(self._xhtml(element).strip())
        else:
            value = _value(element)
            if type_ == "text/plain" and not self._is_atom and ("&" in value or "</" in value):
                # Some state that they are plain and are not; feedparser guesses.
                type_ = "text/html" if StrictFeedParser.looks_like_html(value) else type_
        language = scope.language.replace("_", "-") if scope.language else None
        return {"type": type_, "language": language, "base": scope.base, "value": value}

    def _xhtml(self, element: Any) -> str:
        """Return what is inside an element as HTML."""
        parts: list[str] = []
        self._write(element, parts)
        return "".join(parts)

    def _write(self, element: Any, parts: list[str]) -> None:
        parts.append(escape(element.text or ""))
        for child in element:
            tag = child.tag
            if not tag.startswith(_XHTML) or (name := tag[len(_XHTML) :].lower()) in ("svg", "math", "body"):
                _unsure()
            attributes = self._attributes(child) if child.items() else _NONE
            written = "".join(f' {key}="{escape(value, _QUOTE)}"' for key, value in attributes.items())
            parts.append(f"<{name}{written}>")
            self._write(child, parts)
            parts += (f"</{name}>", escape(child.tail or ""))

    def _link(self, element: Any, context: dict[str, Any], scope: _Scope) -> None:
        _leaf(element)
        base = scope.base
        attributes = dict(scope.attributes)
        if "url" in attributes or "uri" in attributes:
            _unsure()
        rel = attributes.setdefault("rel", "alternate")
        type_ = attributes.setdefault("type", "application/atom+xml" if rel == "self" else "text/html")
        links = context.setdefault("links", [])
        links.append(attributes)
        if "href" in attributes:
            attributes["href"] = _joined(base, attributes["href"])
            if rel == "alternate" and _TYPES.get(type_) in _HTML_TYPES:
                context["link"] = attributes["href"]
            return
        value = _stripped(element)
        value = _mended(_joined(base, value) if value else value)
        if "&" in value:
            value = _REFERENCE.sub(r"&\1", value.replace("&amp;", "&"))
        context["link"] = value
        if value:
            attributes["href"] = value

    def _author(self, element: Any, name: str, context: dict[str, Any], base: str) -> None:
        """Read a person: their name as text, or name, address and home page as elements of their own."""
        author: dict[str, str] = {}
        authors = context.setdefault("authors", [])
        authors.append(author)
        if not len(element):
            context["author"] = value = _value(element)
            if value:
                author["name"] = value
                context.setdefault("author_detail", author)
            return
        if name != "author" or (element.text or "").strip():
            _unsure()
        before = context.get("author")
        for child in element:
            part = self._name(child)
            if (child.tail or "").strip():
                _unsure()
            if part not in _PEOPLE:
                if (child.text or "").strip():
                    _unsure()
                self._harmless(child, part)
                continue
            if child.items():
                _unsure()
            value = _stripped(child)
            if _PEOPLE[part] == "href":
                value = _mended(_joined(base, value) if value else value)
            # Of several, feedparser takes the last for the one before, for a while or for good.
            context.setdefault("author_detail", {})[_PEOPLE[part]] = value
            if before and not author:
                if "@" in before:
                    _unsure()
                author["name"] = before
            author[_PEOPLE[part]] = value
        person, email = author.get("name"), author.get("email")
        context["author"] = f"{person} ({email})" if person and email else person or email or ""

    def _category(self, element: Any, name: str, attributes: Mapping[str, str], entry: dict[str, Any]) -> None:
        value = _value(element)
        if name == "itunes_category":
            _add_tag(entry, attributes.get("text"), "http://www.itunes.com/", None)
        else:
            usual = (
                "http://search.yahoo.com/mrss/category_schema" if name == "media_category" else attributes.get("domain")
            )
            _add_tag(entry, attributes.get("term"), attributes.get("scheme", usual), attributes.get("label"))
        tags = entry["tags"]
        if value and tags and not tags[-1]["term"]:
            tags[-1]["term"] = value
        elif value:
            _add_tag(entry, value, None, None)

    # ---- What stands around -----------------------------------------------------------------------------------------

    def _name(self, element: Any) -> str:
        """Return an element's name as feedparser's methods have it: dc_creator, pubdate."""
        tag = element.tag
        name = self._names.get(tag)
        if name is None:
            uri, _, local = tag[1:].rpartition("}") if tag[:1] == "{" else ("", "", tag)
            known = _PREFIXES.get(uri.lower())
            prefix = (element.prefix or "") if known is None else known
            if prefix and prefix.lower() in self._misleading:
                _unsure()
            name = self._names[tag] = (f"{prefix}_{local}" if prefix else local).lower()
        return name

    def _attributes(self, element: Any) -> dict[str, str]:
        """Return an element's attributes as feedparser has them."""
        found: dict[str, str] = {}
        for key, value in element.items():
            name = key
            if key[0] == "{":
                uri, _, local = key[1:].rpartition("}")
                prefix = _PREFIXES.get(uri.lower(), "")
                if prefix:
                    name = f"{prefix}:{local}"
                elif local.lower() in _ACTED_ON:
                    _unsure()
                else:
                    name = local
            name = name.lower()
            if name in found:
                _unsure()
            found[name] = value.lower() if name in ("rel", "type") else value
        return found

    def _scope(self, element: Any, outer: _Scope) -> _Scope:
        """Return what holds inside an element."""
        attributes = self._attributes(element)
        base, language = outer.base, outer.language
        if written := attributes.get("xml:base", attributes.get("base")):
            base = _joined(base, written)
            if not base.startswith(("http://", "https://")):
                _unsure()
        spoken = attributes.get("xml:lang", attributes.get("lang"))
        return _Scope(attributes, base, language if spoken is None else spoken or None)

    def _holder(self, element: Any, name: str) -> bool:
        """Check that an element's parts are the expected leaves; return whether a title with a text is among them."""
        titled = False
        allowed = _HOLDERS[name]
        for child in element:
            part = self._name(child)
            if part == "author" and name == "source":
                for person in child:
                    if self._name(person) not in _PEOPLE:
                        _unsure()
                    _leaf(person)
            elif part in allowed:
                _leaf(child)
                titled = titled or (part == "title" and bool((child.text or "").strip()))
            elif "_" not in part:
                _unsure()
            else:
                self._harmless(child, part)
        return titled

    def _harmless(self, element: Any, name: str) -> None:
        """Check that feedparser would do nothing with an element, or with anything in it, that we read."""
        if name in _READ or (_is_treated(name) and not name.startswith(_HARMLESS_PREFIXES)):
            _unsure()
        for child in element:
            self._harmless(child, self._name(child))


class _State:
    """An entry, and what feedparser remembers while it reads one: how deep a field was found, what came before."""

    __slots__ = ("_depths", "entry", "has_content", "people", "title_depth")

    def __init__(self) -> None:
        self.entry: dict[str, Any] = {}
        self.title_depth = -1
        self.has_content = False
        self.people = 0
        self._depths: dict[str, int] = {}

    def store(self, field: str, value: str, depth: int) -> None:
        """Keep a value, unless one that stands less deep was kept."""
        if depth <= self._depths.get(field, depth):
            self._depths[field] = depth
            self.entry[field] = value

    def title(self, detail: dict[str, Any], depth: int, *, stays: bool) -> None:
        """Keep a title, unless there is one that `stays`."""
        if not -1 < self.title_depth <= depth:
            self.store("title", detail["value"], depth)
            self.entry["title_detail"] = detail
        if detail["value"] and stays:
            self.title_depth = depth

    def content(self, detail: dict[str, Any]) -> None:
        """Keep a content; it is the summary, too, where there is none."""
        self.has_content = True
        self.entry.setdefault("content", []).append(detail)
        self.entry.setdefault("summary", detail["value"])


_NONE: dict[str, str] = {}
_QUOTE = {'"': "&quot;"}


def _is_treated(name: str) -> bool:
    return hasattr(StrictFeedParser, f"_start_{name}") or hasattr(StrictFeedParser, f"_end_{name}")


def _add_tag(entry: dict[str, Any], term: str | None, scheme: str | None, label: str | None) -> None:
    tags = entry.setdefault("tags", [])
    tag = {"term": term, "scheme": scheme, "label": label}
    if (term or scheme or label) and len(tags) < _MANY_TAGS and tag not in tags:
        tags.append(tag)


def _leaf(element: Any) -> None:
    if len(element):
        _unsure()


def _stripped(element: Any) -> str:
    """Return the text of an element that has no parts."""
    if len(element):
        _unsure()
    return (element.text or "").strip()


def _value(element: Any) -> str:
    return _mended(_stripped(element))


def _mended(text: str) -> str:
    """Return a text with UTF-8 that was taken for ISO-8859-1 made good, as feedparser does it."""
    if text.isascii():
        return text
    with contextlib.suppress(UnicodeError):
        text = text.encode("iso-8859-1").decode("utf-8")
    if not text.replace("\n", " ").isprintable() and _C1.search(text):
        _unsure()  # it knows which characters of Windows those stand for
    return text


def _joined(base: str, url: str) -> str:
    """Return a URL made absolute as feedparser does it; "" where it cannot be."""
    if ORDINARY_URL.fullmatch(url):
        return url
    try:
        return urljoin(base, _FIX_SLASHES.sub(r"\1\3", url))
    except ValueError:
        return ""
