"""How much an incident matters in the morning: a list of reasons, each a small function. Pure.

The points are set by hand: who it is weighs as much as what is said, and reach decides only between equals. To add a
reason, write the function and put it in the list; a score is the sum of what the list finds.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from overheard.alerts.parties import OWN, Behind, Known, behind, said_at, spelling
from overheard.alerts.words import shown
from overheard.records import Incident, Points
from overheard.wording import Locale, number

# An author is worth twice what somebody named is: what they say themselves can be answered.
_LIFECYCLE = {"customer": 40, "lost customer": 30, "prospect": 26}
_CONTACT = 16  # in the CRM under a word of its own, or none
_NEGATIVE, _POSITIVE = 30, 10
_QUESTION, _COMPARISON, _OPENING = 15, 15, 10
_FIRST, _CANDIDATE, _MENTIONED = 10, 5, 8
# What a person picked out of the sample's morning and the sum of the rest did not: the line that stopped an hour ago
# before a question of three days ago that was found only now; and the prospect who decides between two machines today
# before a third customer with the same leak.
_FRESH, _DECIDING = 20, 12
_UNDECIDED = ("prospect", "lost customer")
_MOST_REACH = 15
_MOST_REASON = 200  # characters
_QUESTION_MARK = re.compile(r"[?？؟](?=\s|$)")


@dataclass(frozen=True, slots=True)
class Case:
    """An incident, and who is behind it, authors first. `since` is when the last digest ended, where there is one."""

    incident: Incident
    behind: Sequence[Behind]
    locale: Locale
    since: datetime | None = None

    def kinds(self) -> set[str]:
        """Return the kinds of terms that it mentions."""
        return {hit.kind for hit in self.incident.hits}

    def targets(self, kinds: Sequence[str], polarity: str) -> list[str]:
        """Return the terms of these kinds that it is negative or positive toward, surest first."""
        terms = {hit.term for hit in self.incident.hits if hit.kind in kinds}
        found = [t for t in self.incident.targets if t.target in terms and t.polarity == polarity]
        return [t.target for t in sorted(found, key=lambda t: (-t.confidence, t.target))]


def score(
    incident: Incident, known: Mapping[str, Known], locale: Locale, since: datetime | None = None
) -> tuple[Points, ...]:
    """Return the reasons why an incident matters, weightiest first; empty where it is on nobody and about nothing.

    With `since` what was said from then on counts more than what was said before and found after it.
    """
    case = Case(incident, behind(incident, known), locale, since)
    if not case.behind and not case.incident.hits:
        return ()
    found = [points for reason in REASONS if (points := reason(case)) is not None and points.points > 0]
    # Names come from outside, and may be of any length.
    bounded = [Points(reason=shown(part.reason, _MOST_REASON), points=part.points) for part in found]
    return tuple(sorted(bounded, key=lambda p: (-p.points, p.reason)))


def _who(case: Case) -> Points | None:
    best: Points | None = None
    for one in case.behind:
        name = one.who.name or one.who.id
        tag, worth = max(
            ((tag, _LIFECYCLE.get(tag, _CONTACT)) for tag in one.tags or ("",)), key=lambda each: (each[1], each[0])
        )
        author = one.party.role == "author"
        what = tag or "one of your contacts"
        firm = one.firm.name if one.firm and tag and tag != one.who.tag else ""
        is_what = f"{firm or name} is {_article(what)}{what}"
        reason = f"{is_what}, and {'said it' if author else 'is mentioned'}"
        if firm:
            reason = f"{name} {'said it' if author else 'is mentioned'}, and {is_what}"
        points = Points(reason=reason, points=worth if author else worth // 2)
        if best is None or points.points > best.points:
            best = points
    return best


def _article(what: str) -> str:
    return "" if what.startswith("one ") else "an " if what[:1] in "aeiou" else "a "


def _negative(case: Case) -> Points | None:
    if terms := case.targets(OWN, "negative"):
        return Points(reason=f"negative toward {spelling(case.incident, terms[0])}", points=_NEGATIVE)
    return None


def _positive(case: Case) -> Points | None:
    terms = case.targets(OWN, "positive")
    if terms and not case.targets(OWN, "negative"):
        return Points(reason=f"positive toward {spelling(case.incident, terms[0])}", points=_POSITIVE)
    return None


def _mentioned(case: Case) -> Points | None:
    own = [hit.term for hit in case.incident.hits if hit.kind in OWN]
    return Points(reason=f"mentions {spelling(case.incident, own[0])}", points=_MENTIONED) if own else None


def _question(case: Case) -> Points | None:
    mention = case.incident.mention
    if case.incident.hits and (mention.type == "Question" or _QUESTION_MARK.search(mention.text[:20_000])):
        return Points(reason="asks a question", points=_QUESTION)
    return None


def _comparison(case: Case) -> Points | None:
    rivals = [hit.term for hit in case.incident.hits if hit.kind == "competitor"]
    if rivals and case.kinds() & set(OWN):
        return Points(reason=f"compares you with {spelling(case.incident, rivals[0])}", points=_COMPARISON)
    return None


def _deciding(case: Case) -> Points | None:
    if _comparison(case) is None:
        return None
    for one in case.behind:
        for tag in one.tags:
            if one.party.role == "author" and tag in _UNDECIDED:
                return Points(reason=f"{_article(tag)}{tag} who compares may be deciding", points=_DECIDING)
    return None


def _fresh(case: Case) -> Points | None:
    is_fresh = case.since is not None and said_at(case.incident) >= case.since
    return Points(reason="said since the last digest", points=_FRESH) if is_fresh else None


def _opening(case: Case) -> Points | None:
    # Who asks which of the two is better doubts both: that is what `_comparison` and `_question` count.
    if _comparison(case) and _question(case):
        return None
    if terms := case.targets(("competitor",), "negative"):
        name = spelling(case.incident, terms[0])
        return Points(reason=f"negative toward {name}, a competitor", points=_OPENING)
    return None


def _first(case: Case) -> Points | None:
    for one in case.behind:
        first = one.who.first_contact
        if one.party.role == "author" and first is not None and first >= said_at(case.incident):
            return Points(reason=f"first time that {one.who.name or one.who.id} is heard", points=_FIRST)
    return None


def _candidate(case: Case) -> Points | None:
    waiting = [p for p in case.incident.parties if p.outcome == "candidate"]
    if waiting and not case.behind:
        return Points(reason=f"may be about {waiting[0].name or waiting[0].subject}: decide", points=_CANDIDATE)
    return None


def _reach(case: Case) -> Points | None:
    mention = case.incident.mention
    answers = sum(count for count in (mention.likes, mention.shares, mention.replies) if count and count > 0)
    points = min(_MOST_REACH, int(2 * math.log2(1 + answers)))
    told = "1 like, share or reply" if answers == 1 else f"{number(answers, case.locale)} likes, shares and replies"
    return Points(reason=told, points=points) if points else None


REASONS: tuple[Callable[[Case], Points | None], ...] = (
    _who,
    _negative,
    _positive,
    _mentioned,
    _question,
    _comparison,
    _deciding,
    _opening,
    _first,
    _candidate,
    _reach,
    _fresh,
)
