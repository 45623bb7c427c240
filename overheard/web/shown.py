"""How values look on a page: filters of the templates. Numbers, money and times are `overheard.wording`'s. Pure."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from markupsafe import Markup, escape

from overheard import wording
from overheard.config.settings import LocaleSettings
from overheard.records import Decision, Profile, Rating, incident_id, is_mention_id

# Characters that reorder what stands around them, or cannot be seen: a name must not turn the page about (Unicode TR 9,
# TR 36). Joiners stay: words of Indic scripts and emoji are written with them.
_INVISIBLE = dict.fromkeys(
    [
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xFFF9, 0xFFFC),
        *range(0xE0000, 0xE0080),
        0x200E,
        0x200F,
        0x061C,
        0x00AD,
        0xFEFF,
    ],
    "",
) | dict.fromkeys([*range(0x00, 0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)], "\N{REPLACEMENT CHARACTER}")

_ENGLISH = LocaleSettings()
_NOBODYS: Mapping[str, str] = {}


class Span(NamedTuple):
    """[start, end) of a text is `kind`: a watched "term", or a "person", "organisation", "place", "other"."""

    start: int
    end: int
    kind: str


def filters_of(locale: Callable[[], LocaleSettings]) -> dict[str, Callable[..., Any]]:
    """Return the filters of the templates by name; `locale` is asked each time, since settings may change."""
    return {
        "plain": plain,
        "cut": cut,
        "given": given,
        "address": address,
        "page_of": page_of,
        "post_of": post_of,
        "name_of": name_of,
        "when": lambda time: wording.when(time, locale()) if time else "",
        "day": lambda day: wording.day(_local(day, locale()), locale()) if day else "",
        "money": lambda amount, currency: wording.money(amount, currency, locale()),
        "number": lambda number: wording.number(number, locale()),
        "size": lambda size: in_bytes(size, locale()),
        "phone": wording.phone,
        "language": lambda code: wording.language(code, locale()),
        "iso": lambda time: time.astimezone(UTC).isoformat(timespec="seconds") if time else "",
        "percent": lambda part: f"{part:.0%}",
        "marked": marked,
        "annotated": annotated,
        "noted": lambda decision, name="": noted(decision, name, locale()),
        "relabelled": lambda decision, terms=_NOBODYS: relabelled(decision, terms, locale()),
    }


def in_bytes(size: float, locale: LocaleSettings) -> str:
    """Return a size in bytes, in the unit that leaves a number below a thousand: 1.4 MB."""
    units = ["TB", "GB", "MB", "kB", "B"]
    while size >= 1_000 and len(units) > 1:
        size /= 1_000
        units.pop()
    return f"{wording.number(round(size, 1 if size < 10 and units[-1] != 'B' else 0), locale)} {units[-1]}"


def _local(day: date, locale: LocaleSettings) -> date:
    """Return the day of a time where the locale is; a day as it is."""
    return wording.local(day, locale).date() if isinstance(day, datetime) else day


def plain(text: object) -> str:
    """Return text without what makes it look like something else; it is escaped by the template."""
    return str(text).translate(_INVISIBLE)


def cut(text: object, most: int) -> str:
    """Return text as `plain` does, at most so many characters of it, with an ellipsis in place of the rest."""
    whole = str(text)
    return plain(whole if len(whole) <= most else f"{whole[: most - 1]}…")


def given(rating: Rating) -> str:
    """Return what a review gives in words: "2 of 5"."""
    return f"{rating.value:g} of {rating.best:g}"


def address(url: str) -> str:
    """Return a URL that a page may link to: http(s) only, else "" (javascript:, data: and the like)."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme.lower() in ("http", "https") and parts.netloc else ""


def page_of(subject: str) -> str:
    """Return the path of a contact's or account's page by its id; "" for a bare identity."""
    kind = {"con_": "contacts", "acc_": "accounts"}.get(subject[:4])
    return f"/{kind}/{quote(subject, safe='')}" if kind else ""


def post_of(mention: str) -> str:
    """Return the path of a post's page by its mention's id."""
    return f"/incidents/{quote(incident_id(mention), safe='')}"


def name_of(profile: Profile) -> str:
    """Return what a contact or account is called: by its name, else by its first identity, else by its id."""
    return profile.name or (profile.identities[0].identity.value if profile.identities else profile.id)


def known_by(profile: Profile) -> str:
    """Return title and firm, which tell people of one name apart; may be empty."""
    facts = (profile.title, profile.organisation or profile.domain or profile.place)
    return ", ".join(one for one in facts if one)


def noted(decision: Decision, name: str = "", locale: LocaleSettings = _ENGLISH) -> str:
    """Return what somebody decided as a sentence without its full stop; `name` is whom it is about, "" for none."""
    who = name or "the same"
    match decision.verb:
        case "same" | "not the same" if is_mention_id(decision.right):
            said = "these posts are one event" if decision.verb == "same" else "these posts are not one event"
        case "same":
            said = f"both are one: {who}" if page_of(decision.left) else f"it is {who}"
        case "not the same":
            said = f"it is not {who}"
        case "unsure":
            said = f"nobody can know whether it is {name}" if name else "nobody can know"
        case "lock":
            said = "locked: only your CRM and people change who this is"
        case "not about us":
            said = "that post is not about us"
        case "relabel":
            said = relabelled(decision, locale=locale)
        case "status":
            said = f"it is {decision.value}"
        case "assign":
            said = f"{decision.value} sees to it" if decision.value else "nobody sees to it"
        case "note":
            said = "your note is kept" if decision.value else "the note is taken away"
        case "tag":
            tag = decision.right.removeprefix("tag/")
            said = f"tagged {tag}" if decision.value else f"tagged {tag} no longer"
        case "policy":
            said = f"{decision.right}: {decision.value}"
        case "withdraw":
            return "Taken back"
    return f"Noted: {said}"


def relabelled(decision: Decision, terms: Mapping[str, str] = _NOBODYS, locale: LocaleSettings = _ENGLISH) -> str:
    """Return what a post says according to a person who put its labels right; `terms` are names of terms by id."""
    what, _, of = decision.right.partition("/")
    if what == "intent":
        return f"{of.replace('-', ' ')}: {decision.value}"
    if what == "language":
        return f"the language is {wording.language(decision.value, locale)}"
    toward = f" toward {terms.get(of, of)}" if of else ""
    return f"the tone{toward} is {decision.value}"


def marked(text: str, spans: Sequence[tuple[int, int]]) -> Markup:
    """Return text as HTML with the spans [start, end) in `<mark>`; they must be in order and apart."""
    out, at = [], 0
    for start, end in spans:
        out += [escape(plain(text[at:start])), Markup("<mark>"), escape(plain(text[start:end])), Markup("</mark>")]
        at = end
    return Markup("").join([*out, escape(plain(text[at:]))])


def annotated(text: str, spans: Sequence[Span], start: int = 0, end: int | None = None) -> Markup:
    """Return text[start:end] as HTML: terms in `<mark>`, entities in `<span class="entity …">`.

    Where spans overlap, a term covers an entity, and the earlier and longer covers the rest.
    """
    end = len(text) if end is None else min(end, len(text))
    out: list[str] = []
    at = start
    for span in _apart(spans):
        first, last = max(span.start, at), min(span.end, end)
        if first >= last:
            continue
        words = escape(plain(text[first:last]))
        out.append(escape(plain(text[at:first])))
        if span.kind == "term":
            out.append(Markup("<mark>{}</mark>").format(words))
        else:
            kind = escape(span.kind)
            out.append(Markup('<span class="entity {}" title="{}">{}</span>').format(kind, kind, words))
        at = last
    return Markup("").join([*out, escape(plain(text[at:end]))])


def _apart(spans: Sequence[Span]) -> list[Span]:
    """Return spans of which no two overlap, in order; one sweep, since a long post has thousands."""
    terms = _swept(span for span in spans if span.kind == "term")
    starts = [term.start for term in terms]
    ends = [term.end for term in terms]
    free = (
        span
        for span in spans
        # Of terms that are apart, those that end after it begins are the first from here on.
        if span.kind != "term" and ((at := bisect_right(ends, span.start)) == len(terms) or starts[at] >= span.end)
    )
    return sorted([*terms, *_swept(free)])


def _swept(spans: Iterable[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept
