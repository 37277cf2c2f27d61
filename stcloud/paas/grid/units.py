"""Units: all versions of a unit grid's cells, ready to tell which held a point when.

Tested by `tests/paas/grid/test_index.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import ArrayLike, NDArray

from stcloud.daas.table.timeline import Ints
from stcloud.errors import FormatError

if TYPE_CHECKING:
    from stcloud.index import Locator

__all__ = ["Units", "Versions"]

Rows = NDArray[np.int32]
_AREAS = (int(shapely.GeometryType.POLYGON), int(shapely.GeometryType.MULTIPOLYGON))


@dataclass(frozen=True, slots=True, eq=False)
class Versions:
    """All versions of a grid's cells.

    Parameters
    ----------
    shapes, codes
        ``(n,)`` polygons in the city's CRS; their codes.
    start_us, end_us
        ``(n,)`` int64, half-open, UTC microseconds; `FOREVER` where no end is known.
    """

    shapes: NDArray[np.object_]
    codes: NDArray[np.object_]
    start_us: Ints
    end_us: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Every version of every cell of a grid, as it was believed at one recorded instant.

    Parameters
    ----------
    locator
        Of the versions' polygons; ids are codes.
    start_us, end_us
        ``(n,)`` int64: when each version was true, half-open, UTC microseconds.
    words, word
        Codes, each once; ``(n,)`` int32, which of them each version has.
    """

    locator: Locator
    start_us: Ints
    end_us: Ints
    words: pa.Array = field(init=False)
    word: Rows = field(init=False)

    def __post_init__(self) -> None:
        words, word = np.unique(self.locator.ids, return_inverse=True)
        object.__setattr__(self, "words", pa.array(words.tolist(), pa.string()))
        object.__setattr__(self, "word", word.astype(np.int32))

    @classmethod
    def of(cls, versions: Versions) -> Units:
        """Make the versions ready; one whose shape is no area holds nothing: a check reports it."""
        from stcloud.index import Locator  # noqa: PLC0415  (compiled loops are slow to import)

        codes = versions.codes.astype(np.str_)
        order = np.lexsort((versions.start_us, codes))
        shapes = versions.shapes[order]
        shapes[~np.isin(shapely.get_type_id(shapes), _AREAS)] = None
        return cls(Locator.of(shapes, codes[order]), versions.start_us[order], versions.end_us[order])

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Units:
        """Return the units whose `arrays` these are; `FormatError` ``damaged-index``."""
        from stcloud.index import Locator  # noqa: PLC0415

        if not {"start_us", "end_us"} <= arrays.keys():
            raise FormatError("damaged-index", "the index of the grid has no periods", hint="build it anew")
        locator, start_us, end_us = Locator.from_arrays(arrays), arrays["start_us"], arrays["end_us"]
        if any(
            instants.shape != locator.ids.shape or instants.dtype != np.int64
            for instants in (start_us, end_us)
        ):
            raise FormatError("damaged-index", "the periods of the index do not fit", hint="build it anew")
        return cls(locator, start_us, end_us)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return plain arrays to be kept beside the layer."""
        return {**self.locator.arrays(), "start_us": self.start_us, "end_us": self.end_us}

    @property
    def nbytes(self) -> int:
        """Bytes that they take in memory, about."""
        return self.locator.nbytes + self.start_us.nbytes + self.end_us.nbytes

    @property
    def is_small(self) -> bool:
        """Whether making them anew takes less than to write and read what `arrays` returns."""
        return self.locator.is_small

    @property
    def codes(self) -> NDArray[np.str_]:
        """Return the code of each version."""
        return self.locator.ids

    def locate(self, x: ArrayLike, y: ArrayLike, at_us: ArrayLike) -> Rows:
        """Tell which version of which cell held each point at its instant.

        Parameters
        ----------
        x, y
            ``(n,)`` float64, metres in the city's CRS; NaN is nowhere.
        at_us
            ``(n,)`` int64, UTC microseconds, or one for all.

        Returns
        -------
        ``(n,)`` int32, position in ``codes``; -1 where no cell was. On a shared edge the cell that `Locator` returns;
        where cells overlap, the one with the smallest code.
        """
        at = np.broadcast_to(np.asarray(at_us, np.int64), np.shape(x))
        if self._steady(at):
            return self.locator.locate(x, y)
        points, rows = self.locator.pairs(x, y)
        valid = (self.start_us[rows] <= at[points]) & (at[points] < self.end_us[rows])
        points, rows = points[valid], rows[valid]
        version = np.full(len(np.asarray(x)), -1, np.int32)
        first = np.diff(points, prepend=-1) != 0
        version[points[first]] = rows[first]
        return version

    def code_of(self, rows: Rows) -> pa.Array:
        """Return codes by position as dictionary-encoded text; -1 is null."""
        numbers = self.word[rows] if len(self.word) else np.zeros(len(rows), np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(numbers, mask=rows < 0), self.words)

    def _steady(self, at_us: Ints) -> bool:
        """Tell whether every version was true at all these instants, so that time need not be looked at."""
        if not len(at_us) or not len(self.start_us):
            return True
        return bool(self.start_us.max() <= at_us.min() and at_us.max() < self.end_us.min())
