"""Whether a message is from whom it says: by what the receiving server found, and by nobody else's word. Pure.

`Authentication-Results` (RFC 8601) may be written by anybody on the way. The receiving server puts its own above all
that came, and takes away those that say to be its own; so only the topmost counts, and only where it is that server's.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from overheard.collectors.mail.message import Letter, Person
from overheard.urls import registrable_domain

# Hosts of mailboxes -> the domain by which the servers call themselves that receive for them.
_RECEIVES_FOR = {"gmail.com": "google.com", "googlemail.com": "google.com", "fastmail.com": "messagingengine.com"}
# Microsoft's servers name no id.
_NAMELESS = frozenset({"office365.com", "office365.us", "office.com", "outlook.com", "outlook.cn"})
_RESULT = re.compile(r"\s*([a-z0-9-]+)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)\b(.*)", re.IGNORECASE | re.DOTALL)
_PROPERTY = re.compile(r"""\b([a-z]+\.[a-z-]+)\s*=\s*"?([^\s;"]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Vouched:
    """The domains that signed a message (DKIM), and the one of the sender by which it passed DMARC; "" for none."""

    signed: frozenset[str] = frozenset()
    sender: str = ""

    def is_from(self, person: Person) -> bool:
        """True where the address of the sender is vouched for."""
        if not person.plain or not person.domain:
            return False
        own = registrable_domain(person.domain) or person.domain
        return self.sender == person.domain or any((registrable_domain(one) or one) == own for one in self.signed)

    def has_signed(self, domain: str) -> bool:
        """True where a domain, or one below it, has signed it."""
        return any(one == domain or one.endswith(f".{domain}") for one in (*self.signed, self.sender))


def vouched(letter: Letter, host: str, authserv: str = "") -> Vouched:
    """Return what the receiving server of a mailbox at `host` found; nothing where its word is not there.

    `authserv` is the id by which that server calls itself; "" where it is to be one of the host's own domain.
    """
    results = letter.headers.get("authentication-results", ())
    if not results:
        return Vouched()
    said = _segments(results[0])
    named = said[0].split()[0].lower().rstrip(".") if said and said[0].split() else ""
    own = registrable_domain(host) or host
    if "=" in said[0] and not authserv and own in _NAMELESS:
        found = said
    elif (named == authserv.lower()) if authserv else _is_own(named, own):
        found = said[1:]
    else:
        return Vouched()
    signed: set[str] = set()
    sender = ""
    for one in found:
        match = _RESULT.match(one)
        if match is None or match[2].lower() != "pass":
            continue
        properties = {name.lower(): value.lower().rstrip(".") for name, value in _PROPERTY.findall(match[3])}
        if match[1].lower() == "dkim" and (by := properties.get("header.d") or properties.get("header.i", "")):
            signed.add(by.rpartition("@")[2])
        elif match[1].lower() == "dmarc":
            sender = properties.get("header.from", "").rpartition("@")[2] or letter.sender.domain
    return Vouched(frozenset(signed), sender)


def _is_own(named: str, own: str) -> bool:
    domain = registrable_domain(named) or named
    return bool(named) and "=" not in named and domain in (own, _RECEIVES_FOR.get(own, own))


def _segments(header: str) -> list[str]:
    """Return a header parted at its semicolons; comments are gone, and what is quoted parts nothing."""
    parts = [""]
    depth, quoted, escaped = 0, False, False
    for c in header:
        if escaped:
            escaped = False
            if not depth and not quoted:
                parts[-1] += c
        elif c == "\\":
            escaped = True
        elif quoted:
            quoted = c != '"'
            if c not in ';"=' and not c.isspace():
                parts[-1] += c
        elif c == '"' and not depth:
            quoted = True
        elif c == "(":
            depth += 1
            parts[-1] += " " if depth == 1 else ""
        elif c == ")" and depth:
            depth -= 1
        elif depth:
            continue
        elif c == ";":
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts]


def said_at(letter: Letter, received: datetime | None) -> datetime | None:
    """Return when a letter was written: as it says, where that is not after it was received by more than a day."""
    date = letter.date
    if date is None or received is None:
        return date or received
    return date if (date - received).days < 1 else received
