"""The posts of an account that is gone are found by how their addresses begin."""

from contextlib import closing
from pathlib import Path

from overheard.folder import Folder
from overheard.index.documents import document_of
from overheard.index.embedded import EmbeddedIndex
from overheard.urls import canonical_url
from overheard.wiring.listening import posts_at
from tests.index.world import incident, profile


def test_posts_are_found_by_any_of_their_addresses_and_others_are_not(tmp_path: Path) -> None:
    by_did, other = "https://bsky.app/profile/did:plc:abc/post/1", "https://bsky.app/profile/did:plc:abcd/post/1"
    first = incident(1, "one", native_id="at://did:plc:abc/app.bsky.feed.post/1", url=by_did)
    by_handle = incident(
        2,
        "two",
        native_id="at://did:plc:abc/app.bsky.feed.post/2",
        url="https://bsky.app/profile/asha.example/post/2",
        aliases=(canonical_url("https://bsky.app/profile/did:plc:abc/post/2"),),
    )
    others = incident(3, "three", native_id="at://did:plc:abcd/app.bsky.feed.post/1", url=other)
    with Folder(tmp_path / "data") as folder, closing(EmbeddedIndex(folder)) as index:
        index.apply([document_of(one, 1) for one in (first, by_handle, others, profile(1, "Jane Doe"))])
        index.flush()
        found = posts_at(index, "https://bsky.app/profile/did:plc:abc/post/")
    assert sorted(found) == ["at://did:plc:abc/app.bsky.feed.post/1", "at://did:plc:abc/app.bsky.feed.post/2"]
