"""Epochs: spans of valid time, each with what was valid in it, so that a search meets little else."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.daas.timeline import Ints
from stcloud.paas.grid.location.bins import Bins, bins_of
from stcloud.paas.grid.location.outline import outlines_of
from stcloud.paas.grid.location.slab import Slabs, slabs_of
from stcloud.paas.query.join.mesh import Mesh, mesh_of
from stcloud.paas.query.join.run import Runs
from stcloud.paas.query.join.segment import segments_of

__all__ = ["Areas", "Epoch", "cuts_of", "epochs_of"]

Areas: TypeAlias = tuple[Bins, Slabs]

_RENEWED = 0.75  # of what was valid when an epoch began has been replaced, or come: time for the next one
_FEWEST = 1024  # runs that begin are worth an epoch
_OF_SIDE = 12  # bins along the side of a middling area
_AREAS = (3, 6)  # Polygon, MultiPolygon
_NOTHING = np.empty(0, object)


@dataclass(frozen=True, slots=True, eq=False)
class Epoch:
    """What was valid at some instant of a span.

    Parameters
    ----------
    runs
        The runs, by key and start.
    shapes
        ``(r,)`` shapely geometries, one for each run, metres; none where what is needed of them is kept.
    """

    runs: Runs
    shapes: NDArray[Any]

    def areas(self) -> Areas:
        """Return a cell for each run that is an area; where none is, no cell.

        Raises
        ------
        InvalidInput
            ``not-finite``, ``too-many-vertices``
        """
        areas = np.isin(shapely.get_type_id(self.shapes), _AREAS) & ~shapely.is_empty(self.shapes)
        tall = np.diff(shapely.bounds(self.shapes[areas])[:, 1::2])
        bin_m = float(np.median(tall)) / _OF_SIDE if tall.size else 0.0
        found = self.shapes.copy() if areas.any() else self.shapes[:0]
        found[~areas[: len(found)]] = None
        outlines = outlines_of(found)
        slabs = slabs_of(outlines)
        return bins_of(outlines, slabs, bin_m if 0 < bin_m < np.inf else None), slabs

    def mesh(self) -> Mesh:
        """Return the segments of the shapes; `InvalidInput` as `segments_of` raises."""
        return mesh_of(segments_of(self.shapes), self.runs.periods)


def epochs_of(runs: Runs, shapes: NDArray[Any] | None, cuts_us: Ints) -> tuple[Epoch, ...]:
    """Return the epochs between cuts: what was valid before the first, between two, and from the last on.

    Parameters
    ----------
    runs
        All runs.
    shapes
        ``(r,)`` shapely geometries, one for each run, metres; None: they are not needed.
    cuts_us
        ``(c,)`` int64, UTC microseconds, ascending.
    """
    if not len(cuts_us):
        return (Epoch(runs, _NOTHING if shapes is None else shapes),)
    start, end = runs.periods.T
    chosen = [start < cuts_us[0]]
    chosen += [(start < later) & (end > cut) for cut, later in itertools.pairwise(cuts_us.tolist())]
    chosen += [end > cuts_us[-1]]
    return tuple(Epoch(runs.take(one), _NOTHING if shapes is None else shapes[one]) for one in chosen)


def cuts_of(runs: Runs) -> Ints:
    """Return where epochs begin, but for the first.

    Parameters
    ----------
    runs
        All runs.

    Returns
    -------
    ``(c,)`` int64, UTC microseconds, ascending: instants by which about as many runs have begun since the cut before
    as were valid then.

    Notes
    -----
    So of the runs of an epoch half or more are valid at any instant, all where a layer changes as a whole, however
    long its history; and all epochs together hold each run twice or so. O(runs * log runs).
    """
    start, end = runs.periods.T
    begins, counts = np.unique(start, return_counts=True)
    begun, ends = np.cumsum(counts), np.sort(end)
    cuts, at = [], 0
    while at < len(begins):
        valid = begun[at] - np.searchsorted(ends, begins[at], "right")
        at = int(np.searchsorted(begun, begun[at] + max(_FEWEST, _RENEWED * valid)))
        cuts += [begins[at]] if at < len(begins) else []
    return np.array(cuts, np.int64)
