"""The command `overheard`."""

import signal
import sys


class _Stopped(SystemExit):
    """The process was told to end; raised where it stands, so that everything is closed on the way out."""


def main() -> None:
    """Run the command line and exit with its status; 128 + the signal's number where one ended it (`up` ends well)."""
    from overheard.cli.app import run  # noqa: PLC0415  # kept out of worker processes that import this module

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        status = run()
    except _Stopped:
        print("stopped. What was written is whole; the same command again goes on", file=sys.stderr)  # noqa: T201
        raise
    raise SystemExit(status)


def _stop(number: int, _: object) -> None:
    raise _Stopped(128 + number)


if __name__ == "__main__":
    main()
