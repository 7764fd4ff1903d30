"""How the client speaks HTTP: tokens that run out, pages, refusals. What Airflow answers is tested on a real one."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from local.airflow.client import AirflowError, Client


class _Server(http.server.BaseHTTPRequestHandler):
    tokens = 0

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        login = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if login["password"] != "right":
            return self._answer(401, {"detail": "Invalid credentials"})
        type(self).tokens += 1
        return self._answer(201, {"access_token": str(self.tokens)})

    def do_GET(self) -> None:
        if self.headers["Authorization"] == "Bearer 1" and "expired" in self.path:
            return self._answer(401, {"detail": "Invalid or expired token"})
        if "dagRuns" in self.path:
            return self._answer(422, {"detail": [{"msg": "Input should be a valid date"}]})
        query = parse_qs(urlsplit(self.path).query)
        offset, limit = int(query["offset"][0]), int(query["limit"][0])
        page = [{"dag_id": f"dag_{number}"} for number in range(250)][offset : offset + limit]
        return self._answer(200, {"dags": page, "total_entries": 250})

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Server", (_Server,), {}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_all_pages_are_read(url: str) -> None:
    assert [dag["dag_id"] for dag in Client(url, "right").dags()] == [f"dag_{number}" for number in range(250)]


def test_an_expired_token_is_renewed_once(url: str) -> None:
    client = Client(url, "right")
    assert client.request("GET", "/expired?offset=0&limit=1")["total_entries"] == 250


def test_a_refusal_carries_airflows_words_and_status(url: str) -> None:
    with pytest.raises(AirflowError, match="422 Input should be a valid date") as refusal:
        Client(url, "right").run("a", "b")
    assert refusal.value.status == 422


def test_a_wrong_password_is_no_endless_loop_and_never_shown(url: str) -> None:
    client = Client(url, "wrong-password")
    with pytest.raises(AirflowError, match="401 Invalid credentials") as refusal:
        client.dags()
    assert "wrong-password" not in f"{refusal.value}{client!r}"


def test_an_airflow_that_does_not_run_is_explained() -> None:
    with pytest.raises(AirflowError, match=r"\./sluice up") as refusal:
        Client("http://127.0.0.1:9", "x").dags()
    assert refusal.value.status == 0
