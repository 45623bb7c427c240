"""What services may answer beside what is recorded, by their documents: each read for what it says, and no more."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from overheard.collectors.base import Reading
from overheard.collectors.communities.bluesky import read_posts as read_bluesky
from overheard.collectors.communities.discourse import Discourse
from overheard.collectors.communities.discourse import read_posts as read_discourse
from overheard.collectors.communities.github import read_written as read_github
from overheard.collectors.communities.hackernews import read_items as read_hackernews
from overheard.collectors.communities.mastodon import read_statuses as read_mastodon
from overheard.collectors.communities.reddit import read_listing as read_reddit
from overheard.collectors.communities.stackexchange import read_items as read_stackexchange
from overheard.collectors.communities.x import read_posts as read_x
from overheard.collectors.communities.youtube import read_items as read_youtube
from overheard.collectors.pushed.github import GitHubWebhook
from overheard.errors import InputError
from overheard.records import Fetch, Mention

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def fetch(document: Any, url: str = "https://social.example/api") -> Fetch:
    body = json.dumps(document).encode()
    return Fetch(id="f", source="s", url=url, final_url=url, status=200, body=body, at=NOW)


def only(reading: Reading) -> Mention:
    assert (reading.rejected, reading.deletions) == ((), ())
    (mention,) = reading.mentions
    return mention


# ---- Mastodon --------------------------------------------------------------------------------------------------------

STATUS: dict[str, Any] = {
    "id": "9", "uri": "https://social.example/users/ann/statuses/9", "url": "https://social.example/@ann/9",
    "created_at": "2026-11-20T10:00:00.000Z", "edited_at": None, "in_reply_to_id": None, "reblog": None,
    "visibility": "public", "content": "<p>My lamp flickers</p>", "spoiler_text": "", "sensitive": False,
    "media_attachments": [], "mentions": [], "tags": [], "emojis": [], "poll": None, "quote": None, "language": "en",
    "account": {"id": "1", "acct": "ann", "username": "ann", "display_name": "Ann", "note": "", "fields": [],
                "url": "https://social.example/@ann", "uri": "https://social.example/users/ann"},
}  # fmt: skip


def test_a_status_behind_a_warning_with_a_poll_and_a_quote_is_read_whole() -> None:
    quoted = STATUS | {"id": "8", "uri": "https://other.example/users/bo/8", "url": "https://other.example/@bo/8"}
    status = STATUS | {
        "spoiler_text": "lamps",
        "poll": {"id": "3", "options": [{"title": "mine too", "votes_count": 1}, {"title": "no"}]},
        "quote": {"state": "accepted", "quoted_status": quoted},
    }
    mention = only(read_mastodon(fetch([status])))
    assert (mention.type, mention.content) == ("Question", "lamps\nMy lamp flickers\nmine too\nno")
    assert mention.links == ("https://other.example/@bo/8",)


@pytest.mark.parametrize("quote", [
    {"state": "revoked", "quoted_status": None}, {"state": "accepted", "quoted_status_id": "8"}, {"state": "deleted"},
])  # fmt: skip
def test_a_quote_that_may_not_be_seen_is_no_link(quote: Any) -> None:
    assert only(read_mastodon(fetch([STATUS | {"quote": quote}]))).links == ()


@pytest.mark.parametrize(("field", "place"), [("uri", "uri"), ("visibility", "visibility")])
def test_a_status_that_does_not_say_which_it_is_or_who_may_read_it_is_none(field: str, place: str) -> None:
    other = STATUS | {"id": "7", "uri": "https://social.example/users/ann/statuses/7"}
    reading = read_mastodon(fetch([{**STATUS, field: None}, other]))
    assert [one.native_id for one in reading.mentions] == [other["uri"]]
    assert [one.where.rpartition(".")[2] for one in reading.rejected] == [place]


def test_the_address_of_what_a_status_quotes_is_its_link_where_a_server_puts_the_status_itself() -> None:
    quoted = STATUS | {"id": "8", "uri": "https://other.example/users/bo/8", "url": "https://other.example/@bo/8"}
    assert only(read_mastodon(fetch([STATUS | {"quote": quoted}]))).links == ("https://other.example/@bo/8",)
    gone = {"state": "deleted", "quoted_status": None}
    assert only(read_mastodon(fetch([STATUS | {"quote": gone}]))).links == ()


# ---- Bluesky ---------------------------------------------------------------------------------------------------------

DID = "did:plc:ann"
POST: dict[str, Any] = {
    "uri": f"at://{DID}/app.bsky.feed.post/3k", "cid": "c", "indexedAt": "2026-11-20T10:00:01Z",
    "author": {"did": DID, "handle": "ann.example"},
    "record": {"$type": "app.bsky.feed.post", "text": "My lamp flickers", "createdAt": "2026-11-20T10:00:00Z"},
}  # fmt: skip


def test_a_post_with_a_quote_and_pictures_has_their_address_and_their_words() -> None:
    embed = {
        "$type": "app.bsky.embed.recordWithMedia",
        "record": {"record": {"uri": "at://did:plc:bo/app.bsky.feed.post/3j", "cid": "c"}},
        "media": {"$type": "app.bsky.embed.images", "images": [{"alt": "a dark lamp", "image": {}}]},
    }
    mention = only(read_bluesky(fetch({"posts": [POST | {"record": {**POST["record"], "embed": embed}}]})))
    assert mention.content == "My lamp flickers\na dark lamp"
    assert mention.links == ("https://bsky.app/profile/did:plc:bo/post/3j",)


def test_in_a_thread_what_is_blocked_is_left_out_what_is_not_found_is_gone_and_odd_replies_are_said() -> None:
    thread = {
        "post": POST,
        "parent": {
            "$type": "app.bsky.feed.defs#blockedPost",
            "uri": "at://did:plc:x/app.bsky.feed.post/1",
            "blocked": True,
        },
        "replies": [{"uri": "at://did:plc:y/app.bsky.feed.post/2", "notFound": True}],
    }
    reading = read_bluesky(fetch({"thread": thread}))
    assert [one.native_id for one in reading.mentions] == [POST["uri"]]
    assert [one.mention.native_id for one in reading.deletions] == ["at://did:plc:y/app.bsky.feed.post/2"]
    odd = read_bluesky(fetch({"thread": {"post": POST, "replies": "many"}}))
    assert (len(odd.mentions), len(odd.rejected)) == (1, 1)


def test_what_is_no_post_by_its_address_is_none_whatever_its_record_lacks() -> None:
    like = {"uri": f"at://{DID}/app.bsky.feed.like/3k", "record": {"subject": {}, "createdAt": "2026-11-20T10:00:00Z"}}
    assert read_bluesky(fetch({"records": [like]})) == Reading()


# ---- Reddit ----------------------------------------------------------------------------------------------------------

LINK: dict[str, Any] = {
    "name": "t3_9", "id": "9", "title": "My lamp flickers", "author": "ann", "author_fullname": "t2_1", "selftext": "",
    "selftext_html": None, "permalink": "/r/lamps/comments/9/my_lamp/", "created_utc": 1_800_000_000.0, "edited": False,
    "is_self": False, "url": "https://www.reddit.com/gallery/9", "score": 1, "num_comments": 0,
}  # fmt: skip


def listed(*things: Any) -> Any:
    return {"kind": "Listing", "data": {"after": None, "children": list(things)}}


def test_a_gallery_has_its_captions_a_poll_its_options_and_a_crosspost_what_it_shares() -> None:
    gallery = LINK | {"gallery_data": {"items": [{"caption": "before", "media_id": "a"}, {"media_id": "b"}]}}
    poll = LINK | {
        "name": "t3_8",
        "poll_data": {"options": [{"id": "1", "text": "mine too"}, {"id": "2", "text": "no"}]},
    }
    shared = LINK | {"name": "t3_7", "url": "/r/light/comments/6/x/", "crosspost_parent_list": [LINK]}
    reading = read_reddit(fetch(listed(*({"kind": "t3", "data": one} for one in (gallery, poll, shared)))))
    assert [one.content for one in reading.mentions] == ["before", "mine too\nno", ""]
    assert reading.mentions[2].links == ("https://www.reddit.com/r/light/comments/6/x/",)


@pytest.mark.parametrize("below", ["x", 17, [[]], {"a": 1}, {"kind": "Listing", "data": {"children": None}}], ids=str)
def test_answers_that_are_no_listing_are_said_and_their_comment_is_there(below: Any) -> None:
    comment = {
        "name": "t1_5", "body": "Mine too", "author": "bo", "link_id": "t3_9", "parent_id": "t3_9",
        "created_utc": 1_800_000_001, "replies": below,
    }  # fmt: skip
    reading = read_reddit(fetch(listed({"kind": "t1", "data": comment}, [])))
    assert [one.native_id for one in reading.mentions] == ["t1_5"]
    assert len(reading.rejected) == 2


def test_more_comments_that_are_none_are_an_error_and_none_at_all_are_fine() -> None:
    assert read_reddit(fetch({"json": {"errors": [], "data": {"things": []}}})) == Reading()
    assert read_reddit(fetch({"json": {"errors": []}})) == Reading()
    for odd in (
        {"json": 17},
        {"json": {"errors": [], "data": {"things": "x"}}},
        {"json": {"errors": [["E", "no", ""]]}},
    ):
        with pytest.raises(InputError, match="expected"):
            read_reddit(fetch(odd))


def test_a_post_by_itself_is_known_by_its_name() -> None:
    assert only(read_reddit(fetch(LINK))).native_id == "t3_9"


def test_an_address_that_is_none_spoils_no_comment() -> None:
    reading = read_reddit(fetch(listed({"kind": "t3", "data": {**LINK, "permalink": "https://["}})))
    assert [one.native_id for one in reading.mentions] == ["t3_9"]


# ---- Stack Exchange --------------------------------------------------------------------------------------------------

ASKED = "https://api.stackexchange.com/2.3/questions?site=superuser"


def test_a_question_with_answers_and_comments_of_people_who_left_is_read_with_its_entities() -> None:
    left = {"user_type": "does_not_exist", "display_name": "user17"}
    answer = {"answer_id": 2, "question_id": 1, "is_accepted": True, "body": "<p>Turn it &lt;off&gt;</p>",
              "creation_date": 1_800_000_001, "owner": left}  # fmt: skip
    comment = {"comment_id": 3, "post_id": 1, "edited": False, "body": "Which one?", "creation_date": 1_800_000_002}
    question = {"question_id": 1, "title": "Why &quot;lamps&quot;?", "body": "<p>So?</p>", "is_answered": True,
                "creation_date": 1_800_000_000, "answers": [answer], "comments": [comment]}  # fmt: skip
    reading = read_stackexchange(fetch({"items": [question]}, ASKED))
    said = {one.native_id: one for one in reading.mentions}
    assert said.keys() == {"1", "2", "comment/3"}
    assert (said["1"].name, said["2"].content) == ('Why "lamps"?', "Turn it <off>")
    assert (said["2"].attributed_to, said["2"].in_reply_to) == (None, "1")
    assert (said["comment/3"].in_reply_to, said["comment/3"].attributed_to) == ("1", None)


def test_a_comment_on_an_answer_that_came_with_its_question_is_of_that_thread() -> None:
    comment = {"comment_id": 3, "post_id": 2, "edited": False, "body": "Which?", "creation_date": 1_800_000_002}
    answer = {"answer_id": 2, "body": "Off", "creation_date": 1_800_000_001, "comments": [comment]}
    question = {"question_id": 1, "title": "Why?", "creation_date": 1_800_000_000, "answers": [answer]}
    said = {one.native_id: one for one in read_stackexchange(fetch({"items": [question]}, ASKED)).mentions}
    assert (said["comment/3"].in_reply_to, said["comment/3"].context) == ("2", "1")
    assert (said["2"].in_reply_to, said["2"].context) == ("1", "1")


@pytest.mark.parametrize(("item", "lacking"), [
    ({"question_id": 1, "is_accepted": False, "body": "Turn it off", "creation_date": 1_800_000_000}, "answer_id"),
    ({"post_id": 1, "edited": False, "body": "Which one?", "creation_date": 1_800_000_000}, "comment_id"),
])  # fmt: skip
def test_what_does_not_tell_its_own_id_is_not_taken_for_what_it_is_on(item: Any, lacking: str) -> None:
    reading = read_stackexchange(fetch({"items": [item]}, ASKED))
    assert reading.mentions == ()
    assert [one.where.rpartition(".")[2] for one in reading.rejected] == [lacking]


# ---- GitHub ----------------------------------------------------------------------------------------------------------

PULL = "https://github.com/paperfold/lamp/pull/4"
HOOK = GitHubWebhook(name="s", secret_env="S")


def review(body: Any, **others: Any) -> dict[str, Any]:
    said = {"id": 7, "html_url": f"{PULL}#pullrequestreview-7", "state": "approved", "body": body,
            "submitted_at": "2026-11-20T10:00:00Z", "user": {"login": "ann", "id": 1}}  # fmt: skip
    return said | others


def test_a_review_says_something_where_it_has_words_and_a_ghost_or_bot_is_who_it_is() -> None:
    worded = only(read_github(fetch([review("Fix the **lamp** first", user=None), review("", id=8), review(None)])))
    assert (worded.content, worded.in_reply_to) == ("Fix the lamp first", "paperfold/lamp/issues/4")
    assert worded.attributed_to is None
    bot = only(read_github(fetch([review("Ready", user={"login": "lamp[bot]", "id": 3, "type": "Bot"})])))
    assert bot.attributed_to is not None
    assert bot.attributed_to.preferred_username == "lamp[bot]"


def test_the_answer_of_a_discussion_comes_with_it() -> None:
    url = "https://github.com/paperfold/lamp/discussions/2"
    user = {"login": "ann", "id": 1}
    made = {"user": user, "created_at": "2026-11-20T10:00:00Z"}
    delivery = {
        "action": "answered", "repository": {"full_name": "paperfold/lamp"}, "sender": user,
        "discussion": {**made, "html_url": url, "title": "Why?", "body": "It flickers"},
        "answer": {**made, "html_url": f"{url}#discussioncomment-5", "body": "Turn it off", "parent_id": None},
    }  # fmt: skip
    reading = HOOK.read(fetch(delivery))
    assert [one.text for one in reading.mentions] == ["Why?\nIt flickers", "Turn it off"]
    assert reading.mentions[1].in_reply_to == "paperfold/lamp/discussions/2"


def test_an_issue_that_was_moved_here_is_gone_where_it_was_and_half_a_character_spoils_neither() -> None:
    issue = {"title": "Lamp \ud83d", "body": "It flickers", "user": None, "created_at": "2026-11-20T10:00:00Z"}
    here, there = "https://github.com/paperfold/lamp/issues/9", "https://github.com/paperfold/old/issues/1"
    delivery = {"action": "opened", "repository": {"full_name": "paperfold/lamp"}, "sender": {},
                "issue": {**issue, "html_url": here},
                "changes": {"old_issue": {**issue, "html_url": there}}}  # fmt: skip
    moved = HOOK.read(fetch(delivery))
    assert [one.native_id for one in moved.mentions] == ["paperfold/lamp/issues/9"]
    assert [one.mention.native_id for one in moved.deletions] == ["paperfold/old/issues/1"]
    away = {**delivery, "action": "transferred", "changes": {"new_issue": {**issue, "html_url": there}}}
    assert [one.native_id for one in HOOK.read(fetch(away)).mentions] == ["paperfold/old/issues/1"]


def test_what_an_event_of_a_list_says_is_deleted_is_gone_and_what_it_was_on_is_not() -> None:
    made = {"user": {"login": "ann", "id": 1}, "created_at": "2026-11-20T10:00:00Z"}
    url = "https://github.com/paperfold/lamp/issues/9"
    payload = {"action": "deleted", "issue": {**made, "html_url": url, "title": "Flickers"},
               "comment": {**made, "html_url": f"{url}#issuecomment-5", "body": "Mine too"}}  # fmt: skip
    event = {"id": "1", "type": "IssueCommentEvent", "payload": payload}
    for document in ([event, {"id": "2", "type": "WatchEvent", "payload": {"action": "started"}}], event):
        reading = read_github(fetch(document))
        assert [one.mention.native_id for one in reading.deletions] == ["paperfold/lamp/issues/9#issuecomment-5"]
        assert [one.native_id for one in reading.mentions] == ["paperfold/lamp/issues/9"]


# ---- Discourse -------------------------------------------------------------------------------------------------------

SAID: dict[str, Any] = {
    "id": 31, "topic_id": 5, "post_number": 2, "post_type": 1, "username": "ann", "user_id": 1, "topic_slug": "lamps",
    "cooked": "<p>It flickers</p>", "created_at": "2026-11-20T10:00:00Z", "updated_at": "2026-11-20T10:00:00Z",
    "version": 1, "deleted_at": None, "user_deleted": False, "hidden": False,
}  # fmt: skip
FORUM = "https://forum.example/posts.json"
PICTURE = (
    '<p>See</p><div class="lightbox-wrapper"><a class="lightbox" href="/u/a.png" title="lamp">'
    '<img src="/u/b.png" alt="lamp"><div class="meta"><svg></svg><span class="filename">lamp.png</span>'
    '<span class="informations">1920×1080 167 KB</span></div></a></div><p>there</p>'
)
POLL = (
    '<div class="poll"><div class="poll-container"><ul><li>Yes</li><li>No</li></ul></div>'
    '<div class="poll-info"><span>12</span><span>voters</span></div></div>'
)


def test_of_a_forum_notes_whispers_and_closings_are_nothing_that_anybody_said_in_public() -> None:
    notes = [{**SAID, "post_number": 3, "post_type": 3, "action_code": "closed.enabled", "cooked": ""},
             {**SAID, "post_number": 4, "post_type": 4}]  # fmt: skip
    assert only(read_discourse(fetch({"latest_posts": [SAID, *notes]}, FORUM))).native_id == "5/2"


def test_what_others_flagged_so_that_it_is_hidden_is_gone() -> None:
    hidden = SAID | {"hidden": True, "cooked": "<p>This post was flagged by the community and is hidden.</p>"}
    reading = read_discourse(fetch({"latest_posts": [hidden]}, FORUM))
    assert ([one.mention.native_id for one in reading.deletions], reading.mentions) == (["5/2"], ())


@pytest.mark.parametrize(
    ("cooked", "text"),
    [
        (PICTURE, "See\nlamp\nthere"),
        (POLL, "Yes\nNo"),
        ('<div class="meta">I wrote meta</div>', "I wrote meta"),
    ],
)
def test_captions_that_a_forum_makes_are_not_what_its_author_said(cooked: str, text: str) -> None:
    assert only(read_discourse(fetch({"latest_posts": [SAID | {"cooked": cooked}]}, FORUM))).content == text


def test_what_was_hidden_and_is_shown_again_says_since_when_it_is_as_it_is() -> None:
    at = datetime(2026, 11, 21, 10, tzinfo=UTC)
    shown = SAID | {"hidden_reason_id": 1, "updated_at": "2026-11-21T10:00:00Z"}
    assert only(read_discourse(fetch({"latest_posts": [shown]}, FORUM))).updated == at
    never = SAID | {"hidden_reason_id": None, "updated_at": "2026-11-21T10:00:00Z"}
    assert only(read_discourse(fetch({"latest_posts": [never]}, FORUM))).updated is None


@pytest.mark.parametrize(("odd", "rejected"), [(False, 0), ("", 0), ([], 1), ({}, 1), ("soon", 1)])
def test_a_post_is_gone_when_its_forum_says_since_when_and_never_by_an_odd_value(odd: Any, rejected: int) -> None:
    reading = read_discourse(fetch({"latest_posts": [{**SAID, "deleted_at": odd}]}, FORUM))
    assert (reading.deletions, len(reading.mentions), len(reading.rejected)) == ((), 1 - rejected, rejected)


@pytest.mark.parametrize(
    ("path", "folder", "topic"),
    [
        ("", "", ""), ("/", "", ""), ("/t/lamps/5", "", "5"), ("/t/lamps/5/31?u=ann", "", "5"), ("/t/5", "", "5"),
        ("/about", "", ""), ("/chat/c/general/2", "", ""), ("/c/news/4", "", ""), ("/latest", "", ""),
        ("/community", "/community", ""), ("/community/", "/community", ""), ("/a/b?x=/t/7#y", "/a/b", ""),
        ("/community/t/lamps/5", "/community", "5"), ("/community/t/t/5/2", "/community", "5"),
        ("/community/c/t/4", "/community", ""), ("/community/latest", "/community", ""),
        ("/community/u/ann/summary", "/community", ""), ("/community/tag/lamp", "/community", ""),
        ("/community/about", "/community", ""), ("/community/tos", "/community", ""), ("/2024/t/lamps/5", "/2024", "5"),
    ],
)  # fmt: skip
def test_a_forum_in_a_folder_is_found_by_the_address_of_any_of_its_pages(path: str, folder: str, topic: str) -> None:
    expected = {"instance": f"https://f.example{folder}"} | ({"topic": topic} if topic else {})
    assert Discourse.like(f"https://f.example{path}", "discourse") == expected
    assert Discourse.like(f"https://f.example{path}", "mastodon") is None


def test_a_post_without_its_numbers_is_no_topic_and_an_odd_account_harms_no_topic() -> None:
    nameless = {key: value for key, value in SAID.items() if key not in ("topic_id", "post_number")}
    reading = read_discourse(fetch({"latest_posts": [{**nameless, "title": "Lamps"}]}, FORUM))
    assert (reading.mentions, len(reading.rejected)) == ((), 1)
    topic = {"id": 5, "title": "Lamps", "slug": "lamps", "posters": [{"user_id": 1}], "created_at": SAID["created_at"]}
    listed_topics = {"users": [{"id": 1, "username": 17}], "topic_list": {"topics": [topic]}}
    assert only(read_discourse(fetch(listed_topics, FORUM))).attributed_to is None


def test_tags_may_be_things_with_a_name_and_the_posts_of_a_group_name_their_authors_apart() -> None:
    tags = ["lamps", {"id": 3, "name": "flicker", "slug": "flicker"}]
    topic = {"id": 5, "title": "Lamps", "slug": "lamps", "tags": tags, "created_at": SAID["created_at"]}
    assert only(read_discourse(fetch({"topic_list": {"topics": [topic]}}, FORUM))).tag == ("lamps", "flicker")
    post = {key: value for key, value in SAID.items() if key not in ("username", "user_id")}
    of_group = {**post, "user": {"id": 1, "username": "ann", "name": "Ann"}}
    author = only(read_discourse(fetch({"posts": [of_group]}, FORUM))).attributed_to
    assert author is not None
    assert (author.preferred_username, author.native_id, author.name) == ("ann", "1", "Ann")


# ---- YouTube ---------------------------------------------------------------------------------------------------------

API = "https://www.googleapis.com/youtube/v3/"


def test_an_upload_told_without_its_details_is_the_video_of_its_picture() -> None:
    snippet = {
        "type": "upload", "title": "A lamp", "description": "", "channelId": "UC1", "channelTitle": "Ann",
        "publishedAt": "2026-11-20T10:00:00Z",
        "thumbnails": {"default": {"url": "https://i.ytimg.com/vi/abcdefghijk/default.jpg"}},
    }  # fmt: skip
    activity = {"kind": "youtube#activity", "id": "MTUx", "snippet": snippet}
    answer = {
        "kind": "youtube#activityListResponse",
        "items": [activity, {**activity, "snippet": {**snippet, "type": "like"}}],
    }
    assert only(read_youtube(fetch(answer, f"{API}activities"))).native_id == "abcdefghijk"


def test_the_id_of_an_entry_of_a_playlist_is_no_video_s_and_items_that_are_none_are_an_error() -> None:
    snippet = {"title": "A lamp", "description": "", "publishedAt": "2026-11-20T10:00:00Z"}
    reading = read_youtube(fetch({"items": [{"id": "UExhbXBz", "snippet": snippet}]}, f"{API}playlistItems"))
    assert (reading.mentions, len(reading.rejected)) == ((), 1)
    with pytest.raises(InputError, match="expected"):
        read_youtube(fetch({"kind": "youtube#commentThreadListResponse", "items": "x"}, f"{API}commentThreads"))


@pytest.mark.parametrize("status", ["heldForReview", "likelySpam", "rejected"])
def test_a_comment_that_its_owner_holds_back_is_not_public(status: str) -> None:
    snippet = {"textOriginal": "Mine too", "textDisplay": "Mine too", "moderationStatus": status,
               "publishedAt": "2026-11-20T10:00:00Z", "authorDisplayName": "@bo", "videoId": "abcdefghijk"}  # fmt: skip
    comment = {"kind": "youtube#comment", "id": "Ugx1", "snippet": snippet}
    assert read_youtube(fetch({"items": [comment]}, f"{API}comments")).mentions == ()


# ---- X ---------------------------------------------------------------------------------------------------------------

SEARCH = "https://api.x.com/2/tweets/search/recent?query=lamp"


def test_a_long_post_is_read_whole_and_a_quote_names_what_it_quotes() -> None:
    post = {
        "id": "1991000000000000001", "text": "My lamp flickers and…", "author_id": "5",
        "created_at": "2026-11-20T10:00:00Z",
        "note_tweet": {"text": "My lamp flickers and https://t.co/a does &amp; not stop", "entities": {
            "urls": [{"url": "https://t.co/a", "expanded_url": "https://lamp.example/faq"}]}},
        "referenced_tweets": [{"type": "quoted", "id": "1990000000000000001"}],
    }  # fmt: skip
    mention = only(read_x(fetch({"data": [post]}, SEARCH)))
    assert mention.content == "My lamp flickers and https://lamp.example/faq does & not stop"
    assert "https://x.com/i/status/1990000000000000001" in mention.links


def test_an_account_whose_name_is_odd_harms_none_of_its_posts() -> None:
    posts = [{"id": str(1991000000000000001 + i), "text": "My lamp flickers", "author_id": "5"} for i in range(2)]
    reading = read_x(fetch({"data": posts, "includes": {"users": [{"id": "5", "username": ["ann"]}]}}, SEARCH))
    assert (len(reading.mentions), reading.rejected) == (2, ())
    assert all(one.attributed_to is not None and one.attributed_to.native_id == "5" for one in reading.mentions)


# ---- Hacker News -----------------------------------------------------------------------------------------------------


def test_a_job_and_an_option_of_a_poll_are_said_and_what_is_dead_or_deleted_is_gone() -> None:
    items = [
        {"id": 1, "type": "job", "by": "ann", "title": "Lamps wanted", "text": "", "time": 1_800_000_000},
        {"id": 2, "type": "poll", "by": "ann", "title": "Lamps?", "parts": [3], "time": 1_800_000_000},
        {"id": 3, "type": "pollopt", "by": "ann", "text": "yes", "poll": 2, "time": 1_800_000_000},
        {"id": 4, "type": "comment", "by": "bo", "dead": True, "text": "[flagged]", "parent": 1, "time": 1_800_000_000},
        {"id": 5, "type": "comment", "deleted": True, "parent": 1, "time": 1_800_000_000}, None,
    ]  # fmt: skip
    reading = read_hackernews(fetch(items))
    said = {one.native_id: one for one in reading.mentions}
    assert said.keys() == {"1", "2", "3"}
    assert (said["2"].type, said["3"].in_reply_to, said["1"].name) == ("Question", "2", "Lamps wanted")
    assert {one.mention.native_id for one in reading.deletions} == {"4", "5"}


def test_the_beginning_of_a_link_that_its_site_shows_is_no_link() -> None:
    whole = "https://lamps.example/why-they-flicker-at-night"
    short = '<a href="https://short.example/a...">https://short.example/a...</a> https://lamps.example/why'
    said = f'<a href="{whole}">https:&#x2F;&#x2F;lamps.example&#x2F;why-they...</a> and {short}'
    comment = {"id": 1, "type": "comment", "by": "ann", "text": said, "time": 1_800_000_000}
    mention = only(read_hackernews(fetch(comment)))
    assert mention.content.startswith("https://lamps.example/why-they... and https://short.example/a...")
    assert whole in mention.links
    assert "https://lamps.example/why" in mention.links
    assert "https://lamps.example/why-they" not in mention.links


def test_in_a_thread_whose_items_do_not_name_their_story_it_is_the_one_above_all() -> None:
    made = {"author": "ann", "text": "It flickers", "created_at_i": 1_800_000_000}
    below = {**made, "id": 3, "parent_id": 2, "children": [{**made, "id": 4, "parent_id": 3, "story_id": None}]}
    thread = {**made, "id": 1, "title": "Lamps", "children": [{**made, "id": 2, "parent_id": 1, "children": [below]}]}
    said = {one.native_id: one for one in read_hackernews(fetch(thread)).mentions}
    assert {id_: (one.in_reply_to, one.context) for id_, one in said.items()} == {
        "1": ("", ""), "2": ("1", "1"), "3": ("2", "1"), "4": ("3", "1"),
    }  # fmt: skip
    # Of a part of a thread nobody knows what is above it.
    part = {one.native_id: one for one in read_hackernews(fetch(below)).mentions}
    assert (part["3"].context, part["4"].context) == ("", "")
