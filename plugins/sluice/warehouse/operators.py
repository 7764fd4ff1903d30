"""The operators that DAGs use."""

from __future__ import annotations

from sluice.warehouse.dbt_operator import DbtOperator
from sluice.warehouse.lake_to_redshift import LakeToRedshiftOperator

__all__ = ["DbtOperator", "LakeToRedshiftOperator"]
