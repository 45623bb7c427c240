"""A faulty week over every service that is polled: nothing lost, nothing doubled, every trouble said, limits kept.

The services are in `week/`, one module a vendor; what happens there, and what befalls them when, follows from a seed.
"""

from pathlib import Path

import pytest

from tests.collectors.week.living import Plan, Week, live
from tests.collectors.week.world import VENDORS
from tests.collectors.week.x import XApi

# What shows in nothing that is answered otherwise than well, or, of a page that comes again, only where it hides posts.
_HARMLESS = frozenset({"ahead", "behind", "numbers", "repeats"})


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Week:
    """Half a day at all services, and a quiet day after it."""
    return live(tmp_path_factory.mktemp("day"), "a day", Plan(days=0.5, quiet=1.2, interval=2_400))


def judge(week: Week) -> None:
    """Hold all that came of a week against what was really said, and what is promised."""
    assert [line for service in week.services for line in service.breaches] == []
    assert week.breaches() == []
    assert week.secrets == []
    unsaid = [
        f"{name}: {trouble.name} from {trouble.begins:%d %H:%M}"
        for (name, trouble), words in week.words.items()
        if trouble.name not in _HARMLESS and not any(words)
    ]
    assert unsaid == []
    assert {name: state.error for name, state in week.states.items() if state.error} == {}
    for service in week.services:
        if isinstance(service, XApi):
            assert len(service.read) <= service.budget


def test_a_faulty_day_loses_and_doubles_nothing(day: Week) -> None:
    judge(day)


def test_every_service_met_trouble_and_the_poller_was_killed(day: Week) -> None:
    assert len(day.services) == len(VENDORS)
    assert [service.name for service in day.services if not service.troubles] == []
    assert len({trouble.name for _, trouble in day.words}) >= 5
    assert day.kills > 2
    assert len(day.mentions) > 1_000


@pytest.mark.long
@pytest.mark.parametrize("seed", ["one", "two", "three"])
def test_a_faulty_week_loses_and_doubles_nothing(tmp_path: Path, seed: str) -> None:
    week = live(tmp_path, seed, Plan())
    asked = sum(service.requests for service in week.services)
    print(
        f"\n{len(week.world.truth.posts):,} posts, {asked:,} requests, {week.kills} kills, {len(week.words)} troubles"
    )
    judge(week)
