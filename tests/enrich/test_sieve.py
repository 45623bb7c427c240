"""The first look at a text that is costly to read further."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.enrich.sieve import Sieve, WatchedSigns
from overheard.enrich.winnow import MAX_CHARACTERS, Winnow
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.log.embedded import EmbeddedLog
from overheard.records import Actor, Identity, Mention, Term, WatchedSource, encode, event_for
from overheard.records.base import Record
from tests.enrich.conftest import NOW

ACME = Term(
    id="acme",
    kind="own-company",
    aliases=("Acme",),
    case=True,
    requires=("lathe",),
    domains=("acme.example",),
    handles=("x:acmehq",),
)


def watch(log: EmbeddedLog, key: str, data: Record | None) -> None:
    value = None if data is None else encode(event_for(data, subject=key, source="/test", time=NOW))
    log.append([ProducerRecord("watch", key, value)])


def mention(text: str = "", **fields: object) -> Mention:
    return Mention(id="1", platform="web", source="blog", content=text, first_seen=NOW, **fields)  # type: ignore[arg-type]


def test_a_sign_counts_whatever_else_must_hold() -> None:
    sieve = Sieve([ACME])
    for text in ("the new acme", "see https://www.acme.example/x", "ask @AcmeHQ"):
        assert sieve(text), text
    for text in ("", "acmes of all kinds", "lathe", "nothing at all"):
        assert not sieve(text), text
    assert not Sieve()("anything")


def test_what_stands_far_behind_in_a_long_text_is_seen() -> None:
    for at in (0, MAX_CHARACTERS - 3, MAX_CHARACTERS, 2 * MAX_CHARACTERS - 500):
        assert Sieve([ACME])("x " * (at // 2) + " Acme")


def test_another_process_has_the_same_sieve() -> None:
    sieve = pickle.loads(pickle.dumps(Sieve([ACME])))
    assert sieve("the new acme") and not sieve("the new one")


@given(
    st.lists(
        st.sampled_from(["Acme", "acme", "C++", "東京", "Xbox가", "lathe", "ex\u00adtra", "x", ",", "™"]), max_size=8
    )
)
def test_no_text_passes_the_winnow_by_its_terms_that_the_sieve_leaves_out(words: list[str]) -> None:
    terms = [ACME, Term(id="c", kind="category", aliases=("C++", "東京", "Xbox", "extra", "Acme™"))]
    for joint in (" ", "", "\n"):
        text = joint.join(words)
        if Winnow(terms).winnow(mention(text)) is not None:
            assert Sieve(terms)(text)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder(tmp_path / "data") as folder:
        yield folder


def test_terms_and_watched_names_are_followed_and_the_same_sieve_stays_where_nothing_changed(folder: Folder) -> None:
    log = EmbeddedLog(folder)
    signs = WatchedSigns(log, clock=lambda: 0.0)
    empty = signs.sieve()
    assert not empty("Acme")
    watch(log, "term/acme", ACME)
    first = signs.sieve()
    assert first("acme") and signs.sieve() is first
    watch(log, "source/blog", WatchedSource(source="blog", always=True))
    watch(log, "term/acme", ACME)
    assert signs.sieve() is first, "a source is no sign, and a term that stays is no change"
    jane = Identity(platform="name", type="name", value="Jane Doerr", subject="c1")
    watch(log, f"identity/{jane.key}", jane)
    assert signs.sieve()("says Jane Doerr of it")
    watch(log, "term/acme", None)
    assert not signs.sieve()("acme")
    log.close()


def test_to_build_a_sieve_takes_no_more_than_a_tenth_of_the_time(folder: Folder) -> None:
    log, now = EmbeddedLog(folder), iter([0.0, 5.0, 54.9, 55.0, 60.0])
    signs = WatchedSigns(log, clock=now.__next__)
    watch(log, "term/acme", ACME)
    first = signs.sieve()  # from 0 to 5
    watch(log, "term/korvex", Term(id="korvex", kind="competitor", aliases=("Korvex",)))
    assert signs.sieve() is first
    assert signs.sieve()("Korvex")
    log.close()


def test_an_entry_passes_by_its_source_its_author_and_what_it_links(folder: Folder) -> None:
    log = EmbeddedLog(folder)
    signs = WatchedSigns(log)
    jane = Identity(platform="web", type="url", value="https://jane.example/", subject="c1")
    assert not signs.passes(mention(attributed_to=Actor(platform="web", name="Jane", url="https://jane.example/")))
    watch(log, f"identity/{jane.key}", jane)
    assert signs.passes(mention(attributed_to=Actor(platform="web", name="Jane", url="https://jane.example/")))
    assert signs.passes(mention(links=("https://jane.example",)))
    assert not signs.passes(mention(links=("https://john.example",)))
    watch(log, "source/blog", WatchedSource(source="blog", always=True))
    assert signs.passes(mention())
    watch(log, "source/blog", WatchedSource(source="blog", always=False))
    assert not signs.passes(mention())
    log.close()
