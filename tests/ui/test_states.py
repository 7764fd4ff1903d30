"""What the page looks like when there is nothing to show, or nothing to ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
import uvicorn
from botocore.config import Config
from playwright.sync_api import BrowserContext, expect

from sluice.outcomes import OutcomeStore
from sluice.quality.results import ValidationStore
from sluice.ui.app import create_app
from sluice.ui.auth import logged_in
from sluice.ui.reader import QualityReader
from tests.support.aws_endpoint import free_port
from tests.support.quality_world import create_stores
from tests.ui.conftest import keep

pytestmark = pytest.mark.slow


@pytest.fixture
def serve() -> Iterator[Any]:
    """Serve the pages over given stores to a logged-in visitor; returns the address."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(reader: QualityReader) -> str:
        app = create_app(reader)
        app.dependency_overrides[logged_in.dependency] = lambda: None
        port = free_port()
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        while not server.started:
            time.sleep(0.05)
        return f"http://127.0.0.1:{port}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_an_empty_platform_tells_the_first_steps(serve: Any, context: BrowserContext, aws_clients: dict[str, Any]):
    name = uuid4().hex[:8]
    stores = create_stores(aws_clients["s3"], aws_clients["dynamodb"], f"empty-{name}", f"empty-{name}")
    page = context.new_page()
    page.goto(f"{serve(QualityReader(*stores))}/quality")
    expect(page.get_by_role("heading", name="No suite has run yet")).to_be_visible()
    keep(page, "quality-empty")


def test_an_unreachable_store_offers_another_try(serve: Any, context: BrowserContext):
    dead = {
        "endpoint_url": f"http://127.0.0.1:{free_port()}",
        "region_name": "us-east-1",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "config": Config(connect_timeout=1, retries={"total_max_attempts": 1}),
    }
    reader = QualityReader(
        ValidationStore("sluice-quality", boto3.client("s3", **dead)),
        OutcomeStore("sluice-outcomes", boto3.client("dynamodb", **dead)),
    )
    page = context.new_page()
    page.goto(f"{serve(reader)}/quality")
    expect(page.get_by_role("alert")).to_contain_text("The data store cannot be reached")
    keep(page, "quality-unreachable")
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("alert")).to_contain_text("./sluice status")
