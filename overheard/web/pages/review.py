"""Review: what waits for a person, one post at a time, its candidates side by side, one key each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from litestar import get
from litestar.params import FromQuery
from litestar.response import Template

from overheard.identities import is_placeholder
from overheard.records import Evidence, Incident, Profile
from overheard.web.base import Service
from overheard.web.pages.decisions import told
from overheard.web.pages.incidents import MOST_TEXT, author_keys
from overheard.web.pages.search import names_of_terms
from overheard.web.passages import Passage
from overheard.web.request import InjectedService, Request, caller_of, here
from overheard.web.results import ReviewItem, WhyParty
from overheard.web.security import needs
from overheard.web.shown import known_by

_SIDE_BY_SIDE = 4  # candidates; the post's own page has all
_AROUND = 700  # characters shown before and after the first place that is compared


@dataclass(frozen=True, slots=True)
class Column:
    """A candidate in the comparison: its number (the key that picks it), and what is known of it."""

    number: int
    party: WhyParty
    profile: Profile | None
    evidence: Mapping[str, Evidence]

    @property
    def known(self) -> str:
        """What tells people of one name apart, in a line; may be empty."""
        return known_by(self.profile) if self.profile else ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page compares. `rows` are the features of all candidates, each once; `facts` what the CRM says."""

    item: ReviewItem
    columns: Sequence[Column]
    picked: Column
    rows: Sequence[str]
    facts: Sequence[tuple[str, Sequence[str]]]
    passage: Passage
    keys: Sequence[str]

    @property
    def more(self) -> int:
        """How many candidates are not shown."""
        return len(self.item.candidates) - len(self.columns)


@get("/review", include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def review(
    request: Request, service: InjectedService, after: FromQuery[str] = "", pick: FromQuery[int] = 1
) -> Template:
    """Show the post whose best candidate weighs most, behind the cursor `after`. Raises QueryError for none."""
    page = service.review(after, 1)
    shown = _shown(service, page.items[0], pick) if page.items else None
    return Template(
        "review.html",
        context={
            "total": page.total,
            "after": after,
            "shown": shown,
            "terms": names_of_terms(service, shown.item.incident.about) if shown else {},
            # A decision leads back to the queue as it was before this post: it may wait with its next candidate.
            "back": f"/review?after={after}" if after else "/review",
            "here": here(request),
            "may_decide": caller_of(request).may("decide"),
            **told(request, service),
        },
    )


def _shown(service: Service, item: ReviewItem, pick: int) -> Shown:
    columns = [
        Column(
            number,
            party,
            hit.record if (hit := service.get(party.subject)) and isinstance(hit.record, Profile) else None,
            {one.feature: one for one in reversed(party.evidence)},
        )
        for number, party in enumerate(item.candidates[:_SIDE_BY_SIDE], start=1)
    ]
    picked = columns[min(max(pick, 1), len(columns)) - 1]
    rows = list(dict.fromkeys(one.feature for column in columns for one in column.party.evidence))
    keys = author_keys(item.incident) if picked.party.role == "author" else ()
    return Shown(
        item,
        columns,
        picked,
        rows,
        _facts(columns),
        _passage(item.incident, picked.party),
        [key for key in keys if not is_placeholder(key)],
    )


def _facts(columns: Sequence[Column]) -> list[tuple[str, Sequence[str]]]:
    """Return what the CRM says of each candidate, by what it is; what it says of none is left out."""
    rows = [
        ("Title", [_of(one, "title") for one in columns]),
        ("Firm", [_of(one, "organisation") or _of(one, "domain") for one in columns]),
        ("Place", [_of(one, "place") for one in columns]),
        ("E-mail", [", ".join(one.profile.emails[:2]) if one.profile else "" for one in columns]),
        ("Known as", [_handles(one.profile) for one in columns]),
        ("Posts so far", [str(one.profile.incidents or "") if one.profile else "" for one in columns]),
    ]
    return [(label, values) for label, values in rows if any(values)]


def _of(column: Column, name: str) -> str:
    return str(getattr(column.profile, name)) if column.profile else ""


def _handles(profile: Profile | None) -> str:
    identities = [one.identity for one in profile.identities] if profile else []
    handles = [f"{one.platform} {one.value}" for one in identities if one.type == "handle"]
    return ", ".join(handles[:3]) + (" and others" if len(handles) > 3 else "")


def _passage(incident: Incident, party: WhyParty) -> Passage:
    """Return what was said around the first place that was compared, with every compared place marked."""
    text = incident.mention.text[:MOST_TEXT]
    places = sorted({(one.start, one.end) for one in party.evidence if 0 <= one.start < one.end <= len(text)})
    first = places[0] if places else (0, 0)
    start, end = max(first[0] - _AROUND, 0), min(first[1] + _AROUND, len(text))
    marks: list[tuple[int, int]] = []
    for one in places:
        if (not marks or one[0] >= marks[-1][1]) and start <= one[0] and one[1] <= end:
            marks.append(one)
    cut = tuple((a - start, b - start) for a, b in marks)
    return Passage(text[start:end], cut, start > 0, end < len(incident.mention.text))
