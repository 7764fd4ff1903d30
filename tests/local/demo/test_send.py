from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local.demo.send import SendError, send
from local.demo.traffic_batches import Batch

Answer = tuple[int, dict[str, str], bytes]


class Collector(ThreadingHTTPServer):
    """Answers over real sockets as ``respond`` says; remembers what came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.seen: Counter[str] = Counter()
        self.connections: set[tuple[str, int]] = set()
        self.hosts: set[str] = set()
        self.respond: Callable[[str, int], Answer | None] = lambda key, times: took(2)
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        collector: Collector = self.server
        self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Idempotency-Key"]
        with collector.lock:
            collector.seen[key] += 1
            collector.connections.add(self.client_address)
            collector.hosts.add(self.headers["Host"])
            answer = collector.respond(key, collector.seen[key])
        if answer is None:
            self.connection.close()  # as a crash does
            self.close_connection = True
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def took(lines: int) -> Answer:
    return 200, {}, json.dumps({"accepted": lines - 1, "malformed": 1}).encode()


def batches(count: int) -> list[Batch]:
    return [Batch("aurora", "k", f"key-{n}", b"{}\n[]\n", 2) for n in range(count)]


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_every_batch_is_sent_once_over_few_kept_connections(collector: Collector) -> None:
    told: list[int] = []
    sent = send(batches(30), collector.url, threads=3, progress=lambda so_far, _: told.append(so_far.lines))
    assert (sent.batches, sent.lines, sent.accepted, sent.malformed, sent.retries) == (30, 60, 30, 30, 0)
    assert sent.bytes == 30 * 6
    assert told == list(range(2, 62, 2))
    assert set(collector.seen.values()) == {1} and len(collector.seen) == 30
    assert len(collector.connections) <= 3


def test_busy_and_broken_answers_are_tried_again_with_the_same_key(collector: Collector) -> None:
    def respond(key: str, times: int) -> Answer | None:
        if times == 1 and key == "key-0":
            return 503, {"Retry-After": "0"}, b'{"error":"stream_busy","message":"later"}'
        return None if times == 1 and key == "key-1" else took(2)

    collector.respond = respond
    sent = send(batches(4), collector.url, threads=2)
    assert (sent.lines, sent.retries) == (8, 2)
    assert collector.seen == {"key-0": 2, "key-1": 2, "key-2": 1, "key-3": 1}


def test_a_refusal_stops_everything_and_says_why(collector: Collector) -> None:
    collector.respond = lambda key, times: (401, {}, b'{"error":"x","message":"The X-Write-Key is not known."}')
    with pytest.raises(SendError, match=r"aurora: 401 The X-Write-Key is not known"):
        send(batches(50), collector.url, threads=2)
    assert sum(collector.seen.values()) <= 2


def test_patience_ends_with_a_hint(collector: Collector) -> None:
    collector.respond = lambda key, times: (503, {}, b'{"message":"The stream takes no more now."}')
    with pytest.raises(SendError, match=r"503 The stream takes no more now.*status"):
        send(batches(1), collector.url, patience=0.5)
    assert sum(collector.seen.values()) > 1


def test_a_lost_line_is_noticed(collector: Collector) -> None:
    collector.respond = lambda key, times: took(1)
    with pytest.raises(SendError, match="1 of 2 lines"):
        send(batches(1), collector.url)


def test_names_in_front_of_loopback_need_no_resolver(collector: Collector) -> None:
    for host in ("abc.execute-api.localhost", "abc.execute-api.127.0.0.1"):
        send(batches(1), f"http://{host}:{collector.server_port}")
        assert f"{host}:{collector.server_port}" in collector.hosts, "the API is named by the Host header"


def test_an_error_of_the_source_is_passed_on(collector: Collector) -> None:
    def broken() -> Iterator[Batch]:
        yield from batches(1)
        raise RuntimeError("file torn")

    with pytest.raises(RuntimeError, match="file torn"):
        send(broken(), collector.url)


@pytest.mark.parametrize("url", ["", "ftp://x", "127.0.0.1:80"])
def test_a_url_that_is_none_is_explained(url: str) -> None:
    with pytest.raises(SendError, match="no collector URL"):
        send(batches(1), url)
