"""A post of the sample world, and all that the world itself knows about it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Post:
    """One public utterance.

    `key` is unique in the world, `site` names the source that serves it, `published` is UTC. `author` is the handle or
    name that it is signed with ("" for nobody); `contact` is the external id of the contact who really wrote it, ""
    for a stranger, and `known` says whether the CRM can know that: it has the handle, address or site. `about` are ids
    of watched terms, `names` the contacts whose full name stands in the text. `parent` is the key of the post answered.
    """

    key: str
    site: str
    kind: str
    published: datetime
    text: str
    title: str = ""
    author: str = ""
    contact: str = ""
    known: bool = False
    parent: str = ""
    about: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    language: str = ""
    topic: str = ""
    likes: int = 0
    replies: int = 0
