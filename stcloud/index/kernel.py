"""Compile what numpy cannot express, and keep it on disk where there is a folder for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

__all__ = ["kernel"]

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile a function at its first call; let other threads run beside it.

    Parameters
    ----------
    function
        Of numbers, arrays and named tuples of these; it calls only other kernels.

    Returns
    -------
    The function, compiled. Where nothing may be kept on disk, each process compiles anew.

    Notes
    -----
    What is kept is dropped when the function's own file changes, not when that of a kernel it calls does. It names
    the classes of the named tuples that it takes: where such a class moves, delete ``__pycache__``.
    """
    compiled: Any
    try:
        compiled = njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder may be written
        compiled = njit(nogil=True)(function)
    return cast("Function", compiled)
