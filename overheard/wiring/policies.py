"""Policies of the settings: those of the sources, and the matcher's, which knows decisions only."""

from collections.abc import Mapping
from datetime import datetime

from overheard.collectors.base import Source
from overheard.config.settings import Settings
from overheard.crm.rows import append_facts
from overheard.log.base import Log, ProducerRecord
from overheard.matcher.identity.decisions import ACROSS_NETWORKS
from overheard.policy import OPEN
from overheard.records import Decision, Policies, Policy, decode, digest, encode, event_for
from overheard.wiring.system import System

_BY = "settings"
_TOPIC, _KEY = "poll-state", "policies"


def policies_of(system: System) -> Mapping[str, Policy]:
    """Return the policies that allow less than everything, by the name of the source.

    Of a source that the settings no longer name it is the last one that they did (`keep_policies`).
    """
    return _together(_kept(system.log), system.settings)


def keep_policies(log: Log, settings: Settings, now: datetime) -> bool:
    """Keep the policies of these settings for when they name a source no more; True where one changed.

    For whoever polls alone: it is the one writer.
    """
    kept = _kept(log)
    policies = _together(kept, settings)
    if policies == kept:
        return False
    event = event_for(Policies(by_source=policies), subject=_KEY, source="/settings", time=now)
    log.append([ProducerRecord(_TOPIC, _KEY, encode(event))], durable=True)
    return True


def _kept(log: Log) -> dict[str, Policy]:
    record = log.latest(_TOPIC, [_KEY]).get(_KEY)
    data = decode(record.value).data if record is not None and record.value is not None else None
    return dict(data.by_source) if isinstance(data, Policies) else {}


def _together(kept: Mapping[str, Policy], settings: Settings) -> dict[str, Policy]:
    configured = [one for one in settings.sources if isinstance(one, Source)]
    # Where an owner lets leave what the kind keeps back, that is said too: without a word it stays here.
    found = {one.name: one.in_force for one in configured if not one.in_force == one.kind_policy == OPEN}
    if kept:
        names = {one.name for one in configured}
        found |= {name: policy for name, policy in kept.items() if name not in names}
    return found


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
