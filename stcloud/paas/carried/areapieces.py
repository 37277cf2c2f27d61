"""Pieces of areas: how much of each source lies in which target, and how much outside of all of them.

Tested by `tests/paas/carried/test_areapieces.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.grid.crosswalk import crosswalk_versions

__all__ = ["AreaPieces", "pieces_of_areas"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]
_WHOLE = 1 - 1e-9
"""So much of an area is all of it, but for rounding along its edges."""
_OVERLAP = 1e-3
"""Share of an area that may be in another one too: borders that were drawn by hand."""


@dataclass(frozen=True, slots=True, eq=False)
class AreaPieces:
    """What share of each source each piece of it has.

    Attributes
    ----------
    sources, targets
        Keys of the areas.
    source, target
        ``(k,)`` int64: positions of the two areas of each piece; -1 for a target: the piece is in none.
    area_share
        ``(k,)`` float64, above 0: of the source's area. Those of one source are 1 together.
    share
        ``(k,)`` float64: what of the source's total the piece gets; together 1 likewise.
    covered
        ``(targets,)`` float64: share of each target's area that lies in sources.
    by_area
        Sources that are shared out by area though weights were wanted, since no weight lies in them.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    source: Ints
    target: Ints
    area_share: Floats
    share: Floats
    covered: Floats
    by_area: tuple[str, ...] = ()

    @property
    def is_whole(self) -> NDArray[np.bool_]:
        """``(k,)`` bool: which pieces are all of their source."""
        return np.asarray(self.area_share >= _WHOLE)

    @property
    def is_outside(self) -> NDArray[np.bool_]:
        """``(k,)`` bool: which pieces lie in no target."""
        return np.asarray(self.target < 0)


def pieces_of_areas(
    sources: Shapes | Sequence[Any], source_keys: Sequence[str], targets: Shapes | Sequence[Any],
    target_keys: Sequence[str],
) -> AreaPieces:  # fmt: skip
    """Return the pieces of sources, each with its share of its source's area.

    Parameters
    ----------
    sources, targets
        Polygons and multipolygons, valid and not empty, in one metric CRS.
    source_keys, target_keys
        Their keys, unique within each side.

    Raises
    ------
    InvalidInput
        ``not-an-area``, ``duplicate-code``, ``unequal-lengths``; ``overlapping-areas``: areas of one side overlap by
        more than a thousandth of the smaller one: what lies there would count twice.

    Notes
    -----
    Pieces of less than 1e-9 of the smaller of their areas are rounding, and none.

    Examples
    --------
    >>> import shapely
    >>> pieces = pieces_of_areas([shapely.box(0, 0, 10, 10)], ["a"], [shapely.box(4, 0, 10, 10)], ["b"])
    >>> pieces.target.tolist(), pieces.share.tolist()
    ([0, -1], [0.6, 0.4])
    """
    olds, news = np.asarray(sources, np.object_), np.asarray(targets, np.object_)
    _refuse_overlaps(olds, source_keys)
    _refuse_overlaps(news, target_keys)
    table = crosswalk_versions(olds, list(source_keys), news, list(target_keys))
    of_source = table.left >= 0
    share = table.shares("left")[of_source]
    inside = (table.left >= 0) & (table.right >= 0)
    covered = np.bincount(table.right[inside], table.shares("right")[inside], len(news))
    return AreaPieces(
        tuple(source_keys), tuple(target_keys), table.left[of_source], table.right[of_source], share, share,
        np.where(covered >= _WHOLE, 1.0, covered),
    )  # fmt: skip


def _refuse_overlaps(areas: Shapes, keys: Sequence[str]) -> None:
    first, second = shapely.STRtree(areas).query(areas, predicate="intersects")
    first, second = first[first < second], second[first < second]
    common = shapely.area(shapely.intersection(areas[first], areas[second]))
    smaller = np.minimum(shapely.area(areas[first]), shapely.area(areas[second]))
    wrong = np.flatnonzero(common > _OVERLAP * smaller)
    if len(wrong):
        at = wrong[0]
        raise InvalidInput(
            "overlapping-areas",
            f"'{keys[first[at]]}' and '{keys[second[at]]}' overlap by {common[at]:,.0f} m²: what lies there would "
            "count twice",
            hint="mend the layer, or choose an instant at which they do not",
        )
