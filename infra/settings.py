"""What differs between stages, and nothing else. Names of resources live here too, so that each stands in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DATASET_ZONES = ("raw", "curated", "enriched", "quarantine")
GLUE_JOBS = ("promote", "enrich", "gate")
STREAM = "clickstream"
DELIVERY_STREAM = "clickstream-raw"
RAW_PREFIX = "raw/clickstream/events/"
RAW_ERROR_PREFIX = "raw/clickstream/_errors/"
RAW_QUEUE = "sluice-raw-landed"
COLLECTOR = "sluice-collector"
WRITE_KEYS_SECRET = "sluice/write-keys"
PII_SECRET = "sluice/pii-salt"
OUTCOMES_TABLE = "sluice-outcomes"
ALERTS_TOPIC = "sluice-alerts"
PLATFORM_ROLE = "sluice-platform"
JOBS_ROLE = "sluice-jobs"
WAREHOUSE_ROLE = "sluice-warehouse"


@dataclass(frozen=True)
class Stage:
    """Settings of one stage.

    Parameters
    ----------
    name
        ``laptop``, ``dev`` or ``prod``.
    bucket_pattern
        Name of a bucket, with ``{name}`` and ``{account}``.
    shards
        Shards of the clickstream.
    firehose_seconds, firehose_megabytes
        Firehose writes an object when either is reached. AWS asks for at least 64 MB with dynamic partitioning.
    keep_data
        Whether buckets, tables and streams outlive their stack.
    managed_services
        Whether the stage has a VPC, MWAA and Redshift Serverless. A laptop runs Airflow and the warehouse itself.
    customer_key
        Whether data at rest is encrypted with an own KMS key instead of the services' keys.
    function_architecture
        ``arm64`` or ``x86_64``.
    """

    name: str
    bucket_pattern: str
    shards: int = 10
    firehose_seconds: int = 300
    firehose_megabytes: int = 64
    keep_data: bool = True
    managed_services: bool = True
    customer_key: bool = True
    function_architecture: str = "arm64"
    log_days: int = 30
    raw_archive_days: int = 90
    redshift_base_capacity: int = 8
    airflow_class: str = "mw1.small"
    airflow_workers: int = 2
    glue_workers: int = 5

    def __post_init__(self) -> None:
        if "{name}" not in self.bucket_pattern:
            raise ValueError(f"stage {self.name}: bucket_pattern needs {{name}}, e.g. 'sluice-{{name}}'")
        if self.firehose_megabytes < 64:
            raise ValueError(f"stage {self.name}: Firehose needs firehose_megabytes >= 64 with dynamic partitioning")
        if not 1 <= self.shards <= 500:
            raise ValueError(f"stage {self.name}: shards must lie between 1 and 500, not {self.shards}")

    def bucket(self, name: str, account: str) -> str:
        """Return the name of the bucket ``name`` (``lake``, ``artifacts``, ``quality``)."""
        return self.bucket_pattern.format(name=name, account=account)


STAGES: Mapping[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage(
            name="laptop",
            bucket_pattern="sluice-{name}",
            firehose_seconds=5,
            keep_data=False,
            managed_services=False,
            customer_key=False,
            function_architecture="x86_64",
            glue_workers=2,
            log_days=7,
        ),
        Stage(
            name="dev",
            bucket_pattern="sluice-dev-{name}-{account}",
            shards=2,
            firehose_seconds=60,
            keep_data=False,
            log_days=14,
            glue_workers=2,
        ),
        Stage(name="prod", bucket_pattern="sluice-prod-{name}-{account}", airflow_workers=10, log_days=365),
    )
}
