# ruff: noqa: SIM905  (word lists read better as text)
"""Pages of a firm's own site to findings: what it is called, makes and who speaks for it, with what was not had."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from overheard.identities import normal_email
from overheard.onboard.address import domain_of, loopback_host, site_key
from overheard.onboard.locale import guess_region, languages_of, region_facts
from overheard.onboard.names import is_product_name, letters_of, name_of_firm, person_name, without_legal_form
from overheard.onboard.page import Block, FoundFeed, Page, Thing, tidy
from overheard.onboard.words import PageKind, is_title, is_top_title, page_kind
from overheard.text import fold
from overheard.urls import canonical_url

# How many pages are asked for beside the home page: with two seconds between them, a quarter of a minute.
MAX_PAGES = 8
_SHARES: dict[PageKind, int] = {"products": 3, "about": 1, "team": 2, "contact": 2, "news": 1, "compare": 2}
_MAX = 20  # of products, people and competitors that are proposed
_FILES = re.compile(
    r"\.(?:pdf|jpe?g|png|gif|webp|svg|zip|docx?|xlsx?|pptx?|mp4|css|js|ico|xml|rss|json)$", re.IGNORECASE
)
_ORGANISATION = re.compile(r"Organi[sz]ation|Corporation|Business|Store$|Company$|Manufacturer")
_PRODUCT = re.compile(r"Product|SoftwareApplication|MobileApplication|WebApplication|Vehicle$|^Car$|Game$")
# Properties at which the site's own organisation stands; at others (brand, author, customer) it may be anybody.
_OWN_ROLES = frozenset(
    {"", "publisher", "mainEntity", "about", "copyrightHolder", "provider", "manufacturer", "seller"}
)
_PEOPLE_ROLES = frozenset({"", "founder", "founders", "employee", "employees", "member", "members", "itemListElement",
                           "item", "mainEntity", "about"})  # fmt: skip
_HEADS = ("h1", "h2", "h3", "h4")
_COPYRIGHT = re.compile(
    r"(?:©|\(c\)|copyright|版权所有|कॉपीराइट)[\s©:,.-]*(?:\(c\)\s*)?(?:copyright\s*)?(?:(?:19|20)\d\d(?:\s*[-–—]\s*(?:(?:19|20)\d\d|\d\d))?"
    r"\s*(?:by|,|\.|年)?\s*)?(?P<name>[^|•©\n]{2,100})",
    re.IGNORECASE,
)
_AFTER_NAME = re.compile(
    r"(?:\s*(?:\S?ICP[备证]|保留|版权|सर्वाधिकार)|(?:^|[.,;–—-]\s*|\s+)(?:all rights|some rights|rights "
    r"reserved|alle rechte|einige rechte|tous droits|todos los|tutti i|designed|powered|developed|(?:19|20)\d\d)).*$",
    re.IGNORECASE,
)
_TITLE_PARTS = re.compile(r"\s+[-–—|·•»:]+\s+|\s*[|·•»]\s*|(?<=[\u4e00-\u9fff])[-_]|[-_](?=[\u4e00-\u9fff])")
# A price after a name, as shops write it into one link; with its currency, since a number alone is a model's.
_CURRENCY = r"(?:[₹$€£¥₽₺₩]|\b(?:INR|Rs\.?|USD|EUR|GBP|CHF|AUD|CAD|SGD|AED|CNY|RMB|JPY|Euro)(?![^\W\d_]))"
_PRICE = re.compile(
    rf"[\s,:–—-]*(?:\b(?:only|from|ab|nur|price|preis|à partir de|desde|da)\s*:?\s*)?"
    rf"(?:{_CURRENCY}\s?\d[\d.,]*|(?<![\w.,])\d[\d.,]*\s?{_CURRENCY}).*$",
    re.IGNORECASE,
)
_VERSUS = re.compile(
    r"(?P<one>[^|–—:·]{2,60}?)\s+(?:vs\.?|versus|gegen|compared (?:to|with))\s+(?P<two>[^|–—:·?!,.]{2,60})",
    re.IGNORECASE,
)
_ALTERNATIVES = (
    re.compile(r"alternatives?\s+(?:to|zu|à|a)\s+(?P<one>[^|–—:·?!,.]{2,60})", re.IGNORECASE),
    re.compile(r"^(?:the\s+)?(?:(?:best|top|\d+)\s+){0,2}(?P<one>[^|–—:·?!,.]{2,60}?)\s+alternatives?$", re.IGNORECASE),
)
_NO_RIVALS = frozenset(
    "the best top competition competitors competitor others other us traditional legacy manual old".split()
)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")

# Hosts (as in canonical URLs) and what a firm's own account looks like there; one group is the handle.
_ACCOUNTS = {
    "x.com": ("x", r"/(\w{1,15})"),
    "linkedin.com": ("linkedin", r"/(?:company|school|showcase)/([^/?#]+)"),
    "youtube.com": ("youtube", r"/(?:@|c/|user/|channel/)([^/?#]+)"),
    "instagram.com": ("instagram", r"/([\w.]+)"),
    "facebook.com": ("facebook", r"/(?:pages/)?([\w.-]+)(?:/\d+)?"),
    "github.com": ("github", r"/([\w-]+)"),
    "gitlab.com": ("gitlab", r"/([\w.-]+)"),
    "reddit.com": ("reddit", r"/((?:r|u|user)/[\w-]+)"),
    "bsky.app": ("bluesky", r"/profile/([^/?#]+)"),
    "threads.net": ("threads", r"/@([\w.]+)"),
    "tiktok.com": ("tiktok", r"/@([\w.]+)"),
    "medium.com": ("medium", r"/@?([\w.-]+)"),
    "t.me": ("telegram", r"/(\w+)"),
}
_NO_ACCOUNTS = frozenset(
    "share sharer sharer.php intent search login home hashtag watch embed privacy policies tos explore p "
    "dialog tr i sharearticle results signup about help legal settings topics features pricing plugins "
    "profile.php groups".split()
)
_FEDIVERSE = re.compile(r"/@([\w.-]+)(?:@[\w.-]+)?")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the site names. `speaks`: by the title somebody who speaks for the firm."""

    name: str
    title: str = ""
    speaks: bool = False


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """An account of the firm on a platform (names as in `overheard.identities`), and its page."""

    platform: str
    handle: str
    url: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What was read of a firm's site. Everything may be empty; all lists are without repeats, best first.

    `url` is the home page as it answered, "" where none did. `name` is how the firm calls itself, `names` other forms
    (legal, other scripts). `languages` ISO 639; `region`, `currency`, `time_zone` as in `[locale]`. `read` are the
    pages that were read. `notes` are sentences on what was not had, and what to do.
    """

    url: str = ""
    domain: str = ""
    name: str = ""
    names: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()
    accounts: tuple[OwnAccount, ...] = ()
    competitors: tuple[str, ...] = ()
    feeds: tuple[FoundFeed, ...] = ()
    emails: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    region: str = ""
    currency: str = ""
    time_zone: str = ""
    read: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def pages_to_read(pages: Sequence[Page]) -> tuple[str, ...]:
    """Return which linked pages of the same site to read next, best first; at most eight.

    A page of frames or one that leads on at once says nothing itself: those it leads to come first.
    """
    if not pages:
        return ()
    home = pages[0]
    seen = {_plain(page.url) for page in pages}
    first: list[str] = []
    for url in (url for page in pages for url in page.onward):
        if site_key(url) == site_key(home.url) and _plain(url) not in seen and len(first) < 4:
            seen.add(_plain(url))
            first.append(url)
    found: dict[PageKind, list[tuple[int, str]]] = {}
    for page in pages:
        for link in page.links:
            parts = urlsplit(link.url)
            if site_key(link.url) != site_key(home.url) or _plain(link.url) in seen or _FILES.search(parts.path):
                continue
            kind = page_kind(unquote(parts.path), link.text)
            if kind is not None:
                seen.add(_plain(link.url))
                found.setdefault(kind, []).append((len([s for s in parts.path.split("/") if s]), link.url))
    chosen: list[str] = []
    for place in range(max(_SHARES.values())):
        for kind, share in _SHARES.items():
            nearest = [url for _, url in sorted(found.get(kind, ()), key=lambda one: one[0])]
            chosen += nearest[place : place + 1] if place < share else ()
    return tuple([*first, *chosen][:MAX_PAGES])


def why_not(url: str, status: int, message: str, *, home: bool) -> str:
    """Return in plain words why a page was not had, and what to do. `status` 0: no server answered."""
    if 200 <= status < 300:
        what = tidy(message) or "it is no page"
    elif status in (401, 403, 406, 429, 451):
        what = f"the site does not let programs in (HTTP {status})"
    elif status in (404, 410):
        what = f"the site says that there is no such page (HTTP {status})"
    elif status >= 500:
        what = f"the site is in trouble itself (HTTP {status})"
    elif status:
        what = f"the site answered with HTTP {status}"
    elif "[Errno" in message:  # what the system says where a name has no address
        what = "no server is known by this name, or this machine has no network"
    else:
        what = tidy(message) or "it did not answer"
    if not home:
        return f"{url} was not read: {what}."
    return (
        f"{url} was not read: {what}. Check the address, and that this machine has a network; or go on: you can type "
        "the names yourself, and do this step again later (in a terminal: `overheard init --step site`)."
    )


def name_of_domain(domain: str) -> str:
    """Return what a firm may be called where only its domain is known; "" for a number or this machine."""
    label = "" if domain[-1:].isdigit() or "." not in domain else domain.partition(".")[0]
    return label[:1].upper() + label[1:]


def find(pages: Sequence[Page], *, notes: Iterable[str] = ()) -> Findings:
    """Return what the pages of one site say, the home page first; without pages nothing but the notes."""
    if not pages:
        return Findings(notes=tuple(notes))
    url, domain = pages[0].url, domain_of(pages[0].url)
    name, names = _names(pages, domain)
    own = {letters_of(one) for one in (name, *names)} | {letters_of(domain.partition(".")[0])}
    region = guess_region(pages, url)
    facts = region_facts(region)
    languages = languages_of(pages) or ((facts.language,) if facts.language else ())
    scripted = [page.url for page in pages if page.scripted]
    said = list(notes)
    if scripted and scripted[0] == url:
        said.append(
            f"{url} shows nothing without JavaScript, which is not run here: only its head was read. Tell the names "
            "yourself."
        )
    elif not any(page.blocks or page.things for page in pages):
        said.append(f"{url} is an empty page. Tell the names yourself.")
    products = _products(pages, own)
    return Findings(
        url=url,
        domain=domain,
        name=name,
        names=names,
        products=products,
        people=_people(pages),
        accounts=_accounts(pages),
        competitors=_competitors(pages, own | {letters_of(one) for one in products}),
        feeds=tuple({feed.url: feed for page in pages for feed in page.feeds}.values())[:5],
        emails=_emails(pages, domain),
        languages=languages,
        region=region,
        currency=facts.currency,
        time_zone=facts.time_zone if region else "",
        read=tuple(page.url for page in pages),
        notes=tuple(said),
    )


def _plain(url: str) -> str:
    return canonical_url(url) or url


def _kind_of(page: Page) -> PageKind | None:
    return page_kind(unquote(urlsplit(page.url).path), page.title)


def _things(pages: Iterable[Page]) -> Iterator[Thing]:
    return (thing for page in pages for thing in page.things)


# ---- names of the firm ----


def _names(pages: Sequence[Page], domain: str) -> tuple[str, tuple[str, ...]]:
    """Return the name with most evidence, and other forms of it; the domain's label where nothing is said."""
    local = bool(loopback_host(pages[0].url))  # a copy of a site names its own address
    label = "" if local else name_of_domain(domain)
    weights: Counter[str] = Counter()
    written: dict[str, str] = {}
    others: list[str] = []
    declared: list[str] = []

    def say(text: str, weight: int) -> None:
        name = name_of_firm(text)
        key = letters_of(without_legal_form(name))
        if key:
            weights[key] += weight
            known = written.setdefault(key, name)
            if known.islower() or known.isupper():
                written[key] = name
            others.append(name)

    for thing in _things(pages):
        if thing.role in _OWN_ROLES and any(_ORGANISATION.search(kind) for kind in thing.types):
            own = local or not urlsplit(thing.one("url")).netloc or site_key(thing.one("url")) == domain
            say(thing.one("name"), 5 if own else 1)
            if own:
                for form in (thing.one("legalName"), *thing.values.get("alternateName", ())):
                    say(form, 2)
                    declared.append(name_of_firm(form))
        elif "WebSite" in thing.types:
            say(thing.one("name"), 3)
    for page in pages:
        for name, weight in (("og:site_name", 4), ("application-name", 3), ("copyright", 2), ("author", 1)):
            if (value := page.meta.get(name, "")) and "@" not in value and "//" not in value:
                say(_AFTER_NAME.sub("", _COPYRIGHT.sub(r"\g<name>", value)), weight)
        for block in page.blocks[-40:]:
            if (match := _COPYRIGHT.search(block.text)) and len(block.text) < 250:
                say(_AFTER_NAME.sub("", match["name"]), 3)
    _from_titles(pages, say)
    for key in weights:
        if label and _belongs(key, letters_of(label)):
            weights[key] += 4
    if not weights:
        return (label, ())
    best = max(weights, key=lambda key: (weights[key], -len(key)))
    # Another form is the same firm where one name begins with the other, or where the site says so as firmly.
    kin = [key for key in weights if key != best and (_belongs(key, best) or weights[key] >= 5)]
    forms = [other for other in others if letters_of(without_legal_form(other)) in {best, *kin}]
    name = without_legal_form(written[best])
    return name, tuple(form for form in dict.fromkeys([*forms, *declared]) if form and form != name)[:8]


def _from_titles(pages: Sequence[Page], say: Callable[[str, int], None]) -> None:
    """A part of the title that stands on several pages is the firm's name; on one page the first or last may be."""
    counts: Counter[str] = Counter()
    for page in pages:
        counts.update({part for part in _TITLE_PARTS.split(page.title) if part and len(part) <= 60})
    for part, count in counts.items():
        if count > 1:
            say(part, 3)
    home = [part for part in _TITLE_PARTS.split(pages[0].title) if part]
    for part in dict.fromkeys((*home[:1], *home[-1:])):
        if len(part) <= 60 and not page_kind(part, ""):
            say(part, 1)


def _belongs(one: str, two: str) -> bool:
    short, long = sorted((one, two), key=len)
    return len(short) >= 3 and (long.startswith(short) or short in long)


# ---- products, people, rivals ----


def _products(pages: Sequence[Page], own: set[str]) -> tuple[str, ...]:
    """Return names of products: as schema.org says, then links below pages of products, then headings of those."""
    found: dict[str, str] = {}

    def take(text: str) -> None:
        name = _PRICE.sub("", tidy(text))
        for part in _TITLE_PARTS.split(name):  # "Girna 250 – compact lathe"
            if is_product_name(part) and letters_of(part) not in own:
                found.setdefault(letters_of(part), part)
                return

    for thing in _things(pages):
        if any(_PRODUCT.search(kind) for kind in thing.types):
            take(thing.one("name"))
    everywhere = _menu(pages)
    for page in pages:
        folder = urlsplit(page.url).path.rpartition("/")[0] if _kind_of(page) == "products" else ""
        for link in page.links:
            path = urlsplit(link.url).path
            segments = [s for s in path.split("/") if s]
            if not segments:
                continue
            below = len(segments) > 1 and page_kind(unquote(segments[-2]), "") == "products"
            below = below or (bool(folder) and path.startswith(f"{folder}/") and path.rstrip("/") != folder)
            if below and site_key(link.url) == site_key(page.url) and not page_kind(unquote(segments[-1]), ""):
                take(link.text)
    for page in pages:
        if _kind_of(page) == "products":
            heads = [block for block in page.blocks if block.tag in _HEADS]
            # On the page of one product the other headings part its text; others of its family have numbers.
            of_one = any(block.tag == "h1" and letters_of(block.text) in found for block in heads)
            groups = _groups(page)
            for block in heads:
                plain = block.tag != "h1" and not any(c.isdigit() for c in block.text)
                if block.text not in everywhere and _named(block.text) and not (plain and (of_one or block in groups)):
                    take(block.text)
    return tuple(found.values())[:_MAX]


def _groups(page: Page) -> frozenset[Block]:
    """Return the headings that deeper headings follow at once, as "Cakes" stands above the cakes."""
    return frozenset(
        one
        for one, two in zip(page.blocks, page.blocks[1:], strict=False)
        if one.tag in _HEADS and two.tag in _HEADS and one.tag < two.tag
    )


def _named(heading: str) -> bool:
    """True for a heading that reads as a name: a number in it, or every word of it capital or without case."""
    return any(c.isdigit() for c in heading) or all(not w[0].islower() for w in heading.split())


def _menu(pages: Sequence[Page]) -> frozenset[str]:
    counts = Counter(text for page in pages for text in {block.text for block in page.blocks})
    return frozenset(text for text, count in counts.items() if len(pages) > 2 and count == len(pages))


def _people(pages: Sequence[Page]) -> tuple[Person, ...]:
    """Return people with titles: as schema.org says, then names beside titles on pages of people."""
    found: dict[str, Person] = {}

    def take(name: str, title: str) -> None:
        name, title = person_name(name), tidy(title)[:80]
        if name and not is_title(name):
            known = found.get(fold(name))
            if known is None or (title and not known.title):
                found[fold(name)] = Person(name, title, is_top_title(title))

    for thing in _things(pages):
        if "Person" in thing.types and thing.role in _PEOPLE_ROLES:
            title = thing.one("jobTitle") or ("Founder" if thing.role.startswith("founder") else "")
            if title:
                take(thing.one("name"), title)
    for page in pages:
        kind = _kind_of(page)
        if kind not in ("team", "about", "contact"):
            continue
        for one, two in zip(page.blocks, page.blocks[1:], strict=False):
            if kind != "contact" and is_title(two.text) and not is_title(one.text):
                take(one.text, two.text)
        for block in page.blocks:
            name, comma, title = re.sub(r"\s+[-–—|:]\s+|,\s*|[:：]\s*", "\t", block.text, count=1).partition("\t")
            if comma and is_title(title) and not is_title(name):
                take(name, title)
            elif comma and is_title(name) and not is_title(title):  # "Geschäftsführer: Jo Doe"
                take(title, name)
    return tuple(found.values())[:_MAX]


def _competitors(pages: Sequence[Page], own: set[str]) -> tuple[str, ...]:
    """Return whom the site compares itself with, by titles, headings and texts of links."""
    found: dict[str, str] = {}
    for page in pages:
        texts = [
            page.title,
            *(b.text for b in page.blocks if b.tag in ("h1", "h2", "h3")),
            *(k.text for k in page.links),
        ]
        for text in texts:
            for match in (one for pattern in (_VERSUS, *_ALTERNATIVES) for one in pattern.finditer(text[:200])):
                for side in match.groupdict().values():
                    name = name_of_firm(side)
                    key = letters_of(without_legal_form(name))
                    plain = key and not any(key.startswith(o) or o.startswith(key) for o in own if len(o) > 2)
                    if plain and is_product_name(name) and not set(fold(name).split()) & _NO_RIVALS and _named(name):
                        found.setdefault(key, without_legal_form(name))
    return tuple(found.values())[:_MAX]


# ---- accounts and addresses ----


def _accounts(pages: Sequence[Page]) -> tuple[OwnAccount, ...]:
    """Return the firm's accounts elsewhere: those that many pages link, or that schema.org says are the same."""
    urls = [value for thing in _things(pages) for value in thing.values.get("sameAs", ())]
    me = {link.url for page in pages for link in page.links if "me" in link.rel}
    urls += [link.url for page in pages for link in page.links if site_key(link.url) != site_key(page.url)]
    found: dict[tuple[str, str], OwnAccount] = {}
    for url in dict.fromkeys(urls):
        canonical = canonical_url(url)
        host, slash, path = canonical.removeprefix("https://").partition("/")
        host = "linkedin.com" if host.endswith(".linkedin.com") else host
        platform, pattern = _ACCOUNTS.get(host, ("", ""))
        match = re.fullmatch(pattern, slash + path.partition("?")[0]) if platform else None
        if not platform and (url in me or canonical in me or "mastodon" in host):
            platform, match = "mastodon", _FEDIVERSE.fullmatch(slash + path)
        if match is None or match[1].lower() in _NO_ACCOUNTS:
            continue
        handle = unquote(match[1]) + (f"@{host}" if platform == "mastodon" else "")
        found.setdefault((platform, fold(handle)), OwnAccount(platform, tidy(handle)[:100], url))
    return tuple(found.values())[:_MAX]


def _emails(pages: Sequence[Page], domain: str) -> tuple[str, ...]:
    """Return the site's e-mail addresses, those of its own domain first."""
    given = [email for page in pages for email in page.emails]
    given += [thing.one("email").removeprefix("mailto:") for thing in _things(pages)]
    given += [match for page in pages for match in _EMAIL.findall(page.text[:60_000])[:50]]
    emails = dict.fromkeys(email for one in given if (email := normal_email(one)))
    return tuple(sorted(emails, key=lambda email: site_key(f"//{email.rpartition('@')[2]}") != domain))[:_MAX]
