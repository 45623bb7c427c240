"""The whole chain after enrich: facts written, matched, published and indexed, on both pairs of engines.

The relevant posts of the real stream, enriched beforehand with a regular expression, are appended while the stages run:
embedded as threads of `overheard up`, else as a service each, with the servers on the same machine. The clock runs from
the first append until the last document can be found. The baseline is the bare append of the same facts.

    python -m benchmarks.bench_chain
"""

import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.common import mean_tokens, report
from benchmarks.stands import Stand, UnavailableError, embedded, on_engines
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.records import Account, Contact, EnrichedMention, encode, event_for
from tests.matcher import real

TARGETS = {"embedded": 1_000.0, "Kafka and Elasticsearch": 600.0}
AFTER = ("match", "index")
_APPEND = 500


def main() -> None:
    mentions = real.mentions()
    facts = [_fact(mention, mention.mention.id) for mention in mentions]
    crm = [_fact(one, one.id) for one in real.contacts()] + [_fact(one, one.id) for one in real.accounts()]
    bare = _bare(facts)
    figures = [("baseline: bare append to the embedded log", f"{bare:,.0f}/s")]
    met = True
    for stand in (embedded(), on_engines("match", "index", prefix=f"chain{os.getpid()}")):
        try:
            with stand as one:
                rate = _rate(one, crm, facts)
        except UnavailableError as e:
            figures.append(("Kafka and Elasticsearch", f"not measured: {e}"))
            met = False
            continue
        figures.append((f"{one.name} (at least {TARGETS[one.name]:,.0f}/s)", f"{rate:,.0f}/s, {rate / bare:.3f} of it"))
        met = met and rate >= TARGETS[one.name]
    report(
        "the chain after enrich: facts a second until they are found",
        corpus="relevant posts of ../shared/data/real, enriched by a regular expression",
        count=len(facts),
        tokens=mean_tokens(mention.mention.text for mention in mentions),
        figures=figures,
        passed=met,
    )


def _fact(data: EnrichedMention | Contact | Account, subject: str) -> ProducerRecord:
    event = event_for(data, subject=subject, source="/bench", time=real.SEEN, sourceversion=1)
    return ProducerRecord("facts", subject, encode(event))


def _rate(stand: Stand, crm: Sequence[ProducerRecord], facts: Sequence[ProducerRecord]) -> float:
    _append(stand, crm)
    stand.wait_idle(AFTER)
    begun = time.perf_counter()
    _append(stand, facts)
    stand.wait_idle(AFTER)
    return len(facts) / (time.perf_counter() - begun)


def _append(stand: Stand, records: Sequence[ProducerRecord]) -> None:
    for start in range(0, len(records), _APPEND):
        stand.system.log.append(records[start : start + _APPEND])


def _bare(facts: Sequence[ProducerRecord]) -> float:
    with tempfile.TemporaryDirectory() as name, Folder(Path(name)) as folder, closing(EmbeddedLog(folder)) as log:
        begun = time.perf_counter()
        for start in range(0, len(facts), _APPEND):
            log.append(facts[start : start + _APPEND])
        return len(facts) / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
