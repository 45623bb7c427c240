"""The one place that knows which engine: the log and the index that the settings name, opened."""

import itertools
from pathlib import Path

from msgspec.structs import replace

from overheard.alerts.channels import NotDeliveredError
from overheard.alerts.secrets import read_secret
from overheard.config.settings import IndexSettings, LogSettings, Settings
from overheard.errors import ConfigError, FolderInUseError
from overheard.folder import Folder
from overheard.index.base import Index
from overheard.index.embedded import EmbeddedIndex
from overheard.log.base import Log
from overheard.log.embedded import EmbeddedLog


def is_shared(settings: Settings) -> bool:
    """True where the log is on Kafka: stages may run anywhere, as often as wanted, each process with a folder apart."""
    return settings.log.engine == "kafka"


def embedded(settings: Settings) -> Settings:
    """Return the settings with both engines embedded, for what is tried apart."""
    return replace(settings, log=LogSettings(), index=IndexSettings())


def open_log(settings: LogSettings, folder: Folder) -> Log:
    """Return the log, opened; the caller closes it. Raises EngineError, ConfigError, and what a folder raises."""
    if settings.engine == "embedded":
        return EmbeddedLog(folder)
    # Only here: a command on one machine needs none of it.
    from overheard.log.kafka import KafkaLog, options_of  # noqa: PLC0415

    password = _secret("the password of [log]", settings.password_env, settings.password_file) if settings.user else ""
    return KafkaLog(folder, options_of(settings, password), prefix=settings.prefix, replication=settings.replication)


def open_index(settings: IndexSettings, folder: Folder, *, reading: bool = False) -> Index:
    """Return the index, opened; the caller closes it. `reading`: beside whoever writes. Raises as `open_log`."""
    if settings.engine == "embedded":
        return EmbeddedIndex(folder, reading=reading)
    from overheard.index.elastic import ElasticIndex, client_of  # noqa: PLC0415

    key = password = ""
    if settings.api_key_env or settings.api_key_file:
        key = _secret("the API key of [index]", settings.api_key_env, settings.api_key_file)
    elif settings.user:
        password = _secret("the password of [index]", settings.password_env, settings.password_file)
    client = client_of(settings, api_key=key, password=password)
    return ElasticIndex(
        client, prefix=settings.prefix, shards=settings.shards, replicas=settings.replicas, reading=reading
    )


def node_folder(base: Path, what: str) -> Path:
    """Return the first of `what-1`, `what-2`… under `base` that no running process holds.

    So that as many processes as wanted share a machine, and each that starts again finds what one before it kept.
    """
    for number in itertools.count(1):
        path = base / f"{what}-{number}"
        try:
            Folder(path).close()
        except FolderInUseError:
            continue
        return path
    raise AssertionError


def _secret(what: str, env: str, file: str) -> str:
    try:
        return read_secret(what, env, file)
    except NotDeliveredError as e:
        raise ConfigError(str(e)) from e
