"""Glue job runs that really run: PySpark on a pool of warm Spark JVMs.

AWS Glue starts a Spark driver for every job run. Here a driver is a Python process of the ``spark`` environment that
attaches to a JVM started ahead of time, so that a run costs its work and not its start-up.
"""

from __future__ import annotations

from local.glue.runner import SparkJobRunner, create_runner

__all__ = ["SparkJobRunner", "create_runner"]
