"""What is watched: terms and the sources that always pass. Identities are watched too (`identity`)."""

from typing import Literal

from overheard.records.base import Record

# What a Sense holds at most: more teaches nothing new, and it is read whole by each worker.
MAX_EXAMPLES = 200
MAX_DECIDED = 2_000

TermKind = Literal["own-company", "own-product", "competitor", "company", "category"]


class Term(Record, frozen=True, kw_only=True):
    """A brand, product, company or category that is listened for, under any of its aliases.

    `id` is chosen by the user, and is what snippets and filters name. An alias matches folded
    (`overheard.text.fold`), with no word character directly before or after it; where `case` is set only as it is
    written, or in capitals throughout. `handles` are accounts of its own ("@acme" wherever it is written, "x:acme" on
    that platform or linked to), `domains` its sites: each is a hit by itself, in the text or as a link.

    The others say what an alias means. `requires`: words or phrases of which one at least must stand in the text.
    `excludes`: one of them in the text, and the alias is none. `examples` and `not_examples`: texts that are about it,
    and that are not.
    """

    id: str
    kind: TermKind
    aliases: tuple[str, ...]
    case: bool = False
    handles: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    not_examples: tuple[str, ...] = ()


class SenseExample(Record, frozen=True, kw_only=True):
    """What was said around a term's alias at [start, end) of `text`, and whether a person says that it was `about` it.

    `mention` is the id of the mention that `text` was cut from.
    """

    mention: str
    text: str
    start: int
    end: int
    about: bool


class Sense(Record, frozen=True, kw_only=True):
    """What people decided on mentions of a term: from which is learned what the word means when it means the term.

    `examples` are the newest decisions that say so, at most `MAX_EXAMPLES`, by mention; `decided` the mentions of the
    term on which people decided anything, the newest `MAX_DECIDED`, in order. `version` is a digest of both.
    """

    term: str
    version: str
    examples: tuple[SenseExample, ...] = ()
    decided: tuple[str, ...] = ()


class WatchedSource(Record, frozen=True, kw_only=True):
    """A source whose every mention passes the winnow."""

    source: str
    always: bool = True
