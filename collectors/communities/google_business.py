"""Google Business Profile: reviews of locations of one's own.

https://developers.google.com/my-business/reference/rest/v4/accounts.locations.reviews
"""

import re
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from overheard.collectors.base import Reading, Terms
from overheard.collectors.communities.community import (
    Address,
    actor_of,
    mention_of,
    placed,
    reading_of,
    with_query,
)
from overheard.collectors.communities.fields import FieldError, Item, document, unexpected
from overheard.collectors.communities.granted import GOOGLE, Granted
from overheard.collectors.markup import from_text
from overheard.records import Actor, Fetch, Mention, Rating

PLATFORM = "google"
_EXPECTED = "reviews of the Google Business Profile API"
_MOST = 50
_STARS = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5}
# Google writes a translation beside what was said, before it or after it.
_BEFORE = re.compile(r"\A\(Translated by Google\).*?^\(Original\)[ \t]*\n?", re.DOTALL | re.MULTILINE)
_AFTER = re.compile(r"^\(Translated by Google\)", re.MULTILINE)
# What Google calls whoever it does not name.
_UNNAMED = "a google user"
_OFTEN = (
    "It was asked too often. A quota of 0 means that Google has not let the project of your application in yet: apply "
    "for access to the Business Profile APIs."
)
_Id = Annotated[str, Meta(max_length=100, pattern="^[\\w-]*$")]


class GoogleBusiness(Granted, frozen=True, kw_only=True):
    """The reviews of the location with the id `location` of an `account`, asked at `api` as who may manage it."""

    kind = "google_business"
    kind_terms = Terms("https://developers.google.com/my-business/content/policies")
    exchange_at = GOOGLE
    pages = True
    # All reviews are there, the last changed first: one that is not is looked for, and may be gone.
    shows_newest = True
    token_from = "Google's OAuth consent of your application, for the scope business.manage."  # noqa: S105
    asks = {
        "account": "The id of your account in the Business Profile API, a number.",
        "location": "The id of the location there, a number.",
        "api": "Where the reviews are asked for.",
    }
    complaints = {
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "The token of this source does not allow that: sign in once more, and allow "
        "the scope https://www.googleapis.com/auth/business.manage.",
        "SERVICE_DISABLED": "Switch on the Google My Business API in the project of your application.",
        "accessNotConfigured": "Switch on the Google My Business API in the project of your application.",
        "RATE_LIMIT_EXCEEDED": _OFTEN,
        "RESOURCE_EXHAUSTED": _OFTEN,
        "UNAUTHENTICATED": "The token of this source expired or was withdrawn: sign in once more, and put the new one "
        "where the settings say.",
        "NOT_FOUND": "There is no such location: look at `account` and `location`.",
        "PERMISSION_DENIED": "The token of this source does not allow that: sign in as whoever manages the location.",
        "FAILED_PRECONDITION": "The location is not verified: its reviews are told when it is.",
    }

    mended_there = frozenset({"FAILED_PRECONDITION", "UNAUTHENTICATED", "PERMISSION_DENIED"})

    account: _Id = ""
    location: _Id = ""
    api: Annotated[Address, Meta(min_length=1)] = "https://mybusiness.googleapis.com/v4"

    def address(self) -> str:
        """Return where to ask (`Community.address`)."""
        if not (self.account and self.location):
            raise ValueError("expected `account` and `location`, the ids of a location of yours; one is missing")
        self.need_token()
        values = {"pageSize": _MOST, "orderBy": "updateTime desc"}
        return f"{self._base}/reviews?{urlencode(values)}"

    @property
    def _base(self) -> str:
        return f"{self.api.rstrip('/')}/accounts/{self.account}/locations/{self.location}"

    @property
    def is_own(self) -> bool:
        """True: it has reviews of locations of one's own (`Source.is_own`)."""
        return True

    def still_at(self, mention: Mention) -> str:
        """Return where the API has a review: its address for people says the same whether it is there or not."""
        return f"{self._base}/reviews/{mention.native_id}"

    def read(self, fetch: Fetch) -> Reading:
        """Return the reviews of an answer (`Source.read`)."""
        return read_reviews(fetch)


def read_reviews(fetch: Fetch) -> Reading:
    """Return the mentions in an answer: the reviews of a location, of several (batchGetReviews), one review.

    What the owner answers is no utterance of somebody else, and is only counted. Raises InputError where there are no
    reviews to be read.
    """
    found = document(fetch, _EXPECTED)
    reviews = _reviews(found)
    if reviews is None:
        raise unexpected(fetch, found, _EXPECTED)
    token = found.get("nextPageToken")
    following = with_query(fetch.url, pageToken=token) if isinstance(token, str) and token and reviews else ""
    return reading_of(fetch, reviews, lambda item: _taken(fetch, item), next_page=following)


def _reviews(found: Any) -> list[tuple[str, Any]] | None:
    if not isinstance(found, dict) or "error" in found:
        return None
    if isinstance(found.get("reviews"), list):
        return placed(found["reviews"], "reviews")
    if isinstance(found.get("locationReviews"), list):
        several = placed(found["locationReviews"], "locationReviews")
        return [
            (f"{path}.review", one.get("review")) if isinstance(one, dict) else (path, one) for path, one in several
        ]
    if "reviewId" in found or ("name" in found and "starRating" in found):
        return [("", found)]
    # A location without reviews is an empty object: fields without a value are left out.
    return [] if found.keys() <= {"averageRating", "totalReviewCount", "nextPageToken"} else None


def _taken(fetch: Fetch, item: Item) -> Mention:
    name = item.text("name")
    id_ = item.id("reviewId") or name.rpartition("/reviews/")[2]
    if not id_:
        raise FieldError(item.place("reviewId"), "expected the id of a review; there is none")
    stars = item.text("starRating")
    if not stars and not item.has("comment"):
        raise FieldError(item.place("starRating"), "expected the stars of a review, or what it says; got neither")
    mention = mention_of(
        fetch,
        PLATFORM,
        id_,
        from_text(_original(item.text("comment"))),
        url=item.text_if_any("reviewReplyUrl"),
        kind="Review",
        published=item.time("createTime"),
        updated=item.time_if_any("updateTime"),
        in_reply_to="",
        context=name.partition("/reviews/")[0] if "/reviews/" in name else "",
        author=_author(item),
        replies=int(item.has("reviewReply")),
    )
    number = _STARS.get(stars)
    return mention if number is None else msgspec.structs.replace(mention, rating=Rating(value=number))


def _original(comment: str) -> str:
    """Return what was said, without Google's translation of it."""
    said = _BEFORE.sub("", comment, count=1)
    after = _AFTER.search(said)
    return (said[: after.start()].rstrip() if after else said) or comment


def _author(item: Item) -> Actor | None:
    """Return who wrote a review: a name, and nothing that it could be found by; nobody where they stay unnamed."""
    reviewer = item.item("reviewer")
    if reviewer is None or reviewer.flag("isAnonymous"):
        return None
    name = reviewer.text("displayName")
    return None if name.casefold() == _UNNAMED else actor_of(PLATFORM, name=name)
