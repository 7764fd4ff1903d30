"""What every Glue job of the lake shares: arguments, the contract, the session, progress lines."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sluice.contracts import load_contract
from sluice.contracts.model import Dataset
from sluice.lake.interval import Interval

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass
class Job:
    """One run of a job.

    Attributes
    ----------
    arguments : Namespace
        The job's own arguments.
    interval : Interval
        Days to work on.
    started : float
        Monotonic clock at the start.
    """

    arguments: argparse.Namespace
    interval: Interval
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Seconds since the job started."""
        return round(time.monotonic() - self.started, 3)

    def say(self, message: str) -> None:
        """A progress line for the run's log."""
        print(f"[{self.seconds:7.2f} s] {message}", flush=True)


def start(description: str, names: Sequence[str], argv: Sequence[str] | None = None) -> Job:
    """Read the arguments that Glue passes as ``--name value``; ones of Glue's own are left alone.

    Parameters
    ----------
    names : sequence of str
        Required arguments besides ``interval`` (a partition key ``YYYY-MM-DD``) and ``run_id``.

    Raises
    ------
    SystemExit
        With code 2 when an argument is missing; argparse names it.
    """
    parser = argparse.ArgumentParser(description=description, allow_abbrev=False)
    for name in ("interval", "run_id", *names):
        parser.add_argument(f"--{name}", required=True)
    arguments, _ = parser.parse_known_args(sys.argv[1:] if argv is None else list(argv))
    return Job(arguments, Interval.of_partition(arguments.interval))


def read_contract(s3: Any, address: str) -> Dataset:
    """Load a contract from ``s3://bucket/key``.

    Raises
    ------
    sluice.contracts.ContractError
        When it is not a valid contract; names file, line and field.
    """
    parts = urlsplit(address)
    body = s3.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))["Body"].read()
    return load_contract(body, source=address)


def session(description: str) -> SparkSession:
    """The Spark session of this run; its settings are the Glue job's."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName(description).getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    return spark


def versions(spark: SparkSession) -> dict[str, str]:
    """Versions of what computed a result, for its outcome."""
    return {"spark": spark.version, "python": ".".join(map(str, sys.version_info[:3]))}
