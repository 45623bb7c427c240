"""How often the language is said rightly: of sentences, tweets, Hindi in Latin letters, and English beside it.

python -m benchmarks.quality_language [--worst 50]
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from math import sqrt
from time import perf_counter
from typing import Final

import eldc

from benchmarks.common import SEED
from benchmarks.figures import Row
from overheard.enrich.language import HINDI_IN_LATIN, language_of
from training.entitysets import btc, news, wnut17
from training.languagesets import LABELLED, kept_apart, to_latin

# The languages that are promised, on sentences of lingua's; it has none of Kannada and Malayalam.
PROMISED: Final = (
    "ar bn ca cs da de el en es et fa fi fr gu he hi hr hu id it ja ko lt lv mr ms nl no pa pl pt ro ru sk sl sq sr sv "
    "sw ta te th tl tr uk ur vi zh"
)
# Which of the lines of hindi_latn that nothing was trained on are Hindi, mixed or not, read one by one by us: the set
# has English tweets among its Hindi. Positions among the lines kept apart; the rest is Hindi.
_ENGLISH = """
3 5 7 9 11 13 14 19 20 24 27 35 45 47 55 57 61 69 71 72 77 80 81 84 86 89 107 109 114 115 122 123 127 128 132 139
140 154 158 161 162 163 164 165 166 167 168 170 171 173 177 178 181 185 190 195 196 197 198
"""
ENGLISH: Final = frozenset(map(int, _ENGLISH.split()))
NEITHER: Final = frozenset([6, 21, 23, 25, 38, 39, 51, 62, 64, 98, 134, 152, 199])
# Of lingua's lines kept apart, by position, read by us: what is Malay beyond doubt (its spelling, its words) of those
# called Malay, and what may be either; all others are Indonesian. And what is Spanish of those called Catalan.
MALAY: Final = frozenset([8, 10, 39, 40, 43, 48, 49, 64, 72, 74, 76, 79, 85, 86, 90])
MALAY_OR_INDONESIAN: Final = frozenset([0, 7, 41, 54, 66, 78, 87])
SPANISH: Final = frozenset([1, 35, 54, 56])
# Other languages of India in Latin letters, of our own writing: what becomes of them is told, not promised.
ROMANISED: Final = {
    "Urdu in Latin letters": (
        "mujhe aap ki service bilkul pasand nahin aayi, paise wapas chahiye",
        "janab yeh phone bohat acha hai magar battery jaldi khatam ho jati hai",
        "shukriya, aap ne meri shikayat par foran amal kiya",
        "kya is company ke khilaf koi qanooni karwai ho sakti hai",
        "bohat afsos hua ke itni barri dukan mein bhi ghalat saman mila",
    ),
    "Punjabi in Latin letters": (
        "menu eh phone bahut vadiya lagga, sab nu lena chahida",
        "tusi kithe ho, mera order haje tak nahi aaya",
        "ehna di service bilkul bekar hai, paise barbad ho gaye",
        "kal asi nave store gaye si, bahut bheed si othe",
        "veer ji eh charger kinne da hai te kithon milda",
    ),
    "Marathi in Latin letters": (
        "mala ha phone khup avadla, kimmat pan yogya aahe",
        "tumchi seva ekdam kharab aahe, maze paise parat dya",
        "order kadhi yenar aahe te koni sangel ka",
        "battery lavkar sampte ani screen pan tutli",
        "ya dukanat saman changla milta pan khup mahag aahe",
    ),
}


def share(name: str, part: str, found: Iterable[bool], aim: float | None = None) -> Row:
    """Return the row of how many are true."""
    values = list(found)
    n = len(values)
    p = sum(values) / n
    middle = (p + 1.9208 / n) / (1 + 3.8416 / n)
    spread = 1.96 / (1 + 3.8416 / n) * sqrt(p * (1 - p) / n + 0.9604 / n / n)
    return Row(name, part, n, 100 * p, 100 * (middle - spread), 100 * (middle + spread), aim)


def sentences(code: str) -> list[str]:
    """Return lingua's sentences in a language, those that our own model was not trained on where it knows it."""
    path = LABELLED / "language" / "lingua_sentences" / f"{'nb' if code == 'no' else code}.txt"
    lines = [line for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [line for line in lines if kept_apart(line)]


def tweets() -> list[tuple[str, str]]:
    """Return (language, tweet) of eld's."""
    lines = (LABELLED / "language" / "eld_tweets.txt").read_text("utf-8").splitlines()
    return [(code, text) for code, _, text in (line.partition("\t") for line in lines) if text]


def hindi() -> list[str]:
    """Return the posts in Hindi in Latin letters that nothing was trained on."""
    lines = (LABELLED / "hindi_latn" / "train_text.txt").read_text("utf-8").split("\n")
    apart = [line for line in lines if line.strip() and kept_apart(line)]
    return [line for i, line in enumerate(apart) if i not in ENGLISH | NEITHER]


def english() -> dict[str, list[str]]:
    """Return texts in English of several origins."""
    comments = (LABELLED / "goemotions" / "test.tsv").read_text("utf-8").splitlines()
    return {
        "wnut17 test": [one.text for one in wnut17("emerging.test.annotated")],
        "btc g": [one.text for one in btc("g")],
        "comments": [line.split("\t")[0] for line in comments],
        "news": [sentence for _, sentence in news()],
        "tweets": [text for code, text in tweets() if code == "en"],
    }


def rows() -> list[Row]:
    """Return every figure of language. Reads the shared data, which must be there."""
    found = [
        share("sentences", code, (language_of(text).code == code for text in sentences(code)), 95.0)
        for code in PROMISED.split()
    ]
    said = [language_of(text).code for text in sentences("ms")]
    found.append(share("sentences", "ms, what is Malay of it", (said[i] == "ms" for i in sorted(MALAY))))
    others = sorted(set(range(len(said))) - MALAY - MALAY_OR_INDONESIAN)
    found.append(share("sentences", "ms, what is Indonesian: id", (said[i] == "id" for i in others)))
    catalan = [text for i, text in enumerate(sentences("ca")) if i not in SPANISH]
    found.append(share("sentences", "ca, without Spanish", (language_of(text).code == "ca" for text in catalan)))
    serbian = map(to_latin, sentences("sr"))
    found.append(share("sentences", "sr, Latin letters", (language_of(text).code == "sr" for text in serbian)))
    found.append(share("tweets", "six languages", (language_of(text).code == code for code, text in tweets()), 98.0))
    said = [language_of(text).code for text in hindi()]
    found.append(share("hi-Latn found", "hindi_latn", (code == HINDI_IN_LATIN for code in said), 85.0))
    for part, lines in english().items():
        called = (language_of(text).code == HINDI_IN_LATIN for text in lines)
        found.append(share("English called hi-Latn", part, called, 1.0))
    for code in ("id", "ms", "sw", "tl", "tr", "es", "pt", "so", "et", "fi"):
        called = (language_of(text).code == HINDI_IN_LATIN for text in sentences(code))
        found.append(share("others called hi-Latn", code, called, 1.0))
    for part, texts in ROMANISED.items():
        found.append(share("called hi-Latn", part, (language_of(text).code == HINDI_IN_LATIN for text in texts)))
    return found


def worst(number: int) -> list[str]:
    """Return wrong answers, drawn at random: what was right, what was said, the text."""
    pairs = [(code, text) for code in PROMISED.split() for text in sentences(code)]
    pairs += [*tweets(), *((HINDI_IN_LATIN, text) for text in hindi())]
    wrong = ((code, language_of(text).code, text) for code, text in random.Random(SEED).sample(pairs, len(pairs)))
    return [f"{code} {said}: {text[:120]}" for code, said, text in islice((w for w in wrong if w[0] != w[1]), number)]


def confused() -> list[tuple[tuple[str, str], int]]:
    """Return (right, said) of the promised languages, the most frequent first."""
    pairs = ((code, text) for code in PROMISED.split() for text in sentences(code))
    count = Counter((code, said) for code, text in pairs if (said := language_of(text).code) != code)
    return count.most_common(20)


def speed(texts: Sequence[str]) -> float:
    """Return how many times as long bare eldc takes as all of it, turn by turn; above 1 is impossible."""
    bare = ours = 0.0
    for at in range(0, len(texts), 200):
        start = perf_counter()
        for text in texts[at : at + 200]:
            eldc.detect_details(text)
        middle = perf_counter()
        for text in texts[at : at + 200]:
            language_of(text)
        ours += perf_counter() - middle
        bare += middle - start
    print(f"speed: {len(texts) / ours:,.0f} texts/s; bare eldc {len(texts) / bare:,.0f}")
    return bare / ours


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worst", type=int, default=0, help="wrong answers to print")
    number = parser.parse_args().worst
    for row in rows():
        aim = "" if row.aim is None else f"   aim {row.aim:.0f}"
        print(f"{row.name:24} {row.part:26} {row.number:6,} {row.figure:6.1f} [{row.low:.1f}, {row.high:.1f}]{aim}")
    print("confused:", ", ".join(f"{right} as {said} {n}" for (right, said), n in confused()))
    speed([text for _, text in tweets()])
    for line in worst(number):
        print(line)


if __name__ == "__main__":
    main()
