"""Winnow with 10,000 terms against lower-casing and the raw automaton over the same posts; ASCII and others apart.

python -m benchmarks.bench_winnow [--posts N]
"""

import argparse
import random
from collections.abc import Callable, Sequence
from time import process_time

import ahocorasick_rs

from benchmarks.common import SEED, SHARED, load_posts, mean_tokens, mention_of, report
from overheard.enrich.winnow import Winnow
from overheard.records import Identity, Mention, Term
from overheard.text import clean, fold

TERMS = 10_000
ROUNDS = 5
TARGET = 0.3


def aliases_from(texts: Sequence[str], rng: random.Random) -> list[str]:
    """Names as watch lists have them, of the corpus's own letters: half rare words of it, half pairs of words."""
    counts: dict[str, int] = {}
    for text in texts:
        for word in set(text.split()):
            if word.isalnum() and len(word) >= 4:
                alias = word if len(word) <= 14 else word[:4]  # scripts without spaces: a piece
                counts[alias] = counts.get(alias, 0) + 1
    words = sorted(counts)
    rare = [word for word in words if counts[word] <= 3]
    single = rng.sample(rare, min(TERMS // 2, len(rare)))
    return single + [" ".join(rng.sample(words, 2)) for _ in range(TERMS - len(single))]


def in_turns(*runs: Callable[[], object]) -> list[float]:
    """Return the shortest processor time of each run in seconds, taken in turns: longer ones measure the neighbours."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for taken, run in zip(times, runs, strict=True):
            start = process_time()
            run()
            taken.append(process_time() - start)
    return [min(taken) for taken in times]


def measure(corpus: str, mentions: Sequence[Mention]) -> bool:
    rng = random.Random(SEED)
    texts = [mention.text for mention in mentions]
    aliases = aliases_from(texts, rng)
    terms = [Term(id=f"t{i}", kind="company", aliases=(alias,)) for i, alias in enumerate(aliases)]
    watched = [Identity(platform="reddit", type="handle", value=f"u{i}", subject=f"con_{i}") for i in range(1_000)]
    start = process_time()
    winnow = Winnow(terms, watched)
    build = process_time() - start
    raw = ahocorasick_rs.AhoCorasick(sorted({fold(alias) for alias in aliases}), store_patterns=False)
    baseline, ours = in_turns(
        lambda: [raw.find_matches_as_indexes(text.lower()) for text in texts],
        lambda: [winnow.winnow(mention) for mention in mentions],
    )
    passed = sum(winnow.winnow(mention) is not None for mention in mentions)
    ratio = baseline / ours
    report(
        f"winnow, {corpus}",
        corpus=corpus,
        count=len(texts),
        tokens=mean_tokens(texts),
        figures=[
            ("terms", f"{len(terms):,}, built in {build * 1000:.0f} ms"),
            ("posts that pass", f"{passed / len(texts):.1%}"),
            ("baseline", f"{len(texts) / baseline:,.0f} posts/s (lower-casing, raw automaton)"),
            ("winnow", f"{len(texts) / ours:,.0f} posts/s"),
            ("ratio", f"{ratio:.2f} (target {TARGET})"),
        ],
    )
    return ratio >= TARGET


def other_scripts(limit: int) -> list[Mention]:
    """Return sentences in other alphabets than ASCII, from the labelled languages."""
    texts = []
    for path in sorted((SHARED / "labelled" / "language" / "lingua_sentences").iterdir()):
        texts += [clean(line) for line in path.read_text("utf-8").splitlines() if not line.isascii()]
    chosen = random.Random(SEED).sample(texts, min(limit, len(texts)))
    return [mention_of({"source": "reddit", "native_id": str(i), "text": text}) for i, text in enumerate(chosen)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000, help="posts of each corpus")
    limit = parser.parse_args().posts
    real = [mention_of(post) for post in load_posts()]
    ascii_only = [mention for mention in real if mention.text.isascii()]
    others = [mention for mention in real if not mention.text.isascii()]
    met = [
        measure("real, ASCII posts", ascii_only[:limit]),
        measure("real, posts not in ASCII", others[:limit]),
        measure("sentences in 75 languages, not in ASCII", other_scripts(limit)),
    ]
    if not all(met):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
