"""How names are read and where they stand in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.matcher.names.nameindex import NameIndex
from overheard.matcher.names.organisations import (
    employer_domain,
    find_organisation,
    organisation_key,
    organisation_phrases,
    site_domain,
)
from overheard.matcher.names.person import person_name
from overheard.matcher.names.rarity import expected_bearers
from overheard.matcher.names.sightings import find_person
from overheard.matcher.names.text import Text, tokens


def spellings(text: str, name: str) -> list[str]:
    found = person_name(name)
    assert found is not None
    return [text[s.start : s.end] for s in find_person(Text(text), found)]


@pytest.mark.parametrize(
    ("name", "given_", "family"),
    [
        ("Donald Trump", ("donald",), ("trump",)),
        ("Trump, Donald", ("donald",), ("trump",)),
        ("Dr. Asha Rao, PhD", ("asha",), ("rao",)),
        ("Mr Ben Stone Jr.", ("ben",), ("stone",)),
        ("Asha Rao, CFA", ("asha",), ("rao",)),
        ("Asha Rao (Acme)", ("asha",), ("rao",)),
        ("Rao, Asha - Acme", ("asha",), ("rao",)),
        ("José García", ("jose",), ("garcia",)),
        ("Łukasz Nowak", ("lukasz",), ("nowak",)),
        ("K. R. Narayanan", ("k", "r"), ("narayanan",)),
        ("KR Narayanan", ("k", "r"), ("narayanan",)),
        ("Ramanathan S.", ("s",), ("ramanathan",)),
        ("J. Smith", ("j",), ("smith",)),
        ("Pope Francis", ("pope",), ("francis",)),
        ("J. Edgar Hoover", ("edgar",), ("hoover",)),
        ("Jean-Luc O'Brien", ("jean", "luc"), ("o", "brien")),
        ("王小明", ("王", "小"), ("明",)),
        ("प्रिया शर्मा", ("प्रिया",), ("शर्मा",)),
    ],
)
def test_a_full_name_has_a_given_and_a_family_name(name: str, given_: tuple[str, ...], family: tuple[str, ...]) -> None:
    found = person_name(name)
    assert found is not None
    assert (found.given, found.family) == (given_, family)


@pytest.mark.parametrize("name", ["", "Madonna", "J. S.", "...", "Jr."])
def test_one_word_or_initials_alone_are_no_full_name(name: str) -> None:
    assert person_name(name) is None


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("So Donald Trump said", "Donald Trump", ["Donald Trump"]),
        ("Donald Trump's tower", "Donald Trump", ["Donald Trump"]),
        ("Donald J. Trump won", "Donald Trump", ["Donald J. Trump"]),
        ("Hillary Rodham Clinton won", "Hillary Clinton", ["Hillary Rodham Clinton"]),
        ("a Donald Trump-backed bill", "Donald Trump", ["Donald Trump"]),
        ("DONALD TRUMP WON", "Donald Trump", ["DONALD TRUMP"]),
        ("donald trump won", "Donald Trump", ["donald trump"]),
        ("Donald\nTrump won", "Donald Trump", ["Donald\nTrump"]),
        ("Susan Rice-Martinez spoke", "Susan Rice", []),
        ("Mary-Susan Rice spoke", "Susan Rice", []),
        ("Steve Bannan spoke", "Steve Bannon", []),
        ("Clinton Road Plumbing", "Roger Clinton", []),
        ("Donald and Ivanka Trump", "Donald Trump", []),
        ("the Trumps and Donald", "Donald Trump", []),
        ("We met Donald. Trump won", "Donald Trump", []),
        ("Roger, Clinton Road", "Roger Clinton", []),
        ("Pat O'Brien and Jean-Luc Picard", "Jean-Luc Picard", ["Jean-Luc Picard"]),
        ("Pat O’Brien left", "Pat O'Brien", ["Pat O’Brien"]),
        ("昨日王小明说了话", "王小明", ["王小明"]),
        ("김철수는 말했다", "김철수", ["김철수"]),
        ("आज प्रिया शर्मा ने कहा", "प्रिया शर्मा", ["प्रिया शर्मा"]),
        ("сказал Иван Петров.", "Иван Петров", ["Иван Петров"]),
        ("I met José García", "Jose Garcia", ["José García"]),
        ("I met Jose\u0301 Garcia", "José García", ["Jose\u0301 Garcia"]),
        ("Soren Kjaer left", "Søren Kjær", ["Soren Kjaer"]),
        ("Артём Королёв ушёл", "Артем Королев", ["Артём Королёв"]),
        ("says Clinton, Hillary today", "Hillary Clinton", ["Clinton, Hillary"]),
        ("Bill Clinton, Hillary Swank", "Hillary Clinton", []),
        ("turn the page, mark", "Mark Page", []),
        ("Hillary     \n  Clinton", "Hillary Clinton", ["Hillary     \n  Clinton"]),
        ("**Hillary** Clinton", "Hillary Clinton", ["Hillary** Clinton"]),
        ('Robert "Bob" Smith left', "Robert Smith", ['Robert "Bob" Smith']),
        ("Jean-Luc Picard", "Jean Luc Picard", ["Jean-Luc Picard"]),
        ("Anna Smith-Jones", "Anna Smith Jones", ["Anna Smith-Jones"]),
        ("So K.R. Narayanan said", "K. R. Narayanan", ["K.R. Narayanan"]),
        ("So KR Narayanan said", "K. R. Narayanan", ["KR Narayanan"]),
        ("So K. R. Narayanan said", "R. Narayanan", []),
        ("So S. Ramanathan said", "Ramanathan S", ["S. Ramanathan"]),
        ("yes, Ramanathan S said", "S. Ramanathan", ["Ramanathan S"]),
        ("山田 太郎さん", "山田太郎", ["山田 太郎"]),
        ("ﬁne: Soﬁa Strauß", "Sofia Strauss", ["Soﬁa Strauß"]),
    ],
)
def test_a_full_name_is_found_whole_and_nothing_else_is(text: str, name: str, found: list[str]) -> None:
    assert spellings(text, name) == found


@pytest.mark.parametrize(
    ("text", "name", "longer"),
    [
        ("Donald Trump Jr. spoke", "Donald Trump", "Donald Trump Jr"),
        ("at Bill Clinton Road today", "Bill Clinton", "Bill Clinton Road"),
        ("Bill Clinton. Road works", "Bill Clinton", ""),
        ("On it Bill Clinton Monday said", "Bill Clinton", ""),
        ("Donald Trump Says He Will Leave Office", "Donald Trump", ""),
        ("Ben Stone Jr. spoke", "Ben Stone Jr.", ""),
        ("Bill Clinton Road Closed After Heavy Flooding Today", "Bill Clinton", "Bill Clinton Road"),
        ("BILL CLINTON FOUNDATION GAVE MONEY", "Bill Clinton", "BILL CLINTON FOUNDATION"),
        ("a Donald Trump v Joe Biden poll", "Donald Trump", ""),
        ("said Joe Biden senior adviser", "Joe Biden", ""),
    ],
)
def test_a_part_of_a_longer_name_is_seen(text: str, name: str, longer: str) -> None:
    found = person_name(name)
    assert found is not None
    assert [s.longer for s in find_person(Text(text), found)] == [longer]


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_name_put_into_any_text_slices_back(before: str, after: str) -> None:
    text = f"{before} . Sofia Strauß . {after}"
    assert "Sofia Strauß" in spellings(text, "Sofia Strauss")


@given(st.text(max_size=60), st.text(max_size=30))
def test_no_text_and_no_name_makes_the_search_fail(text: str, name: str) -> None:
    found = person_name(name)
    prepared = Text(text)
    for sighting in find_person(prepared, found) if found else ():
        spelled = set(Text(text[sighting.start : sighting.end]).keys)
        assert found is not None
        assert any(set(keys) <= spelled for keys in found.required)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("The Trump Organization", "trump organization"),
        ("Acme Tools Pvt. Ltd.", "acme tools"),
        ("Acme S.A.", "acme"),
        ("Smith and Co", "smith"),
        ("Limited", "limited"),
        ("Amazon.com, Inc.", "amazon com"),
        ("", ""),
    ],
)
def test_legal_forms_are_no_part_of_a_firms_name(name: str, key: str) -> None:
    assert " ".join(organisation_key(name)) == key


def test_an_ampersand_is_also_read_as_and() -> None:
    assert organisation_phrases("Johnson & Johnson")[:2] == (("johnson", "johnson"), ("johnson", "and", "johnson"))


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("we love Johnson & Johnson", "Johnson & Johnson", 1),
        ("we love Johnson and Johnson", "Johnson & Johnson", 1),
        ("said Boris Johnson. Johnson added", "Johnson & Johnson", 0),
        ("Boris Johnson, Johnson & Johnson", "Johnson & Johnson", 1),
        ("At T-Mobile", "AT&T Inc.", 0),
        ("at AT & T today", "The AT&T Inc.", 1),
        ("H. M. Smith", "H&M", 0),
        ("Home-Depot and Home\nDepot", "The Home Depot", 2),
        ("I go home. Depot is shut", "Home Depot", 0),
        ("of Dr Reddy’s and Dr. Reddy's", "Dr. Reddy's Ltd", 2),
        ("at Nestle Water", "Nestlé Water", 1),
    ],
)
def test_the_words_of_a_firms_name_stand_in_one_phrase(text: str, name: str, found: int) -> None:
    prepared = Text(text)
    assert sum(len(find_organisation(prepared, name, phrase)) for phrase in organisation_phrases(name)) == found


def test_mail_providers_employ_nobody_and_platforms_own_no_page() -> None:
    assert employer_domain("a@gmail.com") == ""
    assert employer_domain("a@yahoo.com.mx") == ""
    assert employer_domain("a@mail.acme.co.uk") == "acme.co.uk"
    assert site_domain("https://www.facebook.com/somebody") == ""
    assert site_domain("https://shop.acme.example.com/x") == "example.com"


def test_rarity_speaks_only_for_the_population_that_was_counted() -> None:
    def bearers(name: str) -> float | None:
        found = person_name(name)
        assert found is not None
        return expected_bearers(found)

    john, gina = bearers("John Smith"), bearers("Gina Haspel")
    assert john is not None
    assert gina is not None
    assert john > 10_000
    assert gina < 1
    assert bearers("Oluwaseun Chittoor") is None
    assert bearers("Reince Priebus") is None
    assert bearers("王小明之") is None
    for common in ("Priya Sharma", "Wei Wang", "王小明", "Иван Петров", "José García"):
        found = bearers(common)
        assert found is not None
        assert found > 300


@pytest.mark.parametrize(
    "name",
    [
        "محمد السباعي",
        "أحمد الشرقاوي",
        "محمد عبد الله",
        "فاطمة الزهراء",
        "محمد رضا شجریان",
        "عبد الرحمن السيد",
        "יוסף כהן",
        "मोहम्मद कैफ़",
        "राजेश देशपांडे",
        "அனிதா ராமநாதன்",
        "ইমরান হোসেন",
        "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ",
        "Мухаммед Али",
        "Նարեկ Հակոբյան",
        "გიორგი ბერიძე",
        "ሀይሌ ገብረስላሴ",
        "김민준",
        "สมชาย ใจดี",
        "山田 太郎",
    ],
)
def test_a_name_in_any_script_is_found_where_it_stands_as_the_crm_has_it(name: str) -> None:
    """Also where the table of spellings knows one part of it, and the other is known by its consonants alone."""
    parsed = person_name(name)
    assert parsed is not None
    [found] = find_person(Text(f"x {name} x"), parsed)
    assert (found.given, found.family) == ("exact", "exact")
    index = NameIndex()
    index.file("con_1", name, add=True)
    assert [one.contact for one in index.named_in(Text(f"x {name} x"))] == ["con_1"]


@given(st.text(st.sampled_from("aB1é राव王小\u200d\u2060-.,'’ \n💬ﬁẞ"), max_size=80))
def test_tokens_and_what_is_between_them_make_up_the_text_where_they_say_they_stand(written: str) -> None:
    text = Text(written)
    assert text.tokens == tokens(text.folded)
    assert len(text.keys) == len(text.tokens)
    last = -1
    for i in range(len(text.tokens)):
        start, end = text.span(i, i)
        assert last <= start < end <= len(written)
        assert text.written(i) in text.folded
        last = end
    for i in range(len(text.tokens) - 1):
        assert text.written(i) + text.between(i, i + 1) + text.written(i + 1) in text.folded
