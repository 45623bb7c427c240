"""What programs send: answers by themselves, reports, invitations, lists, newsletters. Told by their headers. Pure."""

import re

from lxml import etree

from overheard.collectors.mail.message import Letter, Person
from overheard.collectors.markup import MAX_HTML, absolute_url, one_line
from overheard.text import clean
from overheard.urls import canonical_url

_ROBOTS = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|bounces?)(?:[+=-].*)?@", re.IGNORECASE)
# What Exchange, Outlook, Notes and others put before the subject that they answer by themselves, or in its place. A
# colon, a bracket or the end stands behind it: whoever goes on there ("Abwesenheit unseres Technikers") is a person.
_ABSENT = re.compile(
    r"[\[(【]? ?(?:out of (?:the )?office(?:[ -]auto[ -]?(?:reply|response))?|"
    r"auto(?:matic|mated)?[ -]?(?:reply|response)|automatische antwort|"
    r"abwesenheit|abwesenheitsnotiz|abwesenheitsassistent|abwesend|réponse automatique|absence du bureau|"
    r"message d['’]absence|respuesta autom[áa]tica|fuera de (?:la )?oficina|risposta automatica|fuori (?:sede|ufficio)|"
    r"resposta autom[áa]tica|fora do escrit[óo]rio|aus[êe]ncia tempor[áa]ria|automatisch antwoord|afwezig|"
    r"afwezigheidsbericht|autosvar|automatiskt? svar|fraværsmelding|frånvaromeddelande|automaattinen vastaus|"
    r"automatyczna odpowiedź|autoodpowiedź|automatická odpov[ěe][ďd]|automatikus válasz|otomatik yanıt|"
    r"r[ăa]spuns automat|αυτόματη απάντηση|автоответ|автоматический ответ|автоматична відповідь|自動返信|自動応答|"
    r"不在通知|自动回复|自动答复|自動回覆|자동 ?회신|자동 ?응답|स्वचालित (?:उत्तर|जवाब)) ?(?:[:：\])】]|$)"
    # Notes names who is away: "AUTO: Mira Sen is out of the office (returning 11/23/2026)".
    r"|auto: .{1,100} (?:is out of the office|ist außer haus)\b",
    re.IGNORECASE,
)
_ANSWERED = ("x-autoreply", "x-autoreply-from", "x-autorespond", "x-mail-autoreply", "x-failed-recipients")
_IN_BROWSER = re.compile(
    r"(?:view|read|open|see) (?:it |this |the )?(?:e-?mail |message |newsletter |issue |post )?"
    r"(?:online|in (?:your |a |the )?(?:web )?browser|on the web)|(?:web|online)[ -]?version|"
    r"im browser (?:ansehen|anzeigen|öffnen|lesen)|online[ -]?ansicht|version en ligne|"
    r"dans (?:votre |un )?navigateur|en (?:el|tu|su) navegador|versión (?:web|online)|no (?:seu )?navegador|"
    r"versão (?:web|online)|nel (?:tuo )?browser|versione (?:web|online)|in (?:je |uw |de )?browser|"
    r"online bekijken|i (?:din )?webbläsare|i (?:din )?browser|w przeglądarce|в браузере|ブラウザで|在浏览器中",
    re.IGNORECASE,
)
_PROGRAMS = ("noreply", "donotreply", "notification", "wordpress", "webform", "enquir", "alerts")
_BEHIND = 3  # lines between such words and the address that they mean


def is_automatic(letter: Letter) -> bool:
    """True for what nobody wrote: an answer by itself, a report of delivery, an invitation of a calendar.

    X-Auto-Response-Suppress alone is no sign of it: helpdesks and forms put it into what people write, too.
    """
    if letter.header("auto-submitted").lower().startswith("auto-replied"):
        return True
    if any(letter.headers.get(name) for name in _ANSWERED):
        return True
    if letter.header("precedence").lower() in ("auto_reply", "auto-reply"):
        return True
    if letter.kinds & {"multipart/report", "message/delivery-status", "message/disposition-notification"}:
        return True
    if letter.header("return-path") == "<>" or _ROBOTS.match(letter.sender.email):
        return True
    return "text/calendar" in letter.kinds or _ABSENT.match(letter.subject) is not None


def is_by_program(letter: Letter) -> bool:
    """True for what a program sent on its own: its headers or its address say so."""
    return letter.header("auto-submitted").lower().startswith("auto-generated") or is_program(letter.sender)


def is_program(person: Person) -> bool:
    """True for an address that is a program's."""
    local = person.email.partition("@")[0].replace("-", "").replace("_", "").replace(".", "")
    return any(word in local for word in _PROGRAMS)


def is_bulk(letter: Letter, *, answers: bool = False) -> bool:
    """True for what went to many: a newsletter, or mail of a list.

    `answers`: it answers a letter, so that it is one of a list only where a list says so: helpdesks and programs for
    sales put what newsletters have into all that they send.
    """
    names = ("list-id", "list-post") if answers else ("list-id", "list-unsubscribe", "list-post")
    named = any(letter.headers.get(name) for name in names)
    return named or letter.header("precedence").lower() in (("list",) if answers else ("bulk", "list", "junk"))


def is_discussion(letter: Letter) -> bool:
    """True for mail of a list to which its readers write."""
    return "mailto:" in letter.header("list-post").lower()


def list_id(letter: Letter) -> str:
    """Return what a list is called by its server (RFC 2919), "" for none."""
    said = letter.header("list-id")
    match = re.search(r"<([^<>\s]{1,255})>", said)
    return (match[1] if match else said if "." in said and " " not in said else "").lower()


def web_version(letter: Letter) -> str:
    """Return where a newsletter can be read on the web, "" where it does not say."""
    if there := canonical_url(letter.header("archived-at").strip("<>")):
        return absolute_url(letter.header("archived-at").strip("<>")) if there else ""
    return _linked(letter.html) or _written(letter)


def _linked(html: str) -> str:
    if not _IN_BROWSER.search(html):
        return ""
    try:
        root = etree.HTML(html[:MAX_HTML].encode("utf-8", "replace"), etree.HTMLParser(encoding="utf-8"))
    except (etree.LxmlError, ValueError, AssertionError):
        return ""
    if root is None:
        return ""
    for link in root.iter("a"):
        words = one_line(clean(" ".join(link.itertext())))
        if len(words) < 120 and _IN_BROWSER.search(words) and (there := absolute_url(link.get("href") or "")):
            return there
    return ""


def _written(letter: Letter) -> str:
    lines = [line for line in letter.text.text.split("\n") if line.strip()]
    for i, line in enumerate(lines):
        if len(line) < 300 and _IN_BROWSER.search(line):
            for below in lines[i : i + _BEHIND]:
                if match := re.search(r"https?://[^\s<>()\[\]]+", below):
                    return absolute_url(match[0])
    return ""
