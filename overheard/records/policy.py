"""A policy: what may be kept of what one source brings, for how long, and what of it may leave again."""

from datetime import date
from typing import Literal

from overheard.records.base import Record

Export = Literal["all", "link", "nothing"]

# What may be left out of a mention, and "raw": the bytes that it was read from.
Part = Literal[
    "title",
    "text",
    "tags",
    "links",
    "counts",
    "author",
    "author_handle",
    "author_id",
    "author_name",
    "author_url",
    "author_email",
    "author_phone",
    "author_bio",
    "author_links",
    "raw",
]


class Policy(Record, frozen=True, kw_only=True):
    """What the terms of a source allow; by default everything.

    `without` is never kept. `text`: characters of `Mention.text` that are kept, None for all. `retention`: days since
    a post was said, or first seen where that was earlier or nobody tells, after which it is gone everywhere; None: it
    stays. `export`: what programs, files, messages and other systems are given: "all", "link" (who said what where, its
    address, and snippets) or "nothing" but that it is there. `terms` is the address of the terms that say so, `read_on`
    when they were read.
    """

    without: tuple[Part, ...] = ()
    text: int | None = None
    retention: int | None = None
    export: Export = "all"
    terms: str = ""
    read_on: date | None = None


class Policies(Record, frozen=True, kw_only=True):
    """The policies of all sources that ever had one which allows less than everything, by the name of the source.

    One record (`poll-state`, key `policies`), so that what a source brought is kept by its rules when the settings name
    it no more.
    """

    by_source: dict[str, Policy] = {}
