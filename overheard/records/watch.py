"""What is watched: terms and the sources that always pass. Identities are watched too (`identity`)."""

from typing import Literal

from overheard.records.base import Record

TermKind = Literal["own-company", "own-product", "competitor", "company", "category"]


class Term(Record, frozen=True, kw_only=True):
    """A brand, product, company or category that is listened for, under any of its aliases.

    `id` is chosen by the user, and is what snippets and filters name. An alias matches folded
    (`overheard.text.fold`), with no word character directly before or after it.
    """

    id: str
    kind: TermKind
    aliases: tuple[str, ...]


class WatchedSource(Record, frozen=True, kw_only=True):
    """A source whose every mention passes the winnow."""

    source: str
    always: bool = True
