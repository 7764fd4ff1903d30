"""What the readers of COPY need to know of a table's columns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of the target table: name, type name and modifier as PostgreSQL's catalog has them."""

    name: str
    type: str
    modifier: int = -1

    @property
    def is_text(self) -> bool:
        """True for CHAR and VARCHAR."""
        return self.type in ("varchar", "bpchar", "text", "char", "name")

    @property
    def length(self) -> int | None:
        """Greatest number of characters, if bounded."""
        return self.modifier - 4 if self.is_text and self.modifier > 4 else None
