"""Contacts (people) and accounts (organisations), as the CRM gave them; never overwritten by us."""

from datetime import date

from overheard.records.base import Record


class ExternalId(Record, frozen=True, kw_only=True):
    """What a CRM (`system`) calls the record."""

    system: str
    value: str


class LifecycleTag(Record, frozen=True, kw_only=True):
    """A dated tag on the one entity: prospect, customer, lost customer. `since` may be unknown.

    The last of a record's tags is the current one.
    """

    tag: str
    since: date | None = None


class Contact(Record, frozen=True, kw_only=True):
    """A person. Any field but `id` and `external_ids` may be empty.

    `handles` maps a platform to a handle there, as the CRM wrote it; `urls` are sites that are theirs.
    `organisation` is the employer's name as the CRM has it. `watched_by_name`: the full name alone passes the winnow.
    `place` is the locality; with `street`, `region`, `postal_code` and `country` it is vCard's ADR, as written.
    """

    id: str
    external_ids: tuple[ExternalId, ...]
    name: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    organisation: str = ""
    title: str = ""
    place: str = ""
    street: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    birthday: date | None = None
    owner: str = ""
    handles: dict[str, str] = {}
    urls: tuple[str, ...] = ()
    lifecycle: tuple[LifecycleTag, ...] = ()
    watched_by_name: bool = False


class Account(Record, frozen=True, kw_only=True):
    """An organisation. Any field but `id` and `external_ids` may be empty."""

    id: str
    external_ids: tuple[ExternalId, ...]
    name: str = ""
    domain: str = ""
    place: str = ""
    owner: str = ""
    handles: dict[str, str] = {}
    lifecycle: tuple[LifecycleTag, ...] = ()
