"""A mention: one utterance, public or to us alone, shaped as an ActivityStreams 2.0 object."""

from typing import Literal

from overheard.records.base import ObjectType, Record, Time

# How something reached us that was said to us alone; "" for what was said in public.
Channel = Literal["", "mail", "chat", "form"]


class ProfileLink(Record, frozen=True, kw_only=True):
    """A URL on an author's profile, as given. `verified`: the platform has seen that the page there links back."""

    url: str
    verified: bool = False


class Actor(Record, frozen=True, kw_only=True):
    """Who said it, as the platform gave it. `platform` with a handle, `native_id` or `url` makes identities.

    All but `platform` may be empty; an actor with nothing but a `name` has no identity. `native_id` is the platform's
    own id of the account, which stays when the handle changes and never is another's. `summary` is the plain text of
    the profile (the bio), `links` the URLs on it. `email_verified`: the platform, or the signature on a mail, vouches
    for `email`; one that its owner merely typed is not verified. `phone` is a telephone number in E.164; where it is
    the platform's own id of the account (`native_id`), as of messengers, the platform vouches for it.
    """

    platform: str
    preferred_username: str = ""
    native_id: str = ""
    name: str = ""
    url: str = ""
    email: str = ""
    email_verified: bool = False
    phone: str = ""
    summary: str = ""
    links: tuple[ProfileLink, ...] = ()


class Rating(Record, frozen=True, kw_only=True):
    """What a review gives, as schema.org's Rating: `value` on a scale from `worst` to `best`."""

    value: float
    best: float = 5.0
    worst: float = 1.0


class Mention(Record, frozen=True, kw_only=True):
    """One utterance: a public one, or, where `channel` is set, what somebody wrote to us alone.

    What came by a channel ("mail": a mailbox of ours; "chat": a messenger; "form": a form or a marketplace's lead) is
    an activity of whoever wrote it. It is no public mention: it counts in no volume, reach or trend of what is said
    publicly, and leaves Overheard by no way that shows what is public.

    `content` and `name` are plain text made once at the door (`overheard.text.clean`). `source` is the configured
    source that brought it ("news", "reddit", a feed's name); `platform` the site that its native id and handles belong
    to ("reddit", "x"; "web" for anything found by URL). `first_seen` is when Overheard first had it. `tag` are hashtags
    without `#`, `links` the URLs in the text, as given. `language` is what the source declared (BCP 47), may be empty.
    `in_reply_to` is the URL or native id of what it answers, `context` that of the root of its thread where the
    platform tells it. Aliases: other canonical URLs of the same utterance. `method` is how the text was had: "" as the
    source gave it, "page" from the page that a feed only sums up. `response` is what a webmention is to the page of
    ours that it was verified to link to, "mention" for a mere link; "" for all others. `rating` is what a review gives,
    None for what gives none. `own`: it was said where we are at home (a review of our shop, a comment on our page), and
    is about us by being there; `about` are the ids of the watched terms that all that its source has is about, as the
    settings say. `withheld` says what was left out as this left Overheard, and by whose policy; it is never
    kept.
    """

    id: str
    type: ObjectType = "Note"
    platform: str
    native_id: str = ""
    source: str
    content: str
    name: str = ""
    url: str = ""
    published: Time | None = None
    updated: Time | None = None
    first_seen: Time
    in_reply_to: str = ""
    context: str = ""
    attributed_to: Actor | None = None
    tag: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    language: str = ""
    generator: str = ""
    method: str = ""
    response: Literal["", "reply", "like", "repost", "bookmark", "mention"] = ""
    likes: int | None = None
    shares: int | None = None
    replies: int | None = None
    withheld: str = ""
    channel: Channel = ""
    rating: Rating | None = None
    own: bool = False
    about: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The one text that every offset refers to: the name, a newline and the content, or one of them."""
        if self.name and self.content:
            return f"{self.name}\n{self.content}"
        return self.name or self.content


# The source of what a person hands in: it passes the winnow always, since they say that it is about us.
BY_HAND = "by hand"

# What does not make a new revision of a mention: when we saw it, and counts that move with every poll.
VOLATILE = ("first_seen", "likes", "shares", "replies")
