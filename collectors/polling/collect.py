"""Reads fetches as group "collect", and publishes what is in them: mentions with their revisions, dead letters.

    [fetches] ─▶ Source.read ─▶ [mentions] + revisions, [dead-letters] ─▶ fates, position

Each arrow is flushed before the next: whoever dies between two of them reads the fetch again, and makes the same
mentions under the same ids and versions. Which fetch has entries that wait for their pages is stored before its
position is: whoever dies while they wait publishes what is left of it (`recover`).
"""

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from overheard.collectors.base import OLDER, PAGE, Deletion, Further, Reading, Source
from overheard.collectors.polling.backfill import Page, is_within, page_of
from overheard.collectors.polling.pollstate import load_errand, load_states, save_states, source_key
from overheard.collectors.polling.reach import Sheet, sheet_of
from overheard.collectors.polling.revisions import Revised, cause_by_age, publication, revise
from overheard.collectors.polling.schedule import Seen
from overheard.errors import InputError
from overheard.log.base import Consumer, ConsumerRecord, Log, ProducerRecord
from overheard.log.deadletters import dead_letter, dead_letter_record
from overheard.policy import NO_POLICIES, bodiless
from overheard.records import (
    Cause,
    DeadLetter,
    Errand,
    Fetch,
    Mention,
    Policy,
    PollState,
    RecordError,
    Revision,
    ShownEntry,
    decode,
    digest,
    encode,
    event_for,
)
from overheard.suppression import Suppressions
from overheard.text import clean

STAGE = "collect"
# Header of a record of `mentions`: partition/offset of the record of `fetches` that it was read from.
FETCH_HEADER = "fetch"
# So many pages are asked for in one poll at most; what is left is published as it is given. A minute, at the usual gap.
_PAGES = 25
# And of a page of a back-fill, which nobody waits for.
_PAGES_OF_ERRAND = 500
_EVER = datetime.min.replace(tzinfo=UTC)
_ARRIVE = 0.25  # seconds that one look waits for a fetch that is known to be there
_LOOK = 0.25  # seconds between two looks at what others pushed
_BATCH = 500  # even, so that no mention is parted from its revision

Read = Callable[[Source, Fetch], Reading]


@dataclass(frozen=True, slots=True)
class Collected:
    """What came of one fetch: the pause that the source asks for, what was found, and what was wrong ("": nothing).

    `requests` are what else it names for this poll; `entries` all that it showed, in its order. `pages` are new
    mentions that were held back for the text of their pages; what becomes of each is for `publish`, or `keep`; `held`
    are the fetches that they are from, as in `PollState.held`, stored there until their poll is over. Of an errand
    `page` is what the page held, and `refused` why it is not what was said. `sheet` is what a page of a source held
    that has several (`Source.pages`). `units` of its source's budget were used, None where that could not be read.
    `rejected` entries could not be used. `cut` says after what it breaks off, "" where it came whole, None where it was
    not read.
    """

    ttl: timedelta | None = None
    seen: Seen | None = None
    problem: str = ""
    requests: tuple[Further, ...] = ()
    entries: tuple[ShownEntry, ...] = ()
    pages: tuple[Mention, ...] = ()
    held: tuple[str, ...] = ()
    page: Page | None = None
    refused: str = ""
    sheet: Sheet | None = None
    units: int | None = None
    rejected: int = 0
    cut: str | None = None


class Collector:
    """Reads `fetches` with its consumer, which must own all of it. Owned by one thread.

    `fates`, `fetched` and `repeated` count what was done since it was made. Mentions of people whom `suppressed` covers
    are left out. Everything raises what the log raises; nothing is lost by it.
    """

    def __init__(
        self,
        log: Log,
        consumer: Consumer,
        read: Read,
        clock: Callable[[], datetime],
        suppressed: Callable[[], Suppressions],
    ) -> None:
        self._suppressed = suppressed
        self._log = log
        self._consumer = consumer
        self.sources: Mapping[str, Source] = {}
        self._read = read
        self._clock = clock
        self._mine: Fetch | None = None
        self.fates: Counter[str] = Counter()
        self.fetched = 0
        self.repeated = 0
        self._looked = -_LOOK
        # What each fetch that was handed in used of a budget, None where it could not be read; whoever asks clears it.
        self.units: list[int | None] = []

    def publish(self, fetch: Fetch) -> Collected:
        """Store a fetch and publish its mentions; return what came of it.

        The bytes of a source whose policy keeps them from being kept never reach the log: they are read from memory.
        """
        policy = self._policies(fetch.source).get(fetch.source)
        kept = bodiless(fetch, policy) if policy is not None and "raw" in policy.without else fetch
        event = event_for(kept, subject=fetch.id, source=f"/sources/{fetch.source}", time=fetch.at)
        self._log.append([ProducerRecord("fetches", fetch.id, encode(event))], durable=True)
        self.fetched += 1
        self._mine = fetch
        try:
            collected = self.collect(mine=fetch.id)
        finally:
            self._mine = None
        self.units.append(collected.units)
        return collected

    def look(self) -> None:
        """Publish what others pushed meanwhile: whoever serves appends it to `fetches`.

        It looks a few times a second at most, since whoever asks comes by far more often.
        """
        now = time.monotonic()
        if now - self._looked < _LOOK:
            return
        self._looked = now
        if self._consumer.lag():
            self.collect()

    def _policies(self, source: str) -> Mapping[str, Policy]:
        """Return the policy of a configured source, by its name."""
        found = self.sources.get(source)
        return NO_POLICIES if found is None else {source: found.in_force}

    def delete(self, source: str, deletions: Sequence[Deletion]) -> None:
        """Publish that posts of a source are gone; harmless when it was published before."""
        now = self._clock()
        revised = [one for one in revise(self._log, deletions, {}) if one.changed]
        self._append(publication(revised, source=f"/sources/{source}", time=now, cause_of=lambda _: "live"))
        fates = {"deleted": len(revised)}
        self._consumer.commit({}, fates)
        self.fates.update(fates)

    def keep(self, mention: Mention, cause: Cause | None = None) -> None:
        """Publish a mention that was held back as its source gave it: its page could not be had or read.

        `cause` is that of an errand; else it is its source's.
        """
        if self._suppressed().covers_mention(mention):
            return
        revised = [one for one in revise(self._log, [mention], self._policies(mention.source)) if one.changed]
        self._keep(mention.source, revised, mention.first_seen, cause or self._cause(mention.source), {})

    def recover(self, source: Source, held: Sequence[str]) -> None:
        """Publish as they were given the entries that an earlier poll held back and nobody has published since.

        `held` are fetches of that poll, as in `PollState.held`. What was published since is newer, and stands. A fetch
        that is not kept any more, or whose bytes never were, tells nothing.
        """
        for one in held:
            partition, _, offset = one.partition("/")
            records = self._log.read("fetches", int(partition), int(offset), 1)
            if not records or records[0].offset != int(offset):
                continue
            try:
                fetch = decode(records[0].value or b"").data
                reading = Reading() if fetch.withheld else self._reading(source, fetch)
            except (InputError, RecordError):
                continue  # it could be read when it came, and is on `fetches` for a replay
            suppressions = self._suppressed()
            mentions = [
                mention
                for mention in reading.mentions
                if mention.id in reading.summaries and not suppressions.covers_mention(mention)
            ]
            revised = revise(self._log, mentions, self._policies(source.name))
            new = [mention for mention in revised if mention.changed and not mention.said]
            self._keep(source.name, new, fetch.at, self._cause(source.name), {FETCH_HEADER: one})

    def _keep(
        self, source: str, revised: Sequence[Revised], at: datetime, cause: Cause, headers: Mapping[str, str]
    ) -> None:
        self._append(
            publication(revised, source=f"/sources/{source}", time=at, cause_of=lambda _: cause, headers=headers)
        )
        fates = {"collected": len(revised)}
        self._consumer.commit({}, fates)
        self.fates.update(fates)

    def collect(self, *, mine: str = "") -> Collected:
        """Publish every fetch that was not yet; return what came of the one with the id `mine`."""
        collected = Collected()
        self._consumer.rewind()  # what an earlier round read and did not finish
        while record := self._next():
            try:
                source, fetch = self._opened(record)
                if fetch.withheld:
                    # An earlier run ended before it was read. What it had to remember of it was not written down
                    # either, so that the source is asked again, as if for the first time.
                    self._count(record, {"unchanged": 1})
                    continue
                reading = self._reading(source, fetch)
            except (InputError, RecordError) as e:
                self._give_up(record, e, known=record.key == mine)
                if record.key == mine:
                    collected = Collected(problem=str(e))
            else:
                # One that an earlier run left unread has nobody who would ask for its pages.
                ask = source.completes and fetch.purpose != PAGE and record.key == mine
                done = self._publish(record, fetch, reading, known=record.key == mine, ask=ask)
                if record.key == mine:
                    collected = done
        return collected

    def _next(self) -> ConsumerRecord | None:
        """Return the next fetch, one at a time since one may be 10 MB; None where all have been read."""
        records = self._consumer.poll(1, 0.0)
        while not records and self._consumer.lag():
            records = self._consumer.poll(1, _ARRIVE)
        return records[0] if records else None

    def _opened(self, record: ConsumerRecord) -> tuple[Source, Fetch]:
        event = decode(record.value or b"")
        if not isinstance(event.data, Fetch):
            raise InputError(f"expected a fetch; got {event.type}", where=record.key)
        source = self.sources.get(event.data.source)
        if source is None:
            message = f"expected a configured source; {event.data.source!r} is none any more. Configure it and replay"
            raise InputError(message, where=event.data.url)
        mine = self._mine
        return source, mine if mine is not None and mine.id == record.key else event.data

    def _reading(self, source: Source, fetch: Fetch) -> Reading:
        """Return what a source reads in a fetch; of what is about us by being there it says so."""
        reading = self._read(source, fetch)
        if not (source.is_own or source.about) or not reading.mentions:
            return reading
        told = {"own": source.is_own, "about": source.about}
        mentions = tuple(msgspec.structs.replace(one, **told) for one in reading.mentions)
        return dataclasses.replace(reading, mentions=mentions)

    def _errand(self, fetch: Fetch) -> Errand | None:
        """Return the errand that a fetch was made for; None where it was withdrawn in the meantime, or for none."""
        return load_errand(self._log, fetch.errand) if fetch.errand else None

    def _cause(self, source: str) -> Cause:
        """Return why what a source holds comes now: what it held before we first heard of it is history, no alarm."""
        state = load_states(self._log, [source_key(source)]).get(source_key(source))
        return "live" if state is not None and state.succeeded else "back-fill"

    def _publish(self, record: ConsumerRecord, fetch: Fetch, reading: Reading, *, known: bool, ask: bool) -> Collected:
        """Publish a reading: mentions with their revisions, dead letters, then fates and position.

        With `ask` the newest of those of which it has only a beginning are held back, and returned as they were given.
        Of a back-fill it is what lies within its stretch and was not heard of, as history; of an errand that was
        withdrawn nothing.
        """
        errand = self._errand(fetch)
        state = load_states(self._log, [source_key(fetch.source)]).get(source_key(fetch.source))
        polled = None if state is None else state.polled
        cause = self._cause(fetch.source) if errand is None else cause_of(errand)
        withdrawn = bool(fetch.errand) and errand is None
        filled = errand if errand and errand.kind == "back-fill" and fetch.purpose != PAGE else None
        found = [one for one in reading.mentions if not withdrawn and (filled is None or is_within(filled, one))]
        suppressions = self._suppressed()
        mentions = [one for one in found if not suppressions.covers_mention(one)]
        compares = self.sources[fetch.source].compared
        given = {one.id: bare for one in mentions if (bare := compares(one)) is not one}
        if fetch.purpose == PAGE and fetch.about is not None:
            given[fetch.about.id] = fetch.about
        # What an old page says of posts that we know may be what they said then.
        deletions = () if filled or withdrawn else reading.deletions
        there = errand is not None and errand.kind == "webmention"
        policies = self._policies(fetch.source)
        revised = revise(self._log, [*mentions, *deletions], policies, given=given, there=there, as_of=reading.as_of)
        new = [one for one in revised if one.changed and not (filled and one.said)]
        pages = _beginnings(new, reading, _PAGES if filled is None else _PAGES_OF_ERRAND) if ask else {}
        # So that whoever asks how a mention came finds the bytes that it was read from.
        here = f"{record.partition}/{record.offset}"
        origin = {FETCH_HEADER: here}
        source = f"/sources/{fetch.source}"
        now = [one for one in new if one.mention.id not in pages]
        pushed = self.sources[fetch.source].pushed
        # What was said before its source was polled at all is no news, wherever it is found later.
        began = state.began if state is not None and cause == "live" and fetch.purpose == OLDER else None
        self._append(
            publication(
                now,
                source=source,
                time=fetch.at,
                cause_of=lambda one: (
                    cause_by_age(one, fetch.at) if pushed else "back-fill" if _is_before(one, began) else cause
                ),
                headers=origin,
            )
        )
        letters = {
            entry.digest: DeadLetter(
                id=f"{record.topic}/{record.partition}/{record.offset}/{entry.digest}",
                stage=STAGE,
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                key=record.key,
                error=InputError.__name__,
                message=clean(entry.message),
                where=clean(entry.where),
                at=self._clock(),
            )
            for entry in reading.rejected
        }
        dead = self._bury(letters, known=known)
        expired = sum(one.past for one in revised)
        unchanged = len(revised) - len(new) - expired + reading.repeated + len(reading.rejected) - dead
        unchanged += len(reading.mentions) - len(found)
        suppressed = len(found) - len(mentions)
        if held := (here,) if pages and errand is None else ():
            # Of an errand nothing is lost: where it stands is stored once all of a page was published.
            self._hold(fetch, state, held)
        deleted = sum(one.verb == "Delete" for one in new)
        fates = {"collected": len(now) - deleted, "unchanged": unchanged, "suppressed": suppressed, "dead": dead}
        self._count(record, fates | {"deleted": deleted, "expired": expired})
        self.repeated += reading.repeated
        seen = Seen(
            new=[one.mention.published for one in revised if _is_new(one, polled)],
            changed=any(one.said or one.verb == "Delete" for one in new),
            held=len(reading.mentions),
            skip_hours=reading.skip_hours,
            skip_days=reading.skip_days,
        )
        outside = len(reading.mentions) - len(found)
        problem = _unusable(reading) if self.sources[fetch.source].documented_api and errand is None else ""
        return Collected(
            reading.ttl,
            seen,
            problem,
            requests=reading.requests,
            entries=tuple(_entry(self.sources[fetch.source], one) for one in reading.mentions),
            pages=tuple(pages.values()),
            held=held,
            page=page_of(filled, reading, new=len(new), outside=outside) if filled else None,
            refused=reading.refused,
            sheet=sheet_of(reading, fetch.at, fresh=bool(new)) if self._has_pages(fetch) and not problem else None,
            rejected=len(reading.rejected),
            units=self._units(fetch, reading, revised),
            cut=reading.cut,
        )

    def _units(self, fetch: Fetch, reading: Reading, revised: Sequence[Revised]) -> int:
        """Return what an answer used of its source's budget."""
        budget = self.sources[fetch.source].allowance
        if budget is None or not budget.once_a_day:
            return reading.units
        return max(reading.units - _had_today(revised, fetch.at), 0)

    def _has_pages(self, fetch: Fetch) -> bool:
        """True for a page of a source that names older ones, and is asked on its own behalf."""
        return self.sources[fetch.source].pages and not fetch.errand and fetch.purpose != PAGE

    def _hold(self, fetch: Fetch, state: PollState | None, held: tuple[str, ...]) -> None:
        """Store that entries of a fetch wait for their pages, in what is known of its source."""
        url = self.sources[fetch.source].url
        known = state or PollState(configured=url, url=url, next_due=fetch.at)
        new = msgspec.structs.replace(known, held=(*known.held, *held))
        save_states(self._log, {source_key(fetch.source): new}, self._clock())

    def _give_up(self, record: ConsumerRecord, error: Exception, *, known: bool) -> None:
        letter = dead_letter(record, STAGE, error, self._clock())
        dead = self._bury({digest("fetch", letter.where, letter.message): letter}, known=known)
        self._count(record, {"dead": dead, "unchanged": 1 - dead})

    def _bury(self, letters: Mapping[str, DeadLetter], *, known: bool) -> int:
        """Write the letters, by the digest of what is wrong; return how many.

        `known`: those that were written before are left out, so that a feed with one bad entry does not write the same
        letter with every poll. A fetch that is read again (replay, crash) gets its letters in any case.
        """
        keys = {one: f"revision/{one}" for one in letters}
        before = self._log.latest("poll-state", list(keys.values())) if known else {}
        fresh = {one: letter for one, letter in letters.items() if keys[one] not in before}
        self._append([dead_letter_record(letter) for letter in fresh.values()])
        self._append(
            [
                ProducerRecord(
                    "poll-state",
                    keys[one],
                    encode(
                        event_for(
                            Revision(hashes={}, revision=0, first_seen=letter.at),
                            subject=keys[one],
                            source=f"/{STAGE}",
                            time=letter.at,
                        )
                    ),
                )
                for one, letter in fresh.items()
            ]
        )
        return len(fresh)

    def _append(self, records: Sequence[ProducerRecord]) -> None:
        for i in range(0, len(records), _BATCH):
            self._log.append(records[i : i + _BATCH], durable=True)

    def _count(self, record: ConsumerRecord, fates: Mapping[str, int]) -> None:
        self._consumer.commit({record.partition: record.offset + 1}, fates)
        self.fates.update({fate: number for fate, number in fates.items() if number})


def _unusable(reading: Reading) -> str:
    """Return why nothing in the answer of a service could be used; "" where something could, or nothing was there.

    A service that changes its answers changes all of them.
    """
    if not reading.rejected or reading.mentions or reading.deletions:
        return ""
    first, number = reading.rejected[0], len(reading.rejected)
    return (
        f"{first.where}: {first.message}. None of the {number:,} entries in it could be used: its service may answer "
        "otherwise than before. What is said meanwhile is read once that is known"
    )


def _beginnings(new: Sequence[Revised], reading: Reading, most: int) -> dict[str, Mention]:
    """Return the newest mentions, by id, of which a reading has only a beginning, as they were given."""
    found = [one.mention for one in new if one.verb != "Delete" and one.mention.id in reading.summaries]
    newest = sorted(found, key=lambda one: one.published or _EVER, reverse=True)[:most]
    return {one.id: one for one in newest if one.url}


def _is_before(mention: Mention, began: datetime | None) -> bool:
    return began is not None and (mention.published is None or mention.published < began)


def cause_of(errand: Errand) -> Cause:
    """Return why what comes of an errand comes now: a stretch of time that is filled in is history, and no alarm."""
    return "back-fill" if errand.kind == "back-fill" else "live"


def _is_new(one: Revised, polled: datetime | None) -> bool:
    """True where a mention is new to what is remembered of its source, which was polled last at a time.

    What another source had said before is new all the same: a source's rhythm is its own. So is what a poll has
    published that was killed before it was remembered.
    """
    if one.verb == "Delete" or one.known.deleted is not None or one.past:
        return False
    return (one.changed and not one.said) or polled is None or one.known.first_seen > polled


def _had_today(revised: Sequence[Revised], at: datetime) -> int:
    """Return how many of what came were had before on that day of UTC."""
    day = at.astimezone(UTC).date()
    return sum(not one.changed and one.known.first_seen.astimezone(UTC).date() == day for one in revised)


def _entry(source: Source, mention: Mention) -> ShownEntry:
    said = mention.published
    return ShownEntry(id=mention.id, url=source.still_at(mention), at=None if said is None else int(said.timestamp()))
