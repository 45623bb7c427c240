import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from pytest_httpserver import HTTPServer
from standardwebhooks.webhooks import Webhook as Verifier
from werkzeug import Request, Response

from overheard.alerts.channels import NotDeliveredError
from overheard.alerts.deliveries import failed
from overheard.alerts.webhook import Receiver, Webhook, body_of
from overheard.records import Delivery, decode
from tests.alerts.making import HOSTILE, NOW, delivery, item

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def webhook(url: str, secret: str = SECRET, timeout: float = 15.0) -> Webhook:
    return Webhook(Receiver(url, lambda: secret), timeout=timeout)


def answering(server: HTTPServer, *answers: tuple[int, dict[str, str]]) -> list[Request]:
    """Let the server give these answers in turn, the last for ever; the requests as they come."""
    seen: list[Request] = []
    left = list(answers)

    def answer(request: Request) -> Response:
        request.get_data()
        seen.append(request)
        status, headers = left.pop(0) if len(left) > 1 else left[0]
        return Response("", status, headers)

    server.expect_request("/hook").respond_with_handler(answer)
    return seen


def test_a_receiver_can_verify_what_comes_with_the_library_and_read_it_as_a_cloudevent(httpserver: HTTPServer) -> None:
    (seen, now) = (answering(httpserver, (204, {})), datetime.now(UTC))
    one = delivery("webhook:crm")
    assert webhook(httpserver.url_for("/hook")).send(one, now) == "answered 204"
    (request,) = seen
    body = request.get_data()
    assert Verifier(SECRET).verify(body, dict(request.headers))["subject"] == one.id
    assert request.headers["webhook-id"] == one.id
    assert request.headers["content-type"].startswith("application/cloudevents+json")
    event = decode(body)
    assert (event.type, event.specversion, event.cause) == ("overheard.delivery", "1.0", "live")
    assert isinstance(event.data, Delivery)
    assert event.data.items == one.items


def test_a_changed_body_or_another_secret_does_not_verify(httpserver: HTTPServer) -> None:
    seen = answering(httpserver, (200, {}))
    webhook(httpserver.url_for("/hook")).send(delivery(), datetime.now(UTC))
    body, headers = seen[0].get_data(), dict(seen[0].headers)
    for secret, content in ((OTHER, body), (SECRET, body.replace(b"terrible", b"splendid"))):
        with pytest.raises(Exception, match="No matching signature"):
            Verifier(secret).verify(content, headers)


def test_while_a_secret_is_replaced_both_verify(httpserver: HTTPServer) -> None:
    seen = answering(httpserver, (200, {}))
    webhook(httpserver.url_for("/hook"), f"{SECRET} {OTHER}").send(delivery(), datetime.now(UTC))
    for secret in (SECRET, OTHER):
        assert Verifier(secret).verify(seen[0].get_data(), dict(seen[0].headers))


def test_a_second_attempt_has_the_same_id_and_body() -> None:
    one = delivery()
    again = failed(one, NOW, "answered 500")
    assert body_of(again) == body_of(one)
    assert b"answered 500" not in body_of(again)


@pytest.mark.parametrize(
    ("status", "headers", "words", "wait", "gone"),
    [
        (500, {"retry-after": "60"}, "answered 500", None, False),
        (429, {"retry-after": "120"}, "answered 429", timedelta(seconds=120), False),
        (503, {"retry-after": "Fri, 20 Nov 2026 09:10:00 GMT"}, "answered 503", timedelta(minutes=10), False),
        (503, {"retry-after": "Fri, 20 Nov 2020 09:10:00 GMT"}, "answered 503", timedelta(0), False),
        (503, {"retry-after": "soon"}, "answered 503", None, False),
        (429, {"retry-after": "9" * 400}, "answered 429", None, False),
        (410, {}, "wants no more", None, True),
        (302, {"location": "http://127.0.0.1:9/elsewhere"}, "redirects are not followed", None, False),
        (404, {}, "answered 404", None, False),
    ],
)
def test_what_an_answer_means(  # noqa: PLR0917  its parameters
    httpserver: HTTPServer, status: int, headers: dict[str, str], words: str, wait: timedelta | None, gone: bool
) -> None:
    seen = answering(httpserver, (status, headers))
    with pytest.raises(NotDeliveredError, match=words) as raised:
        webhook(httpserver.url_for("/hook")).send(delivery(), NOW)
    assert (raised.value.retry_after, raised.value.gone) == (wait, gone)
    assert len(seen) == 1


def test_a_receiver_that_answers_byte_by_byte_has_its_time_and_no_more(httpserver: HTTPServer) -> None:
    def drip(request: Request) -> Response:
        threading.Event().wait(0.6)
        return Response("", 200)

    httpserver.expect_request("/hook").respond_with_handler(drip)
    with pytest.raises(NotDeliveredError, match=r"within 0\.2 s"):
        webhook(httpserver.url_for("/hook"), timeout=0.2).send(delivery(), NOW)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/key-abc", "http://[::bad/key-abc"])
def test_no_message_holds_the_address_or_the_secret(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(NotDeliveredError) as raised:
        webhook(url).send(delivery(), NOW)
    assert "key-abc" not in str(raised.value) + caplog.text
    assert SECRET not in str(raised.value) + caplog.text


@pytest.mark.parametrize("secret", ["whsec_", "whsec_ä", ""])
def test_a_secret_that_is_none_is_told_with_how_to_make_one(httpserver: HTTPServer, secret: str) -> None:
    with pytest.raises(NotDeliveredError, match="openssl rand"):
        webhook(httpserver.url_for("/hook"), secret).send(delivery(), NOW)


@pytest.mark.parametrize("hostile", HOSTILE[:5])
def test_hostile_text_arrives_as_text(httpserver: HTTPServer, hostile: str) -> None:
    seen = answering(httpserver, (200, {}))
    one = delivery(items=(item(text=hostile, name=hostile),))
    webhook(httpserver.url_for("/hook")).send(one, datetime.now(UTC))
    body: dict[str, Any] = msgspec.json.decode(seen[0].get_data())
    assert body["data"]["items"][0]["text"] == hostile
    verify: Callable[..., Any] = Verifier(SECRET).verify
    assert verify(seen[0].get_data(), dict(seen[0].headers)) == body
