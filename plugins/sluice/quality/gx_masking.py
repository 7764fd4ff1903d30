"""A Great Expectations result with personal data masked, still in GX's own form, for its Data Docs.

GX renders the offending values into the pages it writes. Store the masked result in the context before building
them::

    masked = mask_gx(result.to_json_dict(), pii, columns)
    context.validation_results_store.set(identifier, ExpectationSuiteValidationResultSchema().load(masked))
    context.build_data_docs(resource_identifiers=[identifier])
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from sluice.quality.gx_results import columns_of, error_of, observed_of
from sluice.quality.masking import HIDDEN, mask_row, shape_of

_VALUES = ("partial_unexpected_list", "unexpected_list")
_ROWS = ("partial_unexpected_index_list", "unexpected_index_list")


def mask_gx(gx: Mapping[str, Any], pii: Collection[str], columns: Collection[str] | None = None) -> dict[str, Any]:
    """A copy of ``ExpectationSuiteValidationResult.to_json_dict()`` that holds no value of a PII column.

    Parameters
    ----------
    pii
        Columns with a PII class in the contract.
    columns
        All columns of the contract; if given, values of any other column are masked as well.
    """
    masked: dict[str, Any] = copy.deepcopy(dict(gx))
    for one in masked["results"]:
        config = one["expectation_config"]
        involved = columns_of(config["kwargs"])
        personal = bool(set(pii).intersection(involved)) or (bool(pii) and not involved)
        result = one.get("result") or {}
        _mask_rows(result, pii, columns)
        if personal:
            _mask_values(config["type"], result)
            _mask_exception(one)
    return masked


def _mask_rows(result: dict[str, Any], pii: Collection[str], columns: Collection[str] | None) -> None:
    for holder, name in [(result, name) for name in _ROWS] + [(result.get("details") or {}, "unexpected_rows")]:
        rows = holder.get(name)
        if rows:
            holder[name] = [mask_row(row, pii, columns) if isinstance(row, Mapping) else HIDDEN for row in rows]
    result.pop("unexpected_index_query", None)  # a query quotes the values it looks for


def _mask_values(kind: str, result: dict[str, Any]) -> None:
    for name in _VALUES:
        if result.get(name):
            result[name] = [_shape(value) for value in result[name]]
    for count in result.get("partial_unexpected_counts") or []:
        count["value"] = _shape(count.get("value"))
    if "observed_value" in result:
        result["observed_value"] = observed_of(kind, result, personal=True)
    if isinstance(result.get("details"), dict):
        # Value counts and the like: distinct values of the column, under names that differ by expectation.
        result["details"] = {key: rows for key, rows in result["details"].items() if key == "unexpected_rows"}


def _shape(value: Any) -> Any:
    return HIDDEN if isinstance(value, (list, dict)) else shape_of(value)


def _mask_exception(one: dict[str, Any]) -> None:
    error = error_of(one.get("exception_info") or {}, personal=True)
    if error is not None:
        one["exception_info"] = {"raised_exception": True, "exception_traceback": None, "exception_message": error}
