"""Deterministic zips: the same inputs give the same bytes, whoever builds them when."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_IGNORED = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", "target", "logs"}
#: The first moment a zip can name.
_MOMENT = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Artifact:
    """A file for the artifacts bucket.

    Parameters
    ----------
    key
        Key in the bucket.
    path
        Where the file lies.
    sha256
        Digest of its content, hexadecimal; kept as metadata of the object.
    """

    key: str
    path: Path
    sha256: str

    @classmethod
    def of(cls, key: str, path: Path) -> Artifact:
        """Return the artifact that ``path`` is under ``key``."""
        return cls(key, path, hashlib.sha256(path.read_bytes()).hexdigest())


def tree(folder: Path, pattern: str = "*") -> list[Path]:
    """Return the files under ``folder`` that are source, sorted."""
    if not folder.is_dir():
        return []
    files = (path for path in folder.rglob(pattern) if path.is_file() and path.suffix not in (".pyc", ".pyo"))
    return sorted(path for path in files if not _IGNORED.intersection(path.relative_to(folder).parts))


def fingerprint(members: Mapping[str, Path], *more: str) -> str:
    """Return a digest of ``{name: file}`` and of further inputs; where the files lie does not matter."""
    digest = hashlib.sha256("\0".join(more).encode())
    for name, path in sorted(members.items()):
        digest.update(f"\0{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def zip_bytes(members: Mapping[str, Path]) -> bytes:
    """Return a zip of ``{name in the zip: file}`` with fixed order, times and modes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o100644 << 16
            archive.writestr(info, members[name].read_bytes())
    return buffer.getvalue()
