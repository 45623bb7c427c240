# ruff: noqa: SIM905  (word lists read better as text)
"""Sentiment of a text and toward each watched term, by VADER's lexicon and the clause around it: a yardstick.

What a light method for English can do, 30 µs a clause. The product would ask it before the encoder if it were right as
often where it is surest. It is not (`quality_sentiment` prints both): the product has none of it.
Method: Hutto and Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text" (2014).
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import regex
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from overheard.enrich.draft import Draft, Verdict
from overheard.enrich.sentences import Span, around, clauses
from overheard.enrich.sentiment import SIDES, targets_of
from overheard.records import Language, Polarity, Sentiment, WatchHit

# Read of a document and of a clause; VADER's time is quadratic in places, and its score saturates long before.
MAX_DOCUMENT: Final = 1_000
MAX_CLAUSE: Final = 500
# Hits judged in one mention; those after it are "unsure".
MAX_JUDGED: Final = 200

# Below this compound score there is no more than one faint word ("ok" is 0.23, "like" 0.36) or good and bad cancel out.
_WEAK = 0.25
# Nothing in the lexicon: neutral more often than not, and no more can be said.
NEUTRAL: Final = 0.5
# A rule about word order, and a clause read for lack of words in the nearer one, are each worth less than a plain word.
_COMPARISON_CONFIDENCE = 0.6
_SENTENCE_DISCOUNT = 0.6

_COMPARISON = regex.compile(
    r"\b(?:(?P<better>better|faster|cheaper|stronger|safer|nicer|easier|smarter|smoother|superior|preferable)"
    r"|(?P<worse>worse|slower|weaker|uglier|buggier|inferior|more expensive|less reliable))\s+(?:than|to)\b"
    r"|\b(?P<beats>beats|outperforms|crushes|destroys)\b",
    regex.IGNORECASE,
)
_NEGATION = regex.compile(r"(?:\b(?:not|never|no|hardly)|n['’]t)\s+(?:\w+\s+){0,2}$", regex.IGNORECASE)


# Words that VADER's lexicon has from general prose and that say nothing about a product: politeness ("please help"),
# departments ("support", "customer care") and business ("shares", "interest").
_NO_FEELING: Final = frozenset(
    "please pls plz help helps helping support supports supported supporting care security secure secured credit "
    "credits party share shares shared sharing hope hopes hoping dear interest interests interested yes agree agreed "
    "number top matter play playing hand energy united".split()
)
# Everyday complaints that it lacks, with the strength of their neighbours in it ("leak" -1.4, "faulty" -1.3).
_COMPLAINTS: Final = {
    "leaks": -1.4, "leaking": -1.4, "leaky": -1.4, "slow": -1.3, "sluggish": -1.3, "laggy": -1.5, "buggy": -1.7,
    "bug": -1.3, "bugs": -1.3, "glitch": -1.3, "glitches": -1.3, "glitchy": -1.5, "bricked": -1.9, "crashes": -1.7,
    "crashed": -1.7, "crashing": -1.7, "overheats": -1.4, "overheating": -1.4, "overpriced": -1.5,
    "overcharged": -1.7, "unresponsive": -1.4, "unreliable": -1.7, "unusable": -1.9, "outage": -1.3, "outages": -1.3,
    "malfunction": -1.7, "malfunctions": -1.7, "malfunctioned": -1.7, "malfunctioning": -1.7, "cracked": -1.3,
    "rusty": -1.2, "dented": -1.2, "ripoff": -2.2, "delays": -1.3,
}  # fmt: skip
# What a lexicon of single words cannot hold: verbs of function denied, read as "malfunctions" ...
_FAILURE: Final = regex.compile(
    r"\b(?:(?:does|did|wo)n['’]?t|(?:does|did|will) not|never|no longer) (?:even )?"
    r"(?:works?|starts?|boots?|loads?|responds?|responded|turns? on|connects?|installs?)\b"
    r"|\b(?:not|(?:is|are|was)n['’]?t|stopped|stops) (?:working|loading|responding|connecting)\b"
    r"|\bkeeps? (?:on )?(?:freezing|failing|rebooting|disconnecting|dying|stopping)\b",
    regex.IGNORECASE,
)
# ... and turns of phrase whose words would praise, read as nothing.
_PHRASES: Final = regex.compile(
    r"(?:\bwould|['’]d) (?:also |really )?like\b|\b(?:look|feel|seem|sound|smell)(?:s|ed|ing)? like\b|\bkind of\b"
    r"|^\W{0,3}well,|\bthanks in advance\b",
    regex.IGNORECASE,
)


class Lexicon:
    """VADER's lexicon with our changes, loaded (20 ms). Thread-safe once made."""

    def __init__(self) -> None:
        analyzer = SentimentIntensityAnalyzer()
        analyzer.lexicon = {word: value for word, value in analyzer.lexicon.items() if word not in _NO_FEELING}
        analyzer.lexicon.update(_COMPLAINTS)
        # A post of one sentence is its document, its sentence and its clause in one.
        self._scores = lru_cache(maxsize=64)(analyzer.polarity_scores)

    def process(self, drafts: Sequence[Draft]) -> None:
        """Judge each document and each of its targets."""
        for draft in drafts:
            draft.sentiment = self.document(draft.text, draft.language, draft.hits)
            draft.verdicts = self.verdicts(draft.text, draft.hits, draft.sentences, draft.language)
            draft.targets = targets_of(draft.hits, draft.verdicts)

    def document(self, text: str, language: Language, hits: Sequence[WatchHit] = ()) -> Sentiment:
        """Return the sentiment of the first 1,000 characters of `text`.

        "unsure" with confidence 0 in other languages than English, and where nothing is known of the language and no
        word in the lexicon. `hits` are not read: "Best Buy" praises nobody.
        """
        if language.code not in ("en", "und"):
            return Sentiment(polarity="unsure", confidence=0.0)
        words = _without_names(text, Span(0, min(len(text), MAX_DOCUMENT)), hits)
        polarity, confidence = self._judge(words, language)
        return Sentiment(polarity=polarity, confidence=confidence)

    def verdicts(self, text: str, hits: Sequence[WatchHit], spans: Sequence[Span], language: Language) -> list[Verdict]:
        """Return one verdict for each of `hits`; `spans` are the sentences of `text`.

        The clause speaks; where it takes no side, its sentence, unless another term stands in that.
        """
        parts: dict[Span, list[Span]] = {}
        verdicts = []
        for i, hit in enumerate(hits):
            sentence = around(spans, hit.start, hit.end)
            if sentence not in parts:
                parts[sentence] = clauses(text, sentence)
            clause = around(parts[sentence], hit.start, hit.end)
            if i >= MAX_JUDGED or language.code not in ("en", "und"):
                verdicts.append(Verdict("unsure", 0.0, clause))
            elif compared := _comparison(text, sentence, hit):
                verdicts.append(Verdict(compared, _COMPARISON_CONFIDENCE, sentence))
            else:
                polarity, confidence = self._judge(_without_names(text, clause, hits), language)
                verdict = Verdict(polarity, confidence, clause)
                if polarity not in SIDES and clause != sentence and not _has_another_target(sentence, hit, hits):
                    polarity, confidence = self._judge(_without_names(text, sentence, hits), language)
                    if polarity in SIDES:
                        verdict = Verdict(polarity, round(confidence * _SENTENCE_DISCOUNT, 3), sentence)
                verdicts.append(verdict)
        return verdicts

    def _judge(self, words: str, language: Language) -> tuple[Polarity, float]:
        scores = self._scores(_PHRASES.sub(" ", _FAILURE.sub("malfunctions", words)))
        compound: float = scores["compound"]
        if not scores["pos"] and not scores["neg"]:
            return ("neutral", NEUTRAL) if language.code == "en" else ("unsure", 0.0)
        if abs(compound) < _WEAK:
            return "unsure", round(abs(compound), 3)
        return ("positive" if compound > 0 else "negative"), round(abs(compound), 3)


def _has_another_target(sentence: Span, hit: WatchHit, hits: Iterable[WatchHit]) -> bool:
    return any(h.term != hit.term and sentence.start <= h.start and h.end <= sentence.end for h in hits)


def _comparison(text: str, sentence: Span, hit: WatchHit) -> Polarity | None:
    """Return what "X better than Y" in the sentence says of the hit, None where it compares nothing with it."""
    if (found := _COMPARISON.search(text, sentence.start, min(sentence.end, sentence.start + MAX_CLAUSE))) is None:
        return None
    if hit.end <= found.start():
        good = True
    elif hit.start >= found.end():
        good = False
    else:
        return None
    if found["worse"]:
        good = not good
    if _NEGATION.search(text, max(sentence.start, found.start() - 40), found.start()):
        good = not good
    return "positive" if good else "negative"


def _without_names(text: str, span: Span, hits: Iterable[WatchHit]) -> str:
    """Return what VADER reads of a span: its first characters, watched terms as "it"."""
    end = min(span.end, span.start + max(MAX_CLAUSE, MAX_DOCUMENT if span.start == 0 else 0))
    parts = []
    at = span.start
    for hit in hits:
        if at <= hit.start and hit.end <= end:
            parts += [text[at : hit.start], "it"]
            at = hit.end
    parts.append(text[at:end])
    return "".join(parts)
