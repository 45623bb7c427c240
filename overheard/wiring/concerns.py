"""What is complained of and wished for, by product and topic; counted by the index, however many posts there are."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from overheard.errors import NotFoundError
from overheard.index.base import Index, Search
from overheard.index.documents import PUBLIC
from overheard.index.fields import normal_value
from overheard.index.query import Not, Prefix, Tree, Value, every, format  # noqa: A004 - the pair of `parse`
from overheard.records import Concern, Incident, Snippet, Term, digest, snippet_id
from overheard.text import fold
from overheard.web.results import ConcernOf, Concerns

# Days that a trend compares with as many before them.
TREND = 30
_SNIPPETS = 3
# Characters of a snippet, and of what stands before and after it.
_LONGEST, _AROUND = 280, 32
_ABOUT_US: Sequence[Tree] = (Value("kind", "incident"), Not(Value("status", "not about us")))


def concerns_of(index: Index, terms: Sequence[Term], product: str, limit: int, now: datetime) -> Concerns:
    """Return what posts complain of or wish for, of one watched term or, with "", of all, most frequent first.

    `product` is one of `terms`, by id or alias. Raises NotFoundError for another.
    """
    term = _term(terms, product) if product else None
    ids = {normal_value("issue", one.id): one.id for one in terms}
    whole = every([*_ABOUT_US, Prefix("issue", f"{normal_value('issue', term.id)}/" if term else "")])
    found = index.search(Search(whole, limit=0, facets=("issue",)))
    own = normal_value("issue", term.id) if term else ""
    # A post that is here for one product may have a concern with another.
    issues = [(value, number) for value, number in found.facets["issue"] if not own or value.startswith(f"{own}/")]
    since = now.astimezone(UTC).date() - timedelta(days=TREND - 1)
    items = []
    for value, number in issues[:limit]:
        folded, _, topic = value.partition("/")
        items.append(_concern(index, ids.get(folded, folded), topic, number, since))
    return Concerns(product=term.id if term else "", since=since, posts=found.total, items=tuple(items))


def _concern(index: Index, product: str, topic: str, number: int, since: date) -> ConcernOf:
    value = Value("issue", normal_value("issue", f"{product}/{topic}"))
    page = index.search(Search(every([*_ABOUT_US, value]), limit=_SNIPPETS, facets=("published:day", "channel")))
    days = {date.fromisoformat(day): count for day, count in page.facets["published:day"]}
    months: Counter[str] = Counter()
    for day, count in days.items():
        months[f"{day:%Y-%m}"] += count
    before = since - timedelta(days=TREND)
    records = [record for hit in page.hits if isinstance(record := hit.record, Incident)]
    return ConcernOf(
        product=product,
        topic=topic,
        query=format(value),
        posts=number,
        activities=sum(count for channel, count in page.facets["channel"] if channel != PUBLIC),
        recent=sum(count for day, count in days.items() if since <= day),
        before=sum(count for day, count in days.items() if before <= day < since),
        by_month=dict(sorted(months.items())),
        snippets=_snippets(records, product, topic),
    )


def _snippets(records: Sequence[Incident], product: str, topic: str) -> tuple[Snippet, ...]:
    """Return the first sentence of each post that carries the concern: it need not name the product."""
    found = []
    for record in records:
        of_it = (one for one in record.concerns if one.target == product)
        if (concern := next((one for one in of_it if normal_value("concern", one.topic) == topic), None)) is not None:
            found.append(_cut(record, concern))
    return tuple(found)


def _cut(record: Incident, concern: Concern) -> Snippet:
    text, start = record.mention.text, concern.start
    end = min(concern.end, start + _LONGEST)
    toward = next((one for one in record.targets if one.target == concern.target), None)
    return Snippet(
        id=snippet_id(record.mention.id, concern.target, start, end),
        mention=record.mention.id,
        target=concern.target,
        exact=text[start:end],
        prefix=text[max(0, start - _AROUND) : start],
        suffix=text[end : end + _AROUND],
        start=start,
        end=end,
        text_hash=digest(text),
        polarity=toward.polarity if toward else record.sentiment.polarity,
        confidence=toward.confidence if toward else record.sentiment.confidence,
    )


def _term(terms: Sequence[Term], product: str) -> Term:
    by_id = next((one for one in terms if one.id == product), None)
    by_name = [one for one in terms if fold(product) in {fold(name) for name in (one.id, *one.aliases)}]
    found = by_id or next(iter(by_name), None)
    if found is None:
        msg = f"expected a watched term by its id or a name: {', '.join(one.id for one in terms[:20])}; got {product!r}"
        raise NotFoundError(msg)
    return found
