"""Answers of services in which one thing is odd: it is read for what it is, and costs nothing that stands beside it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.collectors.base import Deletion, Reading
from overheard.collectors.communities.bluesky import read_posts as read_bluesky
from overheard.collectors.communities.community import oldest_of
from overheard.collectors.communities.discourse import read_posts as read_discourse
from overheard.collectors.communities.facebook_page import read_page as read_facebook
from overheard.collectors.communities.github import read_written as read_github
from overheard.collectors.communities.hackernews import read_items as read_hackernews
from overheard.collectors.communities.mastodon import read_statuses as read_mastodon
from overheard.collectors.communities.reddit import read_listing as read_reddit
from overheard.collectors.communities.stackexchange import read_items as read_stackexchange
from overheard.collectors.communities.youtube import read_items as read_youtube
from overheard.errors import InputError
from overheard.records import Fetch

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SECOND = int(NOW.timestamp())


def fetch(document: Any, url: str = "https://m.example/api") -> Fetch:
    body = json.dumps(document).encode()
    return Fetch(id="f", source="s", url=url, final_url=url, status=200, body=body, at=NOW)


def ids(reading: Reading) -> list[str]:
    assert reading.rejected == ()
    return [one.native_id for one in reading.mentions]


def gone(reading: Reading) -> list[str]:
    assert (reading.rejected, reading.mentions) == ((), ())
    return [one.mention.native_id for one in reading.deletions]


def asked(url: str) -> Mapping[str, str]:
    return {name: value for name, (value, *_) in parse_qs(urlsplit(url).query).items()}


# ---- Mastodon --------------------------------------------------------------------------------------------------------

STATUS: dict[str, Any] = {
    "id": "1", "uri": "https://m.example/users/a/statuses/1", "url": "https://m.example/@a/1", "visibility": "public",
    "content": "<p>My lamp flickers</p>", "created_at": "2026-11-20T10:00:00Z",
    "account": {"id": "7", "acct": "a", "url": "https://m.example/@a"},
}  # fmt: skip


@pytest.mark.parametrize(
    "uri",
    ["tag:m.example,2017-04-01:objectId=1:objectType=Status", "tag:social.m.example,2017:1", "TAG:it@M.example,2017:1"],
)
def test_a_status_that_is_known_by_a_tag_has_the_address_that_the_site_of_the_tag_gives(uri: str) -> None:
    (mention,) = read_mastodon(fetch([STATUS | {"uri": uri}])).mentions
    assert (mention.native_id, mention.url) == (uri, "https://m.example/@a/1")
    assert mention.aliases[0] == "https://m.example/@a/1"


@pytest.mark.parametrize("uri", ["tag:herald.example,2017:1", "tag:m.example:1", "tag:m.example@herald.example,2017:1"])
def test_of_a_tag_of_another_site_there_is_no_address(uri: str) -> None:
    (mention,) = read_mastodon(fetch([STATUS | {"uri": uri}])).mentions
    assert mention.url == ""
    assert not any("@a" in one for one in mention.aliases)


def test_where_a_status_is_shown_at_another_site_than_it_is_known_at_its_own_counts() -> None:
    uri = "https://www.threads.net/ap/users/1/post/2/"
    (mention,) = read_mastodon(fetch([STATUS | {"uri": uri, "url": "https://www.threads.com/@a/post/2"}])).mentions
    assert mention.url == uri
    assert not any("threads.com" in one for one in mention.aliases)


def test_a_notification_in_which_nobody_says_anything_is_nothing_and_harms_none_beside_it() -> None:
    silent = [
        {"id": "1", "type": "follow", "account": {}},
        {"id": "2", "type": "admin.report", "account": {}, "report": {"id": "5"}},
        {"id": "3", "type": "favourite", "account": {}, "status": None},
    ]
    assert read_mastodon(fetch(silent)) == Reading()
    mention = {"id": "4", "type": "mention", "account": {}, "status": STATUS}
    assert ids(read_mastodon(fetch([*silent, mention]))) == [STATUS["uri"]]


@pytest.mark.parametrize("kind", ["mention", "status", "quote"])
def test_a_notification_that_must_have_a_status_and_has_none_is_said(kind: str) -> None:
    good = {"id": "4", "type": "mention", "account": {}, "status": STATUS}
    reading = read_mastodon(fetch([{"id": "1", "type": kind, "account": {}}, good]))
    assert (len(reading.mentions), len(reading.rejected)) == (1, 1)


@pytest.mark.parametrize("answer", [{"type": "error", "title": "Gone"}, [{"type": "Create", "object": {}}]])
def test_what_has_a_type_and_is_no_notification_is_no_answer_of_mastodon(answer: Any) -> None:
    with pytest.raises(InputError, match="expected statuses"):
        read_mastodon(fetch(answer))


# ---- Reddit ----------------------------------------------------------------------------------------------------------

POST: dict[str, Any] = {
    "name": "t3_a", "title": "My lamp flickers", "selftext": "It does", "author": "ann", "created_utc": SECOND,
    "permalink": "/r/lamps/comments/a/x/",
}  # fmt: skip
TAKEN = [
    "[deleted]", "[removed]", "[ Removed by Reddit ]", "[deleted by user]", "[ Removed by moderator ]",
    "[removed by reddit]", "[ Removed by reddit in response to a copyright notice. ]",
    "[ Removed by Reddit on account of violating the [content policy](/help/contentpolicy). ]\n",
]  # fmt: skip
LIVE = [
    "[deleted] my account, the lamp stays", "[removed by user] said one label [1]", "[deleted by user error, I think]",
    "I saw [removed]", "[ Removed by Reddit ] is all I see", "[Removed by Reddit mods for asking about my lamp]",
    "[removed by mistake]", "[deletedscenes]", "[]",
]  # fmt: skip


@pytest.mark.parametrize("said", TAKEN)
def test_what_reddit_its_author_or_a_moderator_took_away_is_deleted(said: str) -> None:
    assert gone(read_reddit(fetch({"kind": "t3", "data": POST | {"selftext": said}}))) == ["t3_a"]
    comment = {"name": "t1_b", "body": said, "author": "ann", "created_utc": SECOND, "link_id": "t3_a"}
    assert gone(read_reddit(fetch({"kind": "t1", "data": comment}))) == ["t1_b"]


@pytest.mark.parametrize("said", LIVE)
def test_what_only_looks_like_taken_away_is_read(said: str) -> None:
    assert ids(read_reddit(fetch({"kind": "t3", "data": POST | {"selftext": said}}))) == ["t3_a"]
    assert ids(read_reddit(fetch({"kind": "t3", "data": POST | {"title": said, "selftext": ""}}))) == ["t3_a"]


@pytest.mark.parametrize("title", ["[deleted by user]", "[ Removed by Reddit ]", "[ Removed by moderator ]"])
@pytest.mark.parametrize("sign", [{"removed_by_category": "moderator"}, {"author": "[deleted]"}, {"author": None}])
def test_a_link_of_which_the_title_was_taken_away_is_deleted(title: str, sign: Any) -> None:
    post = POST | {"title": title, "selftext": "", "url": "https://i.example/1.png"} | sign
    assert gone(read_reddit(fetch({"kind": "t3", "data": post}))) == ["t3_a"]


@pytest.mark.parametrize(
    "other", [{"title": "[deleted by user]", "selftext": ""}, {"title": "[deleted by user]", "author": "[deleted]"}]
)
def test_a_title_alone_takes_nothing_away_from_somebody_who_is_there_nor_from_a_text(other: Any) -> None:
    assert ids(read_reddit(fetch({"kind": "t3", "data": POST | other}))) == ["t3_a"]


# ---- Pages, newest first ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slip", [0, -1, 5, SECOND - 3 * 365 * 86_400])
@pytest.mark.parametrize("place", [0, 50, 99])
def test_one_wrong_time_leaves_out_none_of_what_is_older(slip: int, place: int) -> None:
    times = [SECOND - 60 * number for number in range(100)]
    times[place] = slip
    hits = [{"objectID": str(100 + i), "created_at_i": at, "author": "a", "title": "t"} for i, at in enumerate(times)]
    oldest = min(one for one in times if one != slip)
    there = read_hackernews(fetch({"hits": hits, "nbPages": 5}, "https://hn.example/api/v1/search_by_date?query=a"))
    assert asked(there.next_page)["numericFilters"] == f"created_at_i<={oldest}"
    items = [{"question_id": i + 1, "creation_date": at, "title": "t", "body": "b"} for i, at in enumerate(times)]
    url = "https://se.example/2.3/questions?site=superuser&sort=creation"
    assert asked(read_stackexchange(fetch({"items": items, "has_more": True}, url)).next_page)["todate"] == str(oldest)


@pytest.mark.parametrize(
    ("numbers", "before"), [([1000, 0, 998], 998), ([1000, -4, 998], 998), ([1000, 999, 998, 997, 5], 997)]
)
def test_one_wrong_number_of_a_post_ends_no_paging(numbers: list[int], before: int) -> None:
    posts = [{"id": n, "topic_id": n, "post_number": 1, "username": "a", "cooked": "b"} for n in numbers]
    reading = read_discourse(fetch({"latest_posts": posts}, "https://f.example/posts.json"))
    assert asked(reading.next_page) == {"before": str(before)}


@given(st.lists(st.one_of(st.none(), st.integers(-5, 2**53)), max_size=30))
def test_the_oldest_of_a_page_is_one_of_it_and_each_page_leads_further(numbers: list[int | None]) -> None:
    able = {one for one in numbers if one is not None and one > 0}
    oldest = oldest_of(numbers)
    assert (oldest in able) if able else oldest is None
    assert oldest is None or len(able) < 2 or oldest < max(able)


@given(st.lists(st.integers(1, 8), min_size=8, max_size=60), st.integers(-5, SECOND // 2), st.integers(0, 60))
def test_the_oldest_of_an_even_page_is_its_least_and_one_that_is_far_off_is_not(
    gaps: list[int], slip: int, place: int
) -> None:
    times = [SECOND - sum(gaps[:count]) for count in range(len(gaps) + 1)]
    assert oldest_of(times) == times[-1]
    assert oldest_of([*times[:place], slip, *times[place:]]) == times[-1]
    assert oldest_of([*times[:place], 1_000 * SECOND, *times[place:]]) == times[-1]


@given(st.lists(st.integers(1, 10**8), min_size=1, max_size=60, unique=True), st.integers(0, 19))
def test_however_uneven_times_are_page_by_page_all_are_seen(gaps: list[int], place: int) -> None:
    times = [10**10 - sum(gaps[:count]) for count in range(len(gaps))]
    seen: set[int] = set()
    bound = 10**10
    for _ in range(len(times)):
        page = [one for one in times if one <= bound][:20]
        seen |= set(page)
        oldest = oldest_of([*page[:place], 5, *page[place:]] if len(page) > 2 else page)
        assert oldest is not None
        if oldest == bound:
            break
        bound = oldest
    assert seen == set(times)


# ---- GitHub ----------------------------------------------------------------------------------------------------------

RELEASE = {
    "id": 1, "html_url": "https://github.com/a/b/releases/tag/v1", "tag_name": "v1", "name": "Quiet", "body": "Less",
    "author": {"login": "ann"}, "created_at": "2026-11-20T10:00:00Z",
}  # fmt: skip
ISSUE = {"html_url": "https://github.com/a/b/issues/4", "title": "It jams", "body": "Often", "user": {"login": "ann"}}
HOME = {"repository": {"full_name": "a/b"}, "sender": {"login": "ann"}}


@pytest.mark.parametrize("draft", [True, False])
def test_a_release_that_is_unpublished_is_deleted(draft: bool) -> None:
    payload = {"action": "unpublished", "release": RELEASE | {"draft": draft, "published_at": None}, **HOME}
    assert gone(read_github(fetch(payload))) == ["a/b/releases/tag/v1"]


def test_an_issue_that_is_transferred_is_deleted_where_it_was() -> None:
    assert gone(read_github(fetch({"action": "transferred", "issue": ISSUE, **HOME}))) == ["a/b/issues/4"]


@pytest.mark.parametrize("action", [["deleted"], {}, None, 3])
def test_an_odd_action_takes_nothing_away(action: Any) -> None:
    assert ids(read_github(fetch({"action": action, "issue": ISSUE, **HOME}))) == ["a/b/issues/4"]


def test_a_pull_request_that_an_event_only_numbers_is_nothing_in_a_list_of_events() -> None:
    trimmed = {"id": 5, "number": 5, "url": "https://api.github.com/repos/a/b/pulls/5", "head": {}, "base": {}}
    event = {"id": "1", "type": "PullRequestEvent", "payload": {"action": "opened", "pull_request": trimmed}}
    issue = {"id": "2", "type": "IssuesEvent", "payload": {"action": "opened", "issue": ISSUE}}
    assert read_github(fetch([event])) == Reading()
    assert ids(read_github(fetch([event, issue]))) == ["a/b/issues/4"]
    for alone in (event, {"action": "opened", "pull_request": trimmed, **HOME}):
        assert len(read_github(fetch(alone)).rejected) == 1
    assert len(read_github(fetch([trimmed])).rejected) == 1


# ---- Bluesky ---------------------------------------------------------------------------------------------------------


def test_in_a_flat_thread_what_is_not_found_is_deleted_and_what_may_not_be_seen_left_out() -> None:
    def node(key: str, kind: str) -> dict[str, Any]:
        uri = f"at://did:plc:ann/app.bsky.feed.post/{key}"
        return {"uri": uri, "depth": -1, "value": {"$type": f"app.bsky.unspecced.defs#threadItem{kind}"}}

    said = node("4", "Post")
    said["value"]["post"] = {
        "uri": said["uri"], "author": {"did": "did:plc:ann", "handle": "ann.example"},
        "record": {"$type": "app.bsky.feed.post", "text": "My lamp flickers", "createdAt": "2026-11-20T10:00:00Z"},
    }  # fmt: skip
    missing, odd = node("1", "NotFound"), node("5", "Post")
    blocked = [node("2", "Blocked"), node("3", "NoUnauthenticated")]
    reading = read_bluesky(fetch({"thread": [missing, *blocked, said]}))
    assert ids(reading) == [said["uri"]]
    assert [one.mention.native_id for one in reading.deletions] == [missing["uri"]]
    assert len(read_bluesky(fetch({"thread": [odd]})).rejected) == 1
    odd["value"]["$type"] = ["app.bsky.unspecced.defs#threadItemNotFound"]
    assert read_bluesky(fetch({"thread": [odd]})).deletions == ()


# ---- YouTube ---------------------------------------------------------------------------------------------------------


def listed(title: str, **more: str) -> Reading:
    snippet = {
        "title": title, "description": "This video is unavailable.", "channelId": "UCours", "channelTitle": "Our lamps",
        "publishedAt": "2026-11-20T10:00:00Z", "resourceId": {"kind": "youtube#video", "videoId": "abcdefghijk"}, **more
    }  # fmt: skip
    item = {"kind": "youtube#playlistItem", "id": "UEx", "snippet": snippet}
    return read_youtube(fetch({"items": [item]}, "https://yt.example/youtube/v3/playlistItems"))


def test_a_deleted_video_in_a_playlist_is_deleted_and_a_private_one_nothing() -> None:
    (deletion,) = listed("Deleted video").deletions
    assert isinstance(deletion, Deletion)
    assert deletion.mention.url == "https://www.youtube.com/watch?v=abcdefghijk"
    assert deletion.mention.attributed_to is None
    assert gone(listed("Deleted video")) == ["abcdefghijk"]
    assert listed("Private video") == Reading()


def test_a_video_that_is_called_deleted_by_whoever_made_it_is_read() -> None:
    assert ids(listed("Deleted video", videoOwnerChannelId="UCann", videoOwnerChannelTitle="Ann")) == ["abcdefghijk"]
    assert ids(listed("Deleted video: what was in it")) == ["abcdefghijk"]


# ---- Discourse -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "base"),
    [
        ("/community/posts.json", "/community"), ("/community/posts.json?before=4", "/community"),
        ("/community/t/7.json", "/community"), ("/a/b/search.json?q=lamp", "/a/b"), ("/community/", "/community"),
        ("/community/latest.json?order=created", "/community"), ("/community/c/posts/4.json", "/community"),
        ("/posts.json", ""), ("/t/7.json", ""), ("/c/news/l/latest.json", ""), ("/tag/t/l/top.json", ""),
        ("/", ""), ("", ""), ("/something/else.json", ""), ("/u/posts/activity.json", ""), ("//posts.json", ""),
    ],
)  # fmt: skip
def test_a_forum_in_a_folder_of_a_site_has_its_addresses_there_and_ids_that_name_the_host_alone(
    path: str, base: str
) -> None:
    post = {"id": 9, "topic_id": 7, "topic_slug": "s", "post_number": 2, "username": "u", "cooked": "<p>b</p>"}
    (mention,) = read_discourse(fetch({"latest_posts": [post]}, f"https://f.example{path}")).mentions
    assert mention.attributed_to is not None
    assert mention.url == f"https://f.example{base}/t/s/7/2"
    assert mention.attributed_to.url == f"https://f.example{base}/u/u"
    assert (mention.platform, mention.native_id) == ("f.example", "7/2")


def test_the_next_page_of_topics_is_where_a_forum_in_a_folder_says() -> None:
    topics = {"topics": [{"id": 7, "title": "It jams"}], "more_topics_url": "/community/latest?page=1"}
    reading = read_discourse(fetch({"topic_list": topics}, "https://f.example/community/latest.json"))
    assert reading.next_page == "https://f.example/community/latest.json?page=1"


# ---- Facebook --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_as", "url"),
    [
        ("/9/videos/1/", "https://www.facebook.com/9/videos/1/"),
        ("https://www.facebook.com/9/posts/1", "https://www.facebook.com/9/posts/1"),
        ("javascript:alert(1)", "https://www.facebook.com/9_1"),
        (None, "https://www.facebook.com/9_1"),
    ],
)
def test_the_permalink_of_a_post_may_be_told_without_its_site(given_as: str | None, url: str) -> None:
    post = {"id": "9_1", "message": "My lamp", "created_time": "2026-11-20T10:00:00+0000", "permalink_url": given_as}
    (mention,) = read_facebook(fetch({"data": [post]}, "https://graph.example/v1/9/feed")).mentions
    assert mention.url == url
    (deletion,) = read_facebook(fetch({"data": [post | {"is_hidden": True}]})).deletions
    assert deletion.mention.url == url
