"""The one place that knows which engine: the log and the index that the settings name, opened."""

import logging
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

from msgspec.structs import replace

from overheard.alerts.channels import NotDeliveredError
from overheard.alerts.secrets import read_secret
from overheard.config.settings import IndexSettings, LogSettings, Settings
from overheard.errors import ConfigError
from overheard.folder import Folder
from overheard.index.base import Index
from overheard.index.embedded import EmbeddedIndex
from overheard.log.base import Log
from overheard.log.embedded import EmbeddedLog

if TYPE_CHECKING:
    from overheard.index.elastic_client import ElasticClient


def is_shared(settings: Settings) -> bool:
    """True where the log is on Kafka: stages may run anywhere, as often as wanted, each process with a folder apart."""
    return settings.log.engine == "kafka"


def embedded(settings: Settings) -> Settings:
    """Return the settings with both engines embedded, for what is tried apart."""
    return replace(settings, log=LogSettings(), index=IndexSettings())


def quiet_clients() -> None:
    """Keep what the engines' clients log to themselves: what matters of it is said by our errors, in our words."""
    for name in ("kafka", "elastic_transport", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def open_log(settings: LogSettings, folder: Folder) -> Log:
    """Return the log, opened; the caller closes it. Raises EngineError, ConfigError, and what a folder raises."""
    if settings.engine == "embedded":
        return EmbeddedLog(folder)
    # Only here, and below: a command on one machine needs none of it, and it takes long to load.
    from overheard.log.kafka import KafkaLog  # noqa: PLC0415
    from overheard.log.reach import client_options  # noqa: PLC0415

    password = _secret("the password of [log]", settings.password_env, settings.password_file) if settings.user else ""
    options = client_options(
        settings.servers,
        security=settings.security,
        mechanism=settings.mechanism,
        user=settings.user,
        password=password,
        ca=settings.ca,
        certificate=settings.certificate,
        key=settings.key,
    )
    return KafkaLog(options, prefix=settings.prefix, folder=folder, replication=settings.replication)


class Indexes:
    """Opens the index that the settings name, as often as wanted; what they share is closed at the end. Thread-safe."""

    def __init__(self, settings: IndexSettings, folder: Folder) -> None:
        self._settings = settings
        self._folder = folder
        self._opened = ExitStack()
        self._turn = threading.Lock()
        self._client: ElasticClient | None = None

    def open(self, *, reading: bool = False, anew: bool = False, expected: bool = False) -> Index:
        """Return the index, opened; the caller closes it. `reading`: beside whoever writes, in any process.

        `anew`: it is to be rebuilt, so it need not be sound. `expected`: documents were written to it before, so that
        there must be one. Raises as `open_log`.
        """
        if self._settings.engine == "embedded":
            return EmbeddedIndex(self._folder, reading=reading)
        from overheard.index.elastic import ElasticIndex  # noqa: PLC0415

        settings = self._settings
        index = ElasticIndex(
            self._connected(),
            prefix=settings.prefix,
            shards=settings.shards,
            replicas=settings.replicas,
            reading=reading,
            expected=expected,
        )
        if not anew:
            index.verify()
        return index

    def close(self) -> None:
        """Let go of what the opened ones shared."""
        self._opened.close()

    def _connected(self) -> "ElasticClient":
        """Return the one client of this process, made when it is first needed and its cluster looked at."""
        with self._turn:
            if self._client is None:
                from overheard.index.elastic_client import ElasticClient  # noqa: PLC0415

                settings, key, password = self._settings, "", ""
                if settings.api_key_env or settings.api_key_file:
                    key = _secret("the API key of [index]", settings.api_key_env, settings.api_key_file)
                elif settings.user:
                    password = _secret("the password of [index]", settings.password_env, settings.password_file)
                client = ElasticClient(
                    settings.addresses, ca=settings.ca, api_key=key, user=settings.user, password=password
                )
                self._opened.callback(client.close)
                client.wait_ready()
                self._client = client
            return self._client


def _secret(what: str, env: str, file: str) -> str:
    try:
        secret = read_secret(what, env, file)
    except NotDeliveredError as e:
        raise ConfigError(str(e)) from e
    if not secret.isprintable():
        msg = f"expected {what} to be one line; got {len(secret)} characters with a line break or control character"
        raise ConfigError(msg)
    return secret
