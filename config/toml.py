"""TOML files to frozen structs, with errors that name file, line, key, what was expected and what came."""

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args

import msgspec

from overheard.errors import ConfigError

T = TypeVar("T", bound=msgspec.Struct)

MAX_BYTES = 16 << 20  # a watch list of 100,000 terms is some 8 MB
_AT = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(?P<key>[^.\[\]]+)|\[(?P<index>\d*|\.\.\.)\]")
_TABLE = re.compile(r"\s*(?P<brackets>\[\[?)\s*(?P<name>[^\]]+?)\s*\]")
_KEY = re.compile(r"""\s*(?P<key>"[^"]*"|'[^']*'|[\w-]+)\s*[.=]""")
_WORDS = {
    "str": "a text in quotes", "int": "a whole number", "float": "a number", "array": "a list", "object": "a table",
    "bool": "true or false",
}  # fmt: skip

Step = str | int


_OF_SECRETS = re.compile(r"token|secret|password|passphrase|api_key|credential")


def load(path: Path, cls: type[T]) -> T:
    """Return the file as a `cls`, whose keys may be given and no others.

    Raises ConfigError for a file that is absent, no UTF-8 or no TOML, for an unknown key (with the nearest known one)
    and for a value of a wrong type or out of its bounds.
    """
    text = read(path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        line = re.search(r"at line (\d+)", str(e))
        where = f"{path.name}:{line[1] if line else text.count(chr(10)) + 1}"
        what = str(e).partition(" (at ")[0]
        msg = f"{where}: expected TOML; got a line that is none: {what}. Texts need quotes, lists brackets"
        raise ConfigError(msg) from e
    except RecursionError as e:
        msg = f"{path.name}: expected TOML; got values nested too deep"
        raise ConfigError(msg) from e
    _refuse_unknown_keys(path, text, values, cls, ())
    try:
        return msgspec.convert(values, cls)
    except msgspec.ValidationError as e:
        match = _AT.fullmatch(str(e))
        assert match is not None
        steps = tuple(_steps(match["path"] or ""))
        fail(path, text, steps, _said(match["what"], _type_at(cls, steps)), values)


def read(path: Path) -> str:
    """Return the file's text without a byte order mark. Raises ConfigError where it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as e:
        msg = f"{path}: expected a readable file; got: {e.strerror or e}"
        raise ConfigError(msg) from e
    if len(data) > MAX_BYTES:
        msg = f"{path.name}: expected a file of at most {MAX_BYTES >> 20} MB; it is longer"
        raise ConfigError(msg)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line = data.count(b"\n", 0, e.start) + 1
        msg = f"{path.name}:{line}: expected UTF-8; got the byte 0x{data[e.start]:02x}. Save the file as UTF-8"
        raise ConfigError(msg) from e


def fail(path: Path, text: str, steps: tuple[Step, ...], message: str, values: Any = None) -> NoReturn:
    """Raise ConfigError with the file, the line of the key at `steps`, the key, and the value that stands there."""
    got = f". Got {_shown(_value(values, steps))}" if steps and values is not None and ", got" not in message else ""
    if any(isinstance(step, str) and _OF_SECRETS.search(step) for step in steps):
        got = ""  # where the name of a place should stand, what should be in that place may
    key = f"{_dotted(steps)}: " if steps else ""
    raise ConfigError(f"{path.name}:{line_of(text, steps)}: {key}{message}{got}")


def line_of(text: str, steps: tuple[Step, ...]) -> int:
    """Return the line (from 1) of a key, of its table where the key has no line of its own, else of the file's start.

    `steps` lead to it, as ("term", 3, "aliases"): tables and lists of tables by name, their elements from 0.
    """
    at: tuple[Step, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    best, depth = 1, 0
    for number, line in enumerate(text.splitlines(), 1):
        if match := _TABLE.match(line):
            names = tuple(name.strip(" \"'") for name in match["name"].split("."))
            if match["brackets"] == "[[":
                counts[names] = counts.get(names, -1) + 1
            at = ()
            for i, name in enumerate(names, 1):
                at = (*at, name)
                if names[:i] in counts:
                    at = (*at, counts[names[:i]])
            here = at
        elif match := _KEY.match(line):
            here = (*at, match["key"].strip("\"'"))
        else:
            continue
        if len(here) > depth and steps[: len(here)] == here:
            best, depth = number, len(here)
    return best


def _refuse_unknown_keys(path: Path, text: str, values: Any, kind: Any, steps: tuple[Step, ...]) -> None:
    struct = _struct_in(kind)
    if struct is None:
        return
    if isinstance(values, list):
        for i, one in enumerate(values):
            _refuse_unknown_keys(path, text, one, struct, (*steps, i))
    elif isinstance(values, dict):
        fields = {f.encode_name: f.type for f in msgspec.structs.fields(struct)}
        for key, value in values.items():
            if key not in fields:
                near = difflib.get_close_matches(key, fields, n=1)
                hint = f". Did you mean {near[0]!r}?" if near else ""
                fail(path, text, (*steps, key), f"unknown key; expected one of {', '.join(fields)}{hint}")
            _refuse_unknown_keys(path, text, value, fields[key], (*steps, key))


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """Return the struct that a field's type is or holds."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    return next((found for arg in get_args(kind) if (found := _struct_in(arg)) is not None), None)


def _type_at(kind: Any, steps: tuple[Step, ...]) -> Any:
    for step in steps:
        struct = _struct_in(kind)
        if isinstance(step, str) and struct is not None:
            kind = next((f.type for f in msgspec.structs.fields(struct) if f.encode_name == step), None)
    return kind


def _said(what: str, kind: Any) -> str:
    """Return msgspec's message in the words of a TOML file."""
    if what.startswith("Invalid enum value"):
        return f"expected one of {', '.join(map(repr, get_args(kind)))}"
    for theirs, ours in _WORDS.items():
        what = what.replace(f"`{theirs}`", ours)
    return what[:1].lower() + what[1:].replace("`", "'")


def _steps(path: str) -> list[Step]:
    return [m["key"] if m["key"] else int(m["index"] or 0) for m in _STEP.finditer(path) if m["index"] != "..."]


def _dotted(steps: tuple[Step, ...]) -> str:
    return "".join(f"[{s + 1}]" if isinstance(s, int) else f".{s}" for s in steps).removeprefix(".")


def _value(values: Any, steps: tuple[Step, ...]) -> Any:
    for step in steps:
        try:
            values = values[step]
        except (KeyError, IndexError, TypeError):
            return None
    return values


def _shown(value: Any) -> str:
    text = repr(value)
    return text[:60] + "…" if len(text) > 60 else text
