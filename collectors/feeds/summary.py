"""Whether an entry of a feed carries its full text, or only what should make one read on."""

import re

# Where a text of a feed's `description` is at least this long, in characters of an alphabet, it is a text of its own.
# WordPress cuts at 55 words (some 350 characters), news sites write one to three sentences.
SHORT = 600
_WIDE = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_WIDTH = 3  # letters that say as much as one character of Han, kana or Hangul
# An ellipsis, in brackets or not, as the last thing said.
_CUT = re.compile(r"(?:\[\s*(?:…|\.\.\.|&hellip;)\s*\]|\(\s*(?:…|\.\.\.)\s*\)|…|(?<!\.)\.\.\.)\s*[→»>]*$")
# What leads on, as the last words: in the languages that most feeds are written in.
_READ_ON = re.compile(
    r"(?:^|[\s.…!?\])»“”\"'])"
    r"(?:(?:continue|keep)\s+reading|read\s+(?:more|on|the\s+(?:full|whole|rest|entire|original)\b[^.]{0,60}|full\b[^.]{0,40})"
    r"|(?:see|view|learn)\s+(?:more|the\s+full\s+\w+)|full\s+(?:story|article|text)|click\s+(?:here|through)[^.]{0,40}"
    r"|weiterlesen|mehr\s+(?:lesen|erfahren)|(?:jetzt\s+)?ganzen\s+(?:artikel|beitrag)\s+lesen|zum\s+(?:artikel|beitrag)"
    r"|lire\s+(?:la\s+suite|plus|l['’]article[^.]{0,40})|en\s+savoir\s+plus|continuer\s+(?:la\s+lecture|à\s+lire)"
    r"|(?:leer|ver|saber)\s+más|seguir\s+leyendo|continuar\s+leyendo|sigue\s+leyendo"
    r"|(?:ler|leia|saiba|ver|veja)\s+mais|continuar?\s+(?:a\s+ler|lendo|a\s+leitura)|continue\s+lendo"
    r"|(?:leggi|scopri)\s+(?:tutto|di\s+più|l['’]articolo[^.]{0,40})|continua\s+(?:a\s+leggere|la\s+lettura)"
    r"|(?:lees|meer)\s+(?:verder|meer|lezen)|verder\s+lezen|läs\s+(?:mer|vidare)|les\s+(?:mer|videre)|læs\s+(?:mere|videre)"
    r"|lue\s+lisää|jatka\s+lukemista|czytaj\s+(?:dalej|więcej)|číst\s+(?:dále|více)|celý\s+článek|tovább\s+olvasom"
    r"|citește\s+(?:mai\s+mult|mai\s+departe|continuarea)|devamını\s+oku|читать\s+(?:далее|дальше|полностью|ещё)"
    r"|читати\s+(?:далі|більше)|διαβάστε\s+περισσότερα|और\s+पढ़ें|पढ़ना\s+जारी\s+रखें"
    r"|اقرأ\s+المزيد|قراءة\s+المزيد|קרא\s+עוד|baca\s+selengkapnya|selengkapnya|xem\s+thêm|đọc\s+tiếp"
    r"|続きを読む|続きはこちら|もっと読む|(?:阅读|閱讀)(?:更多|全文)|(?:继续|繼續)(?:阅读|閱讀)|查看(?:全文|更多)|더\s*(?:읽기|보기)|계속\s*읽기"
    r")[\s.…:]*[→»›>\])]*$",
    re.IGNORECASE,
)
# Words that end many a sentence, too: only alone on the last line.
_READ_ON_ALONE = re.compile(
    r"(?:^|\n)\W*(?:more|mehr|weiter|suite|más|mais|continua|meer|mer|więcej|více|tovább|devamı|далее|подробнее|المزيد|全文)\W*$",
    re.IGNORECASE,
)
# WordPress ends an excerpt so, cut or not.
_FIRST_APPEARED = re.compile(
    r"\n?\bThe (?:post|article) [^\n]{1,400} (?:appeared first on|first appeared on) [^\n]{0,200}$"
)
# Who ends a long text of his own with an ellipsis means it.
_LONG = 2_000
_TAIL = 100


def is_summary(text: str, *, title: str, has_content: bool, is_media: bool = False) -> bool:
    """True where `text`, as plain text, is only a beginning or a teaser of what the entry's page says.

    `has_content`: the feed gave it as the entry's content (Atom's `content`, `content:encoded`, `content_html`), not as
    its summary or description. `is_media`: the entry is a recording or film, and the text its notes. What has no title
    is a note, and whole however short. Words that lead on, or an ellipsis at the end, count in whichever element.
    """
    if is_media:
        return False
    text = text.rstrip()
    if not text:
        return True
    if not title:
        return False
    tail = text[-_TAIL:]
    if " appeared " in tail:
        tail = _FIRST_APPEARED.sub("", text[-_TAIL - 700 :]).rstrip()[-_TAIL:]
    if (
        _READ_ON.search(tail)
        or _READ_ON_ALONE.search(tail)
        or ((cut := _CUT.search(tail)) and (cut.group().startswith(("[", "(")) or not has_content or len(text) < _LONG))
    ):
        return True
    return not has_content and len(text) + (_WIDTH - 1) * len(_WIDE.findall(text[:SHORT])) < SHORT
