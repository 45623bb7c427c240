"""A small world of our own writing, as files: a watch list, accounts, contacts and any number of posts.

Deterministic for a seed. Nobody in it exists; domains end in .example.
"""

import csv
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from overheard.records import Incident
from overheard.wiring.system import System

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

WATCH = """
always = ["trade-press"]

[[term]]
id = "korvex"
kind = "own-company"
aliases = ["Korvex", "@korvex"]

[[term]]
id = "korvex-lathe"
kind = "own-product"
aliases = ["Korvex L200", "L200 lathe"]

[[term]]
id = "brannt"
kind = "competitor"
aliases = ["Brannt", "Brannt Maschinen"]
"""

ACCOUNTS = [
    ("a1", "Palomino Gears", "palomino.example", "customer"),
    ("a2", "Tidewater Pumps Ltd", "tidewater.example", "prospect"),
    ("a3", "Ostrava Castings", "ostrava.example", "lost customer"),
]

CONTACTS = [
    ("c1", "Meera Chitnis", "meera@palomino.example", "Palomino Gears", "Plant Head", "customer", "meerac"),
    ("c2", "Anton Brezina", "anton@ostrava.example", "Ostrava Castings", "Buyer", "lost customer", "tonda_b"),
    ("c3", "Lucia Ferrand", "lucia@tidewater.example", "Tidewater Pumps", "Engineer", "prospect", "lferrand"),
    ("c4", "Lucia Ferrand", "lucia.f@elsewhere.example", "Elsewhere Mills", "Owner", "prospect", "lu_ferrand"),
    ("c5", "Joost van der Aalst", "", "Palomino Gears", "Quality Manager", "customer", "joostvda"),
    ("c6", "", "", "", "", "prospect", "spindle_whisperer"),
]

_OPENINGS = ("We run two shifts on it.", "Honest question.", "Long post, sorry.", "Update from the shop floor:", "So,")
_CLAIMS = (
    "the Korvex L200 holds tolerance better than anything we had",
    "Korvex support is slow and the spindle noise is terrible",
    "is the Brannt worth the extra money over a Korvex",
    "Brannt Maschinen raised prices again, which is awful",
    "the L200 lathe arrived on time and works well",
    "nothing about machines today, just a holiday picture",
    "does anybody have a manual for the L200 lathe",
    "@korvex fixed our coolant leak in a day, great people",
)
_NAMES = (
    "Meera Chitnis of Palomino Gears showed us the line.",
    "I met Lucia Ferrand at the fair.",
    "Anton Brezina said so.",
    "Joost van der Aalst, Quality Manager, agrees.",
    "",
    "",
    "",
)
_AUTHORS = ("meerac", "tonda_b", "lferrand", "spindle_whisperer", "someone_else", "[deleted]", "", "Joostvda")


@dataclass(frozen=True)
class World:
    """The files of the world in one folder."""

    watch: Path
    accounts: Path
    contacts: Path
    posts: Path


def timeless_documents(system: System) -> dict[str, object]:
    """Return every document by its id, without versions and the time first seen: what no run may change."""
    documents: dict[str, object] = {}
    for event in system.documents():
        record = event.data
        if isinstance(record, Incident):
            record = replace(record, mention=replace(record.mention, first_seen=_EPOCH))
        documents[event.subject] = record
    return documents


def write_world(folder: Path, *, posts: int, seed: int = 7, shuffle: int | None = None) -> World:
    """Write the world's files; `shuffle` orders the posts differently, with the same content."""
    folder.mkdir(parents=True, exist_ok=True)
    world = World(folder / "watch.toml", folder / "accounts.csv", folder / "contacts.csv", folder / "posts.ndjson")
    world.watch.write_text(WATCH, encoding="utf-8")
    _write_csv(world.accounts, ("external_id", "name", "domain", "lifecycle"), ACCOUNTS)
    columns = ("external_id", "name", "email", "organisation", "title", "lifecycle", "reddit")
    _write_csv(world.contacts, columns, CONTACTS)
    rows = [_post(random.Random(f"{seed}/{n}"), n) for n in range(posts)]
    if shuffle is not None:
        random.Random(shuffle).shuffle(rows)
    world.posts.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return world


def _post(rng: random.Random, n: int) -> dict[str, object]:
    source = rng.choice(("reddit", "reddit", "trade-press", "x"))
    text = " ".join(part for part in (rng.choice(_OPENINGS), rng.choice(_CLAIMS) + ".", rng.choice(_NAMES)) if part)
    author = rng.choice(_AUTHORS) if source == "reddit" else ""
    return {
        "source": source,
        "native_id": f"p{n}",
        "author": author or None,
        "url": f"https://{source}.example/p{n}",
        "published": 1_700_000_000 + n * 611,  # in the past: what claims the future is ordered by when it was seen
        "title": f"Post {n}" if rng.random() < 0.3 else None,
        "text": text,
    }


def _write_csv(path: Path, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
