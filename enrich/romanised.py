"""What Hindi in Latin letters, mixed with English, shows of feeling: words counted whatever way they are spelled.

Nobody spells it alike ("achha", "acha", "accha"), so words are compared by their bones. The lists are our own.
"""

from typing import Final

import numpy as np
import regex
from numpy.typing import NDArray

_GOOD = """
accha achcha acche acchi badhiya mast zabardast shandar khush khushi maza majedar pasand pyar pyara pyari sundar
khoobsurat lajawab kamaal gazab wah waah dhanyavad shukriya mubarak badhai shubh shabash jeet jeeta jeetega jai jay
zindabad salam pranam naman behtareen behtar sahi sachcha imandar sher dua hasi masti sukoon aaram fayda vikas tarakki
azadi izzat garv shaan anmol faadu jhakaas kadak dhansu kamyab safal umda vasool tasalli bharosa swadisht tikau sasta
aasan tez saaf meetha pyaari dildaar shaukeen mehnat sachai achhai khubi tareef taarif badiya changa vadiya
great good nice love loved lovely awesome superb super fantastic amazing happy thanks thank thanx thnx congrats proud
beautiful cute sweet best excellent perfect wow cool hit blockbuster legend helpful fast recommend win wins won winner
""".split()  # noqa: SIM905
_BAD = """
bura bekar bekaar bakwas ghatiya ganda gandi gande kharab wahiyat nafrat gussa dukh dukhi dukhad rona rota rulaya
afsos sharam besharam bewakoof bevkuf pagal gadha gadhe ullu chutiya chutiye bhenchod behenchod madarchod saala sale
kutta kutte kamina kamine harami haramkhor gaddar deshdrohi chor choor dhokha dhokebaaz jhooth jhootha farzi fraud
nakli loot luta looteri bhrasht bhrastachar ghotala barbad tabah nuksan maut mara khatam haar hara fail flop toota
bimar dard takleef pareshan pareshani mushkil dikkat samasya mehenga mahanga bhagoda napunsak natak drama dogla pakau
neech dhikkar murdabad virodh khilaf galat gandagi badnam sazish zulm gunda gundagardi danga darr khauf bakchodi
thaga thag thagi lutera dheela sust latka latkaya ghus rishwat kachra raddi tuta phata sada basi badbu machchar
shikayat pachtaya pachtava barbaad bhikhari ghamand hate hated worst bad sad shame shit fuck fucking stupid idiot
boring sucks useless pathetic disgusting angry cry crying dirty liar lie wrong problem lost lose loser irritate
slow broken refund cheat scam delay delayed late rude cancel terrible horrible poor waste
""".split()  # noqa: SIM905
_NOT: Final = frozenset("nahi nahin nai nhi na mat not no never nahe nai".split())  # noqa: SIM905

_ALIKE: Final = (
    ("ee", "i"), ("oo", "u"), ("ph", "f"), ("z", "j"), ("w", "v"), ("q", "k"), ("sh", "s"), ("y", "i"), ("ck", "k"),
)  # fmt: skip
_TWICE = regex.compile(r"(.)\1+")
_BREATH = regex.compile(r"(?<=.)h")
_WORD = regex.compile(r"[a-z']+")
_SMILE = regex.compile(r"[:;=]-?[)dp]|[❤😀-😎😘😍👍👏🙏💕🔥🎉]", regex.IGNORECASE)
_FROWN = regex.compile(r"[:=]'?-?\(|[😒-😔😞-😭😡😠👎🤮💔]", regex.IGNORECASE)
NEAR: Final = 2
FEATURES: Final = 10


def bones(word: str) -> str:
    """Return a word without what spellings differ in: doubled letters, breath, long vowels."""
    word = _TWICE.sub(r"\1", word) if "ee" not in word and "oo" not in word else word
    for spelled, as_ in _ALIKE:
        word = word.replace(spelled, as_)
    return _BREATH.sub("", _TWICE.sub(r"\1", word))


GOOD: Final = frozenset(map(bones, _GOOD))
BAD: Final = frozenset(map(bones, _BAD)) - GOOD


def features(text: str) -> NDArray[np.float32]:
    """Return what a head reads of a text: counts of good and bad words, which outnumber, marks, length.

    A good word with "nahi" (or its kin) within two words counts as bad.
    """
    words = _WORD.findall(text.lower())
    good = bad = 0
    for i, word in enumerate(words):
        bone = bones(word)
        if bone in BAD:
            bad += 1
        elif bone in GOOD:
            near = words[max(0, i - NEAR) : i] + words[i + 1 : i + 1 + NEAR]
            if _NOT.isdisjoint(near):
                good += 1
            else:
                bad += 1
    return np.array(
        [
            min(good, 3),
            min(bad, 3),
            good > bad,
            bad > good,
            bool(_SMILE.search(text)),
            bool(_FROWN.search(text)),
            "!" in text,
            "?" in text,
            np.log1p(len(words)) / 4,
            not _NOT.isdisjoint(words),
        ],
        np.float32,
    )
