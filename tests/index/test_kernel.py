"""Kernels: compiled functions that answer as Python does, kept on disk where that is possible."""

import importlib.util

import numpy as np

from stcloud.index.kernel import kernel

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
