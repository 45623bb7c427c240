# ruff: noqa: SIM905  (word lists read better as text)
"""Where a firm is, guessed from what its pages say; and the language, currency and time zone of a region (CLDR)."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import available_timezones

import phonenumbers
from babel.core import get_global
from babel.languages import get_official_languages
from babel.numbers import get_territory_currencies, list_currencies

from overheard.errors import InputError
from overheard.onboard.page import Page
from overheard.urls import ascii_host

# Country codes that are sold to everybody and say nothing of a country.
_SOLD = frozenset("ac ag ai am bz cc cd cx fm gg gl io la ly me mn ms nu pw sc sh st su tk to tv vc vg ws".split())
_OTHER_ENDINGS = {
    "uk": "GB", "xn--h2brj9c": "IN", "xn--fiqs8s": "CN", "xn--fiqz9s": "CN", "xn--p1ai": "RU", "xn--mgbaam7a8h": "AE",
    "xn--wgbh1c": "EG", "xn--mgberp4a5d4ar": "SA", "xn--j6w193g": "HK", "xn--kprw13d": "TW", "xn--3e0b707e": "KR",
    "xn--45brj9c": "IN", "xn--xkc2dl3a5ee0h": "IN", "xn--fpcrj9c3d": "IN", "xn--gecrj9c": "IN", "xn--s9brj9c": "IN",
}  # fmt: skip
# What stands in imprints and prices of one country. Signs of several countries ($, €, ¥, kr) are no evidence.
_TELLING = (
    (re.compile(r"₹|\bGSTIN\b|\bPvt\.?\s+Ltd\b|\bPrivate Limited\b|प्राइवेट लिमिटेड|प्रा\.?\s*लि\.?", re.IGNORECASE), "IN"),
    (re.compile(r"\bPty\.?\s+Ltd\b|\bABN\s+\d"), "AU"),
    (re.compile(r"\bPte\.?\s+Ltd\b"), "SG"),
    (re.compile(r"\bSdn\.?\s+Bhd\b", re.IGNORECASE), "MY"),
    (re.compile(r"\bSp\.\s?z\s?o\.\s?o\.|\bNIP:?\s?\d|\d\s?zł\b"), "PL"),
    (re.compile(r"\bP\.\s?IVA\b|\bS\.\s?p\.\s?A\.|\bS\.\s?r\.\s?l\."), "IT"),
    (re.compile(r"\bSIRET\b|\bRCS\s+[A-Z]"), "FR"),
    (re.compile(r"\bHandelsregister\b|\bAmtsgericht\b|\bUSt-?IdNr"), "DE"),
    (re.compile(r"£\s?\d|\bCompanies House\b|\bVAT (?:No|Reg|Number)[.:]?\s*GB"), "GB"),
    (re.compile(r"\bCNPJ\b|R\$\s?\d"), "BR"),
    (re.compile(r"\bКПП\b|\bООО\b|₽"), "RU"),
    (re.compile(r"ICP备|ICP证|有限公司|公网安备"), "CN"),
    (re.compile(r"株式会社|有限会社"), "JP"),
    (re.compile(r"주식회사|₩\s?\d"), "KR"),
    (re.compile(r"₺|\bLtd\.?\s+Şti"), "TR"),
    (re.compile(r"₪"), "IL"),
    (re.compile(r"₫"), "VN"),
    (re.compile(r"₴"), "UA"),
    (re.compile(r"₱"), "PH"),
    (re.compile(r"₦"), "NG"),
    (re.compile(r"฿"), "TH"),
)
_SCRIPTS = (
    (re.compile("[\u3040-\u30ff]"), "ja"), (re.compile("[\uac00-\ud7af]"), "ko"), (re.compile("[\u4e00-\u9fff]"), "zh"),
    (re.compile("[\u0900-\u097f]"), "hi"), (re.compile("[\u0980-\u09ff]"), "bn"), (re.compile("[\u0a80-\u0aff]"), "gu"),
    (re.compile("[\u0a00-\u0a7f]"), "pa"), (re.compile("[\u0b80-\u0bff]"), "ta"), (re.compile("[\u0c00-\u0c7f]"), "te"),
    (re.compile("[\u0c80-\u0cff]"), "kn"), (re.compile("[\u0d00-\u0d7f]"), "ml"), (re.compile("[\u0600-\u06ff]"), "ar"),
    (re.compile("[\u0590-\u05ff]"), "he"), (re.compile("[\u0400-\u04ff]"), "ru"), (re.compile("[\u0370-\u03ff]"), "el"),
    (re.compile("[\u0e00-\u0e7f]"), "th"),
)  # fmt: skip
# Where most people of a country with several zones live; of all others CLDR knows one.
_ZONES = {
    "AR": "America/Argentina/Buenos_Aires", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo",
    "CA": "America/Toronto", "CD": "Africa/Kinshasa", "CL": "America/Santiago", "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia", "DE": "Europe/Berlin", "EC": "America/Guayaquil", "ES": "Europe/Madrid",
    "ID": "Asia/Jakarta", "KZ": "Asia/Almaty", "MN": "Asia/Ulaanbaatar", "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur", "NZ": "Pacific/Auckland", "PS": "Asia/Hebron", "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow", "UA": "Europe/Kyiv", "US": "America/New_York", "UZ": "Asia/Tashkent",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Region:
    """What goes with a region: all but `region` from CLDR.

    `language` is the first official one that is written in Latin letters, "" for none: pages in other scripts tell
    their language themselves.
    """

    region: str
    currency: str
    time_zone: str
    language: str


def region_facts(region: str) -> Region:
    """Return what goes with a region (ISO 3166); for an unknown one no currency, and UTC."""
    if region not in regions():
        return Region(region, "", "UTC", "")
    zones = get_global("territory_zones").get(region) or ("UTC",)
    zone = _ZONES.get(region, zones[0])
    currencies = get_territory_currencies(region)
    languages = [tag.partition("_")[0] for tag in get_official_languages(region, de_facto=True)]
    scripts = get_global("likely_subtags")
    return Region(
        region,
        currencies[0] if currencies else "",
        zone if zone in available_timezones() else "UTC",
        next((one for one in languages if "_Latn_" in scripts.get(one, "")), ""),
    )


@lru_cache(maxsize=1)
def regions() -> frozenset[str]:
    """Return the codes of all countries and territories (ISO 3166)."""
    return frozenset(code for code in get_global("territory_zones") if len(code) == 2 and code.isalpha())


def checked_region(text: str) -> str:
    """Return a region as the settings take it. Raises InputError."""
    code = text.strip().upper()
    code = "GB" if code == "UK" else code
    if code and code not in regions():
        msg = f"expected a country's two letters (ISO 3166), such as IN or DE; got {text[:50]!r}"
        raise InputError(msg)
    return code


def checked_currency(text: str) -> str:
    """Return a currency as the settings take it. Raises InputError."""
    code = text.strip().upper()
    if code and code not in list_currencies():
        msg = f"expected a currency's three letters (ISO 4217), such as INR or EUR; got {text[:50]!r}"
        raise InputError(msg)
    return code


def checked_time_zone(text: str) -> str:
    """Return a time zone as the settings take it, in the database's own case. Raises InputError."""
    wanted = text.strip().replace(" ", "_").casefold()
    for zone in available_timezones():
        if zone.casefold() == wanted:
            return zone
    msg = f"expected a time zone of the IANA database, such as Asia/Kolkata; got {text[:50]!r}"
    raise InputError(msg)


def checked_language(text: str) -> str:
    """Return a language as the settings take it. Raises InputError."""
    code = text.strip().lower().replace("_", "-").partition("-")[0]
    if not re.fullmatch(r"[a-z]{2,3}", code):
        msg = f"expected a language's two or three letters (ISO 639), such as en or hi; got {text[:50]!r}"
        raise InputError(msg)
    return code


def languages_of(pages: Iterable[Page]) -> tuple[str, ...]:
    """Return the languages of pages (ISO 639), most frequent first: as declared, else by their script."""
    counts = Counter[str]()
    for page in pages:
        if language := page.language.partition("-")[0].lower():
            counts[language] += 1
        elif found := _by_script(page.text[:5_000]):
            counts[found] += 1
    return tuple(language for language, _ in counts.most_common())


def _by_script(text: str) -> str:
    """Return the language most written in the script of most letters; "" for Latin. Kana tell Japanese from Chinese."""
    letters = sum(c.isalpha() for c in text)
    for pattern, language in _SCRIPTS:
        # Three in ten: pages mix their own script with Latin brands and menus. Kana are few beside Han.
        if letters and len(pattern.findall(text)) > (0.1 if language == "ja" else 0.3) * letters:
            return language
    return ""


def guess_region(pages: Iterable[Page], url: str) -> str:
    """Return the country that most evidence speaks for, "" where there is none.

    Evidence: the address in schema.org data, the ending of the domain, telephone numbers, what stands in imprints and
    prices of one country only, and the region in language tags; weighed in that order.
    """
    pages = list(pages)
    weights = Counter[str]()
    if region := _region_of_host(url):
        weights[region] += 4
    for page in pages:
        for thing in page.things:
            for named in thing.values.get("addressCountry", ()):
                if region := region_named(named):
                    weights[region] += 5
        if region := _region_of_tag(page.language):
            weights[region] += 2
    alternates = {region for page in pages for tag in page.alternates if (region := _region_of_tag(tag))}
    if len(alternates) == 1:
        weights[alternates.pop()] += 1
    text = "\n".join(page.text for page in pages)[:200_000]
    for pattern, region in _TELLING:
        if pattern.search(text):
            weights[region] += 2
    for region in _regions_of_phones(pages, text):
        weights[region] += 3
    if not weights:
        return ""
    return max(sorted(weights), key=lambda region: weights[region])


def _regions_of_phones(pages: Iterable[Page], text: str) -> set[str]:
    numbers: list[phonenumbers.PhoneNumber] = []
    for given in [phone for page in pages for phone in page.phones][:50]:
        try:
            numbers.append(phonenumbers.parse(given, None))
        except phonenumbers.NumberParseException:
            continue
    numbers += [match.number for match in phonenumbers.PhoneNumberMatcher(text[:60_000], None, max_tries=200)]
    found = Counter(phonenumbers.region_code_for_number(n) for n in numbers if phonenumbers.is_valid_number(n))
    most = max(found.values(), default=0)
    return {region for region, count in found.items() if region in regions() and count == most}


def _region_of_host(url: str) -> str:
    host = ascii_host(re.split(r"[/:?#]", url.partition("//")[2] or url, maxsplit=1)[0])
    ending = host.rpartition(".")[2]
    if ending in _OTHER_ENDINGS:
        return _OTHER_ENDINGS[ending]
    code = ending.upper()
    return code if "." in host and ending not in _SOLD and code in regions() else ""


def _region_of_tag(tag: str) -> str:
    code = tag.rpartition("-")[2].upper() if "-" in tag else ""
    return code if code in regions() else ""


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, str]:
    from babel import Locale  # noqa: PLC0415  the names of all countries in these languages, only when asked

    found: dict[str, str] = {}
    for language in ("en", "hi", "de", "fr", "es", "pt", "it", "zh", "ja", "ar", "ru"):
        for code, name in Locale(language).territories.items():
            if code in regions():
                found.setdefault(name.casefold(), code)
    return found


def region_named(text: str) -> str:
    """Return the code of a country given by code or name; "" where it is none."""
    code = text.strip().upper()
    return code if code in regions() else _countries().get(text.strip().casefold(), "")
