"""Suppression: who was erased, told from everybody else by keyed hashes alone. Pure.

    identity key, contact id, mention id ──HMAC-SHA256, secret of the installation──▶ hash ──▶ is it on the list?

Without the secret nobody can look in the list whether somebody is on it: identities are few enough to try them all.
"""

import hmac
import threading
from collections.abc import Callable, Iterable
from typing import Final

from overheard.errors import ConfigError
from overheard.identities import identities_of_actor, identities_of_contact
from overheard.records import Contact, Mention, Suppression, contact_id

_FINGERPRINT: Final = b"overheard suppression key"
SECRET_BYTES: Final = 32


def fingerprint_of(secret: bytes) -> str:
    """Return what tells a secret from another one, and gives nothing of it away."""
    return hmac.digest(secret, _FINGERPRINT, "sha256").hex()[:16]


def suppression_hash(secret: bytes, key: str) -> str:
    """Return the hash that stands for an identity's key, or a contact's or mention's id."""
    return hmac.digest(secret, key.encode("utf-8", "surrogatepass"), "sha256").hex()


def keys_of_contact(contact: Contact) -> tuple[str, ...]:
    """Return what a contact is known again by: its ids and identities.

    No phone number is among them: a switchboard is a whole firm's, so it would keep colleagues out.
    """
    ids = (contact.id, *(contact_id(one.system, one.value) for one in contact.external_ids))
    identities = (identity.key for identity in identities_of_contact(contact) if identity.type != "phone")
    return tuple(dict.fromkeys((*ids, *identities)))


def keys_of_mention(mention: Mention) -> tuple[str, ...]:
    """Return what a mention is known again by: its id and its author's identities."""
    return (mention.id, *identities_of_actor(mention.attributed_to))


class Suppressions:
    """The list. It costs nothing while it is empty. Thread-safe for one that changes it and many that look.

    `secret` gives the secret; it is asked for when the first entry comes, so that nobody needs one before.
    """

    def __init__(self, secret: Callable[[], bytes], entries: Iterable[Suppression] = ()) -> None:
        self._ask = secret
        self._secret = b""
        self._fingerprint = ""
        self._entries: dict[str, Suppression] = {}
        self._lock = threading.Lock()
        for entry in entries:
            self.put(entry)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> tuple[Suppression, ...]:
        """All entries, in order of their ids."""
        return tuple(entry for _, entry in sorted(self._entries.items()))

    def put(self, entry: Suppression) -> None:
        """Add an entry. Raises ConfigError where another secret than this installation's made it."""
        with self._lock:
            if not self._secret:
                self._secret = self._ask()
                self._fingerprint = fingerprint_of(self._secret)
            if entry.fingerprint != self._fingerprint:
                msg = (
                    f"expected the suppression key with the fingerprint {entry.fingerprint}, which the list of erased "
                    f"people was made with; got the one with {self._fingerprint}. Put the right key file in its place "
                    "(`key_file` in [privacy] of the settings): without it those who were erased would come back"
                )
                raise ConfigError(msg)
            self._entries[entry.id] = entry

    def take_out(self, id_: str) -> None:
        """Forget the entry of this id, if it is there."""
        self._entries.pop(id_, None)

    def has(self, id_: str) -> bool:
        """True where an entry has this id."""
        return id_ in self._entries

    def is_suppressed(self, key: str) -> bool:
        """True for the key of an identity, or the id of a contact or mention, that is on the list."""
        return bool(self._entries) and suppression_hash(self._secret, key) in self._entries

    def covers_mention(self, mention: Mention) -> bool:
        """True where the mention, or one of its author's identities, is on the list."""
        return bool(self._entries) and any(map(self.is_suppressed, keys_of_mention(mention)))

    def covers_contact(self, contact: Contact) -> bool:
        """True where the contact, or one of its identities, is on the list."""
        return bool(self._entries) and any(map(self.is_suppressed, keys_of_contact(contact)))


NOBODY: Final = Suppressions(bytes)
"""The list without entries, for those who have none. Not to be changed."""


def nobody() -> Suppressions:
    """Return the list without entries."""
    return NOBODY
