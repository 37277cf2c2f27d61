"""The as-of index: all versions of a feature layer, and which of them an event met at its own instant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from stcloud.errors import FormatError, InvalidInput
from stcloud.index.array import Arrays, Ints, Metres, frozen
from stcloud.index.bins import Bins
from stcloud.index.bucket import Buckets
from stcloud.index.distance import check_bounded, check_count, check_metres
from stcloud.index.kernel import pays
from stcloud.index.nearest import find_nearest, find_nearest_point
from stcloud.index.search import Events, Find, Matches, Pairs, Search, plain_pairs
from stcloud.index.sliced import SlicedRuns, kept_array
from stcloud.index.timeslice import Runs, runs_of
from stcloud.index.version import VersionTable, encode_keys
from stcloud.index.within import find_within, find_within_distance

__all__ = ["AsOfIndex"]

_LAYOUT = 1
_BIN_TILE, _BUCKET_TILE = 6, 3
_MOST_M = 1e12  # no distance is greater


@dataclass(frozen=True, eq=False)
class AsOfIndex:
    """Every version of every feature of a layer, as it was believed at one recorded instant.

    A version is a partner of an event only where it was valid at the event's own instant. An event without a place
    (NaN) has no partner, nor has a version without a shape. What an answer needs is prepared when it is first needed
    for.

    Parameters
    ----------
    versions
        The versions, as they were given.
    sliced
        The same in order, ready to be searched.

    Examples
    --------
    A community that grew on day 5:

    >>> from shapely import box
    >>> shapes = [box(0, 0, 1, 1), box(0, 0, 2, 1)]
    >>> partners = AsOfIndex.of(["a", "a"], [0, 5], [5, 9], shapes)
    >>> partners.within([1.5, 1.5], [0.5, 0.5], [4, 5]).event.tolist()
    [1]
    """

    versions: VersionTable
    sliced: SlicedRuns

    @classmethod
    def of(cls, key: Any, start_us: ArrayLike, end_us: ArrayLike, shapes: ArrayLike) -> AsOfIndex:
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
        versions = VersionTable.of(key, start_us, end_us)
        geometries = np.empty(len(versions), object)
        given = np.asarray(shapes, object)
        if given.shape != geometries.shape:
            raise InvalidInput(
                "columns-differ", f"{len(versions)} versions, {given.shape} shapes",
                hint="give one of each for every version",
            )  # fmt: skip
        geometries[:] = given
        order, start, end = versions.order, versions.start_us, versions.end_us
        number = versions.words()[1].astype(np.int64)
        runs = runs_of(number[order], start[order], end[order], geometries[order])
        return cls(versions, SlicedRuns(runs, geometries[order[runs.first]]))

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> AsOfIndex:
        """Return the versions whose `arrays` these are.

        Parameters
        ----------
        arrays
            As `arrays` gave them, perhaps memory-mapped; they are not copied.

        Raises
        ------
        FormatError
            ``unknown-index``: another layout, build anew; ``damaged-index``
        """
        layout = arrays.get("layout")
        if layout is None or layout.tolist() != [_LAYOUT]:
            raise FormatError("unknown-index", f"the layout of the index is {layout}", hint="build it anew")
        versions = VersionTable.from_arrays(arrays)
        begins, ends = (frozen(column[versions.order]) for column in (versions.start_us, versions.end_us))
        runs = Runs(kept_array(arrays, "first"), kept_array(arrays, "stop"), begins, ends)
        return cls(versions, SlicedRuns(runs, None, arrays))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return plain arrays to be kept: each may be written with `numpy.save` and mapped back.

        Returns
        -------
        All that `within` needs, and what distances need if they were searched; read-only where there is no copy.
        """
        return {"layout": np.array([_LAYOUT]), **self.versions.arrays(), **self.sliced.arrays()}

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as arrays, so that other processes need no geometry."""
        return AsOfIndex.from_arrays, (self.arrays(),)

    def __len__(self) -> int:
        return len(self.versions)

    @property
    def is_small(self) -> bool:
        """Whether making it anew takes less than to write and read what `arrays` returns."""
        return self.sliced.size.is_small

    @property
    def nbytes(self) -> int:
        """Bytes that it takes in memory, about."""
        return self.sliced.size.nbytes

    def prepare(self, *, distances: bool) -> AsOfIndex:
        """Build what `within` needs now, instead of when it is first used; return the index itself.

        Parameters
        ----------
        distances
            Whether to build what `within_distance` and `nearest` need, too.
        """
        _ = self.sliced.areas, not distances or self.sliced.buckets
        return self

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
            Of the areas that held an event, borders included, keep only the one with the smallest key.
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
        if self.sliced.without_areas:
            raise InvalidInput(
                "not-an-area", "points and lines hold no event",
                hint="ask for features near an event: 'within 20 m' or 'nearest'",
            )  # fmt: skip
        events = Events.of(x, y, at_us)
        if not pays(find_within, self.sliced.size.within_steps(len(events))):
            return self._plain_within(events, closed=closed, first=first)
        areas, slices, periods = self.sliced.areas, self.sliced.slices, self.sliced.periods

        def find(number: int, x: Metres, y: Metres, at: Ints) -> Matches:
            runs = slices[number].runs
            matches: Matches = find_within(x, y, at, closed, first, areas[number], runs, periods[number])
            return matches

        squares = [bins for bins, _ in areas]
        return self._search(find, squares, _BIN_TILE).pairs(events, workers)

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
        bound, events = min(check_bounded(metres), _MOST_M), Events.of(x, y, at_us)
        if not pays(find_within_distance, self.sliced.size.distance_steps(len(events), bound)):
            return self._plain(
                lambda number, *columns: self.sliced.plain[number].within_distance(
                    *columns, np.full(len(columns[0]), bound), self.sliced.plain_segments[number]
                ),
                events,
            )
        areas, buckets = self.sliced.areas, self.sliced.buckets

        def find(number: int, x: Metres, y: Metres, at: Ints) -> Matches:
            runs = self.sliced.slices[number].runs
            matches: Matches = find_within_distance(x, y, at, bound, areas[number], buckets[number], runs)
            return matches

        return self._search(find, buckets, _BUCKET_TILE).pairs(events, workers)

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
        bound, count = min(check_metres(metres), _MOST_M), min(check_count(k), len(self) + 1)
        events = Events.of(x, y, at_us)
        if not pays(find_nearest, self.sliced.size.nearest_steps(len(events), count)):
            return self._plain(
                lambda number, *columns: self.sliced.plain[number].nearest(
                    *columns, count, bound, self.sliced.plain_segments[number]
                ),
                events,
            )
        areas, buckets = self.sliced.areas, self.sliced.buckets

        def find(number: int, x: Metres, y: Metres, at: Ints) -> Matches:
            runs = self.sliced.slices[number].runs
            if count == 1 and self.sliced.only_points[number]:
                return find_nearest_point(x, y, at, bound, buckets[number], runs)  # type: ignore[no-any-return]
            matches: Matches = find_nearest(x, y, at, count, bound, areas[number], buckets[number], runs)
            return matches

        return self._search(find, buckets, _BUCKET_TILE).pairs(events, workers)

    def keys_of(
        self, x: ArrayLike, y: ArrayLike, at_us: ArrayLike, *, workers: int = 2
    ) -> pa.DictionaryArray:
        """Return the key of the area that held each event at its instant, for counting by it.

        Parameters
        ----------
        x, y, at_us, workers
            As for `within`.

        Returns
        -------
        ``(n,)`` text, dictionary-encoded; of several areas, borders included, the smallest key; null where none was.

        Raises
        ------
        InvalidInput
            ``events-differ``, ``not-an-area``

        Examples
        --------
        >>> from shapely import box
        >>> shapes = [box(0, 0, 1, 1), box(1, 0, 2, 1)]
        >>> AsOfIndex.of(["b", "a"], [0, 0], [9, 9], shapes).keys_of([0.5, 1, 3], [0.5, 0.5, 0.5], 4).to_pylist()
        ['b', 'a', None]
        """
        return encode_keys(self.holders(x, y, at_us, workers=workers), *self._words)

    def holders(self, x: ArrayLike, y: ArrayLike, at_us: ArrayLike, *, workers: int = 2) -> Ints:
        """Return the version of the area that held each event at its instant, ``(n,)`` int64; -1 where none did.

        Parameters
        ----------
        x, y, at_us, workers
            As for `within`; raises as `keys_of`.
        """
        pairs = self.within(x, y, at_us, first=True, workers=workers)
        first = np.diff(pairs.event, prepend=-1) > 0
        holders = np.full(len(np.asarray(x)), -1)
        holders[pairs.event[first]] = pairs.version[first]
        return holders

    def _plain_within(self, events: Events, *, closed: bool, first: bool) -> Pairs:
        pairs = self._plain(
            lambda number, *columns: self.sliced.plain[number].within(*columns, closed=closed), events
        )
        if not first:
            return pairs
        kept = np.diff(pairs.event, prepend=-1) != 0
        return Pairs(pairs.event[kept], pairs.version[kept])

    def _plain(self, find: Find, events: Events) -> Pairs:
        return plain_pairs(find, self.sliced.cuts_us, self.versions.order, events)

    def _search(self, find: Find, squares: Sequence[Bins | Buckets], bits: int) -> Search:
        frames = [square.frame for square in squares]
        return Search(find, self.sliced.cuts_us, frames, bits, self.versions.order)

    @cached_property
    def _words(self) -> tuple[pa.Array, NDArray[np.int32]]:
        return self.versions.words()
