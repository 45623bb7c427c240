"""A raw message read: its headers, its texts, the messages in it. Pure, and never raises for what a message holds.

    bytes ─▶ without_attachments (at the door) ─▶ … ─▶ read_letter ─▶ Letter

Headers are decoded here, not by `email.policy.default`: its parser of headers recurses, raises errors of its own for
what strangers write, and takes a time that grows with the square of a header's length.
"""

import binascii
import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from functools import lru_cache

from overheard.collectors.markup import PlainText, from_html, from_text, one_line
from overheard.identities import normal_email
from overheard.text import clean

# What is read of one header; References of a long thread have some thousand characters.
_LONGEST_HEADER = 8_192
_MOST_HEADERS = 500
_MOST_PARTS = 200
_DEEPEST = 12
# Codecs that are no charset of any mail, and slow or odd.
_NO_CHARSETS = frozenset({"", "punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
# Names of charsets that Python does not know, by the Encoding Standard (encoding.spec.whatwg.org, "Names and labels");
# "utf8mb4" is how MySQL calls UTF-8.
_LABELS: Mapping[str, str] = {
    "unicode-1-1-utf-8": "utf-8", "utf8mb4": "utf-8",
    "x-gbk": "gbk", "gb_2312": "gbk", "gb_2312-80": "gbk", "csgb2312": "gbk",
    "cn-big5": "big5", "x-x-big5": "big5",
    "x-sjis": "cp932", "windows-31j": "cp932", "x-euc-jp": "euc_jp", "cseucpkdfmtjapanese": "euc_jp",
    "cseuckr": "cp949", "csksc56011987": "cp949", "iso-ir-149": "cp949", "ks_c_5601-1989": "cp949",
    "ksc_5601": "cp949", "windows-949": "cp949",
    "windows-874": "cp874", "dos-874": "cp874", "iso885911": "cp874",
    "x-cp1250": "cp1250", "x-cp1251": "cp1251", "x-cp1252": "cp1252", "x-cp1253": "cp1253", "x-cp1254": "cp1254",
    "x-cp1255": "cp1255", "x-cp1256": "cp1256", "x-cp1257": "cp1257", "x-cp1258": "cp1258",
    "koi": "koi8-r", "koi8": "koi8-r", "koi8-ru": "koi8-u",
    "x-mac-roman": "mac_roman", "mac": "mac_roman", "csmacintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic", "x-mac-ukrainian": "mac_cyrillic",
    "iso-8859-6-e": "iso8859-6", "iso-8859-6-i": "iso8859-6", "csiso88596e": "iso8859-6", "csiso88596i": "iso8859-6",
    "sun_eu_greek": "iso8859-7",
    "iso-8859-8-e": "iso8859-8", "iso-8859-8-i": "iso8859-8", "csiso88598e": "iso8859-8", "csiso88598i": "iso8859-8",
    "logical": "iso8859-8", "visual": "iso8859-8",
    "cp50220": "iso2022_jp", "cp50221": "iso2022_jp", "iso-2022-jp-ms": "iso2022_jp",
    "iso88591": "cp1252", "iso88592": "iso8859-2", "iso88595": "iso8859-5", "iso88596": "iso8859-6",
    "iso88597": "iso8859-7", "iso88598": "iso8859-8", "iso88599": "cp1254", "iso885915": "iso8859-15",
}  # fmt: skip
# What Windows sends as ISO-2022-JP, with the letters of NEC and IBM (①, ㈱, 髙); Python has no codec for it.
_WINDOWS_JIS = "cp50221"
# What is sent under a name, where that is more than Python reads under it; by the same standard. Its Big5 and its
# EUC-JP no codec of Python reads whole.
_WIDER: Mapping[str, tuple[str, ...]] = {
    "iso8859-1": ("cp1252",), "iso8859-9": ("cp1254",), "iso8859-11": ("cp874",), "tis-620": ("cp874",),
    "gb2312": ("gb18030",), "gbk": ("gb18030",), "big5": ("cp950", "big5hkscs"),
    "shift_jis": ("cp932",), "euc_jp": ("euc_jp", "euc_jis_2004"), "iso2022_jp": ("iso2022_jp_ext", _WINDOWS_JIS),
    "euc_kr": ("cp949",),
}  # fmt: skip
# Charsets whose bytes are all ASCII, so that they would pass for UTF-8.
_SEVEN_BITS = ("iso2022", "hz", _WINDOWS_JIS)
# What follows an escape of ISO-2022: pairs of Japanese, half-width katakana, or ASCII.
_SHIFTED = re.compile(r"\x1b(\$[@B]|\([BIJ])([^\x1b]*)")
_PAIR = re.compile(r"[\x21-\x7e]{2}")
_KATAKANA = {one: 0xFF61 + one - 0x21 for one in range(0x21, 0x60)}
# So many letters beyond ASCII must be right for each that is not, where a text is read in spite of broken bytes.
_GOOD_FOR_BAD = 4
# Where a page says its charset, by the HTML Standard within its first 1,024 bytes; mail programs put more before it.
_HEAD = 2_048
_META = re.compile(rb"""(?i)<meta\s[^<>]*?charset\s*=\s*["']?\s*([\w.:-]{1,40})""")
_KEPT = re.compile(rb"(?i)content-type:\s*(?:text|multipart|message)/")
_TYPED = re.compile(rb"(?i)content-type:")
_MESSAGE = re.compile(rb"(?im)^content-type:\s*message/(?:rfc822|global)(?![\w-])")
_MESSAGES = ("message/rfc822", "message/global")
# Kinds of parts in which a whole letter may be, text and all, so that nobody reads it without a program or key.
_TNEF = "Outlook's own format (winmail.dat)"
_SMIME = "S/MIME, encrypted or with its signature around it"
_SEALED: Mapping[str, str] = {
    "application/ms-tnef": _TNEF, "application/vnd.ms-tnef": _TNEF,
    "application/pkcs7-mime": _SMIME, "application/x-pkcs7-mime": _SMIME,
    "application/pgp-encrypted": "OpenPGP, encrypted",
}  # fmt: skip
_ATTACHED = re.compile(rb"(?i)content-disposition:\s*attachment")
_BOUNDARY = re.compile(rb"""(?i)boundary\s*=\s*(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))""")
_ADDRESS = r"""[^\s<>@,;:"()\[\]]+@[^\s<>@,;:"()\[\]]+"""
_ONE_SENDER = re.compile(rf"""\s*(?:(?:"(?:[^"\\]|\\.)*"|[^"<>@,;:()]*)\s*<\s*({_ADDRESS})\s*>|({_ADDRESS}))\s*""")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,900})>")
_FLOWED = re.compile(r"(>*)( ?)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a header names them. `plain`: the header holds this one address, and can be read in no other way."""

    name: str = ""
    email: str = ""
    plain: bool = False

    @property
    def domain(self) -> str:
        """The domain of the address, "" without one."""
        return self.email.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Letter:
    """One message. `headers` are decoded, by lower-case name, from the top.

    `bodies` are its texts in order, each as plain text and as HTML; one of the two may be empty. `inner` are messages
    that it carries. `kinds` are the types of its parts, as `text/calendar`.
    """

    headers: Mapping[str, tuple[str, ...]]
    bodies: tuple[tuple[str, str], ...] = ()
    inner: tuple["Letter", ...] = ()
    kinds: frozenset[str] = frozenset()

    def header(self, name: str) -> str:
        """Return the first header of a lower-case name as one line, "" where there is none."""
        return one_line(clean(next(iter(self.headers.get(name, ())), "")))

    @property
    def sender(self) -> Person:
        """Who it says it is from; nobody where it names none."""
        found = self.headers.get("from", ())
        person = person_in(found[0]) if found else Person()
        return person if len(found) == 1 else Person(person.name, person.email)

    @property
    def subject(self) -> str:
        """Its subject in words, "" where it has none."""
        return in_words(self.header("subject"))

    @property
    def date(self) -> datetime | None:
        """When it says it was written, in UTC; None where that cannot be read."""
        return date_in(self.header("date"))

    @property
    def message_id(self) -> str:
        """Its own id without brackets, "" where it has none."""
        return next(iter(ids_in(self.header("message-id"))), "")

    @property
    def html(self) -> str:
        """All of its HTML."""
        return "\n".join(html for _, html in self.bodies if html)

    @property
    def text(self) -> PlainText:
        """All of its text, with its links: plain where it is given so, else what a reader of the HTML sees."""
        parts = [from_text(plain) if plain.strip() else from_html(html) for plain, html in self.bodies]
        links = [*(link for part in parts for link in part.links), *from_html(self.html).links]
        return PlainText("\n".join(part.text for part in parts if part.text), tuple(dict.fromkeys(links)))

    @property
    def sealed(self) -> str:
        """In what its text is that cannot be read here, as a person would call it; "" where it has one, or none."""
        kind = next((one for one in _SEALED if one in self.kinds), "")
        return _SEALED[kind] if kind and not self.text.text else ""


def without_attachments(raw: bytes) -> bytes:
    """Return a message whose parts that are no text are empty: their headers are left, and all else as it came.

    A message that it carries is kept, as an attachment too, and its parts are dropped or kept as they are themselves.
    """
    boundaries = {match[1] or match[2] for match in _BOUNDARY.finditer(raw[: 1 << 20])}
    if not boundaries:
        return raw
    ends = {b"--" + one for one in boundaries} | {b"--" + one + b"--" for one in boundaries}
    kept: list[bytes] = []
    head: list[bytes] | None = None
    dropped = False
    for line in raw.splitlines(keepends=True):
        if line.startswith(b"--") and line.rstrip() in ends:
            head, dropped = [], False
            kept.append(line)
        elif head is not None:
            kept.append(line)
            if line.strip():
                head.append(line)
            else:
                block = b"".join(head)
                typed, carries = _TYPED.search(block) is not None, _MESSAGE.search(block) is not None
                attached = not carries and _ATTACHED.search(block) is not None
                dropped = (typed and _KEPT.search(block) is None) or attached
                # Below the head of a message that is carried stands its own.
                head = [] if carries else None
        elif not dropped:
            kept.append(line)
    return b"".join(kept)


def read_letter(raw: bytes) -> Letter:
    """Return a message as far as it can be read."""
    try:
        message = message_from_bytes(raw)
        return _letter(message, 0)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, HeaderParseError):
        # Nested deeper than anybody sends, or broken in a way of its own.
        return Letter(_headers(BytesHeaderParser().parsebytes(raw)))


def _letter(message: Message, depth: int) -> Letter:
    bodies: list[tuple[str, str]] = []
    inner: list[Letter] = []
    kinds: set[str] = set()
    for part in _leaves(message, depth):
        if isinstance(part, _Nested):
            if depth < 3 and len(inner) < 10:
                inner.append(_letter(part.message, depth + 3))
            continue
        plain = html = ""
        for one in part:
            kind = one.get_content_type()
            kinds.add(kind)
            # What says to have parts and has none is what it is.
            if (kind == "text/plain" or kind.startswith("multipart/")) and not plain:
                plain = _flowed(one, _decoded(one))
            elif kind == "text/html" and not html:
                html = _decoded(one)
        if plain or html:
            bodies.append((plain, html))
    kinds.add(message.get_content_type())
    return Letter(_headers(message), tuple(bodies), tuple(inner), frozenset(kinds))


@dataclass(frozen=True, slots=True)
class _Nested:
    message: Message


def _leaves(message: Message, depth: int) -> Iterator[list[Message] | _Nested]:
    """Yield the texts of a message in order, those that say the same together, and the messages in it."""
    waiting: list[tuple[Message, int]] = [(message, depth)]
    seen = 0
    while waiting and seen < _MOST_PARTS:
        part, level = waiting.pop()
        seen += 1
        # `get_payload` reads a text by its charset, which may be one that makes it raise.
        kind, payload = part.get_content_type(), part.get_payload() if part.is_multipart() else None
        attached = part is not message and part.get_content_disposition() == "attachment"
        if attached and kind not in _MESSAGES and kind not in _SEALED:
            continue
        elif isinstance(payload, list):
            parts = [one for one in payload if isinstance(one, Message)]
            if kind in _MESSAGES:
                yield from (_Nested(one) for one in parts[:1])
            elif kind.startswith("message/"):
                yield [part]
            elif kind == "multipart/alternative" and all(not one.is_multipart() for one in parts):
                yield parts[:_MOST_PARTS]
            elif kind == "multipart/alternative":
                # Its HTML with pictures is a part of its own; it says what the others say.
                flat = [one for branch in parts for one in _texts(branch)]
                yield flat[:_MOST_PARTS]
            elif level < _DEEPEST:
                waiting += [(one, level + 1) for one in reversed(parts[:_MOST_PARTS])]
        else:
            yield [part]


def _texts(branch: Message) -> Iterator[Message]:
    waiting = [(branch, 0)]
    while waiting:
        part, level = waiting.pop()
        payload = part.get_payload() if part.is_multipart() else None
        if isinstance(payload, list):
            if level < _DEEPEST:
                waiting += [(one, level + 1) for one in reversed(payload[:_MOST_PARTS]) if isinstance(one, Message)]
        elif part.get_content_disposition() != "attachment":
            yield part


def _decoded(part: Message) -> str:
    try:
        data = part.get_payload(decode=True)
    except (ValueError, binascii.Error, AssertionError):
        data = b""
    if not isinstance(data, bytes):
        return ""
    charset = _charset(part)
    if not charset and part.get_content_type() == "text/html":
        charset = _charset_in(data)
    return decoded(data, charset)


def _charset(part: Message) -> str:
    """Return the charset that a part names, "" where it names none or in a way that cannot be read."""
    try:
        return part.get_content_charset("") or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def _charset_in(html: bytes) -> str:
    """Return the charset that HTML names in its head, "" for none.

    A head that was read as ASCII is not in UTF-16; and what says something else and is UTF-8 was made so on its way.
    """
    found = _META.search(html[:_HEAD])
    named = found[1].decode("ascii").lower() if found else ""
    if named.startswith(("utf-16", "utf-32")):
        return ""
    return "" if not html.isascii() and _read_as(html, "utf-8") is not None else named


def decoded(data: bytes, charset: str) -> str:
    """Return bytes as text: by the charset that is named, where it is one and fits; else UTF-8, else Windows-1252.

    Where none fits, the first of both counts in which nearly all letters are right; U+FFFD stands for the others.
    """
    given = _codecs(charset)
    named = [one for one in given if one != "utf-8"]
    # What is in seven bits is always UTF-8. With broken letters the widest counts, which stands last.
    early = [one for one in reversed(named) if one.startswith(_SEVEN_BITS) and data.isascii()]
    ways = (
        *((_read_as, one) for one in given),
        *((_nearly, one) for one in early),
        (_read_as, "utf-8"),
        (_nearly, "utf-8"),
        *((_nearly, one) for one in named),
    )
    found = next((text for way, codec in ways if (text := way(data, codec)) is not None), None)
    return clean(data.decode("cp1252", "replace") if found is None else found)


def _codecs(charset: str) -> tuple[str, ...]:
    """Return the codecs that read a charset, the first that fits counts; none for what is no charset of a mail."""
    try:
        codec = codecs.lookup(_LABELS.get(charset.strip().lower(), charset)).name if charset.isascii() else ""
        if codec not in _NO_CHARSETS:
            b" ".decode(codec, "replace")  # raises for a codec that makes no text
    except (LookupError, ValueError):
        return ()
    return () if codec in _NO_CHARSETS else _WIDER.get(codec, (codec,))


def _read_as(data: bytes, codec: str) -> str | None:
    """Return bytes as text, None where they do not fit a codec."""
    try:
        text = data.decode(codec) if codec != _WINDOWS_JIS else _windows_jis(data)
    except ValueError:
        return None
    return None if codec == _WINDOWS_JIS and "\ufffd" in text else text


def _nearly(data: bytes, codec: str) -> str | None:
    """Return bytes as text with U+FFFD for what does not fit a codec; None where that is more than a few letters.

    A letter that is cut at the end is not counted: so a text ends that was shortened.
    """
    try:
        if codec == _WINDOWS_JIS:
            text, end = _windows_jis(data), ""
        else:
            decoder = codecs.getincrementaldecoder(codec)("replace")
            text, end = decoder.decode(data), decoder.decode(b"", True)
    except ValueError:
        return None
    bad = text.count("\ufffd")
    good = len(text) - bad - len(text.encode("ascii", "ignore"))
    return text + end if good >= max(1, _GOOD_FOR_BAD * bad) else None


def _windows_jis(data: bytes) -> str:
    """Return ISO-2022-JP as Windows sends it as text, with U+FFFD for what it has not; ValueError for eight bits."""
    return _SHIFTED.sub(lambda one: _SHIFTS[one[1]](one[2]), data.decode("ascii"))


@lru_cache(maxsize=94 * 94)
def _pair(pair: str) -> str:
    """Return the letter of two characters, which Shift_JIS has in the same rows of 94."""
    row, cell = ord(pair[0]) - 0x21, ord(pair[1]) - 0x21
    lead, trail = row // 2 + 0x81, cell + (94 if row % 2 else 0) + 0x40
    return bytes((lead + (0x40 if lead > 0x9F else 0), trail + (trail >= 0x7F))).decode("cp932", "replace")[:1]


def _in_pairs(text: str) -> str:
    return _PAIR.sub(lambda one: _pair(one[0]), text)


_SHIFTS: Mapping[str, Callable[[str], str]] = {
    "$@": _in_pairs, "$B": _in_pairs, "(B": str, "(J": str, "(I": lambda text: text.translate(_KATAKANA),
}  # fmt: skip


def _flowed(part: Message, text: str) -> str:
    """Return a text with the lines joined that its writer's program broke (RFC 3676)."""
    if str(part.get_param("format", "") or "").lower() != "flowed":
        return text
    spaced = str(part.get_param("delsp", "") or "").lower() == "yes"
    lines: list[str] = []
    going: tuple[str, bool] | None = None  # how deep the last line is quoted, where it goes on
    for line in text.split("\n"):
        match = _FLOWED.fullmatch(line)
        assert match is not None
        quotes, rest = match[1], match[3]
        flows = rest.endswith(" ") and rest != "-- "
        cut = rest[:-1] if flows and spaced else rest
        if going is not None and going[0] == quotes and rest != "-- ":
            lines[-1] += cut
        else:
            lines.append(f"{quotes} {cut}" if quotes else cut)
        going = (quotes, True) if flows else None
    return "\n".join(lines)


# --- headers ---------------------------------------------------------------------------------------------------------


def _headers(message: Message) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in list(message.raw_items())[:_MOST_HEADERS]:
        text = re.sub(r"[\r\n]+(?=[ \t])", "", str(value)[:_LONGEST_HEADER])
        text = re.sub(r"[\r\n]+", " ", text)
        found.setdefault(name.lower(), []).append(_readable(text))
    return {name: tuple(values) for name, values in found.items()}


def _readable(text: str) -> str:
    """Return a header whose bytes beyond ASCII are read as UTF-8 or Windows-1252; its encoded words are left."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return decoded(text.encode("utf-8", "surrogateescape"), "utf-8")
    return text


def in_words(header: str) -> str:
    """Return a header with its encoded words decoded (RFC 2047), as one line; what is broken stays as it came."""
    if "=?" not in header:
        return one_line(clean(header))
    try:
        parts = decode_header(header)
    except (HeaderParseError, ValueError, binascii.Error):
        return one_line(clean(header))
    words = "".join(one if isinstance(one, str) else decoded(one, charset or "") for one, charset in parts)
    return one_line(clean(words))


def person_in(header: str) -> Person:
    """Return the first person that a header of addresses names."""
    match = _ONE_SENDER.fullmatch(header)
    try:
        # Encoded words stand for letters, never for what parts one address from the next.
        found = getaddresses([header])
    except (ValueError, IndexError, TypeError, RecursionError):
        found = []
    if match is not None:
        address = match[1] or match[2]
        name = in_words(header[: match.start(1)].rpartition("<")[0]) if match[1] else ""
        return Person(name.strip().strip('"').replace('\\"', '"').strip(), normal_email(address), True)
    for name, address in found:
        if email := normal_email(address):
            return Person(in_words(name), email)
    return Person(in_words(found[0][0]) if found else "")


def ids_in(header: str) -> tuple[str, ...]:
    """Return the message ids in a header, without brackets, in order."""
    found = tuple(dict.fromkeys(_MESSAGE_ID.findall(header)))
    bare = header.strip()
    return found or ((bare[:900],) if bare and "@" in bare and not re.search(r"[\s<>]", bare) else ())


def date_in(text: str) -> datetime | None:
    """Return a date of a mail in UTC; None where it is none."""
    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
