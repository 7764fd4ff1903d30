"""Raw objects are read line by line, and each line keeps its place."""

from __future__ import annotations

import gzip

from hypothesis import given
from hypothesis import strategies as st

from sluice.lake import lines as module
from sluice.lake.lines import line_batches
from tests.support.fake_s3 import FakeS3


def _read(objects: dict[str, bytes]) -> list[tuple[str, int, str]]:
    batches = list(line_batches(FakeS3(objects), "lake", sorted(objects)))
    return [row for b in batches for row in zip(b["source_file"], b["source_line"], b["line"], strict=True)]


def test_lines_carry_their_file_and_number_and_blank_ones_are_no_records():
    rows = _read({"a": b'{"x": 1}\n\n  \n{"x": 2}\r\n{"x": 3}'})
    assert rows == [("s3://lake/a", 1, '{"x": 1}'), ("s3://lake/a", 4, '{"x": 2}'), ("s3://lake/a", 5, '{"x": 3}')]


def test_gzip_is_recognised_by_its_content():
    assert _read({"no-suffix": gzip.compress(b"one\ntwo\n")}) == [
        ("s3://lake/no-suffix", 1, "one"),
        ("s3://lake/no-suffix", 2, "two"),
    ]


def test_bytes_that_are_no_text_are_kept_as_a_line():
    assert _read({"a": b"\xff\xfe{\n"})[0][2] == "\ufffd\ufffd{"


@given(st.lists(st.lists(st.binary(max_size=40).filter(lambda b: b"\n" not in b), max_size=8), max_size=4))
def test_no_line_is_lost_whatever_the_bytes_and_however_small_the_batches(files):
    objects = {f"k{i}": b"\n".join(rows) for i, rows in enumerate(files)}
    old, module.BATCH_BYTES = module.BATCH_BYTES, 16
    try:
        read = _read({key: body for key, body in objects.items() if not body.startswith(b"\x1f\x8b")})
    finally:
        module.BATCH_BYTES = old
    expected = sum(
        bool(line.rstrip(b"\r\n").strip())
        for key, body in objects.items()
        if not body.startswith(b"\x1f\x8b")
        for line in body.split(b"\n")
    )
    assert len(read) == expected
