"""A request to stop interrupts what runs, from another thread or before it begins, and nothing afterwards."""

import threading

import pytest

from stcloud.iaas.engine.stop import Stop, heed_stop, interruptible, stoppable
from stcloud.iaas.job import Cancelled


class Connection:
    def __init__(self):
        self.interrupted = 0

    def interrupt(self):
        self.interrupted += 1


def fails_when_stopped(stop, connection):
    with interruptible(connection):
        stop.now()
        raise RuntimeError("interrupted")


def test_without_a_request_nothing_stops():
    heed_stop()
    with interruptible(Connection()):
        pass
    with stoppable(Stop()):
        heed_stop()


def test_work_that_begins_after_a_request_does_not_run():
    stop = Stop()
    stop.now()
    assert stop.made
    with stoppable(stop):
        with pytest.raises(Cancelled):
            heed_stop()
        with pytest.raises(Cancelled), interruptible(Connection()):
            pytest.fail("it runs")
    heed_stop()


def test_statements_that_run_are_interrupted_and_no_others():
    stop, running, ended = Stop(), Connection(), Connection()
    with stoppable(stop):
        with interruptible(ended):
            pass
        with pytest.raises(Cancelled):
            fails_when_stopped(stop, running)
    assert (running.interrupted, ended.interrupted) == (1, 0)


def test_a_fault_of_its_own_stays_one():
    with stoppable(Stop()), pytest.raises(RuntimeError), interruptible(Connection()):
        raise RuntimeError("its own")


def test_each_thread_has_its_own_request():
    stop = Stop()
    stop.now()
    faults = []

    def other():
        try:
            heed_stop()
        except Cancelled as error:
            faults.append(error)

    with stoppable(stop):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert faults == []


def test_a_statement_of_duckdb_ends_within_moments():
    import duckdb

    stop, connection = Stop(), duckdb.connect()
    timer = threading.Timer(0.05, stop.now)
    timer.start()
    with stoppable(stop), pytest.raises(Cancelled), interruptible(connection):
        connection.execute("SELECT count(*) FROM range(100000) a, range(100000) b, range(1000) c").fetchall()
    timer.join()
    connection.close()
