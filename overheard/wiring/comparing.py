"""Two versions of the enrichers side by side, and machine beside people.

before: a file of enriched mentions, or what the folder has          after: another file, or this program over the same
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from overheard.enrich.agreement import Agreement, Override, agreement, overrides
from overheard.enrich.diff import Comparison, compare
from overheard.errors import ConfigError
from overheard.matcher.ledger.reading import decisions_in
from overheard.policy import OPEN, PRIVATE, policy_of, withheld
from overheard.records import EnrichedMention, Event, Policy, RecordError, decode, event_for, is_tombstone_of
from overheard.wiring.policies import policies_of
from overheard.wiring.system import System, newest, utc_now

_BATCH = 128


def compare_files(before: Path, after: Path) -> Comparison:
    """Return how two files of enriched mentions, as `overheard run enrich` prints them, differ.

    Raises ConfigError, with file and line, for a line that is no enriched mention.
    """
    return compare(read_enriched(before), read_enriched(after))


def compare_with_now(system: System, before: Path | None) -> Comparison:
    """Return how enriched mentions of a file, or of the folder, differ from the same, enriched now.

    What is watched is what the folder watches. Raises ConfigError as `compare_files` does.
    """
    old = stored(system) if before is None else read_enriched(before)
    return compare(old, _made_again(system, old))


def agreement_in(system: System) -> list[Agreement]:
    """Return how far the labels that people set agree with the machine's, by kind, source and language."""
    return agreement(overrides_in(system))


def overrides_in(system: System) -> list[Override]:
    """Return each label that people set and the machine's, as a set to evaluate by; oldest decision first."""
    standing = sorted(decisions_in(system.folder).standing(), key=lambda one: (one.at, one.id))
    wanted = {one.left for one in standing if one.verb in ("relabel", "not about us")}
    with system.looking_up_facts() as look_up:
        events = [event for id_ in sorted(wanted) if (event := look_up(id_)) and not is_tombstone_of(event)]
    mentions = {one.data.mention.id: one.data for one in events if isinstance(one.data, EnrichedMention)}
    return overrides(mentions, standing)


def leaving_overrides(system: System, found: Sequence[Override]) -> list[Override]:
    """Return labels as far as they may leave: of a source that lets no text leave without theirs."""
    policies = policies_of(system)
    return [
        one
        if (policy := policies.get(one.source, PRIVATE if one.channel else OPEN)).export == "all"
        else replace(one, text="", start=0, end=0, withheld=withheld("the text", one.source, policy))
        for one in found
    ]


def leaving_comparison(system: System, done: Comparison) -> Comparison:
    """Return a comparison as far as it may leave: of a source that lets no text leave without theirs."""
    policies = policies_of(system)
    with system.looking_up_facts() as look_up:
        done.differences = [
            one
            if _may_leave(policies, look_up(one.mention))
            else one._replace(text="withheld by the policy of its source", before=(), after=())
            for one in done.differences
        ]
    return done


def _may_leave(policies: Mapping[str, Policy], event: Event[Any] | None) -> bool:
    known = event is not None and isinstance(event.data, EnrichedMention)
    return event is None or not known or policy_of(policies, event.data.mention).export == "all"


def stored(system: System) -> dict[str, EnrichedMention]:
    """Return the enriched mentions on `facts` that stand, by mention id."""
    found = {}
    for record in newest(system.log, "facts"):
        if record.value is None:
            continue
        event = decode(record.value)
        if isinstance(event.data, EnrichedMention) and not is_tombstone_of(event):
            found[event.data.mention.id] = event.data
    return found


def read_enriched(path: Path) -> dict[str, EnrichedMention]:
    """Return the enriched mentions of a file of events, one a line, by mention id; of one twice, the last.

    Raises ConfigError for a line that is none.
    """
    found: dict[str, EnrichedMention] = {}
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                event = decode(line)
            except RecordError as e:
                raise _wrong(path, number, str(e)) from e
            if not isinstance(event.data, EnrichedMention):
                raise _wrong(path, number, f"got {event.type}")
            if is_tombstone_of(event):
                found.pop(event.data.mention.id, None)
            else:
                found[event.data.mention.id] = event.data
    return found


def _made_again(system: System, before: Mapping[str, EnrichedMention]) -> dict[str, EnrichedMention]:
    # Only here: it loads the models, which no other command needs.
    from overheard.enrich.stage import EnrichStage  # noqa: PLC0415
    from overheard.enrich.watch import Watch  # noqa: PLC0415

    watch = Watch(system.log)
    watch.follow()
    stage = EnrichStage(watch.winnow(), clock=utc_now, suppressed=system.suppressed.follow)
    events = [event_for(one.mention, subject=id_, source="/enrich/diff", time=utc_now()) for id_, one in before.items()]
    found = {}
    for at in range(0, len(events), _BATCH):
        for output in stage.enrich_again(events[at : at + _BATCH]):
            data = decode(output.value or b"").data
            if isinstance(data, EnrichedMention):
                found[data.mention.id] = data
    return found


def _wrong(path: Path, line: int, got: str) -> ConfigError:
    return ConfigError(f"{path}, line {line}: expected an enriched mention, as `overheard run enrich` prints it; {got}")
