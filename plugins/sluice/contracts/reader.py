"""Build the typed `Dataset` from a document that follows the standard, checking what the standard leaves open."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sluice.contracts.columns import IDENTIFIER, read_column
from sluice.contracts.document import Document, Path
from sluice.contracts.model import Column, Dataset, OrderKey, PartitionField, RawSource, Warehouse
from sluice.contracts.notes import CustomProperties, Notes, checked, text_items
from sluice.contracts.rules import Rules, read_rules

if TYPE_CHECKING:
    from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject

DATASET_LEVEL = ("zone", "raw", "winner", "partitionTransforms", "allowedLatenessMinutes", "compatibility",
                 "tenantColumn", "consumers", "warehouse")
ZONES = ("curated", "enriched")
COMPATIBILITY = ("backward", "forward", "full", "none")
_UNITS = {"m": 60, "min": 60, "minute": 60, "minutes": 60, "h": 3600, "hour": 3600, "hours": 3600, "d": 86400,
          "day": 86400, "days": 86400, "y": 31536000, "yr": 31536000, "year": 31536000, "years": 31536000}
_TRANSFORM = re.compile(r"(?:(hour|day|month|year)\((\w+)\)|(bucket|truncate)\((\d+),\s*(\w+)\)|(\w+))")
_OBJECT: Path = ("schema", 0)


def read_dataset(document: Document) -> tuple[Dataset | None, Notes]:
    """Read the one dataset a contract describes.

    Returns
    -------
    tuple
        The dataset, or None when anything is wrong, and the notes that then hold the problems.
    """
    from open_data_contract_standard.model import OpenDataContractStandard
    from pydantic import ValidationError

    notes = Notes(document)
    try:
        contract = OpenDataContractStandard.model_validate(document.data)
    except ValidationError as error:
        # Leave out what does not fit (every field of the model is optional), so that the rest is checked as well.
        sound = deepcopy(document.data)
        for fault in error.errors(include_input=False, include_url=False):
            path = _cut(sound, fault["loc"])
            notes.add(path, fault["msg"])
        try:
            contract = OpenDataContractStandard.model_validate(sound)
        except ValidationError:
            return None, notes
    objects = contract.schema_ or []
    if len(objects) != 1:
        notes.add(("schema",), f"a contract describes exactly one dataset, found {len(objects)} schema objects")
        return None, notes
    dataset = _read_object(notes, contract, objects[0])
    return (None if notes.problems else dataset), notes


def _cut(data: Any, location: tuple[str | int, ...]) -> Path:
    """Set the value at `location` to None; parts that name a member of a union, not a field, are passed over."""
    path: list[str | int] = []
    holder, value = None, data
    for part in location:
        if (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int)):
            holder, value = value, value[part]  # type: ignore[index]
            path.append(part)
    if holder is not None:
        holder[path[-1]] = None
    return tuple(path)


def _read_object(notes: Notes, contract: OpenDataContractStandard, item: SchemaObject) -> Dataset | None:
    table = item.physicalName or item.name or ""
    if not IDENTIFIER.fullmatch(table):
        notes.add((*_OBJECT, "name"), f"{table!r} cannot be a table: use lower case letters, digits and _")
    custom = CustomProperties(notes, _OBJECT, item.customProperties, DATASET_LEVEL)
    zone = custom.get("zone", str, ZONES)
    if "zone" not in custom:
        notes.add(_OBJECT, f"the custom property 'zone' is required, one of {', '.join(ZONES)}")
    columns, rules = _read_columns(notes, item)
    read_rules(notes, _OBJECT, item.quality, None, rules)
    raw = _read_raw(notes, custom)
    owner, email = _read_owner(notes, contract)
    freshness, element = _sla(notes, contract, "freshness")
    tenant = custom.get("tenantColumn", str)
    stored = {column.name for column in columns if column.stored}
    partitioning = _read_partitioning(notes, custom, stored)
    winner = _read_winner(notes, custom, stored, raw)
    warehouse = _read_warehouse(notes, custom, table, stored)
    if tenant is not None and tenant not in stored:
        notes.add(custom.path("tenantColumn"), f"there is no column {tenant!r}")
    if element is not None and element.rpartition(".")[2] not in stored:
        index = next(i for i, sla in enumerate(contract.slaProperties or ()) if sla.property == "freshness")
        notes.add(("slaProperties", index, "element"), f"{element!r} is not a column of this dataset")
    _check_names(notes, columns, rules, raw)
    if zone is None or notes.problems:
        return None
    lateness = custom.get("allowedLatenessMinutes", int)
    description = item.description or (contract.description.purpose if contract.description else "") or ""
    return Dataset(
        id=contract.id or "", version=contract.version or "", status=contract.status or "",
        domain=contract.domain or "", zone=zone, table=table, description=" ".join(description.split()),
        all_columns=tuple(columns), key=_key(item), owner=owner, owner_email=email, winner=winner,
        partitioning=partitioning, row_rules=tuple(rules.row_rules), table_checks=tuple(rules.table_checks), raw=raw,
        warehouse=warehouse, freshness=freshness, freshness_column=element.rpartition(".")[2] if element else None,
        retention=_sla(notes, contract, "retention")[0],
        allowed_lateness=timedelta(minutes=lateness) if lateness is not None else None, tenant_column=tenant,
        compatibility=custom.get("compatibility", str, COMPATIBILITY) or "backward",
        consumers=tuple(text for _, text in custom.texts("consumers")), tags=tuple(contract.tags or ()),
        source=notes.document.source)


def _read_columns(notes: Notes, item: SchemaObject) -> tuple[list[Column], Rules]:
    columns: list[Column] = []
    rules = Rules()
    if not item.properties:
        notes.add(_OBJECT, "the dataset has no properties, so no columns")
    names: set[str] = set()
    for index, entry in enumerate(item.properties or ()):
        path = (*_OBJECT, "properties", index)
        if entry.name in names:
            notes.add((*path, "name"), f"there are two columns {entry.name!r}")
        names.add(entry.name or "")
        column = read_column(notes, path, entry)
        read_rules(notes, path, entry.quality, entry.name, rules)
        if column is not None:
            columns.append(replace(column, enum=rules.enums.get(column.name, ())))
    return columns, rules


def _key(item: SchemaObject) -> tuple[str, ...]:
    keys = [entry for entry in item.properties or () if entry.primaryKey]
    keys.sort(key=lambda entry: entry.primaryKeyPosition if entry.primaryKeyPosition is not None else 0)
    return tuple(entry.name or "" for entry in keys)


def _read_raw(notes: Notes, custom: CustomProperties) -> RawSource | None:
    value = custom.mapping("raw", ("format", "prefix"), ("recordId", "malformed"))
    if value is None:
        return None
    path = custom.path("raw")
    found = {key: checked(notes, (*path, key), value[key], str, ("jsonl",) if key == "format" else ())
             for key in value}
    for key in ("recordId", "malformed"):
        if found.get(key) and not re.fullmatch(r"[A-Za-z_]\w*", found[key]):
            notes.add((*path, key), f"{found[key]!r} is not the name of a field at the top of the record")
    if any(part is None for part in found.values()):
        return None
    return RawSource(found["prefix"].strip("/") + "/", "jsonl", found.get("recordId"), found.get("malformed"))


def _read_owner(notes: Notes, contract: OpenDataContractStandard) -> tuple[str, str]:
    team = contract.team
    if team is None or isinstance(team, list) or not team.name:
        notes.add(("team",), "a team with a name is required: someone must answer for the dataset")
        return "", ""
    for member in team.members or ():
        if member.role == "owner" and "@" in (member.username or ""):
            return team.name, member.username or ""
    notes.add(("team", "members"), "a member with role: owner and an e-mail address as username is required")
    return team.name, ""


def _sla(notes: Notes, contract: OpenDataContractStandard, name: str) -> tuple[timedelta | None, str | None]:
    for index, sla in enumerate(contract.slaProperties or ()):
        if sla.property == name:
            seconds = _UNITS.get((sla.unit or "d").lower())
            if seconds is None or isinstance(sla.value, bool) or not isinstance(sla.value, (int, float)):
                notes.add(("slaProperties", index), f"expected a number with a unit such as d, h or m, found "
                                                    f"{sla.value!r} {sla.unit or ''}".rstrip())
                return None, None
            return timedelta(seconds=sla.value * seconds), sla.element
    return None, None


def _read_partitioning(notes: Notes, custom: CustomProperties, stored: set[str]) -> tuple[PartitionField, ...]:
    fields = []
    for path, text in custom.texts("partitionTransforms"):
        match = _TRANSFORM.fullmatch(text)
        if match is None:
            notes.add(path, f"{text!r} is not a partition transform; expected a column, hour(c), day(c), month(c), "
                            "year(c), bucket(n, c) or truncate(n, c)")
            continue
        column = match[2] or match[5] or match[6]
        if column not in stored:
            notes.add(path, f"there is no column {column!r}")
        fields.append(PartitionField(match[1] or match[3] or "identity", column, int(match[4]) if match[4] else None))
    return tuple(fields)


def _read_winner(notes: Notes, custom: CustomProperties, stored: set[str],
                 raw: RawSource | None) -> tuple[OrderKey, ...]:
    keys = []
    known = stored | ({"record_id"} if raw and raw.record_id else set())
    for path, text in custom.texts("winner"):
        column, _, direction = text.partition(" ")
        if column not in known or direction.strip().lower() not in ("", "asc", "desc"):
            notes.add(path, f"{text!r} is not an ordering; expected a column followed by asc or desc")
            continue
        keys.append(OrderKey(column, direction.strip().lower() == "desc"))
    return tuple(keys)


def _read_warehouse(notes: Notes, custom: CustomProperties, table: str, stored: set[str]) -> Warehouse | None:
    value: dict[str, Any] | None = custom.mapping("warehouse", ("schema",), ("table", "distKey", "sortKey"))
    if value is None:
        return None
    path = custom.path("warehouse")
    for key in ("schema", "table", "distKey"):
        if key in value:
            checked(notes, (*path, key), value[key], str)
    sort = text_items(notes, (*path, "sortKey"), value["sortKey"]) if "sortKey" in value else []
    named = [(place, text) for place, text in sort]
    if "distKey" in value:
        named.append(((*path, "distKey"), value["distKey"]))
    for place, text in named:
        if text not in stored:
            notes.add(place, f"there is no column {text!r}")
    return Warehouse(value["schema"], value.get("table", table), value.get("distKey"),
                     tuple(text for _, text in sort))


def _check_names(notes: Notes, columns: list[Column], rules: Rules, raw: RawSource | None) -> None:
    names = [rule.name for rule in rules.row_rules] + [check.name for check in rules.table_checks]
    for name in sorted({name for name in names if names.count(name) > 1}):
        notes.add((*_OBJECT, "quality"), f"two rules are called {name!r}")
    raw_names = [column.raw_name for column in columns if column.raw_name]
    for name in sorted({name for name in raw_names if raw_names.count(name) > 1}):
        notes.add((*_OBJECT, "properties"), f"two columns give rules the raw value {name!r}: set rawName on one")
    paths = {column.raw_path for column in columns if column.raw_path}
    for column in columns:
        index = next(i for i, c in enumerate(notes.document.data["schema"][0]["properties"])
                     if c.get("name") == column.name)
        place = (*_OBJECT, "properties", index)
        if column.raw_path and any(column.raw_path[:n] in paths for n in range(1, len(column.raw_path))):
            notes.add(place, f"rawPath {'.'.join(column.raw_path)} lies inside another column's raw field")
        if raw and column.stored and column.raw_path is None and column.expression is None:
            notes.add(place, f"nothing fills {column.name!r}: add the custom property rawPath or a transformLogic")
        if not raw and column.raw_path:
            notes.add(place, "a rawPath needs a raw source: add the custom property 'raw' to the schema object")
