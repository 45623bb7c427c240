"""The calibration of the matcher's score: of links at 0.99, are 99 of 100 right?

    --fit      fit weight -> log-odds on the words of one side, and write matcher/calibration.json and its table in
               docs/calibration.md
    (without)  report on the words of the other side and another seed: reliability by score, calibration error with its
               interval; precision and recall, apart by kind, script and error
    --docs     the same, and write the diagram and the tables of docs/calibration.md

A possible link is a contact that an incident shows as its author or as named in it, linked or a candidate, each with
its weight; right is whom the mention is about, whether or not the text tells so. Vetoed candidates are apart: no weight
links them. The shares hold for mentions as mixed here (`benchmarks.people.SHARES`), and say so in docs/calibration.md.

    python -m benchmarks.evaluate [--fit | --docs] [--contacts 20000] [--mentions 8000] [--seed N]
"""

import argparse
import math
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.bench_matcher import PRECISION, RECALL, Apart, Tally, contacts_of, tables, tallied
from benchmarks.common import SEED, into_docs, mean_tokens, report
from benchmarks.matching import Matching
from benchmarks.people import Case, make_people
from benchmarks.reliability import Point, Series, diagram
from benchmarks.words import Side
from overheard.enrich.agreement import wilson
from overheard.matcher import score as scoring
from overheard.matcher.names.rarity import TABLE
from overheard.records import Party

ROOT = Path(__file__).resolve().parents[1]
FITTED: Side = 0
REPORTED: Side = 1
FIT_SEEDS = (7, 8, 9)
BINS = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0)
SURE = 0.99  # of links at this score so many must be right
_LEAST = 100  # possible links in a step of the fit: fewer say nothing
_RESAMPLED = 200
# Where links are all right, so many more wrong ones are allowed for: nobody has seen enough of them (rule of three).
_PRIOR = 1.0
# And of a thousand links one more: the set has no error in its CRM, and every CRM has some.
_DOUBT = 0.001
_FLATTEST = 0.1  # log-odds for each unit of weight within a step


class Possible(NamedTuple):
    """A contact in an incident. `role` as in its party; `kind` of the case."""

    weight: float
    score: float
    right: bool
    linked: bool
    veto: bool
    kind: str
    role: str


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--fit", action="store_true", help="fit, and write matcher/calibration.json")
    parser.add_argument(
        "--docs", action="store_true", help="report, and write docs/calibration.md's tables and diagram"
    )
    parser.add_argument("--contacts", type=int, default=20_000)
    parser.add_argument("--mentions", type=int, default=8_000)
    parser.add_argument("--seed", type=int, default=SEED, help="of the report; the fit has seeds of its own")
    chosen = parser.parse_args()
    if chosen.fit:
        found = [one for seed in FIT_SEEDS for one in possible_links(chosen.contacts, chosen.mentions, seed, FITTED)[0]]
        write(found, chosen.contacts, chosen.mentions)
        return
    evaluate(chosen.contacts, chosen.mentions, seed=chosen.seed, docs=chosen.docs)


class Found(NamedTuple):
    """Every possible link that the matcher shows on a set: contacts, and accounts named; mean tokens of its texts.

    `total` and `apart` are what became of the cases.
    """

    contacts: list[Possible]
    accounts: list[Possible]
    tokens: float
    total: Tally
    apart: Apart


def possible_links(people: int, mentions: int, seed: int, side: Side) -> Found:
    """Run the matcher on a set, and say of each possible link whether it is right."""
    made = make_people(people, mentions, seed=seed, side=side)
    with Matching() as matching:
        matching.load([*made.accounts, *made.contacts])
        incidents = matching.match([*made.support, *(case.mention for case in made.cases)])
    shown = [(case, incidents[case.mention.mention.id]) for case in made.cases]
    return Found(
        [_possible(party, case, case.truth) for case, one in shown for party in contacts_of(one)],
        [
            _possible(party, case, case.firm)
            for case, one in shown
            for party in one.parties
            if party.role == "mentioned" and party.subject.startswith("acc_")
        ],
        mean_tokens(case.mention.mention.text for case in made.cases),
        *tallied(made.cases, incidents),
    )


def _possible(party: Party, case: Case, truth: str) -> Possible:
    return Possible(
        weight=party.weight,
        score=party.score,
        right=party.subject == truth,
        linked=party.outcome == "linked",
        veto=any(one.veto for one in party.evidence),
        kind=case.kind,
        role=party.role,
    )


# --- fitting ---------------------------------------------------------------------------------------------------------


class _Step(NamedTuple):
    """Possible links of weights up to `high`, of which so many are right."""

    total: float  # of their weights
    high: float
    hits: int
    number: int


def fit(found: Sequence[Possible]) -> list[tuple[float, float]]:
    """Return knots (weight, log-odds), rising in both: the mean weight of each isotonic step, and its end.

    Pool adjacent violators: steps of at least `_LEAST` are joined until the share that is right rises. A step's share
    is claimed from its mean weight to its end, so that the line between two steps claims too little, never too much.
    """
    ordered = sorted((one.weight, one.right) for one in found if not one.veto)
    steps: list[_Step] = []
    at = 0
    while at < len(ordered):
        end = min(at + _LEAST, len(ordered))
        while end < len(ordered) and ordered[end][0] == ordered[end - 1][0]:
            end += 1  # equal weights have one score
        if len(ordered) - end < _LEAST:
            end = len(ordered)
        part = ordered[at:end]
        steps.append(_Step(sum(weight for weight, _ in part), part[-1][0], sum(hit for _, hit in part), len(part)))
        while len(steps) > 1 and _log_odds(steps[-2]) >= _log_odds(steps[-1]):
            last, before = steps.pop(), steps.pop()
            steps.append(_joined(before, last))
        at = end
    knots: list[tuple[float, float]] = []
    for step in steps:
        for weight in (round(step.total / step.number, 3), round(step.high, 3)):
            if not knots:
                knots.append((weight, round(_log_odds(step), 3)))
            elif weight > (held := knots[-1])[0]:
                # What is one step to the data still rises a little: more weight is always more score.
                least = held[1] + max((weight - held[0]) * _FLATTEST, 0.001)
                knots.append((weight, round(max(_log_odds(step), least), 3)))
    return knots


def _joined(one: _Step, other: _Step) -> _Step:
    return _Step(one.total + other.total, other.high, one.hits + other.hits, one.number + other.number)


def _log_odds(step: _Step) -> float:
    wrong = step.number - step.hits + _PRIOR / 2 + _DOUBT * step.number
    return math.log((step.hits + _PRIOR / 2) / wrong)


def write(found: Sequence[Possible], contacts: int, mentions: int) -> None:
    knots = fit(found)
    fitted_on = (
        f"benchmarks.evaluate --fit: {len(found):,} possible links of {len(FIT_SEEDS)} sets with {contacts:,} people "
        f"and {mentions:,} mentions each, words of side {FITTED}"
    )
    data = {"version": scoring.CALIBRATION.version + 1, "fitted_on": fitted_on, "knots": knots}
    path = ROOT / "matcher" / "calibration.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n")
    rows = [f"| {weight:+.3f} | {odds:+.3f} | {1 / (1 + math.exp(-odds)):.4f} |" for weight, odds in knots]
    lines = ["| weight | log-odds | score |", "|---|---|---|", *rows]
    print(f"wrote {path.name}, version {data['version']}:", *lines, sep="\n")
    # In a process of its own: this one has the former calibration.
    code = (
        "from overheard.matcher.score import LINK, LINK_WEIGHT; print(f'{LINK_WEIGHT}, which is a score of {LINK:.3f}')"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    bar = f"A contact links from a weight of {done.stdout.strip()}."
    text = "\n".join((f"This is version {data['version']}, {fitted_on}.", bar, "", *lines))
    into_docs("calibration.md", "calibration", text)


# --- reporting -------------------------------------------------------------------------------------------------------


def evaluate(contacts: int, mentions: int, *, seed: int, docs: bool) -> None:
    found, accounts, tokens, total, apart = possible_links(contacts, mentions, seed, REPORTED)
    open_ = [one for one in found if not one.veto]
    links = [one for one in found if one.linked]
    sure = [one for one in links if one.score >= SURE]
    low, high = interval(open_, calibration_error)
    share = right(sure)
    # A binomial deviation more than chance allows would be a broken promise; less is chance.
    _, best = wilson(sum(one.right for one in sure), len(sure))
    met = best >= SURE and total.precision >= PRECISION and total.recall >= RECALL
    by_score = [
        table("all possible links without a veto", open_),
        table("links", links),
        table("vetoed", [one for one in found if one.veto]),
        table("accounts named in the text (not fitted)", accounts),
    ]
    print(*by_score, tables(apart), sep="\n")
    kinds = sorted({one.kind for one in links})
    by_kind = [(kind, [one for one in links if one.kind == kind]) for kind in kinds]
    error = f"{calibration_error(open_):.4f} (95 % of resamples: {low:.4f} to {high:.4f})"
    if docs:
        (ROOT / "docs" / "reliability.svg").write_text(drawing(open_, links), encoding="utf-8")
        figures = f"Expected calibration error {error}; Brier score {brier(open_):.4f}; links at {SURE} or more: "
        figures += f"{len(sure):,}, {share:.4f} of them right."
        into_docs("calibration.md", "reliability", "\n".join(("```", *by_score[:2], "```", "", figures)))
    report(
        "matcher: calibration of the score",
        corpus=f"benchmarks/people.py, {contacts:,} people and as many decoys; words that nothing was fitted on; "
        f"seed {seed}",
        count=mentions,
        tokens=tokens,
        models=f"calibration {scoring.CALIBRATION.version}; rarity of names: {TABLE}",
        figures=[
            ("possible links", f"{len(open_):,} without a veto, {len(links):,} linked"),
            ("calibration error", error),
            ("of links alone", f"{calibration_error(links):.4f}"),
            ("Brier score", f"{brier(open_):.4f}; {base_rate_brier(open_):.4f} for the base rate everywhere"),
            ("precision", f"{total.precision:.4f} ({total.wrong} wrong of {total.right + total.wrong:,} links)"),
            ("recall", f"{total.recall:.4f} of the {total.linkable:,} linkable; {total.waiting:,} wait as candidates"),
            (f"links at {SURE} or more", f"{share:.4f} of {len(sure):,} right"),
            *(
                (f"links, {kind}", f"mean {mean(part):.3f}, {right(part):.3f} of {len(part):,} right")
                for kind, part in by_kind
            ),
        ],
        passed=met,
    )


def mean(found: Sequence[Possible]) -> float:
    return sum(one.score for one in found) / len(found) if found else 0.0


def right(found: Sequence[Possible]) -> float:
    return sum(one.right for one in found) / len(found) if found else 1.0


def binned(found: Sequence[Possible]) -> list[tuple[float, float, list[Possible]]]:
    """Return (from, to, those with a score in between) for each bin that holds any; the last holds 1 as well."""
    edges = list(zip(BINS, (*BINS[1:-1], 2.0), strict=False))
    parts = ((low, high, [one for one in found if low <= one.score < high]) for low, high in edges)
    return [(low, min(high, 1.0), part) for low, high, part in parts if part]


def calibration_error(found: Sequence[Possible]) -> float:
    """Return the expected calibration error: |mean score - share right| of each bin, weighed by its number."""
    total = sum(abs(sum(one.score - one.right for one in part)) for _, _, part in binned(found))
    return total / len(found) if found else 0.0


def brier(found: Sequence[Possible]) -> float:
    """Return the mean squared difference of score and outcome."""
    return sum((one.score - one.right) ** 2 for one in found) / len(found) if found else 0.0


def base_rate_brier(found: Sequence[Possible]) -> float:
    rate = sum(one.right for one in found) / len(found) if found else 0.0
    return rate * (1 - rate)


def interval(found: Sequence[Possible], figure: Callable[[Sequence[Possible]], float]) -> tuple[float, float]:
    """Return where 95 % of a figure's resamples lie (percentile bootstrap)."""
    rng = random.Random(SEED)
    values = sorted(figure(rng.choices(found, k=len(found))) for _ in range(_RESAMPLED)) if found else [0.0]
    return values[int(len(values) * 0.025)], values[min(int(len(values) * 0.975), len(values) - 1)]


def table(title: str, found: Sequence[Possible]) -> str:
    lines = [f"{title}: {len(found):,}", f"  {'score':<14}{'number':>8}{'mean':>8}{'right':>8}   95 % of such shares"]
    for low, high, part in binned(found):
        least, most = wilson(sum(one.right for one in part), len(part))
        bounds = f"{low:g}-{high:g}"
        lines.append(f"  {bounds:<14}{len(part):>8}{mean(part):>8.3f}{right(part):>8.3f}   {least:.3f}-{most:.3f}")
    return "\n".join(lines) + "\n"


def drawing(found: Sequence[Possible], links: Sequence[Possible]) -> str:
    """Return the diagram of all possible links and of those that were linked."""
    parts = (("all possible links", "#1f5fa8", 5, found), ("linked", "#b5480f", 3, links))
    series = [
        Series(label, colour, radius, [_point(part) for _, _, part in binned(part_of)])
        for label, colour, radius, part_of in parts
    ]
    return diagram("Reliability of the score: the share of links that are right, by score", "score", series)


def _point(part: Sequence[Possible]) -> Point:
    return Point(mean(part), sum(one.right for one in part), len(part))


if __name__ == "__main__":
    main()
