"""What waits for a person: posts with candidates that nobody has decided on, best first; and why each link holds."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice

from overheard.errors import NotFoundError, QueryError
from overheard.folder import Folder, storage_errors
from overheard.identities import identities_of_actor
from overheard.index.base import Index
from overheard.matcher.identity.decisions import Decisions, newest
from overheard.matcher.ledger.reading import DecisionsAbout
from overheard.matcher.parties import are_rivals
from overheard.matcher.score import LINK
from overheard.records import (
    Decision,
    Incident,
    Party,
    incident_id,
    is_mention_id,
)
from overheard.web.results import ReviewItem, ReviewPage, Rival, Why, WhyParty

MOST = 100  # items on a page
_RIVALS = 10  # of a party, the best
_BATCH = 50
_CURSOR = re.compile(r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)_(\d{1,19})", re.ASCII)

# Candidates that nobody is to be asked about again. Kept in the connection's own memory: the ledger is read only.
_TEMPORARY = "CREATE TEMP TABLE set_aside (mention INTEGER, subject TEXT, PRIMARY KEY (mention, subject)) WITHOUT ROWID"
# A post comes once, at the place of its best candidate. The ledger's column `score` has the weight (log-odds).
_WAITING = """
SELECT f.subject, l.score, l.k FROM ledger_links l JOIN ledger_facts f ON f.num = l.mention
WHERE l.outcome = 'candidate' AND (l.score, l.k) < (?, ?)
AND NOT EXISTS (SELECT 1 FROM temp.set_aside a WHERE a.mention = l.mention AND a.subject = l.subject)
AND NOT EXISTS (
    SELECT 1 FROM ledger_links b WHERE b.mention = l.mention AND b.outcome = 'candidate'
    AND (b.score > l.score OR b.score = l.score AND b.subject < l.subject)
    AND NOT EXISTS (SELECT 1 FROM temp.set_aside a WHERE a.mention = b.mention AND a.subject = b.subject))
ORDER BY l.score DESC, l.k DESC LIMIT ?
"""
_COUNT = """
SELECT count(DISTINCT l.mention) FROM ledger_links l WHERE l.outcome = 'candidate'
AND NOT EXISTS (SELECT 1 FROM temp.set_aside a WHERE a.mention = l.mention AND a.subject = l.subject)
"""


def review_page(folder: Folder, index: Index, after: str, limit: int) -> ReviewPage:
    """See `Service.review`. Raises QueryError for a cursor or limit that is none."""
    if not 0 <= limit <= MOST:
        msg = f"expected a limit of 0 to {MOST}; got {limit}"
        raise QueryError(msg)
    decisions = DecisionsAbout(folder)
    items: list[ReviewItem] = []
    with closing(folder.connect()) as connection, storage_errors(folder.database):
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'ledger_links'").fetchall():
            return ReviewPage(items=(), total=0, next="")
        _set_aside(connection, decisions.unsure())
        waiting = _waiting(connection, _position(after))
        while len(items) <= limit and (some := list(islice(waiting, limit + 1 - len(items)))):
            items += _items(index, decisions, some)
        (total,) = connection.execute(_COUNT).fetchone()
    shown = tuple(items[:limit])
    return ReviewPage(items=shown, total=total, next=shown[-1].cursor if shown and len(items) > limit else "")


def why_of(folder: Folder, index: Index, incident: str) -> Why:
    """See `Service.why`. Raises NotFoundError."""
    hit = index.get(incident)
    record = hit.record if hit else None
    if not isinstance(record, Incident):
        msg = f"expected the id of an incident, as a search shows it; {incident[:100]!r} is none"
        raise NotFoundError(msg)
    return explain(record, DecisionsAbout(folder).about(_ends_of(record)))


def _ends_of(incident: Incident) -> Iterator[str]:
    """Yield what decisions may be about that count in an incident."""
    yield incident.mention.id
    yield from identities_of_actor(incident.mention.attributed_to)
    yield from (party.subject for party in incident.parties)


def explain(incident: Incident, decisions: Decisions) -> Why:
    """Return why each party has its part in an incident, and what people decided. Pure."""
    lefts = (incident.mention.id, *identities_of_actor(incident.mention.attributed_to))
    on_it = {one.id: one for left in lefts for one in decisions.of(left).values()}
    # Of two posts of one event, either may be the left one.
    others = (decisions.on(left, incident.mention.id) for left in decisions.lefts(incident.mention.id))
    on_it |= {one.id: one for one in others if one is not None}
    return Why(
        incident=incident.id,
        bar=LINK,
        parties=tuple(_why_party(party, incident, decisions) for party in incident.parties),
        event=incident.event,
        event_why=incident.event_why,
        versions=incident.versions,
        version_count=incident.version_count,
        decisions=tuple(sorted(on_it.values(), key=lambda one: (one.at, one.id))),
    )


def _why_party(party: Party, incident: Incident, decisions: Decisions) -> WhyParty:
    rivals = [other for other in incident.parties if are_rivals(party, other)]
    return WhyParty(
        role=party.role,
        subject=party.subject,
        name=party.name,
        outcome=party.outcome,
        evidence=party.evidence,
        bias=round(party.weight - sum(one.weight for one in party.evidence), 6) if party.role != "employer" else 0.0,
        weight=party.weight,
        score=party.score,
        rivals=tuple(
            Rival(subject=one.subject, name=one.name, outcome=one.outcome, weight=one.weight, score=one.score)
            for one in sorted(rivals, key=lambda one: (-one.weight, one.subject))[:_RIVALS]
        ),
        decision=_settling(party, incident, decisions),
    )


def _settling(party: Party, incident: Incident, decisions: Decisions) -> Decision | None:
    """Return the decision that holds on a post, else on its author's identities, and a contact or account."""
    keys = identities_of_actor(incident.mention.attributed_to) if party.role == "author" else ()
    ids = decisions.person(party.subject).members
    for lefts in ((incident.mention.id,), keys):
        if found := newest(one for left in lefts for id_ in ids if (one := decisions.on(left, id_)) is not None):
            return found
    return None


# --- the queue -------------------------------------------------------------------------------------------------------


def _items(index: Index, decisions: DecisionsAbout, waiting: Sequence[tuple[str, str]]) -> Iterator[ReviewItem]:
    """Yield those posts, of (mention, cursor), that wait; the index may not have one so (yet)."""
    found = []
    for mention, cursor in waiting:
        hit = index.get(incident_id(mention))
        if hit is not None and isinstance(hit.record, Incident):
            found.append((hit.record, cursor))
    known = decisions.about(end for record, _ in found for end in _ends_of(record))
    for record, cursor in found:
        if item := _item(record, known, cursor):
            yield item


def _item(record: Incident, decisions: Decisions, cursor: str) -> ReviewItem | None:
    """Return a post that waits; None where everybody was decided on."""
    mention, why = record.mention.id, explain(record, decisions)
    settled = [
        party
        for party, one in zip(record.parties, why.parties, strict=True)
        if one.decision is not None and one.decision.verb == "same" and one.decision.left == mention
    ]
    waiting = tuple(
        one
        for party, one in zip(record.parties, why.parties, strict=True)
        if party.outcome == "candidate"
        and one.decision is None
        and not any(are_rivals(party, other) for other in settled)
    )
    return ReviewItem(incident=record, candidates=waiting, bar=LINK, cursor=cursor) if waiting else None


def _waiting(connection: sqlite3.Connection, after: tuple[float, int]) -> Iterator[tuple[str, str]]:
    """Yield (mention id, cursor behind it) of the posts that wait, best first."""
    while rows := connection.execute(_WAITING, (*after, _BATCH)).fetchall():
        for mention, weight, k in rows:
            yield mention, f"{weight!r}_{k}"
        after = rows[-1][1], rows[-1][2]


def _position(after: str) -> tuple[float, int]:
    if not after:
        return float("inf"), 0
    found = _CURSOR.fullmatch(after)
    if found is None:
        msg = f"expected the cursor of an earlier answer; got {after[:40]!r}. Begin with the first page"
        raise QueryError(msg)
    return float(found[1]), min(int(found[2]), 2**63 - 1)


def _set_aside(connection: sqlite3.Connection, decisions: Decisions) -> None:
    """Note the candidates of whom somebody was unsure: by each record of theirs, since a post names the record."""
    connection.execute(_TEMPORARY)
    for decision in decisions.standing():
        if decision.verb == "unsure":
            subjects = decisions.person(decision.right).members
            rows = [(num, subject) for num in _numbers(connection, decision.left) for subject in subjects]
            connection.executemany("INSERT OR IGNORE INTO temp.set_aside VALUES (?, ?)", rows)


def _numbers(connection: sqlite3.Connection, left: str) -> list[int]:
    """Return the ledger's numbers of a mention, or of all whose author has an identity."""
    sql = (
        "SELECT num FROM ledger_facts WHERE subject = ?"
        if is_mention_id(left)
        else "SELECT mention FROM ledger_keys WHERE key = ? AND author = 1"
    )
    return [num for (num,) in connection.execute(sql, (left,))]
