"""The query language: text to a tree, and a tree to its normal text. Pure; knows no engine.

    query    = or
    or       = and { OR and }
    and      = near { [AND] near }               side by side means AND
    near     = not { (NEAR/n | ONEAR/n) not }    a NEAR/3 b NEAR/3 c means (a NEAR/3 b) AND (b NEAR/3 c)
    not      = { NOT } primary
    primary  = ( or ) | word | "phrase" | prefix* | @handle | #tag | field:value | field:( or ) | published:date

Words are analysed here, so that a tree means the same on every engine: a word that the analyser splits is a phrase.
`&&` and `||` are AND and OR. A bare word with nothing to look for (`-`, `…`) is passed over.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, NoReturn

from overheard.errors import QueryError
from overheard.index import analyser
from overheard.index.fields import (
    DATE_FIELD,
    FIELDS,
    RESOLVED_FIELDS,
    STARS,
    STARS_FIELD,
    VALUE_FIELDS,
    normal_value,
)

MAX_LENGTH = 16_384
MAX_DEPTH = 40  # of parentheses; each costs five frames of Python's thousand
MAX_DISTANCE = 20
# NEAR with groups becomes one phrase for each pair of alternatives and each distance; this many make a search slow
# (0.3 s over 40,000 posts), and a query of 16 k characters could ask for a million.
MAX_PHRASES = 5_000

# (field, value) -> the ids that stand for it; empty where nobody is known by it. May raise an OverheardError.
Resolver = Callable[[str, str], Collection[str]]


@dataclass(frozen=True, slots=True)
class Everything:
    """Every document."""


@dataclass(frozen=True, slots=True)
class Word:
    """One token in a text field."""

    field: str
    token: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Two tokens or more, one after the other, in a text field."""

    field: str
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """A token of a text field, or a value of a value field, that begins with `stem`."""

    field: str
    stem: str


@dataclass(frozen=True, slots=True)
class Near:
    """One of `left` and one of `right`, not overlapping, with at most `distance` tokens between them.

    Each alternative is a token or a phrase. `ordered`: left comes first.
    """

    field: str
    left: tuple[tuple[str, ...], ...]
    right: tuple[tuple[str, ...], ...]
    distance: int
    ordered: bool


@dataclass(frozen=True, slots=True)
class Value:
    """A value field that has exactly this value (`normal_value`)."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Published:
    """Said in [low, high), in ms since 1970 UTC; None is open. What claims a date in the future: when first seen."""

    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Not:
    """Everything but this."""

    operand: "Tree"


@dataclass(frozen=True, slots=True)
class And:
    """All of two operands or more."""

    operands: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of two operands or more."""

    operands: tuple["Tree", ...]


Tree = Everything | Word | Phrase | Prefix | Near | Value | Published | Not | And | Or


def parse(text: str, resolve: Resolver | None = None) -> Tree:
    """Return the tree of a query; Everything for an empty one.

    `resolve` expands the value of a field that names a contact or account to ids; what it knows nothing about, and
    everything where it is None, counts as an id. Raises QueryError with the position in code points.
    """
    if len(text) > MAX_LENGTH:
        msg = f"expected a query of at most {MAX_LENGTH:,} characters; got {len(text):,}. Split it"
        raise QueryError(msg, position=MAX_LENGTH)
    return _Parser(text, resolve).query()


def every(operands: Sequence[Tree]) -> Tree:
    """Return the tree that holds where all of `operands` hold; Everything for none."""
    flat = _flat(And, operands)
    return And(flat) if len(flat) > 1 else flat[0] if flat else Everything()


def some(operands: Sequence[Tree]) -> Tree:
    """Return the tree that holds where one of `operands`, which are one or more, holds."""
    flat = _flat(Or, operands)
    return Or(flat) if len(flat) > 1 else flat[0]


def negate(operand: Tree) -> Tree:
    """Return the tree that holds where `operand` does not."""
    return operand.operand if isinstance(operand, Not) else Not(operand)


def names_field(tree: Tree, field: str) -> bool:
    """True where a query says anything of a field."""
    match tree:
        case Everything() | Published():
            return False
        case Not(operand=operand):
            return names_field(operand, field)
        case And(operands=operands) | Or(operands=operands):
            return any(names_field(operand, field) for operand in operands)
    return tree.field == field


def restrict(tree: Tree, filters: Mapping[str, Sequence[str]]) -> Tree:
    """Return `tree` with filters: of each value field, one of its values; a field with no values does not filter.

    Raises QueryError for a field that is none.
    """
    operands = [tree]
    for field, values in sorted(filters.items()):
        if field not in VALUE_FIELDS:
            msg = f"expected a filter on one of {_names(VALUE_FIELDS)}; got {field!r}"
            raise QueryError(msg)
        if values:
            operands.append(some([Value(field, normal_value(field, value)) for value in values]))
    return every([operand for operand in operands if operand != Everything()])


def format(tree: Tree) -> str:  # noqa: A001 - the pair of `parse`; used as query.format
    """Return the normal text of a tree: `parse(format(tree)) == tree` for every tree that `parse` returns."""
    return _format(tree)


def _flat(kind: type[And] | type[Or], operands: Sequence[Tree]) -> tuple[Tree, ...]:
    return tuple(
        inner for operand in operands for inner in (operand.operands if isinstance(operand, kind) else (operand,))
    )


# --- text to tokens ---------------------------------------------------------------------------------------------

_QUOTES = '"“”„'
_OPERATORS = {"AND": "AND", "OR": "OR", "NOT": "NOT", "&&": "AND", "||": "OR"}
_PROXIMITY = re.compile(r"(O?NEAR)/(\d{1,9})\Z")
_FIELD = re.compile(r"([A-Za-z]+):")
_HANDLE = re.compile(r"@(\w[\w.-]*(?:@[\w.-]*\w)?)(\*?)\Z")
_TAG = re.compile(r"#(\w+)(\*?)\Z")
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d))?(Z|[+-]\d\d:\d\d)?)?)?)?\Z", re.ASCII)
_EMOTICON = re.compile(r"[:;=][-'^]?[()]+(?=\s|\Z)")
_RANGE = re.compile(r"\[\s*(\S+)\s+TO\s+(\S+?)\s*\]")


class _Lexeme(NamedTuple):
    """`kind`: word, phrase, field (a `name:`), range, (, ), AND, OR, NOT, NEAR, end. `text` is its content."""

    kind: str
    text: str
    at: int
    distance: int = 0


def _fail(expected: str, got: str, at: int, advice: str = "") -> NoReturn:
    got = got if got == "the end" else repr(got if len(got) <= 40 else got[:40] + "…")
    msg = f"at character {at + 1}: expected {expected}; got {got}"
    raise QueryError(f"{msg}. {advice}" if advice else msg, position=at)


def _names(fields: Collection[str]) -> str:
    return ", ".join(sorted(fields))


def _lex(text: str) -> list[_Lexeme]:
    found: list[_Lexeme] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
        elif char in "()":
            found.append(_Lexeme(char, char, at))
            at += 1
        elif char in _QUOTES:
            phrase, end = _quoted(text, at)
            found.append(_Lexeme("phrase", phrase, at))
            at = end
        else:
            at = _lex_word(text, at, found)
    found.append(_Lexeme("end", "the end", len(text)))
    return found


def _lex_word(text: str, at: int, found: list[_Lexeme]) -> int:
    """Append what stands at `at`, which is neither space, quote nor parenthesis; return where it ends."""
    field = _FIELD.match(text, at)
    if field and field[1].lower() in FIELDS:
        name, start = field[1].lower(), field.end()
        found.append(_Lexeme("field", name, at))
        if start == len(text) or text[start].isspace() or text[start] == ")":
            _fail(f"a value right after {name}:", text[start : start + 1] or "the end", start)
        if name == DATE_FIELD or (name == STARS_FIELD and text[start] == "["):
            span = _RANGE.match(text, start)
            if not span and text[start] == "[":
                what = "dates" if name == DATE_FIELD else "stars"
                _fail(f"[FROM TO UNTIL] with {what} or *", text[start : start + 40], start)
            end = span.end() if span else _bare(text, start)
            found.append(_Lexeme("range", text[start:end], start))
            return end
        if text[start] not in "()" + _QUOTES:
            end = _bare(text, start, url=name in ("url", "site"))
            found.append(_Lexeme("word", text[start:end], start))
            return end
        return start
    if emoticon := _EMOTICON.match(text, at):
        return emoticon.end()
    end = _bare(text, at, url=text.startswith(("http://", "https://"), at))
    word = text[at:end]
    after = text[end : end + 1]
    if word in _OPERATORS:
        found.append(_Lexeme(_OPERATORS[word], word, at))
    elif near := _PROXIMITY.match(word):
        distance = int(near[2])
        if distance > MAX_DISTANCE:
            _fail(f"a distance of at most {MAX_DISTANCE}", word, at)
        found.append(_Lexeme("NEAR", near[1], at, distance))
    elif word in ("NEAR", "ONEAR") or word.startswith(("NEAR/", "ONEAR/")):
        _fail(f"a distance, as in {word.partition('/')[0]}/5", word, at, "To look for the word, put it in quotes")
    elif after and after in "(" + _QUOTES and word.endswith(":") and word[:-1].isidentifier():
        _fail(f"a field of {_names(FIELDS)}", word, at)
    elif word[0] in "-!" and ((len(word) > 1 and word[1].isalnum()) or (len(word) == 1 and after.strip())):
        _fail("a word", word + after, at, "To leave it out, write NOT before it; to look for it, put it in quotes")
    elif word == "*" or analyser.analyse(word):
        found.append(_Lexeme("word", word, at))
    return end


def _bare(text: str, at: int, *, url: bool = False) -> int:
    """Return where the bare word at `at` ends. Parentheses that close again belong to a URL."""
    depth = 0
    end = at
    while end < len(text):
        char = text[end]
        if char.isspace() or char in _QUOTES:
            break
        if char in "()":
            if not url or (char == ")" and depth == 0):
                break
            depth += 1 if char == "(" else -1
        end += 1
    return end


def _quoted(text: str, at: int) -> tuple[str, int]:
    """Return the content of the quotes that open at `at`, and where they end; \\ keeps a quote from closing."""
    content: list[str] = []
    end = at + 1
    while end < len(text):
        char = text[end]
        if char in _QUOTES:
            return "".join(content), end + 1
        if char == "\\" and end + 1 < len(text) and text[end + 1] in _QUOTES + "\\":
            end += 1
            char = text[end]
        content.append(char)
        end += 1
    _fail("a closing quote", text[at : at + 20], at)


# --- tokens to a tree -------------------------------------------------------------------------------------------


class _Parser:
    def __init__(self, text: str, resolve: Resolver | None) -> None:
        self._resolve = resolve
        self._lexemes = _lex(text)
        self._next = 0
        self._depth = 0
        self._phrases = 0

    def query(self) -> Tree:
        if self._here.kind == "end":
            return Everything()
        tree = self._or("text")
        if self._here.kind != "end":
            _fail("the end, or an opening parenthesis before", self._here.text, self._here.at)
        return tree

    @property
    def _here(self) -> _Lexeme:
        return self._lexemes[self._next]

    def _take(self) -> _Lexeme:
        lexeme = self._here
        self._next += 1
        return lexeme

    def _or(self, field: str) -> Tree:
        operands = [self._and(field)]
        while self._here.kind == "OR":
            self._take()
            operands.append(self._and(field))
        return some(operands)

    def _and(self, field: str) -> Tree:
        operands = [self._near(field)]
        while self._here.kind not in ("OR", ")", "end"):
            if self._here.kind == "AND":
                self._take()
            operands.append(self._near(field))
        return every(operands)

    def _near(self, field: str) -> Tree:
        first = self._here
        left = self._not(field)
        pairs: list[Tree] = []
        while self._here.kind == "NEAR":
            operator = self._take()
            second = self._here
            right = self._not(field)
            pairs.append(self._pair(field, operator, (first, left), (second, right)))
            first, left = second, right
        return every(pairs) if pairs else left

    def _pair(self, field: str, operator: _Lexeme, left: tuple[_Lexeme, Tree], right: tuple[_Lexeme, Tree]) -> Tree:
        if field in VALUE_FIELDS:
            _fail(f"a value of {field}, which has no words to be near", operator.text, operator.at)
        sides = [tuple(dict.fromkeys(_alternatives(field, tree, lexeme))) for lexeme, tree in (left, right)]
        self._phrases += len(sides[0]) * len(sides[1]) * (operator.distance + 1)
        if self._phrases > MAX_PHRASES:
            got = f"{operator.text}/{operator.distance}"
            advice = "Use smaller groups, or a smaller distance"
            _fail(f"at most {MAX_PHRASES:,} combinations of words and distances in a query", got, operator.at, advice)
        return Near(field, sides[0], sides[1], operator.distance, ordered=operator.text == "ONEAR")

    def _not(self, field: str) -> Tree:
        negated = False
        while self._here.kind == "NOT":
            self._take()
            negated = not negated
        tree = self._primary(field)
        return negate(tree) if negated else tree

    def _primary(self, field: str) -> Tree:
        lexeme = self._take()
        if lexeme.kind == "(":
            return self._group(field, lexeme)
        if lexeme.kind == "field":
            return self._field(field, lexeme)
        if lexeme.kind in ("word", "phrase"):
            return self._term(field, lexeme)
        self._next -= 1
        expected = "a word, a phrase, a field or an opening parenthesis"
        return _fail(
            expected, lexeme.text, lexeme.at, "" if lexeme.kind in ")end" else "For the word itself use quotes"
        )

    def _group(self, field: str, opening: _Lexeme) -> Tree:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            _fail(f"at most {MAX_DEPTH} parentheses inside one another", "(", opening.at)
        tree = self._or(field)
        if self._here.kind != ")":
            _fail(f"a closing parenthesis for the one at character {opening.at + 1}", self._here.text, self._here.at)
        self._take()
        self._depth -= 1
        return tree

    def _field(self, outer: str, lexeme: _Lexeme) -> Tree:
        if outer != "text":
            _fail(f"words for {outer}: up to the closing parenthesis", f"{lexeme.text}:", lexeme.at)
        value = self._take()
        if value.kind == "range":
            return _published(value) if lexeme.text == DATE_FIELD else _rated(value)
        if value.kind == "(":
            return self._group(lexeme.text, value)
        return self._term(lexeme.text, value)

    def _term(self, field: str, lexeme: _Lexeme) -> Tree:
        text, quoted = lexeme.text, lexeme.kind == "phrase"
        if field in VALUE_FIELDS:
            return self._value(field, lexeme)
        if not quoted and field == "text":
            if text == "*":
                return Everything()
            for pattern, name in ((_HANDLE, "handle"), (_TAG, "tag")):
                short = pattern.match(text.rstrip(".,;:!?…"))
                if short and not (name == "tag" and short[1].isdecimal()):
                    value = normal_value(name, short[1])
                    return Prefix(name, value) if short[2] else Value(name, value)
        tokens = analyser.analyse_query(text)
        if not tokens:
            _fail("something to look for: a letter, a digit or an emoji", text, lexeme.at)
        paired = analyser.is_paired(tokens[-1])
        if len(tokens) == 1 and paired and len(tokens[0]) == 1:
            # Every character of such a script begins exactly one token.
            return Prefix(field, tokens[0])
        if not quoted and text.endswith("*") and not paired:
            if len(tokens) > 1:
                _fail("one word before *", text, lexeme.at, "Only whole words can follow one another")
            return Prefix(field, tokens[0])
        return Word(field, tokens[0]) if len(tokens) == 1 else Phrase(field, tuple(tokens))

    def _value(self, field: str, lexeme: _Lexeme) -> Tree:
        text = lexeme.text
        prefix = lexeme.kind == "word" and text.endswith("*")
        value = normal_value(field, text[:-1] if prefix else text)
        if field == STARS_FIELD:
            return Value(field, _stars(value, lexeme))
        if not value:
            _fail(f"a value of {field}", text, lexeme.at)
        if prefix:
            if any(char.isspace() or char in "()" + _QUOTES for char in value):
                _fail("letters, digits and marks before *", text, lexeme.at)
            return Prefix(field, value)
        if field in RESOLVED_FIELDS and self._resolve is not None:
            ids = sorted(self._resolve(field, text))
            if ids:
                return some([Value(field, normal_value(field, each)) for each in ids])
        return Value(field, value)


def _alternatives(field: str, tree: Tree, lexeme: _Lexeme) -> list[tuple[str, ...]]:
    """Return the tokens of each thing that may stand on one side of NEAR."""
    match tree:
        case Word(field=f, token=token) if f == field:
            return [(token,)]
        case Phrase(field=f, tokens=tokens) if f == field:
            return [tokens]
        case Value(field="handle" | "tag", value=value) if field == "text":
            tokens = tuple(analyser.analyse_query(value))
            return [tokens] if tokens else []
        case Or(operands=operands):
            return [each for operand in operands for each in _alternatives(field, operand, lexeme)]
    got = {
        Not: "NOT",
        And: "AND, or words side by side",
        Near: "NEAR",
        Prefix: "a prefix, or a single character",
        Everything: "*",
    }.get(type(tree), "a field")
    advice = "Put NOT, AND and fields around NEAR, not inside"
    msg = (
        f"at character {lexeme.at + 1}: expected words, phrases or groups of them with OR on both sides of NEAR; "
        f"got {got}. {advice}"
    )
    raise QueryError(msg, position=lexeme.at)


def _stars(text: str, lexeme: _Lexeme) -> str:
    if text not in STARS:
        _fail(f"whole stars, {STARS[0]} to {STARS[-1]}, or a range of them as in [1 TO 2]", lexeme.text, lexeme.at)
    return text


def _rated(lexeme: _Lexeme) -> Tree:
    """Return the tree of a range of stars, both ends within it."""
    span = _RANGE.fullmatch(lexeme.text)
    assert span is not None
    low = STARS[0] if span[1] == "*" else _stars(span[1], lexeme)
    high = STARS[-1] if span[2] == "*" else _stars(span[2], lexeme)
    if low > high:
        _fail("a range that begins before it ends", lexeme.text, lexeme.at)
    return some([Value(STARS_FIELD, one) for one in STARS if low <= one <= high])


def _published(lexeme: _Lexeme) -> Published:
    span = _RANGE.fullmatch(lexeme.text)
    first, last = (span[1], span[2]) if span else (lexeme.text, lexeme.text)
    low = None if first == "*" else _period(first, lexeme)[0]
    high = None if last == "*" else _period(last, lexeme)[1]
    if low is not None and high is not None and low >= high:
        _fail("a range that begins before it ends", lexeme.text, lexeme.at)
    return Published(low, high)


_1970 = datetime(1970, 1, 1, tzinfo=UTC)


def _ms(when: datetime) -> int:
    return (when - _1970) // timedelta(milliseconds=1)


def _period(text: str, lexeme: _Lexeme) -> tuple[int, int]:
    """Return [first ms, ms after the last) of a year, month, day, minute or second; UTC unless it says otherwise."""
    match = _DATE.match(text)
    if match is None:
        _fail("a date such as 2026, 2026-01, 2026-01-31 or 2026-01-31T18:30Z", text, lexeme.at)
    year, month, day, hour, minute, second = (int(part) if part else None for part in match.groups()[:6])
    assert year is not None
    try:
        zone = UTC if match[7] in (None, "Z") else datetime.strptime(match[7], "%z").tzinfo
        start = datetime(year, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=zone)
        if month is None:
            end = start.replace(year=year + 1)
        elif day is None:
            end = start.replace(year=year + month // 12, month=month % 12 + 1)
        elif hour is None:
            end = start + timedelta(days=1)
        else:
            end = start + (timedelta(minutes=1) if second is None else timedelta(seconds=1))
        return _ms(start), _ms(end)
    except (ValueError, OverflowError) as e:
        msg = f"at character {lexeme.at + 1}: expected a date that exists, before the year 9999; got {text!r}: {e}"
        raise QueryError(msg, position=lexeme.at) from e


# --- a tree to text ---------------------------------------------------------------------------------------------

_PLAIN_VALUE = re.compile(r"[\w][\w./@-]*", re.ASCII)


def _format(tree: Tree) -> str:
    match tree:
        case Everything():
            return "*"
        case Word(field=field, token=token):
            return _in(field, token)
        case Phrase(field=field, tokens=tokens):
            return _in(field, f'"{analyser.join(tokens)}"')
        case Prefix(field=field, stem=stem):
            return f"{field}:{stem}*" if field in VALUE_FIELDS else _in(field, f"{stem}*")
        case Near(field=field, left=left, right=right, distance=distance, ordered=ordered):
            operator = "ONEAR" if ordered else "NEAR"
            text = f"{_side(left)} {operator}/{distance} {_side(right)}"
            return text if field == "text" else f"{field}:({text})"
        case Value(field=field, value=value):
            return f"{field}:{value if _PLAIN_VALUE.fullmatch(value) else _quote(value)}"
        case Published(low=low, high=high):
            return f"{DATE_FIELD}:[{_moment(low, 0)} TO {_moment(high, 1000)}]"
        case Not(operand=operand):
            return f"NOT {_wrapped(operand, And, Or, Near)}"
        case And(operands=operands):
            return " AND ".join(_wrapped(operand, Or) for operand in operands)
        case Or(operands=operands):
            return " OR ".join(_format(operand) for operand in operands)


def _wrapped(tree: Tree, *kinds: type) -> str:
    return f"({_format(tree)})" if isinstance(tree, kinds) else _format(tree)


def _in(field: str, text: str) -> str:
    return text if field == "text" else f"{field}:{text}"


def _side(alternatives: tuple[tuple[str, ...], ...]) -> str:
    parts = [tokens[0] if len(tokens) == 1 else f'"{analyser.join(tokens)}"' for tokens in alternatives]
    return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"


def _quote(value: str) -> str:
    return '"' + re.sub(rf"([{_QUOTES}\\])", r"\\\1", value) + '"'


def _moment(ms: int | None, less: int) -> str:
    if ms is None:
        return "*"
    return f"{(_1970 + timedelta(milliseconds=ms - less)):%Y-%m-%dT%H:%M:%SZ}"
