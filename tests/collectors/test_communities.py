"""Answers of the communities' services as mentions: what each says, and what becomes of what is not as expected."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.collectors.base import Reading
from overheard.collectors.communities.bluesky import Bluesky
from overheard.collectors.communities.community import Community
from overheard.collectors.communities.discourse import Discourse
from overheard.collectors.communities.facebook_page import FacebookPage
from overheard.collectors.communities.github import GitHub
from overheard.collectors.communities.google_business import GoogleBusiness
from overheard.collectors.communities.hackernews import HackerNews
from overheard.collectors.communities.instagram import Instagram
from overheard.collectors.communities.mastodon import Mastodon
from overheard.collectors.communities.reddit import Reddit
from overheard.collectors.communities.stackexchange import StackExchange
from overheard.collectors.communities.x import X
from overheard.collectors.communities.youtube import YouTube
from overheard.errors import InputError
from overheard.identities import identities_of_actor
from overheard.records import Actor, Fetch, Mention, ProfileLink
from overheard.testing import Recording, recordings_in

NOW = datetime(2026, 11, 22, tzinfo=UTC)
RECORDINGS = Path(__file__).parents[1] / "contracts" / "recordings"
SOURCES: Mapping[str, Community] = {
    one.kind: one
    for one in (
        Mastodon(name="s", instance="https://social.example", tag="paperfold"),
        Bluesky(name="s", query="paperfold"),
        HackerNews(name="s", query="paperfold"),
        Reddit(name="s", subreddit="printing", token_env="T"),
        GitHub(name="s", repository="paperfold/driver"),
        Discourse(name="s", instance="https://forum.example"),
        StackExchange(name="s", site="superuser"),
        YouTube(name="s", video="dQpaperfold", token_env="T"),
        X(name="s", query="paperfold", token_env="T"),
        GoogleBusiness(name="s", account="101", location="202", token_env="T"),
        FacebookPage(name="s", page="700100", token_env="T"),
        Instagram(name="s", account="17841400000000001", username="paperfold", token_env="T"),
    )
}
ANSWERS = [(kind, one) for kind in SOURCES for one in recordings_in(RECORDINGS / kind)]


def read(kind: str, answer: Any, url: str = "", headers: Mapping[str, str] | None = None) -> Reading:
    source = SOURCES[kind]
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    at = url or source.url
    return source.read(
        Fetch(id="f", source="s", url=at, final_url=at, status=200, headers=dict(headers or {}), body=body, at=NOW)
    )


def recorded(kind: str, name: str) -> Any:
    return json.loads((RECORDINGS / kind / name).read_bytes())


def named(reading: Reading) -> dict[str, Mention]:
    return {one.native_id: one for one in reading.mentions}


def author(mention: Mention) -> Actor:
    assert mention.attributed_to is not None
    return mention.attributed_to


# ---- Settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Mastodon(name="s", tag="a"), "instance"),
        (lambda: Mastodon(name="s", instance="https://a.example"), "one of `tag`"),
        (lambda: Mastodon(name="s", instance="https://a.example", tag="a", public=True), "`tag` and `public`"),
        (lambda: Mastodon(name="s", instance="https://a.example", query="a"), "`token_env` or `token_file`"),
        (lambda: Bluesky(name="s"), "one of `query`"),
        (lambda: HackerNews(name="s", query="a", item=3), "`query` and `item`"),
        (lambda: Reddit(name="s", subreddit="a"), "`token_env`"),
        (lambda: Reddit(name="s", query="a", post="b", token_env="T"), "`query` and `post`"),
        (lambda: GitHub(name="s"), "one of `repository`"),
        (lambda: Discourse(name="s", instance="https://a.example", topic=3, query="a"), "got both"),
        (lambda: StackExchange(name="s", what="answers", tag="a"), "what = 'questions'"),
        (lambda: YouTube(name="s", query="a"), "`token_env`"),
        (lambda: X(name="s", query="a"), "`token_env`"),
        (lambda: X(name="s", query="a", token_env="T", url="https://evil.example/"), "no `url`"),
    ],
)
def test_settings_that_do_not_say_what_is_followed_are_refused(make: Callable[[], Community], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        make()


def test_the_address_follows_from_what_is_followed() -> None:
    a = "https://a.example/"
    assert Mastodon(name="s", instance=a, tag="#füße").url == (
        "https://a.example/api/v1/timelines/tag/f%C3%BC%C3%9Fe?limit=40"
    )
    assert Mastodon(name="s", instance=a, account="@b@c.example").url.endswith("/accounts/lookup?acct=b%40c.example")
    assert "q=%22a+b%22&sort=latest" in Bluesky(name="s", query='"a b"').url
    assert HackerNews(name="s", item=8863).url == "https://hn.algolia.com/api/v1/items/8863"
    assert "/r/a/search?" in Reddit(name="s", subreddit="a", query="b", token_file="t").url
    assert GitHub(name="s", repository="a/b", what="releases").url.endswith("/repos/a/b/releases?per_page=100")
    assert Discourse(name="s", instance=a, topic=7).url == "https://a.example/t/7.json"
    assert "tagged=ink" in StackExchange(name="s", tag="ink").url
    assert "key" not in YouTube(name="s", query="a", token_env="T").url
    again = msgspec.structs.replace(HackerNews(name="s", item=8863), name="t")
    assert again.url.endswith("/8863")


def test_an_account_of_mastodon_is_looked_up_and_then_its_statuses_are_asked_for() -> None:
    source = Mastodon(name="s", instance="https://social.example", account="asha")
    account = recorded("mastodon", "tag.json")[1]["account"]
    fetch = Fetch(
        id="f", source="s", url=source.url, final_url="", status=200, body=json.dumps(account).encode(), at=NOW
    )
    (further,) = source.read(fetch).requests
    assert further.url == "https://social.example/api/v1/accounts/101/statuses?limit=40&exclude_reblogs=true"
    statuses = msgspec.structs.replace(
        fetch, url=further.url, purpose=further.purpose, body=json.dumps(recorded("mastodon", "tag.json")).encode()
    )
    assert len(source.read(statuses).mentions) == 3
    with pytest.raises(InputError, match="Record not found"):
        source.read(msgspec.structs.replace(fetch, body=b'{"error": "Record not found"}'))


# ---- What each service tells -----------------------------------------------------------------------------------------


def test_mastodon() -> None:
    reading = read(
        "mastodon", recorded("mastodon", "tag.json"), headers={"link": '<https://social.example/p>; rel="next"'}
    )
    said = named(reading)
    first = said["https://social.example/users/asha/statuses/9001"]
    answer = said["https://other.example/users/ben/statuses/9002"]
    poll = said["https://third.example/users/cy_prints/statuses/9003"]
    assert reading.next_page == "https://social.example/p"
    assert first.content == (
        "The new Paperfold 200 jams on thick paper. #paperfold https://rao.example/jam\n"
        "A sheet stuck between two rollers"
    )
    assert (first.links, first.tag, first.language) == (("https://rao.example/jam",), ("paperfold",), "en")
    assert (first.likes, first.shares, first.replies, first.generator) == (4, 2, 1, "Tusky")
    assert first.url == "https://social.example/@asha/9001"
    assert author(first) == Actor(
        platform="mastodon",
        preferred_username="asha@social.example",
        native_id="https://social.example/users/asha",
        name="Asha Rao",
        url="https://social.example/@asha",
        summary="Runs the press at rao.example",
        links=(ProfileLink(url="https://rao.example", verified=True), ProfileLink(url="https://rao.example/")),
    )
    assert author(answer).preferred_username == "ben@other.example"
    assert answer.in_reply_to == answer.context == first.native_id
    assert answer.updated == datetime(2026, 11, 20, 10, 5, tzinfo=UTC)
    assert (poll.type, poll.content.splitlines()[0]) == ("Question", "Print shop talk")
    assert poll.content.endswith("A Paperfold\nNone at all")


def test_of_mastodon_a_share_is_what_it_shares_and_a_letter_is_left_out() -> None:
    first, *rest = recorded("mastodon", "tag.json")
    share = {**rest[0], "id": "1", "uri": "https://x.example/1", "content": "", "reblog": first}
    letters = [{**rest[1], "visibility": one} for one in ("private", "direct")]
    reading = read("mastodon", [share, *letters])
    assert [one.native_id for one in reading.mentions] == [first["uri"]]
    assert not reading.rejected


def test_a_server_vouches_for_addresses_of_the_author_s_own_site_alone() -> None:
    first = recorded("mastodon", "tag.json")[1]
    (mention,) = read("mastodon", [{**first, "url": "https://herald.example/story"}]).mentions
    assert not any("herald" in one for one in (mention.url, *mention.aliases))


def test_an_answer_whose_parent_is_elsewhere_names_where_its_server_tells_of_it() -> None:
    (mention,) = read("mastodon", [recorded("mastodon", "tag.json")[0]]).mentions
    assert mention.in_reply_to == "https://social.example/api/v1/statuses/9001"


def test_bluesky() -> None:
    reading = read("bluesky", recorded("bluesky", "search.json"))
    quoting, answer, first = reading.mentions
    assert "cursor=25" in reading.next_page
    assert first.content == (
        "Paperfold’s new press: https://shop.example/press/paperfold-200 is loud #print\nThe press beside a desk"
    )
    assert (first.tag, first.links) == (("print",), ("https://shop.example/press/paperfold-200",))
    assert first.url == "https://bsky.app/profile/asha.example/post/3lbaa"
    assert author(first).links == (ProfileLink(url="https://asha.example", verified=True),)
    assert author(answer).links == ()
    assert (answer.in_reply_to, answer.context, answer.language) == (first.native_id, first.native_id, "en")
    assert author(quoting).preferred_username == ""
    assert author(quoting).native_id == "did:plc:cccccccccccccccccccccccc"
    assert quoting.links == ("https://bsky.app/profile/did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/post/3lbaa",)
    assert len(read("bluesky", recorded("bluesky", "feed.json")).mentions) == 2


def test_a_post_that_a_thread_of_bluesky_cannot_find_is_deleted() -> None:
    reading = read("bluesky", recorded("bluesky", "thread.json"))
    assert len(reading.mentions) == 2
    (deletion,) = reading.deletions
    assert deletion.mention.native_id.endswith("/3lbad")
    assert deletion.mention.content == ""


def test_facets_that_lie_outside_the_text_or_inside_a_character_are_harmless() -> None:
    answer = recorded("bluesky", "search.json")
    for start, end in ((0, 10_000), (-1, 3), (12, 11), (10, 12), ("a", None)):
        bad = copy.deepcopy(answer)
        bad["posts"][2]["record"]["facets"][0]["index"] = {"byteStart": start, "byteEnd": end}
        assert "Paperfold’s new press: shop.example" in read("bluesky", bad).mentions[2].content


def test_hacker_news() -> None:
    reading = read("hackernews", recorded("hackernews", "search.json"))
    said = named(reading)
    comment, story = said["42000003"], said["42000001"]
    oldest = min(one.published for one in said.values() if one.published)
    assert f"created_at_i%3C%3D{int(oldest.timestamp())}" in reading.next_page
    assert comment.content == "We have one & it works: https://rao.example/jam\nBut the manual is thin."
    assert (comment.in_reply_to, comment.context, comment.name) == ("42000001", "42000001", "")
    assert (story.name, story.links, story.context) == (
        "Paperfold opens its firmware", ("https://paperfold.example/firmware",), ""
    )  # fmt: skip
    assert identities_of_actor(author(story))[0] == "hackernews:handle:asharao"
    assert said["42000000"].content == "We fold a thousand sheets a day"


def test_a_thread_of_hacker_news_is_read_to_its_end_and_what_is_gone_is_deleted() -> None:
    answer = recorded("hackernews", "thread.json")
    deepest = answer["children"][0]
    for number in range(300):
        deepest["children"] = [{**answer["children"][1], "id": 43_000_000 + number, "parent_id": deepest["id"]}]
        deepest = deepest["children"][0]
    reading = read("hackernews", answer)
    assert len(reading.mentions) == 303
    assert [one.mention.native_id for one in reading.deletions] == ["42000005"]
    assert read("hackernews", {"id": 5, "deleted": True, "type": "comment", "time": 1_795_161_600}).deletions
    assert read("hackernews", {"id": 6, "dead": True, "by": "a", "text": "b", "type": "comment"}).deletions


def test_reddit() -> None:
    reading = read("reddit", recorded("reddit", "new.json"))
    said = named(reading)
    post, link, orphan = said["t3_1gabc1"], said["t3_1gabc2"], said["t3_1gabc3"]
    assert "after=t3_1gabc1" in reading.next_page
    assert (post.name, post.content) == ("Paperfold 200 jams", "It jams on thick paper. Does anybody know why?")
    assert post.updated is not None
    assert (author(post).preferred_username, author(post).native_id) == ("asharao", "t2_asha1")
    assert link.links == ("https://rao.example/review",)
    assert (orphan.attributed_to, orphan.content) == (None, "A small one would do for our shop")


def test_a_subreddit_that_there_is_none_of_is_said() -> None:
    # Reddit leads from it to a search for subreddits of that name.
    body = json.dumps({"kind": "Listing", "data": {"children": [{"kind": "t5", "data": {}}]}}).encode()
    source = SOURCES["reddit"]
    led = "https://oauth.reddit.com/subreddits/search?q=printing"
    fetch = Fetch(id="f", source="s", url=source.url, final_url=led, status=200, headers={}, body=body, at=NOW)
    with pytest.raises(InputError, match="there is none of that name"):
        source.read(fetch)


def test_comments_of_reddit_are_read_at_any_depth_and_those_taken_away_are_deleted() -> None:
    gone, second, first = (one["data"] for one in recorded("reddit", "comments.json")["data"]["children"])

    def listing(*comments: Any) -> Any:
        return {"kind": "Listing", "data": {"children": list(comments)}}

    more = {"kind": "more", "data": {"children": ["lx0009"]}}
    below = listing({"kind": "t1", "data": second}, {"kind": "t1", "data": gone}, more)
    post = recorded("reddit", "new.json")["data"]["children"][2]
    reading = read("reddit", [listing(post), listing({"kind": "t1", "data": {**first, "replies": below}})])
    said = named(reading)
    assert said.keys() == {"t3_1gabc1", "t1_lx0001", "t1_lx0002"}
    assert (said["t1_lx0002"].in_reply_to, said["t1_lx0002"].context) == ("t1_lx0001", "t3_1gabc1")
    assert [one.mention.native_id for one in reading.deletions] == ["t1_lx0003"]


def test_reddit_s_escaped_and_unrendered_texts_are_the_same_text() -> None:
    post = recorded("reddit", "new.json")["data"]["children"][2]["data"]
    written = {**post, "title": "A &amp; B", "selftext": "It **jams** &gt; once", "selftext_html": None}
    rendered = {**written, "selftext_html": "&lt;div class=\"md\"&gt;&lt;p&gt;It &lt;strong&gt;jams&lt;/strong&gt; "
                "&amp;gt; once&lt;/p&gt;&lt;/div&gt;"}  # fmt: skip
    for data in (written, rendered):
        (mention,) = read("reddit", {"kind": "t3", "data": data}, "https://oauth.reddit.com/r/printing/new").mentions
        assert (mention.name, mention.content) == ("A & B", "It jams > once")


def test_github() -> None:
    headers = {"link": '<https://api.github.com/x?page=2>; rel="next", <https://api.github.com/x?page=9>; rel="last"'}
    reading = read("github", recorded("github", "issues.json"), headers=headers)
    said = named(reading)
    issue = said["paperfold/driver/issues/41"]
    assert reading.next_page == "https://api.github.com/x?page=2"
    assert issue.content == "It stops after two sheets:\npaper_jam = true\nSee my notes."
    assert (issue.links, issue.tag, issue.updated) == (("https://rao.example/jam",), ("bug",), None)
    assert identities_of_actor(author(issue))[:2] == ("github:handle:asharao", "github:id:51")
    assert said["paperfold/driver/issues/42"].url == "https://github.com/paperfold/driver/pull/42"
    assert said["paperfold/driver/issues/43"].attributed_to is None
    first, second = read("github", recorded("github", "comments.json")).mentions
    assert (first.in_reply_to, first.context, first.updated) == (issue.native_id, issue.native_id, None)
    assert (second.attributed_to, second.content, second.updated is None) == (None, "Same here\nand here", False)
    (release,) = read("github", recorded("github", "releases.json")).mentions
    assert (release.name, release.content) == ("Quiet mode", "A quiet mode\nLess paper jams")


def test_a_text_of_nothing_but_marks_is_taken_as_it_is() -> None:
    issue = {**recorded("github", "issues.json")[2], "body": "![" * 30_000}
    (mention,) = read("github", [issue]).mentions
    assert mention.content == issue["body"]


def test_the_payload_of_a_deletion_deletes_what_it_is_about_and_nothing_else() -> None:
    issue, comment = recorded("github", "issues.json")[2], recorded("github", "comments.json")[0]
    payload = {"action": "deleted", "issue": issue, "comment": comment, "repository": {}, "sender": {}}
    reading = read("github", payload)
    assert [one.mention.native_id for one in reading.deletions] == ["paperfold/driver/issues/41#issuecomment-800001"]
    assert [one.native_id for one in reading.mentions] == ["paperfold/driver/issues/41"]


def test_discourse() -> None:
    said = named(read("discourse", recorded("discourse", "posts.json")))
    first, second, third = said["77/1"], said["77/2"], said["77/3"]
    assert (first.platform, first.name, second.name) == ("forum.example", "Press jams", "")
    assert first.url == "https://forum.example/t/press-jams/77"
    assert (second.content, second.links) == ("Clean the rollers, it helps.", ("https://rao.example/rollers",))
    assert second.updated is not None
    assert (second.in_reply_to, third.in_reply_to, third.context) == ("77/1", "77/2", "77/1")
    assert (author(first).preferred_username, author(first).native_id) == ("asha", "11")
    topics = named(read("discourse", recorded("discourse", "latest.json")))
    assert author(topics["77/1"]).preferred_username == "asha"
    (found,) = read("discourse", recorded("discourse", "search.json")).mentions
    assert (found.native_id, found.content) == ("77/2", "Clean the rollers, it helps.")


def test_posts_of_discourse_that_are_gone_or_not_for_all_are_no_mentions() -> None:
    gone, whisper, plain = copy.deepcopy(recorded("discourse", "posts.json")["latest_posts"])
    gone["deleted_at"] = "2026-11-21T00:00:00Z"
    whisper["post_type"] = 4
    reading = read("discourse", {"latest_posts": [gone, whisper, {**plain, "username": None}]})
    assert [one.mention.native_id for one in reading.deletions] == ["77/3"]
    assert [(one.native_id, one.attributed_to) for one in reading.mentions] == [("77/1", None)]
    letter = {"archetype": "private_message", "id": 77, "post_stream": {"posts": [plain]}}
    assert read("discourse", letter) == Reading()


def test_stack_exchange() -> None:
    url = "https://api.stackexchange.com/2.3/questions?site=superuser"
    reading = read("stackexchange", recorded("stackexchange", "questions.json"), url)
    question, orphan = reading.mentions
    assert "page=2" in reading.next_page
    assert (question.platform, question.name) == ("superuser", "Paperfold stops & blinks on thick paper")
    assert question.content == "It stops after two sheets.\njam = 1"
    assert (question.tag, question.updated is None, orphan.attributed_to) == (("printing", "drivers"), False, None)
    assert (author(question).preferred_username, author(question).native_id) == ("", "301")
    (answer,) = read("stackexchange", recorded("stackexchange", "answers.json"), url).mentions
    assert (answer.in_reply_to, answer.url) == ("1800001", "https://superuser.com/a/1800005")
    reading = read("stackexchange", recorded("stackexchange", "comments.json"), url)
    (comment,) = reading.mentions
    assert (comment.native_id, comment.in_reply_to) == ("comment/2800001", "1800001")
    assert author(comment).name == "Ben ä Ode"
    assert reading.ttl is not None
    assert reading.ttl.total_seconds() == 10


def test_where_the_quota_of_stack_exchange_is_used_up_a_day_passes() -> None:
    reading = read("stackexchange", {"items": [], "has_more": False, "quota_remaining": 0})
    assert reading.ttl is not None
    assert reading.ttl.days == 1


def test_youtube() -> None:
    threads = recorded("youtube", "threads.json")
    threads["items"][0]["replies"] = {"comments": recorded("youtube", "comments.json")["items"]}
    reading = read("youtube", threads)
    said = named(reading)
    first, answer = said["Ugx001"], said["Ugx001.9a"]
    assert len(said) == 3
    assert "pageToken=QURTSl9p" in reading.next_page
    assert (first.in_reply_to, first.context, first.replies) == ("dQpaperfold", "dQpaperfold", 1)
    assert first.url == "https://www.youtube.com/watch?v=dQpaperfold&lc=Ugx001"
    assert (answer.in_reply_to, answer.context, answer.updated is None) == ("Ugx001", "dQpaperfold", False)
    assert (author(first).preferred_username, author(first).native_id) == ("asharao", "UCasha")
    video, _ = read("youtube", recorded("youtube", "search.json")).mentions
    assert (video.type, video.name, author(video).name) == ("Video", "Paperfold 200 & how it jams", "Asha Rao")


def test_x() -> None:
    reading = read("x", recorded("x", "search.json"))
    said = named(reading)
    first, answer = said["1991000000000000001"], said["1991000000000000005"]
    assert "next_token=b26v89c19zqg8o3f" in reading.next_page
    assert first.content == "The Paperfold 200 jams & blinks https://rao.example/jam\nA sheet stuck between rollers"
    assert first.url == "https://x.com/asharao/status/1991000000000000001"
    assert author(first) == Actor(
        platform="x", preferred_username="asharao", native_id="501", name="Asha Rao", url="https://x.com/asharao",
        summary="Runs a press. https://press.example/us",
        links=(ProfileLink(url="https://rao.example"), ProfileLink(url="https://press.example/us")),
    )  # fmt: skip
    assert (answer.in_reply_to, answer.context, answer.tag) == (first.native_id, first.native_id, ("print",))
    gone = author(said["1991000000000000012"])
    assert (gone.preferred_username, gone.native_id, gone.name) == ("", "504", "")


def test_of_x_a_repost_is_what_it_shares_an_edit_a_version_and_what_is_not_found_deleted() -> None:
    reposts = recorded("x", "reposts.json")
    assert named(read("x", reposts)).keys() == {"1991000000000000001", "1991000000000000005"}
    del reposts["includes"]["tweets"]
    missing = {"resource_type": "tweet", "resource_id": "1991000000000000001", "type": "x/not-authorized-for-resource"}
    assert named(read("x", reposts | {"errors": [missing]})).keys() == {"1991000000000000005"}
    alone = named(read("x", reposts))  # the original was not asked for: what was said is all there is of it
    assert len(alone) == 2
    assert [one.links for one in alone.values() if one.native_id != "1991000000000000005"] == [
        ("https://x.com/i/status/1991000000000000001",)
    ]
    edited = recorded("x", "search.json")["data"][0] | {
        "id": "1991000000000000099", "edit_history_tweet_ids": ["1991000000000000012", "1991000000000000099"]
    }  # fmt: skip
    (mention,) = read("x", {"data": [edited]}).mentions
    assert (mention.native_id, mention.url) == ("1991000000000000012", "https://x.com/i/status/1991000000000000099")
    missing = {"resource_type": "tweet", "resource_id": "77", "type": "https://api.x.com/2/problems/resource-not-found"}
    reading = read("x", {"data": [], "errors": [missing]})
    assert [one.mention.native_id for one in reading.deletions] == ["77"]


# ---- Pages -----------------------------------------------------------------------------------------------------------


def in_words(value: Any) -> Any:
    """Return an answer with each id and time that is a number as a text."""
    if isinstance(value, list):
        return [in_words(one) for one in value]
    if not isinstance(value, dict):
        return value
    numbered = {"id", "created_at_i", "creation_date"}
    return {name: str(one) if name in numbered and type(one) is int else in_words(one) for name, one in value.items()}


@pytest.mark.parametrize(
    ("kind", "name"), [("discourse", "posts"), ("hackernews", "search"), ("stackexchange", "questions")]
)
def test_an_older_page_is_known_by_numbers_that_are_written_as_texts(kind: str, name: str) -> None:
    body, url = recorded(kind, f"{name}.json"), SOURCES[kind].url
    if isinstance(body, dict) and "has_more" in body:
        body["has_more"] = True
        url = "https://api.stackexchange.com/2.3/questions?site=stackoverflow&order=desc&sort=creation"
    there = read(kind, body, url).next_page
    assert there
    assert read(kind, in_words(body), url).next_page == there


# ---- Bad input -------------------------------------------------------------------------------------------------------


def body_of(recording: Recording) -> Any:
    return json.loads(recording.body)


def source_read(kind: str, recording: Recording, body: bytes) -> Reading:
    return SOURCES[kind].read(msgspec.structs.replace(recording.fetch(SOURCES[kind]), body=body))


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ANSWERS), st.data())
def test_a_body_that_ends_anywhere_is_a_reading_or_an_error_in_words(
    answer: tuple[str, Recording], data: st.DataObject
) -> None:
    kind, recording = answer
    cut = data.draw(st.integers(0, len(recording.body) - 2))
    with pytest.raises(InputError, match="expected"):
        source_read(kind, recording, recording.body[:cut])


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**40), 10**40), st.floats(), st.text(max_size=20),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from(["\ud800", "\x00", "2100-02-30", "https://[", "A://[", "at://", "t1_", [[]]]),
    st.just({"kind": "t1", "data": None}),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(ANSWERS), st.data())
def test_any_field_may_be_gone_or_of_another_type_and_the_other_items_still_come(
    answer: tuple[str, Recording], data: st.DataObject
) -> None:
    kind, recording = answer
    document = body_of(recording)
    *inside, last = data.draw(st.sampled_from(list(places(document))[1:]))
    at: Any = document
    for key in inside:
        at = at[key]
    if data.draw(st.booleans()):
        del at[last]
    else:
        at[last] = data.draw(JUNK)
    before = source_read(kind, recording, recording.body)
    try:
        reading = source_read(kind, recording, json.dumps(document).encode())
    except InputError as e:
        assert "expected" in str(e)
        return
    assert all("expected" in one.message and recording.url in one.where for one in reading.rejected)
    if (
        len(inside) > 1
        and all(isinstance(key, str | int) for key in inside)
        and any(isinstance(k, int) for k in inside)
    ):
        # One item was changed, with what hangs on it: all others are there.
        lost = {one.id for one in before.mentions} - {one.id for one in reading.mentions}
        assert len(lost) <= max(1, len(before.mentions) - 1)
    assert len({one.id for one in reading.mentions}) == len(reading.mentions)
    msgspec.json.encode(reading.mentions)


@pytest.mark.parametrize(("kind", "recording"), ANSWERS, ids=lambda one: one if isinstance(one, str) else one.name)
def test_ids_may_be_numbers_or_texts(kind: str, recording: Recording) -> None:
    def turned(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: turned(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [turned(one, name) for one in value]
        if name == "id" or name.endswith(("_id", "ID", "Id")):
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
            if isinstance(value, str) and value.isdigit():
                return int(value)
        return value

    before = source_read(kind, recording, recording.body)
    after = source_read(kind, recording, json.dumps(turned(body_of(recording))).encode())
    assert after.mentions == before.mentions
    assert not after.rejected


@pytest.mark.parametrize(("kind", "recording"), ANSWERS, ids=lambda one: one if isinstance(one, str) else one.name)
def test_a_page_that_repeats_itself_gives_each_item_once(kind: str, recording: Recording) -> None:
    def doubled(value: Any) -> Any:
        if isinstance(value, list):
            inner = [doubled(one) for one in value]
            return inner * 2 if inner and isinstance(inner[0], dict) else inner
        return {key: doubled(one) for key, one in value.items()} if isinstance(value, dict) else value

    before = source_read(kind, recording, recording.body)
    after = source_read(kind, recording, json.dumps(doubled(body_of(recording))).encode())
    assert [one.id for one in after.mentions] == [one.id for one in before.mentions]
    assert len(after.deletions) == len(before.deletions)


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize(
    "body",
    [b"", b"   ", b"null", b"17", b'"text"', b"{}", b"[1, 2", b"<html>Too many requests</html>", b"\xff\xfe\x00",
     b'{"error": "Too many requests"}', b'{"errors": [{"message": "expired token"}]}', b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_answer_of_the_service_is_an_error_in_words(kind: str, body: bytes) -> None:
    if (kind, body) == ("google_business", b"{}"):
        assert read(kind, body) == Reading()  # a location without reviews: Google leaves out what is empty
        return
    with pytest.raises(InputError, match="expected"):
        read(kind, body)


@pytest.mark.parametrize(
    ("kind", "answer", "words"),
    [
        ("mastodon", {"error": "This method requires an authenticated user"}, "requires an authenticated user"),
        ("bluesky", {"error": "InvalidRequest", "message": "Params must have q"}, "Params must have q"),
        ("reddit", {"message": "Unauthorized", "error": 401}, "Unauthorized"),
        ("github", {"message": "API rate limit exceeded", "documentation_url": "x"}, "API rate limit exceeded"),
        ("discourse", {"errors": ["You are not permitted to view this"], "error_type": "x"}, "not permitted"),
        ("stackexchange", {"error_id": 502, "error_message": "too many requests", "error_name": "x"}, "too many"),
        ("youtube", {"error": {"code": 403, "message": "quota exceeded", "errors": []}}, "quota exceeded"),
        ("x", {"title": "Unauthorized", "detail": "Unsupported token", "status": 401}, "Unsupported token"),
    ],
)
def test_the_words_of_a_service_that_refuses_are_passed_on(kind: str, answer: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(kind, answer)


@pytest.mark.parametrize("kind", SOURCES)
def test_one_bad_item_is_said_with_its_place_and_is_the_same_in_the_next_poll(kind: str) -> None:
    recording = next(one for kind_, one in ANSWERS if kind_ == kind)
    document = body_of(recording)
    waiting = [document]
    while not (isinstance(waiting[0], list) and waiting[0] and isinstance(waiting[0][0], dict)):
        first = waiting.pop(0)
        waiting += [one for key, one in first.items() if key != "users"] if isinstance(first, dict) else []
    listed = waiting[0]
    listed.insert(0, 17)
    one, two = (source_read(kind, recording, json.dumps(document).encode()).rejected for _ in range(2))
    assert len(one) == 1
    assert one[0].digest == two[0].digest
    assert "expected an object; got a number" in one[0].message
    assert "[0]" in one[0].where
