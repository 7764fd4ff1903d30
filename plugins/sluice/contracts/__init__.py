"""Data contracts: read them, and derive from them whatever says the same thing again.

The contracts are written in the Open Data Contract Standard 3.1 (https://bitol-io.github.io/open-data-contract-standard).
Derivations are modules of their own: ``spark_schema``, ``catalog``, ``quarantine``, ``raw_sql``, ``gx_suite``, ``dbt``,
``redshift``.
"""

from __future__ import annotations

from sluice.contracts.errors import ContractError, Problem, UnknownDatasetError
from sluice.contracts.loader import Contracts, load_contract, load_contracts
from sluice.contracts.model import Column, Dataset, OrderKey, PartitionField, RawSource, RowRule, TableCheck, Warehouse
from sluice.contracts.types import DataType

__all__ = ["Column", "ContractError", "Contracts", "DataType", "Dataset", "OrderKey", "PartitionField", "Problem",
           "RawSource", "RowRule", "TableCheck", "UnknownDatasetError", "Warehouse", "load_contract", "load_contracts"]
