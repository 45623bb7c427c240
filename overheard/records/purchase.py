"""Purchases: what an account or a contact bought, when and for how much, as the CRM gave them."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from overheard.records.base import Record
from overheard.records.contact import ExternalId


class Purchase(Record, frozen=True, kw_only=True):
    """One purchase. `account` and `contact` are ids, of which one may be empty; either record may come later.

    `product` is its name as the CRM has it, `term` the id of the watched own product or competitor that it is; "" where
    it is none. `at` is the day. `amount` is a decimal number as text ("125000.5"; of a refund below zero), "" where it
    is not known; `currency` ISO 4217, "" only without an amount.
    """

    id: str
    external_ids: tuple[ExternalId, ...]
    account: str = ""
    contact: str = ""
    product: str = ""
    term: str = ""
    at: date | None = None
    amount: Annotated[str, Meta(pattern=r"^(-?[0-9]{1,20}(\.[0-9]{1,10})?)?$")] = ""
    currency: Annotated[str, Meta(pattern="^([A-Z]{3})?$")] = ""
