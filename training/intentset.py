"""The sentences that intents are trained and judged on: our own writing (`training/intents.md`)."""

import csv
from pathlib import Path
from typing import Final, Literal, NamedTuple

from overheard.enrich.intents import LABELS

SENTENCES: Final = Path(__file__).with_name("intents.tsv")

Part = Literal["train", "dev", "test", "hi-Latn"]


class Sentence(NamedTuple):
    """A sentence; `labels` says which of LABELS it shows, `group` is its trade or its writer's situation."""

    part: str
    group: str
    labels: tuple[bool, ...]
    text: str


# What the groups in Hindi in Latin letters begin with.
HINDI: Final = "hi-Latn"


def labelled(*parts: Part) -> list[Sentence]:
    """Return the sentences of some parts, in the order of the file."""
    with SENTENCES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Sentence(row["part"], row["group"], tuple(label in row["labels"].split(",") for label in LABELS), row["text"])
        for row in rows
        if row["part"] in parts
    ]


def hindi() -> list[Sentence]:
    """Return the sentences in Hindi in Latin letters that nothing is trained on: of the test part, and others."""
    return [one for one in labelled("test", "hi-Latn") if one.group.startswith(HINDI)]
