"""What the tests of the pages share: which pages there are, and a visit that notices what a page must not do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Locator, Page, Request, Response, Route

# Every kind of page, as a person comes to it; a new one is covered by adding a line. In braces: of the sample world.
PAGES: Mapping[str, str] = {
    "home": "/",
    "search": "/?q=spindle&sort=relevance",
    "nothing-found": "/?q=zzzunheardof",
    "wrong-query": "/?q=%28%28spindle",
    "incident": "/incidents/{incident}",
    "concerns": "/concerns",
    "agreement": "/agreement",
    "review": "/review",
    "contacts": "/contacts",
    "merge": "/contacts/{contact}?merge=imtiaz",
    "contact": "/contacts/{contact}",
    "account": "/accounts/{account}",
    "sources": "/sources",
    "source": "/sources/{source}",
    "activity": "/activity",
    "walk": "/walk/{mention}",
    "add": "/add",
    "cost": "/cost",
    "setup": "/setup",
    "setup-step": "/setup/terms",
    "api": "/v1",
    "login": "/login",
    "not-found": "/nowhere",
}
# Those whose answer is an error by itself; the browser notes that on its console.
MISSING = {"not-found": 404, "wrong-query": 400}

NARROW = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 900}


@dataclass(frozen=True)
class Site:
    """A running Overheard, and ids of things in it."""

    address: str
    ids: Mapping[str, str]

    def path(self, name: str) -> str:
        """Return the path of one of PAGES."""
        return PAGES[name].format(**self.ids)


class Visit:
    """A visitor's browser: notes errors on the console, dialogs and requests to elsewhere, which are let go nowhere."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.site = site
        self.errors: list[str] = []
        self.dialogs: list[str] = []
        self.elsewhere: list[str] = []
        self.expected: set[int] = set()
        self._context = context
        self._home = urlsplit(site.address).netloc
        context.route("**/*", self._only_here)
        context.on("console", self._told)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("dialog", self._asked)
        self.page: Page = context.new_page()

    def go(self, path: str, *, expected: int = 200) -> Response:
        """Open a path, and see that the answer is what is expected."""
        if expected >= 400:
            self.expected.add(expected)
        answer = self.page.goto(path, wait_until="load")
        assert answer is not None
        assert answer.status == expected, f"{path}: {answer.status}"
        return answer

    def open(self, name: str) -> Response:
        """Open one of PAGES."""
        return self.go(self.site.path(name), expected=MISSING.get(name, 200))

    def check(self) -> None:
        """Fail where a page did what it must not."""
        assert self.errors == []
        assert self.dialogs == []
        assert self.elsewhere == []

    def _only_here(self, route: Route, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.netloc == self._home or parts.scheme in ("data", "blob"):
            route.continue_()
        else:
            self.elsewhere.append(request.url[:200])
            route.abort()

    def _told(self, message: ConsoleMessage) -> None:
        # That an answer was an error is no error of the page, where the test expects it.
        ours = any(f"status of {status} " in message.text for status in self.expected)
        if message.type in ("error", "warning") and not ours:
            self.errors.append(f"{message.type}: {message.text}")

    def _asked(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


def follow(page: Page, link: Locator) -> None:
    """Click what leads to another page, and wait until that is there: a click alone waits for no answer."""
    with page.expect_navigation(wait_until="load"):
        link.click()


Visitor = Callable[..., Visit]
every_page = pytest.mark.parametrize("name", PAGES)

# What the keyboard can reach, each as one line; of radio buttons of one name the Tab key reaches one.
TABBABLE = """() => {
  const wanted = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  const radios = new Set();
  return [...document.querySelectorAll(wanted)].filter((one) => {
    if (one.tabIndex < 0 || one.disabled || !one.checkVisibility({ visibilityProperty: true })) return false;
    if (one.closest("details:not([open])") && !(one.localName === "summary" && one.parentElement.matches("details")
        && !one.parentElement.parentElement.closest("details:not([open])"))) return false;
    if (one.type === "radio") {
      if (radios.has(one.name)) return false;
      radios.add(one.name);
    }
    return true;
  }).length;
}"""

# What has the focus now, and whether a person sees that.
FOCUSED: str = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const shown = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  // Counted on the window: what a live page replaces meanwhile takes its mark along.
  if (!one.dataset.visited) one.dataset.visited = window.visited = (window.visited || 0) + 1;
  return { number: Number(one.dataset.visited), seen: ring && shown, text: one.outerHTML.slice(0, 120) };
}"""


def describe(violations: list[dict[str, Any]]) -> list[str]:
    """Return what axe found, each in a line."""
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]} ({node.get('failureSummary', '')[:200]})"
        for one in violations
        for node in one["nodes"][:3]
    ]
