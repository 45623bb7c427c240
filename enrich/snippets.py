"""Snippets: what was said about each target, cut at sentences or clauses, with selectors to check it by for ever."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

import regex

from overheard.enrich.draft import Draft, Verdict
from overheard.enrich.sentences import Span, around, clauses, goes_on
from overheard.enrich.sentiment import combine
from overheard.records import ActivityType, Intent, Sentiment, Snippet, WatchHit, digest, snippet_id

MAX_CHARACTERS: Final = 280
CONTEXT: Final = 32
MAX_SNIPPETS: Final = 20

# How far a cut looks for white space; longer "words" are links or scripts without spaces.
_LONG_WORD = 40
# Read of a sentence on either side of a hit: what is further off cannot be in its snippet. A "sentence" without end (a
# transcript without marks) would be read anew for each of its hits.
_READ = 1_000
# With fewer words beside the name, a clause is a link of a list ("Korvex, Brannt and Acme are slow").
_SAYING_WORDS = 2
_WORD = regex.compile(r"\w+")
_GRAPHEME = regex.compile(r"\X")


def snippets_of(draft: Draft) -> tuple[Snippet, ...]:
    """Return the snippets of a mention: for each target one for each place that says something of it.

    A place is the sentence with the hit, and those after it that go on about the same with a pronoun ("I have a Korvex.
    It leaks."). Of a sentence with several targets it is the clause, if that has one of them only. What is over 280
    characters is cut to the clause, and that at words around the hit. Without hits, one snippet with target "" holds
    the first sentences. At most 20, in order of position, every target before any target's second; empty for a blank
    text.
    """
    text, hits, spans = draft.text, draft.hits, draft.sentences
    mention = draft.mention.id
    text_hash = digest(draft.mention.text)

    def snippet(target: str, span: Span, said: Verdict | Sentiment) -> Snippet:
        start, end = span
        return Snippet(
            id=snippet_id(mention, target, start, end),
            mention=mention,
            target=target,
            exact=text[start:end],
            prefix=text[max(0, start - CONTEXT) : start],
            suffix=text[end : end + CONTEXT],
            start=start,
            end=end,
            text_hash=text_hash,
            polarity=said.polarity,
            confidence=said.confidence,
            intents=_shown(draft.intents, target, span),
        )

    if not hits:
        return (snippet("", _opening(text, spans), draft.sentiment),) if spans else ()
    cuts: dict[str, dict[Span, list[Verdict]]] = {}
    for hit, verdict in zip(hits, draft.verdicts, strict=True):
        cuts.setdefault(hit.term, {}).setdefault(_cut(text, hit, hits, spans), []).append(verdict)
    by_target = [[(target, span, said) for span, said in found.items()] for target, found in cuts.items()]
    in_turn = [cut for turn in zip_longest(*by_target) for cut in turn if cut is not None][:MAX_SNIPPETS]
    in_turn.sort(key=lambda cut: (cut[1], cut[0]))
    return tuple(snippet(target, span, combine(said)) for target, span, said in in_turn)


def _shown(intents: Sequence[Intent], target: str, span: Span) -> tuple[ActivityType, ...]:
    """Return the intents toward a target that a place shows, each once, in their order."""
    return tuple(
        dict.fromkeys(
            one.label for one in intents if one.target == target and one.start < span.end and span.start < one.end
        )
    )


def _cut(text: str, hit: WatchHit, hits: Sequence[WatchHit], spans: Sequence[Span]) -> Span:
    """Return the place around a hit that says something of its target, or as much of it as may be."""
    sentence = around(spans, hit.start, hit.end)
    if sentence.end - sentence.start > 2 * _READ:
        sentence = Span(max(sentence.start, hit.start - _READ), min(sentence.end, hit.end + _READ))
    if not _says_something(text, sentence, hit, least=1):
        sentence = _with_what_leads_to(text, sentence, spans)
    clause = around(clauses(text, sentence), hit.start, hit.end)
    if _has_another(sentence, hit, hits):
        if not _has_another(clause, hit, hits) and _says_something(text, clause, hit):
            sentence = clause
    else:
        sentence = _with_what_follows(text, sentence, hits, spans)
    if sentence.end - sentence.start <= MAX_CHARACTERS:
        return sentence
    if clause.end - clause.start <= MAX_CHARACTERS:
        return clause
    if hit.end - hit.start >= MAX_CHARACTERS:
        return Span(hit.start, hit.start + MAX_CHARACTERS)
    start = max(clause.start, hit.start - (MAX_CHARACTERS - (hit.end - hit.start)) // 2)
    end = min(clause.end, start + MAX_CHARACTERS)
    start = max(clause.start, end - MAX_CHARACTERS)
    if start > clause.start:
        start = _word_start(text, start, hit.start)
    if end < clause.end:
        end = _word_end(text, end, hit.end)
    return Span(start, end)


def _has_another(span: Span, hit: WatchHit, hits: Sequence[WatchHit]) -> bool:
    return any(one.term != hit.term and span.start <= one.start < span.end for one in hits)


def _says_something(text: str, clause: Span, hit: WatchHit, least: int = _SAYING_WORDS) -> bool:
    """True where a clause has words beside the name; one in a list of names has none."""
    return len(_WORD.findall(text[clause.start : hit.start] + text[hit.end : clause.end])) >= least


def _with_what_leads_to(text: str, sentence: Span, spans: Sequence[Span]) -> Span:
    """Return a name that stands alone with the sentence before it, which is said to it: "Still waiting. @acme"."""
    before = bisect_left(spans, (sentence.start, 0)) - 1
    if before < 0 or text.count("\n", spans[before].end, sentence.start) > 1:
        return sentence
    wider = Span(spans[before].start, sentence.end)
    return wider if wider.end - wider.start <= MAX_CHARACTERS else sentence


def _with_what_follows(text: str, sentence: Span, hits: Sequence[WatchHit], spans: Sequence[Span]) -> Span:
    """Return a sentence with those after it that go on about its target, while they fit and name nothing else."""
    for span in spans[bisect_left(spans, (sentence.end, 0)) :]:
        if (
            span.end - sentence.start > MAX_CHARACTERS
            or text.count("\n", sentence.end, span.start) > 1
            or not goes_on(text, span)
            or any(span.start <= one.start < span.end for one in hits)
        ):
            break
        sentence = Span(sentence.start, span.end)
    return sentence


def _opening(text: str, spans: Sequence[Span]) -> Span:
    """Return as many of the first sentences as fit, or the beginning of the first."""
    start, end = spans[0]
    if end - start > MAX_CHARACTERS:
        return Span(start, _word_end(text, start + MAX_CHARACTERS, start + 1))
    for span in spans[1:]:
        if span.end - start > MAX_CHARACTERS:
            break
        end = span.end
    return Span(start, end)


def _word_start(text: str, start: int, limit: int) -> int:
    """Return the first place in [start, limit] where a word begins; in a long word, where a character does."""
    for i in range(start, min(limit, start + _LONG_WORD) + 1):
        if text[i - 1].isspace() and not text[i].isspace():
            return i
    while start < limit and _is_inside(text, start):
        start += 1
    return start


def _word_end(text: str, end: int, limit: int) -> int:
    """Return the last place in [limit, end] where a word ends; in a long word, where a character does."""
    for i in range(end, max(limit, end - _LONG_WORD) - 1, -1):
        if text[i].isspace() and not text[i - 1].isspace():
            return i
    while end > limit and _is_inside(text, end):
        end -= 1
    return end


def _is_inside(text: str, at: int) -> bool:
    """True where a cut at `at` would part what a reader sees as one character; judged by what is near."""
    start = max(0, at - _LONG_WORD)
    return all(match.start() != at for match in _GRAPHEME.finditer(text, start, at + 8))
