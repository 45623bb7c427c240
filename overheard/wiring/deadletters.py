"""Dead letters replayed and dropped, several at a time: each is looked at before anything is done to the first."""

from collections.abc import Sequence

from overheard.errors import InputError
from overheard.log.base import Log
from overheard.log.deadletters import drop_letter, is_replayable, replay_letter, show_letter


def replay_letters(log: Log, ids: Sequence[str]) -> None:
    """Put the records of letters back on their topics; the letters go.

    Raises NotFoundError for an id that is none, InputError for a letter whose record never reached a topic; nothing is
    done then.
    """
    for id_ in dict.fromkeys(ids):
        letter = show_letter(log, id_)
        if not is_replayable(letter):
            msg = (
                f"expected letters whose record once stood on a topic; that of {letter.id} never did. Correct it at "
                "its source and bring it in again, then drop the letter"
            )
            raise InputError(msg)
    for id_ in dict.fromkeys(ids):
        replay_letter(log, id_)


def drop_letters(log: Log, ids: Sequence[str]) -> None:
    """Let letters go for good. Raises NotFoundError for an id that is none; nothing is done then."""
    for id_ in dict.fromkeys(ids):
        show_letter(log, id_)
    for id_ in dict.fromkeys(ids):
        drop_letter(log, id_)
