"""Where the tokens of the sources are, as the settings name it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from overheard.collectors.base import Source
from overheard.collectors.communities.community import Community
from overheard.collectors.fetching.secrets import Place, Secrets
from overheard.config.settings import SourceTable


def secrets_of(sources: Sequence[Source]) -> Secrets:
    """Return the tokens of sources, by their places."""
    places = {}
    for one in sources:
        if isinstance(one, Community) and one.has_token:
            header, prefix = one.token_header
            places[one.name] = Place(one.url, header, prefix, one.token_env, one.token_file)
    return Secrets(places)


def beside(folder: Path, sources: Sequence[SourceTable]) -> tuple[SourceTable, ...]:
    """Return sources whose files of tokens are named as seen from here, not from the folder of the settings."""
    return tuple(
        msgspec.structs.replace(one, token_file=str(folder / one.token_file))
        if isinstance(one, Community) and one.token_file
        else one
        for one in sources
    )
