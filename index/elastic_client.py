"""Requests to one Elasticsearch cluster, its answers as bytes or typed, its errors in our words."""

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from typing import Any, NoReturn, TypeVar

import msgspec
from elasticsearch import (
    ApiError,
    ConnectionTimeout,
    Elasticsearch,
    SSLError,
    TransportError,
    UnsupportedProductError,
)
from elasticsearch.serializer import JsonSerializer

from overheard.errors import EngineError, InputError, TransientError

T = TypeVar("T")

MAJOR = 9  # of the server's version, as of the client's
# A request takes so long at most, in seconds; what takes longer is tried again.
TIMEOUT = 30.0
_JSON = "application/json"
_NDJSON = "application/x-ndjson"
_LOOK = 0.5  # how often a cluster that is not there yet is asked, in seconds
# What may pass by itself: too many requests, a full memory, a node or a shard away.
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


class Cause(msgspec.Struct):
    """Why Elasticsearch refused something, in its own words."""

    type: str = ""
    reason: str | None = None
    caused_by: "Cause | None" = None

    def __str__(self) -> str:
        inner = self.caused_by.reason if self.caused_by and self.caused_by.reason != self.reason else None
        # Cut, since it may quote the document.
        return ": ".join(part[:200] for part in (self.type, self.reason, inner) if part)


class RefusedError(Exception):
    """Elasticsearch refused a request that was one: not there (404), wrong (400), too late (409).

    Whoever asks knows what that means, and lets no user see it.
    """

    def __init__(self, status: int, cause: Cause) -> None:
        super().__init__(f"{status} {cause}")
        self.status = status
        self.type = cause.type


class AwayError(TransientError):
    """A shard or a node is away; or it was just removed, since a rebuild took its place."""


class _Error(msgspec.Struct):
    error: "_Causes | str" = ""


class _Causes(Cause):
    root_cause: Sequence[Cause] = ()


class _Version(msgspec.Struct):
    version: str


class _Nodes(msgspec.Struct):
    nodes: Mapping[str, _Version]


class _Bytes(JsonSerializer):
    """Leaves answers as the bytes that came, so that they are decoded once, into what is wanted."""

    def loads(self, data: bytes) -> Any:
        return data


class ElasticClient:
    """A cluster, by the addresses of some of its nodes. Thread-safe. No request is made before it is asked for one.

    `ca` is a PEM file. Who asks is said by `api_key`, or by `user` and `password`. `timeout` is of one request, in
    seconds. Raises EngineError for a `ca` that cannot be read, and a key that is none.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        *,
        ca: str = "",
        api_key: str = "",
        user: str = "",
        password: str = "",
        timeout: float = TIMEOUT,
    ) -> None:
        self.addresses = ", ".join(addresses)
        options: dict[str, Any] = {"ca_certs": ca} if ca else {}
        if api_key:
            if not (api_key.isascii() and api_key.isprintable()):
                msg = "expected an API key as Elasticsearch gives it (`encoded`); got other characters in it. "
                raise EngineError(msg + "Look at api_key_env, api_key_file of [index]")
            options["api_key"] = api_key
        elif user:
            options["basic_auth"] = (user, password)
        try:
            if ca:
                ssl.create_default_context(cafile=ca)  # the client would look at it when it first connects
            self._client = Elasticsearch(
                list(addresses),
                request_timeout=timeout,
                # Each node once: the others may be there. What is done twice changes nothing.
                max_retries=max(len(addresses) - 1, 0),
                retry_on_timeout=True,
                serializers={_JSON: _Bytes()},
                **options,
            )
        except (OSError, ValueError) as e:
            msg = f"expected addresses of Elasticsearch, and a CA in PEM; got {self.addresses} and {ca!r}: {e}. "
            raise EngineError(msg + "Look at addresses and ca of [index]") from e

    def request(self, method: str, path: str, kind: type[T], body: Any = None, **params: str) -> T:
        """Return the answer, decoded as `kind`.

        Raises RefusedError for 400, 404 and 409; EngineError for rights, certificates and versions; TransientError for
        all that may pass; InputError for what is too large.
        """
        answer = self.send(method, path, None if body is None else msgspec.json.encode(body), _JSON, **params)
        try:
            return msgspec.json.decode(answer, type=kind)
        except msgspec.DecodeError as e:
            msg = f"{self.addresses}: expected an answer of Elasticsearch {MAJOR}; got {answer[:80]!r}: {e}"
            raise TransientError(msg) from e

    def bulk(self, body: bytes, kind: type[T], **params: str) -> T:
        """Return the answer to a bulk request in NDJSON; raises as `request`."""
        return msgspec.json.decode(self.send("POST", "/_bulk", body, _NDJSON, **params), type=kind)

    def send(self, method: str, path: str, body: bytes | None, content: str = _JSON, **params: str) -> bytes:
        """Return the answer as it came; raises as `request`."""
        headers = {"accept": _JSON} if body is None else {"accept": _JSON, "content-type": content}
        try:
            answer = self._client.perform_request(method, path, params=params, headers=headers, body=body).body
        except UnsupportedProductError as e:
            msg = f"{self.addresses}: expected Elasticsearch {MAJOR}; something else answered. Look at index.addresses"
            raise EngineError(msg) from e
        except ApiError as e:
            self._refuse(e)
        except SSLError as e:
            cause = _root(e)
            if isinstance(cause, ssl.SSLCertVerificationError | ValueError):
                said = getattr(cause, "verify_message", cause)
                msg = (
                    f"{self.addresses}: expected a certificate that index.ca or this machine vouches for, in date and "
                    f"made out to this host; got one of which TLS says: {said}. Name the CA's PEM file in index.ca and "
                    "the host as the certificate does, or have the server given another certificate"
                )
            else:
                msg = (
                    f"{self.addresses}: expected a server that speaks TLS; got: {cause}. Where it speaks none, write "
                    "http:// in index.addresses"
                )
            raise EngineError(msg) from e
        except ConnectionTimeout as e:
            msg = f"{self.addresses}: expected Elasticsearch to answer {method} {path} in time; it did not"
            raise TransientError(msg) from e
        except TransportError as e:
            msg = (
                f"{self.addresses}: expected Elasticsearch to answer; got: {_root(e)}. Is it running? Where it speaks "
                "TLS, write https:// in index.addresses"
            )
            raise TransientError(msg) from e
        return answer if isinstance(answer, bytes) else str(answer or "").encode()

    def _refuse(self, e: ApiError) -> NoReturn:
        status, cause = e.meta.status, _cause(e.body)
        said = f"{status} {cause}"
        if status == 401:
            msg = (
                f"{self.addresses}: expected an API key, or a user and password, that Elasticsearch knows; got {said}. "
                "Look at api_key_env, api_key_file, user, password_env, password_file of [index]"
            )
            raise EngineError(msg) from e
        if cause.type == "cluster_block_exception":
            msg = f"{self.addresses}: Elasticsearch takes no writes just now, as when its disk is full: {cause}"
            raise TransientError(msg) from e
        if status == 403:
            msg = (
                f"{self.addresses}: expected rights to the indices and their aliases (all), and to look at the cluster "
                f"(monitor); got {said}. Give them to the user or key of [index]"
            )
            raise EngineError(msg) from e
        if cause.type == "media_type_header_exception":
            msg = f"{self.addresses}: expected Elasticsearch {MAJOR}; it does not know that version: {cause}"
            raise EngineError(msg) from e
        if status == 413:
            msg = f"expected a document that Elasticsearch takes (http.max_content_length); got {said}"
            raise InputError(msg) from e
        if status in _PASSING:
            msg = f"{self.addresses}: expected Elasticsearch to do as asked; got {said}"
            raise (AwayError if status == 503 else TransientError)(msg) from e
        raise RefusedError(status, cause) from e

    def wait_ready(
        self,
        patience: float = 30.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Wait up to `patience` seconds until the cluster answers. Raises EngineError where it cannot be used as it is.

        That is also said of one that does not answer in time.
        """
        until = clock() + patience
        while True:
            try:
                found = self.request("GET", "/_nodes/_local", _Nodes, filter_path="nodes.*.version")
            except RefusedError as e:
                msg = f"{self.addresses}: expected Elasticsearch {MAJOR}; got {e}. Look at index.addresses"
                raise EngineError(msg) from e
            except TransientError as e:
                if clock() >= until:
                    msg = f"{e}. Waited {patience:g} s. Look at index.addresses"
                    raise EngineError(msg) from e
                sleep(_LOOK)
                continue
            for version in (node.version for node in found.nodes.values()):
                if version.partition(".")[0] != str(MAJOR):
                    msg = f"{self.addresses}: expected Elasticsearch {MAJOR}; got {version}. Update one of the two"
                    raise EngineError(msg)
            return

    def close(self) -> None:
        """Close the connections. No call may follow."""
        self._client.close()


def _root(error: TransportError) -> BaseException:
    """Return what a connection met: what the library puts around it names places in memory, or nothing."""
    found: BaseException | None = error
    # A ValueError: what urllib3 says of a certificate that is made out to another host.
    while found is not None and not isinstance(found, OSError | HTTPException | ValueError):
        found = found.__cause__ or found.__context__
    return found or error


def _cause(body: Any) -> Cause:
    """Return the cause of an error's body, which may be anything: a proxy may have answered."""
    try:
        error = msgspec.json.decode(body, type=_Error).error if isinstance(body, bytes) else str(body)
    except msgspec.DecodeError:
        error = body[:200].decode(errors="replace") if isinstance(body, bytes) else ""
    if isinstance(error, str):
        return Cause(reason=error)
    # The whole is often "all shards failed"; the root says why.
    root = error.root_cause[0] if error.root_cause else error
    type_ = error.type if error.type == "cluster_block_exception" else root.type or error.type
    return Cause(type_, root.reason, error.caused_by)
