"""Ids: the same for the same thing, for ever."""

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.records import (
    account_id,
    contact_id,
    digest,
    identity_key,
    incident_id,
    mention_id,
    snippet_id,
)
from overheard.urls import canonical_url
from tests.strategies import raw_texts

parts = st.lists(raw_texts, max_size=4)


def test_ids_do_not_move() -> None:
    assert digest() == "zltgsqoz566uatsnrb2y5jtwoa"
    assert digest("ab", "c") == "2ma4ohkspinjvyhb4hs35yjv6u"
    assert digest("你好 \ud800") == "53ual7id7l7yfe73ktqquwucry"
    assert mention_id("reddit", "t3_66u61") == "men_qneuk6aoptv2cgydl24nfpty7q"
    assert mention_id("web", url="https://example.com/a?b=1") == "men_thugvbf4yr62nhsqfns3vl4l4q"
    assert contact_id("crm", "r001") == "con_xgmvft2q3xke6x355diqjogwe4"
    assert account_id("crm", "a001") == "acc_s5fntd3yqh6bw2nvscmpusq6ci"
    assert incident_id("men_a") == "inc_2vyisrmbtoymex7gqrdv4s7zlm"
    assert snippet_id("men_a", "acme", 3, 14) == "sni_2bj7xpc66izyc2hhchcnab6pmu"
    assert identity_key("reddit", "handle", "antdude") == "reddit:handle:antdude"


@given(parts=parts)
def test_a_digest_is_base32_of_blake2b_over_length_prefixed_parts(parts: list[str]) -> None:
    h = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        h.update(len(data).to_bytes(8, "big") + data)
    assert digest(*parts) == base64.b32encode(h.digest()).decode().rstrip("=").lower()
    assert re.fullmatch("[a-z2-7]{26}", digest(*parts))


@given(one=parts, two=parts)
def test_different_parts_have_different_digests(one: list[str], two: list[str]) -> None:
    assert (digest(*one) == digest(*two)) == (one == two)


def test_where_parts_are_cut_counts() -> None:
    assert len({digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("abc", ""), digest("", "abc")}) == 5


@given(external=raw_texts)
def test_kinds_of_things_do_not_share_ids(external: str) -> None:
    ids = {
        contact_id("crm", external),
        account_id("crm", external),
        incident_id(external),
        snippet_id("crm", external, 0, 1),
        mention_id("crm", external or "x"),
        mention_id("crm", url=external or "x"),
    }
    assert len(ids) == 6
    assert len({i[:4] for i in ids}) == 5


def test_one_crm_s_record_is_not_another_s() -> None:
    assert contact_id("salesforce", "1") != contact_id("hubspot", "1")


def test_the_native_id_counts_before_the_url() -> None:
    assert mention_id("x", "1", url="https://x.com/a/1") == mention_id("x", "1", url="https://x.com/b/1")
    assert mention_id("x", "1") != mention_id("reddit", "1")


def test_a_post_found_by_url_has_one_id_whoever_finds_it() -> None:
    seen = ["http://www.example.com/a/?utm_source=feed", "https://example.com/a", "HTTPS://EXAMPLE.COM:443/a#top"]
    assert len({mention_id(source, url=canonical_url(url)) for source in ("feed", "files") for url in seen}) == 1


def test_a_mention_without_native_id_and_url_has_no_id() -> None:
    with pytest.raises(ValueError, match="native id or a URL"):
        mention_id("web")
