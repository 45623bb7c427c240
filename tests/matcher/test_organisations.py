"""How organisations are written: forms that go, spellings that meet; which account a name, handle or domain means."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.matcher.features.account import ACCOUNT_FEATURES, AccountCase
from overheard.matcher.features.base import gather
from overheard.matcher.identity.accountindex import AccountIndex
from overheard.matcher.names.organisations import (
    acronym,
    bare_names,
    find_across_scripts,
    find_organisation,
    organisation_key,
    organisation_phrases,
    organisations_alike,
    phrase_kind,
)
from overheard.matcher.names.text import Text
from overheard.records import Account, EnrichedMention, ExternalId, account_id
from tests.matcher.worlds import mention


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Acme Tools Pvt. Ltd.", "acme tools"),
        ("The Acme Tools Company, Inc.", "acme tools"),
        ("ACME TOOLS S.A. de C.V.", "acme tools"),
        ("Kowalski Sp. z o.o.", "kowalski"),
        ("Müller GmbH & Co. KG", "muller"),
        ("株式会社日立製作所", "日 立 製 作 所"),
        ("ООО Ромашка", "ромашка"),
        ("Ромашка ООО", "ромашка"),
        ("Limited", "limited"),
        ("", ""),
    ],
)
def test_a_name_is_compared_without_its_legal_form(name: str, key: str) -> None:
    assert " ".join(organisation_key(name)) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Manufacturing Ltd", "Acme Mfg"),
        ("Acme Technologies", "ACME Tech Pvt Ltd"),
        ("Acme Technology", "Acme Technologies"),
        ("International Business Machines", "IBM"),
        ("Acme Tools", "AcmeTools"),
        ("Smith & Sons", "Smith and Sons"),
        ("Acme Tools", "Acme Tools India"),
        ("Siemens Healthineers", "Siemens Healtineers"),
    ],
)
def test_spellings_of_one_organisation_are_alike(one: str, other: str) -> None:
    assert organisations_alike(one, other)
    assert organisations_alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Acme Tools", "Apex Tools"), ("Tata Steel", "Tata Motors"), ("Acme", ""), ("", ""), ("Delta", "Delia")],
)
def test_two_organisations_are_not(one: str, other: str) -> None:
    assert not organisations_alike(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Severstal", "ПАО «Северсталь»"),
        ("Gazprom Neft", "Газпром нефть"),
        ("Norilsk Nickel", "Норильский никель"),
        ("Ellaktor", "Ελλάκτωρ"),
        ("Coca Cola", "Κόκα Κόλα"),
        ("Tata", "टाटा"),
        ("Tata Steel Ltd", "टाटा स्टील लिमिटेड"),
        ("Tata Steel", "டாடா ஸ்டீல்"),
        ("Reliance Industries", "रिलायंस इंडस्ट्रीज"),
        ("Ashok Leyland", "अशोक लेलैंड"),
        ("Aramco", "أرامكو"),
        ("Siemens", "سيمنس"),
        ("Huawei", "华为"),
        ("Xiaomi Inc", "小米有限公司"),
        ("Toyota", "トヨタ"),
        ("Panasonic", "パナソニック"),
        ("Sony", "ソニー株式会社"),
        ("Samsung", "삼성"),
    ],
)
def test_a_name_in_two_scripts_is_one_organisation(one: str, other: str) -> None:
    assert organisations_alike(one, other)
    assert organisations_alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rosneft", "Русснефть"),
        ("Severstal", "Северсвет"),
        ("Alpha Bank", "Альфа"),
        ("Bosch", "Баш"),
        ("Alumil", "Αλουμίνα"),
        ("Data", "टाटा"),
        ("Tata Motors", "टाटा स्टील"),
        ("Mahindra", "महेंद्र"),
        ("Emaar", "عمر"),
        ("SAP", "سب"),
        ("Tencent", "华为"),
        ("Honda", "ハンダ"),
        ("Hyundai", "한다"),
        ("トヨタ", "华为"),
    ],
)
def test_names_in_two_scripts_that_only_begin_or_sound_a_little_alike_are_two(one: str, other: str) -> None:
    assert not organisations_alike(one, other)
    assert not organisations_alike(other, one)


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("Severstal", "Иван Петров, Северсталь, сказал", [(2, 2)]),
        ("Северсталь", "says Ivan Petrov of Severstal", [(4, 4)]),
        ("Tata Steel", "टाटा स्टील के निदेशक", [(0, 1)]),
        ("टाटा स्टील", "the director of Tata Steel", [(3, 4)]),
        ("Siemens", "قال مدير سيمنس", [(2, 2)]),
        ("أرامكو", "at Aramco today", [(1, 1)]),
        ("华为", "at Huawei today", [(1, 1)]),
        ("Tata Steel", "टाटा, स्टील", []),
        ("Tata Steel", "Tata Steel", []),
        ("", "टाटा", []),
    ],
)
def test_a_name_is_found_in_a_text_of_another_script(name: str, text: str, place: list[tuple[int, int]]) -> None:
    assert find_across_scripts(Text(text), name) == place


@given(st.text(max_size=30), st.text(max_size=20))
def test_whatever_stands_in_a_text_is_looked_through_without_an_error(text: str, name: str) -> None:
    for first, last in find_across_scripts(Text(text), name):
        assert 0 <= first <= last < len(Text(text).tokens)


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_of_organisations_has_no_direction(one: str, other: str) -> None:
    assert organisations_alike(one, other) == organisations_alike(other, one)


@given(st.text(max_size=40))
def test_the_first_phrase_of_a_name_is_its_key_and_each_has_a_kind(name: str) -> None:
    phrases = organisation_phrases(name)
    assert phrases[:1] == ((organisation_key(name),) if organisation_key(name) else ())
    assert len(set(phrases)) == len(phrases)
    assert all(phrase_kind(name, phrase) for phrase in phrases)


def test_initials_are_found_in_capitals_only() -> None:
    name = "International Business Machines"
    assert acronym(name) == "ibm"
    assert find_organisation(Text("we use IBM, not ibm"), name, ("ibm",)) == [2]


def test_a_name_run_together_and_cut_short_is_found() -> None:
    for text in ("#AcmeManufacturing rocks", "Acme Mfg rocks", "Acme Manufacturing rocks"):
        name = "Acme Manufacturing Ltd"
        assert any(find_organisation(Text(text), name, phrase) for phrase in organisation_phrases(name)), text


def test_what_stands_around_a_name_in_its_handle_goes() -> None:
    assert {"acmetoolshq", "acmetools"} <= set(bare_names("AcmeTools_HQ"))
    assert "acme" in bare_names("getacme")
    assert bare_names("") == ()


def account(number: int, name: str, domain: str = "", **handles: str) -> Account:
    ids = (ExternalId(system="crm", value=str(number)),)
    return Account(id=account_id("crm", str(number)), external_ids=ids, name=name, domain=domain, handles=handles)


ACCOUNTS = [
    account(1, "Acme Tools Pvt Ltd", "acme.example", x="acme_in"),
    account(2, "Acme Motors", "acmemotors.example"),
    account(3, "International Business Machines", "ibm.example"),
    account(4, "Delta Manufacturing", ""),
    account(5, "株式会社日立製作所", ""),
]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ACME TOOLS", 1),
        ("acme tools private limited", 1),
        ("@acmetools", 1),
        ("x:acme_in", 1),
        ("someone@mail.acme.example", 1),
        ("https://www.acme.example/shop", 1),
        ("acme-tools.io", 1),
        ("get-acmetools.com", 1),
        ("Acme Tolos", 1),
        ("Acme Motor", 2),
        ("IBM", 3),
        ("Delta Mfg. Co.", 4),
        ("deltamanufacturinghq", 4),
        ("日立製作所", 5),
    ],
)
def test_an_account_is_found_by_any_way_that_it_is_written(text: str, number: int) -> None:
    best = AccountIndex(ACCOUNTS).find(text)[0]
    assert best.account.external_ids[0].value == str(number)
    assert best.evidence
    assert best.weight == pytest.approx(sum(one.weight for one in best.evidence))


@pytest.mark.parametrize("text", ["Zenith Pumps", "", "@", "🙂", "x:", "info@gmail.com"])
def test_what_is_like_no_account_finds_none(text: str) -> None:
    assert AccountIndex(ACCOUNTS).find(text) == []


def test_an_index_is_a_function_of_what_it_holds() -> None:
    changed = account(1, "Zenith Pumps")
    index = AccountIndex([*ACCOUNTS, changed])
    index.drop(ACCOUNTS[3].id)
    index.drop("acc_none")
    shuffled = [changed, *ACCOUNTS[1:3], ACCOUNTS[4]]
    random.Random(1).shuffle(shuffled)
    other = AccountIndex(shuffled)
    for text in ("Zenith", "Acme", "Delta Manufacturing", "IBM"):
        assert index.find(text) == other.find(text)


def features_of(text: str, one: Account, at: str) -> set[str]:
    said: EnrichedMention = mention("1", text)
    prepared = Text(text)
    phrase = next(p for p in organisation_phrases(one.name) if find_organisation(prepared, one.name, p))
    case = AccountCase(said, prepared, one, phrase, prepared.tokens.index(at))
    return {evidence.feature for evidence in gather(ACCOUNT_FEATURES, case)}


@pytest.mark.parametrize(
    ("text", "name", "at", "feature", "holds"),
    [
        ("I work at Target Corp. now", "Target", "target", "legal form beside", True),
        ("Target as a word", "Target", "target", "legal form beside", False),
        ("the CEO of Square said", "Square", "square", "firms word beside", True),
        ("Square's customers left", "Square", "square", "firms word beside", True),
        ("on the village square they met", "Square", "square", "firms word beside", False),
        ("we missed a target again", "Target", "target", "word of the language", True),
        ("we love our Target store", "Target", "target", "word of the language", False),
        ("ask @acme_in about it", "Acme_In", "acme_in", "own handle", True),
    ],
)
def test_a_firm_is_told_from_a_word_by_what_stands_beside_it(
    text: str, name: str, at: str, feature: str, holds: bool
) -> None:
    one = account(9, name, x="acme_in")
    assert (feature in features_of(text, one, at)) is holds
