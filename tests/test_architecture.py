"""Architecture: what import-linter cannot see (`make lint` runs it): what is loaded, and what no file may hold."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from overheard.log.base import TOPICS

ROOT = Path(__file__).resolve().parent.parent
ROOMS_WITHOUT_SPACY = (
    "alerts",
    "collectors",
    "config",
    "crm",
    "index",
    "log",
    "matcher",
    "onboard",
    "records",
    "sample",
    "web",
)
MODELS = ROOT / "enrich" / "models"
TEXT = {".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".json", ".csv", ".cfg", ".ini", ""}


def loaded_by(code: str) -> set[str]:
    code += "\nimport sys; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """Every file of text under version control or about to be, links and weights of models apart."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    paths = [ROOT / name for name in sorted(set(names)) if name]
    texts = [path for path in paths if path.is_file() and not path.is_symlink() and path.suffix in TEXT]
    return [path for path in texts if MODELS not in path.parents or path.name in {"card.md", "model.json"}]


def lines_with(pattern: str, files: list[Path]) -> list[str]:
    compiled = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if compiled.search(line)
    ]


def test_records_load_nothing_of_ours() -> None:
    ours = {name for name in loaded_by("import overheard.records") if name.startswith("overheard.")}
    assert {name for name in ours if not name.startswith("overheard.records")} == set()


def test_only_enrich_pays_for_spacy() -> None:
    code = f"""
import importlib, pkgutil
for room in {ROOMS_WITHOUT_SPACY!r}:
    package = importlib.import_module(f"overheard.{{room}}")
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
"""
    assert loaded_by(code) & {"spacy", "thinc"} == set()


def test_no_file_knows_the_machine_of_its_author(files: list[Path]) -> None:
    homes = "|".join(("home", "Users", "root", "work"))
    assert lines_with(rf"(?<![\w.:/-])/(?:{homes})/\w", files) == []


def test_nothing_is_left_to_do(files: list[Path]) -> None:
    words = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X"))
    assert lines_with(rf"\b(?:{words})\b", files) == []


def test_no_file_holds_a_secret(files: list[Path]) -> None:
    marks = ("BEGIN " + r"[A-Z ]*PRIVATE KEY", r"\bAKIA" + "[0-9A-Z]{16}", r"\bgh[pousr]_" + "[A-Za-z0-9]{36}")
    assert lines_with("|".join(marks), files) == []


@pytest.mark.parametrize(
    "page", ["ARCHITECTURE.md", "README.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_every_file_and_folder_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    roots = "|".join(("collectors", "config", "enrich", "index", "matcher", "overheard", "tests", "benchmarks", "docs"))
    named = set(re.findall(rf"`((?:{roots})/(?:[\w/-]+\.\w+|[\w/-]*(?<=/)))[:`]", text)) | set(
        re.findall(r"\]\(([\w/.-]+)\)", text)
    )
    assert [
        name for name in sorted(named) if not ((ROOT / name).exists() or (ROOT / page).parent.joinpath(name).exists())
    ] == []


def test_the_topics_of_the_page_are_those_of_the_log() -> None:
    table = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## Topics")[2].partition("\n## ")[0]
    described = {
        name: (
            int(partitions),
            "compacted" in kept,
            int(days[0]) if (days := re.findall(r"(\d+) days?", kept)) else None,
        )
        for name, partitions, kept in re.findall(r"^\| `([a-z-]+)`.*\| (\d+) \| ([^|]*) \|$", table, re.MULTILINE)
    }
    assert described == {
        topic.name: (topic.partitions, topic.compacted, topic.retention.days if topic.retention else None)
        for topic in TOPICS.values()
    }
