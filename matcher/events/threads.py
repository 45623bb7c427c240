"""Threads: the keys under which a post, what it answers, and the root of its thread meet. Pure."""

from overheard.records import Mention
from overheard.urls import canonical_url


def thread_keys(mention: Mention) -> frozenset[str]:
    """Return a key for each name of the post itself, of what it answers, and of its thread's root.

    Posts that share a key are of one thread, or one post that came under two ids. A name is a canonical URL, or an id
    on the mention's platform. The front page of a site names no post.
    """
    keys = {_of_url(url) for url in (mention.url, *mention.aliases) if url}
    keys.add(_of_id(mention.platform, mention.native_id))
    for name in (mention.in_reply_to.strip(), mention.context.strip()):
        if name:
            keys.add(_of_url(name) if name[:4].lower() == "http" else _of_id(mention.platform, name))
    return frozenset(key for key in keys if key)


def _of_id(platform: str, native_id: str) -> str:
    return f"id {platform} {native_id}" if native_id else ""


def _of_url(url: str) -> str:
    canonical = canonical_url(url)
    _, _, path = canonical.removeprefix("https://").partition("/")
    return f"url {canonical}" if path else ""
