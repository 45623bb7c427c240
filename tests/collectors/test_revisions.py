from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from overheard.collectors.polling.revisions import publication, revise
from overheard.folder import Folder
from overheard.log.embedded import EmbeddedLog
from overheard.records import Mention, mention_id

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with Folder(tmp_path / "data") as folder:
        log = EmbeddedLog(folder)
        yield log
        log.close()


def post(content: str = "hello", **fields: Any) -> Mention:
    url = "https://site.example/1"
    defaults: dict[str, Any] = {
        "id": mention_id("web", url=url),
        "platform": "web",
        "source": "site",
        "content": content,
        "url": url,
        "first_seen": NOW,
    }
    return Mention(**(defaults | fields))


def publish(log: EmbeddedLog, *mentions: Mention) -> list[tuple[bool, int, str]]:
    revised = revise(log, mentions, {})
    log.append(publication(revised, source="/test", time=NOW, cause_of=lambda _: "live"))
    return [(one.changed, one.sourceversion, one.verb) for one in revised]


def test_a_mention_without_an_edit_time_counts_from_zero_and_rises_when_it_differs(log: EmbeddedLog) -> None:
    assert publish(log, post("a")) == [(True, 0, "Create")]
    assert publish(log, post("a")) == [(False, 0, "Update")]
    assert publish(log, post("b")) == [(True, 1, "Update")]
    assert publish(log, post("a")) == [(True, 2, "Update")]


def test_an_edit_time_is_the_version_in_ms(log: EmbeddedLog) -> None:
    edited = datetime(2026, 4, 1, tzinfo=UTC)
    assert publish(log, post("a", updated=edited)) == [(True, int(edited.timestamp() * 1000), "Create")]


def test_an_older_copy_that_comes_late_has_the_lower_version(log: EmbeddedLog) -> None:
    new, old = NOW - timedelta(hours=1), NOW - timedelta(hours=2)
    ((_, first, _),) = publish(log, post("new", updated=new))
    ((changed, second, _),) = publish(log, post("old", updated=old))
    assert changed
    assert second < first
    # Without an edit time it counts on from the newest that is known.
    assert publish(log, post("newest")) == [(True, first + 1, "Update")]


def test_an_edit_time_in_2100_does_not_shut_out_the_edits_after_it(log: EmbeddedLog) -> None:
    ((_, first, _),) = publish(log, post("a", updated=datetime(2100, 1, 1, tzinfo=UTC)))
    ((_, second, _),) = publish(log, post("b", updated=NOW))
    assert first == 0
    assert second > first


def test_counts_and_the_time_we_saw_it_make_no_new_revision(log: EmbeddedLog) -> None:
    publish(log, post("a", likes=1))
    assert publish(log, post("a", likes=99, first_seen=NOW + timedelta(days=1))) == [(False, 0, "Update")]


def test_the_first_time_it_was_seen_stays(log: EmbeddedLog) -> None:
    publish(log, post("a"))
    (again,) = revise(log, [post("b", first_seen=NOW + timedelta(days=1))], {})
    assert again.mention.first_seen == NOW


def test_two_feeds_with_two_wordings_of_one_article_do_not_publish_in_turn_for_ever(log: EmbeddedLog) -> None:
    whole, excerpt = post("the whole text", source="blog"), post("the whole…", source="planet")
    assert [changed for changed, _, _ in publish(log, whole, excerpt)] == [True, True]
    for _ in range(3):
        assert [changed for changed, _, _ in publish(log, whole, excerpt)] == [False, False]


def test_a_crash_before_it_is_remembered_gives_the_same_version_again(log: EmbeddedLog) -> None:
    publish(log, post("a"))
    first = revise(log, [post("b")], {})
    again = revise(log, [post("b")], {})
    assert first == again
    assert first[0].sourceversion == 1


def test_a_mention_that_occurs_twice_is_compared_with_its_earlier_occurrence(log: EmbeddedLog) -> None:
    assert publish(log, post("a"), post("a"), post("b")) == [
        (True, 0, "Create"),
        (False, 0, "Update"),
        (True, 1, "Update"),
    ]
    assert publish(log, post("b")) == [(False, 1, "Update")]


def test_many_mentions_are_looked_up_and_remembered(log: EmbeddedLog) -> None:
    many = [
        msgspec.structs.replace(post(str(i)), id=mention_id("web", url=f"https://s.example/{i}")) for i in range(1201)
    ]
    assert all(changed for changed, _, _ in publish(log, *many))
    assert not any(changed for changed, _, _ in publish(log, *many))


@pytest.mark.parametrize("told", ["first", "edited"])
def test_what_was_so_before_a_known_edit_changes_nothing_where_its_source_says_when_that_was(
    log: EmbeddedLog, told: str
) -> None:
    made, old, new = NOW - timedelta(hours=3), NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    late = post("before", published=made) if told == "first" else post("before", published=made, updated=old)
    publish(log, post("after", published=made, updated=new))
    (one,) = revise(log, [late], {}, as_of={late.id: old})
    assert not one.changed
    (one,) = revise(log, [post("later, and nobody says when", published=made)], {}, as_of={late.id: NOW})
    assert one.changed
    assert one.sourceversion > int(new.timestamp() * 1000)


def test_versions_that_were_counted_are_before_all_times(log: EmbeddedLog) -> None:
    publish(log, post("a"), post("b"))
    (one,) = revise(log, [post("c")], {}, as_of={post().id: NOW})
    assert (one.changed, one.sourceversion) == (True, 2)
