"""Read ODCS quality rules: what must hold per row, what per table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sluice.contracts.columns import IDENTIFIER
from sluice.contracts.document import Path
from sluice.contracts.model import RowRule, TableCheck
from sluice.contracts.notes import Notes, text_items

if TYPE_CHECKING:
    from open_data_contract_standard.model import DataQuality

SEVERITIES = ("error", "warning", "info")
OPERATORS = ("mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan",
             "mustBeLessOrEqualTo", "mustBeBetween", "mustNotBeBetween")
_COUNTING = ("nullValues", "missingValues", "invalidValues", "duplicateValues")


@dataclass
class Rules:
    """What the quality rules of one element, or of a whole schema object, say."""

    row_rules: list[RowRule] = field(default_factory=list)
    table_checks: list[TableCheck] = field(default_factory=list)
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read_rules(notes: Notes, path: Path, items: list[DataQuality] | None, column: str | None, rules: Rules) -> None:
    """Read the ``quality`` list of an element into `rules`.

    Parameters
    ----------
    path
        Place of the element.
    column
        The property the rules belong to; None for the schema object.
    """
    for index, item in enumerate(items or ()):
        here = (*path, "quality", index)
        severity = item.severity or "error"
        if severity not in SEVERITIES:
            notes.add((*here, "severity"), f"{severity!r} is not allowed, expected one of {', '.join(SEVERITIES)}")
            continue
        kind = item.type or "library"
        if kind == "custom" and item.engine == "sluice":
            _read_row_rule(notes, here, item, column, severity, rules)
        elif kind == "library":
            _read_library(notes, here, item, column, severity, rules)
        elif kind == "sql":
            _read_sql(notes, here, item, column, severity, rules)
        # 'text' is for people, and other engines' rules are theirs.


def _name(notes: Notes, path: Path, item: DataQuality, default: str | None) -> str | None:
    name = item.name or default
    if name is None:
        notes.add(path, "the rule needs a name: it is what quarantined rows are counted under")
    elif not IDENTIFIER.fullmatch(name):
        notes.add((*path, "name"), f"{name!r} cannot name a rule: use lower case letters, digits and _")
        return None
    return name


def _read_row_rule(notes: Notes, path: Path, item: DataQuality, column: str | None, severity: str,
                   rules: Rules) -> None:
    name = _name(notes, path, item, None)
    body = item.implementation
    check = body.get("check") if isinstance(body, dict) else None
    if not isinstance(check, str) or not check.strip():
        notes.add((*path, "implementation"), 'expected {check: "SQL that is true for a good row"}')
        return
    for key in body:
        if key != "check":
            notes.add((*path, "implementation", key), f"unknown key {key!r}, expected check")
    if name is not None:
        rules.row_rules.append(RowRule(name, check.strip(), _text(item), severity, item.dimension, column))


def _read_library(notes: Notes, path: Path, item: DataQuality, column: str | None, severity: str, rules: Rules) -> None:
    operator, limit = _operator(item)
    arguments = dict(item.arguments or {})
    percent = (item.unit or "rows").lower() in ("percent", "%")
    columns = (column,) if column else ()
    if item.metric == "duplicateValues" and column is None:
        columns = tuple(text for _, text in text_items(notes, (*path, "arguments", "properties"),
                                                       arguments.get("properties")))
    elif item.metric == "rowCount" and column is not None:
        notes.add((*path, "metric"), "rowCount counts the rows of the table: move the rule to the schema's quality")
        return
    elif item.metric in _COUNTING and column is None:
        notes.add((*path, "metric"), f"{item.metric} is about one column: move the rule to its property")
        return
    name = _name(notes, path, item, "_".join((*columns, _snake(item.metric or ""))))
    if item.metric == "invalidValues" and not {"validValues", "pattern"} & arguments.keys():
        notes.add(path, "invalidValues needs arguments.validValues (a list) or arguments.pattern")
        return
    if name is None or operator is None:
        return
    check = TableCheck(name, item.metric or "", operator, limit, columns, percent, arguments, None, _text(item),
                       severity, item.dimension)
    if item.metric in _COUNTING and not check.forbids_any and not (
            percent and operator in ("mustBeLessThan", "mustBeLessOrEqualTo")):
        notes.add(path, f"Sluice checks {item.metric} with mustBe: 0, or with mustBeLessThan and unit: percent")
        return
    if (item.metric == "invalidValues" and "validValues" in arguments and check.forbids_any and severity == "error"
            and column is not None):
        values = arguments["validValues"]
        if not isinstance(values, list) or not values:
            notes.add((*path, "arguments", "validValues"), "expected a list of at least one value")
            return
        rules.enums[column] = tuple(str(value) for value in values)
        return
    rules.table_checks.append(check)


def _read_sql(notes: Notes, path: Path, item: DataQuality, column: str | None, severity: str, rules: Rules) -> None:
    name = _name(notes, path, item, None)
    operator, limit = _operator(item)
    if name and operator:
        rules.table_checks.append(TableCheck(name, "sql", operator, limit, (column,) if column else (), False, {},
                                             (item.query or "").strip(), _text(item), severity, item.dimension))


def _operator(item: DataQuality) -> tuple[str | None, Any]:
    for operator in OPERATORS:
        value = getattr(item, operator)
        if value is not None:
            return operator, tuple(value) if isinstance(value, list) else value
    return None, None


def _text(item: DataQuality) -> str:
    return " ".join((item.description or "").split())


def _snake(metric: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in metric)
