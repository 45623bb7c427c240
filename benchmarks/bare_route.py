"""A bare route that answers with the bytes on standard input, by the same framework and server; prints its address."""

import socket
import sys

import uvicorn
from litestar import Litestar, Response, get

BODY = sys.stdin.buffer.read()


@get("/")
async def bare() -> Response[bytes]:
    return Response(BODY, media_type="application/json")


def main() -> None:
    # The protocol by name: without it asyncio leaves Nagle's algorithm on, and every answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
    config = uvicorn.Config(Litestar([bare], openapi_config=None), log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
