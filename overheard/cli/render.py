"""What the terminal shows: pure functions from records to renderables, readable without colour and at 80 columns.

Everything that came from outside passes `safe` on its way, so that a post cannot move the cursor, recolour the screen
or turn its text around. Nothing is read as markup.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from overheard.collectors.files import ImportReport as MentionReport
from overheard.config.settings import LocaleSettings
from overheard.crm.headers import BY_HAND, BY_NAME, ColumnGuess
from overheard.crm.rows import ImportReport as CrmReport
from overheard.crm.rows import RowReport
from overheard.enrich.agreement import Agreement
from overheard.enrich.diff import Comparison
from overheard.enrich.told import Explained, ExplainedMention
from overheard.index.base import Hit, Page
from overheard.records import (
    DeadLetter,
    Evidence,
    Holding,
    Incident,
    IncidentSummary,
    LifecycleTag,
    Mention,
    Party,
    Profile,
    ProfileIdentity,
    Purchase,
)
from overheard.web.results import Concerns
from overheard.wording import Locale, day, money, phone

# Escape and control characters of both sets, marks that turn the direction of writing, invisible tag characters, lone
# surrogates. Joiners stay: words of Indic scripts and emoji are written with them.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
_BARS = "▁▂▃▄▅▆▇█"
_STYLES = {"positive": "green", "negative": "red", "neutral": "dim", "unsure": "yellow"}
_TREND_MONTHS = 12
_MOST_ROWS = 50  # of an import that are shown; `--json` has all
_MOST_VALUE = 4_000  # characters of a dead letter's record that are shown
_SNIPPET = 200
_TRADE = 10  # holdings and purchases that are shown, the newest


def safe(text: str, *, lines: bool = False) -> str:
    """Return `text` with every control character replaced: white space by a space, others by U+FFFD.

    Character for character, so offsets stay valid. `lines` keeps line feeds.
    """

    def replaced(match: re.Match[str]) -> str:
        char = match[0]
        if lines and char == "\n":
            return char
        return " " if char in _SPACES else "\ufffd"

    return _UNSAFE.sub(replaced, text)


def plain(renderable: RenderableType, *, width: int = 80) -> str:
    """Return what a terminal of `width` columns without colour shows, without spaces at line ends."""
    out = StringIO()
    console = Console(file=out, width=width, color_system=None, markup=False, highlight=False, emoji=False)
    console.print(renderable)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def marked(text: str, marks: Iterable[tuple[int, int]], *, brackets: bool = False) -> Text:
    """Return `text` with the spans [start, end) of `marks` in bold, and in [brackets] where colour is not to be had."""
    shown = safe(text)
    result = Text(overflow="fold")
    at = 0
    for start, end in marks:
        result.append(shown[at:start])
        result.append(f"[{shown[start:end]}]" if brackets else shown[start:end], style="bold yellow")
        at = end
    return result.append(shown[at:])


def sparkline(counts: Sequence[int]) -> str:
    """Return one bar for each count, as high as its share of the greatest; a dot for none."""
    most = max(counts, default=0)
    return "".join("·" if n <= 0 else _BARS[max(0, -(-n * len(_BARS) // most) - 1)] for n in counts)


def months_to(today: date, count: int = _TREND_MONTHS) -> list[str]:
    """Return the names ("2026-11") of the `count` months that end with today's."""
    last = today.year * 12 + today.month - 1
    return [f"{m // 12:04}-{m % 12 + 1:02}" for m in range(last - count + 1, last + 1)]


def search_page(page: Page, *, brackets: bool = False, alone: int = 0) -> RenderableType:
    """Return the results of a search: of each when, where, who, the passage found, about what, and whose contact.

    `alone` were written to us alone, where nothing public was found.
    """
    parts: list[RenderableType] = []
    for hit in page.hits:
        parts.extend(_hit(hit, brackets))
        parts.append(Text())
    shown, total = len(page.hits), page.total
    if not total and alone:
        were = "was" if alone == 1 else "were"
        return Text(f"Nothing found in public. {alone:,} {were} written to you alone: `NOT channel:public` shows them.")
    if not total:
        return Text("Nothing found.")
    more = f", more with --after {safe(page.next)}" if page.next else ""
    parts.append(Text(f"{shown:,} of {total:,} found{more}", style="dim"))
    for name, values in page.facets.items():
        parts.append(_line(name, Text(_counts(values)), width=max(11, *map(len, page.facets))))
    return Group(*parts)


def _hit(hit: Hit, brackets: bool) -> list[RenderableType]:
    record = hit.record
    if isinstance(record, Incident):
        mention = record.mention
        when = mention.published or mention.first_seen
        where = f"{mention.source}, by {mention.channel}" if mention.channel else mention.source
        if rating := mention.rating:
            where += f", {rating.value:g} of {rating.best:g}"
        head = _head(when, where, _author(record), record.sentiment.polarity)
        fragments = [marked(f.text, f.marks, brackets=brackets) for f in hit.fragments]
        if not fragments:
            fragments = [Text(safe(_cut(mention.text, _SNIPPET)))]
        foot = _about_and_parties(record)
        body: list[Text] = [*fragments, *([foot] if foot else [])]
        if mention.url:
            body.append(Text(safe(mention.url), style="dim", overflow="fold"))
        body.append(Text(safe(record.id), style="dim"))
        return [head, *(_Indented(line) for line in body)]
    head = Text(safe(record.name or record.id), style="bold")
    head.append(f"  {record.kind}", style="dim")
    if record.lifecycle:
        head.append(f"  {safe(record.lifecycle[-1].tag)}")
    about = [record.title, record.organisation, record.place, record.domain]
    numbers = f"{record.incidents:,} linked, {record.candidates:,} waiting"
    return [head, _Indented(Text(" · ".join(safe(one) for one in [*about, numbers] if one)))]


def _head(when: datetime | None, source: str, who: str, polarity: str) -> Text:
    head = Text(f"{_minute(when)}  ", style="bold")
    head.append(f"{safe(source)}  ", style="cyan not bold")
    if who:
        head.append(f"{safe(who)}  ", style="not bold")
    return head.append(polarity, style=f"{_STYLES.get(polarity, '')} not bold")


def _author(incident: Incident) -> str:
    actor = incident.mention.attributed_to
    return "" if actor is None else actor.preferred_username or actor.name or actor.url or actor.email


def _about_and_parties(incident: Incident) -> Text:
    polarity = {target.target: target.polarity for target in incident.targets}
    line = Text(overflow="fold")
    if incident.about:
        line.append("about ")
        for i, term in enumerate(incident.about):
            line.append(f"{', ' if i else ''}{safe(term)}")
            if term in polarity:
                line.append(f" ({polarity[term]})", style=_STYLES[polarity[term]])
    shown = dict.fromkeys([one.label for one in incident.intents] + [one.topic for one in incident.concerns])
    if shown:
        line.append(f"{'  ' if line else ''}{', '.join(safe(one) for one in shown)}", style="cyan")
    for party in incident.parties:
        line.append("  " if line else "").append_text(_party(party))
    return line


def _party(party: Party) -> Text:
    name = safe(party.name or party.subject)
    if party.outcome == "linked":
        return Text(f"→ {name} ({party.role})", style="green")
    if party.outcome == "candidate":
        return Text(f"? {name} ({party.role}, {party.score:.2f})", style="yellow")
    return Text(f"by {name}", style="dim")


def profile(
    profile: Profile, today: date, *, names: Mapping[str, str] | None = None, locale: Locale | None = None
) -> RenderableType:
    """Return the crow's nest over one contact or account; whatever is relative to today is relative to `today`.

    `names` gives names for ids (the account of a contact, the people of an account); an id without one shows itself.
    Money and days of holdings and purchases are written as in `locale`.
    """
    locale = locale or LocaleSettings()
    names = names or {}
    head = Text(safe(profile.name or _first_identity(profile) or profile.id), style="bold")
    head.append(f"  {profile.kind}", style="not bold dim")
    if profile.lifecycle:
        head.append(f"  {safe(profile.lifecycle[-1].tag)}", style="not bold cyan")
    rows: list[tuple[str, Text]] = []

    def row(label: str, values: Iterable[str]) -> None:
        found = [safe(value) for value in values if value]
        if found:
            rows.append((label, Text(" · ".join(found), overflow="fold")))

    row("Is", (profile.title, profile.organisation, profile.domain, profile.place))
    row("Account", (names.get(profile.account, profile.account),))
    row("People", (names.get(one, one) for one in profile.people))
    row("Owner", (profile.owner,))
    row("CRM", (f"{one.system} {one.value}" for one in profile.external_ids))
    if profile.ids:
        joined = f"{len(profile.ids):,} records of the CRM, which people joined; the page takes them apart again"
        rows.append(("Joined", Text(joined, overflow="fold")))
    if profile.locked:
        rows.append(("Locked", Text("only the CRM and people change who this is", overflow="fold")))
    for i, conflict in enumerate(profile.conflicts):
        rows.append(("" if i else "Contrary", Text(safe(conflict), style="yellow", overflow="fold")))
    row("Reached at", (*profile.emails, *(phone(one) for one in profile.phones)))
    if profile.lifecycle:
        rows.append(("Lifecycle", Text(" → ".join(_tag(tag) for tag in profile.lifecycle))))
    # Phone numbers stand above: nobody writes under one.
    for i, one in enumerate(each for each in profile.identities if each.identity.type != "phone"):
        rows.append(("" if i else "Known as", _identity(one)))
    for i, holding in enumerate(profile.holdings[:_TRADE]):
        rows.append(("" if i else "Has", _holding(holding, locale)))
    _tell_more(rows, profile.holding_count)
    for i, purchase in enumerate(profile.purchases[:_TRADE]):
        rows.append(("" if i else "Bought", _purchase(purchase, locale)))
    _tell_more(rows, profile.purchase_count)
    row("In all", (money(total, currency, locale) for currency, total in profile.purchase_totals.items()))
    rows.append(("Contact", _first_and_last(profile, today)))
    if profile.by_month:
        months = months_to(today)
        counts = [profile.by_month.get(month, 0) for month in months]
        trend = f"{sparkline(counts)}  {months[0]} to {months[-1]}: {sum(counts):,} of {profile.incidents:,}"
        rows.append(("Trend", Text(trend)))
    counted = (
        ("Tone", profile.by_polarity),
        ("Intents", profile.by_intent),
        ("About", profile.by_term),
        ("Sources", profile.by_source),
    )
    for label, by in counted:
        if by:
            rows.append((label, Text(_counts(_most_first(by)), overflow="fold")))
    parts: list[RenderableType] = [head, *(_line(label, text) for label, text in rows)]
    if profile.last:
        parts += [Text(), Text("Last incidents", style="bold")]
        parts += [part for one in profile.last for part in _summary(one)]
    if profile.waiting:
        parts += [Text(), Text("Waiting for somebody to decide", style="bold")]
        parts += [part for one in profile.waiting for part in _summary(one)]
    return Group(*parts)


def _tell_more(rows: list[tuple[str, Text]], count: int) -> None:
    if count > _TRADE:
        rows.append(("", Text(f"and {count - _TRADE:,} more", style="dim")))


def _holding(holding: Holding, locale: Locale) -> Text:
    text = Text(safe(" ".join(part for part in (holding.product, holding.version) if part)), overflow="fold")
    if holding.since:
        text.append(f"  since {day(holding.since, locale)}")
    if holding.until:
        text.append(f", until {day(holding.until, locale)}")
    if holding.left_for:
        text.append(f", left for {safe(holding.left_for)}")
    if holding.left_why:
        text.append(f": {safe(holding.left_why)}")
    return text


def _purchase(purchase: Purchase, locale: Locale) -> Text:
    parts = (
        day(purchase.at, locale) if purchase.at else "undated",
        safe(purchase.product),
        money(purchase.amount, purchase.currency, locale) if purchase.amount else "",
    )
    return Text("  ".join(part for part in parts if part), overflow="fold")


def _summary(summary: IncidentSummary) -> list[RenderableType]:
    """An incident on a profile: what was said, and why it is here. A candidate shows its score and evidence."""
    head = _head(summary.published, summary.source, f"as {summary.role}", summary.polarity)
    if summary.outcome == "candidate":
        head.append(f"  score {summary.score:.2f}", style="yellow not bold")
    lines = [Text(f"“{_cut(safe(snippet.exact), _SNIPPET)}”", overflow="fold") for snippet in summary.snippets[:3]]
    if summary.about:
        lines.append(Text(f"about {', '.join(safe(term) for term in summary.about)}", style="cyan", overflow="fold"))
    lines += [Text(f"why: {safe(why)}", style="italic", overflow="fold") for why in summary.why]
    if summary.outcome == "candidate" or not summary.why:
        lines += [Text(_evidence(one), style="dim", overflow="fold") for one in summary.evidence]
    if summary.url:
        lines.append(Text(safe(summary.url), style="dim", overflow="fold"))
    lines.append(Text(safe(summary.id), style="dim"))
    return [head, *(_Indented(line) for line in lines)]


def _evidence(evidence: Evidence) -> str:
    values = " = ".join(f"“{_cut(safe(v), 60)}”" for v in (evidence.mention_value, evidence.crm_value) if v)
    veto = ", rules it out" if evidence.veto else ""
    return f"{evidence.weight:+.1f} {safe(evidence.feature)}{': ' if values else ''}{values}{veto}"


def _identity(one: ProfileIdentity) -> Text:
    identity = one.identity
    text = Text(f"{safe(identity.platform)} {safe(identity.value)}", overflow="fold")
    if one.evidence:
        text.append(f"  ({', '.join(safe(e.feature) for e in one.evidence)})", style="dim")
    return text


def _first_identity(profile: Profile) -> str:
    return next((f"{one.identity.platform} {one.identity.value}" for one in profile.identities), "")


def _tag(tag: LifecycleTag) -> str:
    return safe(tag.tag) + (f" since {tag.since}" if tag.since else "")


def _first_and_last(profile: Profile, today: date) -> Text:
    waiting = f", {profile.candidates:,} waiting" if profile.candidates else ""
    if profile.first_contact is None or profile.last_contact is None:
        return Text(f"none yet{waiting}")
    last = profile.last_contact
    alone = "".join(f", {one.number:,} by {channel}" for channel, one in profile.activities.items())
    return Text(
        f"first {profile.first_contact:%Y-%m-%d}, last {last:%Y-%m-%d} ({_age(last.date(), today)}); "
        f"{profile.incidents:,} linked{alone}{waiting}"
    )


def _age(day: date, today: date) -> str:
    days = (today - day).days
    if days < 0:
        return f"in {-days} days" if days < -1 else "tomorrow"
    if days < 2:
        return ("today", "yesterday")[days]
    for size, name in ((365, "year"), (30, "month"), (7, "week")):
        if days >= 2 * size:
            return f"{days // size} {name}s ago"
    return f"{days} days ago"


def dead_letters(letters: Sequence[DeadLetter]) -> RenderableType:
    """Return a list of dead letters: of each its id, when, who gave up, where, and the message."""
    if not letters:
        return Text("No dead letters.")
    parts: list[RenderableType] = []
    for letter in letters:
        head = Text(safe(letter.id), style="bold")
        head.append(f"  {_minute(letter.at)}  {safe(letter.stage)}  {safe(letter.error)}", style="not bold")
        message = f"{letter.where}: {letter.message}" if letter.where else letter.message
        parts += [head, _Indented(Text(safe(_cut(message, 300)), overflow="fold"))]
    parts.append(Text(f"{len(letters):,} dead {'letter' if len(letters) == 1 else 'letters'}", style="dim"))
    return Group(*parts)


def dead_letter(letter: DeadLetter) -> RenderableType:
    """Return one dead letter whole, with the beginning of its record as it came."""
    rows = [
        ("Id", letter.id),
        ("When", f"{_minute(letter.at)} UTC, after {letter.attempts} {'try' if letter.attempts == 1 else 'tries'}"),
        ("Stage", letter.stage),
        ("Topic", f"{letter.topic}, partition {letter.partition}, offset {letter.offset}" if letter.topic else "none"),
        ("Key", letter.key),
        ("Where", letter.where),
        ("Error", letter.error),
        ("Message", letter.message),
        *((f"  {name}", value) for name, value in sorted(letter.headers.items())),
    ]
    parts: list[RenderableType] = [_line(label, Text(safe(text), overflow="fold")) for label, text in rows if text]
    if letter.value is not None:
        value = letter.value.decode("utf-8", "replace")
        parts.append(Text(f"Record ({len(letter.value):,} bytes)"))
        parts.append(_Indented(Text(safe(_cut(value, _MOST_VALUE), lines=True), overflow="fold")))
    return Group(*parts)


def mention_import(report: MentionReport, notes: Sequence[str] = ()) -> RenderableType:
    """Return what became of an imported file of posts."""
    parts: list[RenderableType] = [Text(f"{report.read:,} rows: {_counts(_most_first(report.fates))}")]
    if report.duplicates:
        examples = ", ".join(report.examples[:5])
        parts.append(_noted(f"{report.duplicates:,} rows name a post that the file named before ({examples})"))
    parts += [_noted(note) for note in notes]
    parts += [Text(f"! {safe(error)}", style="red", overflow="fold") for error in report.errors]
    if dead := report.fates.get("dead", 0):
        rest = f" and {dead - len(report.errors):,} more" if dead > len(report.errors) else ""
        parts.append(Text(f"Rows in error{rest} are dead letters: overheard dead-letters list", style="dim"))
    return Group(*parts)


def crm_import(report: CrmReport, *, dry_run: bool = False) -> RenderableType:
    """Return what an import of the CRM's lists does (or, dry, would do): columns with why, odd rows, counts."""
    parts: list[RenderableType] = [columns(report.columns), *_guesses(report.guesses)]
    parts += [_noted(note) for note in report.notes]
    told = [row for row in report.rows if row.outcome != "unchanged" or row.warnings]
    for row in told[:_MOST_ROWS]:
        parts += _row(row)
    if len(told) > _MOST_ROWS:
        parts.append(Text(f"… and {len(told) - _MOST_ROWS:,} more rows; --json has all", style="dim"))
    summary = _counts(_most_first(report.counts)) or "none"
    parts.append(Text(f"{len(report.rows):,} rows: {summary}{'. Dry run: nothing was written' if dry_run else ''}"))
    return Group(*parts)


def columns(described: Sequence[tuple[str, str]]) -> RenderableType:
    """Return which column of a file goes to which field."""
    used = ", ".join(f"{safe(c)} → {f}" if c != f else safe(c) for c, f in described if f != "-")
    ignored = ", ".join(safe(c) for c, f in described if f == "-")
    lines = [_line("Columns", Text(used, overflow="fold"))]
    if ignored:
        lines.append(_line("Ignored", Text(ignored, style="yellow", overflow="fold")))
    return Group(*lines)


def _guesses(guesses: Sequence[ColumnGuess]) -> list[RenderableType]:
    """Columns that go somewhere for another reason than their name, each with its values; and how to say otherwise."""
    told = [one for one in guesses if one.field != "-" and one.reason not in (BY_NAME, BY_HAND)]
    lines: list[RenderableType] = [
        _line("Guessed", Text(f"{safe(g.column)} → {g.field}: {safe(g.reason)} ({safe(', '.join(g.samples))})"))
        for g in told
    ]
    if told:
        lines.append(_line("", Text("Say otherwise with --map 'COLUMN=FIELD', or COLUMN=- for none", style="dim")))
    return lines


def _row(row: RowReport) -> list[RenderableType]:
    who = " ".join(safe(part) for part in (row.external_id, row.name) if part)
    head = Text(f"line {row.line:>4}  {row.outcome:<10}  {who}", style="red" if row.outcome == "error" else "")
    lines = [Text(safe(row.message), style="red", overflow="fold")] if row.message else []
    lines += [
        Text(f"{c.field}: {safe(c.old) or 'nothing'} → {safe(c.new) or 'nothing'}", overflow="fold")
        for c in row.changes
    ]
    lines += [Text(f"! {safe(warning)}", style="yellow", overflow="fold") for warning in row.warnings]
    return [head, *(_Indented(line, 11) for line in lines)]


def fates(by_stage: Mapping[str, Mapping[str, int]]) -> RenderableType:
    """Return what became of the records that each stage read; of each stage the fates add up."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("stage")
    table.add_column("fate", overflow="fold")
    table.add_column("records", justify="right")
    for stage, counts in by_stage.items():
        for i, (fate, count) in enumerate(_most_first({fate: count for fate, count in counts.items() if count})):
            table.add_row(Text(safe(stage) if i == 0 else ""), Text(safe(fate)), Text(f"{count:,}"))
    return table


def comparison(done: Comparison, field: str, limit: int) -> RenderableType:
    """Return two versions side by side: components, counts, and `limit` mentions of each field (of `field` alone)."""
    parts: list[RenderableType] = [
        _line("compared", Text(f"{done.compared:,} mentions of the same text"), width=12),
        _line("only before", Text(f"{done.only_before:,}"), width=12),
        _line("only after", Text(f"{done.only_after:,}"), width=12),
    ]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("component", "before", "after"):
        table.add_column(name, overflow="fold")
    for name, (old, new) in done.models.items():
        table.add_row(Text(safe(name)), Text(safe(old or "-")), Text(safe(new or "-")))
    parts += [Text(""), table]
    for name, changed in done.changed.items():
        if field not in ("", name):
            continue
        parts += [Text(""), Text(f"{name}: {changed:,} of {done.compared:,} differ", style="bold")]
        for one in [each for each in done.differences if each.field == name][:limit]:
            parts.append(_Indented(Text(safe(_cut(one.text, 200)))))
            parts += [_Indented(Text(f"- {safe(line)}", style="red"), by=4) for line in one.before]
            parts += [_Indented(Text(f"+ {safe(line)}", style="green"), by=4) for line in one.after]
    return Group(*parts)


def concerns(found: Concerns, today: date) -> RenderableType:
    """Return topics with their numbers, twelve months as bars, and what was said last."""
    months = months_to(today)
    parts: list[RenderableType] = []
    for one in found.items:
        head = Text(safe(one.topic), style="bold")
        if not found.product:
            head.append(f"  {safe(one.product)}", style="not bold cyan")
        counts = sparkline([one.by_month.get(month, 0) for month in months])
        head.append(f"  {one.posts:,} {'post' if one.posts == 1 else 'posts'}  {counts}", style="not bold")
        head.append(f"  {one.recent:,} in 30 days, {one.before:,} in the 30 before", style="not bold dim")
        parts.append(head)
        parts += [Text(f"  “{_cut(safe(snippet.exact), _SNIPPET)}”", overflow="fold") for snippet in one.snippets[:1]]
        parts.append(Text(f"  {safe(one.query)}", style="dim"))
    parts.append(Text(f"bars: {months[0]} to {months[-1]}", style="dim"))
    return Group(*parts)


def agreement(rows: Sequence[Agreement]) -> RenderableType:
    """Return how far people and machine agree, those with most labels first."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("what", "source", "language"):
        table.add_column(name, overflow="fold")
    for name in ("labels", "agreed", "share", "95 %"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            Text(safe(row.what)),
            Text(safe(row.source)),
            Text(safe(row.language)),
            f"{row.labels:,}",
            f"{row.agreed:,}",
            f"{row.agreed / row.labels:.0%}",
            f"{row.low:.0%} to {row.high:.0%}",
        )
    return table


def trial(shown: Sequence[Mention], found: int) -> RenderableType:
    """Return the first posts of a source that was tried: who said it, when, how it begins, and where."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("Said by", "When", "What"):
        table.add_column(name, overflow="fold", ratio=None if name != "What" else 1)
    for one in shown:
        actor = one.attributed_to
        who = (actor.preferred_username or actor.name or actor.native_id) if actor else ""
        what = Text(safe(_cut(" ".join(one.text.split()) or "(no text)", 160)), overflow="fold")
        what.append(f"\n{safe(one.url or 'no address')}", style="dim")
        table.add_row(Text(safe(_cut(who or "nobody", 40))), _minute(one.published), what)
    more = f"{found:,} {'post' if found == 1 else 'posts'} came"
    return Group(table, Text(f"{more}; the first {len(shown)} are shown" if found > len(shown) else more, style="dim"))


def explained(components: Sequence[Explained], mentions: Sequence[ExplainedMention]) -> RenderableType:
    """Return the components with their time, and what each found in each mention."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("component", "version", "requires", "assigns"):
        table.add_column(name, overflow="fold")
    table.add_column("ms a mention", justify="right")
    for one in components:
        table.add_row(
            Text(safe(one.name)),
            Text(safe(one.version)),
            Text(", ".join(one.requires)),
            Text(", ".join(one.assigns)),
            f"{one.milliseconds:.2f}",
        )
    parts: list[RenderableType] = [table]
    for mention in mentions:
        parts += [Text(""), Text(safe(_cut(mention.text, 400)), style="bold")]
        for name, lines in mention.found:
            for i, line in enumerate(lines):
                parts.append(_line(name if i == 0 else "", Text(safe(_cut(line, 400))), width=12))
    return Group(*parts)


def _noted(text: str) -> Text:
    return Text(f"! {safe(text)}", style="yellow", overflow="fold")


def _line(label: str, text: Text, *, width: int = 11) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=width, style="dim")
    grid.add_column(overflow="fold", ratio=1)
    grid.add_row(Text(safe(label)), text)
    return grid


@dataclass(frozen=True, slots=True)
class _Indented:
    """A text wrapped and indented, without the spaces that rich's own padding leaves at line ends."""

    text: Text
    by: int = 2

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.text.wrap(console, max(options.max_width - self.by, 10), overflow="fold"):
            line.rstrip()
            yield Text(" " * self.by).append_text(line)


def _counts(counts: Iterable[tuple[str, int]]) -> str:
    return " · ".join(f"{safe(name)} {count:,}" for name, count in counts if count)


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _minute(when: datetime | None) -> str:
    return "undated" if when is None else f"{when:%Y-%m-%d %H:%M}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
