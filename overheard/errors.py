"""Every error that Overheard raises on purpose.

    OverheardError
    ├── ConfigError        a file that a person wrote is wrong: file, line, expected, got, what to do
    ├── InputError         one record from outside is wrong: it becomes a dead letter, the rest goes on
    ├── TransientError     may pass by itself: the stage loop tries again with back-off
    ├── QueryError         a search query is wrong: position, expected, got
    ├── EngineError        Kafka or Elasticsearch cannot be used as it is: address, rights, version, topic, mapping
    ├── FencedError        another worker has taken over: what is in hand is dropped, and done there
    ├── ConflictError      it is being done already, for somebody who asked first
    ├── NotFoundError      what was asked for is not here
    │   └── GoneError          it was here, and is kept no longer
    └── FolderError        the data folder cannot be used
        ├── FolderInUseError      another process holds its lock
        ├── FolderDamagedError    a file in it is not what it should be
        ├── FolderNewerError      written by a newer Overheard
        └── FolderFullError       no space left on its disk

The message of each is a sentence a user can act on: what was expected, what came, where, what to do.
"""


class OverheardError(Exception):
    """Base of all errors raised on purpose; `str()` is fit to be shown to a user."""


class ConfigError(OverheardError):
    """A file that a person wrote is wrong. The message names file, line, expected, got, what to do."""


class InputError(OverheardError):
    """One record from outside cannot be used. The stage loop turns it into a dead letter.

    `where` names the place in the record's source (file and line, feed and entry, field); may be empty.
    """

    def __init__(self, message: str, *, where: str = "") -> None:
        super().__init__(message)
        self.where = where

    def __str__(self) -> str:
        message = super().__str__()
        return f"{self.where}: {message}" if self.where else message


class TransientError(OverheardError):
    """May pass by itself (a busy disk, a broker that is away). The stage loop backs off and tries again."""


class EngineError(OverheardError):
    """Kafka or Elasticsearch cannot be used as it is, and waiting will not help.

    The message says what was found, what is expected, and the setting or command that mends it; never a password.
    """


class FencedError(OverheardError):
    """Another member of the group owns the partition now. What is in hand is dropped: that one reads it again."""


class QueryError(OverheardError):
    """A query that cannot be read. `position` is the offset in code points where reading stopped."""

    def __init__(self, message: str, *, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


class ConflictError(OverheardError):
    """It is being done already, for somebody who asked first with the same key. Asked again later it is answered."""


class NotFoundError(OverheardError):
    """What was asked for by name, handle, e-mail or id is not here."""


class GoneError(NotFoundError):
    """What was asked for was here, and is kept no longer. The message says how to go on without it."""


class FolderError(OverheardError):
    """The data folder cannot be used."""


class FolderInUseError(FolderError):
    """Another process holds the folder's lock."""


class FolderDamagedError(FolderError):
    """A file of the folder is damaged. The message names the file and how to go on."""


class FolderNewerError(FolderError):
    """The folder was written by a newer Overheard."""


class FolderFullError(FolderError):
    """No space left on the folder's disk. Nothing that was accepted before is lost."""
