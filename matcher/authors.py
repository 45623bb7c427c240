"""Who said it: contacts and accounts behind the identities of a mention's author. Pure."""

from overheard.identities import identities_of_actor, is_placeholder
from overheard.matcher.directory import Directory
from overheard.matcher.features.base import several
from overheard.matcher.parties import DECIDED, NAMED_BY_CRM
from overheard.matcher.score import score, weigh
from overheard.records import EnrichedMention, Evidence, Party


def find_authors(mention: EnrichedMention, directory: Directory) -> list[Party]:
    """The author by exact identity. An identity that two contacts claim links to neither; nobody's stays bare."""
    keys = identities_of_actor(mention.mention.attributed_to)
    owners: dict[str, list[str]] = {}
    for key in keys:
        for owner in directory.owners(key):
            owners.setdefault(owner, []).append(key)
    decided = {owner for owner in owners for key in owners[owner] if _is_decided(directory, key, owner)}
    parties = []
    for kind in (directory.contacts, directory.accounts):
        claiming = [owner for owner in owners if owner in kind]
        # Somebody's word about one identity of the author settles whose the others are, too.
        sure = [owner for owner in claiming if owner in decided] or claiming
        alone = len(sure) == 1 or any(owner in decided for owner in sure)
        for owner in sure:
            evidence = tuple(_claim(key, owner, directory) for key in owners[owner])
            if not alone:
                others = several([directory.reference_of(other) for other in sure[:5] if other != owner])
                evidence += (
                    Evidence(feature="claimed by others too", weight=-5.0, mention_value=keys[0], crm_value=others),
                )
            parties.append(
                Party(
                    role="author",
                    subject=owner,
                    name=directory.name_of(owner),
                    outcome="linked" if alone else "candidate",
                    score=score(weigh(evidence)),
                    weight=weigh(evidence),
                    evidence=evidence,
                )
            )
    if not parties and (bare := next((key for key in keys if not is_placeholder(key)), None)):
        actor = mention.mention.attributed_to
        name = (actor.name or actor.preferred_username) if actor else ""
        parties.append(Party(role="author", subject=bare, name=name, outcome="bare", score=0.0))
    return parties


def _is_decided(directory: Directory, key: str, owner: str) -> bool:
    decision = directory.decisions.on(key, owner)
    return decision is not None and decision.verb == "same"


def _claim(key: str, owner: str, directory: Directory) -> Evidence:
    decision = directory.decisions.on(key, owner)
    if decision is not None:
        return Evidence(feature="a person decided", weight=DECIDED, mention_value=key, crm_value=decision.by)
    return Evidence(
        feature="identity in the CRM",
        weight=NAMED_BY_CRM,
        mention_value=key,
        crm_value=directory.reference_of(owner),
    )
