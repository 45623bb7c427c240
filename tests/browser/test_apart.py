"""Two records of the CRM are joined on the pages, posts come in, and they are taken apart: nothing is lost by that."""

import re
import uuid
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from overheard.records import contact_id
from tests.browser.test_use import heard, until_found
from tests.browser.visiting import WIDE, Site, Visitor

SOON = 30_000  # ms; the machine may be busy
NAME = "Ilse Marwede"
FIRMS = {"apart-1": "Fenwick Gauges", "apart-2": "Lorimer Castings"}
ONE, OTHER = (contact_id("crm", number) for number in FIRMS)


def taken_in(site: Site) -> None:
    """Hand in two contacts of one name, each with an account of its own."""
    contacts = [
        {"externalId": number, "name": NAME, "organisation": firm, "handles": {"forum": f"ilse_{number[-1]}"}}
        for number, firm in FIRMS.items()
    ]
    answer = httpx.post(f"{site.address}/v1/contacts", json=contacts, trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.json()["counts"].keys() <= {"created", "unchanged"}, answer.text


def said(site: Site, text: str, author: str = "") -> tuple[str, str]:
    """Hand a post in that is about the firm; return its own word and the id of its incident, once it is found."""
    word = f"w{uuid.uuid4().hex}"
    heard(site, f"{text} {word} Girna 250.", author=author)
    return word, until_found(site, word)


def waiting_page(site: Site, incident: str) -> str:
    """Return the path of the review page that shows a post."""
    after = ""
    while True:
        params = {"limit": "100", **({"after": after} if after else {})}
        page: Any = httpx.get(f"{site.address}/v1/review", params=params, trust_env=False, timeout=30).json()
        for item in page["items"]:
            if item["incident"]["id"] == incident:
                return f"/review?after={after}" if after else "/review"
            after = item["cursor"]
        assert page["items"], f"{incident} does not wait"


def shows(page: Page, contact: str, *, linked: set[str], waiting: set[str]) -> None:
    """Expect just these posts, by their words, on a contact's page."""
    for section, words in (("last", linked), ("waiting", waiting)):
        there = page.locator(f"section[aria-labelledby={section}] article")
        deadline = 100
        while True:
            page.goto(f"/contacts/{contact}")
            found = set(re.findall(r"w[0-9a-f]{32}", " ".join(there.all_inner_texts())))
            if found == words:
                break
            deadline -= 1
            assert deadline, f"{section} of {contact}: expected {words}; got {found}"
            page.wait_for_timeout(200)


def test_posts_that_came_while_two_records_were_one_go_where_their_own_evidence_puts_them(
    visitor: Visitor, site: Site
) -> None:
    taken_in(site)
    page = visitor(viewport=WIDE).page
    early, _ = said(site, "Nobody answers about the", author="ilse_1")
    unsure, unsure_id = said(site, f"Then {NAME} told me about the")
    shows(page, ONE, linked={early}, waiting={unsure})
    shows(page, OTHER, linked=set(), waiting={unsure})

    # From the post that waits to one of the two candidates, and there they are joined.
    page.goto(waiting_page(site, unsure_id))
    expect(page.locator("table.candidates thead th").get_by_role("link")).to_have_count(2)
    page.goto(f"/contacts/{ONE}")
    page.locator("#with").fill("apart-2")
    page.locator("#with").press("Enter")
    decided = page.locator("section[aria-labelledby=decided]")
    decided.get_by_role("button", name="Same person").click()
    expect(decided).to_contain_text("are one", timeout=SOON)

    mine, mine_id = said(site, "It came late, my", author="ilse_1")
    theirs, theirs_id = said(site, "It came in time, my", author="ilse_2")
    placed, placed_id = said(site, f"{NAME} of {FIRMS['apart-2']} praised the")
    late, late_id = said(site, f"Then {NAME} spoke of the")
    settled, settled_id = said(site, f"So {NAME} bought the")
    for contact in (ONE, OTHER):
        shows(page, contact, linked={early, mine, theirs, placed}, waiting={unsure, late, settled})

    # What a person says of one of the posts holds for the record that they said it of.
    page.goto(waiting_page(site, settled_id))
    page.keyboard.press("s")
    expect(page.locator("[data-told]")).to_contain_text(f"Noted: it is {NAME}", timeout=SOON)
    shows(page, ONE, linked={early, mine, theirs, placed, settled}, waiting={unsure, late})

    page.goto(f"/contacts/{OTHER}")
    expect(page.locator("#records")).to_contain_text("2 records of the CRM")
    decided.get_by_role("button", name="Take back").click()
    expect(decided).not_to_contain_text("are one", timeout=SOON)

    # Where the text says who is meant, the namesake waits with what is left to say for her.
    whose = httpx.get(f"{site.address}/v1/incidents/{settled_id}/why", trust_env=False, timeout=30).json()
    (right,) = (one["right"] for one in whose["decisions"])
    assert right in (ONE, OTHER)
    shows(page, ONE, linked={early, mine} | ({settled} if right == ONE else set()), waiting={unsure, late, placed})
    shows(page, OTHER, linked={theirs, placed} | ({settled} if right == OTHER else set()), waiting={unsure, late})
    for contact, firm in zip((ONE, OTHER), FIRMS.values(), strict=True):
        page.goto(f"/contacts/{contact}")
        expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
        expect(page.locator("main")).to_contain_text(firm)
        expect(page.locator("#records")).to_have_count(0)
    for word, incident in ((mine, mine_id), (theirs, theirs_id), (placed, placed_id), (late, late_id)):
        page.goto(f"/incidents/{incident}")
        expect(page.locator("main")).to_contain_text(word)
