"""Kinds of sources by entry points: real distributions, built and put on the path; broken ones take nothing down."""

import subprocess
import sys
import zipfile
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import pytest

from overheard.collectors.base import Reading, Source
from overheard.collectors.feeds.feed import Feed
from overheard.records import Fetch
from overheard.wiring.plugins import GROUP, Plugins, beside, found

FORUM = Path(__file__).resolve().parents[1] / "contracts" / "overheard_forum"
PROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"
[project]
name = "overheard-forum"
version = "1.2"
dependencies = ["overheard"]
[project.entry-points."overheard.sources"]
forum = "overheard_forum:Forum"
[tool.setuptools]
packages = ["overheard_forum"]
"""


def install(folder: Path, name: str, points: str, **modules: str) -> Path:
    """Put a distribution into a folder as an installer does: modules, metadata, entry points."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n", "utf-8")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text, "utf-8")
    return folder


def of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    monkeypatch.syspath_prepend(str(folder))
    return found(point for one in distributions(path=[str(folder)]) for point in one.entry_points.select(group=GROUP))


@pytest.fixture(scope="module")
def forum(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The forum of the documentation, built as a wheel and unpacked, as `pip install --target` does."""
    tree, out, folder = (tmp_path_factory.mktemp(name) for name in ("tree", "wheel", "site"))
    (tree / "pyproject.toml").write_text(PROJECT, "utf-8")
    (tree / "overheard_forum").mkdir()
    for path in FORUM.glob("*.py"):
        (tree / "overheard_forum" / path.name).write_bytes(path.read_bytes())
    code = f"from setuptools import build_meta; build_meta.build_wheel({str(out)!r})"
    built = subprocess.run([sys.executable, "-c", code], cwd=tree, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_a_source_of_another_distribution_is_found_with_where_it_comes_from(
    forum: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = of(forum, monkeypatch)
    assert plugins.problems == {}
    (plugin,) = plugins.usable.values()
    assert (plugin.kind.kind, plugin.kind.__name__, plugin.origin) == ("forum", "Forum", "overheard-forum 1.2")


def test_the_program_takes_its_tables_and_tells_where_it_comes_from(forum: Path, tmp_path: Path) -> None:
    (tmp_path / "overheard.toml").write_text(
        '[[forum]]\nname = "their forum"\nurl = "https://forum.example/latest.json"\nboard = "tools"\n', "utf-8"
    )
    code = """from pathlib import Path
from overheard.wiring.kinds import load_settings
(one,) = load_settings(Path('overheard.toml')).sources
print(type(one).__module__, one.name, one.board)"""
    assert run(forum, tmp_path, "-c", code).stdout.strip() == "overheard_forum their forum tools"
    listed = run(forum, tmp_path, "-m", "overheard", "sources", "kinds").stdout
    assert "overheard-forum 1.2" in listed
    assert "The latest posts of a forum." in listed


def run(folder: Path, cwd: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    if arguments[0] == "-c":
        command = [sys.executable, "-c", code + arguments[1]]
    else:
        module = f"import runpy; sys.argv = {list(arguments[1:])!r}; runpy.run_module('overheard', run_name='__main__')"
        command = [sys.executable, "-c", code + module]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


BROKEN = {
    "cannot_import": ("import no_such_module_1", "got ModuleNotFoundError: No module named 'no_such_module_1'"),
    "raises": ("raise RuntimeError('on import')", "got RuntimeError: on import"),
    "exits": ("raise SystemExit(3)", "got SystemExit: 3"),
    "is_none": ("Kind = 3", "expected a subclass of overheard.collectors.base.Source"),
    "lacks": ("", "got AttributeError"),
    "of_another_name": (
        "from overheard.collectors.feeds.feed import Feed as Kind",
        "expected the name of the entry point to be the `kind` of its class; got 'feed'",
    ),
    "unread": (
        "from overheard.collectors.base import Source\nclass Kind(Source, frozen=True, kw_only=True):\n  kind='unread'",
        "with a method `read`",
    ),
    "http": (
        """
from overheard.collectors.feeds.feed import Feed
class Kind(Feed, frozen=True, kw_only=True):
  kind = 'http'
""",
        "'http' is a table of the program's own settings",
    ),
    "odd_options": (
        """
from overheard.collectors.feeds.feed import Feed
import msgspec
class A(msgspec.Struct): x: int
class B(msgspec.Struct): y: int
class Kind(Feed, frozen=True, kw_only=True):
  kind = 'odd_options'
  it: A | B | None = None
""",
        "expected options that a table of settings can hold; got TypeError",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_one_is_said_in_words_and_the_others_are_found(
    name: str, forum: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, words = BROKEN[name]
    module = f"broken_{name}"
    install(tmp_path, f"bad-{name}", f"{name} = {module}:Kind", **{module: code})
    monkeypatch.syspath_prepend(str(forum))
    monkeypatch.syspath_prepend(str(tmp_path))
    both = distributions(path=[str(tmp_path), str(forum)])
    plugins = found(point for one in both for point in one.entry_points.select(group=GROUP))
    assert list(plugins.usable) == ["forum"]
    assert words in plugins.problems[name][0]
    assert f"bad-{name} 1.0" in plugins.problems[name][0]


def test_of_two_that_bring_one_kind_neither_is_used(
    forum: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "other-forum", "forum = overheard_forum:Forum")
    monkeypatch.syspath_prepend(str(forum))
    both = distributions(path=[str(tmp_path), str(forum)])
    plugins = found(point for one in both for point in one.entry_points.select(group=GROUP))
    assert plugins.usable == {}
    (said,) = plugins.problems["forum"]
    assert said.endswith("the kind 'forum'; got other-forum 1.0 and overheard-forum 1.2. None is used")


def test_nobody_takes_the_place_of_a_kind_of_the_program() -> None:
    plugins = beside({"feed": Feed}, found([EntryPoint("feed", "overheard.collectors.feeds.feed:Feed", GROUP)]))
    assert plugins.usable == {}
    assert plugins.problems["feed"] == [
        "expected a kind of its own from no distribution; got 'feed', which Overheard has itself. Its own is used"
    ]


class Kind(Source, frozen=True, kw_only=True):
    kind = "kind"

    def read(self, fetch: Fetch) -> Reading:
        return Reading()


def test_an_entry_point_that_is_seen_twice_is_one() -> None:
    point = EntryPoint("kind", f"{__name__}:Kind", GROUP)
    assert found([point, point]) == found([point])


def test_a_table_of_a_kind_that_cannot_be_used_is_refused_with_the_reason_and_without_it_all_goes_on(
    tmp_path: Path,
) -> None:
    site = install(tmp_path / "site", "bad-forum", "forum = bad_forum:Forum", bad_forum="import no_such_module_1")
    (tmp_path / "overheard.toml").write_text('[[forum]]\nname = "f"\nurl = "https://f.example/"\n', "utf-8")
    refused = run(site, tmp_path, "-m", "overheard", "sources", "list")
    assert refused.returncode != 0
    assert "overheard.toml:1: forum: expected forum = 'bad_forum:Forum' of bad-forum 1.0 to load" in refused.stderr
    (tmp_path / "overheard.toml").write_text("", "utf-8")
    (tmp_path / "overheard-data").mkdir()
    going = run(site, tmp_path, "-m", "overheard", "sources", "list")
    assert going.returncode == 0, going.stderr
    assert "note: expected forum = 'bad_forum:Forum' of bad-forum 1.0 to load" in going.stderr
    listed = run(site, tmp_path, "-m", "overheard", "sources", "kinds")
    assert (listed.returncode, "Cannot be used" in listed.stdout) == (0, True)
