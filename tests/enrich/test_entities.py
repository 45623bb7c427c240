"""Entities: names with exact offsets, and no text that makes the model fall."""

import time
from pathlib import Path

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
def test_a_word_without_end_takes_time_in_proportion_and_the_names_around_it_are_found(
    entities: Entities, mark: str
) -> None:
    def text(marks: int) -> str:
        return f"Yesterday Susan Rice wrote {mark * marks} and flew to Berlin."

    def seconds(marks: int) -> float:
        times = []
        for _ in range(5):
            began = time.thread_time()
            entities.find([text(marks)])
            times.append(time.thread_time() - began)
        return min(times)

    (found,) = entities.find([text(4000)])
    assert {text(4000)[entity.start : entity.end] for entity in found} >= {"Susan Rice", "Berlin"}
    # Four times the length takes four times as long; the square of it would be sixteen.
    assert seconds(4000) < 8 * seconds(1000)


def labels(entities: Entities, text: str, language: str = "en") -> list[tuple[str, str]]:
    (found,) = entities.find([text], [language])
    return [(entity.label, text[entity.start : entity.end]) for entity in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@nvidia please fix this", [("handle", "@nvidia")]),
        (
            "thanks @ana.bsky.social and @bob@mastodon.social!",
            [
                ("handle", "@ana.bsky.social"),
                ("handle", "@bob@mastodon.social"),
            ],
        ),
        ("asked u/some_one in r/python", [("handle", "u/some_one")]),
        ("so #HappyMonday it is, ticket #42", [("tag", "#HappyMonday")]),
        ("#स्वागत सब का", [("tag", "#स्वागत")]),
        ("it is ok.@someone", []),
        ("mail me at someone@example.com, or see https://example.com/@name#part", []),
        ("call &#39;me&#39; and C# or A#", []),
    ],
)
def test_handles_and_tags_are_found_by_rule_and_not_in_links_or_addresses(
    entities: Entities, text: str, expected: list[tuple[str, str]]
) -> None:
    assert [one for one in labels(entities, text, "xx") if one[0] in {"handle", "tag"}] == expected


def test_no_name_is_found_inside_a_handle_or_link(entities: Entities) -> None:
    found = labels(entities, "RT @BarackObama: Susan Rice is on https://www.BarackObama.com/Susan_Rice today")
    assert ("handle", "@BarackObama") in found
    assert not [name for label, name in found if label == "person" and "Obama" in name]


@pytest.mark.parametrize("text", ["susan rice flew to berlin yesterday", "SUSAN RICE FLEW TO BERLIN YESTERDAY"])
def test_names_are_found_without_capitals_and_shouted(entities: Entities, text: str) -> None:
    found = {(label, name.lower()) for label, name in labels(entities, text)}
    assert found == {("person", "susan rice"), ("place", "berlin")}


def test_hindi_in_latin_letters_has_names_with_capitals_only(entities: Entities) -> None:
    assert labels(entities, "sir Delhi kab aa rahe ho, Salman Khan bhi aayega kya", "hi-Latn") == [
        ("place", "Delhi"),
        ("person", "Salman Khan"),
    ]
    assert labels(entities, "yaar ye kya bakwas hai bhai koi nahi sunta", "hi-Latn") == []


def test_languages_near_english_have_full_names_of_people_only(entities: Entities) -> None:
    text = "El ministro Ricardo Villalobos habló en Madrid con gente de Microsoft."
    assert labels(entities, text, "es") == [("person", "Ricardo Villalobos")]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Die Bundeshauptstadt Berlin ist schnell erreichbar mit der Rothenburger Straße", "de"),
        ("यह सुसान राइस ने कहा @someone", "hi"),
        ("Karena itu Jakarta sangat macet", "id"),
    ],
)
def test_of_other_languages_only_handles_and_tags_are_found(entities: Entities, text: str, language: str) -> None:
    assert {label for label, _ in labels(entities, text, language)} <= {"handle"}


def test_a_missing_model_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        Entities(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "text", ["\ud800 \udfff Susan Rice \ud800", "Z̷̧͍a̸l̴g̶o Susan Rice", "\u202eSusan Rice\u202c", "<b>Susan Rice</b>"]
)
def test_odd_characters_break_nothing(entities: Entities, text: str) -> None:
    for entity in entities.find([text])[0]:
        assert text[entity.start : entity.end].strip()
