"""`overheard decide`: what a person says of a link or an incident, which beats every machine's view."""

import getpass
from contextlib import closing
from typing import Annotated, get_args

import typer

from overheard.cli.options import ConfigOption, FolderOption, JsonOption, console, open_system, print_json
from overheard.crm.rows import append_facts
from overheard.errors import NotFoundError
from overheard.identities import handle_key, normal_email, normal_platform
from overheard.index.base import Index
from overheard.records import Decision, DecisionVerb, EnrichedMention, Incident, digest, event_for, identity_key
from overheard.urls import canonical_url
from overheard.wiring.system import System, utc_now

_VERBS = get_args(DecisionVerb)


def decide(
    verb: Annotated[str, typer.Argument(help="same, 'not the same', 'not about us' or withdraw.")],
    left: Annotated[
        str,
        typer.Argument(
            help="An incident's or mention's id, an identity (reddit:handle:ann), or, to withdraw, a decision's id."
        ),
    ],
    right: Annotated[str, typer.Argument(help="The contact or account: name, handle, e-mail, external id or id.")] = "",
    by: Annotated[str, typer.Option(help="Who decides.")] = "",
    note: Annotated[str, typer.Option(help="Why, for those who come after.")] = "",
    key: Annotated[str, typer.Option(help="Idempotency key: the same key is the same decision.")] = "",
    folder: FolderOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether somebody is the same person, or that a post is not about you; or take back what was said."""
    verb = verb.replace("-", " ")
    if verb not in _VERBS:
        msg = f"expected one of {', '.join(_VERBS)}; got {verb!r}"
        raise typer.BadParameter(msg)
    if bool(right) != (verb in ("same", "not the same")):
        msg = f"{verb!r} takes {'an incident or identity and a contact' if not right else 'one id'}"
        raise typer.BadParameter(msg)
    with open_system(folder, config) as system:
        now = utc_now()
        with closing(system.index()) as index:
            left = _decision(system, left) if verb == "withdraw" else _about(system, index, verb, left)
            right = _person(index, right) if right else ""
        decision = Decision(
            id=f"dec_{digest(key or f'{verb}/{left}/{right}/{now.isoformat()}')}",
            verb=verb,  # type: ignore[arg-type]  # checked above
            left=left,
            right=right,
            by=by or getpass.getuser(),
            at=now,
            note=note,
        )
        event = event_for(decision, subject=decision.id, source="/cli/decide", time=now, cause="decision")
        append_facts(system.log, [event])
        system.catch_up_match()
        system.catch_up_index()
    if as_json:
        print_json(decision)
    else:
        console().print(f"decided: {left} {verb} {right}".rstrip(), markup=False)
        console().print(f"to take it back: overheard decide withdraw {decision.id}", markup=False)


def _decision(system: System, given: str) -> str:
    event = system.fact(given)
    if event is None or not isinstance(event.data, Decision):
        msg = f"expected the id of a decision, as `overheard decide` prints it; {given!r} is none"
        raise NotFoundError(msg)
    return given


def _about(system: System, index: Index, verb: str, given: str) -> str:
    """Return the mention's id, or the identity's key in its normal form."""
    if given.startswith("inc_"):
        hit = index.get(given)
        if hit is not None and isinstance(hit.record, Incident):
            return hit.record.mention.id
    elif given.startswith("men_"):
        event = system.fact(given)
        if event is not None and isinstance(event.data, EnrichedMention):
            return given
    elif verb != "not about us" and (key := _identity(given)):
        return key
    identity = "" if verb == "not about us" else ", or an identity such as reddit:handle:ann"
    msg = f"expected the id of an incident, as `overheard search` shows it{identity}; {given!r} is none"
    raise NotFoundError(msg)


def _identity(given: str) -> str:
    """Return the key of an identity as a person writes it; "" where it is none."""
    platform, _, rest = given.partition(":")
    kind, _, value = rest.partition(":")
    if kind == "handle":
        return handle_key(normal_platform(platform), value) if platform else ""
    if kind == "email":
        return identity_key("email", "email", address) if (address := normal_email(value)) else ""
    if kind == "url":
        return identity_key("web", "url", url) if (url := canonical_url(value)) else ""
    return ""


def _person(index: Index, who: str) -> str:
    found = index.find_profiles(who)
    if len(found) == 1:
        return found[0].id
    if not found:
        msg = f"expected a contact or account by name, handle, e-mail, external id or id; nobody is called {who!r}"
    else:
        msg = f"expected one contact or account; {len(found)} are called {who!r}: " + ", ".join(h.id for h in found)
    raise NotFoundError(msg)
