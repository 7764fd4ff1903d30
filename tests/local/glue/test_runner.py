"""A Glue run on a real Spark: what the script sees, how it fails, and that a stopped run is gone."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.aws.glue_interface import JobRunSpec, JobRunUpdate
from local.glue.runner import SparkJobRunner, create_runner, failure

pytestmark = pytest.mark.slow


class Run:
    """One run and what was reported of it."""

    def __init__(self, folder: Path, script: str, **arguments: str) -> None:
        folder.mkdir()
        (folder / "job.py").write_text(script)
        self.updates: list[JobRunUpdate] = []
        self.ended = threading.Event()
        self.spec = JobRunSpec(
            run_id=f"jr_{folder.name}",
            job_name="test",
            script_location="s3://code/job.py",
            script=folder / "job.py",
            extra_py_files=(),
            extra_files=(),
            arguments={f"--{k}": v for k, v in arguments.items()},
            glue_version="5.1",
            timeout_minutes=5,
            command="glueetl",
            region="us-east-1",
            workers=2,
            worker_type="G.1X",
            report=self._note,
        )

    def _note(self, update: JobRunUpdate) -> None:
        self.updates.append(update)
        if update.state in ("SUCCEEDED", "FAILED", "STOPPED"):
            self.ended.set()

    def wait(self) -> JobRunUpdate:
        assert self.ended.wait(120), self.updates
        return next(u for u in self.updates if u.state in ("SUCCEEDED", "FAILED", "STOPPED"))

    @property
    def output(self) -> list[str]:
        return [line for update in self.updates for line in update.output]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkJobRunner]:
    python = Path(os.environ.get("SLUICE_SPARK_PYTHON", ".sluice/envs/spark/bin/python")).absolute()
    runner = create_runner(python, "http://127.0.0.1:9", tmp_path_factory.mktemp("glue"))
    yield runner
    runner.close()


COUNT = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
conf = spark.conf
print("rows", spark.range(7).count(), conf.get("spark.sql.session.timeZone"), conf.get("spark.x"), sys.argv[1:3])
"""


def test_a_script_runs_with_its_arguments_and_settings_and_the_jvm_serves_the_next(runner, tmp_path):
    for name, value in (("first", "1"), ("second", "2")):
        run = Run(tmp_path / name, COUNT, conf=f"spark.x={value}")
        runner.start(run.spec)
        assert run.wait().state == "SUCCEEDED"
        assert run.output == [f"rows 7 UTC {value} ['--conf', 'spark.x={value}']"]


def test_a_failed_script_tells_its_exception(runner, tmp_path):
    run = Run(tmp_path / "broken", "raise ValueError('no such interval')")
    runner.start(run.spec)
    ended = run.wait()
    assert (ended.state, ended.error) == ("FAILED", "ValueError: no such interval")


def test_a_stopped_run_ends_at_once_and_leaves_nothing_for_the_next(runner, tmp_path):
    run = Run(tmp_path / "endless", "import time\nprint('on', flush=True)\ntime.sleep(600)")
    runner.start(run.spec)
    deadline = time.monotonic() + 60
    while not any(update.state == "RUNNING" for update in run.updates) and time.monotonic() < deadline:
        time.sleep(0.1)
    runner.stop(run.spec.run_id)
    assert run.wait().state == "STOPPED"
    after = Run(tmp_path / "after", COUNT, conf="spark.x=3")
    runner.start(after.spec)
    assert after.wait().state == "SUCCEEDED"


def test_the_message_of_a_failure_is_its_last_line_that_is_no_traceback():
    words = ["Traceback (most recent call last):", '  File "job.py", line 1', "KeyError: 'day'", "    at org.apache"]
    assert failure(words, 1) == "KeyError: 'day'"
    assert failure([], -9) == "The driver was killed by signal 9"
