"""One incident: what was said, whole; who has a part in it and why; and what people decided about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from overheard.errors import NotFoundError
from overheard.identities import identities_of_actor, is_placeholder
from overheard.records import Decision, Incident, Party
from overheard.web.pages.decisions import told
from overheard.web.pages.search import names_of_terms
from overheard.web.passages import spans_of
from overheard.web.request import InjectedService, Request, caller_of, here
from overheard.web.security import needs

# A page stays light; a post beyond this is a document, and whoever wants it whole goes where it is.
MOST_TEXT = 30_000
_LONGEST_TITLE = 400


@dataclass(frozen=True, slots=True)
class Part:
    """A party, and the decision on this post and that contact or account, if one holds."""

    party: Party
    decision: Decision | None


@get("/incidents/{id:str}", include_in_schema=False, guards=[needs("read")], sync_to_thread=True)
def incident(id: FromPath[str], request: Request, service: InjectedService) -> Template:  # noqa: A002 - the parameter's name
    """Show an incident. Raises NotFoundError."""
    hit = service.get(id)
    record = hit.record if hit else None
    if not isinstance(record, Incident):
        msg = (
            "expected a post that is on record; there is none under this address. It may have been deleted where it "
            "was said, and then it is here no longer either"
        )
        raise NotFoundError(msg)
    mention = record.mention
    keys = author_keys(record)
    decisions = service.standing([mention.id, *keys])
    on_post = {decision.right: decision for decision in decisions if decision.left == mention.id}
    subjects = [*(decision.right for decision in decisions), *(party.subject for party in record.parties)]
    text = mention.text
    # Name and content of the one text are shown apart, where the name is one.
    is_titled = 0 < len(mention.name) <= _LONGEST_TITLE
    content = len(mention.name) + 1 if is_titled and mention.content else 0
    return Template(
        "incident.html",
        context={
            "incident": record,
            "mention": mention,
            "text": text,
            "spans": spans_of(record),
            "content": content,
            "title_end": len(mention.name) if is_titled else 0,
            "has_body": bool(mention.content) or not is_titled,
            "end": min(len(text), content + MOST_TEXT),
            "parts_of": [Part(party, on_post.get(party.subject)) for party in record.parties],
            "aside": on_post.get(""),
            "decisions": decisions,
            "keys": keys,
            "terms": names_of_terms(service, [*record.about, *(by.by for by in record.passed)]),
            "names": service.names([subject for subject in subjects if subject]),
            "here": here(request),
            "may_decide": caller_of(request).may("decide"),
            **told(request, service),
        },
    )


def author_keys(record: Incident) -> Sequence[str]:
    """Return the keys of the author's identities that can be somebody's."""
    return [key for key in identities_of_actor(record.mention.attributed_to) if not is_placeholder(key)]
