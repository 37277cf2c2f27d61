"""Partners: all versions of a feature layer, ready to tell which an event had at its own instant."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import ArrayLike, NDArray

from stcloud.daas.timeline import Ints
from stcloud.errors import InvalidInput
from stcloud.paas.grid.location.slab import frozen
from stcloud.paas.query.join.around import find_around
from stcloud.paas.query.join.epoch import Areas, Epoch, cuts_of, epochs_of
from stcloud.paas.query.join.holding import find_within
from stcloud.paas.query.join.how import How, Nearest, Within, WithinDistance
from stcloud.paas.query.join.mesh import Mesh
from stcloud.paas.query.join.nearest import find_nearest
from stcloud.paas.query.join.pairs import Metres, Pairs
from stcloud.paas.query.join.run import Runs, runs_of
from stcloud.paas.query.join.sweep import Events, Found, Sweep

__all__ = ["Partners"]

_AREAS = (3, 6)  # Polygon, MultiPolygon
_BUILDERS = 2  # threads
_BIN_TILE, _MESH_TILE = 6, 3
_MOST_M = 1e12  # no distance is greater

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Partners:
    """Every version of every feature of a layer, as it was believed at one recorded instant.

    A version is a partner of an event only where it was valid at the event's own instant. An event without a place
    (NaN) has no partner, nor has a version without a shape. What an answer needs is prepared when it is first asked
    for.

    Parameters
    ----------
    key
        ``(n,)`` text, the versions' keys, as given.
    start_us, end_us
        ``(n,)`` int64: when each was valid, half-open, UTC microseconds, as given.
    shapes
        ``(n,)`` shapely geometries, metres, as given.
    order
        ``(n,)`` int64: the versions by key, as text, then start.
    runs
        The versions in that order.

    Examples
    --------
    A community that grew on day 5:

    >>> shapes = [shapely.box(0, 0, 1, 1), shapely.box(0, 0, 2, 1)]
    >>> partners = Partners.of(["a", "a"], [0, 5], [5, 9], shapes)
    >>> partners.within([1.5, 1.5], [0.5, 0.5], [4, 5]).event.tolist()
    [1]
    """

    key: pa.Array
    start_us: Ints
    end_us: Ints
    shapes: NDArray[Any]
    order: Ints
    runs: Runs

    @classmethod
    def of(cls, key: Any, start_us: ArrayLike, end_us: ArrayLike, shapes: ArrayLike) -> Partners:
        """Make versions ready.

        Parameters
        ----------
        key
            ``(n,)`` text, no nulls.
        start_us, end_us
            ``(n,)`` int64: when each version was valid, half-open, UTC microseconds.
        shapes
            ``(n,)`` shapely points, lines, polygons and multiples of one kind, in one metric CRS; None and empty ones
            are nowhere. They may overlap.

        Raises
        ------
        InvalidInput
            ``columns-differ``: not one of each for every version; ``no-key``: a key is null; ``empty-period``

        Notes
        -----
        Versions of a feature that follow each other with the same shape are searched as one.
        """
        keys = pa.array(key, pa.string()) if not isinstance(key, pa.Array | pa.ChunkedArray) else key
        keys = _whole(keys)
        start, end = np.asarray(start_us, np.int64), np.asarray(end_us, np.int64)
        geometries = np.empty(len(keys), object)
        geometries[:] = _checked(keys, start, end, np.asarray(shapes, object))
        order = pc.sort_indices(
            pa.table({"key": keys, "start": start}), [("key", "ascending"), ("start", "ascending")]
        ).to_numpy().astype(np.int64)  # fmt: skip
        number = keys.dictionary_encode().indices.to_numpy().astype(np.int64)
        runs = runs_of(number[order], start[order], end[order], geometries[order])
        return cls(keys, start, end, geometries, frozen(order), runs)

    def __len__(self) -> int:
        return len(self.order)

    @cached_property
    def cuts_us(self) -> Ints:
        """Instants at which epochs begin, but for the first: ``(c,)`` int64, UTC microseconds, ascending."""
        return cuts_of(self.runs)

    @cached_property
    def epochs(self) -> tuple[Epoch, ...]:
        """Spans of valid time, each with the runs that were valid in it."""
        return epochs_of(self.runs, self._run_shapes, self.cuts_us)

    @cached_property
    def areas(self) -> tuple[Areas, ...]:
        """The areas of each epoch, made ready; `InvalidInput` as `Epoch.areas` raises."""
        return _side_by_side(Epoch.areas, self.epochs)

    @cached_property
    def meshes(self) -> tuple[Mesh, ...]:
        """The segments of each epoch, made ready; `InvalidInput` as `Epoch.mesh` raises."""
        return _side_by_side(Epoch.mesh, self.epochs)

    def ask(self, how: How, x: ArrayLike, y: ArrayLike, at_us: ArrayLike, *, workers: int = 2) -> Pairs:
        """Return events with their partners, in the way that is asked.

        Parameters
        ----------
        how
            Calls `within`, `within_distance` or `nearest`.
        x, y, at_us, workers
            As for these.
        """
        if isinstance(how, Within):
            return self.within(x, y, at_us, first=how.first, workers=workers)
        if isinstance(how, WithinDistance):
            return self.within_distance(x, y, at_us, how.metres, workers=workers)
        return self.nearest(x, y, at_us, how.count, how.metres, workers=workers)

    def within(
        self,
        x: ArrayLike,
        y: ArrayLike,
        at_us: ArrayLike,
        *,
        closed: bool = True,
        first: bool = False,
        workers: int = 2,
    ) -> Pairs:
        """Return events with the areas that held them at their instant.

        Parameters
        ----------
        x, y
            ``(n,)`` float64, metres in the shapes' CRS; NaN is nowhere.
        at_us
            ``(n,)`` int64, UTC microseconds, or one for all.
        closed
            Whether areas hold their whole border; else a point on one is east of it, or north, as `Locator` has it.
        first
            Of the areas on whose border an event lies, keep only the one with the smallest key. Areas that hold it
            inside are all kept.
        workers
            Threads; the answer does not depend on it.

        Returns
        -------
        Ascending by event, then key, then start.

        Raises
        ------
        InvalidInput
            ``events-differ``: columns of several lengths; ``not-an-area``: the layer has shapes, but no area.

        Notes
        -----
        Exact; shapes that are no areas hold nothing. O(n) and, for events near an edge, a few edges of the versions
        valid then; versions of several shapes at one place add a look at their periods each.
        """
        shaped = ~shapely.is_missing(self._run_shapes) & ~shapely.is_empty(self._run_shapes)
        if shaped.any() and not (shaped & self._is_area).any():
            raise InvalidInput(
                "not-an-area", "points and lines hold no event",
                hint="ask for features near an event: 'within 20 m' or 'nearest'",
            )  # fmt: skip
        areas = self.areas

        def find(epoch: int, x: Metres, y: Metres, at: Ints) -> Found:
            found: Found = find_within(x, y, at, closed, first, areas[epoch], self.epochs[epoch].runs)
            return found

        frames = [bins.frame for bins, _ in areas]
        sweep = Sweep(find, self.cuts_us, frames, _BIN_TILE, self.order)
        return sweep.pairs(Events.of(x, y, at_us), workers)

    def within_distance(
        self, x: ArrayLike, y: ArrayLike, at_us: ArrayLike, metres: float, *, workers: int = 2
    ) -> Pairs:
        """Return events with the features that were at most so far at their instant.

        Parameters
        ----------
        x, y, at_us, workers
            As for `within`.
        metres
            Distance, inclusive.

        Returns
        -------
        With distances, 0 in an area and on its border; ascending by event, then distance, key and start.

        Raises
        ------
        InvalidInput
            ``events-differ``, ``invalid-distance``, ``mixed-geometry``, ``not-finite``

        Notes
        -----
        Distances are compared as whole micrometres, far more than they are rounded by, so that equal ones tie.
        O(n * segments within the distance, whenever they were).
        """
        bound = min(WithinDistance(metres).metres, _MOST_M)
        areas, meshes = self.areas, self.meshes

        def find(epoch: int, x: Metres, y: Metres, at: Ints) -> Found:
            runs = self.epochs[epoch].runs
            found: Found = find_around(x, y, at, bound, areas[epoch], meshes[epoch], runs)
            return found

        frames = [mesh.frame for mesh in meshes]
        sweep = Sweep(find, self.cuts_us, frames, _MESH_TILE, self.order)
        return sweep.pairs(Events.of(x, y, at_us), workers)

    def nearest(
        self,
        x: ArrayLike,
        y: ArrayLike,
        at_us: ArrayLike,
        k: int = 1,
        metres: float = math.inf,
        *,
        workers: int = 2,
    ) -> Pairs:
        """Return events with the nearest features at their instant.

        Parameters
        ----------
        x, y, at_us, workers
            As for `within`.
        k
            So many at most.
        metres
            At most so far, inclusive.

        Returns
        -------
        With distances; ascending by event, then distance, key and start: where several are as far, those with the
        smallest keys.

        Raises
        ------
        InvalidInput
            ``events-differ``, ``invalid-distance``, ``invalid-count``, ``mixed-geometry``, ``not-finite``

        Notes
        -----
        The first k of `within_distance` for each event. O(n * (k + segments at most as far as the k-th)); without a
        bound, and with fewer than k features at an instant, all segments are looked at.
        """
        asked = Nearest(k, metres)
        bound, count = min(asked.metres, _MOST_M), min(asked.count, len(self) + 1)
        areas, meshes = self.areas, self.meshes

        def find(epoch: int, x: Metres, y: Metres, at: Ints) -> Found:
            runs = self.epochs[epoch].runs
            found: Found = find_nearest(x, y, at, count, bound, areas[epoch], meshes[epoch], runs)
            return found

        frames = [mesh.frame for mesh in meshes]
        sweep = Sweep(find, self.cuts_us, frames, _MESH_TILE, self.order)
        return sweep.pairs(Events.of(x, y, at_us), workers)

    @cached_property
    def _run_shapes(self) -> NDArray[Any]:
        found: NDArray[Any] = self.shapes[self.order[self.runs.first]]
        return found

    @cached_property
    def _is_area(self) -> NDArray[np.bool_]:
        return np.isin(shapely.get_type_id(self._run_shapes), _AREAS)


def _side_by_side(make: Callable[[Epoch], Made], epochs: Sequence[Epoch]) -> tuple[Made, ...]:
    with ThreadPoolExecutor(_BUILDERS) as pool:
        return tuple(pool.map(make, epochs))


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return found.cast(pa.string())


def _checked(keys: pa.Array, start: Ints, end: Ints, shapes: NDArray[Any]) -> NDArray[Any]:
    if not (start.shape == end.shape == shapes.shape == (len(keys),)):
        raise InvalidInput(
            "columns-differ", f"{len(keys)} keys, {start.shape} starts, {end.shape} ends, {shapes.shape} shapes",
            hint="give one of each for every version",
        )  # fmt: skip
    if keys.null_count:
        raise InvalidInput(
            "no-key", f"{keys.null_count} versions have no key", hint="give every version a key"
        )
    if (start >= end).any():
        at = int(np.argmax(start >= end))
        raise InvalidInput("empty-period", f"version {at} ends before it begins, or as it begins")
    return shapes
