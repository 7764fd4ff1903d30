"""Reads a CloudFormation template: order of its resources and values of its intrinsic functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

_PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")


class TemplateError(Exception):
    """A template says something the applier cannot follow."""


@dataclass(frozen=True)
class Applied:
    """What a resource became: its ``Ref``, its ``Fn::GetAtt`` attributes, and what was done."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    done: str = "unchanged"


def resources_in_order(template: Mapping[str, Any]) -> list[str]:
    """Return the logical ids, each after those it refers to or depends on.

    Raises
    ------
    TemplateError
        When resources refer to each other in a circle, or to one that does not exist.
    """
    resources = template["Resources"]
    known = resources.keys() | template.get("Parameters", {}).keys()
    graph: dict[str, set[str]] = {}
    for name, resource in resources.items():
        depends = resource.get("DependsOn", [])
        named = {depends} if isinstance(depends, str) else set(depends)
        named |= set(_references(resource.get("Properties", {})))
        unknown = named - known
        if unknown:
            raise TemplateError(f"{name} refers to {', '.join(sorted(unknown))}, which the template does not define")
        graph[name] = named & resources.keys()
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise TemplateError(f"resources refer to each other in a circle: {' -> '.join(error.args[1])}") from None


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "Ref" and not inner.startswith("AWS::"):
                yield inner
            elif key == "Fn::GetAtt":
                yield inner[0] if isinstance(inner, list) else inner.split(".")[0]
            elif key == "Fn::Sub":
                text, own = inner if isinstance(inner, list) else (inner, {})
                names = (match.split(".")[0] for match in _PLACEHOLDER.findall(text))
                yield from (name for name in names if name not in own and not name.startswith("AWS::"))
                yield from _references(own)
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


class Resolver:
    """Replaces intrinsic functions by their values.

    Parameters
    ----------
    values
        What ``Ref`` may name besides resources: pseudo parameters (``AWS::Region``) and the template's parameters.
    applied
        Resources applied so far, by logical id; read at each call.
    """

    def __init__(self, values: Mapping[str, str], applied: Mapping[str, Applied]) -> None:
        self._values = values
        self._applied = applied
        self._functions: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Join": self._join,
            "Fn::Sub": self._substitute,
            "Fn::Select": lambda argument: self.resolve(argument[1])[int(argument[0])],
        }

    def resolve(self, value: Any) -> Any:
        """Return ``value`` with every intrinsic function replaced.

        Raises
        ------
        TemplateError
            For a function that is not supported, or a name that is not defined.
        """
        if isinstance(value, Mapping):
            if len(value) == 1:
                ((key, argument),) = value.items()
                if key in self._functions:
                    return self._functions[key](argument)
                if key.startswith("Fn::"):
                    raise TemplateError(f"{key} is not supported; use one of {', '.join(self._functions)}")
            found = {key: self.resolve(inner) for key, inner in value.items()}
            return {key: inner for key, inner in found.items() if inner is not NO_VALUE}
        if isinstance(value, list):
            return [self.resolve(inner) for inner in value]
        return value

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._values:
            return self._values[name]
        if name in self._applied:
            return self._applied[name].ref
        raise TemplateError(f"Ref names {name}, which is neither a parameter nor an applied resource")

    def _attribute(self, argument: list[str] | str) -> str:
        name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
        attributes = self._applied[name].attributes
        if attribute not in attributes:
            raise TemplateError(f"{name} has no attribute {attribute}; known: {', '.join(attributes) or 'none'}")
        return attributes[attribute]

    def _join(self, argument: list[Any]) -> str:
        separator, parts = argument
        return separator.join(str(part) for part in self.resolve(parts))

    def _substitute(self, argument: Any) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})
        own = self.resolve(own)

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name in own:
                return str(own[name])
            return str(self._attribute(name) if "." in name else self._ref(name))

        return _PLACEHOLDER.sub(value, text).replace("${!", "${")


class _NoValue:
    """Marks a property that ``AWS::NoValue`` removes."""


NO_VALUE = _NoValue()
