"""The review page from end to end: by keys alone, without JavaScript, and what it must not do when a key is held."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import chromium
from tests.browser.visiting import NARROW, WIDE, Site, Visit, follow

SOON = 20_000  # ms; the machine may be busy


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A world in which two contacts are called alike, served in a process of its own."""
    chromium()
    folder = tmp_path_factory.mktemp("two") / "data"
    code = f"from pathlib import Path; from tests.web.pages_world import fill; fill(Path({str(folder)!r}))"
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True)
    command = [sys.executable, "-m", "tests.web.served", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        try:
            yield Site(process.stdout.readline().strip(), {})
        finally:
            process.terminate()


@pytest.fixture
def visit(browser: Browser, two: Site, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A visit, with the options of the test; it must have been quiet and at home."""
    with_options = getattr(request, "param", {"viewport": WIDE})
    context = browser.new_context(base_url=two.address, **with_options)
    try:
        visit = Visit(context, two)
        yield visit
        visit.check()
    finally:
        context.close()


def queue(site: Site) -> list[Any]:
    answer = httpx.get(f"{site.address}/v1/review", params={"limit": 100}, trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def shown(page: Page) -> str:
    """The incident on the page."""
    return (page.get_by_role("link", name="Whole post").get_attribute("href") or "").rpartition("/")[2]


def why(site: Site, incident: str) -> Any:
    return httpx.get(f"{site.address}/v1/incidents/{incident}/why", trust_env=False, timeout=30).json()


def press(page: Page, key: str) -> None:
    page.keyboard.press(key)
    expect(page.locator("[data-told]")).to_be_visible(timeout=SOON)


def test_every_decision_is_made_by_one_key_and_taken_back_by_another(visit: Visit, two: Site) -> None:
    page = visit.page
    page.goto("/review")
    first = shown(page)
    verbs = {"s": "same", "n": "not the same", "u": "unsure", "a": "not about us"}
    for key, verb in verbs.items():
        assert shown(page) == first
        press(page, key)
        expect(page.locator("[data-told]")).to_contain_text("Noted", timeout=SOON)
        assert [one["verb"] for one in why(two, first)["decisions"]] == [verb]
        page.keyboard.press("z")
        expect(page.locator("[data-told]")).to_have_text("Taken back.", timeout=SOON)
        assert why(two, first).get("decisions", []) == []
    press(page, "l")
    expect(page.locator("[data-told]")).to_contain_text("locked", timeout=SOON)
    page.keyboard.press("z")
    expect(page.locator("[data-told]")).to_have_text("Taken back.", timeout=SOON)


def test_another_candidate_is_picked_by_its_number_and_decided_on(visit: Visit, two: Site) -> None:
    page = visit.page
    page.goto("/review")
    item = queue(two)[0]
    assert shown(page) == item["incident"]["id"]
    with page.expect_navigation():
        page.keyboard.press("2")
    expect(page.locator("#decide")).to_contain_text("Is it 2", timeout=SOON)
    press(page, "s")
    expect(page.locator("[data-told]")).to_contain_text("Noted: it is", timeout=SOON)
    [decision] = why(two, item["incident"]["id"])["decisions"]
    assert decision["right"] == item["candidates"][1]["subject"]
    assert shown(page) != item["incident"]["id"]
    page.keyboard.press("z")
    expect(page.locator("[data-told]")).to_have_text("Taken back.", timeout=SOON)
    assert shown(page) == item["incident"]["id"]


def test_space_skips_to_the_end_and_a_held_key_does_not_run_away(visit: Visit, two: Site) -> None:
    page = visit.page
    page.goto("/review")
    ids = [item["incident"]["id"] for item in queue(two)]
    assert len(ids) > 3
    for id_ in ids:
        assert shown(page) == id_
        with page.expect_navigation():
            page.keyboard.press(" ")
    expect(page.get_by_role("heading", name="That was all")).to_be_visible()
    page.keyboard.press(" ")
    expect(page.get_by_role("link", name="Whole post")).to_be_visible()
    assert shown(page) == ids[0]
    page.evaluate(
        "for (let i = 0; i < 5; i++) document.body.dispatchEvent("
        "new KeyboardEvent('keydown', { key: 's', repeat: true, bubbles: true }))"
    )
    page.wait_for_timeout(300)
    assert [item["incident"]["id"] for item in queue(two)] == ids


def test_letters_in_a_field_decide_nothing(visit: Visit, two: Site) -> None:
    page = visit.page
    ids = [item["incident"]["id"] for item in queue(two)]
    page.goto("/contacts?q=lucia")
    page.locator("main a", has_text="Lucia Ferrand").first.click()
    page.locator("#with").press_sequentially("lucia nsu")
    page.keyboard.press("Control+s")
    assert page.locator("#with").input_value() == "lucia nsu"
    assert [item["incident"]["id"] for item in queue(two)] == ids


@pytest.mark.parametrize("visit", [{"viewport": NARROW, "java_script_enabled": False}], indirect=True)
def test_without_javascript_buttons_and_links_do_the_same(visit: Visit, two: Site) -> None:
    page = visit.page
    page.goto("/review")
    first = shown(page)
    follow(page, page.get_by_role("link", name="Skip"))
    second = shown(page)
    assert second != first
    follow(page, page.get_by_role("button", name="Same person"))
    assert "Noted: it is Lucia Ferrand" in page.locator("[data-told]").inner_text()
    assert shown(page) not in (first, second)
    follow(page, page.get_by_role("button", name="Take back"))
    assert shown(page) == second


def test_two_records_are_joined_and_taken_apart_on_their_page(visit: Visit, two: Site) -> None:
    page = visit.page
    page.goto("/contacts?q=lucia")
    page.locator("main a", has_text="Lucia Ferrand").first.click()
    page.locator("#with").fill("lucia")
    page.locator("#with").press("Enter")
    decided = page.locator("section[aria-labelledby=decided]")
    decided.get_by_role("button", name="Same person").click()
    expect(decided).to_contain_text("are one", timeout=SOON)
    decided.get_by_role("button", name="Take back").click()
    expect(decided).to_contain_text("nobody decided anything", timeout=SOON)


# The tables that are wider than the box around them, each by its first words.
CUT_OFF = """() => [...document.querySelectorAll(".scroll")].filter(
  (box) => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1).map((box) => box.innerText.slice(0, 80))"""


@pytest.mark.parametrize("visit", [{"viewport": NARROW}], indirect=True)
def test_a_phone_shows_each_reason_with_its_weight_whole(visit: Visit, two: Site) -> None:
    page = visit.page
    for path in (f"/incidents/{queue(two)[0]['incident']['id']}", "/review"):
        page.goto(path)
        assert page.locator("table.evidence, table.candidates").count()
        assert page.evaluate(CUT_OFF) == []


def test_records_that_are_one_stand_side_by_side_whole(visit: Visit, two: Site) -> None:
    page = visit.page
    page.goto("/contacts?q=lucia")
    page.locator("main a", has_text="Lucia Ferrand").first.click()
    page.locator("#with").fill("lucia")
    page.locator("#with").press("Enter")
    decided = page.locator("section[aria-labelledby=decided]")
    decided.get_by_role("button", name="Same person").click()
    expect(page.locator("section[aria-labelledby=records]")).to_be_visible(timeout=SOON)
    try:
        assert page.evaluate(CUT_OFF) == []
    finally:
        decided.get_by_role("button", name="Take back").click()
        expect(decided).to_contain_text("nobody decided anything", timeout=SOON)


def test_a_post_is_worked_on_from_its_page(visit: Visit, two: Site) -> None:
    page = visit.page
    incident = queue(two)[0]["incident"]["id"]
    page.goto(f"/incidents/{incident}")
    page.get_by_label("Status").select_option("answered")
    page.locator("section[aria-labelledby=work] form", has=page.locator("#status")).get_by_role("button").click()
    listed = page.locator("section[aria-labelledby=decided]")
    expect(listed).to_contain_text("status: answered", timeout=SOON)
    page.get_by_text("Add a note").click()
    page.get_by_label("Note", exact=True).fill("called them")
    page.get_by_role("button", name="Keep").click()
    expect(listed).to_contain_text("note: called them", timeout=SOON)
    for left in (1, 0):
        listed.get_by_role("button", name="Take back").first.click()
        expect(listed.locator("li")).to_have_count(left, timeout=SOON)


if os.environ.get("OVERHEARD_SCREENSHOTS") == "1":

    def test_screenshots_are_taken(visit: Visit, two: Site) -> None:
        page = visit.page
        page.goto("/review")
        file = Path(__file__).resolve().parents[2] / "docs" / "screenshots" / "review.png"
        page.screenshot(path=file, animations="disabled", scale="css")
        assert 0 < file.stat().st_size < 200_000
