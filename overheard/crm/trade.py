"""What holdings and purchases share: whose they are, and which watched product. Pure."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from overheard.crm.rows import Cells
from overheard.records import Term, account_id, contact_id
from overheard.table import Field
from overheard.text import fold

ACCOUNT_FIELDS = (
    Field("account_id", ("account_external_id", "account_no", "account_number", "customer_id", "company_id")),
    Field(
        "account",
        ("account_name", "company", "company_name", "customer", "customer_name", "organisation", "organization"),
    ),
    Field("domain", ("website", "account_domain", "company_domain")),
)
PRODUCT = Field("product", ("product_name", "item", "model", "machine", "equipment", "description"))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known when a list comes in: each function returns the ids of those who are called so, in order.

    `accounts` takes an external id, a name or a domain; `contacts` an external id, an e-mail address, a phone number or
    a name. `terms` are those that are watched.
    """

    accounts: Callable[[str], Sequence[str]]
    contacts: Callable[[str], Sequence[str]]
    terms: Collection[Term] = ()


def account_of(cells: Cells, known: Known, system: str) -> str:
    """Return the id of the account that a row names by its id, its name or its domain; "" where it names none.

    An id that nobody has yet is taken at its word, with a warning: its account may come later. Raises InputError for a
    name or domain that no account has, or several.
    """
    if value := cells.text("account_id"):
        found = known.accounts(value)
        if len(found) == 1:
            return found[0]
        cells.warn("account_id", f"no account {value!r} is known yet; this shows once it is imported")
        return account_id(system, value)
    for name in ("account", "domain"):
        if value := cells.text(name):
            return _one(cells, name, value, known.accounts(value), "account", account_id(system, value))
    return ""


def contact_of(cells: Cells, known: Known, system: str) -> str:
    """Return the id of the contact that a row names by id, e-mail address, phone number or name; as `account_of`."""
    if value := cells.text("contact_id"):
        found = known.contacts(value)
        if len(found) == 1:
            return found[0]
        cells.warn("contact_id", f"no contact {value!r} is known yet; this shows once it is imported")
        return contact_id(system, value)
    if value := cells.text("contact"):
        return _one(cells, "contact", value, known.contacts(value), "contact", contact_id(system, value))
    return ""


def _one(  # noqa: PLR0917  called in two places
    cells: Cells, field: str, value: str, found: Sequence[str], kind: str, later: str
) -> str:
    if len(found) == 1:
        return found[0]
    if found:
        message = f"expected one {kind}; {len(found)} are called {value!r}. Name it by its external id"
        raise cells.error(field, message)
    if " " not in value and any(c.isdigit() for c in value) and "." not in value and "@" not in value:
        cells.warn(field, f"no {kind} {value!r} is known; taken for its external id, this shows once it is imported")
        return later
    by = "name or domain" if kind == "account" else "e-mail, phone or name"
    message = f"expected the external id, {by} of a known {kind}; got {value!r}. Import {kind}s first"
    raise cells.error(field, message)


def term_of(product: str, terms: Collection[Term]) -> str:
    """Return the id of the watched own product or competitor that a product's name is; "" where none or several fit.

    A term fits by an alias that is the whole name, else by one that stands in it as words.
    """
    name = " ".join(fold(product).split())
    wanted = [term for term in terms if term.kind in ("own-product", "competitor")]
    for fits in (lambda alias: alias == name, lambda alias: _stands_in(alias, name)):
        if found := {term.id for term in wanted if any(fits(" ".join(fold(a).split())) for a in term.aliases)}:
            return found.pop() if len(found) == 1 else ""
    return ""


def _stands_in(alias: str, name: str) -> bool:
    at = name.find(alias) if alias else -1
    while at >= 0:
        before, after = name[at - 1 : at] if at else "", name[at + len(alias) : at + len(alias) + 1]
        if not _is_word(before) and not _is_word(after):
            return True
        at = name.find(alias, at + 1)
    return False


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
