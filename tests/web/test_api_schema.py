"""The API against its own description: schemathesis, all checks, over a server in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from overheard.web.api.routes import openapi
from tests.web.api_world import fill

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("schema") / "data"
    fill(folder, posts=20)
    command = [sys.executable, "-m", "tests.web.served", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parents[1]) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def test_every_route_does_what_the_description_says_and_nothing_breaks_it(address: str, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--no-color",
        "--config-file", str(HERE / "schemathesis.toml"),
        "run", f"{address}/v1/openapi.json",
        "--checks", "all", "--max-examples", "5", "--generation-deterministic", "--continue-on-failure",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    routes = sum(len(methods) for methods in openapi()["paths"].values())
    assert f"{routes} selected / {routes} total" in done.stdout
