"""An identity: how one platform names somebody."""

from typing import Literal

from overheard.records.base import Record, Time

IdentityType = Literal["handle", "id", "url", "email", "phone", "name"]

# Who says that an identity is somebody's, surest first. "decision": a person. "crm": its record names it. "account id":
# the platform has one account under both (a handle that changed). "reciprocal link": each of two profiles links to the
# other, or the platform has verified that. "verified e-mail": both have the same verified address. "domain": the
# site that vouches for it is the account's own.
ClaimedBy = Literal["decision", "crm", "account id", "reciprocal link", "verified e-mail", "domain"]


def identity_key(platform: str, kind: IdentityType, value: str) -> str:
    """Return the key of an identity, `reddit:handle:antdude`; `value` must be normalised."""
    return f"{platform}:{kind}:{value}"


class Identity(Record, frozen=True, kw_only=True):
    """One identity and who claims it for whom.

    `value` is normalised for its type (handles folded without @, e-mails lower-case, URLs canonical); platform
    is "web" for URLs, "email" for addresses and "phone" for phone numbers (E.164). A phone number is never watched and
    never links anybody: whole firms share one. The type "name" is the full name of a contact who is watched by
    name: it lets a mention pass the winnow and never links anybody. `subject` is the contact or account that it
    stands for. `claimed_by` is who says so (`ClaimedBy`). `verified`: a person or a platform vouches for it. First and
    last seen: in mentions; absent when never. Type "id" is the platform's own id of an account.
    """

    platform: str
    type: IdentityType
    value: str
    subject: str
    claimed_by: ClaimedBy = "crm"
    verified: bool = False
    first_seen: Time | None = None
    last_seen: Time | None = None

    @property
    def key(self) -> str:
        """`platform:type:value`."""
        return identity_key(self.platform, self.type, self.value)
