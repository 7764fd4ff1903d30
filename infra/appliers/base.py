"""What the appliers share: clients, properties that complain when one is overlooked, comparison with what is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.template import Applied, TemplateError


class Properties(Mapping[str, Any]):
    """Properties of a resource; remembers which were read, so that none is ignored silently."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._unread = set(values)

    def __getitem__(self, name: str) -> Any:
        self._unread.discard(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def pick(self, *names: str) -> dict[str, Any]:
        """Return those of ``names`` that are set."""
        return {name: self[name] for name in names if name in self._values}

    def tags(self) -> list[dict[str, str]]:
        """Return the tags as a list of ``Key`` and ``Value``."""
        return list(self.get("Tags", []))

    def tag_map(self) -> dict[str, str]:
        """Return the tags as a mapping."""
        tags = self.get("Tags", {})
        return dict(tags) if isinstance(tags, Mapping) else {tag["Key"]: tag["Value"] for tag in tags}

    def reject_unread(self) -> None:
        """Raise when a property was never looked at."""
        if self._unread:
            raise TemplateError(f"property {', '.join(sorted(self._unread))} is not supported")


class Context:
    """AWS clients and the account a template is applied to."""

    def __init__(self, session: boto3.Session | None = None) -> None:
        self._session = session or boto3.Session()
        self._config = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5)
        self.client = cache(self._client)
        self.region = self._session.region_name or "us-east-1"
        self.account = self.client("sts").get_caller_identity()["Account"]

    def _client(self, service: str) -> Any:
        return self._session.client(service, config=self._config)

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


Applier = Callable[[Context, Properties], Applied]


def found_or_none(call: Callable[..., Any], *missing: str, **arguments: Any) -> Any:
    """Call AWS; return None when it answers with one of the ``missing`` error codes."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in missing:
            return None
        raise


def matches(wanted: Any, live: Any) -> bool:
    """Say whether ``live`` holds everything ``wanted`` asks for; what AWS adds of its own does not count."""
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(matches(value, live.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(live, list) and len(wanted) == len(live) and all(map(matches, wanted, live))
    if isinstance(wanted, bool) or isinstance(live, bool):
        return str(wanted).lower() == str(live).lower()
    return wanted == live or str(wanted) == str(live)


def same_policy(wanted: Mapping[str, Any], live: Any) -> bool:
    """Compare two IAM policy documents; AWS answers with text or with an object."""
    return bool(wanted == (json.loads(live) if isinstance(live, str) and live else live))
