"""`overheard init` as somebody in a terminal meets it, against sites on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from overheard.config.watchlist import load_watchlist
from overheard.wiring.kinds import load_settings
from tests.cli.conftest import Command
from tests.onboard import sites

CONTACTS = "Name,Email,Company,Phone,Wherefrom\nAsha Rao,asha@blueleaf.example,Blueleaf,98220 12345,Pune\n"


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


def typed(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def test_ten_minutes_from_a_sites_address_to_what_was_said(
    overheard: Command, server: HTTPServer, tmp_path: Path
) -> None:
    site = sites.serve(server, sites.MAKER)
    (tmp_path / "people.csv").write_text(CONTACTS, "utf-8")
    said = overheard(
        "init",
        site,
        stdin=typed(
            *("", "", "Asia/Calcuta", "", ""),  # country, currency, a zone misspelt and asked again, language
            *("", "Korvane, Korvane Machine Tools", "", "-"),  # name, aliases, products, nobody
            "Veltrani, Orlo Tech",
            f"{site}/blog/feed.xml",
            "1",
            *("nowhere.csv", "people.csv", "Wherefrom=place", "y"),
            *("me@korvane.example", "", "-"),
        ),
    )

    assert said.status == 0, said.err
    assert "expected a time zone" in said.out
    assert "nowhere.csv" in said.out
    assert "Wherefrom → place" in said.out
    assert "98220 12345" not in said.out  # it is a number of India, where the site is
    assert "1 post heard, 1 about you" in said.out
    assert "Korvane Girna 250 is quiet" in said.out
    settings = load_settings(tmp_path / "overheard.toml")
    assert (settings.locale.region, settings.locale.currency, settings.locale.time_zone) == (
        "IN",
        "INR",
        "Asia/Kolkata",
    )
    assert settings.http.allow_hosts == ("127.0.0.1",)
    assert [feed.url for feed in settings.sources] == [f"http://{site}/blog/feed.xml"]
    assert settings.mail.to == ("me@korvane.example",)
    terms = {term.id: term.aliases for term in load_watchlist(Path(settings.watch)).terms}
    assert terms == {
        "korvane-machine-tools": ("Korvane", "Korvane Machine Tools"),
        "girna-250": ("Girna 250", "Girna-250", "Girna250"),
        "koyna-400": ("Koyna 400", "Koyna-400", "Koyna400"),
        "veltrani": ("Veltrani",),
        "orlo-tech": ("Orlo Tech",),
    }
    assert "Asha Rao  contact" in overheard("profile", "asha@blueleaf.example").out


def test_a_second_time_what_is_there_is_shown_before_it_changes_and_kept_where_it_does_not(
    overheard: Command, tmp_path: Path
) -> None:
    (tmp_path / "overheard.toml").write_text('# mine\n[firm]\nname = "Korvane"   # ours\n', "utf-8")
    before = (tmp_path / "overheard.toml").read_text("utf-8")

    refused = overheard("init", "--offline", "--step", "locale", stdin=typed("IN", "", "", "", "n"))
    assert refused.status == 1
    assert '+region = "IN"' in refused.out
    assert "Nothing was written" in refused.out
    assert (tmp_path / "overheard.toml").read_text("utf-8") == before
    assert not (tmp_path / "overheard-data").exists()

    taken = overheard("init", "--offline", "--step", "locale", stdin=typed("IN", "", "", "", "y"))
    assert taken.status == 0, taken.err
    after = (tmp_path / "overheard.toml").read_text("utf-8")
    assert after.startswith(before)
    assert 'currency = "INR"' in after

    again = overheard("init", "--offline", "--step", "locale", "--yes")
    assert "stays as it is" in again.out
    assert (tmp_path / "overheard.toml").read_text("utf-8") == after


def test_a_site_that_is_down_is_told_and_the_names_are_typed(
    overheard: Command, server: HTTPServer, tmp_path: Path
) -> None:
    site = sites.serve(server, {"/": sites.Answer(b"", status=503)})
    said = overheard(
        "init", site, "--step", "site", "--step", "terms", stdin=typed("Korvane", "Korvane, कोरवाने", "Girna 250", "")
    )

    assert said.status == 0, said.err
    assert "in trouble itself (HTTP 503)" in said.out
    terms = load_watchlist(tmp_path / "watch.toml").terms
    assert [term.aliases for term in terms] == [("Korvane", "कोरवाने"), ("Girna 250", "Girna-250", "Girna250")]


def test_with_json_nothing_is_asked_and_one_document_printed(
    overheard: Command, server: HTTPServer, tmp_path: Path
) -> None:
    site = sites.serve(server, sites.HINDI)
    said = overheard("init", site, "--json", *(f"--step={step}" for step in ("site", "locale", "terms")))

    assert said.status == 0, said.err
    answers = said.json["answers"]
    assert (answers["name"], answers["language"]) == ("सह्याद्री स्पिंडल्स", "hi")
    assert [Path(path).name for path in said.json["changed"]] == ["overheard.toml", "watch.toml"]
    assert load_settings(tmp_path / "overheard.toml").locale.language == "hi"


def test_everyday_words_are_warned_of(overheard: Command) -> None:
    said = overheard("init", "--offline", "--step", "terms", stdin=typed("Next", "Next, Next Lathes", "-", "-"))

    assert "“Next” is a word of everyday posts" in said.out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--yes",), 1, "expected your firm's site"),
        (("firm", "--yes"), 1, "expected the address of a site"),
        (("--step", "steps"), 2, "expected one of site, locale"),
    ],
)
def test_what_cannot_be_begun_with_is_an_error_and_writes_nothing(
    overheard: Command, tmp_path: Path, arguments: tuple[str, ...], status: int, message: str
) -> None:
    said = overheard("init", *arguments)

    assert said.status == status
    assert message in " ".join(said.err.replace("│", " ").split())
    assert not (tmp_path / "overheard.toml").exists()


def test_settings_that_are_wrong_are_told_with_their_line_and_left_alone(overheard: Command, tmp_path: Path) -> None:
    (tmp_path / "overheard.toml").write_text("[locale]\nregion = 3\n", "utf-8")
    said = overheard("init", "--offline", "--step", "terms")

    assert said.status == 1
    assert "overheard.toml:2" in said.err
    assert (tmp_path / "overheard.toml").read_text("utf-8") == "[locale]\nregion = 3\n"


def test_feeds_that_do_not_answer_are_named_and_so_is_a_watch_list_that_is_missing(
    overheard: Command, server: HTTPServer, tmp_path: Path
) -> None:
    down = server.url_for("/feed")
    (tmp_path / "overheard.toml").write_text(
        f"""
[http]
contact = "me@orlo.example"
allow_hosts = ["127.0.0.1"]
[[feed]]
name = "orlo-news"
url = "{down}"
""",
        "utf-8",
    )
    said = overheard("init", "--step", "competitors", "--yes")
    assert said.status == 0, said.err
    assert "There is nothing to listen for yet" in said.out
    assert "1 of 1 source did not answer: orlo-news." in said.out
