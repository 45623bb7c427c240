"""Policies of the settings, told to the matcher: it knows decisions only."""

from datetime import datetime

from overheard.crm.rows import append_facts
from overheard.matcher.decisions import ACROSS_NETWORKS
from overheard.records import Decision, digest, event_for
from overheard.wiring.system import System

_BY = "settings"


def bring_policies(system: System, now: datetime) -> bool:
    """Tell the matcher of `[matcher] across_networks` where the settings changed since; True where they had.

    A decision of the settings, so the newest word holds: what people decide on the policy stands until somebody
    changes the file.
    """
    id_ = f"dec_{digest(_BY, ACROSS_NETWORKS)}"
    known = system.fact(id_)
    told = known.data.value if known is not None and isinstance(known.data, Decision) else "on"
    value = "on" if system.settings.matcher.across_networks else "off"
    if value == told:
        return False
    decision = Decision(id=id_, verb="policy", left="policy", right=ACROSS_NETWORKS, value=value, by=_BY, at=now)
    event = event_for(
        decision,
        subject=id_,
        source="/settings",
        time=now,
        verb="Create" if known is None else "Update",
        sourceversion=1 if known is None else known.sourceversion + 1,
        cause="decision",
    )
    append_facts(system.log, [event])
    return True
