"""Who sends, as far as addresses tell: nobody is somebody else, and nobody is many."""

import pytest
from litestar import Litestar
from litestar.testing import RequestFactory

from overheard.web.rates import sender_of

APP = Litestar([], openapi_config=None, logging_config=None)


def sender(client: str, *passed: str) -> str:
    """The sender of a request from an address, with these headers `X-Forwarded-For`, in their order."""
    request = RequestFactory(APP).get("/webmention")
    request.scope["client"] = (client, 1234)
    request.scope["headers"] = [(b"x-forwarded-for", one.encode("latin-1")) for one in passed]
    return sender_of(request)


@pytest.mark.parametrize(
    ("client", "passed", "who"),
    [
        ("8.8.8.8", (), "8.8.8.8"),
        # What somebody says who comes directly is their own word.
        ("8.8.8.8", ("1.1.1.1",), "8.8.8.8"),
        ("2a00:1450:1::5", (), "2a00:1450:1::/64"),
        ("2a00:1450:1::6%eth0", (), "2a00:1450:1::/64"),
        ("127.0.0.1", ("1.1.1.1",), "1.1.1.1"),
        ("127.0.0.1", ("6.6.6.6, 1.1.1.1",), "1.1.1.1"),
        # Some proxies write a line of their own beside the one that the sender made up.
        ("127.0.0.1", ("6.6.6.6", "1.1.1.1"), "1.1.1.1"),
        ("127.0.0.1", ("6.6.6.6", "7.7.7.7, 1.1.1.1"), "1.1.1.1"),
        # Some add the port.
        ("127.0.0.1", ("1.1.1.1:4711",), "1.1.1.1"),
        ("127.0.0.1", ("[2a00:1450:1::5]:4711",), "2a00:1450:1::/64"),
        ("127.0.0.1", ("[2a00:1450:1::5]",), "2a00:1450:1::/64"),
        ("127.0.0.1", ("2a00:1450:1::5",), "2a00:1450:1::/64"),
        # A server that listens for both kinds at once sees addresses of IPv4 inside those of IPv6.
        ("::ffff:8.8.8.8", (), "8.8.8.8"),
        ("::ffff:127.0.0.1", ("::ffff:1.1.1.1",), "1.1.1.1"),
        ("127.0.0.1", ("unknown",), "unknown"),
        ("127.0.0.1", ("1.1.1.1,",), "unknown"),
    ],
)
def test_a_sender_is_the_last_whom_a_proxy_of_ours_names(client: str, passed: tuple[str, ...], who: str) -> None:
    assert sender(client, *passed) == who
