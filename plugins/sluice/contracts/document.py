"""A YAML document that remembers where each of its values stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from sluice.contracts.errors import ContractError, Problem

Path = tuple[str | int, ...]


def format_path(path: Path) -> str:
    """Write a path as users read it: ``("schema", 0, "name")`` is ``schema[0].name``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True)
class Document:
    """Parsed YAML plus the position of every value.

    ``data`` is what ``yaml.safe_load`` would give; ``positions`` maps the path of a value to line and column (from 1).
    """

    source: str
    data: Any
    positions: dict[Path, tuple[int, int]]

    def problem(self, path: Path, message: str) -> Problem:
        """Make a problem for `path`; a value that is not there is reported at its nearest parent that is."""
        known = path
        while known and known not in self.positions:
            known = known[:-1]
        line, column = self.positions.get(known, (1, 1))
        return Problem(self.source, line, column, format_path(path), message)


def read_document(text: str | bytes, source: str) -> Document:
    """Parse YAML text.

    Parameters
    ----------
    text
        The document; bytes are UTF-8.
    source
        Name of the file for messages.

    Raises
    ------
    ContractError
        The text is not YAML, is empty, is not a mapping, or repeats a key (YAML would keep the last one silently).
    """
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            data = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = getattr(error, "problem", None) or str(error)
        raise ContractError([Problem(source, line, column, "", f"not readable as YAML: {what}")]) from error
    if not isinstance(data, dict):
        raise ContractError([Problem(source, 1, 1, "", "expected a data contract (a YAML mapping), found "
                                     + ("an empty file" if data is None else f"a {type(data).__name__}"))])
    positions: dict[Path, tuple[int, int]] = {}
    problems: list[Problem] = []
    _walk(node, (), positions, problems, source, ())
    if problems:
        raise ContractError(problems)
    return Document(source, data, positions)


def _walk(node: yaml.Node, path: Path, positions: dict[Path, tuple[int, int]], problems: list[Problem], source: str,
          parents: tuple[yaml.Node, ...]) -> None:
    if node in parents:
        line, column = positions[path[:-1]]
        problems.append(Problem(source, line, column, format_path(path), "this alias refers to what contains it"))
        return
    parents = (*parents, node)
    positions.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*path, index), positions, problems, source, parents)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            here = (*path, name)
            position = (key.start_mark.line + 1, key.start_mark.column + 1)
            if name in seen:
                problems.append(Problem(source, *position, format_path(here), "this key is given twice"))
            seen.add(name)
            _walk(value, here, positions, problems, source, parents)
            # A mapping or list starts on the line after its key; people look for the key.
            positions[here] = position
