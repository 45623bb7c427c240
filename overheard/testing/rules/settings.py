"""Rules of the table in the settings that a source is made from."""

import keyword
import pickle
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import FieldInfo

from overheard.collectors.base import Source
from overheard.config.settings import Settings
from overheard.policy import OPEN, PolicyTable, stricter
from overheard.records import Policy
from overheard.testing.rules.base import Case, rule

_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SECRET = re.compile(r"(?:^|_)(?:token|secret|password|passphrase|api_?key|credential)s?$")
_MARK = "tell-nobody-7c1f"
# Where a number beside the one that is set may not be: what options are in days, seconds, characters.
_NUMBERS = (1, 10, 100, 1_000, 3_600, 86_400)
_BLOCK = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)


@rule
def has_a_kind(case: Case) -> Iterator[str]:
    """Its class has a `kind`, the name of its tables in the settings: lower-case letters, digits, underscores.

    It is none of the program's own tables, and `read` is its own.
    """
    kind = getattr(type(case.source), "kind", None)
    if not isinstance(kind, str) or not _KIND.fullmatch(kind) or keyword.iskeyword(kind):
        yield f"expected `kind` as lower-case letters, digits and underscores, such as 'forum'; got {kind!r}"
    elif kind in {name for field in msgspec.structs.fields(Settings) for name in (field.name, field.encode_name)}:
        yield f"expected a `kind` of its own; got {kind!r}, which is a table of the program's own settings"
    if type(case.source).read is Source.read:
        yield "expected a method `read` of its own; there is none"


@rule
def asks_over_http(case: Case) -> Iterator[str]:
    """Its `url` is an absolute http or https URL; "" where it is told and never asked."""
    if case.source.url and not re.match(r"https?://[^/\s]+", case.source.url):
        yield f"expected `url` as an absolute http(s) URL; got {case.source.url!r}"


@rule
def settings_round_trip(case: Case) -> Iterator[str]:
    """What its table says makes the same source again, and so does a copy in another process (pickle)."""
    kind = type(case.source)
    values = msgspec.to_builtins(case.source)
    again = msgspec.convert(values, kind)
    if again != case.source or msgspec.to_builtins(again) != values:
        yield f"expected its settings to make it again; {values} made {again!r}"
    try:
        copy = pickle.loads(pickle.dumps(case.source))  # noqa: S301 - our own
    except (pickle.PicklingError, AttributeError, TypeError) as e:
        yield f"expected a source that can be copied (pickle); got {e}"
        return
    if copy != case.source:
        yield f"expected a copy (pickle) that equals it; got {copy!r}"


@rule
def settings_forbid_unknown_keys(case: Case) -> Iterator[str]:
    """A key that it does not know is refused, so that a misspelt one is found: `forbid_unknown_fields`."""
    values = {**msgspec.to_builtins(case.source), "no_such_key_1": 1}
    try:
        msgspec.convert(values, type(case.source))
    except msgspec.ValidationError:
        return
    yield "expected an unknown key in its table to be refused; it was taken. Leave `forbid_unknown_fields=True`"


@rule
def settings_are_fixed(case: Case) -> Iterator[str]:
    """It cannot be changed once it is made: it is read in several processes (`frozen=True`)."""
    if not type(case.source).__struct_config__.frozen:
        yield "expected a frozen struct; its fields can be set. Pass `frozen=True` to the class"


@rule
def options_change_their_digest(case: Case) -> Iterator[str]:
    """`options` differs where an option of its own is set otherwise, and does not with name, URL or interval.

    It is how the poller knows that a source must be read anew.
    """
    source = case.source
    for field in _own(source):
        value = getattr(source, field.name)
        other = _other(source, field.name, value)
        if other is not None and other.options == source.options:
            yield f"expected `options` to change with {field.name!r}; it is the same for {value!r} and another"
    for name in ("name", "url", "interval"):
        other = _other(source, name, getattr(source, name))
        if other is not None and other.options != source.options:
            yield f"expected `options` not to depend on {name!r}; it does"
    if case.source.options != msgspec.convert(msgspec.to_builtins(source), type(source)).options:
        yield "expected the same `options` for the same settings; they differ"


def _other(source: Source, name: str, value: Any) -> Source | None:
    """Return the source with another value of an option; None where we can think of none."""
    tries: list[Any] = []
    if isinstance(value, bool):
        tries = [not value]
    elif isinstance(value, int | float):
        tries = [value + 1, value - 1, value * 2, *_NUMBERS]
    elif isinstance(value, str):
        kind = next(one.type for one in msgspec.structs.fields(type(source)) if one.name == name)
        tries = [one for one in getattr(kind, "__args__", ()) if isinstance(one, str) and one != value]
        tries += [f"{value}x", f"{value}a/b", "https://other.example/"] if name != "url" else ["https://other.example/"]
    elif value is None:
        tries = [3_600, True, "x"]
    for one in tries:
        if one == value:
            continue
        try:
            return msgspec.convert({**msgspec.to_builtins(source), name: one}, type(source))
        except msgspec.ValidationError:
            continue
    return None


@rule
def keeps_its_secrets(case: Case) -> Iterator[str]:
    """What is secret in its table (`token`, `password`, `api_key`, …) is in nothing that is printed, kept or published.

    That is: not in `repr`, `options`, a URL that is asked, a mention, or what is said of what cannot be read.
    """
    names = [
        one.name
        for one in msgspec.structs.fields(type(case.source))
        if _SECRET.search(one.name) and isinstance(getattr(case.source, one.name), str)
    ]
    for name in names:
        source = msgspec.structs.replace(case.source, **{name: _MARK})
        if _MARK in repr(source):
            yield f"expected `repr` without the secret in {name!r}; it is there"
        if _MARK in source.options:
            yield f"expected `options` without the secret in {name!r}; it is there"
        for read in case.reads:
            for body in (read.fetch.body, b"", b"\xff\xfe{<", read.fetch.body[: len(read.fetch.body) // 2]):
                outcome = case.elsewhere.read(source, msgspec.structs.replace(read.fetch, body=body))
                words = str(outcome) if isinstance(outcome, Exception) else repr(outcome)
                if _MARK in words:
                    yield f"{read.recording.name}: expected a reading without the secret in {name!r}; it is there"
                    break


@rule
def its_policy_holds(case: Case) -> Iterator[str]:
    """What its `kind_policy` keeps back is by terms that it names (`terms`, an address; `read_on`, a day).

    Where `owner_decides`, or nothing may leave, there need be none: it is its owner's own.
    A table of the settings may make it stricter; one that allows more is refused (`looser`), and allows no more.
    """
    kind = type(case.source)
    policy = kind.kind_policy
    try:
        said = {name: getattr(policy, name) for name in Policy.__struct_fields__}
        msgspec.convert(msgspec.to_builtins(said), PolicyTable)
    except msgspec.ValidationError as e:
        yield f"expected `kind_policy` as a table of the settings could say it; {e}: {policy}"
        return
    if msgspec.structs.replace(policy, terms="", read_on=None) == OPEN:
        return
    its_own = not policy.terms and (kind.owner_decides or policy.export == "nothing")
    if not its_own and not re.match(r"https?://[^/\s]+", policy.terms):
        yield f"expected `terms` of its policy as the address of what asks for it; got {policy.terms!r}"
    unread = kind.kind_terms is not None and kind.kind_terms.read_on is None
    if policy.read_on is None and not unread and not its_own:
        yield "expected `read_on` in its policy, the day on which its terms were read; there is none"
    yield from _allowing_more(case.source, policy)


def _allowing_more(source: Source, policy: Policy) -> Iterator[str]:
    """Yield what a table of the settings is not refused for, or gets, that the policy of the kind keeps back."""
    more: dict[str, Any] = {
        "text": None if policy.text is None else policy.text + 1,
        "retention": None if policy.retention is None else policy.retention + 1,
        "export": None if policy.export == "all" else "all",
        "without": () if policy.without else None,
    }
    for name, value in more.items():
        if value is None or type(source).owner_decides:
            continue
        asked = msgspec.structs.replace(source, policy=PolicyTable(**{name: value}))
        # Parts that are left out are together those of both, so that an empty list is no word against the kind's.
        if asked.looser is None and name != "without":
            yield f"expected a table with `{name} = {value!r}` to be refused (`looser`); its kind allows less"
        if asked.in_force != stricter(policy, asked.in_force):
            yield f"expected a policy as strict as its kind's with `{name} = {value!r}`; it allows more (`in_force`)"


@rule
def is_documented(case: Case) -> Iterator[str]:
    """Its page has a table of its kind in a block of TOML, with name and URL, that makes a source."""
    text = _page(case.page)
    if text is None:
        yield f"expected a page of documentation; got {case.page or 'none'}. Name it: `documentation`"
        return
    kind = type(case.source)
    tables: list[Any] = []
    for block in _BLOCK.findall(text):
        try:
            found = tomllib.loads(block).get(kind.kind, [])
        except tomllib.TOMLDecodeError as e:
            yield f"{_name(case)}: expected TOML; {e}: {block.splitlines()[0]}"
            continue
        tables += found if isinstance(found, list) else [found]
    if not tables:
        yield f"{_name(case)}: expected a block of TOML with [[{kind.kind}]]; there is none"
    for table in tables:
        try:
            msgspec.convert(table, kind)
        except msgspec.ValidationError as e:
            yield f"{_name(case)}: expected a table that can be used; {e}: {table}"


@rule
def every_option_is_documented(case: Case) -> Iterator[str]:
    """Each option of its own is on its page, in backticks or in a table of its kind."""
    text = _page(case.page)
    if text is None:
        return
    for field in _own(case.source):
        if not re.search(rf"`{field.encode_name}\b|^{field.encode_name} *=", text, re.MULTILINE):
            yield f"{_name(case)}: expected a word on the option `{field.encode_name}`; there is none"


def _own(source: Source) -> list[FieldInfo]:
    """Return the options that its kind has beside those of all sources."""
    shared = set(Source.__struct_fields__)
    return [field for field in msgspec.structs.fields(type(source)) if field.name not in shared]


def _page(page: Path | None) -> str | None:
    return page.read_text("utf-8") if page is not None and page.is_file() else None


def _name(case: Case) -> str:
    return "" if case.page is None else case.page.name
