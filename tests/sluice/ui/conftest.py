"""The application over real stores; who may see it is tested against the real API server in tests/ui."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from fastapi.testclient import TestClient

from sluice.outcomes import OutcomeStore
from sluice.quality.results import ValidationStore
from sluice.ui.app import create_app
from sluice.ui.auth import logged_in
from sluice.ui.reader import QualityReader
from tests.support.aws_endpoint import SETTINGS, free_port, running_endpoint
from tests.support.quality_world import create_stores


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    with running_endpoint() as url:
        yield url


def client_of(service: str, endpoint: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=SETTINGS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=SETTINGS["AWS_SECRET_ACCESS_KEY"],
        config=Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def stores(aws_endpoint: str) -> tuple[ValidationStore, OutcomeStore]:
    """An empty bucket and table of this test."""
    name = uuid4().hex[:8]
    return create_stores(
        client_of("s3", aws_endpoint), client_of("dynamodb", aws_endpoint), f"quality-{name}", f"outcomes-{name}"
    )


@pytest.fixture
def dead_endpoint() -> str:
    """An address where nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


def visitor(reader: QualityReader) -> TestClient:
    """A logged-in visitor of the pages."""
    app = create_app(reader)
    app.dependency_overrides[logged_in.dependency] = lambda: None
    return TestClient(app)
