"""Every recording in ../shared/data/api, by file: what is in it, counted plainly, and what of that our readers give.

python -m benchmarks.recorded [--all]

Each item is to come once, with the author, time, permalink, parent and words that a plain reading finds; `--all` lists
the files that hold none too, with the reason.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from benchmarks import counted
from benchmarks.counted import Answer, Said
from overheard.collectors.base import Reading
from overheard.collectors.communities.bluesky import read_posts as read_bluesky
from overheard.collectors.communities.discourse import read_posts as read_discourse
from overheard.collectors.communities.hackernews import read_items as read_hackernews
from overheard.collectors.communities.mastodon import read_statuses as read_mastodon
from overheard.collectors.communities.reddit import read_listing as read_reddit
from overheard.collectors.communities.x import read_posts as read_x
from overheard.collectors.communities.youtube import read_items as read_youtube
from overheard.collectors.pushed.github import GitHubWebhook
from overheard.collectors.streaming.framing import Events
from overheard.collectors.streaming.jetstream import read_events
from overheard.collectors.streaming.mastodon_stream import MastodonStream
from overheard.errors import InputError
from overheard.records import Fetch, Mention

_NOW = datetime(2026, 11, 22, tzinfo=UTC)
FIELDS = ("author", "time", "permalink", "parent", "words")
_HOOK = GitHubWebhook(name="recorded", secret_env="S")
_STREAM = MastodonStream(name="recorded", instance="http://localhost:3000", home=True, token_env="T")
READERS: Mapping[str, Callable[[Fetch], Reading]] = {
    "mastodon": read_mastodon,
    "reddit": read_reddit,
    "bluesky": read_bluesky,
    "hackernews": read_hackernews,
    "github": _HOOK.read,
    "discourse": read_discourse,
    "youtube": read_youtube,
    "x-v2": read_x,
}
# Why a file holds nothing that anybody said in public, by what it is called; the first that fits.
SILENT: Mapping[str, str] = {
    "bluesky/actor*": "a profile",
    "bluesky/*.as-from-bsky.json": "what another program makes of the file beside it",
    "bluesky/follow.*": "a follow",
    "bluesky/like.*": "a like",
    "bluesky/note_with_*": "a record without its address, so nobody can tell which post it is",
    "bluesky/quote_and_*": "a post whose address was left out, so nobody can tell which one it is",
    "discourse/private_messages.json": "letters",
    "discourse/polls_*": "votes",
    "discourse/post_action_users.json": "people who liked a post",
    "discourse/notifications.json": "that there is something new, without its text",
    "discourse/*": "people, badges, groups, settings",
    "github/fork/*": "a fork",
    "github/star/*": "a star",
    "mastodon/test_conversations.yaml": "letters",
    "mastodon/*direct]*": "letters",
    "mastodon/*private]*": "said to followers alone",
    "mastodon/test_notification_requests_accept.yaml": "letters",
    "mastodon/test_search.yaml": "a search that found accounts alone",
    "mastodon/test_scheduled_status.yaml": "statuses that are not published yet",
    "mastodon/test_trending_statuses.yaml": "an empty list",
    "mastodon/test_favourites.yaml": "an empty list",
    "mastodon/test_trending_links.yaml": "pages, which nobody says",
    "mastodon/*": "accounts, servers, settings, errors",
    "microformats/*": "read in tests/collectors/test_microformats.py beside the suite's own answers",
    "reddit/*": "users, votes, settings, errors",
    "x-v2/testdata/apis/dm_events/*": "letters",
    "x-v2/testdata/apis/space/*": "spaces, which are spoken",
    "x-v2/testdata/apis/*": "users, lists, counts, media, tokens",
    "x-v2/testdata/models/*": "a part of an answer",
    "x-v2/testdata/streams/*": "rules of the stream",
    "youtube/testdata/modeldata/*": "a part of an answer, or what nobody says",
    "youtube/testdata/*": "channels, playlists, categories, captions, errors, settings",
}


@dataclass
class Row:
    """What a file holds (`items`), how many of these came (`found`), and how many fields of theirs are equal.

    `wrong` says what is not, a line each; `rejected` what was refused in words.
    """

    file: str
    items: int = 0
    found: int = 0
    gone: int = 0
    equal: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """Why the file holds nothing; "" where no reason is known."""
        return next((why for name, why in SILENT.items() if fnmatch(self.file, name)), "")


def row_of(path: Path) -> Row:
    """Return what became of a file."""
    row = Row(path.relative_to(counted.API).as_posix())
    if row.file.split("/")[0] in READERS:
        for answer in counted.answers(path):
            _compare(row, answer)
    return row


def _compare(row: Row, answer: Answer) -> None:
    wanted = counted.items(answer)
    row.items += len(wanted)
    reading = _reading(answer)
    if isinstance(reading, InputError):
        if wanted:
            row.wrong.append(f"{answer.url}: {len(wanted)} items, and none was read: {reading}")
        return
    row.rejected += [f"{one.where}: {one.message}" for one in reading.rejected]
    mentions = {one.native_id: one for one in reading.mentions}
    # What a stream says is gone it names by an id of its own server's, which is no native id.
    gone = {one.mention.native_id for one in reading.deletions if one.mention.native_id}
    if len(mentions) < len(reading.mentions):
        row.wrong.append(f"{answer.url}: the same item came twice")
    row.wrong += [f"{answer.url}: {id_} came, and is not there" for id_ in (mentions.keys() | gone) - wanted.keys()]
    for id_, said in wanted.items():
        if said.gone and id_ in gone:
            row.found += 1
            row.gone += 1
        elif not said.gone and id_ in mentions:
            row.found += 1
            differing = _differing(mentions[id_], said)
            row.equal.update(name for name in FIELDS if name not in differing)
            row.wrong += [f"{answer.url}: {id_}: {name}: {what}" for name, what in differing.items()]
        else:
            row.wrong.append(f"{answer.url}: {id_} did not come" + (" as a deletion" if said.gone else ""))


def _reading(answer: Answer) -> Reading | InputError:
    try:
        return reader_of(answer)(fetch_of(answer))
    except InputError as e:
        return e


def fetch_of(answer: Answer) -> Fetch:
    """Return an answer as what the poller hands to a source; of a stream what its connection keeps: a line each."""
    body = b"\n".join(Events().feed(answer.body + b"\n\n")) if _is_stream(answer) else answer.body
    return Fetch(id="f", source="recorded", url=answer.url, final_url=answer.url, status=200, body=body, at=_NOW)


def reader_of(answer: Answer) -> Callable[[Fetch], Reading]:
    """Return what reads an answer."""
    if "jsonl" in answer.file:
        return read_events
    return _STREAM.read if _is_stream(answer) else READERS[answer.file.split("/")[0]]


def _is_stream(answer: Answer) -> bool:
    return "event-stream" in answer.headers.get("content-type", "")


def _differing(mention: Mention, said: Said) -> dict[str, str]:
    """Return the fields in which a mention is not what is said, with both values."""
    actor = mention.attributed_to
    names = ("", "") if actor is None else (actor.preferred_username, actor.name or actor.native_id, actor.native_id)
    words = counted.words(mention.name, mention.content)
    pairs = {
        "author": (said.author if said.author in names else "|".join(names), said.author),
        "time": (mention.published and mention.published.replace(microsecond=0), said.time),
        "permalink": (mention.url, said.permalink),
        "parent": (mention.in_reply_to, said.parent),
        "words": (words, said.said),
    }
    return {name: f"{ours!r}, and not {theirs!r}" for name, (ours, theirs) in pairs.items() if ours != theirs}


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--all", action="store_true", help="list the files that hold nothing too, with the reason")
    given = arguments.parse_args()
    if not counted.API.is_dir():
        print("skipped: no ../shared/data/api beside the repository")
        return
    rows = [row_of(path) for path in counted.files()]
    print(f"{'file':72} {'items':>6} {'found':>6} {'gone':>5}" + "".join(f"{name:>10}" for name in FIELDS))
    for row in rows:
        if row.items or row.wrong:
            print(_line(row))
        elif given.all:
            print(f"{row.file:72} {row.reason or 'NO REASON KNOWN'}")
    total = Row("all")
    for row in rows:
        total.items, total.found, total.gone = total.items + row.items, total.found + row.found, total.gone + row.gone
        total.equal.update(row.equal)
    print(_line(total))
    silent = [row for row in rows if not row.items]
    print(f"{len(rows) - len(silent)} files with items, {len(silent)} without any (--all says why)")
    wrong = [f"{row.file}: {one}" for row in rows for one in row.wrong]
    print("\n".join(wrong))
    rejected = [f"{row.file}: {one}" for row in rows for one in row.rejected]
    print(f"{len(wrong)} differences; {len(rejected)} things refused in words")
    sys.exit(bool(wrong))


def _line(row: Row) -> str:
    of = row.items - row.gone
    shares = "".join(f"{row.equal[name]:>5} {row.equal[name] / of if of else 1:4.0%}" for name in FIELDS)
    return f"{row.file:72} {row.items:6,} {row.found:6,} {row.gone:5}{shares}"


if __name__ == "__main__":
    main()
