from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.launcher import ports
from local.launcher.home import Home


@contextmanager
def listening(port: int) -> Iterator[None]:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        yield


def assign(home: Home, ours: set[str] = frozenset()) -> dict[str, int]:
    return ports.assign(home, ["aws", "airflow"], lambda name: name in ours)


def test_ports_are_remembered(home: Home) -> None:
    first = assign(home)
    assert len(set(first.values())) == 2
    assert assign(home) == first


def test_a_port_taken_by_a_foreign_program_is_replaced_and_the_others_stay(home: Home) -> None:
    first = assign(home)
    with listening(first["aws"]):
        second = assign(home)
    assert second["aws"] != first["aws"]
    assert second["airflow"] == first["airflow"]
    assert assign(home) == second


def test_a_port_held_by_our_own_component_stays(home: Home) -> None:
    first = assign(home)
    with listening(first["aws"]):
        assert assign(home, ours={"aws"}) == first


def test_two_clones_get_different_ports(tmp_path: Path) -> None:
    one, two = assign(Home(tmp_path / "one")), assign(Home(tmp_path / "two"))
    assert not set(one.values()) & set(two.values())


def test_ports_lie_below_those_the_system_gives_to_clients(home: Home) -> None:
    assert all(20000 <= port < 32768 for port in assign(home).values())


def test_a_damaged_file_means_new_ports(home: Home) -> None:
    assign(home)
    home.ports_file.write_text("{")
    assert assign(home)
