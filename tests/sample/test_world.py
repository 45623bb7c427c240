import re
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.identities import normal_phone
from overheard.sample import make_world
from overheard.sample.site import BY_NAME
from overheard.sample.words import strangers
from overheard.text import fold

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
WORLD = make_world(NOW)
ALL = (*WORLD.posts, *WORLD.coming)
_DEVANAGARI = re.compile(r"[\u0900-\u097f]{2}")


def test_the_same_now_gives_the_same_world_and_another_seed_another() -> None:
    assert make_world(NOW) == WORLD
    assert make_world(NOW.astimezone(timezone(timedelta(hours=9)))) == WORLD
    assert make_world(NOW, seed=1) != WORLD


@settings(max_examples=20)
@given(st.integers(0, 10 * 366 * 86_400))
def test_whenever_it_is_made_its_posts_are_of_the_last_90_days_and_the_same(seconds: int) -> None:
    now = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    world = make_world(now)
    assert all(now - timedelta(days=90) < post.published <= now for post in world.posts)
    assert all(now < post.published <= now + timedelta(minutes=30) for post in world.coming)
    assert {(p.key, p.text) for p in world.posts} == {(p.key, p.text) for p in WORLD.posts}
    assert all(a.published <= b.published for a, b in zip(world.posts, world.posts[1:], strict=False))


def test_it_has_some_400_posts_30_contacts_at_12_accounts_in_every_lifecycle() -> None:
    assert 380 <= len(WORLD.posts) <= 420
    assert (len(WORLD.contacts), len(WORLD.accounts)) == (30, 12)
    assert {account.lifecycle for account in WORLD.accounts} == {"prospect", "customer", "lost customer"}
    assert {post.site for post in WORLD.posts} == set(BY_NAME)


def test_every_post_has_a_key_of_its_own_and_no_text_is_said_twice_but_articles_taken_over() -> None:
    assert len({post.key for post in ALL}) == len(ALL)
    said = Counter(post.text for post in ALL)
    assert {len(text) > 150 for text, times in said.items() if times > 1} == {True}
    assert sum(times - 1 for times in said.values()) == 2


def test_an_answer_comes_after_what_it_answers_in_the_same_place() -> None:
    posts = {post.key: post for post in ALL}
    answers = [post for post in ALL if post.parent]
    assert len(answers) > 40
    for post in answers:
        parent = posts[post.parent]
        assert parent.published < post.published
        assert parent.site == post.site


def test_no_placeholder_is_left_in_a_text() -> None:
    for post in ALL:
        assert not re.search(r"[{}|^]|C-\d{3}|\bop>", post.title + post.text), post


def test_what_a_post_is_about_and_whom_it_names_stands_in_it() -> None:
    names = {contact.id: contact.name for contact in WORLD.contacts}
    aliases = {id_: words for id_, _, words in WORLD.terms}
    for post in ALL:
        text = fold(f"{post.title}\n{post.text}")
        for term in post.about:
            assert any(fold(alias) in text for alias in aliases[term]), post
        assert all(names[contact] in post.title + post.text for contact in post.names)
    assert {term for post in WORLD.posts for term in post.about} == set(aliases)


def test_a_known_author_signs_as_the_crm_has_them_and_a_stranger_never_does() -> None:
    of = {contact.id: contact for contact in WORLD.contacts}
    signs = {handle for contact in WORLD.contacts for handle in contact.handles.values()}
    signs |= {url.rpartition("/")[2] for contact in WORLD.contacts for url in contact.websites}
    assert not signs & set(strangers())
    for post in ALL:
        if post.known:
            assert post.author in signs or post.author == of[post.contact].name
        elif post.contact:
            assert post.author not in signs


def test_it_speaks_english_hindi_and_hindi_in_latin_letters_with_emoji() -> None:
    assert sum(bool(_DEVANAGARI.search(post.text)) for post in WORLD.posts) >= 12
    assert sum(post.language == "hi-Latn" for post in WORLD.posts) >= 10
    assert sum("😂" in post.text or "🙏" in post.text for post in WORLD.posts) >= 3


def test_the_leak_is_talked_about_more_and_more_and_a_customer_complains_this_morning() -> None:
    leaks = [NOW - post.published for post in WORLD.posts if post.topic == "coolant leak"]
    assert len(leaks) >= 20
    assert max(leaks) < timedelta(days=26)
    assert sum(ago < timedelta(days=13) for ago in leaks) > len(leaks) / 2
    fresh = [post for post in WORLD.posts if NOW - post.published < timedelta(hours=1) and post.known]
    customers = {a.id for a in WORLD.accounts if a.lifecycle == "customer"}
    of = {contact.id: contact.account for contact in WORLD.contacts}
    assert any(post.kind == "complaint" and of[post.contact] in customers for post in fresh)
    assert any(post.kind == "complaint" for post in WORLD.coming)


def test_what_the_crm_has_holds_together() -> None:
    accounts = {account.id for account in WORLD.accounts}
    contacts = {contact.id: contact for contact in WORLD.contacts}
    assert {holding.account for holding in WORLD.holdings} <= accounts
    for purchase in WORLD.purchases:
        assert contacts[purchase.contact].account == purchase.account
    assert all(holding.until is None or holding.until < holding.since for holding in WORLD.holdings)
    assert any(holding.left_why for holding in WORLD.holdings)
    assert all(normal_phone(one.phone, "IN").startswith("+91") for one in contacts.values() if one.phone)
    assert len({name for one in contacts.values() if (name := one.name)}) == 28  # one nameless, two namesakes
