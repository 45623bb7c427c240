"""`overheard review`, `overheard why`: what waits for a person, one key each; why a link holds."""

import getpass
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import Annotated

import typer

from overheard.cli import evidence, render
from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, open_system, print_json
from overheard.errors import InputError, NotFoundError
from overheard.identities import identities_of_actor, is_placeholder
from overheard.records import Incident, Profile, is_record_id
from overheard.web.leaving import leaving
from overheard.web.pages.search import names_of_terms
from overheard.web.results import ReviewItem, WhyParty
from overheard.wiring.service import SystemService

_VERBS = {"s": "same", "n": "not the same", "u": "unsure", "a": "not about us", "l": "lock", "i": "same"}
_MOST = 1_000  # of --limit
_PAGE = 100


def review(
    limit: Annotated[int, typer.Option(min=0, max=_MOST, help="Of --json: how many, the best first.")] = 20,
    by: Annotated[str, typer.Option(help="Who decides.")] = "",
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go through what waits for a person: the post beside the candidate, one key each."""
    with open_system(folder, config) as system, closing(SystemService(system)) as service:
        if as_json:
            print_json(leaving(_queue(service, limit), service))
        else:
            _Session(service, by or getpass.getuser()).run()


def why(
    incident: Annotated[str, typer.Argument(help="An incident's id, as a search shows it.")],
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show why a post is on whom it is on: each feature, its values and weight, rivals, and who decided."""
    with open_system(folder, config) as system, closing(SystemService(system)) as service:
        found = service.why(incident)
        hit = service.get(incident)
        sides = [side for one in found.decisions for side in (one.left, one.right)]
        about = hit.record.about if hit is not None and isinstance(hit.record, Incident) else ()
        names = {**service.names([side for side in sides if is_record_id(side)]), **names_of_terms(service, about)}
        profiles = _profiles(service, [party.subject for party in found.parties])
        found = leaving(found, service) if as_json else found
    if as_json:
        print_json(found)
    elif hit is not None and isinstance(hit.record, Incident):
        console().print(evidence.why(found, hit.record, names, profiles))


def _profiles(service: SystemService, subjects: Sequence[str]) -> dict[str, Profile]:
    """Return the profiles of contacts and accounts by the ids that they are asked for by."""
    hits = {id_: service.get(id_) for id_ in subjects if is_record_id(id_)}
    return {id_: hit.record for id_, hit in hits.items() if hit is not None and isinstance(hit.record, Profile)}


def _queue(service: SystemService, limit: int) -> dict[str, object]:
    items: list[ReviewItem] = []
    page = service.review(limit=min(limit, _PAGE))
    items += page.items
    while page.next and len(items) < limit:
        page = service.review(page.next, min(limit - len(items), _PAGE))
        items += page.items
    return {"total": page.total, "items": items, "next": page.next}


class _Session:
    """One sitting: where it is in the queue, and what was decided, so that it can be taken back."""

    def __init__(self, service: SystemService, by: str) -> None:
        self._service = service
        self._by = by
        self._after = ""
        self._decided: list[tuple[str, str]] = []  # (decision, the cursor before it)

    def run(self) -> None:
        """Show one after the other until nothing is left, or the person leaves."""
        out = console()
        while page := self._service.review(self._after, 1):
            if not page.items:
                left = f"; {page.total:,} that you skipped still wait" if page.total else ""
                out.print(f"Nothing else waits{left}.", markup=False)
                break
            out.print(f"{page.total:,} wait", style="dim", markup=False)
            if not self._decide(page.items[0]):
                break
        out.print(f"{len(self._decided):,} decided", markup=False)

    def _decide(self, item: ReviewItem) -> bool:
        """Show a post until something is decided on it; False where the person leaves."""
        picked = 0
        self._show(item, picked)
        while True:
            key = _key()
            if key in ("q", ""):
                return False
            if key == " ":
                self._after = item.cursor
                return True
            if key == "z":
                if self._take_back():
                    return True
            elif key.isascii() and key.isdigit() and 0 < int(key) <= len(item.candidates):
                picked = int(key) - 1
                self._show(item, picked)
            elif key in _VERBS:
                left = _identity(item, picked) if key == "i" else item.incident.id
                if not left:
                    author = item.candidates[picked].role == "author"
                    why = "the post does not say whose it is" if author else "they are named in it"
                    console().print(f"nobody's account: {why}", style="dim", markup=False)
                elif self._say(_VERBS[key], left, item.candidates[picked]) and key != "l":
                    return True
            else:
                console().print(evidence.keys(item.candidates[picked]), style="dim", markup=False)

    def _show(self, item: ReviewItem, picked: int) -> None:
        out = console()
        profiles = _profiles(self._service, [one.subject for one in item.candidates[: evidence.CANDIDATES]])
        out.print(evidence.item(item, picked, profiles, width=out.width, brackets=out.color_system is None))
        out.print(evidence.keys(item.candidates[picked]), style="dim", markup=False)

    def _say(self, verb: str, left: str, party: WhyParty) -> bool:
        subject = party.subject
        left = subject if verb == "lock" else left
        right = subject if verb in ("same", "not the same", "unsure") else ""
        try:
            decision = self._service.decide(verb, left, right, by=self._by)
        except (NotFoundError, InputError) as e:  # it went while somebody looked at it
            console().print(render.safe(str(e)), style="red", markup=False)
            return True
        self._decided.append((decision.id, self._after))
        console().print(f"→ {verb}: {render.safe(party.name or subject)}", style="green", markup=False)
        return True

    def _take_back(self) -> bool:
        if not self._decided:
            console().print("nothing was decided yet", style="dim", markup=False)
            return False
        decision, self._after = self._decided.pop()
        self._service.decide("withdraw", decision, by=self._by)
        console().print("→ taken back", style="green", markup=False)
        return True


def _identity(item: ReviewItem, picked: int) -> str:
    """Return the author's identity, where the candidate may be the author; "" where it is nobody's."""
    if item.candidates[picked].role != "author":
        return ""
    keys = identities_of_actor(item.incident.mention.attributed_to)
    return next((key for key in keys if not is_placeholder(key)), "")


def _key() -> str:
    """Return the next key: of the terminal, else of standard input, where line ends are none; "" is the end."""
    if sys.stdin.isatty():
        try:
            return typer.getchar()
        except (KeyboardInterrupt, EOFError):
            return ""
    while (char := sys.stdin.read(1)) in ("\n", "\r"):
        pass
    return char
