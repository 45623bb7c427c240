"""Sources that each break one rule of the contract, and keep the others as far as that is possible."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

import msgspec
from msgspec import Meta

from overheard.collectors.base import Deletion, Further, Reading, Rejected, Source
from overheard.errors import InputError
from overheard.policy import in_force
from overheard.records import Fetch, Mention, Policy, mention_id
from tests.contracts.overheard_forum import Forum

URL = "https://forum.example/latest.json"


class Bad(Forum, frozen=True, kw_only=True):
    """The forum, spoilt."""

    # What is done to each mention that it reads.
    spoil: ClassVar[Callable[[Mention], Mention]] = staticmethod(lambda mention: mention)

    def read(self, fetch: Fetch) -> Reading:
        reading = super().read(fetch)
        return replace(reading, mentions=tuple(type(self).spoil(one) for one in reading.mentions))


def changed(**fields: Any) -> type[Bad]:
    """Return a forum whose mentions all have these values."""
    return spoilt(lambda mention: msgspec.structs.replace(mention, **fields))


def spoilt(spoil: Callable[[Mention], Mention]) -> type[Bad]:
    """Return a forum whose mentions are all spoilt in one way, by a name that is the same in every process."""
    name = f"Spoilt{sum(one.startswith('Spoilt') for one in globals())}"
    namespace = {"spoil": staticmethod(spoil)}
    made = msgspec.defstruct(name, [], bases=(Bad,), namespace=namespace, module=__name__, frozen=True, kw_only=True)
    globals()[name] = made
    return cast(type[Bad], made)


class NoKind(Bad, frozen=True, kw_only=True):
    kind = "http"


class NotPicklable(Bad, frozen=True, kw_only=True):
    def __reduce__(self) -> Any:
        raise TypeError("cannot pickle it")


class TakesAnyKey(Source, frozen=True, kw_only=True, forbid_unknown_fields=False):
    kind = "any"

    def read(self, fetch: Fetch) -> Reading:
        return Forum(name=self.name, url=self.url).read(fetch)


class Changes(Source, frozen=False, kw_only=True):  # type: ignore[misc]
    kind = "changes"

    def read(self, fetch: Fetch) -> Reading:
        return Forum(name=self.name, url=self.url).read(fetch)


class NeedsAnOption(Bad, frozen=True, kw_only=True):
    board: str
    needed: int


class HidesOptions(Bad, frozen=True, kw_only=True):
    @property
    def options(self) -> str:
        return ""


class HidesANumber(Bad, frozen=True, kw_only=True):
    """Of an option that is 0 by default, and else a hundred at least."""

    least: Annotated[int, Meta(multiple_of=100)] = 0

    @property
    def options(self) -> str:
        return ""


class BacksOnNothing(Bad, frozen=True, kw_only=True):
    kind_policy: ClassVar[Policy] = Policy(without=("author_email",))


class OfTermsNobodyRead(Bad, frozen=True, kw_only=True):
    kind_policy: ClassVar[Policy] = Policy(export="link", terms="https://forum.example/terms")


class TakesItsOwnersWord(Bad, frozen=True, kw_only=True):
    kind_policy: ClassVar[Policy] = Policy(retention=30, terms="https://forum.example/terms", read_on=date(2025, 12, 1))

    @property
    def looser(self) -> tuple[str, str] | None:
        return None


class AllowsMore(Bad, frozen=True, kw_only=True):
    kind_policy: ClassVar[Policy] = Policy(text=500, terms="https://forum.example/terms", read_on=date(2025, 12, 1))

    @property
    def in_force(self) -> Policy:
        return in_force(self.kind_policy, self.policy, free=True)


class TellsSecrets(Bad, frozen=True, kw_only=True):
    api_key: str = ""

    @property
    def options(self) -> str:
        return "same"


class CannotRead(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        raise InputError("expected something else; got this", where=fetch.url)


class Counts(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        _SEEN.append(fetch.id)
        return replace(super().read(fetch), repeated=len(_SEEN))


_SEEN: list[str] = []


class OfTheHashSeed(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        return replace(super().read(fetch), ttl=timedelta(seconds=300 + hash("a seed") % 1_000))


class OfTheTimeZone(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        reading = super().read(fetch)
        local = [
            msgspec.structs.replace(
                one, published=datetime.fromtimestamp(time.mktime((2025, 12, 1, 0, 0, 0, 0, 0, 0)), UTC)
            )
            for one in reading.mentions
        ]
        return replace(reading, mentions=tuple(local))


class Remembers(Bad, frozen=True, kw_only=True):
    """What it read last is left out where it reads something else."""

    def read(self, fetch: Fetch) -> Reading:
        before = bool(_LAST) and fetch.id not in _LAST
        _LAST[:] = [fetch.id]
        return replace(super().read(fetch), repeated=int(before))


_LAST: list[str] = []


class OpensAFile(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        with Path("/dev/null").open("rb") as file:
            file.read()
        return super().read(fetch)


class LooksAtTheClock(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        datetime.now(UTC)
        return super().read(fetch)


class OfTheFetch(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        reading = super().read(fetch)
        native = [msgspec.structs.replace(one, native_id=f"{one.native_id}/{fetch.at}") for one in reading.mentions]
        return replace(reading, mentions=tuple(_with_id(one) for one in native))


class Doubles(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        reading = super().read(fetch)
        return replace(reading, mentions=reading.mentions + reading.mentions[:1])


class Numbers(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        reading = super().read(fetch)
        numbered = [
            _with_id(msgspec.structs.replace(one, native_id=f"{i}-{one.native_id}"))
            for i, one in enumerate(reading.mentions)
        ]
        return replace(reading, mentions=tuple(numbered))


def _with_id(one: Mention) -> Mention:
    return msgspec.structs.replace(one, id=mention_id(one.platform, one.native_id))


class Asks(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        return replace(super().read(fetch), requests=(Further("/t/99", "thread"), Further("/t/99", "")))


class AsksMuch(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        return replace(super().read(fetch), requests=tuple(Further(f"{URL}?p={n}", "page") for n in range(200)))


class SumsUpOthers(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        return replace(super().read(fetch), summaries=frozenset({"men_of_none"}))


class QuotesTheDeleted(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        reading = super().read(fetch)
        gone = [Deletion(msgspec.structs.replace(one.mention, content="What it said")) for one in reading.deletions]
        return replace(reading, deletions=tuple(gone))


class NeverPauses(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        return replace(super().read(fetch), ttl=timedelta(0), skip_hours=frozenset({24}))


class CountsBackwards(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        return replace(super().read(fetch), repeated=-1)


class FailsWhenCut(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        try:
            json.loads(fetch.body)
        except ValueError as e:
            if "Unterminated string" in str(e):
                raise IndexError("no end") from e
        return super().read(fetch)


class FailsOnNoise(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        if b"posts" in fetch.body and fetch.body.count(b"\n    {") != 4 and not fetch.body.isascii():
            fetch.body.decode("ascii")
        return super().read(fetch)


class TrustsContentTypes(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        charset = fetch.headers["content-type"].partition("charset=")[2] or "utf-8"
        fetch.body.decode(charset, "replace")
        return super().read(fetch)


class Spoils(Bad, frozen=True, kw_only=True):
    """One bad entry, and no other is read."""

    def read(self, fetch: Fetch) -> Reading:
        reading = super().read(fetch)
        if reading.rejected:
            raise InputError(f"expected good posts; got {reading.rejected[0].message}", where=fetch.url)
        return reading


class NeedsADate(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        reading = super().read(fetch)
        if any(one.published is None for one in reading.mentions):
            raise InputError("expected a time in each post; got one without", where=fetch.url)
        return reading


class FailsOnEntries(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        with_posts = re.match(rb'.{0,60}"posts"\s*:\s*\[\s*[^{\s]', fetch.body)
        if with_posts:
            raise AttributeError("'str' object has no attribute 'get'")
        return super().read(fetch)


class OddWhole(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        reading = super().read(fetch)
        more = json.loads(fetch.body).get("page")
        return replace(reading, repeated=0 * int(more["number"]))


class Loses(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        return replace(super().read(fetch), rejected=())


class SaysLittle(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        reading = super().read(fetch)
        return replace(reading, rejected=tuple(Rejected("", "bad post", one.digest) for one in reading.rejected))


class TakesNothing(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        return super().read(fetch) if fetch.body.strip() else Reading()


class TakesPages(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        return Reading() if b"<html" in fetch.body else super().read(fetch)


class TakesErrors(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        return Reading() if fetch.body.startswith(b'{"error"') else super().read(fetch)


class Recurses(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        try:
            return super().read(fetch)
        except InputError:
            if fetch.body.startswith(b"[[["):
                raise RecursionError("maximum recursion depth exceeded") from None
            raise


class Unpacks(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        if fetch.body.startswith(b"\x1f\x8b"):
            bytearray(2 << 30)
        return super().read(fetch)


class FailsOnDates(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        for post in json.loads(fetch.body)["posts"] if b"created" in fetch.body[:5_000] and _whole(fetch.body) else ():
            if isinstance(post, dict) and isinstance(post.get("created"), int):
                datetime.fromtimestamp(post["created"], UTC)
        return super().read(fetch)


def _whole(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


class Slow(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        reading = super().read(fetch)
        count = len(fetch.body) // 1_000
        for _ in range(count):
            fetch.body.count(b"what is not there")
        return reading


class Long(Bad, frozen=True, kw_only=True):
    def read(self, fetch: Fetch) -> Reading:
        reading = super().read(fetch)
        return replace(
            reading,
            mentions=tuple(
                msgspec.structs.replace(one, content=one.content + "word " * (len(fetch.body) // 5))
                for one in reading.mentions
            ),
        )


# Each rule, and sources that break it.
BAD: dict[str, list[Source]] = {
    "has_a_kind": [NoKind(name="f", url=URL)],
    "asks_over_http": [Forum(name="f", url="forum.example/latest")],
    "settings_round_trip": [NotPicklable(name="f", url=URL)],
    "settings_forbid_unknown_keys": [TakesAnyKey(name="f", url=URL)],
    "settings_are_fixed": [Changes(name="f", url=URL)],
    "options_change_their_digest": [HidesOptions(name="f", url=URL), HidesANumber(name="f", url=URL)],
    "keeps_its_secrets": [TellsSecrets(name="f", url=URL)],
    "its_policy_holds": [
        BacksOnNothing(name="f", url=URL),
        OfTermsNobodyRead(name="f", url=URL),
        TakesItsOwnersWord(name="f", url=URL),
        AllowsMore(name="f", url=URL),
    ],
    "is_documented": [Forum(name="f", url=URL)],
    "every_option_is_documented": [NeedsAnOption(name="f", url=URL, board="", needed=1)],
    "recordings_are_read": [CannotRead(name="f", url=URL), Forum(name="f", url=URL, board="none")],
    "the_same_fetch_gives_the_same_reading": [Counts(name="f", url=URL)],
    "reads_the_same_elsewhere": [OfTheHashSeed(name="f", url=URL), OfTheTimeZone(name="f", url=URL)],
    "keeps_no_memory": [Remembers(name="f", url=URL)],
    "asks_for_nothing": [OpensAFile(name="f", url=URL)],
    "looks_at_no_clock": [LooksAtTheClock(name="f", url=URL)],
    "ids_do_not_depend_on_the_fetch": [OfTheFetch(name="f", url=URL)],
    "ids_are_distinct": [Doubles(name="f", url=URL)],
    "ids_are_of_what_is_native": [
        spoilt(lambda one: msgspec.structs.replace(one, id=f"men_{one.native_id}"))(name="f", url=URL)
    ],
    "ids_survive_reordering": [Numbers(name="f", url=URL)],
    "ids_survive_edits": [
        spoilt(lambda one: _with_id(msgspec.structs.replace(one, native_id=one.content[:200])))(name="f", url=URL)
    ],
    "mentions_name_their_source": [changed(source="forum.example")(name="f", url=URL)],
    "addresses_are_absolute": [
        changed(url="/t/99")(name="f", url=URL),
        changed(links=("www.site.example",))(name="f", url=URL),
    ],
    "times_have_a_zone": [changed(published=datetime(2025, 12, 1))(name="f", url=URL)],  # noqa: DTZ001
    "times_are_of_the_web": [
        changed(published=datetime(1970, 1, 21, tzinfo=UTC))(name="f", url=URL),
        changed(updated=datetime(2061, 1, 21, tzinfo=UTC))(name="f", url=URL),
    ],
    "first_seen_is_when_it_came": [changed(first_seen=datetime(2025, 12, 1, tzinfo=UTC))(name="f", url=URL)],
    "text_is_plain": [
        changed(content="<p>Some <b>words</b></p>")(name="f", url=URL),
        changed(content="Bell \x07 rings")(name="f", url=URL),
        changed(content="Fish &amp; chips")(name="f", url=URL),
        changed(name="Two\nlines")(name="f", url=URL),
    ],
    "texts_are_bounded": [Long(name="f", url=URL)],
    "authors_are_accounts": [
        spoilt(lambda one: _by(one, preferred_username="Jo Doe"))(name="f", url=URL),
        spoilt(lambda one: _by(one, platform="elsewhere"))(name="f", url=URL),
        spoilt(lambda one: _by(one, email="nobody"))(name="f", url=URL),
    ],
    "answers_name_what_they_answer": [
        spoilt(lambda one: msgspec.structs.replace(one, in_reply_to=one.native_id))(name="f", url=URL)
    ],
    "mentions_can_be_kept": [changed(likes="many")(name="f", url=URL), changed(type="Post")(name="f", url=URL)],
    "counts_are_counts": [CountsBackwards(name="f", url=URL), changed(replies=-3)(name="f", url=URL)],
    "requests_are_bounded": [Asks(name="f", url=URL), AsksMuch(name="f", url=URL)],
    "what_it_says_of_mentions_is_of_its_mentions": [SumsUpOthers(name="f", url=URL)],
    "deletions_are_bare": [QuotesTheDeleted(name="f", url=URL)],
    "pauses_are_pauses": [NeverPauses(name="f", url=URL)],
    "may_be_cut_anywhere": [FailsWhenCut(name="f", url=URL)],
    "may_be_noise": [FailsOnNoise(name="f", url=URL)],
    "may_have_any_content_type": [TrustsContentTypes(name="f", url=URL)],
    "a_missing_field_harms_no_other": [Spoils(name="f", url=URL), NeedsADate(name="f", url=URL)],
    "a_field_of_another_type_harms_no_other": [Spoils(name="f", url=URL), NeedsADate(name="f", url=URL)],
    "an_entry_of_another_type_harms_no_other": [FailsOnEntries(name="f", url=URL), Spoils(name="f", url=URL)],
    "the_whole_may_be_odd": [OddWhole(name="f", url=URL)],
    "what_is_left_out_is_said": [Loses(name="f", url=URL)],
    "what_is_rejected_is_explained": [SaysLittle(name="f", url=URL)],
    "an_empty_body_is_an_error": [TakesNothing(name="f", url=URL)],
    "an_error_page_is_an_error": [TakesPages(name="f", url=URL)],
    "an_error_in_json_is_an_error": [TakesErrors(name="f", url=URL)],
    "deep_nesting_ends": [Recurses(name="f", url=URL)],
    "a_bomb_ends": [Unpacks(name="f", url=URL)],
    "dates_may_be_of_any_time": [FailsOnDates(name="f", url=URL)],
    "time_grows_with_size": [Slow(name="f", url=URL)],
}


def _by(one: Mention, **fields: Any) -> Mention:
    if one.attributed_to is None:
        return one
    return msgspec.structs.replace(one, attributed_to=msgspec.structs.replace(one.attributed_to, **fields))
