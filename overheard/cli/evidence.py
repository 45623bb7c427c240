"""Why somebody has a part in a post, in the terminal: reasons, values, weights, rivals; candidates. Pure."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from overheard.cli.render import marked, safe
from overheard.records import Decision, Incident, Profile, Version
from overheard.web.results import ReviewItem, Why, WhyParty
from overheard.web.shown import relabelled

_AROUND = 300  # characters shown before and after the first place that is compared
_LONGEST = 80  # of a compared value
_MOST_PARTIES = 12  # shown in a terminal
_MOST_RIVALS = 3
CANDIDATES = 9  # that have a key; the incident has all
_WIDE = 100  # columns from which post and candidate stand side by side


def keys(party: WhyParty) -> str:
    """Return the keys that decide on a candidate: whoever is merely named in a post has no account there."""
    always = "i the account is always theirs · " if party.role == "author" else ""
    return (
        f"s same · n not the same · u nobody can know · a not about us · {always}l lock · 1-9 another candidate · "
        "z undo · space skip · q quit"
    )


def why(why: Why, incident: Incident, names: Mapping[str, str], profiles: Mapping[str, Profile]) -> RenderableType:
    """Return why each party has its part, what joins the event, what the post said before, and what people decided.

    `names` and `profiles` of the contacts and accounts that it tells of, by id; `names` of the terms, too.
    """
    head = Text(safe(why.incident), style="bold")
    parts: list[RenderableType] = [head, Text(safe(_cut(incident.mention.text, 200)), style="dim", overflow="fold")]
    for party in why.parties[:_MOST_PARTIES]:
        parts += [Text(), _party(party, why.bar, names, profile=profiles.get(party.subject))]
    if more := len(why.parties) - _MOST_PARTIES:
        parts += [Text(), Text(f"… and {more:,} more who may be meant; --json has all")] if more > 0 else []
    if not why.parties:
        parts += [Text(), Text("Nobody is named in it who is known, and it names no author.")]
    if why.event:
        parts += [Text(), Text(f"Event {why.event}", style="bold")]
        parts += [Text(f"  {safe(one)}", overflow="fold") for one in why.event_why]
    if why.versions:
        shown = f", {len(why.versions)} of {why.version_count:,}" if why.version_count > len(why.versions) else ""
        parts += [Text(), Text(f"Said before it was edited{shown}", style="bold")]
        parts += [Text(f"  {_version(one, incident)}", overflow="fold") for one in why.versions]
    if why.decisions:
        parts += [Text(), Text("Decided by people", style="bold")]
        parts += [Text(f"  {_decision(one, names)}", overflow="fold") for one in why.decisions]
    return Group(*parts)


def _version(version: Version, incident: Incident) -> str:
    when = version.updated or version.published
    whose = f" ({safe(version.source)})" if version.source != incident.mention.source else ""
    quotes = " … ".join(f"“{safe(_cut(one.exact, 200))}”" for one in version.snippets) or "no words"
    return f"{f'{when:%Y-%m-%d %H:%M}' if when else 'no date'}{whose} {quotes} {version.text_hash}"


def item(
    item: ReviewItem, picked: int, profiles: Mapping[str, Profile], *, width: int, brackets: bool
) -> RenderableType:
    """Return a post that waits beside the candidate `picked` (from 0); `profiles` of candidates by id."""
    post = Group(*_post(item.incident, item.candidates[picked], brackets))
    who = Group(*_candidate(item, picked, profiles))
    if width < _WIDE:
        return Group(post, Text(), who)
    grid = Table.grid(padding=(0, 3, 0, 0), expand=True)
    grid.add_column(ratio=2, overflow="fold")
    grid.add_column(ratio=3, overflow="fold")
    grid.add_row(post, who)
    return grid


def _post(incident: Incident, party: WhyParty, brackets: bool) -> list[RenderableType]:
    mention = incident.mention
    actor = mention.attributed_to
    author = (actor.name or actor.preferred_username or actor.email or actor.url) if actor else ""
    when = mention.published or mention.first_seen
    head = Text(f"{when:%Y-%m-%d %H:%M}  {safe(mention.source)}  {safe(author)}", style="bold", overflow="fold")
    text = mention.text
    places = sorted({(one.start, one.end) for one in party.evidence if 0 <= one.start < one.end <= len(text)})
    first = places[0] if places else (0, 0)
    start, end = max(first[0] - _AROUND, 0), min(first[1] + _AROUND, len(text))
    marks: list[tuple[int, int]] = []
    for a, b in places:
        if start <= a and b <= end and (not marks or a - start >= marks[-1][1]):
            marks.append((a - start, b - start))
    body = marked(text[start:end], marks, brackets=brackets)
    lines: list[RenderableType] = [head, Text("… ") + body if start else body]
    if mention.url:
        lines.append(Text(safe(mention.url), style="dim", overflow="fold"))
    return [*lines, Text(safe(incident.id), style="dim")]


def _candidate(item: ReviewItem, picked: int, profiles: Mapping[str, Profile]) -> list[RenderableType]:
    party = item.candidates[picked]
    lines: list[RenderableType] = [_party(party, item.bar, {}, rivals=False, profile=profiles.get(party.subject))]
    for number, one in enumerate(item.candidates[:CANDIDATES], start=1):
        if number - 1 != picked:
            who = " · ".join(
                part for part in (safe(one.name or one.subject), _facts(profiles.get(one.subject))) if part
            )
            lines.append(Text(f"{number}: {who}  {_figures(one.weight, one.score)}", style="dim", overflow="fold"))
    return lines


def _party(
    party: WhyParty, bar: float, names: Mapping[str, str], *, rivals: bool = True, profile: Profile | None = None
) -> RenderableType:
    head = Text(safe(party.name or party.subject), style="bold")
    style = {"linked": "green", "candidate": "yellow"}.get(party.outcome, "dim")
    head.append(f"  {party.role}, {party.outcome}", style=style)
    parts: list[RenderableType] = [head]
    if facts := _facts(profile):
        parts.append(Text(f"  {facts}", overflow="fold"))
    table = Table(box=None, show_header=bool(party.evidence), pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", justify="right")
    table.add_column("reason", overflow="fold")
    table.add_column("in the post", overflow="fold")
    table.add_column("in the CRM", overflow="fold")
    for one in party.evidence:
        against = "red" if one.veto or one.weight < 0 else ""
        feature = f"{one.feature}{' (rules it out)' if one.veto else ''}"
        cells = (f"{one.weight:+.1f}", feature, _cut(one.mention_value, _LONGEST), _cut(one.crm_value, _LONGEST))
        table.add_row(*(Text(safe(cell), style=against) for cell in cells))
    if party.bias:
        table.add_row(Text(f"{party.bias:+.1f}"), Text("before any evidence"), Text(), Text())
    if party.evidence and party.role != "employer":
        table.add_row(Text(f"{party.weight:+.1f}", style="bold"), Text(_score(party.score, bar)), Text(), Text())
    if table.row_count:
        parts.append(table)
    if rivals and party.rivals:
        listed = "; ".join(
            f"{safe(one.name or one.subject)} ({one.outcome}, {_figures(one.weight, one.score)})"
            for one in party.rivals[:_MOST_RIVALS]
        )
        if len(party.rivals) > _MOST_RIVALS:
            listed += "; and others"
        parts.append(Text(f"  rivals: {listed}", overflow="fold"))
    if party.decision is not None:
        parts.append(Text(f"  {_decision(party.decision, names)}", style="cyan", overflow="fold"))
    return Group(*parts)


def _facts(profile: Profile | None) -> str:
    """Return what tells people of one name apart."""
    if profile is None:
        return ""
    facts = (profile.title, profile.organisation or profile.domain, profile.place, *profile.emails[:2])
    return " · ".join(safe(one) for one in facts if one)


def _score(score: float, bar: float) -> str:
    return f"in all: score {score:.4f}; a link by itself takes {bar:.2f}"


def _figures(weight: float, score: float) -> str:
    return f"{weight:+.1f}, score {score:.4f}"


def decided(one: Decision, names: Mapping[str, str]) -> str:
    """Return a decision in words, each thing once; `names` of contacts and accounts, beside the id, and terms.

    A tag says that it is taken away; where a note, or whom a post was given to, is taken away, it is "nothing".
    """
    sides = [f"{names[side]} ({side})" if names.get(side) else side for side in (one.left, one.right)]
    words: Sequence[str]
    match one.verb:
        case "status" | "assign" | "note":
            words = (sides[0], one.verb, one.value or "nothing")
        case "tag":
            words = (sides[0], one.verb, one.right.removeprefix("tag/"), "" if one.value else "taken away")
        case "policy":
            words = (one.verb, one.right, one.value)
        case "relabel":
            words = (f"{sides[0]}:", relabelled(one, names))
        case _:
            words = (sides[0], one.verb, sides[1], one.value)
    return " ".join(safe(word) for word in words if word)


def _decision(one: Decision, names: Mapping[str, str]) -> str:
    said = decided(one, names)
    note = f" ({safe(_cut(one.note, 200))})" if one.note else ""
    return f"{one.at:%Y-%m-%d} {safe(one.by)}: {said}{note}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
