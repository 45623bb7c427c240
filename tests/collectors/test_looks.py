"""Entries that were deleted at their source: looked at where they were said, and published as gone."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from overheard.collectors.polling.pollstate import load_shown, load_states, source_key
from overheard.folder import Folder
from tests.collectors.test_poller import World, rss


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[World]:
    with Folder(tmp_path / "data") as folder:
        world = World(folder, httpserver)
        yield world
        world.log.close()


def show(world: World, *numbers: int, pages: dict[int, int] | None = None) -> None:
    """Serve a feed of these entries, and the pages of entries with these statuses."""
    links = [world.server.url_for(f"/post/{number}") for number in numbers]
    world.answer(rss(*(f"<link>{link}</link><title>post at {link}</title>" for link in links)))
    for number, status in (pages or {}).items():
        world.server.expect_request(f"/post/{number}").respond_with_data("page", status=status)


def gone(world: World) -> list[str]:
    return [event.data.url.rpartition("/")[2] for event in world.events() if event.verb == "Delete"]


def looks(world: World) -> list[str]:
    return [path for path in world.asked() if path.startswith("/post/")]


@pytest.mark.parametrize("status", [404, 410])
def test_an_entry_whose_page_is_gone_is_published_as_deleted(world: World, status: int) -> None:
    show(world, 4, 3, 2, 1)
    world.poll()
    show(world, 4, 2, 1, pages={3: status})
    report = world.poll()
    assert gone(world) == ["3"]
    assert report.fates == {"unchanged": 3, "deleted": 1}
    assert looks(world) == ["/post/3"]
    show(world, 5, 4, 2, 1)
    world.poll()
    assert gone(world) == ["3"]
    assert looks(world) == ["/post/3"]


def test_one_whose_page_is_there_stays_and_is_not_asked_for_again(world: World) -> None:
    show(world, 4, 3, 2, 1)
    world.poll()
    for _ in range(3):
        show(world, 4, 2, 1, pages={3: 200})
        world.poll()
    assert gone(world) == []
    assert looks(world) == ["/post/3"]


def test_a_page_that_tells_nothing_is_asked_once_a_poll_and_at_most_thrice(world: World) -> None:
    show(world, 4, 3, 2, 1)
    world.poll()
    for number in range(5):
        show(world, 4, 2, 1, pages={3: 500})
        world.poll()
        assert len(looks(world)) == min(number + 1, 3)
    assert gone(world) == []
    state = load_states(world.log, [source_key("site")])[source_key("site")]
    assert (state.looks, state.requests) == (0, 9)


def test_what_fell_out_at_the_end_is_not_looked_at(world: World) -> None:
    show(world, 4, 3, 2, 1)
    world.poll()
    show(world, 6, 5, 4, 3)
    world.poll()
    assert looks(world) == []


def test_robots_txt_is_obeyed_for_the_page_too(world: World) -> None:
    show(world, 4, 3, 2, 1)
    world.poll()
    world.allow_all = lambda: world.server.expect_request("/robots.txt").respond_with_data(  # type: ignore[method-assign]
        "user-agent: *\ndisallow: /post/"
    )
    show(world, 4, 2, 1, pages={3: 404})
    world.poll(after=timedelta(days=2))
    assert looks(world) == []
    assert gone(world) == []


def test_a_look_that_a_restart_cut_short_is_made_after_the_next_poll(world: World) -> None:
    show(world, 4, 3, 2, 1)
    world.poll()
    show(world, 4, 2, 1, pages={3: 503})
    world.poll()
    shown = load_shown(world.log, "site")
    assert shown is not None
    assert [one.url.rpartition("/")[2] for one in shown.missing] == ["3"]
    show(world, 4, 2, 1, pages={3: 404})
    world.poll()
    assert gone(world) == ["3"]
