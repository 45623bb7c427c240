"""Many facts in another order, and many decisions: the same documents, and the state of a replay."""

import random
from datetime import timedelta
from typing import Any

import pytest

from overheard.log.base import ProducerRecord
from overheard.records import ProfileLink, Verb
from tests.matcher.test_order import outcome
from tests.matcher.test_replay import walk_and_replay
from tests.matcher.worlds import NOW, acc, account, con, contact, decision, fact, holding, men, mention, purchase

GIVEN = "Asha Ben Gita Omar Lena Ravi Mei Ivan Noor Sara Tom Usha Vera Yusuf Zoe Anil".split()  # noqa: SIM905
FAMILY = "Rao Stone Iyer Haddad Braun Shah Wang Petrov Khan Silva Reed Menon Lang Demir King Joshi".split()  # noqa: SIM905
FIRMS = "Acme Tools|Borealis Mills|Cobalt Works|Delta Castings|Elm Pumps|Fjord Gears".split("|")  # noqa: SIM905
PLACES = ("Pune", "Delhi", "Leeds", "Graz")
PLATFORMS = ("reddit", "github", "x")


def facts_of(number: int, rng: random.Random) -> list[ProducerRecord]:
    """Facts about so many contacts in all, of every kind, with edits, deletions and what was said again elsewhere.

    A third are contacts, accounts, holdings, purchases and decisions, the others posts by few people about them.
    """
    people, posts, decisions = number // 5, number // 2, number // 8
    names = {str(i): f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}{chr(97 + i % 26)}" for i in range(people)}
    handles = {str(i): f"{names[str(i)].split()[0].lower()}.{i}" for i in range(people)}
    firms = [f"{firm} {place}" for firm in FIRMS for place in PLACES]

    def person(i: str) -> Any:
        return contact(
            i,
            names[i],
            handles={rng.choice(PLATFORMS): handles[i]} if rng.random() < 0.7 else {},
            organisation=rng.choice(firms),
            place=rng.choice(PLACES),
            title=rng.choice(("Buyer", "Plant Head", "")),
            emails=(f"{handles[i]}@mail.example",) if rng.random() < 0.5 else (),
            urls=(f"https://{handles[i]}.example",) if rng.random() < 0.3 else (),
        )

    def post(i: str) -> Any:
        who, other = (str(rng.randrange(people)) for _ in range(2))
        texts = (
            f"I met {names[other]} of {rng.choice(firms)} in {rng.choice(PLACES)}",
            f"{names[other]} said so. {names[other].split()[1]} runs a BorealMill 300",
            f"the new lathe of {rng.choice(firms)} broke down twice in its first week, says {names[str(int(i) % 40)]}",
            "hello again",
        )
        profile: dict[str, Any] = {}
        if rng.random() < 0.3:
            profile["native_id"] = who
        if rng.random() < 0.2:
            profile["links"] = (ProfileLink(url=f"https://{handles[who]}.example/", verified=rng.random() < 0.7),)
        if rng.random() < 0.2:
            profile |= {"name": names[who], "summary": f"Buyer at {rng.choice(firms)}"}
        return mention(
            i,
            rng.choice(texts),
            handles[who],
            profile=profile,
            published=NOW - timedelta(minutes=rng.randrange(40_000)),
            in_reply_to=str(rng.randrange(posts)) if rng.random() < 0.2 else "",
        )

    def decided(i: str) -> Any:
        one, other = rng.sample(range(people), 2)
        at = NOW - timedelta(minutes=rng.randrange(1_000))
        choice = rng.randrange(8)
        if choice == 0:
            return decision(i, rng.choice(("same", "not the same")), con(str(one)), con(str(other)), at=at)
        if choice == 1:
            left = f"reddit:handle:{handles[str(one)]}"
            return decision(i, rng.choice(("same", "not the same", "unsure")), left, con(str(other)), at=at)
        if choice == 2:
            return decision(i, "withdraw", f"dec_{rng.randrange(decisions)}", at=at)
        left, right = (men(str(rng.randrange(posts))) for _ in range(2))
        if choice == 3:
            return decision(i, rng.choice(("same", "not the same")), left, right, at=at)
        if choice == 4:
            return decision(i, rng.choice(("same", "not the same")), left, con(str(one)), at=at)
        if choice == 5:
            return decision(i, "lock", con(str(one)), at=at)
        if choice == 6:
            return decision(i, "tag", left, "tag/x", value="on", at=at)
        return decision(i, "not about us", left, at=at)

    records = [fact(account(str(i), name, f"{name.replace(' ', '').lower()}.example")) for i, name in enumerate(firms)]
    records += [fact(holding(str(i), acc(str(i)))) for i in range(0, len(firms), 3)]
    records += [fact(person(i)) for i in names]
    records += [
        fact(purchase(str(i), account="", contact=con(str(rng.randrange(people))), amount="10", currency="INR"))
        for i in range(people // 10)
    ]
    records += [fact(post(str(i))) for i in range(posts)]
    records += [fact(decided(str(i))) for i in range(decisions)]
    while len(records) < number:
        version = rng.randint(2, 4)
        verb: Verb = "Delete" if rng.random() < 0.25 else "Update"
        kind = rng.random()
        if kind < 0.3:
            records.append(fact(person(str(rng.randrange(people))), version=version, verb=verb))
        elif kind < 0.8:
            records.append(fact(post(str(rng.randrange(posts))), version=version, verb=verb))
        else:
            records.append(fact(decided(str(rng.randrange(decisions))), version=version, verb=verb))
    return records


@pytest.mark.parametrize("number", [800, pytest.param(20_000, marks=pytest.mark.long)])
def test_many_facts_shuffled_repeated_late_and_in_other_batches_leave_equal_documents(number: int) -> None:
    rng = random.Random(number)
    records = facts_of(number, rng)
    documents, watched = outcome(records, 500)
    again = [*records, *rng.sample(records, number // 4)]
    rng.shuffle(again)
    other, watched_too = outcome(again, 97)
    differing = [id_ for id_ in documents.keys() | other.keys() if documents.get(id_) != other.get(id_)]
    assert not differing, (
        f"{len(differing)} of {len(documents)}: {[(documents.get(i), other.get(i)) for i in differing[:1]]}"
    )
    assert watched == watched_too
    assert sum(bool(getattr(one, "event", "")) for one in documents.values()) > number // 50
    assert sum(bool(getattr(one, "ids", ())) for one in documents.values()) > number // 500


@pytest.mark.long
def test_ten_thousand_random_sequences_of_decisions_leave_the_state_of_a_replay() -> None:
    walk_and_replay(10_000, random.Random(2))
