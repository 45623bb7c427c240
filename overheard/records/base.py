"""What all records share: their base class and the words that several of them use."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec


class RecordError(ValueError):
    """Bytes that are not a record of ours, or of a schema newer than this program; or a record JSON cannot hold."""


# gc=False: an immutable record can be in no circle of references, so nobody need look for one among those of a hundred
# thousand contacts, again and again.
class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """Base of all records: immutable, keyword-only, camelCase in JSON, defaults left out of the JSON.

    A copy in another process (pickle) has the same JSON, and so the same hash.
    """

    def __reduce__(self) -> tuple[Callable[..., "Record"], tuple[type["Record"], Mapping[str, Any]]]:
        # A default is left out of the JSON where it is the very object; one that was pickled would be another.
        names = self.__struct_fields__
        defaults = dict(zip(reversed(names), reversed(self.__struct_defaults__), strict=False))
        values = ((name, getattr(self, name)) for name in names)
        return _made, (type(self), {name: value for name, value in values if value is not defaults.get(name, ...)})


def _made(kind: type[Record], given: Mapping[str, Any]) -> Record:
    return kind(**given)


# Every time is aware: decoding refuses one without an offset.
Time = Annotated[datetime, msgspec.Meta(tz=True)]

# ActivityStreams 2.0 activity types: what happened to the subject.
Verb = Literal["Create", "Update", "Delete"]

# ActivityStreams 2.0 object types, and schema.org's Review, which it lacks.
ObjectType = Literal["Note", "Article", "Question", "Review", "Page", "Video", "Audio", "Image"]

# Why a record was made; only `live` may ever deliver an alert.
Cause = Literal["live", "back-fill", "replay", "re-match", "decision"]
