"""A word that is a word: which of its hits mean the thing watched, and what people teach."""

from collections.abc import Sequence

import numpy as np
import pytest

from overheard.enrich import senses
from overheard.enrich.encoder import Encoder
from overheard.enrich.rewinnow import Rewinnow
from overheard.enrich.senses import BAR, OTHER_SENSE, Senses, is_as_a_name, shown
from overheard.enrich.stage import EnrichStage
from overheard.enrich.told import told
from overheard.enrich.winnow import Winnow
from overheard.log.base import ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.records import Sense, SenseExample, Term, WatchedSource, decode
from tests.enrich.making import a_draft, a_mention, a_term, mention_record, to_mentions, to_watch, value_of
from tests.enrich.test_rewinnow import EVERY, facts, work

# None of these names is among those that the model was trained on.
ABOUT = (
    ("Sprint", "Sprint charged me twice for the same phone and support hung up."),
    ("Sprint", "Switched from AT&T to Sprint, no signal in my flat."),
    ("Discover", "Discover declined my card at the till again."),
    ("Pilot", "We pay our team through Pilot and the app is fine."),
    ("Harvest", "The CEO of Harvest said the company will hire 200 people."),
    ("Canvas", "Canvas lost my assignment, their support says nothing."),
)
NOT_ABOUT = (
    ("Sprint", "He lost the sprint by a tenth of a second."),
    ("Sprint", "Our next sprint starts with a planning meeting."),
    ("Discover", "I want to discover new places this summer."),
    ("Pilot", "The pilot landed in thick fog."),
    ("Harvest", "The harvest was poor after a dry summer."),
    ("Canvas", "Oil on canvas, 60 by 80 cm."),
)
WORDS = (
    "We missed our sales target by a mile.",
    "The target audience for this is teenagers.",
    "He hit the target with his first arrow.",
    "Our target for next year is ten percent.",
    "the target market is small farms",
)
TARGET = Term(id="target", kind="own-company", aliases=("Target",))


def stage_with(stage: EnrichStage, *terms: Term, said: Sequence[Sense] = (), always: str = "") -> EnrichStage:
    sources = [WatchedSource(source=always)] if always else []
    stage.watch(Winnow(terms, sources=sources, told=said), 1)
    return stage


def chance(stage: EnrichStage, text: str) -> float:
    """What the first hit comes to; 0 for one that goes."""
    outcome = stage.process([mention_record(a_mention(text))])
    if not outcome.outputs:
        assert outcome.fates == {OTHER_SENSE: 1}
        return 0.0
    hits = decode(outcome.outputs[0].value or b"").data.hits
    return max((hit.confidence for hit in hits), default=0.0)


def sense(texts: Sequence[tuple[str, bool]], *, term: str = "target", word: str = "target") -> Sense:
    examples = tuple(
        SenseExample(
            mention=f"men_{i}", text=text, start=(at := text.lower().index(word)), end=at + len(word), about=about
        )
        for i, (text, about) in enumerate(texts)
    )
    return Sense(term=term, version="1", examples=examples, decided=tuple(one.mention for one in examples))


def test_firms_are_told_from_words_on_names_never_met(stage: EnrichStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senses, "UNTAUGHT", 0.0)
    found: dict[bool, list[float]] = {True: [], False: []}
    for rows, about in ((ABOUT, True), (NOT_ABOUT, False)):
        for name, text in rows:
            stage_with(stage, a_term(name.lower(), name))
            found[about].append(chance(stage, text))
    assert min(found[True]) >= BAR
    assert sum(yes > no for yes in found[True] for no in found[False]) >= 34


def test_a_name_that_is_no_word_is_not_judged(stage: EnrichStage) -> None:
    stage_with(stage, a_term("korvex"))
    assert chance(stage, "a korvex of apples") == 1.0


def test_a_mention_in_another_sense_has_a_fate_of_its_own(stage: EnrichStage) -> None:
    stage_with(stage, TARGET)
    outcome = stage.process([mention_record(a_mention("We missed our sales target by a mile."))])
    assert (list(outcome.outputs), outcome.fates) == ([], {OTHER_SENSE: 1})


@pytest.mark.parametrize(
    "text",
    [
        "who wants to watch my harvest 2 stream tonight",
        "streaming harvest V later on, come by",
        "Felt pretty good. Harvest Moon: back on the farm! link below",
    ],
)
def test_a_word_before_a_number_or_a_capital_stays_until_people_teach_otherwise(stage: EnrichStage, text: str) -> None:
    stage_with(stage, a_term("harvest", "Harvest"))
    assert stage.process([mention_record(a_mention(text))]).fates == {"enriched": 1}
    bare = text.replace(" 2 ", " ").replace(" V ", " ").lower()
    for written, expected in ((text, True), (bare, False)):
        at = written.lower().index("harvest")
        assert is_as_a_name(np.array([shown(written, at, at + len("harvest"))], np.float64)).all() == expected


def test_the_fate_is_told_in_words() -> None:
    draft = a_draft("We missed our sales target.", TARGET, dropped=OTHER_SENSE)
    assert (told(draft, "dropped"), told(a_draft("x"), "dropped")) == ((OTHER_SENSE,), ())


def test_what_else_the_mention_passed_by_stays(stage: EnrichStage) -> None:
    stage_with(stage, TARGET, a_term("korvex"))
    outcome = stage.process([mention_record(a_mention("Korvex missed its sales target by a mile."))])
    found = decode(outcome.outputs[0].value or b"").data
    assert ([hit.term for hit in found.hits], [one.by for one in found.passed]) == (["korvex"], ["korvex"])
    stage_with(stage, TARGET, always="reddit")
    outcome = stage.process([mention_record(a_mention("We missed our sales target by a mile."))])
    found = decode(outcome.outputs[0].value or b"").data
    assert (found.hits, [one.reason for one in found.passed]) == ((), ["always"])


def test_another_name_of_the_same_firm_vouches_for_the_word(stage: EnrichStage) -> None:
    text = "my target order"
    stage_with(stage, TARGET)
    alone = chance(stage, text)
    stage_with(stage, Term(id="target", kind="own-company", aliases=("Target", "Target Corp"), handles=("@askTarget",)))
    assert chance(stage, f"{text} @asktarget") >= max(alone, BAR)


def test_people_teach_what_the_word_means_to_them(stage: EnrichStage) -> None:
    text = "target practice is at six, bring ear protection"
    firm = "Target practice club, members only"
    stage_with(stage, TARGET)
    before = chance(stage, firm)
    stage_with(stage, TARGET, said=[sense([(one, False) for one in (*WORDS, text)])])
    after = chance(stage, firm)
    assert after <= before
    stage_with(stage, TARGET, said=[sense([(one.replace("target", "Target"), True) for one in WORDS])])
    assert chance(stage, firm) >= before


POSTS = (
    "Battlefield is so much fun tonight, come and join the squad",
    "I cannot log in to Battlefield since the patch",
    "New trailer of Battlefield out, looks great",
    "battlefield servers down again??",
    "Who else plays Battlefield on PS4?",
    "my clip from yesterday, battlefield gameplay, enjoy",
    "Battlefield deluxe edition is half off this weekend",
    "Waiting for a friend to finish his round of Battlefield",
)
OTHERS = (
    "Just bought Battlefield and it crashes at the menu",
    "The soundtrack of Battlefield deserves an award",
    "Battlefield needs a map editor",
)
COPY = "This account has been permanently banned from Battlefield, see the list at page {}."


def test_not_about_us_alone_takes_near_copies_and_leaves_what_is_only_on_the_same_name(stage: EnrichStage) -> None:
    def chances(*said: tuple[str, bool]) -> list[float]:
        told = [sense(list(said), term="battlefield", word="battlefield")] if said else []
        stage_with(stage, a_term("battlefield", "Battlefield"), said=told)
        return [chance(stage, text) for text in (*OTHERS, COPY.format(99))]

    before = chances((POSTS[0], False))
    copies = [(COPY.format(number), False) for number in range(10)]
    after = chances(*((text, False) for text in POSTS), *copies)
    assert all(now >= was - 0.1 for was, now in zip(before[:-1], after[:-1], strict=True))
    assert after[-1] == 0.0 < before[-1]


def test_what_is_told_of_both_kinds_is_learned_beyond_copies(encoder: Encoder) -> None:
    base, _ = senses.load()
    texts = [*POSTS[:3], *(COPY.format(number) for number in range(4)), *POSTS[3:], *OTHERS]
    places = [senses.place_of(text, ["Battlefield"]) for text in texts]
    drafts = [senses.draft_of(text, place) for text, place in zip(texts, places, strict=True)]
    encoded = [one[0] for one in senses.read(drafts, [[place] for place in places], encoder)]
    seen = base.seen(np.stack([shown(text, *at) for text, at in zip(texts, places, strict=True)]), np.stack(encoded))
    logits = np.zeros(len(texts))
    one_kind = senses.learn(base, seen[3:6], logits[3:6], [False] * 3, word=True).moved(base, seen)
    both = senses.learn(base, seen[:6], logits[:6], [True] * 3 + [False] * 3, word=True).moved(base, seen)
    assert one_kind[6] < -1 < -0.2 < min(one_kind[7:])
    assert both[6] < -1 < 0 < min(both[7:])


def test_examples_in_the_watch_list_teach_as_well(stage: EnrichStage) -> None:
    plain = a_term("girna", "Girna 250")
    text = "Girna 250 flooded three villages"
    stage_with(stage, plain)
    assert chance(stage, text) == 1.0
    river = ("Girna 250 flooded two villages", "Girna 250 floods: three villages without power")
    lathe = ("Our Girna 250 needs a new spindle", "the girna 250 holds tolerance")
    stage_with(stage, Term(id="girna", kind="company", aliases=("Girna 250",), examples=lathe, not_examples=river))
    assert chance(stage, text) < chance(stage, "New spindle for our Girna 250, who has one?")


def test_the_same_decisions_give_the_same_chances(stage: EnrichStage) -> None:
    taught = sense([(one, i % 2 == 0) for i, one in enumerate(WORDS)])
    found = set()
    for _ in range(2):
        stage_with(stage, a_term("korvex"))
        stage_with(stage, TARGET, said=[taught])
        found.add(chance(stage, "Target is out of diapers again"))
    assert len(found) == 1


def test_what_people_decided_on_stays_as_they_said(stage: EnrichStage) -> None:
    mention = a_mention("We missed our sales target by a mile.")
    kept = Sense(term="target", version="1", decided=(mention.id,))
    stage_with(stage, TARGET, said=[kept])
    outcome = stage.process([mention_record(mention)])
    assert outcome.fates == {"enriched": 1}
    assert [hit.term for hit in decode(outcome.outputs[0].value or b"").data.hits] == ["target"]


def to_sense(one: Sense) -> ProducerRecord:
    return ProducerRecord("watch", f"sense/{one.term}", value_of(one, f"sense/{one.term}"))


def test_a_new_version_of_a_sense_enriches_again_what_hits_that_term_and_no_others(
    log: EmbeddedLog, stage: EnrichStage
) -> None:
    log.append([to_watch(TARGET), to_watch(a_term("korvex"))])
    texts = [
        "Target is out of diapers again.",
        "They target children with ads.",
        "Korvex is fine.",
        "nothing",
    ]
    log.append([to_mentions(a_mention(text, str(i))) for i, text in enumerate(texts)])
    rewinnow = Rewinnow(log, stage, lambda: EVERY)
    rewinnow.catch_up()
    work(log, stage)
    live = {event.data.mention.content for event in facts(log)}
    assert live == {"Target is out of diapers again.", "Korvex is fine."}
    log.append([to_sense(sense([(text, True) for text in WORDS]))])
    assert rewinnow.catch_up() == (4, 2)
    again = [event for event in facts(log) if event.cause == "re-match"]
    assert {event.data.mention.content or event.subject for event in again} <= {*texts[:2], a_mention("", "1").id}
    # All that was said of it now is that it is the word: what stood goes, and comes back with what is said later.
    log.append([to_sense(sense([(text, False) for text in (texts[0],) * 30]))])
    rewinnow.catch_up()
    newest = {event.subject: event for event in facts(log)}
    assert newest[a_mention("", "0").id].verb == "Delete"
    log.append([to_sense(sense([(texts[0], True)] * 30))])
    rewinnow.catch_up()
    newest = {event.subject: event for event in facts(log)}
    assert newest[a_mention("", "0").id].verb == "Create"
    assert newest[a_mention("", "2").id].cause == "live"


@pytest.mark.parametrize("text", ["", "Target", "🎯", "target" * 5_000, "\u202etarget\u202c", "Target\ud800", "t" * 9])
def test_no_text_breaks_it(text: str, stage: EnrichStage) -> None:
    stage_with(stage, TARGET)
    assert sum(stage.process([mention_record(a_mention(text.replace("\ud800", "�")))]).fates.values()) == 1
    assert shown(text, 0, len(text)).shape == shown("a", 0, 1).shape


def test_its_version_names_its_weights_and_the_encoders(stage: EnrichStage, encoder: object) -> None:
    assert stage.models["senses"] == Senses(encoder).version  # type: ignore[arg-type]
