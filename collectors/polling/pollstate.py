"""What is remembered between polls: `source/<name>`, what it showed `shown/<name>`, of sites `host/<domain>`, of their
rules `robots/<origin>`, of errands `errand/<id>`, of accounts what they used `budget/<account>`
and what trials of sources did `budget/<account>/tried`."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from overheard.log.base import Log, ProducerRecord
from overheard.records import Errand, ErrandState, PollState, Robots, Shown, decode, encode, event_for

TOPIC = "poll-state"
ERRANDS = "errands"
State = PollState | Robots | Shown | ErrandState
# Whether anybody answers at all: what was told of that.
NETWORK_KEY = "network"
_BATCH = 500


def source_key(name: str) -> str:
    """Return the key under which a source's state is kept."""
    return f"source/{name}"


def host_key(site: str) -> str:
    """Return the key under which a site's state is kept."""
    return f"host/{site}"


def robots_key(origin: str) -> str:
    """Return the key under which it is kept what the robots.txt of an origin says."""
    return f"robots/{origin}"


def shown_key(name: str) -> str:
    """Return the key under which it is kept what a source showed last."""
    return f"shown/{name}"


def errand_key(id_: str) -> str:
    """Return the key under which it is kept how far an errand is."""
    return f"errand/{id_}"


def budget_key(account: str) -> str:
    """Return the key under which it is kept what an account has used of its budget."""
    return f"budget/{account}"


def tried_key(account: str) -> str:
    """Return the key under which it is kept what trials of sources have used of an account's budget.

    Whoever tries one out writes it, and no one else: whoever polls writes the rest.
    """
    return f"budget/{account}/tried"


def load_used(log: Log, accounts: Iterable[str], now: datetime) -> dict[str, dict[str, int]]:
    """Return the units by period that polls and trials have used of the budgets of accounts, by account."""
    names = list(dict.fromkeys(accounts))
    states = load_states(log, [key for one in names for key in (budget_key(one), tried_key(one))])
    nothing = PollState(next_due=now)
    return {
        one: added(states.get(budget_key(one), nothing).spending, states.get(tried_key(one), nothing).spending)
        for one in names
    }


def added(units: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Return units by period with more of them."""
    return {period: units.get(period, 0) + more.get(period, 0) for period in {**units, **more}}


def load_errand(log: Log, id_: str) -> Errand | None:
    """Return an errand; None where there is none, or it was withdrawn."""
    record = log.latest(ERRANDS, [id_]).get(id_)
    return None if record is None or record.value is None else decode(record.value).data


def load_errand_states(log: Log, ids: Iterable[str]) -> dict[str, ErrandState]:
    """Return how far each errand is that whoever polls has begun, by its id."""
    keys = {errand_key(id_): id_ for id_ in ids}
    found: dict[str, ErrandState] = {}
    for i in range(0, len(keys), _BATCH):
        for key, record in log.latest(TOPIC, list(keys)[i : i + _BATCH]).items():
            if record.value is not None:
                found[keys[key]] = decode(record.value).data
    return found


def load_shown(log: Log, name: str) -> Shown | None:
    """Return what a source showed last; None where that is not known."""
    record = log.latest(TOPIC, [shown_key(name)]).get(shown_key(name))
    return None if record is None or record.value is None else decode(record.value).data


def load_robots(log: Log, origin: str) -> Robots | None:
    """Return what is known of an origin's robots.txt; None where it was never asked for."""
    record = log.latest(TOPIC, [robots_key(origin)]).get(robots_key(origin))
    return None if record is None or record.value is None else decode(record.value).data


def load_states(log: Log, keys: Iterable[str]) -> dict[str, PollState]:
    """Return the state of each key that has one."""
    keys = list(dict.fromkeys(keys))
    states: dict[str, PollState] = {}
    for i in range(0, len(keys), _BATCH):
        for key, record in log.latest(TOPIC, keys[i : i + _BATCH]).items():
            if record.value is not None:
                states[key] = decode(record.value).data
    return states


def save_states(log: Log, states: Mapping[str, State], now: datetime) -> None:
    """Store states by key."""
    log.append(
        [
            ProducerRecord(TOPIC, key, encode(event_for(state, subject=key, source="/collect", time=now)))
            for key, state in states.items()
        ]
    )


def drop_states(log: Log, keys: Iterable[str]) -> None:
    """Forget what is stored under these keys."""
    if records := [ProducerRecord(TOPIC, key, None) for key in keys]:
        log.append(records)
