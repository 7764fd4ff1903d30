"""From a Great Expectations result to the stored form, with personal data masked on the way.

Source of the format: ``ExpectationSuiteValidationResult.to_json_dict()`` of great-expectations 1.24 (``success``,
``results[]`` of ``expectation_config {type, kwargs, meta, severity}``, ``result``, ``exception_info``, and
``statistics``). GX itself is not imported.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sluice.quality.masking import HIDDEN, mask_row, shape_of
from sluice.quality.results import ExpectationOutcome, Severity, ValidationResult

_SAMPLE_ROWS = 10
_MAX_ERROR = 300
# Arguments that name where GX read, not what it expected.
_INTERNAL_KWARGS = ("batch_id", "result_format", "catch_exceptions")
# Expectations whose observed value is a count or a share, never a value out of the data.
_COUNTING = ("count", "proportion", "table_columns", "unexpected_rows")


def from_gx(
    gx: Mapping[str, Any],
    *,
    dataset: str,
    interval: str,
    run_id: str,
    zone: str,
    started_at: str,
    seconds: float,
    contract_version: str,
    owner: str,
    pii: Collection[str] = (),
    columns: Collection[str] | None = None,
    snapshot_id: str | None = None,
    data_docs_url: str | None = None,
) -> ValidationResult:
    """Convert the result of a suite.

    Parameters
    ----------
    gx
        ``ExpectationSuiteValidationResult.to_json_dict()``. Run the checkpoint with result format ``SUMMARY`` or
        ``COMPLETE`` and ``unexpected_index_column_names`` to get sample rows, not only values.
    pii
        Columns with a PII class in the contract; their values are reduced to a shape and never stored.
    columns
        All columns of the contract; if given, values of any other column are masked as well.

    Notes
    -----
    An expectation's severity is ``meta["severity"]`` (``fail`` or ``warn``) if present, else GX's own: ``critical``
    is ``fail``, ``warning`` and ``info`` are ``warn``. Its rule is ``meta["rule"]``, else column and type.
    """
    pii = frozenset(pii)
    known = None if columns is None else frozenset(columns)
    outcomes = tuple(_expectation(one, pii, known) for one in gx["results"])
    failed = [one for one in outcomes if not one.success]
    failed_fail = sum(one.severity == "fail" for one in failed)
    return ValidationResult(
        dataset=dataset,
        interval=interval,
        run_id=run_id,
        suite=str(gx.get("suite_name") or dataset),
        zone=zone,
        success=failed_fail == 0,
        evaluated=len(outcomes),
        successful=len(outcomes) - len(failed),
        failed_fail=failed_fail,
        failed_warn=len(failed) - failed_fail,
        started_at=started_at,
        seconds=seconds,
        contract_version=contract_version,
        owner=owner,
        snapshot_id=snapshot_id,
        expectations=outcomes,
        data_docs_url=data_docs_url,
    )


def _expectation(one: Mapping[str, Any], pii: frozenset[str], known: frozenset[str] | None) -> ExpectationOutcome:
    config = one["expectation_config"]
    result = one.get("result") or {}
    kwargs = {k: v for k, v in config["kwargs"].items() if k not in _INTERNAL_KWARGS}
    meta = config.get("meta") or {}
    involved = columns_of(kwargs)
    personal = bool(pii.intersection(involved)) or (bool(pii) and not involved)
    column = ", ".join(involved) or None
    return ExpectationOutcome(
        expectation=config["type"],
        rule=str(meta.get("rule") or f"{column or 'table'}: {config['type'].removeprefix('expect_')}"),
        severity=_severity(config, meta),
        success=bool(one["success"]),
        column=column,
        kwargs=kwargs,
        observed=observed_of(config["type"], result, personal),
        unexpected_count=result.get("unexpected_count"),
        unexpected_percent=result.get("unexpected_percent"),
        sample=() if one["success"] else tuple(_sample(result, involved, pii, known, personal)),
        error=error_of(one.get("exception_info") or {}, personal),
    )


def columns_of(kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns an expectation looks at, whichever of GX's argument names holds them."""
    single = [kwargs[k] for k in ("column", "column_A", "column_B") if k in kwargs]
    return tuple(dict.fromkeys([*single, *kwargs.get("column_list", ())]))


def _severity(config: Mapping[str, Any], meta: Mapping[str, Any]) -> Severity:
    if meta.get("severity") in ("fail", "warn"):
        return "fail" if meta["severity"] == "fail" else "warn"
    return "fail" if config.get("severity", "critical") == "critical" else "warn"


def observed_of(kind: str, result: Mapping[str, Any], personal: bool) -> Any:
    """The observed value. One that could be a value out of a PII column is reduced to its shape."""
    observed = result.get("observed_value")
    if not personal or any(word in kind for word in _COUNTING):
        return observed
    return shape_of(observed) if not isinstance(observed, (list, dict)) else HIDDEN


def _sample(
    result: Mapping[str, Any],
    involved: tuple[str, ...],
    pii: frozenset[str],
    known: frozenset[str] | None,
    personal: bool,
) -> Iterable[dict[str, Any]]:
    """Offending rows: whole ones where GX gives them, else the values of the expectation's own columns."""
    rows = (result.get("details") or {}).get("unexpected_rows") or result.get("partial_unexpected_index_list") or []
    seen: list[dict[str, Any]] = []
    for row in rows:
        if isinstance(row, Mapping):
            seen.append(mask_row(row, pii, known))
    if not seen:
        for value in result.get("partial_unexpected_list") or []:
            if isinstance(value, Mapping):
                seen.append(mask_row(value, pii, known))
            elif len(involved) == 1:
                seen.append(mask_row({involved[0]: value}, pii, known))
            elif isinstance(value, (list, tuple)) and len(value) == len(involved):
                seen.append(mask_row(dict(zip(involved, value, strict=True)), pii, known))
            else:
                seen.append({"value": HIDDEN if personal else str(value)})
    return [dict(items) for items in dict.fromkeys(tuple(row.items()) for row in seen)][:_SAMPLE_ROWS]


def error_of(info: Mapping[str, Any], personal: bool) -> str | None:
    """Why an expectation could not be evaluated: GX gives one record, or one per metric that failed."""
    records = [info] if "raised_exception" in info else [v for v in info.values() if isinstance(v, Mapping)]
    for record in records:
        if record.get("raised_exception"):
            # An engine quotes the value it choked on, so of a PII column only the fact is kept.
            text = "The expectation could not be evaluated." if personal else str(record.get("exception_message"))
            return text.splitlines()[0][:_MAX_ERROR] if text else "The expectation could not be evaluated."
    return None
