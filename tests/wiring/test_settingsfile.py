"""Settings written whole or not at all, where they are and as they were kept."""

import errno
import os
from pathlib import Path

import pytest

from overheard.errors import ConfigError
from overheard.wiring.settingsfile import write_settings

OLD = '# ours\n[http]\ncontact = "ops@firm.example"\n'
NEW = f'{OLD}\n[[feed]]\nname = "a"\nurl = "https://a.example/feed"\n'


def write(path: Path) -> None:
    write_settings(path, NEW, added="a table", advice="Try again")


def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    real, link = tmp_path / "kept" / "settings.toml", tmp_path / "overheard.toml"
    real.write_text(OLD)
    link.symlink_to(Path("kept") / "settings.toml")
    write(link)
    assert link.is_symlink()
    assert real.read_text() == NEW


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EBUSY, errno.ENOSPC])
@pytest.mark.parametrize("step", ["write_text", "replace"])
def test_where_they_cannot_be_written_that_is_said_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    path = tmp_path / "overheard.toml"
    path.write_text(OLD)

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, step, fail)
    with pytest.raises(ConfigError, match=r"overheard\.toml: expected settings that can be written; got: ") as caught:
        write(path)
    assert os.strerror(number) in str(caught.value)
    monkeypatch.undo()
    assert [one.name for one in tmp_path.iterdir()] == ["overheard.toml"]
    assert path.read_text() == OLD
