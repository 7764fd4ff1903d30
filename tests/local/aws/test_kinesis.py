from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def kinesis(aws):
    return aws("kinesis")


def read_all(kinesis, stream: str, shard: str, **iterator) -> list[dict]:
    token = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard, **(iterator or {"ShardIteratorType": "TRIM_HORIZON"})
    )["ShardIterator"]
    records = []
    while token:
        answer = kinesis.get_records(ShardIterator=token)
        records += answer["Records"]
        token = answer.get("NextShardIterator") if answer["Records"] else None
    return records


def test_records_of_a_key_stay_in_order_in_one_shard(kinesis) -> None:
    kinesis.create_stream(StreamName="order", ShardCount=4)
    entries = [{"Data": f"{n}".encode(), "PartitionKey": f"user-{n % 7}"} for n in range(200)]
    placed = kinesis.put_records(StreamName="order", Records=entries)
    assert placed["FailedRecordCount"] == 0
    shards = {r["ShardId"] for r in placed["Records"]}
    assert len(shards) > 1
    read = [r for shard in shards for r in read_all(kinesis, "order", shard)]
    assert sorted(int(r["Data"]) for r in read) == list(range(200))
    for key in {e["PartitionKey"] for e in entries}:
        mine = [int(r["Data"]) for r in read if r["PartitionKey"] == key]
        assert mine == sorted(mine)
    assert {r["SequenceNumber"] for r in read} == {r["SequenceNumber"] for r in placed["Records"]}


def test_iterators_start_where_they_are_told(kinesis) -> None:
    kinesis.create_stream(StreamName="iterate", ShardCount=1)
    first = kinesis.put_record(StreamName="iterate", Data=b"a", PartitionKey="k")["SequenceNumber"]
    time.sleep(0.01)
    between = time.time()
    time.sleep(0.01)
    kinesis.put_record(StreamName="iterate", Data=b"b", PartitionKey="k")
    shard = "shardId-000000000000"

    def data(**iterator) -> list[bytes]:
        return [r["Data"] for r in read_all(kinesis, "iterate", shard, **iterator)]

    assert data() == [b"a", b"b"]
    assert data(ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber=first) == [b"a", b"b"]
    assert data(ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=first) == [b"b"]
    assert data(ShardIteratorType="AT_TIMESTAMP", Timestamp=between) == [b"b"]
    assert data(ShardIteratorType="LATEST") == []


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([{"Data": b"x", "PartitionKey": "k"}] * 501, "ValidationException"),
        ([{"Data": b"x" * 900_000, "PartitionKey": "k"}] * 6, "InvalidArgumentException"),
        ([{"Data": b"x" * 1_048_577, "PartitionKey": "k"}], "ValidationException"),
        ([{"Data": b"x", "PartitionKey": ""}], "ValidationException"),
    ],
    ids=["more than 500 records", "more than 5 MB", "a record above 1 MB", "no key"],
)
def test_put_records_refuses_what_aws_refuses_and_writes_nothing(kinesis, records, code) -> None:
    kinesis.create_stream(StreamName="limits", ShardCount=1)
    try:
        with pytest.raises(ClientError) as refusal:
            kinesis.put_records(StreamName="limits", Records=records)
        assert refusal.value.response["Error"]["Code"] == code
        assert read_all(kinesis, "limits", "shardId-000000000000") == []
    finally:
        kinesis.delete_stream(StreamName="limits")


def test_resharding_keeps_parents_readable_and_names_their_children(kinesis) -> None:
    kinesis.create_stream(StreamName="reshard", ShardCount=2)
    keys = [f"k{n}" for n in range(40)]
    put = lambda mark: kinesis.put_records(  # noqa: E731
        StreamName="reshard", Records=[{"Data": f"{mark}{k}".encode(), "PartitionKey": k} for k in keys]
    )
    put("before-")
    kinesis.update_shard_count(StreamName="reshard", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    after = put("after-")["Records"]
    shards = {s["ShardId"]: s for s in kinesis.list_shards(StreamName="reshard")["Shards"]}
    closed = {n for n, s in shards.items() if "EndingSequenceNumber" in s["SequenceNumberRange"]}
    assert closed == {"shardId-000000000000", "shardId-000000000001"}
    assert {r["ShardId"] for r in after} <= set(shards) - closed
    assert {s["ParentShardId"] for n, s in shards.items() if n not in closed} == closed
    old = [r["Data"] for shard in closed for r in read_all(kinesis, "reshard", shard)]
    assert sorted(old) == sorted(f"before-{k}".encode() for k in keys)
    token = kinesis.get_shard_iterator(
        StreamName="reshard", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    end = kinesis.get_records(ShardIterator=token)
    assert "NextShardIterator" not in end
    assert {c["ShardId"] for c in end["ChildShards"]} == {
        n for n, s in shards.items() if s.get("ParentShardId") == "shardId-000000000000"
    }
    assert kinesis.describe_stream_summary(StreamName="reshard")["StreamDescriptionSummary"]["OpenShardCount"] == 4


def test_split_and_merge_give_back_the_same_hash_range(kinesis) -> None:
    kinesis.create_stream(StreamName="split", ShardCount=1)
    kinesis.split_shard(StreamName="split", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    kinesis.merge_shards(
        StreamName="split", ShardToMerge="shardId-000000000002", AdjacentShardToMerge="shardId-000000000001"
    )
    merged = kinesis.list_shards(StreamName="split")["Shards"][-1]
    assert merged["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)}
    assert {merged["ParentShardId"], merged["AdjacentParentShardId"]} == {
        "shardId-000000000001",
        "shardId-000000000002",
    }
    with pytest.raises(ClientError, match="not an open shard"):
        kinesis.split_shard(StreamName="split", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**126))


def test_reading_costs_what_is_read_not_what_is_retained(kinesis) -> None:
    kinesis.create_stream(StreamName="deep", ShardCount=1)
    for _ in range(40):
        kinesis.put_records(StreamName="deep", Records=[{"Data": b"x" * 300, "PartitionKey": "k"}] * 500)

    def tip_seconds() -> float:
        token = kinesis.get_shard_iterator(
            StreamName="deep", ShardId="shardId-000000000000", ShardIteratorType="LATEST"
        )["ShardIterator"]
        started = time.perf_counter()
        kinesis.get_records(ShardIterator=token)
        return time.perf_counter() - started

    def whole_seconds() -> float:
        started = time.perf_counter()
        assert len(read_all(kinesis, "deep", "shardId-000000000000")) == 20_000
        return time.perf_counter() - started

    assert min(tip_seconds() for _ in range(5)) * 5 < whole_seconds()
