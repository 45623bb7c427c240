import stat
from pathlib import Path

import pytest

from overheard.collectors.feeds.opml import read_opml
from overheard.errors import ConfigError
from overheard.wiring.kinds import load_settings
from overheard.wiring.subscriptions import bring_feeds, feeds_as_opml


def listed(folder: Path, *feeds: tuple[str, str]) -> Path:
    path = folder / "list.opml"
    inner = "\n".join(f'<outline type="rss" text="{title}" xmlUrl="{url}"/>' for title, url in feeds)
    path.write_text(f'<opml version="2.0"><body>\n{inner}\n</body></opml>')
    return path


def test_feeds_are_added_at_the_end_and_all_else_stays_as_it_is_written(tmp_path: Path) -> None:
    settings = tmp_path / "overheard.toml"
    old = '# ours\n[http]\ncontact = "us@acme.example"   # who\n\n[[feed]]\nname = "a"\nurl = "https://a.example/feed"'
    settings.write_text(old)
    settings.chmod(0o600)
    bring_feeds(settings, listed(tmp_path, ("The &quot;B&quot;", "https://b.example/feed")))
    assert settings.read_text().startswith(old)
    assert [(one.name, one.url) for one in load_settings(settings).sources] == [
        ("a", "https://a.example/feed"),
        ('The-"B"', "https://b.example/feed"),
    ]
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600


def test_settings_are_made_where_there_are_none_and_a_dry_run_makes_none(tmp_path: Path) -> None:
    settings = tmp_path / "overheard.toml"
    file = listed(tmp_path, ("A blog", "https://a.example/feed"))
    assert bring_feeds(settings, file, dry_run=True).counts == {"created": 1}
    assert not settings.exists()
    assert bring_feeds(settings, file).counts == {"created": 1}
    assert [one.name for one in load_settings(settings).sources] == ["A-blog"]


def test_an_address_that_is_known_or_stands_twice_is_said_with_where_and_brought_in_once(tmp_path: Path) -> None:
    settings = tmp_path / "overheard.toml"
    settings.write_text('[[feed]]\nname = "mine"\nurl = "https://www.a.example/feed/"\n')
    file = listed(
        tmp_path,
        ("A", "http://a.example/feed"),
        ("B", "https://b.example/feed?utm_source=x"),
        ("B again", "https://b.example/feed"),
        ("Bad", "ftp://c.example/feed"),
    )
    report = bring_feeds(settings, file)
    assert [row.outcome for row in report.rows] == ["known", "created", "duplicate", "error"]
    assert [row.line for row in report.rows] == [2, 3, 4, 5]
    assert "'mine'" in report.rows[0].message
    assert "line 3" in report.rows[2].message
    assert bring_feeds(settings, file).counts == {"known": 3, "error": 1}


def test_names_are_unique_among_sources_of_all_kinds(tmp_path: Path) -> None:
    settings = tmp_path / "overheard.toml"
    settings.write_text('[[file]]\nname = "News"\nurl = "https://a.example/posts.csv"\n')
    bring_feeds(settings, listed(tmp_path, *(("News", f"https://{n}.example/feed") for n in "abc")))
    names = [one.name for one in load_settings(settings).sources]
    assert sorted(names) == ["News", "News-2", "News-3", "News-4"]


def test_settings_that_cannot_be_added_to_stay_as_they_are(tmp_path: Path) -> None:
    settings = tmp_path / "overheard.toml"
    old = 'feed = [{name = "a", url = "https://a.example/feed"}]\n'
    settings.write_text(old)
    with pytest.raises(ConfigError, match="tables of their own"):
        bring_feeds(settings, listed(tmp_path, ("B", "https://b.example/feed")))
    assert settings.read_text() == old
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.opml", "overheard.toml"]


def test_what_is_exported_is_what_was_imported(tmp_path: Path) -> None:
    settings = tmp_path / "overheard.toml"
    bring_feeds(settings, listed(tmp_path, ("A", "https://a.example/feed?x=1&amp;y=2"), ("B", "https://b.example/")))
    rows, _ = read_opml(feeds_as_opml(load_settings(settings)).encode(), "out.opml")
    assert [(row.title, row.url) for row in rows] == [
        ("A", "https://a.example/feed?x=1&y=2"),
        ("B", "https://b.example/"),
    ]


def test_ten_thousand_feeds_of_one_title_are_planned_without_counting_through_their_names(tmp_path: Path) -> None:
    settings = tmp_path / "overheard.toml"
    report = bring_feeds(settings, listed(tmp_path, *(("Blog", f"https://b{n}.example/") for n in range(10_000))))
    assert report.counts == {"created": 10_000}
    assert len(load_settings(settings).sources) == 10_000
