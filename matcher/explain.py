"""Evidence in words: one sentence for each party. Pure."""

from collections.abc import Sequence

from overheard.matcher.identity.directory import Directory
from overheard.records import Evidence, Party


def explained(parties: Sequence[Party], directory: Directory) -> tuple[str, ...]:
    """Return one sentence for each party, for a person: who, in what role, how sure, and because of what."""
    # Namesakes share what their name says, most all that is said: by identity, as the parties hold it.
    said: dict[int, str] = {}
    because: dict[int, str] = {}
    for evidence in {id(party.evidence): party.evidence for party in parties}.values():
        phrases = []
        for one in evidence:
            if (phrase := said.get(id(one))) is None:
                phrase = said[id(one)] = _phrase(one)
            phrases.append(phrase)
        because[id(evidence)] = "; ".join(phrases)
    return tuple([_sentence(party, directory, because[id(party.evidence)]) for party in parties])


def _sentence(party: Party, directory: Directory, because: str) -> str:
    who = party.name or directory.reference_of(party.subject)
    if party.outcome == "bare":
        return f"author {party.subject}: nobody in the CRM claims this identity"
    if party.role == "employer":
        return f"{who}: employs {party.evidence[0].mention_value}, who is linked here"
    verdict = "linked" if party.outcome == "linked" else f"a candidate, score {party.score:.2f}"
    return f"{party.role} {who}: {verdict}; {because}"


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
