"""Which stretches of a text are not its author's own words: quotations, replies quoted, forwards, signatures, code.

By marks on the page only, in any language that uses them; who is quoted is not looked for. Speech without marks ("he
said it was bad") counts as the author's.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import regex

from overheard.enrich.sentences import Span

# Three words in quotation marks are somebody's; fewer are a title, or a word at arm's length ("smart" home).
_WORDS_QUOTED: Final = 3

# A quoted line of a reply, as mail and Markdown have it. Not an arrow ("> 30 %"), which stands before a number.
_REPLY_LINE = regex.compile(r"^[ \t]{0,3}(?:>[ \t]?)+(?![ \t]*[\d=]).*(?:\n|$)", regex.MULTILINE)
# What stands before the whole of an earlier mail, and all that follows it.
_FORWARD = regex.compile(
    r"^[ \t]*(?:-{2,}[ \t]*(?:original message|forwarded message|ursprüngliche nachricht|message d'origine|"
    r"mensaje original|mensagem original|messaggio originale)[ \t]*-{2,}"
    r"|begin forwarded message:"
    r"|from:[^\n]{1,200}\n(?:[ \t]*(?:sent|date|to|cc|subject):[^\n]{0,300}\n){2,})",
    regex.MULTILINE | regex.IGNORECASE,
)
# "On Mon, 3 May 2021 at 10:00, Ann Lee <ann@example.org> wrote:", on one line or two.
_WROTE = regex.compile(
    r"^[ \t]*(?:on|am|le|el|em|il|op|den)\b[^\n]{5,200}(?:\n[^\n]{1,100})?"
    r"\b(?:wrote|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev)[^\n]{0,60}:[ \t]*$",
    regex.MULTILINE | regex.IGNORECASE,
)
# RFC 3676, 4.3: two hyphens and a space; many programs lose the space.
_SIGNATURE = regex.compile(r"^-- ?$(?:\n.*){0,20}", regex.MULTILINE)
_SENT_FROM = regex.compile(
    r"^[ \t]*(?:sent from (?:my|the|outlook|mail|yahoo|proton)\b|get outlook for|von meinem .{2,30} gesendet|"
    r"envoyé de(?:puis)? mon|enviado desde mi|enviado do meu)[^\n]{0,100}$",
    regex.MULTILINE | regex.IGNORECASE,
)
_FENCED = regex.compile(r"^[ \t]{0,3}(```|~~~).*?(?:^[ \t]{0,3}\1[ \t]*$|\Z)", regex.MULTILINE | regex.DOTALL)
_CODE = regex.compile(r"(?<!`)`[^`\n]{1,300}`(?!`)|<(pre|code|blockquote)\b[^>]{0,200}>.*?(?:</\1>|\Z)", regex.DOTALL)
# A post that was passed on whole: "RT @acme: ...".
_PASSED_ON = regex.compile(r"(?:^|(?<=\s))RT @\w{1,30}:?[ \t].*", regex.DOTALL)
# Pairs of marks, closed within a thousand characters: a lone one is for inches, or a slip. An apostrophe is none, so
# single ones are left alone. Marks that are the same on both sides open
# after a space or bracket and close before one, or before punctuation.
_SPEECH = regex.compile(
    r"“[^“”\n]{3,1000}”|«[^«»\n]{3,1000}»|„[^„“”\n]{3,1000}[“”]|「[^「」\n]{3,1000}」|『[^『』\n]{3,1000}』"
    r"|(?<![\w\d\"])\"(?=\S)[^\"\n]{3,1000}(?<=\S)\"(?![\w\d\"])"
)
_SPACELESS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
# What stands around words and says nothing.
_MARKS = " \t\r\n.,;:!?…()[]\"'“”‘’„«»「」『』-–—"


def quotations(text: str) -> list[Span]:
    """Return the stretches that are not the author's own words, in order, not overlapping; empty for most texts.

    A text that is one quotation from end to end is its author's: whoever posts nothing else speaks by it.
    """
    found: list[Span] = []
    if ">" in text:
        found += _all(_REPLY_LINE, text)
    if "`" in text or "~~~" in text or "<" in text:
        found += _all(_FENCED, text) + _all(_CODE, text)
    if "\n" in text or text.startswith("--"):
        found += _all(_SIGNATURE, text) + _all(_SENT_FROM, text)
        for rest in (_FORWARD, _WROTE):
            if first := rest.search(text):
                found.append(Span(first.start(), len(text)))
    if "RT @" in text:
        found += _all(_PASSED_ON, text)
    found += [span for span in _all(_SPEECH, text) if _is_speech(text[span.start + 1 : span.end - 1])]
    spans = _joined(found)
    return [] if len(spans) == 1 and is_within(text, spans, Span(0, len(text))) else spans


def is_within(text: str, quoted: Sequence[Span], part: Span) -> bool:
    """True where all that is said in a part of the text lies in one of the stretches, as `quotations` returns them.

    The one rule of whose words a part is. A sentence of the author's that holds a quotation is a report: what it says
    of somebody is the author's to say (of targets in such sentences of news as many are judged rightly as of others).
    """
    if not quoted:
        return False
    inside = text[part.start : part.end]
    start = part.start + len(inside) - len(inside.lstrip(_MARKS))
    end = part.end - (len(inside) - len(inside.rstrip(_MARKS)))
    if start >= end:
        start, end = part
    i = bisect_right(quoted, start, key=_start) - 1
    return i >= 0 and end <= quoted[i].end


def _start(span: Span) -> int:
    return span.start


def _is_speech(words: str) -> bool:
    return len(words.split()) >= _WORDS_QUOTED or len(_SPACELESS.findall(words)) >= 3 * _WORDS_QUOTED


def _all(pattern: "regex.Pattern[str]", text: str) -> list[Span]:
    return [Span(*match.span()) for match in pattern.finditer(text)]


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined
