"""Load contracts from files, bytes and folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sluice.contracts.document import read_document
from sluice.contracts.errors import ContractError, Problem, UnknownDatasetError
from sluice.contracts.model import Dataset
from sluice.contracts.odcs import check_standard
from sluice.contracts.reader import read_dataset


class Contracts(Mapping[str, Dataset]):
    """All contracts of a folder, by ``database.table``; look-ups also accept the contract id and the bare table."""

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self._datasets = {dataset.name: dataset for dataset in datasets}
        self._aliases = {alias: dataset.name for dataset in self._datasets.values()
                         for alias in (dataset.id, dataset.table)}

    def __getitem__(self, name: str) -> Dataset:
        dataset = self._datasets.get(self._aliases.get(name, name))
        if dataset is None:
            raise UnknownDatasetError(name, self._datasets)
        return dataset

    def __contains__(self, name: object) -> bool:
        return name in self._datasets or name in self._aliases

    def get(self, name: str, default: Dataset | None = None) -> Dataset | None:  # type: ignore[override]
        try:
            return self[name]
        except UnknownDatasetError:
            return default

    def __iter__(self) -> Iterator[str]:
        return iter(self._datasets)

    def __len__(self) -> int:
        return len(self._datasets)


def load_contract(contract: str | Path | bytes, *, source: str | None = None) -> Dataset:
    """Read and check one data contract.

    Parameters
    ----------
    contract
        Path of a file (Open Data Contract Standard 3.1, YAML), or its bytes.
    source
        Name of the contract in messages; defaults to the path.

    Raises
    ------
    ContractError
        The contract is faulty; every fault is listed with file, line, column and field.
    FileNotFoundError
        There is no such file.
    """
    if isinstance(contract, bytes):
        text, name = contract, source or "<bytes>"
    else:
        text, name = Path(contract).read_bytes(), source or str(contract)
    document = read_document(text, name)
    problems = check_standard(document)
    dataset, notes = read_dataset(document)
    # The same fault seen by both, say an unknown logicalType, is told once: in the standard's words.
    told = {(problem.line, problem.path) for problem in problems}
    problems += [problem for problem in notes.problems if (problem.line, problem.path) not in told]
    if problems or dataset is None:
        raise ContractError(problems)
    return dataset


def load_contracts(folder: str | Path) -> Contracts:
    """Read every ``*.yaml`` below `folder`.

    Raises
    ------
    ContractError
        Contracts are faulty or two describe the same dataset; the faults of all files are listed at once.
    FileNotFoundError
        The folder does not exist or holds no contract.
    """
    files = find_contract_files([folder])
    if not files:
        raise FileNotFoundError(f"no data contract (*.yaml) below {folder}")
    datasets, problems = load_all(files)
    if problems:
        raise ContractError(problems)
    return Contracts(datasets)


def find_contract_files(paths: Iterable[str | Path]) -> list[Path]:
    """Expand folders to the contracts below them, sorted; files stay as they are.

    Raises
    ------
    FileNotFoundError
        One of `paths` does not exist.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            files.extend(sorted(file for pattern in ("*.yaml", "*.yml") for file in path.rglob(pattern)))
        elif path.is_file():
            files.append(path)
        else:
            raise FileNotFoundError(f"no such file or folder: {path}")
    return files


def load_all(files: Iterable[Path]) -> tuple[list[Dataset], list[Problem]]:
    """Read all `files`; return the sound datasets and the problems of the others."""
    datasets: list[Dataset] = []
    problems: list[Problem] = []
    taken: dict[str, str] = {}
    for file in files:
        try:
            dataset = load_contract(file)
        except ContractError as error:
            problems.extend(error.problems)
            continue
        for what, name in (("dataset", dataset.name), ("contract id", dataset.id)):
            key = f"{what} {name}"
            if key in taken:
                problems.append(Problem(str(file), 1, 1, "", f"{key} is already described by {taken[key]}"))
            taken.setdefault(key, str(file))
        datasets.append(dataset)
    return datasets, problems
