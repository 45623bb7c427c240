"""Snippets: what was said about each target, cut at sentences, with selectors that can be checked for ever."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

import regex

from overheard.enrich.sentences import Span, around, clauses
from overheard.enrich.sentiment import Verdict, combine
from overheard.records import Mention, Sentiment, Snippet, WatchHit, digest, snippet_id

MAX_CHARACTERS: Final = 280
CONTEXT: Final = 32
MAX_SNIPPETS: Final = 20

# How far a cut looks for white space; longer "words" are links or scripts without spaces.
_LONG_WORD = 40
_GRAPHEME = regex.compile(r"\X")


def snippets_of(
    mention: Mention, hits: Sequence[WatchHit], verdicts: Sequence[Verdict], spans: Sequence[Span], whole: Sentiment
) -> tuple[Snippet, ...]:
    """Return the snippets of a mention: for each target one for each sentence that carries its hits.

    `verdicts` are those of `hits`, one each; `spans` the sentences of the text. A sentence over 280 characters is cut
    to the clause, and that at words around the hit. Without hits, one snippet with target "" holds the first sentences.
    At most 20, in order of position, every target before any target's second; empty for a blank text.
    """
    text = mention.text
    text_hash = digest(text)

    def snippet(target: str, span: Span, said: Verdict | Sentiment) -> Snippet:
        start, end = span
        return Snippet(
            id=snippet_id(mention.id, target, start, end),
            mention=mention.id,
            target=target,
            exact=text[start:end],
            prefix=text[max(0, start - CONTEXT) : start],
            suffix=text[end : end + CONTEXT],
            start=start,
            end=end,
            text_hash=text_hash,
            polarity=said.polarity,
            confidence=said.confidence,
        )

    if not hits:
        return (snippet("", _opening(text, spans), whole),) if spans else ()
    cuts: dict[str, dict[Span, list[Verdict]]] = {}
    for hit, verdict in zip(hits, verdicts, strict=True):
        cuts.setdefault(hit.term, {}).setdefault(_cut(text, hit, spans), []).append(verdict)
    by_target = [[(target, span, said) for span, said in found.items()] for target, found in cuts.items()]
    in_turn = [cut for turn in zip_longest(*by_target) for cut in turn if cut is not None][:MAX_SNIPPETS]
    in_turn.sort(key=lambda cut: (cut[1], cut[0]))
    return tuple(snippet(target, span, combine(said)) for target, span, said in in_turn)


def _cut(text: str, hit: WatchHit, spans: Sequence[Span]) -> Span:
    """Return the sentence around a hit, or its clause, or as many words around the hit as may be."""
    sentence = around(spans, hit.start, hit.end)
    if sentence.end - sentence.start <= MAX_CHARACTERS:
        return sentence
    clause = around(clauses(text, sentence), hit.start, hit.end)
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
