"""Leads that come by mail: what somebody filled in on a form or a marketplace, by the labels of its lines. Pure.

Name: Asha Rao          ┐
E-Mail: asha@ex.example ├─▶ read_form ─▶ Lead
Nachricht: …            ┘
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lxml import etree

from overheard.collectors.laid.names import full_name
from overheard.collectors.mail.bulk import is_by_program
from overheard.collectors.mail.message import Letter, Person, person_in
from overheard.collectors.markup import MAX_HTML, PlainText, from_text, one_line
from overheard.identities import is_free_mail, normal_email, normal_phone
from overheard.text import clean, fold
from overheard.urls import registrable_domain

# What forms call their fields, folded and without what stands around the words.
_FIELDS = {
    # Name and address in one, as Contact Form 7 has them by default.
    "who": "from|von|de|da|van|od|от",
    "name": "name|full name|your name|customer name|caller name|contact name|buyer name|sender name|contact person|"
    "lead name|sender|ihr name|vollständiger name|kontaktname|ansprechpartner|vor- und nachname|vorname und nachname|"
    "nom|votre nom|nom complet|nom et prénom|nombre|nombre completo|tu nombre|nombre y apellidos|nome|nome completo|"
    "seu nome|nome e cognome|naam|volledige naam|uw naam|navn|namn|imię i nazwisko|jméno|nimi|имя|ваше имя|фио|"
    "名前|お名前|氏名|姓名|이름|नाम|पूरा नाम|ad soyad|الاسم",
    "first": "first name|given name|vorname|prénom|nombre de pila|fornavn|förnamn|voornaam|imię",
    "last": "last name|surname|family name|nachname|familienname|nom de famille|apellido|apellidos|cognome|"
    "sobrenome|achternaam|etternavn|efternavn|efternamn|nazwisko",
    "email": "email|e-mail|mail|email address|e-mail address|your email|email id|mail id|sender email|buyer email|"
    "contact email|caller email|e-mail-adresse|emailadresse|ihre e-mail|ihre e-mail-adresse|courriel|adresse e-mail|"
    "adresse mail|adresse email|votre e-mail|votre email|correo|correo electrónico|tu correo|email aziendale|"
    "indirizzo email|indirizzo e-mail|e-mailadres|e-postadress|e-post|adres e-mail|endereço de e-mail|seu e-mail|почта|"
    "электронная почта|メール|メールアドレス|邮箱|电子邮件|電子郵件|이메일|ईमेल|e-posta|البريد الإلكتروني",
    "phone": "phone|phone number|telephone|telephone number|tel|mobile|mobile no|mobile number|mobile phone|cell|"
    "contact number|contact no|caller phone|caller number|your phone|whatsapp|whatsapp number|telefon|telefonnummer|"
    "handy|rufnummer|mobil|mobilnummer|téléphone|numéro de téléphone|portable|teléfono|móvil|celular|"
    "número de teléfono|telefone|telefono|cellulare|telefoonnummer|telefoon|telefonnr|numer telefonu|телефон|"
    "номер телефона|電話|電話番号|电话|手机|手機|전화번호|फ़ोन|फोन|मोबाइल|मोबाइल नंबर|telefon numarası|الهاتف",
    "company": "company|company name|organisation|organization|business name|firm|firma|unternehmen|firmenname|"
    "société|entreprise|empresa|azienda|ditta|bedrijf|bedrijfsnaam|företag|virksomhed|organizacja|компания|会社|"
    "会社名|御社名|公司|회사|कंपनी|şirket|الشركة",
    "website": "website|web site|web|url|homepage|webseite|site web|sitio web|sito web|sito|site|strona www|сайт",
    "subject": "subject|betreff|sujet|objet|asunto|oggetto|assunto|onderwerp|emne|ämne|temat|тема|件名|主题|विषय|konu",
    "message": "message|your message|message body|body|comment|comments|comment or message|your comment|"
    "enquiry|inquiry|your enquiry|caller requirement|requirement|requirements|"
    "requirement details|buy requirement|question|questions|details|description|query|notes|remarks|additional "
    "information|nachricht|nachrichtentext|kommentar oder nachricht|ihre nachricht|mitteilung|anfrage|kommentar|"
    "bemerkung|bemerkungen|votre message|corps du message|cuerpo del mensaje|corpo da mensagem|corpo del messaggio|"
    "commentaire|commentaires|mensaje|tu mensaje|comentario|comentarios|consulta|mensagem|sua mensagem|messaggio|"
    "il tuo messaggio|richiesta|bericht|uw bericht|vraag|besked|melding|meddelande|viesti|wiadomość|treść wiadomości|"
    "zpráva|сообщение|ваше сообщение|комментарий|お問い合わせ内容|内容|メッセージ|留言|消息|문의 내용|메시지|संदेश|"
    "आवश्यकता|mesaj|mesajınız|الرسالة",
}
_NAMED = {fold(word): field for field, words in _FIELDS.items() for word in words.split("|")}
_LINE = re.compile(r"[\s*_•·>|-]*([^:：\t]{1,60}?)[\s*_]*(?:[:：]|\t)[*_]*\s*(.*)", re.DOTALL)
_REQUIRED = re.compile(
    r"[\s*]*(?:\((?:required|pflichtfeld|obligatoire|obligatorio|richiesto)\))?[\s*?:]*$", re.IGNORECASE
)
_LONGEST = 400
_ENDS = re.compile(
    r"\s*(?:--|_{3,}|-{3,}|={3,}|this (?:e-?mail|message) was sent|diese e-?mail wurde|sent from )", re.I
)


@dataclass(frozen=True, slots=True)
class Lead:
    """Who filled in a form, and what they say. `phone` is as written, or E.164 where it is a whole number."""

    name: str
    email: str
    phone: str
    company: str
    website: str
    subject: str
    text: PlainText


def read_form(letter: Letter, *, sure: bool = False) -> Lead | None:
    """Return the lead in a letter; None where it is no filled-in form.

    `sure`: it comes from a program, so that two fields are enough, and an answer goes to whoever filled it in; else
    there must be three, and it must not be a letter of somebody who says in it how they, or others, are to be reached.
    """
    found = _fields(_pairs(letter.text.text.split("\n")))
    rows = _fields(_rows(letter.html) if letter.html else iter(()))
    # A table is a form, whatever stands around it.
    if len(rows.known) > len(found.known):
        found = replace(rows, prose=False)
    # A colleague who passes a letter on has its sender in such a line.
    named = is_by_program(letter)
    held, known = found.held, found.known - (set() if named else {"who"})
    who = _who(held.get("who", "")) if named else Person()
    email = next((one for one in map(normal_email, held.get("email", "").split()) if one), "") or who.email
    if sure and not email and (reply_to := person_in(letter.header("reply-to")).email) != letter.sender.email:
        email = reply_to
    written_phone = held.get("phone", "")
    phone = normal_phone(written_phone) or (written_phone if sum(map(str.isdigit, written_phone)) >= 6 else "")
    name = full_name(*(held.get(one, "") for one in ("name", "first", "last"))) or who.name
    if not (email or phone) or not (name or "message" in held) or len(known) < (2 if sure else 3):
        return None
    if not sure and _is_letter(letter.sender, name, email, found):
        return None
    text = "\n".join(one for one in (held.get("message", ""), *found.others) if one)
    return Lead(
        one_line(name)[:200],
        email,
        one_line(phone)[:60],
        one_line(held.get("company", ""))[:200],
        one_line(held.get("website", ""))[:500],
        one_line(held.get("subject", ""))[:300],
        from_text(text),
    )


def _who(said: str) -> Person:
    """Return whom a field names that holds name and address: "Asha Rao <asha@ex.example>", with brackets or without."""
    address = next((one for one in re.split(r"[\s<>,;()]+", said[:_LONGEST]) if normal_email(one)), "")
    return Person(one_line(said[:_LONGEST].replace(address, "").strip(" <>()")), normal_email(address))


def _is_letter(sender: Person, name: str, email: str, found: "_Found") -> bool:
    """True where whoever sent a message wrote it themselves: about themselves, with a word beside, or of another.

    A site may send what a visitor filled in under the visitor's own address: there is nothing beside the fields.
    Marketplaces have a domain of their own, and not an address that anybody may have.
    """
    shared = set(fold(name).split()) & set(re.split(r"[\W_]+", fold(f"{sender.name} {sender.email.partition('@')[0]}")))
    if email == sender.email or (not email and shared):
        return found.prose or "message" not in found.held
    return is_free_mail(registrable_domain(sender.domain) or sender.domain)


@dataclass(frozen=True, slots=True)
class _Found:
    """What fields hold, by ours of their names, and what others hold, each with its label. `prose`: more is said.

    Where no field holds what somebody has to say, what stands among them without a label of theirs is among the others.
    """

    held: Mapping[str, str]
    others: Sequence[str]
    prose: bool

    @property
    def known(self) -> set[str]:
        return set(self.held)


def _fields(pairs: Iterator[tuple[str, str, bool]]) -> _Found:
    """Return what pairs of label and value hold; a label without one holds what stands below it."""
    found: dict[str, str] = {}
    others: list[str] = []
    rest: list[str] = []
    going = ""
    beside = prose = False  # whether a field of a name that is not ours goes on below it
    for label, value, is_line in pairs:
        field = _NAMED.get(_folded(label), "") if label else ""
        if field and not found.get(field):
            found[field] = value.strip()
            going, beside = field, False
        elif label and value.strip() and not (is_line and going == "message"):
            others.append(f"{one_line(label)}: {value.strip()}")
            going, beside = "", False
        elif label and not (is_line and going == "message"):
            others.append(f"{one_line(label)}:")
            going, beside = "", True
        elif going and (going == "message" or not found[going]):
            line = f"{label}: {value}" if label else value
            if _ENDS.match(line):
                going = ""
                continue
            if going == "message" or line.strip():
                found[going] = f"{found[going]}\n{line}".strip()
        elif beside and not _ENDS.match(value):
            others[-1] = f"{others[-1]} {value.strip()}".rstrip()
        elif value.strip():
            beside = False
            if not _ENDS.match(value):
                prose = True
                rest += [value.strip()] if found else []
    held = [one for one in others if not one.endswith(":")]
    held += [] if "message" in found else rest
    return _Found(found, held[:50] if len(found) >= 2 else (), prose)


def _pairs(lines: list[str]) -> Iterator[tuple[str, str, bool]]:
    for line in lines:
        match = _LINE.fullmatch(line[:_LONGEST]) if len(line) <= _LONGEST or ":" in line[:60] else None
        label = match[1] if match is not None else ""
        if match is not None and not label.lower().startswith(("http", "mailto")):
            yield label, line[match.start(2) :], True
        elif _folded(line) in _NAMED:
            yield line, "", True  # the label alone, what it holds below it
        else:
            yield "", line, True


def _rows(html: str) -> Iterator[tuple[str, str, bool]]:
    """Yield the rows of two cells in the tables of a message."""
    try:
        root = etree.HTML(html[:MAX_HTML].encode("utf-8", "replace"), etree.HTMLParser(encoding="utf-8"))
    except (etree.LxmlError, ValueError, AssertionError):
        return
    if root is None:
        return
    for row in root.iter("tr"):
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        if len(cells) == 2 and not any(cell.find(".//table") is not None for cell in cells):
            label, value = (clean(" ".join(cell.itertext())) for cell in cells)
            yield one_line(label)[:80], one_line(value) if len(value) < 200 else value, False


def _folded(label: str) -> str:
    return one_line(fold(_REQUIRED.sub("", clean(label)[:80]))).strip(" *:：-•").strip()
