"""An identity: how one platform names somebody."""

from typing import Literal

from overheard.records.base import Record, Time

IdentityType = Literal["handle", "url", "email", "phone", "name"]


def identity_key(platform: str, kind: IdentityType, value: str) -> str:
    """Return the key of an identity, `reddit:handle:antdude`; `value` must be normalised."""
    return f"{platform}:{kind}:{value}"


class Identity(Record, frozen=True, kw_only=True):
    """One identity and who claims it for whom.

    `value` is normalised for its type (handles folded without @, e-mails lower-case, URLs canonical); platform
    is "web" for URLs, "email" for addresses and "phone" for phone numbers (E.164). A phone number is never watched and
    never links anybody: whole firms share one. The type "name" is the full name of a contact who is watched by
    name: it lets a mention pass the winnow and never links anybody. `subject` is the contact or account that it
    stands for. `claimed_by` is who says so: "crm", "decision". First and last seen: in mentions; absent when never.
    """

    platform: str
    type: IdentityType
    value: str
    subject: str
    claimed_by: Literal["crm", "decision"] = "crm"
    verified: bool = False
    first_seen: Time | None = None
    last_seen: Time | None = None

    @property
    def key(self) -> str:
        """`platform:type:value`."""
        return identity_key(self.platform, self.type, self.value)
