"""A post that a person hands in, from the fields they filled to the incident and the profiles that it is on.

    fields ─▶ Mention, source "by hand" ─▶ [mentions] ─▶ enrich ─▶ match ─▶ index ─▶ what it landed on

Nothing is fetched: places that may not be collected are why it exists, so the text is what the person gives.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from overheard.collectors.files import read_date
from overheard.collectors.markup import MAX_TEXT, absolute_url, find_urls, one_line
from overheard.collectors.polling.revisions import publication, revise
from overheard.errors import InputError
from overheard.identities import PLATFORM_NAMES, handle_key, normal_platform
from overheard.index.base import Index
from overheard.log.deadletters import TOPIC as LETTERS
from overheard.records import Actor, Incident, Mention, Profile, decode, incident_id, mention_id
from overheard.records.mention import BY_HAND
from overheard.text import clean
from overheard.urls import canonical_url, registrable_domain
from overheard.web.base import Added, Pasted
from overheard.wiring.imports import SUPPRESSED
from overheard.wiring.policies import policies_of
from overheard.wiring.system import System

Fate = Literal["new", "changed", "unchanged"]
_SOURCE = "/add"
# Clocks differ, and so do people's notes of the hour.
_AHEAD = timedelta(hours=1)
_NAME = 500
_TITLE = 2_000
# How long an answer waits for the running workers, in seconds. An idle one takes some 0.1 s.
_PATIENCE = 10.0
_LOOK = 0.01
# Where no worker runs, the command itself enriches what waits, but not a whole import.
_MOST = 2_000


def add_post(
    system: System, lend: Callable[[], AbstractContextManager[Index]], turn: Lock, pasted: Pasted, now: datetime
) -> Added:
    """Take a post that a person hands in, and return when the index shows it (`Service.add_post`).

    `lend` lends an index to read; `turn` is held while it is decided whether the post is new. The same URL again is a
    new version of the same post. Raises InputError where a field cannot be used.
    """
    mention = mention_of(pasted, now, ZoneInfo(system.settings.locale.time_zone))
    if system.suppressed.follow().covers_mention(mention):
        msg = f"expected a post by somebody else: {SUPPRESSED}"
        raise InputError(msg)
    with turn:
        fate, partition, offset = _put(system, mention, now)
    problem = _enriched(system, partition, offset)
    waiting = system.lag()["enrich"] if problem is None else 0
    if problem == "":
        system.catch_up_match()
        system.catch_up_index()
    with lend() as index:
        incident, names = _landed(index, mention.id)
    return Added(mention.id, fate, incident, names, waiting, problem or "")


def _put(system: System, mention: Mention, now: datetime) -> tuple[Fate, int, int]:
    """Append a post that is new or changed; return what it is, its partition and offset (-1 where it is neither)."""
    (revised,) = revise(system.log, [mention], policies_of(system))
    if not revised.changed:
        return "unchanged", -1, -1
    records = publication([revised], source=_SOURCE, time=now, cause_of=lambda _: "live")
    (partition, offset), _ = system.log.append(records, durable=True)
    return "new" if revised.verb == "Create" else "changed", partition, offset


def _landed(index: Index, mention: str) -> tuple[Incident | None, dict[str, str]]:
    hit = index.get(incident_id(mention))
    if hit is None or not isinstance(hit.record, Incident):
        return None, {}
    incident = hit.record
    people = [index.get(party.subject) for party in incident.parties]
    return incident, {one.id: one.record.name for one in people if one is not None and isinstance(one.record, Profile)}


def _enriched(system: System, partition: int, offset: int) -> str | None:
    """Have a record of `mentions` enriched: "" when done, what is wrong with it, or None where it still waits."""
    with system.enriching(wait=False) as mine:
        if mine and not _is_past(system, partition, offset):
            if system.lag()["enrich"] > _MOST:
                return None
            # Only here: spaCy takes a second to load, and no other process than the workers needs it.
            from overheard.wiring.worker import run_enrich  # noqa: PLC0415

            run_enrich(system.log, Event(), until_idle=lambda: True, suppressed=system.suppressed.follow)
    deadline = time.monotonic() + _PATIENCE
    while not _is_past(system, partition, offset):
        if time.monotonic() > deadline:
            return None
        time.sleep(_LOOK)
    letter = f"mentions/{partition}/{offset}"
    record = system.log.latest(LETTERS, [letter]).get(letter)
    return "" if record is None or record.value is None else str(decode(record.value).data.message)


def _is_past(system: System, partition: int, offset: int) -> bool:
    return offset < system.log.checkpoint("enrich", "mentions").positions.get(partition, 0)


# --- the fields ------------------------------------------------------------------------------------------------------


def mention_of(pasted: Pasted, now: datetime, zone: ZoneInfo) -> Mention:
    """Return the mention that the fields make; `zone` is where a time without one is meant. Pure.

    Raises InputError, in words for who filled them in.
    """
    url = absolute_url(pasted.url)
    canonical = canonical_url(url)
    if not canonical:
        got = f"got {pasted.url.strip()[:100]!r}" if pasted.url.strip() else "it is empty"
        msg = f"expected the address of the post, such as https://www.linkedin.com/posts/…; {got}"
        raise InputError(msg, where="URL")
    text = clean(pasted.text).strip()
    title = _line(pasted.title, "title", _TITLE)
    if not text:
        msg = "expected what the post says; it is empty. The page itself is not fetched: copy the text into the field"
        raise InputError(msg, where="text")
    if len(text) > MAX_TEXT:
        msg = f"expected one post of at most {MAX_TEXT:,} characters; got {len(text):,}. Keep what is about you"
        raise InputError(msg, where="text")
    platform = platform_of(pasted, canonical)
    return Mention(
        id=mention_id(platform, url=canonical),
        type="Article" if title else "Note",
        platform=platform,
        source=BY_HAND,
        content=text,
        name=title,
        url=url,
        published=_published(pasted.published, now, zone),
        first_seen=now,
        attributed_to=_author(pasted, platform),
        links=tuple(dict.fromkeys(find_urls(text))),
    )


def platform_of(pasted: Pasted, url: str) -> str:
    """Return the platform of a post: as given with its handle, as chosen, or by the host of its canonical URL."""
    before, colon, _ = pasted.handle.partition(":")
    given = normal_platform(clean(before)) if colon and "/" not in before else ""
    if given or (given := normal_platform(clean(pasted.platform))):
        return given[:200]
    for host in (urlsplit(url).netloc, registrable_domain(url)):
        if host in PLATFORM_NAMES:
            return PLATFORM_NAMES[host]
    return "web"


def _author(pasted: Pasted, platform: str) -> Actor | None:
    name = _line(pasted.author, "author", _NAME)
    handle = _line(pasted.handle, "handle", _NAME)
    profile = absolute_url(handle)
    if profile:
        return Actor(platform=platform, name=name, url=profile)
    before, colon, after = handle.partition(":")
    handle = after.strip() if colon else before
    if (colon or handle) and (not handle_key(platform, handle) or " " in handle):
        msg = (
            "expected a handle, such as reddit:ann_lee, or the address of the author's profile; got "
            f"{pasted.handle.strip()[:100]!r}. A name goes into the field for the author"
        )
        raise InputError(msg, where="handle")
    if not (name or handle):
        return None
    return Actor(platform=platform, preferred_username=handle, name=name)


def _line(given: str, field: str, most: int) -> str:
    line = one_line(clean(given)).strip()
    if len(line) > most:
        msg = f"expected at most {most:,} characters; got {len(line):,}"
        raise InputError(msg, where=field)
    return line


def _published(given: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    given = given.strip()
    if not given:
        return None
    try:
        try:
            when = datetime.fromisoformat(given)
            when = when.replace(tzinfo=zone) if when.tzinfo is None else when
            when = when.astimezone(UTC)
        except ValueError:
            if given.strip("+-").replace(".", "").isdigit():  # a bare year would be read as seconds since 1970
                raise
            when = read_date(given)
    except (ValueError, OverflowError) as e:
        msg = f"expected a day or time, such as 2026-11-21 or 2026-11-21T17:30; got {given[:100]!r}"
        raise InputError(msg, where="published") from e
    if when > now + _AHEAD:
        msg = f"expected a time that has come; got {given[:100]!r}, which is in the future. Leave it empty if unknown"
        raise InputError(msg, where="published")
    return when
