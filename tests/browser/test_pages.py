"""Every page, in a real browser: quiet, light, at home, readable for everybody, on a phone, by keyboard alone."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.visiting import FOCUSED, NARROW, TABBABLE, WIDE, Visitor, describe, every_page

pytestmark = pytest.mark.minutes

SCREENSHOTS = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
_HEAVY = 250_000  # bytes that go over the wire for a first visit
_axe = Axe()


@every_page
def test_a_page_says_no_error_asks_nobody_else_and_is_light(visitor: Visitor, name: str) -> None:
    visit = visitor(viewport=WIDE)
    sizes: list[int] = []
    visit.page.on(
        "requestfinished",
        lambda request: sizes.append(0 if "/events" in request.url else request.sizes()["responseBodySize"]),
    )
    visit.open(name)
    assert visit.page.title().endswith(" · Overheard")
    assert visit.page.locator("h1").count() == 1
    visit.page.wait_for_function("document.readyState === 'complete'")
    assert 0 < sum(sizes) < _HEAVY
    assert visit.page.locator("[style], script:not([src]), style, img[src^=http], iframe").count() == 0
    for link in visit.page.locator("a[target=_blank]").all():
        assert {"noopener", "noreferrer", "nofollow"} <= set((link.get_attribute("rel") or "").split())


@every_page
def test_axe_finds_nothing_in_light_and_dark_on_a_phone_and_a_desk(visitor: Visitor, name: str) -> None:
    visit = visitor(viewport=WIDE)
    visit.open(name)
    found: dict[str, list[str]] = {}
    # Colours do not change with the width, so the fourth run would find what the third did.
    for scheme, size, rules in (("light", WIDE, None), ("dark", WIDE, ["color-contrast"]), ("dark", NARROW, None)):
        visit.page.set_viewport_size(size)  # type: ignore[arg-type]
        visit.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
        if problems := describe(_axe.run(visit.page, options=options).response["violations"]):
            found[f"{scheme}, {size['width']} px"] = problems
    assert found == {}


@every_page
def test_nothing_is_wider_than_a_small_phone(visitor: Visitor, name: str) -> None:
    visit = visitor(viewport={"width": 320, "height": 640})
    visit.open(name)
    for details in visit.page.locator("details").all():
        details.evaluate("one => { one.open = true }")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320


@every_page
def test_the_tab_key_reaches_everything_and_shows_where_it_is(visitor: Visitor, name: str) -> None:
    visit = visitor(viewport=WIDE)
    visit.open(name)
    wanted = visit.page.evaluate(TABBABLE)
    reached: set[int] = set()
    unseen: list[str] = []
    for _ in range(wanted + 20):
        visit.page.keyboard.press("Tab")
        focused = visit.page.evaluate(FOCUSED)
        if focused is None or focused["number"] in reached:
            if focused is None or len(reached) >= wanted:
                break
            continue
        reached.add(focused["number"])
        if not focused["seen"]:
            unseen.append(focused["text"])
    assert unseen == []
    assert len(reached) >= wanted


@pytest.mark.parametrize("name", ["home", "contact", "setup-step", "not-found"])
def test_the_first_tab_leads_past_the_navigation(visitor: Visitor, name: str) -> None:
    visit = visitor(viewport=WIDE)
    visit.open(name)
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.className") == "skip"
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("!document.activeElement.closest('header')")


if os.environ.get("OVERHEARD_SCREENSHOTS") == "1":
    _QUERY = "/?q=%22Girna+250%22+OR+leak*"

    _SHOWN = ("search", "incident", "contact", "activity", "walk", "sources", "source", "setup")

    @pytest.mark.parametrize("name", _SHOWN)
    def test_screenshots_are_taken(visitor: Visitor, name: str) -> None:
        visit = visitor(viewport={"width": 1280, "height": 800}, color_scheme="light")
        if name == "search":
            visit.go(_QUERY)
        else:
            visit.open(name)
        if name == "activity":  # until its rates are measured
            expect(visit.page.locator("[data-part=stages]")).not_to_contain_text("–")
        SCREENSHOTS.mkdir(exist_ok=True)
        file = SCREENSHOTS / f"{name}.png"
        visit.page.screenshot(path=file, animations="disabled", scale="css")
        assert 0 < file.stat().st_size < 200_000
