"""What keys are settled against, and what becomes of the rows that came.

Tested by `tests/iaas/keys/test_keys.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = [
    "CHANGED",
    "NEW",
    "NOT_RENUMBERED",
    "SAME",
    "DuplicateRule",
    "KnownRows",
    "Outcomes",
    "Renumbered",
    "Settled",
]

NEW, CHANGED, SAME = 1, 2, 3
Outcomes: TypeAlias = NDArray[np.uint8]

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
    """What became of the rows that came.

    Attributes
    ----------
    outcomes
        By row number, one byte: `NEW`, `CHANGED` or `SAME` of a row that stands for its key, since the key was
        unknown, known with another digest, or known exactly so; else 0.
    repeated
        How many rows gave way to another row of their key.
    conflicting
        Numbers and keys of rows refused because their key came with several readings.
    superseded
        Keys of ``changed`` by the file that holds their current state.
    renumbered
        Numbers of rows, ascending, and their keys, of rows that are kept though their key came before.
    """

    outcomes: Outcomes
    repeated: int
    conflicting: Mapping[int, str]
    superseded: Mapping[str, pa.Array]
    renumbered: Renumbered = NOT_RENUMBERED

    @property
    def new(self) -> np.ndarray:
        """Numbers of the new rows, ascending; eight bytes each."""
        return np.flatnonzero(self.outcomes == NEW)

    @property
    def changed(self) -> np.ndarray:
        """Numbers of the changed rows, ascending."""
        return np.flatnonzero(self.outcomes == CHANGED)

    @property
    def same(self) -> np.ndarray:
        """Numbers of the rows that are known exactly so, ascending."""
        return np.flatnonzero(self.outcomes == SAME)

    @property
    def is_stored(self) -> NDArray[np.bool_]:
        """Whether to store a row, by its number."""
        stored: NDArray[np.bool_] = (self.outcomes == NEW) | (self.outcomes == CHANGED)
        return stored

    def count(self, outcome: int) -> int:
        """Return how many rows have an outcome."""
        return int(np.count_nonzero(self.outcomes == outcome))

    def with_outcome(self, numbers: np.ndarray, outcome: int) -> Outcomes:
        """Return the outcomes with another one for some rows."""
        outcomes = self.outcomes.copy()
        outcomes[numbers] = outcome
        return outcomes
