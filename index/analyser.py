"""The one analyser: text to the tokens that every engine indexes, and the way back for highlighting.

Each engine gets the tokens joined by spaces and splits them at white space, so that a query finds the same documents
everywhere. Knows neither documents nor queries.

    text ─▶ fold (NFKC, casefold, marks off Latin, Greek, Cyrillic) ─▶ words · emoji · pairs of CJK characters
         └▶ @handles and #tags, which stand in fields of their own; the words in them are words like all others
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import regex

# A longer token is cut, in documents and queries alike: base64 and runs of one letter would fill the term dictionary.
MAX_TOKEN = 64

# Scripts written without spaces between words. ー belongs to no script, since two share it.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー]"
_PAIRED = regex.compile(f"{_UNSPACED}")
# An emoji is its base: 👍🏽 is found by 👍, 👩‍💻 by 👩 and by 💻. In this module `\w` holds marks too.
_TOKEN = regex.compile(
    rf"(?P<pairs>{_UNSPACED}[{_UNSPACED}\p{{M}}]*)"
    rf"|[\w--{_UNSPACED}--\p{{M}}][\w--[{_UNSPACED}--\p{{M}}]]*"
    r"|\p{RI}\p{RI}|\p{Extended_Pictographic}",
    regex.V1,
)
# The same where nothing is paired: most texts, and twice as fast.
_SPACED_TOKEN = regex.compile(r"[\w--\p{M}]\w*|\p{RI}\p{RI}|\p{Extended_Pictographic}", regex.V1)
_ASCII_TOKEN = re.compile(r"\w+", re.ASCII)

# Trade marks would grow onto the word before them (NFKC makes "Xbox™" into "xboxtm"). The others cannot be seen inside
# words: soft hyphens, joiners and variation selectors; the zero width space parts words.
_DROPPED = dict.fromkeys(map(ord, "\u00ad\u200c\u200d\u2060\ufeff"), None) | dict.fromkeys(map(ord, "™℠®©"), " ")
_DROPPED |= dict.fromkeys([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
_MARKS = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Cyrillic}]\p{Mn}*)\p{Mn}+")
_HAS_MARKS = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}]\p{Mn}")
# What normalisation never joins to the character before it begins a new piece (see `overheard.text.Alignment`). A run
# of ASCII with nothing to join is one piece, inside which offsets only shift: a text with one curly quote is located
# twice as fast.
_PIECE = regex.compile(
    r"[\x00-\x7f]+(?![^\x00-\x7f])|(?s:.)[\p{M}\u1160-\u11ff\u3131-\u318e\uff9e\uff9f\uffa0-\uffdc\u00ad\u200c\u200d\u2060\ufeff]*"
)

_HANDLE = regex.compile(r"(?<![\w@.+-])@(\w[\w.-]*(?:@\w[\w.-]*\w)?)")
_TAG = regex.compile(r"(?<![\w&/#])#(\w+)")


class Token(NamedTuple):
    """A token, and where it stands in the text that was analysed: `text[start:end]`."""

    text: str
    start: int
    end: int


def fold(text: str) -> str:
    """Return `text` as tokens compare it. Idempotent; length may change.

    Beyond `overheard.text.fold` it takes marks off Latin, Greek and Cyrillic letters (elsewhere they are what tells
    words apart: हिन्दी), drops what cannot be seen, and turns trade marks into spaces.
    """
    if text.isascii():
        return text.lower()
    text = text.translate(_DROPPED)
    # The Unicode Standard 3.13, D146: NFKC, casefold, NFKC is what caseless compatibility matching compares.
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    decomposed = unicodedata.normalize("NFD", text)
    if _HAS_MARKS.search(decomposed):
        return unicodedata.normalize("NFKC", _MARKS.sub("", decomposed))
    return text


def analyse(text: str) -> list[str]:
    """Return the tokens of a document's text, in order; may be empty.

    A run of a script without spaces gives its overlapping pairs and then its last character, so that each character
    has one position, and every substring is a phrase.
    """
    if text.isascii():
        tokens = _ASCII_TOKEN.findall(text.lower())
        if len(text) > MAX_TOKEN:
            return [token[:MAX_TOKEN] for token in tokens]
        return tokens
    folded = fold(text)
    if _PAIRED.search(folded):
        return [token for token, _, _ in _tokens(folded)]
    return [token[:MAX_TOKEN] for token in _SPACED_TOKEN.findall(folded)]


def analyse_query(text: str) -> list[str]:
    """Return the tokens to look for, in order; may be empty.

    As `analyse`, but a run at the end may go on in the document: its last character stays only where it is alone.
    """
    tokens = analyse(text)
    if len(tokens) > 1 and is_paired(tokens[-1]) and len(tokens[-2]) > 1 and tokens[-2].endswith(tokens[-1]):
        tokens.pop()
    return tokens


def is_paired(token: str) -> bool:
    """True for a token of a script that is indexed by pairs of characters."""
    return bool(_PAIRED.match(token))


def join(tokens: Sequence[str]) -> str:
    """Return a text whose `analyse_query` is `tokens`, which must come from there."""
    pieces: list[str] = []
    run = ""
    for token in tokens:
        if len(run) > 1 and len(token) == 2 and token[0] == run[-1]:
            run += token[1]
            pieces[-1] = run
        elif len(run) > 1 and token == run[-1]:
            run = ""
        else:
            pieces.append(token)
            run = token if is_paired(token) else ""
    return " ".join(pieces)


def locate(text: str) -> list[Token]:
    """Return the tokens of `analyse(text)` with their places in `text`.

    Where folding joined or split characters, a place covers all of them.
    """
    if text.isascii():
        return [Token(m.group()[:MAX_TOKEN], m.start(), m.end()) for m in _ASCII_TOKEN.finditer(text.lower())]
    # Where each piece begins in the text and in the folded text, and whether it is ASCII.
    original, folded, shifts = [0], [0], [False]
    parts: list[str] = []
    for piece in _PIECE.finditer(text):
        raw = piece.group()
        parts.append(fold(raw))
        shifts[-1] = raw.isascii()
        original.append(piece.end())
        folded.append(folded[-1] + len(parts[-1]))
        shifts.append(False)
    tokens: list[Token] = []
    for token, start, end in _tokens("".join(parts)):
        first, last = bisect_right(folded, start) - 1, bisect_right(folded, end - 1) - 1
        tokens.append(
            Token(
                token,
                original[first] + (start - folded[first] if shifts[first] else 0),
                original[last] + end - folded[last] if shifts[last] else original[last + 1],
            )
        )
    return tokens


def handles(text: str) -> list[str]:
    """Return the folded handles that `text` names with @, each once; `a@b.social` also as `a`."""
    if "@" not in text and "＠" not in text:
        return []
    found: dict[str, None] = {}
    for match in _HANDLE.finditer(fold(text)):
        handle = match.group(1).rstrip(".-")
        found[handle] = None
        found[handle.partition("@")[0]] = None
    return list(found)


def tags(text: str) -> list[str]:
    """Return the folded hashtags of `text`, without #, each once. A bare number is none."""
    if "#" not in text and "＃" not in text:
        return []
    return list(dict.fromkeys(tag for tag in _TAG.findall(fold(text)) if not tag.isdecimal()))


def _tokens(folded: str) -> Iterator[tuple[str, int, int]]:
    for match in _TOKEN.finditer(folded):
        start, end = match.span()
        if match.lastgroup == "pairs":
            for i in range(start, end - 1):
                yield folded[i : i + 2], i, i + 2
            yield folded[end - 1], end - 1, end
        else:
            yield match.group()[:MAX_TOKEN], start, end
