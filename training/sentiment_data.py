# ruff: noqa: SIM905  (word lists read better as text)
"""What sentiment is trained and judged on: texts with targets and their polarity, split by article, brand or as given.

Also how a text is changed so that what is learnt holds elsewhere: other names, no case, typos, tags, emoji.
"""

import csv
import gzip
import hashlib
import html
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, NamedTuple

import regex

ROOT: Final = Path(__file__).resolve().parents[1]
LABELLED: Final = ROOT.parent / "shared" / "data" / "labelled"
LOAD: Final = LABELLED.parent / "load"
OWN: Final = Path(__file__).parent / "sentiment_own.tsv"
HINDI_OWN: Final = Path(__file__).parent / "hindi_own.tsv"

Part = Literal["train", "dev", "test"]
# Classes in this order everywhere: heads, figures, files.
CLASSES: Final = ("negative", "neutral", "positive")


class Target(NamedTuple):
    """[start, end) of a text, and the class of what is said of it; -1 where nobody knows."""

    start: int
    end: int
    label: int


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its targets, its own class if known, and its emotions if known (GoEmotions' numbers)."""

    text: str
    targets: tuple[Target, ...] = ()
    label: int | None = None
    emotions: tuple[int, ...] | None = None
    origin: str = ""
    group: str = ""


def share(name: str) -> float:
    """Return a number in [0, 1) that depends on the name alone: which part a group is in, for ever."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32


# --- NewsMTSC: sentences of news, a target each, by article ----------------------------------------------------------

_ARTICLE = regex.compile(r"^(allsides_\d+_\d+|polusa_v1_\d+_-?\d+)_")


def news(part: Part) -> list[Example]:
    """Return NewsMTSC: 15 % of the articles are test, 7 % dev. Targets of one sentence are together."""
    by_sentence: dict[tuple[str, str], list[Target]] = {}
    with (LABELLED / "newsmtsc_targets.jsonl").open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            found = _ARTICLE.match(row["id"])
            article = found[1] if found else row["id"]
            drawn = share(article)
            if part != ("test" if drawn < 0.15 else "dev" if drawn < 0.22 else "train"):
                continue
            target = Target(row["from"], row["to"], row["polarity"] + 1)
            by_sentence.setdefault((row["sentence"], article), []).append(target)
    return [
        Example(text=text, targets=tuple(targets), origin="news", group=article)
        for (text, article), targets in by_sentence.items()
    ]


# --- entity_sentiment: posts on 32 brands ----------------------------------------------------------------------------

# How posts write the brands; the set's own names ("CS-GO", "TomClancysRainbowSix") are seldom found in them.
_SPELLINGS: Final = {
    "CallOfDutyBlackopsColdWar": r"(?:call of duty:? ?)?black ?ops:? ?cold ?war|black ?ops|cold ?war|cod|call of duty",
    "Xbox(Xseries)": r"xbox(?: series [xs])?|series [xs]",
    "NBA2K": r"nba ?2k(?:\d\d)?|2k(?:\d\d)?",
    "Dota2": r"dota ?2?",
    "PlayStation5(PS5)": r"play ?station ?5?|ps ?[45]",
    "WorldOfCraft": r"world of warcraft|warcraft|\bwow\b|blizzard",
    "CS-GO": r"cs ?:? ?-?go|counter-?strike|csgo",
    "AssassinsCreed": r"assassin'?s? ?'?creed(?: valhalla| odyssey)?|valhalla",
    "ApexLegends": r"apex ?legends|apex",
    "LeagueOfLegends": r"league of legends|\blol\b|league|riot",
    "PlayerUnknownsBattlegrounds(PUBG)": r"pubg(?: mobile)?|battlegrounds",
    "HomeDepot": r"home ?depot",
    "RedDeadRedemption(RDR)": r"red dead(?: redemption)?(?: ?(?:2|ii))?|rdr ?2?|red dead online",
    "CallOfDuty": r"call of duty|cod|modern warfare|warzone",
    "TomClancysRainbowSix": r"rainbow ?(?:six|6)(?: siege)?|siege|\br6s?\b|ubisoft",
    "GrandTheftAuto(GTA)": r"grand theft auto|gta ?(?:v|5|online|6)?|rockstar",
    "MaddenNFL": r"madden ?(?:nfl)? ?(?:\d\d)?|\bea\b",
    "johnson&johnson": r"johnson ?(?:&|and|amp;)+ ?johnson|j ?& ?j",
    "Cyberpunk2077": r"cyberpunk ?(?:2077)?",
    "TomClancysGhostRecon": r"ghost ?recon(?: breakpoint| wildlands)?|breakpoint|ubisoft",
}
_POLARITY: Final = {"Negative": 0, "Neutral": 1, "Positive": 2}
BRANDS_LEFT_OUT: Final = 8


def spelling(brand: str) -> "regex.Pattern[str]":
    """Return what finds the brand in a post."""
    return regex.compile(rf"(?<!\w)(?:{_SPELLINGS.get(brand, regex.escape(brand))})(?!\w)", regex.IGNORECASE)


def brands(part: Part) -> frozenset[str]:
    """Return the brands of a part: in the order of their hashes, eight are test, the next two dev."""
    with gzip.open(LABELLED / "entity_sentiment_74k.csv.gz", "rt", encoding="utf-8") as file:
        ordered = sorted({row[1] for row in csv.reader(file)}, key=share)
    test, dev = ordered[:BRANDS_LEFT_OUT], ordered[BRANDS_LEFT_OUT : BRANDS_LEFT_OUT + 2]
    return frozenset({"test": test, "dev": dev, "train": ordered[BRANDS_LEFT_OUT + 2 :]}[part])


def posts(part: Part) -> list[Example]:
    """Return entity_sentiment without "Irrelevant": all wordings to train, the first one of each post elsewhere.

    The brand's spellings are its target; where none is found, the whole post is.
    """
    wanted = brands(part)
    seen: set[str] = set()
    examples = []
    patterns = {brand: spelling(brand) for brand in wanted}
    with gzip.open(LABELLED / "entity_sentiment_74k.csv.gz", "rt", encoding="utf-8") as file:
        for number, brand, polarity, text in csv.reader(file):
            if brand not in wanted or polarity not in _POLARITY or len(text.split()) < (2 if part == "train" else 1):
                continue
            if part != "train":
                if number in seen:
                    continue
                seen.add(number)
            label = _POLARITY[polarity]
            found = [Target(*match.span(), label) for match in patterns[brand].finditer(text)][:3]
            examples.append(
                Example(
                    text=text,
                    targets=tuple(found) or (Target(0, len(text), label),),
                    label=label,
                    origin="posts",
                    group=f"{brand}/{number}",
                )
            )
    return examples


# --- GoEmotions: comments with emotions ------------------------------------------------------------------------------

_GOOD = frozenset(
    {"admiration", "amusement", "approval", "caring", "excitement", "gratitude", "joy", "love", "optimism", "pride"}
    | {"relief"}
)
_BAD = frozenset(
    {"anger", "annoyance", "disappointment", "disapproval", "disgust", "embarrassment", "fear", "grief", "nervousness"}
    | {"remorse", "sadness"}
)
EMOTIONS: Final = 28


def emotions(part: Part) -> list[Example]:
    """Return GoEmotions in its own parts; of one class where its emotions agree on one, else of none."""
    names = (LABELLED / "goemotions" / "labels.txt").read_text("utf-8").split()
    examples = []
    for line in (LABELLED / "goemotions" / f"{part}.tsv").read_text("utf-8").splitlines():
        text, numbers, _ = line.split("\t")
        felt = tuple(int(number) for number in numbers.split(","))
        good = any(names[one] in _GOOD for one in felt)
        bad = any(names[one] in _BAD for one in felt)
        label = None if good and bad else 2 if good else 0 if bad else 1
        examples.append(Example(text=text, label=label, emotions=felt, origin="emotions"))
    return examples


# --- Hindi in Latin letters: tweets ----------------------------------------------------------------------------------


def hindi_latin(part: Part) -> list[Example]:
    """Return the tweets in Hindi written in Latin letters: 20 % are test, the rest train; nothing is dev.

    Of the first 800 or so the classes are as good as drawn by lot; they are left out of training, not of the test.
    """
    if part == "test":
        return [example for _, example in _hindi_lines() if _is_apart(example)]
    lines = _hindi_lines() if part == "train" else iter(())
    return [example for number, example in lines if number >= _BY_LOT and not _is_apart(example)]


def hindi_latin_labelled() -> list[Example]:
    """Return those of the test part whose classes are not as good as drawn by lot."""
    return [example for number, example in _hindi_lines() if _is_apart(example) and number >= _BY_LOT]


def _hindi_lines() -> Iterator[tuple[int, Example]]:
    texts = (LABELLED / "hindi_latn" / "train_text.txt").read_text("utf-8").split("\n")
    labels = (LABELLED / "hindi_latn" / "train_labels.txt").read_text("utf-8").split("\n")
    for number, (text, label) in enumerate(zip(texts, labels, strict=True)):
        if text:
            yield number, Example(html.unescape(text), label=int(label), origin="hi-Latn", group=text)


def _is_apart(example: Example) -> bool:
    return share(example.group) < 0.2


_BY_LOT = 800


def hindi_own() -> list[Example]:
    """Return our own sentences in romanised Hindi, of firms and what they sell; the tweets are of other things."""
    lines = [line.split("\t") for line in HINDI_OWN.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [Example(text, label="-0+".index(sign), origin="hi-Latn", group=text) for sign, text in lines]


# --- Our own sentences -----------------------------------------------------------------------------------------------

NAMES: Final = (
    "Korvex|Brannt|Lumora|Zenitho|Tarkle|Quillon|Vantiq|Ostrel|Pryzma|Nimbalo|Hexaro|Foldwell|Marrowby|Castelan|"
    "Dovetail|Kestria|Ambrel|Solvanta|Turnkey|Ridgeway|Halcyon|Bluepeak|Ironwood|Sattva|Deepak Motors|"
    "Apex Lathes|North & Sons|Green Valley|Harbor Bank|City Clinic|Rapid Couriers|Sunrise Hotel|Nova Air|"
    "Metro Telecom|Bright School|QuickFix|PrintPro 400|the L200|Model S2|AcmeDesk|PayZen|FlowBase|TeaHouse|"
    "Spice Route|Fit24|Volt Bikes|Agri Plus|SteelCo|Zoomcar|Croma|Swiggy|Airtel|Jio|Tata|HDFC|Siemens|Bosch|"
    "Lufthansa|IKEA|Lidl|Tesco|Shell|Sony|Canon|Intel|Toyota|Stripe|Notion|Figma|Jira|GitLab|Postgres|Shopify|"
    "Zendesk|Costco|Walmart|Uber|Delta|Hilton|Pfizer|Nestle|Adidas"
).split("|")
_THINGS: Final = (
    "printer|laptop|lathe|room|table|loan|account|policy|ticket|course|bike|tractor|pump|phone|plan|router|"
    "camera|invoice|report|dashboard|parcel|order|jacket|shoe|meal|flight|scanner|drill|tablet|fridge|spindle|"
    "project"
).split("|")
_PARTS: Final = (
    "delivery|battery|login|search|checkout|service|screen|app|driver|manual|filter|export|import|menu|breakfast|"
    "motor|cable|warranty|website|support|billing|refund|booking|update|firmware|price|staff|hotline|paper tray|"
    "PDF export|dark mode|API|push notification|seat|brake|kitchen|appointment|statement|sync|backup|coolant hose"
).split("|")


def own(seed: int, rounds: int) -> list[Example]:
    """Return our own sentences `rounds` times, each time with other names, things and numbers put in."""
    rng = random.Random(seed)
    polarity = {"-": 0, "0": 1, "+": 2}
    lines = [line for line in OWN.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    examples = []
    for number in range(rounds):
        for line in lines:
            first, second, frame = line.split("\t")
            a, b = rng.sample(NAMES, 2)
            if number % 4 == 3:
                a, b = (rng.choice(["@", "#", ""]) + name.replace(" ", "").lower() for name in (a, b))
            fill = {"t": rng.choice(_THINGS), "p": rng.choice(_PARTS), "n": str(rng.randint(2, 90))}
            text, targets = "", []
            for piece in regex.split(r"(\{\w\})", frame):
                if piece in ("{A}", "{B}"):
                    name, sign = (a, first) if piece == "{A}" else (b, second)
                    targets.append(Target(len(text), len(text) + len(name), polarity[sign]))
                    text += name
                else:
                    text += fill[piece[1]] if piece.startswith("{") else piece.replace("\\n", "\n")
            labels = {target.label for target in targets}
            examples.append(
                Example(
                    text=text,
                    targets=tuple(targets),
                    label=targets[0].label if len(labels) == 1 and second == "." else None,
                    origin="own",
                )
            )
    return examples


# --- Change ----------------------------------------------------------------------------------------------------------

_EMOJI = ("😡🤬👎😠🙄😭🤦💩😞😤", "🤔👀📷📦🗓", "😍❤👍🔥🎉🙏😊👏🥰😂")
_TAGS = ("#fail #worst #angry #disappointed", "#news #tech #question #update #today", "#love #best #happy #win #thanks")


def changed(example: Example, rng: random.Random) -> Example:
    """Return the example as somebody else might have written it, of another name; targets moved with it."""
    pieces = _pieces(example)
    if example.targets and example.origin in ("posts", "news", "own"):
        pieces = _renamed(pieces, example, rng)
    for likely, change in ((0.12, _careless), (0.06, _typos), (0.04, _tagged), (0.03, _long)):
        if rng.random() < likely:
            pieces = [(text if target else change(text, rng), target) for text, target in pieces]
    changed = _joined(example, pieces)
    label = example.label if example.label is not None else _common(example)
    drawn = rng.random()
    if label is not None and drawn < 0.07:
        tail = rng.choice(_EMOJI[label]) if drawn < 0.05 else rng.choice(_TAGS[label].split())
        changed = replace(changed, text=f"{changed.text}{rng.choice(['', ' '])}{tail}")
    elif drawn > 0.96:
        changed = replace(changed, text=f"{changed.text} https://t.co/{rng.randrange(16**6):x}")
    if drawn > 0.9 and rng.random() < 0.3:
        ahead = rng.choice(["@someone ", "RT @someone: ", "@a_friend @another ", "Re: ", "> "])
        changed = _ahead(changed, ahead)
    return changed


def _pieces(example: Example) -> list[tuple[str, Target | None]]:
    pieces: list[tuple[str, Target | None]] = []
    at = 0
    for target in sorted(example.targets):
        if target.start < at:
            continue
        if target.start > at:
            pieces.append((example.text[at : target.start], None))
        pieces.append((example.text[target.start : target.end], target))
        at = target.end
    if at < len(example.text):
        pieces.append((example.text[at:], None))
    return pieces


def _joined(example: Example, pieces: Sequence[tuple[str, Target | None]]) -> Example:
    text, targets = "", []
    for piece, target in pieces:
        if target is not None:
            targets.append(Target(len(text), len(text) + len(piece), target.label))
        text += piece
    return replace(example, text=text, targets=tuple(targets))


def _renamed(
    pieces: list[tuple[str, Target | None]], example: Example, rng: random.Random
) -> list[tuple[str, Target | None]]:
    """Give targets another name in half of the cases: the name itself is to say nothing of what is thought of it."""
    if len(example.targets) == 1 and example.targets[0].end - example.targets[0].start == len(example.text):
        return pieces
    if rng.random() < 0.5 or (example.origin == "own"):
        return pieces
    names: dict[str, str] = {}
    renamed: list[tuple[str, Target | None]] = []
    for text, target in pieces:
        if target is None or not text[:1].isupper() or text.lower() in _PRONOUNS:
            renamed.append((text, target))
            continue
        if text.lower() not in names:
            name = rng.choice(NAMES)
            names[text.lower()] = name.lower() if rng.random() < 0.15 else name
        renamed.append((names[text.lower()], target))
    return renamed


_PRONOUNS = frozenset("he she they it him her them his their its i we you who".split())


def _careless(text: str, rng: random.Random) -> str:
    text = text.replace("'", "").replace("’", "")
    return regex.sub(r"[,;.!]", "", text) if rng.random() < 0.5 else text


def _typos(text: str, rng: random.Random) -> str:
    letters = list(text)
    for i in range(1, len(letters) - 2):
        if letters[i].isalpha() and letters[i + 1].isalpha() and rng.random() < 0.03:
            if rng.random() < 0.5:
                letters[i], letters[i + 1] = letters[i + 1], letters[i]
            else:
                letters[i] = ""
    return "".join(letters)


def _tagged(text: str, rng: random.Random) -> str:
    return regex.sub(r"(?<!\S)(\p{L}{4,})(?!\S)", lambda m: ("#" if rng.random() < 0.15 else "") + m[1], text)


def _long(text: str, rng: random.Random) -> str:
    return regex.sub(r"([aeiouy])(?=\w?\b)", lambda m: m[1] * (rng.randint(3, 5) if rng.random() < 0.15 else 1), text)


def _common(example: Example) -> int | None:
    labels = {target.label for target in example.targets}
    return labels.pop() if len(labels) == 1 else None


def _ahead(example: Example, ahead: str) -> Example:
    n = len(ahead)
    return replace(
        example,
        text=ahead + example.text,
        targets=tuple(Target(one.start + n, one.end + n, one.label) for one in example.targets),
    )


def around_target(example: Example, parted: Callable[[str], Sequence[tuple[int, int]]]) -> Example:
    """Return the sentence of the first target alone, as it is read where the text is long; itself if of one."""
    spans = parted(example.text)
    if len(spans) < 2 or not example.targets:
        return example
    first = example.targets[0]
    for start, end in spans:
        if start <= first.start and first.end <= end:
            kept = tuple(
                Target(o.start - start, o.end - start, o.label)
                for o in example.targets
                if start <= o.start and o.end <= end
            )
            return replace(example, text=example.text[start:end], targets=kept, label=None)
    return example


class Mix(NamedTuple):
    """How much of each set an epoch has: NewsMTSC so often, wordings of a post, comments, our own so often."""

    news: int
    wordings: int
    comments: int
    own: int


def training_set(seed: int, mix: Mix) -> Iterator[Example]:
    """Yield the examples of one epoch, changed, in random order."""
    rng = random.Random(seed)
    chosen: list[Example] = [*(news("train") * mix.news), *own(seed, mix.own)]
    by_post: dict[str, list[Example]] = {}
    for example in posts("train"):
        by_post.setdefault(example.group, []).append(example)
    for wordings in by_post.values():
        chosen += rng.sample(wordings, min(mix.wordings, len(wordings)))
    chosen += rng.sample(emotions("train"), mix.comments)
    rng.shuffle(chosen)
    for example in chosen:
        yield changed(example, rng)


# --- What a student learns from --------------------------------------------------------------------------------------

_WORD = regex.compile(r"(?<![\w'])\p{L}[\w'&-]*+(?:\s\p{Lu}[\w'&-]*+)?")
_LONGEST: Final = 300
_FEWEST_WORDS: Final = 4


def unlabelled(seed: int, number: int) -> list[Example]:
    """Return `number` titles and beginnings of posts of Reddit, of no known class, in random order."""
    texts = []
    with gzip.open(LOAD / "reddit_posts_188k.ndjson.gz", "rt", encoding="utf-8") as file:
        for line in file:
            post = json.loads(line)
            texts += [post["title"], post["selftext"][:_LONGEST].rsplit(" ", 1)[0]]
    plain = (html.unescape(text).strip() for text in texts)
    known = sorted({text for text in plain if len(text.split()) >= _FEWEST_WORDS})
    return [Example(text=text, origin="unlabelled") for text in random.Random(seed).sample(known, number)]


def asked(example: Example, rng: random.Random) -> Example:
    """Return the example with more to ask a teacher: its whole, two names and a word as targets of no known class.

    Their class is -1; of the names and words those that overlap a target are left out.
    """
    found = [match for match in _WORD.finditer(example.text) if match[0].lower() not in _PRONOUNS]
    names = [match for match in found if match[0][0].isupper()]
    chosen = [*rng.sample(names, min(2, len(names))), *rng.sample(found, min(1, len(found)))]
    targets = list(example.targets)
    for match in chosen:
        if all(match.end() <= one.start or one.end <= match.start() for one in targets):
            targets.append(Target(*match.span(), -1))
    return replace(example, targets=tuple(targets), label=-1 if example.label is None else example.label)


def lesson(seed: int, mix: Mix, number: int) -> Iterator[Example]:
    """Yield what a student reads beside its teacher: an epoch's examples and `number` texts of no known class."""
    rng = random.Random(seed)
    chosen = [*training_set(seed, mix), *unlabelled(seed, number)]
    rng.shuffle(chosen)
    for example in chosen:
        yield asked(example, rng)
