"""The settings of one Overheard, read once from `overheard.toml` and passed down; every one has a default."""

import ipaddress
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Protocol, TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import msgspec
from msgspec import Meta

from overheard.config.toml import fail, load, read

Seconds = Annotated[float, Meta(ge=0, le=3_600)]
# What both Kafka and Elasticsearch take in a name, and no wildcard.
Prefix = Annotated[str, Meta(pattern="^([a-z0-9][a-z0-9-]{0,40})?$")]


T = TypeVar("T", bound="_Table")


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class SourceTable(Protocol):
    """What the table of a source has, whatever kind it is of; the collectors say what a kind takes."""

    @property
    def kind(self) -> str:
        """The name of its tables in the file: `[[feed]]`."""
        ...

    @property
    def name(self) -> str:
        """The source of its posts; no other source has it."""
        ...

    @property
    def url(self) -> str:
        """Where it is asked; "" where it is not asked but told."""
        ...

    @property
    def schemes(self) -> Sequence[str]:
        """What its address may begin with."""
        ...

    @property
    def interval(self) -> int | None:
        """Seconds between two polls; None: its own rhythm."""
        ...

    @property
    def looser(self) -> tuple[str, str] | None:
        """The first key of its policy that allows more than its kind may, and what was expected; None: none does."""
        ...


class EnrichSettings(_Table, frozen=True, kw_only=True):
    """`[enrich]`. `workers`: processes that enrich, of some 170 MB each; 0: one for each core, at most four."""

    workers: Annotated[int, Meta(ge=0, le=64)] = 0


class MatcherSettings(_Table, frozen=True, kw_only=True):
    """`[matcher]`. `across_networks`: what profiles on one platform show may tell whose an account on another is.

    Off, only the CRM's own records and people's decisions say whose an identity is.
    """

    across_networks: bool = True


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
    """`[crm]`. `system` names the CRM in external ids: two CRMs may use the same numbers.

    `make_accounts`: employers of contacts that are nobody's account become accounts.
    """

    system: Annotated[str, Meta(min_length=1, max_length=100)] = "crm"
    make_accounts: bool = True


class FirmSettings(_Table, frozen=True, kw_only=True):
    """`[firm]`: whose Overheard this is; both may be empty."""

    name: Annotated[str, Meta(max_length=200)] = ""
    domain: Annotated[str, Meta(max_length=253)] = ""


class LocaleSettings(_Table, frozen=True, kw_only=True):
    """`[locale]`: how numbers, money, times and phone numbers are written and read.

    `language` BCP 47, `region` ISO 3166 (phone numbers without a country code belong there; "" is none), `currency` ISO
    4217, `time_zone` a name of the IANA database.
    """

    language: Annotated[str, Meta(pattern="^[a-z]{2,3}$")] = "en"
    region: Annotated[str, Meta(pattern="^([A-Z]{2})?$")] = ""
    currency: Annotated[str, Meta(pattern="^([A-Z]{3})?$")] = ""
    time_zone: str = "UTC"


class WebSettings(_Table, frozen=True, kw_only=True):
    """`[web]`: the pages and the API.

    Another `host` than this machine's own demands `certificate` and `key` (PEM files, relative to the settings' file)
    and a token of every caller. `require_token`: here too. `address`: how others reach it (links in mails); default: as
    bound. One that is not this machine's own, where something passes requests on, demands a token of every caller too.
    """

    host: Annotated[str, Meta(min_length=1, max_length=253)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8787
    require_token: bool = False
    certificate: str = ""
    key: str = ""
    address: str = ""


class MailSettings(_Table, frozen=True, kw_only=True):
    """`[mail]`: the SMTP server that alerts and digests leave by; an empty `host` sends none.

    The password is in the environment variable `password_env` or in the file `password_file`, never here.
    """

    host: str = ""
    port: Annotated[int, Meta(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_env: str = ""
    password_file: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()


class WebhookSettings(_Table, frozen=True, kw_only=True):
    """`[[webhook]]`: where alerts and digests are posted to, signed (Standard Webhooks 1.0.0).

    The secret (`whsec_…`) is in the environment variable `secret_env` or in the file `secret_file`.
    """

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    url: str
    secret_env: str = ""
    secret_file: str = ""


class AlertSettings(_Table, frozen=True, kw_only=True):
    """`[alerts]`: `digest_at` is local time (`[locale] time_zone`), "" is no digest.

    `complaint`: from which confidence on a customer's negative post is told at once; 1 is never. The confidence is that
    of the light sentiment method (how strong the words are), no probability, so the bar is low: of 24 negative posts by
    known authors in the sample world at 0.3 or more, 21 complain, read by hand; at 0.6 two were told, and a line that
    stood still (0.34) was not. To be set anew when sentiment is calibrated. `private`: channels of which such posts are
    told too ("mail", "chat", "form": what was written to us alone); never in the feed or the digest.
    """

    digest_at: Annotated[str, Meta(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9])?$")] = "07:30"
    complaint: Annotated[float, Meta(ge=0, le=1)] = 0.3
    private: tuple[Literal["mail", "chat", "form"], ...] = ()


class LogSettings(_Table, frozen=True, kw_only=True):
    """`[log]`: where the records are. The embedded engine takes no other key: it is in the data folder.

    `servers`: Kafka's bootstrap servers, `host:port`. `prefix` goes before the name of every topic and group: several
    firms, one cluster. `replication`: copies of each partition, for topics that are made (0: the cluster's default).
    `security` as Kafka names it; `ca`, `certificate`, `key` are PEM files, relative to the settings' file. The password
    is in the environment variable `password_env` or in the file `password_file`, never here.
    """

    engine: Literal["embedded", "kafka"] = "embedded"
    servers: tuple[str, ...] = ()
    prefix: Prefix = ""
    replication: Annotated[int, Meta(ge=0, le=100)] = 0
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    user: str = ""
    password_env: str = ""
    password_file: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""


class IndexSettings(_Table, frozen=True, kw_only=True):
    """`[index]`: where is searched. The embedded engine takes no other key: it is in the data folder.

    `addresses`: Elasticsearch nodes, http(s) URLs. `prefix` goes before the name of every index. `replicas`: copies of
    each shard; `shards` of each index of mentions (they cannot be changed later but by a rebuild). Who asks is said by
    an API key, or by user and password, each in an environment variable or a file. `ca`: a PEM file.
    """

    engine: Literal["embedded", "elasticsearch"] = "embedded"
    addresses: tuple[str, ...] = ()
    prefix: Prefix = ""
    replicas: Annotated[int, Meta(ge=0, le=10)] = 1
    shards: Annotated[int, Meta(ge=1, le=100)] = 1
    ca: str = ""
    api_key_env: str = ""
    api_key_file: str = ""
    user: str = ""
    password_env: str = ""
    password_file: str = ""


class PrivacySettings(_Table, frozen=True, kw_only=True):
    """`[privacy]`: what erasing people needs; paths are relative to the settings' file.

    `key_file`: the suppression key; "" is `suppression.key` in the data folder. All machines need the same one.
    `list_file`: where the list of who was erased is kept for a restore; "" is a file beside the data folder.
    """

    key_file: str = ""
    list_file: str = ""


class _Tables(_Table, frozen=True, kw_only=True, rename={"webhooks": "webhook"}):
    """What the file may hold but for the tables of sources."""

    data: str = "overheard-data"
    watch: str = ""
    log: LogSettings = LogSettings()
    index: IndexSettings = IndexSettings()
    firm: FirmSettings = FirmSettings()
    locale: LocaleSettings = LocaleSettings()
    web: WebSettings = WebSettings()
    mail: MailSettings = MailSettings()
    alerts: AlertSettings = AlertSettings()
    webhooks: tuple[WebhookSettings, ...] = ()
    enrich: EnrichSettings = EnrichSettings()
    matcher: MatcherSettings = MatcherSettings()
    http: HttpSettings = HttpSettings()
    limits: LimitSettings = LimitSettings()
    crm: CrmSettings = CrmSettings()
    privacy: PrivacySettings = PrivacySettings()


class Settings(_Tables, frozen=True, kw_only=True):
    """All settings. `data` is the folder of everything that Overheard keeps; relative to the settings' file.

    `watch` is the watch list that `up` takes in when it starts, relative likewise; "" is none. `sources` are those of
    all kinds, kind by kind.
    """

    sources: tuple[SourceTable, ...] = ()


def file_struct(kinds: Mapping[str, type[msgspec.Struct]]) -> type[msgspec.Struct]:
    """Return the struct of a file of settings whose sources are of these kinds, each a list of tables of its name."""
    tables = [(name, tuple[kind, ...], ()) for name, kind in kinds.items()]  # type: ignore[valid-type]
    return msgspec.defstruct("File", tables, bases=(_Tables,), frozen=True, kw_only=True, forbid_unknown_fields=True)


def load_settings(path: Path, kinds: Mapping[str, type[msgspec.Struct]]) -> Settings:
    """Return the settings of a file; `data` comes back resolved against the file's folder.

    `kinds` are the structs of the sources by the name of their tables, each a `SourceTable`. Raises ConfigError with
    file, line and key for what is wrong.
    """
    file = load(path, file_struct(kinds))
    settings = Settings(
        **{name: getattr(file, name) for name in _Tables.__struct_fields__},
        sources=tuple(source for name in kinds for source in getattr(file, name)),
    )
    text = read(path)
    if not settings.data.strip():
        fail(path, text, ("data",), "expected the path of a folder; got an empty text")
    for host in settings.http.allow_hosts:
        if not is_loopback(host):
            message = f"expected hosts of this machine (localhost, 127.0.0.1, [::1]); got {host!r}"
            fail(path, text, ("http", "allow_hosts"), message)
    _check_sources(path, text, settings)
    _check_engines(path, text, settings)
    _check_locale(path, text, settings)
    _check_web(path, text, settings)
    for i, webhook in enumerate(settings.webhooks):
        if not _is_address(webhook.url):
            fail(path, text, ("webhook", i, "url"), f"expected an http(s) address; got {webhook.url!r}")
    here = path.parent
    return msgspec.structs.replace(
        settings,
        data=str(here / settings.data),
        watch=_beside(here, settings.watch),
        web=msgspec.structs.replace(
            settings.web, certificate=_beside(here, settings.web.certificate), key=_beside(here, settings.web.key)
        ),
        mail=msgspec.structs.replace(settings.mail, password_file=_beside(here, settings.mail.password_file)),
        log=_resolved(here, settings.log, "password_file", "ca", "certificate", "key"),
        privacy=_resolved(here, settings.privacy, "key_file", "list_file"),
        index=_resolved(here, settings.index, "ca", "api_key_file", "password_file"),
        webhooks=tuple(
            msgspec.structs.replace(hook, secret_file=_beside(here, hook.secret_file)) for hook in settings.webhooks
        ),
    )


def _resolved(folder: Path, table: T, *names: str) -> T:
    """Return a table with the paths of these names resolved against a folder."""
    return msgspec.structs.replace(table, **{name: _beside(folder, getattr(table, name)) for name in names})


def _check_engines(path: Path, text: str, settings: Settings) -> None:
    """What the embedded engine does not take would be obeyed by nobody; what the other engine needs must be there."""
    log, index = settings.log, settings.index
    kinds: tuple[tuple[str, LogSettings | IndexSettings, str, Sequence[str]], ...]
    kinds = (("log", log, "servers", log.servers), ("index", index, "addresses", index.addresses))
    for name, table, key, places in kinds:
        defaults = type(table)()
        if table.engine == "embedded":
            idle = [one for one in table.__struct_fields__ if getattr(table, one) != getattr(defaults, one)]
            if idle:
                fail(path, text, (name, idle[0]), "expected `engine` to be set where this key is; it is embedded")
        elif not places:
            fail(path, text, (name, "engine"), f"expected `{key}` where the engine is {table.engine}; there is none")
    if log.engine == "kafka" and index.engine == "embedded":
        message = (
            "expected [index] with engine elasticsearch beside Kafka: each process has a folder of its own there, and "
            "an embedded index would be in one that the pages do not see"
        )
        fail(path, text, ("log", "engine"), message)
    if log.engine == "kafka":
        _check_log_access(path, text, log)
    if index.engine == "elasticsearch":
        _check_index_access(path, text, index)
    for i, server in enumerate(log.servers):
        host, _, port = server.rpartition(":")
        if "@" in server:  # not shown: it may hold a password
            fail(path, text, ("log", "servers", i), "expected host:port alone; got it with an @. " + _ASIDE)
        if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
            fail(path, text, ("log", "servers", i), f"expected host:port; got {server!r}")
    for i, address in enumerate(index.addresses):
        if "@" in address:
            fail(
                path, text, ("index", "addresses", i), "expected an http(s) address alone; got it with an @. " + _ASIDE
            )
        if not _is_address(address):
            fail(path, text, ("index", "addresses", i), f"expected an http(s) address; got {address!r}")


_ASIDE = "Name user and password by `user`, and `password_env` or `password_file`"


def _check_log_access(path: Path, text: str, log: LogSettings) -> None:
    """Half of what is needed to be let in would be found out late, and what security does not use, never."""
    if log.security.startswith("SASL"):
        if not log.user:
            fail(path, text, ("log", "security"), f"expected `user` where security is {log.security}; there is none")
        _check_password(path, text, "log", log)
    else:
        for key in _set(log, "user", "password_env", "password_file"):
            message = f"expected security SASL_SSL or SASL_PLAINTEXT where this key is; it is {log.security}"
            fail(path, text, ("log", key), message)
    if not log.security.endswith("SSL"):
        for key in _set(log, "ca", "certificate", "key"):
            fail(path, text, ("log", key), f"expected security SSL or SASL_SSL where this key is; it is {log.security}")
    if log.key and not log.certificate:
        fail(path, text, ("log", "key"), "expected `certificate` where this key is; there is none")


def _check_index_access(path: Path, text: str, index: IndexSettings) -> None:
    keys = _set(index, "api_key_env", "api_key_file")
    if keys and (users := _set(index, "user", "password_env", "password_file")):
        message = f"expected either an API key or a user with a password; there is `{keys[0]}` too"
        fail(path, text, ("index", users[0]), message)
    _check_password(path, text, "index", index)
    if index.ca and not any(address.startswith("https:") for address in index.addresses):
        fail(path, text, ("index", "ca"), "expected https addresses where this key is; there is none")


def _check_password(path: Path, text: str, name: str, table: LogSettings | IndexSettings) -> None:
    passwords = _set(table, "password_env", "password_file")
    if table.user and not passwords:
        message = "expected `password_env` or `password_file` where this key is; there is neither"
        fail(path, text, (name, "user"), message)
    if passwords and not table.user:
        fail(path, text, (name, passwords[0]), "expected `user` where this key is; there is none")


def _set(table: LogSettings | IndexSettings, *keys: str) -> Sequence[str]:
    """Return those of the keys that have a value."""
    return [key for key in keys if getattr(table, key)]


def _beside(folder: Path, path: str) -> str:
    return str(folder / path) if path else ""


def _check_sources(path: Path, text: str, settings: Settings) -> None:
    """All sources share their names, whatever kind they are of."""
    names: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for source in settings.sources:
        at = counts[source.kind]
        counts[source.kind] += 1
        if source.url and not _is_address(source.url, source.schemes):
            fail(path, text, (source.kind, at, "url"), f"expected an http(s) address; got {source.url!r}")
        if source.name in names:
            message = f"expected a name of its own; got {source.name!r}, which {names[source.name]} has too"
            fail(path, text, (source.kind, at, "name"), message)
        names[source.name] = f"{source.kind}[{at + 1}]"
        if source.looser is not None:
            key, message = source.looser
            fail(path, text, (source.kind, at, "policy", key), message)


def _check_locale(path: Path, text: str, settings: Settings) -> None:
    if settings.locale.time_zone not in available_timezones():
        zone = settings.locale.time_zone
        fail(path, text, ("locale", "time_zone"), f"expected a time zone such as Asia/Kolkata; got {zone!r}")


def _check_web(path: Path, text: str, settings: Settings) -> None:
    web = settings.web
    if not is_loopback(web.host) and not (web.certificate and web.key):
        message = (
            f"expected an address of this machine (127.0.0.1, localhost, ::1), or `certificate` and `key` for TLS; got "
            f"{web.host!r} without them"
        )
        fail(path, text, ("web", "host"), message)
    if not web.address:
        if web.host.strip("[]") in ("0.0.0.0", "::"):  # noqa: S104 - refused
            message = f"expected the `address` that others open too, since {web.host} is every address of this machine"
            fail(path, text, ("web", "host"), message)
        return
    if not _is_address(web.address):
        fail(path, text, ("web", "address"), f"expected an http(s) address; got {web.address!r}")
    parts = urlsplit(web.address)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        message = f"expected an https address, since tokens and people's words go over it; got {web.address!r}"
        fail(path, text, ("web", "address"), message)
    if parts.path.strip("/") or parts.query or parts.username:
        message = f"expected an address without a path or user, such as https://heard.firm.example; got {web.address!r}"
        fail(path, text, ("web", "address"), message)


def _is_address(url: str, schemes: Sequence[str] = ("http", "https")) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket that is not closed, a port that is no number or beyond 65535
        return False


def is_loopback(host: str) -> bool:
    """True for a name or address that reaches this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
