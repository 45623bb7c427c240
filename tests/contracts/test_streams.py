"""Each stream keeps the contract of a source, on made-up frames in its service's own form, as they are kept."""

from pathlib import Path
from typing import ClassVar

from overheard.collectors.streaming.jetstream import Jetstream
from overheard.collectors.streaming.mastodon_stream import MastodonStream
from overheard.collectors.streaming.x_stream import XStream
from overheard.testing import SourceContract, recordings_in

_RECORDINGS = Path(__file__).parent / "recordings"
_DOCS = Path(__file__).parents[2] / "docs" / "sources"


class TestJetstream(SourceContract):
    source = Jetstream(name="all-of-bluesky")
    recordings = recordings_in(_RECORDINGS / "jetstream")
    documentation: ClassVar[Path | None] = _DOCS / "jetstream.md"


class TestMastodonStream(SourceContract):
    source = MastodonStream(
        name="fediverse", instance="https://social.example", tag="paperfold", token_env="MASTODON_TOKEN"
    )
    recordings = recordings_in(_RECORDINGS / "mastodon_stream")
    documentation: ClassVar[Path | None] = _DOCS / "mastodon_stream.md"


class TestXStream(SourceContract):
    source = XStream(name="x-live", rules=("paperfold -is:retweet",), token_env="X_TOKEN")
    recordings = recordings_in(_RECORDINGS / "x_stream")
    documentation: ClassVar[Path | None] = _DOCS / "x_stream.md"
