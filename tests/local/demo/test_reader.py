from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.demo.reader import EventsFileError, Mapping, batches_of_file


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_json_lines_are_sent_as_they_are_in_the_same_batches_each_time(tmp_path: Path) -> None:
    lines = [b'{"n":%d}' % n for n in range(1_200)] + [b"torn {"]
    file = write(tmp_path / "events.jsonl", b"\xef\xbb\xbf" + b"\r\n".join([*lines, b"", b"  "]))
    batches = list(batches_of_file(file, "aurora", "k"))
    assert [batch.lines for batch in batches] == [500, 500, 201]
    assert b"".join(batch.body for batch in batches).split(b"\n")[:-1] == lines
    assert [b.idempotency_key for b in batches] == [b.idempotency_key for b in batches_of_file(file, "aurora", "k")]
    assert len({batch.idempotency_key for batch in batches}) == 3


def test_csv_columns_become_fields(tmp_path: Path) -> None:
    mapping = write(
        tmp_path / "m.yaml", "columns: {visitor: user_id, paid: amount, page: page_id}\nconstants: {event_type: view}\n"
    )
    file = write(
        tmp_path / "e.csv", 'visitor,paid,page,unused\nzoë,19.90,"a,b",x\nu2,12345678901234567.89,,y\nu3,free,p,z\n'
    )
    (batch,) = batches_of_file(file, "aurora", "k", Mapping.load(mapping))
    assert [json.loads(line) for line in batch.body.splitlines()] == [
        {"event_type": "view", "user_id": "zoë", "amount": 19.9, "page_id": "a,b"},
        {"event_type": "view", "user_id": "u2", "amount": "12345678901234567.89"},
        {"event_type": "view", "user_id": "u3", "amount": "free", "page_id": "p"},
    ]


@pytest.mark.parametrize(
    ("name", "content", "mapped", "complaint"),
    [
        ("e.jsonl", None, False, r"e\.jsonl: cannot be read \(No such file"),
        ("e.jsonl", "\n\n", False, r"holds no events"),
        ("e.jsonl", '[\n{"a":1},\n{"a":2}\n]\n', False, r"e\.jsonl:1: begins a JSON array; write one event per line"),
        ("e.jsonl", '{"a":1}\n' + "x" * 900_001, False, r"e\.jsonl:2: is longer than"),
        ("e.jsonl", "{}", True, r"--mapping is for CSV"),
        ("e.csv", "visitor\n1\n", False, r"needs --mapping FILE"),
        ("e.csv", "who\n1\n", True, r"e\.csv:1: has no column visitor; it has who"),
        ("e.csv", "visitor,b\n1,2\n1,2,3\n", True, r"e\.csv:3: has not the 2 columns"),
        ("e.csv", "visitor,b\n1,2\n1\n", True, r"e\.csv:3: has not the 2 columns"),
        ("e.csv", b"visitor\n\xff\xfe\n", True, r"is not UTF-8"),
        ("e.csv", 'visitor\n"open', True, r"e\.csv:\d+: is no CSV"),
    ],
)
def test_a_file_that_cannot_be_sent_is_explained(
    tmp_path: Path, name: str, content: str | bytes | None, mapped: bool, complaint: str
) -> None:
    file = tmp_path / name
    if content is not None:
        write(file, content)
    mapping = Mapping({"visitor": "user_id"}) if mapped else None
    with pytest.raises(EventsFileError, match=complaint):
        list(batches_of_file(file, "aurora", "k", mapping))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("columns: [a]", "must map names to names"),
        ("columns: {}", "maps no column"),
        ("a: {b", r"m\.yaml:\d+: is no YAML"),
        ("columns: {a: 3}", "must map names to names"),
        ("text", "maps no column"),
    ],
)
def test_a_mapping_that_says_nothing_is_explained(tmp_path: Path, content: str, complaint: str) -> None:
    with pytest.raises(EventsFileError, match=complaint):
        Mapping.load(write(tmp_path / "m.yaml", content))


def test_a_mapping_may_be_just_the_columns(tmp_path: Path) -> None:
    assert Mapping.load(write(tmp_path / "m.yaml", "visitor: user_id\n")).columns == {"visitor": "user_id"}
