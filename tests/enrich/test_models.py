"""Shipped models: each says what it is, of which data, and its files are those that it names."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from overheard.enrich import components
from overheard.enrich.components import MODELS
from training.about import hashes, version_of, write_about

FOLDERS = sorted(path.name for path in MODELS.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", FOLDERS)
def test_a_model_names_its_maker_data_and_files(name: str) -> None:
    about = json.loads((MODELS / name / "model.json").read_text("utf-8"))
    assert about["version"]
    assert about["made_by"].startswith("python -m training.")
    assert about["data"]
    assert about["sha256"]
    for file, digest in about["sha256"].items():
        assert sha256((MODELS / name / file).read_bytes()).hexdigest() == digest, f"{name}/{file}"


@pytest.mark.parametrize("name", FOLDERS)
def test_a_models_version_is_that_of_its_files(name: str) -> None:
    about = json.loads((MODELS / name / "model.json").read_text("utf-8"))
    assert about["version"] == version_of(hashes(MODELS / name))
    assert about["number"] >= 1


@pytest.mark.parametrize("name", ["intents", "senses", "sentiment"])
def test_a_head_names_the_encoder_that_is_shipped(name: str) -> None:
    about = {one: json.loads((MODELS / one / "model.json").read_text("utf-8")) for one in (name, "encoder")}
    assert about[name]["encoder"] == about["encoder"]["version"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_model_has_a_card(name: str) -> None:
    assert (MODELS / name / "card.md").read_text("utf-8").startswith("# ")


def test_all_models_together_stay_within_65_megabytes() -> None:
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) <= 65_000_000


def about_of(folder: Path, weights: bytes) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    (folder / "weights.npz").write_bytes(weights)
    write_about(folder, made_by="python -m training.none", seed=0, data={}, figures={})
    about: dict[str, Any] = json.loads((folder / "model.json").read_text("utf-8"))
    return about


def test_weights_name_their_version_and_other_weights_another_with_a_higher_number(tmp_path: Path) -> None:
    first = about_of(tmp_path / "some", b"first")
    again = about_of(tmp_path / "some", b"first")
    other = about_of(tmp_path / "some", b"other")
    assert (again["version"], again["number"]) == (first["version"], first["number"]) == (first["version"], 1)
    assert (other["version"] != first["version"], other["number"]) == (True, 2)
    assert about_of(tmp_path / "elsewhere", b"first")["version"] == first["version"]


def test_a_record_by_newer_weights_wins_over_one_by_older_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "MODELS", tmp_path)
    counted = []
    for weights in (b"first", b"first", b"other"):
        about_of(tmp_path / "some", weights)
        counted.append(components.renewals())
    assert counted[0] == counted[1] < counted[2]
