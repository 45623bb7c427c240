"""Chats exported from WhatsApp and WhatsApp Business, of Android and iOS: who wrote to us, and what.

    lines ─▶ messages (a line with date and author, and those below it) ─▶ ours, the program's: context
                                                                       └▶ others': activities by channel "chat"

There is no published grammar: phones write the date as their region does, and the program's words in its language.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec
import regex
from msgspec import Meta

from overheard.collectors.base import Deletion, Reading, Rejected
from overheard.collectors.communities.community import mention_of
from overheard.collectors.laid.days import MARKS, WHEN, Order, Written, order_of, written, zone_of
from overheard.collectors.laid.laid import Laid, name_of
from overheard.collectors.markup import MAX_TEXT, from_text, one_line, shorten
from overheard.errors import InputError
from overheard.identities import normal_phone
from overheard.records import Actor, Fetch, Mention, digest, mention_id
from overheard.text import clean, fold

PLATFORM = "whatsapp"
EXPECTED = "a chat that WhatsApp exported (12/31/26, 9:05 PM - Name: words)"
_MOST_MESSAGES = 100_000
_LONGEST_NAME = 200
_ENCODINGS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"", "utf-8-sig"))

_ANDROID = regex.compile(rf"[{MARKS}]*{WHEN}[{MARKS}]*\s[-–]\s(?P<rest>.*)", regex.IGNORECASE | regex.DOTALL)
_IOS = regex.compile(rf"[{MARKS}]*\[{WHEN}[{MARKS}]*\]\s?(?P<rest>.*)", regex.IGNORECASE | regex.DOTALL)
_MARK = regex.compile(f"[{MARKS}]")
# What stands in the place of a picture, a sound, a document: in angle brackets, or behind a mark that nobody types.
_LEFT_OUT = regex.compile(r"<[^<>\n]{3,80}>")
# So begins what the program itself says in somebody's name, too: that a chat is encrypted, or is kept by a service.
_OMITTED = regex.compile(r"\u200e[^\n]{2,400}")
# What was left out behind words, or behind the name of a file and how many pages it has.
_LEFT_OUT_BEHIND = regex.compile(
    r"(?:[^\s\d]{1,20} ){0,3}(?:omitted|weggelassen|ausgelassen|ausgeschlossen|omitid[oa]|omise?|absente?|omess[oa]|"
    r"ocultad[oa]|weggelaten|pominięt|dahil edilmedi|опущен|пропущен|отсутствует|छोड|छो\u095c|शामिल नहीं|استبعاد|"
    r"tidak disertakan|省略|略过|忽略)[^\s\d]{0,6}(?: [^\s\d]{1,20}){0,2}",
    regex.IGNORECASE,
)
_LONGEST_TAIL = 100
_FILE = regex.compile(
    r"[^\s/]{1,120}\.(?:pdf|docx?|xlsx?|pptx?|csv|txt|zip|jpe?g|png|heic|webp|mp[34]|mov|m4a|opus|vcf)"
    r"|[^\n/]{1,200}\.\w{2,5}\s{0,3}•",
    regex.IGNORECASE,
)
_ATTACHED = regex.compile(r"\u200e?(?:<[^<>\n]{3,200}>|[^\n/]{1,120}\.\w{2,5} \([^()\n]{3,60}\))(?:\n|$)")
_EDITED = regex.compile(
    r"(?<!\s)\s*+(?:\u200e<[^<>\n]{3,80}>|<[^<>\n]{0,60}(?:edited|bearbeitet|edit[oó]|editad|modifi|संपादित|bewerkt|edytowan|"
    r"düzenlendi|измен|تعديل)[^<>\n]{0,60}>)\s*$",
    regex.IGNORECASE,
)
# What stands in the place of a message that was deleted for everybody, by either side; folded, without a full stop.
_DELETED = frozenset(map(fold, (
    "this message was deleted", "you deleted this message", "this message was deleted by admin",
    "diese nachricht wurde gelöscht", "du hast diese nachricht gelöscht",
    "se eliminó este mensaje", "eliminaste este mensaje", "este mensaje fue eliminado",
    "ce message a été supprimé", "vous avez supprimé ce message",
    "questo messaggio è stato eliminato", "hai eliminato questo messaggio",
    "esta mensagem foi apagada", "essa mensagem foi apagada", "mensagem apagada", "você apagou esta mensagem",
    "apagou esta mensagem", "यह संदेश हटा दिया गया", "यह मैसेज डिलीट कर दिया गया", "आपने यह संदेश हटा दिया",
    "dit bericht is verwijderd", "je hebt dit bericht verwijderd", "ta wiadomość została usunięta",
    "bu mesaj silindi", "данное сообщение удалено", "сообщение удалено", "تم حذف هذه الرسالة",
    "pesan ini telah dihapus", "このメッセージは削除されました", "此消息已删除", "此訊息已刪除",
)))  # fmt: skip
# How a message begins that the phone had not got yet when the chat was exported; folded.
_WAITING = tuple(map(fold, (
    "waiting for this message. this may", "warten auf diese nachricht. dies kann",
    "warten auf diese nachricht. das kann", "warte auf diese nachricht. dies kann",
    "esperando este mensaje. esto puede", "esperando el mensaje. esto puede", "esperando mensaje. esto puede",
    "en attente de ce message. cela peut", "en attente de ce message. ceci peut",
    "en attente du message. cela peut", "in attesa del messaggio. potrebbe", "in attesa di questo messaggio. potrebbe",
    "aguardando mensagem. essa ação pode", "aguardando esta mensagem. isso pode",
    "aguardando mensagem. isso pode", "a aguardar esta mensagem. isto pode", "इस मैसेज का इंतज़ार है. इसमें",
    "इस संदेश की प्रतीक्षा है. इसमें", "wachten op dit bericht. dit kan", "oczekiwanie na wiadomość. to może",
    "oczekiwanie na tę wiadomość. to może", "mesaj bekleniyor. bu biraz", "bu mesaj bekleniyor. bu biraz",
    "ожидание сообщения. это может", "ожидание этого сообщения. это может", "в ожидании сообщения. это может",
    "في انتظار هذه الرسالة. قد", "menunggu pesan ini. ini mungkin", "menunggu pesan ini. mungkin",
)))  # fmt: skip
_LONGEST_WAITING = 200
# A quotation mark that opens, and none behind it that closes: 'Ann created group "Juicers' is nobody's name.
_UNCLOSED = regex.compile(r"""(?<!\S)["“„‟«»]\S[^"“”«»]*+$""")
# "Chat (2).txt" is the same chat, downloaded again.
_COPY = regex.compile(r"\s*\(\d{1,3}\)$")


class Message(NamedTuple):
    """One message of a chat: the number of its line, when, by whom as the phone shows it, and its text."""

    line: int
    when: Written
    by: str
    text: str


class WhatsApp(Laid, frozen=True, kw_only=True):
    """Exported WhatsApp chats, in a folder or a file.

    `me`: names and numbers under which one's own side writes, as the phone that exported shows them.
    `dates`: which number of a date is the day, where the chats do not tell; "auto" is what they tell. `time_zone` is
    that of the phone, `region` the country that numbers without a country code belong to.
    """

    kind = "whatsapp"
    endings = (".txt", ".zip")
    asks: ClassVar[Mapping[str, str]] = {
        "me": "The names and numbers under which your own side writes, as the phone shows them.",
        "dates": "Which number of a date is the day: `auto` as the chats tell, `dmy` or `mdy` where they do not.",
        "time_zone": "The time zone of the phone, as `Asia/Kolkata`.",
        "region": "The country of numbers without a country code, as `IN`.",
    }

    me: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...], Meta(min_length=1, max_length=50)]
    dates: Literal["auto", "dmy", "mdy"] = "auto"
    time_zone: Annotated[str, Meta(max_length=60)] = "UTC"
    region: Annotated[str, Meta(pattern="^([A-Z]{2})?$")] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        zone_of(self.time_zone)

    def called(self, name: str, size: int) -> str:
        """Return what a chat is called in messages: its file has the name or number of whom it is with."""
        del name
        return f"a chat of {size:,} bytes"

    def said_in(self, fetch: Fetch, where: str) -> Reading:
        """Return what others wrote in an exported chat (`Laid.said_in`)."""
        messages = messages_in(fetch, where)
        told = order_of(one.when for one in messages)
        order: Order = told.order if told.sure or self.dates == "auto" else self.dates
        made = _Made(self, fetch, order)
        for message in messages[:_MOST_MESSAGES]:
            made.take(message)
        if len(messages) > _MOST_MESSAGES:
            made.reject(messages[_MOST_MESSAGES].line, f"expected at most {_MOST_MESSAGES:,} messages; there are more")
        if not told.sure and self.dates == "auto":
            words = (
                'expected dates that tell day from month; all fit both. Read as day first: say `dates = "mdy"` if not'
            )
            made.reject(messages[0].line, words)
        return made.reading()


def messages_in(fetch: Fetch, where: str) -> list[Message]:
    """Return the messages of a chat, in order; what the program itself says has no author.

    Raises InputError for what is no chat; `where` is what it is called.
    """
    found: list[tuple[int, Written, str, list[str]]] = []
    for number, line in enumerate(_lines(fetch.body), 1):
        head = _IOS.match(line) or _ANDROID.match(line)
        when = written(head) if head else None
        if head is None or when is None:
            if found:
                found[-1][3].append(line)
            continue
        by, colon, text = head["rest"].partition(":")
        # The program's own lines have nobody before a colon, or have it within quotation marks.
        named = colon and len(by) <= _LONGEST_NAME and not _UNCLOSED.search(_MARK.sub("", by))
        found.append((number, when, _plain(by) if named else "", [text]))
    if not found:
        got = "a text without any such line" if fetch.body.strip() else "nothing"
        raise InputError(f"expected {EXPECTED}; got {got}", where=where)
    return [Message(number, when, by, "\n".join(text)) for number, when, by, text in found]


def _lines(body: bytes) -> Iterator[str]:
    encoding = next(name for mark, name in _ENCODINGS if body.startswith(mark))
    for line in body.decode(encoding, "replace").split("\n"):
        yield line.removesuffix("\r")


def _plain(name: str) -> str:
    """Return a name or number without what phones put around it; "~" stands before one that is not saved."""
    return one_line(clean(_MARK.sub("", name).replace("\u202f", " ").replace("\xa0", " "))).lstrip("~ ").strip()


class _Made:
    """What was made of a chat's messages so far."""

    def __init__(self, source: WhatsApp, fetch: Fetch, order: Order) -> None:
        self._source = source
        self._fetch = fetch
        self._order = order
        self._zone = zone_of(source.time_zone)
        name = name_of(fetch)
        self._where = source.called(name, len(fetch.body))
        self._chat = digest(_COPY.sub("", name.rpartition(".")[0] or name))
        self._own = {fold(_plain(one)) for one in source.me} | {self._number(one) for one in source.me} - {""}
        self._in_minute: Counter[str] = Counter()
        self._mentions: dict[str, Mention] = {}
        self._deletions: dict[str, Deletion] = {}
        self._rejected: list[Rejected] = []
        self._answered = ""

    def reading(self) -> Reading:
        return Reading(tuple(self._mentions.values()), tuple(self._rejected), deletions=tuple(self._deletions.values()))

    def reject(self, line: int, message: str) -> None:
        where = f"{self._where}, line {line}"
        self._rejected.append(Rejected(where, message, digest(self._fetch.source, self._chat, str(line), message)))

    def take(self, message: Message) -> None:
        if not message.by:
            return
        # The same however the message reads now: an edit is a version of it, and what was deleted has its place still.
        stamp = message.when.stamp
        self._in_minute[stamp] += 1
        native = f"{self._chat}/{stamp}/{self._in_minute[stamp]}"
        number = self._number(message.by)
        if fold(message.by) in self._own or (number and number in self._own):
            self._answered = native
            return
        published = message.when.at(self._order, self._zone)
        if published is None:
            self.reject(
                message.line, "expected a date that exists; got one that does not. Set `dates` if it is misread"
            )
            return
        text = said_in(message.text)
        if text is None:
            left = Mention(
                id=mention_id(PLATFORM, native),
                platform=PLATFORM,
                native_id=native,
                source=self._fetch.source,
                content="",
                first_seen=self._fetch.at,
                channel="chat",
            )
            self._deletions[native] = Deletion(left, own=True)
        elif text:
            mention = mention_of(
                self._fetch,
                PLATFORM,
                native,
                from_text(text),
                published=published,
                in_reply_to=self._answered,
                context=self._chat,
                author=self._author(message.by, number),
            )
            self._mentions[native] = msgspec.structs.replace(mention, channel="chat")

    def _number(self, name: str) -> str:
        return normal_phone(_plain(name), self._source.region)

    @staticmethod
    def _author(name: str, number: str) -> Actor:
        if number:
            return Actor(platform=PLATFORM, native_id=number, phone=number)
        return Actor(platform=PLATFORM, name=shorten(name, _LONGEST_NAME))


def said_in(text: str) -> str | None:
    """Return what a person wrote in a message; "" for what has no words of theirs, None where it was deleted.

    That is a picture or a sound alone, what the program says in their name, and what the phone had not got yet.
    """
    text = text.strip(" \r\n\t")
    bare = _MARK.sub("", text).strip()
    if fold(bare).rstrip(".। ") in _DELETED:
        return None
    # "null" is what Android writes for a message that it cannot show.
    if bare == "null" or (len(bare) <= _LONGEST_WAITING and fold(bare).replace("।", ".").startswith(_WAITING)):
        return ""
    text = _EDITED.sub("", text)
    text = _ATTACHED.sub("", text, count=1) if _ATTACHED.match(text) else text
    if _LEFT_OUT.fullmatch(_MARK.sub("", text).strip()) or _OMITTED.fullmatch(text):
        return ""
    text = "\n".join(map(_without_tail, text.split("\n")))
    return shorten(clean(_MARK.sub("", text)).strip(), MAX_TEXT)


def _without_tail(line: str) -> str:
    """Return a line of a message without what was left out at its end, and without the name of the file that was."""
    before, mark, tail = line.rpartition("\u200e")
    if not mark or len(tail) > _LONGEST_TAIL or not _LEFT_OUT_BEHIND.fullmatch(tail.strip()):
        return line
    name, _, pages = before.rpartition("\u200e")
    before = (name if name.rstrip().endswith("•") and len(pages) <= _LONGEST_TAIL else before).strip()
    return "" if _FILE.fullmatch(_MARK.sub("", before)) else before.removesuffix("•").rstrip()
