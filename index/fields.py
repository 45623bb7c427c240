"""The fields that a query may name, and the normal form of their values, in documents and queries alike. Pure."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from overheard.index import analyser
from overheard.text import clean
from overheard.text import fold as fold_term
from overheard.urls import canonical_url

# Analysed text. `text` is where words without a field are looked for: what was said, its headline included.
TEXT_FIELDS = {
    "text": "what was said, headline included; of a profile: name, title, organisation, place",
    "title": "the headline; of a profile: its name",
    "author": "handle and name of who said it",
}
# Matched whole.
VALUE_FIELDS = {
    "kind": "incident, contact or account",
    "type": "note, article, question, review, page, video, audio or image",
    "source": "the configured source that brought it",
    "platform": "the site that it was said on",
    "channel": "public; or mail, chat or form for what was written to us alone",
    "language": "BCP 47 code, und where unknown",
    "about": "id of a watched term that is mentioned",
    "sentiment": "positive, negative, neutral or unsure",
    "rating": "what a review gives, in whole stars of five; rating:[1 TO 2]",
    "intent": "complaint, question, praise, purchase-intent, churn-risk or comparison",
    "concern": "what it complains of or wishes for: delivery, price, battery life",
    "issue": "a concern of one watched term: its id, a slash and the concern; korvex/delivery",
    "status": "open, in progress, answered, closed or not about us",
    "assignee": "who has it",
    "event": "id of the event that it belongs to; of a post by itself its own",
    "contact": "a person it is linked to: name, handle, e-mail, external id or id",
    "account": "an organisation it is linked to: the same",
    "candidate": "a person or organisation it may be about, for you to decide: the same",
    "handle": "a handle named in the text; short: @handle",
    "tag": "a hashtag, or a tag that a person gave it; short: #tag",
    "site": "host or domain of its address",
    "url": "its address",
}
# Values that a resolver expands to every id that stands for the person or organisation.
RESOLVED_FIELDS = frozenset({"contact", "account", "candidate"})
DATE_FIELD = "published"
# The values of `rating`, in order: any scale is told in these, and a range of them is some of them.
STARS = ("1", "2", "3", "4", "5")
STARS_FIELD = "rating"
FIELDS = frozenset(TEXT_FIELDS) | frozenset(VALUE_FIELDS) | {DATE_FIELD}
# What results can be counted by; `published` by UTC day or month.
FACETS = (frozenset(VALUE_FIELDS) - {"url", "event"}) | {"published:day", "published:month"}

MAX_VALUE = 256
MAX_URL = 2_048

_EDGES = {"tag": re.compile(r"^[\s#]+|\s+$"), "handle": re.compile(r"^[\s@]+|[\s.-]+$")}


def normal_value(field: str, value: str) -> str:
    """Return a value of a value field as it is compared; may be empty.

    Folded, white space as single spaces, at most 256 characters (a URL 2,048).
    """
    if field == "url":
        return _address(value)[:MAX_URL].strip()
    return _remembered(field, value) if len(value) <= 64 else _normal(field, value)


def _normal(field: str, value: str) -> str:
    if field == "site":
        return site_of(value)[:MAX_VALUE]
    if field in _EDGES:
        return _EDGES[field].sub("", _EDGES[field].sub("", _one_line(analyser.fold(clean(value))))[:MAX_VALUE])
    return _one_line(fold_term(clean(value)))[:MAX_VALUE].strip()


# Platforms, languages, terms, hosts: a document has a dozen values, and nearly all were seen before.
_remembered = lru_cache(maxsize=16_384)(_normal)


# The usual address: a path of plain letters that canonical_url keeps as it is, and nothing after it. Every document has
# an address of its own, and going the whole way for it costs as much as all the rest of its values.
_PLAIN_URL = re.compile(r"https?://([a-z0-9.-]+)((?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*)/?", re.ASCII)


def _address(url: str) -> str:
    plain = _PLAIN_URL.fullmatch(url)
    if plain and "/amp" not in url and "ampproject" not in url and len(url) <= MAX_URL:
        root = _root(plain[1])
        return root + plain[2][1:] if root else fold_term(url)
    return _one_line(canonical_url(url) or fold_term(clean(url)))


@lru_cache(maxsize=16_384)
def _root(host: str) -> str:
    return canonical_url(f"https://{host}/")


def site_of(address: str) -> str:
    """Return the host of a URL, or a host as written, in lower case and without `www.`; may be empty."""
    address = _one_line(fold_term(clean(address)))
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return ""
    return host.rstrip(".").removeprefix("www.")


def _one_line(text: str) -> str:
    return " ".join(text.split())
