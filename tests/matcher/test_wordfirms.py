"""Firms that are called like words, told from the words: so many of a hundred sentences, with and without a watch."""

from collections.abc import Sequence

import msgspec
import pytest

from overheard.enrich.entities import Entities
from overheard.matcher.identity.directory import Directory
from overheard.matcher.match import match
from overheard.matcher.names.text import Text
from overheard.matcher.names.words import is_somebodys_name
from overheard.records import Entity, WatchHit
from overheard.words import is_word
from tests.matcher.wordfirms import SEEN, UNSEEN
from tests.matcher.worlds import account, mention

Rows = Sequence[tuple[str, str, bool]]


@pytest.fixture(scope="module")
def entities() -> dict[str, tuple[Entity, ...]]:
    """What the recogniser sees in each sentence."""
    texts = [text for _, text, _ in (*SEEN, *UNSEEN)]
    return dict(zip(texts, Entities().find(texts), strict=True))


def is_linked(name: str, text: str, *, entities: tuple[Entity, ...] = (), watched: bool = False) -> bool:
    made = Directory()
    firm = account("1", name, f"{name.lower()}.example")
    made.put_account(firm.id, firm)
    at = text.lower().index(name.lower())
    hits = (WatchHit(term=name.lower(), kind="company", start=at, end=at + len(name)),) if watched else ()
    said = msgspec.structs.replace(mention("1", text), entities=entities, hits=hits)
    return any(one.outcome == "linked" for one in match(said, Text(text), made).parties)


def share(rows: Rows, linked: Sequence[bool]) -> tuple[float, float]:
    """Precision and recall."""
    right = sum(one and firm for one, (_, _, firm) in zip(linked, rows, strict=True))
    return right / max(sum(linked), 1), right / sum(firm for _, _, firm in rows)


@pytest.mark.parametrize(("rows", "least"), [(SEEN, (0.97, 0.75)), (UNSEEN, (0.97, 0.55))], ids=["seen", "unseen"])
def test_a_firm_is_told_from_the_word(
    rows: Rows, least: tuple[float, float], entities: dict[str, tuple[Entity, ...]]
) -> None:
    precision, recall = share(rows, [is_linked(name, text, entities=entities[text]) for name, text, _ in rows])
    assert precision >= least[0]
    assert recall >= least[1]


@pytest.mark.parametrize(("rows", "least"), [(SEEN, (0.94, 0.95)), (UNSEEN, (0.94, 0.8))], ids=["seen", "unseen"])
def test_a_watched_word_is_told_from_the_word(
    rows: Rows, least: tuple[float, float], entities: dict[str, tuple[Entity, ...]]
) -> None:
    linked = [is_linked(name, text, entities=entities[text], watched=True) for name, text, _ in rows]
    precision, recall = share(rows, linked)
    assert precision >= least[0]
    assert recall >= least[1]


def test_without_entities_no_word_is_taken_for_a_firm() -> None:
    assert [text for name, text, firm in (*SEEN, *UNSEEN) if not firm and is_linked(name, text)] == []


@pytest.mark.parametrize(("token", "word"), [("target", True), ("boots", True), ("infosys", False), ("amazon", False)])
def test_a_word_is_what_the_dictionary_has_in_small_letters(token: str, word: bool) -> None:
    assert is_word(token) is word


@pytest.mark.parametrize(("token", "name"), [("ford", True), ("hughes", True), ("infosys", False), ("visa", False)])
def test_a_name_is_somebodys_where_people_bear_it(token: str, name: bool) -> None:
    assert is_somebodys_name(token) is name
