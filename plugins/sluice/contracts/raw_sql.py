"""DuckDB SQL that turns raw JSON lines into typed, judged rows of a curated table.

Every line gives exactly one row, whatever it holds: good rows have ``reason`` NULL, all others the name of the first
rule they break. Facts about DuckDB 2.0 this rests on (each has a test):

- casting text to ``timestamp`` drops its offset silently, so instants are cast to ``timestamptz``; text without an
  offset would take the session's time zone, so it gets a ``Z`` first;
- ``try_cast`` rounds (``'12.345'`` to ``decimal(12,2)``, ``'1.7'`` to ``bigint``) and admits ``infinity``, ``epoch``
  and ``NaN``: such values are told apart and called bad;
- a JSON number passes through a double: 15 digits are exact. Longer decimals must be sent as JSON text, and are called
  bad when they are not;
- ``json_valid`` holds for ``NaN`` and for a trailing comma; both parse.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sluice.contracts.model import Column, Dataset
from sluice.contracts.quarantine import literal, quarantine_rules, quote, raw_columns

_DOUBLE_DIGITS = 15
_ISO = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
# Beyond the years 1900 to 2199 lie typing errors, and from 2262 on nanosecond readers (pandas, int96) overflow.
_CENTURIES = "between '19' and '22'"


def raw_select_sql(dataset: Dataset, relation: str, line_column: str = "value", *, salt: str = "$salt",
                   passthrough: Sequence[str] = ()) -> str:
    """Write the query that parses, types, judges and protects raw records.

    Parameters
    ----------
    dataset
        A dataset with a raw source.
    relation
        Table or view holding one JSON text per row; not quoted, so ``read_text``-like functions work.
    line_column
        Its column with the JSON text.
    salt
        SQL expression of the key of the PII hash. The default is a named parameter, so that the key stays out of the
        SQL text: run the query with ``{"salt": key}``. The query always takes it, also when
        the contract hashes nothing.
    passthrough
        Further columns of `relation` to hand on, such as the file name.

    Returns
    -------
    str
        A query that yields the columns of the table in order, then ``record_id`` (NULL when the contract names none),
        ``reason`` (NULL for a good row), ``warnings`` (comma-separated names, NULL for none), ``raw_line`` (the text,
        for quarantined rows only), then `passthrough`.

    Raises
    ------
    ValueError
        The dataset has no raw source.
    """
    rules = quarantine_rules(dataset)
    columns = raw_columns(dataset)
    errors = [f"when {rule.sql} then {literal(rule.name)}" for rule in rules if rule.severity == "error"]
    warnings = [f"case when {rule.sql} then {literal(rule.name)} end" for rule in rules if rule.severity != "error"]
    carried = "".join(f", {quote(name)}" for name in passthrough)
    texts = [f"nullif({_field(column.raw_path or ())}, '') as {quote('_text_' + str(column.raw_name))}"
             for column in columns]
    typed = [f"{_typed(column)} as {quote(column.raw_name)}" for column in columns]
    bad = [f"{_bad(column)} as {quote('_bad_' + str(column.raw_name))}" for column in columns]
    stored = [f"{_stored(column)} as {quote(column.name)}" for column in dataset.columns]
    record_id = _field((dataset.raw.record_id,)) if dataset.raw and dataset.raw.record_id else "null::varchar"
    return f"""with _parsed as (
  select {quote(line_column)} as _line{carried}, cast({salt} as varchar) as _key, {_parse(dataset, line_column)} as _raw
  from {relation}
), _texts as (
  select _line{carried}, _key, {_malformed(dataset)} as _malformed, {record_id} as record_id,
    {_lines(texts)}
  from _parsed
), _typed as (
  select *,
    {_lines(typed)}
  from _texts
), _checked as (
  select *,
    {_lines(bad)}
  from _typed
), _judged as (
  select *,
    case {_lines(errors, "")} end as reason,
    {f"nullif(concat_ws(',', {', '.join(warnings)}), '')" if warnings else "null::varchar"} as warnings
  from _checked
)
select
    {_lines(stored)},
    record_id, reason, case when reason = 'malformed' then null else warnings end as warnings,
    case when reason is not null then _line end as raw_line{carried}
from _judged"""


def _lines(parts: Sequence[str], comma: str = ",") -> str:
    return f"{comma}\n    ".join(parts)


def _parse(dataset: Dataset, line_column: str) -> str:
    """Parse to a struct of texts. Nested CASEs, not AND: DuckDB may evaluate the sides of an AND in any order."""
    line = quote(line_column)
    shape: dict = {}
    paths = [column.raw_path for column in raw_columns(dataset) if column.raw_path]
    if dataset.raw:
        paths += [(name,) for name in (dataset.raw.record_id, dataset.raw.malformed) if name]
    for path in paths:
        level = shape
        for part in path[:-1]:
            level = level.setdefault(part, {})
        level[path[-1]] = "VARCHAR"
    is_object = f"ltrim({line}, E' \\t\\r\\n')[1] = '{{'"
    parsed = f"from_json({line}, {literal(json.dumps(shape))})"
    return f"try(case when json_valid({line}) then case when {is_object} then {parsed} end end)"


def _malformed(dataset: Dataset) -> str:
    if dataset.raw and dataset.raw.malformed:
        return f"(_raw is null or {_field((dataset.raw.malformed,))} is not null)"
    return "(_raw is null)"


def _field(path: Sequence[str]) -> str:
    return "_raw." + ".".join(quote(part) for part in path)


def _json_path(path: Sequence[str]) -> str:
    return literal("$." + ".".join(f'"{part}"' for part in path))


def _text(column: Column) -> str:
    return quote(f"_text_{column.raw_name}")


def _typed(column: Column) -> str:
    text, kind = _text(column), column.type
    if kind.kind == "string":
        return text
    if kind.kind == "timestamp":
        instant = (f"case when {text} like '____-__-__T%Z' then try_cast({text} as timestamptz) "
                   f"when regexp_full_match({text}, '{_ISO}(z|[+-]\\d{{2}}(:?\\d{{2}})?)') "
                   f"then try_cast(upper({text}) as timestamptz) "
                   f"when regexp_full_match({text}, '{_ISO}') then try_cast({text} || 'Z' as timestamptz) end")
        return f"case when {text} {_CENTURIES} then {instant} end"
    if kind.kind == "date":
        return (f"case when {text} like '____-__-__' and {text} {_CENTURIES} "
                f"then try_cast({text} as date) end")
    if kind.kind == "boolean":
        return f"case lower({text}) when 'true' then true when 'false' then false end"
    return f"try_cast({text} as {kind})"


def _bad(column: Column) -> str:
    text, value, kind = _text(column), quote(column.raw_name), column.type
    # Comparing with a range reads the inlined prefix of the text only: ten times as fast as taking its first letter.
    opens = f"({text} >= '{{' and {text} < '|') or ({text} >= '[' and {text} < '\\')"
    nested = f"case when {opens} then json_type(_line, {_json_path(column.raw_path or ())}) in " \
             "('OBJECT', 'ARRAY') else false end"
    if kind.kind == "string":
        # chr(0) is legal JSON, but neither Redshift nor PostgreSQL can store it.
        return f"coalesce(contains({text}, chr(0)) or {nested}, false)"
    test = f"{value} is null"
    if kind.kind in ("int", "bigint"):
        test += f" or try_cast({text} as double) <> {value}"
    elif kind.kind == "double":
        test += f" or not isfinite({value})"
    elif kind.kind == "decimal":
        wider = min(38, kind.precision + 8)
        test += f" or try_cast({text} as decimal({wider},{wider - kind.precision + kind.scale})) <> {value}"
        if kind.precision > _DOUBLE_DIGITS:
            test += (f" or case when length(regexp_replace({text}, '[^0-9]', '', 'g')) > {_DOUBLE_DIGITS} "
                     f"then json_type(_line, {_json_path(column.raw_path or ())}) = 'DOUBLE' else false end")
    return f"case when {text} is null then false else coalesce({test}, true) end"


def _stored(column: Column) -> str:
    if column.expression:
        return f"cast({column.expression} as {_duckdb_type(column)})"
    value = quote(column.raw_name)
    if column.pii_transform == "hash":
        # Without its key a hash still looks like one, and every address could be found by trying: refuse loudly.
        key = "coalesce(nullif(_key, ''), error('the key of the PII hash is empty'))"
        return f"sha256({key} || lower(trim({value})))"
    if column.pii_transform == "mask":
        return f"left(trim({value}), 1) || '***'"
    return value


def _duckdb_type(column: Column) -> str:
    return {"string": "varchar", "timestamp": "timestamptz"}.get(column.type.kind, str(column.type))
