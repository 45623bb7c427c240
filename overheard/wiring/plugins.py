"""Kinds of sources that other distributions bring, found by their entry points in the group `overheard.sources`.

    [project.entry-points."overheard.sources"]
    forum = "overheard_forum:Forum"

One that cannot be used is left out and said in words; the others, and the program, go on.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from keyword import iskeyword

import msgspec

from overheard.collectors.base import Source
from overheard.config.settings import Settings

GROUP = "overheard.sources"
# The names of tables in the settings that are the program's own.
RESERVED = frozenset(name for one in msgspec.structs.fields(Settings) for name in (one.name, one.encode_name))
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Plugin:
    """A kind of source and the distribution that brings it, as "overheard-forum 1.2"."""

    kind: type[Source]
    origin: str


@dataclass(frozen=True, slots=True)
class Plugins:
    """What was found: the plugins that can be used, by the name of their kind, and why others cannot, by theirs.

    A name may be in both: where two bring a kind of one name, neither is used.
    """

    usable: Mapping[str, Plugin]
    problems: Mapping[str, Sequence[str]]


@cache
def installed() -> Plugins:
    """Return the plugins of this Python, looked for once."""
    return found(entry_points(group=GROUP))


def found(points: Iterable[EntryPoint]) -> Plugins:
    """Return what entry points bring. Loads their modules, which may fail in any way."""
    named: dict[str, list[EntryPoint]] = {}
    # One that is seen twice on the path is one; two of one name and value are not, where two distributions bring them.
    for _, point in sorted({(one.name, origin_of(one), one.value): one for one in points}.items()):
        named.setdefault(point.name, []).append(point)
    usable: dict[str, Plugin] = {}
    problems: dict[str, list[str]] = {}
    for name, those in named.items():
        if len(those) > 1:
            brought = " and ".join(origin_of(one) for one in those)
            message = f"expected one distribution with sources of the kind {name!r}; got {brought}. None is used"
            problems[name] = [message]
            continue
        kind = _loaded(those[0])
        if isinstance(kind, str):
            problems[name] = [kind]
        else:
            usable[name] = Plugin(kind, origin_of(those[0]))
    return Plugins(usable, problems)


def beside(own: Mapping[str, type[Source]], plugins: Plugins) -> Plugins:
    """Return the plugins without those whose kind the program has itself: nobody takes the place of its own."""
    usable = {name: plugin for name, plugin in plugins.usable.items() if name not in own}
    problems = {name: list(said) for name, said in plugins.problems.items()}
    for name in sorted(plugins.usable.keys() & own.keys()):
        origin = plugins.usable[name].origin
        problems.setdefault(name, []).append(
            f"expected a kind of its own from {origin}; got {name!r}, which Overheard has itself. Its own is used"
        )
    return Plugins(usable, problems)


def origin_of(point: EntryPoint) -> str:
    """Return the distribution of an entry point with its version."""
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "no distribution"


def _loaded(point: EntryPoint) -> type[Source] | str:
    """Return the kind of source that an entry point names, or why it is none."""
    place = f"{point.name} = {point.value!r} of {origin_of(point)}"
    try:
        kind = point.load()
    except (Exception, SystemExit) as e:  # noqa: BLE001 - its module runs as it is imported, and may fail in any way
        return f"expected {place} to load; got {type(e).__name__}: {str(e)[:200]}. Mend it, or remove it"
    problem = _problem(point.name, kind)
    return f"{problem} ({place}). Mend it, or remove it" if problem else kind


def _problem(name: str, kind: object) -> str:
    """Return why what was loaded is no kind of source; "" where it is one."""
    if not (isinstance(kind, type) and issubclass(kind, Source)) or kind.read is Source.read:
        return f"expected a subclass of overheard.collectors.base.Source with a method `read`; got {kind!r:.100}"
    own = getattr(kind, "kind", None)
    if own != name:
        return f"expected the name of the entry point to be the `kind` of its class; got {own!r:.100}"
    if not _KIND.fullmatch(name) or iskeyword(name):
        return f"expected a kind of lower-case letters, digits and underscores; got {name!r:.100}"
    if name in RESERVED:
        return f"expected another name; {name!r} is a table of the program's own settings"
    return _tried(lambda: msgspec.convert({}, kind))


def _tried(make: Callable[[], object]) -> str:
    """Return why a table of a kind cannot be read at all; one that lacks its name is read as it should be."""
    try:
        make()
    except msgspec.ValidationError:
        return ""
    except Exception as e:  # noqa: BLE001 - its options may be of types that no table can hold
        return f"expected options that a table of settings can hold; got {type(e).__name__}: {str(e)[:200]}"
    return ""
