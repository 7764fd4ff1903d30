"""The supervisor with real processes: small servers that are started, killed, forgotten, and stopped."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.launcher.errors import SluiceError
from local.launcher.home import Home
from local.stack import logs, processes, records
from local.stack.component import Component, in_order
from local.stack.probes import Http
from local.stack.supervisor import Supervisor

SERVER = """
import http.server, os, signal, subprocess, sys, time
port, *flags = sys.argv[1:]
if "child" in flags:  # as PostgreSQL's processes: a session of its own
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    print("child", subprocess.Popen(sleeper, start_new_session=True).pid, flush=True)
if "deaf" in flags:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if "broken" in flags:
    print("cannot open the gate: no water", flush=True); sys.exit(3)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(os.environ.get("WORD", "").encode())
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    (tmp_path / "server.py").write_text(SERVER)
    home = Home(tmp_path)
    yield home
    left = processes.marked(home.state)
    processes.stop_all(left, 0)
    assert not left, "the test left processes behind"


Make = Callable[..., Component]


@pytest.fixture
def server(home: Home) -> Make:
    def make(name: str, *flags: str, port: int = 0, **settings: object) -> Component:
        port = port or free_port()
        address = f"http://127.0.0.1:{port}"
        return Component(
            name=name, command=(sys.executable, str(home.root / "server.py"), str(port), *flags),
            probe=Http(address), address=address, **settings,
        )  # fmt: skip

    return make


def pids(supervisor: Supervisor) -> dict[str, int | None]:
    return {status.name: status.pid for status in supervisor.status()}


def test_up_starts_all_and_a_second_up_starts_nothing(home: Home, server: Make) -> None:
    supervisor = Supervisor(home, [server("gate", needs=("spring",)), server("spring")])
    assert supervisor.up() == 2
    assert all(status.healthy and status.state == "running" for status in supervisor.status())
    before = pids(supervisor)
    began = time.monotonic()
    assert supervisor.up() == 0
    assert time.monotonic() - began < 1
    assert pids(supervisor) == before
    assert supervisor.down() == 2
    assert {status.state for status in supervisor.status()} == {"stopped"}


def test_what_is_needed_is_ready_first_and_stops_last(
    home: Home, server: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor = Supervisor(home, [server("gate", needs=("spring",)), server("spring")])
    supervisor.up()
    assert records.load(home, "spring").since < records.load(home, "gate").since
    capsys.readouterr()
    supervisor.down()
    stopped = capsys.readouterr().err
    assert stopped.index("gate") < stopped.index("spring")


def test_a_killed_component_is_seen_and_started_again_alone(home: Home, server: Make) -> None:
    supervisor = Supervisor(home, [server("gate", needs=("spring",)), server("spring")])
    supervisor.up()
    before = pids(supervisor)
    os.kill(before["spring"], signal.SIGKILL)
    deadline = time.monotonic() + 5
    while (states := {s.name: s.state for s in supervisor.status()}) != {"spring": "died", "gate": "running"}:
        assert time.monotonic() < deadline, states
    assert supervisor.up() == 1
    after = pids(supervisor)
    assert after["gate"] == before["gate"]
    assert after["spring"] != before["spring"]
    supervisor.down()


def test_children_of_a_killed_component_do_not_outlive_it(home: Home, server: Make) -> None:
    supervisor = Supervisor(home, [server("spring", "child")])
    supervisor.up()
    child = int(logs.tail(logs.path(home, "spring"), 1).split()[1])
    assert processes.identify(child)
    os.kill(pids(supervisor)["spring"], signal.SIGKILL)
    supervisor.up()
    assert processes.identify(child) is None
    child = int(logs.tail(logs.path(home, "spring"), 1).split()[1])
    supervisor.down()
    assert processes.identify(child) is None


def test_down_finds_processes_of_which_no_record_is_left(home: Home, server: Make) -> None:
    supervisor = Supervisor(home, [server("spring", "child")])
    supervisor.up()
    records.forget(home, "spring")
    supervisor.down()
    assert not processes.marked(home.state)


def test_a_deaf_component_is_killed(home: Home, server: Make, capsys: pytest.CaptureFixture[str]) -> None:
    supervisor = Supervisor(home, [server("spring", "deaf", stop_timeout=0.3)])
    supervisor.up()
    supervisor.down()
    assert "killed" in capsys.readouterr().err
    assert not processes.marked(home.state)


def test_a_component_that_ends_while_starting_shows_its_last_words(home: Home, server: Make) -> None:
    supervisor = Supervisor(home, [server("spring", "broken"), server("gate", needs=("spring",)), server("lamp")])
    with pytest.raises(SluiceError, match="no water") as failure:
        supervisor.up()
    assert "spring" in str(failure.value)
    assert "./sluice logs spring" in failure.value.hint
    assert {s.name: s.state for s in supervisor.status()} == {"spring": "died", "gate": "stopped", "lamp": "running"}
    supervisor.down()


def test_changed_settings_restart_that_component_only(home: Home, server: Make) -> None:
    one, two = free_port(), free_port()
    supervisor = Supervisor(home, [server("spring", port=one), server("lamp", port=two)])
    supervisor.up()
    before = pids(supervisor)
    changed = Supervisor(home, [server("spring", port=one, env={"WORD": "water"}), server("lamp", port=two)])
    assert changed.up() == 1
    assert urllib.request.urlopen(f"http://127.0.0.1:{one}").read() == b"water"
    assert pids(changed)["lamp"] == before["lamp"]
    changed.down()


def test_a_component_this_version_does_not_know_is_stopped(home: Home, server: Make) -> None:
    Supervisor(home, [server("old"), server("spring")]).up()
    old = records.load(home, "old").identity
    new = Supervisor(home, [server("spring")])
    new.up()
    assert not processes.is_running(old)
    new.down()


def test_a_step_runs_once_until_its_version_changes(home: Home) -> None:
    def step(version: str, code: str = "pass") -> Supervisor:
        command = (sys.executable, "-c", code)
        return Supervisor(home, [Component("step", command, once=True, done=home.data / "step", version=version)])

    assert step("1").up() == 1
    assert step("1").up() == 0
    assert step("2").up() == 1
    with pytest.raises(SluiceError, match="out of water"):
        step("3", "raise SystemExit('out of water')").up()
    assert step("3").up() == 1


def test_two_clones_do_not_touch_each_other(tmp_path: Path, home: Home, server: Make) -> None:
    other = Home(tmp_path / "other")
    mine, theirs = Supervisor(home, [server("spring", "child")]), Supervisor(other, [server("spring", "child")])
    mine.up()
    theirs.up()
    mine.down()
    assert not processes.marked(home.state)
    assert theirs.status()[0].healthy
    theirs.down()
    assert not processes.marked(other.state)


def test_a_record_whose_pid_now_belongs_to_another_process_kills_nothing(home: Home, server: Make) -> None:
    supervisor = Supervisor(home, [server("spring")])
    ours = processes.identify(os.getpid())
    home.run.mkdir(parents=True)
    records.save(home, "spring", records.Record(ours.pid, "an earlier start", 0, ""))
    assert supervisor.status()[0].state == "died"
    supervisor.down()  # would end this test run
    assert processes.is_running(ours)


def test_the_log_of_the_start_before_is_kept(home: Home, server: Make) -> None:
    supervisor = Supervisor(home, [server("spring", "child")])
    for _ in range(2):
        supervisor.up()
        supervisor.down()
    assert logs.path(home, "spring").with_name("spring.log.1").read_text().startswith("child")


def test_needs_that_do_not_exist_or_form_a_circle_are_refused(server: Make) -> None:
    with pytest.raises(ValueError, match="circle: gate -> spring -> gate"):
        in_order([server("gate", needs=("spring",)), server("spring", needs=("gate",))])
    with pytest.raises(ValueError, match="needs river, which does not exist"):
        in_order([server("gate", needs=("river",))])
