"""The quality gate: judge the audit branch of an interval; publish it, or refuse it and say why."""

from __future__ import annotations

from sluice.quality.results import ValidationResult


class QualityGateClosed(Exception):
    """An interval failed expectations of severity ``fail`` and was not published."""

    def __init__(self, result: ValidationResult) -> None:
        failed = [one for one in result.expectations if not one.success and one.severity == "fail"]
        rules = "; ".join(
            f"{one.rule}" + (f" ({one.unexpected_count:,} rows)" if one.unexpected_count else "") for one in failed
        )
        super().__init__(
            f"{result.dataset} {result.interval} is not published: {len(failed)} of {result.evaluated} expectations "
            f"failed: {rules}. Readers keep the data they had. See the page Data quality; owner: {result.owner}"
        )
        self.result = result


def require_open(result: ValidationResult) -> None:
    """Do nothing when the gate is open.

    Raises
    ------
    QualityGateClosed
        When an expectation of severity ``fail`` failed.
    """
    if not result.success:
        raise QualityGateClosed(result)
