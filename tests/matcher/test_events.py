"""Mentions of one happening are one event: by thread, near-duplicate text or a person's word, in whatever order."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overheard.matcher.events import buckets, events
from overheard.records import Decision, DecisionVerb, Mention
from tests.matcher.happenings import Stream, decision, inc, men, post, stream, worked_out
from tests.matcher.worlds import NOW

LATHE = "the new lathe of acme tools broke on its second day and nobody answers the phone there"
ALSO = "the new lathe of acme tools broke on its second day and nobody answers the phone here today"
OTHER = "borealis opens a plant in pune where it is to make gear boxes for wind mills from march on"
PAGE = "https://forum.example/t/17"


def ids(*names: str) -> frozenset[str]:
    return frozenset(inc(name) for name in names)


def test_a_post_by_itself_is_no_event() -> None:
    with stream() as one:
        one.take_in([post("1", LATHE), post("2", OTHER)])
        assert one.of("1") == one.of("2") == events.ALONE


def test_an_answer_its_post_and_another_answer_are_one_event_in_any_order() -> None:
    root = post("1", "short", url=PAGE)
    answer = post("2", "yes", days=1, in_reply_to=PAGE)
    other = post("3", "no", days=2, in_reply_to=f"{PAGE}?utm_source=x")
    for order in ([root, answer, other], [other, answer, root], [answer, root, other]):
        with stream() as one:
            for mention in order:
                one.take_in([mention])
            assert one.events_of() == {ids("1", "2", "3")}
            assert one.of("2").why == (f"One thread with {inc('1')}, at most 7 days apart",)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (post("1", "short"), post("2", "yes", in_reply_to="1")),
        (post("1", "short"), post("2", "yes", context=" 1 ")),
        (post("1", "short", context="9"), post("2", "yes", context="9")),
        (post("1", "short", aliases=(f"{PAGE}#p5",)), post("2", "yes", in_reply_to=f"{PAGE}#p5")),
        (post("1", "short", url=PAGE), post("2", "yes", url=PAGE)),
    ],
)
def test_a_thread_is_known_by_id_address_alias_and_root(first: Mention, second: Mention) -> None:
    with stream() as one:
        one.take_in([first, second])
        assert one.events_of() == {ids("1", "2")}


def test_the_front_page_of_a_site_is_no_thread() -> None:
    with stream() as one:
        one.take_in([post("1", "short", url="https://forum.example/"), post("2", "yes", url="http://forum.example")])
        assert one.events_of() == set()


def test_copies_and_near_copies_within_seven_days_are_one_event() -> None:
    with stream() as one:
        one.take_in([post("1", LATHE), post("2", LATHE, days=6), post("3", ALSO, days=12), post("4", OTHER)])
        assert one.events_of() == {ids("1", "2", "3")}
        assert one.of("3").why[0].startswith(f"Near-duplicate of {inc('2')}, at most 7 days apart: 82% of what")


def test_a_copy_a_year_later_is_another_event() -> None:
    with stream() as one:
        one.take_in([post("1", LATHE), post("2", LATHE, days=365), post("3", LATHE, days=366)])
        assert one.events_of() == {ids("2", "3")}


@pytest.mark.parametrize("text", ["thank you very much for all of this"[:26], "ha " * 40, "", "🎉 🎉"])
def test_texts_that_say_too_little_are_nobodys_copies(text: str) -> None:
    with stream() as one:
        one.take_in([post("1", text), post("2", text)])
        assert one.events_of() == set()


def test_the_members_stand_with_the_smallest_id_in_order_of_time() -> None:
    with stream() as one:
        one.take_in([post(str(i), LATHE, days=i / 10) for i in range(5)])
        event = min(ids(*"01234"))
        for name in "01234":
            info = one.of(name)
            assert info.event == event
            assert info.members == (tuple(inc(name) for name in "01234") if inc(name) == event else ())
            assert info.member_count == (5 if inc(name) == event else 0)


def test_an_event_shows_its_first_hundred_and_counts_all() -> None:
    with stream() as one:
        one.take_in([post(str(i), LATHE, days=i / 1000) for i in range(130)])
        head = next(info for info in one.infos().values() if info.members)
        assert head.member_count == 130
        assert head.members == tuple(inc(str(i)) for i in range(events.MEMBERS))


def test_a_deleted_post_leaves_its_event_and_what_only_it_joined_comes_apart() -> None:
    with stream() as one:
        one.take_in([post("1", LATHE), post("2", LATHE, days=6), post("3", LATHE, days=12)])
        assert one.take_in([men("2")]) == {one.numbers[men("1")], one.numbers[men("3")]}
        assert one.events_of() == set()


def test_an_edited_post_leaves_the_event_of_its_old_text_and_joins_that_of_its_new() -> None:
    with stream() as one:
        one.take_in([post("1", LATHE), post("2", LATHE), post("3", OTHER)])
        one.take_in([post("2", OTHER)])
        assert one.events_of() == {ids("2", "3")}


def test_a_person_joins_what_is_a_year_apart_and_taking_it_back_parts_it() -> None:
    with stream() as one:
        one.take_in([post("1", LATHE), post("2", OTHER, days=365)])
        assert one.take_in([decision("1", "same", men("1"), men("2"))]) == {1, 2}
        assert one.events_of() == {ids("1", "2")}
        assert one.of("2").why == (f"asha said that it is one event with {inc('1')}",)
        one.take_in([decision("2", "withdraw", "dec_1")])
        assert one.events_of() == set()


def test_a_persons_word_may_come_before_the_posts() -> None:
    with stream() as one:
        one.take_in([decision("1", "same", men("1"), men("2"))])
        one.take_in([post("2", OTHER, days=365)])
        one.take_in([post("1", LATHE)])
        assert one.events_of() == {ids("1", "2")}


def test_a_person_parts_copies_and_the_others_stay_where_they_are_surest() -> None:
    with stream() as one:
        one.take_in([post("1", LATHE, url=PAGE), post("2", LATHE), post("3", LATHE, in_reply_to=PAGE)])
        assert one.events_of() == {ids("1", "2", "3")}
        one.take_in([decision("1", "not the same", men("2"), men("1"))])
        assert one.events_of() == {ids("1", "3")}
        assert one.of("2") == events.EventInfo(why=(f"asha said that it is not one event with {inc('1')}",))
        one.take_in([decision("2", "withdraw", "dec_1")])
        assert one.events_of() == {ids("1", "2", "3")}


def test_the_newest_word_on_a_pair_holds_from_whichever_side_it_was_said() -> None:
    with stream() as one:
        one.take_in([post("1", LATHE), post("2", OTHER)])
        later = NOW + timedelta(hours=1)
        one.take_in(
            [decision("1", "same", men("1"), men("2"), at=later), decision("2", "not the same", men("2"), men("1"))]
        )
        assert one.events_of() == {ids("1", "2")}


def test_what_is_forgotten_was_never_there() -> None:
    with stream() as one:
        one.take_in([post("1", LATHE)])
        one.take_in([post("2", LATHE), post("1", OTHER), decision("1", "same", men("1"), men("2"))], forget=True)
        assert one.infos() == {men("1"): events.ALONE}
        one.take_in([post("2", LATHE)])
        assert one.events_of() == {ids("1", "2")}


def test_only_those_are_told_of_whose_event_changed() -> None:
    with stream() as one:
        one.take_in([post(str(i), LATHE, days=i / 10) for i in range(20)])
        head = next(num for num in one.mentions if one.events.of(num).members)
        new = next(str(i) for i in range(100, 200) if inc(str(i)) > inc(one.mentions[head].native_id))
        assert one.take_in([post(new, LATHE, days=3)]) == {head}


TEXTS = (LATHE, ALSO, OTHER, f"{OTHER} says its head", "short")
names = st.sampled_from("abcdefg")
mentions = st.builds(
    lambda name, text, days, answers, url: post(name, text, days=days, in_reply_to=answers, url=url),
    names,
    st.sampled_from(TEXTS),
    st.integers(0, 40).map(lambda half: half / 2),
    st.sampled_from(("", "", *"abc")),
    st.sampled_from(("", "", PAGE)),
)
verbs: st.SearchStrategy[DecisionVerb] = st.sampled_from(("same", "not the same", "not the same", "unsure"))
decisions = st.one_of(
    st.builds(
        lambda number, verb, left, right, hours: decision(
            str(number), verb, men(left), men(right), at=NOW + timedelta(hours=hours)
        ),
        st.integers(0, 9),
        verbs,
        names,
        names,
        st.integers(0, 3),
    ),
    st.builds(
        lambda number, taken: decision(f"w{number}", "withdraw", f"dec_{taken}"), st.integers(0, 3), st.integers(0, 9)
    ),
)
steps = st.lists(st.one_of(mentions, mentions, decisions, names.map(men)), max_size=24)


def as_worked_out(one: Stream) -> bool:
    got = {mention: (info.event, info.members, info.member_count) for mention, info in one.infos().items()}
    return got == worked_out(one.mentions.values(), one.decisions)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(0, 1 << 30))
def test_any_history_in_any_batches_ends_as_the_definition_says(
    history: list[Mention | Decision | str], sizes: list[int], seed: int
) -> None:
    with stream() as one, stream() as shuffled, pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "_NEW", sizes[0] * 10)
        left = list(history)
        for i in range(len(history)):
            batch, left = left[: sizes[i % len(sizes)]], left[sizes[i % len(sizes)] :]
            before = one.infos()
            one.take_in(batch, forget=True)
            assert one.infos() == before
            changed = one.take_in(batch)
            assert as_worked_out(one)
            differ = {one.numbers[id_] for id_, info in one.infos().items() if id_ in before and before[id_] != info}
            own = {
                one.numbers[each if isinstance(each, str) else each.id]
                for each in batch
                if not isinstance(each, Decision)
            }
            assert differ - own <= changed
            assert changed <= one.mentions.keys() - own
            one.open()
        # What holds in the end, in another order and other batches, has the same events for the same reasons.
        said = {each.id: each for each in history if isinstance(each, Decision)}
        last: list[Mention | Decision | str] = [*one.mentions.values(), *said.values()]
        random.Random(seed).shuffle(last)
        for start in range(0, len(last), 3):
            shuffled.take_in(last[start : start + 3])
        shuffled.take_in(last[:2])
        assert shuffled.infos() == one.infos()


def test_nothing_is_left_in_the_tables_of_what_is_gone() -> None:
    with stream() as one:
        one.take_in([post("1", LATHE, url=PAGE), post("2", LATHE), post("3", ALSO, in_reply_to=PAGE)])
        one.take_in([decision("1", "not the same", men("1"), men("2"))])
        one.take_in([men("1"), men("2"), men("3")])
        for table in ("buckets", "buckets_new", "event_edges", "event_nodes", "event_parts"):
            assert one.connection.execute(f"SELECT count(*) FROM ledger_{table}").fetchone() == (0,)
