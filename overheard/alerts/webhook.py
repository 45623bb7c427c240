"""Deliveries by webhook: a CloudEvent, signed as Standard Webhooks 1.0.0 says."""

import asyncio
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
import msgspec
from standardwebhooks.webhooks import EmptyWebhookSecretError
from standardwebhooks.webhooks import Webhook as Signer

from overheard import __version__
from overheard.alerts.channels import TIMEOUT, NotDeliveredError
from overheard.alerts.outbox import SOURCE
from overheard.records import Delivery, encode, event_for

# A day later is what a receiver may ask for at most; see `deliveries.failed`.
_MOST_SECONDS = 10 * 86_400


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where deliveries are posted to. `secret` gives one secret (`whsec_…`), or, while one is replaced, several."""

    url: str
    secret: Callable[[], str]


def body_of(delivery: Delivery) -> bytes:
    """Return the body: the delivery as a CloudEvent, without its state, so that it is the same at each attempt."""
    told = msgspec.structs.replace(
        delivery, state="waiting", attempts=(), failures=0, next_attempt=None, sent=None, reason=""
    )
    return encode(event_for(told, subject=delivery.id, source=SOURCE, time=delivery.created))


def headers_of(delivery: Delivery, body: bytes, secrets: str, now: datetime) -> dict[str, str]:
    """Return the headers: id, time and one signature for each secret. Raises NotDeliveredError for no secret."""
    try:
        signers = [Signer(secret) for secret in secrets.split() or [""]]
    except (binascii.Error, ValueError, EmptyWebhookSecretError) as e:
        msg = "expected a secret such as whsec_ and base64; got another text. Make one: `openssl rand -base64 24`"
        raise NotDeliveredError(msg) from e
    at = now.astimezone(UTC)
    return {
        "content-type": "application/cloudevents+json; charset=utf-8",
        "user-agent": f"overheard/{__version__}",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signer.sign(delivery.id, at, body.decode()) for signer in signers),
    }


class Webhook:
    """`Channel`: one POST, without redirects; any answer of 200 to 299 within the time is sent."""

    def __init__(self, receiver: Receiver, *, timeout: float = TIMEOUT) -> None:
        self._receiver = receiver
        self._timeout = timeout

    def send(self, delivery: Delivery, now: datetime) -> str:
        """See `Channel.send`. 410 is gone; 429 and 503 may say when to come again."""
        body = body_of(delivery)
        headers = headers_of(delivery, body, self._receiver.secret(), now)
        try:
            status, retry_after = asyncio.run(self._post(body, headers))
        except TimeoutError as e:
            msg = f"the webhook did not answer within {self._timeout:g} s"
            raise NotDeliveredError(msg) from e
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as e:
            # What they say may hold the address, and an address may hold a key.
            msg = f"the webhook could not be reached: {type(e).__name__}"
            raise NotDeliveredError(msg) from e
        if 200 <= status < 300:
            return f"answered {status}"
        if status == HTTPStatus.GONE:
            msg = "the webhook answered 410: it wants no more. Remove it from the settings or mend its address"
            raise NotDeliveredError(msg, gone=True)
        if 300 <= status < 400:
            msg = f"the webhook answered {status}: redirects are not followed. Put where it leads into the settings"
            raise NotDeliveredError(msg)
        wait = _wait(retry_after, now) if status in {429, 503} else None
        msg = f"the webhook answered {status}"
        raise NotDeliveredError(msg, retry_after=wait)

    async def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        # One limit for the whole attempt: httpx's own are for each read, and a receiver may answer byte by byte.
        async with (
            asyncio.timeout(self._timeout),
            httpx.AsyncClient(timeout=self._timeout, follow_redirects=False) as client,
            client.stream("POST", self._receiver.url, content=body, headers=headers) as answer,
        ):
            return answer.status_code, answer.headers.get("retry-after", "")


def _wait(retry_after: str, now: datetime) -> timedelta | None:
    """Return the wait that a Retry-After asks for (RFC 9110, seconds or a date); None for none that can be read."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return timedelta(seconds=min(int(text), _MOST_SECONDS))
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max((when if when.tzinfo else when.replace(tzinfo=UTC)) - now, timedelta(0))
