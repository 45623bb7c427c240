"""Scenario tables: who is linked, who is a candidate, who is nobody, and what is said for it."""

import time
from typing import Any

import msgspec
import pytest

from overheard.identities import NOBODY, normal_handle
from overheard.matcher.explain import explained
from overheard.matcher.features.account import ACCOUNT_FEATURES
from overheard.matcher.features.person import CORROBORATING, PERSON_FEATURES
from overheard.matcher.identity.directory import Directory
from overheard.matcher.match import match
from overheard.matcher.names.text import Text
from overheard.records import Account, Contact, Decision, EnrichedMention, Party, WatchHit
from tests.matcher.worlds import acc, account, con, contact, decision, mention

ASHA = contact(
    "1",
    "Asha Rao",
    organisation="Acme Tools Pvt Ltd",
    title="Plant Manager",
    place="Pune",
    emails=("asha@acme-tools.example",),
    handles={"reddit": "asha_r"},
    urls=("https://rao.example",),
)
NAMESAKE = contact("2", "Asha Rao", organisation="Borealis")
GINA = contact("3", "Gina Haspel")
CLINTON_ROAD = contact("4", "Roger Clinton", organisation="Clinton Road Plumbing")
SUSAN = contact("5", "Susan Rice")
SUSAN_MARTINEZ = contact("6", "Susan Rice-Martinez")
JOHN = contact("7", "John Adam Smith", place="Leeds")
ACME = account("1", "Acme Tools", "acme-tools.example")
TARGET = account("2", "Target", "target.example")
AMAZON = account("3", "Amazon", "amazon.com")
AWS = account("4", "Amazon Web Services", "aws.example")


def directory(*records: Contact | Account | Decision) -> Directory:
    made = Directory()
    for record in records:
        if isinstance(record, Contact):
            made.put_contact(record.id, record)
        elif isinstance(record, Account):
            made.put_account(record.id, record)
        else:
            made.decisions.put(record.id, record)
    return made


def parties(said: EnrichedMention, *records: Contact | Account | Decision) -> tuple[Party, ...]:
    return match(said, Text(said.mention.text), directory(*records)).parties


def outcomes(said: EnrichedMention, *records: Contact | Account | Decision) -> dict[tuple[str, str], str]:
    return {(party.role, party.subject): party.outcome for party in parties(said, *records)}


def person(text: str, who: Contact, *others: Contact | Account, **fields: Any) -> str:
    """The outcome of one contact in a text, "nobody" where they are no party."""
    return outcomes(mention("1", text, **fields), who, *others).get(("mentioned", who.id), "nobody")


@pytest.mark.parametrize(
    ("text", "others", "outcome"),
    [
        ("I met Asha Rao", (), "candidate"),
        ("I met Asha Rao of Acme Tools", (), "linked"),
        ("ACME TOOLS: Asha Rao speaks", (), "linked"),
        ("Asha Rao, plant manager, spoke", (), "linked"),
        ("Asha Rao spoke, and then, after many other words, a plant manager came", (), "candidate"),
        ("Asha Rao spoke in Pune", (), "candidate"),
        ("asha rao of Acme Tools", (), "linked"),
        ("asha rao was there, and so was Acme Tools", (), "candidate"),
        ("Write to asha@acme-tools.example, Asha Rao", (), "linked"),
        ("I met Asha Rao", (NAMESAKE,), "candidate"),
        ("I met Asha Rao of Acme Tools", (NAMESAKE,), "linked"),
        ("I met Asha Rao of Acme Tools and Borealis", (NAMESAKE,), "candidate"),
        ("Asha Rao Road, near Acme Tools", (), "candidate"),
        ("Asha Rao Jr. of Acme Tools", (), "candidate"),
        ("Asha-Rao is a name, Acme Tools a firm", (), "nobody"),
        ("Asha of Acme Tools", (), "nobody"),
    ],
)
def test_a_full_name_links_with_a_fact_beside_it_and_waits_without(
    text: str, others: tuple[Contact, ...], outcome: str
) -> None:
    assert person(text, ASHA, *others) == outcome


def test_one_weak_fact_beside_a_usual_name_does_not_link() -> None:
    smith = contact("8", "John Smith", title="Owner", place="Leeds", organisation="Acme Tools")
    seen = {"entities": [("person", "John Smith")]}
    assert person("John Smith, owner of a pub, spoke", smith, **seen) == "candidate"
    assert person("John Smith moved to Leeds", smith, **seen) == "candidate"
    assert person("John Smith, owner, of Leeds", smith, **seen) == "candidate"
    assert person("John Smith of Acme Tools", smith, **seen) == "linked"
    assert person("Asha Rao moved to Pune", ASHA, entities=[("person", "Asha Rao")]) == "candidate"
    assert person("Asha Rao of Pune, a plant manager", ASHA) == "linked"


def test_initials_need_the_employer_beside_them_or_two_facts() -> None:
    raman = contact("8", "S. Ramanathan", title="Plant Manager", organisation="Acme Tools")
    assert person("S. Ramanathan spoke. Later we bought pliers from Acme Tools", raman) == "candidate"
    assert person("S. Ramanathan, a plant manager", raman) == "candidate"
    assert person("S. Ramanathan of Acme Tools", raman) == "linked"
    assert person("S. Ramanathan, plant manager at Acme Tools", raman) == "linked"
    assert person("S. Ramanathan of Acme Tools", raman, contact("9", "S. Ramanathan", organisation="Acme Tools")) == (
        "candidate"
    )


def test_initials_may_mean_a_colleague_whose_given_name_the_crm_has() -> None:
    raman = contact("8", "S. Ramanathan", title="Managing Director", organisation="Acme Tools")
    colleague = contact("9", "Suresh Ramanathan", title="Quality Engineer", organisation="Acme Tools")
    assert person("S. Ramanathan of Acme Tools", raman, colleague) == "candidate"
    assert person("S. Ramanathan, managing director of Acme Tools", raman, colleague) == "linked"


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("In a statement Acme Tools quoted James Smith", "linked"),
        ("Finance director James Smith of Acme Tools spoke", "linked"),
        ("James Smith was there", "candidate"),
    ],
)
def test_a_usual_name_links_where_the_employer_is_in_the_same_sentence(text: str, outcome: str) -> None:
    assert person(text, contact("8", "James Smith", organisation="Acme Tools")) == outcome


def test_of_two_namesakes_at_one_firm_the_title_tells_who_it_is() -> None:
    director = contact("8", "James Smith", title="Finance Director", organisation="Acme Tools")
    driver = contact("9", "James Smith", title="Dispatcher", organisation="Acme Tools")
    untold = contact("9", "James Smith", organisation="Acme Tools")
    sales = contact("9", "James Smith", title="Director of Sales", organisation="Acme Tools")
    text = "Acme Tools' finance director James Smith spoke"
    assert person(text, director, driver) == "linked"
    assert person(text, driver, director) == "candidate"
    assert person(text, director, untold) == "candidate"
    assert person(text, director, sales) == "candidate"
    assert person("James Smith of Acme Tools spoke", director, driver) == "candidate"


def test_of_two_namesakes_with_one_title_the_place_tells_who_it_is() -> None:
    here = contact("8", "Ravi Kulvarni", title="Plant Manager", place="Pune")
    there = contact("9", "Ravi Kulvarni", title="Plant Manager", place="Leeds")
    assert person("Ravi Kulvarni, plant manager in Pune, spoke", here, there) == "linked"
    assert person("Ravi Kulvarni, plant manager in Pune, spoke", there, here) == "candidate"
    assert person("Ravi Kulvarni, plant manager, spoke", here, there) == "candidate"


@pytest.mark.parametrize(
    ("firm", "text", "fields", "outcome"),
    [
        ("Square", "Ravi Kulvarni met us in Times Square", {"entities": [("place", "Times Square")]}, "candidate"),
        ("Square", "yesterday Ravi Kulvarni met us all in Trafalgar Square again", {}, "candidate"),
        ("Monday", "On Monday Ravi Kulvarni opened the market", {}, "candidate"),
        ("Monday", "See you Monday! - Ravi Kulvarni", {}, "candidate"),
        ("Monday", "Ravi Kulvarni of Monday spoke", {}, "linked"),
        ("Ford", "Ravi Kulvarni drove a Ford to the wedding", {}, "candidate"),
        ("Ford", "Ravi Kulvarni, dealer relations at Ford, called back", {}, "linked"),
        ("Target", "Ravi Kulvarni, who works at Target, called back", {}, "linked"),
    ],
)
def test_a_word_that_names_another_thing_there_is_no_employer(
    firm: str, text: str, fields: dict[str, Any], outcome: str
) -> None:
    assert person(text, contact("8", "Ravi Kulvarni", organisation=firm), **fields) == outcome


def test_a_firm_named_like_a_person_is_not_the_person() -> None:
    gina, firm = contact("3", "Gina Haspel", organisation="Borealis"), account("9", "Gina Haspel Ltd")
    assert person("We bought it at Gina Haspel", gina) == "linked"
    assert person("We bought it at Gina Haspel", gina, firm) == "candidate"
    assert person("We bought it at Gina Haspel", gina, hits=["Gina Haspel"]) == "candidate"
    assert person("Gina Haspel Foundation Opens School In Two Cities", gina) == "candidate"


def test_the_right_namesake_is_linked_and_the_other_only_a_candidate() -> None:
    found = outcomes(mention("1", "I met Asha Rao of Acme Tools"), ASHA, NAMESAKE)
    assert found["mentioned", ASHA.id] == "linked"
    assert found["mentioned", NAMESAKE.id] == "candidate"


def test_a_weaker_fact_of_a_namesake_keeps_nobody_from_being_linked() -> None:
    here = contact("8", "Asha Rao", organisation="Gap Tools", title="Analyst")
    there = contact("9", "Asha Rao", organisation="Fjord Mills", title="Analyst")
    found = outcomes(mention("1", "Asha Rao, analyst at Gap Tools, spoke"), here, there)
    assert found == {("mentioned", here.id): "linked", ("mentioned", there.id): "candidate"}
    found = outcomes(mention("1", "Asha Rao, analyst at Gap Tools, later at Fjord Mills, spoke"), here, there)
    assert set(found.values()) == {"candidate"}


@pytest.mark.parametrize(
    ("text", "fields", "outcome"),
    [
        ("Ravi Kulvarni of Square spoke", {}, "linked"),
        ("Square dances are fun, said Ravi Kulvarni", {}, "candidate"),
        ("We danced. Square dances, said Ravi Kulvarni", {}, "candidate"),
        ("Square hired Ravi Kulvarni", {"entities": [("organisation", "Square")]}, "linked"),
        ("Square hired Ravi Kulvarni", {"hits": ["Square"]}, "linked"),
        ("we met square and Ravi Kulvarni", {}, "candidate"),
    ],
)
def test_an_employer_named_like_a_word_must_be_seen_as_a_firm(text: str, fields: dict[str, Any], outcome: str) -> None:
    assert person(text, contact("8", "Ravi Kulvarni", organisation="Square, Inc."), **fields) == outcome


def test_a_rare_name_links_alone_unless_another_contact_bears_it() -> None:
    assert person("Then Gina Haspel resigned", GINA) == "linked"
    assert person("then gina haspel resigned", GINA) == "candidate"
    assert person("Then Gina Haspel resigned", GINA, contact("8", "Gina Haspel")) == "candidate"


def test_namesakes_by_half_are_nobody_and_keep_nobody_from_being_linked() -> None:
    assert person("Clinton Road Plumbing closed, said Roger", CLINTON_ROAD) == "nobody"
    assert person("Susan Rice-Martinez spoke", SUSAN, SUSAN_MARTINEZ) == "nobody"
    assert person("Susan Rice-Martinez spoke", SUSAN_MARTINEZ, SUSAN) == "candidate"
    assert person("Susan Rice spoke", SUSAN_MARTINEZ, SUSAN) == "nobody"


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("By Asha Rao. The new lathe is loud", {}),
        ("The new lathe is loud. Asha Rao is plant manager at Acme Tools", {}),
        ("The new lathe is loud. -- Asha Rao", {NAMESAKE.id: None}),
        ("Asha Rao of Borealis told me that the lathe is loud", {NAMESAKE.id: "linked"}),
        ("By Asha Rao. I met Asha Rao of Borealis there", {NAMESAKE.id: "linked"}),
        ("By Asha Rao. Gina Haspel told me that the lathe is loud", {GINA.id: "linked"}),
    ],
)
def test_an_author_whose_own_text_names_them_is_the_author_alone(text: str, others: dict[str, str | None]) -> None:
    said = mention("1", text, author="asha_r", profile={"name": "Asha Rao"})
    found = outcomes(said, ASHA, NAMESAKE, GINA)
    assert found["author", ASHA.id] == "linked"
    assert ("mentioned", ASHA.id) not in found
    assert {id_: found.get(("mentioned", id_)) for id_ in others} == others
    (author,) = (one for one in parties(said, ASHA, NAMESAKE, GINA) if one.role == "author")
    place = next(one for one in author.evidence if one.feature == "names themselves")
    assert text[place.start : place.end] == "Asha Rao"


def test_an_author_whom_nobody_knows_leaves_whom_the_text_names() -> None:
    text = "By Asha Rao, plant manager at Acme Tools. The new lathe is loud"
    assert outcomes(mention("1", text, author="zed"), ASHA)["mentioned", ASHA.id] == "linked"
    unsure = mention("1", text, author="zed", profile={"name": "Asha Rao"})
    found = outcomes(unsure, ASHA)
    assert (found["author", ASHA.id], found["mentioned", ASHA.id]) == ("candidate", "linked")


@pytest.mark.parametrize("text", ["By Asha Rao. The new lathe is loud", "The new lathe is loud\n--\nasha rao"])
def test_who_may_be_the_author_and_signed_waits_as_the_author_alone(text: str) -> None:
    said = mention("1", text, author="zed", profile={"name": "Asha RAO"})
    found = parties(said, ASHA, NAMESAKE)
    assert {(one.role, one.subject, one.outcome) for one in found} == {
        ("author", ASHA.id, "candidate"),
        ("author", NAMESAKE.id, "candidate"),
    }
    places = [next(one for one in party.evidence if one.feature == "names themselves") for party in found]
    assert {text[one.start : one.end].casefold() for one in places} == {"asha rao"}


def test_who_may_be_the_author_waits_as_named_too_where_the_author_has_another_name() -> None:
    said = mention("1", "then asha rao resigned", author="asharao", profile={"name": "Zed"})
    twin = contact("9", "Asha Rao", handles={"github": "asharao"})
    assert outcomes(said, twin) == {("author", twin.id): "candidate", ("mentioned", twin.id): "candidate"}


def test_who_may_be_the_author_waits_as_named_too_where_a_fact_stands_beside_the_name() -> None:
    rival = contact("9", "Asha Rao", organisation="Acme Tools Pvt Ltd")
    said = mention("1", "Asha Rao of Acme Tools told me so", author="zed", profile={"name": "Asha Rao"})
    found = outcomes(said, ASHA, NAMESAKE, rival)
    assert {id_ for role, id_ in found if role == "author"} == {ASHA.id, NAMESAKE.id, rival.id}
    assert {id_ for role, id_ in found if role == "mentioned"} == {ASHA.id, rival.id}


def test_who_is_said_to_be_the_author_is_no_longer_named_in_the_text() -> None:
    said = mention("1", "By Asha Rao. The new lathe is loud", author="asha_r", profile={"name": "Asha Rao"})
    decided = decision("1", "same", said.mention.id, ASHA.id)
    assert outcomes(said, ASHA, NAMESAKE, decided) == {("author", ASHA.id): "linked"}


def test_a_middle_name_that_contradicts_is_a_veto() -> None:
    assert person("John A. Smith of Leeds", JOHN, entities=[("person", "John A. Smith")]) == "linked"
    assert person("John B. Smith of Leeds", JOHN, entities=[("person", "John B. Smith")]) == "candidate"


def test_an_entity_of_another_kind_speaks_against() -> None:
    text = "Asha Rao of Acme Tools"
    plain = parties(mention("1", text), ASHA)[0].score
    assert parties(mention("1", text, entities=[("person", "Asha Rao")]), ASHA)[0].score > plain
    assert parties(mention("1", text, entities=[("organisation", "Asha Rao of Acme")]), ASHA)[0].score < plain


@pytest.mark.parametrize(
    ("text", "fields", "outcome"),
    [
        ("We use Acme Tools lathes", {}, "linked"),
        ("we use acme tools", {}, "candidate"),
        ("see https://acme-tools.example/lathes", {"links": ("https://acme-tools.example/lathes",)}, "linked"),
        ("nothing", {}, "nobody"),
    ],
)
def test_an_account_of_several_words_is_named(text: str, fields: dict[str, Any], outcome: str) -> None:
    assert outcomes(mention("1", text, **fields), ACME).get(("mentioned", ACME.id), "nobody") == outcome


@pytest.mark.parametrize(
    ("text", "fields", "outcome"),
    [
        ("we missed the target again", {}, "candidate"),
        ("Target practice today", {}, "candidate"),
        ("Target Tuesday", {}, "candidate"),
        ("Off to Target Field", {}, "candidate"),
        ("I bought it at Target", {}, "linked"),
        ("I bought it at Target", {"entities": [("organisation", "Target")]}, "linked"),
        ("our sales target slips", {"hits": ["target"]}, "candidate"),
        ("Target practice", {"hits": ["Target"], "entities": [("organisation", "Target")]}, "candidate"),
        ("I bought it at target", {"hits": ["target"]}, "linked"),
        ("on Target Island", {"entities": [("place", "Target Island")]}, "candidate"),
        ("the targets are met", {}, "nobody"),
    ],
)
def test_an_account_named_like_a_word_needs_more_than_the_word(text: str, fields: dict[str, Any], outcome: str) -> None:
    assert outcomes(mention("1", text, **fields), TARGET).get(("mentioned", TARGET.id), "nobody") == outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("my verzion of it", "nobody"),
        ("I use my Korvexa", "linked"),
        ("a Korvexa broke", "linked"),
        ("KORVEXA IS DOWN", "linked"),
        ("a korvexa broke", "candidate"),
    ],
)
def test_an_account_whose_name_is_no_word_is_named_with_an_article_as_without(text: str, outcome: str) -> None:
    korvexa = account("9", "Korvexa", "korvexa.example")
    assert outcomes(mention("1", text), korvexa).get(("mentioned", korvexa.id), "nobody") == outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("photos at www.amazon.com/clouddrive/x and more", "candidate"),
        ("photos at https://smile.amazon.co.uk/dp/1", "candidate"),
        ("bought at amazon.com last week", "linked"),
        ("Amazon broke https://www.amazon.com/dp/1", "linked"),
    ],
)
def test_a_platform_is_not_named_by_the_address_of_a_page_there(text: str, outcome: str) -> None:
    hits = WatchHit(term="amazon", kind="company", start=(at := text.lower().index("amazon")), end=at + 6)
    said = msgspec.structs.replace(mention("1", text), hits=(hits,))
    assert outcomes(said, AMAZON)["mentioned", AMAZON.id] == outcome


def test_the_longest_name_of_an_account_wins_its_place() -> None:
    found = outcomes(mention("1", "It runs on Amazon Web Services"), AMAZON, AWS)
    assert ("mentioned", AWS.id) in found
    assert ("mentioned", AMAZON.id) not in found


def test_a_link_to_a_page_on_a_platform_is_not_about_the_platform() -> None:
    said = mention("1", "look at this", links=("https://www.amazon.com/dp/123",))
    assert outcomes(said, AMAZON) == {}


def test_an_author_is_linked_by_exact_identity_and_brings_the_employer() -> None:
    found = outcomes(mention("1", "hello", author="Asha_R"), ASHA, ACME)
    assert found == {("author", ASHA.id): "linked", ("employer", ACME.id): "linked"}


def test_an_authors_name_alone_links_nobody() -> None:
    assert outcomes(mention("1", "hello", author="Asha Rao"), ASHA) == {("author", "reddit:handle:asha rao"): "bare"}


def test_an_identity_that_two_contacts_claim_links_to_neither() -> None:
    other = contact("9", "Ben Stone", handles={"reddit": "asha_r"})
    found = outcomes(mention("1", "hello", author="asha_r"), ASHA, other)
    assert found == {("author", ASHA.id): "candidate", ("author", other.id): "candidate"}


@pytest.mark.parametrize("author", ["[deleted]", "AutoModerator", "<USERNAME>", "Anonymous"])
def test_placeholders_are_nobody_unless_the_crm_names_one_that_is_an_account(author: str) -> None:
    assert outcomes(mention("1", "hello", author=author), ASHA) == {}
    named = contact("9", handles={"reddit": author})
    found = outcomes(mention("1", "hello", author=author), named)
    assert found == ({} if normal_handle(author) in NOBODY else {("author", named.id): "linked"})


def test_a_person_is_believed_before_the_crm() -> None:
    other = contact("9", "Ben Stone", handles={"reddit": "asha_r"})
    key = "reddit:handle:asha_r"
    said = mention("1", "hello", author="asha_r")
    assert outcomes(said, ASHA, other, decision("1", "same", key, ASHA.id)) == {("author", ASHA.id): "linked"}
    assert outcomes(said, ASHA, decision("1", "not the same", key, ASHA.id)) == {("author", key): "bare"}


def test_a_decision_on_one_mention_holds_for_that_mention_alone() -> None:
    yes, no = mention("1", "I met Asha Rao"), mention("2", "I met Asha Rao")
    decided = decision("1", "same", yes.mention.id, con("1"))
    assert outcomes(yes, ASHA, decided) == {("mentioned", ASHA.id): "linked"}
    assert outcomes(no, ASHA, decided) == {("mentioned", ASHA.id): "candidate"}
    refused = decision("1", "not the same", yes.mention.id, con("1"))
    assert outcomes(yes, ASHA, refused) == {}


def test_a_person_may_link_whom_no_machine_saw() -> None:
    said = mention("1", "nobody here")
    assert outcomes(said, ASHA, decision("1", "same", said.mention.id, con("1"))) == {("mentioned", ASHA.id): "linked"}
    assert outcomes(said, decision("1", "same", said.mention.id, acc("1"))) == {}


def test_a_hostile_text_and_a_common_name_stay_bounded() -> None:
    many = [contact(f"m{i}", "Asha Rao", place="Pune") for i in range(200)]
    found = match(
        said := mention("1", "Asha Rao of Acme Tools. " * 2_000), Text(said.mention.text), directory(*many, ACME)
    )
    assert (len(found.parties), found.more) == (51, 150)


@pytest.mark.parametrize("shared", ["name", "handle", "account", "site", "surname"])
def test_a_thousand_with_one_claim_cost_no_more_than_their_number(shared: str) -> None:
    numbers = range(1_000)
    letters = [f"{chr(97 + i // 26 % 26)}{chr(97 + i % 26)}{chr(97 + i // 676)}x" for i in numbers]
    records: dict[str, list[Contact | Account]] = {
        "name": [contact(str(i), "John Smith") for i in numbers],
        "handle": [contact(str(i), "John Smith", handles={"reddit": "bob"}) for i in numbers],
        "account": [account(str(i), "Acme Tools") for i in numbers],
        "site": [account(str(i), "Acme Tools", "acme.example") for i in numbers],
        "surname": [contact(str(i), f"{letters[i]} Smith") for i in numbers],
    }
    text = {"name": "John Smith. " * 10, "account": "Acme Tools. " * 10, "surname": "Abax Smith" + " Smith" * 20_000}
    said = mention("1", text.get(shared, "hello"), author="bob", links=("https://acme.example/x",))
    made, prepared = directory(*records[shared]), Text(said.mention.text)
    match(mention("2", "warm"), Text("warm"), made)
    started = time.process_time()
    found = match(said, prepared, made)
    assert time.process_time() - started < 3  # some 0.2 s; with each looking at each other 5 to 50 s
    assert len(msgspec.json.encode(found.parties)) < 100_000


def test_every_party_says_why_with_what_was_compared_and_where() -> None:
    said = mention("1", "I met Asha Rao of Acme Tools", author="ben")
    made = directory(ASHA, ACME, contact("9", "Ben Stone", handles={"reddit": "ben"}))
    text = said.mention.text
    for party in match(said, Text(text), made).parties:
        assert party.evidence
        for one in party.evidence:
            assert one.start < 0 or text[one.start : one.end] == one.mention_value
    sentences = explained(match(said, Text(text), made).parties, made)
    assert sentences[0] == 'author Ben Stone: linked; the CRM names reddit handle "ben" for 9'
    assert sentences[1].startswith('mentioned Asha Rao: linked; full name "Asha Rao" at 6-14; employer named')
    assert sentences[2].startswith('mentioned Acme Tools: linked; name in text "Acme Tools" at 18-28')
    assert sentences[3] == "Acme Tools: employs Asha Rao, who is linked here"


@pytest.mark.parametrize("feature", [*PERSON_FEATURES, *ACCOUNT_FEATURES], ids=lambda feature: feature.name)
def test_each_feature_explains_itself_in_its_docstring(feature: Any) -> None:
    doc = feature.find.__doc__ or ""
    assert doc
    assert doc.startswith("Veto:") == feature.veto
    assert doc.startswith("Against:") == (feature.weight < 0 and not feature.veto)


def test_what_corroborates_is_a_fact_beside_the_name() -> None:
    assert {
        "employer named",
        "domain linked",
        "title named",
        "place named",
        "product held",
        "colleague named",
    } == CORROBORATING
