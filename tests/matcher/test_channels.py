"""What was written to us alone: whose it is, what it is counted as, and that it is one event with nothing public."""

import random
from typing import Any

import msgspec
import pytest

from overheard.matcher.events import events
from overheard.records import Actor, Contact, EnrichedMention, Incident, Profile
from overheard.records.mention import Channel
from tests.matcher.happenings import decision, inc, men, post, stream
from tests.matcher.worlds import NOW, World, con, contact, fact, mention, world

PHONE = "+919822012345"
ASHA = contact("1", "Asha Rao", emails=("asha@rao.example",), phones=(PHONE,), organisation="Rao Pumps")
LATHE = "the new lathe of acme tools broke on its second day and nobody answers the phone there"


def said(number: str, actor: Actor, channel: Channel, text: str = "The pump leaks") -> EnrichedMention:
    one = mention(number, text)
    return msgspec.structs.replace(
        one,
        mention=msgspec.structs.replace(
            one.mention, attributed_to=actor, channel=channel, platform=actor.platform, source="desk"
        ),
    )


def outcome(actor: Actor, channel: Channel, *records: Contact) -> str:
    """What Asha Rao is to the author of what came by a channel: an outcome, or "" where nobody sees her."""
    with world() as one:
        one.run(*(fact(record) for record in records or (ASHA,)), fact(said("1", actor, channel)))
        return one.parties("1").get(("author", con("1")), "")


def chat(number: str = PHONE) -> Actor:
    return Actor(platform="whatsapp", native_id=number, phone=number)


def letter(**fields: Any) -> Actor:
    return Actor(platform="email", **fields)


def test_a_number_that_a_messenger_vouches_for_is_whose_the_crm_says() -> None:
    assert outcome(chat(), "chat") == "linked"
    assert outcome(chat("+919822099999"), "chat") == ""


def test_a_number_that_several_have_links_nobody_and_waits_for_a_person() -> None:
    assert outcome(chat(), "chat", ASHA, contact("2", "Ravi Rao", phones=(PHONE,))) == "candidate"


def test_an_address_that_was_vouched_for_is_its_owner_s_and_a_typed_one_is_evidence_only() -> None:
    assert outcome(letter(email="asha@rao.example", email_verified=True), "mail") == "linked"
    assert outcome(letter(email="asha@rao.example"), "mail") == "candidate"
    assert outcome(letter(email="asha@rao.example", name="Somebody Else"), "mail") == "candidate"
    assert outcome(letter(email="ravi@rao.example"), "mail") == ""


def test_where_an_address_is_all_that_a_mailing_list_has_it_is_the_author_in_public() -> None:
    assert outcome(letter(email="asha@rao.example"), "") == "linked"


def test_a_number_typed_on_a_form_is_evidence_only() -> None:
    assert outcome(Actor(platform="desk", phone=PHONE), "form") == "candidate"
    assert outcome(Actor(platform="desk", name="Asha Rao", phone=PHONE, email="asha@rao.example"), "form") == "linked"


def test_a_number_watches_nobody() -> None:
    with world() as one:
        one.run(fact(ASHA))
        assert not [key for key in one.events("watch") if ":phone:" in key]


def profile_of(one: World) -> Profile:
    profile = one.documents()[con("1")]
    assert isinstance(profile, Profile)
    return profile


def test_activities_are_counted_apart_by_channel_and_the_timeline_tells_them() -> None:
    with world() as one:
        public = Actor(platform="reddit", preferred_username="asha", email="asha@rao.example", email_verified=True)
        one.run(
            fact(ASHA),
            fact(said("1", chat(), "chat")),
            fact(said("2", chat(), "chat")),
            fact(said("3", letter(email="asha@rao.example", email_verified=True), "mail")),
            fact(said("4", public, "")),
        )
        profile = profile_of(one)
        assert profile.incidents == 1
        assert {channel: one.number for channel, one in profile.activities.items()} == {"chat": 2, "mail": 1}
        assert sum(profile.by_month.values()) == sum(profile.by_day.values()) == 1
        assert profile.last_contact == profile.activities["mail"].last == NOW
        assert sorted(summary.channel for summary in profile.last) == ["", "chat", "chat", "mail"]
        assert {one.data.mention.channel for one in one.events().values() if isinstance(one.data, Incident)} == {
            "", "chat", "mail",
        }  # fmt: skip


def test_what_is_gone_is_counted_no_more() -> None:
    with world() as one:
        one.run(fact(ASHA), fact(said("1", chat(), "chat")))
        one.run(fact(said("1", chat(), "chat"), version=2, verb="Delete"))
        assert profile_of(one).activities == {}


def test_in_whatever_order_they_come_the_documents_are_the_same() -> None:
    facts = [
        fact(ASHA),
        fact(contact("2", "Ravi Rao", phones=("+919822099999",))),
        fact(said("1", chat(), "chat")),
        fact(said("2", chat("+919822099999"), "chat", LATHE)),
        fact(said("3", letter(email="asha@rao.example"), "mail", LATHE)),
        fact(said("4", Actor(platform="desk", name="Ravi Rao", phone="+919822099999"), "form")),
        fact(said("5", Actor(platform="reddit", preferred_username="x"), "", LATHE)),
    ]
    found = []
    for seed in range(6):
        random.Random(seed).shuffle(facts)
        with world(batch=2) as one:
            one.run(*facts)
            found.append(one.documents())
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("channel", ["mail", "chat", "form"])
def test_a_post_in_the_same_words_or_thread_is_no_event_with_what_was_written_to_us_alone(channel: Channel) -> None:
    with stream() as one:
        alone = [msgspec.structs.replace(post(name, LATHE, context="17"), channel=channel) for name in ("1", "2")]
        one.take_in([*alone, post("3", LATHE, context="17"), post("4", LATHE, context="17")])
        assert one.events_of() == {frozenset({inc("1"), inc("2")}), frozenset({inc("3"), inc("4")})}


def test_no_word_of_anybody_makes_a_public_post_and_a_letter_one_event() -> None:
    with stream() as one:
        one.take_in(
            [
                msgspec.structs.replace(post("1", "a"), channel="mail"),
                post("2", "b"),
                decision("1", "same", men("1"), men("2")),
            ]
        )
        assert one.of("1") == one.of("2") == events.ALONE
