from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from overheard.alerts.complaint import complaint, complaint_item
from overheard.alerts.deliveries import alerts_for
from overheard.alerts.parties import Known
from overheard.records import Cause, Incident, Intent
from tests.alerts.making import ADDRESS, ANTON, GEARS, KNOWN, LUCIA, MEERA, NOW, incident, party

BAR = 0.6


def is_told(one: Incident, *, cause: Cause = "live", bar: float = BAR, known: dict[str, Known] = KNOWN) -> bool:
    return complaint(one, cause, NOW, known, bar) is not None


def test_a_customer_who_is_negative_toward_us_is_told() -> None:
    assert is_told(incident())
    assert is_told(incident(kind="own-product"))


@pytest.mark.parametrize("cause", ["back-fill", "replay", "re-match", "decision"])
def test_only_what_is_heard_live_is_told(cause: Cause) -> None:
    assert not is_told(incident(), cause=cause)


def test_below_the_bar_nothing_is_told_and_a_bar_of_one_is_never() -> None:
    assert not is_told(incident(confidence=0.59))
    assert is_told(incident(confidence=0.6))
    assert not is_told(incident(confidence=1.0), bar=1.0)


def test_praise_and_what_is_about_others_is_not_told() -> None:
    assert not is_told(incident(polarity="positive"))
    assert not is_told(incident(polarity="unsure"))
    assert not is_told(incident(kind="competitor"))
    assert not is_told(incident(text="my holiday was terrible"))


def test_a_complaint_is_told_without_a_negative_word() -> None:
    said = Intent(label="complaint", start=0, end=26, confidence=0.8, target="korvex")
    one = incident(text="Korvex keeps me on hold, day three", polarity="unsure")
    term = one.hits[0].term
    said = msgspec.structs.replace(said, target=term)
    told = complaint(msgspec.structs.replace(one, intents=(said,)), "live", NOW, KNOWN, BAR)
    assert told is not None
    assert told.about == said
    assert "complains of Korvex, confidence 80%: “Korvex keeps me on hold, d”" in complaint_item(one, told, ADDRESS).why
    for other in (
        msgspec.structs.replace(said, label="question"),
        msgspec.structs.replace(said, confidence=0.5),
        msgspec.structs.replace(said, target=""),
    ):
        assert complaint(msgspec.structs.replace(one, intents=(other,)), "live", NOW, KNOWN, BAR) is None


def test_who_is_not_a_customer_now_is_not_told() -> None:
    assert not is_told(incident(parties=[party(ANTON)]))
    assert not is_told(incident(parties=[party(LUCIA)]))
    assert not is_told(incident(parties=[]))


def test_only_the_linked_author_counts() -> None:
    assert not is_told(incident(parties=[party(MEERA, role="mentioned")]))
    assert not is_told(incident(parties=[party(MEERA, outcome="candidate")]))


def test_a_customer_is_also_who_works_for_one_or_is_an_account() -> None:
    anonymous = Known(id="con_x", name="Joost", account="acc_gears")
    assert is_told(incident(parties=[party(anonymous)]), known=KNOWN | {"con_x": anonymous})
    assert is_told(incident(parties=[party(GEARS)]))
    new = replace(anonymous, account="")
    with_employer = [party(new), party(GEARS, role="employer")]
    assert is_told(incident(parties=with_employer), known=KNOWN | {"con_x": new})
    # Of two people the one employer may be the other's.
    two = [party(new), party(LUCIA, role="mentioned"), party(GEARS, role="employer")]
    assert not is_told(incident(parties=two), known=KNOWN | {"con_x": new})


def test_a_lost_customer_at_a_customer_is_told_and_the_why_says_both() -> None:
    lost = Known(id="con_x", name="Joost", tag="lost customer", account="acc_gears")
    one = incident(parties=[party(lost)])
    found = complaint(one, "live", NOW, KNOWN | {"con_x": lost}, BAR)
    assert found is not None
    assert complaint_item(one, found, ADDRESS).why[0] == (
        "Joost is at Palomino Gears, a customer; the person is a lost customer"
    )


def test_what_is_not_about_us_or_found_a_week_late_is_not_told() -> None:
    assert not is_told(incident(status="not about us"))
    assert not is_told(incident(at=NOW - timedelta(days=8), first_seen=NOW))
    assert is_told(incident(at=NOW - timedelta(days=6), first_seen=NOW))


def test_the_item_says_who_what_why_and_where() -> None:
    one = incident()
    found = complaint(one, "live", NOW, KNOWN, BAR)
    assert found is not None
    item = complaint_item(one, found, ADDRESS)
    assert (item.name, item.account, item.said_by) == ("Meera Chitnis", "Palomino Gears", "meerac")
    assert item.text == "Korvex support is terrible"
    assert item.why[:2] == (
        "Meera Chitnis is a customer",
        "negative toward Korvex, confidence 90%: “Korvex support is terrible”",
    )
    assert item.page == f"{ADDRESS}/incidents/{one.id}"
    assert item.contact_page == f"{ADDRESS}/contacts/con_meera"
    assert item.url == "https://reddit.example/1"


def test_later_versions_of_an_incident_give_the_same_deliveries() -> None:
    first = incident()
    later = msgspec.structs.replace(first, mention=msgspec.structs.replace(first.mention, likes=5), confidence=0.7)
    ids = []
    for one in (first, later):
        found = complaint(one, "live", NOW, KNOWN, BAR)
        assert found is not None
        ids.append([d.id for d in alerts_for(complaint_item(one, found, ADDRESS), ["feed", "mail", "webhook:a"], NOW)])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3
