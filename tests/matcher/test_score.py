"""The score: rises with the weight, never claims more than was measured, and is the one that the docs tell of."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.matcher.decide import decide_account, decide_person
from overheard.matcher.score import ACCOUNT_LINK, BIAS, CALIBRATION, LINK, LINK_WEIGHT, account_score, score, weigh
from overheard.records import Evidence

DOCS = Path(__file__).resolve().parents[2] / "docs" / "calibration.md"
WEIGHTS = st.floats(-30, 30).map(lambda weight: round(weight, 3))


def test_a_weight_is_the_evidence_and_what_is_believed_before_it() -> None:
    assert weigh([]) == BIAS
    assert weigh([Evidence(feature="a", weight=1.25), Evidence(feature="b", weight=-0.5)]) == BIAS + 0.75


@given(WEIGHTS, WEIGHTS)
def test_more_weight_never_scores_less(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= score(low) <= score(high) <= 1
    assert 0 <= account_score(low) <= account_score(high) <= 1


@given(st.integers(-600, 900))
def test_scores_tell_weights_apart_that_differ_by_a_hundredth_where_links_are(step: int) -> None:
    assert score(step / 100) < score((step + 1) / 100)


def test_the_measurement_rises_in_both_and_is_dated() -> None:
    assert CALIBRATION.version >= 1
    assert CALIBRATION.fitted_on
    assert len(CALIBRATION.knots) >= 2
    for (weight, odds), (next_weight, next_odds) in pairwise(CALIBRATION.knots):
        assert weight < next_weight
        assert odds < next_odds


def test_beyond_what_was_measured_little_more_is_claimed() -> None:
    (first, _), (last, _) = CALIBRATION.knots[0], CALIBRATION.knots[-1]
    assert score(first - 100) > 0
    assert score(last + 5) - score(last) < 1 - score(last)


def _found(*features: str, veto: bool = False) -> list[Evidence]:
    return [Evidence(feature=feature, weight=1.0, veto=veto) for feature in features]


@pytest.mark.parametrize(("rivals", "veto"), [(True, False), (False, True)])
def test_no_score_links_a_person_against_a_rival_or_a_veto(rivals: bool, veto: bool) -> None:
    found = _found("full name", "employer named") + _found("other employer", veto=veto)
    assert decide_person(1.0, found, corroborating={"employer named"}, rivals=rivals) == "candidate"


def test_a_person_links_from_the_bar_on_and_only_with_a_fact_or_a_rare_name() -> None:
    def decided(score: float, *features: str) -> str:
        return decide_person(score, _found(*features), corroborating={"employer named"}, rivals=False)

    assert decided(LINK, "full name", "employer named") == "linked"
    assert decided(LINK, "full name", "rare name") == "linked"
    assert decided(LINK, "full name") == "candidate"
    assert decided(LINK - 1e-6, "full name", "employer named") == "candidate"


def test_an_account_has_a_bar_of_its_own() -> None:
    assert decide_account(ACCOUNT_LINK, rivals=False) == "linked"
    assert decide_account(ACCOUNT_LINK, rivals=True) == "candidate"
    assert decide_account(ACCOUNT_LINK - 1e-6, rivals=False) == "candidate"


def test_the_docs_show_the_measurement_that_is_used() -> None:
    text = DOCS.read_text(encoding="utf-8")
    shown = re.findall(r"^\| ([+-][\d.]+) \| ([+-][\d.]+) \| ([\d.]+) \|$", text, re.MULTILINE)
    assert [(float(weight), float(odds)) for weight, odds, _ in shown] == list(CALIBRATION.knots)
    for weight, _, value in shown:
        assert float(value) == pytest.approx(score(float(weight)), abs=6e-5)
    assert f"version {CALIBRATION.version}" in text
    assert f"from a weight of {LINK_WEIGHT}, which is a score of {LINK:.3f}" in text


def test_of_what_barely_links_nearly_all_was_right() -> None:
    assert score(LINK_WEIGHT) == LINK >= 0.95
