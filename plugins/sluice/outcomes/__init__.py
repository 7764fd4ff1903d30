"""One record per step and run: what went in, what came out, and where the rest went."""

from __future__ import annotations

from sluice.outcomes.record import ConservationError, Outcome
from sluice.outcomes.store import OutcomeStore

__all__ = ["ConservationError", "Outcome", "OutcomeStore"]
