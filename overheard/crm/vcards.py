"""vCards (2.1, 3.0, 4.0) as rows of our fields: one card, one row.

    bytes ─▶ lines unfolded, photos skipped ─▶ BEGIN … END ─▶ properties (vobject) ─▶ Row

Cards are cut here and not by vobject, since one broken card would end its reading. A card that is no card costs itself
only.
"""

import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self, cast
from urllib.parse import urlsplit

from vobject.base import ContentLine as Property
from vobject.base import ParseError, parseLine

from overheard.crm.platforms import PLATFORMS
from overheard.errors import ConfigError, InputError
from overheard.identities import normal_platform, profile_key
from overheard.table import STDIN, BadRow, Row
from overheard.urls import canonical_url

_BEGIN = re.compile(rb"\s*BEGIN\s*:\s*VCARD\s*", re.I)
_BINARY = re.compile(r"(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY|X-MS-CARDPICTURE|X-MS-OL-DESIGN|THUMBNAIL)[;:]", re.I)
_PROPERTY = re.compile(r"(?:[\w-]+\.)?[\w-]+(?:;[^:]*)?:", re.ASCII)
_PRINTABLE = re.compile(r"QUOTED-PRINTABLE", re.I)
_MAX_LINE = 1 << 20  # characters of a property that is kept; the longest notes have some thousands
_MAX_LINES = 10_000  # lines of one card
_ESCAPED = re.compile(r"\\([\\,;:nN])")
_PIECE = re.compile(r"((?:\\.|[^\\;])*)(?:;|$)", re.DOTALL)
_FIELDS = (
    "external_id", "name", "email", "phone", "organisation", "title", "place", "street", "region", "postal_code",
    "country", "birthday", "website", "revision",
)  # fmt: skip
_BDAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?!\d)")
_NOT_PHONES = {"FAX", "PAGER", "MODEM", "TEXTPHONE", "TTY"}


class _Line(NamedTuple):
    """A property as one line; `number` is that of its first line in the file."""

    number: int
    text: str


class Cards:
    """The cards of one file, read once from front to end; a context manager. As `overheard.table.Table`."""

    columns = _FIELDS

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.name = name
        self._stream = stream
        head = cast("io.BufferedReader", stream).peek(4)[:4]
        encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        # A line alone is bounded: one of gigabytes is read in parts.
        self._text = io.TextIOWrapper(stream, encoding=encoding, errors="surrogateescape", newline=None)
        self._notes: dict[str, int] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was odd about the file so far."""
        return tuple(f"{text}: {count} {'card' if count == 1 else 'cards'}" for text, count in self._notes.items())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._stream is not sys.stdin.buffer:
            self._text.close()

    def where(self, line: int, column: str = "") -> str:
        """Return the place of a card, and of its field, as messages name it."""
        return f"{self.name}:{line}, {column}" if column else f"{self.name}:{line}"

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Yield one row a card; a BadRow for one that is broken. The line is that of its BEGIN."""
        begun = 0
        lines: list[_Line] = []
        for line in self._unfolded():
            word = line.text.strip().upper().replace(" ", "")
            if word == "BEGIN:VCARD":
                if begun:
                    yield self._bad(begun, f"expected END:VCARD before the next card begins on line {line.number}")
                begun, lines = line.number, []
            elif word == "END:VCARD":
                if begun:
                    yield self._card(begun, lines)
                begun, lines = 0, []
            elif begun:
                lines.append(line)
                if len(lines) > _MAX_LINES:
                    yield self._bad(begun, f"expected at most {_MAX_LINES} lines in a card")
                    begun, lines = 0, []
            elif word:
                self._note("lines outside of cards are left out")
        if begun:
            yield self._bad(begun, "expected END:VCARD; the file ends inside this card. Fetch it again")

    def _bad(self, line: int, message: str) -> BadRow:
        return BadRow(line, InputError(message, where=self.where(line)), "")

    def _note(self, text: str) -> None:
        self._notes[text] = self._notes.get(text, 0) + 1

    def _unfolded(self) -> Iterator[_Line]:
        """Yield properties, each on one line: what was folded joined, binary ones and their lines left out."""
        held: _Line | None = None
        skipping = False
        number = 0
        while line := self._text.readline(_MAX_LINE):
            number += 1
            whole = line.endswith("\n")
            line = line.rstrip("\r\n")
            while not whole and (rest := self._text.readline(_MAX_LINE)):
                whole = rest.endswith("\n")
            if line.startswith((" ", "\t")):
                if not skipping and held is not None and len(held.text) < _MAX_LINE:
                    held = held._replace(text=held.text + line[1:])
                continue
            if held is not None and held.text.endswith("=") and _PRINTABLE.search(held.text.partition(":")[0]):
                held = held._replace(text=(held.text[:-1] + line)[:_MAX_LINE])
                continue
            if skipping and line and not _PROPERTY.match(line):
                continue  # base64 that nobody indented
            if held is not None:
                yield held
            skipping = bool(_BINARY.match(line))
            held = None if skipping or not line.strip() else _Line(number, line)
        if held is not None:
            yield held

    def _card(self, begun: int, lines: list[_Line]) -> Row | BadRow:
        card = _Card()
        unread = 0
        for line in lines:
            try:
                name, params, value, _ = parseLine(line.text)
                card.add(Property(name, cast("Any", params), _decoded(value, params), encoded=True))
            except (ParseError, ValueError, LookupError, AttributeError, TypeError):
                unread += 1
        if unread:
            self._note("lines that are no property are left out")
        if not card.values:
            return self._bad(begun, "expected a card with at least a name (FN or N); got none that can be read")
        if card.first("KIND").lower() in ("org", "group") or card.first("X-ABSHOWAS").upper() == "COMPANY":
            return self._bad(
                begun,
                f"expected a person's card; got that of an organisation, {card.first('FN')[:60]!r}. It is left out",
            )
        return Row(begun, card.cells())


def _decoded(value: str, params: list[list[str]]) -> str:
    """Return a value in which bytes that are not UTF-8 are read by the property's CHARSET, else as Windows-1252."""
    if not any("\udc80" <= c <= "\udcff" for c in value):
        return value
    charset = next((param[1] for param in params if param[0].upper() == "CHARSET" and len(param) > 1), "cp1252")
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return raw.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return raw.decode("cp1252", "replace")


class _Card:
    """The properties of one card by name."""

    def __init__(self) -> None:
        self.values: dict[str, list[Property]] = defaultdict(list)

    def add(self, line: Property) -> None:
        self.values[str(line.name).upper()].append(line)

    def first(self, name: str) -> str:
        """Return the first value of a property as text; "" where there is none."""
        return next((text for one in self.values.get(name, ()) if (text := _plain(one.value))), "")

    def parts(self, name: str) -> list[str]:
        """Return the parts of the first structured value of a property."""
        return next(
            ([_plain(p) for p in _PIECE.findall(one.value)] for one in self.values.get(name, ()) if one.value), []
        )

    def cells(self) -> dict[str, Any]:
        """Return what the card says, by our fields."""
        family, given, middle, prefix = [*self.parts("N"), "", "", "", ""][:4]
        name = self.first("FN") or " ".join(f"{given} {middle} {family}".replace(",", " ").split())
        if prefix and name.startswith(f"{prefix} "):
            name = name.removeprefix(prefix).strip()
        found: dict[str, Any] = {
            "external_id": self.first("UID").removeprefix("urn:uuid:"),
            "name": name,
            "email": [_plain(one.value).replace("mailto:", "") for one in self.values.get("EMAIL", ())],
            "phone": [_phone(one.value) for one in self.values.get("TEL", ()) if not _types(one) & _NOT_PHONES],
            "organisation": next(iter(self.parts("ORG")), ""),
            "title": self.first("TITLE") or self.first("ROLE"),
            **self._address(),
            "birthday": _day(self.first("BDAY")),
            "revision": re.sub(r"[^0-9TZ]", "", self.first("REV").upper()),
        }
        sites: list[str] = []
        for platform, value in self._handles():
            if platform and f"handle:{platform}" not in found:
                found[f"handle:{platform}"] = value
            elif "://" in value:
                sites.append(value)
        found["website"] = sites
        return found

    def _address(self) -> dict[str, str]:
        """Return the first address that has a city, else the first; a place is its city, else its region or country."""
        addresses = [[*_pieces(one.value), "", "", "", "", "", "", ""][:7] for one in self.values.get("ADR", ())]
        lines = [[" ".join(part.split()) for part in address] for address in addresses]
        lines = [address for address in lines if any(address)]
        if not lines:
            return {}
        best = next((address for address in lines if address[3]), lines[0])
        _, extended, street, city, region, code, country = best
        place = city or next((a[at] for at in (4, 6) for a in lines if a[at]), "")
        street = ", ".join(part for part in (street, extended) if part)
        return {"place": place, "street": street, "region": region, "postal_code": code, "country": country}

    def _handles(self) -> Iterator[tuple[str, str]]:
        """Yield (platform, handle or URL); without a platform of ours it is a site, or nothing."""
        for name, lines in self.values.items():
            for one in lines:
                value = _plain(one.value)
                if name in ("URL", "X-SOCIALPROFILE", "IMPP"):
                    known = profile_key(canonical_url(value)).partition(":")[0]
                    kinds = {normal_platform(kind) for kind in _types(one)} & PLATFORMS.keys()
                    scheme, _, rest = value.partition(":")
                    user = next(iter(one.params.get("X-USER", ())), "")
                    platform = known or next(iter(sorted(kinds)), "")
                    if name == "IMPP" and not platform:
                        platform = normal_platform(scheme) if normal_platform(scheme) in PLATFORMS else ""
                    if urlsplit(value).scheme not in ("http", "https") and "." not in value.partition("/")[0]:
                        value = user or rest.removeprefix("//") if rest else value
                    elif name == "X-SOCIALPROFILE" and user:
                        value = user
                    if platform or name == "URL":
                        yield platform, value
                elif name.startswith("X-") and (platform := normal_platform(name[2:])) in PLATFORMS:
                    yield platform, value


def _day(value: str) -> str:
    """Return the day of a BDAY as ISO 8601; "" for one without its year, or in words."""
    found = _BDAY.match(value)
    return "-".join(found.groups()) if found else ""


def _types(line: Property) -> set[str]:
    """Return the kinds of a property: TYPE=cell,voice and 2.1's bare ;CELL;VOICE."""
    words = [*line.params.get("TYPE", ()), *line.params.get("X-SERVICE-TYPE", ()), *line.singletonparams]
    return {part.strip().upper() for word in words for part in word.split(",") if part.strip()}


def _phone(value: str) -> str:
    """Return a phone number without the scheme, its parameters and what parts several."""
    return _plain(value).removeprefix("tel:").partition(";")[0]


def _pieces(value: str) -> list[str]:
    return [_plain(piece) for piece in _PIECE.findall(value)]


def _plain(value: object) -> str:
    return _ESCAPED.sub(lambda m: "\n" if m[1] in "nN" else m[1], str(value)).strip()


def open_cards(source: str | Path | BinaryIO, *, name: str = "") -> "Cards | BinaryIO":
    """Return the cards of a file, or the stream that was opened for it where it holds none; nothing is lost of it.

    Raises ConfigError where the file cannot be read.
    """
    if isinstance(source, str | Path):
        if str(source) == STDIN:
            stream: Any = sys.stdin.buffer
        else:
            try:
                stream = Path(source).open("rb")  # noqa: SIM115  whoever gets it closes it
            except OSError as e:
                msg = f"{source}: expected a readable file; got: {e.strerror or e}"
                raise ConfigError(msg) from e
            name = name or Path(source).name
    else:
        stream = source if isinstance(source, io.BufferedReader) else io.BufferedReader(cast("Any", source))
    try:
        head = stream.peek(256)[:256]
    except OSError as e:
        msg = f"{name or source}: expected a readable file; got: {e.strerror or e}"
        raise ConfigError(msg) from e
    plain = head.replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    return Cards(stream, name or "<stream>") if _BEGIN.match(plain) else stream
