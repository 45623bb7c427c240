# ruff: noqa: SIM905  (word lists read better as text)
"""Concerns: what a complaint or a wish is about, as a topic in plain form ("delivery").

A topic is an aspect that many products have (`aspects`), by whatever words; else the word that stands in the frame of a
complaint or a wish: "X doesn't work", "problems with X", "please add X". English and Hindi in Latin letters.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

import regex

from overheard.enrich.aspects import ASPECTS
from overheard.enrich.draft import Draft
from overheard.enrich.intents import LANGUAGES, own_sentences, targets_of
from overheard.enrich.sentences import Span
from overheard.records import Concern

# Topics of a sentence, and concerns kept of a mention.
MAX_TOPICS: Final = 3
MAX_CONCERNS: Final = 30
# Characters read of a sentence.
MAX_CHARACTERS: Final = 500

_WORD = regex.compile(r"\p{L}[\p{L}\p{M}]*(?:[-'’/]\p{L}[\p{L}\p{M}]*)*|\d+g\b")

# A wish asks for what is not there yet. What is only missing ("no signal") is a complaint.
_WISH = regex.compile(
    r"\b(?:i|we)(?:'d| would)? (?:really |just |only |do )?wish\b|\bif only (?:it|they|you|there|i|we)\b"
    r"|\b(?:feature|enhancement) request\b"
    r"|\b(?:please|pls|plz|kindly)(?: \w+)? (?:add|adding|support|bring back|implement|include|allow|provide|introduce"
    r"|make it possible|give us)\b"
    r"|\b(?:could|can|will|would) (?:you|we|they|someone)(?: guys| please| ever| maybe| perhaps)* "
    r"(?:add|support|implement|bring back|include|introduce|get an? (?:option|api|endpoint|setting))\b"
    r"|\b(?:would|it'd|'d) (?:also |really )?be (?:so |really |very )?"
    r"(?:nice|great|good|cool|lovely|helpful|useful|awesome|perfect|handy|better) (?:to|if|with)\b"
    r"|\b(?:it|they|you|there|app|site|website|version|interface|tool|software) (?:should|must|ought to) "
    r"(?:really |also |at least )?(?:have|add|support|offer|include|allow|come with|be an? (?:option|way|setting))\b"
    r"|\b(?:i|we)(?:'d| would) (?:really )?(?:love|like) (?:to see|it if|the option|an option|more|support for)\b"
    r"|\b(?:hope|hoping) (?:they|you|it|we)\b.{0,30}\b(?:add|get|bring|support|introduce|include)\w*"
    r"|\b(?:it|app|site|website|product|tool|version|interface|they|you) (?:really |still |also |just )?needs? "
    r"(?:an?|some|more|better)\b"
    r"|\bwhen (?:will|are) (?:you|they|we) .{0,20}\b(?:add|adding|support|supporting)\b|\b(?:wishlist|wish list):"
    r"|\b(?:add|bring back|give us|let us have) (?:an?|the|some|more|support)\b|\bhon[ai] chahiye\b"
    r"|\bfeature (?:de do|do|chahiye|laao)\b",
    regex.IGNORECASE,
)
# In a wish "support" is what a product should do, not whom one calls.
_ABILITY = regex.compile(r"(?<!\b(?:customer|technical|phone|email) )\bsupport(?:ing|s|ed)?\b", regex.IGNORECASE)
_DETERMINED = (
    r"(?:(?:the|a|an|any|some|my|our|your|their|its|this|that|these|those|his|her|more|better|new|"
    r"own|support for|an option for|an option to|option to|the ability to|ability to|the option to|a way to) "
    r")*"
)
_NOUN = r"(?P<noun>[\p{L}\p{M}][\p{L}\p{M}'-]*(?: [\p{L}\p{M}][\p{L}\p{M}'-]*){0,2})"
# What stands before its frame: the subject, up to two words.
_BEFORE = r"\b(?P<noun>[\p{L}\p{M}][\p{L}\p{M}-]*(?: [\p{L}\p{M}][\p{L}\p{M}-]*)?)"


class _Frame(NamedTuple):
    """Words around a topic, which is the group "noun"; `subject` where it comes first, and its last words count."""

    pattern: "regex.Pattern[str]"
    subject: bool


def _frames(*patterns: str) -> tuple[_Frame, ...]:
    return tuple(_Frame(regex.compile(one, regex.IGNORECASE), one.startswith(_BEFORE)) for one in patterns)


# Frames of a complaint: the noun after them, or before them. The first that gives a topic counts.
_COMPLAINT_FRAMES: Final = _frames(
    rf"\b(?:problems?|issues?|troubles?|difficult(?:y|ies)|errors?|bugs?|complaints?|hassle) (?:with|about|"
    rf"regarding|in|when using) {_DETERMINED}{_NOUN}",
    rf"\b(?:disappointed|unhappy|frustrated|annoyed|fed up|dissatisfied|not (?:happy|satisfied|impressed)|"
    rf"sick|tired) (?:with|by|of|about) {_DETERMINED}{_NOUN}",
    rf"{_BEFORE} (?:simply |just |still |really |always |often |constantly |suddenly |never |again )*"
    r"(?:does ?n['’]?t|do ?n['’]?t|did ?n['’]?t|won['’]?t|wo n't|does not|do not|did not|will not|is "
    r"?n['’]?t|are ?n['’]?t|is not|are not|was ?n['’]?t|can(?:no|['’]?)t|never|no longer|stopped|"
    r"stops|keeps?|refuses?)"
    r"(?: (?:even|really|properly|to))* (?:work|start|open|load|connect|respond|fit|turn|close|run|last|"
    r"hold|come|go|function|move|stick|dry|cure|freez|fail|break|fall|drop|die|disconnect|jam|crash|"
    r"switch)\w*",
    rf"{_BEFORE} (?:(?:is|are|was|were|gets?|got|has|have|had|arrived|came|went|feels?|looks?|seems?|"
    rf"became) )(?:been |become |always |still |just |so |too |very |really |way |far |such a |a |"
    rf"totally |completely |absolutely |again )*"
    r"(?:broken|slow|expensive|useless|faulty|dead|stuck|defective|damaged|missing|wrong|bad|awful|"
    r"terrible|horrible|poor|pathetic|unusable|unreliable|joke|mess|disaster|nightmare|ridiculous|"
    r"late|cold|dirty|noisy|loud|down|blurry|cracked|bent|torn|jammed|rubbish|garbage|crap|disgusting|"
    r"blocked|buggy|confusing|complicated|clumsy|weak|flimsy|outdated|unacceptable|overpriced|small|"
    r"tight|heavy|short|crooked|loose|rusty|worn)\b",
    rf"{_BEFORE} (?:just |always |constantly |again |suddenly )*(?:crash|fail|jam|leak|break|broke|freez|"
    rf"froze|die|stop|overheat|rattle|squeak|flicker|snap|crack|rust|peel|fade|misfire|drip|wobble|"
    rf"stink|suck|disappear|vanish)(?:e?s|e?d|ing|ping|ging)?\b",
    r"\b(?:broken|faulty|defective|missing|terrible|horrible|awful|poor|bad|useless|slow|wrong|dirty|cold|"
    r"pathetic|worst|damaged|ridiculous|endless|constant|overpriced|expensive) "
    r"(?P<noun>[\p{L}\p{M}][\p{L}\p{M}'-]*)",
    rf"\b(?:no|without(?: any)?|lack of|lacks|missing|there (?:is|are|was|were) no|still no|not enough|"
    rf"hardly any) {_DETERMINED}{_NOUN}",
    rf"\b(?:can['’]?t|cannot|unable to|could ?n['’]?t|not able to|won['’]?t let (?:me|us)|impossible to) "
    rf"(?:even |get |use |find |open |see |access |reach )*{_DETERMINED}{_NOUN}",
    rf"\b(?:hate|regret|despise|can['’]?t stand|ruined|ruins|messed up|broke|removed|removes|killed|hid|"
    rf"lost|forgot) {_DETERMINED}{_NOUN}",
    rf"{_BEFORE} (?:bahut |itn[aie] |ekdum |phir se |baar baar )*(?:kharab|bekar|bakwas|ghatiya|slow|"
    rf"band|khatam|kaam nahi|nahi chal|toot|hang|late)",
)
_WISH_FRAMES: Final = _frames(
    rf"\b(?:add|support|bring back|bring|implement|include|introduce|offer|provide|allow|enable|have|had|"
    rf"get|got|see|with|needs?|feature request:?|consider|give us|come with|came with|missing|lacks|"
    rf"be) (?:adding |an? |to )?{_DETERMINED}{_NOUN}",
    rf"\bwish {_DETERMINED}{_NOUN}",
    rf"\b(?:nice|great|good|cool|lovely|helpful|useful|awesome|handy) (?:to|if|with)(?: have| you| there| "
    rf"we| i| could| had| was| were| add| be| able)* {_DETERMINED}{_NOUN}",
)

# Words that are never a topic, alone or at either end of one.
_EMPTY: Final = frozenset(
    "a about absolutely actually after again all almost already also always am an and another any anybody"
    " anymore anyone anything are aren't as at available away back be because been before being better big bit"
    " both but by came can can't come comes completely could couldn't day days did didn't different do does"
    " doesn't doing done don't down during each either else enough especially even ever every everybody everyone"
    " everything expected far few first for from full get gets getting give go goes going gone good got great"
    " guys had half has have haven't having he help her here hers him his honestly hour hours how i i'd i'll i'm"
    " i've if in into is isn't it it's its just keep keeps kept kind know last least less let like little long"
    " lot lots made make makes many may me mine month months more most much must my need needs never new next"
    " nice no nobody none not nothing now of off often old on once one ones only onto or order other others our"
    " ours out over own people perhaps please possible pretty problem problems quite rather really right said"
    " same say says second see seems seriously she should simply since so some somebody someone something"
    " sometimes soon sorry sort still stuff such take takes than thank thanks that that's the their theirs them"
    " then there there's these they they're thing things think third this those though through time times to"
    " today together too totally tried tries try twice two under until up us use used user users using very via"
    " want wants was wasn't way we we're we've week weeks well went were what whatever when where which while who"
    " whole why will with within without won't word words work works worked working world worst would wouldn't"
    " wow year years yes yesterday yet you you're your yours issue issues trouble error answer anyway product"
    " products company service place experience reason idea clue hand man life point place hope wonder doubt"
    " sense matter part side end start able ability option money look looks feel yaar bhai hai ho ka ki ke ko ye"
    " wo mera meri mere bahut kya nahi se mein app's stop stopped mine nope oh ok okay lol omg literally"
    " basically currently finally later earlier early late tomorrow monday tuesday wednesday thursday friday"
    " saturday sunday morning evening night tonight minute minutes three four five six seven eight nine ten"
    " buying ordering paying similar implemented except instead added included lmao wtf smh tbh imo btw forever"
    " grateful".split()
)
_NOT_PLURAL: Final = regex.compile(r"(?:ss|us|is|os|news|series|lens|gps|sms|glasses|jeans|trousers|scissors)$")


class Topic(NamedTuple):
    """A topic at [start, end) of a text; `known` where it is one of ASPECTS."""

    name: str
    start: int
    end: int
    known: bool


def stem(word: str) -> str:
    """Return a word in the singular, in lower case: "batteries" is "battery". Short words and names of things stay."""
    word = word.lower().replace("’", "'").removesuffix("'s").removesuffix("'")
    if len(word) < 4 or not word.endswith("s") or _NOT_PLURAL.search(word):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def _table() -> dict[tuple[str, ...], str]:
    table: dict[tuple[str, ...], str] = {}
    for topic, words in ASPECTS.items():
        for phrase in (topic, *words.split(",")):
            table.setdefault(tuple(stem(word) for word in _WORD.findall(phrase)), topic)
    return table


_ASPECT_OF: Final = _table()
_LONGEST: Final = max(map(len, _ASPECT_OF))
# These name what is bad about a thing, or a thing that is often only the place: another topic beside them is meant.
_FAINT: Final = frozenset(
    {
        "mobile app", "website", "account", "quality", "durability", "ordering", "updates", "bugs", "crashes", "colour",
        "design", "location", "weight", "temperature", "complaint handling", "installation", "content", "furniture",
    }
)  # fmt: skip
_FAINTEST: Final = frozenset({"mobile app", "website", "account", "ordering", "design", "location", "content"})


def aspects_of(text: str, part: Span, names: Sequence[Span] = ()) -> list[Topic]:
    """Return the known topics in a part of a text, in order, each once; words in `names` are names, not topics."""
    words = [
        (stem(match[0]), match.start(), match.end())
        for match in _WORD.finditer(text, part.start, min(part.end, part.start + MAX_CHARACTERS))
        if not any(name.start < match.end() and match.start() < name.end for name in names)
    ]
    found: dict[str, Topic] = {}
    at = 0
    while at < len(words):
        for size in range(min(_LONGEST, len(words) - at), 0, -1):
            topic = _ASPECT_OF.get(tuple(word for word, _, _ in words[at : at + size]))
            if topic is not None:
                found.setdefault(topic, Topic(topic, words[at][1], words[at + size - 1][2], known=True))
                at += size
                break
        else:
            at += 1
    return list(found.values())


def framed(text: str, part: Span, kind: Literal["complaint", "wish"], names: Sequence[Span] = ()) -> Topic | None:
    """Return the word or words that stand in a frame of a complaint or wish; None where none says what it is about."""
    end = min(part.end, part.start + MAX_CHARACTERS)
    for frame in _WISH_FRAMES if kind == "wish" else _COMPLAINT_FRAMES:
        for match in frame.pattern.finditer(text, part.start, end, concurrent=False):
            topic = _content(text, *match.span("noun"), names, last=frame.subject)
            if topic is not None:
                return topic
    return None


def _content(text: str, start: int, stop: int, names: Sequence[Span], *, last: bool) -> Topic | None:
    """Return the content words of a noun phrase: the first run of them, or the last one."""
    runs: list[list[tuple[str, int, int]]] = [[]]
    for match in _WORD.finditer(text, start, stop):
        named = any(name.start < match.end() and match.start() < name.end for name in names)
        if named or match[0].lower().replace("’", "'") in _EMPTY or len(match[0]) < 3:
            runs.append([])
        else:
            runs[-1].append((stem(match[0]), match.start(), match.end()))
    if last and not runs[-1]:
        return None  # the subject is "it", or what stands before "that I bought"
    run = next((run for run in (runs[::-1] if last else runs) if run), [])[-2:]
    if not run:
        return None
    return Topic(" ".join(word for word, _, _ in run), run[0][1], run[-1][2], known=False)


def topics_of(text: str, part: Span, kind: Literal["complaint", "wish"], names: Sequence[Span] = ()) -> list[Topic]:
    """Return what a complaint or wish is about: known topics, the more telling first; else what stands in its frame."""
    if kind == "wish":
        names = [*names, *(Span(*found.span()) for found in _ABILITY.finditer(text, part.start, part.end))]
    known = aspects_of(text, part, names)
    telling = [topic for topic in known if topic.name not in _FAINT]
    telling = telling or [topic for topic in known if topic.name not in _FAINTEST]
    framing = None if telling else framed(text, part, kind, names)
    if framing is not None:
        as_known = aspects_of(text, Span(framing.start, framing.end), names)
        return as_known[:MAX_TOPICS] or [framing]
    return (telling or known)[:MAX_TOPICS]


def is_wish(sentence: str) -> bool:
    """True where a sentence asks for something that is not there yet."""
    return _WISH.search(sentence[:MAX_CHARACTERS]) is not None


class Concerns:
    """What the complaints and wishes of a mention are about. A `Component`; thread-safe.

    A complaint is a sentence with that intent, read where the intent stands; a wish is known by its words.
    """

    name = "concerns"
    version = "1"
    requires = frozenset({"text", "hits", "language", "sentences", "quoted", "verdicts", "intents"})
    assigns = frozenset({"concerns"})

    def process(self, drafts: Sequence[Draft]) -> None:
        """Find the concerns of each."""
        for draft in drafts:
            if draft.language.code in LANGUAGES:
                draft.concerns = tuple(_distinct(_found(draft)))


def _found(draft: Draft) -> Iterator[Concern]:
    complained = {(one.start, one.end) for one in draft.intents if one.label == "complaint"}
    names = [Span(hit.start, hit.end) for hit in draft.hits]
    for sentence in own_sentences(draft):
        inside = [Span(*span) for span in complained if sentence.start <= span[0] and span[1] <= sentence.end]
        parts: list[tuple[Literal["complaint", "wish"], Span]]
        if is_wish(draft.text[sentence.start : sentence.end]):
            parts = [("wish", sentence)]
        else:
            parts = [("complaint", part) for part in sorted(inside)]
        for kind, part in parts:
            topics = topics_of(draft.text, part, kind, names)
            if not topics and part != sentence:
                topics = topics_of(draft.text, sentence, kind, names)
            targets = targets_of("complaint", draft, sentence, part)
            for topic in topics:
                for target in targets:
                    yield Concern(topic=topic.name, kind=kind, start=sentence.start, end=sentence.end, target=target)


def _distinct(concerns: Iterable[Concern]) -> list[Concern]:
    return list(dict.fromkeys(concerns))[:MAX_CONCERNS]
