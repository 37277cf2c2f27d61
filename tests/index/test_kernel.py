"""Kernels: compiled functions that answer as Python does, kept on disk where that is possible."""

import importlib.util
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from stcloud.index.kernel import kernel, plainly

SOURCE = """
def total(values):
    result = 0
    for value in values:
        result += value * value
    return result
"""


def written(folder):
    """Import a module that was just written, as Python imports any other."""
    path = folder / "squares.py"
    path.write_text("from stcloud.index.kernel import kernel\n" + SOURCE.replace("def", "@kernel\ndef"))
    spec = importlib.util.spec_from_file_location("squares", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_kernel_answers_as_the_function_it_was_made_of(tmp_path):
    total = written(tmp_path).total
    assert total(np.arange(5)) == total.py_func(range(5)) == 30
    assert total.nopython_signatures
    assert total.targetoptions["nogil"]


def test_a_kernel_is_kept_beside_its_file(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    written(tmp_path).total(np.arange(5))
    assert list((tmp_path / "__pycache__").glob("squares.total*.nbi"))
    again = written(tmp_path).total
    again(np.arange(5))
    assert sum(again.stats.cache_hits.values()) == 1


def test_a_function_without_a_file_is_compiled_too():
    names = {}
    exec(SOURCE, names)
    assert kernel(names["total"])(np.arange(5)) == 30


def test_plainly_calls_the_plain_form_of_what_it_calls_and_no_other_thread_does():
    def doubled(value):
        return 2 * value

    doubling = kernel(doubled, lambda value: f"plainly {value}")

    def both(value):
        with ThreadPoolExecutor(1) as pool:
            return doubling(value), pool.submit(doubling, value).result()

    assert plainly(both, 3) == ("plainly 3", 6)
    assert doubling(3) == 6
    assert plainly(kernel(doubled), 3) == 6


def test_after_an_error_kernels_are_compiled_again():
    def square(value):
        return value * value

    def fails():
        raise KeyError

    squaring = kernel(square, lambda _: "plain")
    with pytest.raises(KeyError):
        plainly(fails)
    assert squaring(3) == 9
    assert plainly(lambda: (plainly(squaring, 3), squaring(3))) == ("plain", "plain")
