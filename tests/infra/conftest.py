"""The endpoint of a laptop in a subprocess, for the applier to apply to."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from infra.appliers import Context

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of ``python -m local.aws``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = tmp_path_factory.mktemp("aws")
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SLUICE_"))}
    log = (data.parent / "aws.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "local.aws", "--port", str(port), "--data", str(data)],
        cwd=REPOSITORY,
        env={**environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=log,
        stderr=log,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, Path(log.name))
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            urllib.request.urlopen(f"{url}/_sluice/health", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer within 60 s: {log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def context(endpoint: str) -> Iterator[Context]:
    """Clients of the endpoint."""
    settings = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    yield Context(boto3.Session())
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})
