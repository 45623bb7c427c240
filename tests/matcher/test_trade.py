"""Holdings, purchases and phone numbers, from facts to profiles."""

from datetime import date

import pytest

from overheard.errors import InputError
from overheard.log.base import ConsumerRecord
from overheard.matcher.ledger.facts import read_fact
from overheard.matcher.ledger.reading import known_in
from overheard.records import Profile
from tests.matcher.worlds import (
    World,
    acc,
    account,
    con,
    contact,
    decision,
    fact,
    holding,
    mention,
    purchase,
    world,
)

ACME = account("1", "Acme Tools", "acme.example")
ASHA = contact("1", "Asha Rao", organisation="Acme Tools", phones=("+912227654321",))


def profile(one: World, id_: str) -> Profile:
    found = one.documents()[id_]
    assert isinstance(found, Profile)
    return found


def test_what_one_of_two_merged_accounts_or_contacts_has_or_bought_stands_on_the_profile_of_both() -> None:
    firms, people = sorted((acc("1"), acc("2"))), sorted((con("1"), con("2")))
    with world() as one:
        one.run(fact(account("1", "Acme Tools")), fact(account("2", "Acme")), fact(ASHA), fact(contact("2", "A. Rao")))
        one.run(fact(decision("1", "same", *firms)), fact(decision("2", "same", *people)))
        for number in "12":
            one.run(
                fact(holding(number, acc(number))), fact(purchase(number, account=acc(number), contact=con(number)))
            )
        firm, person = profile(one, firms[0]), profile(one, people[0])
        assert (firm.holding_count, firm.purchase_count) == (2, 2)
        assert (person.holding_count, person.purchase_count) == (1, 2)


def test_one_mailbox_of_two_merged_contacts_stands_on_the_profile_once() -> None:
    people = [
        contact(number, "Asha Rao", emails=(mail,)) for number, mail in (("1", "a@b.example"), ("2", "A@B.example"))
    ]
    with world() as one:
        one.run(*map(fact, people), fact(decision("1", "same", *sorted((con("1"), con("2"))))))
        assert len(profile(one, min(con("1"), con("2"))).emails) == 1


def test_an_account_has_its_holdings_newest_first_and_its_people_show_them() -> None:
    old = holding("1", acc("1"), since=date(2020, 1, 1))
    new = holding("2", acc("1"), "Lathe", since=date(2026, 1, 1))
    undated = holding("3", acc("1"), "Drill")
    with world() as one:
        one.run(fact(old), fact(new), fact(undated))
        assert one.documents() == {}
        one.run(fact(ASHA), fact(ACME))  # the account comes after what it has
        assert profile(one, acc("1")).holdings == (new, old, undated)
        assert profile(one, con("1")).holdings == (new, old, undated)
        one.run(fact(old, version=2, verb="Delete"))
        assert profile(one, con("1")).holdings == (new, undated)
        assert profile(one, con("1")).holding_count == 2


def test_totals_of_purchases_are_exact_by_currency_and_a_contact_has_its_own_only() -> None:
    whole = [
        purchase("1", account=acc("1"), contact=con("1"), amount="0.1", currency="INR", at=date(2026, 1, 2)),
        purchase("2", account=acc("1"), amount="0.2", currency="INR", at=date(2026, 1, 3)),
        purchase("3", account=acc("1"), amount="-5", currency="USD", at=date(2026, 1, 1)),
        purchase("4", account=acc("1")),
    ]
    with world() as one:
        one.run(fact(ACME), fact(ASHA), *map(fact, whole))
        firm = profile(one, acc("1"))
        assert (firm.purchase_count, firm.purchase_totals) == (4, {"INR": "0.3", "USD": "-5"})
        assert [p.external_ids[0].value for p in firm.purchases] == ["2", "1", "3", "4"]
        assert profile(one, con("1")).purchases == (whole[0],)
        one.run(fact(whole[1], version=2, verb="Delete"))
        assert profile(one, acc("1")).purchase_totals == {"INR": "0.1", "USD": "-5"}


def test_a_profile_shows_the_newest_fifty_and_counts_all() -> None:
    many = [purchase(str(i), account=acc("1"), amount="1", currency="INR") for i in range(60)]
    with world() as one:
        one.run(fact(ACME), *map(fact, many))
        firm = profile(one, acc("1"))
        assert (len(firm.purchases), firm.purchase_count, firm.purchase_totals) == (50, 60, {"INR": "60"})


def test_a_switchboard_is_shown_on_every_profile_and_links_and_watches_nobody() -> None:
    colleague = contact("2", "Ben Stone", organisation="Acme Tools", phones=("+912227654321",))
    with world() as one:
        one.run(fact(ACME), fact(ASHA), fact(colleague), fact(mention("1", "call +91 22 2765 4321", "zed")))
        keys = [[each.identity.key for each in profile(one, con(n)).identities] for n in "12"]
        assert keys == [["phone:phone:+912227654321"]] * 2
        assert one.parties("1") == {("author", "reddit:handle:zed"): "bare"}
        assert not [key for key in one.events("watch") if "phone" in key]
        # Who writes from there by a messenger may be either: `test_channels` has what becomes of that.
        assert {*one.ledger.directory.owners("phone:phone:+912227654321")} == {con("1"), con("2")}


def test_a_person_who_gives_a_phone_number_to_somebody_does_not_get_it_watched() -> None:
    with world() as one:
        one.run(fact(ASHA), fact(decision("1", "same", "phone:phone:+919822012345", con("1"))))
        assert "phone:phone:+919822012345" in [each.identity.key for each in profile(one, con("1")).identities]
        assert not [key for key in one.events("watch") if "phone" in key]


def test_a_reopened_ledger_has_holdings_and_purchases_and_tells_who_is_known() -> None:
    with world() as one:
        one.run(fact(ACME), fact(ASHA), fact(holding("1", acc("1"))), fact(purchase("1", account=acc("1"))))
        one.reopen()
        assert len(one.ledger.directory.holdings_of(acc("1"))) == 1
        assert len(one.ledger.directory.purchases_of(acc("1"))) == 1
        assert known_in(one.folder) == ([ASHA], [ACME])


def test_a_purchase_whose_amount_is_no_number_is_refused() -> None:
    record = fact(purchase("1", account=acc("1"), amount="12", currency="INR"))
    for spoilt in (b'"amount":"NaN"', b'"amount":"1e9"', b'"amount":"1,000"'):
        value = (record.value or b"").replace(b'"amount":"12"', spoilt)
        with pytest.raises(InputError, match="amount"):
            read_fact(ConsumerRecord("facts", 0, 1, 0, record.key, value, {}))
