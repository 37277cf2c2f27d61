"""What keys are settled against, and what becomes of the rows that came.

Tested by `tests/iaas/keys/test_keys.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa

__all__ = ["NOT_RENUMBERED", "DuplicateRule", "KnownRows", "Renumbered", "Settled"]

DuplicateRule: TypeAlias = Literal["last", "first", "refuse", "keep"]
"""Which row stands for a key that came several times: the last, the first, none where they differ, or each.

Kept rows have a running number after their key from the second on, in the order of their digests."""

Renumbered: TypeAlias = tuple[np.ndarray, pa.Array]
NOT_RENUMBERED: Renumbered = (np.empty(0, np.int64), pa.nulls(0, pa.string()))


@dataclass(frozen=True, slots=True)
class KnownRows:
    """Rows of Parquet files whose keys are known.

    Parameters
    ----------
    paths
        Returns the files that may hold keys from a least to a greatest one, both inclusive; None: there are no keys.
    key, digest
        Names of the columns of keys, text, and of digests, binary.
    ended
        Name of a column: rows that have a value there do not count.
    """

    paths: Callable[[str | None, str | None], Sequence[str]]
    key: str
    digest: str
    ended: str

    @property
    def columns(self) -> tuple[str, str, str]:
        """Names of the columns that are read."""
        return self.key, self.digest, self.ended


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the rows that came, by row number.

    Attributes
    ----------
    new, changed, same
        Numbers of the rows that stand for their key: it was unknown, known with another digest, or known
        exactly so. Ascending int64.
    repeated
        How many rows gave way to another row of their key.
    conflicting
        Numbers and keys of rows refused because their key came with several readings.
    superseded
        Keys of ``changed`` by the file that holds their current state.
    renumbered
        Numbers of rows, ascending, and their keys, of rows that are kept though their key came before.
    """

    new: np.ndarray
    changed: np.ndarray
    same: np.ndarray
    repeated: int
    conflicting: Mapping[int, str]
    superseded: Mapping[str, pa.Array]
    renumbered: Renumbered = NOT_RENUMBERED

    @property
    def stored(self) -> np.ndarray:
        """Numbers of the rows to store, ascending."""
        return np.sort(np.concatenate((self.new, self.changed)), kind="stable")
