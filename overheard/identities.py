"""Identities: normal forms, and which identities an actor, a contact or an account has.

Pure. Equal normal forms mean the same identity; nothing here says whose it is.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, cast
from urllib.parse import unquote

import phonenumbers

from overheard.records import Account, Actor, Contact, Identity, identity_key
from overheard.records.identity import IdentityType
from overheard.text import fold
from overheard.urls import ascii_host, canonical_url

# Handles and local parts of e-mail addresses that many people or programs share. They never join two contacts and
# never stand for an author; one that the CRM names for a single contact is that contact's all the same. Mailboxes are
# without dots, dashes and underscores; RFC 2142's are among them.
PLACEHOLDER_HANDLES = frozenset(
    {
        "[deleted]", "[removed]", "[redacted]", "[unknown]", "<username>", "username", "anonymous", "anon", "guest",
        "unknown", "none", "null", "nil", "undefined", "n/a", "na", "nan", "tbd", "user", "admin", "administrator",
        "automoderator", "moderator", "mod", "bot", "root", "webmaster", "staff", "editor", "team", "ghost", "deleted",
        "deleted user", "deleted_user", "removed", "deactivated", "[deactivated]", "suspended", "[suspended]",
        "deleted account", "account deleted", "[deleted user]", "anonymous user", "guest user",
    }
)  # fmt: skip
# Those of them that no platform lets anybody be called: what stands in the place of an account. Not even a CRM can give
# them to a contact, since every post whose author is gone would be that contact's.
NOBODY = frozenset(
    {
        "[deleted]", "[removed]", "[redacted]", "[unknown]", "[deactivated]", "[suspended]", "[deleted user]",
        "<username>", "deleted user", "deleted account", "account deleted", "anonymous user", "n/a",
    }
)  # fmt: skip
PLACEHOLDER_MAILBOXES = frozenset(
    {
        "abuse", "accounts", "admin", "administrator", "all", "anonymous", "billing", "bounce", "bounces", "careers",
        "contact", "contactus", "customercare", "customerservice", "editor", "editorial", "email", "enquiries",
        "enquiry", "everyone", "feedback", "hello", "help", "helpdesk", "hostmaster", "hr", "info", "information",
        "inquiries", "inquiry", "jobs", "kontakt", "mail", "mailerdaemon", "marketing", "media", "news", "newsletter",
        "noc", "none", "notification", "notifications", "null", "office", "orders", "postmaster", "press", "privacy",
        "reception", "root", "sales", "security", "service", "services", "staff", "subscriptions", "support", "team",
        "undisclosed", "unknown", "webmaster", "www",
    }
)  # fmt: skip
# Mail providers: a domain here says nothing about who employs somebody.
FREE_MAIL = frozenset(
    {
        "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "yahoo.co.in", "yahoo.in", "ymail.com",
        "outlook.com", "hotmail.com", "hotmail.co.uk", "live.com", "msn.com", "icloud.com", "me.com", "mac.com",
        "aol.com", "protonmail.com", "proton.me", "pm.me", "gmx.com", "gmx.de", "gmx.net", "web.de", "t-online.de",
        "mail.com", "mail.ru", "yandex.ru", "yandex.com", "qq.com", "163.com", "126.com", "sina.com", "rediffmail.com",
        "zoho.com", "fastmail.com", "hey.com", "orange.fr", "free.fr", "wanadoo.fr", "laposte.net", "libero.it",
        "naver.com", "hanmail.net", "daum.net", "comcast.net", "verizon.net", "att.net", "btinternet.com",
    }
)  # fmt: skip
# Those that use their name under every country's ending.
_FREE_MAIL_ANYWHERE = frozenset(
    {
        "yahoo", "hotmail", "gmail", "googlemail", "outlook", "gmx", "yandex", "rediffmail", "protonmail",
    }
)  # fmt: skip
_NO_REPLY = ("noreply", "donotreply", "dontreply")
_KEY = re.compile(r"(.*?):(handle|id|url|email|phone):(.*)", re.DOTALL)
_BARE_SITE = re.compile(r"[^\s/@:?#]+\.[^\s/@:?#]+(?:[/?#].*)?")  # a CRM has `example.com/jane` as often as a whole URL
_LONGEST_PHONE = 60  # characters; the longest numbers written with words for the extension have some 40
_ZERO_FRACTION = re.compile(r"\d{7,}\.0+")  # a number that a spreadsheet took for one
_BEFORE_HANDLE = re.compile(r"(?:\s|@|/?u/|/)+")
# Marks that nobody sees and no platform takes in a handle; they come along when one is copied out of a page. What
# `fold` drops is not among them.
_UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]")
# Cyrillic and Greek letters, in lower case, that are drawn like Latin ones.
_DRAWN_ALIKE = str.maketrans("авеіјкмнорстухѕԁԛԝһαβικνορτυχ", "abeijkmhopctyxsdqwhabikvoptux")
# What a handle has between its words; platforms differ in what they allow.
_SEPARATORS = re.compile(r"[._\-]+")

# Links of a profile that are looked at. Platforms allow four or five, link lists some twenty.
MOST_LINKS = 32

# Other names that files and programs have for a platform -> ours. Whatever is not here is its own name.
PLATFORM_NAMES = {
    "twitter": "x", "x.com": "x", "twitter.com": "x", "tweet": "x", "bsky": "bluesky", "bsky.app": "bluesky",
    "hn": "hackernews", "hacker news": "hackernews", "hacker-news": "hackernews", "ycombinator": "hackernews",
    "fb": "facebook", "yt": "youtube", "ig": "instagram", "gh": "github", "github.com": "github",
    "reddit.com": "reddit", "linkedin.com": "linkedin", "x (twitter)": "x", "twitter/x": "x", "x/twitter": "x",
    "hacker_news": "hackernews", "news.ycombinator.com": "hackernews", "youtube.com": "youtube",
    "instagram.com": "instagram", "facebook.com": "facebook", "mastodon.social": "mastodon",
}  # fmt: skip

# Hosts of platforms (as in canonical URLs), and what a profile's address looks like there: by handle, and by the
# platform's own id.
_PROFILES = {
    "bsky.app": ("bluesky", re.compile(r"/profile/([^/?#]+)")),
    "github.com": ("github", re.compile(r"/([\w-]+)")),
    "gitlab.com": ("gitlab", re.compile(r"/([\w.-]+)")),
    "instagram.com": ("instagram", re.compile(r"/([\w.]+)")),
    "linkedin.com": ("linkedin", re.compile(r"/in/([^/?#]+)")),
    "medium.com": ("medium", re.compile(r"/@([\w.-]+)")),
    "news.ycombinator.com": ("hackernews", re.compile(r"/user\?id=([\w-]+)")),
    "reddit.com": ("reddit", re.compile(r"/u(?:ser)?/([\w-]+)")),
    "threads.net": ("threads", re.compile(r"/@([\w.]+)")),
    "tiktok.com": ("tiktok", re.compile(r"/@([\w.]+)")),
    "x.com": ("x", re.compile(r"/(\w+)")),
    "youtube.com": ("youtube", re.compile(r"/@([^/?#]+)")),
}
_PROFILES_BY_ID = {
    "bsky.app": re.compile(r"/profile/(did:[^/?#]+)"),
    "stackoverflow.com": re.compile(r"/users/(\d+)(?:/[^/?#]*)?"),
    "x.com": re.compile(r"/i/user/(\d+)"),
    "youtube.com": re.compile(r"/channel/([\w-]+)"),
}
# Any other host with such an address is a server of the fediverse.
_FEDIVERSE = re.compile(r"/(?:@|users/)([\w.-]+)")
_ODD_IN_MAILBOX = re.compile(r"""[\s@<>()\[\],;:"\\]""")
# There a handle looks like an e-mail address and is none.
WITH_HOSTS = frozenset({"mastodon", "fediverse", "lemmy", "pleroma", "misskey", "pixelfed", "peertube", "friendica"})


def normal_platform(name: str) -> str:
    """Return a platform's name as mentions, handles and identities have it: folded, "twitter" as "x"; may be empty."""
    name = fold(name).strip()
    return PLATFORM_NAMES.get(name, name)


def normal_handle(handle: str) -> str:
    """Return a handle folded, without spaces around it or a leading @, / or u/; may be empty. Idempotent.

    Marks that nobody sees go; letters of another script that look alike stay, since that is another account.
    """
    handle = fold(handle if handle.isascii() else _UNSEEN.sub("", handle)).strip()
    before = _BEFORE_HANDLE.match(handle)
    return handle[before.end() :] if before else handle


def handle_key(platform: str, handle: str) -> str:
    """Return the key of an account on a platform; "" where no handle is left of `handle`.

    On Bluesky a handle without a domain is one of its own, and a DID in its place is the account's id.
    """
    value = normal_handle(handle)
    if platform == "bluesky" and value.startswith("did:"):
        return native_key(platform, handle)
    if platform == "bluesky" and value and "." not in value and value not in PLACEHOLDER_HANDLES:
        value += ".bsky.social"
    return identity_key(platform, "handle", value) if value else ""


def native_key(platform: str, native_id: str) -> str:
    """Return the key of an account by the platform's own id of it; "" where there is none that is its alone.

    Case stays: some ids tell it. In the fediverse each server numbers the accounts that it has heard of anew, so there
    an id counts only where it is a URL, as ActivityPub's are. An id of nothing but zeros and dashes is nobody's.
    """
    value = native_id.strip()
    if platform in WITH_HOSTS and not value.startswith(("https://", "http://")):
        return ""
    key = identity_key(platform, "id", value)
    return key if platform and value and not is_placeholder(key) else ""


def handle_stem(key: str) -> str:
    """Return what the owner of a handle chose: without server, separators and look-alike letters; "" for no handle.

    `mastodon:handle:asha_rao@social.example`, `bluesky:handle:asha-rao.bsky.social` and `x:handle:asharao` have one
    stem: so handles are found that may be one person's. Equal stems prove nothing.
    """
    match = _KEY.fullmatch(key)
    if match is None or match[2] != "handle":
        return ""
    value = match[3].partition("@")[0].removesuffix(".bsky.social")
    stem = _SEPARATORS.sub("", drawn_alike(value))
    return "" if value in PLACEHOLDER_HANDLES or stem in PLACEHOLDER_HANDLES else stem


def drawn_alike(text: str) -> str:
    """Return folded text with Cyrillic and Greek letters replaced by the Latin ones that they look like."""
    return text if text.isascii() else text.translate(_DRAWN_ALIKE)


def profile_key(url: str) -> str:
    """Return the key of the account whose profile is at a canonical URL; "" where it is no profile that we know.

    `https://x.com/asha` is the handle `asha` on x; `https://social.example/@asha` is `asha@social.example`;
    `https://youtube.com/channel/UC1` is the id `UC1` on youtube.
    """
    host, slash, path = url.removeprefix("https://").partition("/")
    if (by_id := _PROFILES_BY_ID.get(host)) and (found := by_id.fullmatch(slash + path)):
        return native_key(host.partition(".")[0] if host != "bsky.app" else "bluesky", unquote(found[1]))
    platform, pattern = _PROFILES.get(host, ("mastodon", _FEDIVERSE))
    found = pattern.fullmatch(slash + path)
    if found is None:
        return ""
    return handle_key(platform, unquote(found[1]) + (f"@{host}" if host not in _PROFILES else ""))


def is_free_mail(domain: str) -> bool:
    """True for the registrable domain of a mail provider, where anybody may have an address."""
    return domain in FREE_MAIL or domain.partition(".")[0] in _FREE_MAIL_ANYWHERE


def normal_email(address: str) -> str:
    """Return an e-mail address in lower case, its domain in ASCII, or "" where it is none. Idempotent.

    Dots and +tags stay: only the provider knows whether they matter.
    """
    if "@" not in address and address.isascii():
        return ""  # as handles are, each of which might have been one
    local, at, domain = fold(address).strip().removeprefix("mailto:").partition("?")[0].rpartition("@")
    if not at:
        return ""
    domain = ascii_host(domain)
    return f"{local}@{domain}" if local and "." in domain and not _ODD_IN_MAILBOX.search(local) else ""


@lru_cache(maxsize=16_384)
def normal_phone(text: str, region: str = "") -> str:
    """Return a phone number as E.164 ("+919822012345") without its extension, or "" where it is no valid one.

    `region` (ISO 3166) is where a number without a country code belongs; without one, only numbers that name their
    country ("+91…", "0091…", "tel:+91…") are valid. Digits of any script. Idempotent, for any region.
    """
    if len(text) > _LONGEST_PHONE:
        return ""
    text = fold(text).strip()
    if _ZERO_FRACTION.fullmatch(text):
        text = text.partition(".")[0]
    spellings = [text]
    if text.startswith("00"):  # an international prefix that the region itself may not have
        spellings.append(f"+{text[2:]}")
    for spelling in spellings:
        try:
            number = phonenumbers.parse(spelling, region or None)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ""


def national_number(phone: str) -> str:
    """Return the digits of a number in E.164 without its country code and zeros before them; "" where it is none."""
    try:
        return str(phonenumbers.parse(phone).national_number)
    except phonenumbers.NumberParseException:
        return ""


def written_key(given: str, region: str = "") -> str:
    """Return the key of an identity as a person writes it ("X:handle:@Ann", "email:email:Ann@x.example"); "" for none.

    `region` as `normal_phone` takes it.
    """
    platform, _, rest = given.partition(":")
    kind, _, value = rest.partition(":")
    if kind == "handle":
        return handle_key(normal_platform(platform), value) if platform else ""
    if kind == "id":
        return native_key(normal_platform(platform), value)
    if kind == "email":
        return identity_key("email", "email", address) if (address := normal_email(value)) else ""
    if kind == "url":
        return identity_key("web", "url", url) if (url := canonical_url(value)) else ""
    if kind == "phone":
        return identity_key("phone", "phone", phone) if (phone := normal_phone(value, region)) else ""
    return ""


def is_placeholder(key: str) -> bool:
    """True for an identity that many share: [deleted], noreply@, info@, or a handle or id without letter or digit.

    False for what is no identity's key.
    """
    match = _KEY.fullmatch(key)
    if match is None:
        return False
    kind, value = match[2], match[3]
    if kind == "handle":
        return value in PLACEHOLDER_HANDLES or not any(c.isalnum() for c in value)
    if kind == "id":
        return value.casefold() in PLACEHOLDER_HANDLES or not any(c.isalnum() and c != "0" for c in value)
    if kind == "email":
        local = value.partition("@")[0].partition("+")[0]
        plain = local.replace("-", "").replace("_", "").replace(".", "")
        return plain in PLACEHOLDER_MAILBOXES or any(word in plain for word in _NO_REPLY)
    return False


@lru_cache(maxsize=16_384)
def identities_of_actor(actor: Actor | None) -> tuple[str, ...]:
    """Return the keys of an author's identities, surest first; empty for nobody or a bare name.

    Placeholders are among them: whoever looks them up decides (a CRM may name one).
    """
    if actor is None:
        return ()
    keys = [handle_key(actor.platform, actor.preferred_username), native_key(actor.platform, actor.native_id)]
    if url := canonical_url(actor.url):
        keys += [profile_key(url), identity_key("web", "url", url)]
    # Forums and mailing lists often give an address in the place of a handle.
    addresses = (actor.email, "" if actor.platform in WITH_HOSTS else actor.preferred_username)
    keys += [identity_key("email", "email", email) for one in addresses if (email := normal_email(one))]
    if actor.phone and (phone := normal_phone(actor.phone)):
        keys.append(identity_key("phone", "phone", phone))
    return tuple(dict.fromkeys(key for key in keys if key))


class ShownLink(NamedTuple):
    """An identity that an author's profile links to; `verified`: the platform has seen it link back."""

    key: str
    verified: bool


def links_of_actor(actor: Actor) -> tuple[ShownLink, ...]:
    """Return the identities that an author's profile links to, each once, the first 32, in order of their keys.

    The address of a profile that we know is its account, any other address the page; placeholders and the profile's
    own address are left out.
    """
    if not actor.links:
        return ()
    own = {*identities_of_actor(actor), ""}
    shown: dict[str, bool] = {}
    for link in actor.links:
        if not (url := canonical_url(link.url)):
            continue
        key = profile_key(url) or identity_key("web", "url", url)
        if key not in own and not is_placeholder(key):
            shown[key] = shown.get(key, False) or link.verified
    return tuple(ShownLink(*pair) for pair in sorted(shown.items())[:MOST_LINKS])


def identities_of_links(links: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of the URLs that a text links to."""
    return tuple(dict.fromkeys(identity_key("web", "url", url) for link in links if (url := canonical_url(link))))


def identities_of_contact(contact: Contact) -> tuple[Identity, ...]:
    """Return the identities that the CRM claims for a contact, in a stable order.

    Its phone numbers are among them: they are shown and looked up, and never watched; an author has one where a
    messenger vouches for it.
    """
    return _claimed(contact.id, contact.handles, contact.urls, contact.emails, contact.phones)


def watched_name(contact: Contact) -> Identity | None:
    """Return the full name of a contact who is watched by name, as something to look for in texts; else None.

    A single word is no full name: it would let half of everything pass.
    """
    name = " ".join(fold(contact.name).split())
    if not contact.watched_by_name or " " not in name:
        return None
    return Identity(platform="name", type="name", value=name, subject=contact.id)


def identities_of_account(account: Account) -> tuple[Identity, ...]:
    """Return the identities that the CRM claims for an account; its domain counts as its site."""
    urls = (account.domain,) if account.domain else ()
    return _claimed(account.id, account.handles, urls, ())


def _claimed(
    subject: str,
    handles: dict[str, str],
    urls: Iterable[str],
    emails: Iterable[str],
    phones: Iterable[str] = (),
) -> tuple[Identity, ...]:
    keys = [handle_key(platform, handle) for platform, handle in sorted(handles.items())]
    for url in urls:
        if value := canonical_url(f"https://{url.strip()}" if _BARE_SITE.fullmatch(url.strip()) else url):
            keys += [profile_key(value), identity_key("web", "url", value)]
    keys += [identity_key("email", "email", value) for email in emails if (value := normal_email(email))]
    keys += [identity_key("phone", "phone", value) for phone in phones if (value := normal_phone(phone))]
    parts = [part for key in dict.fromkeys(keys) if (part := _KEY.fullmatch(key))]
    return tuple(
        Identity(platform=part[1], type=cast("IdentityType", part[2]), value=part[3], subject=subject)
        for part in parts
        if not _is_nobody(part[2], part[3])
    )


def _is_nobody(kind: str, value: str) -> bool:
    """True for what cannot be anybody's, whatever a CRM says: [deleted], n/a, ---."""
    return kind == "handle" and (value in NOBODY or not any(c.isalnum() for c in value))
