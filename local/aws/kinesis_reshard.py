"""Split, merge and UpdateShardCount that keep parents: a closed shard stays readable until its records expire."""

from __future__ import annotations

import json
import time
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import kinesis

from local.aws import kinesis_store as store
from local.aws.gateway import Response

USES = {
    "ministack.services.kinesis": (
        "_split_shard",
        "_merge_shards",
        "_update_shard_count",
        "_describe_stream_summary",
        "_list_shards",
        "_shard_out",
        "_max_shard_index",
        "_compute_hash_ranges",
    ),
}


def _error(code: str, message: str) -> Response:
    return error_response_json(code, message, 400)


def _open_children(stream: store.Stream, children: list[tuple[str, str, str, str | None]]) -> None:
    """Add shards given as (first hash key, last hash key, parent, adjacent parent) and close their parents."""
    index = kinesis._max_shard_index(stream) + 1
    parents = {p for _, _, first, second in children for p in (first, second) if p}
    closing = store.next_sequences(1)
    for offset, (start, end, parent, adjacent) in enumerate(children):
        stream["shards"][f"shardId-{index + offset:012d}"] = {
            "starting_hash_key": start,
            "ending_hash_key": end,
            "parent_shard_id": parent,
            "adjacent_parent_shard_id": adjacent,
        }
    for name in parents:
        stream["shards"][name].update(closed=store.sequence_text(closing), closed_at=time.time())
    store.attach(stream)
    store.save(stream)


def _open_shard(stream: store.Stream, name: str | None) -> store.Shard | None:
    shard = stream["shards"].get(name)
    return shard if shard and store.is_open(shard) else None


def split_shard(data: dict[str, Any]) -> Response:
    """SplitShard: two children, the parent closed."""
    name, stream = kinesis._resolve_stream(data)
    if not stream:
        return _error("ResourceNotFoundException", f"Stream {name} not found")
    parent = data.get("ShardToSplit")
    shard = _open_shard(stream, parent)
    if shard is None:
        return _error("InvalidArgumentException", f"Shard {parent} in stream {name} is not an open shard")
    start, end, at = int(shard["starting_hash_key"]), int(shard["ending_hash_key"]), int(data["NewStartingHashKey"])
    if not start < at <= end:
        return _error("InvalidArgumentException", f"NewStartingHashKey {at} is not inside the range of {parent}")
    _open_children(stream, [(str(start), str(at - 1), parent, None), (str(at), str(end), parent, None)])
    return json_response({})


def merge_shards(data: dict[str, Any]) -> Response:
    """MergeShards: one child of two adjacent open shards."""
    name, stream = kinesis._resolve_stream(data)
    if not stream:
        return _error("ResourceNotFoundException", f"Stream {name} not found")
    names = data.get("ShardToMerge"), data.get("AdjacentShardToMerge")
    shards = [_open_shard(stream, n) for n in names]
    if shards[0] is None or shards[1] is None:
        return _error("InvalidArgumentException", f"{names[0]} and {names[1]} are not two open shards of {name}")
    low, high = sorted(shards, key=lambda s: int(s["starting_hash_key"]))
    if int(low["ending_hash_key"]) + 1 != int(high["starting_hash_key"]):
        return _error("InvalidArgumentException", f"Shards {names[0]} and {names[1]} are not an adjacent pair")
    _open_children(stream, [(low["starting_hash_key"], high["ending_hash_key"], names[0], names[1])])
    return json_response({})


def update_shard_count(data: dict[str, Any]) -> Response:
    """UpdateShardCount: uniform children, each with the open shards it overlaps most as parents."""
    name, stream = kinesis._resolve_stream(data)
    if not stream:
        return _error("ResourceNotFoundException", f"Stream {name} not found")
    target = int(data.get("TargetShardCount") or 0)
    parents = {n: s for n, s in stream["shards"].items() if store.is_open(s)}
    if not max(1, (len(parents) + 1) // 2) <= target <= 2 * len(parents):
        message = f"UpdateShardCount cannot go from {len(parents)} to {target} shards: at most double, at least half"
        return _error("InvalidArgumentException", message)
    if target != len(parents):
        _open_children(stream, _uniform(parents, target))
    answer = {"StreamName": stream["StreamName"], "CurrentShardCount": len(parents), "TargetShardCount": target}
    return json_response({**answer, "StreamARN": stream["StreamARN"]})


def _uniform(parents: dict[str, store.Shard], target: int) -> list[tuple[str, str, str, str | None]]:
    children = []
    for start, end in kinesis._compute_hash_ranges(target):
        overlap = {
            name: min(int(end), int(s["ending_hash_key"])) - max(int(start), int(s["starting_hash_key"]))
            for name, s in parents.items()
        }
        best = sorted((n for n in overlap if overlap[n] >= 0), key=lambda n: -overlap[n])[:2]
        children.append((start, end, best[0], best[1] if len(best) > 1 else None))
    # A parent no child names would be closed by nobody: give it to the child that covers its start.
    named = {p for _, _, first, second in children for p in (first, second)}
    for name in set(parents) - named:
        at = next(
            i for i, c in enumerate(children) if int(c[0]) <= int(parents[name]["starting_hash_key"]) <= int(c[1])
        )
        start, end, first, _ = children[at]
        children[at] = (start, end, first, name)
    return children


def _shard_out(original: Any) -> Any:
    def shard_out(name: str, shard: store.Shard) -> dict[str, Any]:
        out = original(name, shard)
        if not store.is_open(shard):
            out["SequenceNumberRange"]["EndingSequenceNumber"] = shard["closed"]
        return out

    return shard_out


def _summary(original: Any) -> Any:
    def describe_stream_summary(data: dict[str, Any]) -> Response:
        status, headers, body = original(data)
        if status == 200:
            answer = json.loads(body)
            _, stream = kinesis._resolve_stream(data)
            opened = sum(store.is_open(s) for s in stream["shards"].values())
            answer["StreamDescriptionSummary"]["OpenShardCount"] = opened
            return json_response(answer)
        return status, headers, body

    return describe_stream_summary


def _filtered(original: Any) -> Any:
    def list_shards(data: dict[str, Any]) -> Response:
        response = original(data)
        kind = (data.get("ShardFilter") or {}).get("Type")
        if response[0] == 200 and kind in ("AT_LATEST", "AFTER_SHARD_ID"):
            answer = json.loads(response[2])
            if kind == "AT_LATEST":
                keep = [s for s in answer["Shards"] if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
            else:
                keep = [s for s in answer["Shards"] if s["ShardId"] > data["ShardFilter"]["ShardId"]]
            return json_response({**answer, "Shards": keep})
        return response

    return list_shards


def install() -> None:
    """Serve resharding."""
    kinesis._split_shard = split_shard
    kinesis._merge_shards = merge_shards
    kinesis._update_shard_count = update_shard_count
    kinesis._shard_out = _shard_out(kinesis._shard_out)
    kinesis._describe_stream_summary = _summary(kinesis._describe_stream_summary)
    kinesis._list_shards = _filtered(kinesis._list_shards)
