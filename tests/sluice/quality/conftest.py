from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.aws_endpoint import running_endpoint


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    with running_endpoint() as url:
        yield url
