"""The outcome record itself; knows nothing of where it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

_COUNTS = (
    "records_in",
    "records_out",
    "duplicates",
    "quarantined",
    "redelivered",
    "bytes_in",
    "bytes_out",
)
_INSTANTS = ("interval_start", "interval_end", "recorded_at")
_STATUSES = ("success", "failed")


class ConservationError(ValueError):
    """Records got lost or multiplied between the input and the output of a step."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one run of one step did to one interval of one dataset.

    Parameters
    ----------
    dataset
        The dataset written, e.g. ``curated.clickstream_events``.
    step
        The verb, e.g. ``promote``, ``load``, ``enrich``.
    run_id
        The Airflow run (or other keeper) that asked for it.
    interval_start, interval_end
        UTC bounds of the data, end exclusive.
    records_in
        Distinct records read. Redelivered copies of the same record are counted in
        ``redelivered`` instead.
    records_out, duplicates, quarantined
        Where those records went.
    reasons
        Rule -> number of records it quarantined. A record that breaks two rules counts in both.
    conserves
        False for steps that change the grain (an hourly aggregate of events), where counts in and
        out are not comparable.
    recorded_at
        When the record was made; now, unless given.

    Raises
    ------
    ValueError
        If a count is negative, an instant has no time zone, the interval is empty or a name holds ``#``,
        which separates the parts of the key.
    """

    dataset: str
    step: str
    run_id: str
    interval_start: datetime
    interval_end: datetime
    records_in: int
    records_out: int
    duplicates: int = 0
    quarantined: int = 0
    redelivered: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    bytes_in: int = 0
    bytes_out: int = 0
    seconds: float = 0.0
    status: str = "success"
    engine_versions: Mapping[str, str] = field(default_factory=dict)
    snapshot_id: str | None = None
    input_fingerprint: str | None = None
    conserves: bool = True
    recorded_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        for name in ("dataset", "step", "run_id"):
            if not getattr(self, name):
                raise ValueError(f"An outcome needs a {name}; it is empty.")
        if "#" in self.step:
            raise ValueError(f"The step name {self.step!r} must not contain '#': it separates the key's parts.")
        if self.status not in _STATUSES:
            raise ValueError(f"The status of an outcome is one of {', '.join(_STATUSES)}, not {self.status!r}.")
        for name in _INSTANTS:
            instant = getattr(self, name)
            if instant.tzinfo is None:
                raise ValueError(f"{name} of the outcome of {self.dataset} has no time zone; give it in UTC.")
            object.__setattr__(self, name, instant.astimezone(UTC))
        if self.interval_end <= self.interval_start:
            raise ValueError(f"The interval of the outcome of {self.dataset} ends before it starts.")
        for name in _COUNTS:
            if getattr(self, name) < 0:
                raise ValueError(f"{name} of the outcome of {self.dataset} is negative: {getattr(self, name)}.")

    @property
    def interval(self) -> str:
        """``YYYY-MM-DD`` for a day, ``YYYY-MM-DD_YYYY-MM-DD`` (last day included) for several,
        ``YYYY-MM-DDTHH`` for hours, else the start to the second."""
        start, day = self.interval_start, timedelta(days=1)
        length = self.interval_end - start
        if start.time() == datetime.min.time() and length % day == timedelta(0):
            last = self.interval_end - day
            return f"{start:%Y-%m-%d}" if length == day else f"{start:%Y-%m-%d}_{last:%Y-%m-%d}"
        if (start.minute, start.second) == (0, 0):
            return start.strftime("%Y-%m-%dT%H")
        return start.strftime("%Y-%m-%dT%H:%M:%S")

    @property
    def outcome_id(self) -> str:
        """The sort key ``<interval>#<step>#<run_id>``: the same run again means the same record."""
        return f"{self.interval}#{self.step}#{self.run_id}"

    @property
    def missing(self) -> int:
        """Records that went in and are not accounted for (negative: appeared from nowhere)."""
        return self.records_in - self.records_out - self.duplicates - self.quarantined

    def check_conservation(self) -> None:
        """Raise if a successful, grain-keeping step does not account for every record.

        Raises
        ------
        ConservationError
            If in != out + duplicates + quarantined, or quarantined records carry no reason.
        """
        if self.status != "success" or not self.conserves:
            return
        where = f"{self.dataset} {self.interval}, step {self.step}, run {self.run_id}"
        if self.missing:
            fate = "are unaccounted for" if self.missing > 0 else "came from nowhere"
            raise ConservationError(
                f"{abs(self.missing)} records {fate} in {where}: in {self.records_in} != out {self.records_out}"
                f" + duplicates {self.duplicates} + quarantined {self.quarantined}. The output of this run must"
                " not be used: find the lost records (input files of the interval against the written snapshot)"
                " and run the step again."
            )
        if self.quarantined > sum(self.reasons.values()):
            raise ConservationError(
                f"{self.quarantined} records are quarantined in {where}, but the reasons name only"
                f" {sum(self.reasons.values())}. Each quarantined record needs the rule it broke."
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, with ``outcome`` (the sort key) and ``interval`` added."""
        plain: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in _INSTANTS:
            plain[name] = plain[name].isoformat()
        for name in ("reasons", "engine_versions"):
            plain[name] = dict(plain[name])
        return {**plain, "outcome": self.outcome_id, "interval": self.interval}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Outcome:
        """The inverse of :meth:`to_dict`. Unknown fields are ignored, so that older code reads newer records."""
        known = {f.name: plain[f.name] for f in fields(cls) if f.name in plain}
        for name in _INSTANTS:
            known[name] = datetime.fromisoformat(known[name])
        for name in _COUNTS:
            if name in known:
                known[name] = int(known[name])
        if "seconds" in known:
            known["seconds"] = float(known["seconds"])
        if "reasons" in known:
            known["reasons"] = {rule: int(n) for rule, n in known["reasons"].items()}
        return cls(**known)
