"""What is said to a firm where it is at home: read, and polled on local servers that follow the vendors' documents."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from overheard.collectors.base import OLDER, Reading, Source
from overheard.collectors.communities.bluesky import Bluesky
from overheard.collectors.communities.community import Community
from overheard.collectors.communities.facebook_page import FacebookPage
from overheard.collectors.communities.google_business import GoogleBusiness
from overheard.collectors.communities.instagram import Instagram
from overheard.collectors.communities.mastodon import Mastodon
from overheard.collectors.communities.reddit import Reddit
from overheard.collectors.communities.x import X
from overheard.collectors.communities.youtube import YouTube
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.health import health_of
from overheard.collectors.polling.poller import PollReport, poll_due
from overheard.collectors.polling.pollstate import load_states, source_key
from overheard.errors import InputError
from overheard.folder import Folder
from overheard.log.base import TOPICS
from overheard.log.embedded import EmbeddedLog
from overheard.records import Fetch, Mention, Rating, decode
from overheard.wiring.secrets import secrets_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RECORDINGS = Path(__file__).parents[1] / "contracts" / "recordings"
TOKEN = "EAAB-own-token-of-page"
GOOGLE = GoogleBusiness(name="reviews", account="101", location="202", token_env="T")
PAGE = FacebookPage(name="page", page="700100", token_env="T")
INSTAGRAM = Instagram(name="ig", account="17841400000000001", username="@paperfold", token_env="T")


def recorded(name: str) -> Any:
    return json.loads((RECORDINGS / name).read_bytes())


def read(source: Source, answer: Any, headers: Mapping[str, str] | None = None, **more: Any) -> Reading:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    url = source.url
    return source.read(
        Fetch(id="f", source="s", url=url, final_url=url, status=200, headers=dict(headers or {}), body=body, at=NOW,
              **more)
    )  # fmt: skip


def named(reading: Reading) -> dict[str, Mention]:
    return {one.native_id: one for one in reading.mentions}


# ---- What is read ----------------------------------------------------------------------------------------------------


def test_a_review_has_its_stars_its_author_s_name_alone_and_the_address_where_it_is_answered() -> None:
    mentions = named(read(GOOGLE, recorded("google_business/reviews.json")))
    review = mentions["AbFvOq1"]
    assert (review.type, review.rating) == ("Review", Rating(value=2))
    assert review.attributed_to is not None
    assert (review.attributed_to.name, review.attributed_to.native_id) == ("Asha Rao", "")
    assert review.url == "https://business.google.com/reviews/reply/AbFvOq1"
    assert review.published == datetime(2026, 11, 20, 9, 15, 30, 123456, tzinfo=UTC)
    assert review.updated == datetime(2026, 11, 21, 10, tzinfo=UTC)
    unnamed = mentions["AbFvOq2"]
    assert (unnamed.attributed_to, unnamed.content, unnamed.rating) == (None, "", Rating(value=5))
    assert (mentions["AbFvOq3"].content, mentions["AbFvOq3"].replies) == ("Freundliche Leute, gutes Papier", 1)


@pytest.mark.parametrize(
    ("comment", "kept"),
    [
        ("Good paper\n\n(Translated by Google)\nGutes Papier", "Good paper"),
        ("(Translated by Google) Good\n\n(Original)\nGut", "Gut"),
        ("It says (Original) on the box", "It says (Original) on the box"),
        ("(Translated by Google) Good", "(Translated by Google) Good"),
    ],
)
def test_what_google_translates_is_read_as_it_was_said(comment: str, kept: str) -> None:
    review = {"reviewId": "r", "starRating": "ONE", "comment": comment, "createTime": "2026-11-20T09:00:00Z"}
    (mention,) = read(GOOGLE, {"reviews": [review]}).mentions
    assert mention.content == kept


@pytest.mark.parametrize("name", ["A Google User", "A Google user"])
def test_a_review_of_nobody_has_no_author(name: str) -> None:
    review = {"reviewId": "r", "starRating": "ONE", "reviewer": {"displayName": name}}
    (mention,) = read(GOOGLE, {"reviews": [review]}).mentions
    assert mention.attributed_to is None


def test_reviews_of_all_locations_are_read_and_an_error_with_status_200_is_one() -> None:
    assert set(named(read(GOOGLE, recorded("google_business/batch.json")))) == {"AbFvOq5", "AbFvOq6"}
    for error in ({"error": {"code": 403, "status": "PERMISSION_DENIED"}}, {"error": "no"}, {"kind": "other"}):
        with pytest.raises(InputError, match="expected reviews"):
            read(GOOGLE, error)


def test_comments_on_a_page_name_what_they_answer_and_the_page_itself_is_left_out() -> None:
    reading = read(PAGE, recorded("facebook_page/feed.json"))
    mentions = named(reading)
    assert mentions.keys() == {"1_11", "1_13", "700100_2", "700100_3"}
    answer = mentions["1_13"]
    assert (answer.in_reply_to, answer.context) == ("1_11", "700100_1")
    assert answer.attributed_to is not None
    assert (answer.attributed_to.name, answer.attributed_to.native_id) == ("Ben Ode", "900002")
    assert "https://blog.example/jam" in answer.links
    assert mentions["1_11"].in_reply_to == "700100_1"
    assert mentions["700100_3"].attributed_to is None
    assert mentions["700100_3"].links == ("https://ghent.example/presses",)
    assert [one.mention.native_id for one in reading.deletions] == ["1_14"]
    more, *months = reading.requests
    assert {one.purpose for one in months} == {OLDER}
    assert reading.next_page.endswith("after=Q2i")
    assert TOKEN not in reading.next_page + more.url
    rest = read(PAGE, recorded("facebook_page/comments.json"), purpose=more.purpose, about=more.about)
    assert named(rest)["1_15"].context == "700100_1"
    assert [one.mention.native_id for one in rest.deletions] == ["1_16"]


def test_a_next_page_at_another_host_is_none() -> None:
    feed = recorded("facebook_page/feed.json")
    feed["paging"]["next"] = "https://evil.example/v25.0/700100/feed?access_token=x"
    assert not read(PAGE, feed).next_page


def test_comments_on_media_have_a_permalink_and_one_s_own_words_and_media_are_left_out() -> None:
    reading = read(INSTAGRAM, recorded("instagram/media.json"))
    mentions = named(reading)
    answer = mentions["17900000000000013"]
    assert (answer.in_reply_to, answer.context) == ("17900000000000011", "18000000000000001")
    assert answer.url == "https://www.instagram.com/p/Cabc123/c/17900000000000013/"
    assert answer.attributed_to is not None
    assert answer.attributed_to.preferred_username == "ben_ode"
    assert "17900000000000012" not in mentions
    assert "18000000000000001" not in mentions
    assert [one.mention.native_id for one in reading.deletions] == ["17900000000000014"]
    more = reading.requests[0]
    page = {"data": [{"id": "5", "text": "Later", "timestamp": "2026-11-21T10:00:00+0000", "username": "z"}]}
    (later,) = read(INSTAGRAM, page, purpose=more.purpose, about=more.about).mentions
    assert (later.context, later.url) == ("18000000000000001", "https://www.instagram.com/p/Cabc123/c/5/")


def test_media_that_the_account_is_tagged_in_are_mentions() -> None:
    tags = Instagram(name="ig", account="17841400000000001", what="tags", token_env="T")
    mentions = named(read(tags, recorded("instagram/tags.json")))
    assert {one.type for one in mentions.values()} == {"Video", "Image"}
    assert mentions["18000000000000009"].url == "https://www.instagram.com/reel/Cxyz1/"


@pytest.mark.parametrize(
    ("usage", "hours"),
    [('{"call_count":12}', None), ('{"call_count":80}', 2), ('{"total_time":95}', 6), ("no json", None), ("[]", None),
     ('{"123":[{"type":"pages","call_count":91}]}', 6), ('{"call_count":"many"}', None)],
)  # fmt: skip
def test_a_source_whose_limit_is_nearly_used_up_is_asked_more_slowly(usage: str, hours: int | None) -> None:
    for name in ("x-app-usage", "x-business-use-case-usage"):
        reading = read(PAGE, recorded("facebook_page/tagged.json"), {name: usage})
        assert reading.ttl == (None if hours is None else timedelta(hours=hours))


def test_letters_among_what_an_account_is_told_are_no_mentions_and_their_bytes_are_not_kept() -> None:
    sources: Sequence[tuple[Community, str, int]] = [
        (Reddit(name="s", inbox=True, token_env="T"), "reddit/inbox.json", 2),
        (Mastodon(name="s", instance="https://social.example", notifications=True, token_env="T"),
         "mastodon/notifications.json", 2),
        (Bluesky(name="s", notifications=True, account="us.example", token_env="T"), "bluesky/notifications.json", 2),
    ]  # fmt: skip
    for source, name, number in sources:
        reading = read(source, recorded(name))
        assert len(reading.mentions) == number
        assert not reading.rejected
        assert not any("alone" in one.text for one in reading.mentions)
        assert ("raw" in source.in_force.without) == (source.kind != "bluesky")
    (answer, *_) = read(sources[0][0], recorded("reddit/inbox.json")).mentions
    assert (answer.in_reply_to, answer.context) == ("t1_kx1aaa", "t3_1abcde")


def test_a_thread_with_more_answers_than_it_holds_has_them_asked_for() -> None:
    source = YouTube(name="s", channel="UCpaperfold", token_env="T")
    threads = recorded("youtube/threads.json")
    threads["items"][0]["snippet"]["totalReplyCount"] = 9
    reading = read(source, threads)
    more = next(one for one in reading.requests if "parentId=Ugx001" in one.url)
    comments = recorded("youtube/comments.json")
    del comments["items"][0]["snippet"]["videoId"]
    (answer,) = read(source, comments, purpose=more.purpose, about=more.about).mentions
    assert answer.context == "dQpaperfold"
    assert answer.url.startswith("https://www.youtube.com/watch?v=dQpaperfold&lc=")


# ---- Settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: GoogleBusiness(name="s", account="1", token_env="T"), "`account` and `location`"),
        (lambda: GoogleBusiness(name="s", account="1", location="2"), "token_env"),
        (lambda: GoogleBusiness(name="s", account="1", location="2", client_id_env="C"), "token_env"),
        (
            lambda: GoogleBusiness(name="s", account="1", location="2", token_env="T", client_secret_env="S"),
            "client_id",
        ),
        (lambda: FacebookPage(name="s", token_env="T"), "`page`"),
        (lambda: Instagram(name="s", token_env="T"), "`account`"),
        (lambda: Bluesky(name="s", notifications=True, token_env="T"), "one of `account`"),
        (lambda: Bluesky(name="s", notifications=True, account="us.example"), "token_env"),
        (lambda: Mastodon(name="s", instance="https://a.example", notifications=True), "token_env"),
        (lambda: Reddit(name="s", inbox=True, client_id_env="C"), "somebody's"),
        (lambda: X(name="s", query="a", token_env="T", client_id_env="C"), "`token_file` alone"),
    ],
)
def test_settings_that_do_not_say_what_is_needed_are_refused(make: Any, expected: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        make()
    assert expected in str(caught.value)


def test_an_application_of_reddit_may_ask_on_its_own_behalf() -> None:
    source = Reddit(name="s", subreddit="printing", client_id_env="C", client_secret_env="S")
    assert source.grant is not None
    assert (source.grant.kind, source.grant.basic) == ("client_credentials", True)
    place = secrets_of([source]).place("s", source.url)
    assert place is not None
    assert (place.header, place.grant) == ("Authorization", source.grant)


# ---- Polled ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with Folder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        yield log
        log.close()


class Polls:
    """Polls of sources, hours apart, by one client."""

    def __init__(self, log: EmbeddedLog, *sources: Source) -> None:
        self.log, self.sources, self.now = log, sources, NOW
        self._fetcher = Fetcher(
            contact="https://us.example/bot",
            allow={"localhost", "127.0.0.1"},
            limits=Limits(gap=0, total=5),
            clock=lambda: self.now,
            secrets=secrets_of(sources),
        )

    def poll(self, hours: float = 30) -> PollReport:
        self.now += timedelta(hours=hours)
        return poll_due(self.log, self.sources, self._fetcher, lambda: self.now)

    def health(self, name: str) -> tuple[str, str]:
        """What `overheard sources` says of a source, and what to do."""
        source = next(one for one in self.sources if one.name == name)
        state = load_states(self.log, [source_key(name)])[source_key(name)]
        found = health_of(source, state, None, None, self.now)
        return found.message, found.advice

    def kept(self) -> bytes:
        """All that is on any topic."""
        found = b""
        for topic in TOPICS:
            for partition in range(TOPICS[topic].partitions):
                for record in self.log.read(topic, partition, 0, 1_000):
                    found += record.value or b""
                    event = decode(record.value) if topic == "fetches" and record.value else None
                    found += event.data.body if event is not None else b""
        return found


def answered(body: Any, status: int = 200, **headers: str) -> Response:
    return Response(json.dumps(body), status, headers=headers, content_type="application/json; charset=UTF-8")


def test_reviews_are_polled_with_an_exchanged_token_their_edits_are_versions_and_one_that_is_gone_is_deleted(
    log: EmbeddedLog, httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENT_ID", "client-of-ours")
    monkeypatch.setenv("CLIENT_SECRET", "client-s3cret")
    (tmp_path / "refresh").write_text("1//refresh-of-the-owner\n")
    page = "/v4/accounts/101/locations/202/reviews"
    reviews = recorded("google_business/reviews.json")["reviews"]
    for number, one in enumerate(reviews):  # the last changed first, as the service has it
        one["createTime"] = one["updateTime"] = f"2026-11-2{2 - number}T08:00:00Z"
    given = {"exchanges": 0}

    def exchange(_: Request) -> Response:
        given["exchanges"] += 1
        return answered({"access_token": f"ya29.access-{given['exchanges']}", "expires_in": 3599})

    def serve(request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer ya29.access-{given['exchanges']}":
            return answered({"error": {"code": 401, "status": "UNAUTHENTICATED"}}, 401)
        if request.path != page:
            found = [one for one in reviews if request.path == f"{page}/{one['reviewId']}"]
            return answered(found[0]) if found else answered({"error": {"code": 404, "status": "NOT_FOUND"}}, 404)
        if request.args.get("pageToken"):
            return answered({"reviews": reviews[2:], "totalReviewCount": len(reviews)})
        return answered({"reviews": reviews[:2], "totalReviewCount": len(reviews), "nextPageToken": "second"})

    httpserver.expect_request("/token", method="POST").respond_with_handler(exchange)
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /")
    httpserver.expect_request("/v4").respond_with_handler(serve)
    httpserver.expect_request(page).respond_with_handler(serve)
    for one in reviews:
        httpserver.expect_request(f"{page}/{one['reviewId']}").respond_with_handler(serve)
    source = GoogleBusiness(
        name="reviews", account="101", location="202", api=httpserver.url_for("/v4"), auth=httpserver.url_for("/token"),
        client_id_env="CLIENT_ID", client_secret_env="CLIENT_SECRET", token_file=str(tmp_path / "refresh"),
    )  # fmt: skip
    polls = Polls(log, source)
    assert polls.poll().fates == {"collected": 2}, "the first poll reads the first page, and leaves older ones to do"
    reviews[0] |= {"starRating": "FIVE", "updateTime": "2026-11-24T08:00:00Z"}
    assert polls.poll().fates["collected"] == 2, "a new version of one, and the older one"
    assert given["exchanges"] == 2
    gone = reviews.pop(0)
    assert polls.poll().fates["deleted"] == 1
    assert [path for request, _ in httpserver.log if (path := request.path) == f"{page}/{gone['reviewId']}"]
    kept = polls.kept()
    for secret in (b"ya29.access", b"client-s3cret", b"1//refresh", b"client-of-ours"):
        assert secret not in kept


def test_a_page_is_polled_without_its_token_being_kept_though_facebook_repeats_it(
    log: EmbeddedLog, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGE_TOKEN", TOKEN)
    feed, older = recorded("facebook_page/feed.json"), recorded("facebook_page/tagged.json")
    comments = recorded("facebook_page/comments.json")
    api = httpserver.url_for("/v25.0")
    feed["paging"]["next"] = f"{api}/700100/feed?access_token={TOKEN}&limit=25&after=Q2i"
    feed["data"][0]["comments"]["paging"]["next"] = f"{api}/700100_1/comments?access_token={TOKEN}&after=QVFI"

    def serve(request: Request) -> Response:
        assert "access_token" not in request.args
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return answered({"error": {"message": "no token", "code": 104, "type": "OAuthException"}}, 400)
        if request.path.endswith("/comments"):
            return answered(comments)
        if request.args.get("since"):
            return answered({"data": []})
        return answered(older if request.args.get("after") else feed)

    httpserver.expect_request("/v25.0/700100/feed").respond_with_handler(serve)
    httpserver.expect_request("/v25.0/700100_1/comments").respond_with_handler(serve)
    polls = Polls(log, FacebookPage(name="page", page="700100", api=api, token_env="PAGE_TOKEN"))
    # The first poll reads the first page, and all comments on what stands there; later ones what is new.
    assert polls.poll().fates["collected"] == 5
    feed["data"].insert(0, older["data"][0] | {"id": "700100_9", "created_time": "2026-11-24T09:00:00+0000"})
    polls.poll()
    assert b"700100_9" in polls.kept()
    assert {request.path for request, _ in httpserver.log} == {"/v25.0/700100/feed", "/v25.0/700100_1/comments"}
    assert TOKEN.encode() not in polls.kept()


@pytest.mark.parametrize(
    ("error", "headers", "message", "quiet"),
    [
        ({"code": 190, "error_subcode": 463}, {}, "has expired", 0),
        ({"code": 190, "error_subcode": 460}, {}, "password was changed", 0),
        ({"code": 190}, {}, "expired or was withdrawn", 0),
        ({"code": 10}, {}, "pages_read_user_content", 0),
        ({"code": 200}, {}, "pages_read_user_content", 0),
        ({"code": 100, "error_subcode": 33}, {}, "nothing of that id", 0),
        ({"code": 4}, {}, "asked too often", 1),
        ({"code": 17}, {}, "asked too often", 1),
        (
            {"code": 32},
            {"X-Business-Use-Case-Usage": '{"7":[{"estimated_time_to_regain_access":240}]}'},
            "too often",
            4,
        ),
        ({"code": 613}, {}, "asked too often", 1),
        ({"code": 341}, {}, "asked too often", 1),
        ({"code": -1}, {}, "Malformed", 0),
    ],
)
def test_what_meta_refuses_is_said_with_what_to_do_and_the_next_source_is_unharmed(  # noqa: PLR0917
    log: EmbeddedLog, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, error: Any, headers: Any, message: str,
    quiet: int,
) -> None:  # fmt: skip
    monkeypatch.setenv("PAGE_TOKEN", TOKEN)
    monkeypatch.setenv("OTHER_TOKEN", "another-token-of-ours")
    body = {"error": {"message": f"Malformed access token {TOKEN}", "type": "OAuthException", **error}}
    httpserver.expect_request("/v25.0/1/feed").respond_with_response(answered(body, 400, **headers))
    tags = recorded("instagram/tags.json")
    httpserver.expect_request("/v25.0/2/tags").respond_with_json(tags)
    api = httpserver.url_for("/v25.0")
    page = FacebookPage(name="page", page="1", api=api, token_env="PAGE_TOKEN")
    other = Instagram(name="ig", account="2", what="tags", api=api, token_env="OTHER_TOKEN")
    polls = Polls(log, page, other)
    report = polls.poll()
    (problem,) = report.problems
    assert message in problem.message
    assert TOKEN not in problem.message
    said, advice = polls.health("page")
    assert message in said
    assert advice
    state = load_states(log, [source_key("page")])[source_key("page")]
    assert state.outcome == "soft", "it is asked again, when somebody has put it right"
    assert state.next_due >= polls.now + timedelta(hours=quiet)
    polls.poll(hours=5)
    assert b"Unboxing the press" in polls.kept()
    assert TOKEN.encode() not in polls.kept()


def test_a_revoked_consent_is_said_and_works_again_with_a_new_one(
    log: EmbeddedLog, httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENT_ID", "client-of-ours")
    file = tmp_path / "refresh"
    file.write_text("1//revoked-one")

    def exchange(request: Request) -> Response:
        if request.form["refresh_token"] == "1//revoked-one":
            description = "Token has been expired or revoked."
            return answered({"error": "invalid_grant", "error_description": description}, 400)
        return answered({"access_token": "ya29.access", "expires_in": 3599})

    httpserver.expect_request("/token", method="POST").respond_with_handler(exchange)
    httpserver.expect_request("/youtube/v3/commentThreads").respond_with_json(recorded("youtube/threads.json"))
    source = YouTube(
        name="videos", channel="UCpaperfold", api=httpserver.url_for("/youtube/v3"), auth=httpserver.url_for("/token"),
        client_id_env="CLIENT_ID", token_file=str(file),
    )  # fmt: skip
    polls = Polls(log, source)
    assert polls.poll().fates == {}
    said, advice = polls.health("videos")
    assert "the refresh token expired, was withdrawn" in said
    assert "Sign in with the service once more" in said
    assert "Do what the message says" in advice
    file.write_text("1//new-one")
    assert polls.poll().fates["collected"]
    sent = [request for request, _ in httpserver.log if request.path.endswith("/commentThreads")]
    assert {one.headers["Authorization"] for one in sent} == {"Bearer ya29.access"}
    assert not any(one.headers.get("X-Goog-Api-Key") for one in sent)
