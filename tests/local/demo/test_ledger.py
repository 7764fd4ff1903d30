"""What was sent counts once, however often it is sent, and survives a killed demo."""

from __future__ import annotations

from local.demo.ledger import Ledger


def test_a_batch_that_is_sent_again_counts_once(tmp_path):
    ledger = Ledger(tmp_path / "sent.jsonl")
    for _ in range(2):
        ledger.add("aurora/1", 500)
    ledger.add("aurora/2", 20)
    assert (ledger.records, ledger.deliveries) == (520, 1020)
    again = Ledger(tmp_path / "sent.jsonl")
    assert (again.records, again.deliveries) == (520, 1020)


def test_a_line_that_was_cut_off_is_passed_over(tmp_path):
    path = tmp_path / "sent.jsonl"
    Ledger(path).add("aurora/1", 500)
    path.write_text(path.read_text() + '{"key": "aurora/2", "li')
    assert Ledger(path).records == 500
