# ruff: noqa: SIM905  (word lists read better as text)
"""Names and domains of organisations: the forms in which they are compared.

Pure. Knows no account, only how organisations are written.
"""

from functools import lru_cache

from overheard.matcher.names import Text, tokens
from overheard.text import fold
from overheard.urls import registrable_domain

# Legal forms, written after (some before) the name that people use.
LEGAL_FORMS = frozenset(
    "inc incorporated ltd limited llc llp lp plc corp corporation co company gmbh ag kg ohg ug se sa sas sarl srl spa "
    "bv nv ab as oy oyj aps kk pty pte pvt private sdn bhd ooo jsc zrt kft sro".split()
)

# Mail providers: a domain here says nothing about who employs somebody.
FREE_MAIL = frozenset(
    "gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.co.in yahoo.in ymail.com outlook.com hotmail.com "
    "hotmail.co.uk live.com msn.com icloud.com me.com mac.com aol.com protonmail.com proton.me pm.me gmx.com gmx.de "
    "gmx.net web.de t-online.de mail.com mail.ru yandex.ru yandex.com qq.com 163.com 126.com sina.com rediffmail.com "
    "zoho.com fastmail.com hey.com orange.fr free.fr wanadoo.fr laposte.net libero.it naver.com hanmail.net "
    "daum.net comcast.net verizon.net att.net btinternet.com".split()
)

# Those that use their name under every country's ending.
_FREE_MAIL_ANYWHERE = frozenset("yahoo hotmail gmail googlemail outlook gmx yandex rediffmail protonmail".split())

# Sites where everybody publishes: a link to a page there says nothing about the firm that runs it.
PLATFORMS = frozenset(
    "facebook.com google.com youtube.com youtu.be x.com twitter.com t.co reddit.com redd.it linkedin.com instagram.com "
    "github.com gitlab.com medium.com wikipedia.org amazon.com apple.com microsoft.com live.com tiktok.com "
    "pinterest.com tumblr.com vimeo.com flickr.com imgur.com discord.com discord.gg telegram.org t.me whatsapp.com "
    "bsky.app mastodon.social substack.com quora.com stackoverflow.com yahoo.com goo.gl bit.ly threads.net "
    "ycombinator.com linktr.ee about.me behance.net dribbble.com soundcloud.com spotify.com patreon.com twitch.tv "
    "vk.com weibo.com snapchat.com gravatar.com keybase.io crunchbase.com imdb.com goodreads.com researchgate.net "
    "academia.edu stackexchange.com dev.to bitbucket.org wordpress.com blogspot.com blogger.com notion.site "
    "fosstodon.org hachyderm.io infosec.exchange mstdn.social mas.to slideshare.net change.org gofundme.com "
    "eventbrite.com meetup.com producthunt.com trustpilot.com glassdoor.com indeed.com yelp.com".split()
)


@lru_cache(maxsize=16_384)
def organisation_key(name: str) -> tuple[str, ...]:
    """Return an organisation's name as folded tokens without legal forms and a leading article; may be empty.

    A name of nothing but legal forms keeps them.
    """
    kept = tokens(fold(name))
    while width := _legal_form(kept):
        del kept[-width:]
    if len(kept) > 1 and kept[0] == "the":
        kept.pop(0)
    if len(kept) > 1 and kept[-1] == "and":  # "Smith and Co"
        kept.pop()
    return tuple(kept)


def _legal_form(words: list[str]) -> int:
    """Return how many tokens at the end are a legal form; S.A. and L.L.C. are read as letters."""
    for width in (4, 3, 2, 1):
        tail = words[-width:]
        letters = width == 1 or all(len(token) == 1 for token in tail)
        if len(words) > width and letters and "".join(tail) in LEGAL_FORMS:
            return width
    return 0


@lru_cache(maxsize=16_384)
def organisation_phrases(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the token sequences under which an organisation stands in a text; & is read as "and" too."""
    if not (key := organisation_key(name)):
        return ()
    spelled = organisation_key(name.replace("&", " and ")) if "&" in name else key
    return tuple(dict.fromkeys((key, spelled)))


@lru_cache(maxsize=16_384)
def _ampersands(name: str) -> frozenset[int]:
    """Return after which tokens of `organisation_key` an & stands."""
    dropped = 1 if organisation_key(name) != organisation_key(f"x {name}")[1:] else 0  # a leading article
    parts = fold(name).split("&")[:-1]
    return frozenset(len(tokens("&".join(parts[: i + 1]))) - 1 - dropped for i in range(len(parts)))


def find_organisation(text: Text, name: str, phrase: tuple[str, ...]) -> list[int]:
    """Return where an organisation's name stands in a text as `phrase`, one of its phrases.

    Where the name has an &, the text has one too, or the word: "At T-Mobile" is not AT&T.
    """
    if "&" not in name or phrase != organisation_key(name):
        return text.find(phrase)
    needed = _ampersands(name)
    return text.find(phrase, lambda i, gap: i not in needed or "&" in gap or "+" in gap)


@lru_cache(maxsize=16_384)
def employer_domain(address: str) -> str:
    """Return the registrable domain of an e-mail address or host that tells an employer; "" for a mail provider's."""
    domain = registrable_domain(address.rpartition("@")[2])
    return "" if domain in FREE_MAIL or domain.partition(".")[0] in _FREE_MAIL_ANYWHERE else domain


@lru_cache(maxsize=16_384)
def site_domain(url: str) -> str:
    """Return the registrable domain of a URL or host whose pages are its owner's own; "" for a platform's."""
    domain = registrable_domain(url)
    return "" if domain in PLATFORMS or domain in FREE_MAIL else domain
