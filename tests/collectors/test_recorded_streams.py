"""What real servers told, recorded: every post of it is read once, with its author, time, address, parent and text."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from overheard.collectors.streaming.framing import Events
from overheard.collectors.streaming.jetstream import Jetstream
from overheard.collectors.streaming.mastodon_stream import MastodonStream
from overheard.collectors.streaming.stream import Open
from overheard.records import Fetch

API = Path(__file__).resolve().parents[3] / "shared" / "data" / "api"
NOW = datetime(2026, 8, 2, 12, tzinfo=UTC)


def fetch(source: Jetstream | MastodonStream, body: bytes) -> Fetch:
    return Fetch(id="f", source=source.name, url=source.url, final_url=source.url, status=200, body=body, at=NOW)


def test_every_post_of_a_recorded_jetstream_is_read_and_all_else_is_no_post() -> None:
    path = API / "bluesky" / "jetstream_golden_v1.jsonl"
    if not path.exists():
        pytest.skip(f"needs {path.name} of the shared data")
    source = Jetstream(name="bluesky")
    body = path.read_bytes()
    events = [json.loads(line) for line in body.splitlines()]
    posts = [one for one in events if one.get("commit", {}).get("collection") == "app.bsky.feed.post"]
    reading = source.read(fetch(source, body))
    assert not reading.rejected
    assert len(reading.mentions) == len(posts) > 0
    for mention, event in zip(reading.mentions, posts, strict=True):
        record = event["commit"]["record"]
        assert mention.content == record["text"]
        assert mention.native_id == f"at://{event['did']}/app.bsky.feed.post/{event['commit']['rkey']}"
        assert mention.attributed_to is not None
        assert mention.attributed_to.native_id == event["did"]
        assert mention.published == datetime.fromisoformat(record["createdAt"])
        assert mention.in_reply_to == record.get("reply", {}).get("parent", {}).get("uri", "")
        assert event["commit"]["rkey"] in mention.url
    sifted = source.sift(body.splitlines(), Open(), lambda _: (), NOW)
    assert (len(sifted.lines), sifted.odd) == (len(posts), 0)
    assert sifted.cursor == str(max(one["time_us"] for one in events))


@pytest.mark.parametrize("name", ["test_stream_user_local", "test_stream_user_direct", "test_stream_direct"])
def test_every_public_status_of_a_recorded_stream_of_mastodon_is_read(name: str) -> None:
    path = API / "mastodon" / f"{name}.yaml"
    if not path.exists():
        pytest.skip(f"needs {path.name} of the shared data")
    yaml = pytest.importorskip("yaml")
    source = MastodonStream(name="home", instance="http://localhost:3000", home=True, token_env="T")
    for one in yaml.safe_load(path.read_text("utf-8"))["interactions"]:
        headers = one["response"]["headers"]
        if not any("event-stream" in value for value in headers.get("Content-Type", [])):
            continue
        framer = Events()
        raw = one["response"]["body"]["string"]
        frames = framer.feed((raw if isinstance(raw, bytes) else raw.encode()) + b"\n\n")
        told = [json.loads(frame) for frame in frames]
        public = [
            each["payload"]
            for each in told
            if each["event"] in ("update", "status.update") and each["payload"]["visibility"] in ("public", "unlisted")
        ]
        if not frames:
            continue
        reading = source.read(fetch(source, b"\n".join(frames)))
        assert not reading.rejected
        said = {each["uri"] for each in public if each["reblog"] is None}
        # What was deleted within the recording is gone, and nothing else is missing.
        assert len(said) - len(reading.deletions) <= len(reading.mentions) <= len(said)
        assert {each.native_id for each in reading.mentions} <= said
        assert all(each.attributed_to is not None and each.published and each.url for each in reading.mentions)
