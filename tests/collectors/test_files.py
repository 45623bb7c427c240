import io
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.collectors.base import Deletion
from overheard.collectors.files import ImportReport, import_mentions, map_mentions, read_date, read_mentions
from overheard.errors import ConfigError
from overheard.folder import Folder
from overheard.log.base import TOPICS
from overheard.log.deadletters import list_letters
from overheard.log.embedded import EmbeddedLog
from overheard.records import Event, Mention, ProfileLink, decode, encode, event_for, mention_id, sort_key
from overheard.table import BadRow, open_table

NAMES = st.sampled_from(
    ["source", "platform", "id", "url", "author", "author_name", "published", "updated", "title", "text", "html",
     "tags", "likes", "type", "@context", "object", "attributedTo", "content", "name", "inReplyTo", "totalItems",
     "href", "other"]
)  # fmt: skip
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
REAL = Path(__file__).parents[3] / "shared" / "data" / "real" / "posts.ndjson.gz"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with Folder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        yield log
        log.close()


def read(data: str | bytes, **kwargs: Any) -> list[Mention | Deletion | BadRow]:
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    table = open_table(io.BytesIO(raw), name="posts")
    return list(read_mentions(table, map_mentions(table), now=NOW, **kwargs))


def post(**values: object) -> Mention:
    (one,) = read(json.dumps({"source": "reddit", "native_id": "t3_1", "text": "hello"} | values))
    assert isinstance(one, Mention), one
    return one


def error(**values: object) -> str:
    (one,) = read(json.dumps({"source": "reddit", "native_id": "t3_1", "text": "hello"} | values))
    assert isinstance(one, BadRow), one
    return str(one.error)


def events(log: EmbeddedLog) -> list[Event[Mention]]:
    found = []
    for partition in range(TOPICS["mentions"].partitions):
        found += [decode(r.value or b"") for r in log.read("mentions", partition, 0, 100_000)]
    return found


def test_a_post_keeps_all_that_it_says() -> None:
    mention = post(
        author="asha_r",
        author_url="https://reddit.example/u/asha_r",
        url="https://reddit.example/t3_1",
        published=1_790_000_000,
        updated="2026-09-22T10:00:00+05:30",
        title="  A\n lathe ",
        text="See https://shop.example/l200). #CNC #खराद\r\nbye",
        in_reply_to="t3_0",
        likes="1,234",
        shares=2,
        replies=0.0,
        lang="en",
        type="article",
        tags=["machines", "#cnc2"],
    )
    assert mention.id == mention_id("reddit", "t3_1")
    assert mention.content == "See https://shop.example/l200). #CNC #खराद\nbye"
    assert mention.name == "A lathe"
    assert mention.links == ("https://shop.example/l200",)
    assert mention.tag == ("machines", "cnc2", "CNC", "खराद")
    assert mention.published == datetime.fromtimestamp(1_790_000_000, UTC)
    assert mention.updated == datetime(2026, 9, 22, 4, 30, tzinfo=UTC)
    assert (mention.likes, mention.shares, mention.replies) == (1234, 2, 0)
    assert (mention.language, mention.type, mention.in_reply_to) == ("en", "Article", "t3_0")
    assert mention.attributed_to is not None
    assert mention.attributed_to.preferred_username == "asha_r"
    assert mention.first_seen == NOW


def test_csv_and_ndjson_of_the_same_posts_give_the_same_mentions() -> None:
    csv = "source,native_id,author,published,title,text\nx,7,asha,1790000000,,hello\n"
    line = {"source": "x", "native_id": "7", "author": "asha", "published": 1790000000, "title": None, "text": "hello"}
    assert read(csv) == read(json.dumps(line))


def test_the_source_stays_as_given_and_the_platform_has_one_name() -> None:
    mention = post(source="Twitter", author="asha")
    assert (mention.source, mention.platform) == ("Twitter", "x")
    assert mention.attributed_to is not None
    assert mention.attributed_to.platform == "x"
    assert mention.id == mention_id("x", "t3_1")
    assert post(source="fair-2026", platform="mastodon").platform == "mastodon"


def test_without_a_native_id_the_canonical_url_makes_the_id() -> None:
    one = post(native_id=None, url="http://blog.example/a?utm_source=feed")
    two = post(native_id="", url="https://blog.example/a")
    assert one.id == two.id == mention_id("", url="https://blog.example/a")


def test_a_signature_is_a_name_and_no_handle() -> None:
    actor = post(author="Asha Rao").attributed_to
    assert actor is not None
    assert (actor.preferred_username, actor.name) == ("", "Asha Rao")


def test_an_author_as_mailing_lists_sign_has_a_name_and_an_address() -> None:
    actor = post(author="Asha Rao <asha@rao.example>").attributed_to
    assert actor is not None
    assert (actor.preferred_username, actor.name, actor.email) == ("", "Asha Rao", "asha@rao.example")


def test_an_author_s_profile_is_kept_with_its_id_bio_and_links() -> None:
    actor = post(
        author="asha", author_id="783214", author_bio="Plant manager at Acme", author_links="https://asha.example, x"
    ).attributed_to
    assert actor is not None
    assert (actor.native_id, actor.summary) == ("783214", "Plant manager at Acme")
    assert actor.links == (ProfileLink(url="https://asha.example"),)
    listed = post(author="a", author_links=["https://a.example", {"url": "https://b.example", "verified": True}])
    assert listed.attributed_to is not None
    assert listed.attributed_to.links == (
        ProfileLink(url="https://a.example"),
        ProfileLink(url="https://b.example", verified=True),
    )


def test_an_account_as_mastodon_shows_it_keeps_which_links_it_verified() -> None:
    account = {
        "id": "109",
        "acct": "asha",
        "display_name": "Asha Rao",
        "url": "https://social.example/@asha",
        "note": "<p>Makes mills.<br>Pune</p>",
        "fields": [
            {"name": "Web", "value": '<a href="https://asha.example" rel="me">asha</a>', "verified_at": "2026-01-01"},
            {"name": "Work", "value": '<a href="https://acme.example">acme</a>', "verified_at": None},
            {"name": "Mood", "value": "fine"},
        ],
    }
    actor = post(author=account).attributed_to
    assert actor is not None
    assert (actor.name, actor.summary) == ("Asha Rao", "Makes mills.\nPune")
    assert actor.links == (
        ProfileLink(url="https://asha.example", verified=True),
        ProfileLink(url="https://acme.example"),
    )


def test_a_bio_without_end_is_cut_and_links_without_end_are_bounded() -> None:
    many = [f"https://s{i}.example" for i in range(1_000)]
    actor = post(author="asha", author_bio="x" * 100_000, author_links=many).attributed_to
    assert actor is not None
    assert len(actor.summary) <= 5_000
    assert len(actor.links) == 32


def test_an_author_that_is_nobody_stays_nobody_and_deleted_stays_as_written() -> None:
    assert post(author=None).attributed_to is None
    deleted = post(author="[deleted]").attributed_to
    assert deleted is not None
    assert deleted.preferred_username == "[deleted]"


def test_lone_surrogates_and_nul_are_mended_at_the_door() -> None:
    (one,) = read('{"source": "x", "id": "1", "text": "a\\ud83d\\u0000b", "author": "u\\udc00"}')
    assert isinstance(one, Mention)
    assert one.content == "a\ufffdb"
    assert one.attributed_to is not None
    assert one.attributed_to.preferred_username == "u\ufffd"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        (-86_400, datetime(1969, 12, 31, tzinfo=UTC)),
        (4_102_444_800, datetime(2100, 1, 1, tzinfo=UTC)),
        (1_790_000_000_500, datetime(2026, 9, 21, 14, 13, 20, 500_000, tzinfo=UTC)),
        ("1790000000.5", datetime(2026, 9, 21, 14, 13, 20, 500_000, tzinfo=UTC)),
        ("2026-11-21", datetime(2026, 11, 21, tzinfo=UTC)),
        ("20261121", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-21 09:30", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
        ("2026-11-21T09:30:00Z", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
        ("2026-11-21T09:30:00+05:30", datetime(2026, 11, 21, 4, 0, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 09:30:00 +0530", datetime(2026, 11, 21, 4, 0, tzinfo=UTC)),
    ],
)
def test_dates_are_read(value: object, expected: datetime) -> None:
    assert read_date(value) == expected


@pytest.mark.parametrize(
    "value", ["yesterday", "2026-13-45", "1e400", 1e300, float("inf"), True, [], {}, "0001-01-01T00:00:00+14:00", "٣"]
)
def test_a_date_that_cannot_be_read_is_a_row_error_with_its_place_and_no_silent_loss(value: object) -> None:
    message = error(created_at=value)
    assert message.startswith('posts:1, column "created_at": expected a date as ISO 8601')


@given(st.one_of(st.text(), st.floats(), st.integers()))
def test_whatever_stands_for_a_date_is_a_time_in_utc_or_an_error(value: object) -> None:
    try:
        when = read_date(value)
    except (ValueError, OverflowError):
        return
    assert when.tzinfo is UTC


def test_a_post_dated_2100_is_kept_and_does_not_stay_on_top() -> None:
    far = post(published="2100-01-01")
    near = post(native_id="2", published="2026-11-21T11:59:59Z", first_seen=None)
    assert far.published == datetime(2100, 1, 1, tzinfo=UTC)
    later = datetime(2026, 11, 22, tzinfo=UTC)
    assert sort_key(far.id, far.published, NOW) < sort_key(near.id, later, later)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"native_id": None}, 'column "native_id": expected an id or a URL'),
        ({"native_id": None, "url": "javascript:alert(1)"}, "expected an id or a URL"),
        ({"text": " \n"}, 'column "text": expected a text or a title'),
        ({"text": ["a"]}, 'column "text": expected text; got ['),
        ({"likes": "many"}, 'column "likes": expected a whole number'),
        ({"likes": 1e30}, "expected a whole number"),
        ({"native_id": "x" * 501}, "expected at most 500 characters; got 501"),
    ],
)
def test_a_row_that_is_no_post_is_an_error_that_names_line_and_column(values: dict[str, object], message: str) -> None:
    assert message in error(**values)


def test_a_body_of_megabytes_is_cut_and_marked() -> None:
    mention = post(text="word " * 1_000_000)
    assert len(mention.content) <= 200_000
    assert mention.content.endswith("…")


def test_html_is_read_only_where_the_column_says_so() -> None:
    assert post(text="1 <b>2</b>").content == "1 <b>2</b>"
    mention = post(text=None, content_html='<p>one <a href="https://a.example/">two</a><script>x()</script></p>')
    assert mention.content == "one two"
    assert mention.links == ("https://a.example/",)


def test_a_file_without_a_column_for_the_text_is_refused_with_advice() -> None:
    with pytest.raises(ConfigError, match="expected a column for text or title or html; found the columns 'id', 'x'"):
        read("id,x\n1,2\n")


def test_activitystreams_objects_and_activities_are_read() -> None:
    note = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "type": "Note",
        "id": "https://social.example/@asha/1",
        "content": "<p>The lathe <b>hums</b></p>",
        "published": "2026-11-20T10:00:00Z",
        "inReplyTo": "https://social.example/@b/0",
        "attributedTo": {
            "type": "Person",
            "preferredUsername": "asha",
            "name": "Asha",
            "url": "https://social.example/@asha",
        },
        "tag": [{"type": "Hashtag", "name": "#cnc"}, {"type": "Mention", "name": "@b"}],
        "likes": {"type": "Collection", "totalItems": 3},
    }
    activity = {"@context": note["@context"], "type": "Create", "actor": "https://social.example/@asha", "object": note}
    one, two = read(f"{json.dumps(note)}\n{json.dumps(activity)}\n", source="mastodon")
    assert isinstance(one, Mention)
    assert two == msgspec.structs.replace(one, updated=one.published)  # a Create brings what was not edited yet
    assert one.content == "The lathe hums"
    assert one.id == mention_id("", url="https://social.example/@asha/1")
    assert (one.tag, one.likes, one.in_reply_to) == (("cnc",), 3, "https://social.example/@b/0")
    assert one.attributed_to is not None
    assert (one.attributed_to.preferred_username, one.attributed_to.name) == ("asha", "Asha")


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("https://a.example/b")
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=8), max_size=4))
def test_any_json_objects_become_mentions_or_row_errors_and_are_published_clean(objects: list[dict[str, Any]]) -> None:
    ok = {"source": "x", "id": "1", "text": "fine"}
    rows = read("\n".join(json.dumps(o) for o in [ok, *objects]))
    assert len(rows) == len(objects) + 1
    for row in rows:
        if isinstance(row, Mention):
            encode(event_for(row, subject=row.id, source="/t", time=NOW))
        elif isinstance(row, BadRow):
            assert str(row.error).startswith("posts:")


FILE = """\
{"source": "x", "id": "1", "text": "one"}
{"source": "x", "id": "2", "text": "two", "published": "soon"}
not json
{"source": "x", "id": "3", "text": "three"}
{"source": "x", "id": "1", "text": "one, edited"}
"""


def test_an_import_publishes_posts_and_dead_letters_and_reports_each_row_once(log: EmbeddedLog) -> None:
    reports: list[ImportReport] = []
    report = import_mentions(log, read(FILE), NOW, progress=reports.append)
    assert report.fates == {"collected": 3, "unchanged": 0, "dead": 2}
    assert report.read == 5
    assert (report.duplicates, report.examples) == (1, ("x 1",))
    assert reports == [report]
    assert {(e.data.content, e.sourceversion, e.verb, e.cause) for e in events(log)} == {
        ("one", 0, "Create", "back-fill"),
        ("three", 0, "Create", "back-fill"),
        ("one, edited", 1, "Update", "back-fill"),
    }
    letters = list_letters(log)
    assert [letter.where for letter in letters] == ['posts:2, column "published"', "posts:3"]
    assert json.loads(letters[0].value or b"")["published"] == "soon"


def test_the_same_file_twice_changes_nothing_and_makes_no_second_letter(log: EmbeddedLog) -> None:
    good = "\n".join(line for line in FILE.splitlines() if "edited" not in line)
    import_mentions(log, read(good), NOW)
    before = events(log)
    report = import_mentions(log, read(good), NOW.replace(hour=13))
    assert report.fates == {"collected": 0, "unchanged": 2, "dead": 2}
    assert events(log) == before
    assert len(list_letters(log)) == 2


def test_an_edit_time_orders_two_revisions_whatever_their_rows(log: EmbeddedLog) -> None:
    new = {"source": "x", "id": "1", "text": "new", "updated": "2026-11-21T10:00:00Z"}
    old = {"source": "x", "id": "1", "text": "old", "updated": "2026-11-21T09:00:00Z"}
    import_mentions(log, read(f"{json.dumps(new)}\n{json.dumps(old)}"), NOW)
    newest = max(events(log), key=lambda e: e.sourceversion)
    assert newest.data.content == "new"


@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 4))
def test_exports_of_any_age_in_any_order_leave_the_newest_and_no_version_twice(ages: list[int], size: int) -> None:
    made = {"source": "x", "id": "1", "published": "2026-11-21T08:00:00Z"}
    edits = [{"updated": f"2026-11-21T{9 + age:02}:00:00Z"} if age else {} for age in range(4)]
    rows = [json.dumps({**made, "text": f"edited {age} times", **edits[age]}) for age in ages]
    with TemporaryDirectory() as folder, Folder(folder) as data, closing(EmbeddedLog(data)) as log:
        for start in range(0, len(rows), size):
            import_mentions(log, read("\n".join(rows[start : start + size])), NOW)
        published = sorted(events(log), key=lambda event: event.sourceversion)
    assert [event.data.content for event in published[-1:]] == [f"edited {age} times" for age in sorted(ages)[-1:]]
    assert len({event.sourceversion for event in published}) == len(published)


def test_the_real_stream_is_read_whole_without_an_error() -> None:
    if not REAL.exists():
        pytest.skip("the shared real data is not beside this checkout")
    with open_table(REAL) as table:
        mentions = list(read_mentions(table, map_mentions(table), now=NOW))
    assert not [m for m in mentions if isinstance(m, BadRow)]
    assert len({m.id for m in mentions if isinstance(m, Mention)}) == len(mentions) == 42_688
