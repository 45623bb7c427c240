"""`overheard review`, `why`, `decide` and `import decisions`: one key each, with what they compared, and undone."""

from pathlib import Path

from tests.cli.conftest import Command


def waiting(overheard: Command, folder: Path) -> list[str]:
    items = overheard("review", "-f", folder, "--limit", "1000", "--json").json["items"]
    return [item["incident"]["id"] for item in items]


def test_keys_decide_skip_pick_and_take_back(overheard: Command, copied: Path) -> None:
    before = waiting(overheard, copied)
    said = overheard("review", "-f", copied, "--by", "ravi", stdin=b"2s\nn z u a q")
    assert said.status == 0, said.err
    assert said.out.count("→ same: Lucia Ferrand") == 1
    assert "→ taken back" in said.out
    assert "→ unsure" in said.out
    assert "→ not about us" in said.out
    assert said.out.rstrip().endswith("3 decided")
    after = waiting(overheard, copied)
    assert before[0] not in after
    assert set(after) < set(before)
    why = overheard("why", before[0], "-f", copied, "--json").json
    [decision] = why["decisions"]
    assert (decision["verb"], decision["by"]) == ("same", "ravi")
    linked = [one["subject"] for one in why["parties"] if one["outcome"] == "linked" and one["role"] == "mentioned"]
    assert linked == [decision["right"]]


def test_post_and_candidate_are_shown_with_every_value_that_was_compared(overheard: Command, copied: Path) -> None:
    said = overheard("review", "-f", copied, stdin=b"q")
    for part in (
        "[Lucia Ferrand]",
        "Engineer · Tidewater Pumps",
        "rare name",
        "rival",
        "before any evidence",
        "in all",
    ):
        assert part in said.out
    assert "2: Lucia Ferrand · Owner · Elsewhere Mills" in " ".join(said.out.split())
    keys = " ".join(said.out.split())
    assert "s same · n not the same · u nobody can know · a not about us · l lock · 1-9 another candidate" in keys
    assert "always theirs" not in keys, "who is merely named in a post has no account there"
    assert max(map(len, said.out.splitlines())) <= 80


def test_going_through_all_ends_and_says_what_still_waits(overheard: Command, copied: Path) -> None:
    count = len(waiting(overheard, copied))
    said = overheard("review", "-f", copied, stdin=b" " * (count + 5))
    assert f"Nothing else waits; {count} that you skipped still wait" in said.out
    assert said.out.rstrip().endswith("0 decided")


def test_other_keys_explain_themselves_and_decide_nothing(overheard: Command, copied: Path) -> None:
    before = waiting(overheard, copied)
    said = overheard("review", "-f", copied, stdin=b"x9zi")
    assert said.status == 0
    assert "nothing was decided yet" in said.out
    assert "nobody's account" in said.out
    assert waiting(overheard, copied) == before


def test_a_contact_is_locked_by_a_key_and_the_post_stays(overheard: Command, copied: Path) -> None:
    before = waiting(overheard, copied)
    said = overheard("review", "-f", copied, stdin=b"lq")
    assert "→ lock: Lucia Ferrand" in said.out
    assert waiting(overheard, copied) == before


def test_why_shows_features_sum_rivals_and_what_was_decided(overheard: Command, copied: Path) -> None:
    incident = waiting(overheard, copied)[0]
    out = overheard("why", incident, "-f", copied).out
    for part in ("full name", "-1.5", "before any evidence", "in all: score", "rivals: Lucia Ferrand (candidate"):
        assert part in out
    overheard("decide", "same", incident, "c3", "-f", copied, "--by", "ravi", "--note", "met her")
    out = " ".join(overheard("why", incident, "-f", copied).out.split())
    assert "Decided by people" in out
    assert "ravi: men_" in out
    assert "same Lucia Ferrand (con_" in out
    assert overheard("why", "inc_none", "-f", copied).status == 1


def test_labels_that_a_person_put_right_are_told_in_words(overheard: Command, copied: Path) -> None:
    incident = waiting(overheard, copied)[0]
    labels = {"sentiment": "negative", "sentiment/brannt": "positive", "language": "hi-Latn"}
    words = ["the tone is negative", "the tone toward Brannt is positive", "the language is Hindi (Latin)"]
    for (right, value), said in zip(labels.items(), words, strict=True):
        out = overheard("decide", "relabel", incident, right, "--value", value, "-f", copied).out
        assert said in " ".join(out.split())
    out = " ".join(overheard("why", incident, "-f", copied).out.split())
    assert all(said in out for said in words)
    assert not any(f" {right} " in out for right in labels if right != "language")


def test_decide_takes_values_and_shows_how_to_take_it_back(overheard: Command, copied: Path) -> None:
    incident = waiting(overheard, copied)[0]
    said = overheard("decide", "status", incident, "--value", "answered", "-f", copied)
    assert said.status == 0, said.err
    assert " status answered" in said.out
    withdrawn = said.out.split("take it back: overheard ")[1].split()
    assert overheard(*withdrawn, "-f", copied).status == 0
    assert overheard("decide", "tag", incident, "urgent", "-f", copied, "--json").json["value"] == "on"
    assert overheard("decide", "assign", incident, "--value", "", "-f", copied, "--json").json["right"] == "assign"
    assert overheard("decide", "lock", "c1", "-f", copied, "--json").json["verb"] == "lock"
    assert "takes no value" in overheard("decide", "lock", "c1", "--value", "x", "-f", copied).err


def test_a_file_of_decisions_is_shown_dry_then_taken_row_by_row(
    overheard: Command, copied: Path, tmp_path: Path
) -> None:
    file = tmp_path / "decisions.csv"
    file.write_text("verb,left,right\nsame,x:handle:ann,c1\nsame,x:handle:bob,Nobody\n", encoding="utf-8")
    dry = overheard("import", "decisions", file, "-f", copied, "--dry-run")
    assert "Dry run: nothing was written" in dry.out
    assert "x:handle:ann same Meera Chitnis (con_" in dry.out
    assert "x ann" not in overheard("profile", "c1", "-f", copied).out
    said = overheard("import", "decisions", file, "-f", copied, "--json")
    assert said.status == 0
    assert said.json["counts"] == {"decided": 1, "error": 1}
    assert "nobody is called 'Nobody'" in said.json["rows"][1]["message"]
    assert "x ann" in overheard("profile", "c1", "-f", copied).out
    file.write_text("verb,left,right\nsame,x:handle:bob,Nobody\n", encoding="utf-8")
    assert overheard("import", "decisions", file, "-f", copied).status == 1


def test_two_records_that_are_joined_are_told_by_their_own_names(overheard: Command, copied: Path) -> None:
    said = " ".join(overheard("decide", "same", "c1", "c2", "-f", copied).out.split())
    assert "Meera Chitnis (con_" in said
    assert "Anton Brezina (con_" in said


def test_who_contradicts_what_was_said_is_told_so_with_the_path(overheard: Command, copied: Path) -> None:
    assert overheard("decide", "not-the-same", "c1", "c3", "-f", copied, "--by", "ravi").err == ""
    assert overheard("decide", "same", "c1", "c2", "-f", copied, "--by", "ravi").err == ""
    said = overheard("decide", "same", "c2", "c3", "-f", copied, "--by", "asha")
    assert said.status == 0
    told = " ".join(said.err.split())
    assert told.startswith("! ")
    assert "c1 is not c3, but would be: c1 is c2 (ravi decided so); c2 is c3 (asha decided so)" in told
