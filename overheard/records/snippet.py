"""A snippet: what was said about one target, cut from a mention's text, verifiable for ever."""

from typing import Literal

from overheard.records.base import Record

Polarity = Literal["positive", "negative", "neutral", "unsure"]

# What somebody does by saying something; the types of activity that leads are made of.
ActivityType = Literal["complaint", "question", "praise", "purchase-intent", "churn-risk", "comparison"]


class Snippet(Record, frozen=True, kw_only=True):
    """W3C Web Annotation selectors over `Mention.text`, and what the cut says of its target.

    TextQuoteSelector: exact, prefix, suffix (up to 32 characters of context each). TextPositionSelector:
    start, end. `text_hash` = `digest(text)` of the text it was cut from, so `text[start:end] == exact` can be
    checked against the log. `target` is a watch term's id; "" for a snippet that stands for the whole. `intents` are
    those shown in it about its target.
    """

    id: str
    mention: str
    target: str
    exact: str
    prefix: str
    suffix: str
    start: int
    end: int
    text_hash: str
    polarity: Polarity
    confidence: float
    intents: tuple[ActivityType, ...] = ()
