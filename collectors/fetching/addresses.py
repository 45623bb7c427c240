"""Names to addresses, and which of them anybody may be asked at."""

import ipaddress
import socket
from collections.abc import Callable, Collection

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")

# A host and a port to its addresses. May block; raises OSError or UnicodeError where there is none.
Resolve = Callable[[str, int], Collection[str]]


def system_resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system's resolver orders them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def is_public(address: str) -> bool:
    """True for an address that anybody on the internet may mean.

    Not loopback, private, link-local (cloud metadata), shared, reserved or multicast. An IPv4 address inside an IPv6
    one (mapped, 6to4, Teredo, NAT64) counts as itself.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _LOCAL_NAT64:
            return False
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved
