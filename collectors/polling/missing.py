"""Which entries a source may have deleted: gone from it while older ones are still there. Pure.

    shown before, shown now ─▶ compare ─▶ Shown.missing ─▶ a look at the entry's own page ─▶ looked
                                                                404, 410: deleted; 200: not

A feed shows its newest entries, so the oldest ones fall out at its end; one that is missing before them was taken out,
or the feed was made anew. Only its own page tells which.
"""

from collections.abc import Sequence
from typing import Literal

from overheard.records import Shown, ShownEntry

Fate = Literal["gone", "there", "unknown"]

MOST_ENTRIES = 100
# Pages that wait for a look, of one source; what goes missing beyond that is not looked at.
MOST_MISSING = 10
# So often a page is asked that neither is there nor says that it is gone.
MOST_LOOKS = 3
# An entry that was found to be there is not looked at again, so that a feed that shuffles costs its site no more.
_REMEMBERED = 50
_LONGEST_URL = 1_000


def compare(known: Shown | None, entries: Sequence[ShownEntry]) -> Shown:
    """Return what is remembered of a source that shows these entries now, in its order; `known` is from before.

    Where more than half of what ought to be there is not, the source was made anew, and nothing is looked at. A source
    that shows nothing tells nothing: what is known stays.
    """
    now = tuple(one for one in entries[:MOST_ENTRIES] if len(one.url) <= _LONGEST_URL)
    if known is None:
        return Shown(entries=now)
    if not now:
        return known
    # More may be shown than is kept: what is there is not missing.
    there = {one.id for one in entries}
    waiting = [one for one in known.missing if one.id not in there]
    looks = {id_: number for id_, number in known.looks.items() if id_ not in there}
    gone = [one for one in _taken_out(known.entries, there) if one.url and one.id not in looks]
    seen = {one.id for one in waiting}
    missing = [*waiting, *(one for one in gone if one.id not in seen)][:MOST_MISSING]
    return Shown(entries=now, missing=tuple(missing), looks=_bounded(looks, missing))


def looked(shown: Shown, id_: str, fate: Fate) -> Shown:
    """Return what is remembered after a look at the page of a missing entry; at most three where it stays unknown."""
    looks = {**shown.looks, id_: shown.looks.get(id_, 0) + 1}
    settled = fate != "unknown" or looks[id_] >= MOST_LOOKS
    missing = tuple(one for one in shown.missing if one.id != id_ or not settled)
    if fate == "gone":
        del looks[id_]
    return Shown(entries=shown.entries, missing=missing, looks=_bounded(looks, missing))


def _taken_out(before: Sequence[ShownEntry], there: set[str]) -> list[ShownEntry]:
    """Return the entries that are not there though an older one still is: by date, else as they stood."""
    kept = [(place, one) for place, one in enumerate(before) if one.id in there]
    if not kept:
        return []
    last = kept[-1][0]
    oldest = min((one.at for _, one in kept if one.at is not None), default=None)

    def is_older_kept(place: int, one: ShownEntry) -> bool:
        if one.at is not None and oldest is not None:
            return oldest < one.at
        return place < last

    taken = [one for place, one in enumerate(before) if one.id not in there and is_older_kept(place, one)]
    return taken if len(taken) <= len(kept) else []


def _bounded(looks: dict[str, int], missing: Sequence[ShownEntry]) -> dict[str, int]:
    """Keep the looks at what is missing, and the last of the others."""
    waiting = {one.id for one in missing}
    others = [id_ for id_ in looks if id_ not in waiting][-_REMEMBERED:]
    return {id_: number for id_, number in looks.items() if id_ in waiting or id_ in others}
