"""What happens at a service in the simulated week, by a seed: posts and bursts, answers, edits, deletions. Pure."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

START = datetime(2026, 5, 4, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# So many posts were there before anybody asked.
_HISTORY = 60
_PEOPLE = ("asha", "bela", "chidi", "dora", "emil", "farah", "goran", "hana", "ivo", "jun", "kofi", "lea")
_WORDS = ("paper", "jams", "again", "fold", "driver", "works", "after", "update", "cheap", "tray", "never", "loud")


@dataclass(frozen=True)
class Pace:
    """How a service goes: posts an hour, the size of its bursts, and which share answers, is edited, is deleted.

    `window`: an edit comes within that time of the post. `late`: how long a post may take into its lists.
    """

    hourly: float = 5.0
    burst: int = 130
    answers: float = 0.4
    edits: float = 0.1
    deletions: float = 0.06
    window: timedelta = DAY
    late: timedelta = timedelta()


@dataclass(frozen=True)
class Story:
    """One thing that happens: a post, an edit or a deletion. `of`: the number of the post that it is about, or that it
    answers, counted from 0; -1 for none. `before`: before anybody asked.
    """

    at: datetime
    kind: Literal["post", "edit", "delete"]
    who: str = ""
    text: str = ""
    of: int = -1
    late: timedelta = timedelta()
    before: bool = False


def script(seed: str, pace: Pace, days: float) -> list[Story]:
    """Return what happens at a service until so many days are over, in order of time."""
    rng = random.Random(seed)
    stories: list[Story] = []
    for number, at in enumerate(sorted(_times(rng, pace, days))):
        who, before = rng.choice(_PEOPLE), at < START
        text = f"post {number} of {who}: {' '.join(rng.choices(_WORDS, k=rng.randint(2, 9)))}"
        of = _answered(rng, number) if rng.random() < pace.answers else -1
        late = pace.late * rng.random() if pace.late and rng.random() < 0.2 else timedelta()
        stories.append(Story(at, "post", who, text, of, late, before))
        if before:
            continue
        changed = at
        for version in range(2, 2 + (rng.random() < pace.edits) + (rng.random() < pace.edits / 3)):
            changed += _soon(rng, pace.window) / 2
            stories.append(Story(changed, "edit", text=f"{text}, in version {version}", of=number))
        if rng.random() < pace.deletions:
            stories.append(Story(changed + _soon(rng, 2 * DAY), "delete", of=number))
    end = START + days * DAY
    return sorted((one for one in stories if one.at < end), key=lambda one: one.at)


def _times(rng: random.Random, pace: Pace, days: float) -> Iterator[datetime]:
    for _ in range(_HISTORY):
        yield _whole(START - DAY * rng.random() - MINUTE)
    for _ in range(round(24 * days * pace.hourly)):
        yield _whole(START + days * DAY * rng.random())
    # A burst a day, within a quarter of an hour.
    for day in range(max(int(days), 1)):
        begins = START + (day + rng.uniform(0.1, 0.9)) * min(days, 1) * DAY
        for _ in range(rng.randint(pace.burst // 2, pace.burst) if pace.burst else 0):
            yield _whole(begins + 15 * MINUTE * rng.random())


def _answered(rng: random.Random, number: int) -> int:
    """Return which post is answered: mostly one of the last."""
    back = rng.randint(1, 10) if rng.random() < 0.8 else rng.randint(1, max(number, 1))
    return max(number - back, -1)


def _soon(rng: random.Random, most: timedelta) -> timedelta:
    """Return a time until something that may come at once, and seldom late."""
    return timedelta(seconds=int(most.total_seconds() * rng.random() ** 3) + 1)


def _whole(at: datetime) -> datetime:
    """Return a time in milliseconds, as services have them."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
