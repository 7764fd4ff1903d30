"""Check a document against the Open Data Contract Standard's own JSON schema.

Both the schema and the typed model come from the package ``open-data-contract-standard`` 3.1 (by the authors of the
Data Contract CLI), which ships ``odcs-json-schema-v3.1.0``. The model alone would not do: it ignores unknown fields of
nested objects and accepts any value of an enumeration. What this module adds is the place in the file and a message
for people.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sluice.contracts.document import Document
from sluice.contracts.errors import Problem

if TYPE_CHECKING:
    from jsonschema import Draft201909Validator, ValidationError

API_VERSIONS = ("v3.1.0",)
_COMBINATORS = ("allOf", "anyOf", "oneOf")
_TYPE_NAMES = {"str": "text", "int": "a number", "float": "a number", "bool": "true or false", "list": "a list",
               "dict": "a mapping", "NoneType": "nothing", "date": "a date", "datetime": "a timestamp"}


@lru_cache(maxsize=1)
def _validator() -> Draft201909Validator:
    from jsonschema import Draft201909Validator
    from open_data_contract_standard.model import OpenDataContractStandard

    return Draft201909Validator(json.loads(OpenDataContractStandard.json_schema()))


def check_standard(document: Document) -> list[Problem]:
    """Return every violation of ODCS 3.1 in `document`, each with its position."""
    problems: list[Problem] = []
    for error in _leaves(_validator().iter_errors(document.data)):
        problems.extend(_explain(error, document))
    version = document.data.get("apiVersion")
    if not problems and version not in API_VERSIONS:
        problems.append(document.problem(("apiVersion",), f"{version!r} is too old; Sluice reads {API_VERSIONS[0]}"))
    return list(dict.fromkeys(problems))


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """Descend from 'none of the alternatives fits' to the faults inside the alternative that fits best."""
    for error in errors:
        if error.validator in _COMBINATORS and error.context and error.validator != "oneOf":
            branches: dict[int, list[ValidationError]] = {}
            for inner in error.context:
                branches.setdefault(inner.schema_path[0], []).append(inner)
            best = max(branches.values(), key=lambda group: max(len(inner.absolute_path) for inner in group))
            yield from _leaves(best)
        else:
            yield error


def _explain(error: ValidationError, document: Document) -> Iterator[Problem]:
    path = tuple(error.absolute_path)
    expected = error.validator_value
    found = error.instance
    if error.validator == "enum":
        close = difflib.get_close_matches(str(found), [str(value) for value in expected], n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        yield document.problem(path, f"{found!r} is not allowed{hint}, expected one of {', '.join(map(str, expected))}")
    elif error.validator == "required":
        for name in expected:
            if name not in found:
                yield document.problem(path, f"the field {name!r} is required")
    elif error.validator in ("additionalProperties", "unevaluatedProperties"):
        # When one field is wrong, JSON schema also calls all its neighbours unevaluated: name the really unknown only.
        known = _known_names(error.schema)
        for name in found:
            if name not in known:
                close = difflib.get_close_matches(str(name), sorted(known), n=1)
                hint = f"did you mean {close[0]!r}?" if close else "own fields belong into customProperties"
                yield document.problem((*path, name), f"ODCS has no field {name!r} here; {hint}")
    elif error.validator == "type":
        wanted = " or ".join([expected] if isinstance(expected, str) else expected)
        kind = _TYPE_NAMES.get(type(found).__name__, type(found).__name__)
        quote = '; put it in quotes' if wanted == "string" and not isinstance(found, (list, dict, type(None))) else ""
        yield document.problem(path, f"expected {wanted}, found {kind}{quote}")
    elif error.validator == "oneOf" and any("mustBe" in str(branch) for branch in expected):
        names = [branch["required"][0] for branch in expected if "required" in branch]
        yield document.problem(path, f"a rule needs exactly one of {', '.join(names)}")
    else:
        yield document.problem(path, error.message[:300])


def _known_names(schema: Any) -> frozenset[str]:
    """Collect the property names that `schema` admits on the object itself, through references and combinators."""
    root = _validator().schema
    names: set[str] = set()
    pending, seen = [schema], set()
    while pending:
        part = pending.pop()
        if not isinstance(part, dict) or id(part) in seen:
            continue
        seen.add(id(part))
        names.update(part.get("properties", ()))
        for key in _COMBINATORS:
            pending.extend(part.get(key, ()))
        pending.extend(part[key] for key in ("then", "else") if key in part)
        if "$ref" in part:
            target = root
            for step in part["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            pending.append(target)
    return frozenset(names)
