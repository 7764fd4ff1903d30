"""A real endpoint in a subprocess per test module, on a free loopback port with a data directory of its own."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

REPOSITORY = Path(__file__).resolve().parents[3]
ROLE = "arn:aws:iam::000000000000:role/test"


class Server:
    """``python -m local.aws`` as a user would start it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, **environ: str) -> Server:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SLUICE_"))}
        self.log = (self.data.parent / f"{self.data.name}.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local.aws", "--port", str(self.port), "--data", str(self.data)],
            cwd=REPOSITORY,
            env={**kept, "PYTHONPATH": str(REPOSITORY), "SLUICE_LAMBDA_PYTHON": sys.executable, **environ},
            stdout=self.log,
            stderr=self.log,
        )
        wait_until(lambda: self.health() or self.process.poll() is not None, 30, "the endpoint is ready")
        assert self.process.poll() is None, Path(self.log.name).read_text()[-2000:]
        return self

    def health(self) -> dict[str, Any] | None:
        try:
            with urllib.request.urlopen(f"{self.url}/_sluice/health", timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError):
            return None

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=15)
        self.log.close()
        return code

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=False),
        )


def wait_until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Poll until ``condition`` gives something true, and return it; a busy machine gets three times the seconds."""
    deadline = time.monotonic() + 3 * seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {3 * seconds} s in vain until {what}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    endpoint = Server(tmp_path_factory.mktemp("aws") / "data").start()
    yield endpoint
    if endpoint.process.poll() is None:
        assert endpoint.stop() == 0


@pytest.fixture(scope="module")
def aws(server: Server) -> Callable[[str], Any]:
    """Client of a service, made once per module."""
    clients: dict[str, Any] = {}
    return lambda service: clients.get(service) or clients.setdefault(service, server.client(service))


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    return wait_until


@pytest.fixture(scope="module")
def deploy(aws: Callable[[str], Any]) -> Callable[..., str]:
    """Create a Lambda function from source text; returns its ARN."""

    def create(name: str, source: str, **options: Any) -> str:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("app.py", source)
        settings = {"Runtime": "python3.13", "Handler": "app.handler", "Role": ROLE, "Timeout": 10, **options}
        function = aws("lambda").create_function(FunctionName=name, Code={"ZipFile": archive.getvalue()}, **settings)
        aws("lambda").get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        return function["FunctionArn"]

    return create


@pytest.fixture(scope="module")
def drain(aws: Callable[[str], Any]) -> Callable[[str], list[str]]:
    """Receive and delete every message a queue holds now."""

    def receive(url: str) -> list[str]:
        bodies = []
        while messages := aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(message["Body"])
                aws("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    return receive


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Server]:
    """A server a test starts, kills and restarts itself."""
    endpoint = Server(tmp_path / "data")
    yield endpoint
    if endpoint.process and endpoint.process.poll() is None:
        endpoint.kill()
