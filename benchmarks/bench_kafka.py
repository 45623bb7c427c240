"""The log on Kafka against the bare client: appended and consumed records a second, and what a question costs.

Records of 700 bytes, as the facts of short posts, in calls of 500 as the stages make them. The bare producer has our
settings and does not wait for each call; the bare consumer commits nothing. They take turns; medians count. The last
row says what share of a fact's way through matcher and index (`bench_chain`) is spent in the client: as much a faster
client could bring at most.

    python -m benchmarks.bench_kafka
"""

import os
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

import kafka

from benchmarks.common import SEED, report
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.log.kafka import _PRODUCER, KafkaLog
from overheard.log.reach import client_options
from tests.engines.place import UnavailableError
from tests.engines.shared import running

COUNT = 20_000
SIZE = 700
CALL = 500
TURNS = 5
TARGET = 0.5  # of the bare producer that never waits; a call of ours returns when the broker has it
CHAIN = 600.0  # facts a second that the chain is to do on these engines


def main() -> None:
    try:
        with running("kafka") as address:
            _run(address)
    except UnavailableError as e:
        print(f"skipped: {e}")


def _run(address: str) -> None:
    chance = random.Random(SEED)
    records = [ProducerRecord("facts", f"k{n}", chance.randbytes(SIZE)) for n in range(COUNT)]
    with (
        tempfile.TemporaryDirectory() as name,
        Folder(Path(name)) as folder,
        closing(KafkaLog(client_options([address]), prefix=f"bench{os.getpid()}", folder=folder)) as log,
    ):
        topic = log.name_of("facts")
        produced: dict[str, list[float]] = {"ours": [], "bare": []}
        consumed: dict[str, list[float]] = {"ours": [], "bare": []}
        for turn in range(TURNS):
            produced["bare"].append(_rate(lambda: _bare_produce(address, topic, records)))
            produced["ours"].append(_rate(lambda: _append(log, records)))
            consumed["bare"].append(_rate(lambda: _bare_consume(address, topic)))
            group = f"bench{turn}"
            consumed["ours"].append(_rate(lambda: _consume(log, group)))  # noqa: B023  called at once
        asked = {
            "lag of one partition": _cost(lambda: log.span("facts", 0)),
            "checkpoint": _cost(lambda: log.checkpoint("bench0", "facts")),
            "latest of 500 keys": _cost(lambda: log.latest("facts", [f"k{n}" for n in range(CALL)])),
        }
        log._ask_admin(lambda admin: admin.delete_topics([log.name_of(each) for each in log.topics]))
    ours, bare = median(produced["ours"]), median(produced["bare"])
    took, plain = median(consumed["ours"]), median(consumed["bare"])
    # A fact is consumed by the matcher; its document and its change are produced, the document consumed by the index.
    share = (2 / ours + 2 / took) * CHAIN
    report(
        "the log on Kafka",
        corpus=f"random records of {SIZE} bytes",
        count=COUNT,
        tokens=0.0,
        figures=[
            ("baseline: bare producer, not waiting", f"{bare:,.0f}/s"),
            (f"append in calls of {CALL}", f"{ours:,.0f}/s, {ours / bare:.2f} of it"),
            ("baseline: bare consumer", f"{plain:,.0f}/s"),
            (f"poll and commit of {CALL}", f"{took:,.0f}/s, {took / plain:.2f} of it"),
            *((what, f"{seconds * 1000:.1f} ms") for what, seconds in asked.items()),
            (f"of the chain at {CHAIN:,.0f} facts/s", f"{share:.0%} of one core in the client"),
        ],
        passed=ours / bare >= TARGET,
    )


def _rate(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return COUNT / (time.perf_counter() - begun)


def _cost(question: Callable[[], object]) -> float:
    question()
    costs = []
    for _ in range(20):
        begun = time.perf_counter()
        question()
        costs.append(time.perf_counter() - begun)
    return median(costs)


def _append(log: KafkaLog, records: list[ProducerRecord]) -> None:
    for start in range(0, len(records), CALL):
        log.append(records[start : start + CALL])


def _bare_produce(address: str, topic: str, records: list[ProducerRecord]) -> None:
    producer = kafka.KafkaProducer(bootstrap_servers=address, **_PRODUCER)
    for record in records:
        producer.send(topic, record.value, record.key.encode(), partition=0)
    producer.flush()
    producer.close()


def _consume(log: KafkaLog, group: str) -> None:
    left = COUNT
    with closing(log.consumer(group, "facts")) as consumer:
        while left > 0:
            records = consumer.poll(CALL, 1.0)
            left -= len(records)
            if records:
                consumer.commit({0: records[-1].offset + 1}, {"applied": len(records)})


def _bare_consume(address: str, topic: str) -> None:
    consumer = kafka.KafkaConsumer(
        bootstrap_servers=address, auto_offset_reset="earliest", enable_auto_commit=False, metrics_enabled=False
    )
    consumer.assign([kafka.TopicPartition(topic, 0)])
    left = COUNT
    while left > 0:
        left -= sum(len(records) for records in consumer.poll(1_000, CALL).values())
    consumer.close()


if __name__ == "__main__":
    main()
