"""Where the tokens of the sources are, as the settings name it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from overheard.collectors.base import Source
from overheard.collectors.communities.community import Community
from overheard.collectors.fetching.secrets import Place, Secrets
from overheard.collectors.laid.laid import Laid
from overheard.collectors.mail.mailbox import Mailbox
from overheard.collectors.pushed.hook import Hook
from overheard.collectors.streaming.stream import Stream
from overheard.config.settings import SourceTable

# What an exchanged token is sent in, whatever a source's own is (RFC 6750).
_BEARER = ("Authorization", "Bearer ")
_FILES = ("token_file", "client_id_file", "client_secret_file", "password_file", "secret_file", "ca")


def secrets_of(sources: Sequence[Source]) -> Secrets:
    """Return the tokens of sources, by their places."""
    places = {}
    for one in sources:
        if isinstance(one, Community) and (one.has_token or one.grant):
            header, prefix = _BEARER if one.grant else one.token_header
            also = one.others if isinstance(one, Stream) else ()
            places[one.name] = Place(one.url, header, prefix, one.token_env, one.token_file, one.grant, also)
        elif isinstance(one, Mailbox) and one.grant:
            places[one.name] = Place(one.url, env=one.token_env, file=one.token_file, grant=one.grant)
    return Secrets(places)


def beside(folder: Path, sources: Sequence[SourceTable]) -> tuple[SourceTable, ...]:
    """Return sources whose files (secrets, what is laid down) are named as seen from here, not from the settings."""
    return tuple(_beside(folder, one) for one in sources)


def _beside(folder: Path, source: SourceTable) -> SourceTable:
    if isinstance(source, Laid):
        return msgspec.structs.replace(source, path=str((folder / source.path).absolute())) if source.path else source
    if not isinstance(source, Community | Mailbox | Hook):
        return source
    files = {name: str(folder / value) for name in _FILES if (value := getattr(source, name, ""))}
    return msgspec.structs.replace(source, **files) if files else source
