"""The settings file, written so that it can always be read."""

from contextlib import suppress
from pathlib import Path

from overheard.errors import ConfigError
from overheard.wiring.kinds import load_settings


def write_settings(path: Path, text: str, *, added: str, advice: str) -> None:
    """Write settings whole or not at all, once it is sure that they can be read.

    `added` says what was to be added, `advice` what to do where that cannot be. Raises ConfigError.
    """
    path = path.resolve()  # a link stays one
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(text, encoding="utf-8")
        load_settings(new)
        with suppress(FileNotFoundError):
            new.chmod(path.stat().st_mode & 0o777)
        new.replace(path)
    except ConfigError as e:
        new.unlink()
        msg = f"{path.name}: expected settings to which {added} can be added; they would not be read: {e}. {advice}"
        raise ConfigError(msg) from e
    except OSError as e:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        msg = (
            f"{path.name}: expected settings that can be written; got: {e.strerror or e}. Nothing was written: let "
            f"whoever runs this write to {path.parent}, or put {added} in by hand"
        )
        raise ConfigError(msg) from e
