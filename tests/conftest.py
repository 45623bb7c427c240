"""What all tests share: hypothesis profiles, the data beside the repository, no network but loopback."""

import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.engines.fixtures"]

ROOT = Path(__file__).resolve().parent.parent

# Some machines forbid compiled modules to be kept: each of the many processes begun here would compile Overheard anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# No deadline: the machines that run this share their cores. In CI the same examples every time, so that a red build
# is a change's fault; at a desk new ones each time, so that they hunt. `make faults` and a nightly run may take longer.
_slow_machine = [HealthCheck.too_slow]
settings.register_profile("desk", deadline=None, suppress_health_check=_slow_machine)
settings.register_profile("ci", deadline=None, suppress_health_check=_slow_machine, derandomize=True, database=None)
settings.register_profile("long", deadline=None, suppress_health_check=_slow_machine, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "desk"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take minutes, else in random order: no worker is left alone with one at the end."""
    longest = {item.path for item in items if any(item.iter_markers("faults")) or any(item.iter_markers("minutes"))}
    items.sort(key=lambda item: item.path not in longest)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The real data beside the repository; the test is skipped where it is absent."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("needs the real data in ../shared/data")
    return path


@pytest.fixture(autouse=True)
def nobody_sets_up_logging() -> Iterator[None]:
    """Fail a test that sets up the logging of its process: what later tests find in it would depend on the order."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    found = (root.level, list(root.handlers))
    root.setLevel(level)
    root.handlers[:] = handlers
    assert found == (level, handlers), f"expected the log as it was, level {level} to {handlers}; it is {found} now"


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that connects or looks a name up anywhere but on this machine."""
    connect, connect_ex, sendto, lookup = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.socket.sendto,
        socket.getaddrinfo,
    )

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _allow(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _allow(self.family, address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: bytes, *args: Any) -> int:
        _allow(self.family, args[-1])
        return sendto(self, data, *args)

    def guarded_lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        _allow(socket.AF_INET, (host,))
        return lookup(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket.socket, "sendto", guarded_sendto)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_lookup)
    yield


def _allow(family: int, address: Any) -> None:
    if family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = address[0].decode() if isinstance(address[0], bytes) else address[0]
    if host and host not in {"localhost", "::1"} and not host.startswith("127."):
        pytest.fail(f"a test may talk to this machine only; it went to {address!r}")
