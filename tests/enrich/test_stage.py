"""The stage: bytes in, enriched mentions out, every record with one fate."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.enrich.stage import DELETED, DROPPED, ENRICHED, SUPPRESSED, EnrichStage
from overheard.enrich.winnow import Winnow
from overheard.errors import InputError
from overheard.log.base import ConsumerRecord, ProducerRecord
from overheard.log.stage import FATES
from overheard.records import Actor, EnrichedMention, Event, Suppression, WatchedSource, decode, encode
from overheard.suppression import Suppressions, fingerprint_of, suppression_hash
from tests.enrich.conftest import NOW
from tests.enrich.making import a_mention, a_term, mention_record, value_of
from tests.strategies import mentions


def event_of(output: ProducerRecord) -> Event[EnrichedMention]:
    assert output.value is not None
    event = decode(output.value)
    assert isinstance(event.data, EnrichedMention)
    return event


def watching(stage: EnrichStage, *terms: str, **kinds: Any) -> EnrichStage:
    stage.watch(Winnow([a_term(term) for term in terms], **kinds), 7)
    return stage


def test_a_mention_is_enriched_with_all_there_is_to_say(stage: EnrichStage) -> None:
    mention = a_mention("Susan Rice loves the great Korvex. It was delivered to Berlin.", name="Lathes")
    outcome = watching(stage, "korvex").process([mention_record(mention, sourceversion=3, cause="back-fill")])
    assert outcome.fates == {ENRICHED: 1}
    (output,) = outcome.outputs
    assert (output.topic, output.key) == ("facts", mention.id)
    event = event_of(output)
    assert (event.subject, event.source, event.verb, event.sourceversion, event.cause, event.time) == (
        mention.id,
        "/enrich",
        "Create",
        3,
        "back-fill",
        NOW,
    )
    found, text = event.data, mention.text
    assert found.mention == mention
    assert [passed.by for passed in found.passed] == ["korvex"]
    assert found.language.code == "en"
    assert "Susan Rice" in [text[e.start : e.end] for e in found.entities if e.label == "person"]
    assert [text[h.start : h.end] for h in found.hits] == ["Korvex"]
    assert found.sentiment.polarity == "positive"
    assert [(t.target, t.polarity) for t in found.targets] == [("korvex", "positive")]
    assert [s.exact for s in found.snippets] == ["Susan Rice loves the great Korvex. It was delivered to Berlin."]
    assert set(found.models) == {
        "language",
        "sentences",
        "senses",
        "entities",
        "sentiment",
        "intents",
        "concerns",
        "snippets",
    }


def test_fates_add_up(stage: EnrichStage) -> None:
    records = [
        mention_record(a_mention("Korvex", "1")),
        mention_record(a_mention("nothing", "2")),
        mention_record(a_mention("", "3")),
        mention_record(a_mention("Korvex", "4"), verb="Delete"),
        mention_record(a_mention("nothing", "5"), verb="Update"),
    ]
    outcome = watching(stage, "korvex").process(records)
    assert outcome.fates == {ENRICHED: 1, DROPPED: 3, DELETED: 1}
    assert set(outcome.fates) <= set(FATES)
    assert [output.key for output in outcome.outputs] == [records[0].key, records[3].key, records[4].key]


def test_a_deletion_goes_on_without_what_was_said_or_by_whom(stage: EnrichStage) -> None:
    author = Actor(platform="reddit", preferred_username="meera")
    mention = a_mention("Korvex secret", name="title", attributed_to=author, links=("https://meera.example",))
    (output,) = watching(stage, "korvex").process([mention_record(mention, verb="Delete", sourceversion=4)]).outputs
    event = event_of(output)
    assert (event.verb, event.sourceversion, event.data.mention.id) == ("Delete", 4, mention.id)
    assert output.value is not None
    assert not any(word in output.value for word in (b"secret", b"title", b"meera"))


def test_an_edit_that_no_longer_passes_takes_the_mention_back(stage: EnrichStage) -> None:
    outcome = watching(stage, "korvex").process([mention_record(a_mention("gone quiet"), verb="Update")])
    assert outcome.fates == {DROPPED: 1}
    assert [event_of(output).verb for output in outcome.outputs] == ["Delete"]


def test_a_mention_of_a_watched_source_has_one_snippet_and_no_target(stage: EnrichStage) -> None:
    watching(stage, sources=[WatchedSource(source="reddit")])
    (output,) = stage.process([mention_record(a_mention("Rain today. Sun tomorrow."))]).outputs
    found = event_of(output).data
    assert (found.hits, found.targets) == ((), ())
    assert [(s.target, s.exact) for s in found.snippets] == [("", "Rain today. Sun tomorrow.")]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "without a value"),
        (b"", "expected an event as JSON"),
        (b"\xff\xfe", "expected an event as JSON"),
        (b'{"type": "overheard.mention"}', "dataschema"),
        (value_of(a_term("korvex"), "t"), "expected an event of type overheard.mention; got overheard.term"),
    ],
)
def test_what_is_no_mention_is_refused_with_its_place(stage: EnrichStage, value: bytes | None, message: str) -> None:
    with pytest.raises(InputError, match="mentions/4/17") as error:
        stage.process([ConsumerRecord("mentions", 4, 17, 0, "k", value, {})])
    assert message in str(error.value)


def test_the_same_batch_gives_the_same_bytes(stage: EnrichStage) -> None:
    records = [mention_record(a_mention(f"Korvex is great, John McCain said {i}", str(i)), i) for i in range(20)]
    watching(stage, "korvex")
    whole = stage.process(records).outputs
    assert stage.process(records).outputs == whole
    assert [output for record in records for output in stage.process([record]).outputs] == whole


def test_a_newer_watch_list_outranks_an_older_one(stage: EnrichStage) -> None:
    record = mention_record(a_mention("Korvex and Brannt"))
    old = event_of(watching(stage, "korvex").process([record]).outputs[0]).data
    stage.watch(Winnow([a_term("korvex"), a_term("brannt")]), 8)
    new = event_of(stage.process([record]).outputs[0]).data
    assert new.model_version > old.model_version > 0
    assert new.model_version < 1 << 53


def test_a_text_of_ten_megabytes_is_enriched(stage: EnrichStage) -> None:
    record = mention_record(a_mention("Korvex is great. " + "No end, " * 1_250_000))
    (output,) = watching(stage, "korvex").process([record]).outputs
    assert [s.exact for s in event_of(output).data.snippets] == ["Korvex is great."]


@settings(max_examples=40)
@given(many=st.lists(mentions, max_size=5))
def test_any_mention_has_a_fate_and_offsets_into_its_text(loaded_stage: EnrichStage, many: list[Any]) -> None:
    sources = [WatchedSource(source=mention.source) for mention in many[::2]]
    loaded_stage.watch(Winnow([a_term("a"), a_term("s", "ß")], sources=sources), 0)
    outcome = loaded_stage.process([mention_record(mention, i) for i, mention in enumerate(many)])
    assert sum(outcome.fates.values()) == len(many)
    for output in outcome.outputs:
        event = event_of(output)
        assert encode(event) == output.value
        found, text = event.data, event.data.mention.text
        assert found.passed
        for spans in (found.hits, found.entities, found.targets, found.snippets):
            assert all(0 <= span.start < span.end <= len(text) for span in spans)
        assert {target.target for target in found.targets} == {hit.term for hit in found.hits}


def test_what_an_erased_author_said_goes_no_further_also_as_an_edit() -> None:
    mention = a_mention("Korvex again", attributed_to=Actor(platform="reddit", preferred_username="Ann"))
    secret = b"k" * 32
    entry = Suppression(
        id=suppression_hash(secret, "reddit:handle:ann"), fingerprint=fingerprint_of(secret), at=NOW, by="me"
    )
    erased = Suppressions(lambda: secret, [entry])
    stage = EnrichStage(Winnow([a_term("korvex")]), clock=lambda: NOW, suppressed=lambda: erased)
    records = [mention_record(mention), mention_record(mention, verb="Update", sourceversion=2)]
    outcome = stage.process(records)
    assert (outcome.outputs, outcome.fates) == ([], {SUPPRESSED: 2})
