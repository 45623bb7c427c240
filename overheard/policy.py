"""The policy of a source, enforced: on what is written, on what leaves, and on how long it stays. Pure.

    kind's policy ─┐
    owner's table ─┴▶ in_force ─▶ applied, as it is written ─▶ is_past, while it is kept ─▶ exported, as it leaves

A source that `policies` does not name allows everything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, TypeVar, get_args

import msgspec
import regex
from msgspec import Meta

from overheard.records import (
    Actor,
    DeadLetter,
    Delivery,
    DeliveryItem,
    EnrichedMention,
    Export,
    Fetch,
    Incident,
    IncidentSummary,
    Mention,
    Part,
    Policy,
    RecordError,
    Snippet,
    decode,
)

T = TypeVar("T")

OPEN = Policy()
# Of what was said to us alone, where its source has no policy: it leaves by no way that shows what is public.
PRIVATE = Policy(export="nothing")
NO_POLICIES: Mapping[str, Policy] = {}
PARTS: tuple[Part, ...] = get_args(Part)
# Of a post that may leave as a link and snippets: so many snippets, each of so many characters, or they were the post.
SNIPPETS, SNIPPET = 3, 200
_STRICT: Mapping[Export, int] = {"all": 0, "link": 1, "nothing": 2}
_MARK = "…"
_CLUSTER = regex.compile(r"\X")
_SENTENCE = regex.compile(r"[.!?…。！？؟।]+[\"'”’»)\]]*(?=\s)")
_SPACE = regex.compile(r"\s")
# Of an author, what each part is called in the record.
_OF_AUTHOR: Mapping[Part, str] = {
    "author_handle": "preferred_username",
    "author_id": "native_id",
    "author_name": "name",
    "author_url": "url",
    "author_email": "email",
    "author_phone": "phone",
    "author_bio": "summary",
    "author_links": "links",
}


class PolicyTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[….policy]` of a source: what its owner sets beside the policy of its kind; None is what the kind says.

    As `Policy`. `terms` and `read_on` may name the site's own terms.
    """

    without: tuple[Part, ...] | None = None
    text: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    retention: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    export: Export | None = None
    terms: Annotated[str, Meta(max_length=2_048)] = ""
    read_on: date | None = None


AS_ITS_KIND = PolicyTable()


# --- which policy ----------------------------------------------------------------------------------------------------


def in_force(kind: Policy, table: PolicyTable, *, free: bool = False) -> Policy:
    """Return the policy of a source: the stricter of its kind's and its owner's in each regard.

    `free`: the owner's word holds where it says anything, since what the source brings is their own.
    """
    if table == AS_ITS_KIND:
        return kind
    given = {
        name: value
        for name in ("without", "text", "retention", "export")
        if (value := getattr(table, name)) is not None
    }
    own = msgspec.structs.replace(kind if free else OPEN, **given)
    policy = own if free else stricter(kind, own)
    return msgspec.structs.replace(
        policy, without=_ordered(policy.without), terms=table.terms or kind.terms, read_on=table.read_on or kind.read_on
    )


def stricter(one: Policy, other: Policy) -> Policy:
    """Return what both policies allow; the terms are the first one's."""
    return msgspec.structs.replace(
        one,
        without=_ordered((*one.without, *other.without)),
        text=_least(one.text, other.text),
        retention=_least(one.retention, other.retention),
        export=max(one.export, other.export, key=lambda export: _STRICT[export]),
    )


def looser(kind: Policy, table: PolicyTable) -> tuple[str, str] | None:
    """Return the first key of the owner's table that allows more than its kind does, and what was expected; or None."""
    for name, unit in (("text", "characters of text"), ("retention", "days of retention")):
        most, given = getattr(kind, name), getattr(table, name)
        if most is not None and given is not None and given > most:
            return name, f"expected at most {most:,} {unit}{_said_by(kind)}; got {given:,}. Set less, or leave it out"
    if table.export is not None and _STRICT[table.export] < _STRICT[kind.export]:
        allowed = " or ".join(repr(one) for one in get_args(Export) if _STRICT[one] >= _STRICT[kind.export])
        return "export", f"expected {allowed}{_said_by(kind)}; got {table.export!r}. Set less, or leave it out"
    return None


def _said_by(kind: Policy) -> str:
    read = f", read on {kind.read_on.isoformat()}" if kind.read_on else ""
    return f", as its terms allow ({kind.terms}{read})" if kind.terms else ", as sources of its kind allow"


def _least(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


def _ordered(parts: Sequence[Part]) -> tuple[Part, ...]:
    return tuple(part for part in PARTS if part in parts)


def in_words(policy: Policy) -> list[str]:
    """Return a policy as lines for a person; the first says what is kept."""
    kept = "everything but " + ", ".join(policy.without).replace("_", "'s ") if policy.without else "everything"
    text = "" if policy.text is None else f", of the text {policy.text:,} characters"
    stays = "" if policy.retention is None else f", for {policy.retention:,} days"
    leaves = {"all": "all of it", "link": "link and snippets", "nothing": "nothing of it"}[policy.export]
    lines = [f"keeps {kept}{text}{stays}; {leaves} may leave"]
    if policy.terms or policy.read_on:
        read = f", read on {policy.read_on.isoformat()}" if policy.read_on else ""
        lines.append(f"by {policy.terms or 'its terms'}{read}")
    return lines


# --- at write --------------------------------------------------------------------------------------------------------


def applied(policy: Policy, mention: Mention) -> Mention:
    """Return what may be kept of a mention. Idempotent; its text is never longer than the one given."""
    if not policy.without and policy.text is None:
        return mention
    parts = frozenset(policy.without)
    name = "" if "title" in parts else mention.name
    content = "" if "text" in parts else mention.content
    if policy.text is not None:
        name = cut(name, policy.text)
        content = cut(content, policy.text - len(name) - 1 if name else policy.text)
    changes: dict[str, Any] = {"name": name, "content": content}
    if "tags" in parts:
        changes["tag"] = ()
    if "links" in parts:
        changes["links"] = ()
    if "counts" in parts:
        changes |= {"likes": None, "shares": None, "replies": None}
    return msgspec.structs.replace(mention, attributed_to=_author(parts, mention.attributed_to), **changes)


def _author(parts: frozenset[Part], actor: Actor | None) -> Actor | None:
    if actor is None or "author" in parts:
        return None
    gone: dict[str, Any] = {
        field: () if field == "links" else "" for part, field in _OF_AUTHOR.items() if part in parts
    }
    if "email" in gone:
        gone["email_verified"] = False
    left = msgspec.structs.replace(actor, **gone)
    return left if any(getattr(left, field) for field in _OF_AUTHOR.values()) else None


def cut(text: str, most: int) -> str:
    """Return `text` if it has at most `most` characters, else its beginning and "…", within `most`; "" for none.

    The beginning ends with a sentence, else with a word, where one ends in its second half; else between two
    characters as readers see them (grapheme clusters, UAX 29), never inside one.
    """
    if len(text) <= most:
        return text
    if most < 1:
        return ""
    end = 0
    # What stands before a place, and the one character after it, decide whether a cluster ends there.
    for cluster in _CLUSTER.finditer(text, 0, most):
        end = cluster.start()
    if sentences := [match.end() for match in _SENTENCE.finditer(text, end // 2, most) if match.end() <= most - 2]:
        return f"{text[: sentences[-1]]} {_MARK}"
    spaces = [match.start() for match in _SPACE.finditer(text, end // 2, end + 1)]
    return text[: spaces[-1] if spaces and spaces[-1] > 0 else end].rstrip() + _MARK


# --- while it is kept ------------------------------------------------------------------------------------------------


def is_past(policy: Policy, mention: Mention, now: datetime) -> bool:
    """True where a mention is older than its source's policy keeps."""
    before = horizon(policy, now)
    when = mention.first_seen if mention.published is None else min(mention.published, mention.first_seen)
    return before is not None and when < before


def horizon(policy: Policy, now: datetime) -> datetime | None:
    """Return the time before which nothing of a source is kept; None: all of it is."""
    if policy.retention is None:
        return None
    days = min(policy.retention, (now - datetime.min.replace(tzinfo=UTC)).days)
    return now - timedelta(days=days)


# --- as it leaves ----------------------------------------------------------------------------------------------------


def exported(value: T, policies: Mapping[str, Policy]) -> T:
    """Return what may leave of a record, or of anything that holds records (structs, lists, mappings), at any depth.

    What is left out is said in `withheld` of what it was left out of. What was said to us alone (`Mention.channel`)
    stays here unless its source's policy lets it leave.
    """
    left: T = Exporter(policies).of(value)
    return left


def policy_of(policies: Mapping[str, Policy], mention: Mention) -> Policy:
    """Return the policy that a mention is under: its source's, else that of its channel."""
    return policies.get(mention.source, PRIVATE if mention.channel else OPEN)


def restricts(policies: Mapping[str, Policy]) -> bool:
    """True where anything is kept from leaving by one of these."""
    return any(policy.export != "all" or policy.without or policy.text is not None for policy in policies.values())


class Exporter:
    """What `exported` does, for whoever has more to pass on than records. `of` may be given anything."""

    def __init__(self, policies: Mapping[str, Policy]) -> None:
        self._policies = policies

    def of(self, value: Any) -> Any:
        """Return what may leave of a value; itself where that is all."""
        match value:
            case Mention():
                return self._mention(value)
            case Incident() | EnrichedMention():
                return self._about(value)
            case IncidentSummary():
                return self._summary(value)
            case DeliveryItem():
                return self._item(value)
            case Delivery():
                return self._delivery(value)
            case DeadLetter():
                return self._letter(value)
            case Fetch():
                return self._fetch(value)
        if type(value) is dict:
            return {key: self.of(one) for key, one in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self.of(one) for one in value)
        if isinstance(value, msgspec.Struct):
            return msgspec.structs.replace(value, **self._changed(value, value.__struct_fields__))
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **self._changed(value, [field.name for field in fields(value)]))
        return value

    def _changed(self, value: Any, names: Sequence[str]) -> dict[str, Any]:
        given = {name: getattr(value, name) for name in names}
        return {name: new for name, one in given.items() if (new := self.of(one)) is not one}

    def policy(self, source: str, channel: str = "") -> Policy:
        """Return the policy of what a source brings by a channel."""
        return self._policies.get(source, PRIVATE if channel else OPEN)

    def of_mention(self, mention: Mention) -> Policy:
        """Return the policy that a mention is under."""
        return policy_of(self._policies, mention)

    def _mention(self, mention: Mention) -> Mention:
        policy = self.of_mention(mention)
        if policy.export == "nothing":
            return Mention(
                id=mention.id,
                type=mention.type,
                platform=mention.platform,
                source=mention.source,
                content="",
                first_seen=mention.first_seen,
                channel=mention.channel,
                withheld=withheld("all that it says and who said it", mention.source, policy),
            )
        left = applied(policy, mention)
        if policy.export == "link":
            actor = left.attributed_to
            left = msgspec.structs.replace(
                left,
                content="",
                tag=(),
                links=(),
                attributed_to=actor
                and msgspec.structs.replace(actor, email="", email_verified=False, phone="", summary="", links=()),
            )
        if left == mention:
            return mention
        changed = (name for name in ("name", "content", "attributed_to", "tag", "links", "likes", "shares", "replies")
                   if getattr(left, name) != getattr(mention, name))  # fmt: skip
        said = ", ".join(_NAMES.get(name, name) for name in changed)
        return msgspec.structs.replace(left, withheld=withheld(said, mention.source, policy))

    def _about(self, one: Incident | EnrichedMention) -> Incident | EnrichedMention:
        """Return an incident, or what the enrichers found in a mention."""
        policy = self.of_mention(one.mention)
        mention = self._mention(one.mention)
        if mention is one.mention:
            return one
        changes: dict[str, Any] = {"mention": mention}
        if mention.text != one.mention.text or policy.export != "all":
            # Offsets are into the whole text; a snippet beyond what is kept would bring back what is not.
            changes |= {"entities": (), "snippets": self._snippets(one, policy)}
            if isinstance(one, Incident):
                changes["versions"] = ()
        if policy.export == "nothing":
            changes["concerns"] = ()
            if isinstance(one, Incident):
                parties = (party for party in one.parties if party.outcome != "bare")
                changes |= {
                    "parties": tuple(msgspec.structs.replace(party, evidence=()) for party in parties),
                    "why": (),
                    "event_why": (),
                }
        return msgspec.structs.replace(one, **changes)

    def _snippets(self, one: Incident | EnrichedMention, policy: Policy) -> tuple[Snippet, ...]:
        if policy.export == "link":
            return tuple(map(short, one.snippets[:SNIPPETS]))
        if policy.export == "nothing":
            return ()
        kept = applied(policy, one.mention).text
        return tuple(snippet for snippet in one.snippets if kept[snippet.start : snippet.end] == snippet.exact)

    def _summary(self, one: IncidentSummary) -> IncidentSummary:
        policy = self.policy(one.source, one.channel)
        if policy.export == "all":
            return one
        if policy.export == "link":
            snippets = tuple(map(short, one.snippets[:SNIPPETS]))
            said = "" if snippets == one.snippets else withheld("all but short snippets", one.source, policy)
            return msgspec.structs.replace(one, snippets=snippets, withheld=said)
        said = withheld("all that it says and who said it", one.source, policy)
        return msgspec.structs.replace(one, url="", snippets=(), evidence=(), why=(), withheld=said)

    def _item(self, item: DeliveryItem) -> DeliveryItem:
        policy = self.policy(item.source, item.channel)
        if policy.export == "nothing":
            said = withheld("all that it says and who said it", item.source, policy)
            return msgspec.structs.replace(item, text="", said_by="", url="", why=(), withheld=said)
        most = _least(SNIPPET if policy.export == "link" else None, policy.text)
        text = item.text if most is None else cut(item.text, most)
        said_by = "" if "author" in policy.without or "author_name" in policy.without else item.said_by
        if "text" in policy.without and "title" in policy.without:
            text = ""
        if (text, said_by) == (item.text, item.said_by):
            return item
        said = withheld("a part of what it says" if text != item.text else "who said it", item.source, policy)
        return msgspec.structs.replace(item, text=text, said_by=said_by, withheld=said)

    def _delivery(self, delivery: Delivery) -> Delivery:
        items = tuple(map(self._item, delivery.items))
        return delivery if items == delivery.items else msgspec.structs.replace(delivery, items=items)

    def _letter(self, letter: DeadLetter) -> DeadLetter:
        try:
            data = decode(letter.value).data if letter.value else None
        except RecordError:
            return letter
        about = data.mention if isinstance(data, EnrichedMention | Incident) else data
        source = getattr(about, "source", "")
        channel = about.channel if isinstance(about, Mention) else ""
        policy = self.policy(source, channel) if isinstance(source, str) else OPEN
        if policy.export == "all":
            return letter
        return msgspec.structs.replace(letter, value=None, withheld=withheld("the record as it came", source, policy))

    def _fetch(self, fetch: Fetch) -> Fetch:
        policy = self.policy(fetch.source)
        if policy.export == "all" and "raw" not in policy.without:
            return fetch
        return bodiless(fetch, policy)


_NAMES = {"name": "title", "content": "text", "attributed_to": "author", "tag": "tags"}


def bodiless(fetch: Fetch, policy: Policy) -> Fetch:
    """Return a fetch without its bytes, which its source's policy lets nobody keep."""
    said = withheld("the bytes as received", fetch.source, policy)
    return msgspec.structs.replace(fetch, body=b"", withheld=said)


def withheld(what: str, source: str, policy: Policy) -> str:
    """Return how it is said that something was left out."""
    return f"{what}: by the policy of source {source}" + (f" ({policy.terms})" if policy.terms else "")


def short(snippet: Snippet) -> Snippet:
    """Return a snippet that may leave: the beginning of it, without what stands around; its offsets are those of it."""
    if len(snippet.exact) <= SNIPPET:
        return msgspec.structs.replace(snippet, prefix="", suffix="")
    exact = cut(snippet.exact, SNIPPET).removesuffix(_MARK).rstrip()
    return msgspec.structs.replace(snippet, exact=exact, end=snippet.start + len(exact), prefix="", suffix="")
