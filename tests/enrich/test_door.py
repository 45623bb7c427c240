"""The door of a stream lets in all that the winnow would pass, and is followed on `watch`."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from overheard.collectors.streaming.jetstream import Jetstream
from overheard.enrich.sieve import Door, Sieve
from overheard.enrich.winnow import Winnow
from overheard.records import Fetch, Identity, Term, WatchedSource

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SOURCE = Jetstream(name="all-of-bluesky")
TERMS = [
    Term(id="t1", kind="company", aliases=("Paperfold", "Ácme Corp", "紙"), handles=("bluesky:acme.example",)),
    Term(id="t2", kind="own-product", aliases=("fold it",), domains=("paperfold.example",)),
    Term(id="t3", kind="own-product", aliases=("Straße",), requires=("paper",)),
]
IDENTITIES = [
    Identity(platform="bluesky", type="id", value="did:plc:w2tched", subject="con_1"),
    Identity(platform="web", type="url", value="https://asha.example", subject="con_1"),
    Identity(platform="bluesky", type="name", value="asha rao", subject="con_2"),
]
DOOR = Door(
    Sieve([*TERMS, Term(id="n", kind="category", aliases=("asha rao",))]),
    {one.key for one in IDENTITIES if one.type != "name"},
    (),
)
WINNOW = Winnow(TERMS, IDENTITIES)

pieces = st.sampled_from([
    "Paperfold", "paper fold", "PAPERFOLD", "fold", "it", "Ácme", "A\u0301cme", "Corp", "紙", "strasse", "paper",
    "asha",
    "Rao", "\n", " ", " ", "\u200d", "\u00ad", ".", "@acme.example", "https://paperfold.example/a", "asha.example", "…",
    "paperfold.example/lo...", "x", "\t", "™", '"', "\\", "😀", "\x07",
])  # fmt: skip
texts = st.lists(pieces, max_size=8).map("".join) | st.text(max_size=30)
urls = st.sampled_from([
    "https://paperfold.example/long/way", "https://asha.example", "https://other.example", "not a url",
    "https://bsky.app/profile/acme.example",
])  # fmt: skip
indices = st.integers(-1, 30)
facets = st.fixed_dictionaries({
    "index": st.fixed_dictionaries({"byteStart": indices, "byteEnd": indices}),
    "features": st.lists(
        st.fixed_dictionaries({"uri": urls}) | st.fixed_dictionaries({"tag": texts}) | st.none(), max_size=2
    ),
})  # fmt: skip
embeds = st.one_of(
    st.fixed_dictionaries({"images": st.lists(st.fixed_dictionaries({"alt": texts}), max_size=2)}),
    st.fixed_dictionaries({"external": st.fixed_dictionaries({"uri": urls, "title": texts})}),
    st.fixed_dictionaries({"alt": texts}),
    st.fixed_dictionaries({"media": st.fixed_dictionaries({"external": st.fixed_dictionaries({"uri": urls})})}),
    st.fixed_dictionaries({"record": st.fixed_dictionaries({"uri": st.just("at://did:x/app.bsky.feed.post/1")})}),
)
odd: st.SearchStrategy[Any] = st.sampled_from([None, 1, [], {}, "x"])
records = st.fixed_dictionaries(
    {"text": texts | odd},
    optional={"facets": st.lists(facets, max_size=2) | odd, "embed": embeds | odd, "tags": st.lists(texts, max_size=2)},
)


def event(record: dict[str, Any], did: str, operation: str = "create", *, ascii_only: bool = True) -> bytes:
    commit = {"operation": operation, "collection": "app.bsky.feed.post", "rkey": "3k", "record": record}
    whole = {"did": did, "time_us": 1_779_719_009_132_431, "kind": "commit", "commit": commit}
    return json.dumps(whole, ensure_ascii=ascii_only).encode("utf-8", "replace")


@settings(max_examples=600, deadline=None)
@given(records, st.sampled_from(["did:plc:w2tched", "did:plc:nobody"]), st.booleans())
def test_no_post_that_the_winnow_would_pass_is_kept_out(record: dict[str, Any], did: str, ascii_only: bool) -> None:
    frame = event(record, did, ascii_only=ascii_only)
    sifted = SOURCE.sift([frame], DOOR, lambda _: (), NOW)
    fetch = Fetch(id="f", source=SOURCE.name, url="", final_url="", status=200, body=frame, at=NOW)
    reading = SOURCE.read(fetch)
    for mention in reading.mentions:
        if WINNOW.winnow(mention) is not None:
            assert sifted.lines == [frame]
    if reading.rejected:
        assert sifted.lines == [frame], "what cannot be read is said as a dead letter"


def test_a_post_that_says_nothing_of_what_is_watched_is_kept_out() -> None:
    frames = [event({"text": text}, "did:plc:nobody") for text in ("Good morning", "unfold", "Paperfolding", "papers")]
    assert not SOURCE.sift(frames, DOOR, lambda _: (), NOW).lines


def test_a_source_that_always_passes_is_let_in_whole() -> None:
    always = Door(Sieve(TERMS), set(), {SOURCE.name})
    frames = [event({"text": "Good morning"}, "did:plc:nobody")]
    assert SOURCE.sift(frames, always, lambda _: (), NOW).lines == frames
    winnow = Winnow(sources=[WatchedSource(source=SOURCE.name, always=True)])
    fetch = Fetch(id="f", source=SOURCE.name, url="", final_url="", status=200, body=frames[0], at=NOW)
    assert winnow.winnow(SOURCE.read(fetch).mentions[0]) is not None
