"""The winnow: invariant 4, word boundaries in many scripts, and offsets that lead back to the text."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from overheard.enrich.winnow import MAX_HITS, MAX_HITS_OF_A_TERM, Winnow
from overheard.identities import watched_name
from overheard.records import Actor, Contact, ExternalId, Passed, Term, WatchedSource
from overheard.text import clean, fold
from tests.enrich.making import a_handle, a_mention, a_term, a_url, hits, spellings
from tests.strategies import ODD, folding_texts, texts


def test_a_mention_without_anything_watched_does_not_pass() -> None:
    winnow = Winnow([a_term("korvex")], [a_handle("meera")], [WatchedSource(source="press")])
    assert winnow.winnow(a_mention("Nothing about machines")) is None
    assert winnow.winnow(a_mention("")) is None
    assert Winnow().winnow(a_mention("Korvex")) is None


def test_a_term_passes_with_the_spelling_found() -> None:
    found = Winnow([a_term("korvex")]).winnow(a_mention("New KORVEX lathe"))
    assert found is not None
    assert found.passed == (Passed(reason="term", by="korvex"),)
    assert [(hit.term, hit.kind, hit.start, hit.end) for hit in found.hits] == [("korvex", "company", 4, 10)]


def test_the_title_is_searched_and_offsets_refer_to_the_whole_text() -> None:
    mention = a_mention("by Korvex", name="On lathes")
    found = Winnow([a_term("korvex")]).winnow(mention)
    assert found is not None
    assert mention.text[found.hits[0].start : found.hits[0].end] == "Korvex"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@korvex #korvex (korvex) korvex's korvex.", ["korvex"] * 5),
        ("korvexes _korvex korvex_ akorvex korvex2 1korvex", []),
        ("ékorvex korvexé", []),
        ("e\u0301korvex korvex\u0301", []),  # a combining mark is part of the letter before it
        ("❤\ufe0fkorvex❤\ufe0f", ["korvex"]),  # an emoji's variation selector is not
        ("Korvex™ Korvex® Korvex℠", ["Korvex"] * 3),
        ("Ｋｏｒｖｅｘ", ["Ｋｏｒｖｅｘ"]),
        ("kor\u00advex", ["kor\u00advex"]),
        ("korvex", ["korvex"]),
    ],
)
def test_no_word_character_may_touch_a_hit(text: str, found: list[str]) -> None:
    assert spellings(text, "Korvex") == found


def test_an_alias_of_several_words_may_stand_across_a_lines_end() -> None:
    assert spellings("at Korvex\nLathes, Korvex Lathes", "Korvex  Lathes") == ["Korvex\nLathes", "Korvex Lathes"]
    assert spellings("at Korvex\n\nLathes", "Korvex Lathes") == []


def test_terms_of_one_alias_in_a_long_text_stay_bounded() -> None:
    terms = [a_term(f"t{i}", "korvex") for i in range(500)]
    found = hits("korvex é " * 20_000, *terms)
    assert len(found) == MAX_HITS
    assert {hit.term for hit in found} == {term.id for term in terms}


@pytest.mark.parametrize(
    ("text", "alias", "found"),
    [
        ("C++17 and C++!", "C++", ["C++", "C++"]),
        ("XC++", "C++", []),
        ("write to @korvex or a@korvex", "@korvex", ["@korvex", "@korvex"]),
        ("Johnson & Johnson's", "Johnson & Johnson", ["Johnson & Johnson"]),
        (".NET and ASP.NET", ".NET", [".NET", ".NET"]),
        ("Yahoo! Yahoo!x", "Yahoo!", ["Yahoo!", "Yahoo!"]),
    ],
)
def test_an_alias_needs_a_boundary_only_at_its_word_ends(text: str, alias: str, found: list[str]) -> None:
    assert spellings(text, alias) == found


@pytest.mark.parametrize(
    ("text", "alias", "found"),
    [
        ("新しいソニーのゲーム", "ソニー", ["ソニー"]),
        ("我买了华为手机", "华为", ["华为"]),
        ("ซื้อโซนี่ใหม่", "โซนี่", ["โซนี่"]),
        ("ខ្ញុំទិញសូនីថ្មី", "សូនី", ["សូនី"]),
        ("新しいNvidiaのGPU", "Nvidia", ["Nvidia"]),
        ("삼성은 좋다", "삼성", ["삼성"]),
        ("신삼성", "삼성", []),
        ("Xbox가 좋다", "Xbox", ["Xbox"]),
        ("सोनी का फ़ोन", "सोनी", ["सोनी"]),
        ("सोनीं", "सोनी", []),
        ("مرحبا سوني، جيد", "سوني", ["سوني"]),
        ("وسوني", "سوني", []),
        ("קניתי סוני היום", "סוני", ["סוני"]),
        ("Яндекс. яндекса", "Яндекс", ["Яндекс"]),
    ],
)
def test_boundaries_follow_the_script(text: str, alias: str, found: list[str]) -> None:
    assert spellings(text, alias) == found


@pytest.mark.parametrize(
    ("text", "alias", "found"),
    [
        ("İSTANBUL", "İstanbul", ["İSTANBUL"]),
        ("STRASSE Straße", "Straße", ["STRASSE", "Straße"]),
        ("the ﬁnance ﬁrm", "finance", ["ﬁnance"]),
        ("ΟΔΟΣ οδός οδος", "οδος", ["ΟΔΟΣ", "οδος"]),
        ("McDonald’s and McDonald's", "McDonald's", ["McDonald’s", "McDonald's"]),
        ("Coca\u2011Cola Coca–Cola Coca-Cola", "Coca-Cola", ["Coca\u2011Cola", "Coca–Cola", "Coca-Cola"]),
        ("😀😀 ﬁ Korvex…", "korvex", ["Korvex"]),
        ("Home\u00a0Depot", "Home Depot", ["Home\u00a0Depot"]),
        ("Post-it… Post-it™", "Post-it™", ["Post-it", "Post-it"]),
        ("Home…Depot Home™Depot", "Home Depot", []),
    ],
)
def test_folded_spellings_are_found_and_mapped_back(text: str, alias: str, found: list[str]) -> None:
    assert spellings(text, alias) == found


def test_terms_that_overlap_are_all_found() -> None:
    text = "the Xbox Series X is out"
    found = hits(text, a_term("xbox"), a_term("xsx", "Xbox Series X"), a_term("series-x", "Series X"))
    assert [(hit.term, text[hit.start : hit.end]) for hit in found] == [
        ("xsx", "Xbox Series X"),
        ("xbox", "Xbox"),
        ("series-x", "Series X"),
    ]


def test_of_one_term_the_longest_of_nested_hits_is_kept() -> None:
    assert spellings("Xbox Series X, Xbox", "Xbox", "Xbox Series X", "Series X") == ["Xbox Series X", "Xbox"]


def test_an_alias_of_two_terms_hits_both() -> None:
    assert [hit.term for hit in hits("Delta!", a_term("airline", "Delta"), a_term("faucets", "Delta"))] == [
        "airline",
        "faucets",
    ]


def test_an_alias_of_nothing_matches_nothing() -> None:
    assert hits("anything at all ™", a_term("void", "", "  ", "\u200d", "™")) == ()


def test_an_author_passes_by_exact_identity_only() -> None:
    winnow = Winnow(identities=[a_handle("meera"), a_url("https://meera.example/")])

    def passed(**fields: Any) -> tuple[Passed, ...]:
        found = winnow.winnow(a_mention("hello", attributed_to=Actor(platform="reddit", **fields)))
        return found.passed if found else ()

    assert passed(preferred_username="u/Meera") == (Passed(reason="identity", by="reddit:handle:meera"),)
    assert passed(url="http://www.meera.example") == (Passed(reason="identity", by="web:url:https://meera.example/"),)
    assert passed(preferred_username="meera2") == ()
    assert passed(name="Meera") == ()


def test_a_linked_url_passes_by_exact_identity() -> None:
    winnow = Winnow(identities=[a_url("https://x.com/meera")])
    found = winnow.winnow(a_mention("see", links=("mailto:x", "https://twitter.com/meera?utm_source=a", "::")))
    assert found is not None
    assert found.passed == (Passed(reason="identity", by="web:url:https://x.com/meera"),)
    assert found.hits == ()
    assert winnow.winnow(a_mention("see", links=("https://x.com/meera/status/1",))) is None


def test_a_placeholder_passes_only_where_a_record_names_it() -> None:
    mention = a_mention("hello", attributed_to=Actor(platform="reddit", preferred_username="[deleted]"))
    assert Winnow(identities=[a_handle("meera")]).winnow(mention) is None
    assert Winnow(identities=[a_handle("[deleted]")]).winnow(mention) is not None


def test_a_source_marked_always_passes_and_one_that_is_not_does_not() -> None:
    winnow = Winnow(sources=[WatchedSource(source="press"), WatchedSource(source="blog", always=False)])
    found = winnow.winnow(a_mention("hello", source="press"))
    assert found is not None
    assert found.passed == (Passed(reason="always", by="press"),)
    assert winnow.winnow(a_mention("hello", source="blog")) is None


def test_what_a_person_hands_in_passes_whatever_it_says() -> None:
    for winnow in (Winnow(), Winnow().changed(sources=[])):
        found = winnow.winnow(a_mention("hello", source="by hand"))
        assert found is not None
        assert found.passed == (Passed(reason="always", by="by hand"),)


def test_all_reasons_are_told() -> None:
    winnow = Winnow([a_term("korvex")], [a_handle("meera")], [WatchedSource(source="reddit")])
    found = winnow.winnow(a_mention("Korvex", attributed_to=Actor(platform="reddit", preferred_username="meera")))
    assert found is not None
    assert [passed.reason for passed in found.passed] == ["term", "identity", "always"]


def test_a_changed_winnow_leaves_the_old_one_as_it_was() -> None:
    old = Winnow([a_term("korvex")], [a_handle("meera")])
    new = old.changed(terms=[a_term("brannt")])
    by_meera = a_mention("hi", attributed_to=Actor(platform="reddit", preferred_username="meera"))
    assert old.winnow(a_mention("Korvex")) is not None
    assert old.winnow(a_mention("Brannt")) is None
    assert new.winnow(a_mention("Korvex")) is None
    assert new.winnow(a_mention("Brannt")) is not None
    assert new.winnow(by_meera) is not None
    assert new.changed(identities=[]).winnow(by_meera) is None


def test_the_order_of_the_watch_list_changes_nothing() -> None:
    terms = [a_term("a", "Delta", "Delta One"), a_term("b", "Delta"), a_term("c", "One")]
    mention = a_mention("Delta One Delta")
    assert Winnow(terms).winnow(mention) == Winnow(terms[::-1]).winnow(mention)


@pytest.mark.parametrize("piece", ["korvex ", "ﬁ korvex ", "a", ".", "e\u0301", "\u0301", "😀"])
def test_ten_megabytes_are_read_and_hits_are_bounded(piece: str) -> None:
    text = piece * (10_000_000 // len(piece.encode()))
    found = hits(text, a_term("korvex"))
    assert len(found) == (MAX_HITS_OF_A_TERM if "korvex" in piece else 0)
    assert all(text[hit.start : hit.end] == "korvex" for hit in found)


def test_ten_thousand_terms_are_found_each() -> None:
    winnow = Winnow(a_term(f"t{i}", f"Maker{i}") for i in range(10_000))
    found = winnow.winnow(a_mention("maker9999 met Maker42"))
    assert found is not None
    assert [hit.term for hit in found.hits] == ["t9999", "t42"]


@given(before=folding_texts, alias=folding_texts, after=folding_texts)
def test_what_is_found_folds_to_the_alias(before: str, alias: str, after: str) -> None:
    def plain(text: str) -> str:
        for sign in "™℠…":
            text = text.replace(sign, "\ufffc")
        return fold(text).replace("’", "'").replace("–", "-").replace("\u2010", "-")

    text = clean(f"{before} {alias} {after}")
    for hit in hits(text, a_term("it", clean(alias))):
        assert 0 <= hit.start < hit.end <= len(text)
        assert plain(clean(alias)).strip("\ufffc \n\t") in plain(text[hit.start : hit.end])


@given(before=texts, after=texts, alias=st.sampled_from(["Korvex", "ソニー", "C++", "Straße", "ﬁ", "सोनी", "İ"]))
def test_an_alias_between_spaces_is_always_found(before: str, after: str, alias: str) -> None:
    text = f"{before} {alias} {after}"
    if after[:1] and unicodedata.category(after[0]).startswith("M"):
        return
    start = len(before) + 1
    assert any(hit.start <= start and hit.end >= start + len(alias) for hit in hits(text, a_term("it", alias)))


@given(st.lists(st.sampled_from([*ODD, " ", "a", "ab", "b"]), max_size=30).map("".join))
def test_any_text_is_read(text: str) -> None:
    for hit in hits(clean(text), a_term("a"), a_term("ab"), a_term("ss", "ß"), a_term("hi", "हि")):
        assert 0 <= hit.start < hit.end <= len(text)


def test_the_full_name_of_a_contact_passes_only_where_that_contact_is_watched_by_name() -> None:
    contact = Contact(
        id="con_1", external_ids=(ExternalId(system="crm", value="1"),), name="Meera  Chitnis", watched_by_name=True
    )
    name = watched_name(contact)
    assert name is not None
    winnow = Winnow(identities=[name])

    passed = winnow.winnow(a_mention("I met MEERA Chitnis's team"))
    assert passed is not None
    assert [(p.reason, p.by) for p in passed.passed] == [("identity", "name:name:meera chitnis")]
    assert passed.hits == ()
    assert winnow.winnow(a_mention("Meera Chitnisova was there")) is None
    assert watched_name(replace(contact, watched_by_name=False)) is None
    assert watched_name(replace(contact, name="Meera")) is None


def found(text: str, term: Term, **fields: Any) -> list[str]:
    """The spellings that a term is found under."""
    passed = Winnow([term]).winnow(a_mention(text, **fields))
    return [text[hit.start : hit.end] for hit in passed.hits] if passed else []


def test_a_term_with_case_is_found_as_it_is_written_or_in_capitals() -> None:
    term = Term(id="sap", kind="company", aliases=("SAP", "Square"), case=True)
    assert found("SAP, sap, Sap, Square, SQUARE, square", term) == ["SAP", "Square", "SQUARE"]


@pytest.mark.parametrize(
    ("text", "spellings"),
    [
        ("thanks @acme!", ["@acme"]),
        ("thanks @ACME.", ["@ACME"]),
        ("joe@acme said", []),
        ("@acme-help @acme.support @acmes", []),
        ("see shop.acme.com/x and ACME.com.", ["acme.com", "ACME.com"]),
        ("acme.com.evil.example, my-acme.com, notacme.com", []),
        ("mail joe@acme.com", ["acme.com"]),
    ],
)
def test_handles_and_domains_are_hits_by_themselves(text: str, spellings: list[str]) -> None:
    term = Term(id="acme", kind="company", aliases=("Acme Anvils",), handles=("@acme",), domains=("acme.com",))
    assert found(text, term) == spellings


def test_a_handle_of_one_platform_counts_there_and_as_a_link() -> None:
    term = Term(id="acme", kind="company", aliases=("Acme Anvils",), handles=("x:acme",))
    assert found("thanks @acme", term, platform="x") == ["@acme"]
    assert found("thanks @acme", term, platform="reddit") == []
    passed = Winnow([term]).winnow(a_mention("look", links=("https://x.com/acme",)))
    assert passed is not None
    assert (passed.passed[0].by, passed.hits, passed.linked) == ("acme", (), ("acme",))


@pytest.mark.parametrize(
    ("link", "passes"),
    [
        ("https://acme.com/a", True),
        ("https://www.shop.acme.com", True),
        ("https://notacme.com", False),
        ("https://acme.com.evil.example", False),
        ("http://[broken", False),
    ],
)
def test_a_link_to_a_domain_or_below_it_passes(link: str, passes: bool) -> None:
    term = Term(id="acme", kind="company", aliases=("Acme Anvils",), domains=("www.acme.com",))
    assert (Winnow([term]).winnow(a_mention("look", links=(link,))) is not None) == passes


def test_an_alias_counts_with_a_required_word_and_without_excluded_ones() -> None:
    term = Term(id="n", kind="company", aliases=("Korvex",), requires=("lathe", "CNC mill"), excludes=("song",))
    assert found("Korvex has a new lathe", term) == ["Korvex"]
    assert found("the cnc  mill of Korvex".replace("  ", " "), term) == ["Korvex"]
    assert found("Korvex has a new CEO, latheless", term) == []
    assert found("Korvex, the song of the lathe", term) == []


def test_what_may_be_another_sense_is_told_as_open() -> None:
    winnow = Winnow([Term(id="t", kind="company", aliases=("Target", "Target Corp"), handles=("@target",))])
    passed = winnow.winnow(a_mention("Target Corp, target, @target"))
    assert passed is not None
    assert (len(passed.hits), passed.open) == (3, (1,))
    assert set(winnow.judged) == {"t"}
    assert Winnow([a_term("korvex")]).judged == {}
    assert set(Winnow([Term(id="k", kind="company", aliases=("Korvex",), examples=("Korvex!",))]).judged) == {"k"}
