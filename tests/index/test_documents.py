"""Documents: what of a record can be found, and the normal form of its values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from overheard.errors import InputError
from overheard.index.documents import document_of, lookup_keys, record_of, text_of
from overheard.index.fields import MAX_URL, VALUE_FIELDS, normal_value
from overheard.records import Actor, Concern, Identity, Incident, Intent, Party, Profile, ProfileIdentity
from overheard.text import fold
from overheard.urls import canonical_url
from tests.index.world import incident, profile
from tests.strategies import raw_texts


def test_an_incident_is_found_by_what_it_holds() -> None:
    record = incident(
        1,
        "Thanks @NVIDIA #GTC24",
        name="A Headline",
        url="http://www.blog.nvidia.co.uk/a/?utm_source=x",
        aliases=("https://nvda.example/s",),
        tag=("Sale",),
        about=("Nvidia",),
        attributed_to=Actor(platform="x", preferred_username="AntDude", name="José Ant"),
        parties=(
            Party(role="author", subject="con_1", outcome="linked", score=1.0),
            Party(role="employer", subject="acc_1", outcome="linked", score=1.0),
            Party(role="mentioned", subject="con_2", outcome="candidate", score=0.4),
            Party(role="mentioned", subject="x:handle:foo", outcome="bare", score=0.0),
        ),
    )
    document = document_of(record, 7)
    assert (document.id, document.version, document.kind, document.k) == (record.id, 7, "incident", int(record.k))
    assert document.texts == {
        "text": "a headline thanks nvidia gtc24",
        "title": "a headline",
        "author": "antdude jose ant",
    }
    assert document.values == {
        "kind": ("incident",),
        "type": ("note",),
        "source": ("x",),
        "platform": ("x",),
        "channel": ("public",),
        "language": ("en",),
        "about": ("nvidia",),
        "sentiment": ("neutral",),
        "status": ("open",),
        "event": (record.id,),
        "contact": ("con_1",),
        "account": ("acc_1",),
        "candidate": ("con_2",),
        "handle": ("nvidia",),
        "tag": ("sale", "gtc24"),
        "site": ("blog.nvidia.co.uk", "nvidia.co.uk"),
        "url": ("https://blog.nvidia.co.uk/a", "https://nvda.example/s"),
    }
    assert record_of(document.kind, document.json) == record


def test_an_incident_is_found_by_its_intents_and_by_its_concerns_of_a_product() -> None:
    record = replace(
        incident(1, "The L200 arrived late. And the fan!"),
        intents=(
            Intent(label="complaint", start=0, end=22, confidence=0.9, target="l200"),
            Intent(label="complaint", start=23, end=35, confidence=0.8),
            Intent(label="churn-risk", start=23, end=35, confidence=0.8),
        ),
        concerns=(
            Concern(topic="delivery", kind="complaint", start=0, end=22, target="l200"),
            Concern(topic="Fan noise", kind="wish", start=23, end=35),
        ),
    )
    values = document_of(record, 1).values
    assert values["intent"] == ("complaint", "churn-risk")
    assert values["concern"] == ("delivery", "fan noise")
    assert values["issue"] == ("l200/delivery",)


def test_an_incident_is_found_by_what_people_made_of_it_and_by_its_event() -> None:
    record = replace(incident(1, "x #sale"), event="inc_1", assignee="Asha Rao", tags=("Urgent",), status="in progress")
    values = document_of(record, 1).values
    assert (values["event"], values["assignee"], values["tag"]) == (("inc_1",), ("asha rao",), ("sale", "urgent"))
    assert values["status"] == ("in progress",)


def test_a_profile_is_found_by_its_people_and_keeps_its_record() -> None:
    record = profile(1, "Jane Doe", title="CTO", account="acc_1", by_term={"nvidia": 3})
    document = document_of(record, 2)
    assert document.texts == {"text": "jane doe cto", "title": "jane doe"}
    assert document.values["contact"] == ("con_1",)
    assert document.values["account"] == ("acc_1",)
    assert document.values["about"] == ("nvidia",)
    assert record_of(document.kind, document.json) == record
    assert text_of(record) == "Jane Doe\nCTO"


def test_equal_records_give_equal_documents_byte_for_byte() -> None:
    assert document_of(incident(1, "x"), 1) == document_of(incident(1, "x"), 1)


def test_profiles_of_one_incident_do_not_share_a_sort_key_and_keep_its_time() -> None:
    newest = incident(1, "x").k
    one, other = (document_of(profile(n, "Jane", k=newest), 1) for n in (1, 2))
    assert one.k != other.k
    assert one.day == other.day == document_of(incident(1, "x"), 1).day


@pytest.mark.parametrize("k", ["", "-1", "1e5", "٣", str(1 << 63), "9" * 400])
def test_a_sort_key_that_is_none_is_refused_with_the_record_named(k: str) -> None:
    with pytest.raises(InputError, match="expected k as a decimal number") as caught:
        document_of(incident(1, "x", k=k), 1)
    assert caught.value.where == incident(1, "x").id


def test_a_lone_surrogate_is_refused_and_does_not_crash() -> None:
    with pytest.raises(InputError, match="lone surrogate"):
        document_of(incident(1, "a\ud800b"), 1)
    with pytest.raises(InputError, match="lone surrogate"):
        document_of(profile(1, "a\ud800b"), 1)


@given(st.sampled_from(sorted(VALUE_FIELDS)), raw_texts)
def test_a_normal_value_is_its_own_normal_value(field: str, value: str) -> None:
    normal = normal_value(field, value)
    assert normal_value(field, normal) == normal
    assert len(normal) <= MAX_URL
    normal.encode()


@given(raw_texts)
def test_any_text_gives_keys_to_look_up(who: str) -> None:
    assert all(key and not key.endswith(":") for key in lookup_keys(who))


@given(st.from_type(int).map(lambda n: n % (1 << 63)), raw_texts)
def test_any_text_of_a_record_is_indexed_or_refused(k: int, text: str) -> None:
    records: list[Incident | Profile] = [incident(1, text, k=str(k), name=text), profile(1, text, k=str(k))]
    for record in records:
        try:
            document = document_of(record, 1)
        except InputError:
            continue
        assert 0 <= document.k < 1 << 63


_hosts = st.lists(
    st.sampled_from(
        ("www", "m", "amp", "old", "reddit", "com", "co", "uk", "example", "x-1", "127", "0", "-", "twitter")
    ),
    max_size=5,
)
_paths = st.lists(
    st.sampled_from(["a", "A_b~c", "x.html", ".", "..", ".a", "amp", "example", "", "%41", "é", "a;b", "?q=1", "#1234"])
)


@given(st.sampled_from(["http://", "https://", "HTTP://", "ftp://", ""]), _hosts.map(".".join), _paths.map("/".join))
def test_an_address_is_its_canonical_url_where_it_has_one(scheme: str, host: str, path: str) -> None:
    url = f"{scheme}{host}/{path}"
    assert normal_value("url", url) == (canonical_url(url) or fold(url))


def test_a_phone_number_is_looked_up_with_and_without_its_country_and_an_extension_is_none() -> None:
    phone = Identity(platform="phone", type="phone", value="+919822012345", subject="con_1")
    record = replace(profile(1, "Jane Doe"), identities=(ProfileIdentity(identity=phone),))
    keys = set(document_of(record, 1).keys)
    for who in ("+91 98220 12345", "+91-98220-12345", "0091 98220 12345", "098220 12345", "९८२२० १२३४५"):
        assert keys & set(lookup_keys(who)), who
    for who in ("2012345", "12345", "98220 12346", "+1 982 201 2345"):
        assert not keys & set(lookup_keys(who)), who
