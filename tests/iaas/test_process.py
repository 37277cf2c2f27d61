"""Settings of the process are as they were when the last work that needs them has ended."""

import threading

import pyarrow as pa
import pytest

from stcloud.iaas.arrowmemory import steady_memory
from stcloud.iaas.process import SharedSetting


def test_overlapping_work_shares_one_setting():
    states = []

    def make():
        states.append("made")
        return lambda: states.append("taken back")

    setting = SharedSetting(make)
    first, second = setting.held(), setting.held()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert states == ["made"]
    second.__exit__(None, None, None)
    assert states == ["made", "taken back"]
    with pytest.raises(ZeroDivisionError), setting.held():
        raise ZeroDivisionError
    assert states == ["made", "taken back"] * 2


def test_arrow_has_its_pool_again_when_loads_overlap():
    before = pa.default_memory_pool().backend_name
    first, second = steady_memory(), steady_memory()
    first.__enter__()
    second.__enter__()
    assert pa.default_memory_pool().backend_name == "system"
    first.__exit__(None, None, None)
    assert pa.default_memory_pool().backend_name == "system"
    second.__exit__(None, None, None)
    assert pa.default_memory_pool().backend_name == before


def test_many_threads_leave_the_pool_as_it_was():
    before = pa.default_memory_pool().backend_name

    def work():
        for _ in range(200):
            with steady_memory():
                pa.array([1])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pa.default_memory_pool().backend_name == before
