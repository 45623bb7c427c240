"""Every kind of source has its page, whose settings load; docs/sources-of-your-own.md is followed to the letter: its
package is written, tested, built, installed by its words.
"""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from overheard.testing import RULES
from overheard.wiring.kinds import KINDS, load_settings, sources_of

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PAGE = (ROOT / "docs" / "sources-of-your-own.md").read_text("utf-8")
# A block of code after a line that names its file.
BLOCK = re.compile(r"^[^\n]*`([\w/.]+)`[^\n]*:\n\n(`{3,4})\w+\n(.*?)^\2$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_source_has_a_page_that_begins_with_settings_that_load(kind: str, tmp_path: Path) -> None:
    docs = ROOT / "docs"
    path = next(one for one in (docs / "sources" / f"{kind}.md", docs / f"{kind}.md") if one.is_file())
    place = path.relative_to(docs).as_posix()
    assert f"]({place})" in (docs / "collectors.md").read_text("utf-8"), "the list of kinds names it"
    assert f"]({place}" in (docs / "configuration.md").read_text("utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    written = tmp_path / "overheard.toml"
    for block in blocks:
        written.write_text(block, "utf-8")
        assert {one.kind for one in sources_of(load_settings(written))} == {kind}
        asks_sites = any(one.is_web() for one in sources_of(load_settings(written)))
        assert load_settings(written).http.contact or not asks_sites, "without it no site is asked"
    assert blocks


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "sources").glob("*.md")), ids=lambda page: page.stem)
def test_what_a_page_of_a_source_leads_to_is_there(page: Path) -> None:
    for there, place in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text("utf-8")):
        text = (page.parent / there).resolve().read_text("utf-8") if there else page.read_text("utf-8")
        heads = [
            re.sub(r"[^\w\- ]", "", one).strip().lower().replace(" ", "-")
            for one in re.findall(r"^#+ (.*)", text, re.MULTILINE)
        ]
        assert not place or place in heads, (there, place)


def test_the_page_shows_the_source_and_the_answer_that_the_tests_know() -> None:
    assert (HERE / "overheard_forum" / "__init__.py").read_text("utf-8") in PAGE
    assert (HERE / "recordings" / "forum" / "latest.json").read_text("utf-8") in PAGE


def test_the_page_has_every_rule_with_its_words() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE))
    assert rows == {name: " ".join((rule.__doc__ or "").split()) for name, rule in RULES.items()}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a newcomer has who did what the page says."""
    folder = tmp_path_factory.mktemp("forum")
    files = {name: text for name, _, text in BLOCK.findall(PAGE)}
    files |= {"docs.md": re.findall(r"^````markdown\n(.*?)^````$", PAGE, re.MULTILINE | re.DOTALL)[0]}
    assert set(files) == {"overheard_forum/__init__.py", "docs.md", "test_forum.py", "pyproject.toml"}
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    recordings = folder / "recordings"
    recordings.mkdir()
    for path in (HERE / "recordings" / "forum").iterdir():
        (recordings / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="module")
def installed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package built as a wheel and unpacked: what pip does, without a network."""
    out, site = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("site")
    code = f"from setuptools import build_meta; build_meta.build_wheel({str(out)!r})"
    built = subprocess.run([sys.executable, "-c", code], cwd=package, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def test_the_contract_runs_by_its_words(package: Path, installed: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "test_forum.py"],
        cwd=package,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{len(RULES)} passed" in ran.stdout, ran.stdout[-3_000:] + ran.stderr[-1_000:]


def test_the_program_lists_the_kind_as_the_page_shows(installed: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "overheard", "sources", "kinds"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    shown = re.findall(r"^\$ overheard sources kinds\n\.\.\.\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
    assert ran.stdout.endswith(shown), ran.stdout + ran.stderr
