from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.config.settings import is_loopback as settings_take
from overheard.config.watchlist import COMMON
from overheard.errors import InputError
from overheard.onboard.address import addresses_of, domain_of, loopback_host
from overheard.onboard.answers import Answers, ChosenFeed, make_term, rebased
from overheard.onboard.locale import (
    checked_currency,
    checked_language,
    checked_region,
    checked_time_zone,
    guess_region,
    region_facts,
    region_named,
    regions,
)
from overheard.onboard.names import is_product_name, person_name, without_legal_form
from overheard.onboard.page import FoundFeed, read_page
from overheard.onboard.propose import company_aliases, product_aliases, proposed_feeds, terms_named, warnings_of
from overheard.onboard.search_feeds import SERVICES, TAGS, search_feeds, tag_feeds
from overheard.onboard.site import Findings, OwnAccount, find
from overheard.onboard.steps import STEPS, Known, answered, checked, filled, next_question
from overheard.onboard.words import page_kind
from overheard.records import Term

DOCS = Path(__file__).parents[2] / "docs"


def term(id_: str, *aliases: str, kind: str = "own-company") -> Term:
    made = make_term(id_, kind, aliases or (id_,))  # type: ignore[arg-type]
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Korvane Tools Pvt. Ltd.", "Korvane Tools"),
        ("Korvane Tools Private Limited", "Korvane Tools"),
        ("Schräder Werkzeugbau GmbH & Co. KG", "Schräder Werkzeugbau"),
        ("Palomino, Inc.", "Palomino"),
        ("Orlo S.p.A.", "Orlo"),
        ("岭川机床有限公司", "岭川机床"),
        ("株式会社北嶺", "北嶺"),
        ("सह्याद्री स्पिंडल्स प्राइवेट लिमिटेड", "सह्याद्री स्पिंडल्स"),
        ("ООО «Ветрани»", "Ветрани"),
        ("Limited", "Limited"),
        ("Thomas", "Thomas"),
        ("Texas", "Texas"),
    ],
)
def test_a_legal_form_is_taken_off_and_nothing_else(name: str, short: str) -> None:
    assert without_legal_form(name) == short


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Dr. Revati Kelkar", "Revati Kelkar"),
        ("Shri Anand Deshmukh", "Anand Deshmukh"),
        ("Ludwig van der Berg", "Ludwig van der Berg"),
        ("林巧", "林巧"),
        ("श्री अनिल कुलकर्णी", "अनिल कुलकर्णी"),
        ("Our Team", ""),
        ("Read more", ""),
        ("Girna 250", ""),
        ("We make lathes for small shops", ""),
        ("", ""),
    ],
)
def test_names_of_people_are_told_from_other_texts(text: str, name: str) -> None:
    assert person_name(text) == name


@pytest.mark.parametrize(
    "text", ["Read more", "Products", "होम", "", "x", "1 2 3", "We are sorry that you are leaving us."]
)
def test_words_of_menus_and_sentences_are_no_products(text: str) -> None:
    assert not is_product_name(text)


def test_a_company_is_heard_under_its_short_full_joined_and_other_names_domain_and_handles() -> None:
    findings = Findings(
        url="https://korvane.example/",
        domain="korvane.example",
        names=("Korvane Tools Pvt. Ltd.", "कोरवाने"),
        accounts=(OwnAccount("x", "korvanehq", "https://x.com/korvanehq"), OwnAccount("github", "kt", "")),
    )
    aliases = company_aliases(findings, "Korvane Tools", COMMON)

    assert set(aliases) == {
        "Korvane Tools", "Korvane Tools Pvt. Ltd.", "कोरवाने", "KorvaneTools", "korvane.example", "korvanehq",
    }  # fmt: skip
    assert aliases[0] == "Korvane Tools"


def test_a_common_word_alone_is_left_out_of_the_aliases_where_there_are_others() -> None:
    findings = Findings(domain="next.example", names=("Next Lathes GmbH",))

    assert "Next" not in company_aliases(findings, "Next", COMMON)
    assert company_aliases(Findings(), "Next", COMMON) == ("Next",)


def test_a_models_number_is_heard_with_space_dash_and_neither() -> None:
    assert product_aliases("Girna 250") == ("Girna 250", "Girna-250", "Girna250")
    assert product_aliases("गिरणा") == ("गिरणा",)


def test_common_short_and_shared_aliases_are_warned_of_and_so_are_namesakes() -> None:
    terms = [term("a", "Next"), term("b", "KT"), term("c", "Orlo"), term("d", "orlo"), term("person-jo", "Jo Doe")]
    warnings = warnings_of(terms, COMMON)

    assert [word for word in ("Next", "KT", "orlo", "Jo Doe") if not any(word in w for w in warnings)] == []
    assert warnings_of([term("korvane", "Korvane Tools")], COMMON) == ()


def test_known_terms_keep_their_id_and_aliases_and_new_ones_get_an_id_of_their_own() -> None:
    known = [term("girna", "Girna 250", "the quiet one", kind="own-product"), term("orlo", kind="competitor")]
    found = terms_named(["Girna 250", "Orlo"], "own-product", known)

    assert found[0] is known[0]
    assert found[1].id == "orlo-2"


def test_each_search_asks_for_the_terms_in_their_language_and_country() -> None:
    feeds = search_feeds(["Korvane Tools", 'Gir"na & 250'], "hi", "IN")

    assert [feed.service for feed in feeds] == list(SERVICES)
    for feed in feeds:
        query = parse_qs(urlsplit(feed.url).query)
        assert query["q"] == ['"Korvane Tools" OR "Gir na & 250"']
    assert parse_qs(urlsplit(feeds[0].url).query)["ceid"] == ["IN:hi"]
    assert search_feeds([], "en", "IN") == ()


def test_a_search_of_many_long_names_keeps_within_an_address() -> None:
    assert all(
        len(feed.url) < 2_000 for feed in search_feeds(["सह्याद्री स्पिंडल्स " * 8 + str(i) for i in range(8)], "hi", "IN")
    )


def test_hashtags_are_one_word_of_letters() -> None:
    assert [feed.url for feed in tag_feeds(["Korvane Tools", "7", "कोरवाने"])] == [
        "https://mastodon.social/tags/korvanetools.rss",
        "https://mastodon.social/tags/%E0%A4%95%E0%A5%8B%E0%A4%B0%E0%A4%B5%E0%A4%BE%E0%A4%A8%E0%A5%87.rss",
    ]


def test_every_service_is_documented_with_its_terms() -> None:
    text = (DOCS / "init.md").read_text("utf-8")
    assert [s.name for s in (*SERVICES, TAGS) if f"`{s.name}`" not in text or s.policy not in text] == []


def test_what_asks_for_an_agreement_is_shown_and_not_taken_and_a_choice_made_before_stands() -> None:
    answers = Answers(terms=(term("korvane", "Korvane"),))
    findings = Findings(feeds=(FoundFeed("https://korvane.example/feed", "News"),))
    first = {one.feed.name: one.taken for one in proposed_feeds(answers, findings, ())}
    chosen = replace(answers, feeds=(ChosenFeed("blog", "https://korvane.example/feed"),))
    second = {one.feed.name: one.taken for one in proposed_feeds(chosen, findings, (FoundFeed("https://p.example/f"),))}

    assert first["korvane.example"]
    assert first["google-news"]
    assert not first["reddit"]
    assert {name for name, taken in second.items() if taken} == {"blog", "p.example"}


@pytest.mark.parametrize(
    ("region", "currency", "zone", "language"),
    [
        ("IN", "INR", "Asia/Kolkata", "en"),
        ("US", "USD", "America/New_York", "en"),
        ("AU", "AUD", "Australia/Sydney", "en"),
        ("CN", "CNY", "Asia/Shanghai", ""),
        ("CH", "CHF", "Europe/Zurich", "de"),
        ("", "", "UTC", ""),
    ],
)
def test_currency_zone_and_language_go_with_a_region(region: str, currency: str, zone: str, language: str) -> None:
    facts = region_facts(region)
    assert (facts.currency, facts.time_zone, facts.language) == (currency, zone, language)


def test_every_region_has_a_zone_and_currency_that_the_settings_take() -> None:
    for region in regions():
        facts = region_facts(region)
        assert checked_time_zone(facts.time_zone) == facts.time_zone
        assert checked_currency(facts.currency) == facts.currency
        assert checked_region(region) == region
        assert not facts.language or checked_language(facts.language) == facts.language


@pytest.mark.parametrize(
    ("body", "url", "region"),
    [
        ("<p>hello</p>", "https://firm.in/", "IN"),
        ("<p>hello</p>", "https://firm.co.uk/", "GB"),
        ("<p>hello</p>", "https://firm.io/", ""),
        ("<p>hello</p>", "https://firm.com/", ""),
        ("<p>Call +49 731 1234567</p>", "https://firm.com/", "DE"),
        ("<a href='tel:+442079460000'>call</a>", "https://firm.com/", "GB"),
        ("<p>from ₹ 5,000</p>", "https://firm.com/", "IN"),
        ("<html lang=pt-BR><p>oi</p>", "https://firm.com/", "BR"),
        ('<script type="application/ld+json">{"@type":"A","addressCountry":"Germany"}</script>', "http://f.in/", "DE"),
    ],
)  # fmt: skip
def test_the_country_is_told_by_what_a_page_says(body: str, url: str, region: str) -> None:
    assert guess_region([read_page(body.encode(), url=url)], url) == region


def test_countries_are_known_by_code_and_by_name_in_several_languages() -> None:
    assert [region_named(one) for one in ("in", "India", "भारत", "Deutschland", "nowhere", "")] == [
        "IN",
        "IN",
        "IN",
        "DE",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("firm.example", "https://firm.example/"),
        (" Firm.Example ", "https://firm.example/"),
        ("http://firm.example/de/", "http://firm.example/de/"),
        ("info@firm.example", "https://firm.example/"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("localhost", "http://localhost/"),
        ("[::1]:80", "http://[::1]:80/"),
        ("bücher.example", "https://xn--bcher-kva.example/"),
    ],
)
def test_what_is_typed_for_a_site_is_asked_at_its_address(typed: str, first: str) -> None:
    assert addresses_of(typed)[0] == first


def test_only_hosts_of_this_machine_are_put_where_the_settings_allow_them() -> None:
    for url in ("http://127.0.0.1:8080/", "http://localhost/", "http://[::1]/"):
        assert settings_take(loopback_host(url))
    for url in (
        "http://10.0.0.1/",
        "https://firm.example/",
        "http://169.254.169.254/",
        "http://localhost.firm.example/",
    ):
        assert loopback_host(url) == ""
    assert domain_of("https://www.firm.co.uk/x") == "firm.co.uk"


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        ("/about-us", "", "about"),
        ("/x", "Über uns", "about"),
        ("/x", "产品中心", "products"),
        ("/x", "हमारी टीम", "team"),
        ("/x", "اتصل بنا", "contact"),
        ("/korvane-vs-orlo", "", "compare"),
        ("/x", "Lathes", None),
    ],
)
def test_kinds_of_pages_are_told_by_path_and_text(path: str, text: str, kind: str | None) -> None:
    assert page_kind(path, text) == kind


def test_a_comparison_names_the_other_and_not_oneself() -> None:
    heads = ("Korvane vs. Veltrani", "The best alternative to Orlo Tech", "Us vs them")
    body = "<title>Korvane</title>" + "".join(f"<h2>{head}</h2>" for head in heads)
    found = find([read_page(body.encode(), url="https://korvane.example/")])

    assert found.competitors == ("Veltrani", "Orlo Tech")


def test_links_that_share_or_sign_in_are_no_accounts_of_the_firm() -> None:
    body = """<a href="https://twitter.com/share?x">t</a><a href="https://www.facebook.com/sharer/sharer.php?u=x">f</a>
    <a href="https://www.linkedin.com/in/somebody">p</a><a href="https://twitter.com/Korvane">t</a>"""
    found = find([read_page(body.encode(), url="https://korvane.example/")])

    assert [(a.platform, a.handle) for a in found.accounts] == [("x", "Korvane")]


def test_the_region_that_is_answered_decides_what_is_proposed_next() -> None:
    question = next_question("locale", Known(), {"region": ("IN",)})
    assert question is not None
    assert (question.key, question.default) == ("currency", ("INR",))


def test_a_skipped_question_leaves_what_was_there() -> None:
    before = Answers(region="DE", currency="EUR", terms=(term("korvane"),), to=("a@b.example",))
    for step in STEPS:
        known = Known(before)
        given: dict[str, tuple[str, ...] | None] = {}
        while (question := next_question(step, known, given)) is not None:
            given[question.key] = None
        assert answered(step, known, given) == before


@pytest.mark.parametrize(
    ("step", "key", "value"),
    [
        ("locale", "region", "Atlantis"),
        ("mail", "to", "not an address"),
        ("terms", "products", "..."),
        ("press", "press", "press"),
    ],
)
def test_what_the_settings_would_not_take_is_an_error_at_its_question(step: str, key: str, value: str) -> None:
    given: dict[str, tuple[str, ...] | None] = {}
    while (question := next_question(step, Known(), given)) is not None and question.key != key:  # type: ignore[arg-type]
        given[question.key] = None
    assert question is not None
    with pytest.raises(InputError) as error:
        checked(question, (value,))
    assert error.value.where == key


def test_all_questions_at_once_follow_what_was_said_and_tell_what_is_wrong() -> None:
    found = filled("locale", Known(), {"region": ("DE",), "time_zone": ("Nowhere",)})
    assert (found.given["currency"], found.given["time_zone"]) == (("EUR",), None)
    assert list(found.wrong) == ["time_zone"]
    assert [question.key for question in found.questions] == ["region", "currency", "time_zone", "language"]

    assert "smtp" not in filled("mail", Known()).given
    assert filled("mail", Known(), {"to": ("a@b.example",), "smtp": ("b.example",)}).given["smtp_user"] == (
        "a@b.example",
    )


NAMES = st.sampled_from(["", "Korvane", "Orlo"])
SOME_ANSWERS = st.builds(Answers, name=NAMES, domain=NAMES, region=st.sampled_from(["", "IN", "DE"]))


@given(SOME_ANSWERS, SOME_ANSWERS, SOME_ANSWERS)
def test_answers_begun_from_older_files_keep_what_was_answered_and_what_the_files_say_now(
    answers: Answers, base: Answers, now: Answers
) -> None:
    found = rebased(answers, base, now)
    assert rebased(answers, base, base) == answers
    assert rebased(base, base, now) == now
    for name in ("name", "domain", "region"):
        was_answered = getattr(answers, name) != getattr(base, name)
        assert getattr(found, name) == getattr(answers if was_answered else now, name)
