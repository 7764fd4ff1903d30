"""Runs Glue jobs on the pool of warm Spark JVMs; implements `local.aws.glue_jobs.JobRunner`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.glue.distribution import SparkDistribution, base_conf, find_distribution, job_conf
from local.glue.jvm import SparkJvm
from local.glue.pool import SparkPool

if TYPE_CHECKING:
    from local.aws.glue_jobs import JobRunSpec

DRIVER = Path(__file__).with_name("driver.py")
# Arguments that Glue keeps for itself; a script's argument parser never sees their effects, only Spark does.
_CONF = "--conf"
_FLUSH_SECONDS = 0.5
_LAST_WORDS = 30


class SparkJobRunner:
    """Executes job runs, each as a Python driver process attached to a warm JVM.

    Parameters
    ----------
    distribution : SparkDistribution
        The Spark to run on.
    pool : SparkPool
        Where JVMs come from.
    endpoint : str
        Address of the AWS endpoint that jobs talk to.
    """

    def __init__(self, distribution: SparkDistribution, pool: SparkPool, endpoint: str) -> None:
        self._distribution, self._pool, self._endpoint = distribution, pool, endpoint
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._stopped: set[str] = set()
        self._lock = threading.Lock()

    def start(self, run: JobRunSpec) -> None:
        """Begin to execute a run; returns at once."""
        threading.Thread(target=self._execute, args=(run,), name=f"glue-{run.run_id[:11]}", daemon=True).start()

    def stop(self, run_id: str) -> None:
        """End a run's driver; its JVM is thrown away with it."""
        with self._lock:
            self._stopped.add(run_id)
            process = self._running.get(run_id)
        if process is not None:
            _kill(process)

    def close(self) -> None:
        """End every run and every JVM."""
        for run_id in list(self._running):
            self.stop(run_id)
        self._pool.close()

    def _execute(self, run: JobRunSpec) -> None:
        from local.aws.glue_jobs import JobRunUpdate

        jvm, clean, started = None, False, time.monotonic()
        try:
            conf = job_conf(run.arguments.get(_CONF))
            jvm = self._pool.acquire()
            port, secret = jvm.connection()
            if run.run_id in self._stopped:
                run.report(JobRunUpdate("STOPPED"))
                return
            started = time.monotonic()
            code, last_words = self._drive(run, conf, port, secret)
            clean = code == 0
            run.report(JobRunUpdate(
                state="STOPPED" if run.run_id in self._stopped else "SUCCEEDED" if clean else "FAILED",
                error="" if clean else failure(last_words, code),
                execution_seconds=round(time.monotonic() - started),
            ))
        except Exception as error:
            run.report(JobRunUpdate("FAILED", f"The run could not be started: {error}"))
        finally:
            with self._lock:
                self._running.pop(run.run_id, None)
                self._stopped.discard(run.run_id)
            if jvm is not None:
                self._pool.release(jvm, clean)

    def _drive(self, run: JobRunSpec, conf: dict[str, str], port: int, secret: str) -> tuple[int, list[str]]:
        """Run the driver, passing its output on while it works; returns its exit code and last error lines."""
        from local.aws.glue_jobs import JobRunUpdate

        libraries = os.pathsep.join(str(path) for path in run.extra_py_files)
        conf |= {"spark.app.name": run.job_name, "spark.executorEnv.PYTHONPATH": libraries}
        conf_file = run.script.with_name("spark-conf.json")
        conf_file.write_text(json.dumps(conf))
        arguments = [part for pair in run.arguments.items() for part in pair]
        process = subprocess.Popen(
            [str(self._distribution.python), "-u", str(DRIVER), str(conf_file), str(run.script), *arguments,
             "--JOB_NAME", run.job_name, "--JOB_RUN_ID", run.run_id],
            env=self._environment(run, libraries, port, secret), text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )
        with self._lock:
            self._running[run.run_id] = process
        if run.run_id in self._stopped:
            _kill(process)
        run.report(JobRunUpdate("RUNNING"))
        last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        readers = [
            threading.Thread(target=_pump, args=(process.stdout, lambda lines: run.report(
                JobRunUpdate("RUNNING", output=lines)), None), daemon=True),
            threading.Thread(target=_pump, args=(process.stderr, lambda lines: run.report(
                JobRunUpdate("RUNNING", errors=lines)), last_words), daemon=True),
        ]
        for reader in readers:
            reader.start()
        code = process.wait()
        for reader in readers:
            reader.join(timeout=10)
        return code, list(last_words)

    def _environment(self, run: JobRunSpec, libraries: str, port: int, secret: str) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": libraries,
            "PYTHONHASHSEED": "0",
            "SPARK_HOME": str(self._distribution.spark_home),
            "PYSPARK_PYTHON": str(self._distribution.python),
            "PYSPARK_GATEWAY_PORT": str(port),
            "PYSPARK_GATEWAY_SECRET": secret,
            **aws_environment(self._endpoint, run.region),
        }


def aws_environment(endpoint: str, region: str = "us-east-1") -> dict[str, str]:
    """The standard AWS settings of everything a job starts."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }


def failure(last_words: list[str], code: int) -> str:
    """The message of a failed run, as Glue gives it: the exception that ended the script, without its traceback."""
    for line in reversed(last_words):
        if line and not line[0].isspace() and not line.startswith(("Traceback", "During handling")):
            return line[:1000]
    return f"Command failed with exit code {code}" if code >= 0 else f"The driver was killed by signal {-code}"


def _pump(stream: Any, deliver: Any, keep: deque[str] | None) -> None:
    """Hand lines on in small batches, so that a chatty job does not cost a report per line."""
    batch: list[str] = []
    due = time.monotonic() + _FLUSH_SECONDS
    for line in stream:
        line = line.rstrip("\n")
        if keep is not None:
            keep.append(line)
        batch.append(line)
        if time.monotonic() >= due or len(batch) >= 200:
            deliver(tuple(batch))
            batch, due = [], time.monotonic() + _FLUSH_SECONDS
    if batch:
        deliver(tuple(batch))


def _kill(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def create_runner(python: Path, endpoint: str, data: Path) -> SparkJobRunner:
    """A runner with one JVM already warming up.

    Parameters
    ----------
    python : Path
        Interpreter of the ``spark`` environment.
    endpoint : str
        Address of the AWS endpoint.
    data : Path
        Directory for shuffle files and the JVMs' log.
    """
    distribution = find_distribution(python)
    scratch = data / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    conf = base_conf(distribution, endpoint, scratch)
    pool = SparkPool(lambda: SparkJvm(distribution, conf, data / "jvm.log", aws_environment(endpoint)))
    pool.warm()
    return SparkJobRunner(distribution, pool, endpoint)
