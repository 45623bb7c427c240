"""Poll states on the log: of sources by `source/<name>`, of sites that asked to be left alone by `host/<domain>`."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from overheard.log.base import Log, ProducerRecord
from overheard.records import PollState, decode, encode, event_for

TOPIC = "poll-state"
_BATCH = 500


def source_key(name: str) -> str:
    """Return the key under which a source's state is kept."""
    return f"source/{name}"


def host_key(site: str) -> str:
    """Return the key under which a site's state is kept."""
    return f"host/{site}"


def load_states(log: Log, keys: Iterable[str]) -> dict[str, PollState]:
    """Return the state of each key that has one."""
    keys = list(dict.fromkeys(keys))
    states: dict[str, PollState] = {}
    for i in range(0, len(keys), _BATCH):
        for key, record in log.latest(TOPIC, keys[i : i + _BATCH]).items():
            if record.value is not None:
                states[key] = decode(record.value).data
    return states


def save_states(log: Log, states: Mapping[str, PollState], now: datetime) -> None:
    """Store states by key."""
    log.append(
        [
            ProducerRecord(TOPIC, key, encode(event_for(state, subject=key, source="/collect", time=now)))
            for key, state in states.items()
        ]
    )
