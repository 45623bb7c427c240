"""The evaluation of the enrichers: it knows its weights, its limits, and the labels that people set."""

import json
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from benchmarks import bench_enrich, evaluate_enrich, quality_entities
from benchmarks.evaluate_enrich import is_met, line_of, read_overrides, shipped, table_of, table_of_overrides
from benchmarks.figures import Row
from overheard.enrich.agreement import Override


def row(name: str, figure: float, aim: float | None) -> Row:
    return Row(name, "news", 100, figure, figure - 1, figure + 1, aim)


def override(what: str, label: str, machine: str, text: str, target: str = "") -> Override:
    start = text.find("Korvex") if target else 0
    end = start + 6 if target else len(text)
    return Override(
        mention="men_1", source="forum", language="en", what=what, target=target, text=text, start=start, end=end,
        label=label, machine=machine, by="ann",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "figure", "aim", "met"),
    [
        ("macro-F1", 74.0, 74.0, True),
        ("macro-F1", 73.9, 74.0, False),
        ("calibration error x 100 (at most)", 5.1, 5.0, False),
        ("English called hi-Latn", 0.4, 1.0, True),
        ("accuracy", 1.0, None, None),
    ],
)
def test_a_limit_is_met_from_its_own_side(name: str, figure: float, aim: float | None, met: bool | None) -> None:
    one = row(name, figure, aim)
    assert is_met(one) is met
    said = {True: ": met", False: ": not met", None: ""}[met]
    assert line_of(one).endswith(said or f"[{figure - 1:.1f}, {figure + 1:.1f}]")
    assert said in table_of([one])


def test_weights_other_than_those_that_are_described_are_refused(tmp_path: Path) -> None:
    model = tmp_path / "language"
    model.mkdir()
    (model / "weights.npz").write_bytes(b"weights")
    about = {"name": "language", "version": "3", "sha256": {"weights.npz": sha256(b"weights").hexdigest()}}
    (model / "model.json").write_text(json.dumps(about))
    assert shipped(tmp_path) == {"language": "3"}
    (model / "weights.npz").write_bytes(b"others")
    with pytest.raises(ValueError, match=r"weights.npz is another.*make models"):
        shipped(tmp_path)


def test_labels_of_people_are_set_beside_what_these_weights_say(tmp_path: Path) -> None:
    labels = (
        override("sentiment", "negative", "neutral", "I hate this Korvex, it is terrible.", target="korvex"),
        override("language", "de", "en", "Das ist eine sehr gute Maschine, wir sind zufrieden."),
        override("about us", "no", "yes", "Korvex is a village in the hills.", target="korvex"),
    )
    path = tmp_path / "labels.ndjson"
    path.write_bytes(b"\n".join(map(msgspec.json.encode, labels)) + b"\n")
    lines = table_of_overrides(path).splitlines()
    assert len(lines) == 4
    assert [line.split()[-1] for line in lines if "about us" in line] == ["judged"]
    assert any("language" in line and "0.00   1.00" in line for line in lines)
    assert any("sentiment toward a target" in line and "0.00   1.00" in line for line in lines)


def test_a_line_that_is_no_label_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "labels.ndjson"
    path.write_text('\n{"label": 1}\n')
    with pytest.raises(ValueError, match=r"labels.ndjson, line 2: expected a line that `overheard enrich overrides`"):
        read_overrides(path)


def test_every_component_has_its_place_in_the_docs() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "quality.md").read_text("utf-8")
    for name in (*evaluate_enrich.SECTIONS, "models"):
        assert f"<!-- {name}: written by make evaluate -->" in text, name


def test_every_section_has_its_place_in_the_docs() -> None:
    page = (evaluate_enrich.ROOT / "docs" / "quality.md").read_text("utf-8")
    for name in evaluate_enrich.SECTIONS:
        assert f"<!-- {name}: written by make evaluate -->\n" in page, name
        assert f"<!-- end of {name} -->" in page, name


def test_speed_is_a_ratio_of_one_run_and_rates_with_their_limits() -> None:
    batches = [(100, 2_000, 1.0, 2.0), (100, 4_000, 2.0, 2.0), (50, 1_000, 0.5, 1.0)]
    articles = [(1.0, 1.5), (2.0, 3.0)]
    speed = bench_enrich.Speed(batches, 250, 300.0, 28.0, {}, articles, beside=[1.7, 1.95, 1.9])
    rows = speed.rows
    assert [round(row.figure, 1) for row in rows] == [70.0, 500.0, 14_000.0, 1.5, 190.0, 300.0]
    assert [row.low <= row.figure <= row.high for row in rows] == [True] * 6
    assert [is_met(row) for row in rows] == [True, True, True, True, True, True]
    slow = speed._replace(batches=[(1, 10, 1.0, 4.0)] * 2, beside=[1.7, 1.6])
    assert [is_met(row) for row in slow.rows] == [False, True, False, True, False, True]


def test_the_mean_of_seeds_is_that_of_what_the_shipped_model_names() -> None:
    row = quality_entities.of_seeds("WNUT17 test", 1_287, 39.0)
    assert row.low <= row.figure <= row.high
    assert "mean of 3 seeds" in row.name
