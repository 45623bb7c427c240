"""Answers taken apart and put together otherwise: items in another order, a field gone or of another type.

Knows JSON, NDJSON, CSV and well-formed XML, by what the bytes are. What it cannot take apart is no `Document`.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from typing import Any, Protocol, TypeAlias

from lxml import etree

Path: TypeAlias = tuple[str | int, ...]

_MAX_FIELDS = 40
# What the items of the best known formats are called.
_ITEMS = frozenset({"item", "entry", "url", "sitemap"})
_DEPTH = 4
# Two words and no digit: nobody's id, no date and no address.
_PROSE = re.compile(r"(?:[^\W\d_]+[\s,.!?'’:;-]+){1,400}[^\W\d_]+[.!?]?")
_OF_ID = re.compile(r"(?:^|[^a-z])(?:id|ids|guid|uid|uuid|uri|key|slug|name|type|kind|platform|source|author|parent"
                    r"|rel|lang|version)(?:$|[^a-z])", re.IGNORECASE)  # fmt: skip
_WORDS = "so it was said again, and at some length, by those who were there. "

# What stands in for a value of JSON; what a strict reader refuses, and what a lenient one takes for something else.
JSON_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 17, 1.5, 1e300, 10**30, "", " ", "\x00\x1b[2J\ud800", "x" * 5_000, "2100-02-30",
    [], ["x"], [[[]]], {}, {"a": {"b": [None]}},
)  # fmt: skip
TEXT_VALUES: tuple[str, ...] = ("", " ", "-1", "0", "1e999", "\x85\ufffe\u202e", "x" * 5_000, "2100-02-30", "[]", "://")


class Document(Protocol):
    """An answer of a server, as a whole with a list of items in it.

    `items` counts them. A path leads to a field, as `fields` (of an item, the first is 0) and `outside` (of the whole)
    name it; `values` may stand in for any. Every change gives the bytes of a document of its own.
    """

    items: int
    values: Sequence[Any]

    def reordered(self) -> bytes:
        """Return it with its items from last to first."""
        ...

    def without(self, path: Path) -> bytes:
        """Return it without an item, or a field of one."""
        ...

    def having(self, path: Path, value: Any) -> bytes:
        """Return it with another value in a field."""
        ...

    def item(self, number: int) -> Path:
        """Return the path of an item."""
        ...

    def fields(self, number: int) -> Sequence[Path]:
        """Return the paths of the fields of an item."""
        ...

    def outside(self) -> Sequence[Path]:
        """Return the paths of the fields that are no item's."""
        ...

    def edited(self) -> bytes:
        """Return it with other words wherever there is prose; ids, names, dates and addresses stay."""
        ...

    def many(self, times: int) -> bytes:
        """Return it with so many times its items, each with ids and addresses of its own."""
        ...

    def long(self, length: int) -> bytes:
        """Return it with so many characters more in the prose of the first item, where there is any."""
        ...

    def said(self, path: Path) -> str:
        """Return a path in words."""
        ...


def document_of(body: bytes) -> Document | None:
    """Return a body taken apart; None where it is no list of anything, or nothing that we can take apart."""
    for take in (_json, _lines, _xml, _csv):
        found = take(body)
        if found is not None and found.items:
            return found
    return None


# ---- JSON, NDJSON, CSV -----------------------------------------------------------------------------------------------


class _Rows:
    """A document of mappings and lists, with what writes them down."""

    def __init__(self, whole: Any, at: Path, dump: Callable[[Any], bytes], values: Sequence[Any]) -> None:
        self._whole = whole
        self._at = at
        self._dump = dump
        self.values = values
        self.items = len(_get(whole, at))

    def reordered(self) -> bytes:
        return self._changed(lambda items: items.reverse())

    def without(self, path: Path) -> bytes:
        whole = deepcopy(self._whole)
        del _get(whole, path[:-1])[path[-1]]
        return self._dump(whole)

    def having(self, path: Path, value: Any) -> bytes:
        whole = deepcopy(self._whole)
        _get(whole, path[:-1])[path[-1]] = value
        return self._dump(whole)

    def item(self, number: int) -> Path:
        return (*self._at, number)

    def fields(self, number: int) -> Sequence[Path]:
        return list(_paths(_get(self._whole, self.item(number)), self.item(number), _DEPTH))[:_MAX_FIELDS]

    def outside(self) -> Sequence[Path]:
        found = _paths(self._whole, (), 2)
        return [path for path in found if path != self._at[: len(path)] and path[: len(self._at)] != self._at][:20]

    def edited(self) -> bytes:
        def edit(items: list[Any]) -> None:
            items[:] = [_mapped(one, lambda key, value: value + " Edited since" if _is_prose(key, value) else value)
                        for one in items]  # fmt: skip

        return self._changed(edit)

    def many(self, times: int) -> bytes:
        def multiply(items: list[Any]) -> None:
            items[:] = [_mapped(one, partial(_numbered, number)) for number in range(times) for one in items]

        return self._changed(multiply)

    def long(self, length: int) -> bytes:
        more = _WORDS * (length // len(_WORDS))
        return self._changed(lambda items: items.__setitem__(0, _mapped(
            items[0], lambda key, value: f"{value} {more}" if _is_prose(key, value) else value)))  # fmt: skip

    def said(self, path: Path) -> str:
        return ".".join(str(step + 1) if isinstance(step, int) else step for step in path)

    def _changed(self, change: Callable[[list[Any]], Any]) -> bytes:
        whole = deepcopy(self._whole)
        change(_get(whole, self._at))
        return self._dump(whole)


def _json(body: bytes) -> _Rows | None:
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        return None
    lists = [path for path in [(), *_paths(whole, (), _DEPTH)] if _is_list(_get(whole, path))]
    # The longest; of several, the outermost.
    best = max(lists, key=lambda path: (len(_get(whole, path)), -len(path)), default=None)
    return None if best is None else _Rows(whole, best, lambda one: json.dumps(one).encode(), JSON_VALUES)


def _lines(body: bytes) -> _Rows | None:
    try:
        rows = [json.loads(line) for line in body.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return None
    return _Rows(rows, (), _as_lines, JSON_VALUES) if _is_list(rows) else None


def _as_lines(rows: Sequence[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _csv(body: bytes) -> _Rows | None:
    try:
        reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        rows = [dict(row) for row in reader]
    except (UnicodeDecodeError, csv.Error):
        return None
    names = list(reader.fieldnames or ())
    if len(names) < 2 or not rows or any(None in row or None in row.values() for row in rows):
        return None
    return _Rows(rows, (), lambda one: _as_csv(names, one), TEXT_VALUES)


def _as_csv(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names, restval="")
    writer.writeheader()
    for row in rows:
        if isinstance(row, dict):
            writer.writerow(row)
        else:
            out.write(f"{row}\r\n")
    return out.getvalue().encode("utf-8", "replace")


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and any(value) and all(isinstance(one, dict) for one in value)


def _get(whole: Any, path: Path) -> Any:
    for step in path:
        whole = whole[step]
    return whole


def _paths(value: Any, at: Path, depth: int) -> Iterator[Path]:
    """Yield the paths of all that is in a value, outermost first."""
    inner: Sequence[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value[:3]))
    for step, _ in inner:
        yield (*at, step)
    if depth > 1:
        for step, one in inner:
            yield from _paths(one, (*at, step), depth - 1)


def _mapped(value: Any, change: Callable[[str, Any], Any], key: str = "") -> Any:
    """Return a value with all that is no mapping or list in it changed, by the name that it has."""
    if isinstance(value, dict):
        return {name: _mapped(one, change, str(name)) for name, one in value.items()}
    if isinstance(value, list):
        return [_mapped(one, change, key) for one in value]
    return change(key, value)


def _is_prose(key: str, value: Any) -> bool:
    return isinstance(value, str) and not _OF_ID.search(key) and _PROSE.fullmatch(value.strip()) is not None


def _numbered(number: int, key: str, value: Any) -> Any:
    """Return an id or address of its own for the copy of an item; what is neither stays."""
    if not number or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return f"{value}{'&' if '?' in value else '?'}copy={number}"
    if _OF_ID.search(key):
        if isinstance(value, int):
            return value + number * 1_000_003
        if isinstance(value, str) and value.isdecimal():
            return str(int(value) + number * 1_000_003)
        if isinstance(value, str) and re.search(r"\d", value):
            return f"{value}{number}"
    return value


# ---- XML -------------------------------------------------------------------------------------------------------------


class _Xml:
    """Well-formed XML; its items are the largest group of siblings of one name that have elements of their own."""

    values: Sequence[Any] = (*TEXT_VALUES, "<b/>", "<a><b><c>x</c></b></a>", "<![CDATA[<p>x]]>", "<?x y?><!-- z -->")

    def __init__(self, body: bytes, root: Any, at: Path, tag: str) -> None:
        self._body = body
        self._at = at
        self._tag = tag
        self._root = root
        self.items = len(self._of(root))

    def reordered(self) -> bytes:
        def reverse(root: Any) -> None:
            parent, items = _at(root, self._at), self._of(root)
            places = [parent.index(one) for one in items]
            for one in items:
                parent.remove(one)
            for place, one in zip(places, reversed(items), strict=True):
                parent.insert(place, one)

        return self._changed(reverse)

    def without(self, path: Path) -> bytes:
        def drop(root: Any) -> None:
            if isinstance(path[-1], str):
                del _at(root, path[:-1]).attrib[path[-1]]
            else:
                _drop(_at(root, path))

        return self._changed(drop)

    def having(self, path: Path, value: Any) -> bytes:
        # Written into the text, where markup stays markup.
        mark = "overheard-stands-in"

        def put(root: Any) -> None:
            if isinstance(path[-1], str):
                _at(root, path[:-1]).set(path[-1], mark)
            else:
                element = _at(root, path)
                for child in list(element):
                    element.remove(child)
                element.text = mark

        escaped = str(value) if not isinstance(path[-1], str) else re.sub(r"[<>&\"]", "", str(value))
        return self._changed(put).replace(mark.encode(), escaped.encode("utf-8", "replace"))

    def item(self, number: int) -> Path:
        return (*self._at, _at(self._root, self._at).index(self._of(self._root)[number]))

    def fields(self, number: int) -> Sequence[Path]:
        return list(self._inner(self.item(number)))[:_MAX_FIELDS]

    def outside(self) -> Sequence[Path]:
        items = {self.item(number) for number in range(self.items)}
        found = list(self._inner(()))
        if self._at:
            found += self._inner(self._at)
        return [path for path in found if path not in items and path != self._at[: len(path)]][:20]

    def edited(self) -> bytes:
        def edit(root: Any) -> None:
            for item in self._of(root):
                for one in item.iter():
                    if isinstance(one.tag, str) and _is_prose(etree.QName(one).localname, one.text):
                        one.text += " Edited since"

        return self._changed(edit)

    def many(self, times: int) -> bytes:
        def multiply(root: Any) -> None:
            items = self._of(root)
            last, parent = items[-1], _at(root, self._at)
            place = parent.index(last) + 1
            for number in range(1, times):
                for item in items:
                    copy = deepcopy(item)
                    for one in copy.iter():
                        if isinstance(one.tag, str):
                            one.text = _numbered(number, etree.QName(one).localname, one.text)
                            for name, value in one.attrib.items():
                                one.set(name, _numbered(number, str(name), value))
                    parent.insert(place, copy)
                    place += 1

        return self._changed(multiply)

    def long(self, length: int) -> bytes:
        def grow(root: Any) -> None:
            for one in self._of(root)[0].iter():
                if isinstance(one.tag, str) and _is_prose(etree.QName(one).localname, one.text):
                    one.text += " " + _WORDS * (length // len(_WORDS))

        return self._changed(grow)

    def said(self, path: Path) -> str:
        words: list[str] = []
        element = self._root
        for step in path:
            if isinstance(step, str):
                words.append(f"@{step}")
            else:
                element = element[step]
                words.append(etree.QName(element).localname if isinstance(element.tag, str) else "comment")
        return "/".join(words)

    def _of(self, root: Any) -> list[Any]:
        return [one for one in _at(root, self._at) if one.tag == self._tag]

    def _inner(self, at: Path) -> Iterator[Path]:
        """Yield the paths of the elements in an element, and of their attributes."""
        element = _at(self._root, at)
        yield from ((*at, name) for name in element.attrib)
        for place, child in enumerate(element):
            if isinstance(child.tag, str):
                yield (*at, place)
                yield from ((*at, place, name) for name in child.attrib)

    def _changed(self, change: Callable[[Any], None]) -> bytes:
        root = _parsed(self._body)
        change(root)
        written: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
        return written


def _xml(body: bytes) -> _Xml | None:
    try:
        root = _parsed(body)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if etree.QName(root).localname == "html":
        return None
    groups: list[tuple[bool, int, Path, str]] = []
    places: list[tuple[Path, Any]] = [((), root), *(((i,), one) for i, one in enumerate(root))]
    for at, element in places:
        tags = Counter(one.tag for one in element if isinstance(one.tag, str) and len(one))
        groups += [(etree.QName(tag).localname in _ITEMS, count, at, tag) for tag, count in tags.items()]
    if not groups:
        return None
    _, _, place, name = max(groups, key=lambda one: one[:2])
    return _Xml(body, root, place, name)


def _parsed(body: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(body.lstrip(), parser)


def _at(root: Any, path: Path) -> Any:
    for step in path:
        root = root[step]
    return root


def _drop(element: Any) -> None:
    parent, tail = element.getparent(), element.tail
    before = element.getprevious()
    if tail:
        if before is not None:
            before.tail = (before.tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail
    parent.remove(element)
