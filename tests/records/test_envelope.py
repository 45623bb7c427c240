"""Events: there and back, the same bytes for the same event, and a clear word about what is none."""

import contextlib
import json
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.records import (
    DATA_TYPES,
    Contact,
    Decision,
    Event,
    ExternalId,
    Mention,
    Rating,
    RecordError,
    content_hash,
    decode,
    encode,
    event_for,
    is_tombstone_of,
)
from overheard.records.base import Record
from overheard.records.mention import VOLATILE
from tests.strategies import DATA, events, events_of, mentions, times

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
MENTION = Mention(id="men_a", platform="x", source="x", content="Acme is slow today", first_seen=NOW)
EVENT = event_for(MENTION, subject="men_a", source="x", time=NOW)


def altered(event: Event[Any], **fields: Any) -> bytes:
    return json.dumps(json.loads(encode(event)) | fields).encode()


def test_every_type_of_data_has_a_strategy() -> None:
    assert set(DATA) == set(DATA_TYPES.values())


@given(event=events)
def test_an_event_comes_back_as_it_went(event: Event[Any]) -> None:
    assert decode(encode(event)) == event


@pytest.mark.parametrize("cls", DATA, ids=lambda cls: cls.__name__)
def test_each_record_comes_back_as_it_went(cls: type[Record]) -> None:
    @given(event=events_of(cls))
    def comes_back(event: Event[Any]) -> None:
        back = decode(encode(event))
        assert back == event
        assert type(back.data) is cls

    comes_back()


@given(event=events)
def test_equal_events_give_equal_bytes(event: Event[Any]) -> None:
    again = decode(encode(event))
    assert encode(again) == encode(event)


def test_the_order_of_a_mapping_does_not_show_in_the_bytes() -> None:
    def contact(handles: dict[str, str]) -> Contact:
        return Contact(id="con_a", external_ids=(ExternalId(system="crm", value="1"),), handles=handles)

    one = event_for(contact({"x": "jane", "reddit": "jd"}), subject="con_a", source="crm", time=NOW)
    two = event_for(contact({"reddit": "jd", "x": "jane"}), subject="con_a", source="crm", time=NOW)
    assert one == two
    assert encode(one) == encode(two)


@given(event=events)
def test_a_record_cannot_be_changed(event: Event[Any]) -> None:
    for struct in (event, event.data):
        for name in struct.__struct_fields__:
            with pytest.raises(AttributeError):
                setattr(struct, name, None)


def test_an_event_is_a_cloud_event_in_structured_json() -> None:
    event = json.loads(encode(EVENT))
    assert event["specversion"] == "1.0"
    assert event["type"] == "overheard.mention"
    assert event["time"] == "2026-11-21T08:30:00Z"
    assert event["datacontenttype"] == "application/json"
    assert event["dataschema"] == "urn:overheard:mention:1"
    assert event["data"]["firstSeen"] == "2026-11-21T08:30:00Z"
    # CloudEvents 1.0, 3.1: attribute names are lower-case letters and digits only.
    assert all(name.isalnum() and name.islower() for name in event)


@given(value=st.binary(max_size=200))
def test_garbage_is_refused_as_no_record(value: bytes) -> None:
    with pytest.raises(RecordError):
        decode(value)


@given(event=events, data=st.data())
def test_a_damaged_event_is_refused_or_read_never_a_crash(event: Event[Any], data: st.DataObject) -> None:
    value = bytearray(encode(event))
    for _ in range(data.draw(st.integers(1, 4))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(RecordError):
        decode(bytes(value))
    with pytest.raises(RecordError):
        decode(bytes(value[: data.draw(st.integers(0, len(value) - 2))]))


def test_deep_nesting_is_refused() -> None:
    head = b'{"type":"overheard.mention","dataschema":"urn:overheard:mention:1","data":'
    for value in (b"[" * 200_000, head + b"[" * 200_000, head + b'{},"x":' + b'{"a":' * 200_000):
        with pytest.raises(RecordError):
            decode(value)


def test_a_newer_schema_is_refused_with_what_to_do() -> None:
    with pytest.raises(RecordError, match=r"version 1 or older for overheard\.mention; got 2\..*update"):
        decode(altered(EVENT, dataschema="urn:overheard:mention:2"))


@pytest.mark.parametrize(
    "schema", ["", "1", "urn:overheard:mention:", "urn:overheard:mention:x", "urn:x:" + "9" * 5_000]
)
def test_an_odd_schema_is_refused(schema: str) -> None:
    with pytest.raises(RecordError, match="dataschema such as urn:overheard:mention:1"):
        decode(altered(EVENT, dataschema=schema))


def test_an_unknown_type_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RecordError, match=r"overheard\.mention.*got 'overheard\.nonsense'"):
        decode(altered(EVENT, type="overheard.nonsense"))


def test_a_field_of_a_wrong_type_is_named() -> None:
    with pytest.raises(RecordError, match=r"\$\.data\.likes"):
        decode(altered(EVENT, data=json.loads(encode(EVENT))["data"] | {"likes": "many"}))


def test_a_missing_field_is_named() -> None:
    data = json.loads(encode(EVENT))["data"]
    del data["content"]
    with pytest.raises(RecordError, match="content"):
        decode(altered(EVENT, data=data))


def test_a_time_without_its_offset_is_refused() -> None:
    data = json.loads(encode(EVENT))["data"] | {"published": "2026-11-21T08:30:00"}
    with pytest.raises(RecordError, match=r"timezone.*\$\.data\.published"):
        decode(altered(EVENT, data=data))


def test_fields_of_a_newer_program_are_passed_over() -> None:
    data = json.loads(encode(EVENT))["data"] | {"mood": "sunny"}
    assert decode(altered(EVENT, data=data, traceparent="00-0-0-00")) == EVENT


def test_a_text_that_missed_the_door_is_refused_with_the_record() -> None:
    broken = msgspec.structs.replace(MENTION, content="half \ud83d of a face")
    with pytest.raises(RecordError, match=r"overheard\.mention 'men_a'"):
        event_for(broken, subject="men_a", source="x", time=NOW)


@given(mention=mentions, first_seen=times, likes=st.integers(0, 99))
def test_seeing_a_mention_again_does_not_make_an_event_of_it(
    mention: Mention, first_seen: datetime, likes: int
) -> None:
    later = msgspec.structs.replace(mention, first_seen=first_seen, likes=likes, shares=None, replies=likes)
    ids = {event_for(m, subject=mention.id, source="x", time=m.first_seen).id for m in (mention, later)}
    assert len(ids) == 1


def test_an_event_id_changes_with_content_verb_and_version_only() -> None:
    base = EVENT.id
    edited = msgspec.structs.replace(MENTION, content="Acme is fast today")
    assert event_for(edited, subject="men_a", source="x", time=NOW).id != base
    assert event_for(MENTION, subject="men_a", source="x", time=NOW, verb="Delete").id != base
    assert event_for(MENTION, subject="men_a", source="x", time=NOW, sourceversion=1).id != base
    assert event_for(MENTION, subject="men_b", source="x", time=NOW).id != base
    later = NOW + timedelta(days=1)
    assert event_for(MENTION, subject="men_a", source="elsewhere", time=later, cause="replay").id == base


def test_event_ids_and_content_hashes_do_not_move() -> None:
    assert EVENT.id == "womdi4st2lcfkmlf3gvpeixuhm"
    assert content_hash(MENTION) == "rok33appdy7jyw2aglxbvambqq"
    assert content_hash(MENTION, without=VOLATILE) == "q76hb6cqypuhuoun36yhlvw75m"
    decision = Decision(id="dec_1", verb="same", left="x:handle:jane", right="con_a", by="sam", at=NOW)
    assert (
        event_for(decision, subject="dec_1", source="cli", time=NOW, cause="decision").id
        == "hyq54dxcso23yzp4q3wvoxwmcm"
    )


def test_a_new_field_with_a_default_moves_no_content_hash() -> None:
    class Before(Record, frozen=True, kw_only=True):
        b: int
        a: dict[str, int]

    class After(Record, frozen=True, kw_only=True):
        a: dict[str, int]
        c: str = ""
        b: int

    assert content_hash(Before(a={"y": 1, "x": 2}, b=3)) == content_hash(After(a={"x": 2, "y": 1}, b=3))


@given(mention=mentions)
def test_a_copy_in_another_process_has_the_same_content_hash(mention: Mention) -> None:
    copy = pickle.loads(pickle.dumps(mention))
    assert copy == mention
    assert content_hash(copy) == content_hash(mention)


def test_a_copy_leaves_out_of_the_json_what_its_original_does() -> None:
    for rating in (Rating(value=4), Rating(value=4, best=float("5"))):
        reviewed = Mention(id="men_a", platform="x", source="x", content="", first_seen=NOW, type="Note", rating=rating)
        event = event_for(reviewed, subject="men_a", source="x", time=NOW)
        assert encode(pickle.loads(pickle.dumps(event))) == encode(event)


def test_only_a_delete_is_a_tombstone() -> None:
    assert is_tombstone_of(event_for(MENTION, subject="men_a", source="x", time=NOW, verb="Delete"))
    assert not is_tombstone_of(EVENT)
