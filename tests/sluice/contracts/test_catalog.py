from __future__ import annotations

from sluice.contracts.catalog import glue_columns, glue_table_input


def test_glue_columns_carry_type_comment_and_classification(events):
    columns = {column["Name"]: column for column in glue_columns(events)}
    assert list(columns) == [column.name for column in events.columns]
    assert columns["amount"]["Type"] == "decimal(12,2)"
    assert columns["event_timestamp"]["Type"] == "timestamp"
    assert columns["email_hash"]["Parameters"] == {
        "sluice.required": "false", "sluice.classification": "confidential", "sluice.pii-class": "email"}


def test_a_comment_longer_than_glue_allows_is_cut(dataset_of):
    assert len(glue_columns(dataset_of({"name": "x", "description": "x" * 999}))[0]["Comment"]) == 255


def test_the_table_input_is_accepted_by_the_api_model(events):
    found = glue_table_input(events, location="s3://sluice-lake/curated/clickstream_events")
    assert found["Name"] == "clickstream_events"
    assert found["StorageDescriptor"]["Location"] == "s3://sluice-lake/curated/clickstream_events"
    assert found["Owner"] == "web-analytics@sluice.example"
