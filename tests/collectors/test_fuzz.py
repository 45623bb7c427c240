"""Every parser of what others wrote, fed with what nobody should write: no other error than InputError, and it ends.

Long: `OVERHEARD_FUZZ=seconds` looks for longer at each parser (30 by default), `OVERHEARD_FUZZ_SEED` begins elsewhere.
What was found once is in test_hostile.py.
"""

import gzip
import json
import os
import signal
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from overheard.collectors.base import Reading
from overheard.collectors.feeds.dates import moment
from overheard.collectors.feeds.decode import decoded, without_doctype
from overheard.collectors.feeds.fast import parse_plain
from overheard.collectors.feeds.feed import read_feed
from overheard.collectors.feeds.jsonfeed import read_json
from overheard.collectors.feeds.opml import read_opml
from overheard.collectors.feeds.xml import parse_any, reading_of_feed, text_of_feed
from overheard.collectors.fetching.fetch import Answer
from overheard.collectors.fetching.inflate import EncodingError, Inflater, TooLargeError
from overheard.collectors.fetching.robots import delay, refusal, robots_after
from overheard.collectors.files import read_post_file
from overheard.collectors.markup import find_urls, from_html
from overheard.collectors.pages import html
from overheard.collectors.pages.article import read_article
from overheard.collectors.pages.discovery import discover
from overheard.collectors.pages.microformats import read_entries
from overheard.collectors.pages.sitemap import read_sitemap
from overheard.collectors.pages.watched import read_links, read_text
from overheard.collectors.pages.webmention import PURPOSE, Webmention, what_it_may_become
from overheard.collectors.streaming.framing import Events, Lines
from overheard.collectors.streaming.stream import Open, Stream
from overheard.errors import ConfigError, InputError
from overheard.records import Fetch
from overheard.testing import SourceContract
from overheard.testing.documents import document_of
from overheard.testing.rules.hostile import noisy
from tests.contracts import test_communities, test_laid, test_mailbox, test_sources, test_streams

RECORDINGS = Path(__file__).resolve().parents[1] / "contracts" / "recordings"
SECONDS = float(os.environ.get("OVERHEARD_FUZZ", "30"))
SEED = int(os.environ.get("OVERHEARD_FUZZ_SEED", "1"))

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
URL = "https://site.example/it"
LIMIT = 5_000_000
ALLOWED = (InputError, ConfigError)

OPML = b"""<?xml version="1.0"?><opml version="2.0"><head><title>Mine</title></head><body>
<outline text="Tools"><outline type="rss" text="Pumps" xmlUrl="https://pumps.example/feed" htmlUrl="https://pumps.example/"/>
</outline><outline type="rss" title="Taps &amp; more" xmlUrl="https://taps.example/feed"/></body></opml>"""
ROBOTS = b"""User-agent: *\nDisallow: /private/\nAllow: /private/open$\nCrawl-delay: 3\n
User-agent: Overheard\nDisallow: /*.json\nSitemap: https://site.example/sitemap.xml\n"""
# What a parser may stumble over, one by one and many times over.
PIECES: Sequence[bytes] = (
    b"<", b">", b"<a>", b"</a>", b"<div><b>", b"</b>", b"<p>", b"<item>", b"</item>", b"<entry>", b"<url><loc>",
    b"<li>", b"<a href='/x'>", b"<table><tr><td>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?", b"<!DOCTYPE a [",
    b"<!ENTITY a 'b'>", b"&", b"&amp;", b"&#x41;", b"&#99999999;", b"&a;", b'"', b"'", b"=", b"=\"", b" a=b",
    b" class='h-entry p-name'", b"{", b"}", b"[", b"]", b'{"a":', b'{"a":1},', b"\\", b"\\u", b"\\ud800", b",", b":",
    b"\n", b"\r\n", b"\t", b" ", b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\x1b[2J", "\u202e".encode(),
    "\U0001f468\u200d".encode(), "e\u0301".encode(), b"http://", b"https://a.example/ ", b"//", b"/../", b"?a=b&",
    b"#", b"%", b"%2e", b"@", b"a@", b"a.", b"a-", b"(", b")", b"1", b"9" * 30, b"-", b"1970-01-01T00:00:00Z ",
    b"2026-02-30", b"T", b"+", b"e9", b"User-agent: a\n", b"Disallow: /*", b"*", b"$", b"<script>", b"<style>",
    b"<title>", b"<template>", b"<base href='//'>", b"<meta charset=utf-16>", b"<br", b"</", b"/>",
)  # fmt: skip


def fetched(body: bytes, headers: dict[str, str] | None = None) -> Fetch:
    return Fetch(id="f", source="s", url=URL, final_url=URL, status=200, headers=headers or {}, body=body, at=AT)


WEBMENTION = Webmention(name="s", targets=("acme.example",))


def sent(body: bytes) -> Fetch:
    """The page of a webmention; that it is HTML is seen from its beginning."""
    about = what_it_may_become("s", URL, "https://acme.example/news/seals", AT)
    return msgspec.structs.replace(fetched(body), purpose=PURPOSE, about=about)


def both_ways(body: bytes) -> None:
    """The fast way, where it is taken, gives what feedparser gives."""
    fetch = fetched(body)
    text = text_of_feed(fetch)
    plain = parse_plain(text, URL, "")
    if plain is not None and len(text) < 20_000:
        slow = parse_any(fetch, text)
        assert reading_of_feed(fetch, text, plain) == reading_of_feed(fetch, text, slow)


def fast(body: bytes) -> None:
    parse_plain(without_doctype(decoded(fetched(body)).lstrip()), URL, "")


def of_kind(held: type[SourceContract]) -> tuple[Callable[[bytes], Any], list[bytes]]:
    """What reads an answer of a kind, and the answers of its contract."""
    first = held.recordings[0].fetch(held.source)
    return (lambda body: held.source.read(msgspec.structs.replace(first, body=body))), [
        one.body for one in held.recordings
    ]


def of_stream(source: Stream) -> Callable[[bytes], Any]:
    """All that a stream does with what its server says, before anything of it is kept."""

    def take(body: bytes) -> Any:
        frames = [*Lines().feed(body + b"\n"), *Events().feed(body + b"\n\n")]
        for frame in frames:
            source.parting(frame)
            source.refusal(frame)
        for ask in (source.found, source.changes, source.profiles_in):
            with suppress(InputError, NotImplementedError):
                ask(fetched(body))
        sifted = source.sift(frames, Open(), lambda _: (), AT)
        assert len(sifted.lines) <= len(frames)
        assert all(place < len(sifted.lines) for place in (*sifted.authors, *sifted.left))
        for place, account in sifted.left.items():
            source.with_posts(sifted.lines[place], [f"at://{account}/app.bsky.feed.post/1"])
        for place in sifted.authors:
            source.with_profile(sifted.lines[place], b'{"handle":"ann.example"}')
        return [source.opening(sifted.cursor), source.missed(sifted.cursor, AT)]

    return take


def mail(body: bytes) -> Reading:
    """A mailbox with one message of these bytes, and one that is to come whatever is in the other."""
    sent = {"folder": "INBOX", "uid": 1, "validity": 1, "size": 1, "received": "2026-11-20T09:30:05Z"}
    raws = (body.decode("latin-1"), LETTER)
    messages = [{**sent, "uid": number, "raw": raw} for number, raw in enumerate(raws)]
    reading = test_mailbox.TestMailbox.source.read(fetched(json.dumps({"messages": messages}).encode()))
    assert any(one.content.startswith("The press jams") for one in reading.mentions)
    return reading


def inflated(body: bytes) -> None:
    for encoding in ("", "gzip", "deflate"):
        try:
            inflater = Inflater(encoding, LIMIT)
            for at in range(0, len(body), 16_384):
                inflater.feed(body[at : at + 16_384])
            assert len(inflater.finish()) <= LIMIT
        except (EncodingError, TooLargeError, zlib.error):
            continue


def robots(body: bytes) -> None:
    answer = Answer("fetched", 200, fetch=fetched(body))
    known = robots_after(None, answer, AT)
    refusal(known, "https://site.example/private/x?y=z")
    assert timedelta() <= delay(known) <= timedelta(minutes=5)


def text_of(body: bytes) -> str:
    return body.decode("utf-8", "surrogateescape")


def seeds(folder: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((RECORDINGS / folder).iterdir()) if path.suffix != ".headers"]


LETTER = "From: Ann <ann@other.example>\r\nTo: support@firm.example\r\nMessage-ID: <1@o>\r\n\r\nThe press jams.\r\n"
LETTERS = [
    one["raw"].encode("latin-1")
    for recording in test_mailbox.TestMailbox.recordings
    for one in json.loads(recording.body)["messages"]
]
PAGES = [*seeds("page"), *seeds("webmention")]
PARSERS: dict[str, tuple[Callable[[bytes], Any], list[bytes]]] = {
    "feed": (lambda body: read_feed(fetched(body)), seeds("feed")),
    "fast": (fast, seeds("feed")),
    "both ways": (both_ways, seeds("feed")),
    "json feed": (lambda body: read_json(fetched(body)), [one for one in seeds("feed") if one.startswith(b"{")]),
    "decode": (lambda body: without_doctype(decoded(fetched(body))), seeds("feed")),
    "dates": (lambda body: moment(text_of(body)), [b"2025-12-01T10:00:00Z", b"Mon, 01 Dec 2025 09:30:00 +0000"]),
    "opml": (lambda body: read_opml(body, "list.opml"), [OPML]),
    "sitemap": (lambda body: read_sitemap(fetched(body), timedelta(days=7)), seeds("sitemap")),
    "html": (lambda body: html.parse(html.decode(body)), PAGES),
    "article": (lambda body: read_article(body, {}, URL), PAGES),
    "microformats": (lambda body: read_entries(body, {}, URL, source="s", at=AT), PAGES),
    "discovery": (lambda body: discover(body, {"link": text_of(body[:500])}, URL), PAGES),
    "links": (lambda body: read_links(fetched(body)), PAGES),
    "text": (lambda body: read_text(fetched(body)), PAGES),
    "webmention": (lambda body: WEBMENTION.read(sent(body)), PAGES),
    "markup": (lambda body: from_html(text_of(body), base=URL), PAGES),
    "urls": (lambda body: find_urls(text_of(body)), [b"See https://a.example/x?y=1#z (and http://b.example)."]),
    "robots": (robots, [ROBOTS]),
    "inflate": (inflated, [gzip.compress(b"x" * 9_000), zlib.compress(b"words " * 900), b"plain"]),
    "files": (lambda body: read_post_file(fetched(body)), seeds("file")),
    "mail": (mail, LETTERS),
    **{
        f"answers: {held.source.kind}": of_kind(held)
        for room in (test_communities, test_laid, test_mailbox, test_streams)
        for held in vars(room).values()
        if isinstance(held, type) and issubclass(held, SourceContract) and held is not SourceContract
    },
    **{
        f"frames: {held.source.kind}": (of_stream(held.source), [one.body for one in held.recordings])
        for held in (test_streams.TestJetstream, test_streams.TestMastodonStream, test_streams.TestXStream)
    },
    **{
        f"answers: {held.source.kind}": of_kind(held)
        for held in (test_sources.TestPush, test_sources.TestGitHubWebhook, test_sources.TestDiscourseWebhook)
    },
}


def mutants(seed: bytes, dice: Random) -> Iterator[bytes]:
    """Bodies made of one: with noise, with pieces, with fields gone or odd, and several of it."""
    yield noisy(seed, dice)
    yield seed[: dice.randrange(len(seed) + 1)]
    changed = bytearray(seed)
    for _ in range(1 << dice.randrange(5)):
        at = dice.randrange(len(changed) + 1)
        changed[at : at + dice.choice((0, 0, 1, 8))] = dice.choice(PIECES) * dice.choice((1, 1, 1, 2, 50))
    yield bytes(changed)
    document = document_of(seed)
    if document is not None:
        number = dice.randrange(min(document.items, 5))
        paths = [document.item(number), *document.fields(number), *document.outside()]
        path = dice.choice(paths)
        yield document.without(path)
        yield document.having(path, dice.choice(document.values))
        yield document.having(path, dice.choice(PIECES).decode("utf-8", "replace") * dice.choice((1, 3, 100)))
    yield b"".join(dice.choice(PIECES) for _ in range(dice.randrange(60)))
    yield dice.randbytes(dice.randrange(400))


@pytest.mark.parametrize("name", [name for name in PARSERS if name.startswith(("answers", "frames", "mail"))])
def test_some_bad_bodies_of_every_kind_are_a_reading_or_an_error_of_ours(name: str) -> None:
    for number in range(1, 6):
        endures(name, number)


@pytest.mark.long
@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_ends_in_a_reading_or_an_error_of_ours(name: str) -> None:
    began, number = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        number += 1
        endures(name, number)
    print(f"{name}: {number:,} times in {SECONDS:g} s")


def endures(name: str, number: int) -> None:
    parse, bodies = PARSERS[name]
    dice = Random(f"{SEED}/{name}/{number}")
    for body in mutants(dice.choice(bodies), dice):
        try:
            with bounded(20):
                made = parse(body)
            # What is read can be sent on and written down.
            if isinstance(made, Reading):
                msgspec.json.encode(replace(made, rejected=()))
        except ALLOWED:
            continue
        except Exception as e:  # noqa: BLE001 - whatever it is, it is what is looked for
            pytest.fail(f"{name}, number {number}: {type(e).__name__}: {e}\n{body[:3_000]!r}")


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raise TimeoutError after so many seconds of processor time."""

    def end(*_: object) -> None:
        raise TimeoutError(f"expected it to end; it took more than {seconds:g} s")

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


# feedparser's own patterns take the square of what is made for them; it is read in a process that ends in time.
UNBOUNDED = {"both ways", "feed"}
_SMALL, _FACTOR = 12_000, 8


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in PARSERS if name not in UNBOUNDED])
def test_a_parser_takes_time_as_the_body_grows_and_not_its_square(name: str) -> None:
    """Eight times the body takes some eight times as long: a square would be sixty-four."""
    parse, bodies = PARSERS[name]
    slow = []
    for seed in [b"", *bodies]:
        for piece in PIECES:
            for at in {0, len(seed) // 2, len(seed)}:
                small, large = (
                    timed(parse, seed[:at] + piece * (size // len(piece)) + seed[at:])
                    for size in (_SMALL, _SMALL * _FACTOR)
                )
                if large > 0.05 and large > 32 * small:
                    slow.append(f"{piece!r} at {at} of {seed[:30]!r}: {small:.4f} s, {large:.3f} s")
    assert slow == []


def timed(parse: Callable[[bytes], Any], body: bytes) -> float:
    """Seconds of processor time, the better of two; as many as there are where it does not end."""
    best = 60.0
    for _ in range(2):
        began = time.process_time()
        try:
            with bounded(60):
                parse(body)
        except ALLOWED:
            pass
        except TimeoutError:
            return 60.0
        best = min(best, time.process_time() - began)
        if best < 0.01:
            break
    return max(best, 0.000_5)
