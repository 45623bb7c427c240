"""Rules of bad input: a clear message, and the next one unharmed."""

import gzip
import re
from collections.abc import Iterable, Iterator
from functools import cache
from random import Random

import msgspec

from overheard.collectors.base import Reading, Rejected
from overheard.errors import InputError
from overheard.testing.documents import Document, Path
from overheard.testing.elsewhere import Broken, Outcome
from overheard.testing.rules.base import Case, Read, ids, problem, rule, said, told
from overheard.text import clean

_CUTS = 120
_NOISES = 120
_ITEMS = 200
_LEAST_SECONDS = 0.004
_FACTOR = 8
# Linear is 8 times the time for 8 times the items, quadratic 64; between them the noise of a busy machine.
_MOST_GROWTH = 28
_LARGEST = 4_000_000
_ISO = re.compile(rb"\b(?:19|20)\d\d-\d\d-\d\d(?=T|\b)")
_RFC_822 = re.compile(rb"\b\d\d? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* (?:19|20)\d\d\b")
_UNIX = re.compile(rb"(?<![\w./-])1[0-9]{9}(?:000|\d{3})?(?![\w/-])")
_TIMES = (
    (b"1970-01-01", b"01 Jan 1970", b"0"),
    (b"1969-12-31", b"31 Dec 1969", b"-1"),
    (b"2100-12-31", b"31 Dec 2100", b"4133894400"),
    (b"9999-12-31", b"31 Dec 9999", b"253402300799"),
    (b"0000-00-00", b"00 Jan 0000", b"99999999999999999999"),
    (b"2026-02-30", b"30 Feb 2026", b"1e400"),
    (b"0001-01-01", b"01 Jan 0001", b"-62135596800"),
)
_ERROR_PAGE = (
    b"<!DOCTYPE html><html><head><title>500 Internal Server Error</title></head><body><h1>Internal Server Error</h1>"
    b"<p>The server encountered an error and could not complete your request. Please try again later.</p></body></html>"
)
_ERROR_JSON = b'{"error": {"code": 500, "message": "Internal error. Please try again later."}, "ok": false}'
_LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "ha ha ha ha ha ha ha ha ha ha ">'
    + b"".join(
        b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)
    )
    + b"]>"
)  # fmt: skip


@rule
def may_be_cut_anywhere(case: Case) -> Iterator[str]:
    """A body that ends early is read as far as it goes, or an InputError: never another error, and never forever."""
    for read in case.small:
        body, dice = read.fetch.body, case.dice(read)
        cuts = {0, 1, 2, 3, len(body) - 1, *(dice.randrange(len(body) + 1) for _ in range(case.shares(_CUTS)))}
        yield from _broken(case, read, ((f"cut at byte {cut:,}", body[:cut]) for cut in sorted(cuts) if cut >= 0))


@rule
def may_be_noise(case: Case) -> Iterator[str]:
    """A body with bytes changed, doubled or left out, and one that is chance alone, end as one that is cut does."""
    for read in case.small:
        dice = case.dice(read)
        bodies = {
            f"with noise (number {number})": noisy(read.fetch.body, dice) for number in range(case.shares(_NOISES))
        }
        bodies |= {"bytes of chance": dice.randbytes(5_000), "zeros": bytes(5_000)}
        yield from _broken(case, read, bodies.items())


@rule
def may_have_any_content_type(case: Case) -> Iterator[str]:
    """A `Content-Type` that is wrong, unknown or missing is harmless: servers say anything."""
    for read in case.reads:
        for given in (
            "",
            "text/html",
            "application/octet-stream; charset=no-such-1",
            "image/png; charset=utf-16",
            ";;=",
        ):
            headers = {**read.fetch.headers, "content-type": given}
            if words := problem(case.outcome(read, read.fetch.body, headers=headers)):
                yield f"{read.recording.name}, with the content type {given!r}: {words}"
        if words := problem(case.outcome(read, read.fetch.body, headers={})):
            yield f"{read.recording.name}, without headers: {words}"


@rule
def a_missing_field_harms_no_other(case: Case) -> Iterator[str]:
    """An entry without one of its fields is a mention or rejected, and the others come as they did."""
    for read, document, number, others in _entries(case):
        for path in document.fields(number):
            outcome = case.outcome(read, document.without(path))
            if words := _harm(outcome, others):
                yield f"{read.recording.name}, without {document.said(path)}: {words}"


@rule
def a_field_of_another_type_harms_no_other(case: Case) -> Iterator[str]:
    """An entry with a field of another type is a mention or rejected, and the others come as they did."""
    for read, document, number, others in _entries(case):
        for path in document.fields(number):
            for value in _chosen(document, path):
                outcome = case.outcome(read, document.having(path, value))
                if words := _harm(outcome, others):
                    yield f"{read.recording.name}, {document.said(path)} as {str(value)[:40]!r}: {words}"


@rule
def an_entry_of_another_type_harms_no_other(case: Case) -> Iterator[str]:
    """An entry that is a number, a text or nothing is rejected, and the others come as they did."""
    for read, document, number, others in _entries(case):
        for value in document.values:
            outcome = case.outcome(read, document.having(document.item(number), value))
            if problem(outcome) or not others <= ids(outcome):
                words = problem(outcome) or _missing(others - ids(outcome))
                yield f"{read.recording.name}, an entry as {str(value)[:40]!r}: {words}"


@rule
def the_whole_may_be_odd(case: Case) -> Iterator[str]:
    """A field of the whole (its title, its author, its links) that is gone or of another type is no other error.

    It may be one without which nothing can be read: then that is an InputError.
    """
    for read in case.small:
        document = read.document
        if document is None:
            continue
        for path in document.outside():
            changed = [document.without(path), *(document.having(path, value) for value in _chosen(document, path))]
            for body in changed:
                if words := problem(case.outcome(read, body)):
                    yield f"{read.recording.name}, {document.said(path)} gone or odd: {words}"
                    break


@rule
def what_is_left_out_is_said(case: Case) -> Iterator[str]:
    """An entry that is broken is not lost in silence: it is a mention, rejected, repeated or deleted."""
    for read, document, number, others in _entries(case):
        before = told(read.reading)
        for path in document.fields(number):
            for body in (document.without(path), *(document.having(path, value) for value in _chosen(document, path))):
                outcome = case.outcome(read, body)
                if isinstance(outcome, Reading) and others <= ids(outcome) and told(outcome) < before:
                    yield (
                        f"{read.recording.name}, with {document.said(path)} gone or odd: expected the entry as a "
                        "mention or in `rejected`; it is in neither"
                    )
                    break


@rule
def what_is_rejected_is_explained(case: Case) -> Iterator[str]:
    """Of what is rejected it is said where it stands, what was expected and what came, in words for a person.

    So are the messages of InputErrors. The digest is the same when the same comes again.
    """
    for read in case.small:
        for body in _bad(read):
            outcome = case.outcome(read, body)
            if isinstance(outcome, InputError):
                yield from (f"{read.recording.name}: {words}" for words in _said_badly(outcome.where, said(outcome)))
            if isinstance(outcome, Reading):
                again = case.outcome_anew(read, body)
                for one in outcome.rejected[:3]:
                    yield from (f"{read.recording.name}: {words}" for words in _rejected_badly(one))
                if isinstance(again, Reading) and again.rejected != outcome.rejected:
                    yield f"{read.recording.name}: expected the same to be rejected alike again; it differs"


@rule
def an_empty_body_is_an_error(case: Case) -> Iterator[str]:
    """Nothing, and blanks alone, is an InputError: an empty answer is no answer without news."""
    for read in case.reads[:3]:
        for body in (b"", b"  \r\n\t "):
            outcome = case.outcome(read, body)
            if words := _not_refused(outcome):
                yield f"{read.recording.name}, as {body!r}: {words}"


@rule
def an_error_page_is_an_error(case: Case) -> Iterator[str]:
    """A server's page "Internal Server Error" with status 200 is an InputError where no page was promised."""
    for read in case.reads[:3]:
        if _is_html(read.fetch.body):
            continue
        for body in (_ERROR_PAGE, b"<html><body>Just a moment...</body></html>", b"Service Unavailable\n"):
            outcome = case.outcome(read, body, headers={"content-type": "text/html"})
            if words := _not_refused(outcome):
                yield f"{read.recording.name}, as {body[:40]!r}: {words}"


@rule
def an_error_in_json_is_an_error(case: Case) -> Iterator[str]:
    """An API's `{"error": …}` with status 200 is an InputError, as are the JSON values null, true, 17, "" and {}."""
    for read in case.reads[:3]:
        for body in (_ERROR_JSON, b"null", b"true", b"17", b'""', b"{}"):
            outcome = case.outcome(read, body, headers={"content-type": "application/json"})
            words = problem(outcome) if _is_html(read.fetch.body) else _not_refused(outcome)
            if words:
                yield f"{read.recording.name}, as {body[:40].decode()}: {words}"


@rule
def deep_nesting_ends(case: Case) -> Iterator[str]:
    """A body nested a hundred thousand deep is read or refused: no recursion without end."""
    deep = 100_000
    bodies = {
        "JSON lists": b"[" * deep + b"]" * deep,
        "JSON objects": b'{"a":' * deep + b"1" + b"}" * deep,
        "JSON that never closes": b'{"items":[' * deep,
        "elements": b"<a>" * deep + b"</a>" * deep,
        "elements that never close": b"<html><body>" + b"<div><b>" * deep,
        "a number without end": b"[" + b"9" * 1_000_000 + b"]",
    }
    for read in case.small[:2]:
        yield from _broken(case, read, bodies.items())
        document = read.document
        if document is not None:
            field = next(iter(document.fields(0)), None)
            if field is not None and isinstance(field[-1], str) and not read.fetch.body.lstrip().startswith(b"<"):
                inner = document.having(field, "overheard-stands-in")
                nested = inner.replace(b'"overheard-stands-in"', b"[" * 900 + b"]" * 900)
                yield from _broken(case, read, [("a field nested 900 deep", nested)])


@rule
def a_bomb_ends(case: Case) -> Iterator[str]:
    """What unpacks to a thousand times its size (entities of XML, gzip) is refused, or read within bounds."""
    for read in case.small[:2]:
        body = re.sub(rb"^\s*<\?xml[^>]*\?>", b"", read.fetch.body)
        if body.lstrip().startswith(b"<"):
            bomb = _LAUGHS + re.sub(rb">([^<>]*[a-zA-Z][^<>]*)</", rb">\1 &j;</", body)
            yield from _broken(case, read, [("with entities that expand", bomb)])
            outcome = case.outcome(read, bomb)
            if isinstance(outcome, Reading) and sum(len(one.text) for one in outcome.mentions) > 10 * len(bomb):
                yield f"{read.recording.name}: expected entities that do not expand; they did"
        yield from _broken(case, read, [("300 MB of blanks in gzip", _blanks())])


@cache
def _blanks() -> bytes:
    return gzip.compress(b" " * 300_000_000, 1)  # takes a second


@rule
def dates_may_be_of_any_time(case: Case) -> Iterator[str]:
    """Dates of 1970, 2100, 9999 and none at all end in a mention, and never in an error of their own."""
    for read in case.small:
        for iso, rfc_822, unix in _TIMES:
            body = _UNIX.sub(unix, _RFC_822.sub(rfc_822, _ISO.sub(iso, read.fetch.body)))
            outcome = case.outcome(read, body)
            if words := problem(outcome):
                yield f"{read.recording.name}, with dates of {iso.decode()}: {words}"
            elif isinstance(outcome, InputError) and document_is_list(read):
                yield f"{read.recording.name}, with dates of {iso.decode()}: expected a reading; {outcome}"
            elif isinstance(outcome, Reading):
                for one in outcome.mentions:
                    if any(at is not None and at.utcoffset() is None for at in (one.published, one.updated)):
                        yield f"{read.shown(one)}, with dates of {iso.decode()}: expected times with a zone"
                        break


def document_is_list(read: Read) -> bool:
    """True where a recording can be taken apart: then one date can harm one entry alone."""
    return read.document is not None


@rule
def time_grows_with_size(case: Case) -> Iterator[str]:
    """Eight times the entries, and eight times the text of one, take some eight times as long: not sixty-four."""
    for read in case.small[:3]:
        document = read.document
        if document is None:
            continue
        for what, grow in (
            ("entries", document.many),
            ("text", lambda times, document=document: document.long(2_000 * times)),
        ):
            times, body, larger = 1, grow(1), grow(_FACTOR)
            if len(larger) < 2 * len(body):
                continue  # there is no text
            small = _seconds(case, read, body)
            while not isinstance(small, Broken) and small < _LEAST_SECONDS and len(larger) < _LARGEST // 2:
                times *= 2
                body, larger = grow(times), grow(times * _FACTOR)
                small = _seconds(case, read, body)
            large = _seconds(case, read, larger)
            if isinstance(large, Broken) or isinstance(small, Broken):
                words = next(one.message for one in (large, small) if isinstance(one, Broken))
                if words != "unread":
                    yield f"{read.recording.name}, with more {what}: {words}"
            elif large > max(small, _LEAST_SECONDS) * _MOST_GROWTH:
                yield (
                    f"{read.recording.name}: expected {_FACTOR} times the {what} to take some {_FACTOR} times as long; "
                    f"it took {large / small:.0f} times"
                )


def noisy(body: bytes, dice: Random) -> bytes:
    """Return a body with up to 32 short parts of it replaced, left out, or doubled and more."""
    changed = bytearray(body)
    for _ in range(1 << dice.randrange(6)):
        at = dice.randrange(len(changed) + 1)
        part = changed[at : at + dice.randrange(1, 60)]
        how = dice.randrange(3)
        if how == 0:
            changed[at : at + len(part)] = dice.randbytes(len(part))
        elif how == 1:
            del changed[at : at + len(part)]
        else:
            changed[at:at] = part * 3
    return bytes(changed)


def _seconds(case: Case, read: Read, body: bytes) -> float | Broken:
    return case.elsewhere.seconds(case.source, msgspec.structs.replace(read.fetch, body=body))


def _broken(case: Case, read: Read, bodies: Iterable[tuple[str, bytes]]) -> Iterator[str]:
    for what, body in bodies:
        if words := problem(case.outcome(read, body)):
            yield f"{read.recording.name}, {what}: {words}"


def _entries(case: Case) -> Iterator[tuple[Read, Document, int, frozenset[str]]]:
    """Yield, of each recording, an entry that makes a mention of its own: its place, and the ids of the others."""
    for read in case.small:
        document = read.document
        if document is None or document.items > _ITEMS:
            continue
        whole = ids(read.reading)
        for number in range(min(document.items, 5)):
            outcome = case.outcome(read, document.without(document.item(number)))
            if isinstance(outcome, Reading) and ids(outcome) < whole:
                yield read, document, number, ids(outcome)
                break


def _chosen(document: Document, path: Path) -> list[object]:
    """Return some of the values that may stand in for a field, others for each."""
    values = list(document.values)
    start = hash_of(path) % len(values)
    return [values[(start + 5 * i) % len(values)] for i in range(min(6, len(values)))]


def hash_of(path: Path) -> int:
    """Return a number for a path, the same in every process."""
    return sum((i + 1) * ord(letter) for i, letter in enumerate("/".join(map(str, path))))


def _harm(outcome: Outcome, others: frozenset[str]) -> str:
    """Return what went wrong with the other entries; "" where nothing did."""
    if words := problem(outcome):
        return words
    if isinstance(outcome, InputError):
        # Nothing is lost where there was nothing else.
        return f"expected the other entries to be read; got {outcome}" if others else ""
    return _missing(others - ids(outcome)) if not others <= ids(outcome) else ""


def _missing(lost: frozenset[str]) -> str:
    return f"expected the other entries to come; {len(lost)} did not"


def _bad(read: Read) -> Iterator[bytes]:
    yield b""
    yield _ERROR_PAGE
    yield _ERROR_JSON
    yield b"\x00\x1b[31m{<\xff"
    body = read.fetch.body
    yield body[: len(body) // 2]
    yield re.sub(rb"<(\w)", rb"< \1", body)
    document = read.document
    if document is not None and document.items <= _ITEMS:
        for path in [document.item(0), *document.fields(0)][:12]:
            yield document.without(path)
            for value in _chosen(document, path)[:3]:
                yield document.having(path, value)


def _rejected_badly(one: Rejected) -> Iterator[str]:
    if not one.where:
        yield f"expected where the entry stands that was rejected; there is nothing, but {one.message[:80]!r}"
    if not one.digest:
        yield f"expected a digest of the entry that was rejected; there is none, but {one.message[:80]!r}"
    yield from _said_badly(one.where or "-", one.message)


def _said_badly(where: str, message: str) -> Iterator[str]:
    if not where:
        yield f"expected an error that names its place (`where`); got {message[:120]!r}"
    if not message.lower().startswith(("expected", "unknown")) and "expected" not in message.lower():
        yield f"expected words as 'expected …; got …'; got {message[:120]!r}"
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", message) or clean(message) != message:
        yield f"expected a message without control characters; got {message[:120]!r}"
    if len(message) > 1_500:
        yield f"expected a message that can be read; got {len(message):,} characters"


def _not_refused(outcome: Outcome) -> str:
    """Return what is wrong where a body is no answer at all: it is to be an InputError, or rejected as a whole."""
    if not isinstance(outcome, Reading):
        return problem(outcome)
    if outcome.rejected and not (outcome.mentions or outcome.requests or outcome.deletions):
        return ""
    return f"expected an InputError; got a reading with {len(outcome.mentions)} mentions"


def _is_html(body: bytes) -> bool:
    return (
        re.match(rb"(?s)\s*(?:\xef\xbb\xbf)?(?:<!doctype html|<html|<!--|<body|<div|<p\b)", body[:200], re.I)
        is not None
    )
