"""One batch of changes into Elasticsearch: bulk requests by id and version, and the fate of each change."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from overheard.errors import EngineError, InputError, TransientError
from overheard.index.base import Change, Fate, Removal
from overheard.index.documents import Document
from overheard.index.elastic_client import Cause, ElasticClient
from overheard.index.ranges import Table, writing

# Bulk requests are cut at so many bytes. From 1 to 10 MB they are as fast; whole, a batch may have gigabytes.
_BULK = 4_000_000
# Items that Elasticsearch has no room for are sent again after so many seconds; then the whole batch is.
_PAUSES = (0.1, 0.3, 1.0, 3.0)
_LOOKED_UP = 1_000  # at once
_KEPT = "items.*.status,items.*.result,items.*.error"

_encoder = msgspec.json.Encoder()


class GoneError(TransientError):
    """An index that the table names is not there, or is written to no longer."""


@dataclass(frozen=True, slots=True)
class Written:
    """The fates of a batch's changes, the indices that must be refreshed, how many documents they did not have."""

    fates: Sequence[Fate | InputError]
    touched: frozenset[str]
    created: int


class _Operation(NamedTuple):
    number: int  # of the change
    place: str
    id: str
    version: int
    lines: bytes
    document: Document | None


class _Result(msgspec.Struct):
    status: int
    result: str = ""
    error: Cause | None = None


class _Item(msgspec.Struct):
    index: _Result | None = None
    delete: _Result | None = None


class _Answer(msgspec.Struct):
    items: Sequence[_Item] = ()


class _Copy(msgspec.Struct):
    index: str = msgspec.field(name="_index")
    id: str = msgspec.field(name="_id")
    found: bool = False
    version: int = msgspec.field(default=-1, name="_version")
    error: Cause | None = None


class _Copies(msgspec.Struct):
    docs: Sequence[_Copy] = ()


class Batch:
    """Changes, and the table of the indices that they go to. `write` once."""

    def __init__(
        self, client: ElasticClient, table: Table, changes: Sequence[Change], *, sleep: Callable[[float], None]
    ) -> None:
        self._client = client
        self._table = table
        self._changes = changes
        self._sleep = sleep

    def write(self) -> Written:
        """Write all, in order for each id. Raises GoneError, TransientError, EngineError; any part may be written then.

        Elasticsearch refuses a document whose version is not above the one it has (409), a removed one's included.
        """
        fates: list[Fate | InputError] = ["deleted"] * len(self._changes)
        suspects: list[_Operation] = []
        touched = set()
        created = 0
        for operation, result in self._send(self._operations()):
            touched.add(operation.place)
            number, document = operation.number, operation.document
            if result.status == 409:
                fates[number] = "stale"
            elif result.error is not None:
                fates[number] = InputError(f"Elasticsearch refused it: {result.error}", where=operation.id)
                continue
            elif document is not None:
                fates[number] = "indexed"
                created += result.result == "created"
            # Its place may be another one than that of an earlier version. A new document has none; and where a newer
            # one replaced it in its own place, whoever wrote that has looked already.
            if document is None or document.kind != "incident" or len(self._table.starts) == 1:
                continue
            if result.status == 409 or (result.result == "created" and not document.first):
                suspects.append(operation)
        for number, index in self._settle(suspects):
            fates[number] = "stale"
            touched.add(index)
        return Written(fates, frozenset(touched), created)

    def _operations(self) -> list[_Operation]:
        made: list[_Operation] = []
        unversioned = [c.id for c in self._changes if isinstance(c, Removal) and c.version is None]
        known = {id_: version for id_, version, _ in self._copies([(i, self._table.places(i)) for i in unversioned])}
        for number, change in enumerate(self._changes):
            if isinstance(change, Document):
                index = self._table.place(change.kind, change.k)
                made.append(_Operation(number, index, change.id, change.version, _put(index, change), change))
                if unversioned:
                    known[change.id] = max(change.version, known.get(change.id, -1))
                continue
            version = known.get(change.id) if change.version is None else change.version
            if version is not None:
                # In each range: where the document stood, and where an older version that is late would be put.
                made += [
                    _Operation(number, index, change.id, version, _delete(index, change.id, version), None)
                    for index in self._table.places(change.id)
                ]
        return made

    def _settle(self, suspects: Sequence[_Operation]) -> Iterator[tuple[int, str]]:
        """Remove all but the newest version of documents that stand in more than one range.

        Yield the numbers of changes whose version was not the newest, and the index that it was removed from.
        """
        copies: dict[str, dict[str, int]] = {}
        for id_, version, index in self._copies([(each.id, self._table.ranges) for each in suspects]):
            copies.setdefault(id_, {})[index] = version
        numbers = (
            {(c.id, c.version): n for n, c in enumerate(self._changes) if isinstance(c, Document)} if copies else {}
        )
        older: list[_Operation] = []
        for each in suspects:
            found = copies.get(each.id, {})
            newest = max(found.values(), default=-1)
            for index, version in found.items():
                if version < newest:
                    line = _delete(index, each.id, newest)
                    older.append(_Operation(each.number, index, each.id, newest, line, None))
            # Unless it is a later change of this batch that is newer.
            if each.version < newest and numbers.get((each.id, newest), -1) < each.number:
                yield each.number, each.place
        for operation, result in self._send(older):
            if result.error is not None and result.status != 409:
                msg = f"expected an older version of {operation.id} to be removed; got {result.error}"
                raise TransientError(msg)

    def _copies(self, wanted: Sequence[tuple[str, Sequence[str]]]) -> Iterator[tuple[str, int, str]]:
        """Yield (id, version, index) of what is there, also of what was not refreshed yet."""
        docs = [
            {"_index": writing(index), "_id": id_, "_source": False}
            for id_, indices in dict(wanted).items()
            for index in indices
        ]
        names = {index: index for _, indices in wanted for index in indices}
        for at in range(0, len(docs), _LOOKED_UP):
            body = {"docs": docs[at : at + _LOOKED_UP]}
            for copy in self._client.request("POST", "/_mget", _Copies, body).docs:
                if copy.error is not None:
                    msg = f"{self._client.addresses}: expected the index of {copy.index}; got {copy.error}"
                    raise GoneError(msg)
                if copy.found:
                    yield copy.id, copy.version, names[copy.index]

    def _send(self, operations: Sequence[_Operation]) -> Iterator[tuple[_Operation, _Result]]:
        """Yield each operation with its result: done, conflict (409), or refused for what it is (400)."""
        for part in _parts(operations):
            waiting = part
            for pause in (*_PAUSES, None):
                busy: list[_Operation] = []
                reason = ""
                for operation, result in zip(waiting, self._results(waiting), strict=True):
                    if result.status == 429 or result.status >= 500:
                        busy.append(operation)
                        reason = str(result.error)
                    else:
                        yield operation, result
                if not busy:
                    break
                if pause is None:
                    msg = f"{self._client.addresses}: expected room for {len(busy)} documents; got: {reason}"
                    raise TransientError(msg)
                self._sleep(pause)
                waiting = busy

    def _results(self, operations: Sequence[_Operation]) -> Sequence[_Result]:
        body = b"".join([each.lines for each in operations])
        answer = self._client.bulk(body, _Answer, require_alias="true", filter_path=_KEPT)
        results = [result for item in answer.items if (result := item.index or item.delete)]
        if len(results) != len(operations):
            msg = f"{self._client.addresses}: expected {len(operations)} results of a bulk request; got {len(results)}"
            raise TransientError(msg)
        for result in results:
            if result.error is not None and result.status != 409:
                self._judge(result.status, result.error)
        return results

    def _judge(self, status: int, error: Cause) -> None:
        """Raise what concerns all that is written; what has no room just now is left to be sent again."""
        if error.type == "cluster_block_exception":
            msg = f"{self._client.addresses}: Elasticsearch takes no writes just now, as when its disk is full: "
            raise TransientError(f"{msg}{error}")
        if status == 404 or error.type == "invalid_index_name_exception":
            msg = f"{self._client.addresses}: expected an index to write to; got {error}"
            raise GoneError(msg)
        if status in (401, 403):
            msg = f"{self._client.addresses}: expected rights to write; got {status} {error}"
            raise EngineError(msg)


def _parts(operations: Sequence[_Operation]) -> Iterator[Sequence[_Operation]]:
    part: list[_Operation] = []
    size = 0
    for operation in operations:
        if part and size + len(operation.lines) > _BULK:
            yield part
            part, size = [], 0
        part.append(operation)
        size += len(operation.lines)
    if part:
        yield part


def _put(index: str, document: Document) -> bytes:
    action = (
        f'{{"index":{{"_index":"{writing(index)}","_id":{_text(document.id)},'
        f'"version":{document.version},"version_type":"external"}}}}\n'
    )
    source = {"k": document.k, "day": document.day, **document.texts, **document.values}
    if document.keys:
        source["keys"] = document.keys
    # Canonical JSON is one line: it goes in as it is.
    return b'%b%b,"json":%b}\n' % (action.encode(), _encoder.encode(source)[:-1], document.json)


def _delete(index: str, id_: str, version: int) -> bytes:
    # external_gte: a removal beats a document of its own version.
    where = f'"_index":"{writing(index)}","_id":{_text(id_)}'
    return f'{{"delete":{{{where},"version":{version},"version_type":"external_gte"}}}}\n'.encode()


def _text(text: str) -> str:
    return _encoder.encode(text).decode()
