"""The gate's validation on Spark: a verdict, details of what failed, and a page without personal data."""

from __future__ import annotations

import great_expectations as gx
import great_expectations.expectations as gxe
import pytest

from sluice.quality.validation import upload_docs, validate

pytestmark = pytest.mark.slow
SCHEMA = "event_id string, kind string, email string"


def _suite():
    return gx.ExpectationSuite(
        name="curated.test",
        expectations=[
            gxe.ExpectTableColumnsToMatchOrderedList(
                column_list=["event_id", "kind", "email"], meta={"rule": "columns"}
            ),
            gxe.ExpectColumnValuesToNotBeNull(column="event_id", meta={"rule": "event_id_present"}),
            gxe.ExpectColumnValuesToBeInSet(column="kind", value_set=["view"], meta={"rule": "kind_in_set"}),
            gxe.ExpectColumnValuesToMatchRegex(
                column="email", regex="@", severity="warning", meta={"rule": "email_form"}
            ),
        ],
    )


def _results(validated):
    return {one["expectation_config"]["meta"]["rule"]: one for one in validated.result["results"]}


def test_sound_rows_pass_and_leave_a_page(spark, tmp_path):
    frame = spark.createDataFrame([("e1", "view", "a@b.example")], SCHEMA)
    validated = validate(frame, _suite(), "asset_triggered__2026-11-22T00:00:00+00:00", tmp_path, ["event_id"])
    assert validated.result["success"] and len(validated.result["results"]) == 4
    assert (tmp_path / validated.page).read_text().count("curated.test") >= 1


def test_what_failed_comes_with_count_and_rows_and_nothing_else_is_asked_twice(spark, tmp_path):
    frame = spark.createDataFrame([("e1", "view", "a@b.example"), ("e2", "hover", "a@b.example")], SCHEMA)
    found = _results(validate(frame, _suite(), "r", tmp_path, ["event_id"]))
    assert (found["kind_in_set"]["success"], found["kind_in_set"]["result"]["unexpected_count"]) == (False, 1)
    assert found["kind_in_set"]["result"]["partial_unexpected_index_list"] == [{"event_id": "e2", "kind": "hover"}]
    assert found["event_id_present"]["success"] and found["event_id_present"]["result"] == {}


def test_personal_data_reaches_neither_the_result_nor_the_page(spark, tmp_path):
    frame = spark.createDataFrame([("e1", "view", "jo.smith-at-corp")], SCHEMA)
    validated = validate(
        frame, _suite(), "r", tmp_path, ["event_id"], pii=["email"], columns=["event_id", "kind", "email"]
    )
    assert not _results(validated)["email_form"]["success"]
    assert "jo.smith" not in str(validated.result)
    assert "jo.smith" not in (tmp_path / validated.page).read_text()


def test_a_page_is_published_with_its_files_but_without_an_index_of_one_run(tmp_path):
    (tmp_path / "validations").mkdir()
    (tmp_path / "validations/a.html").write_text("page")
    (tmp_path / "index.html").write_text("index")

    puts = {}

    class Client:
        def put_object(self, *, Bucket, Key, Body, ContentType):
            puts[Key] = (Body, ContentType)

    upload_docs(Client(), "quality", tmp_path)
    assert puts == {"data-docs/validations/a.html": (b"page", "text/html")}
