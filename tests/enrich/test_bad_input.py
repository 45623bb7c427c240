"""Bad input: less in the result, no exception, no square of its length; what breaks is told with its component."""

import random
import string
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.enrich.draft import Draft
from overheard.enrich.pipeline import Pipeline
from overheard.enrich.stage import EnrichStage
from overheard.enrich.winnow import Winnow
from overheard.log.deadletters import list_letters
from overheard.log.embedded import EmbeddedLog
from overheard.log.stage import LogSink, run_stage
from overheard.records import WatchedSource, encode
from overheard.text import clean
from tests.enrich.conftest import NOW
from tests.enrich.making import a_mention, a_term, mention_record, to_mentions
from tests.enrich.test_stage import event_of
from tests.strategies import raw_texts

_SAID: Final = [
    "Korvex",
    "support",
    "is",
    "slow",
    "again",
    "but",
    "the",
    "Target",
    "app",
    "works",
    "and",
    "I",
    "want",
    "a",
    "refund",
    "for",
    "it",
]
_RNG: Final = random.Random(7)
BAD: Final[dict[str, str]] = {
    "empty": "",
    "blank": " \n\t\u3000\u200b",
    "one emoji": "😡",
    "a name alone": "Korvex",
    "100,000 words": " ".join(_RNG.choices(_SAID, k=100_000)),
    "100,000 sentences": "Korvex is slow. " * 100_000,
    "no spaces": "Korvex" + "isslowandTarget" * 10_000 + "Korvex",
    "no letters": "1234567890 !?.,;:- " * 5_000,
    "mixed scripts": "Korvex यह बहुत 悪い очень плохо سيئ جدا แย่มาก Κακό 나쁜 Target " * 200,
    "zalgo": "Korvex " + "".join(c + "\u0335\u0322\u0358\u031b" * 40 for c in "is broken, he comes ") * 20,
    "right-to-left marks": "\u202eKorvex\u202c \u200fis\u200e \u2067broken\u2069 " * 500,
    "lone surrogates": "Korvex \ud83d is \udc00 broken \ud800\ud800 Target",
    "controls": "".join(map(chr, range(160))) + "Korvex",
    "HTML": "<div class='a'><p>Korvex &amp; <b>Target</b> are <br/>slow</p><script>if (a<b) {}</script></div>" * 300,
    "code": "```\ndef korvex(x):\n    return {'Korvex': [x ** 2 for x in range(10)]}  # Target\n```\n" * 300,
    "code without end": "Korvex\n```\n" + "for (;;) { korvex(); }\n" * 3_000,
    "links only": "https://korvex.example/a?b=c&d=%20#e www.target.example/Target http:// https://[::1 " * 500,
    "handles and tags only": "@korvex #Korvex @target @a@b.c u/x r/y # @ $TGT " * 500,
    "a language nobody knows": "Korvex zhar'uk ilvanqa thoorm mek-drael oshti vnnu Target qapla' ",
    "a table": "\n".join(f"| Korvex | {i} | Target |" for i in range(3_000)),
    "quotes in quotes": "\n".join(">" * (i % 40) + " Korvex is slow" for i in range(3_000)),
    "open quotes": '“Korvex „is «slow "and 「Target 『' * 500,
    "a name on and on": "Korvex, " * 20_000,
    "numbers of no end": "Korvex " + "9" * 100_000 + " Target",
}
# Patterns that are repeated: marks alone, and what some rule begins with and never ends.
PATTERNS: Final = [
    *string.punctuation,
    *" \n\ta1é中अ…“”«»„「」—–’|😂\u0301\u200d\u3000\u200e\u202e\u0e01ｱ",
    *("...", "a.", "a. ", "A. ", "a-", "a@", "@a ", "#a ", "a'", "1,", "$1 ", "(a", "<a ", "<pre>", "<b>", "&a;"),
    *("a.b-", "http://", "http://a ", "www.a ", "\n> a", "\n>", "\n-- \n", "```\n", "\non a b c d", "\nOn a b c wrote"),
    *('"a', '"a b c" ', "“a", "a”", "\nfrom: a\nto: b", "`a", "<code>", "RT @a ", "> ", "-- ", "a\n\n", ". ", ", "),
    *(" - ", "no ", "not a ", "better than ", "please add ", "wish ", "just ", "the ", "it ", " but ", "Korvex "),
    *("Korvex, ", "Korvex. ", "Korvex\n", "Target ", "Target, ", "Korvex(", "“Korvex is slow” "),
]  # fmt: skip


@pytest.fixture
def watching(stage: EnrichStage) -> EnrichStage:
    """The stage, watching a name, a word and the whole source: every text passes."""
    terms = [a_term("korvex", "Korvex"), a_term("target", "Target")]
    stage.watch(Winnow(terms, sources=[WatchedSource(source="reddit")]), 0)
    return stage


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_enriched_with_what_there_is_to_say(watching: EnrichStage, what: str) -> None:
    mention = a_mention(clean(BAD[what]))
    began = time.thread_time()
    outcome = watching.process([mention_record(mention)])
    # Of this thread alone, which takes half a second to three of it; with every hit reading its "sentence" of 100,000
    # words anew it was eleven.
    assert time.thread_time() - began < 8
    assert outcome.fates == {"enriched": 1}
    event = event_of(outcome.outputs[0])
    assert encode(event) == outcome.outputs[0].value
    found, text = event.data, event.data.mention.text
    for spans in (found.hits, found.entities, found.targets, found.snippets, found.intents, found.concerns):
        assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(text[one.start : one.end] == one.exact for one in found.snippets)


@settings(max_examples=12)
@given(parts=st.lists(st.one_of(raw_texts, st.sampled_from(PATTERNS), st.sampled_from(_SAID)), max_size=30))
def test_any_mixture_of_bad_input_is_enriched(loaded_stage: EnrichStage, parts: list[str]) -> None:
    loaded_stage.watch(Winnow([a_term("korvex", "Korvex"), a_term("a")], sources=[WatchedSource(source="reddit")]), 0)
    for text in (" ".join(parts), "".join(parts)):
        assert loaded_stage.process([mention_record(a_mention(clean(text)))]).fates == {"enriched": 1}
        mention = a_mention(text)  # a component holds with what no record can carry, too
        passed = loaded_stage._winnow.winnow(mention)
        assert passed
        loaded_stage._pipeline.run([Draft(mention, text, passed.passed, passed.hits, passed.open)])


# --- the square of a length ------------------------------------------------------------------------------------------

_SHORT, _LONG = 8_000, 32_000
# Four times the length takes four times as long; the square of it would be sixteen.
_MOST_GROWTH: Final = 9
# Below this what is measured is the clock, and no text of a feed is a burden.
_NOTHING: Final = 0.03


def seconds(work: Callable[[], object], enough: float = 0.0) -> float:
    """Return the least processor time of this thread that the work took, of up to four times."""
    least = float("inf")
    for _ in range(4):
        began = time.thread_time()
        work()
        least = min(least, time.thread_time() - began)
        if least < enough:
            break
    return least


def repeated(pattern: str, characters: int) -> str:
    return "I hate Korvex. " + pattern * (characters // len(pattern)) + " Target is awful."


@pytest.fixture(scope="session")
def rules(loaded_stage: EnrichStage) -> Pipeline:
    """Every component but that of spaCy, whose bound has tests of its own (`test_entities`)."""
    return Pipeline([_NoNames(), *(one for one in loaded_stage._pipeline.components if one.name != "entities")])


class _NoNames:
    name = "entities"
    version = "0"
    requires: frozenset[str] = frozenset()
    assigns = frozenset({"entities"})

    def process(self, drafts: Sequence[Draft]) -> None:
        """Find none."""


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_component_takes_the_square_of_a_length(watching: EnrichStage, rules: Pipeline, pattern: str) -> None:
    def enrich(characters: int) -> Callable[[], object]:
        mention = a_mention(repeated(pattern, characters))

        def work() -> None:
            winnowed = watching._winnow.winnow(mention)
            assert winnowed
            rules.run(
                [Draft(mention, mention.text, winnowed.passed, winnowed.hits, winnowed.open, winnowed.linked)]
            )  # fmt: skip

        return work

    long = seconds(enrich(_LONG), _NOTHING)
    assert long < _NOTHING or long < _MOST_GROWTH * max(seconds(enrich(_SHORT)), _NOTHING / _MOST_GROWTH)


# --- what breaks all the same ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["language", "sentences", "senses", "entities", "sentiment", "intents", "concerns", "snippets"]
)
def test_what_breaks_a_component_is_a_dead_letter_with_its_name_and_the_others_go_on(
    watching: EnrichStage, log: EmbeddedLog, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (broken,) = (one for one in watching._pipeline.components if one.name == name)
    process = broken.process

    def breaks(drafts: Sequence[Draft]) -> None:
        if any("boom" in draft.text for draft in drafts):
            raise IndexError("list index out of range")
        process(drafts)

    monkeypatch.setattr(broken, "process", breaks)
    said = ["Korvex is great", "Korvex went boom", "I hate Korvex", "Korvex again", "is Korvex down?"]
    log.append([to_mentions(a_mention(text, str(i))) for i, text in enumerate(said)])
    with closing(log.consumer("enrich", "mentions")) as consumer:
        done = run_stage(
            watching,
            consumer,
            LogSink(log, consumer),
            stop=threading.Event(),
            until_idle=lambda: True,
            clock=lambda: NOW,
        )
    assert done.fates == {"enriched": 4, "dead": 1}
    (letter,) = list_letters(log)
    assert (letter.stage, letter.where) == ("enrich", name)
    assert (
        letter.message == f"component {name} {broken.version} broke on this text: IndexError: list index out of range"
    )
    assert b"boom" in (letter.value or b"")
