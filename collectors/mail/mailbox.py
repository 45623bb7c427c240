"""A mailbox of one's own, asked by IMAP: what people write to us, what services tell us, what newsletters say.

    batch of raw messages ─▶ Letter ─▶ what nobody wrote: nothing
                               ├─▶ a notice of a service: the post that it tells of, in public
                               ├─▶ a filled-in form: a lead, by channel "form"
                               ├─▶ ours: nothing, or what a colleague passed on
                               ├─▶ a newsletter: said in public
                               └─▶ a letter, by channel "mail"

Reading is pure, as of every source; `imap` asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from overheard.collectors.base import Interval, Reading, Rejected, Source
from overheard.collectors.communities.community import Environment, mention_of
from overheard.collectors.communities.fields import FieldError, Item, document, unexpected
from overheard.collectors.communities.granted import GOOGLE
from overheard.collectors.fetching.secrets import Grant, Spot
from overheard.collectors.mail.authenticity import Vouched, said_at, vouched
from overheard.collectors.mail.bulk import (
    is_automatic,
    is_bulk,
    is_by_program,
    is_discussion,
    is_program,
    list_id,
    web_version,
)
from overheard.collectors.mail.form import Lead, read_form
from overheard.collectors.mail.forwarded import Forwarded, forwarded_in
from overheard.collectors.mail.message import Letter, Person, ids_in, in_words, person_in, read_letter
from overheard.collectors.mail.notices import Notice, is_service, notices_in, service_of
from overheard.collectors.mail.written import bare_subject, is_forward, written_in
from overheard.collectors.markup import PlainText, absolute_url, from_text, one_line, shorten
from overheard.errors import InputError
from overheard.identities import MOST_LINKS, normal_phone
from overheard.records import Actor, Fetch, Mention, Policy, ProfileLink, digest, mention_id
from overheard.urls import canonical_url, registrable_domain

# Letters, and who writes them.
PLATFORM = "email"
NEWSLETTER = "newsletter"
EXPECTED = "a batch of messages out of a mailbox"
_LONGEST_SIGNATURE = 1_000
_MOST_MESSAGES = 5_000
_OFTEN = timedelta(minutes=5)
_HOST = r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$|^\[?[0-9A-Fa-f:]{2,45}\]?$"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
_PORTS = {"tls": 993, "starttls": 143, "none": 143}
_MICROSOFT = "https://login.microsoftonline.com/common/oauth2/v2.0/token"
# Where access tokens are had for servers that everybody knows.
_EXCHANGES = {
    "imap.gmail.com": GOOGLE,
    "imap.googlemail.com": GOOGLE,
    "outlook.office365.com": _MICROSOFT,
    "outlook.office.com": _MICROSOFT,
    "imap-mail.outlook.com": _MICROSOFT,
}

Folder = Annotated[str, Meta(min_length=1, max_length=500)]
File = Annotated[str, Meta(max_length=1_000)]


class Mailbox(Source, frozen=True, kw_only=True):
    """A support or sales mailbox, read by IMAP. `url` follows from `host` and `port`, and is not set itself.

    `user` with either a password (`password_env`, `password_file`) or an OAuth token (`token_env`, `token_file`). With
    a client id (`client_id_env`, `client_id_file`) the token is a refresh token, and the access tokens are had by it at
    `auth`; `client_secret_env` or `client_secret_file` says where the client's secret is.
    `security` "none" is for a server on this machine. `ca` is a file of certificates that vouch for the server's, where
    it is none that everybody knows. `me` are one's own addresses and domains: mail from there is an answer. `days` is
    how far back the first poll goes. `authserv` is the id by which one's own server signs what it found out about a
    message (`mail.authenticity`). `newsletters`: what they say is taken in as public.
    """

    kind = "mailbox"
    shows_newest = False
    documented_api = True
    schemes = ("imap", "imaps")
    # What people write to a firm is theirs and the firm's: it leaves by no way that shows what is public.
    kind_policy = Policy(export="nothing")
    token_from = "The provider of the mailbox makes it: a password of an app, or a token of OAuth."  # noqa: S105
    asks: ClassVar[Mapping[str, str]] = {
        "host": "The IMAP server, as `imap.yourfirm.example`.",
        "port": "Its port; without it, 993, or 143 where `security` is not `tls`.",
        "user": "Who signs in: mostly the address of the mailbox.",
        "security": "How the connection is made secure: `tls`, `starttls`, or on this machine `none`.",
        "ca": "A file of certificates that vouch for the server's, where it is your own.",
        "password_env": "The environment variable that holds the password.",
        "password_file": "The file that holds the password.",
        "token_env": "The environment variable that holds an OAuth token, in place of a password.",
        "token_file": "The file that holds an OAuth token, in place of a password.",
        "client_id_env": "The environment variable that holds the client id, where the token is a refresh token.",
        "client_id_file": "Or the file that holds it.",
        "client_secret_env": "The environment variable that holds the client secret of your application.",
        "client_secret_file": "Or the file that holds it.",
        "auth": "Where access tokens are had by it; without it, where Google or Microsoft has them.",
        "folders": "The folders that are read, as `INBOX`.",
        "me": "Your own addresses and domains: mail from there is an answer of yours.",
        "days": "How many days back the first poll goes.",
        "authserv": "The id by which your server signs `Authentication-Results`, where it is not of its own domain.",
        "newsletters": "Whether newsletters are taken in, as said in public.",
    }

    url: str = ""
    interval: Interval | None = 300
    host: Annotated[str, Meta(min_length=1, max_length=253, pattern=_HOST)]
    port: Annotated[int, Meta(ge=1, le=65_535)] | None = None
    user: Annotated[str, Meta(min_length=1, max_length=320)]
    security: Literal["tls", "starttls", "none"] = "tls"
    ca: File = ""
    password_env: Environment = ""
    password_file: File = ""
    token_env: Environment = ""
    token_file: File = ""
    client_id_env: Environment = ""
    client_id_file: File = ""
    client_secret_env: Environment = ""
    client_secret_file: File = ""
    auth: Annotated[str, Meta(max_length=2_000, pattern="^(https?://[^\\s?#]+)?$")] = ""
    folders: Annotated[tuple[Folder, ...], Meta(min_length=1, max_length=50)] = ("INBOX",)
    me: tuple[Annotated[str, Meta(min_length=3, max_length=320)], ...] = ()
    days: Annotated[int, Meta(ge=0, le=3_650)] = 30
    authserv: Annotated[str, Meta(max_length=253)] = ""
    newsletters: bool = True

    def __post_init__(self) -> None:
        scheme = "imaps" if self.security == "tls" else "imap"
        host = self.host.strip("[]").lower()
        address = f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port or _PORTS[self.security]}/"
        if self.url not in ("", address):
            raise ValueError(f"expected no `url`, which follows from `host` and `port` ({address}); got {self.url!r}")
        msgspec.structs.force_setattr(self, "url", address)
        if self.security == "none" and self.host not in _LOOPBACK:
            raise ValueError('expected `security = "tls"` or "starttls" but for a server on this machine; got "none"')
        password = bool(self.password_env or self.password_file)
        if password == bool(self.token_env or self.token_file):
            got = "both" if password else "neither"
            raise ValueError(
                f"expected `password_env` or `password_file`, or else `token_env` or `token_file`; got {got}"
            )

        client = bool(self.client_id_env or self.client_id_file)
        if client and password:
            raise ValueError(
                "expected `token_env` or `token_file`, the refresh token, beside a client id; got a password"
            )
        if not client and (self.client_secret_env or self.client_secret_file or self.auth):
            raise ValueError(
                "expected `client_id_env` or `client_id_file` beside the other settings of a client; got none"
            )
        if client and not (self.auth or host in _EXCHANGES):
            raise ValueError(f"expected `auth`, where access tokens for {host} are had; got none")

    @property
    def grant(self) -> Grant | None:
        """How its access tokens are had; None where its token is one, or a password lets it in."""
        if not (self.client_id_env or self.client_id_file):
            return None
        where = self.auth or _EXCHANGES[self.host.lower()]
        client_id, secret = (
            Spot(self.client_id_env, self.client_id_file),
            Spot(self.client_secret_env, self.client_secret_file),
        )
        return Grant(where, "refresh_token", client_id, secret)

    def read(self, fetch: Fetch) -> Reading:
        """Return what the messages of a batch say, in public or to us alone. Raises InputError where it is no batch."""
        found = document(fetch, EXPECTED)
        messages = found.get("messages") if isinstance(found, dict) else None
        if not isinstance(messages, list):
            raise unexpected(fetch, found, EXPECTED)
        mentions: dict[str, Mention] = {}
        rejected: dict[str, Rejected] = {}
        repeated = 0
        for i, raw in enumerate(messages[:_MOST_MESSAGES]):
            place = _place(raw, i)
            try:
                made = self._taken(fetch, Item(raw, place))
            except FieldError as e:
                made = [_rejected(fetch, place, str(e))]
            for one in made:
                if isinstance(one, Rejected):
                    rejected[one.digest] = one
                else:
                    repeated += one.id in mentions
                    mentions.setdefault(one.id, one)
        if len(messages) > _MOST_MESSAGES:
            raise InputError(f"expected at most {_MOST_MESSAGES:,} messages; got {len(messages):,}", where=fetch.url)
        # A look at what is new costs its server next to nothing: it may be had as often as the settings say.
        return Reading(tuple(mentions.values()), tuple(rejected.values()), repeated, ttl=_OFTEN)

    def _taken(self, fetch: Fetch, item: Item) -> Sequence[Mention | Rejected]:
        if said := item.text_if_any("error"):
            raise FieldError(item.path, f"expected a message; its server gave none: {shorten(one_line(said), 200)}")
        raw = item.raw("raw")
        if not isinstance(raw, str) or not raw.strip():
            raise FieldError(item.path, "expected a message as text in Latin-1; there is none")
        try:
            letter = read_letter(raw.encode("latin-1"))
        except UnicodeEncodeError as e:
            raise FieldError(item.path, "expected a message as text in Latin-1; got other letters") from e
        sender = letter.sender
        if not sender.email and not sender.name:
            raise FieldError(item.path, "expected a message that says who it is from; it does not")
        sent = _Sent(fetch, letter, vouched(letter, self.host, self.authserv), item)
        if is_automatic(letter):
            return []
        if service := service_of(letter):
            found = notices_in(letter, sent.vouched)
            return [_told(sent, one) for one in found] or [_from_service(sent, service)]
        is_ours = self._is_ours(sender)
        answers = letter.header("in-reply-to") or letter.header("references")
        if not answers and (lead := read_form(letter, sure=is_ours or is_by_program(letter))):
            return [_lead(sent, lead)]
        if is_ours:
            return self._passed_on(sent)
        if is_bulk(letter, answers=bool(answers)) and not self._is_own_list(letter):
            # Lists are for their readers; only newsletters are for all.
            return [_newsletter(sent)] if self.newsletters and not is_discussion(letter) else []
        return [_letter(sent, sender), *_unread(sent)]

    def _passed_on(self, sent: "_Sent") -> list[Mention]:
        """Return what came by our own hands: through a list of ours, or passed on by a colleague."""
        letter = sent.letter
        # Lists that write their own address into From say here who wrote.
        original = person_in(letter.header("x-original-from") or letter.header("x-original-sender"))
        if original.email and not self._is_ours(original):
            return [_letter(sent, Person(original.name, original.email))]
        # What a site of ours sends on for a visitor who would be answered.
        visitor = person_in(letter.header("reply-to"))
        if is_by_program(letter) and visitor.email and not self._is_ours(visitor):
            return [_lead(sent, Lead(visitor.name, visitor.email, "", "", "", "", letter.text))]
        if not is_forward(letter.subject) and not letter.inner:
            return []
        found = forwarded_in(letter)
        if found is None or self._is_ours(found.author):
            return []
        if is_program(found.author) or is_service(found.author):
            found = replace(found, author=Person(found.author.name))
        return [_forwarded(sent, found)]

    def _is_ours(self, person: Person) -> bool:
        return bool(person.email) and any(
            one in (person.email, person.domain) or person.domain.endswith(f".{one}")
            for one in (self.user.lower(), *(one.lower().lstrip("@") for one in self.me))
        )

    def _is_own_list(self, letter: Letter) -> bool:
        named = list_id(letter)
        own = [self.user, *self.me]
        return any(named == one or named.endswith(f".{one}") for one in (one.rpartition("@")[2].lower() for one in own))


class _Sent(msgspec.Struct, frozen=True):
    """A message on its way to a mention: the fetch that it is of, and what its server found out about it."""

    fetch: Fetch
    letter: Letter
    vouched: Vouched
    item: Item

    @property
    def native_id(self) -> str:
        """Its own id, of this sender; where it has none, one made of what it says.

        Whoever has seen the id of another's letter may write one under it: that is a letter of theirs, and no newer
        version of the other.
        """
        letter = self.letter
        if letter.message_id:
            return f"{letter.message_id} {digest(letter.sender.email)[:8]}"
        return digest("letter", *(letter.header(one) for one in ("from", "date", "subject")), letter.text.text)


def _letter(sent: _Sent, sender: Person) -> Mention:
    """Return what somebody wrote to us."""
    text, cut = written_in(sent.letter)
    signature = from_text(cut.signature)
    author = Actor(
        platform=PLATFORM,
        name=shorten(one_line(sender.name), 500),
        email=sender.email,
        email_verified=sent.vouched.is_from(sender),
        summary=shorten(signature.text, _LONGEST_SIGNATURE),
        links=tuple(ProfileLink(url=one) for one in signature.links[:MOST_LINKS]),
    )
    parents = ids_in(sent.letter.header("in-reply-to"))
    thread = ids_in(sent.letter.header("references"))
    parent = parents[0] if parents else thread[-1] if thread else ""
    root = thread[0] if thread else parent
    name = ""
    if not text.text and not bare_subject(sent.letter.subject):
        # Passed on without a word: nobody else's are theirs, but what it is about is known.
        passed_on = forwarded_in(sent.letter)
        name = passed_on.subject if passed_on is not None else ""
    return _mention(sent, text, author, "mail", name=name, in_reply_to=parent, context=root or sent.letter.message_id)


def _unread(sent: _Sent) -> list[Rejected]:
    """Return that the text of a letter cannot be read, where that is so: the letter is known by its subject alone."""
    if not (sealed := sent.letter.sealed):
        return []
    words = f"expected a message as text or HTML; got {sealed}. Its subject is taken: read it in the mailbox itself"
    return [_rejected(sent.fetch, sent.item.path, words)]


def _rejected(fetch: Fetch, place: str, words: str) -> Rejected:
    return Rejected(f"{fetch.source}, {place}", words, digest(fetch.source, place, words))


def _forwarded(sent: _Sent, found: Forwarded) -> Mention:
    author = Actor(platform=PLATFORM, name=shorten(one_line(found.author.name), 500), email=found.author.email)
    mention = _mention(
        sent,
        found.text,
        author,
        "mail",
        context=found.message_id,
        name=found.subject or sent.letter.header("subject"),
    )
    received = sent.item.time_if_any("received")
    if found.date is not None and (received is None or found.date <= received):
        return msgspec.structs.replace(mention, published=found.date)
    return mention


def _lead(sent: _Sent, lead: Lead) -> Mention:
    """Return what somebody filled in. Who sent it on is no party to it."""
    phone = normal_phone(lead.phone)
    beside = [lead.company, "" if phone else lead.phone]
    site = absolute_url(lead.website if "://" in lead.website else f"https://{lead.website}") if lead.website else ""
    author = Actor(
        platform=PLATFORM,
        name=lead.name,
        email=lead.email,
        phone=phone,
        summary="\n".join(one for one in beside if one),
        links=(ProfileLink(url=site),) if canonical_url(site) else (),
    )
    mention = _mention(sent, lead.text, author, "form", name=lead.subject or sent.letter.header("subject"))
    domain = sent.letter.sender.domain
    return msgspec.structs.replace(mention, generator=registrable_domain(domain) or domain)


def _from_service(sent: _Sent, service: str) -> Mention:
    """Return mail of a service that tells of no post: of nobody, since it is no person's."""
    author = Actor(platform=PLATFORM, name=shorten(one_line(sent.letter.sender.name), 500))
    mention = _mention(sent, sent.letter.text, author if author.name else None, "mail")
    return msgspec.structs.replace(mention, generator=service)


def _newsletter(sent: _Sent) -> Mention:
    letter = sent.letter
    author = Actor(
        platform=NEWSLETTER,
        preferred_username=list_id(letter) or letter.sender.domain,
        name=shorten(one_line(letter.sender.name), 500),
    )
    return _mention(sent, letter.text, author, "", platform=NEWSLETTER, url=web_version(letter))


def _told(sent: _Sent, notice: Notice) -> Mention:
    """Return the post that a service tells of."""
    at = said_at(sent.letter, sent.item.time_if_any("received"))
    url = canonical_url(notice.url)
    mention = mention_of(
        sent.fetch,
        notice.platform,
        notice.native_id or url,
        from_text(notice.text),
        url=notice.url,
        name=notice.title,
        published=at if notice.platform != "web" else None,
        in_reply_to=notice.in_reply_to,
        context=notice.context,
        author=notice.author,
    )
    if notice.native_id:
        return mention
    return msgspec.structs.replace(mention, id=mention_id(notice.platform, url=url), native_id="")


def _mention(
    sent: _Sent,
    text: PlainText,
    author: Actor | None,
    channel: Literal["", "mail", "form"],
    *,
    platform: str = PLATFORM,
    name: str = "",
    url: str = "",
    in_reply_to: str = "",
    context: str = "",
) -> Mention:
    letter = sent.letter
    mention = mention_of(
        sent.fetch,
        platform,
        sent.native_id,
        text,
        url=url,
        name=bare_subject(in_words(name or letter.header("subject"))),
        kind="Article" if platform == NEWSLETTER else "Note",
        published=said_at(letter, sent.item.time_if_any("received")),
        in_reply_to=in_reply_to,
        context=context,
        author=author,
        language=letter.header("content-language").partition(",")[0].strip(),
    )
    return msgspec.structs.replace(mention, channel=channel)


def _place(raw: Any, number: int) -> str:
    """Return where a message is: its folder and UID, and no word of what it says."""
    if isinstance(raw, dict):
        folder, uid = raw.get("folder"), raw.get("uid")
        if isinstance(folder, str) and isinstance(uid, int | str) and not isinstance(uid, bool):
            return f"{shorten(one_line(folder), 100)}/{str(uid)[:20]}"
    return f"messages[{number}]"
