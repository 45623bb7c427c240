"""A service that changes its answers for a while, or gives lists of its own beside them: nothing is lost by it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.base import Source
from overheard.collectors.communities.bluesky import Bluesky
from overheard.collectors.communities.instagram import Instagram
from overheard.collectors.communities.mastodon import Mastodon
from overheard.collectors.communities.youtube import YouTube
from overheard.collectors.polling.pollstate import load_states, source_key
from overheard.folder import Folder
from overheard.records import PollState
from tests.collectors.polled import Polled

HOUR = timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[Polled]:
    with Folder(tmp_path / "data") as folder:
        made = Polled(folder, httpserver)
        yield made
        made.fetcher.close()
        made.log.close()


def state(world: Polled, source: Source) -> PollState:
    return load_states(world.log, [source_key(source.name)])[source_key(source.name)]


def base(world: Polled) -> str:
    return world.server.url_for("").rstrip("/")


def said(world: Polled) -> list[str]:
    return [event.data.content for event in world.events()]


def posts(world: Polled, *texts: object) -> str:
    """Return a search of Bluesky with posts of now, the newest first; None: without a text."""
    return json.dumps(
        {
            "posts": [
                {
                    "uri": f"at://did:plc:asha/app.bsky.feed.post/{len(texts) - number}",
                    "author": {"did": "did:plc:asha", "handle": "asha.example"},
                    "record": {"createdAt": (world.now - HOUR / 4).isoformat()}
                    | ({} if text is None else {"text": text}),
                    "indexedAt": world.now.isoformat(),
                }
                for number, text in enumerate(texts)
            ]
        }
    )


SEARCH = "/xrpc/app.bsky.feed.searchPosts"


def test_an_answer_of_which_nothing_can_be_used_is_said_and_its_posts_come_once_it_can(world: Polled) -> None:
    source = Bluesky(name="one", query="paperfold", api=base(world), interval=3_600)
    world.serve(SEARCH, posts(world, "first"))
    world.poll([source])
    reached = state(world, source).reached
    world.clear()
    world.serve(SEARCH, posts(world, {"value": "second"}, {"value": "first"}))
    (problem,) = world.poll([source], after=2 * HOUR).problems
    assert "posts[0].record.text" in problem.message
    assert "None of the 2 entries in it could be used" in problem.message
    assert state(world, source).reached == reached
    assert len(world.log.read("dead-letters", 0, 0, 10)) == 2
    world.clear()
    world.serve(SEARCH, posts(world, "second", "first"))
    assert world.poll([source], after=2 * HOUR).problems == ()
    assert "second" in said(world)


def test_entries_that_cannot_be_used_are_said_beside_those_that_can(world: Polled) -> None:
    source = Bluesky(name="one", query="paperfold", api=base(world), interval=3_600)
    world.serve(SEARCH, posts(world, "first"))
    world.poll([source])
    world.clear()
    world.serve(SEARCH, posts(world, "third", None, "first"))
    assert world.poll([source], after=2 * HOUR).problems == ()
    assert "could not be used when it was read last: 1." in state(world, source).note
    assert set(said(world)) == {"first", "third"}


def status(number: int, world: Polled, answers: int | None = None, **other: Any) -> dict[str, Any]:
    at = base(world)
    return {
        "id": str(number),
        "uri": f"{at}/users/asha/statuses/{number}",
        "created_at": (world.now - HOUR / 2).isoformat(),
        "content": f"<p>post {number}</p>",
        "visibility": "public",
        "in_reply_to_id": answers and str(answers),
        "account": {"id": "7", "acct": "asha", "url": f"{at}/@asha"},
        **other,
    }


def test_an_answer_is_not_another_one_where_what_it_answers_is_on_the_page_no_more(world: Polled) -> None:
    source = Mastodon(name="one", instance=base(world), tag="paperfold", interval=3_600)
    first, second = status(1, world), status(2, world, answers=1, edited_at=(world.now - HOUR / 3).isoformat())
    for shown in ([second, first], [second], [second, first]):
        world.clear()
        world.serve("/api/v1/timelines/tag/paperfold", json.dumps(shown))
        world.poll([source], after=2 * HOUR)
    assert sorted(said(world)) == ["post 1", "post 2"]


def test_what_is_said_otherwise_with_the_same_edit_time_is_a_later_version(world: Polled) -> None:
    source = Mastodon(name="one", instance=base(world), tag="paperfold", interval=3_600)
    whole = status(1, world, edited_at=(world.now - HOUR / 3).isoformat())
    for text in ("one", "two", "three"):
        world.clear()
        world.serve("/api/v1/timelines/tag/paperfold", json.dumps([{**whole, "content": f"<p>{text}</p>"}]))
        world.poll([source], after=2 * HOUR)
    versions = {event.sourceversion: event.data.content for event in world.events()}
    assert [versions[number] for number in sorted(versions)] == ["one", "two", "three"]


def test_a_key_that_expired_is_tried_again_within_hours_whatever_the_status(
    world: Polled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOUTUBE_KEY", "key-of-ours")
    source = YouTube(name="one", channel="UC7", api=base(world), token_env="YOUTUBE_KEY", interval=3_600)
    detail = {"reason": "API_KEY_INVALID", "domain": "googleapis.com"}
    error = {"code": 400, "message": "API key expired.", "status": "INVALID_ARGUMENT", "details": [detail]}
    body = json.dumps({"error": error})
    world.serve("/commentThreads", body, status=400, Content_Type="application/json")
    for _ in range(3):
        world.poll([source], after=timedelta(days=1))
    assert "It knows no such API key" in state(world, source).error
    assert state(world, source).next_due - world.now < 5 * HOUR


def test_a_list_beside_is_read_from_where_it_was_had_though_the_source_itself_is_further(
    world: Polled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comments on a picture: its newest come with each poll, all others by a list that is asked less often."""
    monkeypatch.setenv("INSTAGRAM_TOKEN", "tok-of-ours")
    source = Instagram(name="one", account="1", api=base(world), token_env="INSTAGRAM_TOKEN", interval=600)
    began = world.now - timedelta(days=1)
    comments: list[dict[str, Any]] = []

    def comment(count: int) -> None:
        for _ in range(count):
            at = world.now - timedelta(seconds=300 - len(comments) % 300)
            number = str(len(comments) + 1)
            comments.insert(0, {"id": number, "text": f"c {number}", "username": "asha", "timestamp": at.isoformat()})

    def page(path: str, begin: int) -> dict[str, Any]:
        more = {"next": f"{base(world)}{path}?after={begin + 50}"} if comments[begin + 50 :] else {}
        return {"data": comments[begin : begin + 50], "paging": more}

    def media(_: Request) -> Response:
        shown = {"id": "m", "timestamp": began.isoformat(), "comments": page("/m/comments", 0)}
        return Response(json.dumps({"data": [shown]}), content_type="application/json")

    def below(request: Request) -> Response:
        return Response(json.dumps(page("/m/comments", int(request.args["after"]))), content_type="application/json")

    world.server.expect_request("/1/media").respond_with_handler(media)
    world.server.expect_request("/m/comments").respond_with_handler(below)
    comment(60)
    world.poll([source], after=HOUR / 4)
    for _ in range(3):
        comment(60)
        world.poll([source], after=HOUR / 4)
    for _ in range(3):
        comment(1)
        world.poll([source], after=3 * HOUR)
    missed = {f"c {number}" for number in range(1, len(comments) + 1)} - set(said(world))
    assert missed == set()
