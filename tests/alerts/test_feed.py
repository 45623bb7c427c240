from datetime import timedelta

import feedparser
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from overheard.alerts.deliveries import without
from overheard.alerts.feed import feed
from tests import strategies
from tests.alerts.making import ADDRESS, HOSTILE, NOW, delivery, item


def test_a_reader_finds_the_newest_fifty_each_once_under_its_id() -> None:
    many = [delivery("feed", n, created=NOW + timedelta(minutes=n)) for n in range(60)]
    read = feedparser.parse(feed([*many, delivery("mail", 1)], f"{ADDRESS}/", NOW))
    assert not read.bozo
    assert read.version == "rss20"
    assert [entry.id for entry in read.entries] == [one.id for one in reversed(many)][:50]
    assert len({entry.id for entry in read.entries}) == 50
    first = read.entries[0]
    assert first.title == "Complaint by Meera Chitnis (Palomino Gears)"
    assert first.link == f"{ADDRESS}/incidents/inc_59"
    assert "Korvex support is terrible" in first.summary
    assert first.published == "Fri, 20 Nov 2026 09:59:00 GMT"
    assert not first.guidislink


def test_an_empty_feed_is_a_feed() -> None:
    read = feedparser.parse(feed([], ADDRESS, NOW))
    assert not read.bozo
    assert read.entries == []
    assert read.feed.link == f"{ADDRESS}/"


def test_a_digest_of_nothing_is_an_entry_and_what_was_deleted_is_none() -> None:
    quiet = delivery("feed", 1, kind="digest", items=(), subject="Nothing", notes=("3 sources answered.",))
    gone = without(delivery("feed", 2, state="sent"), item(2).incident, "deleted", forget=True)
    read = feedparser.parse(feed([quiet, gone], ADDRESS, NOW))
    assert [entry.title for entry in read.entries] == ["Nothing"]
    assert "3 sources answered." in read.entries[0].summary


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_text(hostile: str) -> None:
    one = delivery("feed", subject=hostile, items=(item(text=hostile, name=hostile, why=(hostile,)),), notes=(hostile,))
    document = feed([one], ADDRESS, NOW)
    root = etree.fromstring(document)
    assert len(document) < 20_000
    assert len(root.findall(".//item")) == 1
    (description,) = root.findall(".//item/description")
    inner = etree.fromstring(f"<div>{description.text}</div>")
    assert {element.tag for element in inner.iter()} <= {"div", "p", "b", "a", "bdi", "blockquote", "ul", "li"}
    assert not inner.xpath("//@onerror | //@style | //@src")


@settings(max_examples=50)
@given(st.lists(strategies.deliveries, max_size=4))
def test_whatever_the_records_hold_it_can_be_read(deliveries: list[object]) -> None:
    on_feed = [msgspec.structs.replace(one, channel="feed") for one in deliveries]  # type: ignore[type-var]
    etree.fromstring(feed(on_feed, ADDRESS, NOW))  # type: ignore[arg-type]
