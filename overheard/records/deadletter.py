"""A dead letter: a record that could not be used, with who, when, what and where."""

from overheard.records.base import Record, Time


class DeadLetter(Record, frozen=True, kw_only=True):
    """`id` is "topic/partition/offset" of the origin, or a digest for input that never reached a topic.

    `stage` gave up on it at `at`, after `attempts`, because of `error` (a class's name) with `message` (expected, got,
    what to do); `where` names file and line, feed and entry, or field. `value` is the record as it came;
    `withheld` says why it is not there, where a policy keeps it from leaving.
    """

    id: str
    stage: str
    topic: str
    partition: int
    offset: int
    key: str
    error: str
    message: str
    where: str = ""
    at: Time
    attempts: int = 1
    headers: dict[str, str] = {}
    value: bytes | None = None
    withheld: str = ""
