"""Queries in the language about given documents: every part of it, words by how many documents have them."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import regex

from overheard.errors import QueryError
from overheard.index import analyser
from overheard.index.documents import TAIL_BITS, Document, record_of, text_of
from overheard.index.query import Everything, parse

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
# A word stands in up to this share of the documents; the last band has all above.
_BANDS = (0.00005, 0.0005, 0.005, 0.05, 1.0)
# What documents are drawn by, each as often as the others, however few have it.
_KINDS = {
    "latin": r"[A-Za-z]",
    "diacritics": r"[À-ɏ]|\p{Latin}\p{Mn}",
    "cyrillic": r"\p{Cyrillic}",
    "greek": r"\p{Greek}",
    "arabic": r"\p{Arabic}",
    "hebrew": r"\p{Hebrew}",
    "devanagari": r"\p{Devanagari}",
    "indic": r"[\p{Bengali}\p{Tamil}\p{Telugu}\p{Gujarati}\p{Gurmukhi}]",
    "cjk": r"[\p{Han}\p{Hiragana}\p{Katakana}]",
    "hangul": r"\p{Hangul}",
    "thai": r"\p{Thai}",
    "emoji": r"\p{Emoji_Presentation}",
    "handle": r"(?<!\w)@\w",
    "tag": r"(?<!\w)#\w",
    "url": r"https?://",
}


class Queries:
    """A generator of queries about `documents`, of which there is one at least; the same seed gives the same queries.

    Most are put together from what stands in one document, so that they find it at least; the rest mixes several.
    """

    def __init__(self, documents: Sequence[Document], seed: int) -> None:
        self._chance = random.Random(seed)
        self._drawn: set[str] = set()
        self._documents = documents
        self._raw = [text_of(record_of(document.kind, document.json)) for document in documents]
        self._frequency: dict[str, Counter[str]] = {}
        for document in documents:
            for field, text in document.texts.items():
                self._frequency.setdefault(field, Counter()).update(set(text.split(" ")))
            for field, values in document.values.items():
                self._frequency.setdefault(field, Counter()).update(values)
        kinds = [
            [number for number, raw in enumerate(self._raw) if regex.search(pattern, raw)]
            for pattern in _KINDS.values()
        ]
        kinds += [[number for number, document in enumerate(documents) if "title" in document.texts]]
        kinds += [[number for number, document in enumerate(documents) if "author" in document.texts]]
        kinds += [[number for number, document in enumerate(documents) if document.kind != "incident"]]
        self._kinds = [numbers for numbers in kinds if numbers] or [list(range(len(documents)))]

    def draw(self) -> str:
        """Return the next query, which is a new one, and which `parse` reads to something narrower than everything."""
        while True:
            text = self._query(self._some(), 0)
            try:
                new = text not in self._drawn and parse(text) != Everything()
            except QueryError:
                # Raw words may be operators, signs that mean something, or a pair of words that is too much for NEAR.
                continue
            if new:
                self._drawn.add(text)
                return text

    def _some(self) -> int:
        return self._chance.choice(self._chance.choice(self._kinds))

    def _query(self, at: int, depth: int, *, broad: bool = False) -> str:
        """Return a query that often finds document `at`; `broad`: what finds much may be in it, as others narrow it."""
        chance = self._chance
        kind = chance.random()
        if depth > 3 or kind < (0.3, 0.6, 0.8, 0.9)[depth]:
            return self._leaf(at, broad=broad)
        if kind < 0.985:
            joint = chance.choice((" ", " AND ", " && ", " OR ", " || "))
            every = joint.strip() not in ("OR", "||")
            parts = [
                # One operand of AND is narrow, the others need not be.
                self._query(at if every or chance.random() < 0.5 else self._some(), depth + 1, broad=every and part > 0)
                for part in range(chance.randrange(2, 4 if every else 5))
            ]
            if every and chance.random() < 0.3:
                parts.append(f"NOT {self._wrapped(depth + 1)}")
                chance.shuffle(parts)
            return "(" + joint.join(parts) + ")"
        return f"NOT {self._wrapped(depth + 1)}"

    def _wrapped(self, depth: int) -> str:
        return f"({self._query(self._some(), depth)})"

    def _leaf(self, at: int, *, broad: bool) -> str:
        kind = self._chance.randrange(20)
        if kind < 5:
            return self._word(at, "text", broad=broad)
        if kind < 8:
            return self._phrase(at, "text")
        if kind < 10:
            return self._prefix(at, "text", broad=broad)
        if kind < 13:
            return f"({self._near(at, 'text')})"
        if kind < 15:
            return self._field(at, broad=broad)
        if kind < 19:
            return self._value(at, broad=broad)
        return self._published(at, broad=broad)

    # --- words ---

    def _tokens(self, at: int, field: str) -> list[str]:
        text = self._documents[at].texts.get(field, "")
        return text.split(" ") if text else []

    def _band(self, field: str, token: str) -> int:
        share = self._frequency[field][token] / len(self._documents)
        return next(band for band, most in enumerate(_BANDS) if share <= most)

    def _pick(self, tokens: Sequence[str], field: str, *, broad: bool) -> str:
        """Return one of the tokens, of each band as often; unless `broad`, none of the last band if it can."""
        bands: dict[int, list[str]] = {}
        for token in tokens:
            bands.setdefault(self._band(field, token), []).append(token)
        narrow = {band: found for band, found in bands.items() if broad or band < len(_BANDS) - 1}
        return self._chance.choice(self._chance.choice(list((narrow or bands).values())))

    def _word(self, at: int, field: str, *, broad: bool) -> str:
        """Return a word as somebody wrote it, or as the analyser cut it."""
        chance = self._chance
        tokens = self._tokens(at, field)
        if not tokens:
            return '"nothing"'
        if field == "text" and chance.random() < 0.2:
            # Whole, with its signs: an address, a handle, don't; of a text without spaces a few characters.
            word = chance.choice(self._raw[at].split() or ["nothing"])
            if analyser.is_paired(word[:1]):
                start = chance.randrange(len(word))
                word = word[start : start + chance.randrange(1, 5)]
            return self._readable(word)
        token = self._pick(tokens, field, broad=broad)
        if field == "text" and chance.random() < 0.7:
            written = [
                self._raw[at][each.start : each.end] for each in analyser.locate(self._raw[at]) if each.text == token
            ]
            return self._readable(written[0]) if written else _quoted(token)
        return self._readable(token.upper() if chance.random() < 0.1 else token)

    @staticmethod
    def _readable(word: str) -> str:
        """Return a word in quotes where it would be read as something else than a word."""
        try:
            plain = len(word.split()) == 1 and word.isprintable() and parse(word) != Everything()
        except QueryError:
            plain = False
        return word if plain else _quoted(word)

    def _phrase(self, at: int, field: str) -> str:
        tokens = self._tokens(at, field)
        if len(tokens) < 2:
            return self._word(at, field, broad=True)
        start = self._chance.randrange(len(tokens) - 1)
        chosen = tokens[start : start + self._chance.randrange(2, 6)]
        if self._chance.random() < 0.1:
            self._chance.shuffle(chosen)
        return _quoted(analyser.join(chosen))

    def _prefix(self, at: int, field: str, *, broad: bool) -> str:
        tokens = [token for token in self._tokens(at, field) if len(token) > 1 and not analyser.is_paired(token)]
        if not tokens:
            return self._word(at, field, broad=broad)
        token = self._pick(tokens, field, broad=broad)
        least = 1 if broad and self._chance.random() < 0.1 else min(3, len(token))
        return token[: self._chance.randrange(least, len(token) + 1)] + "*"

    def _near(self, at: int, field: str) -> str:
        """Return two sides near each other as they stand in a document, or a little nearer or farther, or turned."""
        chance = self._chance
        tokens = self._tokens(at, field)
        if len(tokens) < 2:
            return self._word(at, field, broad=False)
        sizes = [chance.choice((1, 1, 1, 2, 3)) for _ in range(2)]
        first = chance.randrange(len(tokens))
        left = tokens[first : first + sizes[0]]
        gap = chance.randrange(6) if chance.random() < 0.8 else chance.randrange(21)
        second = first + len(left) + gap
        right = tokens[second : second + sizes[1]] or tokens[: sizes[1]]
        repeated = chance.random()
        if repeated < 0.1:
            right = left
        elif repeated < 0.2:
            right = [*right, left[0]]
        sides = [self._side(at, field, left), self._side(at, field, right)]
        if chance.random() < 0.3:
            sides.reverse()
        distance = min(20, max(0, gap + chance.choice((-1, 0, 0, 0, 1, 5))))
        near = f"{sides[0]} {chance.choice(('NEAR', 'ONEAR'))}/{distance} {sides[1]}"
        if chance.random() < 0.1:
            third = self._side(at, field, [chance.choice(tokens)])
            near += f" {chance.choice(('NEAR', 'ONEAR'))}/{chance.randrange(21)} {third}"
        return near

    def _side(self, at: int, field: str, tokens: list[str]) -> str:
        parts = [_quoted(analyser.join(tokens))]
        while self._chance.random() < 0.25:
            other = self._chance.choice((at, self._some()))
            more = self._tokens(other, field) or tokens
            start = self._chance.randrange(len(more))
            parts.append(_quoted(analyser.join(more[start : start + self._chance.randrange(1, 3)])))
        self._chance.shuffle(parts)
        return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"

    # --- fields ---

    def _field(self, at: int, *, broad: bool) -> str:
        field = self._chance.choice(
            [name for name in ("title", "author") if name in self._documents[at].texts] or ["text"]
        )
        kind = self._chance.randrange(5)
        if kind == 0:
            return f"{field}:{self._phrase(at, field)}"
        if kind == 1:
            return f"{field}:{self._prefix(at, field, broad=broad)}"
        if kind == 2:
            return f"{field}:({self._near(at, field)})"
        if kind == 3:
            return f"{field}:({self._word(at, field, broad=broad)} OR {self._word(at, field, broad=broad)})"
        return f"{field}:{self._word(at, field, broad=broad)}"

    def _value(self, at: int, *, broad: bool) -> str:
        chance = self._chance
        values = [(field, value) for field, some in self._documents[at].values.items() for value in some]
        narrow = [each for each in values if self._band(*each) < len(_BANDS) - 1]
        field, value = chance.choice(values if broad or not narrow else narrow)
        kind = chance.random()
        if field in ("handle", "tag") and kind < 0.4:
            return f"{'@' if field == 'handle' else '#'}{value}{'*' if kind < 0.1 else ''}"
        if kind < 0.25 and value.isprintable() and not any(char.isspace() or char in '()"“”„' for char in value):
            return f"{field}:{value[: chance.randrange(1, len(value) + 1)]}*"
        if kind < 0.4:
            others = [_quoted(each) for each in self._documents[self._some()].values.get(field, ())]
            return f"{field}:({' OR '.join([_quoted(value), *others])})"
        return f"{field}:{_quoted(value)}"

    def _published(self, at: int, *, broad: bool) -> str:
        chance = self._chance
        when = _1970 + timedelta(milliseconds=self._documents[at].k >> TAIL_BITS)
        kind = chance.randrange(6)
        if kind < 3:
            return f"published:{when:{('%Y-%m', '%Y-%m-%d', '%Y-%m-%dT%H:%MZ')[kind]}}"
        before, after = (timedelta(seconds=chance.randrange(10 ** chance.randrange(3, 8))) for _ in range(2))
        low = "*" if kind == 3 and broad else f"{when - before:%Y-%m-%dT%H:%M:%SZ}"
        high = "*" if kind == 4 and broad else f"{when + after:%Y-%m-%d}"
        return f"published:[{low} TO {high}]"


def _quoted(text: str) -> str:
    return '"' + regex.sub(r'(["“”„\\])', r"\\\1", text) + '"'
