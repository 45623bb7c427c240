"""The main text of pages: F1 of ours and of trafilatura by default, and pages a second where one in ten counts.

Corpus: ../shared/data/articles, 31 pages with phrases that must and must not be in their text. F1 is over phrases, as
in trafilatura's own evaluation. Ours reads a page only where its sieve finds a watched term, trafilatura every page.
The relevant pages are drawn anew in each round (seeded); the term is a long word of the page's own text that stands on
no other page. Both take turns, so that what else the machine does weighs on both alike.

    python -m benchmarks.bench_articles
"""

import json
import random
import re
import sys
import time
from datetime import UTC, datetime

import trafilatura

from benchmarks.common import SEED, SHARED
from overheard.collectors.pages.article import complete, fit, read_article, words_of
from overheard.collectors.pages.html import decode
from overheard.enrich.sieve import Sieve
from overheard.records import Fetch, Mention, Term, mention_id
from overheard.text import fold

AT = datetime(2026, 5, 1, tzinfo=UTC)
ROUNDS = 5
RELEVANT = 0.1


def f1(texts: list[str], wanted: list[tuple[list[str], list[str]]]) -> tuple[float, float, float]:
    """Return F1, precision and recall of texts over phrases that must and must not be in them."""
    right = sum(phrase in text for text, (kept, _) in zip(texts, wanted, strict=True) for phrase in kept)
    wrong = sum(phrase in text for text, (_, left) in zip(texts, wanted, strict=True) for phrase in left)
    missed = sum(len(kept) for kept, _ in wanted) - right
    precision, recall = right / (right + wrong), right / (right + missed)
    return 2 * precision * recall / (precision + recall), precision, recall


def main() -> None:
    folder = SHARED / "articles"
    if not folder.is_dir():
        print("skipped: no ../shared/data/articles beside the repository")
        sys.exit(0)
    gold = json.loads((folder / "gold.json").read_text())
    urls = list(gold)
    bodies = [(folder / "pages" / gold[url]["file"]).read_bytes() for url in urls]
    wanted = [(gold[url]["with"], gold[url]["without"]) for url in urls]
    print(f"corpus    {len(urls)} pages, {sum(map(len, bodies)) // len(bodies) // 1000} kB each; seed {SEED}")

    articles = [read_article(body, {}, url) for url, body in zip(urls, bodies, strict=True)]
    defaults = [trafilatura.extract(body) or "" for body in bodies]
    for name, texts in (("ours", [one.text for one in articles]), ("trafilatura", defaults)):
        score, precision, recall = f1(texts, wanted)
        print(f"F1        {name:12} {score:.4f}   precision {precision:.3f}, recall {recall:.3f}")

    # ---- Which text is kept: the summaries that others noted, of the page itself and of every other page.
    given = [f"{gold[url]['title']}\n{gold[url]['description'] or ''}" for url in urls]
    held = [f"{one.title}\n{one.summary}\n{one.text}" for one in articles]
    own = sorted(fit(a, b) for a, b in zip(given, held, strict=True))
    other = sorted(fit(a, b) for i, a in enumerate(given) for j, b in enumerate(held) if i != j)
    print(f"fit       own page {own[0]:.2f}, {own[1]:.2f}, {own[2]:.2f} …; another: 99 of 100 at most", end=" ")
    print(f"{other[len(other) * 99 // 100]:.2f}, most {other[-1]:.2f}, of {len(other)}")

    # ---- Pages a second, one relevant page in ten.
    words = [set(re.findall(r"\w{7,}", fold(text))) for text in defaults]
    seen = [set(re.findall(r"\w+", fold(words_of(decode(body))))) for body in bodies]
    terms = [
        sorted(own_words - set().union(*(other for j, other in enumerate(seen) if j != i)))
        for i, own_words in enumerate(words)
    ]
    given_by_feeds = [
        Mention(
            id=mention_id("web", url=url),
            platform="web",
            source="news",
            name=gold[url]["title"],
            content=(article.summary or article.text)[:200],
            url=url,
            first_seen=AT,
        )
        for url, article in zip(urls, articles, strict=True)
    ]
    fetched = [
        Fetch(id="fet_1", source="news", url=url, final_url=url, status=200, body=body, at=AT)
        for url, body in zip(urls, bodies, strict=True)
    ]
    chooser = random.Random(SEED)
    ours = theirs = 0.0
    pages = relevant = completed = 0
    for _ in range(ROUNDS):
        chosen = chooser.sample([i for i, found in enumerate(terms) if found], round(RELEVANT * len(urls)))
        watched = [chooser.choice(terms[i]) for i in chosen]
        is_relevant = Sieve(Term(id=one, kind="own-product", aliases=(one,)) for one in watched)
        began = time.process_time()
        got = [complete(about, page, is_relevant) for about, page in zip(given_by_feeds, fetched, strict=True)]
        ours += time.process_time() - began
        began = time.process_time()
        texts = [trafilatura.extract(body) or "" for body in bodies]
        theirs += time.process_time() - began
        counts = [is_relevant(text) for text in texts]
        pages += len(urls)
        relevant += sum(counts)
        completed += sum(counted and one.method == "page" for counted, one in zip(counts, got, strict=True))
    print(f"relevant  {relevant} of {pages} pages by trafilatura's text; of these {completed} completed from the page")
    rates = f"ours {pages / ours:.0f}, trafilatura {pages / theirs:.0f}"
    print(f"pages/s   {rates} (CPU time, round by round in turns): {theirs / ours:.1f} times")


if __name__ == "__main__":
    main()
