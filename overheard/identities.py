"""Identities: normal forms, and which identities an actor, a contact or an account has.

Pure. Equal normal forms mean the same identity; nothing here says whose it is.
"""

from collections.abc import Iterable

from overheard.records import Account, Actor, Contact, Identity, identity_key
from overheard.text import fold
from overheard.urls import canonical_url

# Handles and local parts of e-mail addresses that many people or programs share. They never join two contacts and
# never stand for an author; one that the CRM names for a single contact is that contact's all the same.
PLACEHOLDER_HANDLES = frozenset(
    {
        "[deleted]", "[removed]", "<username>", "username", "anonymous", "anon", "guest", "unknown", "none", "null",
        "n/a", "user", "admin", "administrator", "automoderator", "moderator", "mod", "bot", "root", "webmaster",
        "staff", "editor", "team",
    }
)  # fmt: skip
PLACEHOLDER_MAILBOXES = frozenset(
    {
        "noreply", "no-reply", "donotreply", "do-not-reply", "info", "contact", "hello", "support", "sales", "admin",
        "office", "mail", "webmaster", "postmaster", "mailer-daemon", "help", "service", "enquiries", "inquiries",
        "team", "marketing", "press", "newsletter", "notifications",
    }
)  # fmt: skip


def normal_handle(handle: str) -> str:
    """Return a handle folded, without spaces around it or a leading @ or u/; may be empty."""
    return fold(handle).strip().removeprefix("/").removeprefix("u/").removeprefix("@")


def normal_email(address: str) -> str:
    """Return an e-mail address in lower case, or "" where it is none.

    Dots and +tags stay: only the provider knows whether they matter.
    """
    address = fold(address).strip().removeprefix("mailto:")
    local, at, domain = address.rpartition("@")
    return address if at and local and "." in domain and not any(c.isspace() for c in address) else ""


def is_placeholder(key: str) -> bool:
    """True for an identity that many share: [deleted], noreply@, info@."""
    _, kind, value = key.split(":", 2)
    if kind == "handle":
        return not value or value in PLACEHOLDER_HANDLES
    if kind == "email":
        local = value.partition("@")[0].partition("+")[0]
        return local in PLACEHOLDER_MAILBOXES
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


def identities_of_account(account: Account) -> tuple[Identity, ...]:
    """Return the identities that the CRM claims for an account; its domain counts as its site."""
    urls = (f"https://{account.domain}",) if account.domain else ()
    return _claimed(account.id, account.handles, urls, ())


def _claimed(subject: str, handles: dict[str, str], urls: Iterable[str], emails: Iterable[str]) -> tuple[Identity, ...]:
    found: dict[str, Identity] = {}
    for platform, handle in sorted(handles.items()):
        if value := normal_handle(handle):
            identity = Identity(platform=platform, type="handle", value=value, subject=subject)
            found.setdefault(identity.key, identity)
    for url in urls:
        if value := canonical_url(url):
            identity = Identity(platform="web", type="url", value=value, subject=subject)
            found.setdefault(identity.key, identity)
    for email in emails:
        if value := normal_email(email):
            identity = Identity(platform="email", type="email", value=value, subject=subject)
            found.setdefault(identity.key, identity)
    return tuple(found.values())
