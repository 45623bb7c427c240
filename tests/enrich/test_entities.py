"""Entities: names with exact offsets, and no text that makes the model fall."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.enrich.entities import MAX_CHARACTERS, Entities, is_mostly_latin
from tests.strategies import texts


def test_people_organisations_and_places_are_found_where_they_stand(entities: Entities) -> None:
    text = "Yesterday Susan Rice flew to Berlin to meet managers of Microsoft."
    (found,) = entities.find([text])
    assert [(entity.label, text[entity.start : entity.end]) for entity in found] == [
        ("person", "Susan Rice"),
        ("place", "Berlin"),
        ("organisation", "Microsoft"),
    ]


def test_numbers_dates_and_amounts_are_no_entities(entities: Entities) -> None:
    assert entities.find(["It cost $500 on Tuesday, 20 percent more than in 2019."]) == [()]


def test_each_text_of_a_batch_has_its_own_entities(entities: Entities) -> None:
    many = ["", "I met Susan Rice in Berlin.", "   ", "नमस्ते दुनिया", "John McCain spoke."] * 20
    found = entities.find(many)
    assert len(found) == len(many)
    for text, one in zip(many, found, strict=True):
        assert bool(one) == text.isascii() * bool(text.strip())
        assert one == entities.find([text])[0]


def test_nothing_is_found_in_no_texts(entities: Entities) -> None:
    assert entities.find([]) == []


@pytest.mark.parametrize(
    ("text", "latin"),
    [("", False), ("123 !?", False), ("hello", True), ("Ελλάδα", False), ("ソニー by Sony Corporation", True)],
)
def test_the_model_reads_text_in_latin_letters(text: str, latin: bool) -> None:
    assert is_mostly_latin(text) is latin


def test_a_very_long_text_is_read_up_to_a_bound(entities: Entities) -> None:
    text = "Susan Rice met people. " + "word " * 2_000_000 + " Then John McCain spoke."
    (found,) = entities.find([text])
    assert "Susan Rice" in [text[entity.start : entity.end] for entity in found]
    assert all(entity.end <= MAX_CHARACTERS for entity in found)


@settings(max_examples=30)
@given(st.lists(texts.map(lambda text: f"Susan Rice {text} Microsoft\n{text}"), max_size=8))
def test_any_text_gives_entities_inside_it(entities: Entities, many: list[str]) -> None:
    for text, found in zip(many, entities.find(many), strict=True):
        for entity in found:
            name = text[entity.start : entity.end]
            assert name
            assert name == name.strip()
            assert "\n" not in name


@pytest.mark.parametrize("mark", ["(", "=", "'", "$", "x)", "...", "a.b-"])
def test_a_word_without_end_is_read_in_no_time_and_the_names_around_it_are_found(entities: Entities, mark: str) -> None:
    text = f"Yesterday Susan Rice wrote {mark * 4000} and flew to Berlin."
    began = time.process_time()
    (found,) = entities.find([text])
    assert time.process_time() - began < 1
    assert {text[entity.start : entity.end] for entity in found} >= {"Susan Rice", "Berlin"}
