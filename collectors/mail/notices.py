"""Notices of services: mails that tell of a post or review, as the post they tell of. Pure.

A notice is believed where the service has signed it. The post gets the id that the service's own source would give it,
where its address tells that, so that one heard by both ways is one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from lxml import etree

from overheard.collectors.communities.community import actor_of
from overheard.collectors.communities.github import PLATFORM as GITHUB
from overheard.collectors.communities.github import native_id_of
from overheard.collectors.communities.google_business import PLATFORM as GOOGLE
from overheard.collectors.mail.authenticity import Vouched
from overheard.collectors.mail.message import Letter, Person
from overheard.collectors.mail.written import bare_subject
from overheard.collectors.markup import MAX_HTML, absolute_url, from_text, one_line
from overheard.records import Actor
from overheard.text import clean
from overheard.urls import canonical_url, registrable_domain

_MOST = 100
_GITHUB_POST = re.compile(
    r"https://github\.com/[\w.-]+/[\w.-]+/(?:issues|pull|discussions)/\d+"
    r"(?:#(?:issuecomment|discussioncomment|discussion_r|pullrequestreview|issue)-?\d+)?"
)
_DISCOURSE_POST = re.compile(r"https?://[^\s/<>()\"]+(?:/[^\s/<>()\"]+){0,2}?/t/[^\s/<>()\"]+/(\d+)(?:/(\d+))?")
_FACEBOOK_POST = re.compile(
    r"https://(?:www\.|m\.)?facebook\.com/(?:[\w.-]+/(?:posts|reviews|photos|videos)/|permalink\.php\?|story\.php\?)\S*"
)
_BUSINESS_REVIEW = re.compile(r"https://(?:business\.google\.com|www\.google\.com/maps|maps\.app\.goo\.gl)/\S*")
_SAID_SO = (
    re.compile(r"(.{1,80}?) (?:also )?(?:commented on|replied to|mentioned|tagged|reviewed|recommend)", re.IGNORECASE),
    re.compile(
        r"(.{1,80}?) (?:has )?(?:left|wrote|posted|shared) (?:you )?(?:an? )?(?:new )?(?:\d-star )?(?:review|comment)",
        re.IGNORECASE,
    ),
    re.compile(r"(?:new )?(?:review|comment|reply) (?:from|by) (.{1,80}?)(?: (?:on|about|for) .*)?", re.IGNORECASE),
)
_QUOTE = re.compile(r"[\"“„«](.{2,2000}?)[\"”“»]", re.DOTALL)
_HIDDEN_IN = ("url", "q", "u")


@dataclass(frozen=True, slots=True)
class Notice:
    """A post that a service tells of. `native_id` is its own, "" where it is known by its address alone."""

    platform: str
    url: str
    native_id: str = ""
    title: str = ""
    text: str = ""
    author: Actor | None = None
    in_reply_to: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class _Service:
    name: str
    senders: frozenset[str]
    signs: tuple[str, ...]
    read: Callable[[Letter], list[Notice]]


def service_of(letter: Letter) -> str:
    """Return the name of the service that a letter says to be from; "" where it is none that we know."""
    if letter.header("x-discourse-post-id") or letter.header("x-discourse-topic-id"):
        return "Discourse"
    sender = letter.sender.email
    return next((one.name for one in _SERVICES if sender in one.senders), "")


def is_service(person: Person) -> bool:
    """True for the address from which a service sends its notices."""
    return any(person.email in one.senders for one in _SERVICES)


def notices_in(letter: Letter, vouched: Vouched) -> list[Notice]:
    """Return the posts that a letter of a service tells of; none where it has not signed it, or tells of none."""
    name = service_of(letter)
    if name == "Discourse":
        return _discourse(letter, vouched)
    for one in _SERVICES:
        if one.name == name and any(map(vouched.has_signed, one.signs)):
            told = one.read(letter)
            # What has no address by which it is known again is none of them, however much it looks like a link.
            return [notice for notice in told if notice.native_id or canonical_url(notice.url)][:_MOST]
    return []


def _alerts(letter: Letter) -> list[Notice]:
    """Return the pages that an alert of Google lists: what is marked so in its HTML, else what its text leads to."""
    found: dict[str, Notice] = {}
    for url, title, text in [*_articles(letter.html), *_listed(letter)]:
        if url and title and url not in found:
            found[url] = Notice("web", url, title=title, text=text)
    return list(found.values())


def _articles(html: str) -> list[tuple[str, str, str]]:
    root = _tree(html)
    if root is None:
        return []
    found = []
    for link in root.iter("a"):
        url = _target(link.get("href") or "")
        name = one_line(clean(" ".join(link.itertext())))
        if not url or not name:
            continue
        row = next((one for one in link.iterancestors() if "Article" in (one.get("itemtype") or "")), None)
        if row is None:
            continue
        about = next((one for one in row.iter() if one.get("itemprop") == "description"), None)
        text = "" if about is None else one_line(clean(" ".join(about.itertext())))
        if link.get("itemprop") == "url" or about is not None:
            found.append((url, name, text))
    return found


def _listed(letter: Letter) -> list[tuple[str, str, str]]:
    """Return what a plain alert lists: a title, what is said there, its address in brackets."""
    found = []
    block: list[str] = []
    for line in "\n".join(plain for plain, _ in letter.bodies).split("\n"):
        if url := _target(line.strip().strip("<>")):
            if block and not block[0].startswith("==="):
                found.append((url, one_line(block[0]), one_line(" ".join(block[2:] if len(block) > 2 else block[1:]))))
            block = []
        elif line.startswith("==="):
            block = []
        elif line.strip():
            block.append(line)
        elif len(block) > 20:
            block = []
    return found


def _target(url: str) -> str:
    """Return where a link of Google's leads; "" for one that only leads to Google."""
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
    except ValueError:
        return ""
    if not (parts.hostname or "").endswith("google.com") or parts.path != "/url":
        return ""
    there = next((absolute_url(query[name]) for name in _HIDDEN_IN if query.get(name)), "")
    return "" if registrable_domain(there) == "google.com" else there


def _github(letter: Letter) -> list[Notice]:
    addresses = _GITHUB_POST.findall(letter.text.text) + [
        match[0] for link in letter.text.links if (match := _GITHUB_POST.match(link))
    ]
    if not addresses:
        return []
    # The last is the post's own; those above it stand in what was written.
    url = (
        next((one for one in addresses if "#" in one), addresses[-1]) if letter.header("in-reply-to") else addresses[-1]
    )
    url = re.sub(r"#issue-\d+$", "", url)
    login = letter.header("x-github-sender")
    root = native_id_of(url.partition("#")[0])
    own = native_id_of(url)
    title = bare_subject(re.sub(r"^\s*(?:re:\s*)?\[[^\]]{1,200}\]\s*", "", letter.subject, flags=re.IGNORECASE))
    title = re.sub(r"\s*\((?:issue |pr |discussion )?#\d+\)$", "", title, flags=re.IGNORECASE)
    text = re.split(r"\n(?:--\s*\n|—\s*\n)?Reply to this email directly", letter.text.text, maxsplit=1)[0]
    return [
        Notice(
            GITHUB,
            url,
            own,
            "" if own != root else title,
            "\n".join(line for line in text.split("\n") if not line.startswith(">")).strip().removesuffix("--").strip(),
            actor_of(
                GITHUB,
                handle=login,
                name=letter.sender.name if letter.sender.name != login else "",
                url=f"https://github.com/{login}" if re.fullmatch(r"[\w-]+", login) else "",
            ),
            root if own != root else "",
            root if own != root else "",
        )
    ]


def _discourse(letter: Letter, vouched: Vouched) -> list[Notice]:
    if "[PM]" in letter.subject:
        return []  # a message to some alone has the address of a topic too
    for link in letter.text.links:
        match = _DISCOURSE_POST.match(link)
        host = (urlsplit(link).hostname or "").lower() if match else ""
        domain = registrable_domain(host) or host
        if match is None or not vouched.has_signed(domain):
            continue
        topic, number = match[1], match[2] or "1"
        platform = urlsplit(link).netloc.lower()
        name = re.sub(r"\s+via\s+.*$", "", letter.sender.name)
        text = re.split(r"\n\s*(?:-{3,}|_{3,}|Visit Topic|Previous Replies)", letter.text.text, maxsplit=1)[0]
        return [
            Notice(
                platform,
                link.partition("?")[0],
                f"{topic}/{number}",
                bare_subject(re.sub(r"\[[^\]]{1,100}\]\s*", "", letter.subject)) if number == "1" else "",
                text,
                actor_of(platform, handle=letter.header("x-discourse-username"), name=name),
                f"{topic}/1" if number != "1" else "",
                f"{topic}/1" if number != "1" else "",
            )
        ]
    return []


def _youtube(letter: Letter) -> list[Notice]:
    for link in letter.text.links:
        for url in (link, *(value for _, value in parse_qsl(urlsplit(link).query) if value.startswith("/watch"))):
            try:
                query = dict(parse_qsl(urlsplit(unquote(url)).query))
            except ValueError:
                continue
            video, comment = query.get("v", ""), query.get("lc", "")
            if not re.fullmatch(r"[\w-]{6,20}", video) or not re.fullmatch(r"[\w.-]{10,100}", comment):
                continue
            parent = comment.partition(".")[0]
            there = f"https://www.youtube.com/watch?v={video}&lc={comment}"
            name, text = _who(letter), _quoted(letter)
            author = actor_of("youtube", handle=name if name.startswith("@") else "", name=name.lstrip("@"))
            return [Notice("youtube", there, comment, "", text, author, parent if parent != comment else video, video)]
    return []


def _by_pattern(platform: str, pattern: re.Pattern[str]) -> Callable[[Letter], list[Notice]]:
    """Return how notices are read whose post is known by its address alone."""

    def read(letter: Letter) -> list[Notice]:
        text, name = _quoted(letter), _who(letter)
        url = next((link for link in letter.text.links if pattern.match(link)), "")
        if not url or not text or not name:
            return []
        return [Notice(platform, url, title="", text=text, author=actor_of(platform, name=name))]

    return read


def _who(letter: Letter) -> str:
    """Return whose post a notice tells of, as its subject or its first lines say."""
    for line in (letter.subject, *letter.text.text.split("\n")[:10]):
        for pattern in _SAID_SO:
            if match := pattern.match(line[:300].strip()):
                return match[1].strip().strip('"“”')
    return ""


def _quoted(letter: Letter) -> str:
    """Return what a notice quotes."""
    text = letter.text.text[:20_000]
    match = _QUOTE.search(text)
    if match is not None:
        return from_text(match[1]).text
    lines = text.split("\n")
    said = next((i for i, line in enumerate(lines) if any(one.match(line[:300].strip()) for one in _SAID_SO)), None)
    return "" if said is None or said + 1 >= len(lines) else lines[said + 1].strip()


def _tree(html: str) -> "etree._Element | None":
    if not html.strip():
        return None
    try:
        found = etree.HTML(html[:MAX_HTML].encode("utf-8", "replace"), etree.HTMLParser(encoding="utf-8"))
    except (etree.LxmlError, ValueError, AssertionError):
        return None
    return found


_SERVICES = (
    _Service("Google Alerts", frozenset({"googlealerts-noreply@google.com"}), ("google.com",), _alerts),
    _Service("GitHub", frozenset({"notifications@github.com"}), ("github.com",), _github),
    _Service("YouTube", frozenset({"noreply@youtube.com", "no-reply@youtube.com"}), ("youtube.com",), _youtube),
    _Service(
        "Google Business Profile",
        frozenset({"businessprofile-noreply@google.com", "google-my-business-noreply@google.com"}),
        ("google.com",),
        _by_pattern(GOOGLE, _BUSINESS_REVIEW),
    ),
    _Service(
        "Facebook",
        frozenset({"notification@facebookmail.com", "pageupdates@facebookmail.com"}),
        ("facebookmail.com",),
        _by_pattern("facebook", _FACEBOOK_POST),
    ),
)
