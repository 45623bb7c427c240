"""Hostile posts and names on every page that shows them: nothing runs, asks, leaves or turns about."""

import uuid

import httpx
import pytest

from tests.browser.test_use import heard, until_found
from tests.browser.visiting import NARROW, Site, Visitor

HOSTILE = (
    "<script>window.pwned=1;alert(1)</script>",
    "<img src=https://evil.example/x.png onerror=alert(2)>",
    "\"><svg onload=alert(3)>' onmouseover=alert(4) x='",
    "{{ 7 * 7 }} {% include 'login.html' %} ${7*7} #{7*7}",
    "'; DROP TABLE index_documents_1; --",
    "javascript:alert(5) data:text/html,<script>alert(6)</script>",
    "\u202egnp.exe\u202c \u2066\u2067 right-to-left \u200f\u200e",
    "</textarea></title></style><h1>taken over</h1><meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<form action=https://evil.example><input name=token><button>Log in</button></form>",
    "\x1b[2J\x07 bell \ufeff nothing \u00ad\U000e0041",
)
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x1b"
LONG = "w" * 1_000_000


@pytest.fixture(scope="module")
def hostile(site: Site) -> dict[str, str]:
    """Bring a hostile contact in, and everything that it said; return the pages that show it."""
    word = f"marker{uuid.uuid4().hex[:8].translate(str.maketrans('0123456789', 'ghijklmnop'))}"
    handle = f"mallory_{word}"
    row = {
        "externalId": f'x-{word}"><script>alert(7)</script>',
        "name": f"Mallory <script>window.pwned=2</script> \u202etxet {word}",
        "title": HOSTILE[1],
        "organisation": HOSTILE[2],
        "handles": {"reddit": handle},
        "lifecycle": "customer",
    }
    answer = httpx.post(f"{site.address}/v1/contacts", json=[row], trust_env=False, timeout=60)
    assert answer.status_code == 200, answer.text
    mention = ""
    for number, text in enumerate(HOSTILE):
        mention = heard(
            site,
            f"Girna 250 {word} {text}",
            title=f"{text} Girna 250",
            source=f"source {text}"[:60],
            platform="reddit",
            author=handle,
            authorName=text,
            url=("javascript:alert(8)" if number % 2 else f"https://evil.example/{number}?{word}"),
            tags=[text],
        )
    long = heard(site, f"Girna 250 {word}long {LONG}", title=LONG[:200_000])
    incident = until_found(site, word)
    until_found(site, f"{word}long")
    contact = httpx.get(f"{site.address}/v1/profiles", params={"who": f"reddit:{handle}"}, trust_env=False).json()
    return {
        "search": f"/?q={word}",
        "long": f"/?q={word}long",
        "incident": f"/incidents/{incident}",
        "contacts": f"/contacts?q={word}",
        "contact": f"/contacts/{contact['items'][0]['id']}",
        "walk": f"/walk/{mention}",
        "walk-long": f"/walk/{long}",
        "activity": "/activity",
        "home": "/",
        "echoed": "/?q=%22%3E%3Cscript%3Ealert(9)%3C/script%3E",
        "echoed-add": "/add?url=javascript:alert(10)&text=%3C/textarea%3E%3Cscript%3Ealert(11)%3C/script%3E",
    }


@pytest.mark.parametrize(
    "name",
    [
        "search",
        "long",
        "incident",
        "contacts",
        "contact",
        "walk",
        "walk-long",
        "activity",
        "home",
        "echoed",
        "echoed-add",
    ],
)
def test_hostile_text_is_shown_as_text(visitor: Visitor, hostile: dict[str, str], name: str) -> None:
    visit = visitor(viewport=NARROW)
    sizes: list[int] = []
    visit.page.on(
        "requestfinished",
        lambda request: sizes.append(0 if "/events" in request.url else request.sizes()["responseBodySize"]),
    )
    answer = visit.page.goto(hostile[name], wait_until="load")
    assert answer is not None
    assert answer.status < 500
    if answer.status >= 400:
        assert name.startswith("echoed")
        visit.errors.clear()
    page = visit.page
    assert page.evaluate("window.pwned") is None
    assert page.locator("main script, main svg[onload], main img, main iframe, main meta, main style").count() == 0
    assert page.locator("h1").count() == 1
    links = page.locator("a[href^='javascript:' i], a[href^='data:' i], form[action*='evil']").all()
    # Our own, to be dragged to a browser's bookmarks; nothing that was given is in it.
    scripts = [href for link in links if "evil" in (href := link.get_attribute("href") or "evil") or "alert" in href]
    assert scripts == []
    for link in page.locator("a[href^='https://evil']").all():
        assert {"noopener", "noreferrer", "nofollow"} <= set((link.get_attribute("rel") or "").split())
    # What turns the writing about is taken out, so that a name cannot turn its neighbours.
    shown = page.locator("body").inner_text()
    assert [shown[max(at - 40, 0) : at + 40] for at, char in enumerate(shown) if char in TURNING] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert sum(sizes) < 250_000
    assert "49" not in page.locator("h1").inner_text()
    # Everything that can be pressed or hovered over does what the page says.
    for one in page.locator("main summary").all()[:10]:
        one.click()
    for one in page.locator("main :is(a, button, bdi)").all()[:20]:
        one.dispatch_event("mouseover")
    visit.check()
