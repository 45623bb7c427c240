"""Live pages: what is told, to how many, and that nothing of it keeps the server from ending."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from litestar.exceptions import ServiceUnavailableException

from overheard.config.settings import Settings, WebSettings
from overheard.web.base import Pulse
from overheard.web.events import CLIENTS, Pulses, messages_of, rates_of
from overheard.wiring.serve import serving_pages
from overheard.wiring.system import System
from tests.web.api_world import Served, serving


def pulse(enrich: int, lag: int = 0) -> Pulse:
    return Pulse({"enrich": enrich}, {"enrich": lag}, 0, 0)


def test_the_rate_is_of_the_time_between_the_first_and_the_last_look() -> None:
    assert rates_of([]).rates == {}
    assert rates_of([(1.0, pulse(5))]).rates == {}
    assert rates_of([(1.0, pulse(5)), (2.0, pulse(15)), (11.0, pulse(105))]).rates == {"enrich": 10.0}


def test_equal_pulses_give_equal_messages_so_that_nothing_is_told_twice() -> None:
    looks = [(0.0, pulse(5)), (1.0, pulse(5))]
    assert messages_of(pulse(5), rates_of(looks), 0) == messages_of(pulse(5), rates_of(looks), 0)
    assert messages_of(pulse(5), rates_of(looks), 0) != messages_of(pulse(6), rates_of(looks), 0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[System, str]]:
    with System(tmp_path / "data", Settings(web=WebSettings(port=0))) as system, serving_pages(system) as address:
        yield system, address


def test_a_page_hears_at_once_how_things_are_and_then_what_changed(server: tuple[System, str]) -> None:
    _, address = server
    with httpx.stream("GET", f"{address}/events?streams=documents,activity", timeout=30) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        heard = []
        for line in answer.iter_lines():
            heard += [line] if line.startswith("data: ") else []
            if len(heard) >= 3:
                break
    assert sum('"stream":"documents"' in line for line in heard) >= 1
    assert sum('"stream":"activity"' in line for line in heard) >= 1


def test_a_stream_that_is_none_is_refused_in_words(server: tuple[System, str]) -> None:
    answer = httpx.get(f"{server[1]}/events?streams=secrets")

    assert answer.status_code == 400
    assert "activity, documents" in answer.json()["detail"]


def test_open_pages_are_bounded_and_leave_room_when_they_go(server: tuple[System, str]) -> None:
    _, address = server
    with httpx.Client(limits=httpx.Limits(max_connections=60), timeout=30) as client:
        opened = [client.send(client.build_request("GET", f"{address}/events"), stream=True) for _ in range(CLIENTS)]
        refused = client.get(f"{address}/events")
        assert {answer.status_code for answer in opened} == {200}
        assert refused.status_code == 503
        assert "32 pages" in refused.json()["detail"]
        for answer in opened:
            answer.close()
        deadline = time.monotonic() + 30
        while True:
            with client.stream("GET", f"{address}/events") as answer:
                if answer.status_code == 200:
                    break
            assert time.monotonic() < deadline, "the places of pages that were closed are not free again"


def test_a_page_left_open_does_not_keep_the_server_from_ending(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overheard.web.server._GRACE", 60)  # so that whoever waits for it is told from a busy machine
    read = threading.Event()

    def look(address: str) -> None:
        with httpx.stream("GET", f"{address}/events", timeout=60) as answer:
            read.set()
            try:
                for _ in answer.iter_lines():
                    pass
            except httpx.HTTPError:
                pass

    before = set(threading.enumerate())
    with System(tmp_path / "data", Settings(web=WebSettings(port=0))) as system:
        with serving_pages(system) as address:
            page = threading.Thread(target=look, args=(address,))
            page.start()
            assert read.wait(30)
            begun = time.monotonic()
        ended = time.monotonic() - begun
        page.join(30)
    assert ended < 30
    assert not page.is_alive()
    assert [thread for thread in set(threading.enumerate()) - before if thread.name == "pulses"] == []
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_new_incidents_are_counted_from_the_first_look_on(heard: Path, tmp_path: Path) -> None:
    import shutil

    folder = Path(shutil.copytree(heard, tmp_path / "copied"))
    with serving(folder) as served:
        first = served.service.pulse()
        assert first.incidents == 0
        assert served.service.pulse(first.after).incidents == 0
        assert served.service.pulse(0).incidents > 10


def test_after_its_end_nobody_joins(shown: Served) -> None:
    pulses = Pulses(shown.service)
    pulses.close()

    async def join() -> None:
        pulses.join(["activity"])

    import asyncio

    with pytest.raises(ServiceUnavailableException):
        asyncio.run(join())
