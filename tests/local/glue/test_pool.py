"""JVMs are used again after a clean run and thrown away after any other."""

from __future__ import annotations

import threading

from local.glue.pool import SparkPool


class Jvm:
    """Stands for a process: what the pool asks of one."""

    def __init__(self) -> None:
        self.alive, self.runs = True, 0

    def kill(self) -> None:
        self.alive = False


def test_a_jvm_of_a_clean_run_is_used_again():
    pool = SparkPool(Jvm)
    first = pool.acquire()
    pool.release(first, clean=True)
    assert pool.acquire() is first and first.runs == 1


def test_a_jvm_of_a_failed_run_is_ended_and_another_stands_by():
    pool = SparkPool(Jvm)
    first = pool.acquire()
    pool.release(first, clean=False)
    assert not first.alive
    assert pool.acquire() is not first


def test_a_jvm_that_died_while_idle_is_not_handed_out():
    pool = SparkPool(Jvm)
    first = pool.acquire()
    pool.release(first, clean=True)
    first.kill()
    assert pool.acquire().alive


def test_a_jvm_is_replaced_after_many_runs():
    pool = SparkPool(Jvm, max_runs=2)
    first = pool.acquire()
    pool.release(first, clean=True)
    pool.release(pool.acquire(), clean=True)
    assert not first.alive


def test_more_runs_than_the_limit_wait_for_one_to_end():
    pool = SparkPool(Jvm, limit=1)
    held, got = pool.acquire(), threading.Event()
    waiter = threading.Thread(target=lambda: (pool.acquire(), got.set()), daemon=True)
    waiter.start()
    assert not got.wait(0.1)
    pool.release(held, clean=True)
    assert got.wait(5)


def test_closing_ends_what_is_idle():
    pool = SparkPool(Jvm)
    jvm = pool.acquire()
    pool.release(jvm, clean=True)
    pool.close()
    assert not jvm.alive
