"""Runs cut into time slices, with the indexes that a search of each needs: built at first use, or kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.errors import FormatError, InternalError
from stcloud.index.array import Arrays, Ints, frozen
from stcloud.index.bins import Bins, Frame
from stcloud.index.bucket import Buckets
from stcloud.index.few import PlainSegments, PlainSlice
from stcloud.index.size import Size
from stcloud.index.strip import Strips
from stcloud.index.timeslice import Areas, Runs, TimeSlice, cuts_of, slices_of

__all__ = ["SlicedRuns", "kept_array"]

_AREAS = (3, 6)  # Polygon, MultiPolygon
_BUILDERS = 2  # threads

Made = TypeVar("Made")
Part = TypeVar("Part", Bins, Strips, Buckets)


@dataclass(frozen=True, eq=False)
class SlicedRuns:
    """Runs ready to be searched.

    Parameters
    ----------
    runs
        All runs.
    shapes
        ``(r,)`` shapely geometries, one for each run, metres; None: only what is kept can be searched.
    kept
        What was made before, as `arrays` gave it.
    """

    runs: Runs
    shapes: NDArray[Any] | None
    kept: Arrays = field(default_factory=dict)

    @cached_property
    def cuts_us(self) -> Ints:
        """Instants at which slices begin, but for the first: ``(c,)`` int64, UTC microseconds, ascending."""
        return kept_array(self.kept, "cuts_us") if self.kept else cuts_of(self.runs)

    @cached_property
    def slices(self) -> tuple[TimeSlice, ...]:
        """Spans of valid time, each with the runs that were valid in it."""
        return slices_of(self.runs, self.shapes, self.cuts_us)

    @cached_property
    def periods(self) -> tuple[Ints, ...]:
        """When the runs of each time slice were: ``(r, 2)`` int64, UTC microseconds, half-open."""
        return tuple(frozen(part.runs.periods) for part in self.slices)

    @cached_property
    def without_areas(self) -> bool:
        """Whether there are shapes, and none of them is an area."""
        if self.shapes is None:
            return bool(kept_array(self.kept, "barren")[0])
        shaped = ~shapely.is_missing(self.shapes) & ~shapely.is_empty(self.shapes)
        return bool(shaped.any() and not np.isin(shapely.get_type_id(self.shapes[shaped]), _AREAS).any())

    @cached_property
    def areas(self) -> tuple[Areas, ...]:
        """The areas of each time slice, made ready; `InvalidInput` as `TimeSlice.areas` raises."""
        if not self._keeps("bins"):
            return self._made(TimeSlice.areas)
        numbers = range(len(self.cuts_us) + 1)
        return tuple(
            (_unpacked(Bins, f"bins-{number}", self.kept), _unpacked(Strips, f"slabs-{number}", self.kept))
            for number in numbers
        )

    @cached_property
    def plain(self) -> tuple[PlainSlice, ...]:
        """The areas of each time slice, to be searched for few events; raises as `areas` does."""
        if "areas" in vars(self) or self._keeps("bins"):
            strips = tuple(strips for _, strips in self.areas)
        else:
            strips = self._made(TimeSlice.strips)
        return tuple(PlainSlice(part.runs, cells) for part, cells in zip(self.slices, strips, strict=True))

    @cached_property
    def plain_segments(self) -> tuple[PlainSegments, ...]:
        """The segments of each time slice, to be searched for few events; raises as `buckets` does."""
        if "buckets" in vars(self) or self._keeps("mesh"):
            return tuple(PlainSegments(part.ends, part.owner) for part in self.buckets)
        return tuple(PlainSegments(*segments) for segments in self._made(TimeSlice.segments))

    @cached_property
    def size(self) -> Size:
        """How much there is to search."""
        if self.shapes is not None:
            vertices = int(shapely.get_num_coordinates(self.shapes).sum())
            if not vertices:
                return Size(len(self.runs.first), 0, 0.0)
            west, south, east, north = shapely.total_bounds(self.shapes).tolist()
            return Size(len(self.runs.first), vertices, (east - west) * (north - south))
        parts = self.buckets if self._keeps("mesh") else tuple(bins for bins, _ in self.areas)
        frames = [part.frame for part in parts if part.frame.per_m]
        area_m2 = max(
            ((frame.east - frame.west) * (frame.north - frame.south) for frame in frames), default=0
        )
        vertices = sum(len(strips.edges) for _, strips in self.areas)
        vertices += sum(len(part.owner) for part in self.buckets) if self._keeps("mesh") else 0
        return Size(len(self.runs.first), vertices, area_m2)

    @cached_property
    def buckets(self) -> tuple[Buckets, ...]:
        """The segments of each time slice, made ready; `InvalidInput` as `TimeSlice.buckets` raises."""
        if not self._keeps("mesh"):
            return self._made(TimeSlice.buckets)
        return tuple(
            _unpacked(Buckets, f"mesh-{number}", self.kept) for number in range(len(self.cuts_us) + 1)
        )

    @cached_property
    def only_points(self) -> tuple[bool, ...]:
        """Whether a time slice has no shapes but points, for each."""
        return tuple(
            not len(strips.edges) and bool((buckets.ends[:, :2] == buckets.ends[:, 2:]).all())
            for (_, strips), buckets in zip(self.areas, self.buckets, strict=True)
        )

    @property
    def has_segments(self) -> bool:
        """Whether distances can be searched: the segments are kept, or can be made."""
        return self.shapes is not None or self._keeps("mesh")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was made, areas at least, as plain arrays."""
        arrays = {
            "first": self.runs.first, "stop": self.runs.stop, "cuts_us": self.cuts_us,
            "barren": np.array([self.without_areas]),
        }  # fmt: skip
        for number, (bins, strips) in enumerate(self.areas):
            arrays |= _packed(f"bins-{number}", bins) | _packed(f"slabs-{number}", strips)
        if "buckets" in vars(self) or self._keeps("mesh"):
            for number, buckets in enumerate(self.buckets):
                arrays |= _packed(f"mesh-{number}", buckets)
        return arrays

    def _keeps(self, part: str) -> bool:
        return f"{part}-0-frame" in self.kept

    def _made(self, make: Callable[[TimeSlice], Made]) -> tuple[Made, ...]:
        if self.shapes is None:
            raise InternalError("not-ready", "distances need segments, and none were kept")
        return _side_by_side(make, self.slices)


def kept_array(kept: Arrays, name: str) -> NDArray[Any]:
    """Return one of the arrays that were kept, not copied; `FormatError` ``damaged-index`` when it lacks.

    Parameters
    ----------
    kept, name
        The arrays, and which.
    """
    if name not in kept:
        raise FormatError("damaged-index", f"the index lacks {name}", hint="build it anew")
    return frozen(kept[name])


def _packed(name: str, part: Bins | Strips | Buckets) -> dict[str, NDArray[Any]]:
    return {f"{name}-{field}": np.asarray(value) for field, value in zip(part._fields, part, strict=True)}


def _unpacked(kind: type[Part], name: str, kept: Arrays) -> Part:
    values: list[Any] = [kept_array(kept, f"{name}-{field}") for field in kind._fields]
    if kind._fields[0] == "frame":
        west, south, east, north, per_m, rows, columns = values[0].tolist()
        values[0] = Frame(west, south, east, north, per_m, int(rows), int(columns))
    return kind(*values)


def _side_by_side(make: Callable[[TimeSlice], Made], slices: Sequence[TimeSlice]) -> tuple[Made, ...]:
    with ThreadPoolExecutor(_BUILDERS) as pool:
        return tuple(pool.map(make, slices))
