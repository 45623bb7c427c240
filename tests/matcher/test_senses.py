"""What people decide on mentions says what a watched word means; it is published as a function of what is known."""

import random
from datetime import timedelta

from overheard.log.base import ProducerRecord
from overheard.matcher.senses import make_sense, told
from overheard.records import Sense, WatchHit
from overheard.records.watch import MAX_DECIDED, MAX_EXAMPLES
from tests.matcher.worlds import NOW, World, decision, fact, men, mention, suppression, world

SHOP = "Returned the lamp to Target without a receipt"
WORD = "We missed our sales Target again"


def senses(one: World) -> dict[str, Sense]:
    return {key: event.data for key, event in one.events("watch").items() if isinstance(event.data, Sense)}


def told_of(one: World, term: str = "target") -> dict[str, bool]:
    found = senses(one).get(f"sense/{term}")
    return {example.mention: example.about for example in found.examples} if found else {}


def hit_by(number: str, text: str, author: str = "") -> ProducerRecord:
    return fact(mention(number, text, author, hits=["Target"]))


def test_what_is_not_about_us_and_what_was_answered_says_what_the_word_means() -> None:
    with world() as one:
        one.run(hit_by("1", WORD), hit_by("2", SHOP), hit_by("3", SHOP))
        assert senses(one) == {}
        one.run(
            fact(decision("1", "not about us", men("1"))),
            fact(decision("2", "status", men("2"), "status", value="answered")),
            fact(decision("3", "assign", men("3"), "assign", value="ravi")),
        )
        assert told_of(one) == {men("1"): False, men("2"): True}
        sense = senses(one)["sense/target"]
        assert sense.term == "target"
        assert sense.decided == tuple(sorted((men("1"), men("2"), men("3"))))
        (example,) = [each for each in sense.examples if each.mention == men("1")]
        assert example.text[example.start : example.end] == "Target"


def test_what_is_withdrawn_erased_or_gone_teaches_nothing_any_more() -> None:
    with world() as one:
        one.run(hit_by("1", WORD, "asha"), hit_by("2", SHOP), hit_by("3", WORD))
        one.run(*[fact(decision(n, "not about us", men(n))) for n in "123"])
        before = senses(one)["sense/target"]
        one.run(fact(decision("9", "withdraw", "dec_3")))
        assert set(told_of(one)) == {men("1"), men("2")}
        one.run(suppression("reddit:handle:asha"))
        assert set(told_of(one)) == {men("2")}
        assert senses(one)["sense/target"].version != before.version
        assert "sales" not in str(senses(one))
        one.run(ProducerRecord("facts", men("2"), None))
        assert senses(one) == {}
        assert one.newest("watch")["sense/target"].value is None


def test_a_label_toward_one_term_confirms_that_one_alone() -> None:
    hits = tuple(WatchHit(term=term, kind="company", start=0, end=6) for term in ("target", "square"))
    said = mention("1", "Target or Square?")
    said = type(said)(**{**{f: getattr(said, f) for f in said.__struct_fields__}, "hits": hits})
    found = told(said, [decision("1", "relabel", men("1"), "sentiment/target", value="negative")])
    assert {one.term: one.example is not None for one in found} == {"target": True, "square": False}


def test_a_sense_holds_the_newest_and_not_more_than_its_bounds() -> None:
    every = [
        one
        for i in range(MAX_DECIDED + 10)
        for one in told(
            mention(str(i), SHOP, hits=["Target"]),
            [decision(str(i), "not about us", men(str(i)), at=NOW + timedelta(minutes=i))],
        )
    ]
    random.Random(1).shuffle(every)
    sense = make_sense("target", every)
    assert sense is not None
    assert (len(sense.examples), len(sense.decided)) == (MAX_EXAMPLES, MAX_DECIDED)
    assert men(str(MAX_DECIDED + 9)) in {example.mention for example in sense.examples}
    assert men("5") not in sense.decided
    assert make_sense("target", every[::-1]) == sense


def test_a_long_text_is_kept_around_the_hit_only() -> None:
    (one,) = told(
        mention("1", f"{'before ' * 400}Target {'after ' * 400}", hits=["Target"]),
        [decision("1", "not about us", men("1"))],
    )
    assert one.example is not None
    assert len(one.example.text) < 420
    assert one.example.text[one.example.start : one.example.end] == "Target"


def test_a_mention_that_was_winnowed_away_comes_back_by_a_newer_winnow() -> None:
    with world() as one:
        said = [mention("1", SHOP, hits=["Target"], model_version=version) for version in (1, 2, 3)]
        one.run(fact(said[0]))
        one.run(fact(said[1], verb="Delete", cause="re-match"))
        assert one.documents() == {}
        one.run(fact(said[2], cause="re-match"))
        assert len(one.documents()) == 1
        one.run(fact(said[1], verb="Delete", cause="re-match"))
        assert len(one.documents()) == 1
        one.run(fact(said[0], verb="Delete"))
        assert one.documents() == {}
        one.run(fact(said[2], cause="re-match"))
        assert one.documents() == {}
