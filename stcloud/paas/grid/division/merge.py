"""Merge faces too small or too thin to be cells, smallest first, where least is lost.

Tested by `tests/paas/grid/division/test_division.py`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.index.kernel import pays, plainly
from stcloud.paas.grid.division.cost import cells_cost
from stcloud.paas.grid.division.face import Faces
from stcloud.paas.grid.division.preset import Preset

__all__ = ["merged", "thinned"]

_PAIR_STEPS = 60.0


@dataclass(slots=True)
class _Face:
    """A growing face: its area, its outline, its cost, and what it shares with each neighbour."""

    area: float
    outline_m: float
    cost: float
    shared: dict[int, tuple[float, float]]


def merged(faces: Faces, preset: Preset, target_m2: float) -> NDArray[np.intp]:
    """Return, for each face, the lowest number among the faces it is merged with.

    Notes
    -----
    A face is merged with the neighbour that lowers the cost of both most; lost streets and shores count. Faces of
    different communities never meet. O(n log n).
    """
    return _priced(_merged, faces)(faces, preset, target_m2)


def _priced(merge: Callable[..., NDArray[np.intp]], faces: Faces) -> Callable[..., NDArray[np.intp]]:
    """Return how to call what merges faces: with a compiler only where there are many."""
    return merge if pays(cells_cost, len(faces.pairs) * _PAIR_STEPS) else partial(plainly, merge)


def _merged(faces: Faces, preset: Preset, target_m2: float) -> NDArray[np.intp]:
    weights = (preset.size, preset.shape, preset.least, preset.most)
    alive = _alive(faces, preset, target_m2, weights)
    root = np.arange(len(alive))
    heap = [(face.area, number) for number, face in alive.items()]
    heapq.heapify(heap)
    while heap:
        size, number = heapq.heappop(heap)
        if number not in alive or alive[number].area != size:
            continue
        best = _best(alive, number, target_m2, weights)
        if best is not None:
            heapq.heappush(heap, _join(alive, root, number, best, target_m2, weights))
    return _roots(root)


def thinned(
    faces: Faces, most: NDArray[np.intp], names: NDArray[np.str_], preset: Preset, target_m2: float
) -> NDArray[np.intp]:
    """Return, for each cell, the lowest number among those it is merged with, so that few enough are left.

    Parameters
    ----------
    faces
        Cells; of one community those that may be merged.
    most
        ``(m,)`` how many of these cells each community may have.
    names
        ``(m,)`` text: what to call it.

    Raises
    ------
    InvalidInput
        ``codes-exhausted``: no neighbours are left to merge.
    """
    return _priced(_thinned, faces)(faces, most, names, preset, target_m2)


def _thinned(
    faces: Faces, most: NDArray[np.intp], names: NDArray[np.str_], preset: Preset, target_m2: float
) -> NDArray[np.intp]:
    root = np.arange(len(faces.polygons))
    count = np.bincount(faces.community)
    over = [group for group in np.unique(faces.community).tolist() if count[group] > most[group]]
    for group in over:
        area_m2 = float(shapely.area(faces.polygons[faces.community == group]).sum())
        target = max(target_m2, area_m2 / max(int(most[group]), 1))
        weights = (preset.size, preset.shape, preset.least, preset.most * 4)
        alive = _alive(faces, preset, target, weights)
        alive = {number: face for number, face in alive.items() if faces.community[number] == group}
        heap = [(face.area, number) for number, face in alive.items()]
        heapq.heapify(heap)
        while heap and len(alive) > most[group]:
            size, number = heapq.heappop(heap)
            if number not in alive or alive[number].area != size:
                continue
            best = _best(alive, number, target, weights, least=-np.inf)
            if best is not None:
                heapq.heappush(heap, _join(alive, root, number, best, target, weights))
        if len(alive) > most[group]:
            raise InvalidInput(
                "codes-exhausted",
                f"community {names[group]} needs {len(alive)} codes more; {int(most[group])} of 999 are left",
                hint="give a larger target area, or divide the community",
            )
    return _roots(root)


def _alive(faces: Faces, preset: Preset, target_m2: float, weights: tuple[float, ...]) -> dict[int, _Face]:
    area, outline = shapely.area(faces.polygons), shapely.length(faces.polygons)
    neighbours: list[dict[int, tuple[float, float]]] = [{} for _ in area]
    lost = (preset.street * faces.street_m + preset.water * faces.shore_m) / target_m2**0.5
    for (a, b), shared, cost in zip(
        faces.pairs.tolist(), faces.shared_m.tolist(), lost.tolist(), strict=True
    ):
        neighbours[a][b] = neighbours[b][a] = (shared, cost)
    return {
        number: _Face(a, p, cells_cost(a, p, target_m2, weights)[0], near)
        for number, (a, p, near) in enumerate(zip(area.tolist(), outline.tolist(), neighbours, strict=True))
    }


def _best(
    alive: dict[int, _Face], number: int, target_m2: float, weights: tuple[float, ...], least: float = 0.0
) -> int | None:
    """Return the neighbour whom it is best to join, None if it is best to stay."""
    face, best, best_other = alive[number], least, None
    for other in sorted(face.shared):
        shared, lost = face.shared[other]
        near = alive[other]
        outline = face.outline_m + near.outline_m - 2 * shared
        cost = cells_cost(face.area + near.area, outline, target_m2, weights)[0]
        gain = face.cost + near.cost - cost - lost
        if gain > best:
            best, best_other = gain, other
    return best_other


def _join(
    alive: dict[int, _Face], root: NDArray[np.intp], number: int, other: int, target_m2: float,
    weights: tuple[float, ...],
) -> tuple[float, int]:  # fmt: skip
    """Join two faces under the lower number."""
    keep, gone = min(number, other), max(number, other)
    face, far = alive[keep], alive.pop(gone)
    face.outline_m += far.outline_m - 2 * face.shared[gone][0]
    face.area += far.area
    face.cost = cells_cost(face.area, face.outline_m, target_m2, weights)[0]
    del face.shared[gone], far.shared[keep]
    for third, (shared, lost) in far.shared.items():
        before = face.shared.get(third, (0.0, 0.0))
        both = (before[0] + shared, before[1] + lost)
        face.shared[third] = alive[third].shared[keep] = both
        del alive[third].shared[gone]
    root[gone] = keep
    return face.area, keep


def _roots(root: NDArray[np.intp]) -> NDArray[np.intp]:
    while True:
        higher = root[root]
        if np.array_equal(higher, root):
            return root
        root = higher
