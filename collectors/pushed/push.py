"""A program of one's own, or of a partner, that pushes posts and events: by a token, or signed.

The signature is that of Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar

from msgspec import Meta

from overheard.collectors.base import Deletion, Reading, Rejected, supersedes, told_at
from overheard.collectors.pushed.batch import MEDIA, is_binary, marks_of, parts_of
from overheard.collectors.pushed.handed import mentions_of
from overheard.collectors.pushed.hook import Hook, SignatureError, Taken, media_of
from overheard.collectors.pushed.posts import NoItemError, field_in, item_of
from overheard.errors import InputError
from overheard.records import Fetch, Mention, digest
from overheard.table import BadRow

# The source of what a program hands in whose token no `[[push]]` names.
DEFAULT = "api"
TOLERANCE = timedelta(minutes=5)
_ID, _TIME, _SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_LONGEST_ID = 500
# Of a time in seconds up to the year 2286; milliseconds have more.
_DIGITS = 10
_MOST_SIGNATURES = 20
_PREFIX = "whsec_"
# As Standard Webhooks asks for.
_LEAST_SECRET = 24
_EXPECTED = "posts or events that were pushed"


class Push(Hook, frozen=True, kw_only=True):
    """What a program pushes: with the API tokens named in `tokens`, or signed, to `/hooks/NAME`.

    What is handed in with one of the tokens is of this source where it names none. With a secret it may deliver without
    a token, as Standard Webhooks says.
    """

    kind = "push"
    owner_decides = True
    asks: ClassVar[Mapping[str, str]] = {"tokens": "The names of the API tokens that it pushes with."}

    tokens: tuple[Annotated[str, Meta(min_length=1, max_length=100)], ...] = ()

    def presented(self, headers: Mapping[str, str]) -> None:
        """See `Hook.presented`."""
        for name in (_ID, _TIME, _SIGNATURE):
            if not headers.get(name):
                msg = f"expected the headers {_ID}, {_TIME} and {_SIGNATURE} of Standard Webhooks; {name} is missing"
                raise SignatureError(msg)
        if len(headers[_ID]) > _LONGEST_ID:
            raise SignatureError(f"expected {_ID} of at most {_LONGEST_ID} characters; it is longer")

    def checked(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
        """See `Hook.checked`. Its time may be off by so much as clocks differ."""
        self.presented(headers)
        given = headers[_TIME]
        if not (given.isascii() and given.isdigit() and len(given) <= _DIGITS):
            raise SignatureError(f"expected {_TIME} in whole seconds since 1970; it is otherwise")
        made = hmac.new(_key(secret), f"{headers[_ID]}.{given}.".encode() + body, hashlib.sha256).digest()
        ours = base64.b64encode(made)
        signatures = headers[_SIGNATURE].split(" ")[:_MOST_SIGNATURES]
        # All are compared, so that the time it takes says nothing of which.
        same = [hmac.compare_digest(ours, one.removeprefix("v1,").encode("utf-8")) for one in signatures]
        if not any(same):
            msg = f"expected a {_SIGNATURE} (v1) made with the secret that is set here; got none that is"
            raise SignatureError(msg)
        behind = now - datetime.fromtimestamp(int(given), UTC)
        if abs(behind) > TOLERANCE:
            seconds = abs(behind) // timedelta(seconds=1)
            way = "before" if behind > timedelta() else "ahead of"
            most = TOLERANCE // timedelta(seconds=1)
            msg = (
                f"expected a delivery of now; by {_TIME} it is of {seconds:,} s {way} our clock, and {most} s are "
                "allowed. Set the clocks, or sign it again: an old one may be a copy that somebody kept"
            )
            raise SignatureError(msg)

    def taken(self, headers: Mapping[str, str], body: bytes) -> Taken | None:
        """See `Hook.taken`."""
        media = media_of(headers)
        if media not in MEDIA and not is_binary(headers):
            raise InputError(f"expected a body of {' or '.join(MEDIA)}; got {media[:80]!r}")
        if not parts_of(headers, body):
            return None
        kept = {**marks_of(headers), "content-type": headers.get("content-type", ""), _ID: headers[_ID]}
        return Taken(headers.get("ce-type", "posts"), body, kept, known_by=headers[_ID])

    def read(self, fetch: Fetch) -> Reading:
        """Return the posts that were pushed (`Source.read`); what cannot be one is rejected with its place."""
        known = media_of(fetch.headers) in MEDIA or is_binary(fetch.headers)
        given = {} if known else {"content-type": MEDIA[0]}
        try:
            parts = parts_of({**fetch.headers, **given}, fetch.body)
        except InputError as e:
            raise InputError(e.args[0], where=fetch.url or self.name) from e
        if not parts:
            raise InputError(f"expected {_EXPECTED}; the body is empty", where=fetch.url or self.name)
        return _reading(mentions_of([item_of(part) for part in parts], fetch.at, self.name), self.name)


def _key(secret: str) -> bytes:
    """Return the key of a secret: what it is in Base64 after `whsec_`. Raises SignatureError."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < _LEAST_SECRET:
        msg = f"expected the secret here as {_PREFIX} and Base64 of at least {_LEAST_SECRET} bytes; it is otherwise"
        raise SignatureError(msg)
    return key


def _reading(rows: Iterable[Mention | Deletion | BadRow], name: str) -> Reading:
    """Return what was pushed; of items with one id the newest counts (`supersedes`)."""
    said: dict[str, Mention | Deletion] = {}
    rejected: dict[str, Rejected] = {}
    repeated = 0
    for number, row in enumerate(rows):
        if isinstance(row, BadRow):
            field = field_in(row.error.where)
            where = f"{name}, item {number}" + (f", field {field}" if field else "")
            mark = digest(name, row.raw, row.error.args[0])
            message = row.error.args[0]
            if isinstance(row.error, NoItemError):
                message = f"expected a post, an event or an activity; got something else: {message}"
            rejected.setdefault(mark, Rejected(where, message, mark))
            continue
        id_ = row.mention.id if isinstance(row, Deletion) else row.id
        other = said.get(id_)
        repeated += other is not None
        if other is None or supersedes(row, other):
            said[id_] = row
    mentions = tuple(one for one in said.values() if isinstance(one, Mention))
    return Reading(
        mentions,
        tuple(rejected.values()),
        repeated,
        deletions=tuple(one for one in said.values() if isinstance(one, Deletion)),
        # What was not answered well is sent again, after others.
        as_of=told_at(mentions),
    )


def source_of(sources: Iterable[object], token: str) -> str:
    """Return the source that is meant where what is handed in with a token names none."""
    pushers = (one for one in sources if isinstance(one, Push) and token in one.tokens)
    return next((one.name for one in pushers), DEFAULT)
