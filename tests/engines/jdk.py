"""Finds a JDK that an engine runs on."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.engines.place import UnavailableError, as_account

JVMS = Path("/usr/lib/jvm")  # where Debian and Temurin's packages put them


class Jdk(NamedTuple):
    """A Java runtime. `major` first, so that the newest is the greatest."""

    major: int
    home: Path

    @property
    def java(self) -> Path:
        """The command."""
        return self.home / "bin" / "java"


def jdk_for_kafka() -> Jdk:
    """Return the newest Java runtime from 17 on. Raises UnavailableError."""
    return _newest(17, set(), "Kafka needs a Java runtime of version 17 or newer")


def jdk_for_elasticsearch() -> Jdk:
    """Return the newest JDK from 21 on; it must hold the module jdk.jdi. Raises UnavailableError."""
    return _newest(21, {"jdk.jdi"}, "Elasticsearch needs a full JDK (with the module jdk.jdi) of version 21 or newer")


def _newest(major: int, modules: set[str], need: str) -> Jdk:
    known = [(home, *_probe(home)) for home in _homes()]
    fit = [Jdk(version, home) for home, version, has in known if version >= major and modules <= has]
    if fit:
        return max(fit)
    found = ", ".join(f"{version} in {home}" for home, version, _ in known if version)
    msg = (
        f"{need}. Looked in JAVA_HOME, at `java` on PATH and in {JVMS}; found {found or 'none'}. Debian 13: "
        "apt-get install openjdk-21-jdk-headless; elsewhere any JDK, named by JAVA_HOME"
    )
    raise UnavailableError(msg)


def _homes() -> list[Path]:
    homes = [Path(named)] if (named := os.environ.get("JAVA_HOME")) else []
    if java := shutil.which("java"):
        homes.append(Path(java).resolve().parent.parent)
    homes += sorted(JVMS.glob("*"))
    return list(dict.fromkeys(home.resolve() for home in homes if (home / "bin" / "java").exists()))


@cache
def _probe(home: Path) -> tuple[int, frozenset[str]]:
    """Return version and modules as the runtime itself tells them to the account that will run it; (0, none) if not."""
    command = [str(home / "bin" / "java"), "--list-modules"]
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=True, cwd="/", **as_account()
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return 0, frozenset()
    base = re.search(r"^java\.base@(\d+)", told, re.MULTILINE)
    return int(base[1]) if base else 0, frozenset(line.partition("@")[0] for line in told.splitlines())
