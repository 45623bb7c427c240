"""The winnow on the real stream: at least what any honest run finds (../shared/data/real/expected.json)."""

import gzip
import json
import tomllib
from collections import Counter
from pathlib import Path

from overheard.enrich.winnow import Winnow
from overheard.records import Term, WatchedSource
from overheard.text import clean
from tests.enrich.making import a_mention


def test_every_post_with_a_watched_term_is_found(shared: Path) -> None:
    real = shared / "real"
    watched = tomllib.loads((real / "watch.toml").read_text("utf-8"))
    terms = [Term(id=t["id"], kind=t["kind"], aliases=tuple(t["aliases"])) for t in watched["term"]]
    winnow = Winnow(terms, sources=[WatchedSource(source=source) for source in watched["always"]])
    by_term: Counter[str] = Counter()
    posts = with_term = 0
    with gzip.open(real / "posts.ndjson.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            post = json.loads(line)
            posts += 1
            mention = a_mention(clean(post["text"] or ""), source=post["source"], name=clean(post["title"] or ""))
            found = winnow.winnow(mention)
            assert (found is not None) or post["source"] not in watched["always"]
            if found is not None and found.hits:
                with_term += 1
                by_term.update({hit.term for hit in found.hits})
    expected = json.loads((real / "expected.json").read_text("utf-8"))
    assert posts == expected["posts"]
    assert with_term >= expected["posts_with_a_watched_term"]["at_least"]
    for term, count in expected["posts_with_a_watched_term"]["by_term"].items():
        assert by_term[term] >= count, term
