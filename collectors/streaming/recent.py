"""Posts that a stream told a moment ago, by who said them: the index is some seconds behind, and knows them not yet."""

from collections import OrderedDict


class RecentPosts:
    """The last `most` posts that were noted, by their native ids; what is older is forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._authors: OrderedDict[str, str] = OrderedDict()
        # As dictionaries, which keep the order and let one post go at once.
        self._posts: dict[str, dict[str, None]] = {}

    def note(self, post: str, author: str) -> None:
        """Note a post as the last of its author."""
        self._forget(post)
        self._authors[post] = author
        self._posts.setdefault(author, {})[post] = None
        while len(self._authors) > self._most:
            self._forget(next(iter(self._authors)))

    def of(self, author: str) -> tuple[str, ...]:
        """Return the posts of an author that are remembered, in the order in which they were noted."""
        return tuple(self._posts.get(author, ()))

    def __len__(self) -> int:
        return len(self._authors)

    def _forget(self, post: str) -> None:
        author = self._authors.pop(post, None)
        if author is None:
            return
        posts = self._posts[author]
        del posts[post]
        if not posts:
            del self._posts[author]
