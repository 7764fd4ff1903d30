"""Ask the lake of a running laptop stack with Spark SQL.

    .sluice/envs/spark/bin/python docs/examples/lake_sql.py "select count(*) from glue.curated.clickstream_events"

Reads tables with the very settings that the job ``sluice-promote`` has. On AWS ask Athena instead, without the prefix
``glue.``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins")]


def main(statement: str) -> int:
    """Print the answer to one query, at most a hundred rows."""
    from local.glue.distribution import base_conf, find_distribution, job_conf

    try:
        ports = json.loads((ROOT / ".sluice" / "ports.json").read_text())
    except FileNotFoundError:
        print("there is no stack in this clone; start it: ./sluice up", file=sys.stderr)
        return 3
    endpoint = f"http://127.0.0.1:{ports['aws']}"
    spark_python = Path(sys.executable)
    distribution = find_distribution(spark_python)
    os.environ.update(
        AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="us-east-1", AWS_REGION="us-east-1",
        NO_PROXY="127.0.0.1,localhost", no_proxy="127.0.0.1,localhost",
        JAVA_HOME=str(distribution.java_home), SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=str(spark_python), TZ="UTC",
    )  # fmt: skip

    import boto3
    from pyspark.sql import SparkSession

    arguments = boto3.client("glue").get_job(JobName="sluice-promote")["Job"]["DefaultArguments"]
    with tempfile.TemporaryDirectory(prefix="sluice-sql-") as scratch:
        builder = SparkSession.builder.appName("lake_sql")
        for key, value in (base_conf(distribution, endpoint, Path(scratch)) | job_conf(arguments["--conf"])).items():
            builder = builder.config(key, value)
        spark = builder.config("spark.log.level", "ERROR").getOrCreate()
        try:
            spark.sql(statement).show(100, truncate=120)
        finally:
            spark.stop()
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
