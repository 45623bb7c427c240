"""What a kind of source asks for, out of its own declaration; and a source out of what was given. Pure."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from msgspec import inspect

from overheard.collectors.base import Source
from overheard.errors import InputError
from overheard.policy import in_words
from overheard.web.newsource import Given, Question, SourceForm, SourceKind

# Settings that hardly anybody needs: the service's own address, the pause, the policy.
_SELDOM = frozenset({"interval", "about", "policy", "api", "auth"})
_PLACES = ("_env", "_file")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
# Tokens are longer than what files of tokens are called.
_LONG_NAME = 32
# What tokens are written in, which may have slashes and dots as paths do.
_WRITTEN = re.compile(r"[A-Za-z0-9+/._-]{16,}={0,2}")
_BETWEEN = frozenset("/._-")
# Of a text made by chance some two thirds of the letters are followed by one of another kind; of words, few.
_MIXED = 0.4
# What in the query of an address may be a secret, by its name.
_SECRETIVE = re.compile(r"(?i)(?:token|key|secret|pass|auth|sig|session)[^=&]*=")
_COMMAS = re.compile(r"\s*[,，、،]\s*")
_SLUG = re.compile(r"[\W_]+")
_YES = {"yes": True, "y": True, "true": True, "on": True, "no": False, "n": False, "false": False, "off": False}


def form_of(kind: type[Source], said: SourceKind) -> SourceForm:
    """Return what a kind asks for: what is followed first, then where its secrets are, its name last."""
    sentences = kind.asked_for()
    fields = {one.name: one for one in msgspec.structs.fields(kind)}
    secrets = secrets_of(fields)
    own: list[Question] = []
    seldom: list[Question] = []
    for name, one in fields.items():
        if name == "name" or any(name in (f"{secret}{end}" for end in _PLACES) for secret in secrets):
            continue
        if name == "url" and not one.required:
            continue  # it follows from the other settings, or there is none
        if one.default_factory is dict:
            continue  # a table of its own: too much for one line
        question = _question(name, sentences[name], one)
        (seldom if name in _SELDOM else own).append(question)
    # A token is asked for by kinds that say where it is made; other secrets are always.
    places = [
        Question(secret, sentences[f"{secret}_env"], place=True)
        for secret in secrets
        if secret != "token" or kind.token_from  # noqa: S105 - the name of a setting
    ]
    called = Question("name", sentences["name"], needed=True)
    policy = kind.kind_policy
    terms = kind.kind_terms
    if terms is not None and not policy.terms:
        policy = msgspec.structs.replace(policy, terms=terms.url, read_on=terms.read_on)
    told = ", ".join(in_words(policy))
    if terms is not None and terms.read_on is None:
        told += ", which were not read"
    return SourceForm(said, (*own, *places, called), tuple(seldom), kind.token_from, (told,))


def secrets_of(fields: Iterable[str]) -> list[str]:
    """Return the names of the secrets whose places are among these settings: "token" of `token_env`, `token_file`."""
    names = list(fields)
    return [one.removesuffix("_env") for one in names if one.endswith("_env") and f"{one[:-4]}_file" in names]


def _question(name: str, says: str, field: msgspec.structs.FieldInfo) -> Question:
    default = "" if field.required else _shown(field.default)
    return Question(name, says, default, _choices(field.type), needed=field.required)


def _shown(value: Any) -> str:
    if value in (None, "", ()) or isinstance(value, msgspec.Struct) or value is msgspec.NODEFAULT:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _choices(type_: Any) -> tuple[str, ...]:
    try:
        found = inspect.type_info(type_)
    except TypeError:
        return ()
    if isinstance(found, inspect.LiteralType):
        return tuple(str(one) for one in found.values)
    return ("yes", "no") if isinstance(found, inspect.BoolType) else ()


def source_of(kind: type[Source], given: Given) -> tuple[Source, dict[str, Any]]:
    """Return the source that what was given makes, and the table that says so. Raises InputError.

    A secret is never taken in the place of where it is, and what may be one is not repeated.
    """
    table = _table(kind, given)
    if not str(table.get("name", "")).isprintable():
        raise InputError("expected a name in one line, of what can be shown; got control characters", where="name")
    try:
        return msgspec.convert(table, kind), table
    except msgspec.ValidationError as e:
        what, _, path = str(e).partition(" - at `$")
        where = path.strip("`.").partition("[")[0]
        if not where and (missing := re.search(r"missing required field `(\w+)`", what)):
            where = missing[1]
            raise InputError(f"expected {where!r} to be given; there is none", where=where) from e
        if any(where.endswith(end) for end in _PLACES):
            raise _no_place(where.rpartition("_")[0]) from None
        raise InputError(what[:1].lower() + what[1:], where=where) from e


def _table(kind: type[Source], given: Given) -> dict[str, Any]:
    fields = {one.name: one for one in msgspec.structs.fields(kind)}
    secrets = secrets_of(fields)
    table: dict[str, Any] = {}
    for name, text in ((name, text.strip()) for name, text in given.items()):
        if not text:
            continue
        if name in secrets:
            table |= _place(name, text)
        elif name not in fields:
            known = ", ".join([*(one for one in fields if not one.endswith(_PLACES)), *secrets])
            raise InputError(f"expected one of {known}; got {name[:60]!r}", where=name)
        elif name.endswith(_PLACES) and name.rpartition("_")[0] in secrets:
            secret = name.rpartition("_")[0]
            found = _place(secret, text)
            if name not in found and name.endswith("_env"):
                raise _no_place(secret)
            table[name] = text
        else:
            table[name] = _value(name, text, fields[name])
    # As the settings have it: name first, and nothing that is as by default.
    defaults = {name: one.default for name, one in fields.items() if not one.required}
    ordered = sorted(table, key=lambda name: (name != "name", list(fields).index(name)))
    return {name: table[name] for name in ordered if name not in defaults or table[name] != defaults[name]}


def _place(secret: str, text: str) -> dict[str, str]:
    """Return where a secret is: a variable, or a file. Raises InputError for what may be the secret itself."""
    if _VARIABLE.fullmatch(text):
        return {f"{secret}_env": text}
    name = Path(text).name
    is_path = "/" in text or "." in text or Path(text).exists()
    if (
        not is_path
        or len(name) > _LONG_NAME
        or not text.isprintable()
        or (_is_made_by_chance(text) and not Path(text).exists())
        or (len(text) > 60 and " " not in text and not Path(text).exists())
    ):
        raise _no_place(secret)
    return {f"{secret}_file": text}


def _is_made_by_chance(text: str) -> bool:
    """True of what looks like a secret, in Base64 or another writing of it, rather than like a path."""
    if not _WRITTEN.fullmatch(text):
        return False
    kinds = ["A" if one.isupper() else "a" if one.islower() else "0" if one.isdigit() else one for one in text]
    pairs = [pair for pair in pairwise(kinds) if not _BETWEEN.intersection(pair)]
    is_mixed = {"A", "a", "0"} <= {*kinds} and sum(one != other for one, other in pairs) > _MIXED * len(pairs)
    return text.startswith("whsec_") or text.endswith("=") or is_mixed


def _no_place(secret: str) -> InputError:
    message = (
        f"expected where the {secret.replace('_', ' ')} is, never what it is: the name of an environment variable in "
        "capitals, such as OUR_TOKEN, or the path of a file, such as ./our-token. What was given is shown nowhere"
    )
    return InputError(message, where=secret)


def _value(name: str, text: str, field: msgspec.structs.FieldInfo) -> Any:
    """Return what a person typed as a value of a setting. Raises InputError."""
    try:
        found = inspect.type_info(field.type)
    except TypeError:
        return _as_toml(text)
    kinds = found.types if isinstance(found, inspect.UnionType) else (found,)
    if any(isinstance(one, inspect.StrType | inspect.LiteralType) for one in kinds):
        return text
    for one in kinds:
        if isinstance(one, inspect.BoolType):
            if text.lower() not in _YES:
                raise InputError(f"expected yes or no; got {text[:60]!r}", where=name)
            return _YES[text.lower()]
        if isinstance(one, inspect.IntType | inspect.FloatType):
            try:
                return int(text) if isinstance(one, inspect.IntType) else float(text)
            except ValueError as e:
                raise InputError(f"expected a number; got {text[:60]!r}", where=name) from e
        if isinstance(one, inspect.VarTupleType | inspect.ListType | inspect.SetType) and not text.startswith("["):
            inner = one.item_type
            parts = [part for part in _COMMAS.split(text) if part]
            is_number = isinstance(inner, inspect.IntType)
            return [int(part) if is_number and part.isdigit() else part for part in parts]
    return _as_toml(text)


def _as_toml(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def table_text(kind: str, table: Mapping[str, Any]) -> str:
    """Return the table of a source as it stands in settings."""
    lines = [f"{name} = {_in_a_line(value)}" for name, value in table.items()]
    return "\n".join([f"[[{kind}]]", *lines]) + "\n"


def _in_a_line(value: Any) -> str:
    """Return a value as TOML; what is a table itself too."""
    if not isinstance(value, Mapping):
        return str(tomlkit.item(value).as_string())
    inline = tomlkit.inline_table()
    inline.update(value)
    return str(inline.as_string())


def name_for(kind: str, given: Given, taken: Iterable[str], fields: Iterable[str]) -> str:
    """Return a name that tells what is followed, and that no other source has; of an address nothing secret."""
    told = [given[one] for one in fields if given.get(one) and one not in (*_SELDOM, "name") and given[one] not in _YES]
    # What is followed tells more than where.
    told.sort(key=lambda value: value.startswith(("http://", "https://")))
    first = re.sub(r"^https?://(?:[^/?#]*@)?(?:www\.)?", "", told[0]) if told else ""
    address, _, query = first.partition("?")
    first = address if _SECRETIVE.search(query) else first
    slug = _SLUG.sub("-", first).strip("-").lower()[:40].strip("-")
    base = slug if kind in slug else "-".join(part for part in (kind.replace("_", "-"), slug) if part)
    names = set(taken)
    number, name = 1, base
    while name in names:
        number += 1
        name = f"{base}-{number}"
    return name
