"""Language: the plain cases, and "und" rather than a guess."""

from pathlib import Path

import pytest
from hypothesis import given

from overheard.enrich.language import UNKNOWN, language_of
from tests.strategies import texts


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The new lathe arrived on time and it works very well", "en"),
        ("Die neue Drehmaschine ist pünktlich angekommen und läuft gut", "de"),
        ("La nouvelle machine est arrivée à l'heure et marche bien", "fr"),
        ("新しい機械はとても良いです", "ja"),
        ("यह नई मशीन बहुत अच्छी है", "hi"),
        ("الآلة الجديدة جيدة جدا", "ar"),
        ("เครื่องใหม่ดีมาก", "th"),
    ],
)
def test_plain_text_has_its_language(text: str, code: str) -> None:
    found = language_of(text)
    assert found.code == code
    assert 0.4 < found.confidence <= 1


@pytest.mark.parametrize(
    "text", ["", " \n", "ok", "nvidia", "12345 67890 12345", "😀😀😀😀", "@someone #thing", "???!!!"]
)
def test_too_little_text_is_unknown(text: str) -> None:
    assert language_of(text) == UNKNOWN


def test_handles_links_and_tags_are_not_language() -> None:
    names = "@guten_morgen_liebe_leute https://beispiel.example/eine/deutsche/seite #schoenes_wetter_heute"
    assert language_of(names) == UNKNOWN
    assert language_of(f"{names} this is a perfectly normal English sentence").code == "en"


@given(texts)
def test_any_text_has_a_language_or_none(text: str) -> None:
    found = language_of(text)
    assert found.code
    assert 0 <= found.confidence <= 1


def test_most_real_tweets_get_their_language(shared: Path) -> None:
    lines = (shared / "labelled" / "language" / "eld_tweets.txt").read_text("utf-8").splitlines()
    pairs = [line.split("\t", 1) for line in lines if "\t" in line][::9]
    found = [language_of(text).code for _, text in pairs]
    right = sum(code == wanted for code, (wanted, _) in zip(found, pairs, strict=True))
    wrong = sum(code not in (wanted, "und") for code, (wanted, _) in zip(found, pairs, strict=True))
    assert right / len(pairs) > 0.9
    assert wrong / len(pairs) < 0.03
