"""A map from a key to many ids, small in memory."""

from collections.abc import Collection, KeysView
from typing import Generic, TypeVar

K = TypeVar("K")


class Multi(Generic[K]):
    """A map from a key to a set of ids. A single id is kept bare: most keys have one, and a set takes 200 bytes."""

    def __init__(self) -> None:
        self._ids: dict[K, str | set[str]] = {}

    def file(self, key: K, id_: str, add: bool) -> None:
        """Put an id to a key, or take it away."""
        ids = self._ids.get(key)
        if add:
            if ids is None:
                self._ids[key] = id_
            elif isinstance(ids, set):
                ids.add(id_)
            elif ids != id_:
                self._ids[key] = {ids, id_}
        elif isinstance(ids, set):
            ids.discard(id_)
            if len(ids) == 1:
                self._ids[key] = ids.pop()
        elif ids == id_:
            del self._ids[key]

    def of(self, key: K) -> tuple[str, ...]:
        """Return the ids of a key, sorted."""
        ids = self._ids.get(key)
        if ids is None:
            return ()
        return (ids,) if isinstance(ids, str) else tuple(sorted(ids))

    def held(self, key: K) -> Collection[str]:
        """Return the ids of a key, in no order, for whoever only looks: the same object that holds them."""
        ids = self._ids.get(key, ())
        return (ids,) if isinstance(ids, str) else ids

    @property
    def keys(self) -> KeysView[K]:
        """The keys that have ids, as they are now and will be: to look many up at once."""
        return self._ids.keys()

    def count(self, key: K) -> int:
        """Return how many ids a key has."""
        ids = self._ids.get(key, ())
        return 1 if isinstance(ids, str) else len(ids)

    def __contains__(self, key: K) -> bool:
        return key in self._ids

    def among(self, keys: frozenset[K]) -> set[K]:
        """Return those of the keys that have ids."""
        return self._ids.keys() & keys
