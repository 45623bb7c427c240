"""What somebody wrote now, of all that their message holds: without what it answers, signature and small print. Pure.

Line by line, with patterns that look at one short line each: what strangers send must not keep a pattern busy, as
those of the libraries for this do, which look at whole texts.
"""

import re
from dataclasses import dataclass
from itertools import takewhile

from lxml import etree

from overheard.collectors.mail.message import Letter
from overheard.collectors.markup import MAX_HTML, PlainText, from_html, from_text, one_line
from overheard.text import clean, fold

# An attribution is at most so long, over so many lines.
_LONGEST = 400
_MOST_LINES = 3
_WROTE = (
    r"wrote|writes|schrieb|hat geschrieben|a écrit|escribió|escribio|ha scritto|scrive|escreveu|schreef|geschreven|"
    r"skrev|napisał|napisała|napisana przez|napisał\(a\)|pisze|napsal|napsala|napsal\(a\)|kirjoitti|написал|написала|"
    r"написал\(а\)|пишет|пише|írta|a scris|yazdı|şunları yazdı|έγραψε|כתב|כתבה|كتب|ने लिखा|"
    r"写道|寫道|さんは書きました|のメール|님이 작성"
)
_AT_END = re.compile(rf"(?:^|\s|\W)(?:{_WROTE})\s*(?:<[^<>]*>)?\s*[:：]\s*$", re.IGNORECASE)
_WITHIN = re.compile(rf"(?:^|\W)(?:{_WROTE})\W", re.IGNORECASE)
_TIME = re.compile(r"\d{1,2}[:.h]\d{2}(?!\d)")
_DATE = re.compile(r"\d{1,2}\D{1,12}\d{4}|\d{4}\D\d{1,2}\D\d{1,2}|\d{1,2}[./]\d{1,2}[./]")
_ORIGINAL = re.compile(
    r"\s*[-_—=]{2,}\s*(?:original message|original appointment|ursprüngliche nachricht|originalnachricht|"
    r"message d['’]origine|message original|mensaje original|messaggio originale|mensagem original|"
    r"oorspronkelijk bericht|oprindelig meddelelse|original meddelelse|ursprungligt meddelande|originalmeddelande|"
    r"opprinnelig melding|wiadomość oryginalna|oryginalna wiadomość|původní zpráva|исходное сообщение|"
    r"alkuperäinen viesti|原始邮件|原始郵件|元のメッセージ|original-nachricht|reply message)\s*[-_—=]{2,}\s*",
    re.IGNORECASE,
)
FORWARDED = re.compile(
    r"\s*(?:[-_—=]{2,}\s*(?:forwarded message|weitergeleitete nachricht|message transféré|mensaje reenviado|"
    r"messaggio inoltrato|mensagem encaminhada|doorgestuurd bericht|videresendt meddelelse|vidarebefordrat meddelande|"
    r"wiadomość przekazana|пересылаемое сообщение|пересланное сообщение|转发的邮件|転送メッセージ)\s*[-_—=]{2,}|"
    r"begin forwarded message:|anfang der weitergeleiteten nachricht:|début du message (?:réexpédié|transféré)\s*:|"
    r"inicio del mensaje reenviado:|inizio messaggio inoltrato:)\s*",
    re.IGNORECASE,
)
# The names of the lines that programs put above what is answered or passed on.
LABELS = {
    "from": "from|von|de|da|van|fra|från|od|od kogo|от|lähettäjä|发件人|寄件者|差出人|보낸 사람",
    "date": "sent|date|gesendet|datum|envoyé|enviado|enviada em|enviado el|fecha|data|inviato|verzonden|sendt|skickat|"
    "dato|wysłano|отправлено|дата|lähetetty|发送时间|日期|送信日時|보낸 날짜",
    "to": "to|an|à|a|para|per|aan|til|till|do|кому|vastaanottaja|收件人|宛先|받는 사람",
    "subject": "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|emne|ämne|temat|тема|aihe|主题|主旨|件名|제목",
    "cc": "cc|kopie|copie",
    "reply-to": "reply-to|antwort an",
}
_LABELLED = re.compile(
    r"[\s>*_]*("
    + "|".join(f"(?P<{name.replace('-', '_')}>{words})" for name, words in LABELS.items())
    + r")\s?[*_]*\s?[:：][*_]*\s?(?P<value>.*)",
    re.IGNORECASE,
)
_MOBILE = re.compile(
    r"\s*(?:sent from my |sent from (?:outlook|yahoo|mail|samsung|proton)|von meinem .{1,40} gesendet|"
    r"(?:get|télécharger|obtenir|obtener|scarica|obter o|pobierz|hämta|hent) outlook \S{2,5} (?:ios|android|mac)\b|"
    r"outlook \S{2,5} (?:ios|android)\b.{0,60}\s(?:beziehen|downloaden|ophalen)|"
    r"gesendet (?:von|mit) |envoyé de mon |envoyé depuis |enviado desde |enviado (?:a partir )?do meu |"
    r"inviato da |(?:verzonden|verstuurd) vanaf |skickat från |sendt fra |wysłane z |"
    r"odesláno z (?:iph|ipad|mobil|mého )|lähetetty (?:iph|ipad)|"
    r"отправлено с |(?:iphone|ipad)\S{0,10} gönderildi|iphoneから送信|发自我的)",
    re.IGNORECASE,
)
_FAREWELL = (
    r"(?:with |many )?(?:(?:kind|best|warm)(?:est)? )?(?:regards|wishes|rgds)|best|cheers|sincerely|yours \w+|yours|"
    r"(?:mit )?(?:freundliche|viele|liebe|beste|schöne|herzliche)[nmr]? grü(?:ß|ss)en?|"
    r"(?:mit )?(?:freundliche|liebe|beste|schöne|herzliche)[nmr]? gru(?:ß|ss)|hochachtungsvoll|mfg|lg|vg|gru(?:ß|ss)|"
    r"(?:bien )?cordialement|bien à vous|"
    r"(?:je vous prie|veuillez) .{1,60} (?:salutations|sentiments)(?: \w{1,20}){0,2}|"
    r"bonne (?:journée|réception)|(?:reciba )?un (?:cordial )?saludo|saludos(?: cordiales)?|atentamente|"
    r"cordiali saluti|distinti saluti|saluti|atenciosamente|abraços|(?:com os )?(?:melhores )?cumprimentos|"
    r"(?:met )?(?:vriendelijke|hartelijke) groet(?:en)?|groeten|mvg|"
    r"med vänliga hälsningar|vänliga hälsningar|med venlig hilsen|(?:vennlig|venlig) hilsen|z poważaniem|"
    r"pozdrawiam(?: serdecznie)?|с уважением|सादर|此致|敬具"
)
_THANK = (
    r"(?:many )?thanks(?: again| a lot| so much)?|thank you|thx|(?:vielen |besten )?dank(?: im voraus)?|"
    r"merci(?: d['’]avance| beaucoup)?|(?:muchas )?gracias|grazie(?: mille)?|(?:muito )?obrigad[oa]|धन्यवाद|"
    r"(?:以上、|どうぞ|何卒)?(?:よろしく|宜しく)お願い(?:します|いたします|致します)"
)
_CLOSING = re.compile(
    rf"\s*(?:{_FAREWELL}|{_THANK})(?:(?:\s*[/|&,]\s*|\s+(?:and|und|et|y|e)\s+)(?:{_FAREWELL}))?"
    # Where from, or where to.
    r"(?: (?:aus|from|nach|de|da) \w{2,20})?\s*[,.!，、。]*\s*",
    re.IGNORECASE,
)
_LONGEST_CLOSING = 100
# Those of the farewells that are said in the middle of a letter as well, or mean something else there.
_THANKS = re.compile(rf"\s*(?:{_THANK}|best|cheers|yours|lg|vg|mfg|gru(?:ß|ss))\s*[,.!，、。]*\s*", re.IGNORECASE)
_POSTSCRIPT = re.compile(r"\s*(?:p\.? ?s\b|p\.p\.s|n\.? ?b\b|पुनश्च|追伸|з\.ы)", re.IGNORECASE)
_ENDS = (".", "!", "?", "…", "。", "！", "？", "।")
_SMALL_PRINT = re.compile(
    r"confidential|intended (?:solely|only)? ?(?:for|recipient)|privileged|vertraulich|irrtümlich erhalten|"
    r"confidentiel|destinataire|confidencial|destinatario|riservat|vertrouwelijk|poufn|конфиденциальн",
    re.IGNORECASE,
)
_ABOUT_MAIL = re.compile(
    r"e-?mail|message|nachricht|mensaje|messaggio|mensagem|bericht|wiadomoś|сообщени", re.IGNORECASE
)
# A signature has fewer and shorter lines than what somebody has to say.
_SIGNATURE_LINES = 14
_SIGNATURE_WIDTH = 110
# Below two dashes a firm's has name, post, address, telephones, register and directors: 14 to 18 lines. It is known to
# be one, so that there may be more of them than below a farewell; what is longer is said.
_DASHES = "--"
_DELIMITED_LINES = 20
# "Dr. Anna Maria Weber-Roth"; what somebody has to say begins with more, or with a colon.
_NAME_WORDS = 5
_LONGEST_PRINT = 2_000
# "Sent from my Samsung Galaxy smartphone" has six; "sent from my" may begin a sentence.
_DEVICE_WORDS = 7
_QUOTED = (
    "//blockquote[@type='cite' or contains(@class, 'gmail_quote') or contains(@class, 'protonmail_quote')]"
    "|//div[contains(@class, 'gmail_quote') or contains(@class, 'yahoo_quoted') or contains(@class, 'moz-cite-prefix')"
    " or contains(@class, 'protonmail_quote') or contains(@class, 'zmail_extra')"
    " or @id='divRplyFwdMsg' or @id='appendonsend']"
)
# Outlook puts what is answered behind these, not into them.
_FROM_HERE = ("divRplyFwdMsg", "appendonsend")


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote now, the signature below it, and all that was cut off after that."""

    text: str
    signature: str = ""
    quoted: str = ""


def written_in(letter: Letter) -> tuple[PlainText, Written]:
    """Return what the sender of a letter wrote now, with its links, and what was cut off."""
    parts: list[str] = []
    links: list[str] = []
    for plain, html in letter.bodies:
        if plain.strip():
            parts.append(clean(plain))
        else:
            found = from_html(unquoted(html))
            parts.append(found.text)
            links += found.links
    cut = written("\n".join(parts))
    text = from_text(cut.text)
    # Of HTML an address may stand behind words that were cut off.
    links = [one for one in links if one not in from_text(cut.signature + cut.quoted).links]
    return PlainText(text.text, tuple(dict.fromkeys((*links, *text.links)))), cut


def unquoted(html: str) -> str:
    """Return HTML without what its writer's program quoted, where that is marked so."""
    if not any(
        mark in html for mark in ("blockquote", "_quote", "yahoo_quoted", "zmail_extra", "moz-cite", *_FROM_HERE)
    ):
        return html
    try:
        root = etree.HTML(html[:MAX_HTML].encode("utf-8", "replace"), etree.HTMLParser(encoding="utf-8"))
        if root is None:
            return html
        for element in root.xpath(_QUOTED):
            parent = element.getparent()
            if parent is None:
                continue
            if element.get("id") in _FROM_HERE:
                for after in list(element.itersiblings()):
                    parent.remove(after)
            if element.tail:
                _kept_tail(element)
            parent.remove(element)
        return str(etree.tostring(root, encoding="unicode", method="html"))
    except (etree.LxmlError, ValueError, AssertionError):
        return html


def _kept_tail(element: "etree._Element") -> None:
    """Put the text behind an element, which is none of its own, before it."""
    before, parent = element.getprevious(), element.getparent()
    if before is not None:
        before.tail = (before.tail or "") + (element.tail or "")
    else:
        parent.text = (parent.text or "") + (element.tail or "")


def written(text: str) -> Written:
    """Return what was written now in the text of a message."""
    lines = [line if line == f"{_DASHES} " else line.rstrip() for line in text.split("\n")]
    own, quoted = _own(lines)
    own, signature = _signed(own)
    own, print_ = _printed(own)
    said = "\n".join(map(str.rstrip, own)).strip()
    return Written(said, "\n".join(signature).strip(), "\n".join((*print_, *quoted)).strip())


def _own(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return the lines of the writer's own, and those of others."""
    own: list[str] = []
    i = 0
    while i < len(lines):
        line = lines[i]
        if _ORIGINAL.fullmatch(line[:200]) or FORWARDED.fullmatch(line[:200]) or header_block(lines, i)[0]:
            while own and (not own[-1].strip() or set(own[-1].strip()) <= set("_-—=")):
                own.pop()
            return own, lines[i:]
        taken, sure = _attribution(lines, i)
        rest = i + taken
        while taken and rest < len(lines) and not lines[rest].strip():
            rest += 1
        marked = rest < len(lines) and lines[rest].lstrip().startswith(">")
        if taken and (marked or sure):
            if not marked:
                # All below is what is answered, unmarked.
                return own, lines[i:]
            i += taken
        elif line.lstrip().startswith(">"):
            i += 1
        else:
            own.append(line)
            i += 1
    return own, [line for line in lines if line.lstrip().startswith(">")]


def _attribution(lines: list[str], at: int) -> tuple[int, bool]:
    """Return how many lines say who wrote what follows ("On Monday Ann wrote:"), 0 for none.

    And whether that is sure by itself: it names a time or an address, and not merely somebody.
    """
    joined = ""
    for count in range(1, _MOST_LINES + 1):
        line = lines[at + count - 1] if at + count <= len(lines) else ""
        joined = f"{joined} {line.lstrip('> ')}".strip()
        if not line.strip() or len(joined) > _LONGEST:
            break
        if not joined.endswith((":", "：", "---")):
            continue
        if count > 1 and not _begins(lines[at], lines[at + 1 : at + count]):
            return 0, False
        return (count, sure) if (sure := _is_sure(joined)) is not None else (0, False)
    return 0, False


def _begins(first: str, below: list[str]) -> bool:
    """True where the first of several lines is a part of what says who wrote: what stands above that may be said.

    An attribution is broken behind a date, a time or an address; below one that is whole, nothing of it is missing.
    """
    first = first.strip()
    addressed = first.endswith(">") and "@" in first
    if not addressed and _is_sure(" ".join(one.lstrip("> ").strip() for one in below), timed=True):
        return False
    ended = first.endswith(("!", "?", ".")) and not first.endswith("m.")  # "at 9:41 a.m."
    return addressed or ((_TIME.search(first) or _DATE.search(first)) is not None and not ended)


def _is_sure(joined: str, *, timed: bool = False) -> bool | None:
    """Return whether it is sure that a line says who wrote what follows; None where it says no such thing.

    `timed`: an address alone makes it not sure, a date or a time does.
    """
    at_hour, dated = _TIME.search(joined) is not None, _DATE.search(joined) is not None
    addressed = "@" in joined and not timed
    if joined.endswith("---"):  # as Zoho has it, between dashes
        said = joined.startswith("--") and _WITHIN.search(joined) is not None
        return True if said and (at_hour or dated) else None
    if _AT_END.search(joined):
        return at_hour or addressed or dated
    if _WITHIN.search(joined):
        return at_hour or addressed
    if "@" in joined and (at_hour or dated):
        return False
    return None


def header_block(lines: list[str], at: int) -> tuple[dict[str, str], int]:
    """Return the lines "From: … Sent: … To: … Subject: …" that begin here, by their names, and where what follows is.

    Empty where none do.
    """
    first = labelled(lines[at])
    if first is None or first[0] not in ("from", "date", "subject"):
        return {}, at
    found: dict[str, str] = {}
    last = ""
    end = at
    for i, line in enumerate(lines[at : at + 12], at):
        if not line.strip(" >"):
            if len(found) >= 2:
                break
            continue
        one = labelled(line)
        if one is not None:
            found.setdefault(*one)
            last, end = one[0], i + 1
        elif last in ("to", "cc", "subject") and line.startswith((" ", "\t")):
            end = i + 1
        else:
            break
    whole = "from" in found and len(found.keys() & {"date", "to", "subject"}) >= 2
    # Whoever asks for a transport says from where, to where and when.
    of_mail = "@" in found.get("from", "") + found.get("to", "") or found.keys() >= {"date", "subject"}
    return (found, end) if whole and of_mail else ({}, at)


def labelled(line: str) -> tuple[str, str] | None:
    """Return a line of such a block as its name and what it says; None for any other line."""
    match = _LABELLED.fullmatch(line[:1_000])
    if match is None:
        return None
    name = next(one for one in LABELS if match[one.replace("-", "_")] is not None)
    return name, match["value"].strip().strip("*_").strip()


def _signed(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return what was said, and the signature below it."""
    end = _delimiter(lines)
    # Who answers below what is quoted has it above.
    by_device = [line for line in lines[:end] if _is_of_device(line)]
    above = [line for line in lines[:end] if not _is_of_device(line)] if by_device else lines[:end]
    at = _farewell(above)
    return above[:at], [*by_device, *above[at:], *lines[end + 1 :]]


def _delimiter(lines: list[str]) -> int:
    """Return the place of the two dashes below which the signature stands; behind the last line where there are none.

    Others part what is said. Small print is left out of account.
    """
    filled = [i for i, line in enumerate(lines) if line.strip()]
    dashes = [n for n, i in enumerate(filled) if n and lines[i].strip() == _DASHES][-_DELIMITED_LINES:]
    for n in dashes:
        next_ = (lines[i][:_LONGEST_PRINT] for i in filled[n + 1 : n + 2 + _DELIMITED_LINES])
        below = list(takewhile(lambda line: not _SMALL_PRINT.search(line), next_))
        # With a space behind them a mail program wrote them (RFC 3676, 4.3), above whatever it was told to put there.
        by_program = n == dashes[-1] and lines[filled[n]] == f"{_DASHES} "
        if len(below) <= _DELIMITED_LINES and (by_program or not _goes_on(below)):
            return filled[n]
    return len(lines)


def _goes_on(below: list[str]) -> bool:
    """True where something is said in lines below two dashes, and it is not the motto below somebody's name."""
    if not any(_is_said(line) or len(line) > _SIGNATURE_WIDTH or _POSTSCRIPT.match(line) for line in below):
        return False
    first = below[0].strip()
    is_name = len(first.split()) <= _NAME_WORDS and not first.endswith((*_ENDS, ":", "："))
    return not is_name and not _CLOSING.fullmatch(first[:_LONGEST_CLOSING])


def _is_of_device(line: str) -> bool:
    """True for what a telephone or program writes below a message by itself."""
    words = [one for one in line[:200].split() if "://" not in one]
    return len(words) <= _DEVICE_WORDS and _MOBILE.match(line[:200]) is not None


def _farewell(lines: list[str]) -> int:
    """Return the place of the line of farewell with which the signature begins; behind the last where there is none.

    A line of thanks may stand anywhere: it is a farewell where nothing is said below it. "Best regards" is one in any
    case but that of a postscript, since firms have whole sentences in their signatures.
    """
    filled = [i for i, line in enumerate(lines) if line.strip()]
    last = len(lines)
    for i in filled[-_SIGNATURE_LINES:]:
        # What is thanked for at the beginning is no farewell.
        if i == filled[0] or not _CLOSING.fullmatch(lines[i][:_LONGEST_CLOSING]):
            continue
        # Small print is whole sentences, and nobody's words.
        below = list(takewhile(lambda line: not _SMALL_PRINT.search(line), lines[i + 1 :]))
        if any(len(line) > _SIGNATURE_WIDTH for line in below):
            continue
        if not any(map(_is_said, below)):
            return i
        if not _THANKS.fullmatch(lines[i][:_LONGEST_CLOSING]) and not any(map(_POSTSCRIPT.match, below)):
            last = i
    return last


def _is_said(line: str) -> bool:
    """True for a sentence, as a signature has none: it ends as one, and not all of its words are names."""
    line = line.strip().rstrip("\"'”’»)")
    if not line.endswith(_ENDS):
        return False
    words = line.split()
    return sum(one[0].isalpha() and not one[0].isupper() for one in words) >= 3 or (len(words) == 1 and len(line) > 12)


def _printed(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return what was said, and the small print about who may read it."""
    for i in range(len(lines) // 2, len(lines)):
        line = lines[i][:_LONGEST_PRINT]
        if i and _SMALL_PRINT.search(line) and _ABOUT_MAIL.search(line) and len(line) > 60:
            return lines[:i], lines[i:]
    return lines, []


def is_forward(subject: str) -> bool:
    """True for the subject of a message that is passed on."""
    return re.match(r"\s*(?:fwd?|wg|tr|rv|i|enc|doorst|vs|vb|pd|转发|転送)\s*[:：]", fold(subject)[:40]) is not None


def bare_subject(subject: str) -> str:
    """Return a subject without what programs put before it when they answer or pass on."""
    before = re.compile(
        r"\s*(?:re?|aw|sv|antw|odp|ref|rif|res|vá|ynt|fwd?|wg|tr|rv|i|enc|doorst|vs|vb|pd|回复|答复|转发|転送)\s*(?:\[\d+\])?\s*[:：]\s*",
        re.IGNORECASE,
    )
    subject = one_line(subject)
    for _ in range(10):
        match = before.match(subject[:60])
        if match is None:
            break
        subject = subject[match.end() :]
    return subject
