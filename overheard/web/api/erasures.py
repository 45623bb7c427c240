"""A person forgotten: `/v1/erasures`."""

from typing import Annotated

import msgspec
from litestar import Response
from litestar.params import RawBody
from msgspec import Meta

from overheard.web.api.base import JSON, Told, body_of, once, writes
from overheard.web.request import InjectedService, Request, caller_of
from overheard.web.results import Certificate


class Erasing(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Whom to erase: an identity (`x:handle:ann`), an e-mail address, or the id or external id of a contact.

    `named`: the posts of others that name them go too. `dryRun`: nothing is written, and the answer says what would go.
    """

    who: Annotated[str, Meta(min_length=1, max_length=2_048)]
    named: bool = False
    dry_run: bool = False


@writes(
    "/erasures",
    Told(
        id="erase",
        tag="Contacts",
        summary="Erase a person",
        answer={JSON: Certificate},
        scope="admin",
        body=(Erasing,),
        example={"who": "asha@pumps.example", "dryRun": True},
        problems=(404, 422),
        keyed=True,
    ),
)
def erase(request: Request, service: InjectedService, body: RawBody) -> Response[bytes]:
    """Take a person out of every store, for good, keep them out, and return the certificate."""

    def work() -> bytes:
        given = body_of(request, body, Erasing)
        by = caller_of(request).name
        return msgspec.json.encode(service.erase(given.who, by=by, named=given.named, dry_run=given.dry_run))

    return once(request, service, body, work)
