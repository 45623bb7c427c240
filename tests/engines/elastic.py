"""Elasticsearch: one node, plain or with TLS, users and API keys."""

import ssl
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.engines.certificates import Certificates
from tests.engines.fetch import fetched
from tests.engines.jdk import jdk_for_elasticsearch
from tests.engines.place import EnginesError, alone, as_account, give_to_account
from tests.engines.server import Server, free_port, mark

# What would run inside the JVM beside us is not in this distribution (machine learning, ILM); the rest is ours to say.
_SETTINGS = {
    "discovery.type": "single-node",
    "network.host": "127.0.0.1",
    "action.auto_create_index": "false",
    "action.destructive_requires_name": "false",  # a test's indices are removed by its prefix
    "cluster.routing.allocation.disk.threshold_enabled": "false",  # a full disk at a desk is no test's matter
}
_PASSWORD = "engines-of-tests"  # of a server on loopback that lives as long as a test


class Elastic(Server):
    """One node.

    `settings` go over those of this module, and may be changed between `stop` and `start`. With `certificates` security
    is on: https, `user` and `password` of a superuser, API keys by `api_key`.
    """

    engine = "elasticsearch"
    user = "tester"
    password = _PASSWORD

    def __init__(
        self,
        *,
        settings: Mapping[str, str] | None = None,
        disk_mb: int | None = None,
        certificates: Certificates | None = None,
        heap_mb: int = 1024,
        shared: bool = False,
    ) -> None:
        self._home, self._jdk = fetched("elasticsearch"), jdk_for_elasticsearch()
        super().__init__(disk_mb=disk_mb, shared=shared)
        self.settings = dict(settings or {})
        self._certificates, self._heap_mb = certificates, heap_mb
        self._port, self._transport = free_port(), free_port()

    @property
    def address(self) -> str:
        """The URL of its HTTP API."""
        return f"{'https' if self._certificates else 'http'}://127.0.0.1:{self._port}"

    def client(self) -> httpx.Client:
        """Return a client of its API that trusts it and may do everything; to be closed."""
        trust = ssl.create_default_context(cafile=self._certificates.ca) if self._certificates else True
        auth = (self.user, self.password) if self._certificates else None
        return httpx.Client(base_url=self.address, verify=trust, auth=auth, timeout=30, trust_env=False)

    def api_key(self, privileges: Mapping[str, Any] | None = None) -> str:
        """Return a new API key as clients send it; `privileges` as role descriptors, all of the user's by default."""
        with self.client() as client:
            answer = client.post("/_security/api_key", json={"name": "test", "role_descriptors": privileges or {}})
        if answer.is_error:
            msg = f"Elasticsearch made no API key: {answer.text}"
            raise EnginesError(msg)
        return str(answer.json()["encoded"])

    def configure(self) -> None:
        """Write its configuration folder; with security, its one user as well."""
        if self._certificates:
            _install_emails(self._home, self._jdk.home)
        config = self.folder / "config"
        config.mkdir(exist_ok=True)
        (config / "jvm.options").write_text(_JVM, encoding="utf-8")
        (config / "log4j2.properties").write_text(_LOG4J, encoding="utf-8")
        settings = {
            **_SETTINGS,
            "http.port": str(self._port),
            "transport.port": str(self._transport),
            "path.data": str(self.data),
            "path.logs": str(self.folder / "logs"),
            **self._security(config),
            **self.settings,
        }
        lines = [f"{key}: {value}\n" for key, value in settings.items()]
        (config / "elasticsearch.yml").write_text("".join(lines), encoding="utf-8")
        for folder in (self.data, self.folder / "logs", self.folder / "tmp"):
            folder.mkdir(exist_ok=True)
        if self._certificates and not (config / "users").exists():
            for name in ("users", "users_roles"):
                (config / name).touch()
            give_to_account(self.folder)
            command = [str(self._home / "bin" / "elasticsearch-users"), "useradd", self.user, "-p", self.password]
            done = subprocess.run(
                [*command, "-r", "superuser"], capture_output=True, text=True, env=self._environment(), check=False,
                cwd=self.folder, timeout=120, **as_account(),
            )  # fmt: skip
            if done.returncode:
                msg = f"Elasticsearch's user could not be made:\n{done.stdout}{done.stderr}"
                raise EnginesError(msg)

    def command(self) -> tuple[Sequence[str], Mapping[str, str]]:
        """Return its own start script, told where everything is."""
        return [str(self._home / "bin" / "elasticsearch")], self._environment()

    def answers(self) -> bool:
        """Tell whether its cluster is ready to search and write."""
        try:
            with self.client() as client:
                answer = client.get("/_cluster/health", params={"wait_for_status": "yellow", "timeout": "1s"})
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "ES_JAVA_HOME": str(self._jdk.home),
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
            "ES_JAVA_OPTS": f"-Xms{self._heap_mb}m -Xmx{self._heap_mb}m {mark(self.folder)}",
            "CLI_JAVA_OPTS": mark(self.folder),
        }

    def _security(self, config: Path) -> dict[str, str]:
        if not self._certificates:
            return {"xpack.security.enabled": "false"}
        (config / "http.pem").write_bytes(self._certificates.server.read_bytes())
        (config / "http.key").write_bytes(self._certificates.server_key.read_bytes())
        return {
            "xpack.security.enabled": "true",
            "xpack.security.http.ssl.enabled": "true",
            "xpack.security.http.ssl.certificate": "http.pem",
            "xpack.security.http.ssl.key": "http.key",
        }


def _install_emails(home: Path, jdk: Path) -> None:
    """Compile the plugin that API keys need into the installation, once; Emails.java says why."""
    plugin = home / "plugins" / "emails"
    if plugin.is_dir():
        return
    with alone(home.parent / "fetching"), tempfile.TemporaryDirectory(prefix="fetching-", dir=home.parent) as name:
        classes, made = Path(name) / "classes", Path(name) / "emails"
        made.mkdir()
        version = home.name.partition("-")[2]
        about = {
            "name": "emails",
            "description": "analysis of e-mail addresses",
            "version": "1",
            "elasticsearch.version": version,
            "java.version": "21",
            "classname": "overheard.engines.Emails",
        }
        lines = "".join(f"{key}={value}\n" for key, value in about.items())
        (made / "plugin-descriptor.properties").write_text(lines, encoding="utf-8")
        bin_, source = jdk / "bin", Path(__file__).with_name("Emails.java")
        for command in (
            [bin_ / "javac", "--release", "21", "-cp", f"{home / 'lib'}/*", "-d", classes, source],
            [bin_ / "jar", "--create", "--file", made / "emails.jar", "-C", classes, "."],
        ):
            done = subprocess.run([str(one) for one in command], capture_output=True, text=True, check=False)
            if done.returncode:
                msg = f"Elasticsearch's plugin for API keys was not compiled:\n{done.stdout}{done.stderr}"
                raise EnginesError(msg)
        if not plugin.is_dir():  # another process may have made it meanwhile
            made.rename(plugin)


# Its own defaults, but: memory is touched when used, and no log of the collector or dump of the heap is kept.
_JVM = """\
-XX:+UseG1GC
-XX:-AlwaysPreTouch
-XX:+ExitOnOutOfMemoryError
-Djava.io.tmpdir=${ES_TMPDIR}
--add-modules=jdk.incubator.vector
-Dorg.apache.lucene.store.defaultReadAdvice=normal
-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1
"""
_LOG4J = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%consoleException%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""
