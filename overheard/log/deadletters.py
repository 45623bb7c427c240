"""Dead letters: records that could not be used, kept with who, when, what and where until a person decides.

On topic `dead-letters`, keyed by the letter's id, so that the same failure redone after a crash is one letter. A letter
that was replayed or dropped is a tombstone. Knows no stage.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from overheard.errors import NotFoundError, OverheardError
from overheard.log.base import TOPICS, ConsumerRecord, Log, ProducerRecord
from overheard.records import DeadLetter, decode, encode, event_for
from overheard.text import clean

TOPIC = "dead-letters"
# A message may quote the record, and a record may be megabytes; the record itself is in `value`.
_MESSAGE_LIMIT = 2_000
_PAGE = 500


def dead_letter(
    record: ConsumerRecord, stage: str, error: Exception, at: datetime, *, where: str = "", attempts: int = 1
) -> DeadLetter:
    """Return the letter of a record that `stage` gave up on at `at`.

    `where` names the field or place; an InputError brings its own.
    """
    own = getattr(error, "where", "")
    message = str(error)
    if own:
        message = message.removeprefix(f"{own}: ")
    return DeadLetter(
        id=f"{record.topic}/{record.partition}/{record.offset}",
        stage=stage,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        error=type(error).__name__,
        message=clean(message)[:_MESSAGE_LIMIT],
        where=clean(where or own)[:_MESSAGE_LIMIT],
        at=at,
        attempts=attempts,
        headers=dict(record.headers),
        value=record.value,
    )


def dead_letter_record(letter: DeadLetter) -> ProducerRecord:
    """Return the record that puts a letter on its topic."""
    event = event_for(letter, subject=letter.id, source=f"/{letter.stage}", time=letter.at)
    return ProducerRecord(TOPIC, letter.id, encode(event))


def list_letters(log: Log, *, stage: str = "", topic: str = "") -> Sequence[DeadLetter]:
    """Return the letters that wait, oldest first; of each id the newest. "" leaves a filter out."""
    letters: dict[str, DeadLetter] = {}
    for record in _all(log):
        letters.pop(record.key, None)
        if record.value is not None:
            letter: DeadLetter = decode(record.value).data
            letters[record.key] = letter
    return [
        letter
        for letter in letters.values()
        if (not stage or letter.stage == stage) and (not topic or letter.topic == topic)
    ]


def show_letter(log: Log, letter_id: str) -> DeadLetter:
    """Return the letter with this id. Raises NotFoundError."""
    record = log.latest(TOPIC, [letter_id]).get(letter_id)
    if record is None or record.value is None:
        msg = f"expected the id of a dead letter; {letter_id!r} is none, or was replayed, dropped or expired"
        raise NotFoundError(msg)
    letter: DeadLetter = decode(record.value).data
    return letter


def is_replayable(letter: DeadLetter) -> bool:
    """True where the letter's record once stood on a topic, so that it can be put there again."""
    return letter.topic in TOPICS and letter.id == f"{letter.topic}/{letter.partition}/{letter.offset}"


def replay_letter(log: Log, letter_id: str) -> DeadLetter:
    """Append the letter's record to its topic again, with its key and headers; the letter goes. Return it.

    Raises NotFoundError, and OverheardError where the record never reached a topic.
    """
    letter = show_letter(log, letter_id)
    if not is_replayable(letter):
        place = f" ({letter.where})" if letter.where else ""
        msg = (
            f"dead letter {letter.id} cannot be replayed: its record{place} never reached a topic. "
            "Correct it at its source and import or fetch it again, then drop this letter"
        )
        raise OverheardError(msg)
    # Both in one append: a replay is done or not done, and never done with the letter still standing.
    log.append(
        [
            ProducerRecord(letter.topic, letter.key, letter.value, letter.headers),
            ProducerRecord(TOPIC, letter.id, None),
        ],
        durable=True,
    )
    return letter


def drop_letter(log: Log, letter_id: str) -> DeadLetter:
    """Let a letter go for good, and return it. Raises NotFoundError."""
    letter = show_letter(log, letter_id)
    log.append([ProducerRecord(TOPIC, letter.id, None)], durable=True)
    return letter


def _all(log: Log) -> Iterator[ConsumerRecord]:
    for partition in range(TOPICS[TOPIC].partitions):
        offset, end = log.span(TOPIC, partition)
        while offset < end:
            records = log.read(TOPIC, partition, offset, _PAGE)
            if not records:
                break
            yield from records
            offset = records[-1].offset + 1
