"""Hypothesis strategies for places: lattices, levels, points, cells and polygons.

Tested by `tests/space/test_covering.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from hypothesis import strategies as st

from stcloud.space import Lattice, Level

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["cell_ids", "lattices", "levels", "points", "polygons"]

_SIDE_M = 10_000_000
_CRSS = ("EPSG:4528", "EPSG:4549", "EPSG:32618", "EPSG:32718", "EPSG:27700")


def lattices() -> st.SearchStrategy[Lattice]:
    """Draw a lattice: zone-prefixed eastings, negative coordinates, both hemispheres.

    Returns
    -------
    Strategy of lattices.
    """
    return st.sampled_from([Lattice.for_crs(crs) for crs in _CRSS])


def levels(*, coarsest: Level = Level.KM1000, finest: Level = Level.M10) -> st.SearchStrategy[Level]:
    """Draw a level.

    Parameters
    ----------
    coarsest, finest
        Both included.

    Returns
    -------
    Strategy of levels.
    """
    return st.sampled_from([level for level in Level if coarsest <= level <= finest])


def points(lattice: Lattice) -> st.SearchStrategy[tuple[float, float]]:
    """Draw a point in a lattice's square, often on an edge of cells or right beside one.

    Parameters
    ----------
    lattice
        The lattice.

    Returns
    -------
    Strategy of ``(x, y)``, metres in the lattice's CRS.
    """
    return st.tuples(*(_coordinates(float(start)) for start in lattice.origin))


def _coordinates(start: float) -> st.SearchStrategy[float]:
    stop = start + _SIDE_M
    anywhere = st.floats(start, stop, exclude_max=True)
    beside = st.builds(
        lambda k, towards: float(np.nextafter(start + 10.0 * k, towards)) if towards else start + 10.0 * k,
        st.integers(1, _SIDE_M // 10 - 1),
        st.sampled_from([None, -np.inf, np.inf]),
    )
    return st.one_of(anywhere, beside)


@st.composite
def cell_ids(
    draw: Callable[[st.SearchStrategy[int]], int],
    coarsest: Level = Level.KM1000,
    finest: Level = Level.M10,
) -> int:
    """Draw a cell id.

    Parameters
    ----------
    draw
        Given by Hypothesis.
    coarsest, finest
        Levels of the cells, both included.

    Returns
    -------
    A cell id.
    """
    level = draw(levels(coarsest=coarsest, finest=finest))
    low = 10 ** (level - 1)
    return draw(st.integers(low, 2 * low - 1))


@st.composite
def polygons(
    draw: st.DrawFn,
    *,
    centre: tuple[float, float] = (0.0, 0.0),
    radius: float = 1_000.0,
    holes: bool = True,
    max_vertices: int = 24,
) -> shapely.Polygon:
    """Draw a simple polygon, star-shaped around a centre, sometimes with a hole.

    Coordinates are often whole numbers, so that edges run along edges of cells.

    Parameters
    ----------
    draw
        Given by Hypothesis.
    centre
        ``(x, y)`` in the polygon's CRS.
    radius
        Largest distance of a vertex from the centre, in the CRS's unit.
    holes
        Whether it may have a hole.
    max_vertices
        How many vertices the outer ring has at most.

    Returns
    -------
    A valid polygon.
    """
    n = draw(st.integers(4, max_vertices))
    reach = draw(st.lists(st.floats(0.3, 1.0), min_size=n, max_size=n))
    turn = 2 * np.pi * (np.arange(n) + draw(st.sampled_from([0.0, 0.5]))) / n
    spokes = np.stack([np.cos(turn), np.sin(turn)], axis=1) * np.asarray(reach)[:, None] * radius
    outer = spokes + centre
    # Between neighbours the ring comes no nearer to the centre than cos(pi/n) of the shorter spoke,
    # so a tenth of it is clear of the ring.
    inner = [spokes * draw(st.floats(0.05, 0.4)) + centre] if holes and draw(st.booleans()) else []
    exact = shapely.Polygon(outer, inner)
    rounded = shapely.Polygon(np.round(outer, -1), [np.round(ring, -1) for ring in inner])
    whole = draw(st.booleans()) and shapely.is_valid(rounded) and rounded.area > 0
    return rounded if whole else exact
