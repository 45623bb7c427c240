"""Evidence in words: one sentence for each party. Pure."""

from functools import lru_cache

from overheard.matcher.directory import Directory
from overheard.records import Evidence, Party


def explain(party: Party, directory: Directory) -> str:
    """Return one sentence for a person: who, in what role, how sure, and because of what."""
    who = party.name or directory.reference_of(party.subject)
    if party.outcome == "bare":
        return f"author {party.subject}: nobody in the CRM claims this identity"
    if party.role == "employer":
        return f"{who}: employs {party.evidence[0].mention_value}, who is linked here"
    verdict = "linked" if party.outcome == "linked" else f"a candidate, score {party.score:.2f}"
    return f"{party.role} {who}: {verdict}; " + "; ".join(_phrase(evidence) for evidence in party.evidence)


@lru_cache(maxsize=1_024)  # what a name says, it says for each of those who bear it
def _phrase(evidence: Evidence) -> str:
    if evidence.feature == "a person decided":
        return f"{evidence.crm_value} decided so"
    if evidence.feature == "identity in the CRM":
        platform, kind, value = evidence.mention_value.split(":", 2)
        what = f"{platform} {kind}" if kind == "handle" else kind
        return f'the CRM names {what} "{value}" for {evidence.crm_value}'
    place = f" at {evidence.start}-{evidence.end}" if evidence.start >= 0 else ""
    against = "against: " if evidence.weight < 0 else ""
    against = "veto: " if evidence.veto else against
    crm = (
        f' (CRM: "{evidence.crm_value}")' if evidence.crm_value and evidence.crm_value != evidence.mention_value else ""
    )
    value = " ".join(evidence.mention_value.split())  # a name may stand across a line's end
    return f'{against}{evidence.feature} "{value}"{place}{crm}'
