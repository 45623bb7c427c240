"""The outbox, the stage that fills it and the deliverer that empties it, on a real log."""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import pytest

from overheard.alerts.channels import NotDeliveredError
from overheard.alerts.deliver import Deliverer
from overheard.alerts.deliveries import SCHEDULE, resent
from overheard.alerts.outbox import TOPIC, Outbox, delivery_record
from overheard.alerts.parties import Known
from overheard.alerts.stage import GROUP, AlertStage
from overheard.errors import NotFoundError
from overheard.log.base import ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.log.stage import LogSink, run_stage
from overheard.records import Cause, Delivery, Incident, Verb, encode, event_for
from tests.alerts.making import ADDRESS, ANTON, KNOWN, NOW, delivery, incident, party

CHANNELS = ("feed", "mail", "webhook:crm")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


def lookup(ids: Collection[str]) -> Mapping[str, Known]:
    return {id_: KNOWN[id_] for id_ in ids if id_ in KNOWN}


def publish(log: EmbeddedLog, one: Incident, *, cause: Cause = "live", verb: Verb = "Create", version: int = 1) -> None:
    event = event_for(one, subject=one.id, source="/match", time=NOW, verb=verb, sourceversion=version, cause=cause)
    log.append([ProducerRecord("documents", one.id, encode(event))])


def run(log: EmbeddedLog, flush: Callable[[], None] | None = None, private: Collection[str] = ()) -> Mapping[str, int]:
    stage = AlertStage(
        Outbox(log), lookup, channels=CHANNELS, address=ADDRESS, bar=0.6, clock=lambda: NOW, private=private
    )
    consumer = log.consumer(GROUP, stage.topic)
    try:
        progress = run_stage(
            stage,
            consumer,
            LogSink(log, consumer, flush=flush, durable=True),
            stop=threading.Event(),
            until_idle=lambda: True,
        )
    finally:
        consumer.close()
    return progress.fates


# --- the stage -------------------------------------------------------------------------------------------------------


def test_a_complaint_is_in_the_outbox_once_for_each_channel(log: EmbeddedLog) -> None:
    publish(log, incident(1))
    publish(log, incident(2, parties=[party(ANTON)]))
    assert run(log) == {"alerted": 1, "no alert": 1}
    assert sorted((d.channel, d.state) for d in Outbox(log).all()) == [
        ("feed", "sent"),
        ("mail", "waiting"),
        ("webhook:crm", "waiting"),
    ]


def test_later_versions_and_the_same_again_change_nothing(log: EmbeddedLog) -> None:
    publish(log, incident(1))
    run(log)
    before = Outbox(log).all()
    publish(log, incident(1, likes=9), version=2)
    publish(log, incident(1), version=3, cause="re-match")
    assert run(log) == {"no alert": 2}
    assert Outbox(log).all() == before


@pytest.mark.parametrize("cause", ["back-fill", "replay", "re-match", "decision"])
def test_the_past_is_never_told(log: EmbeddedLog, cause: Cause) -> None:
    publish(log, incident(1), cause=cause)
    assert run(log) == {"no alert": 1}
    assert Outbox(log).all() == []


def test_killed_between_outbox_and_commit_it_does_the_batch_again_to_the_same_deliveries(log: EmbeddedLog) -> None:
    class Killed(Exception):  # noqa: N818
        pass

    def kill() -> None:
        raise Killed

    publish(log, incident(1))
    with pytest.raises(Killed):
        run(log, kill)
    before = Outbox(log).all()
    assert len(before) == 3
    assert run(log) == {"no alert": 1}
    assert Outbox(log).all() == before


def test_what_was_written_to_us_alone_is_told_only_where_the_settings_say_so_and_never_in_the_feed(
    log: EmbeddedLog,
) -> None:
    publish(log, incident(1, channel="mail"))
    run(log)
    assert not list(Outbox(log).all())
    publish(log, incident(2, channel="chat"))
    run(log, private=("mail",))
    assert not list(Outbox(log).all())
    publish(log, incident(3, channel="mail"))
    run(log, private=("mail",))
    told = list(Outbox(log).all())
    assert {one.channel for one in told} == set(CHANNELS) - {"feed"}
    assert all(item.channel == "mail" for one in told for item in one.items)


def test_a_deleted_post_leaves_every_delivery_that_tells_of_it(log: EmbeddedLog) -> None:
    publish(log, incident(1))
    run(log)
    publish(log, incident(1), verb="Delete", version=2)
    assert run(log) == {"deleted": 1}
    left = {d.channel: d for d in Outbox(log).all()}
    assert {d.state for d in left.values()} == {"sent", "given up"}
    assert left["mail"].reason == "the post was deleted at its source"
    assert b"terrible" not in b"".join(msgspec.json.encode(d) for d in left.values())


def test_told_and_deleted_in_one_batch_it_is_not_told(log: EmbeddedLog) -> None:
    publish(log, incident(1))
    publish(log, incident(1), verb="Delete", version=2)
    run(log)
    assert Outbox(log).all() == []


def test_what_is_said_not_to_be_about_us_is_not_sent_any_more(log: EmbeddedLog) -> None:
    publish(log, incident(1))
    run(log)
    publish(log, incident(1, status="not about us"), version=2, cause="decision")
    run(log)
    assert {d.channel: d.state for d in Outbox(log).all()} == {
        "feed": "sent",
        "mail": "given up",
        "webhook:crm": "given up",
    }


def test_what_is_no_document_is_a_dead_letter(log: EmbeddedLog) -> None:
    log.append([ProducerRecord("documents", "inc_x", b"{")])
    publish(log, incident(1))
    assert run(log) == {"alerted": 1, "dead": 1}


# --- the deliverer ---------------------------------------------------------------------------------------------------


@dataclass
class Wire:
    """A channel that takes what comes, but for what it is told to answer first."""

    answers: list[Exception] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    def send(self, delivery: Delivery, now: datetime) -> str:
        if self.answers:
            raise self.answers.pop(0)
        self.taken.append(delivery.id)
        return "answered 200"


def no(words: str = "answered 500") -> NotDeliveredError:
    return NotDeliveredError(words)


def deliverer(log: EmbeddedLog, clock: Clock, **channels: Wire) -> Deliverer:
    return Deliverer(Outbox(log), channels, clock=clock, jitter=lambda: 0.0)


def test_what_waits_is_sent_once_and_written_down(log: EmbeddedLog) -> None:
    wire, clock = Wire(), Clock()
    (one,) = Outbox(log).add([delivery("mail")])
    ways = deliverer(log, clock, mail=wire)
    assert (ways.round(), ways.round()) == (1, 0)
    assert wire.taken == [one.id]
    done = Outbox(log).get(one.id)
    assert (done.state, done.sent, done.attempts[0].message) == ("sent", NOW, "answered 200")


def test_what_failed_is_tried_at_its_time_also_after_a_restart(log: EmbeddedLog) -> None:
    wire, clock = Wire([no(), no()]), Clock()
    (one,) = Outbox(log).add([delivery("mail")])
    for wait in SCHEDULE[:2]:
        deliverer(log, clock, mail=wire).round()
        clock.pass_by(wait - timedelta(seconds=1))
        assert deliverer(log, clock, mail=wire).round() == 0
        clock.pass_by(timedelta(seconds=1))
    deliverer(log, clock, mail=wire).round()
    assert wire.taken == [one.id]
    assert [a.outcome for a in Outbox(log).get(one.id).attempts] == ["failed", "failed", "sent"]


def test_killed_between_sending_and_writing_it_down_it_is_sent_again_under_its_id(log: EmbeddedLog) -> None:
    class Killed(BaseException):
        pass

    class Dies(Wire):
        def send(self, delivery: Delivery, now: datetime) -> str:
            super().send(delivery, now)
            raise Killed

    clock, dies, wire = Clock(), Dies(), Wire()
    (one,) = Outbox(log).add([delivery("mail")])
    with pytest.raises(Killed):
        deliverer(log, clock, mail=dies).round()
    deliverer(log, clock, mail=wire).round()
    assert dies.taken == wire.taken == [one.id]


def test_after_three_days_it_is_given_up_and_kept_with_its_reason(log: EmbeddedLog) -> None:
    clock = Clock()
    (one,) = Outbox(log).add([delivery("mail")])
    ways = deliverer(log, clock, mail=Wire([no() for _ in range(20)]))
    while (now := Outbox(log).get(one.id)).next_attempt is not None:
        clock.now = now.next_attempt
        ways.round()
    assert now.state == "given up"
    assert "answered 500" in now.reason
    assert timedelta(days=3) < clock.now - NOW < timedelta(days=4)


def test_a_channel_that_fails_holds_up_nobody_else(log: EmbeddedLog) -> None:
    clock, dead, well = Clock(), Wire([no() for _ in range(9)]), Wire()
    Outbox(log).add([delivery("mail", n) for n in range(3)] + [delivery("crm", n) for n in range(3)])
    assert deliverer(log, clock, mail=dead, crm=well).round() == 4
    assert len(well.taken) == 3


def test_after_410_a_webhook_is_left_alone_until_a_person_asks(log: EmbeddedLog) -> None:
    clock, wire = Clock(), Wire([NotDeliveredError("answered 410", gone=True)])
    first, second = Outbox(log).add([delivery("crm", 1), delivery("crm", 2, created=NOW + timedelta(seconds=1))])
    ways = deliverer(log, clock, crm=wire)
    ways.round()
    clock.pass_by(timedelta(minutes=1))
    ways.round()
    assert wire.taken == []
    assert {d.state for d in Outbox(log).all()} == {"given up"}
    assert "410" in Outbox(log).get(second.id).reason
    Outbox(log).change(first.id, lambda one: resent(one, clock()))
    ways.round()
    assert wire.taken == [first.id]


def test_a_channel_that_the_settings_lost_gives_up(log: EmbeddedLog) -> None:
    (one,) = Outbox(log).add([delivery("webhook:old")])
    deliverer(log, Clock()).round()
    assert Outbox(log).get(one.id).reason == "the settings have no webhook:old any more"


def test_whatever_one_delivery_does_to_a_channel_the_others_go_on(log: EmbeddedLog) -> None:
    clock, wire = Clock(), Wire([ZeroDivisionError("secret")])
    first, second = Outbox(log).add([delivery("mail", 1), delivery("mail", 2, created=NOW + timedelta(seconds=1))])
    ways = deliverer(log, clock, mail=wire)
    clock.pass_by(timedelta(seconds=2))
    ways.round()
    ways.round()
    assert wire.taken == [second.id]
    assert Outbox(log).get(first.id).attempts[0].message == "could not be sent: ZeroDivisionError"


def test_what_a_person_asks_for_again_during_an_attempt_is_not_sent_twice(log: EmbeddedLog) -> None:
    class Slow(Wire):
        def send(self, delivery: Delivery, now: datetime) -> str:
            Outbox(log).change(delivery.id, lambda one: resent(one, NOW))
            return super().send(delivery, now)

    slow = Slow()
    Outbox(log).add([delivery("mail")])
    ways = deliverer(log, Clock(), mail=slow)
    assert (ways.round(), ways.round(), len(slow.taken)) == (1, 0, 1)


# --- the outbox ------------------------------------------------------------------------------------------------------


def test_what_is_there_is_not_added_again(log: EmbeddedLog) -> None:
    outbox = Outbox(log)
    assert len(outbox.add([delivery("mail", 1)])) == 1
    assert [d.id for d in outbox.add([delivery("mail", 1), delivery("mail", 2)])] == [delivery("mail", 2).id]


def test_an_id_that_is_none_is_told(log: EmbeddedLog) -> None:
    with pytest.raises(NotFoundError, match="overheard deliveries list"):
        Outbox(log).get("del_nope")


def test_the_outbox_sees_what_another_process_put_in_and_what_went(log: EmbeddedLog) -> None:
    outbox = Outbox(log)
    assert outbox.unsent() == []
    log.append([delivery_record(delivery("mail", n)) for n in range(1_200)])
    assert len(outbox.unsent()) == 1_200
    log.append([ProducerRecord(TOPIC, delivery("mail", 0).id, None)])
    assert len(outbox.unsent()) == 1_199
    assert len(outbox.all()) == 1_199
