from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psycopg2
import pytest


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_the_warehouse_has_its_databases_and_is_only_on_loopback_behind_a_password(component):
    cluster = component("warehouse").ready()
    assert {name for (name,) in cluster.query("postgres", "select datname from pg_database")} >= {
        "warehouse",
        "airflow",
    }
    assert cluster.query("postgres", "show listen_addresses") == [("127.0.0.1",)]
    assert cluster.query("postgres", "show timezone") == [("UTC",)]
    assert int(cluster.query("postgres", "show server_version_num")[0][0]) >= 160000
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        cluster.connect("warehouse", "wrong")
    assert cluster.query("warehouse", "select lower('ÉA') , 'a' > 'B'") == [("éa", True)], "unicode case, byte order"
    assert cluster.stop() == 0
    assert gone(cluster.process.pid)


def test_the_operational_cluster_can_be_decoded_by_change_data_capture(component):
    cluster = component("operational").ready()
    assert cluster.query("shop", "show wal_level") == [("logical",)]
    assert cluster.query("shop", "show fsync") == [("on",)]
    assert cluster.query(
        "shop", "select slot_name::text from pg_create_logical_replication_slot('capture', 'pgoutput')"
    ) == [("capture",)]


def test_nothing_acknowledged_is_lost_when_supervisor_and_server_are_killed(component):
    cluster = component("warehouse").ready()
    cluster.query("warehouse", "create table kept (n int)")
    cluster.query("warehouse", "insert into kept values (41)")
    cluster.query("warehouse", "insert into kept values (42)")
    server = cluster.server_pid()
    os.kill(cluster.process.pid, signal.SIGKILL)
    os.kill(server, signal.SIGKILL)  # leaves postmaster.pid behind
    cluster.process.wait()
    cluster.forget_lines()
    cluster.ready()
    assert cluster.query("warehouse", "select n from kept order by n") == [(41,), (42,)]
    assert cluster.stop() == 0


def test_killing_the_supervisor_leaves_no_server_behind_and_the_next_start_takes_over(component):
    cluster = component("warehouse").ready()
    client = cluster.connect("warehouse")
    server = cluster.server_pid()
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.process.wait()
    cluster.forget_lines()
    cluster.ready()
    assert gone(server)
    assert cluster.query("warehouse", "select 1") == [(1,)]
    assert cluster.stop() == 0
    client.close()


def test_a_changed_password_is_said_in_words_a_user_can_act_on(component):
    cluster = component("warehouse").ready()
    assert cluster.stop() == 0
    cluster.forget_lines()
    assert cluster.start("another password").wait(60) == 1
    assert "was created with another password" in cluster.lines()
    assert "another password'" not in cluster.lines(), "the password itself is never printed"
