"""The pages over a whole small world: what they show, and what a decision on them does."""

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from lxml import html

from overheard.collectors.feeds.feed import Feed
from overheard.config.settings import Settings
from tests.web.pages_world import HOST, LONGEST, SCRIPT, SQL, TEMPLATE, Pages, fill, pages_of, words

MOST = 250_000  # bytes of a page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "data"
    fill(path)
    return path


@pytest.fixture(scope="module")
def pages(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """To be looked at only."""
    with pages_of(Path(shutil.copytree(folder, tmp_path_factory.mktemp("looked") / "data"))) as lent:
        yield lent


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Iterator[Pages]:
    """Of a copy, to decide in."""
    with pages_of(Path(shutil.copytree(folder, tmp_path / "data"))) as lent:
        yield lent


def total(page: Any) -> int:
    return int(page.xpath("string(//*[@id='found'])").split()[0].replace(",", ""))


def facet(page: Any, name: str) -> dict[str, int]:
    rows = page.xpath(f"//ul[@aria-labelledby='f-{name}']/li[a]")
    return {words(row[0]): int(words(row[-1]).replace(",", "")) for row in rows}


def link(page: Any, text: str) -> str:
    return str(next(one.get("href") for one in page.xpath("//main//a[@href]") if words(one) == text))


def card(page: Any, containing: str) -> Any:
    return next(one for one in page.xpath("//article") if containing in one.text_content())


def incident_of(page: Any, containing: str) -> str:
    return f"/incidents/{card(page, containing).get('id')}"


# --- search ----------------------------------------------------------------------------------------------------------


def test_the_newest_come_first_with_their_author_source_tone_and_reasons(pages: Pages) -> None:
    page = pages.get("/")
    times = page.xpath("//article//time/@datetime")
    assert times == sorted(times, reverse=True)
    meera = card(pages.get("/?q=contact:meerac"), "Meera Chitnis")
    assert meera.xpath(".//h3//a[starts-with(@href, '/contacts/con_')]")
    assert meera.xpath(".//a[contains(@class, 'tone-')]")
    assert "the CRM names reddit handle" in words(meera.xpath(".//details")[0])


def test_who_is_in_no_crm_has_a_question_mark(pages: Pages) -> None:
    stranger = card(pages.get("/?q=author:someone_else"), "someone_else")
    assert words(stranger.xpath(".//*[@class='unknown']")[0]) == "?"


def test_what_the_query_asked_for_is_marked(pages: Pages) -> None:
    marks = {words(mark).lower() for mark in pages.get("/?q=spindle").xpath("//article//mark")}
    assert marks == {"spindle"}


def test_the_pages_of_a_search_together_have_every_post_once_or_another_of_its_event(pages: Pages) -> None:
    everything = [one["incident"] for one in pages.client.get("/v1/mentions?limit=1000").json()["items"]]
    events = {one["id"]: one.get("event", "") for one in everything}
    seen: list[str] = []
    path: str | None = "/"
    while path:
        page = pages.get(path)
        seen += page.xpath("//article/@id")
        path = next(iter(page.xpath("//a[@rel='next']/@href")), None)
        on_page = [events[one] for one in page.xpath("//article/@id") if events[one]]
        assert len(on_page) == len(set(on_page))
    assert len(seen) == len(set(seen))
    assert len(everything) == total(pages.get("/"))
    shown = {events[one] for one in seen}
    assert {one for one in events if one not in seen and events[one] not in shown} == set()


def test_a_value_filters_and_its_link_takes_the_filter_off_again(pages: Pages) -> None:
    everything = pages.get("/")
    for name in ("sentiment", "source", "about", "language", "platform"):
        text, number = next(iter(facet(everything, name).items()))
        chosen = pages.get(everything.xpath(f"//ul[@aria-labelledby='f-{name}']/li/a/@href")[0])
        assert total(chosen) == number
        chip = next(one for one in chosen.xpath("//a[contains(@class, 'chip')]") if text in words(one))
        assert total(pages.get(chip.get("href"))) == total(everything)


def test_two_values_of_a_field_are_either_and_two_fields_are_both(pages: Pages) -> None:
    counts = facet(pages.get("/"), "source")
    assert total(pages.get("/?source=reddit&source=x")) == counts["reddit"] + counts["x"]
    assert (
        total(pages.get("/?source=reddit&sentiment=negative"))
        == facet(pages.get("/?source=reddit"), "sentiment")["negative"]
    )


def test_contacts_and_accounts_are_filters_by_their_name(pages: Pages) -> None:
    page = pages.get("/")
    assert "Meera Chitnis" in facet(page, "contact")
    assert "Palomino Gears" in facet(page, "account")


def test_the_bars_add_up_to_all_posts_and_lead_to_their_days(pages: Pages) -> None:
    page = pages.get("/")
    rows = page.xpath("//figure//tbody/tr")
    counts = [int(words(row[1])) for row in rows]
    assert sum(counts) == total(page)
    for row, number in list(zip(rows, counts, strict=True))[:3]:
        assert total(pages.get(row.xpath(".//a/@href")[0])) == number
    assert len(page.xpath("//figure//svg/a")) >= len(rows)


def test_days_given_hold_for_the_search(pages: Pages) -> None:
    assert "Nothing found" in words(pages.get("/?from=2001-01-01&to=2001-12-31"))
    assert total(pages.get("/?from=2001-01-01")) == total(pages.get("/"))


def test_dates_and_orders_that_are_none_are_passed_over(pages: Pages) -> None:
    assert total(pages.get("/?from=yesterday&to=&sort=best")) == total(pages.get("/"))


def test_a_query_that_cannot_be_read_is_said_and_its_place_marked(pages: Pages) -> None:
    page = pages.get("/?q=" + quote("spindle ) noise"), status=400)
    assert "expected" in words(page.xpath("//*[@role='alert']")[0])
    assert words(page.xpath("//p[@class='query']//mark")[0]) == ")"
    assert page.xpath("//input[@id='q']/@value") == ["spindle ) noise"]


def test_a_cursor_that_is_none_is_said_without_blaming_the_query(pages: Pages) -> None:
    page = pages.get("/?q=korvex&after=zzz", status=400)
    assert "cursor" in words(page.xpath("//*[@role='alert']")[0])
    assert not page.xpath("//p[@class='query']")


def test_a_name_that_nobody_has_is_said(pages: Pages) -> None:
    assert "nobody is called" in words(pages.get("/?q=" + quote('contact:"Nobody Atall"'), status=404))


def test_where_nothing_is_found_each_restriction_can_be_taken_off(pages: Pages) -> None:
    page = pages.get("/?q=zebra&sentiment=negative&source=reddit")
    empty = page.xpath("//div[@class='empty']")[0]
    assert {
        "/?sentiment=negative&source=reddit",
        "/?q=zebra&source=reddit",
        "/?q=zebra&sentiment=negative",
        "/",
    } <= set(empty.xpath(".//a/@href"))


def test_an_empty_folder_leads_to_setting_up(tmp_path: Path) -> None:
    with pages_of(tmp_path / "data") as pages:
        answer = pages.client.get("/", headers={"accept": "text/html"}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/setup")
        assert {"/setup", "/add"} <= set(pages.get("/?q=").xpath("//main//a/@href"))
        assert "/setup" in pages.get("/contacts").xpath("//main//a/@href")
        assert "/setup" in pages.get("/sources").xpath("//main//a/@href")


def test_an_empty_folder_with_sources_leads_to_how_they_do(tmp_path: Path) -> None:
    settings = Settings(sources=(Feed(name="news", url="https://news.example/feed"),))
    with pages_of(tmp_path / "data", settings) as pages:
        assert {"/sources", "/add"} <= set(pages.get("/").xpath("//main//a/@href"))


# --- hostile posts ---------------------------------------------------------------------------------------------------


def everything_of(pages: Pages) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of the pages that show hostile posts."""
    yield "/?source=hostile", pages.text("/?source=hostile")
    for id_ in pages.get("/?source=hostile").xpath("//article/@id"):
        yield f"/incidents/{id_}", pages.text(f"/incidents/{id_}")


def test_what_a_post_says_is_text_and_nothing_else(pages: Pages) -> None:
    shown = dict(everything_of(pages))
    assert len(shown) == 7
    for path, text in shown.items():
        page = pages.get(path)
        assert [one.get("src") for one in page.xpath("//script")] == [page.xpath("//script/@src")[0]], path
        assert not page.xpath("//img | //iframe | //object | //@style | //@*[starts-with(name(), 'on')]"), path
        assert len(text.encode()) < MOST, path
        assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(page.text_content()), path
    together = "".join(words(pages.get(path)) for path in shown)
    assert SCRIPT in together
    assert "".join(TEMPLATE.split()) in "".join(together.split())
    assert SQL in together


def test_a_query_is_text_too(pages: Pages) -> None:
    for query in (SCRIPT, TEMPLATE, SQL, '"><b>', "\u202e"):
        answer = pages.client.get("/", params={"q": query}, headers={"accept": "text/html"})
        assert answer.status_code in (200, 400, 404)
        assert SCRIPT not in answer.text
        assert "49" not in answer.text.split("<main")[1].split("<article")[0]


def test_links_out_are_http_only_and_fenced(pages: Pages) -> None:
    paths = ["/", "/?source=hostile", "/contacts", *(path for path, _ in everything_of(pages))]
    for path in paths:
        for one in pages.get(path).xpath("//a[@href]"):
            where = urlsplit(one.get("href"))
            assert where.scheme in ("", "http", "https", "mailto"), (path, one.get("href"))
            if where.scheme.startswith("http"):
                assert {"noopener", "noreferrer", "nofollow"} <= set(one.get("rel").split())


def test_a_post_of_a_million_characters_is_shown_in_part_and_says_so(pages: Pages) -> None:
    path = incident_of(pages.get("/?source=hostile"), "kkkk")
    page = pages.get(path)
    assert "more characters" in words(page)
    assert len(page.text_content()) < len(LONGEST) / 10


# --- one incident ----------------------------------------------------------------------------------------------------


def test_an_incident_shows_the_whole_post_with_what_is_listened_for_and_why(pages: Pages) -> None:
    path = incident_of(pages.get("/?q=" + quote("author:meerac about:korvex")), "Meera Chitnis")
    page = pages.get(path)
    assert page.xpath("//p[@class='said']//mark")
    assert page.xpath("//section[@aria-labelledby='tone']//blockquote")
    rows = page.xpath("//table[@class='evidence']/tbody/tr")
    assert any("identity in the CRM" in words(row) and "reddit:handle:meerac" in words(row) for row in rows)
    assert any(href.startswith("/walk/men_") for href in page.xpath("//a/@href"))


def test_an_unknown_address_is_said_in_plain_words(pages: Pages) -> None:
    for path in ("/incidents/inc_nothing", "/contacts/con_nothing", "/accounts/acc_nothing", "/incidents/con_nothing"):
        assert "there is none under this address" in words(pages.get(path, status=404))


def test_a_post_that_is_not_about_us_is_gone_until_that_is_taken_back(own: Pages) -> None:
    before = total(own.get("/"))
    id_ = own.get("/").xpath("//article/@id")[0]
    page = own.press(own.get("/"), "Not about us", within=f"//article[@id='{id_}']")
    assert "not about us" in words(page.xpath("//*[@data-told]")[0])
    assert (total(page), id_ in page.xpath("//article/@id")) == (before - 1, False)
    assert "Set aside by owner" in words(own.get(f"/incidents/{id_}"))
    page = own.press(page, "Take back")
    assert (total(page), id_ in page.xpath("//article/@id")) == (before, True)


def test_same_person_links_this_post_and_no_other(own: Pages) -> None:
    lucia = candidate(own, "Lucia Ferrand")
    waiting, linked = waiting_and_linked(own, lucia)
    page = own.press(own.get(lucia), "Same person")
    assert "it is Lucia Ferrand" in words(page.xpath("//*[@data-told]")[0])
    assert waiting_and_linked(own, lucia) == (waiting - 1, linked + 1)
    own.press(page, "Take back")
    assert waiting_and_linked(own, lucia) == (waiting, linked)


def test_not_the_same_takes_a_candidate_from_this_post_only(own: Pages) -> None:
    lucia = candidate(own, "Lucia Ferrand")
    waiting, linked = waiting_and_linked(own, lucia)
    path = own.get(lucia).xpath(
        "//section[@aria-labelledby='waiting']//article//a[starts-with(@href, '/incidents/')]/@href"
    )[0]
    own.press(own.get(lucia), "Not the same")
    assert waiting_and_linked(own, lucia) == (waiting - 1, linked)
    page = own.get(path)
    assert lucia not in page.xpath("//section[@aria-labelledby='parties']//h3/a/@href")
    assert "not the same" in words(page.xpath("//section[@aria-labelledby='decided']")[0])
    own.press(page, "Take back", within="//section[@aria-labelledby='decided']")
    assert waiting_and_linked(own, lucia) == (waiting, linked)


def test_an_account_that_is_somebodys_brings_all_its_posts(own: Pages) -> None:
    found = own.get("/?q=author:someone_else")
    posts = total(found)
    id_ = found.xpath("//article/@id")[0]
    page = own.send(
        "/decide",
        {"verb": "same", "left": "reddit:handle:someone_else", "right": "Anton Brezina", "next": f"/incidents/{id_}"},
    )
    assert "it is Anton Brezina" in words(page.xpath("//*[@data-told]")[0])
    assert page.xpath("//section[@aria-labelledby='parties']//h3/a[starts-with(@href, '/contacts/')]")
    assert not own.get("/?q=author:someone_else").xpath("//*[@class='unknown']")
    anton = page.xpath("//section[@aria-labelledby='parties']//h3/a/@href")[0]
    with_them = waiting_and_linked(own, anton)[1]
    page = own.press(page, "Take back", within="//section[@aria-labelledby='decided']")
    found = own.get("/?q=author:someone_else")
    assert len(found.xpath("//*[@class='unknown']")) == len(found.xpath("//article")) <= posts
    assert waiting_and_linked(own, anton)[1] < with_them


def test_a_decision_about_nobody_is_refused_in_plain_words(pages: Pages) -> None:
    id_ = pages.get("/").xpath("//article/@id")[0]
    for fields, status in (
        ({"verb": "same", "left": id_, "right": "Nobody Atall"}, 404),
        ({"verb": "same", "left": id_, "right": "Lucia Ferrand"}, 404),  # there are two
        ({"verb": "same", "left": id_}, 422),
        ({"verb": "explode", "left": id_}, 422),
        ({"verb": "not about us", "left": id_, "note": "n" * 2_001}, 422),
        ({"verb": "withdraw", "left": "dec_nothing"}, 404),
    ):
        answer = pages.client.post("/decide", data=fields, headers={"accept": "text/html"})
        assert answer.status_code == status, answer.text
        assert words(html.fromstring(answer.text).xpath("//*[@role='alert']")[0])


def test_a_decision_leads_back_to_this_server_only(own: Pages) -> None:
    id_ = own.get("/").xpath("//article/@id")[0]
    for there in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        fields = {"verb": "not about us", "left": id_, "next": there}
        answer = own.client.post("/decide", data=fields, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/?decided=dec_")


def test_a_form_of_another_site_decides_nothing(pages: Pages) -> None:
    id_ = pages.get("/").xpath("//article/@id")[0]
    fields = {"verb": "not about us", "left": id_}
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"host": "evil.example"}):
        assert pages.client.post("/decide", data=fields, headers=headers).status_code == 403
    assert id_ in pages.get("/").xpath("//article/@id")


# --- contacts --------------------------------------------------------------------------------------------------------


def candidate(pages: Pages, name: str) -> str:
    """Return the path of the contact of that name who has most candidates waiting."""
    page = pages.get("/contacts?q=" + quote(name))
    rows = [row for row in page.xpath("//tbody/tr") if "to decide" in words(row)]
    return str(rows[0].xpath(".//a/@href")[0])


def waiting_and_linked(pages: Pages, path: str) -> tuple[int, int]:
    hit = pages.client.app.state.service.get(path.rsplit("/", 1)[-1])
    return hit.record.candidates, hit.record.incidents


@pytest.mark.parametrize(
    "who", ["meera", "chit mee", "Chitnis, Meera", "meerac", "@meerac", "meera@palomino.example", "c1", "plant head"]
)
def test_a_contact_is_found_by_whatever_they_are_known_by(pages: Pages, who: str) -> None:
    page = pages.get("/contacts?q=" + quote(who))
    assert "Meera Chitnis" in [words(one) for one in page.xpath("//tbody//th//a")]


def test_people_and_accounts_are_listed_apart(pages: Pages) -> None:
    everybody = {words(one) for one in pages.get("/contacts").xpath("//tbody//th//a")}
    people = {words(one) for one in pages.get("/contacts?kind=contact").xpath("//tbody//th//a")}
    firms = {words(one) for one in pages.get("/contacts?kind=account").xpath("//tbody//th//a")}
    assert firms == {"Palomino Gears", "Tidewater Pumps Ltd", "Ostrava Castings", "Elsewhere Mills"}
    assert people | firms == everybody
    assert not people & firms


def test_a_search_for_nobody_says_what_to_try(pages: Pages) -> None:
    assert "Nobody is called" in words(pages.get("/contacts?q=" + quote("\"'); DROP TABLE x; -- zzz")))


def test_a_profile_shows_the_relationship_from_first_to_last(pages: Pages) -> None:
    page = pages.get(link(pages.get("/contacts?q=meerac"), "Meera Chitnis"))
    said = words(page)
    for piece in ("Plant Head", "customer", "Palomino Gears", "meera@palomino.example", "c1", "reddit", "First heard"):
        assert piece in said
    assert page.xpath("//section[@aria-labelledby='last']//blockquote")
    assert page.xpath("//section[@aria-labelledby='last']//table[@class='evidence']")
    hit = pages.client.app.state.service.get(link(pages.get("/contacts?q=meerac"), "Meera Chitnis")[10:])
    assert sum(int(words(row[1])) for row in page.xpath("//figure//tbody/tr")) == hit.record.incidents
    assert "₹1,25,000" in said
    assert "Korvex L200" in words(page.xpath("//section[@aria-labelledby='holdings']")[0])


def test_an_account_shows_its_people_and_they_their_account(pages: Pages) -> None:
    firm = link(pages.get("/contacts?kind=account"), "Palomino Gears")
    page = pages.get(firm)
    people = page.xpath("//section[@aria-labelledby='people']//a")
    assert {"Meera Chitnis", "Joost van der Aalst"} <= {words(one) for one in people}
    assert link(pages.get(people[0].get("href")), "Palomino Gears") == firm


def test_all_posts_of_a_profile_are_the_search_for_it(pages: Pages) -> None:
    path = link(pages.get("/contacts?q=meerac"), "Meera Chitnis")
    assert total(pages.get(f"/?contact={path[10:]}")) == waiting_and_linked(pages, path)[1]


def test_an_account_under_a_contacts_address_leads_to_its_own(pages: Pages) -> None:
    firm = link(pages.get("/contacts?kind=account"), "Palomino Gears")
    answer = pages.client.get(firm.replace("accounts", "contacts"), follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, firm)


# --- all of them -----------------------------------------------------------------------------------------------------


def test_every_page_is_light_and_in_order(pages: Pages) -> None:
    contact = link(pages.get("/contacts?q=meerac"), "Meera Chitnis")
    firm = link(pages.get("/contacts?kind=account"), "Palomino Gears")
    incident = f"/incidents/{pages.get('/').xpath('//article/@id')[0]}"
    for path in ("/", "/?q=korvex", "/contacts", contact, firm, incident, "/sources"):
        page = pages.get(path)
        assert len(pages.text(path).encode()) < MOST
        assert len(page.xpath("//h1")) == 1, path
        levels = [int(one.tag[1]) for one in page.xpath("//main//*[self::h1 or self::h2 or self::h3 or self::h4]")]
        assert all(after - before <= 1 for before, after in pairwise(levels)), (path, levels)
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids)), path
        for field in page.xpath("//input[not(@type='hidden') and not(@type='radio')]"):
            assert page.xpath(f"//label[@for='{field.get('id')}']"), path


def test_whoever_may_only_read_sees_no_buttons_that_write(folder: Path, tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from overheard.web.tokens import make_token
    from overheard.wiring.tokens import TokenFile

    with pages_of(Path(shutil.copytree(folder, tmp_path / "data"))) as pages:
        token, kept = make_token("reader", ["read"], now=datetime.now(UTC))
        TokenFile(pages.system.folder.path).add(kept)
        pages.client.headers["authorization"] = f"Bearer {token}"
        incident = f"/incidents/{pages.get('/').xpath('//article/@id')[0]}"
        for path in ("/", incident, "/contacts", "/sources"):
            assert not pages.get(path).xpath("//main//form[@method='post']")
        assert pages.client.post("/decide", data={"verb": "not about us", "left": "x"}).status_code == 403
        assert HOST in str(pages.client.base_url)
