"""CloudWatch metrics the engines publish each second, thinned out to one statistic set a minute when they get older."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ministack.services import cloudwatch

from local.aws import gateway

USES = {"ministack.services.cloudwatch": ("_metrics", "_metric_bucket", "_dims_key", "_point_stats", "record_metric")}

_FINE_SECONDS = 300
_THIN_EVERY = 60
_last_thinned: dict[tuple, float] = {}


def publish(
    owner: tuple[str, str], namespace: str, dimensions: Mapping[str, str], values: Mapping[str, tuple[float, str]]
) -> None:
    """Add one point (value, unit) per metric name for an (account, region)."""
    with gateway.scope(*owner):
        for name, (value, unit) in values.items():
            cloudwatch.record_metric(namespace, name, value, unit, dict(dimensions))
            key = (namespace, name, cloudwatch._dims_key(dict(dimensions)))
            if time.time() - _last_thinned.get((owner, key), 0.0) > _THIN_EVERY:
                _last_thinned[owner, key] = time.time()
                cloudwatch._metrics[key] = thin(cloudwatch._metrics[key], time.time() - _FINE_SECONDS)


def thin(points: list[dict[str, Any]], horizon: float) -> list[dict[str, Any]]:
    """Merge points older than ``horizon`` into one statistic set per minute; sum, count, minimum and maximum stay."""
    minutes: dict[int, dict[str, Any]] = {}
    recent = []
    for point in points:
        if point["Timestamp"] >= horizon:
            recent.append(point)
            continue
        count, total, low, high = cloudwatch._point_stats(point)
        minute = int(point["Timestamp"] // 60)
        merged = minutes.get(minute)
        if merged is None:
            stat = {"SampleCount": count, "Sum": total, "Minimum": low, "Maximum": high}
            minutes[minute] = {**point, "Timestamp": minute * 60.0, "Value": total, "_stat": stat}
        else:
            stat = merged["_stat"]
            stat["SampleCount"] += count
            stat["Sum"] += total
            stat["Minimum"] = min(stat["Minimum"], low)
            stat["Maximum"] = max(stat["Maximum"], high)
            merged["Value"] = stat["Sum"]
    return [*minutes.values(), *recent]
