"""Answers of every kind of source, made bad field by field: an error in words, never a wrong post, no other harmed.

Own recordings and those of the shared data. Long: `OVERHEARD_FUZZ=seconds` looks longer, `OVERHEARD_FUZZ_SEED` begins
elsewhere.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any

import msgspec
import pytest

import tests.beside  # noqa: F401
from benchmarks import counted, recorded
from overheard.collectors.base import Reading
from overheard.errors import InputError
from overheard.records import Fetch, Mention
from overheard.testing import SourceContract
from tests.contracts import test_communities, test_laid, test_mailbox, test_sources, test_streams

SECONDS = float(os.environ.get("OVERHEARD_FUZZ", "30"))
SEED = int(os.environ.get("OVERHEARD_FUZZ_SEED", "1"))

GONE = object()
# What is no id, no time and no flag that is set.
NOTHINGS: tuple[Any, ...] = (GONE, None, False, "", [], [[]], {}, {"a": [None]})
VALUES: tuple[Any, ...] = (
    *NOTHINGS, True, 1.5, 17, -1, 10**30, "x", "\ud800\x00", "2100-02-30", "https://[", "at://", "t1_", "x" * 3_000,
)  # fmt: skip

# Where a post is known by something else when one field is not there: by kind and field, with the reason.
KNOWN_OTHERWISE = {
    ("facebook_page", "from"): "without it one's own words are not known to be one's own",
    ("instagram", "from"): "so here",
    ("facebook_page", "is_published"): "false is how it says that a post is not there for all",
    ("x", "referenced_tweets"): "without it a repost is not known to be one, and is what it says itself",
    ("x", "includes"): "without what a repost shares it is what it says itself",
    ("feed", ""): "feeds have guids, links and titles, of which one is enough",
    ("file", ""): "a table's rows are known by an id or a URL, within what they say is their platform",
    ("push", ""): "so is what is pushed",
    ("page", ""): "pages are known by their address",
    ("leads", ""): "a lead is known by what it says where it has no number",
}
# What holds several: a bad one takes all that is in it along, and is said.
HOLDS = {("reddit", "kind"), ("mailbox", "raw"), ("discourse", "type")}


@dataclass(frozen=True)
class Case:
    """An answer that is to be made bad: its document, and how one of those is read."""

    name: str
    kind: str
    fetch: Fetch
    source: Callable[[Fetch], Reading]
    document: Any
    lines: bool = False

    def read(self, document: Any) -> Reading:
        rows = document if self.lines else [document]
        body = b"\n".join(json.dumps(one).encode() for one in rows)
        return self.source(msgspec.structs.replace(self.fetch, body=body))


def case_of(name: str, kind: str, source: Callable[[Fetch], Reading], fetch: Fetch) -> Case | None:
    """Return the case of a fetch; None for what is not JSON."""
    try:
        return Case(name, kind, fetch, source, json.loads(fetch.body))
    except ValueError:
        try:
            rows = [json.loads(line) for line in fetch.body.split(b"\n") if line.strip()]
        except ValueError:
            return None
        return Case(name, kind, fetch, source, rows, lines=True)


@cache
def own() -> Sequence[Case]:
    rooms = (test_sources, test_communities, test_laid, test_mailbox, test_streams)
    held = {one for room in rooms for one in vars(room).values() if isinstance(one, type)} - {SourceContract}
    contracts = sorted((one for one in held if issubclass(one, SourceContract)), key=lambda one: one.__name__)
    made = [
        case_of(f"{one.source.kind}/{recording.name}", one.source.kind, one.source.read, recording.fetch(one.source))
        for one in contracts
        for recording in one.recordings
    ]
    return [one for one in made if one is not None]


@cache
def shared() -> Sequence[Case]:
    """Answers of the shared data that hold something, up to a size that is read in milliseconds."""
    made = []
    for path in counted.files():
        service = path.relative_to(counted.API).parts[0]
        if service not in recorded.READERS or (path.suffix == ".yaml" and not _has_yaml()):
            continue
        for answer in counted.answers(path):
            if len(answer.body) < 30_000 and counted.items(answer):
                fetch = recorded.fetch_of(answer)
                case = case_of(answer.file, service.removesuffix("-v2"), recorded.reader_of(answer), fetch)
                made.append(case)
    return [one for one in made if one is not None]


def some() -> Sequence[Case]:
    """Each fifth of them, from another one on with another seed."""
    return shared()[SEED % 5 :: 5]


def _has_yaml() -> bool:
    try:
        import yaml  # type: ignore[import-untyped]  # noqa: F401
    except ImportError:
        return False
    return True


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        yield from places(one, (*path, key))


def ids(reading: Reading) -> tuple[set[str], set[str]]:
    return {one.id for one in reading.mentions}, {one.mention.id for one in reading.deletions}


def harm(case: Case, dice: Random) -> str:
    """Make one field of a case bad; return what is wrong with what came of it, "" where nothing is."""
    *inside, last = path = dice.choice(list(places(case.document)))
    value = dice.choice(VALUES)
    document = deepcopy(case.document)
    at = document
    for key in inside:
        at = at[key]
    was = at[last]
    if value is GONE:
        del at[last]
    else:
        at[last] = value
    shown = f"{case.name}, {'.'.join(map(str, path))} {'gone' if value is GONE else f'as {str(value)[:30]!r}'}"
    before, gone = ids(case.read(case.document))
    try:
        reading = case.read(document)
        msgspec.json.encode(reading.mentions)
    except InputError as e:
        return "" if "expected" in str(e) else f"{shown}: expected words as 'expected …'; {e}"
    except Exception as e:  # noqa: BLE001 - whatever it is, it is what is looked for
        return f"{shown}: {type(e).__name__}: {e}"
    after, deleted = ids(reading)
    names = {one for one in path if isinstance(one, str)} | {""}
    excused = any((case.kind, name) in KNOWN_OTHERWISE for name in names)
    is_nothing = any(value is one for one in NOTHINGS)
    lost = before - after - deleted
    if is_nothing and not excused and (fresh := (after | deleted) - before - gone):
        return f"{shown}: {len(fresh)} posts with an id that nothing has"
    if is_nothing and (deleted - gone) and not excused:
        return f"{shown}: {len(deleted - gone)} posts deleted that nobody deleted"
    if not isinstance(was, dict | list):
        if len(lost) > 1 and not any((case.kind, name) in HOLDS for name in names):
            return f"{shown}: {len(lost)} posts lost by one field of one"
        if lost and is_nothing and not (reading.rejected or after - before or excused):
            return f"{shown}: a post left out in silence"
    return ""


@pytest.mark.parametrize("kind", sorted({one.kind for one in own()}))
def test_a_bad_field_of_an_answer_makes_no_wrong_post_and_harms_no_other(kind: str) -> None:
    dice = Random(f"{SEED}/{kind}")
    cases = [one for one in own() if one.kind == kind]
    assert [one for one in (harm(dice.choice(cases), dice) for _ in range(120)) if one] == []


needs_shared = pytest.mark.skipif(
    not counted.API.is_dir(), reason="the shared recordings (../shared/data/api) are not here"
)


@needs_shared
def test_a_bad_field_of_a_real_answer_makes_no_wrong_post_and_harms_no_other() -> None:
    dice = Random(f"{SEED}/shared")
    assert [one for one in (harm(dice.choice(shared()), dice) for _ in range(600)) if one] == []


@needs_shared
def test_a_real_answer_that_ends_early_is_an_error_in_words() -> None:
    dice = Random(f"{SEED}/cut")
    for case in some():
        body = case.fetch.body.rstrip()
        cut = body[: dice.randrange(1, len(body))]
        if case.lines:
            reading = case.source(msgspec.structs.replace(case.fetch, body=body[:-9]))
            assert len(reading.rejected) == 1, case.name
            continue
        with pytest.raises(InputError, match="expected"):
            case.source(msgspec.structs.replace(case.fetch, body=cut))


# ---- What is no error of anybody's -----------------------------------------------------------------------------------


def turned(value: Any, name: str = "") -> Any:
    """Return a document with ids that are numbers as texts, and the other way round."""
    if isinstance(value, dict):
        return {key: turned(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [turned(one, name) for one in value]
    if name == "id" or name.endswith(("_id", "Id", "_ids")):
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and value.isdigit() and str(int(value)) == value:
            return int(value)
    return value


def doubled(value: Any) -> Any:
    """Return a document each of whose lists of things says them twice."""
    if isinstance(value, list):
        inner = [doubled(one) for one in value]
        return inner * 2 if inner and isinstance(inner[0], dict) else inner
    return {key: doubled(one) for key, one in value.items()} if isinstance(value, dict) else value


def posts_of(reading: Reading) -> dict[str, Mention]:
    return {one.id: one for one in reading.mentions}


@needs_shared
def test_ids_of_real_answers_may_be_numbers_or_texts() -> None:
    for case in some():
        before, after = case.read(case.document), case.read(turned(case.document))
        assert posts_of(after) == posts_of(before), case.name
        assert len(after.rejected) == len(before.rejected), case.name


@needs_shared
def test_a_real_answer_that_repeats_itself_gives_each_post_once() -> None:
    for case in some():
        before, after = case.read(case.document), case.read(doubled(case.document))
        assert [one.id for one in after.mentions] == [one.id for one in before.mentions], case.name
        assert {one.mention.id for one in after.deletions} == {one.mention.id for one in before.deletions}, case.name


_TIMES = {"created_at", "createdAt", "created_utc", "publishedAt", "indexedAt", "time", "submitted_at", "published_at"}


def _at(value: Any, when: datetime) -> Any:
    """Return a document in which everything was said at a time."""
    if isinstance(value, dict):
        times = {key: one for key, one in value.items() if key in _TIMES and one and isinstance(one, str | int | float)}
        said = {key: when.isoformat() if isinstance(one, str) else when.timestamp() for key, one in times.items()}
        return {key: _at(one, when) for key, one in value.items()} | said
    return [_at(one, when) for one in value] if isinstance(value, list) else value


@needs_shared
@pytest.mark.parametrize("year", [1970, 2001, 2100, 9998])
def test_a_real_answer_by_a_clock_that_is_wrong_is_read_all_the_same(year: int) -> None:
    when = datetime(year, 1, 2, tzinfo=UTC)
    for case in some():
        before, after = case.read(case.document), case.read(_at(case.document, when))
        assert posts_of(after).keys() == posts_of(before).keys(), case.name
        assert len(after.rejected) == len(before.rejected), case.name
        msgspec.json.encode(after.mentions)


def _without_authors(value: Any) -> Any:
    """Return a document in which every account is gone, as its service says that."""
    if isinstance(value, dict):
        gone: dict[str, Any] = {
            "author": "[deleted]" if isinstance(value.get("author"), str) else None,
            "user": None,
            "users": [],
        }
        kept = {key: _without_authors(one) for key, one in value.items()}
        return kept | {key: one for key, one in gone.items() if key in value}
    return [_without_authors(one) for one in value] if isinstance(value, list) else value


@needs_shared
@pytest.mark.parametrize("service", ["reddit", "github", "discourse", "x"])
def test_posts_of_accounts_that_are_gone_are_posts_of_nobody(service: str) -> None:
    cases = [one for one in shared() if one.kind == service][::5]
    for case in cases:
        before, after = case.read(case.document), case.read(_without_authors(case.document))
        assert posts_of(after).keys() == posts_of(before).keys(), case.name
        assert len(after.rejected) == len(before.rejected), case.name
        if service in ("reddit", "github"):
            assert all(one.attributed_to is None for one in after.mentions), case.name
        if service == "x":  # of whom the id is told, and nothing else
            assert not any(one.attributed_to.preferred_username for one in after.mentions if one.attributed_to)
    assert cases


@pytest.mark.long
@pytest.mark.parametrize("where", ["own", "shared"])
def test_no_bad_field_is_found_that_makes_a_wrong_post(where: str) -> None:
    cases = own() if where == "own" else shared()
    if not cases:
        pytest.skip("the shared recordings (../shared/data/api) are not here")
    began, number, found = time.monotonic(), 0, []
    while time.monotonic() - began < SECONDS * 4:
        number += 1
        dice = Random(f"{SEED}/{where}/{number}")
        if words := harm(dice.choice(cases), dice):
            found.append(f"number {number}: {words}")
    print(f"{where}: {number:,} bad answers in {SECONDS * 4:g} s")
    assert found == []
