"""The pages and the API of one system, served while a block runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from overheard.wiring.service import SystemService
from overheard.wiring.system import System


@contextmanager
def serving_pages(system: System) -> Iterator[str]:
    """Serve on what the settings' [web] says; lend the address. Raises ConfigError where the port is in use."""
    # Only here: the framework takes half a second to load, and a command that only looks needs none of it.
    from overheard.web.app import make_app  # noqa: PLC0415
    from overheard.web.server import Listener, Server  # noqa: PLC0415

    listener = Listener(system.settings.web)
    service = SystemService(system)
    try:
        app = make_app(service, hosts=listener.hosts, local=listener.local)
        server = Server(app, listener)
        server.start()
    except BaseException:
        listener.close()
        service.close()
        raise
    try:
        yield listener.address
    finally:
        app.state["pulses"].close()  # first: live pages end of themselves, and nothing is cut off
        server.stop()
        service.close()
