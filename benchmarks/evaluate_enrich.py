"""Every figure of the enrichers, for exactly the weights that are shipped, on parts that nothing was trained on.

Each figure has its 95 % interval, its language or source, and, where one was asked for, its limit. Mistakes are other
people's words: the worst 50 of each component go to build/worst/, never into the repository.

python -m benchmarks.evaluate_enrich [--docs] [--only NAME] [--overrides FILE]

    --docs       write the tables of docs/quality.md and docs/reliability-sentiment.svg
    --only       one component: its figures and mistakes
    --overrides  also judge by the labels of people, as `overheard enrich overrides` prints them
"""

import argparse
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from benchmarks import common

# After benchmarks.common, which sets OMP_NUM_THREADS before any numeric library is loaded.
from benchmarks import (  # isort: skip
    bench_enrich,
    quality_entities,
    quality_intents,
    quality_language,
    quality_relevance,
    quality_sentiment,
)
from benchmarks.figures import Row
from benchmarks.reliability import Point, Series, diagram
from overheard.enrich import senses
from overheard.enrich.agreement import Override, wilson
from overheard.enrich.components import pipeline
from overheard.enrich.draft import Draft
from overheard.enrich.encoder import Encoder
from overheard.enrich.intents import LABELS, IntentModel
from overheard.enrich.sentiment import POLARITIES, Sentiments
from overheard.records import Mention, Passed, WatchHit, mention_id
from training.about import hashes
from training.intentset import labelled
from training.senses import Case, features
from training.senses import posts as posts_on
from training.sentiment_data import brands, emotions, hindi_latin, news, posts
from training.sentiment_judged import Judged, judged

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "enrich" / "models"
WORST = ROOT / "build" / "worst"
MOST_BYTES: Final = 65_000_000
_MISTAKES = 50
_SEEN = datetime(2026, 1, 1, tzinfo=UTC)
_CONFUSED = 12
# Of these the limit is the most that may be, of all others the least.
_BRANDS: Final = frozenset(
    f"brands: {posts}{how}" for posts in ("posts that write the name", "all posts") for how in ("", ", judged as names")
)
_AT_MOST = ("at most", "called hi-Latn", "calibration error")


class Section(NamedTuple):
    """One component: its figures, what it takes for what (right, said, how often), and its worst mistakes as lines."""

    rows: Callable[[], Sequence[Row]]
    confused: Callable[[], Iterable[tuple[str, str, int]]]
    worst: Callable[[int], Iterable[object]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--docs", action="store_true", help="write docs/quality.md's tables and diagram")
    parser.add_argument("--only", choices=sorted(SECTIONS), help="one component")
    parser.add_argument("--overrides", type=Path, help="labels of people, as `overheard enrich overrides` prints them")
    chosen = parser.parse_args()
    about = shipped(MODELS)
    models = ", ".join(f"{name} {version}" for name, version in sorted(about.items()))
    size = sum(one.stat().st_size for one in MODELS.rglob("*") if one.is_file())
    lines = [f"Shipped: {models}; {size / 1e6:.1f} MB of at most {MOST_BYTES / 1e6:.0f}."]
    print(*lines, sep="\n")
    if chosen.overrides:
        print(table_of_overrides(chosen.overrides))
    if not common.SHARED.exists():
        print("skipped: no ../shared/data beside the repository")
        return
    for name in [chosen.only] if chosen.only else SECTIONS:
        print(f"\n{name}", flush=True)
        rows = list(SECTIONS[name].rows())
        print(*(line_of(row) for row in rows), sep="\n")
        confused = list(SECTIONS[name].confused())[:_CONFUSED]
        told = "; ".join(f"{right} as {said} {number:,}" for right, said, number in confused)
        if told:
            print(f"confused: {told}")
        if wrong := [str(one) for one in SECTIONS[name].worst(_MISTAKES)]:
            WORST.mkdir(parents=True, exist_ok=True)
            (WORST / f"{name}.txt").write_text("\n".join(wrong) + "\n", "utf-8")
            print(f"mistakes to read: {len(wrong)} in {(WORST / name).relative_to(ROOT)}.txt", flush=True)
        if chosen.docs:
            tail = ("", f"Confused (right as said): {told}.") if told else ()
            common.into_docs("quality.md", name, "\n".join((table_of(rows), *tail)))
    if chosen.docs and not chosen.only:
        common.into_docs("quality.md", "models", lines[0])
    if chosen.docs and chosen.only in {None, "sentiment"}:
        (ROOT / "docs" / "reliability-sentiment.svg").write_text(drawing(), "utf-8")


def shipped(models: Path) -> dict[str, str]:
    """Return the version of each model by name. Raises ValueError where a file is not the one that its model names."""
    found = {}
    for path in sorted(models.glob("*/model.json")):
        about = json.loads(path.read_text("utf-8"))
        files = hashes(path.parent)
        if files != about.get("sha256", {}):
            other = sorted(name for name, _ in set(files.items()) ^ set(about.get("sha256", {}).items()))
            msg = f"{path}: expected the files that it names, by their sha256; {other[0]} is another. Run `make models`"
            raise ValueError(msg)
        found[about["name"]] = about["version"]
    return found


# --- figures ---------------------------------------------------------------------------------------------------------


def is_at_most(row: Row) -> bool:
    """True where the limit of a figure is the most that it may be."""
    return any(word in row.name for word in _AT_MOST)


def is_met(row: Row) -> bool | None:
    """Return whether a figure keeps its limit; None where it has none."""
    if row.aim is None:
        return None
    return row.figure <= row.aim if is_at_most(row) else row.figure >= row.aim


def _limit(row: Row) -> str:
    if row.aim is None:
        return ""
    return f"{'at most' if is_at_most(row) else 'at least'} {row.aim:g}: {'met' if is_met(row) else 'not met'}"


def line_of(row: Row) -> str:
    """Return a figure as a line for the terminal."""
    figure = f"{row.number:7,} {row.figure:7.1f} {f'[{row.low:.1f}, {row.high:.1f}]':16} {_limit(row)}"
    return f"  {row.part:32} {row.name.strip():52} {figure}".rstrip()


def table_of(rows: Iterable[Row]) -> str:
    """Return figures as a table of Markdown."""
    head = ["| of | figure | number | value | 95 % of such values | limit |", "|---|---|---|---|---|---|"]
    cells = (
        (
            row.part,
            row.name.strip(),
            f"{row.number:,}",
            f"{row.figure:.1f}",
            f"{row.low:.1f} to {row.high:.1f}",
            _limit(row),
        )
        for row in rows
    )
    return "\n".join((*head, *(f"| {' | '.join(one)} |" for one in cells)))


# --- what is taken for what, and mistakes ----------------------------------------------------------------------------


def _targets() -> list[Judged]:
    sentiments = Sentiments(Encoder())
    return [one for part in (news("test"), posts("test")) for one in judged(sentiments, part, targets=True)]


def _documents() -> list[Judged]:
    sentiments = Sentiments(Encoder())
    comments = [one for one in emotions("test") if one.label is not None]
    return [
        *judged(sentiments, comments, targets=False),
        *judged(sentiments, posts("test"), targets=False),
        *judged(sentiments, hindi_latin("test"), targets=False, language="hi-Latn"),
    ]


def _confused_sentiments() -> Iterator[tuple[str, str, int]]:
    count = Counter((POLARITIES[one.right], POLARITIES[one.said]) for one in _targets() if one.right != one.said)
    yield from ((right, said, number) for (right, said), number in count.most_common())


def _confused_intents() -> Iterator[tuple[str, str, int]]:
    """Of sentences that have one label and were given another one, and of those with one side empty."""
    count: Counter[tuple[str, str]] = Counter()
    for one in quality_intents.judged(labelled("test"), IntentModel(), Encoder()):
        right: set[str] = {label for label, has in zip(LABELS, one.sentence.labels, strict=True) if has}
        said: set[str] = {label for label, has in zip(LABELS, one.said, strict=True) if has}
        missed, false = sorted(right - said) or ["nothing"], sorted(said - right) or ["nothing"]
        if right != said:
            count.update((a, b) for a in missed for b in false)
    yield from ((right, said, number) for (right, said), number in count.most_common())


def _flat(pairs: Iterable[tuple[tuple[str, str], int]]) -> Iterator[tuple[str, str, int]]:
    yield from ((right, said, number) for (right, said), number in pairs)


def _relevance() -> list[Row]:
    """Return precision at recall 0.6 of each part, with what the bar that is used comes to; brands have a limit.

    The ROC area within a brand stands in the name of the figure where there is one.
    """
    return [
        Row(
            name=f"precision at recall 60 % (at the bar {100 * one.precision:.0f}, recall {100 * one.recall:.0f}"
            + ("" if math.isnan(one.within) else f"; ROC area within a brand {100 * one.within:.0f}")
            + ")",
            part=one.what,
            number=one.texts,
            figure=100 * one.precision_at_60,
            low=100 * one.low,
            high=100 * one.high,
            aim=90.0 if one.what in _BRANDS else None,
        )
        for one in quality_relevance.rows()
    ]


def _judged_senses() -> list[tuple[float, bool, Case]]:
    """Return how sure it is that each post of the brands left out is about the brand, and whether it passes."""
    base, _ = senses.load()
    cases = posts_on(brands("test"))
    words = quality_relevance.as_words(cases)
    chances = senses.sigmoid(base.logits(base.seen(*features(cases, Encoder())), words))
    passes = chances >= quality_relevance.bars_of(words)
    return [(float(sure), bool(said), case) for sure, said, case in zip(chances, passes, cases, strict=True)]


def _confused_senses() -> Iterator[tuple[str, str, int]]:
    names = {True: "about it", False: "not about it"}
    count = Counter((case.about, said) for _, said, case in _judged_senses())
    yield from ((names[a], names[b], number) for (a, b), number in count.most_common() if a != b)


def _worst_senses(number: int) -> list[str]:
    """Return the mistakes that it was surest of: how sure that it is meant, the brand, the text."""
    wrong = [(sure, case) for sure, said, case in _judged_senses() if said != case.about]
    wrong.sort(key=lambda one: -abs(one[0] - one[1].about))
    return [
        f"{sure:.2f} {case.name} {'is' if case.about else 'is not'} meant: {case.text!r}"
        for sure, case in wrong[:number]
    ]


def drawing() -> str:
    """Return the reliability diagram of sentiment, toward targets and of documents, 15 bins each."""
    parts = (("toward a target", "#1f5fa8", 5, _targets()), ("of a document", "#b5480f", 3, _documents()))
    series = [
        Series(
            label,
            colour,
            radius,
            [Point(sure, round(share * number), number) for sure, share, number in quality_sentiment.reliability(said)],
        )
        for label, colour, radius, said in parts
    ]
    return diagram("Reliability of sentiment: the share that is right, by confidence", "confidence", series)


SECTIONS: Final[Mapping[str, Section]] = {
    "sentiment": Section(quality_sentiment.rows, _confused_sentiments, quality_sentiment.worst),
    "entities": Section(quality_entities.rows, lambda: _flat(quality_entities.confused()), quality_entities.worst),
    "language": Section(quality_language.rows, lambda: _flat(quality_language.confused()), quality_language.worst),
    "intents": Section(quality_intents.rows, _confused_intents, quality_intents.worst),
    "relevance": Section(_relevance, _confused_senses, _worst_senses),
    "speed": Section(lambda: bench_enrich.measure(bench_enrich.POSTS).rows, tuple, lambda _: ()),
}


# --- labels of people ------------------------------------------------------------------------------------------------


def table_of_overrides(path: Path) -> str:
    """Return how often these weights say what people said, and how often those of the time had, by kind and language.

    What passed as "about us" is not judged again: that takes the watch list. Raises ValueError for a line that is none.
    """
    found = read_overrides(path)
    said = say_again(found)
    counts: dict[tuple[str, str], list[int]] = {}
    for one, now in zip(found, said, strict=True):
        what = f"{one.what} toward a target" if one.what == "sentiment" and one.target else one.what
        count = counts.setdefault((what, one.language), [0, 0, 0, 0])
        count[0] += 1
        count[1] += one.label == one.machine
        count[2] += now is not None
        count[3] += now == one.label
    lines = ["labels of people: kind, language, number, agreed with at the time, agreed with now (95 %)"]
    for (what, language), (number, then, judged_again, now_right) in sorted(counts.items()):
        low, high = wilson(now_right, judged_again)
        now = f"{now_right / judged_again:.2f} [{low:.2f}, {high:.2f}]" if judged_again else "not judged"
        lines.append(f"  {what:30} {language:8} {number:6,} {then / number:6.2f}   {now}")
    return "\n".join(lines)


def read_overrides(path: Path) -> list[Override]:
    """Return the overrides of a file, one a line. Raises ValueError, with the line, for what is none."""
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(msgspec.json.decode(line, type=Override))
        except msgspec.DecodeError as e:
            msg = f"{path}, line {number}: expected a line that `overheard enrich overrides` prints; got: {e}"
            raise ValueError(msg) from e
    return found


def say_again(found: Sequence[Override]) -> list[str | None]:
    """Return what these weights say in the place of each label; None where they are not asked."""
    drafts = [_draft(one, number) for number, one in enumerate(found)]
    lines = pipeline()
    for at in range(0, len(drafts), 128):
        lines.run(drafts[at : at + 128])
    return [_said(one, draft) for one, draft in zip(found, drafts, strict=True)]


def _draft(one: Override, number: int) -> Draft:
    """Return the text with its target as the one term that it names."""
    id_ = mention_id(one.source, str(number))
    mention = Mention(id=id_, platform=one.source, source=one.source, content=one.text, first_seen=_SEEN)
    hits = (WatchHit(term=one.target, kind="own-company", start=one.start, end=one.end),) if one.target else ()
    if one.what.startswith("intent/"):
        hits = ()  # [start, end) is where the machine saw it, not where a term stands
    passed = (Passed(reason="always", by=one.source),)
    return Draft(mention=mention, text=one.text, passed=passed, hits=hits)


def _said(one: Override, draft: Draft) -> str | None:
    if one.what == "language":
        return draft.language.code
    if one.what.startswith("intent/"):
        return "yes" if any(f"intent/{intent.label}" == one.what for intent in draft.intents) else "no"
    if one.what == "sentiment" and one.target:
        return next((each.polarity for each in draft.targets if each.target == one.target), None)
    return draft.sentiment.polarity if one.what == "sentiment" else None


if __name__ == "__main__":
    main()
