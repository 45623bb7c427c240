"""`python -m tests.engines start|stop|status`: real Kafka and Elasticsearch on this machine, without Docker."""

import sys

from tests.engines import shared
from tests.engines.place import EnginesError
from tests.engines.server import runs


def main(arguments: list[str]) -> int:
    """Do what is asked, and return the exit code."""
    if arguments not in (["start"], ["stop"], ["status"]):
        print("usage: python -m tests.engines start|stop|status", file=sys.stderr)
        return 2
    try:
        if arguments == ["start"]:
            shared.start()
        if arguments == ["stop"]:
            print("\n".join(f"stopped {one}" for one in shared.stop()) or "no engine of ours runs")
        else:
            lines = [
                f"{run['engine']} at {run['address']}, process {run['pid']}, log {run['folder'] / 'log'}"
                + ("" if run["shared"] else ", of a test run")
                for run in runs()
            ]
            print("\n".join(lines) or "no engine of ours runs")
    except EnginesError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
