"""What the landing trigger reads out of bucket notifications."""

from __future__ import annotations

import json

import pytest

from sluice.orchestration.triggers import HourLandedTrigger, RawLandedTrigger, landed_days

PREFIX = "raw/clickstream/events/"


def _message(*keys: str) -> str:
    return json.dumps({"Records": [{"s3": {"object": {"key": key}}} for key in keys]})


def test_days_come_from_the_partitions_of_the_keys():
    body = _message(
        f"{PREFIX}year%3D2026/month%3D11/day%3D22/hour%3D05/a.gz", f"{PREFIX}year=2026/month=11/day=23/hour=00/b.gz"
    )
    assert landed_days(body, PREFIX) == {"2026-11-22", "2026-11-23"}


def test_keys_of_other_datasets_are_not_ours():
    assert landed_days(_message("raw/orders/year=2026/month=11/day=22/hour=05/a.gz"), PREFIX) == set()


@pytest.mark.parametrize(
    "body", ["", "no json", "[]", '{"Event": "s3:TestEvent"}', '{"Records": [{}]}', '{"Records": null}']
)
def test_messages_that_are_no_notification_are_passed_over(body):
    assert landed_days(body, PREFIX) == set()


@pytest.mark.parametrize(
    "trigger",
    [
        RawLandedTrigger("queue", PREFIX, quiet_seconds=1.0),
        HourLandedTrigger(
            delivery_stream="d",
            bucket="b",
            prefix=PREFIX,
            hour="2026-11-22T05:00:00+00:00",
            lateness_seconds=900,
            settle_seconds=12,
            poll_seconds=2,
        ),
    ],
)
def test_a_trigger_comes_back_whole_from_the_triggerers_database(trigger):
    path, arguments = trigger.serialize()
    module, _, name = path.rpartition(".")
    again = getattr(__import__(module, fromlist=[name]), name)(**json.loads(json.dumps(arguments)))
    assert again.serialize() == (path, arguments)
