"""Settings that are written anew while Overheard runs: the file is looked at, and taken over when it changed."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from overheard.errors import ConfigError
from overheard.wiring.kinds import load_settings
from overheard.wiring.system import System

_logger = logging.getLogger(__name__)
_LOOK = 2.0  # seconds between two looks at the file
_Stamp = tuple[int, int, int] | None


class SettingsFile:
    """The file that a system's settings come from. What stands in it when this is made is taken as known."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._seen = _stamp(system.config)

    def look(self) -> bool:
        """Have the system go on with the file as it stands, where that changed since the last look; True where it did.

        Folder, server and engines stay as they run. Of a file that is gone or cannot be read the settings are kept, and
        the log of the program says why.
        """
        stamp = _stamp(self._system.config)
        if stamp == self._seen:
            return False
        self._seen = stamp
        if stamp is None:
            return False
        try:
            new = load_settings(self._system.config)
        except (ConfigError, OSError) as e:
            _logger.warning("%s: the settings are kept as they were: %s", self._system.config.name, e)
            return False
        if _stamp(self._system.config) != stamp:
            # It was written to while it was read: what came may be the half of it, which the next look finds whole.
            return False
        old = self._system.settings
        new = replace(new, data=old.data, web=old.web, log=old.log, index=old.index)
        if new == old:
            return False
        self._system.change_settings(new)
        _logger.info("%s: the new settings hold now", self._system.config.name)
        return True


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


@contextmanager
def reloading(system: System) -> Iterator[None]:
    """Look at the file of the settings every two seconds, in a thread of its own."""
    file, over = SettingsFile(system), threading.Event()

    def follow() -> None:
        while not over.wait(_LOOK):
            file.look()

    thread = threading.Thread(target=follow, name="settings", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
