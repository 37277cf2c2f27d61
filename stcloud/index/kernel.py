"""Compile what numpy cannot express, when it is first called, and keep it on disk where there is a folder for it."""

from __future__ import annotations

import contextlib
import functools
import logging
import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

__all__ = ["PLAIN_STEPS", "Kernel", "kernel", "pays", "plainly", "without_compiler"]

Function = TypeVar("Function", bound=Callable[..., Any])
Result = TypeVar("Result")

PLAIN_STEPS = 1_000_000
"""So many steps without compiled loops, of about a microsecond, take what importing numba and reading loops that were
compiled before takes: 0.9 to 1.4 s were measured. Compiling them takes 20 to 40 s."""

_NOTES = logging.getLogger(__name__)
_LOCK = threading.RLock()
_noted = threading.Event()
_mode = threading.local()


def kernel(function: Function, plain: Function | None = None) -> Function:
    """Return a function that is compiled at its first call; other threads run beside it.

    Parameters
    ----------
    function
        Of numbers, arrays and named tuples of these; it calls only other kernels.
    plain
        What `plainly` calls instead: the same in numpy, to the bit. None calls the function as it is written.

    Returns
    -------
    A `Kernel`. Where nothing may be kept on disk, each process compiles anew.

    Notes
    -----
    What is kept is dropped when the function's own file changes, not when that of a kernel it calls does. It names
    the classes of the named tuples that it takes: where such a class moves, delete ``__pycache__``.
    """
    return cast("Function", Kernel(function, plain))


class Kernel:
    """A function that is compiled when it is first called: numba is imported then, and not before.

    Parameters
    ----------
    function, plain
        As for `kernel`.
    """

    def __init__(self, function: Callable[..., Any], plain: Callable[..., Any] | None = None) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self._plain = plain or function
        self._steps = 0
        self._compiled: Any = None
        self._called = False

    def __call__(self, *arguments: Any) -> Any:
        """Call the compiled function; inside `plainly`, its plain form."""
        if getattr(_mode, "plain", False):
            return self._plain(*arguments)
        compiled = self.compiled
        if not self._called:
            _note_compiling(self.py_func, compiled)
            self._called = True
        return compiled(*arguments)

    def __getattr__(self, name: str) -> Any:
        """Return what numba knows of the compiled function, such as ``stats``."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.compiled, name)

    @property
    def compiled(self) -> Any:
        """The function as numba dispatches it, compiled for each type of arguments when these first come."""
        if self._compiled is None:
            with _LOCK:
                self._compiled = self._compiled or _dispatcher(self.py_func)
        return self._compiled

    def pays(self, steps: int) -> bool:
        """Tell whether calling it pays, as `pays` does."""
        self._steps += (
            steps  # beyond the limit it stays there: what was worth compiling once is worth it ever after
        )
        return self._compiled is not None or self._steps > PLAIN_STEPS


def pays(function: Callable[..., Any], steps: float) -> bool:
    """Tell whether to call a kernel, instead of doing without it.

    Parameters
    ----------
    function
        The kernel.
    steps
        What doing without it takes, in steps of `PLAIN_STEPS`.

    Returns
    -------
    True where the kernel was called before in this process, or where this work and all that was done without it
    exceed `PLAIN_STEPS`; else the steps count as done.
    """
    return cast("Kernel", function).pays(math.ceil(steps))


def plainly(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function so that the kernels it calls run without a compiler: the same to the bit, and slower.

    Parameters
    ----------
    function, arguments
        A kernel or a function that calls kernels, in this thread alone, and what to call it with.

    Returns
    -------
    What the function returns.
    """
    before = getattr(_mode, "plain", False)
    _mode.plain = True
    try:
        return function(*arguments)
    finally:
        _mode.plain = before


@contextlib.contextmanager
def without_compiler() -> Iterator[None]:
    """Have what is imported in this block compile nothing: libraries that compile at once what is not needed here.

    Kernels that other threads want to compile meanwhile wait, since the setting is that of the process.
    """
    import numba.core.config  # noqa: PLC0415  (slow to import)
    from numba.core.compiler_lock import global_compiler_lock  # noqa: PLC0415

    config: Any = numba.core.config
    with global_compiler_lock, _LOCK:  # in this order: kernels that are being compiled make others
        disabled, config.DISABLE_JIT = config.DISABLE_JIT, True
        try:
            yield
        finally:
            config.DISABLE_JIT = disabled


def _dispatcher(function: Callable[..., Any]) -> Any:
    from numba import njit  # noqa: PLC0415  (slow to import)

    _settle_types()
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder may be written
        return njit(nogil=True)(function)


@functools.cache
def _settle_types() -> None:
    """Let kernels call kernels: to numba each is what it dispatches."""
    from numba.core.types import Dispatcher  # noqa: PLC0415
    from numba.extending import typeof_impl  # noqa: PLC0415

    typeof_impl.register(Kernel)(lambda value, _context: Dispatcher(value.compiled))


def _note_compiling(function: Callable[..., Any], compiled: Any) -> None:
    """Log once a process that it compiles, where nothing newer than the function's file is kept on disk."""
    if not _noted.is_set() and not _is_kept(function, compiled):
        _noted.set()
        _NOTES.warning("compiling loops for large inputs, which takes up to a minute, once per installation")


def _is_kept(function: Callable[..., Any], compiled: Any) -> bool:
    folder, source = compiled.stats.cache_path, Path(function.__code__.co_filename)
    if folder is None or not source.exists():
        return False
    kept = Path(folder).glob(f"{source.stem}.{function.__qualname__}-*.nbi")
    return any(path.stat().st_mtime >= source.stat().st_mtime for path in kept)
