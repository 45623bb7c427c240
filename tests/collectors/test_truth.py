from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from overheard.records import Actor, Event, Mention, event_for, mention_id
from overheard.records.base import Verb
from tests.collectors.week.truth import Promise, Truth, breaches

AT = datetime(2026, 5, 4, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
KEY = ("forum", "1")
URL = "https://forum.example/1"


def truth(**promise: bool) -> Truth:
    """Return that ada said "one" in reply to 0, as was shown."""
    found = Truth({"forum": Promise(**promise)})
    found.say("forum", "1", "ada", "one", AT, parent="0", url=URL)
    found.show(KEY)
    return found


def heard(text: str = "one", version: int = 0, verb: Verb = "Create", **other: Any) -> Event[Mention]:
    mention = Mention(
        id=mention_id("forum", "1"),
        platform="forum",
        native_id="1",
        source="forum",
        content=text,
        url=URL,
        published=AT,
        first_seen=AT,
        in_reply_to="0",
        attributed_to=Actor(platform="forum", preferred_username="ada"),
    )
    mention = msgspec.structs.replace(mention, **other)
    return event_for(mention, subject=mention.id, source="/t", time=AT, verb=verb, sourceversion=version)


def test_what_was_heard_as_it_was_said_breaches_nothing() -> None:
    assert breaches(truth(), [heard()]) == []


@pytest.mark.parametrize(
    ("events", "breach"),
    [
        ([], "lost"),
        ([heard(), heard(id="2")], "2 ids"),
        ([heard(), heard()], "versions [0, 0]"),
        ([heard(), heard(native_id="2")], "forum 2: invented"),
        ([heard("other")], "a text that it never had"),
        ([heard(in_reply_to="")], "wrong parent"),
        ([heard(url="")], "wrong permalink"),
        ([heard(attributed_to=None)], "wrong author"),
        ([heard(published=None)], "wrong time"),
        ([heard(), heard("", 1, "Delete")], "deleted, and it never was"),
    ],
)
def test_each_breach_is_found(events: list[Event[Mention]], breach: str) -> None:
    found = breaches(truth(), events)
    assert len(found) == 1
    assert breach in found[0]


def edited(truth: Truth) -> None:
    truth.edit(KEY, "two", LATER)


def deleted(truth: Truth) -> None:
    truth.delete(KEY, LATER)


@pytest.mark.parametrize(("change", "promise"), [(edited, "edits"), (deleted, "deletions")])
def test_a_change_that_was_not_heard_is_a_breach_where_it_was_promised_or_shown(
    change: Callable[[Truth], None], promise: str
) -> None:
    promised, silent, shown = truth(), truth(**{promise: False}), truth(**{promise: False})
    for one in (promised, silent, shown):
        change(one)
    shown.show(KEY)
    assert [bool(breaches(one, [heard()])) for one in (promised, silent, shown)] == [True, False, True]


def test_a_change_that_was_heard_is_none() -> None:
    found = truth()
    edited(found)
    found.show(KEY)
    assert breaches(found, [heard(), heard("two", 1, "Update")]) == []
    assert "version 1 of 2" in breaches(found, [heard(version=2), heard("two", 1, "Update")])[0]
    deleted(found)
    assert breaches(found, [heard(), heard("two", 1, "Update"), heard("", 2, "Delete")]) == []


def test_a_post_that_was_gone_before_it_was_shown_is_not_lost() -> None:
    found = Truth()
    found.say("forum", "1", "ada", "one", AT)
    assert breaches(found, []) != []
    deleted(found)
    assert breaches(found, []) == []
