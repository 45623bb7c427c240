import gzip
import json
from pathlib import Path

import pytest

from overheard.config.settings import Settings
from overheard.folder import Folder
from overheard.log.base import ProducerRecord
from overheard.wiring.system import System
from tests.cli.conftest import Command
from tests.world import World


def test_a_search_shows_when_where_who_and_the_words_found(overheard: Command, worked: Path) -> None:
    said = overheard("search", "spindle NEAR/2 noise", "--folder", worked, "--limit", "3")

    assert said.status == 0, said.err
    assert "[spindle] [noise]" in said.out
    assert "about korvex" in said.out
    assert "found" in said.out


def test_a_search_pages_without_gap_or_repeat(overheard: Command, worked: Path) -> None:
    whole = [hit["id"] for hit in overheard("search", "korvex", "-f", worked, "--limit", "500", "--json").json["hits"]]
    paged: list[str] = []
    after = ""
    while True:
        page = overheard("search", "korvex", "-f", worked, "--limit", "7", "--after", after, "--json").json
        paged += [hit["id"] for hit in page["hits"]]
        after = page["next"]
        if not after:
            break

    assert paged == whole
    assert len(whole) > 14


def test_a_query_that_cannot_be_read_says_where_and_what_was_expected(overheard: Command, worked: Path) -> None:
    said = overheard("search", "korvex AND (noise", "-f", worked)

    assert said.status == 1
    assert said.out == ""
    assert "expected" in said.err
    assert "Traceback" not in said.err


def test_with_json_an_error_is_json_too(overheard: Command, worked: Path) -> None:
    said = overheard("search", "(", "-f", worked, "--json")

    assert said.status == 1
    assert said.json["error"]["type"] == "QueryError"


@pytest.mark.parametrize("who", ["Meera Chitnis", "meerac", "@meerac", "meera@palomino.example", "c1"])
def test_a_profile_is_found_by_name_handle_email_and_external_id(overheard: Command, worked: Path, who: str) -> None:
    said = overheard("profile", who, "--folder", worked)

    assert said.status == 0, said.err
    assert "Meera Chitnis  contact  customer" in said.out
    assert 'the CRM names reddit handle "meerac"' in " ".join(said.out.split())


def test_two_contacts_of_one_name_are_both_named_with_their_ids(overheard: Command, worked: Path) -> None:
    said = overheard("profile", "Lucia Ferrand", "--folder", worked)

    assert said.status == 0
    assert "2 are called" in said.out
    assert said.out.count("con_") == 2


def test_a_stranger_is_an_error_that_says_how_to_bring_contacts_in(overheard: Command, worked: Path) -> None:
    said = overheard("profile", "Nobody Atall", "--folder", worked)

    assert said.status == 1
    assert "overheard import contacts" in said.err


def test_a_search_for_what_a_stranger_said_says_that_nobody_is_called_so(overheard: Command, worked: Path) -> None:
    said = overheard("search", "korvex contact:Nobody", "--folder", worked)

    assert said.status == 1
    assert "nobody is called 'Nobody'" in said.err


def test_every_record_has_one_fate_at_each_stage(overheard: Command, worked: Path) -> None:
    status = overheard("status", "--folder", worked, "--json").json

    assert sum(status["fates"]["enrich"].values()) == 120
    made = 1  # Elsewhere Mills, of which the CRM has a contact and no account
    assert sum(status["fates"]["match"].values()) == status["fates"]["enrich"]["enriched"] + 4 + 3 + 6 + made
    assert set(status["lag"].values()) == {0}


def test_an_index_made_anew_gives_the_same_answers(overheard: Command, copied: Path) -> None:
    before = overheard("search", "lathe OR korvex", "-f", copied, "--limit", "300", "--json").json
    rebuilt = overheard("index", "rebuild", "-f", copied)
    after = overheard("search", "lathe OR korvex", "-f", copied, "--limit", "300", "--json").json

    assert rebuilt.status == 0
    assert before == after


def test_what_a_person_decides_is_seen_at_once_and_can_be_taken_back(overheard: Command, copied: Path) -> None:
    def about_us() -> int:
        return int(overheard("search", "korvex", "-f", copied, "--limit", "0", "--json").json["total"])

    before = about_us()
    incident = overheard("search", "korvex", "-f", copied, "--limit", "1", "--json").json["hits"][0]["id"]
    decision = overheard("decide", "not-about-us", incident, "-f", copied, "--json").json

    assert about_us() == before - 1
    overheard("decide", "withdraw", decision["id"], "-f", copied)
    assert about_us() == before


def test_what_was_learned_while_nothing_ran_is_said_to_wait_until_it_was_applied(
    overheard: Command, copied: Path
) -> None:
    assert overheard("status", "-f", copied, "--json").json["unapplied"] == 0
    incident = overheard("search", "korvex", "-f", copied, "--limit", "1", "--json").json["hits"][0]["id"]
    overheard("decide", "not-about-us", incident, "-f", copied)

    assert overheard("status", "-f", copied, "--json").json["unapplied"] > 0
    said = overheard("status", "-f", copied)
    assert "changes of what is watched" in " ".join(said.err.split())
    assert "`overheard up --once`" in said.err

    assert overheard("up", "--once", "-f", copied).status == 0
    assert overheard("status", "-f", copied, "--json").json["unapplied"] == 0
    assert overheard("status", "-f", copied).err == ""


@pytest.mark.parametrize(
    "words",
    [
        ("not-about-us", "inc_none"),
        ("not-about-us", "men_none"),
        ("not-about-us", "reddit:handle:ann"),
        ("same", "ann", "c1"),
        ("not-the-same", "reddit:handle:", "c1"),
        ("withdraw", "inc_none"),
    ],
)
def test_a_decision_about_nothing_known_is_refused(overheard: Command, copied: Path, words: tuple[str, ...]) -> None:
    said = overheard("decide", *words, "-f", copied)

    assert said.status == 1
    assert "expected the id of" in said.err


def test_an_identity_is_given_to_a_contact_however_it_is_written(overheard: Command, copied: Path) -> None:
    said = overheard("decide", "same", "Reddit:handle:@Someone_Else", "c3", "-f", copied, "--json")

    assert said.json["left"] == "reddit:handle:someone_else"
    assert "someone_else" in overheard("profile", "c3", "-f", copied).out


def test_two_of_one_name_are_told_apart_by_a_decision(overheard: Command, copied: Path) -> None:
    waiting = overheard("search", "candidate:c3", "-f", copied, "--limit", "1", "--json").json["hits"][0]
    said = overheard("decide", "same", waiting["id"], "c3", "-f", copied)

    assert said.status == 0, said.err
    profile = overheard("profile", "c3", "-f", copied, "--json").json[0]
    assert waiting["id"] in [incident["id"] for incident in profile["last"]]


def test_rows_that_are_no_posts_become_dead_letters_and_the_others_come_in(overheard: Command, tmp_path: Path) -> None:
    posts = tmp_path / "posts.ndjson"
    posts.write_text(
        '{"source": "x", "id": "1", "text": "fine", "published": "2026-01-01"}\n'
        '{"source": "x", "id": "2", "text": "late", "published": "the day after"}\n'
        "not json\n",
        encoding="utf-8",
    )
    said = overheard("import", "mentions", posts, "--folder", tmp_path / "d")

    assert said.status == 0
    letters = overheard("dead-letters", "list", "--folder", tmp_path / "d", "--json").json
    assert len(letters) == 2
    assert [letter["where"] for letter in letters] == ['posts.ndjson:2, column "published"', "posts.ndjson:3"]
    shown = overheard("dead-letters", "show", letters[0]["id"], "--folder", tmp_path / "d")
    assert "the day after" in shown.out
    refused = overheard("dead-letters", "replay", letters[0]["id"], "--folder", tmp_path / "d")
    assert refused.status == 1
    assert "bring it in again" in " ".join(refused.err.split())
    dropped = overheard("dead-letters", "drop", "--all", "--folder", tmp_path / "d")
    assert "2 dead letters dropped" in dropped.out


def test_all_that_can_be_replayed_is_and_the_rest_is_told(overheard: Command, tmp_path: Path) -> None:
    folder = tmp_path / "d"
    posts = tmp_path / "posts.ndjson"
    posts.write_text('{"source": "x", "id": "1", "text": "fine"}\nnot json\n', encoding="utf-8")
    overheard("import", "mentions", posts, "--folder", folder)
    with System(folder, Settings()) as system:
        system.log.append([ProducerRecord("documents", "d", b"no event")])
        system.catch_up_index()
    row, record = overheard("dead-letters", "list", "--folder", folder, "--json").json

    both = overheard("dead-letters", "replay", record["id"], "none", "--folder", folder)
    assert both.status == 1  # one id is wrong, so nothing is done to the other
    said = overheard("dead-letters", "replay", "--all", "--folder", folder)
    assert said.status == 0, said.err
    assert "1 dead letter replayed; run `overheard up`" in said.out
    assert "1 dead letter left" in said.out
    assert [one["id"] for one in overheard("dead-letters", "list", "-f", folder, "--json").json] == [row["id"]]


def test_whoever_watches_nothing_is_told_why_nothing_is_on_record(overheard: Command, tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("url,text\nhttps://a.example/1,The Korvex leaks\n")
    (tmp_path / "watch.toml").write_text('[[term]]\nid = "korvex"\nkind = "own-product"\naliases = ["Korvex"]\n')
    there = ("--folder", tmp_path / "data")
    assert overheard("import", "mentions", tmp_path / "posts.csv", "--source", "list", *there).status == 0
    assert "Nothing is watched yet" in overheard("up", "--once", *there).out
    assert overheard("import", "watch", tmp_path / "watch.toml", *there).status == 0
    assert "Nothing is watched yet" not in overheard("up", "--once", *there).out


def test_posts_come_from_a_gzipped_csv_with_columns_put_by_hand(overheard: Command, tmp_path: Path) -> None:
    posts = tmp_path / "posts.csv.gz"
    posts.write_bytes(gzip.compress("\ufeffWhere,No,Said what\nforum,7,hello korvex\n".encode()))
    maps = ("--map", "Where=source", "--map", "No=native_id", "--map", "Said what=text")
    said = overheard("import", "mentions", posts, *maps, "--folder", tmp_path / "d", "--json")

    assert said.status == 0, said.err
    assert said.json["fates"] == {"collected": 1, "unchanged": 0, "dead": 0}
    assert said.json["columns"] == [["Where", "source"], ["No", "native_id"], ["Said what", "text"]]


def test_a_missing_column_is_named_with_what_was_found(overheard: Command, tmp_path: Path) -> None:
    contacts = tmp_path / "contacts.csv"
    contacts.write_text("naam,kleur\nAn,groen\n", encoding="utf-8")
    said = overheard("import", "contacts", contacts, "--folder", tmp_path / "d")

    assert said.status == 1
    assert "external_id" in said.err
    assert "naam" in said.err
    assert "--map" in said.err


def test_a_dry_run_writes_nothing(overheard: Command, world: World, tmp_path: Path) -> None:
    folder = tmp_path / "d"
    said = overheard("import", "contacts", world.contacts, "--dry-run", "-f", folder)
    assert "created 6" in said.out
    assert "Dry run" in said.out
    assert not folder.exists()
    assert "created 6" in overheard("import", "contacts", world.contacts, "-f", folder).out
    assert "unchanged 6" in overheard("import", "contacts", world.contacts, "-f", folder).out


def test_a_folder_in_use_says_by_whom_and_what_to_do(overheard: Command, copied: Path) -> None:
    with Folder(copied):
        said = overheard("status", "--folder", copied)

    assert said.status == 1
    assert "in use" in said.err
    assert "process" in said.err


@pytest.mark.parametrize(
    "words",
    [("search", "x"), ("profile", "x"), ("status",), ("dead-letters", "list"), ("index", "rebuild")],
)
def test_whoever_looks_where_nothing_is_is_told_and_nothing_is_made(
    overheard: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    said = overheard(*words)

    assert said.status == 1
    assert "overheard-data: expected a data folder; there is none" in said.err
    assert not (tmp_path / "overheard-data").exists()


def test_every_stage_runs_on_lines_by_hand(overheard: Command, world: World) -> None:
    rows = b"\n".join(world.posts.read_bytes().splitlines()[:20])
    given = ("--watch", world.watch, "--accounts", world.accounts, "--contacts", world.contacts)

    mentions = overheard("run", "collect", stdin=rows)
    facts = overheard("run", "enrich", *given, stdin=mentions.out.encode())
    documents = overheard("run", "match", *given, stdin=facts.out.encode())
    indexed = overheard("run", "index", stdin=documents.out.encode())

    assert len(mentions.out.splitlines()) == 20
    assert 0 < len(facts.out.splitlines()) <= 20
    kinds = {json.loads(line)["type"] for line in documents.out.splitlines()}
    assert kinds == {"overheard.incident", "overheard.profile"}
    assert len(indexed.out.splitlines()) == len(documents.out.splitlines())
    assert overheard("run", "enrich", *given, stdin=rows).out.count("\n") == facts.out.count("\n")


def test_a_stage_run_by_hand_knows_what_the_data_folder_knows(overheard: Command, worked: Path, world: World) -> None:
    rows = b"\n".join(world.posts.read_bytes().splitlines()[:20])
    given = ("--watch", world.watch, "--accounts", world.accounts, "--contacts", world.contacts)

    by_files = overheard("run", "enrich", *given, stdin=rows)
    by_folder = overheard("run", "enrich", "--folder", worked, stdin=rows)

    assert by_folder.out.count("\n") == by_files.out.count("\n") > 0
    nowhere = overheard("run", "enrich", stdin=rows)
    assert nowhere.out == ""
    assert "nothing is watched" in nowhere.err


def test_a_line_that_is_no_event_is_a_dead_letter_of_the_stage_run_by_hand(overheard: Command, world: World) -> None:
    line = overheard("run", "collect", stdin=world.posts.read_bytes().splitlines()[0]).out.encode()
    said = overheard("run", "enrich", "--watch", world.watch, "--json", stdin=line + b'{"specversion": "no"}\n')

    assert said.status == 0
    told = json.loads(said.err)
    assert told["fates"]["dead"] == 1
    assert len(told["deadLetters"]) == 1


def test_help_names_every_command(overheard: Command) -> None:
    said = overheard("--help")
    for name in ("up", "run", "import", "search", "profile", "status", "decide", "dead-letters", "index", "sample"):
        assert name in said.out
