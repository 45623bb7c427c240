"""Certificates for servers and clients on 127.0.0.1, made by openssl."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.engines.place import UnavailableError


@dataclass(frozen=True)
class Certificates:
    """PEM files: an authority, and what it signed for a server (127.0.0.1, localhost) and for a client."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


def certificates(folder: Path) -> Certificates:
    """Make an authority and two certificates, valid for a day. Raises UnavailableError where openssl is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    _openssl(
        folder, "req", "-x509", *_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "1", "-subj", "/CN=authority"
    )
    for name, subject in (("server", "/CN=localhost"), ("client", "/CN=client")):
        _openssl(folder, "req", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
        (folder / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n", "utf-8")
        _openssl(
            folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "1", "-extfile", "ext", "-out", f"{name}.pem",
        )  # fmt: skip
    return Certificates(*(folder / name for name in ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")))


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(folder: Path, *arguments: str) -> None:
    if shutil.which("openssl") is None:
        msg = "certificates are made with openssl, which is not on PATH. Debian: apt-get install openssl"
        raise UnavailableError(msg)
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
