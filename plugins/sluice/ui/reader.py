"""Reads what the pages show, out of the two stores."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, TypeVar

from sluice.outcomes.record import Outcome
from sluice.outcomes.store import OutcomeStore
from sluice.quality.results import StoredKey, ValidationResult, ValidationStore
from sluice.ui.cache import Cache
from sluice.ui.filters import Filters
from sluice.ui.problems import Problem, Unavailable, problem_of

T = TypeVar("T")
MAX_RESULTS = 1500
_HISTORY_DAYS = 30
_THREADS = 8


@dataclass(frozen=True)
class Overview:
    """What the quality page shows. Results are newest first and carry no expectations."""

    datasets: tuple[str, ...]
    zones: tuple[str, ...]
    results: tuple[ValidationResult, ...]
    outcomes: tuple[Outcome, ...]
    truncated: bool = False
    newest_interval: str | None = None
    outcomes_problem: Problem | None = None


@dataclass(frozen=True)
class Detail:
    """One validation, its neighbours in time (oldest first) and the outcomes of its interval."""

    result: ValidationResult
    history: tuple[ValidationResult, ...]
    outcomes: tuple[Outcome, ...]
    outcomes_problem: Problem | None = None


class QualityReader:
    """Both stores behind one door: short timeouts, a small cache, and errors turned into :class:`Unavailable`.

    Every method blocks; call it from a thread.
    """

    def __init__(self, validations: ValidationStore | None = None, outcomes: OutcomeStore | None = None) -> None:
        self._given = (validations, outcomes)
        self._lock = threading.Lock()
        self._stores: tuple[ValidationStore, OutcomeStore] | None = None
        self._summaries: Cache[ValidationResult | None] = Cache(size=4 * MAX_RESULTS)
        self._overviews: Cache[Overview] = Cache(size=64, seconds=5)

    @property
    def validations(self) -> ValidationStore:
        return self._open()[0]

    @property
    def outcomes(self) -> OutcomeStore:
        return self._open()[1]

    def _open(self) -> tuple[ValidationStore, OutcomeStore]:
        with self._lock:
            if self._stores is None:
                validations, outcomes = self._given
                self._stores = self.guarded(
                    lambda: (
                        validations or ValidationStore(client=_client("s3")),
                        outcomes or OutcomeStore(client=_client("dynamodb")),
                    ),
                    "the AWS settings of this process",
                )
            return self._stores

    def overview(self, filters: Filters) -> Overview:
        """Results and outcomes that pass the filters.

        Raises
        ------
        Unavailable
            If the validation results cannot be read. Unreadable outcomes are told in the answer.
        """
        return self._overviews.get(replace(filters, page=1), lambda: self._overview(filters))

    def detail(self, dataset: str, interval: str, run_id: str) -> Detail | None:
        """One validation with its surroundings, or None if there is none.

        Raises
        ------
        Unavailable
            If it cannot be read.
        """
        return self.guarded(lambda: self._detail(dataset, interval, run_id), self._what())

    def _overview(self, filters: Filters) -> Overview:
        results, truncated, datasets, newest = self.guarded(lambda: self._results(filters), self._what())
        outcomes, problem = self._outcomes_between(
            [filters.dataset] if filters.dataset else None, filters.first, filters.last
        )
        if filters.zone:
            outcomes = tuple(o for o in outcomes if o.dataset.split(".")[0] == filters.zone)
        shown = [
            r
            for r in results
            if (not filters.zone or r.zone == filters.zone) and (not filters.failed_only or r.status == "failed")
        ]
        shown.sort(key=lambda r: (r.interval, r.started_at), reverse=True)
        named = sorted({*datasets, *(o.dataset for o in outcomes)})
        zones = sorted({*(name.split(".")[0] for name in named), *(r.zone for r in results)})
        return Overview(tuple(named), tuple(zones), tuple(shown), outcomes, truncated, newest, problem)

    def _results(self, filters: Filters) -> tuple[list[ValidationResult], bool, tuple[str, ...], str | None]:
        datasets = self.validations.datasets()
        wanted = [filters.dataset] if filters.dataset else datasets
        first, last = filters.first.isoformat(), filters.last.isoformat()
        keys = [key for name in wanted for key in self.validations.list(name, first, last)]
        keys.sort(key=lambda key: key.interval, reverse=True)
        newest = None
        if not keys:
            older = (key.interval for name in wanted for key in self.validations.list(name))
            newest = max(older, default=None)
        return self._read(keys[:MAX_RESULTS]), len(keys) > MAX_RESULTS, datasets, newest

    def _detail(self, dataset: str, interval: str, run_id: str) -> Detail | None:
        result = self.validations.read(dataset, interval, run_id)
        if result is None:
            return None
        day = _day_of(interval)
        history: list[ValidationResult] = [result]
        outcomes: tuple[Outcome, ...] = ()
        problem: Problem | None = None
        if day is not None:
            near = timedelta(days=_HISTORY_DAYS // 2)
            keys = self.validations.list(dataset, (day - 2 * near).isoformat(), (day + near).isoformat())
            history = sorted(self._read(keys), key=lambda r: (r.interval, r.started_at))
            found, problem = self._outcomes_between([dataset], day, day)
            outcomes = tuple(o for o in found if o.interval == interval) or found
        return Detail(result, tuple(history), outcomes, problem)

    def _read(self, keys: Iterable[StoredKey]) -> list[ValidationResult]:
        """Summaries of stored results. A content is read once: its key and ETag are the cache's key."""

        def summary(stored: StoredKey) -> ValidationResult | None:
            return self._summaries.get((stored.key, stored.etag), lambda: self._summary(stored.key))

        with ThreadPoolExecutor(_THREADS, thread_name_prefix="sluice-quality") as pool:
            return [result for result in pool.map(summary, keys) if result is not None]

    def _summary(self, key: str) -> ValidationResult | None:
        try:
            result = self.validations.read_key(key)
        except ValueError:  # one foreign object under the prefix must not take the page down
            return None
        return result and replace(result, expectations=())

    def _outcomes_between(
        self, datasets: list[str] | None, first: date, last: date
    ) -> tuple[tuple[Outcome, ...], Problem | None]:
        def read() -> tuple[Outcome, ...]:
            names = self.outcomes.datasets() if datasets is None else datasets
            return tuple(o for n in names for o in self.outcomes.between(n, first.isoformat(), last.isoformat()))

        try:
            return newest_per_step(self.guarded(read, f"outcomes in the table {self.outcomes.table}")), None
        except Unavailable as unavailable:
            return (), unavailable.problem

    def guarded(self, read: Callable[[], T], what: str) -> T:
        """The answer of `read`; an error of AWS or of the way to it becomes :class:`Unavailable`."""
        try:
            return read()
        except Exception as error:
            problem = problem_of(error, what)
            if problem is None:
                raise
            raise Unavailable(problem) from error

    def _what(self) -> str:
        return f"validation results in s3://{self.validations.bucket}"


def newest_per_step(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Of several runs of one step over one interval only the last counts: it replaced what the others wrote."""
    newest: dict[tuple[str, str, str], Outcome] = {}
    for outcome in outcomes:
        key = (outcome.dataset, outcome.interval, outcome.step)
        if key not in newest or newest[key].recorded_at <= outcome.recorded_at:
            newest[key] = outcome
    return tuple(newest.values())


def _day_of(interval: str) -> date | None:
    try:
        return date.fromisoformat(interval[:10])
    except ValueError:
        return None


def _client(service: str) -> Any:
    import boto3
    from botocore.config import Config

    # A page that waits a minute for a dead endpoint is worse than one that says so after seconds.
    config = Config(connect_timeout=2, read_timeout=6, retries={"total_max_attempts": 2}, max_pool_connections=_THREADS)
    return boto3.client(service, config=config)
