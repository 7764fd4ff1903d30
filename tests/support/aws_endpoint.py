"""A real S3 and DynamoDB endpoint for tests: ministack of the environment ``local``, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
}


def local_python() -> str:
    """The interpreter of the environment ``local``, from ``SLUICE_ENV_LOCAL_PYTHON`` or its usual place."""
    python = os.environ.get("SLUICE_ENV_LOCAL_PYTHON") or str(REPO / ".sluice/envs/local/bin/python")
    if not Path(python).exists():
        raise FileNotFoundError(
            f"{python} does not exist. These tests need the environment `local` beside their own: run them by"
            " ./sluice test, or point SLUICE_ENV_LOCAL_PYTHON at its interpreter."
        )
    return python


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_endpoint() -> Iterator[str]:
    """Start the endpoint, yield its address, stop it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as data:
        process = subprocess.Popen(
            [local_python(), "-m", "ministack"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={
                "PATH": os.environ["PATH"],
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(port),
                "SERVICES": "s3,dynamodb",
                "S3_DATA_DIR": data,
                "TMPDIR": data,
                "SFTP_ENABLED": "0",
                "IOT_MTLS_ENABLED": "0",
                **SETTINGS,
            },
        )
        try:
            wait_for(f"{url}/_ministack/health", process, log)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=10)


def wait_for(url: str, process: subprocess.Popen[bytes], log, seconds: float = 60) -> None:
    """Wait until an address answers; if the process ends or time is up, raise with what it logged."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    log.seek(0)
    tail = log.read()[-3000:].decode(errors="replace")
    raise RuntimeError(f"{url} did not answer (process {process.args!r} code {process.poll()}). Its log ends:\n{tail}")
