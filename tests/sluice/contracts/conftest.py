from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluice.contracts import Contracts, Dataset, load_contract, load_contracts

ROOT = Path(__file__).parents[3]

MINIMAL: dict[str, Any] = {
    "apiVersion": "v3.1.0", "kind": "DataContract", "id": "shop.orders", "version": "1.0.0", "status": "active",
    "team": {"name": "Shop", "members": [{"username": "shop@example.com", "role": "owner"}]},
    "schema": [{
        "name": "orders", "description": "Orders.",
        "customProperties": [{"property": "zone", "value": "curated"},
                             {"property": "raw", "value": {"format": "jsonl", "prefix": "raw/shop/orders/"}}],
        "properties": [{"name": "order_id", "logicalType": "string", "description": "Identity.", "primaryKey": True,
                        "customProperties": [{"property": "rawPath", "value": "order_id"}]}],
    }],
}


@pytest.fixture(scope="session")
def contracts() -> Contracts:
    """The contracts of this repository."""
    return load_contracts(ROOT / "contracts")


@pytest.fixture
def events(contracts: Contracts) -> Dataset:
    return contracts["curated.clickstream_events"]


@pytest.fixture
def minimal() -> dict[str, Any]:
    """A small sound contract to change."""
    return deepcopy(MINIMAL)


@pytest.fixture
def dataset_of(minimal: dict[str, Any]) -> Callable[..., Dataset]:
    """Make a dataset out of properties, given as (name, type options and so on)."""

    def make(*properties: dict[str, Any], quality: list[dict[str, Any]] | None = None, raw: bool = True,
             custom: dict[str, Any] | None = None) -> Dataset:
        schema = minimal["schema"][0]
        schema["properties"] = []
        for item in properties:
            entry = {"description": f"The {item['name']}.", "logicalType": "string", **item}
            fields = dict(entry.pop("custom", {}))
            if raw and "transformLogic" not in entry:
                fields.setdefault("rawPath", item["name"])
            entry["customProperties"] = [{"property": key, "value": value} for key, value in fields.items()]
            schema["properties"].append(entry)
        if quality is not None:
            schema["quality"] = quality
        schema["customProperties"] = [entry for entry in schema["customProperties"]
                                      if raw or entry["property"] != "raw"]
        schema["customProperties"] += [{"property": key, "value": value} for key, value in (custom or {}).items()]
        return load_contract(yaml.safe_dump(minimal).encode())

    return make
