"""Why a server is no broker for us: said at once where a setting is wrong, waited for where it may come up yet."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from overheard.log.reach import client_options, find_reason


@contextmanager
def answering(data: bytes) -> Iterator[str]:
    """Lend the address of a server that answers whatever comes with these bytes, and hangs up."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with closing(connection):
                    connection.recv(65_536)
                    connection.sendall(data)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def versions(*keys: int) -> bytes:
    """An answer that names these requests: length, correlation, no error, their number, each with its versions."""
    body = (1).to_bytes(4) + bytes(2) + len(keys).to_bytes(4) + b"".join(key.to_bytes(2) + bytes(4) for key in keys)
    return len(body).to_bytes(4) + body


@pytest.mark.parametrize(("data", "security", "said", "hopeless"), [
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "PLAINTEXT", "something else answers there ('HTTP')", True),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "SSL", "the server speaks none", True),
    (b"\x15\x03\x03\x00\x02\x02\x50", "PLAINTEXT", "set security to SSL", True),
    (b"\x15\x03\x03\x00\x02\x02\x50", "SASL_PLAINTEXT", "set security to SASL_SSL", True),
    (versions(17, 18), "PLAINTEXT", "it is a controller", True),
    (b"", "PLAINTEXT", "hangs up", False),
    (b"", "SSL", "hangs up", False),
    (b"", "SASL_PLAINTEXT", "hangs up", False),
    (versions(3, 17, 18), "SASL_SSL", "the server speaks none", True),
])  # fmt: skip
def test_what_a_server_answers_tells_whether_waiting_may_help(
    data: bytes, security: str, said: str, hopeless: bool
) -> None:
    with answering(data) as server:
        reason, given_up = find_reason(server, client_options([server], security=security, user="a", password="b"))
    assert said in reason
    assert given_up is hopeless
