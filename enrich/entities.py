"""Names in a text: people, organisations and places, by a spaCy model of our own training; handles and tags by rule.

Knows no contacts; products and brands are what the watch list finds.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal, cast

import regex
import spacy
from thinc.api import NumpyOps, set_current_ops

from overheard.enrich.draft import Draft
from overheard.enrich.smallwords import STRONG, WEAK
from overheard.records import Entity

MODEL: Final = Path(__file__).parent / "models" / "entities"

# A longer text is read up to here (four thousand words, ten pages); time and memory of the model grow with it.
MAX_CHARACTERS: Final = 20_000
# Texts that go through the model together: at most so many, and so many characters, since the model's memory
# is that of the whole batch (20 MB for 64 k characters).
BATCH: Final = 128
BATCH_CHARACTERS: Final = 64_000

# spaCy's tokeniser takes the square of a word's length where it is made of brackets or the like: 40 s for 20,000. A
# longer word than this names nobody, so the model sees spaces in its place: 0.4 s, and all offsets stay.
# So do lone surrogates, which spaCy cannot encode.
_UNREADABLE = regex.compile("\\S{201,}|[\ud800-\udfff]+")

# After so many texts (some 25,000 new words, 5 MB) the vocabulary forgets; after each batch would cost an eighth of the
# speed, since the tokeniser's cache goes too.
_REMEMBERED_TEXTS = 10_000

Label = Literal["person", "organisation", "place", "handle", "tag"]
_Kind = Literal["handle", "tag", "link"]
_LABELS: Final[dict[str, Label]] = {"PERSON": "person", "ORG": "organisation", "GPE": "place"}
# What is taken of the model by language, as it was measured (docs/enrich.md): of English all; of Hindi in Latin letters
# what is written with capitals and has none of its small words in it; of some of the languages near English the full
# names of people; of all others nothing, since the model hears names where none are.
WHOLE: Final = frozenset({"en", "und"})
FULL_NAMES: Final = frozenset({"ca", "da", "es", "fr", "it", "no", "pt", "sv"})
LANGUAGES: Final = WHOLE | FULL_NAMES | {"hi-Latn"}
_SMALL_WORDS: Final = STRONG | WEAK

_LATIN = regex.compile(r"\p{Latin}")
_LETTER = regex.compile(r"\p{L}")
# Links and e-mail addresses first, so that what looks like a handle or a tag inside of them is none. A handle may go on
# with a host, as in the Fediverse and on Bluesky; a tag has a letter in it ("#1" is a number).
_BY_RULE = regex.compile(
    r"(?P<link>\b(?:https?://|www\.)\S++|(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<handle>(?<![\w@＠/.&])[@＠](?:\w+(?:[.-]\w+)*(?:@\w[\w-]*(?:\.\w[\w-]*)+)?)|(?<![\w/])/?u/[\w-]{3,20}\b)"
    r"|(?P<tag>(?<![\w&#＃/])[#＃](?=[\d_]*[\p{L}\p{M}])[\w\p{M}]+)"
)


class Entities:
    """The loaded model. A `Component`; not thread-safe; one a process (130 MB).

    Raises OSError, with the folder, where the model is not there.
    """

    name = "entities"
    requires = frozenset({"text", "language"})
    assigns = frozenset({"entities"})

    def __init__(self, model: Path = MODEL) -> None:
        # blis falls back to its slowest kernel on many processors; numpy's BLAS gives the same entities 1.5 times as
        # fast. Must come before loading.
        set_current_ops(NumpyOps(use_blis=False))
        self._nlp = spacy.load(model)
        self.version: str = json.loads((model / "model.json").read_text("utf-8"))["version"]
        self._zone = ExitStack()
        self._zone.enter_context(self._nlp.memory_zone())
        self._read = 0

    def process(self, drafts: Sequence[Draft]) -> None:
        """Find the entities of each."""
        texts = [draft.text for draft in drafts]
        for draft, found in zip(drafts, self.find(texts, [draft.language.code for draft in drafts]), strict=True):
            draft.entities = found

    def find(self, texts: Sequence[str], languages: Sequence[str] = ()) -> list[tuple[Entity, ...]]:
        """Return the entities of each text in order of their start; `text[start:end]` is the name as written.

        `languages` are BCP 47 codes, one for each text; without them all are read as English. Texts in a language that
        is none of `LANGUAGES`, and those that are mostly of another script than Latin, have only handles and tags;
        of others than English less is found (`WHOLE`, `FULL_NAMES`). A tag that names somebody is both.
        """
        ruled = [_by_rule(text[:MAX_CHARACTERS]) for text in texts]
        found = [[Entity(label=k, start=start, end=end) for start, end, k in one if k != "link"] for one in ruled]
        read = [
            i for i, text in enumerate(texts) if (not languages or languages[i] in LANGUAGES) and is_mostly_latin(text)
        ]
        for batch in _batches(texts, read):
            docs = self._nlp.pipe([_readable(texts[i]) for i in batch], batch_size=BATCH)
            for i, doc in zip(batch, docs, strict=True):
                if doc.ents:
                    named = [(e.start_char, e.end_char, _LABELS[e.label_]) for e in doc.ents]
                    names = _names(texts[i], named, ruled[i])
                    if languages and languages[i] not in WHOLE:
                        names = (name for name in names if _holds(texts[i], name, languages[i]))
                    found[i] = sorted([*found[i], *names], key=_place)
        self._forget(len(read))
        return [tuple(one) for one in found]

    def _forget(self, read: int) -> None:
        """Drop the words that the vocabulary met since the last time; else it grows for ever. No doc may be alive."""
        self._read += read
        if self._read >= _REMEMBERED_TEXTS:
            self._zone.close()
            self._zone.enter_context(self._nlp.memory_zone())
            self._read = 0


def is_mostly_latin(text: str) -> bool:
    """True where at least half of the letters among the first thousand characters are Latin; false without letters."""
    if text.isascii():
        return any(map(str.isalpha, text))
    letters = len(_LETTER.findall(text, endpos=1000))
    return letters > 0 and 2 * len(_LATIN.findall(text, endpos=1000)) >= letters


def _by_rule(text: str) -> list[tuple[int, int, _Kind]]:
    """Return handles, tags and links, in order and apart."""
    if not any(sign in text for sign in "@＠#＃./"):
        return []
    return [(match.start(), match.end(), cast("_Kind", match.lastgroup)) for match in _BY_RULE.finditer(text)]


def _names(
    text: str, named: Iterable[tuple[int, int, Label]], ruled: Sequence[tuple[int, int, _Kind]]
) -> Iterator[Entity]:
    """Yield the names that are no part of a handle or link, without white space around them, each on one line."""
    for first, last, label in named:
        name = text[first:last]
        start = first + len(name) - len(name.lstrip())
        name = name.strip()
        end = start + len(name)
        inside = any(kind != "tag" and at < end and start < to for at, to, kind in ruled)
        if name and "\n" not in name and not inside:
            yield Entity(label=label, start=start, end=end)


def _holds(text: str, name: Entity, language: str) -> bool:
    """True where what the model says of a text in another language than English can be kept."""
    words = text[name.start : name.end].split()
    if language in FULL_NAMES:
        return name.label == "person" and len(words) > 1 and words[0][0].isupper() and words[-1][0].isupper()
    return all(word[0].isupper() and word.casefold() not in _SMALL_WORDS for word in words)


def _place(entity: Entity) -> tuple[int, int]:
    return entity.start, entity.end


def _readable(text: str) -> str:
    """Return what the model reads of a text: its beginning, with spaces for what it cannot read."""
    return _UNREADABLE.sub(lambda word: " " * len(word[0]), text[:MAX_CHARACTERS])


def _batches(texts: Sequence[str], read: Iterable[int]) -> Iterator[list[int]]:
    """Group the indexes of the texts that the model reads, bounded in number and characters."""
    batch: list[int] = []
    characters = 0
    for i in read:
        size = min(len(texts[i]), MAX_CHARACTERS)
        if batch and (len(batch) == BATCH or characters + size > BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(i)
        characters += size
    if batch:
        yield batch
