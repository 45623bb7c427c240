"""How often somebody who brings no token may send: tokens that fill up again, one bucket a sender and one for all."""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address, ip_network
from math import ceil

from overheard.collectors.fetching.addresses import is_public
from overheard.web.request import Request

# Senders that are remembered; the one that came last but so many is as good as new.
_MOST = 10_000
_WITH_PORT = re.compile(r"^(\[[^\[\]]*\]|[\d.]+):\d+$")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and then so many an hour."""

    burst: int
    hourly: float


class Rates:
    """Takes account of senders. Thread-safe; forgets all with the process. `clock` in seconds, never going back."""

    def __init__(self, each: Rate, all_: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._each, self._all = each, all_
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._left_of_all = (float(all_.burst), clock())
        self._turn = threading.Lock()

    def take(self, sender: str) -> int:
        """Return 0 and count it where the sender may send now; else the seconds to wait, at least 1."""
        with self._turn:
            now = self._clock()
            own = _filled(self._left.get(sender, (float(self._each.burst), now)), self._each, now)
            everybodys = _filled(self._left_of_all, self._all, now)
            if own < 1 or everybodys < 1:
                return max(_wait(own, self._each), _wait(everybodys, self._all), 1)
            self._left[sender] = (own - 1, now)
            self._left.move_to_end(sender)
            while len(self._left) > _MOST:
                self._left.popitem(last=False)
            self._left_of_all = (everybodys - 1, now)
            return 0


def _filled(left: tuple[float, float], rate: Rate, now: float) -> float:
    return min(rate.burst, left[0] + (now - left[1]) * rate.hourly / 3_600)


def _wait(left: float, rate: Rate) -> int:
    return 0 if left >= 1 else ceil((1 - left) * 3_600 / rate.hourly)


def sender_of(request: Request) -> str:
    """Return who sends, as far as their address tells: of IPv6 the network of one subscriber (/64).

    Whoever is not public is a proxy of ours, which says last in `X-Forwarded-For` who came to it, in the same line as
    others before it or in one of its own.
    """
    address = request.client.host if request.client else ""
    if not is_public(address) and (passed := request.headers.getall("x-forwarded-for", [])):
        address = _WITH_PORT.sub(r"\1", passed[-1].rpartition(",")[2].strip()).strip("[]")
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(known, IPv4Address):
        return str(known)
    # One network holds all of IPv4.
    return str(known.ipv4_mapped or ip_network((known, 64), strict=False))
