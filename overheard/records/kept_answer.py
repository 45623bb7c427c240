"""An answer kept by its idempotency key, so that a request that comes again is not done again."""

from overheard.records.base import Record, Time


class KeptAnswer(Record, frozen=True, kw_only=True):
    """What became of a request (key: `answer/<digest of caller, route and idempotency key>` on `answers`).

    `request` stands for what was asked, `owner` for who took it in hand, `at` a time. `answer` is None while it is
    being worked on.
    """

    request: str
    owner: str
    at: Time
    answer: bytes | None = None
