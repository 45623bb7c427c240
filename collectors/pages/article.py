"""The main text of a page, who wrote it and when; and a mention completed by the page that its feed only sums up.

Pure: bytes and headers in. What comes out is plain text, line by line. It may take seconds for what a hostile page
holds, so it runs where reading is bounded (`overheard.collectors.polling.bounded`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import msgspec
import trafilatura
from lxml import etree
from trafilatura.settings import Document

from overheard.collectors.base import Reading
from overheard.collectors.markup import MAX_LINKS, from_text, one_line, shorten
from overheard.collectors.pages.html import (
    base_of,
    decode,
    join,
    json_scripts,
    language_of,
    metas,
    moment,
    objects,
    parse,
    rels,
    strings,
)
from overheard.records import Actor, Fetch, Mention
from overheard.text import clean, fold
from overheard.urls import canonical_url, registrable_domain

# The page's text is of what the feed spoke of where it holds at least this share of the feed's longer words. Over 31
# pages and the titles and summaries that others noted for them all but one had 0.75 or more (one has the summary of its
# whole site: 0.21), and 99 of 100 of the 930 pairs that do not belong together at most 0.34, one 0.60.
FITTING = 0.5
_LONG_WORD = 5
_FEWEST_WORDS = 4
_MAX_NAME = 1_000
_MAX_AUTHORS = 5

# ---- What a page says without being an article -----------------------------------------------------------------------
# Characters of main text below which a page may be one of these; an article on consent banners is longer.
_SHORT = 600
_BANNER = 3_000
_ERROR = re.compile(
    r"^\W*(?:http\s*)?(?:error|fehler|erreur|errore|fout)?\s*(?:40[0-9]|410|429|50[0-4])\b"
    r"|\b(?:page|seite|article|artikel|file|site)\b.{0,30}"
    r"\b(?:not (?:be )?found|unavailable|no longer|does ?n.t exist|nicht gefunden|existiert nicht)"
    r"|^\W*(?:not found|seite nicht gefunden|nicht gefunden|page introuvable|p[áa]gina no encontrada"
    r"|pagina non trovata|pagina niet gevonden|p[áa]gina n[ãa]o encontrada|internal server error|bad gateway"
    r"|service unavailable|gateway time-?out|forbidden|access denied|maintenance|under construction)\b"
    r"|(?:ページ|お探し).{0,20}見つかりません|页面不存在|페이지를 찾을 수 없",
    re.IGNORECASE,
)
_CHECK = re.compile(
    r"\b(?:just a moment|attention required|checking (?:your browser|if the site connection)|captcha"
    r"|verify(?:ing)? (?:that )?you are (?:a )?human|are you a (?:robot|human)|enable javascript and cookies"
    r"|unusual traffic|ddos protection by|pardon our interruption|performing security verification"
    r"|request unsuccessful|automated access)\b",
    re.IGNORECASE,
)
_SCRIPTS = re.compile(
    r"\b(?:enable|turn on|activate|aktivier\w*|activ\w+|requires?|need)\b.{0,40}\bjava ?script\b", re.IGNORECASE
)
_CONSENT = re.compile(
    r"\b(?:cookies?|consent|datenschutz\w*|einwilligung|zustimm\w+|personenbezogen\w*|consentement|consentimiento"
    r"|consenso|privacy|toestemming|partners?|partenaires|gdpr|rgpd|dsgvo|tracking|personali[sz]ed (?:ads|content)"
    r"|legitimate interests?)\b",
    re.IGNORECASE,
)
_CONSENT_TITLE = re.compile(
    r"\b(?:before you continue|cookie (?:consent|settings|preferences)|your privacy|privacy choices|consent"
    r"|datenschutzeinstellungen|vor dem fortfahren|avant d.acc[ée]der)\b",
    re.IGNORECASE,
)
_PAYWALL = re.compile(
    r"\b(?:subscribe (?:now )?to (?:continue|read|unlock)|already a subscriber|to continue reading|subscribers? only"
    r"|for subscribers|jetzt weiterlesen|weiterlesen mit|abonnieren und weiterlesen|artikel freischalten"
    r"|r[ée]serv[ée] aux abonn[ée]s|abonnez-vous pour|solo para suscriptores|exclusivo para suscriptores"
    r"|riservato agli abbonati|alleen voor abonnees|exclusivo para assinantes)\b",
    re.IGNORECASE,
)
_PARKED = re.compile(
    r"\b(?:domain (?:name )?(?:is|may be) for sale|buy this domain|parked (?:free|domain)|domain ist zu verkaufen)\b",
    re.IGNORECASE,
)

# ---- Authors ---------------------------------------------------------------------------------------------------------
_BY = re.compile(
    r"^(?:(?:written|posted|published|story)\s+by|by|von|par|por|di|door|av|af|autor(?:in)?|author|auteur|autore)\b"
    r"\s*:?\s+",
    re.IGNORECASE,
)
_NO_NAME = re.compile(r"https?:|www\.|[{}<>|\\@]|\[at\]|^\W*$")
_AND = re.compile(r"\s*(?:,|;|\||&|\band\b|\bund\b|\bet\b|\by\b)\s+")
# In the order in which they are believed.
_BYLINE_CLASSES = ("p-author", "byline-name", "author-name", "entry-author", "post-author", "author", "byline")
_BYLINES = etree.XPath(
    ".//*[@itemprop='author' or @itemprop='creator' or contains(@class, 'author') or contains(@class, 'byline')"
    " or contains(@rel, 'author')]"
)

_ARTICLES = frozenset(
    {
        "Article", "NewsArticle", "BlogPosting", "DiscussionForumPosting", "Comment", "SocialMediaPosting", "Report",
        "TechArticle", "ScholarlyArticle", "AnalysisNewsArticle", "OpinionNewsArticle", "ReportageNewsArticle",
        "ReviewNewsArticle", "BackgroundNewsArticle", "AdvertiserContentArticle", "SatiricalArticle",
        "LiveBlogPosting", "Review", "CriticReview", "UserReview", "Question", "Answer", "Recipe", "PodcastEpisode",
    }
)  # fmt: skip
# A tag of any element but one that stands inside a line: it parts words.
_PARTING = re.compile(
    r"<(?!/?(?:script|style|a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|mark|nobr|q|s|samp|small|span"
    r"|strike|strong|sub|sup|time|tt|u|var|wbr)(?![\w-]))"
)
# Where a block begins or ends, and where a piece of text does: controls, which no decoded page has.
_BLOCK, _PIECE = "\x1e", "\x1f"
# A mark between two characters that are no space (to Python the marks are spaces, too). The mark first, so that the
# search leaps from one to the next.
_TOUCHING_PIECES = re.compile(f"{_PIECE}(?<=\\S{_PIECE})(?=\\S)")
_TOUCHING_BLOCKS = re.compile(f"{_BLOCK}(?<=\\S{_BLOCK}){_BLOCK}*(?=\\S)")
# Characters on either side: a watched term is shorter.
_WINDOW = 100
_TEXTS = etree.XPath("//text()", smart_strings=False)
_FORMULAS = etree.XPath("//math/@alttext", smart_strings=False)
_LINKED = etree.XPath("//a/@href[contains(., '//')]", smart_strings=False)
_SITE_PART = re.compile(r"(?:.*\s[|\-–—·:»«•]+\s+)?\0(?:\s*[|\-–—·:»«•]+\s.*)?")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_WORD = re.compile(r"\w+")
# Scripts without spaces between words: what they write is compared by pairs of characters.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_IN_PATH = re.compile(r"/((?:19|20)\d\d)[/-]([01]\d)[/-]([0-3]\d)(?:[/-]|$)")
# Whether a text holds a watched term at all: true of a text as soon as it is of some of its words in their order.
IsRelevant = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Article:
    """What a page says; each part may be empty.

    `text` is plain text, line by line, without title, menus and comments of others; `method` how it was had: "page", or
    "" where there is none. `authors` in their order, with the address of their profile where the page links it; `url`
    the page's own canonical address, where it names one of its own registrable domain. Times are UTC. `summary` is what
    the page says of itself. `reason`: why this is no article, in plain words; "" where it is one.
    """

    title: str = ""
    authors: tuple[Actor, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    text: str = ""
    method: str = ""
    language: str = ""
    url: str = ""
    links: tuple[str, ...] = ()
    summary: str = ""
    reason: str = ""

    @property
    def author(self) -> Actor | None:
        """The first author, None where nobody is named."""
        return self.authors[0] if self.authors else None


def read_article(body: bytes, headers: Mapping[str, str], url: str) -> Article:
    """Return what the page at `url` (after redirects) says. `headers` have lower-case names. Never raises."""
    return _article(decode(body, headers.get("content-type", "")), url)


def everything(_: str) -> bool:
    """Find each text relevant."""
    return True


def read_page(fetch: Fetch, about: Mention, is_relevant: IsRelevant) -> Reading:
    """Return the mention that a page completes, with the better text of both. See `complete`."""
    return Reading((complete(about, fetch, is_relevant),))


def complete(about: Mention, page: Fetch, is_relevant: IsRelevant) -> Mention:
    """Return a mention with the text of its page, `method` "page"; or as it was given, where that is the better one.

    `about` is the mention as its feed gave it. Where `is_relevant` is true neither of what the feed gave nor of
    anything on the page, no more is read. When the page's text is worse, `why_worse` says. The feed's id, title, times
    and author count before the page's; an author's name alone takes the profile that the page links to the same name.
    The page's canonical address and the one after redirects become aliases.
    """
    text = decode(page.body, page.headers.get("content-type", ""))
    if not any(map(is_relevant, (about.text, " ".join(about.links)))) and not is_relevant(words_of(text)):
        return about
    url = page.final_url or page.url
    article = _article(text, url)
    if why_worse(about, article, is_relevant):
        return about
    return msgspec.structs.replace(
        about,
        content=article.text,
        name=about.name or article.title,
        type="Article" if about.name or article.title else about.type,
        published=about.published or article.published,
        attributed_to=_whole(about.attributed_to, article.authors),
        links=tuple(dict.fromkeys([*article.links, *about.links]))[:MAX_LINKS],
        aliases=_aliases(about, article, url),
        language=about.language or article.language,
        method=article.method,
    )


def why_worse(about: Mention, article: Article, is_relevant: IsRelevant | None = None) -> str:
    """Return why the feed's text is kept rather than the page's, in plain words; "" where the page's is better.

    Worse is: what is no article; what is no longer than the feed's text; what holds fewer than half of the feed's words
    (the address leads elsewhere by now); what lost the watched term that the feed's text holds.
    """
    if article.reason or not article.text:
        return article.reason or "the page has no main text"
    if len(article.text) <= len(about.content):
        return "the page's text is no longer than the feed's"
    share = fit(about.text, f"{article.title}\n{article.summary}\n{article.text}")
    if share < FITTING:
        return f"the page's text is another: it holds {share:.0%} of the words that the feed gives"
    if is_relevant and is_relevant(about.text) and not is_relevant(f"{about.name or article.title}\n{article.text}"):
        return "the page's text lacks the watched term that the feed's text holds"
    return ""


def fit(given: str, found: str) -> float:
    """Return the share of the distinct words of `given` that `found` holds, 1 where it has none.

    Folded words of five letters or more, of any length where these are fewer than four; runs of a script that has no
    spaces by pairs of characters.
    """
    words = _units(given)
    longer = {word for word in words if len(word) >= _LONG_WORD or _UNSPACED.search(word)}
    wanted = longer if len(longer) >= _FEWEST_WORDS else words
    return len(wanted & _units(found)) / len(wanted) if wanted else 1.0


def _units(text: str) -> set[str]:
    units: set[str] = set()
    for word in _WORD.findall(fold(text)):
        if _UNSPACED.search(word):
            units.update(word[i : i + 2] for i in range(max(len(word) - 1, 1)))
        elif len(word) > 1:
            units.add(word)
    return units


def words_of(text: str) -> str:
    """Return all that a page says anywhere, as a sieve wants it: whatever main text is found, its words are in this.

    Menus, comments, hidden elements, texts in its JSON, the hosts it links to; and where elements touch, their words
    once more, parted and in one piece. It takes a fifth of the time of finding the main text.
    """
    root = parse(_PARTING.sub(f"{_BLOCK}<", text))
    if root is None:
        return ""
    in_json = list(_in_json(root)) if "ld+json" in text or "data-preloaded" in text else []
    etree.strip_elements(root, "script", "style", with_tail=False)
    marked = _PIECE.join(_TEXTS(root))
    joined = marked.replace(_PIECE, "")
    said = [joined.replace(_BLOCK, "\n")]
    # Text of two elements without a space between them may be told as two words; trafilatura may join even two blocks.
    said += (_around(marked, match).replace(_PIECE, " ") for match in _TOUCHING_PIECES.finditer(marked))
    said += (_around(joined, match).replace(_BLOCK, "") for match in _TOUCHING_BLOCKS.finditer(joined))
    if "<math" in text:
        said += _FORMULAS(root)
    said += {href.partition("//")[2].partition("/")[0] for href in _LINKED(root)}
    for value in in_json:
        said += (_TAG.sub("", value), _TAG.sub(" ", value)) if "<" in value else (value,)
    return clean(" ".join(" ".join(said).replace(_BLOCK, " ").replace(_PIECE, "").split()))


def _around(text: str, match: re.Match[str]) -> str:
    return text[max(match.start() - _WINDOW, 0) : match.end() + _WINDOW]


def _in_json(root: Any) -> Iterator[str]:
    """Yield the texts in the JSON of a page: what it tells machines, and what Discourse lays down for its script."""
    for document in json_scripts(root):
        yield from (unescape(value.replace(_BLOCK, "")) for value in strings(document))
    for element in islice(root.iterfind(".//div[@id='data-preloaded']"), 3):
        yield from map(unescape, strings(element.get("data-preloaded") or ""))


def _article(text: str, url: str) -> Article:
    root = parse(text)
    if root is None:
        return Article(reason="the page is empty, or no text")
    said = metas(root)
    things = [thing for document in json_scripts(root) for thing in objects(document)]
    base = base_of(root, url)
    main = _main_thing(things, url, base)
    title = _title(root, said, main)
    found, links = _main_text(root, base)
    reason = _why_none(root, _is_locked(said, things), title, found, url)
    authors = _authors(root, said, things, main, base)
    published, updated = _times(root, said, main, url)
    return Article(
        title=title,
        authors=authors,
        published=published,
        updated=updated,
        text=found,
        method="page" if found and not reason else "",
        language=language_of(
            root.get("lang"),
            root.get("{http://www.w3.org/XML/1998/namespace}lang"),
            main.get("inLanguage"),
            _first(said, "og:locale", "content-language", "language"),
        ),
        url=_canonical(root, said, base, url),
        links=links,
        summary=_first(said, "description", "og:description", "twitter:description"),
        reason=reason,
    )


# ---- Text ------------------------------------------------------------------------------------------------------------


def _main_text(root: Any, base: str) -> tuple[str, tuple[str, ...]]:
    """Return the main text of a page, and the links in it."""
    try:
        # Of 31 pages `fast` finds the same text as the cascade of extractors that is the default, in half the time.
        document = trafilatura.bare_extraction(
            root, fast=True, include_comments=False, include_links=True, include_images=False
        )
    except Exception:  # noqa: BLE001  its heuristics trip over what they do not expect, in any way
        return "", ()
    if not isinstance(document, Document) or document.body is None:
        return "", ()
    links = (join(base, element.get("target")) for element in document.body.iter("ref"))
    plain = from_text(_lines(document.body))
    found = dict.fromkeys([*(link for link in links if link), *plain.links])
    return plain.text, tuple(found)[:MAX_LINKS]


def _lines(body: Any) -> str:
    """Return the text of trafilatura's tree: a line for each block, cells and items without marks."""
    parts: list[str] = []
    code = 0
    for event, element in etree.iterwalk(body, events=("start", "end")):
        tag = element.tag
        if tag in ("p", "head", "list", "item", "quote", "table", "row", "lb", "fw", "ab", "div", "body"):
            parts.append("\n")
        elif tag == "cell":
            parts.append(" ")
        if event == "start":
            code += tag == "code"
            piece = element.text
        else:
            code -= tag == "code"
            piece = element.tail
        if piece:
            parts.append(piece if code else piece.replace("\n", " "))
    return "".join(parts)


# ---- What it says of itself ------------------------------------------------------------------------------------------


def _first(said: Mapping[str, tuple[str, ...]], *names: str) -> str:
    return next((said[name][0] for name in names if name in said), "")


def _types(thing: Mapping[str, Any]) -> frozenset[str]:
    types = thing.get("@type")
    return frozenset(
        one.rpartition("/")[2].rpartition(":")[2]
        for one in (types if isinstance(types, list) else [types])[:10]
        if isinstance(one, str)
    )


def _main_thing(things: Sequence[Mapping[str, Any]], url: str, base: str) -> Mapping[str, Any]:
    """Return what a page says of its article in JSON-LD: the one with its address, else the first; {} for none."""
    articles = [thing for thing in things if _types(thing) & _ARTICLES]
    here = canonical_url(url)
    for thing in articles:
        page = thing.get("mainEntityOfPage")
        named = (thing.get("url"), thing.get("@id"), page.get("@id") if isinstance(page, dict) else page)
        if any(isinstance(one, str) and canonical_url(join(base, one)) == here for one in named):
            return thing
    return next(iter(articles), {})


def _string(value: Any) -> str:
    return one_line(clean(unescape(value))) if isinstance(value, str) else ""


def _title(root: Any, said: Mapping[str, tuple[str, ...]], main: Mapping[str, Any]) -> str:
    headings = [one_line(clean("".join(e.itertext()))) for e in islice(root.iter("h1"), 20)]
    headings = [heading for heading in headings if heading]
    titles = [one_line(clean("".join(e.itertext()))) for e in islice(root.iter("title"), 1)]
    whole = titles[0] if titles else ""
    named = (_string(main.get("headline")), _first(said, "og:title", "twitter:title", "dc.title", "citation_title"))
    title = next((one for one in (*named, whole) if one), "")
    # A heading that begins or ends the title: the rest is the name of the site.
    fitting = [h for h in headings if len(h) > 3 and h in title and _SITE_PART.fullmatch(title.replace(h, "\0", 1))]
    site = _first(said, "og:site_name", "application-name")
    if fitting:
        title = max(fitting, key=len)
    elif site and title.endswith(site) and len(title) > len(site) + 3:
        title = title[: -len(site)].rstrip(" |-–—·:»«•")
    return shorten(title or next(iter(headings), ""), _MAX_NAME)


def _times(
    root: Any, said: Mapping[str, tuple[str, ...]], main: Mapping[str, Any], url: str
) -> tuple[datetime | None, datetime | None]:
    published = [
        main.get("datePublished"), main.get("dateCreated"), main.get("uploadDate"),
        *(_first(said, name) for name in (
            "article:published_time", "og:article:published_time", "datepublished", "og:published_time",
            "citation_publication_date", "dc.date.issued", "dcterms.created", "dcterms.date", "dc.date", "date",
            "parsely-pub-date", "sailthru.date", "publish-date", "pubdate",
        )),
    ]  # fmt: skip
    updated = [
        main.get("dateModified"),
        *(
            _first(said, name)
            for name in ("article:modified_time", "og:updated_time", "datemodified", "dcterms.modified")
        ),
    ]
    for element in islice(root.iter("time", "abbr", "span", "meta", "data"), 3_000):
        words = set(f"{element.get('class') or ''} {element.get('itemprop') or ''}".split())
        value = element.get("datetime") or element.get("content") or element.get("title")
        if not words & {
            "dt-published",
            "dt-updated",
            "published",
            "updated",
            "entry-date",
            "datePublished",
            "dateModified",
        }:
            continue
        into = updated if words & {"dt-updated", "updated", "dateModified"} and not words & {"published"} else published
        into.append(value or "".join(element.itertext()).strip())
    for element in islice(root.iter("time"), 50):
        if element.get("pubdate") is not None:
            published.insert(0, element.get("datetime"))
        elif element.get("datetime") and not any(
            ancestor.tag in ("aside", "nav", "footer") for ancestor in element.iterancestors()
        ):
            published.append(element.get("datetime"))
            break
    first = next((found for value in published if (found := moment(value))), None)
    if first is None and (day := _IN_PATH.search(urlsplit(url).path)):
        first = moment(f"{day[1]}-{day[2]}-{day[3]}")
    last = next((found for value in updated if (found := moment(value))), None)
    return first, last if last and (first is None or last > first) else None


def _canonical(root: Any, said: Mapping[str, tuple[str, ...]], base: str, url: str) -> str:
    """Return the address that a page gives itself: of its own registrable domain, and not that of the whole site."""
    named = [e.get("href") for e in islice(root.iter("link"), 400) if "canonical" in rels(e)]
    here = registrable_domain(url)
    for href in [*named[:1], _first(said, "og:url")]:
        found = join(base, href)
        if found and here and registrable_domain(found) == here and (_has_path(found) or not _has_path(url)):
            return found
    return ""


def _has_path(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path.strip("/") != "" or bool(parts.query)


# ---- Authors ---------------------------------------------------------------------------------------------------------


def _authors(
    root: Any,
    said: Mapping[str, tuple[str, ...]],
    things: Sequence[Mapping[str, Any]],
    main: Mapping[str, Any],
    base: str,
) -> tuple[Actor, ...]:
    """Return who wrote the page, as told most plainly; profiles from elsewhere on it where names agree."""
    by_id = {one["@id"]: one for one in things if isinstance(one.get("@id"), str) and len(one) > 1}
    found: list[tuple[str, str]] = []
    for key in ("author", "creator"):
        value = main.get(key)
        for one in (value if isinstance(value, list) else [value])[:_MAX_AUTHORS]:
            found += _from_thing(one, by_id, base)
        if found:
            break
    linked = list(islice(_bylines(root, base), 20))
    for name in (
        "author",
        "article:author",
        "dc.creator",
        "citation_author",
        "parsely-author",
        "sailthru.author",
        "byl",
    ):
        if not found:
            for value in said.get(name, ()):
                found += [(one, "") for one in _names(value)]
    if not found:
        found = linked
    profiles = {fold(name): url for name, url in reversed(linked) if url}
    heads = [join(base, e.get("href")) for e in islice(root.iter("link"), 400) if "author" in rels(e)]
    heads += [value for value in said.get("article:author", ()) if join("", value)]
    heads = [url for url in heads if url and _is_profile(url, base)]
    authors: dict[str, Actor] = {}
    for name, url in found:
        whose = url or profiles.get(fold(name), "") or (heads[0] if heads and len(found) == 1 else "")
        authors.setdefault(fold(name), Actor(platform="web", name=name, url=whose))
    return tuple(authors.values())[:_MAX_AUTHORS]


def _from_thing(value: Any, by_id: Mapping[str, Mapping[str, Any]], base: str) -> list[tuple[str, str]]:
    """Return names and profiles of an author in JSON-LD: a text, a thing, or the id of one."""
    if isinstance(value, str):
        return [(name, "") for name in _names(value)]
    if not isinstance(value, dict):
        return []
    if "name" not in value and isinstance(value.get("@id"), str):
        value = by_id.get(value["@id"], value)
    names = value.get("name")
    name = _name(_string(names[0] if isinstance(names, list) and names else names))
    same = value.get("sameAs")
    urls = [value.get("url"), *(same if isinstance(same, list) else [same])[:10]]
    found = (join(base, one) for one in urls if isinstance(one, str))
    return [(name, next((url for url in found if url and _is_profile(url, base)), ""))] if name else []


def _bylines(root: Any, base: str) -> Iterator[tuple[str, str]]:
    """Yield names and profiles from what a reader sees as the author's line, the plainest first."""
    ranked = [(rank, element) for element in _BYLINES(root)[:200] if (rank := _byline_rank(element)) is not None]
    for _, element in sorted(ranked, key=lambda one: one[0])[:20]:
        if any(
            ancestor.tag in ("aside", "nav", "footer") or "comment" in f"{ancestor.get('class')} {ancestor.get('id')}"
            for ancestor in element.iterancestors()
        ):
            continue
        links = [element] if element.tag == "a" else islice(element.iter("a"), 5)
        named = [(_name(one_line(clean("".join(a.itertext())))), join(base, a.get("href"))) for a in links]
        named = [(name, url if _is_profile(url, base) else "") for name, url in named if name]
        if named:
            yield from named
            continue
        inner = next((e for e in element.iterdescendants() if e.get("itemprop") == "name"), element)
        for name in _names(clean(inner.get("content") or "".join(inner.itertext()))):
            yield name, ""


def _byline_rank(element: Any) -> int | None:
    if element.get("itemprop") in ("author", "creator"):
        return 0
    if element.tag == "a" and "author" in rels(element):
        return 2
    classes = (element.get("class") or "").split()
    return next((3 * i + 1 for i, name in enumerate(_BYLINE_CLASSES) if name in classes), None)


def _names(text: str) -> list[str]:
    """Return the names in an author's line; none where it is longer than names are."""
    text = _BY.sub("", _string(text))
    if len(text) > 200:
        return []
    return [name for one in _AND.split(text)[:_MAX_AUTHORS] if (name := _name(one))]


def _name(text: str) -> str:
    text = _BY.sub("", one_line(text)).strip(" ,;:|·•")
    return text if 1 < len(text) <= 100 and not _NO_NAME.search(text) and len(text.split()) <= 8 else ""


def _is_profile(url: str, base: str) -> bool:
    """True for an address that can be one person's: not the front page of the site, which all its authors share."""
    return bool(url) and (registrable_domain(url) != registrable_domain(base) or _has_path(url))


def _whole(given: Actor | None, found: Iterable[Actor]) -> Actor | None:
    """Return the author that a feed gives, with the profile that the page links to the same name; else the page's."""
    found = tuple(found)
    if given is None:
        return found[0] if found else None
    if given.name and not given.url:
        for one in found:
            if one.url and fold(one.name) == fold(given.name):
                return msgspec.structs.replace(given, url=one.url)
    return given


def _aliases(about: Mention, article: Article, url: str) -> tuple[str, ...]:
    """Return the canonical addresses of a mention, with those that its page has: the one it names, and where it was."""
    named = [canonical_url(one) for one in (article.url, url) if one and _has_path(one)]
    own = canonical_url(about.url)
    return tuple(dict.fromkeys(one for one in [*about.aliases, *named] if one and one != own))


# ---- What is no article ----------------------------------------------------------------------------------------------


def _why_none(root: Any, is_locked: bool, title: str, text: str, url: str) -> str:
    short = len(text) < _SHORT
    heads = [title, *(one_line("".join(e.itertext())) for e in islice(root.iter("title", "h1"), 4))]
    head = " \n".join(heads)
    whole = one_line(" ".join(islice(root.itertext(), 400)))[:5_000] if short else ""
    if short and (_CHECK.search(head) or _CHECK.search(text or whole)):
        return "the site wants proof that a person reads, and shows no text without it"
    if len(text) < 2 * _SHORT and any(_ERROR.search(one) for one in heads if one):
        return f"the page says that something went wrong: {shorten(title, 80)!r}"
    if len(text) < _BANNER:
        hits = len(_CONSENT.findall(text))
        asks = (urlsplit(url).hostname or "").startswith("consent.") or _CONSENT_TITLE.search(head) is not None
        if hits >= (2 if asks else 4) and 25 * hits >= len(text.split()):
            return "the page asks for consent, and shows no text without it"
    if short and _PARKED.search(head + whole):
        return "the domain is for sale; nothing else is there"
    if len(text) < 2 * _SHORT and (is_locked or _PAYWALL.search(text or whole)):
        return "the page is behind a paywall, and shows its beginning only"
    if short and any((e.get("type") or "").lower() == "password" for e in islice(root.iter("input"), 200)):
        return "the page asks to sign in, and shows no text without it"
    if short and _SCRIPTS.search(text or whole):
        return "the page shows nothing without JavaScript"
    if not text:
        return "the page has no main text"
    return ""


def _is_locked(said: Mapping[str, tuple[str, ...]], things: Iterable[Mapping[str, Any]]) -> bool:
    """True where a page says itself that its text is not free."""
    if _first(said, "article:content_tier").lower() == "locked":
        return True
    return any(str(thing.get("isAccessibleForFree", "")).lower() in ("false", "no") for thing in things)
