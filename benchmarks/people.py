"""The synthetic set: people of many origins, a decoy for each, and mentions whose right answer is known.

    contacts   as many people as asked for, and as many decoys: a namesake at another firm, or in the same place; a
               near name at the same firm; a relative there
    mentions   30 % by an author whose identity the CRM knows, 20 % by one whose profiles link to each other, 25 % with
               a name and facts beside it (in a text, or on the author's profile), 25 % with a name only, which must
               not link; and traps besides, which must not link either

A function of its arguments. Fitted on one side of the words (`benchmarks.words`), reported on the other.
"""

import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, Literal

from benchmarks.words import (
    ADJECTIVES,
    BIO,
    FILLER,
    FIRM_FIRST,
    FIRM_FORM,
    FIRM_SECOND,
    FIRM_THIRD,
    NAME_ALONE,
    NATIVE_ALONE,
    NATIVE_EMPLOYER,
    NICKNAMES,
    PLACES,
    PRODUCTS,
    SPELLINGS,
    THINGS,
    TIMES,
    TITLES,
    WAYS,
    WITH_EMPLOYER,
    WITH_LINK,
    WITH_TITLE_AND_PLACE,
    Origin,
    Side,
    Word,
    half,
    origins,
)
from overheard.records import (
    Account,
    Actor,
    Contact,
    EnrichedMention,
    ExternalId,
    Language,
    Mention,
    Passed,
    ProfileLink,
    Sentiment,
    WatchHit,
    account_id,
    contact_id,
    mention_id,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Kind = Literal["known identity", "reciprocal link", "name with context", "profile with context", "name only", "trap"]
SHARES: tuple[tuple[Kind, float], ...] = (
    ("known identity", 0.30),
    ("reciprocal link", 0.20),
    ("name with context", 0.19),
    ("profile with context", 0.06),
    ("name only", 0.25),
    ("trap", 0.05),  # beside the hundred
)
LINKABLE = frozenset({"known identity", "reciprocal link", "name with context", "profile with context"})

# How often an origin occurs among a hundred contacts, and a way of writing among a hundred names in texts.
_ORIGINS = {
    "English": 28, "German": 10, "Spanish": 12, "Hindi": 15, "Tamil": 7, "Russian": 8, "Arabic": 6, "Chinese": 7,
    "Greek": 3, "Japanese": 2, "Korean": 2,
}  # fmt: skip
_ERRORS = {
    "none": 40, "case": 6, "accents": 6, "typo": 4, "nickname": 6, "initials": 6, "order": 6, "other script": 12,
    "spelling": 8, "honorific": 4, "look-alikes": 2,
}  # fmt: skip
_PLATFORMS = {
    "x": "https://x.com/{}",
    "reddit": "https://reddit.com/user/{}",
    "github": "https://github.com/{}",
    "linkedin": "https://linkedin.com/in/{}",
    "youtube": "https://youtube.com/@{}",
    "instagram": "https://instagram.com/{}",
}
_STAFF = 20  # people of a firm, on average
_LATIN_IN_CRM = 0.75  # of names that have another script
# Latin is the one script there is; and nobody can tell from the signs of a Japanese name how it is read.
_UNREADABLE = ("English", "German", "Spanish", "Japanese")
_LOOKALIKES = str.maketrans("aeopcx", "аеорсх")  # Cyrillic letters that look like these Latin ones


@dataclass(frozen=True, slots=True)
class Person:
    """A contact, and what its name is made of. `native`: the CRM has the name in its own script."""

    contact: Contact
    origin: Origin
    given: Word
    family: Word
    firm: int
    native: bool
    second: Word | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A mention whose right answer is known.

    `truth` is the contact it is about, "" for somebody who is not in the CRM; `linkable`: what it says tells so.
    `firm` is the account that the text names, "" for none.
    """

    mention: EnrichedMention
    kind: Kind
    script: str
    error: str
    truth: str
    linkable: bool
    firm: str = ""


@dataclass
class People:
    """The set. `support` are mentions that tell something about identities, in no case's count."""

    accounts: list[Account] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    decoys: list[Person] = field(default_factory=list)
    support: list[EnrichedMention] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)

    @property
    def contacts(self) -> Iterator[Contact]:
        """People and decoys."""
        return (one.contact for one in (*self.people, *self.decoys))


def make_people(people: int, mentions: int, *, seed: int, side: Side, decoys: bool = True) -> People:
    """Return a set of so many people, a decoy for each if wanted, and so many mentions (and the traps)."""
    return _Maker(random.Random(seed), side).make(people, mentions, decoys=decoys)


def mention_by(
    number: str, text: str, actor: Actor | None, *, language: str = "en", minutes: int = 0, links: tuple[str, ...] = ()
) -> EnrichedMention:
    """Return an enriched mention, `minutes` before now."""
    at = NOW - timedelta(minutes=minutes)
    platform = actor.platform if actor else "web"
    said = Mention(
        id=mention_id(platform, number),
        platform=platform,
        native_id=number,
        source=platform,
        content=text,
        published=at,
        first_seen=at,
        attributed_to=actor,
        links=links,
    )
    at_product = next(((text.index(one), one) for one in PRODUCTS if one in text), None)
    hits: tuple[WatchHit, ...] = ()
    if at_product:
        start, named = at_product
        hits = (WatchHit(term=named.split()[0].lower(), kind="own-product", start=start, end=start + len(named)),)
    return EnrichedMention(
        mention=said,
        passed=(Passed(reason="term", by="bench"),),
        language=Language(code=language, confidence=0.9),
        hits=hits,
        sentiment=Sentiment(polarity="neutral", confidence=0.5),
    )


class _Maker:
    def __init__(self, rng: random.Random, side: Side) -> None:
        self.rng = rng
        self.side = side
        self.origins = {origin.name: origin for origin in origins(side)}
        self.set = People()
        lists = {"thing": THINGS, "other": THINGS, "adjective": ADJECTIVES, "time": TIMES, "way": WAYS}
        self.slots = [(slot, half(words, side)) for slot, words in lists.items()]
        self.handles: set[tuple[str, str]] = set()
        self.number = 0
        self.elsewhere: set[tuple[str, str]] = set()  # (contact, platform) of accounts that the CRM does not know
        self.staff: defaultdict[int, list[Person]] = defaultdict(list)
        self.bearers: defaultdict[tuple[str, str], list[Person]] = defaultdict(list)

    def make(self, people: int, mentions: int, *, decoys: bool) -> People:
        self._firms(max(people // _STAFF, 4))
        names = list(_ORIGINS)
        weights = list(_ORIGINS.values())
        for name in self.rng.choices(names, weights, k=people):
            self.set.people.append(self._person(self.origins[name], self.rng.randrange(len(self.set.accounts))))
        if decoys:
            self.set.decoys = [self._decoy(one) for one in self.set.people]
        makers: dict[Kind, Callable[[], Case]] = {
            "known identity": self._known,
            "reciprocal link": self._reciprocal,
            "name with context": self._named,
            "profile with context": self._profile,
            "name only": self._alone,
            "trap": self._trap,
        }
        for kind, share in SHARES:
            self.set.cases += [makers[kind]() for _ in range(round(mentions * share))]
        self.rng.shuffle(self.set.cases)
        return self.set

    # --- firms and people --------------------------------------------------------------------------------------------

    def _firms(self, count: int) -> None:
        first, second = half(FIRM_FIRST, self.side), half(FIRM_SECOND, self.side)
        every = [" ".join(words) for words in product(first, second, FIRM_THIRD)]
        if count > len(every):
            every = [f"{name} {place}" for name, place in product(every, half(PLACES, self.side))]
        for i, name in enumerate(self.rng.sample(every, min(count, len(every)))):
            form = self.rng.choice(FIRM_FORM)
            self.set.accounts.append(
                Account(
                    id=account_id("crm", f"a{i}"),
                    external_ids=(ExternalId(system="crm", value=f"a{i}"),),
                    name=f"{name} {form}".strip(),
                    domain=f"{name.replace(' ', '')}.example".lower(),
                    place=self.rng.choice(half(PLACES, self.side)),
                )
            )

    def _person(self, origin: Origin, firm: int, **same: Any) -> Person:
        """Make a contact; `same` are parts of its name, its title and place where they are given."""
        rng = self.rng
        given: Word = same.get("given") or rng.choice(origin.given)
        # Family names are as uneven as they are anywhere: the first of the list are the frequent ones.
        family: Word = same.get("family") or origin.family[int(len(origin.family) * rng.random() ** 1.6)]
        second: Word | None = same.get("second")
        if second is None and origin.double_family and "given" not in same and rng.random() < 0.5:
            second = rng.choice(origin.family)
        native = origin.script != "Latin" and rng.random() > _LATIN_IN_CRM
        number = f"p{len(self.set.people)}" if "of" not in same else f"d{same['of']}"
        account = self.set.accounts[firm]
        handles = {platform: self._handle(platform, given, family) for platform in rng.sample(list(_PLATFORMS), 2)}
        slug = _plain(f"{given.latin}.{family.latin}")
        contact = Contact(
            id=contact_id("crm", number),
            external_ids=(ExternalId(system="crm", value=number),),
            name=self._full(origin, given, family, second, native=native),
            emails=(f"{slug}.{number}@{account.domain}",),
            organisation=account.name,
            title=same.get("title") or rng.choice(half(TITLES, self.side)),
            place=same.get("place") or rng.choice(half(PLACES, self.side)),
            handles=handles,
            urls=(f"https://{slug}-{number}.example/",) if rng.random() < 0.2 else (),
        )
        person = Person(contact, origin, given, family, firm, native, second)
        self.staff[firm].append(person)
        self.bearers[given.latin, family.latin].append(person)
        return person

    def _decoy(self, of: Person) -> Person:
        """A contact that is easily taken for `of`."""
        origin, rng = of.origin, self.rng
        elsewhere = rng.randrange(len(self.set.accounts))
        same: dict[str, Any] = {"of": of.contact.external_ids[0].value[1:], "family": of.family}
        what = rng.random()
        if what < 0.5:  # a namesake at another firm
            return self._person(origin, elsewhere, given=of.given, second=of.second, **same)
        if what < 0.65:  # a namesake in the same place
            place = of.contact.place
            return self._person(origin, elsewhere, given=of.given, second=of.second, place=place, **same)
        others = [one for one in origin.given if one != of.given]
        near = [one for one in others if one.latin[0] == of.given.latin[0]] if what < 0.85 else others
        return self._person(origin, of.firm, given=rng.choice(near or others), **same)  # a near name; a relative

    def _handle(self, platform: str, given: Word, family: Word) -> str:
        """A handle made of a name, as people make them: some are the name itself, some tell nothing."""
        rng = self.rng
        first, last = _plain(given.latin), _plain(family.latin)
        while True:
            style = rng.random()
            if style < 0.35:
                handle = f"{first}{last}"
            elif style < 0.6:
                handle = f"{first[0]}{last}{rng.randrange(100)}"
            elif style < 0.8:
                handle = f"{first}_{rng.randrange(10_000)}"
            else:
                handle = (
                    f"{rng.choice(half(FIRM_FIRST, self.side))}{rng.choice(FIRM_SECOND)}{rng.randrange(1000)}".lower()
                )
            if (platform, handle) in self.handles:
                handle += str(rng.randrange(100_000))
            if (platform, handle) not in self.handles:
                self.handles.add((platform, handle))
                return handle

    def _full(self, origin: Origin, given: Word, family: Word, second: Word | None, *, native: bool) -> str:
        if native and origin.family_first:
            return f"{family.native}{given.native}"
        if origin.initials and self.rng.random() < 0.4:
            initial = (family.native if native else family.latin)[0]
            return f"{initial}. {given.native if native else given.latin}"
        parts = [given, family, *([second] if second else [])]
        return " ".join(one.native if native else one.latin for one in parts)

    # --- mentions ----------------------------------------------------------------------------------------------------

    def _known(self) -> Case:
        """An author with a handle, address or site of the CRM, written as platforms write them."""
        rng = self.rng
        person = rng.choice(self.set.people)
        platform, handle = rng.choice(sorted(person.contact.handles.items()))
        way = rng.random()
        error = "none"
        if way < 0.55:
            actor = Actor(platform=platform, preferred_username=handle)
        elif way < 0.75:
            error = "case"
            actor = Actor(platform=platform, preferred_username="@" + handle.upper())
        elif way < 0.85:
            actor = Actor(platform=platform, url=_PLATFORMS[platform].format(handle))
        else:
            actor = Actor(platform="list", email=person.contact.emails[0].upper(), email_verified=True)
            error = "case"
        return self._case("known identity", person, error, self._text(), actor=actor)

    def _reciprocal(self) -> Case:
        """An author on another platform whose profile and one that the CRM knows link to each other."""
        rng = self.rng
        person = rng.choice(self.set.people)
        platform = self._another_platform(person)
        while not platform:
            person = rng.choice(self.set.people)
            platform = self._another_platform(person)
        known, handle = rng.choice(sorted(person.contact.handles.items()))
        new = self._handle(platform, person.given, person.family)
        verified = rng.random() < 0.4
        link = ProfileLink(url=_PLATFORMS[known].format(handle), verified=verified)
        if not verified:
            back = (ProfileLink(url=_PLATFORMS[platform].format(new)),)
            self._support(Actor(platform=known, preferred_username=handle, links=back))
        actor = Actor(platform=platform, preferred_username=new, links=(link,))
        return self._case("reciprocal link", person, "none", self._text(), actor=actor)

    def _another_platform(self, person: Person) -> str:
        """Return a platform where the person has no account yet, and give it one; "" where there is none left."""
        id_ = person.contact.id
        free = [one for one in _PLATFORMS if one not in person.contact.handles and (id_, one) not in self.elsewhere]
        if not free:
            return ""
        self.elsewhere.add((id_, platform := self.rng.choice(free)))
        return platform

    def _named(self) -> Case:
        """A text about somebody, with facts that the CRM knows beside the name, and that fit nobody else."""
        rng = self.rng
        while True:
            person = rng.choice(self.set.people)
            way = rng.random()
            error = rng.choices(list(_ERRORS), list(_ERRORS.values()))[0]
            firm = self.set.accounts[person.firm]
            if way < 0.65 or error == "other script":
                rivals = self.staff[person.firm]
                written = self._written(person, error)
                native = NATIVE_EMPLOYER.get(person.origin.language)
                in_language = written.script != "Latin" and native
                template = native[self.side] if in_language and native else rng.choice(half(WITH_EMPLOYER, self.side))
            elif way < 0.8:
                rivals = self.staff[person.firm]
                written = self._written(person, error)
                template = rng.choice(half(WITH_LINK, self.side))
            else:
                rivals = [
                    one
                    for one in self.bearers[person.given.latin, person.family.latin]
                    if one.contact.place == person.contact.place and one.contact.title == person.contact.title
                ]
                if error in ("typo", "nickname", "initials"):
                    continue  # whom these leave open, a place does not tell apart
                written = self._written(person, error)
                template = rng.choice(half(WITH_TITLE_AND_PLACE, self.side))
            if not self._stands_alone(person, rivals, written.error):
                continue
            sentence = template.format(
                name=written.name,
                firm=self._firm_as_said(firm),
                title=person.contact.title,
                place=person.contact.place,
                link=f"https://{firm.domain}/news",
            )
            links = (f"https://{firm.domain}/news",) if "{link}" in template else ()
            text = self._text(sentence)
            language = person.origin.language if written.script != "Latin" else "en"
            return self._case(
                "name with context",
                person,
                written.error,
                text,
                script=written.script,
                language=language,
                links=links,
                firm=firm if "{firm}" in template or links else None,
            )

    def _profile(self) -> Case:
        """An author whom no identity tells, but a full name and facts on the profile."""
        rng = self.rng
        while True:
            person = rng.choice(self.set.people)
            if not self._stands_alone(person, self.staff[person.firm], "none"):
                continue
            firm = self.set.accounts[person.firm]
            written = self._written(person, "none")
            bio = rng.choice(half(BIO, self.side))
            about = bio.format(
                title=person.contact.title, firm=self._firm_as_said(firm), place=person.contact.place, name=written.name
            )
            links = (ProfileLink(url=f"https://{firm.domain}/team"),) if rng.random() < 0.5 else ()
            platform = self._another_platform(person)
            if not platform:
                continue
            actor = Actor(
                platform=platform,
                preferred_username=self._handle(platform, person.given, person.family),
                name=written.name,
                summary=about,
                links=links,
            )
            return self._case("profile with context", person, "none", self._text(), actor=actor, script=written.script)

    def _alone(self) -> Case:
        """A name and nothing else: of a contact, of its namesake, or of a stranger who bears it, too."""
        rng = self.rng
        person = rng.choice(self.set.people)
        error = rng.choices(["none", "case", "accents", "order", "other script", "spelling"], [60, 8, 8, 8, 8, 8])[0]
        written = self._written(person, error)
        who = rng.random()
        bearers = self.bearers[person.given.latin, person.family.latin]
        about = person if who < 0.34 else rng.choice(bearers) if who < 0.67 else None
        native = NATIVE_ALONE.get(person.origin.language)
        actor = None
        script = written.script
        if rng.random() < 0.25:
            platform = rng.choice(list(_PLATFORMS))
            handle = f"u{rng.randrange(10**9)}"
            actor = Actor(platform=platform, preferred_username=handle, name=written.name)
            sentence = ""
        elif rng.random() < 0.15:
            sentence = rng.choice(half(NAME_ALONE, self.side)).format(name=person.given.latin)
            script, about = "Latin", None
        else:
            in_language = native and script != "Latin"
            template = native[self.side] if native and in_language else rng.choice(half(NAME_ALONE, self.side))
            sentence = template.format(name=written.name)
        language = person.origin.language if script != "Latin" else "en"
        text = self._text(sentence)
        return self._case(
            "name only", about, written.error, text, actor=actor, script=script, language=language, linkable=False
        )

    def _trap(self) -> Case:
        """What looks like proof and is none."""
        rng = self.rng
        person = rng.choice(self.set.people)
        known, handle = rng.choice(sorted(person.contact.handles.items()))
        platform = rng.choice([one for one in _PLATFORMS if one not in person.contact.handles])
        what = rng.choice(("one-way link", "equal handle", "another employer", "handle reused"))
        sentence, actor, employer = "", None, None
        if what == "one-way link":
            links = (ProfileLink(url=_PLATFORMS[known].format(handle)),)
            actor = Actor(platform=platform, preferred_username=f"fan{rng.randrange(10**9)}", links=links)
        elif what == "equal handle":
            while (platform, handle) in self.handles:
                person = rng.choice(self.set.people)
                handle = rng.choice(sorted(person.contact.handles.values()))
                platform = rng.choice([one for one in _PLATFORMS if one not in person.contact.handles])
            self.handles.add((platform, handle))
            actor = Actor(platform=platform, preferred_username=handle)
        elif what == "handle reused":
            self._support(Actor(platform=known, preferred_username=handle, native_id=f"1{self.number}"), earlier=True)
            actor = Actor(platform=known, preferred_username=handle, native_id=f"2{self.number}")
        else:
            other = rng.choice([i for i in range(len(self.set.accounts)) if i != person.firm])
            here = {one.family.latin for one in self.staff[other]}
            while person.family.latin in here:
                person = rng.choice(self.set.people)
            employer = self.set.accounts[other]
            firm = self._firm_as_said(employer)
            name = self._written(person, "none").name
            sentence = f"{name} of {firm} disagrees." if self.side else f"{name}, who works for {firm}, disagrees."
        return self._case("trap", None, what, self._text(sentence), actor=actor, linkable=False, firm=employer)

    def _stands_alone(self, person: Person, among: Sequence[Person], error: str) -> bool:
        """True where a name written with this error fits nobody else among these people."""
        loose = error in ("typo", "nickname", "initials", "spelling")
        for one in among:
            if one is person:
                continue
            if error == "order" and {one.family.latin, one.given.latin} == {person.family.latin, person.given.latin}:
                return False
            same_given = one.given == person.given or (loose and one.given.latin[0] == person.given.latin[0])
            if person.origin.initials or one.origin.initials:
                same_given = one.given == person.given  # S. Ramanathan: the given name is the one that is written out
                if same_given and one.family.latin[0] == person.family.latin[0]:
                    return False
            if same_given and (
                one.family == person.family or (loose and one.family.latin[0] == person.family.latin[0])
            ):
                return False
        return True

    def _written(self, person: Person, error: str) -> "_Written":
        """Write a name with an error; where that changes nothing, as the CRM has it, and the error is "none"."""
        name = person.contact.name
        script = person.origin.script if person.native else "Latin"
        changed = name
        if error == "case":
            changed = name.lower() if self.rng.random() < 0.5 else name.upper()
        elif error == "accents":
            changed = _without_accents(name) if script == "Latin" else name
        elif error == "typo" and script == "Latin":
            changed = self._mistyped(name)
        elif error == "nickname" and script == "Latin" and name.startswith(person.given.latin):
            short = NICKNAMES.get(person.given.latin, person.given.latin)
            changed = name.replace(person.given.latin, short, 1)
        elif error == "initials" and script == "Latin" and name.startswith(person.given.latin):
            changed = name.replace(person.given.latin, f"{person.given.latin[0]}.", 1)
        elif error == "order" and script == "Latin" and ". " not in name:
            given, _, family = name.partition(" ")
            changed = f"{family}, {given}" if self.rng.random() < 0.4 else f"{family} {given}"
        elif error == "other script" and person.origin.name not in _UNREADABLE and ". " not in name:
            changed = self._full(
                person.origin._replace(initials=False),
                person.given,
                person.family,
                person.second,
                native=not person.native,
            )
            script = "Latin" if person.native else person.origin.script
        elif error == "spelling" and script == "Latin":
            for usual, other in SPELLINGS:
                if usual in name:
                    changed = name.replace(usual, other, 1)
                    break
        elif error == "honorific" and script == "Latin":
            changed = self.rng.choice(("Dr. {}", "{}-ji", "Shri {}", "Mr. {}")).format(name)
        elif error == "look-alikes" and script == "Latin":
            first, space, rest = name.partition(" ")
            invisible = f"{first}\u200b{space}{rest}"
            changed = name[0] + name[1:].translate(_LOOKALIKES) if self.rng.random() < 0.5 else invisible
        return _Written(changed, script, error if changed != name else "none")

    def _mistyped(self, name: str) -> str:
        """Two neighbouring letters of the longest word are swapped, or one is dropped; never the first or last."""
        word = max(name.split(), key=len)
        if len(word) < 5:
            return name
        at = self.rng.randrange(1, len(word) - 2)
        if self.rng.random() < 0.5:
            wrong = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        else:
            wrong = word[:at] + word[at + 1 :]
        return name.replace(word, wrong, 1)

    def _firm_as_said(self, firm: Account) -> str:
        """A firm's name as people say it: mostly without the legal form."""
        if self.rng.random() < 0.3:
            return firm.name
        forms = sorted(filter(None, FIRM_FORM), key=len, reverse=True)
        form = next((one for one in forms if firm.name.endswith(f" {one}")), "")
        return firm.name.removesuffix(form).strip()

    def _text(self, sentence: str = "") -> str:
        """A sentence between others, one of which names a watched product."""
        patterns = self.rng.sample(half(FILLER, self.side), 3)
        around = [
            pattern.format(**{slot: self.rng.choice(words) for slot, words in self.slots}) for pattern in patterns
        ]
        about = f"About the {self.rng.choice(half(PRODUCTS, self.side))}."
        return " ".join(one for one in (about, around[0], sentence, *around[1:]) if one)

    def _support(self, actor: Actor, *, earlier: bool = False) -> None:
        self.number += 1
        minutes = 500_000 if earlier else self.rng.randrange(400_000)
        self.set.support.append(mention_by(f"s{self.number}", self._text(), actor, minutes=minutes))

    def _case(
        self,
        kind: Kind,
        about: Person | None,
        error: str,
        text: str,
        *,
        actor: Actor | None = None,
        script: str = "",
        language: str = "en",
        links: tuple[str, ...] = (),
        linkable: bool = True,
        firm: Account | None = None,
    ) -> Case:
        self.number += 1
        if actor is None:
            actor = Actor(platform="reddit", preferred_username=f"somebody_{self.number}")
        number = f"c{self.number}"
        minutes = self.rng.randrange(400_000)
        said = mention_by(number, text, actor, language=language, minutes=minutes, links=links)
        if not script:
            script = about.origin.script if about and about.native else "Latin"
        return Case(said, kind, script, error, about.contact.id if about else "", linkable, firm.id if firm else "")


@dataclass(frozen=True, slots=True)
class _Written:
    name: str
    script: str
    error: str


def _plain(text: str) -> str:
    """A name as it goes into a handle or address: ASCII letters, lower-case."""
    return re.sub(r"[^a-z]", "", _without_accents(text).lower()) or "someone"


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def identity_stream(made: People, count: int, *, seed: int) -> list[EnrichedMention]:
    """Return mentions by authors whom the CRM knows, in texts that name nobody: the identity path."""
    maker = _Maker(random.Random(seed), 1)
    found = []
    for i in range(count):
        person = maker.rng.choice(made.people)
        platform, handle = maker.rng.choice(sorted(person.contact.handles.items()))
        actor = Actor(platform=platform, preferred_username=handle)
        found.append(mention_by(f"i{i}", maker._text(), actor, minutes=maker.rng.randrange(400_000)))
    return found


def name_stream(
    made: People, count: int, *, seed: int, candidates: tuple[int, int] = (10, 20)
) -> list[EnrichedMention]:
    """Return mentions of full names that so many contacts bear, at least and at most, half of them with an employer.

    The name path. Who writes the name in another script is not counted. Raises ValueError where there is no such name.
    """
    maker = _Maker(random.Random(seed), 1)
    least, most = candidates
    bearers = Counter(contact.name for contact in made.contacts)
    often = [one for one in made.people if least <= bearers[one.contact.name] <= most]
    if not often:
        msg = f"expected names with {least} to {most} bearers among {len(made.people):,} people; got none"
        raise ValueError(msg)
    found = []
    for i in range(count):
        person = maker.rng.choice(often)
        firm = made.accounts[person.firm]
        with_firm = maker.rng.random() < 0.5
        name = person.contact.name
        sentence = f"I spoke with {name} from {maker._firm_as_said(firm)}." if with_firm else f"{name} was there."
        actor = Actor(platform="reddit", preferred_username=f"somebody_{i}")
        minutes = maker.rng.randrange(400_000)
        found.append(mention_by(f"n{i}", maker._text(sentence), actor, minutes=minutes))
    return found
