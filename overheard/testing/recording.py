"""A recording: what a server once answered, as bytes and headers, and the fetch that a source reads it as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from overheard.collectors.base import Source
from overheard.errors import ConfigError
from overheard.records import Fetch, Mention, digest

# When a recording was made that does not say so.
_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
_HEADERS = ".headers"


@dataclass(frozen=True, slots=True)
class Recording:
    """One answer of a server: `body` as it came (unpacked), `headers` by any case of their names.

    `name` is how breaches call it. `url` is where it came from, "" for the URL of the source. `at` is when (aware).
    `purpose` and `about` are as in `overheard.records.Fetch`: what the source had asked it for.
    """

    name: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    at: datetime = _AT
    purpose: str = ""
    about: Mention | None = None

    def fetch(self, source: Source) -> Fetch:
        """Return the recording as what the poller hands to `source`."""
        url = self.url or source.url or "https://recording.example/"
        return Fetch(
            id=f"fet_{digest(source.name, url, self.body.decode('latin-1'))}",
            source=source.name,
            url=url,
            final_url=url,
            status=200,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.body,
            at=self.at,
            purpose=self.purpose,
            about=self.about,
        )


def recordings_in(folder: Path) -> Sequence[Recording]:
    """Return the recordings in a folder, by name: each file is a body, and FILE.headers beside it has its headers.

    One header a line (`Content-Type: application/json`), as `curl -D` writes them. `Content-Location` is where it came
    from, `Date` when. Files that begin with a dot are left out. Raises ConfigError where there is none, or a line of
    headers is none.
    """
    bodies = [
        path
        for path in (sorted(folder.iterdir()) if folder.is_dir() else ())
        if path.is_file() and path.suffix != _HEADERS and not path.name.startswith(".")
    ]
    if not bodies:
        msg = f"{folder}: expected a folder with recordings, a file for each body that a server sent; there is none"
        raise ConfigError(msg)
    return [_recording(path) for path in bodies]


def _recording(path: Path) -> Recording:
    headers: dict[str, str] = {}
    beside = path.with_name(path.name + _HEADERS)
    if beside.exists():
        for number, line in enumerate(beside.read_text("utf-8").splitlines(), 1):
            name, colon, value = line.partition(":")
            if colon and name.strip():
                headers[name.strip().lower()] = value.strip()
            elif line.strip() and not line.startswith("HTTP/"):
                msg = f"{beside.name}:{number}: expected a header as `Name: value`; got {line[:60]!r}"
                raise ConfigError(msg)
    return Recording(
        path.name, path.read_bytes(), headers, url=headers.get("content-location", ""), at=_time(headers.get("date"))
    )


def _time(written: str | None) -> datetime:
    try:
        at = parsedate_to_datetime(written or "")
    except ValueError:
        return _AT
    return at if at.tzinfo else at.replace(tzinfo=UTC)
