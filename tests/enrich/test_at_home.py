"""What is said where a firm is at home is about it by being there: polled, winnowed and enriched as in use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from overheard.collectors.base import Source
from overheard.collectors.communities.bluesky import Bluesky
from overheard.collectors.communities.facebook_page import FacebookPage
from overheard.collectors.communities.google_business import GoogleBusiness
from overheard.collectors.communities.instagram import Instagram
from overheard.collectors.communities.mastodon import Mastodon
from overheard.collectors.communities.reddit import Reddit
from overheard.collectors.communities.x import X
from overheard.collectors.communities.youtube import YouTube
from overheard.collectors.fetching.fetch import Fetcher, Limits
from overheard.collectors.polling.poller import poll_due
from overheard.enrich.stage import DROPPED, ENRICHED, EnrichStage
from overheard.enrich.winnow import Winnow
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.matcher.identity.directory import Directory
from overheard.matcher.incidents import make_incident
from overheard.matcher.match import Match
from overheard.records import EnrichedMention, decode
from overheard.wiring.secrets import secrets_of
from tests.enrich.conftest import NOW
from tests.enrich.making import a_mention, a_term, mention_record

REVIEWS = {
    "reviews": [
        {"reviewId": "r1", "starRating": "ONE", "comment": "Terrible. It leaks and nobody answers the phone."},
        {"reviewId": "r2", "starRating": "FIVE", "comment": "Lovely people, fast delivery."},
    ]
}


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedLog]:
    monkeypatch.setenv("OWN_TOKEN", "token-of-the-owner")
    with Folder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        yield log
        log.close()


def enriched(log: EmbeddedLog, source: Source, stage: EnrichStage) -> dict[str, EnrichedMention]:
    """What comes of a source that is polled once, by native id."""
    fetcher = Fetcher(
        contact="https://us.example/bot",
        allow={"localhost", "127.0.0.1"},
        limits=Limits(gap=0, total=5),
        clock=lambda: NOW,
        secrets=secrets_of([source]),
    )
    poll_due(log, [source], fetcher, lambda: NOW)
    found = {}
    for partition in range(12):
        start, end = log.span("mentions", partition)
        for output in stage.process(log.read("mentions", partition, start, end)).outputs:
            event = decode(output.value or b"")
            found[event.data.mention.native_id] = event.data
    return found


def location(httpserver: HTTPServer, *about: str) -> GoogleBusiness:
    httpserver.expect_request("/v4/accounts/1/locations/2/reviews").respond_with_json(REVIEWS)
    api = httpserver.url_for("/v4")
    return GoogleBusiness(name="reviews", account="1", location="2", api=api, token_env="OWN_TOKEN", about=about)


def test_a_review_of_one_s_own_shop_passes_though_it_names_nothing_that_is_watched(
    log: EmbeddedLog, httpserver: HTTPServer, stage: EnrichStage
) -> None:
    stage.watch(Winnow([a_term("korvex")]), 7)
    found = enriched(log, location(httpserver), stage)
    assert found.keys() == {"r1", "r2"}
    assert [(one.reason, one.by) for one in found["r1"].passed] == [("always", "reviews")]
    assert not found["r1"].targets


def test_it_is_about_what_the_settings_say_and_says_what_it_says_of_that(
    log: EmbeddedLog, httpserver: HTTPServer, stage: EnrichStage
) -> None:
    stage.watch(Winnow([a_term("korvex"), a_term("paperfold")]), 7)
    found = enriched(log, location(httpserver, "korvex", "no such term"), stage)
    assert [one.by for one in found["r1"].passed] == ["korvex", "reviews"]
    assert [(one.target, one.polarity) for one in found["r1"].targets] == [("korvex", "negative")]
    assert [(one.target, one.polarity) for one in found["r2"].targets] == [("korvex", "positive")]
    assert {one.target for one in found["r1"].intents} == {"korvex"}
    incident = make_incident(found["r1"], Match((), False, 0), Directory(), NOW)
    assert incident.about == ("korvex",)


def test_what_it_names_itself_is_judged_by_what_it_says_of_that(stage: EnrichStage) -> None:
    stage.watch(Winnow([a_term("korvex"), a_term("paperfold")]), 7)
    mention = a_mention("We love the great Korvex. The Paperfold is terrible, a total waste.", about=("korvex",))
    (output,) = stage.process([mention_record(mention)]).outputs
    targets = decode(output.value or b"").data.targets
    assert [(one.target, one.polarity) for one in targets] == [("korvex", "positive"), ("paperfold", "negative")]


def test_what_is_said_elsewhere_passes_by_what_it_says(stage: EnrichStage) -> None:
    stage.watch(Winnow([a_term("korvex")]), 7)
    records = [mention_record(a_mention("Lovely people.", "1")), mention_record(a_mention("Lovely.", "2", own=True))]
    assert stage.process(records).fates == {ENRICHED: 1, DROPPED: 1}


@pytest.mark.parametrize(
    ("source", "own"),
    [
        (GoogleBusiness(name="s", account="1", location="2", token_env="T"), True),
        (FacebookPage(name="s", page="1", token_env="T"), True),
        (FacebookPage(name="s", page="1", what="tagged", token_env="T"), True),
        (Instagram(name="s", account="1", token_env="T"), True),
        (Mastodon(name="s", instance="https://a.example", notifications=True, token_env="T"), True),
        (Mastodon(name="s", instance="https://a.example", tag="lathes"), False),
        (Bluesky(name="s", notifications=True, account="us.example", token_env="T"), True),
        (Bluesky(name="s", query="korvex"), False),
        (Reddit(name="s", inbox=True, token_env="T"), True),
        (Reddit(name="s", subreddit="printing", token_env="T"), False),
        (YouTube(name="s", channel="UC1", token_env="T"), False),
        (X(name="s", query="korvex", token_env="T"), False),
    ],
)
def test_who_asks_as_the_owner_of_an_account_asks_for_what_is_about_them(source: Source, own: bool) -> None:
    assert source.is_own == own
    assert (source.reads_back is not None) == (own or source.kind == "youtube")
