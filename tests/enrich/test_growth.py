"""What reads other people's text takes a time that grows as the text does, whatever is repeated in it.

The pieces are those that lead some pattern of these functions into a square where it is asked of a text without bound.
"""

from collections.abc import Callable
from time import process_time

import pytest

from overheard.enrich.encoder import plain
from overheard.enrich.language import language_of
from overheard.enrich.quotes import quotations
from overheard.enrich.sentences import sentences
from overheard.matcher.names.person import person_name
from overheard.text import clean
from overheard.urls import canonical_url

PIECES = (
    " ", "a", "0", "\n", "-", ".", "\u200b", "é", "_a", "a-", "a.", "a ", "a - ", "(a", "> ", "```\n", "<pre>", '"a ',
    "“", "RT @a ", "www.", "http://a.", "\n\n", "-- \n", "! ", "a/", "%", "%a", ";a", "[", "а", "क",
)  # fmt: skip
READERS: tuple[Callable[[str], object], ...] = (
    clean,
    plain,
    sentences,
    quotations,
    language_of,
    person_name.__wrapped__,
    lambda text: canonical_url("https://korvex.example/" + text),
)
SHORT, TIMES = 8_000, 4


def seconds(reader: Callable[[str], object], text: str) -> float:
    began = process_time()
    reader(text)
    return process_time() - began


@pytest.mark.parametrize(
    "reader", READERS, ids=["clean", "plain", "sentences", "quotations", "language", "name", "url"]
)
def test_a_reader_takes_time_as_its_text_grows(reader: Callable[[str], object]) -> None:
    led = []
    for piece in PIECES:
        short, long = (piece * (size // len(piece)) + "!" for size in (SHORT, TIMES * SHORT))
        if seconds(reader, long) < 0.02:
            continue
        growth = min(seconds(reader, long) / max(seconds(reader, short), 0.002) for _ in range(3))
        if growth > 2.5 * TIMES:
            led.append((piece, round(growth, 1)))
    assert not led, f"time grows as the square of the text: {led}"
