"""The settings of one Overheard, read once from `overheard.toml` and passed down; every one has a default."""

import ipaddress
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from overheard.config.toml import fail, load, read

# An hour is what most feeds ask for; asking more often than every five minutes is rude.
Interval = Annotated[int, Meta(ge=300, le=30 * 86_400)]
Seconds = Annotated[float, Meta(ge=0, le=3_600)]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class EnrichSettings(_Table, frozen=True, kw_only=True):
    """`[enrich]`. `workers`: processes that enrich, of some 170 MB each; 0: one for each core, at most four."""

    workers: Annotated[int, Meta(ge=0, le=64)] = 0


class HttpSettings(_Table, frozen=True, kw_only=True):
    """`[http]`: how the collectors behave as guests.

    `contact` is an e-mail address or URL that the user agent names, so that a host can complain. `gap`: seconds between
    two requests to one site. `timeout`: seconds for a whole request. `allow_hosts`: hosts of this machine (by name or
    address) that may be fetched although they are not public.
    """

    contact: str = ""
    gap: Seconds = 2.0
    timeout: Annotated[float, Meta(gt=0, le=600)] = 30.0
    allow_hosts: tuple[str, ...] = ()


class LimitSettings(_Table, frozen=True, kw_only=True):
    """`[limits]`. `body`: bytes of a response, unpacked."""

    body: Annotated[int, Meta(ge=10_000, le=200_000_000)] = 10_000_000


class CrmSettings(_Table, frozen=True, kw_only=True):
    """`[crm]`. `system` names the CRM in external ids: two CRMs may use the same numbers."""

    system: Annotated[str, Meta(min_length=1, max_length=100)] = "crm"


class FeedSettings(_Table, frozen=True, kw_only=True):
    """`[[feed]]`: one feed to poll. `name` is the source of its posts; `interval` in seconds."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    url: str
    interval: Interval = 3_600


class Settings(_Table, frozen=True, kw_only=True, rename={"feeds": "feed"}):
    """All settings. `data` is the folder of everything that Overheard keeps; relative to the settings' file."""

    data: str = "overheard-data"
    enrich: EnrichSettings = EnrichSettings()
    http: HttpSettings = HttpSettings()
    limits: LimitSettings = LimitSettings()
    crm: CrmSettings = CrmSettings()
    feeds: tuple[FeedSettings, ...] = ()


def load_settings(path: Path | None = None) -> Settings:
    """Return the settings of a file, or the defaults without one; `data` comes back resolved against the file's folder.

    Raises ConfigError with file, line and key for what is wrong.
    """
    if path is None:
        return Settings()
    settings = load(path, Settings)
    text = read(path)
    if not settings.data.strip():
        fail(path, text, ("data",), "expected the path of a folder; got an empty text")
    for host in settings.http.allow_hosts:
        if not _is_loopback(host):
            message = f"expected hosts of this machine (localhost, 127.0.0.1, [::1]); got {host!r}"
            fail(path, text, ("http", "allow_hosts"), message)
    names: dict[str, int] = {}
    for i, feed in enumerate(settings.feeds):
        parts = urlsplit(feed.url) if "[" not in feed.url else urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            fail(path, text, ("feed", i, "url"), f"expected an http(s) address; got {feed.url!r}")
        if feed.name in names:
            fail(
                path,
                text,
                ("feed", i, "name"),
                f"expected a name of its own; got {feed.name!r}, which feed[{names[feed.name] + 1}] has too",
            )
        names[feed.name] = i
    return msgspec.structs.replace(settings, data=str(path.parent / settings.data))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
