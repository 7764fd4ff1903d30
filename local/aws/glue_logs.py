"""Logs of Glue job runs in CloudWatch Logs: two log groups, one stream per run."""

from __future__ import annotations

import time
from collections.abc import Iterable

from local.aws import gateway

LOG_GROUP = "/aws-glue/jobs"


def write_log(kind: str, stream: str, lines: Iterable[str]) -> None:
    """Add lines to a run's stream in ``/aws-glue/jobs/output`` or ``/error``, creating both as needed."""
    events = [{"timestamp": int(time.time() * 1000), "message": line} for line in lines if line]
    group = f"{LOG_GROUP}/{kind}"
    for operation, payload in (("CreateLogGroup", {}), ("CreateLogStream", {"logStreamName": stream})):
        try:
            gateway.call_json("logs", f"Logs_20140328.{operation}", {"logGroupName": group, **payload})
        except gateway.CallFailed as error:
            if "exist" not in str(error):
                raise
    for start in range(0, len(events), 1000):
        payload = {"logGroupName": group, "logStreamName": stream, "logEvents": events[start : start + 1000]}
        gateway.call_json("logs", "Logs_20140328.PutLogEvents", payload)
