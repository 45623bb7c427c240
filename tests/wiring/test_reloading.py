"""Settings that are written anew while Overheard runs."""

import logging
from pathlib import Path

import pytest
from msgspec.structs import replace

from overheard.config.settings import Settings, WebSettings
from overheard.wiring.kinds import load_settings
from overheard.wiring.reloading import SettingsFile, reloading
from overheard.wiring.subscriptions import bring_feeds
from overheard.wiring.system import System

HTTP = '[http]\ncontact = "us@firm.example"\n'
FEED = '\n[[feed]]\nname = "a"\nurl = "https://a.example/feed"\n'


def write(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "overheard.toml"
    path.write_text(HTTP)
    return path


def test_a_list_of_feeds_that_is_brought_in_meanwhile_is_polled(tmp_path: Path, config: Path) -> None:
    running = replace(load_settings(config), web=WebSettings(port=8123))
    with System(tmp_path / "data", running, config=config) as system:
        file = SettingsFile(system)
        assert not file.look()
        (tmp_path / "feeds.opml").write_text(
            '<opml version="2.0"><body><outline text="A" xmlUrl="https://a.example/feed"/></body></opml>'
        )
        bring_feeds(config, tmp_path / "feeds.opml")
        assert file.look()
        assert [one.name for one in system.settings.sources] == ["A"]
        assert system.settings_changed.is_set(), "whoever polls is woken"
        assert system.settings.web.port == 8123, "the command line said so"
        assert not file.look()


def test_what_cannot_be_read_leaves_the_settings_as_they_were_and_says_why(
    tmp_path: Path, config: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with System(tmp_path / "data", load_settings(config), config=config) as system:
        file = SettingsFile(system)
        write(config, f"{HTTP}{FEED}nme = 1\n")
        assert not file.look()
        assert "nme" in caplog.text and "kept" in caplog.text
        write(config, HTTP + FEED)
        assert file.look()
        assert [one.name for one in system.settings.sources] == ["a"]
        config.unlink()
        assert not file.look()
        assert [one.name for one in system.settings.sources] == ["a"]


def test_a_file_that_is_written_to_while_it_is_read_is_read_again(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An editor that empties the file and then writes: an empty file is good settings, without a source.
    write(config, HTTP + FEED)
    with System(tmp_path / "data", load_settings(config), config=config) as system:
        file = SettingsFile(system)
        config.write_text("")

        def slowly(path: Path) -> Settings:
            found = load_settings(path)
            config.write_text(f"{HTTP}{FEED}interval = 7200\n")
            return found

        monkeypatch.setattr("overheard.wiring.reloading.load_settings", slowly)
        assert not file.look()
        assert [one.name for one in system.settings.sources] == ["a"]
        monkeypatch.undo()
        assert file.look()
        assert [getattr(one, "interval", None) for one in system.settings.sources] == [7200]


def test_the_same_settings_in_other_words_wake_nobody(tmp_path: Path, config: Path) -> None:
    with System(tmp_path / "data", load_settings(config), config=config) as system:
        file = SettingsFile(system)
        write(config, f"# who\n{HTTP}")
        assert not file.look()
        assert not system.settings_changed.is_set()


def test_settings_without_a_file_stay(tmp_path: Path) -> None:
    with System(tmp_path / "data", Settings(), config=tmp_path / "none.toml") as system, reloading(system):
        assert not SettingsFile(system).look()
