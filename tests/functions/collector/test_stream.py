from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from functions.collector.errors import Refusal
from functions.collector.records import Record
from functions.collector.stream import ATTEMPTS, StreamWriter, chunks

STREAM = "clickstream-test"


class Flaky:
    """A real Kinesis client that refuses chosen records, as a throttled shard does, and passes on the others."""

    def __init__(self, kinesis: Any, refuse: Callable[[int, bytes], bool]) -> None:
        self._kinesis = kinesis
        self._refuse = refuse
        self.calls: list[int] = []

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:
        call = len(self.calls)
        self.calls.append(len(Records))
        taken = [record for record in Records if not self._refuse(call, record["Data"])]
        answers = iter(self._kinesis.put_records(StreamName=StreamName, Records=taken)["Records"] if taken else [])
        refused = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow down"}
        results = [refused if self._refuse(call, record["Data"]) else next(answers) for record in Records]
        return {"FailedRecordCount": len(Records) - len(taken), "Records": results}


def records(count: int) -> list[Record]:
    return [Record(b'{"n":%d}' % n, f"key-{n}") for n in range(count)]


def test_only_refused_records_are_sent_again(kinesis: Any, landed: Callable[[], list[dict[str, Any]]]) -> None:
    flaky = Flaky(kinesis, lambda call, data: call == 0 and int(data[5:-1]) % 3 == 0)
    pauses: list[float] = []
    writer = StreamWriter(flaky, STREAM, sleep=pauses.append)
    writer.write(records(10))
    assert flaky.calls == [10, 4]
    assert writer.retried == 4 and len(pauses) == 1
    assert sorted(record["n"] for record in landed()) == list(range(10)), "each record once"


def test_records_that_stay_refused_are_reported(kinesis: Any) -> None:
    flaky = Flaky(kinesis, lambda call, data: data == b'{"n":1}')
    pauses: list[float] = []
    with pytest.raises(Refusal) as refused:
        StreamWriter(flaky, STREAM, sleep=pauses.append).write(records(3))
    assert refused.value.status == 503 and refused.value.retry_after
    assert flaky.calls == [3] + [1] * (ATTEMPTS - 1)
    assert all(0 <= pause <= 1 for pause in pauses)


def test_an_unreachable_endpoint_is_reported_as_unavailable() -> None:
    class Gone:
        def put_records(self, **_: Any) -> dict[str, Any]:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    with pytest.raises(Refusal, match="same Idempotency-Key") as refused:
        StreamWriter(Gone(), STREAM).write(records(1))
    assert refused.value.status == 503


def test_chunks_keep_the_limits_of_one_call_and_the_order() -> None:
    small = records(1_001)
    assert [len(chunk) for chunk in chunks(small)] == [500, 500, 1]
    assert [record for chunk in chunks(small) for record in chunk] == small
    large = [Record(b"x" * 1_000_000, "k") for _ in range(12)]
    assert [len(chunk) for chunk in chunks(large)] == [5, 5, 2]
    assert list(chunks([])) == []
