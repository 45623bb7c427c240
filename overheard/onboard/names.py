"""How firms, products and people are written on their sites: the name in a text, without what is not part of it."""

import re

from overheard.onboard.page import tidy
from overheard.onboard.words import is_generic, is_title
from overheard.text import fold

# Legal forms as written at a name's end; longer ones first, since "Private Limited" ends with one.
_FORMS = (
    r"private limited|pvt\.? ?ltd\.?|pty\.? ltd\.?|pte\.? ltd\.?|sdn\.? bhd\.?|co\.,? ?ltd\.?|gmbh ?& ?co\.? ?kg|"
    r"limited liability company|incorporated|inc\.?|l\.?l\.?c\.?|l\.?l\.?p\.?|limited|ltd\.?|plc\.?|"
    r"corporation|corp\.?|"
    r"company|co\.|gmbh|mbh|ag|kgaa|kg|ohg|ug|e\. ?k\.|s\.?a\.?s\.?|s\.?a\.?r\.?l\.?|s\.?a\.?|s\. ?p\. ?a\.?|spa|"
    r"s\.? ?r\.? ?l\.?|s\.l\.u?\.?|ltda\.?|b\.?v\.?|n\.?v\.?|ab|a/s|as|asa|aps|oyj?|"
    r"sp\. ?z ?o\. ?o\.|s\.r\.o\.|d\.o\.o\.|"
    r"kft\.?|zrt\.?|k\.k\.|a\.ş\.|ltd\.? şti\.?|प्राइवेट लिमिटेड|प्रा\.? ?लि\.?|लिमिटेड|लि\.|ش\.?م\.?م\.?"
)
_FORM_AFTER = re.compile(rf"(?:,\s*|\s+)\(?(?:{_FORMS})\)?$", re.IGNORECASE)
_FORM_CJK = re.compile(r"(?:股份有限公司|有限责任公司|有限公司|株式会社|有限会社|合同会社|주식회사|\(주\)|㈜)")
_FORM_BEFORE = re.compile(r"^(?:ООО|ЗАО|ОАО|ПАО|АО|ИП|PT\.?|شركة)\s+[\"«“]?(?=\S)")
_EDGE = " \t-–—|·•:;,/\\*\"'“”„«»®™©।。"
_HONORIFIC = re.compile(
    r"^(?:(?:dr|mr|mrs|ms|prof|shri|smt|er|ca|dipl|ing|\(fh\)|\(tu\)|herr|frau|m|mme|sr|sra|डॉ|श्री|श्रीमती)\.?[-\s]+){1,3}",
    re.IGNORECASE,
)
_PERSON_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0900-\u0dff\u200c\u200d'’.-])*")
_HAN = re.compile(
    r"[\u4e00-\u9fff]{2,4}|[\uac00-\ud7af]{2,4}|"
    r"[\u4e00-\u9fff\u3040-\u30ff]{1,4}[ \u3000][\u4e00-\u9fff\u3040-\u30ff]{1,4}"
)
_MAX_NAME = 80


def letters_of(text: str) -> str:
    """Return a text's folded letters, marks and digits: how two spellings of a name are compared."""
    return "".join(c for c in fold(text) if c.isalnum() or 0x900 <= ord(c) <= 0xDFF)


def name_of_firm(text: str) -> str:
    """Return the name that a text is, tidied; "" where it is too long, a menu's word, an address or no word at all."""
    name = tidy(text).strip(_EDGE)
    if "(c)" in name.lower() or "://" in name or "@" in name:
        return ""
    return name if letters_of(name) and len(name) <= _MAX_NAME and not is_generic(name) else ""


def without_legal_form(name: str) -> str:
    """Return a firm's name as people write it, without "Pvt. Ltd.", "GmbH" and the like; never empty for a name."""
    short = name
    for _ in range(3):  # "GmbH & Co. KG" of names that have another form before
        cut = _FORM_CJK.sub("", _FORM_BEFORE.sub("", _FORM_AFTER.sub("", short))).strip(_EDGE)
        if cut == short or not letters_of(cut):
            break
        short = cut
    return short


def is_product_name(text: str) -> bool:
    """True for a text that may name a product: one to six words, two to sixty characters, none of a menu's alone."""
    name = text.strip(_EDGE)
    count = len(name.split())
    many_digits = sum(c.isdigit() for c in name) > 8
    ends_sentence = name[-1:] in ".!?。" and count > 2
    return (
        2 <= len(name) <= 60
        and 1 <= count <= 6
        and len(letters_of(name)) >= 2
        and any(c.isalpha() for c in name)
        and not (many_digits or ends_sentence or "@" in name or "//" in name)
        and not is_generic(name)
    )


def person_name(text: str) -> str:
    """Return the name of a person that a text is, without what stands before it (Dr., Shri); "" where it is none.

    Two to five words that begin with capitals or have no case, or a name in Chinese, Japanese or Korean characters.
    """
    name = _HONORIFIC.sub("", tidy(text).strip(_EDGE)).strip(_EDGE)
    if _HAN.fullmatch(name):
        return "" if is_generic(name) or is_title(name) else name
    parts = name.split()
    if not 2 <= len(parts) <= 5 or len(name) > 60 or is_generic(name):
        return ""
    particles = {"van", "von", "de", "der", "den", "da", "di", "del", "la", "bin", "al", "el", "ibn", "du", "dos"}
    good = all(_PERSON_WORD.fullmatch(p) and (not p[0].islower() or p in particles) for p in parts)
    shouting = all(p.isupper() for p in parts) and len(parts) > 3
    return name if good and not shouting and not parts[0][0].islower() else ""


def slug(name: str) -> str:
    """Return a name as an id that is easy to type: folded words with dashes between, at most 60 characters."""
    found = re.findall(r"(?:[^\W_]|[\u0900-\u0dff])+", fold(name))
    return "-".join(found)[:60].strip("-")
