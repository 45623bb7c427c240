from pathlib import Path

from tests.cli.conftest import Command

URL = "https://www.linkedin.com/posts/somebody-1"


def test_a_post_handed_in_is_on_the_profile_it_names(overheard: Command, copied: Path) -> None:
    said = overheard("add", URL, "--text", "Korvex again.", "--handle", "reddit:meerac", "-f", copied)

    assert said.status == 0, said.err
    assert "added: men_" in said.out
    assert "about korvex" in said.out
    assert "linked: Meera Chitnis, as author" in said.out
    profile = overheard("profile", "meerac", "-f", copied, "--json").json[0]
    assert any(one["source"] == "by hand" for one in profile["last"])


def test_the_text_comes_from_standard_input_and_json_tells_all(overheard: Command, copied: Path) -> None:
    said = overheard("add", URL, "-f", copied, "--json", stdin="Ganz schlecht: Korvex. 😡\n".encode())

    assert said.status == 0, said.err
    assert said.json["fate"] == "new"
    assert said.json["incident"]["mention"]["content"] == "Ganz schlecht: Korvex. 😡"
    assert (said.json["waiting"], said.json["problem"]) == (0, "")


def test_the_same_again_is_told_and_so_is_that_nothing_watched_was_found(overheard: Command, copied: Path) -> None:
    overheard("add", URL, "--text", "Their machines?", "-f", copied)
    said = overheard("add", URL, "--text", "Their machines?", "-f", copied)

    assert said.out.startswith("known already")
    assert "no watched term" in said.out


def test_a_mistake_is_told_in_words_and_nothing_is_written(overheard: Command, copied: Path) -> None:
    before = overheard("status", "-f", copied, "--json").json
    for arguments in (
        (URL, "--text", " "),
        ("not a url", "--text", "x"),
        (URL, "--text", "x", "--published", "2100-01-01"),
    ):
        said = overheard("add", *arguments, "-f", copied)
        assert said.status == 1
        assert "expected" in said.err
        assert "Traceback" not in said.err
    assert overheard("status", "-f", copied, "--json").json == before


def test_why_says_what_a_post_said_before_it_was_edited(overheard: Command, copied: Path) -> None:
    overheard("add", URL, "--text", "Korvex never calls back.", "-f", copied)
    said = overheard("add", URL, "--text", "Korvex called back!", "-f", copied, "--json")
    incident = said.json["incident"]["id"]
    out = " ".join(overheard("why", incident, "-f", copied).out.split())
    assert "Said before it was edited" in out
    assert "“Korvex never calls back.”" in out
    [version] = overheard("why", incident, "-f", copied, "--json").json["versions"]
    assert version["snippets"][0]["exact"] == "Korvex never calls back."
    assert version["textHash"] in out
