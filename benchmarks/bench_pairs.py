"""One person twice on lists (febrl, splink's set), firms by altered names, authors by handle; beside other programs.

python -m benchmarks.bench_pairs [--peers]

Nothing is tuned on these sets: weights and thresholds are those of the product. `--peers` makes an environment of its
own for the other programs under build/ (once) and runs them on the same rows; without one, ours alone is printed.
"""

import argparse
import csv
import json
import random
import re
import subprocess
import sys
import tempfile
import venv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

from benchmarks.common import SEED, SHARED, pss_mb
from overheard.crm.contacts import FIELDS, Listed, map_contacts, read_contacts
from overheard.crm.sheets import open_sheet
from overheard.matcher.authors import find_authors
from overheard.matcher.identity.accountindex import AccountIndex
from overheard.matcher.identity.directory import Directory
from overheard.matcher.pairs import find_pairs
from overheard.records import (
    Account,
    Actor,
    Contact,
    EnrichedMention,
    ExternalId,
    Language,
    Mention,
    ProfileLink,
    Sentiment,
    account_id,
    contact_id,
)
from overheard.wiring.system import utc_now

IDENTITY = SHARED / "identity"
PEERS = Path(__file__).resolve().parents[1] / "build" / "peers"
INSTALLED = ("splink==5.0.0", "recordlinkage==0.16", "pandas<3", "nomenklatura==4.17.4", "pyicu-wheels", "rapidfuzz")
FEBRL_TARGET = 0.95
FIRMS_TARGET = 0.95
SAMPLED = 400  # queries for firms that the other programs are asked

Pairs = set[tuple[int, int]]


class People(NamedTuple):
    """A set of people: our records, the columns as they are, who is who, and of which list each is (or None)."""

    contacts: list[Contact]
    rows: list[dict[str, str]]
    truth: list[str]
    lists: list[int] | None

    @property
    def wanted(self) -> Pairs:
        members = defaultdict(list)
        for at, who in enumerate(self.truth):
            members[who].append(at)
        pairs = (pair for one in members.values() for pair in combinations(one, 2))
        return {pair for pair in pairs if self.lists is None or self.lists[pair[0]] != self.lists[pair[1]]}


def read(files: Sequence[Path], mapping: Mapping[str, str], who: Callable[[dict[str, str]], str]) -> People:
    """Read lists with the product's own importer, columns found by their names but for `mapping`."""
    contacts: list[Contact] = []
    rows: list[dict[str, str]] = []
    lists = []
    for number, file in enumerate(files):
        with file.open(encoding="utf-8", newline="") as lines:
            rows += [
                {(key or "").strip(): (value or "").strip() for key, value in row.items()}
                for row in csv.DictReader(lines, skipinitialspace=True)
            ]
        with open_sheet(file, FIELDS) as sheet:
            columns = map_contacts(sheet, mapping)
            for one in read_contacts(sheet, columns, now=utc_now(), system=file.stem):
                assert isinstance(one, Listed), one
                contacts.append(one.contact)
                lists.append(number)
    assert len(rows) == len(contacts)
    return People(contacts, rows, [who(row) for row in rows], lists if len(files) > 1 else None)


def people_sets() -> dict[str, People]:
    febrl = {"rec_id": "external_id", "soc_sec_id": "id:ssn"}

    def person(row: dict[str, str]) -> str:
        return row["rec_id"].split("-")[1]

    found = {}
    for name, files in {
        "febrl 1": ["dataset1"], "febrl 2": ["dataset2"], "febrl 3": ["dataset3"],
        "febrl 4": ["dataset4a", "dataset4b"],
    }.items():  # fmt: skip
        found[name] = read([IDENTITY / "febrl" / f"{file}.csv" for file in files], febrl, person)
    splink = read(
        [IDENTITY / "splink" / "fake_1000.csv"],
        {"unique_id": "external_id", "cluster": "-"},
        lambda row: row["cluster"],
    )
    renamed = {"first_name": "given_name", "dob": "date_of_birth", "city": "suburb"}
    found["splink fake_1000"] = splink._replace(
        rows=[{renamed.get(key, key): value for key, value in row.items() if key != "cluster"} for row in splink.rows]
    )
    return found


def f1(got: Pairs, wanted: Pairs) -> tuple[float, float, float]:
    right = len(got & wanted)
    precision, recall = right / max(len(got), 1), right / len(wanted)
    return precision, recall, 2 * right / max(len(got) + len(wanted), 1)


SUFFIXES = ("Inc.", "Ltd", "GmbH", "Pvt Ltd", "LLC", "S.A.", "Corporation", "Private Limited", "B.V.", "AG")
SHORT = {
    "technologies": "Tech", "technology": "Tech", "systems": "Sys", "international": "Intl", "solutions": "Solns",
    "services": "Svcs", "networks": "Nets", "foundation": "Fdn", "university": "Univ", "national": "Natl",
    "group": "Grp", "computing": "Comp", "management": "Mgmt", "engineering": "Engg", "laboratories": "Labs",
    "corporation": "Corp", "and": "&", "manufacturing": "Mfg", "industries": "Inds", "institute": "Inst",
}  # fmt: skip


def with_suffix(name: str, rng: random.Random) -> str:
    return (
        re.sub(r",? (inc|ltd|llc|gmbh|limited|corp|corporation)\.?$", "", name, flags=re.I) + f" {rng.choice(SUFFIXES)}"
    )


def other_case(name: str, rng: random.Random) -> str:
    return rng.choice([name.upper(), name.lower(), name.title(), name.swapcase()])


def abbreviated(name: str, _: random.Random) -> str:
    return " ".join(SHORT.get(word.lower(), word) for word in name.split())


def as_handle(name: str, rng: random.Random) -> str:
    words = re.findall(r"[a-z0-9]+", name.lower())
    joined = "".join(words)
    return "@" + rng.choice([joined, "_".join(words), f"{joined}hq", f"get{joined}", f"{joined}inc"]) if words else ""


def as_domain(name: str, rng: random.Random) -> str:
    words = re.findall(r"[a-z0-9]+", name.lower())
    return rng.choice(["", "-"]).join(words) + rng.choice([".com", ".io", ".de", ".co.in", ".org"]) if words else ""


def mistyped(name: str, rng: random.Random) -> str:
    if len(name) < 6:
        return ""
    at = rng.randrange(1, len(name) - 1)
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


ALTERED: dict[str, Callable[[str, random.Random], str]] = {
    "suffix": with_suffix, "case": other_case, "abbreviation": abbreviated, "handle": as_handle, "domain": as_domain,
    "typo (not in the target)": mistyped,
}  # fmt: skip


def firms() -> list[Account]:
    with (IDENTITY / "org_accounts_landscape.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    found = []
    for at, row in enumerate(rows):
        github = re.match(r"https://github.com/([^/]+)", row["repo"] or "")
        handles = {"x": row["twitter"].rstrip("/").rpartition("/")[2], "github": github[1] if github else ""}
        found.append(
            Account(
                id=account_id("landscape", str(at)),
                external_ids=(ExternalId(system="landscape", value=str(at)),),
                name=row["name"],
                domain=row["homepage"],
                handles={platform: handle for platform, handle in handles.items() if handle},
            )
        )
    return found


def queries_of(accounts: Sequence[Account], seed: int) -> dict[str, list[tuple[str, int]]]:
    """Return by kind (altered name, number of its account), without names that an alteration leaves as they are."""
    rng = random.Random(seed)
    altered: dict[str, list[tuple[str, int]]] = {}
    for kind, alter in ALTERED.items():
        made = ((alter(account.name, rng), at) for at, account in enumerate(accounts))
        altered[kind] = [(text, at) for text, at in made if text and text != accounts[at].name]
    return altered


def run_peers(people: Mapping[str, People], names: Sequence[str], queries: Iterable[str]) -> dict[str, Any]:
    task = {
        "pairs": {name: {"rows": one.rows, "lists": one.lists} for name, one in people.items()},
        "organisations": {"names": list(names), "queries": list(queries)},
    }
    with tempfile.TemporaryFile("w+") as given:
        json.dump(task, given)
        given.seek(0)
        script = Path(__file__).with_name("pairs_peers.py")
        done = subprocess.run([PEERS / "bin" / "python", script], stdin=given, stdout=subprocess.PIPE, check=True)
    answers: dict[str, Any] = json.loads(done.stdout[done.stdout.index(b'{"pairs"') :])
    return answers


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", action="store_true", help="install the other programs under build/ where they lack")
    arguments = parser.parse_args()
    if not IDENTITY.exists():
        print("skipped: no ../shared/data/identity beside the repository")
        sys.exit(0)
    if arguments.peers and not PEERS.exists():
        venv.create(PEERS, with_pip=True)
        subprocess.run([PEERS / "bin" / "pip", "install", "--quiet", *INSTALLED], check=True)
    people, accounts = people_sets(), firms()
    altered = queries_of(accounts, SEED)
    asked = random.Random(SEED).sample([one for kind in list(altered)[:-1] for one in altered[kind]], SAMPLED)
    answers: dict[str, Any] = {"pairs": {}, "organisations": {}}
    if PEERS.exists():
        answers = run_peers(people, [one.name for one in accounts], [text for text, _ in asked])
    else:
        print("other programs: not installed; --peers installs them")
    print(f"{'set':<18}{'program':<24}{'precision':>10}{'recall':>8}{'F1':>8}{'seconds':>9}")
    failed = []
    for name, one in people.items():
        start = perf_counter()
        found = find_pairs(one.contacts, lists=one.lists, across_only=one.lists is not None)
        seconds = perf_counter() - start
        ours = f1({pair[:2] for pair in found.pairs}, one.wanted)
        _line(name, "overheard, score 0.5", ours, seconds)
        _line("", "overheard, sure", f1({p[:2] for p in found.pairs if p.outcome == "sure"}, one.wanted), seconds)
        target = FEBRL_TARGET if name.startswith("febrl") else 0.0
        for program, answer in answers["pairs"].get(name, {}).items():
            if "error" in answer:
                print(f"{'':<18}{program:<24}{answer['error']}")
                continue
            theirs: Pairs = {(int(a), int(b)) for a, b in answer["pairs"]}
            if one.lists is not None:
                theirs = {pair for pair in theirs if one.lists[pair[0]] != one.lists[pair[1]]}
            score = f1(theirs, one.wanted)
            _line("", program, score, answer["seconds"])
            if program == "splink" and not name.startswith("febrl"):
                target = max(target, score[2])
        if ours[2] < target:
            failed.append(f"{name}: F1 {ours[2]:.4f}, expected at least {target:.4f}")
    index = AccountIndex(accounts)
    print(f"\n{len(accounts):,} firms, names altered with seed {SEED}")
    print(f"{'altered':<26}{'asked':>7}{'own row first':>15}{'among 3':>9}{'a second':>10}")
    for kind, queries in altered.items():
        start = process_time()
        answered = [index.find(text, limit=3) for text, _ in queries]
        seconds = process_time() - start
        first = sum(_is_it(matches[:1], accounts[at]) for matches, (_, at) in zip(answered, queries, strict=True))
        three = sum(_is_it(matches, accounts[at]) for matches, (_, at) in zip(answered, queries, strict=True))
        count = len(queries)
        print(f"{kind:<26}{count:>7,}{first / count:>15.4f}{three / count:>9.4f}{count / seconds:>10,.0f}")
        if "typo" not in kind and first / count < FIRMS_TARGET:
            failed.append(f"{kind}: {first / count:.4f} found, expected at least {FIRMS_TARGET}")
    start = process_time()
    right = sum(_is_it(index.find(text, limit=1), accounts[at]) for text, at in asked)
    seconds = process_time() - start
    print(f"\n{'the same ' + str(SAMPLED) + ' of them':<26}{'own row first':>15}{'a second':>10}")
    print(f"{'overheard':<26}{right / SAMPLED:>15.4f}{SAMPLED / seconds:>10,.0f}")
    for program, answer in answers["organisations"].items():
        if "error" in answer:
            print(f"{program:<26}{answer['error']}")
            continue
        right = sum(
            accounts[got].name == accounts[at].name for got, (_, at) in zip(answer["first"], asked, strict=True)
        )
        print(f"{program:<26}{right / SAMPLED:>15.4f}{SAMPLED / answer['seconds']:>10,.0f}")
    failed += bloggers()
    print(f"\nmemory {pss_mb():.0f} MB (PSS)")
    for one_failed in failed:
        print(f"FAILED {one_failed}")
    sys.exit(1 if failed else 0)


def bloggers() -> list[str]:
    """Print how many authors whose handle or blog a record has become candidates, and return what failed: any link.

    An equal handle on another platform, and a profile that links to the blog without a link back, prove nothing.
    """
    with (IDENTITY / "hn_user_blog.tsv").open(encoding="utf-8", newline="") as lines:
        rows = [(row["hn_user"], f"https://{row['blog_host']}") for row in csv.DictReader(lines, delimiter="\t")]
    profiles: dict[str, list[Actor]] = {
        "equal handle elsewhere": [Actor(platform="reddit", preferred_username=user) for user, _ in rows],
        "blog on the profile": [
            Actor(platform="reddit", preferred_username="u", links=(ProfileLink(url=blog),)) for _, blog in rows
        ],
        "both": [
            Actor(platform="reddit", preferred_username=user, links=(ProfileLink(url=blog),)) for user, blog in rows
        ],
    }
    directory = Directory()
    for at, (user, blog) in enumerate(rows):
        ids = (ExternalId(system="blogs", value=str(at)),)
        contact = Contact(id=contact_id("blogs", str(at)), external_ids=ids, handles={"hackernews": user}, urls=(blog,))
        directory.put_contact(contact.id, contact)
    failed = []
    print(f"\n{len(rows):,} people with a handle and a blog, as authors on another platform")
    print(f"{'the profile has':<26}{'candidate':>10}{'linked':>8}")
    for what, actors in profiles.items():
        found = [find_authors(_said_by(actor), directory) for actor in actors]
        right = [
            [party.outcome for party in parties if party.subject == contact_id("blogs", str(at))]
            for at, parties in enumerate(found)
        ]
        linked = sum(party.outcome == "linked" for parties in found for party in parties)
        print(f"{what:<26}{sum('candidate' in one for one in right):>10,}{linked:>8,}")
        if linked:
            failed.append(f"{what}: {linked} linked, expected none")
    return failed


def _said_by(author: Actor) -> EnrichedMention:
    said = Mention(
        id="men_x",
        platform=author.platform,
        native_id="x",
        source="x",
        content="",
        attributed_to=author,
        first_seen=utc_now(),
    )
    neutral = Sentiment(polarity="neutral", confidence=0.5)
    return EnrichedMention(mention=said, passed=(), language=Language(), sentiment=neutral)


def _line(name: str, program: str, score: tuple[float, float, float], seconds: float) -> None:
    print(f"{name:<18}{program:<24}{score[0]:>10.4f}{score[1]:>8.4f}{score[2]:>8.4f}{seconds:>9.1f}")


def _is_it(matches: Sequence[Any], account: Account) -> bool:
    """True where the account, or another row of the very same name, is among the matches."""
    return any(one.account.id == account.id or one.account.name == account.name for one in matches)


if __name__ == "__main__":
    main()
