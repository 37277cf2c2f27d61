"""Clean unit grids of any size: quads on a jittered lattice, with codes; and the same with many-cornered edges.

Tested by `tests/testing/test_town.py`.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.paas.grid.numbering import centres, standard_order
from stcloud.testing.roads import Geometries

__all__ = ["noisy", "quads"]

_SIDE_M = 100.0
_COMMUNITY = 30  # cells a side, 900 in all
_WEST, _SOUTH = 500_000.0, 3_380_000.0


def quads(nx: int, ny: int, seed: int = 7, jitter: float = 0.14) -> tuple[Geometries, NDArray[np.str_]]:
    """Make a clean unit grid of jittered quads.

    Parameters
    ----------
    nx, ny
        Cells side by side and one above the other; at most 7,200 each way.
    seed
        Of the jitter.
    jitter
        How far a corner moves at most each way, as a share of the side of 100 m; below 0.3. Up to 0.14 no cell is
        smaller than 5,000 m². Corners on the outer edge move along it.

    Returns
    -------
    ``(polygons, codes)``, ``(nx * ny,)`` each, rows from the south, west to east: four-cornered, anticlockwise,
    about 10,000 m², coordinates in whole millimetres. Codes have 15 digits; communities have at most 30 by 30 cells
    and are numbered inside by `standard_order`.

    Notes
    -----
    Neighbours share corners exactly: the grid is seamless and fills its rectangle.

    Examples
    --------
    >>> polygons, codes = quads(4, 3)
    >>> round(shapely.area(polygons).sum()), str(codes[8]), str(codes[0])
    (120000, '990101001001001', '990101001001009')
    """
    if not 0 <= jitter < 0.3:
        raise ValueError(f"jitter {jitter:g} is not from 0 to below 0.3")
    chance = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(np.arange(nx + 1.0), np.arange(ny + 1.0)), axis=-1)
    moved = chance.uniform(-jitter, jitter, corners.shape)
    moved[:, [0, -1], 0] = moved[[0, -1], :, 1] = 0
    corners = np.round((corners + moved) * _SIDE_M, 3) + np.array([_WEST, _SOUTH])
    corners_of = (corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1])
    polygons = shapely.polygons(np.stack(corners_of, axis=2).reshape(-1, 4, 2))
    row, column = (axis.ravel() for axis in np.indices((ny, nx)))
    return polygons, _codes(polygons, column // _COMMUNITY, (ny - 1 - row) // _COMMUNITY)


def _codes(polygons: Geometries, east: NDArray[np.intp], south: NDArray[np.intp]) -> NDArray[np.str_]:
    """Give cells their codes; nine by nine communities are a street, three by three streets a district."""
    parts = (
        ("9901", south // 27 * 9 + east // 27 + 1, 2),
        ("", south // 9 % 3 * 3 + east // 9 % 3 + 1, 3),
        ("", south % 9 * 9 + east % 9 + 1, 3),
    )
    community = np.full(len(polygons), "", "U12")
    for lead, number, width in parts:
        community = np.char.add(np.char.add(community, lead), np.char.zfill(number.astype(str), width))
    order = standard_order(*centres(polygons), community)
    _, first, count = np.unique(community[order], return_index=True, return_counts=True)
    sequence = np.empty(len(order), np.intp)
    sequence[order] = np.arange(len(order)) - np.repeat(first, count) + 1
    codes: NDArray[np.str_] = np.char.add(community, np.char.zfill(sequence.astype(str), 3))
    return codes


def noisy(polygons: Geometries, vertices: int = 30, seed: int = 7) -> Geometries:
    """Give quads edges of many noisy vertices, the same on both sides.

    Parameters
    ----------
    polygons
        ``(n,)`` four-cornered polygons that share whole edges, such as those of `quads`.
    vertices
        Of each cell, about: each of the four edges gets a quarter.
    seed
        Of the noise.

    Returns
    -------
    ``(n,)`` polygons, in the same order; coordinates in whole millimetres. Corners and the course of the outer edge
    stay: it gets vertices that lie on it.

    Examples
    --------
    >>> cells = noisy(quads(5, 5)[0], 40)
    >>> shapely.get_num_coordinates(cells).tolist()[12], bool(shapely.coverage_is_valid(cells))
    (41, True)
    """
    corners = shapely.get_coordinates(polygons).reshape(-1, 5, 2)
    ends = np.stack((corners[:, :-1], corners[:, 1:]), axis=2).reshape(-1, 2, 2)
    turned = (ends[:, 0, 0] > ends[:, 1, 0]) | (
        (ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1])
    )
    ends[turned] = ends[turned, ::-1]
    edges, which, times = np.unique(ends.reshape(-1, 4), axis=0, return_inverse=True, return_counts=True)
    drawn = _edges(edges.reshape(-1, 2, 2), max(1, vertices // 4), times == 1, np.random.default_rng(seed))[
        which
    ]
    drawn[turned] = drawn[turned, ::-1]
    return np.asarray(shapely.polygons(drawn[:, :-1].reshape(len(polygons), -1, 2)))


def _edges(
    ends: NDArray[np.float64], parts: int, outer: NDArray[np.bool_], chance: np.random.Generator
) -> NDArray[np.float64]:
    """Draw edges of so many parts, no point farther from the straight line than a twentieth of its length."""
    at = np.linspace(0, 1, parts + 1)[None, :, None]
    way = (ends[:, 1] - ends[:, 0])[:, None]
    aside = np.stack((-way[..., 1], way[..., 0]), axis=-1)
    noise = chance.uniform(-0.05, 0.05, (len(ends), parts + 1, 1))
    noise *= np.minimum(1, 3 * np.minimum(at, 1 - at))  # or the edges at a sharp corner would cross
    noise[outer] = 0
    drawn = np.round(ends[:, :1] + at * way + noise * aside, 3)
    drawn[:, [0, -1]] = ends
    return drawn
