"""A firehose of real posts over a WebSocket, from bytes read to those that pass written, on one core.

python -m benchmarks.bench_firehose [--posts N] [--terms 10000 1000000]

Each number of terms in a process of its own, since memory is printed. Posts are those of the load set as events of
Jetstream, sent by another process as fast as they are taken. The limit is the raw automaton over their lower-cased
texts, and the JSON of the events decoded: no bytes of a network, no words' ends, no links, nothing written.
"""

import argparse
import asyncio
import gzip
import json
import multiprocessing
import random
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import ahocorasick_rs
import msgspec
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from benchmarks.common import (
    REFERENCE_TOKENS_PER_SECOND,
    SEED,
    SHARED,
    bare_pipe_tokens_per_second,
    mean_tokens,
    report,
)
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.collect import STAGE
from overheard.collectors.polling.poller import Poller
from overheard.collectors.polling.pollstate import load_states, source_key
from overheard.collectors.streaming.jetstream import Jetstream
from overheard.enrich.sieve import Door, Sieve
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Term
from overheard.text import fold
from overheard.wiring.system import utc_now

LOAD = SHARED / "load" / "reddit_posts_188k.ndjson.gz"
# Posts a second of one core where bare `nlp.pipe` makes 20,000 tokens; and the least share of the limit.
TARGETS = {10_000: 40_000, 1_000_000: 25_000}
RATIO = 0.1
# What a post of Bluesky may have.
LONGEST = 300
# Names that stand in posts; all other terms are pairs of words that hardly ever do, as most names on a long list are.
SAID = 1_000


def texts_of(limit: int) -> list[str]:
    if not LOAD.exists():
        print("skipped: no ../shared/data/load beside the repository")
        sys.exit(0)
    with gzip.open(LOAD, "rt", encoding="utf-8") as lines:
        posts = [json.loads(line) for _, line in zip(range(limit), lines, strict=False)]
    return [f"{post['title']}\n{post['selftext']}"[:LONGEST].rstrip() for post in posts]


def event_of(number: int, text: str, dice: random.Random) -> bytes:
    """Return a post as Jetstream tells it; every tenth has a link, every tenth a picture, a third answer others."""
    record: dict[str, object] = {"$type": "app.bsky.feed.post", "createdAt": "2026-05-25T14:23:28.757Z"}
    record["langs"] = ["en"]
    if number % 10 == 0:
        link = {"$type": "app.bsky.richtext.facet#link", "uri": f"https://example.org/{number}"}
        record["facets"] = [{"index": {"byteStart": 0, "byteEnd": 10}, "features": [link]}]
    if number % 10 == 1:
        record["embed"] = {"$type": "app.bsky.embed.images", "images": [{"alt": "A picture", "image": {}}]}
    if number % 3 == 0:
        other = {
            "cid": "bafyreiainko5un5pbcdosvxpbisjnjzemojnry6nsgtdftdgslbu37kxai",
            "uri": f"at://did:plc:o/x/{number}",
        }
        record["reply"] = {"parent": other, "root": other}
    record["text"] = text
    commit = {
        "rev": "3mmoojpaqkn2z",
        "operation": "create",
        "collection": "app.bsky.feed.post",
        "rkey": f"3m{number:011d}",
        "record": record,
        "cid": "bafyreicl7rzkxdrm4zz2ehbx52kuk3mvfow6p3gzfys72r5grvskxoswy4",
    }
    did = f"did:plc:{dice.getrandbits(120):024x}"[:32]
    whole = {"did": did, "time_us": 1_779_719_009_157_119 + number * 2_000, "kind": "commit", "commit": commit}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def terms_of(texts: Sequence[str], count: int, dice: random.Random) -> list[Term]:
    """Return names of the corpus's own words: some rare ones that stand in it, the rest pairs that hardly ever do."""
    seen: dict[str, int] = {}
    for text in texts:
        for word in set(text.split()):
            if word.isalnum() and len(word) >= 4:
                word = fold(word)  # noqa: PLW2901
                seen[word] = seen.get(word, 0) + 1
    words = sorted(seen)
    rare = [word for word in words if seen[word] <= 2]
    aliases = dict.fromkeys(dice.sample(rare, min(SAID, len(rare))))
    while len(aliases) < count:
        aliases[f"{dice.choice(words)} {dice.choice(words)}"] = None
    return [Term(id=f"t{i}", kind="company", aliases=(alias,)) for i, alias in enumerate(aliases)]


def serve(path: str, port: "multiprocessing.Queue[int]") -> None:
    """Send all bytes of a file to whoever connects, as fast as they are taken."""
    frames = Path(path).read_bytes()

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = ServerProtocol()
        while protocol.state.name == "CONNECTING":
            protocol.receive_data(await reader.read(65_536))
            for request in protocol.events_received():
                protocol.send_response(protocol.accept(request))  # type: ignore[arg-type]
            writer.write(b"".join(protocol.data_to_send()))
        for at in range(0, len(frames), 1 << 20):
            writer.write(frames[at : at + (1 << 20)])
            await writer.drain()
        await reader.read()

    async def run() -> None:
        server = await asyncio.start_server(send, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def measure(count: int, limit: int) -> bool:
    dice = random.Random(SEED)
    texts = texts_of(limit)
    terms = terms_of(texts, count, dice)
    began = time.process_time()
    door = Door(Sieve(terms), set(), ())
    built = time.process_time() - began
    events = [event_of(number, text, dice) for number, text in enumerate(texts)]
    raw = ahocorasick_rs.AhoCorasick([fold(term.aliases[0]) for term in terms], store_patterns=False)
    times = []
    for _ in range(3):
        began = time.process_time()
        for event in events:
            raw.find_matches_as_indexes(msgspec.json.decode(event)["commit"]["record"]["text"].lower())
        times.append(time.process_time() - began)
    baseline = min(times) / len(texts)
    del raw
    with tempfile.TemporaryDirectory() as folder:
        sent = Path(folder) / "frames"
        with sent.open("wb") as file:
            for event in events:
                file.write(Frame(Opcode.TEXT, event).serialize(mask=False))
        size = sent.stat().st_size
        taken, wall, passed = listen(Path(folder), sent, door, len(texts))
    bare = bare_pipe_tokens_per_second(texts[:3_000])
    ours = taken / len(texts)
    scaled = REFERENCE_TOKENS_PER_SECOND / bare / ours
    ratio = baseline / ours
    target = TARGETS.get(count, 0)
    met = scaled >= target and ratio >= RATIO
    report(
        f"firehose, {count:,} terms",
        corpus="the load set's posts as events of Jetstream, over a WebSocket",
        count=len(texts),
        tokens=mean_tokens(texts[:5_000]),
        figures=[
            ("terms", f"{count:,}, built in {built:.1f} s"),
            ("bytes a post", f"{size / len(texts):,.0f}"),
            ("posts that pass", f"{passed:,} ({passed / len(texts):.2%})"),
            ("limit", f"{1 / baseline:,.0f} posts/s (JSON decoded, raw automaton over lower-cased texts)"),
            ("firehose", f"{1 / ours:,.0f} posts/s of one core, {len(texts) / wall:,.0f} posts/s by the clock"),
            ("ratio", f"{ratio:.2f} (target {RATIO})"),
            ("scaled", f"{scaled:,.0f} posts/s where bare nlp.pipe makes 20,000 tokens/s (target {target:,})"),
        ],
    )
    print(f"  {'target':<15}  {'met' if met else 'MISSED'}")
    return met


def listen(folder: Path, sent: Path, door: Door, count: int) -> tuple[float, float, int]:
    """Listen until all was read; return the processor's time, the clock's, and how many posts were written."""
    context = multiprocessing.get_context("spawn")
    ports: multiprocessing.Queue[int] = context.Queue()
    server = context.Process(target=serve, args=(str(sent), ports), daemon=True)
    server.start()
    address = f"http://127.0.0.1:{ports.get(timeout=60)}"
    source = Jetstream(name="firehose", server=address, api="http://127.0.0.1:9")
    fetcher = Fetcher(contact="https://us.example/bot", allow={"127.0.0.1"}, limits=Limits(gap=0))
    stop = threading.Event()
    with Folder(folder / "data") as data:
        log = EmbeddedLog(data)
        consumer = log.consumer(STAGE, "fetches")
        with Poller(log, consumer, utc_now, door=lambda: door) as poller:
            poller.use([source], fetcher)
            began, clock = time.process_time(), time.monotonic()
            threading.Thread(target=watch, args=(log, count, stop), daemon=True).start()
            poller.run(stop)
            taken, wall = time.process_time() - began, time.monotonic() - clock
        passed = sum(end - start for start, end in log.spans("mentions").values())
        consumer.close()
        log.close()
    server.terminate()
    server.join()
    return taken, wall, passed


def watch(log: EmbeddedLog, count: int, stop: threading.Event) -> None:
    """End the run once all posts were read, and what passed of them was written."""
    key = source_key("firehose")
    while not stop.wait(0.2):
        state = load_states(log, [key]).get(key)
        if state is not None and state.stream is not None and state.stream.read >= count:
            stop.set()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=150_000)
    parser.add_argument("--terms", type=int, nargs="*", default=list(TARGETS))
    given = parser.parse_args()
    if len(given.terms) == 1:
        raise SystemExit(0 if measure(given.terms[0], given.posts) else 1)
    met = []
    for count in given.terms:
        context = multiprocessing.get_context("spawn")
        child = context.Process(target=_measured, args=(count, given.posts))
        child.start()
        child.join()
        met.append(child.exitcode == 0)
    if not all(met):
        raise SystemExit(1)


def _measured(count: int, limit: int) -> None:
    raise SystemExit(0 if measure(count, limit) else 1)


if __name__ == "__main__":
    main()
