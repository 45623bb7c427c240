"""Compressed bodies, unpacked piece by piece and bounded. Pure."""

import zlib


class TooLargeError(Exception):
    """The body inflates to more than is read."""


class EncodingError(Exception):
    """A content encoding that was not asked for."""


class Inflater:
    """Undoes one layer of gzip, zlib or raw deflate, piece by piece, never holding more than `limit` bytes.

    What the bytes are is seen from their beginning, since servers label gzip files as anything.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            message = f"expected content encoding gzip, deflate or none, as asked for; got {encoding[:80]!r}"
            raise EncodingError(message)
        self._deflate = encoding == "deflate"
        self._limit = limit
        self._start = b""
        self._parts: list[bytes] = []
        self._size = 0
        self._decoder: zlib._Decompress | None = None
        self._plain = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes as received. Raises TooLargeError, zlib.error."""
        if self._decoder is None and not self._plain:
            self._start += data
            if len(self._start) < 2:
                return
            data, self._start = self._start, b""
            self._choose(data)
        if self._decoder is None:
            self._keep(data)
            return
        while data:
            self._keep(self._decoder.decompress(data, self._limit - self._size + 1))
            if self._decoder.eof:
                data = self._decoder.unused_data
                if not data.startswith(b"\x1f\x8b"):
                    return  # padding after the end
                self._decoder = zlib.decompressobj(31)
            else:
                data = self._decoder.unconsumed_tail

    def finish(self) -> bytes:
        """Return the whole body. Raises zlib.error where it was cut short."""
        if self._decoder is not None and not self._decoder.eof:
            raise zlib.error("one that ends too early")
        return b"".join(self._parts) + self._start

    def _choose(self, start: bytes) -> None:
        if start.startswith(b"\x1f\x8b"):
            self._decoder = zlib.decompressobj(31)
        elif self._deflate:
            # "deflate" means zlib by the standard, and raw deflate to some servers (RFC 9110, 8.4.1.2).
            zlib_header = start[0] & 0x0F == 8 and (start[0] << 8 | start[1]) % 31 == 0
            self._decoder = zlib.decompressobj(15 if zlib_header else -15)
        else:
            self._plain = True

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise TooLargeError
        self._parts.append(data)
