"""A fresh clone of the platform for the end-to-end tests: its own state, ports and data; borrowed environments."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.airflow.client import Client
from local.launcher.home import REPOSITORY, Home
from local.stack import processes

PATIENCE = 240


class Clone:
    """A clone and its stack."""

    def __init__(self, root: Path) -> None:
        self.root, self.home = root, Home(root)

    def sluice(self, *arguments: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Run ``./sluice`` as a user would."""
        return subprocess.run(
            [sys.executable, str(self.root / "sluice"), *arguments],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout, cwd=self.root, check=False,
        )  # fmt: skip

    def demo(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the demo and return at once; `finish` waits for it."""
        log = (self.root / "demo.log").open("w")
        return subprocess.Popen(
            [sys.executable, str(self.root / "sluice"), "demo", *arguments],
            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.root, text=True,
        )  # fmt: skip

    def finish(self, demo: subprocess.Popen[str]) -> dict[str, Any]:
        """Wait for a demo to end well; returns what it wrote with ``--json numbers.json``."""
        code = demo.wait(timeout=900)
        log = (self.root / "demo.log").read_text()
        assert code == 0, log[-4000:]
        return json.loads((self.root / "numbers.json").read_text())

    def components(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in json.loads(self.sluice("status", "--json").stdout)["components"]}

    @property
    def ports(self) -> dict[str, int]:
        return json.loads(self.home.ports_file.read_text())

    @property
    def secrets(self) -> dict[str, Any]:
        return json.loads(self.home.secrets_file.read_text())

    @property
    def airflow(self) -> Client:
        return Client(f"http://127.0.0.1:{self.ports['airflow']}", self.secrets["airflow_admin_password"])

    def client(self, service: str) -> Any:
        """A boto3 client of the stack's endpoint."""
        import boto3

        return boto3.client(
            service, endpoint_url=f"http://127.0.0.1:{self.ports['aws']}", region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip

    def spark_jvms(self) -> list[int]:
        """The Spark JVMs that Glue runs of this clone use."""
        mark = str(self.home.data).encode()
        found = []
        for process in Path("/proc").iterdir():
            try:
                command = (process / "cmdline").read_bytes() if process.name.isdigit() else b""
            except OSError:
                continue
            if b"org.apache.spark.deploy.SparkSubmit" in command and mark in command:
                found.append(int(process.name))
        return found


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    root = tmp_path_factory.mktemp("e2e") / "clone"
    shutil.copytree(REPOSITORY, root, ignore=shutil.ignore_patterns(".sluice", ".git", "__pycache__"))
    clone = Clone(root)
    clone.home.state.mkdir()
    for name in ("envs", "uv"):  # these take long to build, and are tested on their own
        (clone.home.state / name).symlink_to(Home(REPOSITORY).state / name)
    yield clone
    clone.sluice("reset", "--yes")
    left = processes.marked(clone.home.state)
    processes.stop_all(left, 0)
    assert not left, "down left processes behind"


def wait_until(what: str, is_so: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait for something to become true; returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := is_so():
            return answer
        time.sleep(0.3)
    pytest.fail(f"{what} did not happen within {seconds:.0f} s")


def kill(pid: int) -> None:
    """As the kernel does when memory runs out."""
    os.kill(pid, signal.SIGKILL)
