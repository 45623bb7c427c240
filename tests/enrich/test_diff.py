"""Two versions side by side: what each found that the other did not."""

from msgspec.structs import replace

from overheard.enrich.diff import compare, differences
from overheard.enrich.told import FIELDS, told
from overheard.records import EnrichedMention, Language, Sentiment, TargetSentiment
from tests.enrich.making import a_draft, a_term

DRAFT = a_draft("Korvex leaks.", a_term("korvex"))
BEFORE = DRAFT.enriched({"sentiment": "1"}, 1)
AFTER = replace(
    BEFORE,
    sentiment=Sentiment(polarity="negative", confidence=0.9),
    targets=(TargetSentiment(target="korvex", polarity="negative", confidence=0.9, start=0, end=13),),
    models={"sentiment": "2", "intents": "1"},
)


def by_id(*records: EnrichedMention) -> dict[str, EnrichedMention]:
    return {one.mention.id: one for one in records}


def test_equal_enrichments_do_not_differ() -> None:
    assert list(differences(BEFORE, BEFORE)) == []


def test_each_field_that_differs_is_told_in_words() -> None:
    found = {one.field: (one.before, one.after) for one in differences(BEFORE, AFTER)}
    assert found == {
        "sentiment": (("unsure 0.00",), ("negative 0.90",)),
        "targets": ((), ("korvex: negative 0.90: Korvex leaks.",)),
    }


def test_models_and_counts_stand_side_by_side() -> None:
    done = compare(by_id(BEFORE), by_id(AFTER))
    assert done.models == {"sentiment": ("1", "2"), "intents": ("", "1")}
    assert (done.compared, done.only_before, done.only_after) == (1, 0, 0)
    assert {name: n for name, n in done.changed.items() if n} == {"sentiment": 1, "targets": 1}


def test_mentions_of_one_side_and_edited_ones_are_counted_and_not_compared() -> None:
    other = replace(BEFORE, mention=replace(BEFORE.mention, id="men_other"))
    edited = replace(AFTER, mention=replace(AFTER.mention, content="Korvex is mended."))
    done = compare(by_id(BEFORE, other), by_id(edited))
    assert (done.compared, done.only_before, done.only_after, done.differences) == (0, 1, 1, [])


def test_every_field_is_told_of_drafts_and_records_alike() -> None:
    draft = a_draft("Korvex leaks.", a_term("korvex"))
    draft.language = Language(code="en", confidence=0.5)
    record = draft.enriched({}, 0)
    assert {name: told(draft, name) for name in FIELDS} == {name: told(record, name) for name in FIELDS}
    assert told(draft, "sentences") == ("Korvex leaks.",)
