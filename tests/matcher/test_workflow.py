"""What people make of an incident follows from the standing decisions on its mention, whatever order they came in."""

from datetime import timedelta
from itertools import permutations

from msgspec.structs import replace

from overheard.matcher.identity.decisions import Decisions
from overheard.matcher.workflow import STEPS, UNTOUCHED, Workflow, relabelled, workflow
from overheard.records import (
    Concern,
    Decision,
    DecisionVerb,
    Intent,
    Language,
    Sentiment,
    Snippet,
    TargetSentiment,
    WatchHit,
)
from tests.matcher.worlds import NOW, con, men, mention


def said(number: int, verb: DecisionVerb, right: str = "", value: str = "", *, left: str = men("1")) -> Decision:
    """What asha decided so many minutes after `NOW`."""
    at = NOW + timedelta(minutes=number)
    return Decision(id=f"dec_{number}", verb=verb, left=left, right=right, value=value, by="asha", at=at)


def of(*decisions: Decision) -> Workflow:
    """The workflow, the same for every order of a few decisions."""
    found = []
    for order in list(permutations(decisions))[:24]:
        known = Decisions()
        for one in order:
            known.put(one.id, one)
        found.append(workflow(known, men("1")))
    assert all(each == found[0] for each in found)
    return found[0]


def test_an_incident_nobody_touched_is_open_and_nobodys() -> None:
    assert of() == UNTOUCHED == Workflow(status="open", assignee="")


def test_the_newest_status_and_assignee_hold_and_history_has_each_step() -> None:
    work = of(
        said(1, "status", "status", "in progress"),
        said(2, "assign", "assign", "ben"),
        said(3, "status", "status", "answered"),
        said(4, "assign", "assign", ""),
    )
    assert (work.status, work.assignee) == ("answered", "")
    assert [(step.what, step.value, step.by) for step in work.history] == [
        ("status", "in progress", "asha"),
        ("assign", "ben", "asha"),
        ("status", "answered", "asha"),
        ("assign", "", "asha"),
    ]


def test_withdrawing_a_status_brings_the_one_before_back() -> None:
    work = of(
        said(1, "status", "status", "answered"),
        said(2, "status", "status", "closed"),
        said(3, "withdraw", left="dec_2"),
    )
    assert work.status == "answered"
    assert [step.id for step in work.history] == ["dec_1"]


def test_a_status_that_is_none_counts_for_none_and_is_in_the_history() -> None:
    work = of(said(1, "status", "status", "closed"), said(2, "status", "status", "not about us"))
    assert work.status == "closed"
    assert len(work.history) == 2


def test_tags_and_notes_come_and_go() -> None:
    work = of(
        said(1, "tag", "tag/urgent", "on"),
        said(2, "tag", "tag/legal", "on"),
        said(3, "tag", "tag/urgent", ""),
        said(4, "note", "note/1", "called her"),
    )
    assert work.tags == ("legal",)
    assert [(note.text, note.by) for note in work.notes] == [("called her", "asha")]
    assert [(step.what, step.value) for step in work.history][2:] == [
        ("tag taken away", "urgent"),
        ("note", "called her"),
    ]
    assert of(said(4, "note", "note/1", "called her"), said(5, "note", "note/1", "")).notes == ()


def test_history_tells_of_links_and_of_events_from_either_side() -> None:
    work = of(said(1, "same", con("1")), said(2, "not the same", men("1"), left=men("2")), said(3, "not about us"))
    assert [(step.what, step.value) for step in work.history] == [
        ("same", con("1")),
        ("not the same", men("2")),
        ("not about us", ""),
    ]


def test_history_shows_its_newest_steps_oldest_first() -> None:
    known = Decisions()
    for number in range(60):
        known.put(f"dec_{number}", said(number, "status", "status", "closed"))
    assert [step.id for step in workflow(known, men("1")).history] == [f"dec_{i}" for i in range(60 - STEPS, 60)]


def test_a_persons_label_stands_in_the_place_of_the_machines() -> None:
    plain = mention("1", "Acme broke, Bolt did not", hits=("Acme", "Bolt"))
    snippet = Snippet(
        id="sni_1", mention=men("1"), target="acme", exact="Acme", prefix="", suffix="", start=0, end=4, text_hash="x",
        polarity="neutral", confidence=0.3,
    )  # fmt: skip
    given = replace(
        plain,
        targets=tuple(
            TargetSentiment(target=term, polarity="neutral", confidence=0.3, start=0, end=4)
            for term in ("acme", "bolt")
        ),
        snippets=(snippet, replace(snippet, target="")),
    )
    work = of(
        said(1, "relabel", "sentiment", "positive"),
        said(2, "relabel", "sentiment/acme", "negative"),
        said(3, "relabel", "sentiment/bolt", "furious"),
        said(4, "relabel", "sentiment/unknown", "negative"),
    )
    made = relabelled(given, work.labels)
    assert made.sentiment == Sentiment(polarity="positive", confidence=1.0)
    assert [(t.target, t.polarity, t.confidence) for t in made.targets] == [
        ("acme", "negative", 1.0),
        ("bolt", "neutral", 0.3),
    ]
    assert [(s.target, s.polarity) for s in made.snippets] == [("acme", "negative"), ("", "positive")]
    assert relabelled(given, {}) is given


def test_people_say_which_intents_a_post_has_and_which_it_has_not() -> None:
    text = "The Korvex leaks again. Is it any better than an Orbis?"
    said_by_machine = replace(
        mention("1", text),
        hits=(WatchHit(term="korvex", kind="own-product", start=4, end=10),),
        intents=(
            Intent(label="complaint", start=0, end=23, confidence=0.8, target="korvex"),
            Intent(label="comparison", start=24, end=len(text), confidence=0.6, target="korvex"),
        ),
        concerns=(
            Concern(topic="leaks", kind="complaint", start=0, end=23, target="korvex"),
            Concern(topic="price", kind="wish", start=0, end=23, target="korvex"),
        ),
        snippets=(
            Snippet(
                id="s", mention=men("1"), target="korvex", exact=text, prefix="", suffix="", start=0, end=len(text),
                text_hash="h", polarity="negative", confidence=0.9, intents=("complaint", "comparison"),
            ),
        ),
    )  # fmt: skip
    work = of(
        said(1, "relabel", "intent/complaint", "no"),
        said(2, "relabel", "intent/question", "yes"),
        said(3, "relabel", "intent/comparison", "yes"),
        said(4, "relabel", "language", "hi-Latn"),
        said(5, "relabel", "intent/gossip", "yes"),
        said(6, "relabel", "intent/praise", "perhaps"),
        said(7, "relabel", "language/x", "en"),
    )
    assert set(work.labels) == {"intent/complaint", "intent/question", "intent/comparison", "language"}
    found = relabelled(said_by_machine, work.labels)
    assert [(one.label, one.confidence, one.target) for one in found.intents] == [
        ("comparison", 1.0, "korvex"),
        ("question", 1.0, "korvex"),
    ]
    assert (found.intents[1].start, found.intents[1].end) == (0, len(text))
    assert [one.topic for one in found.concerns] == ["price"]
    assert found.snippets[0].intents == ("comparison",)
    assert found.language == Language(code="hi-Latn", confidence=1.0)
    back = of(said(1, "relabel", "intent/complaint", "no"), said(2, "withdraw", left="dec_1"))
    assert relabelled(said_by_machine, back.labels) is said_by_machine


def test_a_value_that_is_of_another_kind_of_label_counts_for_none() -> None:
    for right, value in (
        ("sentiment", "yes"),
        ("intent/complaint", "negative"),
        ("language", "German"),
        ("language", "EN"),
        ("colour", "positive"),
    ):
        assert of(said(1, "relabel", right, value)).labels == {}
