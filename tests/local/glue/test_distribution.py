"""A job's Spark settings, as Glue takes them."""

from __future__ import annotations

import pytest

from local.glue.distribution import job_conf


def test_one_argument_holds_many_settings_and_names_iceberg_as_glue_does():
    conf = job_conf("spark.a=1 --conf spark.sql.catalog.glue=org.apache.iceberg.spark.SparkCatalog --conf spark.b=x=y")
    assert conf == {
        "spark.a": "1", "spark.sql.catalog.glue": "smfs.shaded.org.apache.iceberg.spark.SparkCatalog", "spark.b": "x=y",
    }


def test_no_argument_is_no_setting():
    assert job_conf(None) == job_conf("") == {}


def test_a_setting_without_a_value_is_refused_by_name():
    with pytest.raises(ValueError, match=r"spark\.lonely"):
        job_conf("spark.lonely")
