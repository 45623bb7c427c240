"""What services say of why they give nothing: told in plain words, and kept to. By their documents."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from overheard.collectors.communities.bluesky import Bluesky
from overheard.collectors.communities.community import Community
from overheard.collectors.communities.complaints import told_in
from overheard.collectors.communities.discourse import Discourse
from overheard.collectors.communities.github import GitHub
from overheard.collectors.communities.mastodon import Mastodon
from overheard.collectors.communities.reddit import Reddit
from overheard.collectors.communities.stackexchange import StackExchange
from overheard.collectors.communities.x import X
from overheard.collectors.communities.youtube import YouTube
from overheard.collectors.fetching.fetch import Answer, Fetcher, Limits
from overheard.collectors.polling.health import health_of
from overheard.collectors.polling.poller import poll_due
from overheard.collectors.polling.pollstate import host_key, load_states, source_key
from overheard.collectors.polling.schedule import MAX_RETRY_AFTER, retry_after
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.wiring.secrets import secrets_of

# A Monday, seven in the morning in California.
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TOKEN = "tok-3n-of-asha"
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        pytest.param(429, {"x-rate-limit-remaining": "0", "x-rate-limit-reset": "{epoch}"}, 15, id="X"),
        pytest.param(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "{epoch}"}, 15, id="GitHub"),
        pytest.param(429, {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "900"}, 15, id="Reddit"),
        pytest.param(429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "{iso}"}, 15, id="Mastodon"),
        pytest.param(429, {"ratelimit-remaining": "0", "ratelimit-reset": "{epoch}"}, 15, id="Bluesky"),
        pytest.param(429, {"retry-after": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "900"}, 1, id="two"),
        pytest.param(429, {"x-ratelimit-reset": "900"}, 15, id="without what is left"),
        pytest.param(403, {"x-ratelimit-reset": "900"}, None, id="a 403 that is of no limit"),
        pytest.param(403, {"x-ratelimit-remaining": "4999", "x-ratelimit-reset": "{epoch}"}, None, id="something left"),
        pytest.param(404, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "{epoch}"}, None, id="another status"),
        pytest.param(429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, None, id="no time"),
        pytest.param(429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000000001"}, None, id="long ago"),
    ],
)
def test_a_limit_that_is_used_up_is_waited_for_as_its_service_tells(
    status: int, headers: Mapping[str, str], wait: int | None
) -> None:
    over = NOW + 15 * MINUTE
    sent = {name: value.format(epoch=int(over.timestamp()), iso=over.isoformat()) for name, value in headers.items()}
    until = retry_after(Answer("soft", status, headers=sent), NOW)
    assert until == (None if wait is None else NOW + wait * MINUTE)


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        (X(name="us", query="a", token_env="T"), 402,
         {"title": "CreditsDepleted", "type": "https://api.x.com/2/problems/credits"}),
        (YouTube(name="us", video="a", token_env="T"), 400,
         {"error": {"code": 400, "errors": [{"reason": "processingFailure"}]}}),
    ],
)  # fmt: skip
def test_what_passes_or_is_paid_for_is_not_said_to_be_gone(source: Community, status: int, said: Any) -> None:
    assert source.complaint(status, {}, json.dumps(said).encode(), NOW).soft


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_header_makes_a_wait_longer_than_a_month_or_an_error(left: str, reset: str) -> None:
    headers = {"x-ratelimit-remaining": left, "x-ratelimit-reset": reset}
    until = retry_after(Answer("soft", 429, headers=headers), NOW)
    assert until is None or NOW < until <= NOW + MAX_RETRY_AFTER


def youtube(base: str) -> Community:
    return YouTube(name="us", video="dQpaperfold", token_env="OUR_TOKEN", api=f"{base}/youtube/v3")


def x(base: str) -> Community:
    return X(name="us", query="paperfold", token_env="OUR_TOKEN", api=f"{base}/2")


def github(base: str) -> Community:
    return GitHub(name="us", repository="paperfold/driver", token_env="OUR_TOKEN", api=base)


def stackexchange(base: str) -> Community:
    return StackExchange(name="us", site="superuser", api=f"{base}/2.3")


def discourse(base: str) -> Community:
    return Discourse(name="us", instance=base)


def mastodon(base: str) -> Community:
    return Mastodon(name="us", instance=base, query="paperfold", token_env="OUR_TOKEN")


def reddit(base: str) -> Community:
    return Reddit(name="us", subreddit="printing", token_env="OUR_TOKEN", api=base)


def bluesky(base: str) -> Community:
    return Bluesky(name="us", query="paperfold", api=base)


def google(code: int, reason: str, message: str) -> dict[str, Any]:
    return {
        "error": {"code": code, "message": message, "errors": [{"domain": "youtube", "reason": reason}]},
    }


@pytest.mark.parametrize(
    "case",
    [
        (youtube, 403, google(403, "quotaExceeded", "You used it up."), "begins anew at midnight", "2026-11-24T08:00Z"),
        (youtube, 403, google(403, "commentsDisabled", "Off."), "Comments are turned off", None),
        (youtube, 400, google(400, "keyInvalid", "Bad."), "It knows no such API key", None),
        (x, 429, {"title": "UsageCapExceeded", "period": "Monthly", "type": "https://api.twitter.com/2/problems/usage-capped"},
         "used up", "2026-12-01T00:00Z"),
        (x, 403, {"reason": "client-not-enrolled", "title": "Client Forbidden"}, "is in no project", None),
        (github, 403, {"message": "You have exceeded a secondary rate limit."}, "secondary rate", "2026-11-23T15:01Z"),
        (github, 403, {"message": "Resource not accessible by personal access token"}, "not accessible by", None),
        (stackexchange, 400, {"error_id": 502, "error_name": "throttle_violation",
         "error_message": "too many requests from this IP, more requests available in 3600 seconds"},
         "more often than it allows", "2026-11-23T16:00Z"),
        (discourse, 429, {"errors": ["Slow down."], "error_type": "rate_limit", "extras": {"wait_seconds": 300}},
         "asked too often", "2026-11-23T15:05Z"),
        (discourse, 403, {"errors": ["No."], "error_type": "invalid_access"}, "does not show that to everybody", None),
        (mastodon, 403, {"error": "This action is outside the authorized scopes"}, "outside the authorized", None),
        (reddit, 403, {"message": "Forbidden", "error": 403, "reason": "private"}, "This subreddit is private", None),
        (bluesky, 401, {"error": "AuthMissing", "message": "Authentication Required"}, "It wants a token", None),
    ],
)  # fmt: skip
def test_an_error_is_told_in_plain_words_and_its_time_is_kept_to(
    tmp_path: Path,
    httpserver: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[Any, int, dict[str, Any], str, str | None],
) -> None:
    make, status, body, says, until = case
    monkeypatch.setenv("OUR_TOKEN", TOKEN)
    source = make(httpserver.url_for("").rstrip("/"))
    echoed = {**body, "echo": TOKEN, "message": f"{body['message']} {TOKEN}"} if "message" in body else body
    httpserver.expect_request(re.compile("/.*")).respond_with_json(echoed, status=status)
    fetcher = Fetcher(
        contact="https://us.example/bot",
        allow={httpserver.host},
        limits=Limits(gap=0, total=5),
        clock=lambda: NOW,
        secrets=secrets_of([source]),
    )
    with Folder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        report = poll_due(log, [source], fetcher, lambda: NOW)
        state = load_states(log, [source_key("us")])[source_key("us")]
        host = load_states(log, [host_key("localhost")]).get(host_key("localhost"))
        log.close()
    (problem,) = (one for one in report.problems if one.source == "us")
    assert says in problem.message
    assert TOKEN not in problem.message
    if until is not None:
        assert state.next_due >= datetime.fromisoformat(until)
        if source.limits_accounts:
            assert host is None or host.next_due <= NOW, "other accounts have limits of their own"
        else:
            assert host is not None
            assert host.next_due == datetime.fromisoformat(until)
    health = health_of(source, state, host, None, NOW)
    assert says in health.message
    assert health.advice


def test_whatever_a_body_holds_is_no_error() -> None:
    for body in (b"", b"{", b"[[[[", b"<html>", b"null", b"7", b'"no"', b'{"error": {"error": {"error": {}}}}'):
        assert isinstance(told_in(body).words, str)
    assert told_in(b"[" * 100_000).words == ""
    assert len(told_in(b'{"message": "' + b"a" * 10_000 + b'"}').words) <= 300


_NAMES = st.sampled_from(["error", "errors", "message", "reason", "extras", "wait_seconds", "backoff", "error_name"])
_PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("throttle_violation")


@given(st.recursive(_PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=4)))
def test_each_service_reads_whatever_comes_as_an_error(found: Any) -> None:
    body = json.dumps(found).encode()
    for make in (youtube, x, github, stackexchange, discourse, mastodon, reddit, bluesky):
        for status in (400, 403, 429):
            said = make("https://service.example").complaint(status, {}, body, NOW)
            assert said.until is None or said.until > NOW - MINUTE
