"""The pages of concerns, intents and agreement: numbers lead to what they count, and people correct what is wrong."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from overheard.config.settings import Settings
from overheard.records import incident_id
from overheard.wiring.system import System
from tests.concernsworld import SAID, fill
from tests.web.pages_world import Pages, pages_of, words


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("concerns") / "data"
    with System(folder, Settings()) as system:
        return folder, fill(system)


@pytest.fixture
def pages(filled: tuple[Path, list[str]], tmp_path: Path) -> Iterator[Pages]:
    with pages_of(Path(shutil.copytree(filled[0], tmp_path / "data"))) as lent:
        yield lent


@pytest.fixture
def post(filled: tuple[Path, list[str]]) -> str:
    return f"/incidents/{incident_id(filled[1][0])}"


def found(page: object) -> int:
    return int(page.xpath("string(//*[@id='found'])").split()[0])  # type: ignore[attr-defined]


def test_each_number_leads_to_the_posts_that_it_counts(pages: Pages) -> None:
    page = pages.get("/concerns")
    cards = page.xpath("//section[contains(@class, 'card')]")
    assert [words(card.xpath(".//h2/a")[0]) for card in cards] == ["delivery", "spindle bearing", "dark mode", "price"]
    for card in cards:
        [whole] = [a for a in card.xpath(".//h2//a") if words(a).split()[1:] in (["posts"], ["post"])]
        assert found(pages.get(whole.get("href"))) == int(words(whole).split()[0])
        for row in card.xpath(".//tbody/tr"):
            assert found(pages.get(row.xpath(".//a/@href")[0])) == int(words(row[1]))
    assert SAID[0].text in words(cards[0])


def test_one_product_is_chosen_by_a_link_and_another_is_not_found(pages: Pages) -> None:
    [href] = [a.get("href") for a in pages.get("/concerns").xpath("//nav//a") if words(a) == "Korvex M3"]
    page = pages.get(href)
    assert words(page.xpath("//h1")[0]) == "Concerns with Korvex M3"
    assert [words(a) for a in page.xpath("//section//h2/a")] == ["dark mode", "price"]
    pages.get("/concerns?product=nobody", status=404)


def test_an_intent_is_shown_with_its_words_denied_and_taken_back(pages: Pages, post: str) -> None:
    page = pages.get(post)
    card = page.xpath("//section[@aria-labelledby='does']")[0]
    assert words(card.xpath(".//blockquote")[0]) == SAID[0].text
    assert [words(a) for a in card.xpath(".//h3/a | .//li/a")] == ["complaint", "delivery"]
    assert found(pages.get(card.xpath(".//li/a/@href")[0])) == 4
    page = pages.press(page, "It is not")
    assert "Noted: complaint: no" in words(page)
    card = page.xpath("//section[@aria-labelledby='does']")[0]
    assert card.xpath(".//h3") == []
    assert "No complaint" in words(card)
    assert words(pages.press(page, "Take back").xpath("//section[@aria-labelledby='does']//h3/a")[0]) == "complaint"


def test_an_intent_is_added_and_the_language_is_said(pages: Pages, post: str) -> None:
    incident = post.rpartition("/")[2]
    page = pages.send(
        "/decide",
        {"verb": "relabel", "left": incident, "right": "intent/churn-risk", "value": "yes", "next": post},
    )
    assert "churn risk" in [words(a) for a in page.xpath("//section[@aria-labelledby='does']//h3/a")]
    page = pages.send(
        "/decide", {"verb": "relabel", "left": incident, "right": "language", "value": "hi-Latn", "next": post}
    )
    assert "Noted: the language is Hindi (Latin)" in words(page)
    assert "Language: Hindi (Latin)" in words(page)
    rows = [[words(cell) for cell in row] for row in pages.get("/agreement").xpath("//tbody/tr")]
    assert [row[:5] for row in rows] == [
        ["intent/churn-risk", "forum", "English", "1", "0"],
        ["language", "forum", "English", "1", "0"],
    ]


def test_where_nobody_set_a_label_the_page_of_agreement_says_how(pages: Pages) -> None:
    assert "Nobody has set a label yet" in words(pages.get("/agreement"))


def test_programs_read_concerns_too(pages: Pages) -> None:
    answer = pages.client.get("/v1/concerns?product=l200&limit=1").json()
    assert (answer["posts"], [one["topic"] for one in answer["items"]]) == (5, ["delivery"])
    assert answer["items"][0]["byMonth"] == {"2026-10": 1, "2026-11": 3}
    assert pages.client.get("/v1/concerns?product=nobody").status_code == 404
