import re
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from overheard.collectors.files import map_mentions, read_mentions
from overheard.config.watchlist import load_watchlist
from overheard.crm.accounts import map_accounts, plan_accounts
from overheard.crm.contacts import map_contacts, plan_contacts
from overheard.records import Mention
from overheard.table import open_table
from overheard.text import fold
from overheard.urls import canonical_url

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def sample() -> Path:
    with as_file(files("overheard.config") / "sample") as folder:
        return folder


def test_the_sample_is_read_without_an_error_or_a_note(sample: Path) -> None:
    with open_table(sample / "mentions.ndjson") as table:
        mentions = [m for m in read_mentions(table, map_mentions(table), now=NOW) if isinstance(m, Mention)]
        assert not table.notes
    assert len({m.id for m in mentions}) == len((sample / "mentions.ndjson").read_text("utf-8").splitlines())
    assert all(m.published and m.published < NOW for m in mentions)
    watchlist = load_watchlist(sample / "watch.toml")
    assert watchlist.warnings == ()
    texts = [fold(m.text) for m in mentions]
    for term in watchlist.terms:
        assert any(fold(alias) in text for alias in term.aliases for text in texts), term.id


def test_the_samples_contacts_and_accounts_are_all_created(sample: Path) -> None:
    with open_table(sample / "contacts.csv") as table:
        contacts = plan_contacts(table, map_contacts(table), current=lambda _: None, now=NOW)
    with open_table(sample / "accounts.csv") as table:
        accounts = plan_accounts(table, map_accounts(table), current=lambda _: None, now=NOW)
    assert contacts.counts == {"created": 8, "warnings": 0}
    assert accounts.counts == {"created": 3, "warnings": 0}


def test_the_sample_names_no_real_host(sample: Path) -> None:
    for file in sample.iterdir():
        hosts = re.findall(r"https?://([\w.-]+)|@([\w-]+\.[\w.]+)", file.read_text("utf-8"))
        assert {canonical_url(f"https://{a or b}").rpartition(".")[2] for a, b in hosts} <= {"example/", "org/"}
