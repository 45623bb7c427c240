"""The analyser: what a token is, in every script, and where it stands."""

import pytest
from hypothesis import example, given

from overheard.index.analyser import MAX_TOKEN, analyse, analyse_query, fold, handles, join, locate, tags
from tests.strategies import folding_texts, raw_texts


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't PANIC", ["don", "t", "panic"]),
        ("Straße STRASSE ﬁne", ["strasse", "strasse", "fine"]),
        ("Café cafe\u0301 naïve İstanbul", ["cafe", "cafe", "naive", "istanbul"]),
        ("Άθήνα ёлка Йод", ["αθηνα", "елка", "иод"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("خدمة الشركة", ["خدمة", "الشركة"]),
        ("می‌خواهم", ["میخواهم"]),
        ("東京都", ["東京", "京都", "都"]),
        ("猫", ["猫"]),
        ("iPhone15を買う", ["iphone15", "を買", "買う", "う"]),
        ("ｶﾞｲﾄﾞ ＮＶＩＤＩＡ", ["ガイ", "イド", "ド", "nvidia"]),
        ("한국어", ["한국", "국어", "어"]),
        ("👍🏽 👩‍💻 🇩🇪🇮🇳 ❤️", ["👍", "👩", "💻", "🇩🇪", "🇮🇳", "❤"]),
        ("great👍price", ["great", "👍", "price"]),
        ("Xbox™ Series® NVIDIA©", ["xbox", "series", "nvidia"]),
        ("Nvi\u00addia", ["nvidia"]),
        ("https://nvidia.com/en?a=1", ["https", "nvidia", "com", "en", "a", "1"]),
        ("@nvidia #gtc24 joe@nvidia.com", ["nvidia", "gtc24", "joe", "nvidia", "com"]),
        ("x86_64 C++ R&D 3.14", ["x86_64", "c", "r", "d", "3", "14"]),
        ("\u0301 \u200d … -- :)", []),
        ("", []),
        ("a\ud800b", ["a", "b"]),
    ],
)
def test_a_text_gives_these_tokens(text: str, tokens: list[str]) -> None:
    assert analyse(text) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("東京", ["東京"]),
        ("東京都", ["東京", "京都"]),
        ("東京 タワー", ["東京", "京", "タワ", "ワー"]),
        ("京京", ["京京"]),
        ("東 京", ["東", "京"]),
        ("都", ["都"]),
        ("the driver", ["the", "driver"]),
    ],
)
def test_a_run_at_the_end_of_a_query_may_go_on_in_the_text(text: str, tokens: list[str]) -> None:
    assert analyse_query(text) == tokens


@given(raw_texts)
@example("東京都abc 東京 タワー")
@example("東 東京 京京 京")
def test_any_part_of_tokens_joined_is_analysed_to_itself(text: str) -> None:
    tokens = analyse_query(text)
    assert analyse_query(join(tokens)) == tokens


@given(raw_texts)
def test_tokens_have_no_white_space_and_a_bounded_length(text: str) -> None:
    for token in analyse(text):
        assert token.split() == [token]
        assert 0 < len(token) <= MAX_TOKEN
        token.encode()


@given(folding_texts)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(raw_texts)
@example("ẞ İ ﬁ ｶﾞ 가 각 हिन्दी e\u0301\u0345 \x00² Xbox™")
def test_located_tokens_are_the_tokens_and_stand_in_order_inside_the_text(text: str) -> None:
    located = locate(text)
    assert [token.text for token in located] == analyse(text)
    assert all(0 <= token.start < token.end <= len(text) for token in located)
    assert [token.start for token in located] == sorted(token.start for token in located)


def test_a_place_covers_what_folding_joined() -> None:
    text = "the ﬁne cafe\u0301 Straße ❤️"
    assert [text[token.start : token.end] for token in locate(text)] == ["the", "ﬁne", "cafe\u0301", "Straße", "❤️"]


def test_a_token_of_a_megabyte_is_cut_in_documents_and_queries_alike() -> None:
    for letter in ("a", "é", "\u0915"):
        [token] = analyse(letter * 1_000_000)
        assert len(token) == MAX_TOKEN
        assert analyse_query(letter * 500) == [token]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("thanks @NVIDIA, and @Café!", ["nvidia", "cafe"]),
        ("@jay.bsky.team. says", ["jay.bsky.team"]),
        ("@ana@masto.example hi", ["ana@masto.example", "ana"]),
        ("joe@nvidia.com x@y a.@b", []),
        ("＠ant_dude", ["ant_dude"]),
        ("@ @@ @-", []),
    ],
)
def test_handles_are_found_and_addresses_are_none(text: str, found: list[str]) -> None:
    assert handles(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#GTC24 #Café #東京 #gtc24", ["gtc24", "cafe", "東京"]),
        ("C# issue #5 &#39; a#b https://x.example/#top", []),
        ("#5g", ["5g"]),
    ],
)
def test_tags_are_found_and_numbers_anchors_and_entities_are_none(text: str, found: list[str]) -> None:
    assert tags(text) == found


@pytest.mark.parametrize("text", ["@a" * 200_000, "@" + "a." * 200_000, "#" * 200_000, "e" + "\u0301" * 300_000])
def test_hostile_text_costs_time_in_proportion(text: str) -> None:
    analyse(text)
    handles(text)
    tags(text)
    locate(text)
