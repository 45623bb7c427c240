"""Identities: normal forms, and which identities an actor, a contact or an account has.

Pure. Equal normal forms mean the same identity; nothing here says whose it is.
"""

import re
from collections.abc import Iterable

from overheard.records import Account, Actor, Contact, Identity, identity_key
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
        "deleted user", "deleted_user", "removed",
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
_NO_REPLY = ("noreply", "donotreply", "dontreply")
_KEY = re.compile(r"(.*?):(handle|url|email|phone):(.*)", re.DOTALL)
_BARE_SITE = re.compile(r"[^\s/@:?#]+\.[^\s/@:?#]+(?:[/?#].*)?")  # a CRM has `example.com/jane` as often as a whole URL
_BEFORE_HANDLE = re.compile(r"(?:\s|@|/?u/|/)+")

# Other names that files and programs have for a platform -> ours. Whatever is not here is its own name.
PLATFORM_NAMES = {
    "twitter": "x", "x.com": "x", "twitter.com": "x", "tweet": "x", "bsky": "bluesky", "bsky.app": "bluesky",
    "hn": "hackernews", "hacker news": "hackernews", "hacker-news": "hackernews", "ycombinator": "hackernews",
    "fb": "facebook", "yt": "youtube", "ig": "instagram", "gh": "github", "github.com": "github",
    "reddit.com": "reddit", "linkedin.com": "linkedin",
}  # fmt: skip


def normal_platform(name: str) -> str:
    """Return a platform's name as mentions, handles and identities have it: folded, "twitter" as "x"; may be empty."""
    name = fold(name).strip()
    return PLATFORM_NAMES.get(name, name)


def normal_handle(handle: str) -> str:
    """Return a handle folded, without spaces around it or a leading @, / or u/; may be empty. Idempotent."""
    handle = fold(handle).strip()
    before = _BEFORE_HANDLE.match(handle)
    return handle[before.end() :] if before else handle


def normal_email(address: str) -> str:
    """Return an e-mail address in lower case, its domain in ASCII, or "" where it is none. Idempotent.

    Dots and +tags stay: only the provider knows whether they matter.
    """
    local, at, domain = fold(address).strip().removeprefix("mailto:").partition("?")[0].rpartition("@")
    domain = ascii_host(domain)
    odd = any(c.isspace() or c in '@<>()[],;:"\\' for c in local)
    return f"{local}@{domain}" if at and local and "." in domain and not odd else ""


def is_placeholder(key: str) -> bool:
    """True for an identity that many share: [deleted], noreply@, info@, or a handle without a letter or digit.

    False for what is no identity's key.
    """
    match = _KEY.fullmatch(key)
    if match is None:
        return False
    kind, value = match[2], match[3]
    if kind == "handle":
        return value in PLACEHOLDER_HANDLES or not any(c.isalnum() for c in value)
    if kind == "email":
        local = value.partition("@")[0].partition("+")[0]
        plain = local.replace("-", "").replace("_", "").replace(".", "")
        return plain in PLACEHOLDER_MAILBOXES or any(word in plain for word in _NO_REPLY)
    return False


def identities_of_actor(actor: Actor | None) -> tuple[str, ...]:
    """Return the keys of an author's identities, surest first; empty for nobody or a bare name.

    Placeholders are among them: whoever looks them up decides (a CRM may name one).
    """
    if actor is None:
        return ()
    keys: list[str] = []
    if handle := normal_handle(actor.preferred_username):
        keys.append(identity_key(actor.platform, "handle", handle))
    if url := canonical_url(actor.url):
        keys.append(identity_key("web", "url", url))
    if email := normal_email(actor.email):
        keys.append(identity_key("email", "email", email))
    return tuple(dict.fromkeys(keys))


def identities_of_links(links: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of the URLs that a text links to."""
    return tuple(dict.fromkeys(identity_key("web", "url", url) for link in links if (url := canonical_url(link))))


def identities_of_contact(contact: Contact) -> tuple[Identity, ...]:
    """Return the identities that the CRM claims for a contact, in a stable order."""
    return _claimed(contact.id, contact.handles, contact.urls, contact.emails)


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


def _claimed(subject: str, handles: dict[str, str], urls: Iterable[str], emails: Iterable[str]) -> tuple[Identity, ...]:
    found: dict[str, Identity] = {}
    for platform, handle in sorted(handles.items()):
        if value := normal_handle(handle):
            identity = Identity(platform=platform, type="handle", value=value, subject=subject)
            found.setdefault(identity.key, identity)
    for url in urls:
        if value := canonical_url(f"https://{url.strip()}" if _BARE_SITE.fullmatch(url.strip()) else url):
            identity = Identity(platform="web", type="url", value=value, subject=subject)
            found.setdefault(identity.key, identity)
    for email in emails:
        if value := normal_email(email):
            identity = Identity(platform="email", type="email", value=value, subject=subject)
            found.setdefault(identity.key, identity)
    return tuple(found.values())
