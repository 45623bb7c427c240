"""Run a real stream end to end, as a user would, and hold it against what any honest run reaches.

    make real        (or: python -m benchmarks.real [--keep FOLDER])

Reads `../shared/data/real` (see its expected.json) and skips with a message where it is absent. Five runs, each in a
fresh folder through the command line: as it is; again; with the posts shuffled; with contacts imported last; and on a
real Kafka and a real Elasticsearch, every stage a service of its own. Exits 1 when a number is not met or two runs that
must agree do not.
"""

import argparse
import csv
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from benchmarks.common import (
    REFERENCE_TOKENS_PER_SECOND,
    PeakMemory,
    bare_pipe_tokens_per_second,
    load_posts,
    mention_of,
)
from overheard.config.settings import Settings
from overheard.identities import normal_handle
from overheard.records import Incident, Profile, contact_id
from overheard.wiring.system import System
from tests.engines.cluster import Cluster
from tests.engines.place import UnavailableError
from tests.engines.shared import running

REAL = Path(__file__).parents[2] / "shared" / "data" / "real"
FLOOR_POSTS_PER_SECOND = 300.0
MEMORY_LIMIT_MB = 1500.0
PLATFORMS = {"reddit", "x", "mastodon"}  # columns of handles in contacts.csv
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Run:
    """One end-to-end run: its documents without versions and times of processing, its fates, rate and memory."""

    name: str
    documents: dict[str, bytes]
    incidents: list[Incident]
    profiles: dict[str, Profile]
    fates: dict[str, dict[str, int]]
    seconds: float
    peak_mb: float
    steps: dict[str, float] = field(default_factory=dict)


def main() -> int:
    """Run, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="work in this folder and keep it")
    parser.add_argument("--once", action="store_true", help="only the first run: the numbers, not the comparisons")
    arguments = parser.parse_args()
    if not REAL.is_dir():
        print(f"skipped: no real stream at {REAL.name}; it stands in ../shared/data/real beside the project")
        return 0
    work = arguments.keep or Path(tempfile.mkdtemp(prefix="overheard-real-"))
    try:
        return _run_all(work, only_first=arguments.once)
    finally:
        if not arguments.keep:
            shutil.rmtree(work, ignore_errors=True)


def _run_all(work: Path, *, only_first: bool) -> int:
    expected = json.loads((REAL / "expected.json").read_text(encoding="utf-8"))
    checks = Checks()
    texts = [mention_of(post).text for post in load_posts(2_000)]
    tokens = bare_pipe_tokens_per_second(texts)
    first = _run(work / "first", "as it is")
    # The machine's speed drifts: the yardstick is measured before and after what it is held against.
    tokens = (tokens + bare_pipe_tokens_per_second(texts)) / 2
    _report(first)
    _check_expected(first, expected, checks)
    _check_figures(first, tokens, checks)
    if not only_first:
        again = _run(work / "again", "again")
        checks.equal_documents("run twice: the same documents", first, again)
        checks.equal_documents("all imported again: the same documents", first, _once_more(work / "again"))
        shuffled = _run(work / "shuffled", "posts shuffled", shuffle=11)
        checks.equal_documents("posts shuffled: the same documents", first, shuffled)
        last = _run(work / "last", "contacts last", contacts_last=True)
        checks.equal_links("contacts imported last: the same links", first, last)
        _check_engines(work / "engines", first, checks)
    return checks.summary()


def _check_engines(work: Path, first: Run, checks: "Checks") -> None:
    try:
        run, indexed = _run_on_engines(work)
    except UnavailableError as e:
        checks.hold("on Kafka and Elasticsearch", met=False, got=e)
        return
    _report(run)
    checks.equal_documents("on Kafka and Elasticsearch: the same documents", first, run)
    checks.hold("as many in the index", met=indexed == len(run.documents), got=indexed)
    checks.hold("nothing dead", met=not any(fates.get("dead") for fates in run.fates.values()), got=run.fates)


def _run_on_engines(work: Path) -> tuple[Run, int]:
    """Run on real servers, with two processes that enrich, as `up` has on two cores; return documents indexed too."""
    steps: dict[str, float] = {}
    imports = {"watch": "watch.toml", "accounts": "accounts.csv", "contacts": "contacts.csv"}
    prefix = f"real{os.getpid()}"
    with (
        running("kafka") as kafka,
        running("elasticsearch") as elastic,
        Cluster(work, kafka, elastic, prefix) as cluster,
        PeakMemory() as memory,
    ):
        begun = time.monotonic()
        cluster.start("match", "index")
        for kind, file in {**imports, "mentions": "posts.ndjson.gz"}.items():
            at = time.monotonic()
            cluster.overheard("import", kind, str(REAL / file))
            steps[f"import {kind}"] = time.monotonic() - at
        # From here on as `up --once` of the embedded run: everything waits, and nothing is enriched.
        at = time.monotonic()
        cluster.start("enrich", "enrich")
        cluster.wait_idle(1_800)
        steps["up --once"] = time.monotonic() - at
        seconds = time.monotonic() - begun
        with cluster.system() as system:
            documents, incidents, profiles = _documents(system)
            fates = {stage: dict(counts) for stage, counts in system.fates().items()}
        indexed = len(cluster.indexed())
    run = Run("on Kafka and Elasticsearch", documents, incidents, profiles, fates, seconds, memory.peak_mb, steps)
    return run, indexed


def _run(folder: Path, name: str, *, shuffle: int | None = None, contacts_last: bool = False) -> Run:
    posts = REAL / "posts.ndjson.gz"
    if shuffle is not None:
        posts = _shuffled(posts, folder.with_suffix(".ndjson"), shuffle)
    steps: dict[str, float] = {}
    crm = [["import", "accounts", str(REAL / "accounts.csv")], ["import", "contacts", str(REAL / "contacts.csv")]]
    commands = [["import", "watch", str(REAL / "watch.toml")]]
    commands += [] if contacts_last else crm
    commands += [["import", "mentions", str(posts)], ["up", "--once"]]
    commands += [*crm, ["up", "--once"]] if contacts_last else []
    with PeakMemory() as memory:
        begun = time.monotonic()
        for command in commands:
            at = time.monotonic()
            _overheard(folder, *command)
            steps[" ".join(command[:2])] = steps.get(" ".join(command[:2]), 0) + time.monotonic() - at
        seconds = time.monotonic() - begun
    status = json.loads(_overheard(folder, "status", "--json"))
    with System(folder, Settings()) as system:
        documents, incidents, profiles = _documents(system)
    return Run(name, documents, incidents, profiles, status["fates"], seconds, memory.peak_mb, steps)


def _once_more(folder: Path) -> Run:
    """Bring the same files into the same folder again, and run."""
    return _run(folder, "into the same folder")


def _overheard(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "overheard", *arguments, "--folder", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(done.stdout)
        raise SystemExit(f"overheard {' '.join(arguments)} failed with status {done.returncode}")
    return done.stdout


def _shuffled(posts: Path, target: Path, seed: int) -> Path:
    lines = gzip.decompress(posts.read_bytes()).splitlines(keepends=True)
    random.Random(seed).shuffle(lines)
    target.write_bytes(b"".join(lines))
    return target


def _documents(system: System) -> tuple[dict[str, bytes], list[Incident], dict[str, Profile]]:
    """Read the documents; as bytes without the envelope (versions, times) and the time first seen."""
    plain: dict[str, bytes] = {}
    incidents: list[Incident] = []
    profiles: dict[str, Profile] = {}
    for event in system.documents():
        record = event.data
        if isinstance(record, Incident):
            incidents.append(record)
            record = replace(record, mention=replace(record.mention, first_seen=_EPOCH))
        elif isinstance(record, Profile):
            profiles[record.id] = record
        plain[event.subject] = msgspec.json.encode(record, order="deterministic")
    return plain, incidents, profiles


def _links(incidents: list[Incident]) -> set[tuple[str, str, str, str]]:
    """Return (mention, contact or account, role, outcome) of every link and candidate."""
    return {
        (incident.mention.id, party.subject, party.role, party.outcome)
        for incident in incidents
        for party in incident.parties
        if party.outcome in ("linked", "candidate")
    }


class Checks:
    """The numbers that must be met, each printed as it is checked."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def hold(self, what: str, met: bool, got: object) -> None:
        """Print one number; remember it where it is not met."""
        print(f"  {'ok    ' if met else 'FAILED'}  {what}: {got}")
        if not met:
            self.failed.append(what)

    def equal_documents(self, what: str, one: Run, other: Run) -> None:
        """Hold that two runs left the same documents, byte for byte."""
        differing = {key for key in one.documents.keys() | other.documents.keys()
                     if one.documents.get(key) != other.documents.get(key)}  # fmt: skip
        self.hold(what, not differing, f"{len(one.documents):,} and {len(other.documents):,}, {len(differing)} differ")
        for key in sorted(differing)[:2]:
            print(f"          {one.documents.get(key)!r}\n          {other.documents.get(key)!r}")

    def equal_links(self, what: str, one: Run, other: Run) -> None:
        """Hold that two runs made the same links, for every mention that both let pass."""
        both = {i.mention.id for i in one.incidents} & {i.mention.id for i in other.incidents}
        left = {link for link in _links(one.incidents) if link[0] in both}
        right = {link for link in _links(other.incidents) if link[0] in both}
        self.hold(what, left == right, f"{len(left):,} of {len(both):,} incidents, {len(left ^ right)} differ")

    def summary(self) -> int:
        """Print how it went, and return the exit status."""
        if not self.failed:
            print("real: all numbers met")
            return 0
        print(f"real: {len(self.failed)} not met: " + "; ".join(self.failed))
        return 1


def _check_expected(run: Run, expected: dict[str, Any], checks: Checks) -> None:
    print("expected.json")
    about: Counter[str] = Counter(term for incident in run.incidents for term in incident.about)
    with_term = sum(1 for incident in run.incidents if incident.about)
    read = sum(run.fates["enrich"].values())
    checks.hold(f"posts in ({expected['posts']})", read == expected["posts"], read)
    floor = expected["posts_with_a_watched_term"]
    checks.hold(f"with a watched term (>= {floor['at_least']})", with_term >= floor["at_least"], with_term)
    for term, count in floor["by_term"].items():
        print(f"          {term}: {about[term]} of {count} counted")
    floor = expected["posts_passing_the_winnow"]["at_least"]
    checks.hold(f"passing the winnow (>= {floor})", len(run.incidents) >= floor, len(run.incidents))

    handles = {row[platform]: contact_id("crm", row["external_id"])
               for row in _contacts() for platform in row.keys() & PLATFORMS if row[platform]}  # fmt: skip
    by_author: Counter[str] = Counter(
        party.subject
        for incident in run.incidents
        for party in incident.parties
        if party.role == "author" and party.outcome == "linked" and party.subject.startswith("con_")
    )
    wanted = expected["posts_linked_to_a_contact_by_author_identity"]
    checks.hold(f"linked by author (exactly {wanted['exactly']})", by_author.total() == wanted["exactly"],
                f"{by_author.total()} of {len(by_author)} contacts")  # fmt: skip
    first_ten = {handle: by_author[handles[handle]] for handle in wanted["by_contact_first_ten"]}
    checks.hold("the first ten contacts", first_ten == wanted["by_contact_first_ten"], first_ten)

    people = expected["news_post_person_pairs_by_full_name"]
    ids = {row["name"]: contact_id("crm", row["external_id"]) for row in _contacts() if row["name"]}
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    for incident in run.incidents:
        if incident.mention.source == "news":
            for party in incident.parties:
                if party.role == "mentioned":
                    outcomes[party.subject][party.outcome] += 1
    found = {name: outcomes[ids[name]].total() for name in people["by_person"]}
    linked = sum(outcomes[ids[name]]["linked"] for name in people["by_person"])
    named = {name: min(found[name], count) for name, count in people["by_person"].items()}
    checks.hold(f"linked or candidate by full name (>= {people['linked_or_candidate_at_least']})",
                sum(named.values()) >= people["linked_or_candidate_at_least"],
                f"{sum(named.values())}, {linked} of them linked")  # fmt: skip

    decoys = [contact_id("crm", one) for one in expected["contacts_that_must_get_no_link"]["ids"]]
    all_linked = [link for link in _links(run.incidents) if link[1] in decoys and link[3] == "linked"]
    checks.hold("links on the six namesakes (0)", not all_linked, len(all_linked))
    blocked = [name for name in people["by_person"] if not found[name]]
    checks.hold("people whom a namesake keeps from everything (0)", not blocked, len(blocked))

    placeholders = {normal_handle(name) for name in expected["placeholder_authors_that_must_join_nobody"]["names"]}
    joined = [
        party.subject
        for incident in run.incidents
        if (author := incident.mention.attributed_to) and normal_handle(author.preferred_username) in placeholders
        for party in incident.parties
        if party.role == "author"
    ]
    checks.hold("joined by placeholders (0)", not joined, len(joined))


def _check_figures(run: Run, tokens: float, checks: Checks) -> None:
    rate = len(run.incidents) / run.steps["up --once"]
    scaled = rate * REFERENCE_TOKENS_PER_SECOND / tokens
    print("figures")
    checks.hold(
        f"relevant posts/s at 20 k tokens/s of bare nlp.pipe (>= {FLOOR_POSTS_PER_SECOND:.0f})",
        scaled >= FLOOR_POSTS_PER_SECOND,
        f"{scaled:.0f} ({rate:.0f} here, where bare nlp.pipe makes {tokens:,.0f} tokens/s)",
    )
    checks.hold(f"memory of everything, PSS, MB (< {MEMORY_LIMIT_MB:.0f})", run.peak_mb < MEMORY_LIMIT_MB,
                f"{run.peak_mb:.0f}")  # fmt: skip


def _report(run: Run) -> None:
    print(f"run {run.name}: {run.seconds:.0f} s, peak {run.peak_mb:.0f} MB (PSS of all processes)")
    for step, seconds in run.steps.items():
        print(f"  {step:<18} {seconds:6.1f} s")
    for stage, fates in run.fates.items():
        for fate, count in fates.items():
            print(f"  {stage:<8} {fate:<48} {count:>8,}")


def _contacts() -> list[dict[str, str]]:
    with (REAL / "contacts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    sys.exit(main())
