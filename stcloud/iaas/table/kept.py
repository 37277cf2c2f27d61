"""Columns of row groups that are kept in memory once they were read and verified: bounded, and shared by threads.

Files never change once they are written, so what is kept of one stays true.

Tested by `tests/iaas/table/test_kept.py`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["KeptColumns", "Picks", "WiderPicks"]

Key: TypeAlias = tuple[Hashable, ...]
"""A file, a row group of it, and a column; or what rows were picked from many files by."""

_MOST_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class Picks:
    """Which rows of a row group are wanted, as values of one column tell: a superset of what later stages keep.

    Parameters
    ----------
    column
        The column.
    rows
        Gives the numbers of the rows, ascending, by all values of the column in the row group.
    wider
        What picks rows that are kept beside them; None: none are.
    of_few
        Whether they are only picked where the row groups that may hold one hold few rows together.
    """

    column: str
    rows: Callable[[pa.Array], pa.Array]
    wider: WiderPicks | None = None
    of_few: bool = False


@dataclass(frozen=True, slots=True)
class WiderPicks:
    """What picks more rows, of which others are wanted soon: they are kept together, by the column.

    Parameters
    ----------
    key
        What it picks by.
    rows
        As of `Picks`.
    meets
        Judges row groups by their least and greatest numbers, whether they may hold a row.
    """

    key: Hashable
    rows: Callable[[pa.Array], pa.Array]
    meets: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]


class KeptColumns:
    """Columns of row groups, those used last.

    Parameters
    ----------
    most_bytes
        So many bytes together.

    Examples
    --------
    >>> kept = KeptColumns(most_bytes=100)
    >>> first = kept.columns("f", 0, ["a"], lambda names: {"a": pa.array([1, 2])})
    >>> kept.columns("f", 0, ["a"], lambda names: {})["a"].to_pylist()
    [1, 2]
    """

    def __init__(self, *, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes, self._bytes = most_bytes, 0
        self._kept: OrderedDict[Key, Any] = OrderedDict()
        self._lock = threading.Lock()

    def columns(
        self,
        path: str,
        number: int,
        names: Sequence[str],
        read: Callable[[Sequence[str]], Mapping[str, pa.Array]],
    ) -> dict[str, pa.Array]:
        """Return columns of a row group.

        Parameters
        ----------
        path, number, names
            The file, the row group, and the columns.
        read
            Reads those that are not kept; two threads that lack the same may both read it.
        """
        known: dict[str, pa.Array] = {}
        with self._lock:
            for name in names:
                key = (path, number, name)
                if key in self._kept:
                    self._kept.move_to_end(key)
                    known[name] = self._kept[key]
        lacking = [name for name in names if name not in known]
        if not lacking:
            return known
        fresh = read(lacking)
        with self._lock:
            for name, column in fresh.items():
                self._keep((path, number, name), column)
        return {**known, **fresh}

    def table(self, key: Key, make: Callable[[], pa.Table]) -> pa.Table:
        """Return a table, which is made where it is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                kept: pa.Table = self._kept[key]
                return kept
        made = make()
        with self._lock:
            self._keep(key, made)
        return made

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _keep(self, key: Key, column: pa.Array | pa.Table) -> None:
        former = self._kept.pop(key, None)
        self._bytes += column.nbytes - (0 if former is None else former.nbytes)
        self._kept[key] = column
        while self._bytes > self._most_bytes and self._kept:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.nbytes
