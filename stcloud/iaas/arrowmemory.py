"""Where Arrow's memory comes from while much of it comes and goes. Tested by ``tests/iaas/test_process.py``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager

import pyarrow as pa

from stcloud.iaas.process import SharedSetting

__all__ = ["steady_memory"]


def steady_memory() -> AbstractContextManager[None]:
    """Take Arrow's memory from the C library inside, for the whole process; the pool is then as it was.

    Arrow's own pool gives pages back within milliseconds and faults them in again: an eighth of the time of a load
    that streams batches. What was taken from a pool is given back to the same pool, whenever that is.
    """
    return _STEADY.held()


def _take_system_pool() -> Callable[[], None]:
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    return functools.partial(pa.set_memory_pool, before)


_STEADY = SharedSetting(_take_system_pool)
