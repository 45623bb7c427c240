"""What may leave by the interface and as JSON of the commands, by the policies of the sources."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from overheard.index.base import Hit
from overheard.policy import Exporter, applied, restricts, short, withheld
from overheard.records import Incident, Mention, Policy, Snippet, incident_id
from overheard.web.results import ConcernOf, MentionHit, ReviewItem, SourceDetail, Why

T = TypeVar("T")
# In the JSON of a record that holds something said to us alone; in no text of it, where quotes are escaped.
_OF_A_CHANNEL = b'"channel":"'


class Sources(Protocol):
    """Who knows the policies, and which source a post came from; a `Service` does."""

    def policies(self) -> Mapping[str, Policy]:
        """See `Service.policies`."""
        ...

    def get(self, id: str) -> Hit | None:  # noqa: A002 - as of `Service`
        """See `Service.get`."""
        ...


def leaving(value: T, service: Sources) -> T:
    """Return what may leave of a result or a record (`overheard.policy.exported`).

    Everything that programs are given goes through here.
    """
    result: T = _Leaving(service.policies(), service).of(value)
    return result


def leaving_json(hit: Hit, service: Sources) -> bytes:
    """Return the JSON of a document as far as it may leave."""
    restricted = restricts(service.policies()) or _OF_A_CHANNEL in hit.json
    record = hit.record if restricted else None
    return hit.json if record is None else msgspec.json.encode(leaving(record, service))


class _Leaving(Exporter):
    """Results tell of posts that they do not hold, by their ids."""

    def __init__(self, policies: Mapping[str, Policy], service: Sources) -> None:
        super().__init__(policies)
        self._service = service
        self._mentions: dict[str, Mention | None] = {}

    def of(self, value: Any) -> Any:
        match value:
            case MentionHit():
                incident = self.of(value.incident)
                # A highlight is cut from the whole text wherever the query matched.
                return value if incident is value.incident else replace(value, incident=incident, highlights=())
            case ReviewItem():
                incident = self.of(value.incident)
                none = self.of_mention(incident.mention).export == "nothing"
                candidates = [replace(one, evidence=()) for one in value.candidates] if none else value.candidates
                return replace(value, incident=incident, candidates=tuple(candidates))
            case Why():
                return self._why(value)
            case ConcernOf():
                return self._concern(value)
            case SourceDetail():
                return self._source(super().of(value))
        return super().of(value)

    def _why(self, why: Why) -> Why:
        mention = self._mention_of(why.incident)
        source = "" if mention is None else mention.source
        policy = self.policy("") if mention is None else self.of_mention(mention)
        if policy.export == "all" and policy.text is None and not policy.without:
            return why
        why = replace(why, versions=(), withheld=withheld("what it said before", source, policy))
        if policy.export != "nothing":
            return why
        parties = tuple(replace(one, evidence=()) for one in why.parties if one.outcome != "bare")
        said = withheld("all that it says and who said it", source, policy)
        return replace(why, parties=parties, event_why=(), withheld=said)

    def _source(self, one: SourceDetail) -> SourceDetail:
        policy = self.policy(one.source.name)
        if policy.export != "nothing" or not one.entries:
            return one
        entries = tuple(replace(entry, url="") for entry in one.entries)
        return replace(one, entries=entries, withheld=withheld("where its entries are", one.source.name, policy))

    def _concern(self, concern: ConcernOf) -> ConcernOf:
        found = {one.mention: self._mention_of(one.mention) for one in concern.snippets}
        snippets = tuple(left for one in concern.snippets if (left := self._alone(one, found[one.mention])))
        if snippets == concern.snippets:
            return concern
        mention = found[next(one.mention for one in concern.snippets if one not in snippets)]
        words = "snippets, or a part of them"
        said = (
            f"{words}: their post is on no record"
            if mention is None
            else withheld(words, mention.source, self.of_mention(mention))
        )
        return replace(concern, snippets=snippets, withheld=said)

    def _alone(self, snippet: Snippet, mention: Mention | None) -> Snippet | None:
        """Return what may leave of a snippet; nothing of one whose source, and so whose policy, nobody knows."""
        if mention is None:
            return None
        policy = self.of_mention(mention)
        if policy.export == "nothing":
            return None
        if policy.export == "link":
            return short(snippet)
        kept = applied(policy, mention)
        if kept.text == mention.text:
            return snippet
        if kept.text[snippet.start : snippet.end] != snippet.exact:
            return None
        return msgspec.structs.replace(snippet, prefix="", suffix="")

    def _mention_of(self, id_: str) -> Mention | None:
        """Return a post by its mention's id, or its incident's; None where it is on no record."""
        if id_ not in self._mentions:
            hit = self._service.get(id_ if id_.startswith("inc_") else incident_id(id_))
            record = hit.record if hit is not None else None
            self._mentions[id_] = record.mention if isinstance(record, Incident) else None
        return self._mentions[id_]
