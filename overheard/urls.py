"""URLs: the canonical form that ids and identities are made of, and the parts that evidence compares.

Pure: no name is resolved and nothing is fetched, not even the list of public suffixes. The rules are conservative: two
forms kept apart by mistake make a duplicate that grouping can mend; two utterances joined by mistake lose one. The
public table of cases is in tests/test_urls.py.
"""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import quote, unquote_plus, urlsplit

import idna
import tldextract

# Parameters that say how a reader came or in which session, not what is shown.
TRACKING = frozenset(
    {
        "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "li_fat_id",
        "epik", "rdt_cid", "srsltid", "mc_cid", "mc_eid", "igshid", "igsh", "mibextid", "fb_action_ids",
        "fb_action_types", "fb_source", "fb_ref", "_hsenc", "_hsmi", "__hssc", "__hstc", "__hsfp", "hsctatracking",
        "mkt_tok", "vero_id", "oly_anon_id", "oly_enc_id", "wickedid", "s_cid", "s_kwcid", "wt_mc", "wt.mc_id",
        "_ga", "_gl", "spm", "ref_src", "ref_url", "cmpid", "ncid", "xtor", "guccounter", "guce_referrer",
        "guce_referrer_sig", "__twitter_impression", "share_id", "phpsessid", "jsessionid", "amp",
    }
)  # fmt: skip
TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "hsa_")
TRACKING_AT = {
    "linkedin.com": frozenset({"trk", "trackingid", "lipi", "originalsubdomain"}),
    "open.spotify.com": frozenset({"si"}),
    "x.com": frozenset({"s", "t"}),
    "youtube.com": frozenset({"ab_channel", "feature", "pp", "si"}),
}

# Host labels before the registrable domain that choose a shape of the same page.
SHAPE_LABELS = frozenset({"www", "m", "mobile", "amp"})
SAME_SITE = {
    "fb.com": "facebook.com",
    "web.facebook.com": "facebook.com",
    "new.reddit.com": "reddit.com",
    "np.reddit.com": "reddit.com",
    "old.reddit.com": "reddit.com",
    "twitter.com": "x.com",
}

# Pages that only lead on: the parameter that holds the address.
WRAPPERS = {
    ("facebook.com", "/l.php"): ("u",),
    ("google.com", "/url"): ("q", "url"),
    ("l.facebook.com", "/l.php"): ("u",),
    ("l.instagram.com", "/"): ("u",),
    ("lm.facebook.com", "/l.php"): ("u",),
    ("out.reddit.com", "/"): ("url",),
    ("vk.com", "/away.php"): ("to",),
    ("youtube.com", "/redirect"): ("q",),
}

_LONGEST = 8_192  # RFC 9110 asks for 8,000 octets at least; what is longer is data, not an address
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SESSION = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
_AMP_CACHE = re.compile(r"/[a-z]{1,3}/(?:s/)?([^/]+\.[^/]+(?:/.*)?)", re.DOTALL)
# A fragment counts where it routes (#!/x, #/x) or names one utterance of the page (#comment-42, #p7): a feed
# of comments tells its entries apart by nothing else. `#section-2` is a place in the same text.
_TELLING = re.compile(
    r"[!/].*"
    r"|[a-z_-]*(?:comment|reply|post|message|msg|answer|review|note|entry|pid|discussion_r)[-_]?(?=[a-f]*\d)[\da-f]+(?:_\d+)?"
    r"|[cmpr][-_]?\d+"
    r"|\d{4,}",
    re.DOTALL,
)

# suffix_list_urls=(): the list inside the wheel only, so that no call ever goes out.
_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def canonical_url(url: str) -> str:
    """Return the canonical form of an http(s) URL, or "" when it is none; never raises, idempotent.

    ASCII; https for http; lower-case host in punycode without `www.`, mobile and AMP labels or a default port; no user
    or password; dot segments resolved; no trailing slash but for the root; tracking parameters gone, the others sorted;
    no fragment but one that tells utterances apart; the target of a redirecting link or AMP cache in its place.
    It is an id, not an address to fetch: some servers tell `http` from `https`. Above 8,192 characters it is none.
    """
    if not url:
        return ""  # most authors have none, and each is asked for several times
    form, inner = _form(url)
    while inner:  # each is shorter than the last
        inner_form, inner = _form(inner)
        form = inner_form or form
    return form


def registrable_domain(url_or_host: str) -> str:
    """Return the registrable domain (`example.co.uk`, ASCII) of a URL or host; "" where there is none; never raises.

    Shared hosts of the public suffix list's private part (blogspot.com, github.io) count as suffixes,
    so each of their blogs is a domain of its own.
    """
    _, slashes, rest = url_or_host.partition("//")
    return _registrable(re.split(r"[/?#]", rest if slashes else url_or_host, maxsplit=1)[0][:512])


@lru_cache(maxsize=65_536)
def _registrable(host: str) -> str:
    try:
        parts = _suffixes(host)
    except ValueError:  # brackets around what is no IPv6 address
        return ""
    if parts.suffix or parts.ipv4 or parts.ipv6 or not parts.subdomain:
        return ascii_host(parts.top_domain_under_public_suffix)
    # The list's own rule for a top level that it does not know (.internal, .example): it is a suffix itself.
    return ascii_host(f"{parts.subdomain.rpartition('.')[2]}.{parts.domain}")


def ascii_host(host: str) -> str:
    """Return a host name in ASCII (punycode) and lower case, without a final dot; "" where it is none; never raises."""
    if len(host) > 255:
        return ""
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            # Emoji and other names that IDNA 2008 forbids, yet some registries sold.
            try:
                host = host.encode("idna").decode("ascii")
            except UnicodeError:
                return ""
    host = host.lower().rstrip(".")
    return host if _HOST.fullmatch(host) else ""


def _form(url: str) -> tuple[str, str]:
    """Return the canonical form of a URL as it stands ("" where it is none), and the URL that it wraps, if any."""
    if len(url) > _LONGEST:
        return "", ""
    try:
        parts = urlsplit(url.strip())
        port = parts.port  # raises on what is no number
        host = _host(parts.hostname or "")
    except ValueError:
        return "", ""
    if parts.scheme not in ("http", "https") or not host:
        return "", ""
    path = _path(parts.path)
    query = _query(parts.query, TRACKING_AT.get(host, frozenset()))
    fragment = _escaped(parts.fragment)
    form = f"https://{host}"
    if port and port not in (80, 443):
        form += f":{port}"
    form += path
    if query:
        form += f"?{query}"
    if _TELLING.fullmatch(fragment):
        form += f"#{fragment}"
    return (form, _wrapped(host, path, query)) if len(form) <= _LONGEST else ("", "")


@lru_cache(maxsize=65_536)
def _host(host: str) -> str:
    """Return a host's canonical form; "" where it is none. `host` is in lower case."""
    if ":" in host:
        return f"[{ipaddress.IPv6Address(host)}]"  # raises ValueError
    host = ascii_host(host)
    domain = _registrable(host)
    if domain and host.endswith(f".{domain}"):
        labels = host[: -len(domain) - 1].split(".")
        host = ".".join([label for label in labels if label not in SHAPE_LABELS] + [domain])
    return SAME_SITE.get(host, host)


def _path(path: str) -> str:
    """Return the path with its dot segments resolved, without session, AMP suffix or trailing slash."""
    segments: list[str] = []
    for segment in _SESSION.sub("", _escaped(path)).split("/")[1:]:
        if segment == "..":
            del segments[-1:]
        elif segment != ".":
            segments.append(segment)
    # /2026/11/a-title/amp is a shape of the page above it; /somebody/amp may be a repository.
    while segments and (not segments[-1] or (segments[-1] == "amp" and len(segments) > 2)):
        del segments[-1]
    return "/" + "/".join(segments)


def _query(query: str, tracking_here: frozenset[str]) -> str:
    kept: list[str] = []
    for pair in _escaped(query).replace("%20", "+").split("&"):
        name = pair.partition("=")[0].lower()
        if (
            pair
            and name not in TRACKING
            and name not in tracking_here
            and not name.startswith(TRACKING_PREFIXES)
            and pair.lower() != "outputtype=amp"
        ):
            kept.append(pair)
    return "&".join(sorted(kept))


def _wrapped(host: str, path: str, query: str) -> str:
    """Return the URL that a redirecting link or an AMP cache leads to; "" where it is neither."""
    if names := WRAPPERS.get((host, path)):
        pairs = dict(pair.partition("=")[::2] for pair in query.split("&"))
        return next((unquote_plus(pairs[name]) for name in names if name in pairs), "")
    in_cache = host.endswith(".cdn.ampproject.org") or (host == "google.com" and path.startswith("/amp/"))
    match = _AMP_CACHE.fullmatch(path) if in_cache else None
    return f"https://{match[1]}?{query}" if match else ""


def _escaped(part: str) -> str:
    """Return a part of a URL with the escapes that it needs and no others (RFC 3986, 6.2.2)."""
    if "%" in part:
        part = _ESCAPE.sub(_escape, part)
    return quote(part, safe="%/:@!$&'()*+,;=?~", errors="replace")


def _escape(match: re.Match[str]) -> str:
    if match[1] is None:  # a bare per cent sign
        return "%25"
    char = chr(int(match[1], 16))
    return char if char in _UNRESERVED else f"%{match[1].upper()}"
