"""`overheard sources import` and `export`: lists of feeds into the settings and out of them."""

from pathlib import Path

from tests.cli.conftest import Command

LIST = """<opml version="2.0"><body><outline text="Blogs">
<outline type="rss" text="A blog" xmlUrl="https://a.example/feed"/>
<outline type="rss" text="B" xmlUrl="nowhere"/>
</outline></body></opml>"""


def test_a_list_is_brought_in_its_odd_rows_are_told_by_line_and_it_comes_out_again(
    overheard: Command, tmp_path: Path
) -> None:
    (tmp_path / "list.opml").write_text(LIST)
    dry = overheard("sources", "import", "list.opml", "--dry-run")
    assert (dry.status, (tmp_path / "overheard.toml").exists()) == (0, False)
    assert "1 created, 1 error; dry run: nothing was written" in dry.out
    said = overheard("sources", "import", "list.opml")
    assert (said.status, said.err) == (0, "")
    assert "line 3: error: B: expected `xmlUrl`" in said.out
    again = overheard("sources", "import", "list.opml", "--json").json
    assert again["counts"] == {"known": 1, "error": 1}
    assert again["rows"][0]["name"] == "A-blog"
    assert overheard("sources", "export", "--json").json == [{"name": "A-blog", "url": "https://a.example/feed"}]
    assert 'xmlUrl="https://a.example/feed"' in overheard("sources", "export").out
    overheard("sources", "export", "--output", "out.opml")
    assert "known" in overheard("sources", "import", "out.opml").out


def test_a_file_that_is_no_list_is_an_error_that_says_what_was_expected(overheard: Command, tmp_path: Path) -> None:
    (tmp_path / "list.opml").write_text("name,url\n")
    said = overheard("sources", "import", "list.opml")
    assert said.status == 1
    assert "expected OPML" in said.err
    assert overheard("sources", "import", "nowhere.opml").status == 1
