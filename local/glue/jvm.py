"""One Spark JVM, started ahead of the run that will use it.

The protocol is PySpark's own: ``spark-submit … pyspark-shell`` starts a Py4J gateway, writes its port and secret to the
file named by ``_PYSPARK_DRIVER_CONN_INFO_PATH`` (``java_gateway.py`` of PySpark 3.5) and ends when its standard input
closes, so no JVM outlives the endpoint, even one that is killed.
"""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from local.glue.distribution import SparkDistribution


class SparkJvm:
    """A gateway JVM; `connection` tells a driver process how to attach to it."""

    def __init__(
        self, distribution: SparkDistribution, conf: dict[str, str], log: Path, environment: dict[str, str]
    ) -> None:
        self._info = Path(tempfile.mkdtemp(prefix="sluice-jvm-")) / "connection"
        command = [str(distribution.spark_home / "bin" / "spark-submit")]
        for key, value in conf.items():
            command += ["--conf", f"{key}={value}"]
        env = (
            os.environ
            | environment
            | {
                "JAVA_HOME": str(distribution.java_home),
                "SPARK_HOME": str(distribution.spark_home),
                "PYSPARK_PYTHON": str(distribution.python),
                "SPARK_LOCAL_IP": "127.0.0.1",
                "_PYSPARK_DRIVER_CONN_INFO_PATH": str(self._info),
            }
        )
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as sink:
            self.process = subprocess.Popen(
                [*command, "pyspark-shell"],
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=sink,
                env=env,
                start_new_session=True,
            )
        self.runs = 0

    def connection(self, timeout: float = 60.0) -> tuple[int, str]:
        """Port and secret of the gateway; waits until the JVM listens.

        Raises
        ------
        RuntimeError
            When the JVM ended or did not answer in `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while not (self._info.exists() and self._info.stat().st_size > 8):
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"the Spark JVM ended with code {self.process.returncode} while starting; see its log"
                )
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the Spark JVM did not start within {timeout:.0f} s; is the machine out of memory?")
            time.sleep(0.05)
        raw = self._info.read_bytes()
        port, size = struct.unpack_from("!ii", raw)
        return port, raw[8 : 8 + size].decode()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """End the JVM and the Python workers it forked, at once."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
