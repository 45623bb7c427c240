"""Identities: one normal form for each, and nobody joined by what many share."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.identities import (
    MOST_LINKS,
    NOBODY,
    PLACEHOLDER_HANDLES,
    PLACEHOLDER_MAILBOXES,
    handle_stem,
    identities_of_account,
    identities_of_actor,
    identities_of_contact,
    identities_of_links,
    is_placeholder,
    links_of_actor,
    native_key,
    normal_email,
    normal_handle,
    normal_phone,
    normal_platform,
    profile_key,
    written_key,
)
from overheard.records import Account, Actor, Contact, ExternalId, Identity, ProfileLink, identity_key
from overheard.records.identity import IdentityType
from overheard.urls import canonical_url
from tests.strategies import accounts, actors, contacts, raw_texts, words

CRM = (ExternalId(system="crm", value="1"),)


@pytest.mark.parametrize(
    ("handle", "expected"),
    [
        ("jane", "jane"),
        ("@Jane", "jane"),
        (" @jane\n", "jane"),
        ("u/Jane", "jane"),
        ("/u/jane", "jane"),
        ("@@jane", "jane"),
        ("@ jane", "jane"),
        ("＠ｊａｎｅ", "jane"),
        ("@jane@mastodon.example", "jane@mastodon.example"),
        ("u", "u"),
        ("ulla", "ulla"),
        ("u/", ""),
        ("@", ""),
        ("", ""),
        ("[deleted]", "[deleted]"),
        ("JOSÉ", "josé"),
        ("jose\u0301", "josé"),
    ],
)
def test_a_handle_s_normal_form(handle: str, expected: str) -> None:
    assert normal_handle(handle) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Jane.Doe+News@Example.COM", "jane.doe+news@example.com"),
        (" jane@example.com ", "jane@example.com"),
        ("mailto:jane@example.com", "jane@example.com"),
        ("MAILTO:jane@example.com?subject=hello", "jane@example.com"),
        ("jane@example.com.", "jane@example.com"),
        ("jane@münchen.de", "jane@xn--mnchen-3ya.de"),
        ("jane@xn--mnchen-3ya.de", "jane@xn--mnchen-3ya.de"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("jane", ""),
        ("@example.com", ""),
        ("jane@", ""),
        ("jane@localhost", ""),
        ("jane@exa mple.com", ""),
        ("jane doe@example.com", ""),
        ("Jane <jane@example.com>", ""),
        ("<jane@example.com>", ""),
        ("a@example.com;b@example.com", ""),
        ("a@example.com,b@example.com", ""),
        ("", ""),
    ],
)
def test_an_address_s_normal_form(address: str, expected: str) -> None:
    assert normal_email(address) == expected


@given(text=raw_texts)
def test_a_normal_form_is_its_own(text: str) -> None:
    assert normal_handle(normal_handle(text)) == normal_handle(text)
    assert normal_email(normal_email(text)) == normal_email(text)
    assert normal_platform(normal_platform(text)) == normal_platform(text)


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("Twitter", "x"),
        ("X", "x"),
        (" x.com", "x"),
        ("HN", "hackernews"),
        ("bsky.app", "bluesky"),
        ("Lemmy", "lemmy"),
        ("", ""),
    ],
)
def test_a_platform_s_one_name(platform: str, expected: str) -> None:
    assert normal_platform(platform) == expected


@pytest.mark.parametrize(
    "key",
    [
        "reddit:handle:[deleted]",
        "reddit:handle:automoderator",
        "github:handle:ghost",
        "x:handle:",
        "x:handle:-",
        "x:handle:...",
        "https://example.com/feed:handle:admin",
        "email:email:noreply@example.com",
        "email:email:no-reply@example.com",
        "email:email:do_not_reply@example.com",
        "email:email:news-noreply@example.com",
        "email:email:info@example.com",
        "email:email:info+jane@example.com",
        "email:email:customer.service@example.com",
    ],
)
def test_what_many_share_is_a_placeholder(key: str) -> None:
    assert is_placeholder(key)


@pytest.mark.parametrize(
    "key",
    [
        "reddit:handle:antdude",
        "x:handle:deletedscenes",
        "x:handle:你好",
        "email:email:jane@example.com",
        "email:email:infante@example.com",
        "email:email:12345+jane@users.noreply.example.com",
        "web:url:https://example.com/",
        "https://example.com/feed:handle:jane",
        "con_abc",
        "",
    ],
)
def test_what_one_person_has_is_no_placeholder(key: str) -> None:
    assert not is_placeholder(key)


def test_every_placeholder_is_in_its_normal_form() -> None:
    assert {normal_handle(handle) for handle in PLACEHOLDER_HANDLES} == PLACEHOLDER_HANDLES
    assert {normal_email(f"{box}@example.com") for box in PLACEHOLDER_MAILBOXES} == {
        f"{box}@example.com" for box in PLACEHOLDER_MAILBOXES
    }
    assert all(is_placeholder(identity_key("x", "handle", handle)) for handle in PLACEHOLDER_HANDLES)
    assert all(is_placeholder(identity_key("email", "email", f"{box}@a.example")) for box in PLACEHOLDER_MAILBOXES)


@given(text=raw_texts, platform=words)
def test_asking_for_a_placeholder_never_raises(text: str, platform: str) -> None:
    is_placeholder(text)
    for kind in get_args(IdentityType):
        is_placeholder(identity_key(platform, kind, text))


def test_an_author_s_identities_come_surest_first() -> None:
    actor = Actor(
        platform="reddit", preferred_username="u/Jane", name="Jane", url="http://www.jane.example/", email="J@x.example"
    )
    assert identities_of_actor(actor) == (
        "reddit:handle:jane",
        "web:url:https://jane.example/",
        "email:email:j@x.example",
    )


def test_a_bare_name_is_no_identity() -> None:
    assert identities_of_actor(Actor(platform="web", name="Jane Doe")) == ()
    assert identities_of_actor(None) == ()


def test_links_are_identities_once_each_and_only_where_they_are_urls() -> None:
    links = ("https://twitter.com/jane", "https://x.com/jane?s=20", "nonsense", "mailto:jane@example.com")
    assert identities_of_links(links) == ("web:url:https://x.com/jane",)


def test_what_the_crm_has_of_a_contact_is_claimed_for_it() -> None:
    contact = Contact(
        id="con_a",
        external_ids=CRM,
        handles={"x": "@Jane", "reddit": "u/jd", "github": " "},
        urls=("linkedin.com/in/jane", "https://jane.example", "http://www.jane.example/", "n/a", "j@x.example"),
        emails=("Jane@Example.com", "jane@example.com", "n/a"),
    )
    claimed = identities_of_contact(contact)
    assert [identity.key for identity in claimed] == [
        "reddit:handle:jd",
        "x:handle:jane",
        "linkedin:handle:jane",
        "web:url:https://linkedin.com/in/jane",
        "web:url:https://jane.example/",
        "email:email:jane@example.com",
    ]
    assert {identity.subject for identity in claimed} == {"con_a"}


@pytest.mark.parametrize("domain", ["acme.example", "www.acme.example", "https://www.acme.example/", "ACME.example"])
def test_an_account_s_domain_is_its_site_however_it_is_written(domain: str) -> None:
    account = Account(id="acc_a", external_ids=CRM, domain=domain)
    assert identities_of_account(account) == (
        Identity(platform="web", type="url", value="https://acme.example/", subject="acc_a"),
    )


@given(contact=contacts, account=accounts, actor=actors)
def test_no_record_s_identities_raise_or_repeat(contact: Contact, account: Account, actor: Actor) -> None:
    for identities in (identities_of_contact(contact), identities_of_account(account)):
        keys = [identity.key for identity in identities]
        assert len(set(keys)) == len(keys)
    keys_of_actor = identities_of_actor(actor)
    assert len(set(keys_of_actor)) == len(keys_of_actor)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://twitter.com/Asha_R", "x:handle:asha_r"),
        ("http://www.x.com/asha_r/?s=20", "x:handle:asha_r"),
        ("https://x.com/asha_r/status/1", ""),
        ("https://old.reddit.com/user/Asha-R/", "reddit:handle:asha-r"),
        ("https://www.reddit.com/u/asha", "reddit:handle:asha"),
        ("https://github.com/asha", "github:handle:asha"),
        ("https://github.com/asha/tool", ""),
        ("https://bsky.app/profile/asha.bsky.social", "bluesky:handle:asha.bsky.social"),
        ("https://news.ycombinator.com/user?id=asha", "hackernews:handle:asha"),
        ("https://www.youtube.com/@Asha", "youtube:handle:asha"),
        ("https://social.example/@Asha", "mastodon:handle:asha@social.example"),
        ("https://social.example/users/asha", "mastodon:handle:asha@social.example"),
        ("https://asha.example/about", ""),
        ("", ""),
    ],
)
def test_the_address_of_a_profile_tells_the_handle(url: str, key: str) -> None:
    assert profile_key(canonical_url(url)) == key


@pytest.mark.parametrize(
    ("actor", "contact"),
    [
        (Actor(platform="x", preferred_username="Asha"), {"urls": ("https://twitter.com/asha",)}),
        (Actor(platform="x", url="https://twitter.com/asha"), {"handles": {"x": "@Asha"}}),
        (
            Actor(platform="mastodon", preferred_username="asha", url="https://social.example/@asha"),
            {"handles": {"mastodon": "@Asha@social.example"}},
        ),
        (Actor(platform="bluesky", preferred_username="asha"), {"handles": {"bluesky": "@asha.bsky.social"}}),
        (Actor(platform="forum", preferred_username="Asha@rao.example"), {"emails": ("asha@rao.example",)}),
        (Actor(platform="blog", url="http://www.rao.example/"), {"urls": ("rao.example",)}),
    ],
)
def test_an_author_and_a_contact_meet_in_every_spelling_of_one_identity(actor: Actor, contact: dict[str, Any]) -> None:
    claimed = identities_of_contact(Contact(id="con_a", external_ids=CRM, **contact))
    assert {identity.key for identity in claimed} & set(identities_of_actor(actor))


def test_a_handle_of_the_fediverse_is_no_address() -> None:
    actor = Actor(platform="mastodon", preferred_username="asha@rao.example")
    assert identities_of_actor(actor) == ("mastodon:handle:asha@rao.example",)


def test_what_stands_in_the_place_of_an_account_is_claimed_for_nobody() -> None:
    handles = {"reddit": "[deleted]", "x": "n/a", "github": "-", "mastodon": "<USERNAME>"}
    claimed = identities_of_contact(Contact(id="con_a", external_ids=CRM, handles=handles))
    assert claimed == ()
    assert {normal_handle(handle) for handle in NOBODY} == NOBODY
    assert NOBODY <= PLACEHOLDER_HANDLES


def test_what_many_are_called_is_claimed_where_the_crm_names_it() -> None:
    contact = Contact(
        id="con_a",
        external_ids=CRM,
        handles={"reddit": "AutoModerator"},
        emails=("info@rao.example", "no-reply@r.example"),
    )
    assert [identity.key for identity in identities_of_contact(contact)] == [
        "reddit:handle:automoderator",
        "email:email:info@rao.example",
        "email:email:no-reply@r.example",
    ]


@pytest.mark.parametrize(
    ("text", "region", "normal"),
    [
        ("09822 012345", "IN", "+919822012345"),
        ("+91-98220 12345", "", "+919822012345"),
        ("0091 98220 12345", "", "+919822012345"),
        ("0091 98220 12345", "US", "+919822012345"),
        ("+91 (0) 98220 12345", "", "+919822012345"),
        ("(022) 2765 4321 ext 12", "IN", "+912227654321"),
        ("९८२२० १२३४५", "IN", "+919822012345"),
        ("tel:+91-98220-12345;ext=5", "", "+919822012345"),
        ("9822012345.0", "IN", "+919822012345"),
        ("98220 12345", "", ""),
        ("12345", "IN", ""),
        ("+91 1", "", ""),
        ("98220 12345 / 98220 54321", "IN", ""),
        ("9" * 1_000_000, "IN", ""),
        ("", "IN", ""),
    ],
)
def test_a_phone_number_has_one_form_however_it_is_written(text: str, region: str, normal: str) -> None:
    assert normal_phone(text, region) == normal


@given(
    st.text(max_size=40) | st.from_regex(r"[+0]?[0-9 ()-]{6,16}", fullmatch=True),
    st.sampled_from(["", "IN", "US", "DE"]),
)
def test_the_form_of_a_phone_number_is_its_own_in_any_region(text: str, region: str) -> None:
    normal = normal_phone(text, region)
    assert all(normal_phone(normal, other) == normal for other in ("", "IN", "US"))
    assert normal == "" or (normal[0] == "+" and normal[1:].isascii() and normal[1:].isdecimal())


def test_a_contact_s_phone_numbers_are_identities_where_they_are_valid() -> None:
    claimed = identities_of_contact(Contact(id="con_a", external_ids=CRM, phones=("+91 98220 12345", "ask Ravi")))
    assert [identity.key for identity in claimed] == ["phone:phone:+919822012345"]


@pytest.mark.parametrize(
    ("platform", "native", "expected"),
    [
        ("x", " 783214 ", "x:id:783214"),
        ("youtube", "UCabC", "youtube:id:UCabC"),
        ("bluesky", "did:plc:Abc", "bluesky:id:did:plc:Abc"),
        ("mastodon", "109", ""),  # each server numbers accounts anew
        ("mastodon", "https://social.example/users/asha", "mastodon:id:https://social.example/users/asha"),
        ("x", "0", ""),
        ("x", "None", ""),
        ("x", "-", ""),
        ("", "7", ""),
    ],
)
def test_a_native_id_is_an_identity_where_it_is_one_account_s_alone(platform: str, native: str, expected: str) -> None:
    assert native_key(platform, native) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://youtube.com/channel/UCabC", "youtube:id:UCabC"),
        ("https://x.com/i/user/783214", "x:id:783214"),
        ("https://bsky.app/profile/did:plc:abc", "bluesky:id:did:plc:abc"),
        ("https://stackoverflow.com/users/22656/jon", "stackoverflow:id:22656"),
    ],
)
def test_the_address_of_a_profile_may_hold_the_account_s_id(url: str, expected: str) -> None:
    assert profile_key(url) == expected
    assert written_key(expected) == expected


@pytest.mark.parametrize(
    ("key", "stem"),
    [
        ("x:handle:asha_rao", "asharao"),
        ("mastodon:handle:asha.rao@social.example", "asharao"),
        ("bluesky:handle:asha-rao.bsky.social", "asharao"),
        ("x:handle:аshа_rао", "asharao"),  # Cyrillic
        ("reddit:handle:[deleted]", ""),
        ("x:id:7", ""),
        ("email:email:asha@rao.example", ""),
    ],
)
def test_handles_that_may_be_one_person_s_have_one_stem(key: str, stem: str) -> None:
    assert handle_stem(key) == stem


def test_marks_that_nobody_sees_are_no_part_of_a_handle_and_letters_that_look_alike_are() -> None:
    assert normal_handle("\u2068@as\u200bha\u2069") == "asha"
    assert normal_handle("аsha") != "asha"


def test_an_author_s_native_id_is_an_identity_beside_the_handle() -> None:
    actor = Actor(platform="x", preferred_username="Asha", native_id="7")
    assert identities_of_actor(actor) == ("x:handle:asha", "x:id:7")


def test_a_profile_links_to_accounts_and_pages_each_once_and_boundedly() -> None:
    links = (
        ProfileLink(url="https://github.com/Asha-R"),
        ProfileLink(url="https://www.github.com/asha-r/", verified=True),
        ProfileLink(url="http://asha.example"),
        ProfileLink(url="https://x.com/asha"),
        ProfileLink(url="mailto:asha@rao.example"),
        ProfileLink(url="no address"),
    )
    actor = Actor(platform="x", preferred_username="asha", links=links)
    assert links_of_actor(actor) == (("github:handle:asha-r", True), ("web:url:https://asha.example/", False))
    many = tuple(ProfileLink(url=f"https://s{i}.example") for i in range(1_000))
    assert len(links_of_actor(Actor(platform="x", preferred_username="asha", links=many))) == MOST_LINKS


@given(actors)
def test_whatever_a_profile_holds_its_links_are_keys_of_others(actor: Actor) -> None:
    own = set(identities_of_actor(actor))
    for link in links_of_actor(actor):
        assert link.key
        assert link.key not in own
