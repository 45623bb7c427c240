"""A post that is gone where it was said is gone here, whichever came first, under each of its addresses."""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from overheard.collectors.base import Deletion
from overheard.collectors.communities.discourse import read_posts
from overheard.collectors.files import ImportReport, import_mentions, map_mentions, read_mentions, read_post_file
from overheard.collectors.polling.revisions import publication, revise
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Event, Fetch, Mention, decode, mention_id
from overheard.table import BadRow, open_table

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CONTEXT = "https://www.w3.org/ns/activitystreams"
ID = "https://social.example/users/asha/statuses/1"
URL = "https://social.example/@asha/1"
ACTOR = "https://social.example/users/asha"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with Folder(tmp_path) as folder, closing(EmbeddedLog(folder)) as log:
        yield log


def at(hours: int) -> str:
    return (NOW - timedelta(hours=hours)).isoformat()


def note(text: str = "The lathe hums", **fields: Any) -> dict[str, Any]:
    return {"type": "Note", "id": ID, "url": URL, "content": text, "published": at(9), "attributedTo": ACTOR} | fields


def activity(kind: str, thing: Any, **fields: Any) -> dict[str, Any]:
    return {"@context": CONTEXT, "type": kind, "id": f"{ID}#{kind}", "actor": ACTOR, "object": thing} | fields


def another(row: dict[str, Any], n: int) -> dict[str, Any]:
    """The same of a post of its own."""
    text = json.dumps(row).replace("statuses/1", f"statuses/{n}x").replace("@asha/1", f"@asha/{n}x")
    return dict(json.loads(text))


def read(*rows: dict[str, Any], now: datetime = NOW) -> list[Mention | Deletion | BadRow]:
    with open_table(io.BytesIO("\n".join(map(json.dumps, rows)).encode() + b"\n"), name="posts") as table:
        return list(read_mentions(table, map_mentions(table), now=now, source="mastodon"))


def bring(log: EmbeddedLog, *rows: dict[str, Any], now: datetime = NOW) -> ImportReport:
    return import_mentions(log, read(*rows, now=now), now)


def newest(log: EmbeddedLog) -> list[Event[Any]]:
    """The newest version of each mention: what a fold of the topic comes to."""
    events: dict[str, Event[Any]] = {}
    for partition in range(log.topics["mentions"].partitions):
        first, end = log.span("mentions", partition)
        for record in log.read("mentions", partition, first, 500) if end > first else ():
            event = decode(record.value or b"")
            held = events.get(event.subject)
            rank = (event.sourceversion, event.verb == "Delete")
            if held is None or rank >= (held.sourceversion, held.verb == "Delete"):
                events[event.subject] = event
    return list(events.values())


def standing(log: EmbeddedLog) -> list[str]:
    return [event.data.content for event in newest(log) if event.verb != "Delete"]


TOMBSTONE = {"type": "Tombstone", "id": ID, "formerType": "Note", "deleted": at(1)}
DELETIONS = [
    activity("Delete", ID, published=at(1)),
    activity("Delete", {"type": "Note", "id": ID}, published=at(1)),
    activity("Delete", TOMBSTONE),
    activity("Update", TOMBSTONE),
    {"@context": CONTEXT, **TOMBSTONE},
]


@pytest.mark.parametrize("gone", DELETIONS)
def test_a_delete_or_tombstone_is_a_deletion_of_the_post_with_that_id(gone: dict[str, Any]) -> None:
    [row] = read(gone)
    assert isinstance(row, Deletion)
    assert row.mention.id == mention_id("", url=ID)
    assert (row.mention.text, row.mention.attributed_to) == ("", None)
    assert row.at == NOW - timedelta(hours=1)


@pytest.mark.parametrize("gone", DELETIONS)
def test_a_deletion_takes_its_post_by_the_id_where_that_has_another_url(log: EmbeddedLog, gone: dict[str, Any]) -> None:
    assert bring(log, activity("Create", note())).fates["collected"] == 1
    assert bring(log, gone).fates == {"collected": 0, "unchanged": 0, "dead": 0, "deleted": 1}
    [event] = newest(log)
    assert (event.verb, event.subject) == ("Delete", mention_id("", url=URL))
    assert event.data.text == ""


def test_create_update_and_delete_in_any_order_end_the_same(log: EmbeddedLog) -> None:
    rows = [
        activity("Create", note("first"), published=at(9)),
        activity("Update", note("second"), published=at(5)),
        activity("Delete", TOMBSTONE),
    ]
    for n, order in enumerate(permutations(rows)):
        mine = [
            json.loads(json.dumps(row).replace("statuses/1", f"statuses/{n}x").replace("@asha/1", f"@asha/{n}x"))
            for row in order
        ]
        bring(log, *mine)
        assert standing(log) == [], n
        assert "deleted" not in bring(log, *mine).fates


def test_a_post_that_was_edited_after_its_deletion_is_there_again_in_any_order(log: EmbeddedLog) -> None:
    rows = [
        activity("Create", note("first")),
        activity("Delete", {**TOMBSTONE, "deleted": at(5)}),
        activity("Update", note("back", updated=at(1))),
    ]
    for n, order in enumerate(permutations(rows)):
        mine = [
            json.loads(json.dumps(row).replace("statuses/1", f"statuses/{n}x").replace("@asha/1", f"@asha/{n}x"))
            for row in order
        ]
        bring(log, *mine)
        assert standing(log) == ["back"] * (n + 1)


def test_a_copy_of_a_deleted_post_does_not_bring_it_back(log: EmbeddedLog) -> None:
    bring(log, note(**{"@context": CONTEXT}))
    bring(log, activity("Delete", ID))
    for copy in (note(**{"@context": CONTEXT}), note("a feed has it in other words", **{"@context": CONTEXT})):
        assert bring(log, copy, now=NOW + timedelta(hours=1)).fates["unchanged"] == 1
    assert standing(log) == []


def test_a_deletion_without_a_time_is_of_when_it_was_heard_and_told_once(log: EmbeddedLog) -> None:
    bring(log, note(**{"@context": CONTEXT}))
    assert bring(log, activity("Delete", ID)).fates["deleted"] == 1
    assert bring(log, activity("Delete", ID), now=NOW + timedelta(hours=1)).fates["unchanged"] == 1


def test_the_deletion_of_a_post_that_was_never_heard_is_remembered_and_published_to_nobody(log: EmbeddedLog) -> None:
    assert bring(log, activity("Delete", ID)).fates["deleted"] == 1
    assert newest(log) == []
    assert bring(log, activity("Create", note())).fates["unchanged"] == 1
    assert newest(log) == []


def test_a_deletion_by_native_id_is_of_its_platform(log: EmbeddedLog) -> None:
    bring(log, {"@context": CONTEXT, "id": "7", "type": "Note", "content": "x", "platform": "forum"})
    bring(log, activity("Delete", "7", platform="other"))
    assert standing(log) == ["x"]
    bring(log, activity("Delete", "7", platform="forum"))
    assert standing(log) == []


def test_an_update_edits_at_the_time_of_the_activity(log: EmbeddedLog) -> None:
    bring(log, activity("Update", note("new"), published=at(1)), activity("Create", note("old")))
    bring(log, activity("Update", note("between"), published=at(3)))
    assert standing(log) == ["new"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (activity("Delete", ACTOR), "expected the deletion of a post; got that of its author"),
        (activity("Delete", {"type": "Person", "id": ACTOR}), "expected the deletion of a post"),
        (activity("Update", {"type": "Person", "id": ACTOR, "name": "Asha"}), "expected a post; got what is told of"),
        (activity("Delete", {"type": "Tombstone"}), "expected an id or a URL"),
        (activity("Delete", ID, published="soon"), "expected a date"),
    ],
)
def test_what_is_no_deletion_of_a_post_is_told_with_its_line(row: dict[str, Any], said: str) -> None:
    [bad] = read(row)
    assert isinstance(bad, BadRow)
    assert said in str(bad.error)
    assert bad.error.where.startswith("posts:1")


def test_a_polled_file_says_which_posts_are_gone() -> None:
    body = "\n".join(map(json.dumps, [activity("Create", note()), activity("Delete", TOMBSTONE)])).encode()
    fetch = Fetch(
        id="f", source="outbox", url="https://s.example/", final_url="https://s.example/", status=200, body=body, at=NOW
    )
    reading = read_post_file(fetch)
    assert [one.source for one in reading.mentions] == ["outbox"]
    assert [(one.mention.source, one.at) for one in reading.deletions] == [("outbox", NOW - timedelta(hours=1))]


def test_a_post_that_a_forum_hid_and_shows_again_is_there_again_and_a_copy_from_before_is_not(log: EmbeddedLog) -> None:
    said = {"topic_id": 5, "post_number": 2, "cooked": "<p>It hums</p>", "version": 1, "hidden": False,
            "hidden_reason_id": None, "created_at": at(9), "updated_at": at(9)}  # fmt: skip

    def polled(hours: int, **fields: Any) -> list[str]:
        document = json.dumps({"latest_posts": [said | fields]}).encode()
        url = "https://forum.example/posts.json"
        when = NOW - timedelta(hours=hours)
        reading = read_posts(Fetch(id="f", source="s", url=url, final_url=url, status=200, body=document, at=when))
        revised = revise(log, [*reading.mentions, *reading.deletions], {}, as_of=reading.as_of)
        log.append(publication(revised, source="/sources/s", time=when, cause_of=lambda _: "live"))
        return standing(log)

    assert polled(8) == ["It hums"]
    assert polled(6, hidden=True, hidden_reason_id=1, cooked="<p>This was flagged.</p>", updated_at=at(7)) == []
    assert polled(5) == []
    assert polled(3, hidden_reason_id=1, updated_at=at(4)) == ["It hums"]
    assert polled(2, hidden=True, hidden_reason_id=2, updated_at=at(2)) == []
    assert polled(1, hidden_reason_id=1, updated_at=at(4)) == []
    assert polled(0, hidden_reason_id=2, updated_at=at(1)) == ["It hums"]
