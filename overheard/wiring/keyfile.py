"""The suppression key of an installation: a file readable for its owner alone, made when somebody is first erased."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from overheard.config.settings import Settings
from overheard.errors import ConfigError
from overheard.folder import storage_errors
from overheard.suppression import SECRET_BYTES

_NAME = "suppression.key"


class KeyFile:
    """The file at `path`: 64 hexadecimal digits."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, settings: Settings, home: Path) -> "KeyFile":
        """Return the file that the settings name, or else the one in `home`, where the tokens are."""
        return cls(Path(settings.privacy.key_file) if settings.privacy.key_file else home / _NAME)

    def read(self) -> bytes:
        """Return the key. Raises ConfigError where the file is not there, or is none."""
        try:
            with storage_errors(self.path):
                text = self.path.read_text("ascii", "replace").strip()
        except FileNotFoundError as e:
            msg = (
                f"{self.path}: expected the suppression key that the list of erased people was made with; it is not "
                "there. Put it back from where you keep it (`key_file` in [privacy] of the settings): without it those "
                "who were erased would come back"
            )
            raise ConfigError(msg) from e
        try:
            key = bytes.fromhex(text)
        except ValueError:
            key = b""
        if len(key) != SECRET_BYTES:
            msg = f"{self.path}: expected {2 * SECRET_BYTES} hexadecimal digits, as Overheard writes them; got others"
            raise ConfigError(msg)
        return key

    def read_or_make(self) -> bytes:
        """Return the key; a new one, written to the file, where there is none yet. Two at once get the same one."""
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        with storage_errors(self.path):
            if not self.path.exists():
                draft.touch(mode=0o600)
                try:
                    with draft.open("w", encoding="ascii") as file:
                        file.write(f"{secrets.token_hex(SECRET_BYTES)}\n")
                        file.flush()
                        os.fsync(file.fileno())
                    with suppress(FileExistsError):  # another process was first, and its key holds
                        os.link(draft, self.path)
                finally:
                    draft.unlink()
        return self.read()
