"""What a person does on the pages: by keyboard, without JavaScript, and while something comes in."""

import re
import time
import uuid
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.visiting import NARROW, WIDE, Site, Visitor, follow

SOON = 20_000  # ms; the machine may be busy


def heard(site: Site, text: str, **fields: Any) -> str:
    """Hand a post in by the API, and return the id of its mention."""
    post = {"source": "forum", "nativeId": uuid.uuid4().hex, "text": text, **fields}
    answer = httpx.post(f"{site.address}/v1/mentions", json=[post], trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    [outcome] = answer.json()["items"]
    return str(outcome["id"])


def found(site: Site, query: str) -> list[str]:
    answer = httpx.get(f"{site.address}/v1/mentions", params={"q": query}, trust_env=False, timeout=30)
    return [one["incident"]["id"] for one in answer.json()["items"]]


def until_found(site: Site, query: str) -> str:
    deadline = time.monotonic() + SOON / 1000
    while not (ids := found(site, query)):
        assert time.monotonic() < deadline, f"expected to find {query}"
        time.sleep(0.05)
    return ids[0]


def posts(page: Page) -> list[str]:
    """The ids of the posts on a page of results."""
    return [one.get_attribute("id") or "" for one in page.locator("main article.card").all()]


def test_the_search_is_used_without_a_mouse(visitor: Visitor) -> None:
    page = visitor(viewport=WIDE).page
    page.goto("/")
    page.keyboard.press("/")
    expect(page.locator("input[type=search]")).to_be_focused()
    page.keyboard.type("spindle")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=spindle*")
    expect(page.locator("main mark").first).to_be_visible()
    shown = posts(page)
    assert len(shown) > 2
    focused = []
    for key in "jjk":
        page.keyboard.press(key)
        focused.append(page.evaluate("document.activeElement.id"))
    assert focused == [shown[0], shown[1], shown[0]]
    # In a field they are letters.
    page.locator("input[type=search]").focus()
    page.keyboard.type("j/")
    expect(page.locator("input[type=search]")).to_have_value("j/spindle")


def test_without_javascript_posts_are_searched_narrowed_and_paged(visitor: Visitor) -> None:
    page = visitor(viewport=NARROW, java_script_enabled=False).page
    page.goto("/")
    first = posts(page)
    follow(page, page.get_by_role("link", name="Older"))
    second = posts(page)
    assert first
    assert second
    assert not set(first) & set(second)
    follow(page, page.get_by_role("link", name="First page"))
    assert posts(page) == first
    page.locator("input[type=search]").fill("spindle")
    follow(page, page.get_by_role("button", name="Search"))
    assert re.search(r"[?&]q=spindle", page.url)
    total = page.locator("h2#found").inner_text()
    follow(page, page.locator("nav.facets li a").first)
    assert page.locator("h2#found").inner_text() != total or "source" in page.url or "about" in page.url
    expect(page.locator("input[type=search]")).to_have_value("spindle")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_post_is_set_aside_and_taken_back(visitor: Visitor, site: Site, javascript: bool) -> None:
    word = f"marker{uuid.uuid4().hex[:8]}"
    heard(site, f"The Girna 250 spindle is loud, {word}")
    incident = until_found(site, word)
    page = visitor(viewport=WIDE, java_script_enabled=javascript).page
    page.goto(f"/incidents/{incident}")
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    page.get_by_role("button", name="Not about us").click()
    expect(page.locator("[data-told]")).to_contain_text("not about us", timeout=SOON)
    assert found(site, word) == []
    if javascript:
        expect(page.locator("#live")).to_contain_text("not about us")
        expect(page.locator("main")).to_be_focused()
    page.get_by_role("button", name="Take back").first.click()
    expect(page.locator("[data-told]")).to_contain_text("Taken back", timeout=SOON)
    assert found(site, word) == [incident]
    if not javascript:
        assert len(loads) >= 2


@pytest.mark.parametrize("javascript", [True, False])
def test_a_post_is_handed_in_by_hand(visitor: Visitor, site: Site, javascript: bool) -> None:
    word = f"marker{uuid.uuid4().hex[:8]}"
    page = visitor(viewport=NARROW, java_script_enabled=javascript).page
    page.goto("/add")
    page.get_by_label("Address of the post").fill(f"https://closed.example/{word}")
    page.get_by_label("What it says").fill(f"The Girna 250 leaks again. {word}")
    page.get_by_role("button", name=re.compile("Add")).click()
    expect(page.get_by_role("heading", name="Added")).to_be_visible(timeout=SOON)
    page.get_by_role("link", name="an incident").click()
    expect(page.locator("main")).to_contain_text(word)
    assert found(site, word)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_wrong_token_is_said_on_the_login_page(visitor: Visitor, javascript: bool) -> None:
    visit = visitor(java_script_enabled=javascript)
    visit.expected.add(403)
    visit.page.goto("/login?next=/contacts")
    visit.page.get_by_label("Token").fill("oht_wrong")
    visit.page.get_by_role("button", name="Log in").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("unknown, revoked or expired")


def test_what_comes_in_is_told_on_an_open_page_and_shown_on_demand(visitor: Visitor, site: Site) -> None:
    page = visitor(viewport=WIDE).page
    with page.expect_request("**/events*"):
        page.goto("/")
    # The stream tells how things are when it begins; what comes after that is news.
    page.wait_for_timeout(1_500)
    word = f"marker{uuid.uuid4().hex[:8]}"
    heard(site, f"The Girna 250 is great, {word}")
    news = page.locator("#live").get_by_role("link", name=re.compile("new: show"))
    expect(news).to_be_visible(timeout=SOON)
    # It is told as soon as the matcher has it; a person's finger is slower than the index, a test's is not.
    until_found(site, word)
    news.click()
    expect(page.locator("main")).to_contain_text(word)


def test_the_activity_page_follows_the_work(visitor: Visitor, site: Site) -> None:
    page = visitor(viewport=WIDE).page
    with page.expect_request("**/events*"):
        page.goto("/activity")
    word = f"marker{uuid.uuid4().hex[:8]}"
    heard(site, f"{word}: the Girna 250 is loud")
    expect(page.locator("main")).to_contain_text(word, timeout=SOON)
    until_found(site, word)  # so that the next test finds the posts standing still


def test_what_comes_in_moves_nothing_that_is_being_read(visitor: Visitor, site: Site) -> None:
    page = visitor(viewport=NARROW).page
    with page.expect_request("**/events*"):
        page.goto("/activity")
    read = page.locator("#latest-match")
    read.evaluate("one => one.scrollIntoView()")
    page.evaluate("window.scrollBy(0, 40)")  # into the list, past its heading
    place = read.bounding_box()
    word = f"marker{uuid.uuid4().hex[:8]}"
    heard(site, f"{word}: the Girna 250 is loud")
    expect(page.locator("[data-part=latest-collect]")).to_contain_text(word, timeout=SOON)
    assert read.bounding_box() == place
    until_found(site, word)


def test_an_open_page_survives_a_server_that_does_not_answer(visitor: Visitor, site: Site) -> None:
    visit = visitor(viewport=WIDE)
    page = visit.page
    page.goto(f"/incidents/{site.ids['incident']}")
    visit.page.context.route("**/decide", lambda route: route.abort())
    page.get_by_role("button", name="Not about us").click()
    expect(page.locator("#live")).to_contain_text("Is it still running?")
    expect(page.get_by_role("button", name="Not about us")).to_be_enabled()
    visit.errors.clear()  # the request that failed, as it was to


def test_what_a_post_said_before_it_was_edited_is_read_on_its_page(site: Site, visitor: Visitor) -> None:
    word = f"w{uuid.uuid4().hex[:10]}"
    native_id = uuid.uuid4().hex
    heard(site, f"The Girna 250 {word} broke down again.", nativeId=native_id)
    until_found(site, word)
    heard(site, f"The Girna 250 {word}b is splendid.", nativeId=native_id)
    incident = until_found(site, f"{word}b")
    page = visitor(viewport=NARROW).page
    page.goto(f"/incidents/{incident}")
    page.get_by_role("link", name="edited").click()
    before = page.get_by_role("region", name="What it said before")
    expect(before).to_be_in_viewport()
    expect(before.locator("blockquote")).to_have_text(f"The Girna 250 {word} broke down again.")
    assert word not in page.locator("#post ~ .said").inner_text().split()
