"""The derived suites on the engine they are made for: Great Expectations over a Spark DataFrame."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from sluice.contracts import load_contracts
from sluice.contracts.gx_suite import expectation_suite
from sluice.contracts.spark_schema import spark_ddl, spark_schema_json

NOW = dt.datetime(2026, 1, 1, 5, tzinfo=dt.UTC)
EVENT = ("e1", "t", "u", "s", "click", "p", NOW, NOW, None, None, None, "a" * 64, None, None, Decimal("1.00"), "EUR",
         False, NOW.date())
ACTIVITY = ("t", NOW, NOW.date(), "p", 1, 0, 0, 1, Decimal("0.00"))
SESSION = ("t", "s", "u", NOW, NOW, NOW.date(), 0, 1, 0, 0, Decimal("0.00"), "p", "p", None, False)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def contracts():
    return load_contracts(Path(__file__).parents[3] / "contracts")


@pytest.fixture(scope="module")
def broken(spark, contracts):
    """Run a dataset's suite over rows; return the names of the rules that they break."""
    import great_expectations as gx
    from pyspark.sql.types import StructType

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_spark("spark")

    def run(name: str, *rows: tuple) -> set[str]:
        dataset = contracts[name]
        schema = StructType.fromJson(spark_schema_json(dataset))
        for field in schema.fields:
            field.nullable = True
        asset = source.add_dataframe_asset(f"{name}-{len(source.assets)}")
        batch = asset.add_batch_definition_whole_dataframe("all").get_batch(
            {"dataframe": spark.createDataFrame(list(rows), schema)})
        result = batch.validate(expectation_suite(dataset))
        assert len(result.results) == len(expectation_suite(dataset).expectations)
        raised = [one.exception_info for one in result.results if one.exception_info.get("raised_exception")]
        assert not raised, raised
        return {one.expectation_config.meta["rule"] for one in result.results if not one.success}

    return run


def test_sound_tables_pass(broken):
    assert broken("clickstream.events", EVENT) == set()
    assert broken("clickstream.hourly_activity", ACTIVITY) == set()
    assert broken("clickstream.sessions", SESSION) == set()


def test_each_fault_of_events_breaks_its_own_rule(broken):
    faulty = list(EVENT)
    faulty[3], faulty[4], faulty[11], faulty[14], faulty[15] = None, "scroll", "192.0.2.7", Decimal("-1"), "eur"
    assert broken("clickstream.events", EVENT, tuple(faulty)) == {
        "event_id_unique", "session_id_not_null", "event_type_in_set", "ip_hash_is_hash", "amount_in_range",
        "currency_pattern"}


def test_keys_of_several_columns_and_rules_between_columns_are_checked(broken):
    faulty = (*ACTIVITY[:7], 5, Decimal("3"))
    assert broken("clickstream.hourly_activity", ACTIVITY, faulty) == {
        "key_unique", "unique_users_at_most_events", "revenue_only_from_purchases"}


def test_an_empty_table_is_noticed(broken):
    assert broken("clickstream.sessions") == {"has_rows"}


def test_spark_reads_the_ddl_string_as_the_same_schema(spark, contracts):
    from pyspark.sql.types import StructType

    for dataset in contracts.values():
        schema = StructType.fromJson(spark_schema_json(dataset))
        ddl = spark.createDataFrame([], spark_ddl(dataset)).schema
        assert [(field.name, field.dataType) for field in ddl] == [(field.name, field.dataType) for field in schema]
