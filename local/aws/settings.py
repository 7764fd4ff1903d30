"""Settings of the endpoint, and the environment ministack reads them from."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "000000000000"
REGION = "us-east-1"
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Settings:
    """What one endpoint process needs to know.

    Attributes
    ----------
    port
        The only TCP port the process listens on, on the loopback interface.
    data
        Directory of everything that outlives the process.
    lambda_python
        Interpreter of Lambda functions of every ``python3.x`` runtime (``SLUICE_LAMBDA_PYTHON``).
    redshift
        ``host:port`` of the Redshift wire gate, or empty when there is none (``SLUICE_REDSHIFT``).
    """

    port: int
    data: Path
    lambda_python: str = sys.executable
    redshift: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.port < 65536:
            raise ValueError(f"--port {self.port} is not a TCP port; give one from 1 to 65535")
        if not os.access(self.lambda_python, os.X_OK):
            raise ValueError(
                f"SLUICE_LAMBDA_PYTHON={self.lambda_python} is not an executable file; "
                "set it to the Python interpreter Lambda functions shall run with"
            )

    @classmethod
    def from_environment(cls, port: int, data: Path, environ: Mapping[str, str] = os.environ) -> Settings:
        """Settings of a command line and the environment it was started in."""
        return cls(
            port=port,
            data=data.resolve(),
            lambda_python=environ.get("SLUICE_LAMBDA_PYTHON") or sys.executable,
            redshift=environ.get("SLUICE_REDSHIFT", ""),
        )

    @property
    def endpoint(self) -> str:
        """URL every client of this endpoint is given."""
        return f"http://{HOST}:{self.port}"

    def apply(self, environ: MutableMapping[str, str] = os.environ) -> None:
        """Create the data directories and set what ministack and moto read while they are imported.

        ministack takes its configuration from the environment at import time only, so this must run before.
        """
        for name in ("s3", "state", "tmp"):
            (self.data / name).mkdir(parents=True, exist_ok=True)
        environ.update(
            GATEWAY_PORT=str(self.port),
            BIND_HOST=HOST,
            MINISTACK_HOST=HOST,
            MINISTACK_ACCOUNT_ID=ACCOUNT,
            MINISTACK_REGION=REGION,
            MOTO_ACCOUNT_ID=ACCOUNT,
            S3_PERSIST="1",
            S3_DATA_DIR=str(self.data / "s3"),
            PERSIST_STATE="1",
            STATE_DIR=str(self.data / "state"),
            # Nothing but the one port may listen: the MQTT and SFTP listeners stay off, Docker is never asked.
            IOT_MTLS_ENABLED="0",
            SFTP_ENABLED="0",
            DOCKER_HOST="unix:///nonexistent/docker.sock",
            LAMBDA_EXECUTOR="local",
            TMPDIR=str(self.data / "tmp"),
            AWS_ENDPOINT_URL=self.endpoint,
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
            AWS_DEFAULT_REGION=REGION,
            AWS_REGION=REGION,
        )
        environ.setdefault("LOG_LEVEL", "WARNING")
        for name in ("EDGE_PORT", "SERVICES", "USE_SSL", "AUTH", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
            environ.pop(name, None)
