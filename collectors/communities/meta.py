"""What Meta's services have in common: the Graph API, its pages, its limits, its errors.

https://developers.facebook.com/docs/graph-api
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from overheard.collectors.base import OLDER, Complaint, Further, Terms
from overheard.collectors.communities.community import Community, placed, with_query
from overheard.collectors.communities.complaints import told_in
from overheard.collectors.communities.fields import Item, document, origin_of, unexpected
from overheard.records import Fetch

# The one place that says which version is asked.
VERSION = "v25.0"
# What is never asked for by a URL: Graph puts the token of whoever asks into the address of the next page.
_SECRET = ("access_token", "appsecret_proof")
# Headers that tell how much of a limit is used up, in percent.
_USAGE = ("x-app-usage", "x-page-usage", "x-business-use-case-usage")
_SHARES = frozenset({"call_count", "total_time", "total_cputime", "acc_id_util_pct"})
_MUCH, _MOST = 75, 90
_SLOW, _SLOWEST = timedelta(hours=2), timedelta(hours=6)
# "Too many": of an application, an account, a page, this call, a business (Pages, Instagram).
_LIMITS = frozenset({"4", "17", "32", "341", "613", "80001", "80002"})
_PASSING = frozenset({"-1", "1", "2", "368"})
# Requests that a reading may name beside the next page.
MOST_FURTHER = 50
_HOUR = timedelta(hours=1)
# Months of one's own posts that are looked through for new comments.
_MONTHS = 12
_RENEW = "make a new one that lasts, of the page by a long-lived one of yours, and put it where the settings say"
_GIVE = "Give it to the application, and make a new token with it"


class Meta(Community, frozen=True, kw_only=True):
    """A source of the Graph API, asked with a token that lasts."""

    kind_terms = Terms("https://developers.facebook.com/terms/")
    pages = True
    limits_accounts = True
    token_from = "Meta's Graph API Explorer or your application: a page token, made by a long-lived user token."  # noqa: S105
    complaints = {
        "463": f"The token of this source has expired: {_RENEW}.",
        "460": f"The token of this source ended as the password was changed: {_RENEW}.",
        "458": f"The token of this source ended as the application was taken off the account: {_RENEW}.",
        "459": "The account of the token of this source has to sign in at facebook.com and confirm who it is.",
        "464": "The account of the token of this source has to sign in at facebook.com and confirm who it is.",
        "492": "The account of the token of this source has no role on the page any more: give it one.",
        "190": f"The token of this source expired or was withdrawn: {_RENEW}.",
        "102": f"The token of this source expired or was withdrawn: {_RENEW}.",
        "104": "The application wants each call signed: switch `Require App Secret` off in its settings.",
        "4": "The application has asked too often.",
        "17": "The account has asked too often.",
        "32": "The page was asked for too often.",
        "341": "The application has asked too often.",
        "613": "It was asked too often.",
        "80001": "The page was asked for too often.",
        "80002": "The Instagram account was asked for too often.",
        "368": "Meta has blocked the account for a while, since it held it for abuse: look at its messages.",
        "2635": "Meta has ended the version of its interface that is asked: install a newer Overheard.",
    }
    # What a token must allow, in the words of Meta's permissions.
    permissions: ClassVar[str]

    @property
    def is_own(self) -> bool:
        """True: what the Graph API tells is of pages and accounts of one's own (`Source.is_own`)."""
        return True

    def complaint(self, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Complaint:
        """Return what an error says: what is wrong with the token, or for how long a limit is used up."""
        codes = set(told_in(body).codes)
        said = super().complaint(status, headers, body, now)
        if codes & _LIMITS:
            return Complaint(said.message, now + max(_regained(headers), _HOUR), soft=True, alone=True)
        if "10" in codes or any(code.isdigit() and 200 <= int(code) < 300 for code in codes - {str(status)}):
            allowed = f"The token of this source does not allow that: it wants {self.permissions}. {_GIVE}."
            return Complaint(allowed, soft=True)
        if "33" in codes and "100" in codes:
            missing = f"There is nothing of that id for this token: look at the id, or it lacks {self.permissions}."
            return Complaint(missing, soft=True)
        return Complaint(said.message, said.until, soft=bool(codes & (self.complaints.keys() | _PASSING)))


def asked_pause(fetch: Fetch) -> timedelta | None:
    """Return the pause that an answer asks for by how much of a limit is used up; None where there is plenty."""
    used = max(_shares(fetch.headers), default=0.0)
    return _SLOWEST if used >= _MOST else _SLOW if used >= _MUCH else None


def older_months(fetch: Fetch, found: Any) -> tuple[Further, ...]:
    """Return the requests that look through older posts for new comments, a month each, where an answer has not all.

    It is that of the list that a source is polled at, from its first page.
    """
    if fetch.purpose or not next_page(fetch, found):
        return ()
    month = fetch.at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    requests = []
    for _ in range(_MONTHS):
        ends = (month + timedelta(days=32)).replace(day=1)
        url = with_query(fetch.url, since=int(month.timestamp()), until=int(ends.timestamp()))
        requests.append(Further(url, OLDER, since=month))
        month = (month - timedelta(days=1)).replace(day=1)
    return tuple(requests)


def next_page(fetch: Fetch, found: Any) -> str:
    """Return the address of what comes after a list of the Graph API; "" where nothing does.

    It is that of the answer's host alone, without the token that Graph writes into it.
    """
    paging = found.get("paging") if isinstance(found, dict) else None
    url = Item(paging).text_if_any("next") if isinstance(paging, dict) else ""
    if not url or origin_of(url) != origin_of(fetch.url):
        return ""
    try:
        names = {name for name, _ in parse_qsl(urlsplit(url).query)}
    except ValueError:
        return ""
    return with_query(url, **dict.fromkeys(names & set(_SECRET)))


def further_page(fetch: Fetch, value: Any, name: str) -> str:
    """Return the address of what comes after the list `name` that came within an object; "" where nothing does."""
    return next_page(fetch, value.get(name)) if isinstance(value, dict) else ""


def listed_in(fetch: Fetch, expected: str) -> tuple[Any, list[tuple[str, Any]]]:
    """Return an answer of the Graph API, and the objects in it: a list, or one. Raises InputError where none is."""
    found = document(fetch, expected)
    if not isinstance(found, dict) or "error" in found:
        raise unexpected(fetch, found, expected)
    if isinstance(found.get("data"), list):
        return found, placed(found["data"], "data")
    if "data" in found or "id" not in found:
        raise unexpected(fetch, found, expected)
    return found, [("", found)]


def _usages(headers: Mapping[str, str]) -> Iterator[Any]:
    """Yield the usages that headers tell; of businesses each one's."""
    for name in _USAGE:
        try:
            told = json.loads(headers.get(name, "") or "null")
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict):
            yield told
            for several in told.values():
                yield from (several if isinstance(several, list) else ())


def _shares(headers: Mapping[str, str]) -> Iterator[float]:
    for usage in _usages(headers):
        if isinstance(usage, dict):
            for name in _SHARES & usage.keys():
                if isinstance(usage[name], int | float) and not isinstance(usage[name], bool):
                    yield float(usage[name])


def _regained(headers: Mapping[str, str]) -> timedelta:
    """Return the longest time after which a used up limit begins anew."""
    minutes = [one.get("estimated_time_to_regain_access") for one in _usages(headers) if isinstance(one, dict)]
    told = [one for one in minutes if isinstance(one, int) and not isinstance(one, bool) and 0 < one <= 7 * 24 * 60]
    return timedelta(minutes=max(told, default=0))
