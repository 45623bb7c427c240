"""The small world of `tests.world` in a system, served to a test client: what the tests of the API share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from overheard.config.settings import LocaleSettings, Settings, WebSettings
from overheard.web.app import make_app
from overheard.wiring.imports import bring_accounts, bring_contacts, bring_mentions, bring_watch
from overheard.wiring.service import SystemService
from overheard.wiring.system import System
from overheard.wiring.up import run_up
from tests.world import write_world

HOST = "overheard.local"
Client = TestClient[Litestar]


class Served:
    """A system, its service, and a client without a token."""

    def __init__(self, system: System, service: SystemService, client: Client) -> None:
        self.system = system
        self.service = service
        self.client = client

    def settle(self) -> None:
        """Have everything that waits matched and indexed."""
        self.system.catch_up_match()
        self.system.catch_up_index()

    def enrich(self) -> None:
        """Have everything that waits enriched, matched and indexed."""
        run_up(self.system, once=True, workers=1, stop=threading.Event(), alerts=False)

    def get(self, path: str, **params: Any) -> Any:
        """Return the JSON of a good answer."""
        answer = self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """Return the JSON of a good answer."""
        answer = self.client.post(path, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def serving(folder: Path, *, require_token: bool = False) -> Iterator[Served]:
    """Serve a folder as it is, new or not."""
    settings = Settings(web=WebSettings(require_token=require_token), locale=LocaleSettings(region="IN"))
    with System(folder, settings) as system:
        service = SystemService(system)
        app = make_app(service, hosts={HOST})
        try:
            with TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False) as client:
                yield Served(system, service, client)
        finally:
            service.close()


def fill(folder: Path, *, posts: int) -> None:
    """Put the world into a folder, all of it worked on."""
    world = write_world(folder.parent / "world", posts=posts)
    with System(folder, Settings()) as system:
        bring_watch(system, world.watch)
        bring_accounts(system, world.accounts)
        bring_contacts(system, world.contacts)
        bring_mentions(system, world.posts)
        run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)
