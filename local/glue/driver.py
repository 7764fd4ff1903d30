"""The driver process of one job run: ``python driver.py CONF.json SCRIPT [ARGUMENTS …]`` in the ``spark`` environment.

Attaches to the JVM named by PYSPARK_GATEWAY_PORT and PYSPARK_GATEWAY_SECRET (PySpark's own variables), gives it this
run's Spark settings and runs the script as ``__main__``, as Glue does. Exit code 0: the JVM is clean and can be used
again.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path


def main(conf_file: str, script: str, *arguments: str) -> None:
    """Run one script; its exceptions end the process as they would on Glue."""
    conf: dict[str, str] = json.loads(Path(conf_file).read_text())

    from pyspark import SparkContext

    SparkContext._ensure_initialized()
    # SparkConf reads its defaults from the JVM's system properties, so a script's plain
    # SparkSession.builder.getOrCreate() finds the settings of its job.
    system = SparkContext._jvm.java.lang.System
    for key, value in conf.items():
        system.setProperty(key, value)

    sys.argv = [script, *arguments]
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        if SparkContext._active_spark_context is not None:
            SparkContext._active_spark_context.stop()
        for key in conf:
            system.clearProperty(key)


if __name__ == "__main__":
    main(*sys.argv[1:])
