"""Fetches the engines once, by Maven, whose checksums hold; what to fetch is in pom.xml."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.engines.jdk import jdk_for_kafka
from tests.engines.place import UnavailableError, alone, cache

_POM = Path(__file__).with_name("pom.xml")
_SECONDS = 900  # 180 MB over a slow line


def fetched(engine: str) -> Path:
    """Return the folder of `kafka` (jars) or `elasticsearch` (its home), fetched before if need be.

    Raises UnavailableError where Maven is missing or gets nothing.
    """
    (version,) = re.findall(rf"<{engine}>([\d.]+)</{engine}>", _POM.read_text(encoding="utf-8"))
    folder = cache() / f"{engine}-{version}"
    if not folder.is_dir():
        with alone(cache() / "fetching"):
            if not folder.is_dir():  # another process may have fetched it meanwhile
                _fetch(cache())
    return folder


def _fetch(into: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        msg = "fetching Kafka and Elasticsearch needs Maven's `mvn` on PATH. Debian: apt-get install maven"
        raise UnavailableError(msg)
    with tempfile.TemporaryDirectory(prefix="fetching-", dir=into) as name:
        shutil.copy(_POM, name)  # Maven keeps notes beside the file that it reads
        command = [maven, "-q", "-B", f"-Dinto={name}", "initialize"]
        environment = {**os.environ, "JAVA_HOME": str(jdk_for_kafka().home)}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, env=environment, cwd=name, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            msg = f"Maven did not fetch Kafka and Elasticsearch within {_SECONDS} s"
            raise UnavailableError(msg) from error
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).strip().splitlines()[:8])
            msg = f"Maven could not fetch Kafka and Elasticsearch (see {_POM.name}):\n{said}"
            raise UnavailableError(msg)
        versions = dict(re.findall(r"<(kafka|elasticsearch)>([\d.]+)<", _POM.read_text(encoding="utf-8")))
        elastic = f"elasticsearch-{versions['elasticsearch']}"
        for made, kept in ((f"{name}/kafka", f"kafka-{versions['kafka']}"), (f"{name}/{elastic}", elastic)):
            for one in (Path(made), *Path(made).rglob("*")):  # the account that runs them only reads
                one.chmod(one.stat().st_mode | (0o755 if one.is_dir() else 0o444))
            shutil.rmtree(into / kept, ignore_errors=True)
            Path(made).rename(into / kept)
