"""Reaching Kafka: the client's options, its errors in our words, and why a broker cannot be used.

kafka-python knows why a connection fails only in its own log lines; `find_reason` asks the broker again, step by step,
and says which setting is wrong. Knows no topic.
"""

import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, TypeVar

from kafka import errors
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket
from kafka.net.manager import KafkaConnectionManager
from kafka.net.sasl import get_sasl_mechanism
from kafka.net.selector import NetworkSelector

from overheard.errors import EngineError, FencedError, OverheardError, TransientError

T = TypeVar("T")
Options = Mapping[str, Any]

# A broker that is silent for so long is away; produce requests are tried again within `DELIVERY_MS`.
REQUEST_MS = 5_000
# How long a client looks for its first broker. Whoever calls tries again.
BOOTSTRAP_MS = 5_000
# Topic ids (KIP-516), epochs bumped by the idempotent producer, fetch by several groups: all of 2.8 and later.
OLDEST = (2, 8)
# How long a broker may take to come up beside us; then it is said that nobody answers.
PATIENCE = 30.0
_LOOK = 3.0
_AGAIN = 0.2
_API_VERSIONS, _METADATA, _SASL_HANDSHAKE, _SASL_AUTHENTICATE = 18, 3, 17, 36
_UNSUPPORTED_MECHANISM, _ILLEGAL_SASL_STATE = 33, 34
# How TLS ends a conversation with one who does not speak it: the type of an alert, the protocol's major version.
_TLS_ALERT = b"\x15\x03"
# As something between us and a broker that does not run yet does.
_HANGS_UP = "it takes connections and hangs up; is it Kafka, and does it run?"

_FENCED = (
    errors.CommitFailedError,
    errors.RebalanceInProgressError,
    errors.IllegalGenerationError,
    errors.UnknownMemberIdError,
    errors.FencedInstanceIdError,
    errors.NonEmptyGroupError,
)
_REFUSED = (
    errors.SaslAuthenticationFailedError,
    errors.UnsupportedSaslMechanismError,
    errors.AuthorizationError,
    errors.UnsupportedVersionError,
    errors.UnrecognizedBrokerVersion,
    errors.PolicyViolationError,
    errors.InvalidReplicationFactorError,
    errors.InvalidConfigurationError,
    errors.InvalidTimestampError,
    errors.SecurityDisabledError,
)
_RIGHTS = (
    "The user of [log] needs ACLs for all operations on the topics and groups whose names begin with [log] prefix "
    "(kafka-acls.sh --add --operation All --resource-pattern-type prefixed)"
)
_HINTS: Mapping[type[Exception], str] = {
    errors.InvalidReplicationFactorError: "Set [log] replication to no more than the number of brokers, or start them",
    errors.UnsupportedVersionError: "Update the brokers",
    errors.IncompatibleBrokerVersion: "Update the brokers, or take the address of a broker where it is a controller's",
    errors.PolicyViolationError: "The cluster has a policy for topics: ask whoever runs it",
}


def client_options(
    servers: Sequence[str],
    *,
    security: str = "PLAINTEXT",
    mechanism: str = "SCRAM-SHA-512",
    user: str = "",
    password: str = "",
    ca: str = "",
    certificate: str = "",
    key: str = "",
) -> Options:
    """Return kafka-python's options for `servers` (`host:port`) and what `[log]` says of TLS and of who we are.

    `security` and `mechanism` as Kafka names them; `ca`, `certificate` and `key` are paths of PEM files; "" is none.
    Without `ca` the certificate of the broker must be signed by an authority that this machine trusts.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": list(servers),
        "security_protocol": security,
        "proxy_url": f"{_Socket.SCHEMES[0]}://",
    }
    if security.endswith("SSL"):
        options |= {
            "ssl_cafile": ca or None,
            "ssl_certfile": certificate or None,
            "ssl_keyfile": key or None,
        }
    if security.startswith("SASL"):
        options |= {"sasl_mechanism": mechanism, "sasl_plain_username": user, "sasl_plain_password": password}
    return options


class _Socket(KafkaNetSocket):  # type: ignore[misc]  # kafka-python is not typed
    """A plain socket that is closed where it cannot be connected: the library leaves it to the garbage collector."""

    SCHEMES = ("direct",)

    async def sock_connect(self, net: Any, sock: socket.socket, *args: Any, **kwargs: Any) -> socket.socket:
        try:
            connected: socket.socket = await super().sock_connect(net, sock, *args, **kwargs)
        except BaseException:
            sock.close()
            raise
        return connected


@contextmanager
def kafka_errors(doing: str, *, fenced: bool = False) -> Iterator[None]:
    """Translate what kafka-python raises in the block; `doing` names it in the message.

    With `fenced`, lost membership: FencedError. Refused by authentication, rights, version or policy: EngineError.
    All else that Kafka says may pass (a broker away, a full disk, too few replicas): TransientError.
    """
    try:
        yield
    except OverheardError:
        raise
    except _FENCED as e:
        if not fenced:
            msg = f"{doing}: the group is being shared out anew ({_said(e)}); trying again helps"
            raise TransientError(msg) from e
        msg = f"{doing}: another member of the group has taken over ({_said(e)}); what is in hand is done there"
        raise FencedError(msg) from e
    except errors.InvalidTimestampError as e:
        msg = f"{doing}: Kafka refuses the time of the record ({_said(e)}); set the clock of this machine"
        raise EngineError(msg) from e
    except _REFUSED as e:
        msg = f"{doing}: Kafka refuses: {_said(e)}. {_HINTS.get(type(e), _RIGHTS)}"
        raise EngineError(msg) from e
    except (errors.KafkaError, OSError) as e:
        msg = f"{doing}: Kafka cannot do it now ({_said(e)}); trying again may help"
        raise TransientError(msg) from e
    except RuntimeError as e:
        # Another thread met an error first and closed the client that both of them used.
        if "NetworkSelector closed" not in str(e):
            raise
        msg = f"{doing}: the connection to Kafka was closed; trying again opens another"
        raise TransientError(msg) from e


def _said(error: Exception) -> str:
    # Some of the library's messages quote whole requests and responses.
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


class _Manager(KafkaConnectionManager):  # type: ignore[misc]  # kafka-python is not typed
    """Ends the search for a first broker when one says that it will not have us: the library would ask on."""

    refusal: Exception | None = None

    def get_connection(self, *args: Any, **kwargs: Any) -> Any:
        if self.bootstrapped:
            return super().get_connection(*args, **kwargs)
        if self.refusal is not None:
            raise self.refusal
        connection = super().get_connection(*args, **kwargs)
        connection.init_future.add_errback(self._note)
        return connection

    def _note(self, error: Exception) -> None:
        if isinstance(error, errors.SaslAuthenticationFailedError | errors.UnsupportedSaslMechanismError):
            self.refusal = error


def make_client(kind: Callable[..., T], options: Options) -> T:
    """Return a client of kafka-python. Where it cannot be made, what it had opened is closed: the library leaves it."""
    opened: list[Any] = []

    def opening(**configs: Any) -> Any:
        net = NetworkSelector(**configs)
        opened.append(KafkaNetClient(net, _Manager(net, **configs)))
        return opened[-1]

    try:
        return kind(**{"bootstrap_timeout_ms": BOOTSTRAP_MS, **options, "kafka_client": opening})
    except BaseException:
        for client in opened:
            client.close()
        raise


def connect(make: Callable[[], T], options: Options, *, patience: float = PATIENCE) -> T:
    """Return what `make` makes: the first client of this process. A broker that is not there yet is waited for.

    Raises EngineError, at once where a setting is wrong, and after `patience` seconds where no server answers.
    """
    servers = options["bootstrap_servers"]
    deadline = time.monotonic() + patience
    while True:
        reasons = [find_reason(server, options) for server in servers]
        if wrong := [reason for reason, hopeless in reasons if hopeless]:
            raise EngineError(wrong[0])
        try:
            if any(not reason for reason, _ in reasons):
                with kafka_errors("opening the log"):
                    return make()
        except EngineError as e:
            msg = f"{', '.join(servers)}: {e}"
            raise EngineError(msg) from e
        except TransientError as e:
            reasons.append((str(e), False))
        if time.monotonic() > deadline:
            msg = (
                f"expected Kafka at {', '.join(servers)} ([log] servers); "
                f"{'; '.join(reason for reason, _ in reasons if reason)}. Start Kafka, or correct the address"
            )
            raise EngineError(msg)
        time.sleep(_AGAIN)


def find_reason(server: str, options: Options) -> tuple[str, bool]:
    """Return why a server cannot be used with these options, and whether a setting must be changed for it.

    ("", False) where all goes well up to the point where we are let in.
    """
    host, _, port = server.rpartition(":")
    security = options.get("security_protocol", "PLAINTEXT")
    try:
        connection = socket.create_connection((host.strip("[]"), int(port)), timeout=_LOOK)
    except ValueError:
        return f"[log] servers: expected host:port; got {server!r}", True
    except socket.gaierror:
        return f"{server}: no host of that name is known", False
    except OSError as e:
        return f"{server}: nobody answers ({e.strerror or e})", False
    with closing(connection):
        if not security.endswith("SSL"):
            return _talk(connection, server, options)
        try:
            context = ssl.create_default_context(cafile=options.get("ssl_cafile"))
            if options.get("ssl_certfile"):
                context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
        except (OSError, ssl.SSLError) as e:
            return f"[log] ca, certificate, key: expected readable PEM files that fit each other; {e}", True
        try:
            with context.wrap_socket(connection, server_hostname=host.strip("[]")) as secured:
                return _talk(secured, server, options)
        except ssl.SSLCertVerificationError as e:
            msg = (
                f"{server}: expected a certificate that [log] ca vouches for, in date and made out to this host; got "
                f"one of which TLS says: {e.verify_message.rstrip('.')}. Name the authority's PEM file "
                "in [log] ca and the host as the certificate does, or have the server given another certificate"
            )
            return msg, True
        except TimeoutError:
            return f"{server}: no TLS handshake within {_LOOK:g} s", False
        except (ssl.SSLError, ConnectionResetError) as e:
            reason = getattr(e, "reason", None) or ""
            if not reason.startswith(("WRONG_VERSION", "SSLV3", "TLSV1")) and not _speaks_plainly(host, int(port)):
                return f"{server}: {_HANGS_UP}", False
            if "ALERT" in reason and "VERSION" not in reason:
                msg = (
                    f"{server}: expected the server to accept who we are by our certificate; it answers {reason}. Set "
                    "[log] certificate and key to PEM files of a certificate in date that an authority of the server's "
                    "has signed"
                )
                return msg, True
            msg = (
                f"{server}: expected TLS at this port, since [log] security is {security}; the server speaks none "
                "there. Set security to PLAINTEXT or SASL_PLAINTEXT, or take the server's port for TLS"
            )
            return msg, True
        except OSError as e:
            return f"{server}: no TLS handshake ({e.strerror or e})", False


def _speaks_plainly(host: str, port: int) -> bool:
    """True where the server hangs up on TLS since it speaks Kafka's protocol without it, not since it is away."""
    try:
        with socket.create_connection((host.strip("[]"), port), timeout=_LOOK) as connection:
            return _ask(connection, _API_VERSIONS, 0, b"") is not None
    except _OtherError:
        return True
    except (OSError, _WantsTlsError):
        return False


class _WantsTlsError(Exception):
    """The server answers with an alert of TLS."""


class _OtherError(Exception):
    """The server speaks something else than Kafka's protocol; the message is how it begins."""


def _talk(connection: socket.socket, server: str, options: Options) -> tuple[str, bool]:
    """Ask the questions that a client asks first, in the versions that every broker knows."""
    security = options.get("security_protocol", "PLAINTEXT")
    try:
        answer = _ask(connection, _API_VERSIONS, 0, b"")
        if answer is None:
            return f"{server}: {_HANGS_UP}", False
        if _METADATA not in {int.from_bytes(answer[at : at + 2]) for at in range(6, len(answer), 6)}:
            return f"{server}: expected a broker; it is a controller. Name the brokers in [log] servers", True
        if security.startswith("SASL"):
            return _log_in(connection, server, options)
        if _ask(connection, _METADATA, 0, struct.pack(">i", 0)) is None:
            other = "SASL_SSL" if security == "SSL" else "SASL_PLAINTEXT"
            msg = (
                f"{server}: expected a broker that asks nobody who he is, since [log] security is {security}; it "
                f"asks. Set security to {other}, and user and password"
            )
            return msg, True
    except _WantsTlsError:
        other = "SASL_SSL" if security.startswith("SASL") else "SSL"
        msg = (
            f"{server}: expected a broker that speaks without TLS, since [log] security is {security}; it wants TLS. "
            f"To have it, set security to {other}"
        )
        return msg, True
    except _OtherError as e:
        return f"{server}: expected Kafka; something else answers there ({e}). Correct [log] servers", True
    except ssl.SSLError:
        raise
    except OSError as e:
        return f"{server}: it takes connections and does not answer ({e}); is it Kafka?", False
    return "", False


def _log_in(connection: socket.socket, server: str, options: Options) -> tuple[str, bool]:
    """Say who we are, by the library's own mechanisms: the library loses what a broker answers before it hangs up."""
    name, security = str(options.get("sasl_mechanism")), options["security_protocol"]
    answer = _ask(connection, _SASL_HANDSHAKE, 1, _short(name.encode()))
    code = _ILLEGAL_SASL_STATE if answer is None else int.from_bytes(answer[:2])
    if code == _UNSUPPORTED_MECHANISM and answer is not None:
        offered = ", ".join(_strings(answer[2:])) or "none"
        return f"{server}: expected the mechanism {name} ([log] mechanism); the broker offers {offered}", True
    if code:
        msg = (
            f"{server}: expected a broker that asks who we are, since [log] security is {security}; it does not. "
            f"Set security to {'SSL' if security == 'SASL_SSL' else 'PLAINTEXT'}, or take the port that does"
        )
        return msg, True
    mechanism = get_sasl_mechanism(name)(**{key: value for key, value in options.items() if key.startswith("sasl_")})
    while not mechanism.is_done():
        said = mechanism.auth_bytes()
        answer = _ask(connection, _SASL_AUTHENTICATE, 0, struct.pack(">i", len(said)) + said)
        if answer is None:
            return f"{server}: it hangs up while we log in; is it Kafka?", False
        if int.from_bytes(answer[:2]):
            msg = (
                f"expected Kafka at {server} to know user {options.get('sasl_plain_username')!r} by this password "
                f"({name}); it does not. Check [log] user, mechanism, and password_env or password_file"
            )
            return msg, True
        at = 4 + max(0, int.from_bytes(answer[2:4], signed=True))
        try:
            mechanism.receive(answer[at + 4 :])
        except (ValueError, KeyError) as e:
            return f"{server}: its answer is none of {name} ({type(e).__name__}); is it Kafka?", False
    return "", False


def _ask(connection: socket.socket, key: int, version: int, body: bytes) -> bytes | None:
    """Return the answer to a request (Kafka's protocol, header version 1), or None where the server hangs up.

    Raises _WantsTlsError, and _OtherError for what else is no answer of Kafka's.
    """
    request = struct.pack(">hhih", key, version, 1, -1) + body
    try:
        connection.sendall(struct.pack(">i", len(request)) + request)
    except (BrokenPipeError, ConnectionResetError):
        return None
    head = _receive(connection, 4)
    if len(head) < 4:
        return None
    if head.startswith(_TLS_ALERT):
        raise _WantsTlsError
    size = int.from_bytes(head)
    if not 4 <= size <= 10_000_000:
        raise _OtherError(repr(head.decode("ascii", "replace")))
    return _receive(connection, size)[4:]


def _receive(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        try:
            part = connection.recv(size - len(found))
        except ConnectionResetError:
            break
        if not part:
            break
        found += part
    return found


def _short(data: bytes) -> bytes:
    return struct.pack(">h", len(data)) + data


def _strings(data: bytes) -> list[str]:
    found: list[str] = []
    at = 4
    for _ in range(int.from_bytes(data[:4])):
        size = int.from_bytes(data[at : at + 2])
        found.append(data[at + 2 : at + 2 + size].decode())
        at += 2 + size
    return found
