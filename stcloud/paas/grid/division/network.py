"""One planar network of streets, shores and community boundaries: noded, tidied, with vertices to cut at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.paas.grid.division.carriageway import collapsed
from stcloud.paas.grid.division.deadend import led_on
from stcloud.paas.grid.division.preset import Preset

__all__ = ["Network", "canonical", "network", "noded"]

GRID_M = 1e-4
_ON_M = 2e-3

Geometries = NDArray[np.object_]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Lines that meet only at their ends.

    Parameters
    ----------
    lines
        ``(n,)`` LineStrings, metres, a vertex at least every step.
    street, shore
        ``(n,)`` bool: whether the line lies on a given street, on a given shore.
    single
        Streets as given, but for parallel carriageways and ramps that became one.
    """

    lines: Geometries
    street: Flags
    shore: Flags
    single: Geometries


def canonical(lines: Geometries) -> Geometries:
    """Return simple parts in an order and direction that do not depend on how they were given."""
    parts = shapely.get_parts(shapely.force_2d(np.asarray(lines, dtype=object)))
    parts = shapely.normalize(parts[~shapely.is_empty(parts) & (shapely.length(parts) > 0)])
    ordered: Geometries = parts[np.argsort(shapely.to_wkb(parts), kind="stable")]
    return ordered


def noded(lines: Geometries) -> Geometries:
    """Return lines that meet only at their ends, to a tenth of a millimetre."""
    return canonical(shapely.get_parts(shapely.line_merge(shapely.unary_union(lines, grid_size=GRID_M))))


def merged(lines: Geometries) -> Geometries:
    """Join noded lines where only two of them meet."""
    return canonical(shapely.get_parts(shapely.line_merge(shapely.multilinestrings(list(lines)))))


def network(
    boundaries: Geometries, streets: Geometries, shores: Geometries, buildings: Geometries, preset: Preset
) -> Network:
    """Tidy streets beside boundaries and shores that stay as they are.

    Parameters
    ----------
    boundaries, streets, shores
        LineStrings as `canonical` orders them, metres.
    buildings
        Polygons that no street should be led through.
    preset
        How streets are tidied.
    """
    fixed = np.concatenate((boundaries, shores))
    kept = noded(np.concatenate((fixed, streets)))
    for _ in range(2):
        kept = merged(collapsed(kept, lying(kept, fixed), preset.parallel_m))
    single = kept[lying(kept, streets)]
    kept = noded(led_on(kept, lying(kept, fixed), buildings, preset))
    lines = shapely.segmentize(kept, preset.step_m)
    return Network(lines, lying(kept, streets), lying(kept, shores), single)


def lying(lines: Geometries, sources: Geometries) -> Flags:
    """Tell which lines lie on a source, by their middle."""
    if not len(sources):
        return np.zeros(len(lines), dtype=np.bool_)
    middles = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    near = shapely.STRtree(sources).query(middles, predicate="dwithin", distance=_ON_M)[0]
    return np.isin(np.arange(len(lines)), near)
