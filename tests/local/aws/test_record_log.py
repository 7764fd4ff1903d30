from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from local.aws.record_log import Record, RecordLog


def record(number: int, size: int = 20) -> Record:
    return Record(1000 + number, 5000 + number, str(number).encode(), bytes([number % 256]) * size)


def filled(directory: Path, count: int, segment_bytes: int = 200) -> RecordLog:
    log = RecordLog(directory, segment_bytes)
    for number in range(count):
        log.append([record(number)])
    return log


def everything(log: RecordLog) -> list[Record]:
    records, position = [], log.start
    while batch := log.read(position, 7):
        records += batch
        position += len(batch)
    return records


def test_records_come_back_in_order_across_segments_and_after_reopening(tmp_path: Path) -> None:
    log = filled(tmp_path, 50)
    assert len(list(tmp_path.glob("*.log"))) > 5
    assert everything(log) == [record(n) for n in range(50)]
    reopened = RecordLog(tmp_path, 200)
    assert everything(reopened) == [record(n) for n in range(50)]
    assert (reopened.start, reopened.end, reopened.last_sequence) == (0, 50, 1049)


def test_an_entry_cut_short_by_a_kill_is_dropped_and_the_log_goes_on(tmp_path: Path) -> None:
    log = filled(tmp_path, 3, segment_bytes=10_000)
    file = next(tmp_path.glob("*.log"))
    file.write_bytes(file.read_bytes()[:-5])
    reopened = RecordLog(tmp_path, 10_000)
    assert everything(reopened) == [record(0), record(1)]
    reopened.append([record(9)])
    assert everything(RecordLog(tmp_path, 10_000)) == [record(0), record(1), record(9)]
    assert log.end == 3


def test_trimming_deletes_files_but_never_changes_positions(tmp_path: Path) -> None:
    log = filled(tmp_path, 50)
    log.trim(30)
    assert log.start == 30
    assert log.read(0, 1) == [record(30)]
    assert log.read(41, 1) == [record(41)]
    log.trim(50)
    assert [p.name for p in tmp_path.glob("*.log")] == [f"{50:020d}.log"]
    log.append([record(50)])
    assert RecordLog(tmp_path).read(50, 10) == [record(50)]


def test_positions_are_found_by_sequence_and_by_time(tmp_path: Path) -> None:
    log = filled(tmp_path, 50)
    assert log.position_of_sequence(1017) == 17
    assert log.position_of_time(5018) == 18
    assert log.position_of_sequence(1) == 0
    assert log.position_of_time(9999) == log.end
    assert log.arrival(12) == 5012
    assert log.arrival(50) is None


def test_a_read_stops_at_its_byte_limit_but_gives_at_least_one_record(tmp_path: Path) -> None:
    log = RecordLog(tmp_path)
    log.append([record(n, 1000) for n in range(10)])
    assert len(log.read(0, 10, max_bytes=3200)) == 3
    assert len(log.read(0, 10, max_bytes=1)) == 1


@settings(max_examples=30, deadline=None)
@given(batches=st.lists(st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=300)), max_size=5), max_size=12))
def test_any_keys_and_data_survive(tmp_path_factory, batches) -> None:
    directory = tmp_path_factory.mktemp("log")
    log, written = RecordLog(directory, 500), []
    for batch in batches:
        records = [Record(len(written) + n, 7, key, data) for n, (key, data) in enumerate(batch)]
        log.append(records)
        written += records
    assert everything(log) == written
    assert everything(RecordLog(directory, 500)) == written
