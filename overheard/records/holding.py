"""Holdings: which products an account has, as the CRM gave them."""

from datetime import date

from overheard.records.base import Record
from overheard.records.contact import ExternalId


class Holding(Record, frozen=True, kw_only=True):
    """A product that an account has or had.

    `account` is the account's id; the account itself may come later. `product` is its name as the CRM has it, `term`
    the id of the watched own product or competitor that it is; "" where it is none. `until` is set when they gave it
    up: `left_for` what they have instead, `left_why` why.
    """

    id: str
    external_ids: tuple[ExternalId, ...]
    account: str
    product: str
    term: str = ""
    version: str = ""
    since: date | None = None
    until: date | None = None
    left_for: str = ""
    left_why: str = ""
