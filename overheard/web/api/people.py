"""Contacts and accounts in and out, and their profiles: `/v1/contacts`, `/v1/accounts`, `/v1/profiles`."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response
from litestar.params import FromPath, RawBody
from litestar.response import Stream
from msgspec import UNSET, Meta, UnsetType

from overheard.errors import InputError, NotFoundError
from overheard.identities import normal_email, normal_phone, written_key
from overheard.index.base import Hit
from overheard.records import Account, Contact, Profile, is_tombstone_of
from overheard.web.api.base import JSON, NDJSON, Query, Told, answer, items_of, once, query_of, reads, writes
from overheard.web.base import Asked
from overheard.web.leaving import leaving_json
from overheard.web.request import InjectedService, Request
from overheard.web.results import AccountPage, ContactPage, Profiles, RowBatch

Kind = Literal["contacts", "accounts"]
_Text = str | UnsetType | None
_Several = str | list[str] | UnsetType | None
_Platform = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
_EXPORTED = 500  # to one piece of an export


class _Row(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What contacts and accounts share. A field that is absent leaves what is known, null or "" empties it.

    `externalId` is what the CRM calls it. `handles` by platform. `lifecycle` is only ever added to.
    """

    external_id: Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S")]
    name: _Text = UNSET
    place: _Text = UNSET
    owner: _Text = UNSET
    handles: dict[_Platform, str | None] | UnsetType = UNSET
    lifecycle: _Text = UNSET
    lifecycle_since: date | UnsetType | None = UNSET


class ContactRow(_Row, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A person, with the fields of docs/import.md.

    A field that is absent leaves what is known, null or "" empties it. `externalId` is what the CRM calls them;
    `handles` are by platform; `lifecycle` is only ever added to. Several e-mail addresses, phone numbers and sites are
    an array, or a text with `;` between them.
    """

    first_name: _Text = UNSET
    last_name: _Text = UNSET
    email: _Several = UNSET
    phone: _Several = UNSET
    organisation: _Text = UNSET
    title: _Text = UNSET
    website: _Several = UNSET
    watched_by_name: bool | UnsetType | None = UNSET


class AccountRow(_Row, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An organisation, with the fields of docs/import.md; absent and null as in a contact."""

    domain: _Text = UNSET


class RowQuery(Query, frozen=True, kw_only=True):
    """`dryRun`: say what would become of each, and write nothing."""

    dry_run: Annotated[bool, Meta(description="Say what would become of each item, and write nothing.")] = False


class ListQuery(Query, frozen=True, kw_only=True):
    """`q` is the query language of docs/search.md over name, title, organisation, place and domain."""

    q: Annotated[str, Meta(description="Query over name, title, organisation, place and domain.")] = ""
    limit: Annotated[int, Meta(ge=1, le=1_000, description="Items on a page.")] = 100
    after: Annotated[str, Meta(max_length=200, description="The `next` of the page before.")] = ""


class ProfileQuery(Query, frozen=True, kw_only=True):
    """Exactly one of them."""

    identity: Annotated[str, Meta(max_length=2_048, description="platform:handle:name, as x:handle:ann.")] = ""
    phone: Annotated[str, Meta(max_length=60, description="In any writing; +91… or as dialled in your region.")] = ""
    email: Annotated[str, Meta(max_length=320, description="An e-mail address.")] = ""
    who: Annotated[str, Meta(max_length=500, description="Name, handle, address, number, external id or id.")] = ""


def _bring(request: Request, service: InjectedService, body: bytes, kind: Kind, row: Any) -> Response[bytes]:
    dry_run = query_of(request, RowQuery).dry_run

    def work() -> bytes:
        rows = items_of(request, body, msgspec.json.Decoder(row).decode, row)
        outcomes = service.bring(kind, [msgspec.to_builtins(one) for one in rows], dry_run=dry_run)
        counts = Counter[str](one.status for one in outcomes)
        return msgspec.json.encode(RowBatch(items=tuple(outcomes), counts=counts, dry_run=dry_run))

    return once(request, service, body, work)


@writes(
    "/contacts",
    Told(
        id="bringContacts",
        tag="Contacts",
        summary="Bring contacts in",
        answer={JSON: RowBatch},
        scope="write",
        query=RowQuery,
        body=(ContactRow,),
        batch=True,
        example=[
            {
                "externalId": "c-17",
                "name": "Asha Rao",
                "email": ["asha@pumps.example"],
                "phone": "+91 98220 12345",
                "organisation": "Deccan Pumps",
                "handles": {"x": "asharao"},
                "lifecycle": "customer",
            }
        ],
        keyed=True,
    ),
)
def bring_contacts(request: Request, service: InjectedService, body: RawBody) -> Response[bytes]:
    """Create and change up to 1,000 contacts, found by the id that the CRM has for them; say what became of each.

    On return their identities are listened for, and firms that they work for and that are no account are accounts
    (settings, `crm.make_accounts`); profiles follow within a second or two.
    """
    return _bring(request, service, body, "contacts", ContactRow)


@writes(
    "/accounts",
    Told(
        id="bringAccounts",
        tag="Accounts",
        summary="Bring accounts in",
        answer={JSON: RowBatch},
        scope="write",
        query=RowQuery,
        body=(AccountRow,),
        batch=True,
        example=[{"externalId": "a-3", "name": "Deccan Pumps", "domain": "pumps.example", "lifecycle": "customer"}],
        keyed=True,
    ),
)
def bring_accounts(request: Request, service: InjectedService, body: RawBody) -> Response[bytes]:
    """Create and change up to 1,000 accounts; as with contacts. One that was made of contacts goes for one given."""
    return _bring(request, service, body, "accounts", AccountRow)


@reads(
    "/contacts",
    Told(
        id="listContacts",
        tag="Contacts",
        summary="List or export contacts",
        answer={JSON: ContactPage, NDJSON: None},
        query=ListQuery,
        problems=(404,),
    ),
)
def list_contacts(request: Request, service: InjectedService) -> Response[bytes] | Stream:
    """Return contacts as the CRM gave them, those first that were heard of longest ago.

    With `Accept: application/x-ndjson` all that are left from `after` on come in one answer, a line each.
    """
    asked = query_of(request, ListQuery)
    if _wants_lines(request):
        return Stream(_lines(service, "contact", Contact, asked), media_type=NDJSON)
    items, total, following = _page(service, "contact", Contact, asked)
    return answer(msgspec.json.encode(ContactPage(items=tuple(items), total=total, next=following)))


@reads(
    "/accounts",
    Told(
        id="listAccounts",
        tag="Accounts",
        summary="List or export accounts",
        answer={JSON: AccountPage, NDJSON: None},
        query=ListQuery,
        problems=(404,),
    ),
)
def list_accounts(request: Request, service: InjectedService) -> Response[bytes] | Stream:
    """Return accounts as the CRM gave them; as with contacts."""
    asked = query_of(request, ListQuery)
    if _wants_lines(request):
        return Stream(_lines(service, "account", Account, asked), media_type=NDJSON)
    items, total, following = _page(service, "account", Account, asked)
    return answer(msgspec.json.encode(AccountPage(items=tuple(items), total=total, next=following)))


def _wants_lines(request: Request) -> bool:
    return request.accept.best_match([JSON, NDJSON]) == NDJSON


def _page(service: InjectedService, kind: str, record: type[Any], asked: ListQuery) -> tuple[list[Any], int, str]:
    """Return (records, how many there are on all pages, cursor).

    The longest unheard come first: who is heard of meanwhile moves to the end, and may come twice but is never missed.
    """
    page = service.search(
        Asked(
            asked.q,
            filters={"kind": [kind]},
            sort="oldest",
            after=asked.after,
            limit=asked.limit,
            everything=True,
        )
    )
    found = (_given(service, hit.id, record) for hit in page.hits)
    return [one for one in found if one is not None], page.total, page.next


def _lines(service: InjectedService, kind: str, record: type[Any], asked: ListQuery) -> Iterator[bytes]:
    while True:
        asked = msgspec.structs.replace(asked, limit=_EXPORTED)
        items, _, following = _page(service, kind, record, asked)
        yield b"".join(msgspec.json.encode(one) + b"\n" for one in items)
        if not following:
            return
        asked = msgspec.structs.replace(asked, after=following)


def _given(service: InjectedService, id_: str, record: type[Any]) -> Any | None:
    """Return the contact or account as the CRM gave it last; None where there is none."""
    event = service.fact(id_)
    return event.data if event and not is_tombstone_of(event) and isinstance(event.data, record) else None


@reads(
    "/contacts/{contact_id:str}",
    Told(id="getContact", tag="Contacts", summary="Read a contact", answer={JSON: Contact}, problems=(404,)),
)
def contact(contact_id: FromPath[str], service: InjectedService) -> Contact:
    """Return a contact as the CRM gave it."""
    found: Contact | None = _given(service, contact_id, Contact)
    if found is None:
        raise _nobody("contact", contact_id)
    return found


@reads(
    "/accounts/{account_id:str}",
    Told(id="getAccount", tag="Accounts", summary="Read an account", answer={JSON: Account}, problems=(404,)),
)
def account(account_id: FromPath[str], service: InjectedService) -> Account:
    """Return an account as the CRM gave it."""
    found: Account | None = _given(service, account_id, Account)
    if found is None:
        raise _nobody("account", account_id)
    return found


@reads(
    "/contacts/{contact_id:str}/profile",
    Told(
        id="getContactProfile",
        tag="Contacts",
        summary="Read a contact's profile",
        answer={JSON: Profile},
        problems=(404,),
    ),
)
def contact_profile(contact_id: FromPath[str], service: InjectedService) -> Response[bytes]:
    """Return the whole relationship with a contact: identities with evidence, what was said, counts, products."""
    return _profile(service, "contact", contact_id)


@reads(
    "/accounts/{account_id:str}/profile",
    Told(
        id="getAccountProfile",
        tag="Accounts",
        summary="Read an account's profile",
        answer={JSON: Profile},
        problems=(404,),
    ),
)
def account_profile(account_id: FromPath[str], service: InjectedService) -> Response[bytes]:
    """Return the whole relationship with an account, its people among it."""
    return _profile(service, "account", account_id)


def _profile(service: InjectedService, kind: str, id_: str) -> Response[bytes]:
    hit = service.get(id_)
    if hit is None or hit.kind != kind:
        raise _nobody(kind, id_)
    return answer(leaving_json(hit, service))


def _nobody(kind: str, id_: str) -> NotFoundError:
    return NotFoundError(f"expected the id of {'an' if kind == 'account' else 'a'} {kind}; {id_[:100]!r} is none")


@reads(
    "/profiles",
    Told(
        id="findProfiles",
        tag="Contacts",
        summary="Find profiles by identity, phone number, e-mail address or name",
        answer={JSON: Profiles},
        query=ProfileQuery,
        problems=(422,),
    ),
)
def profiles(request: Request, service: InjectedService) -> Response[bytes]:
    """Return the profiles of whoever has an identity, phone number or e-mail address, or is called so."""
    asked = query_of(request, ProfileQuery)
    given = [name for name in ("identity", "phone", "email", "who") if getattr(asked, name).strip()]
    if len(given) != 1:
        msg = f"expected one of identity, phone, email and who; got {', '.join(given) or 'none'}"
        raise InputError(msg)
    hits = _found(service, asked)
    return answer(b'{"items":[' + b",".join(leaving_json(hit, service) for hit in hits) + b"]}")


def _found(service: InjectedService, asked: ProfileQuery) -> list[Hit]:
    region = service.settings.locale.region
    if asked.phone:
        # A number that no plan knows is looked for by its digits.
        return list(service.find(normal_phone(asked.phone, region) or asked.phone))
    if asked.email:
        email = normal_email(asked.email)
        if not email:
            msg = f"expected an e-mail address; got {asked.email[:80]!r}"
            raise InputError(msg, where="email")
        return list(service.find(email))
    if asked.identity:
        key = written_key(asked.identity, region)
        if not key:
            msg = (
                f"expected platform:handle:name, email:email:address, web:url:address or phone:phone:number; got "
                f"{asked.identity[:80]!r}"
            )
            raise InputError(msg, where="identity")
        return list(service.find(key))
    return list(service.find(asked.who))
