"""What lies in the raw zone: objects below ``<prefix>year=/month=/day=/hour=/``, as the delivery stream writes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sluice.lake.interval import Interval


@dataclass(frozen=True, order=True)
class RawObject:
    """One object of the raw zone.

    Attributes
    ----------
    key : str
        Its key in the lake's bucket.
    size : int
        Bytes as stored.
    etag : str
        The entity tag S3 gave it.
    landed_at : datetime
        When S3 stored it, UTC.
    """

    key: str
    size: int
    etag: str
    landed_at: datetime


def day_prefix(prefix: str, day: date) -> str:
    """The key prefix of one day's objects."""
    return f"{prefix.rstrip('/')}/year={day:%Y}/month={day:%m}/day={day:%d}/"


def list_objects(s3: Any, bucket: str, prefix: str, interval: Interval) -> list[RawObject]:
    """The objects of an interval, sorted by key.

    Parameters
    ----------
    s3 : boto3 S3 client
    bucket, prefix : str
        The lake's bucket and the dataset's raw prefix.
    """
    pages = s3.get_paginator("list_objects_v2")
    return sorted(
        RawObject(item["Key"], item["Size"], item["ETag"].strip('"'), item["LastModified"])
        for day in interval.days()
        for page in pages.paginate(Bucket=bucket, Prefix=day_prefix(prefix, day))
        for item in page.get("Contents", ())
        if item["Size"]
    )


def days_present(s3: Any, bucket: str, prefix: str) -> Iterator[date]:
    """The days that have objects, read from the partition folders without listing what is in them."""
    for year in _folders(s3, bucket, f"{prefix.rstrip('/')}/", "year="):
        for month in _folders(s3, bucket, year, "month="):
            for day in _folders(s3, bucket, month, "day="):
                y, m, d = (part.partition("=")[2] for part in day.rstrip("/").split("/")[-3:])
                yield date(int(y), int(m), int(d))


def _folders(s3: Any, bucket: str, prefix: str, name: str) -> Iterator[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix + name, Delimiter="/")
    for page in pages:
        for folder in page.get("CommonPrefixes", ()):
            yield folder["Prefix"]


def fingerprint(objects: Iterable[RawObject]) -> str:
    """A short hash of a set of objects: equal exactly when the same bytes lie under the same keys.

    A promotion records the fingerprint of what it read; when the listing's differs, something landed since.
    """
    digest = hashlib.sha256()
    for item in sorted(objects):
        digest.update(f"{item.key}\0{item.etag}\0{item.size}\n".encode())
    return digest.hexdigest()[:16]


def split(objects: Sequence[RawObject], parts: int) -> list[list[RawObject]]:
    """Spread objects over at most `parts` groups of about equal bytes (largest first, to the lightest group)."""
    groups: list[list[RawObject]] = [[] for _ in range(max(1, min(parts, len(objects))))]
    weights = [0] * len(groups)
    for item in sorted(objects, key=lambda o: (-o.size, o.key)):
        lightest = weights.index(min(weights))
        groups[lightest].append(item)
        weights[lightest] += item.size
    return groups
