"""Secrets: read from the environment or a file each time they are needed, so that a changed one counts at once."""

import os
from pathlib import Path

from overheard.alerts.channels import NotDeliveredError

_MOST = 10_000


def read_secret(what: str, env: str, file: str) -> str:
    """Return the secret in the environment variable `env`, else in `file`, without white space around it.

    Raises NotDeliveredError with what to do where it is in neither.
    """
    if env and (value := os.environ.get(env, "").strip()):
        return value
    name = Path(file).name
    if file:
        try:
            with Path(file).open(encoding="utf-8") as opened:
                value = opened.read(_MOST).strip()
        except (OSError, UnicodeDecodeError) as e:
            reason = e.strerror if isinstance(e, OSError) else "it is no text"
            msg = f"expected {what} in the file {name}; could not read it: {reason}"
            raise NotDeliveredError(msg) from e
        if value:
            return value
    places = [f"the environment variable {env}"] if env else []
    places += [f"the file {name}"] if file else []
    if not places:
        msg = (
            f"expected {what}; the settings name neither an environment variable (a key that ends in `_env`) nor a "
            "file (`_file`) that holds it: docs/alerts.md"
        )
        raise NotDeliveredError(msg)
    msg = f"expected {what} in {' or '.join(places)}; there is none"
    raise NotDeliveredError(msg)
