"""A folder end to end: what people say is not about them teaches the winnow, and the posts that go are told."""

import json
import threading
from contextlib import closing
from pathlib import Path

from overheard.config.settings import Settings
from overheard.records import Incident
from overheard.wiring.imports import bring_mentions, bring_watch
from overheard.wiring.service import SystemService
from overheard.wiring.system import System
from overheard.wiring.up import run_up

# Their own sense of the word: a shop's handle is a hit by itself, so that all of them pass at first.
WATCH = '[[term]]\nid = "target"\nkind = "own-company"\naliases = ["Target"]\n'
SHOP = [
    "Target is out of diapers again, third time this month.",
    "Returned the lamp to Target without a receipt, no questions asked.",
    "The self checkout at Target froze while I was paying.",
]
RANGE = [
    "Target Rifle Club meets at six, new members welcome.",
    "Target Rifle Club won the county shoot on Sunday.",
    "Target Rifle Club is closed for repairs this week.",
    "Target Rifle Club elected a new chairman.",
]
NEW = ["Target Rifle Club will open its range on Friday.", "Target charged my card twice, support was no help."]


def posts(path: Path, texts: list[str], first: int) -> Path:
    lines = [
        {"platform": "reddit", "source": "reddit", "native_id": str(first + i), "content": text}
        for i, text in enumerate(texts)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def heard(service: SystemService) -> dict[str, Incident]:
    found = [event.data for event in service.system.documents() if event.verb != "Delete"]
    return {one.mention.content: one for one in found if isinstance(one, Incident)}


def run(system: System) -> None:
    run_up(system, once=True, workers=1, stop=threading.Event(), alerts=False)


def test_not_about_us_teaches_what_the_word_means(tmp_path: Path) -> None:
    (tmp_path / "watch.toml").write_text(WATCH, "utf-8")
    with System(tmp_path / "data", Settings()) as system, closing(SystemService(system)) as service:
        bring_watch(system, tmp_path / "watch.toml")
        bring_mentions(system, posts(tmp_path / "old.ndjson", [*SHOP, *RANGE], 0))
        run(system)
        before = heard(service)
        assert set(SHOP) <= set(before)
        club = [text for text in RANGE if text in before]
        assert len(club) >= 3
        for text in club:
            service.decide("not about us", before[text].id, by="ann")
        run(system)
        bring_mentions(system, posts(tmp_path / "new.ndjson", NEW, 100))
        run(system)
        after = heard(service)
        assert NEW[0] not in after
        assert NEW[1] in after
        # What they decided on is still there, as they left it.
        assert {after[text].status for text in club} == {"not about us"}
        assert after[SHOP[0]].status == "open"
        fates = system.log.checkpoint("enrich", "mentions").fates
        assert fates["dropped: another sense of the word"] >= 1
