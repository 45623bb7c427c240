"""Packaging: five root folders, one import name, and a wheel with everything in it."""

import ast
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from hashlib import sha256
from importlib.metadata import packages_distributions
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("collectors", "config", "enrich", "index", "matcher")


def python(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a Python that sees what is installed, not the working directory or PYTHONPATH."""
    return subprocess.run([sys.executable, "-I", "-c", code], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def sources() -> list[PurePosixPath]:
    """The files under version control or about to be, relative to the root."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [PurePosixPath(name) for name in sorted(set(names)) if name and (ROOT / name).exists()]


@pytest.fixture(scope="module")
def wheel(sources: list[PurePosixPath], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from exactly those files, away from the checkout and what earlier builds left in it."""
    tree, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    for name in sources:
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_symlink():
            target.symlink_to((ROOT / name).readlink())
        else:
            target.write_bytes((ROOT / name).read_bytes())
    code = f"from setuptools import build_meta; print(build_meta.build_wheel({str(out)!r}))"
    built = subprocess.run([sys.executable, "-c", code], cwd=tree, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_a_link_to_its_root_folder(room: str) -> None:
    link = ROOT / "overheard" / room
    if not link.is_symlink():
        pytest.fail(f"overheard/{room} is no link: check out again with `git config core.symlinks true`")
    assert link.readlink() == Path("..") / room
    assert link.resolve() == ROOT / room
    assert not (ROOT / room).is_symlink()


@pytest.mark.parametrize("room", ROOMS)
def test_a_short_name_does_not_import(room: str, tmp_path: Path) -> None:
    result = python(f"import {room}", tmp_path)
    assert "ModuleNotFoundError" in result.stderr, result.stderr or f"`import {room}` works from an empty directory"


def test_the_one_name_imports_from_anywhere(tmp_path: Path) -> None:
    result = python("import overheard.matcher; print(overheard.matcher.__file__)", tmp_path)
    assert result.returncode == 0, result.stderr
    assert Path(result.stdout.strip()).resolve() == ROOT / "matcher" / "__init__.py"


def test_the_wheel_holds_what_is_under_version_control_and_nothing_else(
    sources: list[PurePosixPath], wheel: Path
) -> None:
    expected = set()
    for name in sources:
        top = name.parts[0]
        if top in ROOMS:
            expected.add(f"overheard/{name}")
        elif top == "overheard" and not (ROOT / name).is_symlink():
            expected.add(str(name))
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == expected


def test_the_wheel_carries_the_licence_and_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {PurePosixPath(name).name: name for name in archive.namelist()}
        assert b"Apache License" in archive.read(names["LICENSE"])
        assert "overheard = overheard.__main__:main" in archive.read(names["entry_points.txt"]).decode()


def test_the_models_of_the_wheel_are_those_of_the_tree_and_of_their_own_description(wheel: Path) -> None:
    models = ROOT / "enrich" / "models"
    tree = {one.relative_to(models).as_posix(): one.read_bytes() for one in models.rglob("*") if one.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        prefix = "overheard/enrich/models/"
        shipped = {name.removeprefix(prefix): name for name in archive.namelist() if name.startswith(prefix)}
        assert set(shipped) == set(tree)
        assert [name for name in tree if archive.read(shipped[name]) != tree[name]] == []
    for name in {name.partition("/")[0] for name in tree}:
        about = json.loads(tree[f"{name}/model.json"])
        assert {"name", "version", "made_by", "seed", "data", "figures", "sha256"} <= set(about), name
        assert about["name"] == name
        assert tree[f"{name}/card.md"].strip(), name
        files = {
            path.removeprefix(f"{name}/"): sha256(content).hexdigest()
            for path, content in tree.items()
            if path.startswith(f"{name}/") and path not in {f"{name}/model.json", f"{name}/card.md"}
        }
        assert files == about["sha256"], name
    assert sum(map(len, tree.values())) <= 65_000_000


def test_every_module_of_the_wheel_imports_from_it(wheel: Path, tmp_path: Path) -> None:
    """As after `pip install` into another environment: this one lends its libraries only."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = f"""
import importlib, pkgutil, sys
sys.path.insert(0, {str(tmp_path)!r})
import overheard
for module in pkgutil.walk_packages(overheard.__path__, "overheard."):
    importlib.import_module(module.name)
print(*sorted(getattr(m, "__file__", None) or "" for n, m in sys.modules.items() if n.partition(".")[0] == "overheard"))
"""
    result = python(code, tmp_path)
    assert result.returncode == 0, result.stderr
    assert all(Path(name).is_relative_to(tmp_path) for name in result.stdout.split())


def test_what_is_asked_for_is_imported_and_what_is_imported_is_asked_for(sources: list[PurePosixPath]) -> None:
    imported: set[str] = set()
    for name in sources:
        if name.suffix == ".py" and name.parts[0] in {*ROOMS, "overheard"}:
            for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    imported |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    imported.add((node.module or "").partition(".")[0])
    imported -= sys.stdlib_module_names | {"overheard"}
    distributions = packages_distributions()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {canonicalize_name(Requirement(one).name) for one in project["project"]["dependencies"]}
    read = {"names", "english-words"}  # of which only the tables are read
    assert asked - read == {canonicalize_name(distributions[module][0]) for module in imported}


@pytest.mark.parametrize("lock", ["runtime", "dev"])
def test_the_lock_holds_what_the_project_asks_for(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*project["project"]["dependencies"], *(project["dependency-groups"]["dev"] if lock == "dev" else ())]
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    locked: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE):
        locked.setdefault(name, set()).add(version)
    for requirement in map(Requirement, asked):
        versions = locked.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement.name} is not in requirements/{lock}.txt: run `make lock`"
        assert all(version in requirement.specifier for version in versions), f"{requirement} is locked to {versions}"


@pytest.mark.parametrize("lock", ["runtime", "dev"])
def test_the_lock_pins_every_package_by_hash_and_names_no_host(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    entries = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.partition(" ")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_both_locks_agree() -> None:
    def pins(lock: str) -> set[str]:
        text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
        return set(re.findall(r"^([a-z0-9-]+==.*?) ?\\$", text, re.MULTILINE))

    assert pins("runtime") <= pins("dev")
