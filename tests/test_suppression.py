"""Suppression: nothing in clear, nobody missed, nobody else met."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.config.settings import PrivacySettings, Settings
from overheard.errors import ConfigError
from overheard.identities import identities_of_actor
from overheard.records import Actor, Contact, ExternalId, Mention, Suppression, contact_id
from overheard.suppression import NOBODY, Suppressions, fingerprint_of, keys_of_contact, suppression_hash
from overheard.wiring.keyfile import KeyFile
from tests.strategies import contacts, mentions, texts

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SECRET = bytes(range(32))


def suppressing(*keys: str, secret: bytes = SECRET) -> Suppressions:
    entries = [
        Suppression(id=suppression_hash(secret, key), fingerprint=fingerprint_of(secret), at=NOW) for key in keys
    ]
    return Suppressions(lambda: secret, entries)


def post(**actor: str) -> Mention:
    author = Actor(platform="x", **actor)  # type: ignore[arg-type]
    return Mention(id="men_1", platform="x", source="x", content="hello", first_seen=NOW, attributed_to=author)


@given(st.lists(texts, unique=True, max_size=8), st.lists(texts, unique=True, max_size=8))
def test_exactly_the_keys_on_the_list_are_suppressed(on: list[str], off: list[str]) -> None:
    one = suppressing(*on)
    assert all(map(one.is_suppressed, on))
    assert [key for key in off if one.is_suppressed(key)] == [key for key in off if key in on]


@given(mentions)
def test_a_mention_is_covered_by_its_id_and_by_each_identity_of_its_author_and_by_nothing_else(said: Mention) -> None:
    assert not NOBODY.covers_mention(said)
    for key in (said.id, *identities_of_actor(said.attributed_to)):
        assert suppressing(key).covers_mention(said)
    assert not suppressing("x:handle:somebody who is not in it").covers_mention(said)


@given(contacts)
def test_a_contact_is_covered_by_its_ids_and_identities_but_by_no_phone(contact: Contact) -> None:
    keys = keys_of_contact(contact)
    assert not any(key.startswith("phone:") for key in keys)
    assert all(suppressing(key).covers_contact(contact) for key in keys)
    for ref in contact.external_ids:
        assert suppressing(contact_id(ref.system, ref.value)).covers_contact(contact)


@pytest.mark.parametrize("handle", ["Ann_Lee", "@ann_lee", "ANN_LEE"])
def test_other_spellings_of_an_identity_are_the_same(handle: str) -> None:
    assert suppressing("x:handle:ann_lee").covers_mention(post(preferred_username=handle))


def test_an_entry_tells_nothing_of_whom_it_is() -> None:
    (entry,) = suppressing("email:email:ann@firm.example").entries
    assert re.fullmatch("[0-9a-f]{64}", entry.id)
    assert "ann" not in repr(entry)
    other = suppressing("email:email:ann@firm.example", secret=b"x" * 32).entries[0]
    assert (other.id, other.fingerprint) != (entry.id, entry.fingerprint)


def test_a_list_of_another_key_is_refused_instead_of_matching_nobody() -> None:
    entries = suppressing("x:handle:ann", secret=b"x" * 32).entries
    with pytest.raises(ConfigError, match="fingerprint"):
        Suppressions(lambda: SECRET, entries)


def test_the_key_file_is_made_once_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    file = KeyFile.of(Settings(), tmp_path)
    with pytest.raises(ConfigError, match="not there"):
        file.read()
    key = file.read_or_make()
    assert KeyFile(file.path).read_or_make() == file.read() == key
    assert file.path == tmp_path / "suppression.key"
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file.path]
    file.path.write_text("short")
    with pytest.raises(ConfigError, match="64 hexadecimal digits"):
        file.read()
    elsewhere = KeyFile.of(Settings(privacy=PrivacySettings(key_file=str(tmp_path / "k"))), tmp_path)
    assert elsewhere.path == tmp_path / "k"


def test_a_contact_that_shares_nothing_but_a_switchboard_is_somebody_else() -> None:
    ids = (ExternalId(system="crm", value="1"),)
    ann = Contact(id="con_a", external_ids=ids, phones=("+912025501234",), emails=("ann@firm.example",))
    bob = Contact(id="con_b", external_ids=(), phones=("+912025501234",), emails=("bob@firm.example",))
    assert not suppressing(*keys_of_contact(ann)).covers_contact(bob)
