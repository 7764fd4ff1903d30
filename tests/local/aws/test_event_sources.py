from __future__ import annotations

import json

import pytest

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/"

RECORDER = """
import base64, boto3, json, os
s3 = boto3.client("s3")
def handler(event, context):
    data = [base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]
    s3.put_object(Bucket="calls", Key=os.environ["AWS_LAMBDA_FUNCTION_NAME"] + "/" + context.aws_request_id,
                  Body=json.dumps(data))
    if os.environ.get("MODE") == "raise" and any("poison" in d for d in data):
        raise ValueError("poison")
    if os.environ.get("MODE") == "report":
        bad = [r["kinesis"]["sequenceNumber"] for r, d in zip(event["Records"], data) if "poison" in d]
        return {"batchItemFailures": [{"itemIdentifier": s} for s in bad[:1]]}
"""


@pytest.fixture(scope="module")
def calls(aws):
    """Batches a function was called with, in the order of the calls."""
    aws("s3").create_bucket(Bucket="calls")

    def read(function: str) -> list[list[str]]:
        found = aws("s3").list_objects_v2(Bucket="calls", Prefix=f"{function}/").get("Contents", [])
        found = [aws("s3").get_object(Bucket="calls", Key=o["Key"])["Body"].read() for o in found]
        return [json.loads(body) for body in found]

    return read


@pytest.fixture(scope="module")
def mapping(aws, deploy, calls):
    def create(name: str, mode: str = "", shards: int = 1, **options) -> str:
        aws("kinesis").create_stream(StreamName=name, ShardCount=shards)
        deploy(name, RECORDER, Environment={"Variables": {"MODE": mode}})
        settings = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 10, **options}
        return aws("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=STREAM + name, **settings)[
            "UUID"
        ]

    return create


def put(aws, stream: str, *data: str) -> None:
    entries = [{"Data": d.encode(), "PartitionKey": "one"} for d in data]
    aws("kinesis").put_records(StreamName=stream, Records=entries)


def test_a_batch_that_reports_a_failure_is_retried_from_there_and_then_handed_on(
    aws, mapping, calls, drain, until
) -> None:
    queue = aws("sqs").create_queue(QueueName="failed")["QueueUrl"]
    destination = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:failed"}}
    mapping(
        "report",
        "report",
        FunctionResponseTypes=["ReportBatchItemFailures"],
        MaximumRetryAttempts=1,
        DestinationConfig=destination,
        MaximumBatchingWindowInSeconds=1,
    )
    put(aws, "report", "a", "b", "poison", "c")
    failures = until(lambda: drain(queue), 15, "the failure destination gets the rest of the batch")
    batches = calls("report")
    assert sorted(batches, key=len, reverse=True) == [["a", "b", "poison", "c"], ["poison", "c"]]
    report = json.loads(failures[0])
    assert report["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert report["KinesisBatchInfo"]["batchSize"] == 2
    put(aws, "report", "next")
    until(lambda: ["next"] in calls("report"), 10, "the shard goes on")


def test_bisection_loses_only_the_bad_record(aws, mapping, calls, until) -> None:
    mapping(
        "bisect", "raise", BisectBatchOnFunctionError=True, MaximumRetryAttempts=0, MaximumBatchingWindowInSeconds=1
    )
    put(aws, "bisect", "a", "b", "poison", "d")
    until(lambda: ["d"] in calls("bisect"), 15, "the records after the bad one arrive")
    assert sorted(calls("bisect")) == [["a", "b"], ["a", "b", "poison", "d"], ["d"], ["poison"], ["poison", "d"]]


def test_after_resharding_parents_are_read_before_their_children(aws, mapping, calls, until) -> None:
    uuid = mapping("parents", BatchSize=100)
    aws("lambda").update_event_source_mapping(UUID=uuid, Enabled=False)
    put(aws, "parents", *[f"old{n}" for n in range(150)])
    aws("kinesis").split_shard(
        StreamName="parents", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127)
    )
    put(aws, "parents", "new")
    aws("lambda").update_event_source_mapping(UUID=uuid, Enabled=True)
    until(lambda: ["new"] in calls("parents"), 15, "the child is read")
    read = [d for batch in calls("parents") for d in batch]
    assert sorted(read) == sorted([f"old{n}" for n in range(150)] + ["new"]), "with all of the parent read before"
