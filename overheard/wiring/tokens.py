"""The tokens of a data folder: one small file, readable for its owner alone, read again when it changes."""

import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from overheard.errors import FolderDamagedError, NotFoundError
from overheard.folder import storage_errors
from overheard.web.tokens import Token


class TokenFile:
    """`tokens.json` in a data folder. Thread-safe; written by commands, which take turns."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "tokens.json"
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def read(self) -> Sequence[Token]:
        """Return the tokens, oldest first; empty where there are none. Raises FolderDamagedError."""
        with self._lock, storage_errors(self._path):
            try:
                status = self._path.stat()
            except FileNotFoundError:
                return ()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._stamp:
                try:
                    self._tokens = msgspec.json.decode(self._path.read_bytes(), type=tuple[Token, ...])
                except msgspec.DecodeError as e:
                    msg = (
                        f"{self._path}: expected tokens as `overheard token create` writes them; got: {e}. Delete it, "
                        "and make them anew"
                    )
                    raise FolderDamagedError(msg) from e
                self._stamp = stamp
            return self._tokens

    def add(self, token: Token) -> None:
        """Keep one more."""
        with self._writing():
            self._write([*self.read(), token])

    def revoke(self, id_: str) -> Token:
        """Forget the token of this id, and return it. Raises NotFoundError."""
        with self._writing():
            tokens = self.read()
            gone = next((token for token in tokens if token.id == id_), None)
            if gone is None:
                msg = f"expected the id of a token, as `overheard token list` shows it; {id_[:100]!r} is none"
                raise NotFoundError(msg)
            self._write([token for token in tokens if token.id != id_])
        return gone

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold off other processes: a token that one revokes must not come back with what another adds."""
        with storage_errors(self._folder):
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
                yield
                os.fsync(folder)  # a revoked token stays revoked after a power cut
            finally:
                os.close(folder)

    def _write(self, tokens: Sequence[Token]) -> None:
        draft = self._path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(tokens)))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
