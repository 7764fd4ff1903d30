"""The stored result of one validation and its place in S3.

``s3://<bucket>/validations/<dataset>/<interval>/<run_id>.json``, one JSON object per run of a suite. A retry of the
same run overwrites it. Sample values in it are masked before they get here (:mod:`sluice.quality.gx_results`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal
from urllib.parse import quote, unquote

Severity = Literal["fail", "warn"]
Status = Literal["passed", "warned", "failed"]

DEFAULT_BUCKET = "sluice-quality"
PREFIX = "validations/"


@dataclass(frozen=True, kw_only=True)
class ExpectationOutcome:
    """One expectation of a suite and how it came out.

    Attributes
    ----------
    expectation
        Its type, e.g. ``expect_column_values_to_be_unique``.
    rule
        The rule of the contract it was derived from.
    severity
        ``fail`` closes the gate, ``warn`` only tells.
    observed
        The observed value; masked if it could hold personal data.
    sample
        Some offending rows (column -> masked value).
    error
        Why the expectation could not be evaluated, or None.
    """

    expectation: str
    rule: str
    severity: Severity
    success: bool
    column: str | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    observed: Any = None
    unexpected_count: int | None = None
    unexpected_percent: float | None = None
    sample: tuple[Mapping[str, Any], ...] = ()
    error: str | None = None

    def __post_init__(self) -> None:
        if self.severity not in ("fail", "warn"):
            raise ValueError(f"severity of rule {self.rule!r} is 'fail' or 'warn', not {self.severity!r}")
        object.__setattr__(self, "sample", tuple(self.sample))


@dataclass(frozen=True, kw_only=True)
class ValidationResult:
    """What a suite found in one interval of one dataset.

    ``success`` is the gate's answer: True when no expectation of severity ``fail`` failed.
    """

    dataset: str
    interval: str
    run_id: str
    suite: str
    zone: str
    success: bool
    evaluated: int
    successful: int
    failed_fail: int
    failed_warn: int
    started_at: str
    seconds: float
    contract_version: str
    owner: str
    snapshot_id: str | None = None
    expectations: tuple[ExpectationOutcome, ...] = ()
    data_docs_url: str | None = None

    def __post_init__(self) -> None:
        for name in ("dataset", "interval", "run_id"):
            if not getattr(self, name):
                raise ValueError(f"A validation result needs a {name}; it is empty.")
        object.__setattr__(self, "expectations", tuple(self.expectations))

    @property
    def status(self) -> Status:
        if not self.success:
            return "failed"
        return "warned" if self.failed_warn else "passed"

    @property
    def key(self) -> str:
        return key_of(self.dataset, self.interval, self.run_id)

    def to_json(self) -> str:
        """The stored form."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"), default=str)

    @classmethod
    def from_json(cls, text: str | bytes) -> ValidationResult:
        """Read the stored form; unknown fields are ignored, so that older code reads newer results.

        Raises
        ------
        ValueError
            If the text is not a validation result.
        """
        try:
            plain = json.loads(text)
            known = _known(cls, plain)
            known["expectations"] = tuple(
                ExpectationOutcome(**_known(ExpectationOutcome, one)) for one in plain.get("expectations", ())
            )
            return cls(**known)
        except (TypeError, AttributeError, json.JSONDecodeError) as wrong:
            raise ValueError(f"This is not a stored validation result: {wrong}") from wrong


def _known(cls: Any, plain: Mapping[str, Any]) -> dict[str, Any]:
    return {f.name: plain[f.name] for f in fields(cls) if f.name in plain}


def key_of(dataset: str, interval: str, run_id: str) -> str:
    """The object's key. Run ids may hold ``/``, which would make another folder of it, so they are quoted."""
    return f"{PREFIX}{_segment(dataset)}/{_segment(interval)}/{_segment(run_id)}.json"


def _segment(text: str) -> str:
    # Dots at the edge could read as "." or ".." where a key becomes a path.
    quoted = quote(text, safe=":+=@,~ ").replace("..", "%2E%2E")
    if quoted.startswith("."):
        quoted = "%2E" + quoted[1:]
    return quoted[:-1] + "%2E" if quoted.endswith(".") else quoted


@dataclass(frozen=True)
class StoredKey:
    """Where a result lies, and the version of its content."""

    key: str
    dataset: str
    interval: str
    run_id: str
    etag: str

    @classmethod
    def parse(cls, key: str, etag: str = "") -> StoredKey | None:
        """The parts of a key, or None if it is not the key of a validation result."""
        parts = key.removeprefix(PREFIX).split("/")
        if not key.startswith(PREFIX) or len(parts) != 3 or not parts[2].endswith(".json"):
            return None
        dataset, interval, run_id = (unquote(part) for part in (*parts[:2], parts[2].removesuffix(".json")))
        return cls(key, dataset, interval, run_id, etag)


class ValidationStore:
    """Reads and writes validation results.

    Parameters
    ----------
    bucket
        Its name; ``SLUICE_QUALITY_BUCKET`` or ``sluice-quality`` if not given.
    client
        A boto3 S3 client; one is made from the standard AWS settings when first needed.
    """

    def __init__(self, bucket: str | None = None, client: Any = None) -> None:
        self.bucket = bucket or os.environ.get("SLUICE_QUALITY_BUCKET", DEFAULT_BUCKET)
        self._client = client

    @property
    def client(self) -> Any:
        if self._client is None:
            import boto3  # only use of the store pays for boto3, not the import of this module

            self._client = boto3.client("s3")
        return self._client

    def write(self, result: ValidationResult) -> str:
        """Store the result; returns its ``s3://`` address."""
        self.client.put_object(
            Bucket=self.bucket,
            Key=result.key,
            Body=result.to_json().encode(),
            ContentType="application/json",
        )
        return f"s3://{self.bucket}/{result.key}"

    def read(self, dataset: str, interval: str, run_id: str) -> ValidationResult | None:
        """The result of that run, or None if there is none."""
        return self.read_key(key_of(dataset, interval, run_id))

    def read_key(self, key: str) -> ValidationResult | None:
        """The result stored under a key, or None if there is none."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=key)
        except self.client.exceptions.NoSuchKey:
            return None
        return ValidationResult.from_json(answer["Body"].read())

    def datasets(self) -> tuple[str, ...]:
        """Datasets that have results, sorted."""
        pages = self._pages(Prefix=PREFIX, Delimiter="/")
        found = (common["Prefix"] for page in pages for common in page.get("CommonPrefixes", ()))
        return tuple(sorted(unquote(prefix.removeprefix(PREFIX).rstrip("/")) for prefix in found))

    def list(self, dataset: str, first: str = "", last: str = "~") -> Iterator[StoredKey]:
        """Results of a dataset whose interval lies between two days (both inclusive), oldest first.

        Only keys are listed; read what you need with :meth:`read_key`.
        """
        prefix = f"{PREFIX}{_segment(dataset)}/"
        start = {"StartAfter": prefix + first} if first else {}
        for page in self._pages(Prefix=prefix, **start):
            for entry in page.get("Contents", ()):
                stored = StoredKey.parse(entry["Key"], entry.get("ETag", ""))
                if stored is None:
                    continue
                if stored.interval > f"{last}~":  # '~' sorts after all that follows a day: hours, several days
                    return
                yield stored

    def _pages(self, **options: Any) -> Any:
        return self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, **options)
