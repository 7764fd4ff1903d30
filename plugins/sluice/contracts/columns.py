"""Read the properties of a schema object as columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sluice.contracts.document import Path
from sluice.contracts.model import Column
from sluice.contracts.notes import CustomProperties, Notes
from sluice.contracts.types import DataType, parse_type

if TYPE_CHECKING:
    from open_data_contract_standard.model import SchemaProperty

PROPERTY_LEVEL = ("rawPath", "rawName", "piiClass", "piiTransform")
PII_TRANSFORMS = ("hash", "mask", "drop")
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RAW_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_RANGE = {"minimum": "minimum", "maximum": "maximum", "exclusiveMinimum": "exclusive_minimum",
          "exclusiveMaximum": "exclusive_maximum"}


def read_column(notes: Notes, path: Path, item: SchemaProperty) -> Column | None:
    """Read one property.

    Returns
    -------
    Column or None
        None when it cannot be used; what is wrong was noted.
    """
    before = len(notes.problems)
    name = item.name or ""
    if not IDENTIFIER.fullmatch(name):
        notes.add((*path, "name"), f"{name!r} cannot be a column: use lower case letters, digits and _, a letter first")
    if not (item.description or "").strip():
        notes.add(path, f"the column {name!r} needs a description that tells a reader what it holds")
    options = item.logicalTypeOptions or {}
    kind = _read_type(notes, path, item, options)
    custom = CustomProperties(notes, path, item.customProperties, PROPERTY_LEVEL)
    raw_path = custom.get("rawPath", str)
    if raw_path is not None and not _RAW_PATH.fullmatch(raw_path):
        notes.add(custom.path("rawPath"), f"{raw_path!r} is not a path of names like 'device.type'")
        raw_path = None
    transform = custom.get("piiTransform", str, PII_TRANSFORMS)
    if transform is not None:
        _check_transform(notes, custom.path("piiTransform"), transform, item, raw_path, kind)
    raw_name = custom.get("rawName", str)
    if raw_name is not None and not IDENTIFIER.fullmatch(raw_name):
        notes.add(custom.path("rawName"), f"{raw_name!r} cannot be used as a name in SQL")
    if raw_path is not None and raw_name is None:
        raw_name = raw_path.rsplit(".", 1)[-1].strip("_").lower() if transform else name
    constraints = _read_constraints(notes, path, options, kind)
    if len(notes.problems) > before or kind is None:
        return None
    return Column(
        name=name, type=kind, description=" ".join((item.description or "").split()),
        required=bool(item.required) or bool(item.primaryKey), unique=bool(item.unique),
        pattern=options.get("pattern"), min_length=options.get("minLength"), max_length=options.get("maxLength"),
        classification=item.classification, pii_class=custom.get("piiClass", str), pii_transform=transform,
        raw_path=tuple(raw_path.split(".")) if raw_path else None, raw_name=raw_name,
        expression=(item.transformLogic or "").strip() or None, **constraints)


def _read_type(notes: Notes, path: Path, item: SchemaProperty, options: dict) -> DataType | None:
    try:
        return parse_type(item.logicalType, item.physicalType, options.get("format"))
    except ValueError as error:
        about_physical = item.physicalType is not None and repr(item.physicalType) in str(error)
        notes.add((*path, "physicalType" if about_physical else "logicalType"), str(error))
        return None


def _check_transform(notes: Notes, path: Path, transform: str, item: SchemaProperty, raw_path: str | None,
                     kind: DataType | None) -> None:
    if raw_path is None:
        notes.add(path, "a piiTransform needs the field it protects: add rawPath")
    if item.transformLogic:
        notes.add(path, "piiTransform and transformLogic exclude each other: the protected value is final")
    if transform != "drop" and kind is not None and kind.kind != "string":
        notes.add(path, f"{transform!r} gives text, so the column must be a string, not {kind}")


def _read_constraints(notes: Notes, path: Path, options: dict, kind: DataType | None) -> dict:
    found = {ours: options[theirs] for theirs, ours in _RANGE.items() if theirs in options}
    if found and kind is not None and kind.kind in ("date", "timestamp"):
        for theirs in _RANGE:
            if theirs in options and not re.match(r"\d{4}-\d{2}-\d{2}", str(options[theirs])):
                notes.add((*path, "logicalTypeOptions", theirs),
                          f"{options[theirs]!r} is not an ISO 8601 {kind}, e.g. '2026-01-31'")
    pattern = options.get("pattern")
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            notes.add((*path, "logicalTypeOptions", "pattern"), f"not a regular expression: {error}")
    return found
