"""What was typed for a source, as its settings: where a secret is and never what it is, and a name that tells none."""

import tomllib

import pytest

from overheard.collectors.feeds.feed import Feed
from overheard.collectors.pushed.push import Push
from overheard.errors import InputError
from overheard.wiring.sourceforms import name_for, source_of, table_text

# Made up: Base64 of 24 and 32 bytes, with and without what Standard Webhooks puts before.
TOKENS = [
    "kX9abcdefghijklm/opqrstuvwxyzABCDEFGH12345=",
    "whsec_kX9abcdefghijklm/opqrstuvwxyzABCDEFGH12345=",
    "Qm9iJ3MgdG/rZW4gd2l0/CBieXRl",
    "a3/Kd8+Lm2/Qz7/Rt5/Wx9/Bv4/C",
    "/3xKd8+Lm2oQz7uRt5eWx9yBv4nC1==",
    "ya29.a0AfB3xKd8Lm2oQz7uRt5eW",
    "eyJh.bGci-Oi_JI.UzI1NiJ9kQ8",
]


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("key", ["secret", "secret_file", "secret_env"])
def test_a_secret_with_slashes_is_no_path(token: str, key: str) -> None:
    with pytest.raises(InputError, match="never what it is") as caught:
        source_of(Push, {"name": "p", key: token})
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "./our-token",
        "secrets/our-forum",
        "/run/secrets/forum",
        "our.token",
        "../Secrets2/Forum/webhookSecret1",
        "/etc/Overheard2/token",
        "~/.secrets/forum",
        "secrets/8f14e45f-ceea467f",
        "Secrets-2/Forum.Webhook_v1.txt",
    ],
)
def test_a_path_is_one_whether_or_not_there_is_anything_yet(path: str) -> None:
    _, table = source_of(Push, {"name": "p", "secret": path})
    assert table["secret_file"] == path


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://forum.example/private.atom?token=s3cr3t", "feed-forum-example-private-atom"),
        ("https://forum.example/feed?page=1&api_key=s3cr3t", "forum-example-feed"),
        ("https://meera:s3cr3t@forum.example/feed", "forum-example-feed"),
        ("https://videos.example/feeds.xml?channel=UC7", "feed-videos-example-xml-channel"),
        ("http://[", "feed"),
    ],
)
def test_a_name_tells_no_secret_that_stands_in_an_address(url: str, expected: str) -> None:
    name = name_for("feed", {"url": url}, [], ["url"])
    assert "s3cr3t" not in name
    if "channel" not in expected:
        assert name == expected
    else:
        assert name.endswith("channel-uc7")


def test_a_name_is_of_its_own_also_where_addresses_differ_in_a_secret_alone() -> None:
    given = {"url": "https://forum.example/feed?token=s3cr3t2"}
    assert name_for("feed", given, ["forum-example-feed"], ["url"]) == "forum-example-feed-2"
    assert source_of(Feed, {**given, "name": "f"})[1]["url"] == given["url"]


def test_a_table_in_a_table_stands_in_one_line() -> None:
    _, table = source_of(
        Feed, {"name": "f", "url": "https://a.example/f", "policy": '{ retention = 30, without = ["author"] }'}
    )
    found = tomllib.loads(table_text("feed", table))["feed"]
    assert found == [
        {"name": "f", "url": "https://a.example/f", "policy": {"retention": 30, "without": ["author"]}},
    ]


@pytest.mark.parametrize("name", ["two\nlines", "a\x1b[2J", "tab\tin"])
def test_a_name_is_one_line_of_what_can_be_shown(name: str) -> None:
    with pytest.raises(InputError, match="one line"):
        source_of(Feed, {"name": name, "url": "https://a.example/f"})
