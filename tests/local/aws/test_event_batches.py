from __future__ import annotations

import time

from local.aws.event_batches import Batch, Outcome, ShardWork
from local.aws.record_log import Record, RecordLog


def run(tmp_path, esm: dict, poison: set[int], count: int = 8, arrived: int | None = None):
    """Feed ``count`` records through a mapping whose function fails on ``poison``; give calls and what was given up."""
    now = int(time.time() * 1000) if arrived is None else arrived
    log = RecordLog(tmp_path)
    log.append([Record(n + 1, now, b"k", str(n).encode()) for n in range(count)])
    work, position, calls, given_up = ShardWork(esm), 0, [], []
    while position < log.end and len(calls) < 100:
        work._not_before = 0.0
        batch = work.next(log, position, growing=True)
        if batch is None:
            break
        calls.append((batch.first, batch.last))
        bad = [n for n in range(batch.first, batch.last) if n in poison]
        partial = esm.get("Partial")
        outcome = Outcome((bad[0] if partial else batch.first) if bad else None)
        given_up += work.settle(batch, outcome, log.read(batch.first, batch.last - batch.first))
        position = work.checkpoint(default=batch.last)
    return calls, given_up, position


def test_a_shard_is_read_in_batches_in_order(tmp_path) -> None:
    calls, given_up, position = run(tmp_path, {"BatchSize": 3}, poison=set())
    assert calls == [(0, 3), (3, 6), (6, 8)]
    assert (given_up, position) == ([], 8)


def test_a_failing_batch_is_retried_as_often_as_configured_then_given_up_whole(tmp_path) -> None:
    calls, given_up, position = run(tmp_path, {"BatchSize": 4, "MaximumRetryAttempts": 2}, poison={1})
    assert calls == [(0, 4)] * 3 + [(4, 8)]
    assert given_up == [Batch(0, 4, 3, "RetryAttemptsExhausted")]
    assert position == 8


def test_bisection_isolates_the_one_bad_record(tmp_path) -> None:
    esm = {"BatchSize": 8, "MaximumRetryAttempts": 1, "BisectBatchOnFunctionError": True}
    calls, given_up, position = run(tmp_path, esm, poison={5})
    assert [(g.first, g.last) for g in given_up] == [(5, 6)]
    assert position == 8
    succeeded = [n for first, last in calls if 5 not in range(first, last) for n in range(first, last)]
    assert succeeded == [0, 1, 2, 3, 4, 6, 7], "every other record once and in order"


def test_reported_failures_move_the_checkpoint_to_the_first_of_them(tmp_path) -> None:
    calls, given_up, _ = run(tmp_path, {"BatchSize": 8, "MaximumRetryAttempts": 1, "Partial": True}, poison={3})
    assert calls == [(0, 8), (3, 8)]
    assert given_up == [Batch(3, 8, 2, "RetryAttemptsExhausted")]


def test_without_a_limit_a_batch_is_tried_again_and_again(tmp_path) -> None:
    calls, given_up, position = run(tmp_path, {"BatchSize": 4, "MaximumRetryAttempts": -1}, poison={0})
    assert calls == [(0, 4)] * 100
    assert (given_up, position) == ([], 0)


def test_records_older_than_the_maximum_age_are_given_up(tmp_path) -> None:
    esm = {"BatchSize": 4, "MaximumRecordAgeInSeconds": 60}
    calls, given_up, position = run(tmp_path, esm, poison={0, 1, 2, 3}, arrived=int((time.time() - 120) * 1000))
    assert given_up == [Batch(0, 4, 1, "RecordAgeExceeded")]
    assert calls == [(0, 4), (4, 8)]
    assert position == 8


def test_a_window_waits_for_a_full_batch_but_not_forever(tmp_path) -> None:
    log = RecordLog(tmp_path)
    now = int(time.time() * 1000)
    log.append([Record(1, now, b"k", b"x")])
    work = ShardWork({"BatchSize": 2, "MaximumBatchingWindowInSeconds": 30})
    assert work.next(log, 0, growing=True) is None
    assert work.next(log, 0, growing=False) == Batch(0, 1), "a closed shard gets no more records"
    late = ShardWork({"BatchSize": 2, "MaximumBatchingWindowInSeconds": 30})
    log.append([Record(2, now, b"k", b"y")])
    assert late.next(log, 0, growing=True) == Batch(0, 2)
