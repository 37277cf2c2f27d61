"""Where Arrow's memory comes from while much of it comes and goes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pyarrow as pa

__all__ = ["steady_memory"]


@contextlib.contextmanager
def steady_memory() -> Iterator[None]:
    """Take Arrow's memory from the C library inside, for the whole process.

    Arrow's own pool gives pages back within milliseconds and faults them in again: an eighth of the time of a load
    that streams batches. What was taken from a pool is given back to the same pool, whenever that is.
    """
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)
