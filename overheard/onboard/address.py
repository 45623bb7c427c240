"""What somebody types for a site, as the addresses to ask, and whose pages belong to one site."""

import ipaddress
import re
from urllib.parse import urlsplit

from overheard.errors import InputError
from overheard.text import clean
from overheard.urls import ascii_host, registrable_domain

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def addresses_of(typed: str) -> tuple[str, ...]:
    """Return the addresses at which a typed site may be, to be tried in order: at least one.

    `firm.example` is asked by https, then http, then with www; one with a scheme only as it stands; a host of this
    machine (`localhost:8080`) by http. A path stays. Raises InputError for what is no address of a site.
    """
    given = "".join(clean(typed).split())
    has_scheme = _SCHEME.match(given) is not None
    if "@" in given and not has_scheme:  # an e-mail address tells the site as well
        given = given.rpartition("@")[2]
    try:
        parts = urlsplit(given if has_scheme else f"//{given}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    name = f"[{host}]" if ":" in host else ascii_host(host)
    local = is_loopback(host)
    if not name or parts.scheme not in ("", "http", "https") or not (local or "." in name or port):
        msg = f"expected the address of a site, such as yourfirm.example; got {typed[:100]!r}"
        raise InputError(msg)
    rest = f"{name}{f':{port}' if port else ''}{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    if has_scheme:
        return (f"{parts.scheme}://{rest}",)
    if local:
        return (f"http://{rest}",)
    found = (f"https://{rest}", f"http://{rest}")
    return (*found, f"https://www.{rest}") if not port and name == registrable_domain(name) else found


def domain_of(url: str) -> str:
    """Return what `[firm] domain` says of a site: its registrable domain, else its host with the port if it has one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return registrable_domain(host) or (f"{host}:{parts.port}" if parts.port else host)


def site_key(url: str) -> str:
    """Return what two addresses of one site share; "" for what is no address."""
    try:
        return domain_of(url)
    except ValueError:
        return ""


def loopback_host(url: str) -> str:
    """Return the host of an address of this machine, as `[http] allow_hosts` takes it; "" for any other."""
    host = urlsplit(url).hostname or ""
    return host if is_loopback(host) else ""


def is_loopback(host: str) -> bool:
    """True for a name or address that reaches this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
