"""Beginning: a firm's site and feeds read over the network, settings and watch list written, the first look taken."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from overheard.collectors.feeds.feed import Feed
from overheard.collectors.fetching.fetch import Answer, Fetcher, Limits
from overheard.collectors.pages.discovery import Discovery, discover, guesses, looks_like_feed
from overheard.config.settings import Settings
from overheard.config.watchlist import COMMON, WatchList, load_watchlist
from overheard.crm.rows import ImportReport
from overheard.errors import ConfigError
from overheard.index.base import Page as Found
from overheard.index.base import Search
from overheard.index.query import Value
from overheard.onboard.address import addresses_of, domain_of, loopback_host
from overheard.onboard.answers import Answers, ChosenFeed
from overheard.onboard.page import FoundFeed, Page, read_page
from overheard.onboard.site import MAX_PAGES, Findings, find, name_of_domain, pages_to_read, why_not
from overheard.onboard.steps import Known
from overheard.onboard.write import Draft, settings_text, watch_text
from overheard.records import Fetch
from overheard.wiring.erasure import restore_list
from overheard.wiring.imports import bring_contacts
from overheard.wiring.kinds import load_settings
from overheard.wiring.system import System, serving, throwaway

# A page of a firm is some 100 kB; what is larger than this is no page to read.
_LIMITS = Limits(body=5_000_000, total=15.0, connect=5.0, gap=1.0)
# Somebody waits: a site of nine pages that answers at once takes a quarter of a minute.
_PATIENCE = 45.0
# Addresses that are asked for a feed where a page names none.
_GUESSES = 3
SETTINGS_FILE = "overheard.toml"
WATCH_FILE = "watch.toml"
_NO_MAP: Mapping[str, str] = {}
Tell = Callable[[str], None]


def _silent(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Files:
    """The two files of a beginning: the settings, and the watch list that they name or that stands beside them."""

    settings: Path
    watch: Path

    @classmethod
    def at(cls, config: Path) -> "Files":
        """Return the files of settings at a path, which need not be there. Raises ConfigError for wrong settings."""
        watch = load_settings(config).watch if config.exists() else ""
        return cls(config, Path(watch) if watch else config.parent / WATCH_FILE)


def known_from(files: Files) -> Known:
    """Return what the files say already; of those that are not there nothing. Raises ConfigError for wrong ones."""
    settings = load_settings(files.settings) if files.settings.exists() else Settings()
    watchlist = load_watchlist(files.watch) if files.watch.exists() else WatchList()
    return Known(answers_from(settings, watchlist), common=COMMON)


def answers_from(settings: Settings, watchlist: WatchList) -> Answers:
    """Return what settings and watch list say, as answers."""
    return Answers(
        name=settings.firm.name,
        domain=settings.firm.domain,
        language=settings.locale.language,
        region=settings.locale.region,
        currency=settings.locale.currency,
        time_zone=settings.locale.time_zone,
        terms=watchlist.terms,
        always=tuple(source.source for source in watchlist.sources),
        feeds=tuple(ChosenFeed(one.name, one.url, one.interval) for one in settings.sources if isinstance(one, Feed)),
        contact=settings.http.contact,
        allow_hosts=settings.http.allow_hosts,
        to=settings.mail.to,
        sender=settings.mail.sender,
        smtp_host=settings.mail.host,
        smtp_port=settings.mail.port,
        smtp_security=settings.mail.security,
        smtp_user=settings.mail.user,
        password_env=settings.mail.password_env,
    )


def read_site(
    typed: str,
    *,
    limits: Limits = _LIMITS,
    tell: Tell = _silent,
    patience: float = _PATIENCE,
    clock: Callable[[], float] = time.monotonic,
) -> Findings:
    """Return what a firm's site says: its home page, and up to eight more, one after the other.

    `typed` is what a person typed; a site of this machine may be read, since it was named. `tell` is called with each
    address before it is asked. After `patience` seconds of `clock` no other page is asked for. What was not had is
    among the notes. Raises InputError where `typed` is no address.
    """
    addresses = addresses_of(typed)
    fetcher = _fetcher(addresses[0], limits)
    began = clock()
    notes: list[str] = []
    home: Page | None = None
    for address in addresses:
        tell(address)
        answer = fetcher.fetch("site", address)
        home = _page(answer)
        if home is not None:
            break
        notes.append(_why_not(address, answer, home=True))
        if answer.status:  # it is there, and says no: by another scheme it would say the same
            break
    if home is None:
        domain = domain_of(addresses[0])
        return replace(find((), notes=notes[:1]), domain=domain, name=name_of_domain(domain))
    pages = [home]
    notes.clear()
    asked = {home.url}
    # Twice, since a page of frames leads to the page that has the links.
    for _ in range(2):
        for url in pages_to_read(pages):
            if url in asked or len(asked) > MAX_PAGES:
                continue
            if clock() - began > patience:
                notes.append(f"{pages[0].url} answers so slowly that not all of it was read. Add what is missing.")
                return find(pages, notes=notes)
            asked.add(url)
            tell(url)
            answer = fetcher.fetch("site", url)
            page = _page(answer)
            if page is None:
                notes.append(_why_not(url, answer, home=False))
            else:
                pages.append(page)
    return find(pages, notes=notes)


def find_feeds(typed: str, *, limits: Limits = _LIMITS) -> tuple[tuple[FoundFeed, ...], tuple[str, ...]]:
    """Return the feeds of a site that a person named, or the feed that the address is; and notes on what was not had.

    Raises InputError where `typed` is no address.
    """
    addresses = addresses_of(typed)
    fetcher = _fetcher(addresses[0], limits)
    note = ""
    for address in addresses:
        answer = fetcher.fetch("site", address)
        if answer.fetch is not None:
            url = answer.fetch.final_url or address
            if looks_like_feed(answer.fetch.body):
                return (FoundFeed(url),), ()
            found = _discovered(answer.fetch)
            feeds = _shown(found) or _guessed(fetcher, url, found, answer.fetch.body)
            if feeds:
                return feeds[:3], ()
            return (), (f"{url} names no feed. Look there for “RSS” or “Feed”, and give that address.",)
        note = note or _why_not(address, answer, home=False)
        if answer.status:
            break
    return (), (note,)


def _fetcher(url: str, limits: Limits) -> Fetcher:
    """Return a client for one site. Who asks is the firm itself, or its reader: the site's own address says so."""
    host = loopback_host(url)
    return Fetcher(contact=url, allow=(host,) if host else (), limits=replace(limits, gap=0.0) if host else limits)


def _page(answer: Answer) -> Page | None:
    """Return the page that came, None where none did or what came says that it is something else."""
    if answer.fetch is None:
        return None
    fetch = answer.fetch
    kind = fetch.headers.get("content-type", "")
    if kind and not any(word in kind.lower() for word in ("html", "xml", "text")):
        return None
    page = read_page(fetch.body, url=fetch.final_url or fetch.url, content_type=kind)
    return replace(page, feeds=_shown(_discovered(fetch)))


def _discovered(fetch: Fetch) -> Discovery:
    return discover(fetch.body, fetch.headers, fetch.final_url or fetch.url)


def _shown(found: Discovery) -> tuple[FoundFeed, ...]:
    """Return the feeds that a page names, without those of comments."""
    return tuple(FoundFeed(feed.url, feed.title) for feed in found.feeds)


def _guessed(fetcher: Fetcher, url: str, found: Discovery, body: bytes) -> tuple[FoundFeed, ...]:
    """Return the first feed that is where sites of this kind have theirs; one address is asked after the other."""
    for guess in [one for one in guesses(url, found, body) if not one.comments][:_GUESSES]:
        answer = fetcher.fetch("site", guess.url)
        if answer.fetch is not None and looks_like_feed(answer.fetch.body):
            return (FoundFeed(guess.url),)
    return ()


def _why_not(url: str, answer: Answer, *, home: bool) -> str:
    kind = answer.headers.get("content-type", "")
    message = f"expected a web page; got {kind[:80]!r}" if answer.kind == "fetched" else answer.message
    return why_not(url, answer.status, message, home=home)


def drafts(files: Files, answers: Answers) -> tuple[Draft, ...]:
    """Return the files as they are and as the answers would have them; only those that say anything.

    Each was read back as settings and watch list, and says what was answered. Raises ConfigError where it does not:
    then the file that is there is written in a way that cannot be changed by us.
    """
    watched = bool(answers.terms or answers.always)
    old = _text(files.settings)
    watch = ""
    if watched and not (old is not None and load_settings(files.settings).watch):
        watch = os.path.relpath(files.watch, files.settings.parent)
    found = [Draft(files.settings, old, settings_text(old, answers, watch))]
    if watched:
        old = _text(files.watch)
        found.append(Draft(files.watch, old, watch_text(old, answers.terms, answers.always)))
    _check(found, answers, watched)
    return tuple(found)


def _check(found: list[Draft], answers: Answers, watched: bool) -> None:
    with TemporaryDirectory(prefix="overheard-") as folder:
        paths = [Path(folder) / name for name in ("overheard.toml", "watch.toml")]
        for path, draft in zip(paths, found, strict=False):
            path.write_text(draft.new, encoding="utf-8")
        said = answers_from(load_settings(paths[0]), load_watchlist(paths[1]) if watched else WatchList())
    if _by_name(said) != _by_name(answers):
        names = " and ".join(draft.path.name for draft in found)
        msg = (
            f"{names}: expected to say what was answered once it is written; it would not, since the file there is "
            "written in a way that cannot be changed without you. Move it away and begin again, or change it by hand"
        )
        raise ConfigError(msg)


def _by_name(answers: Answers) -> Answers:
    """Return answers without the order of their lists, which files may keep differently."""
    return replace(
        answers,
        terms=tuple(sorted(answers.terms, key=lambda term: term.id)),
        feeds=tuple(sorted(answers.feeds, key=lambda feed: feed.name)),
    )


def _text(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as e:
        msg = f"{path.name}: expected UTF-8; got other bytes. Save the file as UTF-8"
        raise ConfigError(msg) from e


def write(found: tuple[Draft, ...]) -> None:
    """Write drafts, each whole or not at all, the watch list first: the settings name it. Raises OSError."""
    for draft in reversed(found):
        if not draft.changes:
            continue
        draft.path.parent.mkdir(parents=True, exist_ok=True)
        new = draft.path.with_name(f".{draft.path.name}.new")
        new.write_text(draft.new, encoding="utf-8")
        with suppress(FileNotFoundError):
            new.chmod(draft.path.stat().st_mode & 0o777)
        new.replace(draft.path)


def contacts_report(
    file: str, settings: Settings, folder: Path, *, mapping: Mapping[str, str] = _NO_MAP
) -> ImportReport:
    """Return what bringing in a list of contacts would do; nothing is written, and no folder made.

    Raises ConfigError and InputError for a file that cannot be read.
    """
    if folder.exists():
        with System(folder, settings, guest=serving(folder) is not None) as system:
            if not system.guest:
                restore_list(system)
            return bring_contacts(system, file, mapping=mapping, dry_run=True)
    with throwaway(settings) as system:
        return bring_contacts(system, file, mapping=mapping, dry_run=True)


def without_network(settings: Settings) -> Settings:
    """Return the settings with nothing to poll."""
    return msgspec.structs.replace(settings, sources=())


def first_results(system: System, limit: int = 5) -> Found:
    """Return the newest incidents that the folder has."""
    with closing(system.index(reading=system.guest)) as index:
        return index.search(Search(Value("kind", "incident"), limit=limit, highlight=True))
