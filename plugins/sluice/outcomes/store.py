"""Outcomes in DynamoDB: partition key ``dataset``, sort key ``outcome``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sluice.outcomes.record import Outcome

DEFAULT_TABLE = "sluice-outcomes"
# Names of the datasets that have outcomes, kept as items of their own partition: a listing costs one query
# then, where a scan would read the whole history.
_INDEX = "_datasets"


@dataclass(frozen=True)
class Page:
    """A page of outcomes and where the next one starts (None on the last)."""

    outcomes: list[Outcome]
    next_token: str | None


class OutcomeStore:
    """Reads and writes outcome records.

    Parameters
    ----------
    table
        Name of the DynamoDB table; ``SLUICE_OUTCOMES_TABLE`` or ``sluice-outcomes`` if not given.
    client
        A boto3 DynamoDB client; one is made from the standard AWS settings when first needed.
    """

    def __init__(self, table: str | None = None, client: Any = None) -> None:
        self.table = table or os.environ.get("SLUICE_OUTCOMES_TABLE", DEFAULT_TABLE)
        self._client = client
        self._indexed: set[str] = set()

    @property
    def client(self) -> Any:
        if self._client is None:
            import boto3  # a DAG file may import this module; only use of the store pays for boto3

            self._client = boto3.client("dynamodb")
        return self._client

    def put(self, outcome: Outcome) -> Outcome:
        """Write the record; the same run of the same step and interval overwrites its earlier record.

        Raises
        ------
        ConservationError
            If the record does not account for every record that went in. Nothing is written then.
        """
        outcome.check_conservation()
        if outcome.dataset not in self._indexed:
            self._put({"dataset": _INDEX, "outcome": outcome.dataset})
            self._indexed.add(outcome.dataset)
        self._put(outcome.to_dict())
        return outcome

    def get(self, dataset: str, outcome_id: str) -> Outcome | None:
        """The record of that key, or None."""
        answer = self.client.get_item(
            TableName=self.table, Key=_encode({"dataset": dataset, "outcome": outcome_id}), ConsistentRead=True
        )
        return _outcome(answer["Item"]) if "Item" in answer else None

    def datasets(self) -> tuple[str, ...]:
        """Names of all datasets that ever left an outcome, sorted."""
        return tuple(item["outcome"]["S"] for page in self._pages(_INDEX) for item in page["Items"])

    def list(self, dataset: str, *, limit: int = 100, token: str | None = None) -> Page:
        """Outcomes of a dataset, newest interval first.

        Parameters
        ----------
        limit
            Most records in the page.
        token
            ``next_token`` of the page before.
        """
        query = self._query(dataset, ScanIndexForward=False, Limit=limit)
        if token:
            query["ExclusiveStartKey"] = _encode({"dataset": dataset, "outcome": token})
        answer = self.client.query(**query)
        last = answer.get("LastEvaluatedKey")
        return Page([_outcome(item) for item in answer["Items"]], last["outcome"]["S"] if last else None)

    def between(self, dataset: str, first: str, last: str) -> Iterator[Outcome]:
        """Outcomes whose interval lies between two days ``YYYY-MM-DD`` (both inclusive), newest first."""
        for page in self._pages(
            dataset,
            KeyConditionExpression="#d = :d AND #o BETWEEN :first AND :last",
            ExpressionAttributeNames={"#d": "dataset", "#o": "outcome"},
            # '~' sorts after every character of a key, so the whole last day is inside.
            ExpressionAttributeValues=_encode({":d": dataset, ":first": first, ":last": f"{last}~"}),
            ScanIndexForward=False,
        ):
            yield from (_outcome(item) for item in page["Items"])

    def latest(self, dataset: str, interval: str, step: str) -> Outcome | None:
        """The record written last for that dataset, interval and step, whichever run wrote it, or None."""
        found = [
            _outcome(item)
            for page in self._pages(
                dataset,
                KeyConditionExpression="#d = :d AND begins_with(#o, :p)",
                ExpressionAttributeNames={"#d": "dataset", "#o": "outcome"},
                ExpressionAttributeValues=_encode({":d": dataset, ":p": f"{interval}#{step}#"}),
                ConsistentRead=True,
            )
            for item in page["Items"]
        ]
        return max(found, key=lambda outcome: outcome.recorded_at, default=None)

    def _put(self, item: Mapping[str, Any]) -> None:
        self.client.put_item(TableName=self.table, Item=_encode(item))

    def _query(self, dataset: str, **options: Any) -> dict[str, Any]:
        return {
            "TableName": self.table,
            "KeyConditionExpression": "#d = :d",
            "ExpressionAttributeNames": {"#d": "dataset"},
            "ExpressionAttributeValues": _encode({":d": dataset}),
            **options,
        }

    def _pages(self, dataset: str, **options: Any) -> Iterator[Any]:
        return iter(self.client.get_paginator("query").paginate(**self._query(dataset, **options)))


def _encode(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Python values as DynamoDB attribute values; floats go through their shortest decimal form."""
    from boto3.dynamodb.types import TypeSerializer

    serializer = TypeSerializer()
    return {
        key: serializer.serialize(Decimal(str(value)) if isinstance(value, float) else value)
        for key, value in plain.items()
        if value is not None
    }


def _outcome(item: Mapping[str, Any]) -> Outcome:
    from boto3.dynamodb.types import TypeDeserializer

    deserializer = TypeDeserializer()
    return Outcome.from_dict({key: deserializer.deserialize(value) for key, value in item.items()})
