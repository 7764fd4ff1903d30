"""The listing half of S3, for tests of what is done with a listing; everything that stores is tested on the
endpoint."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

WHEN = datetime(2026, 11, 23, 12, tzinfo=UTC)


class FakeS3:
    """Objects by key; `stored` gives the time of each."""

    def __init__(self, objects: dict[str, bytes], stored: dict[str, datetime] | None = None) -> None:
        self.objects, self.stored = dict(objects), stored or {}

    def get_paginator(self, operation: str) -> FakeS3:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str, Delimiter: str | None = None) -> Iterator[dict[str, Any]]:
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        if Delimiter:
            folders = {key[: key.index(Delimiter, len(Prefix)) + 1] for key in keys if Delimiter in key[len(Prefix) :]}
            yield {"CommonPrefixes": [{"Prefix": folder} for folder in sorted(folders)]}
            return
        for key in keys:  # one key a page: nobody may rely on a page being all
            body = self.objects[key]
            yield {
                "Contents": [
                    {
                        "Key": key,
                        "Size": len(body),
                        "ETag": f'"{hashlib.md5(body).hexdigest()}"',
                        "LastModified": self.stored.get(key, WHEN),
                    }
                ]
            }

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[Key])}
