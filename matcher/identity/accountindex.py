"""Which account a name, handle, domain or address belongs to: all that may be meant, best first. Pure, in memory."""

from collections.abc import Iterable
from typing import NamedTuple

from rapidfuzz import fuzz

from overheard.identities import handle_key, identities_of_account, normal_email, normal_platform
from overheard.matcher.identity.multi import Multi
from overheard.matcher.names.organisations import (
    acronym,
    bare_names,
    employer_domain,
    organisation_key,
    short_key,
    site_domain,
)
from overheard.records import Account, Evidence
from overheard.text import fold

# What finds an account, in log-odds that it is the one that was meant; the surest that is found counts whole, and how
# alike the spellings are parts what finds equally well.
IDENTITY, SITE, NAME, NAME_CUT, ONE_WORD, OWN_LABEL, INITIALS, WORDS, LETTERS = (
    7.0,
    6.0,
    5.0,
    4.5,
    4.0,
    3.5,
    2.5,
    2.0,
    1.0,
)
_SPELLING = 1.0
# Accounts that share one word, from which on the word tells none of them: "Technologies".
_MOST_OF_A_WORD = 400
_LEAST_ALIKE = 70
_END = 3  # letters at the beginning and end of a name by which a mistyped one is found


class AccountMatch(NamedTuple):
    """An account that may be meant; `weight` orders them, the evidence says why."""

    account: Account
    weight: float
    evidence: tuple[Evidence, ...]


class AccountIndex:
    """Accounts by their names in every usual spelling, handles and sites. A function of what was put, not its order."""

    def __init__(self, accounts: Iterable[Account] = ()) -> None:
        self._accounts: dict[str, Account] = {}
        self._keys: Multi[str] = Multi()
        for account in accounts:
            self.put(account)

    def put(self, account: Account) -> None:
        """Add an account, or what it is now."""
        self.drop(account.id)
        self._accounts[account.id] = account
        for key in _filed(account):
            self._keys.file(key, account.id, add=True)

    def drop(self, id_: str) -> None:
        """Take an account away; one that is not here is no error."""
        if (old := self._accounts.pop(id_, None)) is not None:
            for key in _filed(old):
                self._keys.file(key, id_, add=False)

    def find(self, text: str, *, limit: int = 10) -> list[AccountMatch]:
        """Return the accounts that a name, handle ("@acme", "x:acme"), domain, URL or e-mail address may mean.

        At most `limit`, best first, ties by id; empty where nothing is like it.
        """
        found: dict[str, dict[str, Evidence]] = {}
        for weight, feature, key in _sought(text):
            ids = self._keys.of(key)
            if len(ids) > _MOST_OF_A_WORD:
                continue
            for id_ in ids:
                held = found.setdefault(id_, {})
                if feature not in held:
                    held[feature] = Evidence(
                        feature=feature, weight=weight, mention_value=text, crm_value=_told(self._accounts[id_], key)
                    )
        spelled = _spelled(text)
        matches = [self._match(id_, text, spelled, evidence) for id_, evidence in found.items()]
        kept = [one for one in matches if one is not None]
        kept.sort(key=lambda one: (-one.weight, one.account.id))
        return kept[:limit]

    def _match(
        self, id_: str, text: str, spelled: tuple[str, ...], evidence: dict[str, Evidence]
    ) -> AccountMatch | None:
        account = self._accounts[id_]
        alike = max(fuzz.ratio(one, other) for one in spelled for other in _spellings(account))
        best = max(evidence.values(), key=lambda one: one.weight)
        if best.weight <= WORDS and alike < _LEAST_ALIKE:
            return None
        spelling = Evidence(
            feature="spelled alike",
            weight=round(_SPELLING * alike / 100, 3),
            mention_value=text,
            crm_value=account.name,
        )
        return AccountMatch(account, round(best.weight + spelling.weight, 6), (best, spelling))


def _filed(account: Account) -> set[str]:
    """Return the keys under which an account is found."""
    keys = {f"identity {one.key}" for one in identities_of_account(account)}
    if domain := employer_domain(account.domain):
        keys |= {f"site {domain}", f"label {domain.partition('.')[0].replace('-', '')}"}
    for handle in account.handles.values():
        keys |= {f"label {one}" for one in bare_names(handle)[:1]}
    key = organisation_key(account.name)
    if not key:
        return keys
    short = short_key(account.name)
    keys |= {f"name {' '.join(key)}", f"short {' '.join(short)}", f"joined {''.join(key)}", f"joined {''.join(short)}"}
    keys |= {f"word {word}" for word in (*key, *short) if len(word) > 2}
    keys |= {f"letters {gram}" for gram in _grams("".join(key))}
    if initials := acronym(account.name):
        keys.add(f"initials {initials}")
    if len(key) == 1 and len(key[0]) > 2:
        keys.add(f"initials {key[0]}")  # IBM on the list, "International Business Machines" asked for
    return keys


def _sought(text: str) -> Iterable[tuple[float, str, str]]:
    """Yield (weight, feature, key) of what a text asks for, surest first."""
    plain = fold(text).strip()
    platform, colon, rest = plain.partition(":")
    handle = plain.removeprefix("@") if plain.startswith("@") else ""
    if colon and not rest.startswith("//") and " " not in plain:
        handle = rest.rpartition(":")[2].removeprefix("@")
        yield IDENTITY, "the CRM has this handle", f"identity {handle_key(normal_platform(platform), handle)}"
    label = handle
    domain = employer_domain(normal_email(plain) or site_domain(plain)) if not handle and " " not in plain else ""
    if domain:
        yield SITE, "its site", f"site {domain}"
        label = domain.partition(".")[0]
    bare = bare_names(label or plain)
    if not label or not domain:
        key, short = organisation_key(text), short_key(text)
        yield NAME, "the name", f"name {' '.join(key)}"
        yield NAME_CUT, "the name, cut short or spelled out", f"short {' '.join(short)}"
        yield ONE_WORD, "the name as one word", f"joined {''.join(key)}"
        yield ONE_WORD, "the name as one word", f"joined {''.join(short)}"
        if initials := acronym(text):
            yield INITIALS, "initials", f"initials {initials}"
        for word in (*key, *short):
            yield WORDS, "a word of the name", f"word {word}"
    for i, one in enumerate(bare):
        less = 0.0 if not i else 0.5  # with "hq" or "get" left out
        yield ONE_WORD - less, "the name as one word", f"joined {one}"
        yield OWN_LABEL - less, "a handle or site of its own", f"label {one}"
        yield INITIALS - less, "initials", f"initials {one}"
    for gram in _grams(bare[0] if bare else ""):
        yield LETTERS, "letters in common", f"letters {gram}"


def _grams(joined: str) -> set[str]:
    """Return the beginning and end of a name, by which one that is mistyped elsewhere is found."""
    return {f"^{joined[:_END]}", f"{joined[-_END:]}$"} if len(joined) > _END else set()


def _spelled(text: str) -> tuple[str, ...]:
    key = "".join(organisation_key(text))
    return tuple(dict.fromkeys(one for one in (key, *bare_names(text.rpartition(":")[2])[:2]) if one)) or (fold(text),)


def _spellings(account: Account) -> tuple[str, ...]:
    return "".join(organisation_key(account.name)), "".join(short_key(account.name))


def _told(account: Account, key: str) -> str:
    kind, _, value = key.partition(" ")
    return value if kind in ("identity", "site", "label") else account.name
