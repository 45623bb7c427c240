"""Language: the plain cases, and "und" rather than a guess."""

import time
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


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Barang saya masih belum sampai walaupun sudah dua minggu, khidmat pelanggan teruk", "ms"),
        ("Syarikat ini tidak menjawab telefon langsung, saya mahu wang saya balik", "ms"),
        ("Kedai di pusat bandar itu ditutup pada hari Isnin dan Khamis", "ms"),
        ("Bateri telefon ini cepat habis, skrin pun sudah retak", "ms"),
        ("Adakah sesiapa tahu bila pakej ini akan dihantar?", "ms"),
        ("Saya boleh tolong kalau awak perlukan bantuan dengan borang itu", "ms"),
        ("Barang saya belum sampai padahal sudah dua minggu, layanan pelanggannya parah", "id"),
        ("Perusahaan ini tidak pernah mengangkat telepon, saya minta uang saya kembali", "id"),
        ("Toko di pusat kota itu tutup setiap hari Senin dan Kamis", "id"),
        ("Baterai ponsel ini cepat habis, layarnya juga sudah retak", "id"),
        # Nothing that only one of them has: Indonesian, of which there is ten times as much.
        ("Saya makan nasi goreng di rumah ibu saya pada malam itu", "id"),
    ],
)
def test_malay_and_indonesian_are_told_apart_by_what_only_one_of_them_writes(text: str, code: str) -> None:
    assert language_of(text).code == code


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


@pytest.mark.parametrize(
    "text",
    [
        "bhai yeh phone bilkul bekar hai, paise wapas kab milenge",
        "Customer care wale phone hi nahi uthate yaar",
        "delivery kal tak aa jayegi kya?",
        "maine kal order kiya tha but abhi tak nahi aaya",
        "service acchi hai par price thoda zyada hai",
        "kya baat hai",
        "@acme_help #AcmeFail https://acme.example/x mera refund kab tak aayega",
    ],
)
def test_hindi_in_latin_letters_is_a_language_of_its_own(text: str) -> None:
    found = language_of(text)
    assert found.code == "hi-Latn"
    assert 0.3 <= found.confidence <= 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Narendra Modi met Salman Khan in Delhi and they talked about the new railway budget", "en"),
        ("My Kia is a fine car, the dealer Mr Ji in Andar Road said so to me and to you", "en"),
        ("Saya mau tanya, kenapa pesanan saya belum dikirim juga sampai hari ini?", "id"),
        ("Nimenunua simu mpya lakini betri yake haidumu hata siku moja", "sw"),
        ("Ben bu telefonu aldım ama bataryası çok çabuk bitiyor", "tr"),
        ("Ayoko na sa serbisyo nila, ang tagal dumating ng order ko", "tl"),
    ],
)
def test_other_languages_in_latin_letters_are_not_taken_for_hindi(text: str, code: str) -> None:
    assert language_of(text).code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("मला हा फोन खूप आवडला आणि किंमत पण योग्य आहे", "mr"),
        ("मुझे यह फोन बहुत पसंद आया और कीमत भी सही है", "hi"),
        ("Zašto uvek kasni pošiljka, ko je zadužen za vreme isporuke i gde je", "sr"),
        ("Zašto uvijek kasni pošiljka, tko je zadužen za vrijeme dostave i gdje je", "hr"),
        ("Телефон батареясы өте тез бітеді, қызмет көрсету нашар", "kk"),
        ("Телефонот е многу добар но батеријата ја нема цел ден и тоа ќе се смени", "mk"),
    ],
)
def test_languages_near_each_other_are_told_apart(text: str, code: str) -> None:
    assert language_of(text).code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ഫോൺ നല്ലത്", "ml"),
        ("ಫೋನ್ ಚೆನ್ನಾಗಿದೆ", "kn"),
        ("ਫ਼ੋਨ ਵਧੀਆ ਹੈ", "pa"),
        ("போன் நல்லது", "ta"),
        ("ફોન સારો છે", "gu"),
        ("ফোনটি ভালো", "bn"),
        ("ฟോ", "und"),
    ],
)
def test_a_script_of_one_language_says_it_in_two_words(text: str, code: str) -> None:
    assert language_of(text).code == code


def test_latin_names_in_another_script_do_not_hide_its_language() -> None:
    assert language_of("Samsung ફોન ખૂબ સારો છે અને Galaxy પણ").code == "gu"


def test_a_long_word_without_end_takes_no_time() -> None:
    began = time.process_time()
    language_of("hai" * 500_000)
    language_of("hai " * 500_000)
    assert time.process_time() - began < 1


def test_lone_surrogates_are_no_language() -> None:
    assert language_of("\ud800\udfff \ud800 hai \ud800 nahi kya").code in {"hi-Latn", "und"}
