"""URLs: the canonical form that ids and identities are made of, and the parts that evidence compares.

Pure: no name is resolved and nothing is fetched.
"""

from functools import lru_cache
from urllib.parse import urlsplit

import tldextract
from w3lib.url import canonicalize_url, url_query_cleaner

# Parameters that say how a reader came, not what is shown. Feature 21; the test table is the document.
TRACKING = (
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id", "utm_name",
    "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "mc_cid", "mc_eid", "igshid", "igsh",
    "yclid", "twclid", "_hsenc", "_hsmi", "mkt_tok", "vero_id", "spm", "ref_src", "ref_url", "cmpid",
)  # fmt: skip

# suffix_list_urls=(): the list inside the wheel only, so that no call ever goes out.
_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def canonical_url(url: str) -> str:
    """Return the canonical form of an http(s) URL, or "" when it is none.

    Lower-case scheme and host, https for http, no `www.`, no default port, no fragment, no tracking
    parameters, sorted parameters, no trailing slash but for the root. It is an id, not an address to
    fetch: some servers tell `http` from `https`.
    """
    try:
        url = url.strip()
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
            return ""
        _ = parts.port  # raises on a port that is no number
        cleaned = url_query_cleaner(url, TRACKING, remove=True, keep_fragments=False)
        parts = urlsplit(canonicalize_url(cleaned))
        host = (parts.hostname or "").rstrip(".").removeprefix("www.")
        port = f":{parts.port}" if parts.port and parts.port not in (80, 443) else ""
    except (ValueError, UnicodeError):
        return ""
    if not host:
        return ""
    path = parts.path.rstrip("/") or "/"
    query = f"?{parts.query}" if parts.query else ""
    return f"https://{host}{port}{path}{query}"


@lru_cache(maxsize=65_536)
def registrable_domain(url_or_host: str) -> str:
    """Return the registrable domain (`example.co.uk`) of a URL or host; "" where there is none.

    Shared hosts of the public suffix list's private part (blogspot.com, github.io) count as suffixes,
    so each of their blogs is a domain of its own.
    """
    return _suffixes(url_or_host).top_domain_under_public_suffix.lower()
