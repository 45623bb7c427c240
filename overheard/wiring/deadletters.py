"""Dead letters replayed and dropped, several at a time: each is looked at before anything is done to the first."""

from collections.abc import Sequence

from overheard.errors import InputError
from overheard.log.base import Log
from overheard.log.deadletters import drop_letter, is_replayable, replay_letter, show_letter
from overheard.records import Contact, DeadLetter, EnrichedMention, Mention, RecordError, decode
from overheard.suppression import NOBODY, Suppressions


def replay_letters(log: Log, ids: Sequence[str], suppressions: Suppressions = NOBODY) -> None:
    """Put the records of letters back on their topics; the letters go.

    Raises NotFoundError for an id that is none, InputError for a letter whose record never reached a topic, or is of
    somebody whom `suppressions` cover; nothing is done then.
    """
    for id_ in dict.fromkeys(ids):
        letter = show_letter(log, id_)
        if not is_replayable(letter):
            msg = (
                f"expected letters whose record once stood on a topic; that of {letter.id} never did. Correct it at "
                "its source and bring it in again, then drop the letter"
            )
            raise InputError(msg)
        if is_suppressed(letter, suppressions):
            msg = f"expected letters that may be taken in; {letter.id} is of somebody who was erased. Drop it"
            raise InputError(msg)
    for id_ in dict.fromkeys(ids):
        replay_letter(log, id_)


def is_suppressed(letter: DeadLetter, suppressions: Suppressions) -> bool:
    """True where a letter holds a mention or contact of somebody who was erased."""
    if not len(suppressions):
        return False
    try:
        data = decode(letter.value or b"").data
    except RecordError:
        return False
    if isinstance(data, EnrichedMention):
        return suppressions.covers_mention(data.mention)
    if isinstance(data, Mention):
        return suppressions.covers_mention(data)
    return isinstance(data, Contact) and suppressions.covers_contact(data)


def drop_letters(log: Log, ids: Sequence[str]) -> None:
    """Let letters go for good. Raises NotFoundError for an id that is none; nothing is done then."""
    for id_ in dict.fromkeys(ids):
        show_letter(log, id_)
    for id_ in dict.fromkeys(ids):
        drop_letter(log, id_)
