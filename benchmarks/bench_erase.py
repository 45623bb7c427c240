"""What erasing a person costs in a folder of many: `python -m benchmarks.bench_erase [--posts N]`.

Posts are generated, the same each time, a hundredth of them by the one who is erased. Baseline: the same log read from
end to end without looking at anything, in the same run.
"""

import argparse
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psutil

from overheard.config.settings import Settings
from overheard.log.base import ProducerRecord
from overheard.records import (
    Actor,
    EnrichedMention,
    Language,
    Mention,
    Passed,
    Sentiment,
    encode,
    event_for,
    mention_id,
)
from overheard.wiring.erasure import erase_person
from overheard.wiring.system import System, records_on
from overheard.wiring.traces import find_traces

NOW = datetime(2026, 11, 21, tzinfo=UTC)
WORDS = ("the", "spindle", "of", "this", "lathe", "runs", "true", "but", "its", "coolant", "pump", "leaks", "a")


def post(number: int) -> ProducerRecord:
    """One enriched mention as `facts` has it, some 120 words long; every hundredth by one author."""
    author = "erased" if number % 100 == 0 else f"author{number % 5_000}"
    text = " ".join(WORDS[(number * 7 + i) % len(WORDS)] for i in range(120))
    said = Mention(
        id=mention_id("reddit", str(number)),
        platform="reddit",
        native_id=str(number),
        source="reddit",
        content=text,
        published=NOW,
        first_seen=NOW,
        attributed_to=Actor(platform="reddit", preferred_username=author, name=f"Name {author}"),
    )
    data = EnrichedMention(
        mention=said,
        passed=(Passed(reason="term", by="lathe"),),
        language=Language(code="en", confidence=1.0),
        sentiment=Sentiment(polarity="neutral", confidence=0.5),
    )
    return ProducerRecord("facts", said.id, encode(event_for(data, subject=said.id, source="/bench", time=NOW)))


def main() -> None:
    """Fill a folder, erase, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=20_000)
    posts = parser.parse_args().posts
    with tempfile.TemporaryDirectory() as folder, System(Path(folder) / "data", Settings()) as system:
        for start in range(0, posts, 500):
            system.log.append([post(number) for number in range(start, min(start + 500, posts))])
        system.catch_up_match()
        system.catch_up_index()

        begun = time.perf_counter()
        read = sum(1 for _ in records_on(system.log, "facts"))
        baseline = time.perf_counter() - begun

        begun = time.perf_counter()
        dry = erase_person(system, lambda: system.index(reading=True), "reddit:handle:erased", by="bench", dry_run=True)
        looked = time.perf_counter() - begun

        begun = time.perf_counter()
        erase_person(system, lambda: system.index(reading=True), "reddit:handle:erased", by="bench")
        erased = time.perf_counter() - begun

        left = find_traces(system.log, system.suppressed.follow())
        with closing(system.index(reading=True)) as index:
            documents = index.count()
        memory = psutil.Process().memory_full_info().pss / 1e6
        found = {store.store: store.found for store in dry.stores if store.found}
        print(
            f"{posts:,} posts, {posts // 100:,} of them by the one erased; {read:,} records on facts; nothing is drawn"
        )
        print(f"facts read, not looked at  {baseline:8.2f} s  1.0")
        print(f"dry run                    {looked:8.2f} s  {looked / baseline:.1f} times that; found {found}")
        print(
            f"erased                     {erased:8.2f} s  {erased / baseline:.1f} times that; {documents:,} documents"
        )
        print(f"left: {len(left.mentions)} mentions; memory {memory:.0f} MB (PSS)")


if __name__ == "__main__":
    main()
