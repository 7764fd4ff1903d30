"""What can be wrong behind the page, said so that the visitor can act on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A title, what happened, and what to do."""

    title: str
    text: str
    hint: str


class Unavailable(Exception):
    """The store behind the page gives no answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


def problem_of(error: Exception, what: str) -> Problem | None:
    """The problem behind an error of boto3, or None if it is no error of the service or the way to it.

    Parameters
    ----------
    what
        What was wanted, e.g. ``validation results in s3://sluice-quality``.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        if code in ("NoSuchBucket", "ResourceNotFoundException"):
            return Problem(
                "Nothing is deployed here yet",
                f"The store of {what} does not exist in this account.",
                "Deploy the platform first: ./sluice up on a laptop, the CDK app on AWS.",
            )
        if code in ("AccessDenied", "AccessDeniedException", "403", "InvalidAccessKeyId", "ExpiredToken"):
            return Problem(
                "Airflow may not read this",
                f"AWS refused access to {what} ({code}).",
                "Give the role of Airflow's API server read access to it.",
            )
        return Problem(
            "AWS answered with an error",
            f"Reading {what} failed: {code}.",
            "Try again in a moment; if it stays, look at the log of Airflow's API server.",
        )
    if isinstance(error, BotoCoreError):
        return Problem(
            "The data store cannot be reached",
            f"No answer while reading {what} ({type(error).__name__}).",
            "On a laptop see ./sluice status and start what is down with ./sluice up. On AWS check the network and"
            " the credentials of Airflow's API server. Then reload this page.",
        )
    return None
