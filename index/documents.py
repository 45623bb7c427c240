"""Records as the index holds them: tokens, values, keys to look up a profile by, canonical JSON. Pure."""

import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

from overheard.errors import FolderDamagedError, InputError
from overheard.identities import national_number, normal_email, normal_handle, normal_phone
from overheard.index import analyser
from overheard.index.fields import STARS, normal_value, site_of
from overheard.records import Incident, Profile, Rating, identity_key, sort_key
from overheard.text import clean, fold
from overheard.urls import canonical_url, registrable_domain

# The value of `channel` of what was said in public.
PUBLIC = "public"
TAIL_BITS = 21  # of `k`: below them are milliseconds since 1970 (overheard.records.sortkey)
_DAY_MS = 86_400_000
_FEWEST_DIGITS = 7  # of a phone number; shorter ones are extensions and short codes
_LIKE_A_PHONE = re.compile(r"[+(]?[\d\s().+/-]{7,40}")
_1970 = datetime(1970, 1, 1, tzinfo=UTC)

Record = Incident | Profile

_encoder = msgspec.json.Encoder(order="deterministic")
_decoders: Mapping[str, "msgspec.json.Decoder[Record]"] = {
    "incident": msgspec.json.Decoder(Incident),
    "profile": msgspec.json.Decoder(Profile),
}


@dataclass(frozen=True, slots=True)
class Document:
    """What an engine needs to know of one version of one record, and nothing that an engine decides.

    `k` orders and pages, in [0, 2**63). `texts` maps each text field to its tokens joined by spaces, `values` each
    value field to its normal values; empty ones are left out. `keys` are what a profile is looked up by.
    `json` is the canonical record, read back by `record_of`. `first`: no version of it was published before; False
    where that is not known.
    """

    id: str
    version: int
    kind: str
    k: int
    texts: Mapping[str, str]
    values: Mapping[str, tuple[str, ...]]
    keys: tuple[str, ...]
    json: bytes
    first: bool = False

    @property
    def day(self) -> int:
        """Days since 1970 UTC; histograms are made of them."""
        return (self.k >> TAIL_BITS) // _DAY_MS


def document_of(record: Record, version: int, *, first: bool = False) -> Document:
    """Return the document of a record. Raises InputError where its `k` is no sort key or a text has lone surrogates."""
    return _incident(record, version, first) if isinstance(record, Incident) else _profile(record, version, first)


def record_of(kind: str, json: bytes) -> Record:
    """Return the record that a document's canonical JSON holds. Raises FolderDamagedError where it holds none."""
    try:
        return _decoders["incident" if kind == "incident" else "profile"].decode(json)
    except (msgspec.DecodeError, UnicodeDecodeError) as e:
        msg = f"expected the canonical record of a document; got {json[:80]!r}: {e}. Run `overheard index rebuild`"
        raise FolderDamagedError(msg) from e


def text_of(record: Record) -> str:
    """Return the text whose tokens are the field `text`: what highlights and snippets refer to."""
    if isinstance(record, Incident):
        return record.mention.text
    parts = (record.name, *record.names, record.title, record.organisation, record.place, record.domain)
    return "\n".join(part for part in parts if part)


def lookup_keys(who: str) -> tuple[str, ...]:
    """Return the keys under which a profile that is called `who` may stand; empty for an empty text.

    `who` is a name, a handle (with or without @, or with its platform, `reddit:antdude`), an e-mail address, a URL, a
    domain, a phone number (with or without its country code, in any writing), an identity's key, an external id (with
    or without its system, `crm:17`) or an id of ours.
    """
    who = clean(who).strip()
    if not who:
        return ()
    platform, colon, handle = who.partition(":")
    keys = [
        f"id:{fold(who)}",
        *_name_keys((who,)),
        f"handle:{normal_handle(who)}",
        *(
            f"identity:{key}"
            for key in (fold(who), identity_key(fold(platform), "handle", normal_handle(handle)))
            if colon
        ),
        *(f"identity:{identity_key('email', 'email', email)}" for email in (normal_email(who),) if email),
        *(f"identity:{identity_key('web', 'url', url)}" for url in (canonical_url(who),) if url),
        *(f"identity:{identity_key('phone', 'phone', phone)}" for phone in (normal_phone(who),) if phone),
        *(f"digits:{digits}" for digits in (_digits(who),) if digits and not who.startswith("+")),
        # An address of somebody at a firm asks for that person, not for the firm.
        *(f"site:{site}" for site in (site_of(who),) if site and "@" not in who),
    ]
    return tuple(dict.fromkeys(key for key in keys if not key.endswith(":")))


def _incident(incident: Incident, version: int, first: bool) -> Document:
    mention = incident.mention
    text = mention.text
    actor = mention.attributed_to
    linked = [party.subject for party in incident.parties if party.outcome == "linked"]
    title = analyser.analyse(mention.name) if mention.name else []
    texts = {
        # The text is name, line end, content; no token and no folding crosses a line end.
        "text": title + analyser.analyse(mention.content) if mention.content else title,
        "title": title,
        "author": analyser.analyse(f"{actor.preferred_username}\n{actor.name}") if actor else [],
    }
    addresses = [normal_value("url", url) for url in (mention.url, *mention.aliases) if url]
    host = normal_value("site", addresses[0].partition("//")[2].partition("/")[0]) if addresses else ""
    channel = mention.channel or PUBLIC
    common = (mention.type, mention.source, mention.platform, channel, incident.language.code, incident.status)
    values = _common(common, incident.sentiment.polarity) | _values(
        about=incident.about,
        rating=() if mention.rating is None else stars_of(mention.rating),
        intent=[one.label for one in incident.intents],
        concern=[one.topic for one in incident.concerns],
        issue=[f"{one.target}/{one.topic}" for one in incident.concerns if one.target],
        contact=[subject for subject in linked if subject.startswith("con_")],
        account=[subject for subject in linked if subject.startswith("acc_")],
        candidate=[party.subject for party in incident.parties if party.outcome == "candidate"],
        handle=analyser.handles(text),
        tag=(*mention.tag, *analyser.tags(text), *incident.tags),
        assignee=(incident.assignee,),
        event=(incident.event or incident.id,),
        site=(host, registrable_domain(host)),
    )
    if addresses:
        values["url"] = tuple(dict.fromkeys(addresses))
    return Document(
        id=incident.id,
        version=version,
        kind="incident",
        k=_sort_key(incident.k, incident.id),
        texts=_joined(texts),
        values=values,
        keys=(),
        json=_encode(incident),
        first=first,
    )


def stars_of(rating: Rating) -> tuple[str, ...]:
    """Return a rating in whole stars of five, whatever its scale, halves upward; empty for what is on no scale."""
    scale, above = rating.best - rating.worst, rating.value - rating.worst
    if not (math.isfinite(scale) and math.isfinite(above) and scale > 0):
        return ()
    share = min(max(above / scale, 0.0), 1.0)
    return (STARS[math.floor(share * (len(STARS) - 1) + 0.5)],)


@lru_cache(maxsize=4_096)
def _common(common: tuple[str, str, str, str, str, str], polarity: str) -> dict[str, tuple[str, ...]]:
    """Return the values that most incidents share with others; not to be changed."""
    kind, source, platform, channel, language, status = common
    return _values(
        kind=("incident",),
        type=(kind,),
        source=(source,),
        platform=(platform,),
        channel=(channel,),
        language=(language,),
        sentiment=(polarity,),
        status=(status,),
    )


def _profile(profile: Profile, version: int, first: bool) -> Document:
    text = text_of(profile)
    handles = [each.identity.value for each in profile.identities if each.identity.type == "handle"]
    texts = {"text": analyser.analyse(text), "title": analyser.analyse(" ".join((profile.name, *profile.names)))}
    values = _values(
        kind=(profile.kind,),
        contact=(profile.ids or (profile.id,)) if profile.kind == "contact" else profile.people,
        account=(profile.ids or (profile.id,)) if profile.kind == "account" else (profile.account,),
        about=profile.by_term,
        handle=handles,
        site=(profile.domain,),
    )
    # The newest incident's key is shared by all who have a part in it, and many have none: the low bits come from the
    # profile's own id, so that a page never ends inside thousands of equal keys.
    newest = _sort_key(profile.k, profile.id) >> TAIL_BITS
    return Document(
        id=profile.id,
        version=version,
        kind=profile.kind,
        k=sort_key(profile.id, None, _1970 + timedelta(milliseconds=newest)),
        texts=_joined(texts),
        values=values,
        keys=tuple(dict.fromkeys(_profile_keys(profile))),
        json=_encode(profile),
        first=first,
    )


def _profile_keys(profile: Profile) -> Iterator[str]:
    # Records that people joined: the id of each leads to the one profile.
    yield from (f"id:{fold(id_)}" for id_ in dict.fromkeys((profile.id, *profile.ids)))
    for external in profile.external_ids:
        yield f"id:{fold(external.value).strip()}"
        yield f"id:{fold(f'{external.system}:{external.value}').strip()}"
    yield from _name_keys((profile.name, *profile.names))
    for email in profile.emails:
        if address := normal_email(email):
            yield f"identity:{identity_key('email', 'email', address)}"
    for each in profile.identities:
        yield f"identity:{each.identity.key}"
        if each.identity.type == "handle":
            yield f"handle:{each.identity.value}"
        elif each.identity.type == "phone":
            # A number may be asked for without its country code.
            yield from (
                f"digits:{d}" for d in (_digits(each.identity.value), national_number(each.identity.value)) if d
            )
    if profile.domain and (site := site_of(profile.domain)):
        yield f"site:{site}"


def _digits(text: str) -> str:
    """Return the digits of what may be a phone number, without zeros before them; "" for what cannot be one."""
    if not _LIKE_A_PHONE.fullmatch(text):
        return ""
    digits = "".join(str(unicodedata.digit(c)) for c in text if c.isdecimal()).lstrip("0")
    return digits if len(digits) >= _FEWEST_DIGITS else ""


def _name_keys(names: Iterable[str]) -> Iterator[str]:
    """Yield the keys of names: their words sorted, so that "Doe, Jane" finds Jane Doe."""
    for name in names:
        if words := sorted(analyser.analyse(name)):
            yield f"name:{' '.join(words)}"


def _joined(texts: Mapping[str, list[str]]) -> dict[str, str]:
    return {field: " ".join(tokens) for field, tokens in texts.items() if tokens}


def _values(**fields: Collection[str]) -> dict[str, tuple[str, ...]]:
    values = {}
    for field, raw in fields.items():
        if raw and (normal := {value: None for each in raw if each and (value := normal_value(field, each))}):
            values[field] = tuple(normal)
    return values


def _sort_key(k: str, where: str) -> int:
    if not (k.isascii() and k.isdecimal() and len(k) <= 19 and int(k) < 1 << 63):
        msg = f"expected k as a decimal number below 2**63; got {k[:40]!r}"
        raise InputError(msg, where=where)
    return int(k)


def _encode(record: Record) -> bytes:
    try:
        return _encoder.encode(record)
    except UnicodeEncodeError as e:
        msg = f"expected text without lone surrogates; got one at {e.start} of a field. Clean it at the door"
        raise InputError(msg, where=record.id) from e
