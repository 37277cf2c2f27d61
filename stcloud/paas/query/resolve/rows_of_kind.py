"""Kinds of rows, as conditions are resolved for them: points that happened, and shapes that were there.

Tested by `tests/paas/query/resolve/test_sites.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from stcloud.daas.table.feature import Ends
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.paas.query.condition.known import KnownByEnds
from stcloud.paas.query.condition.period import window_of
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.resolved import Resolved
from stcloud.paas.query.plan.resolving import Reader, Resolving, Somewhere
from stcloud.space import Lattice
from stcloud.time import Spans

if TYPE_CHECKING:
    from stcloud.paas.query.place.formula import Formula
    from stcloud.paas.query.plan.plan import By
    from stcloud.space.tilepixels import TilePixels

__all__ = ["PointRows", "ShapeRows", "stated_times_of", "times_of"]

NO_ENDS = Ends(np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class PointRows:
    """Events: rows with a point and a time, which hold the end of their belief themselves."""

    period = ("st_time", "st_time_to")
    ends = NO_ENDS

    def believed(self, _: int, own: Resolved) -> Resolved:
        """Return the condition that rows were believed: they hold its end themselves."""
        return own

    def placed(self, place: Somewhere, lattice: Lattice) -> Resolved:
        """Return the condition that points lie in a place."""
        from stcloud.paas.query.condition.area import InArea  # noqa: PLC0415  (places are slow to import)
        from stcloud.paas.query.place.extent import Extent  # noqa: PLC0415

        region = place.region(lattice)
        return InArea(region, Extent.of(region, place.boxes(lattice)))

    def tiled(self, pixels: TilePixels, _: int, lattice: Lattice, *, roughly: bool) -> tuple[Resolved, ...]:
        """Return the condition that points lie on a tile: none lies beyond it."""
        from stcloud.paas.query.condition.tiled import points_on_tile  # noqa: PLC0415

        return (points_on_tile(pixels, lattice, roughly=roughly),)

    def located(
        self,
        formula: Formula,
        reader: Reader,
        lattice: Lattice,
        window: tuple[int, int],
        restated_us: int | None,
    ) -> Resolved:
        """Return the condition that points lie where a formula says; reads the layers that it names."""
        from stcloud.paas.query.condition.sited import Sited  # noqa: PLC0415
        from stcloud.paas.query.place.formula import mapped  # noqa: PLC0415
        from stcloud.paas.query.resolve.sites import site_of  # noqa: PLC0415

        return Sited(mapped(formula, lambda leaf: site_of(leaf, reader, window, lattice)), restated_us)

    def of_group(self, by: By, value: Any, spans: Spans | None, resolving: Resolving) -> Resolved:
        """Return the condition that events are of a group."""
        from stcloud.paas.query.resolve.groups import grouped_points  # noqa: PLC0415  (few questions name a group)

        return grouped_points(by, value, spans, resolving)

    def window(self, conditions: Iterable[Condition]) -> tuple[int, int]:
        """Return when rows may be, half-open, UTC microseconds."""
        return _span_of(times_of(conditions))


@dataclass(frozen=True, slots=True)
class ShapeRows:
    """Features: rows with a shape and a period of valid time.

    Parameters
    ----------
    ends
        Until when rows are believed that do not hold the end themselves.
    """

    ends: Ends = field(default=NO_ENDS, repr=False)
    period = ("st_valid_from", "st_valid_to")

    def believed(self, at_us: int, _: Resolved) -> Resolved:
        """Return the condition that rows were believed, by their ends."""
        return KnownByEnds(at_us, self.ends)

    def placed(self, place: Somewhere, lattice: Lattice) -> Resolved:
        """Return the condition that shapes touch a place."""
        from stcloud.paas.query.condition.area import TouchesArea  # noqa: PLC0415

        return TouchesArea(place.area(lattice))

    def tiled(
        self,
        pixels: TilePixels,
        buffer: int,
        _: Lattice,
        *,
        roughly: bool,  # noqa: ARG002
    ) -> tuple[Resolved, ...]:
        """Return the condition that shapes touch the box of a tile and its buffer; none, where none is known."""
        import shapely  # noqa: PLC0415

        from stcloud.paas.query.condition.area import TouchesArea  # noqa: PLC0415

        box = pixels.buffered(buffer)
        return () if box is None else (TouchesArea(shapely.box(*box)),)

    def located(
        self, formula: Formula, reader: Reader, lattice: Lattice, window: tuple[int, int], _: int | None
    ) -> Resolved:
        """Return the condition that shapes lie where a formula says; reads the layers that it names."""
        from stcloud.paas.query.condition.touched import Touched  # noqa: PLC0415
        from stcloud.paas.query.place.formula import mapped  # noqa: PLC0415
        from stcloud.paas.query.resolve.sites import shape_of  # noqa: PLC0415

        return Touched(mapped(formula, lambda leaf: shape_of(leaf, reader, window, lattice)), window)

    def of_group(self, by: By, value: Any, _: Spans | None, resolving: Resolving) -> Resolved:
        """Return the condition that features are of a group."""
        from stcloud.paas.query.resolve.groups import grouped_shapes  # noqa: PLC0415

        return grouped_shapes(by, value, resolving)

    def window(self, conditions: Iterable[Condition]) -> tuple[int, int]:
        """Return when rows may have been there, half-open, UTC microseconds."""
        return window_of(conditions) or (ALWAYS, FOREVER)


def times_of(conditions: Iterable[Condition]) -> list[Spans]:
    """Return the times in which rows that are kept started."""
    return [spans for condition in conditions if (spans := condition.starts()) is not None]


def stated_times_of(conditions: Iterable[Condition]) -> list[Spans]:
    """Return the same by conditions that ask for a time alone, not for a group."""
    return times_of(condition for condition in conditions if condition.time() is not None)


def _span_of(times: Iterable[Spans]) -> tuple[int, int]:
    """Return UTC microseconds, half-open, that hold all the times."""
    spans = Spans.always()
    for other in times:
        spans = spans.intersect(other)
    starts = [ALWAYS if span.start_us is None else span.start_us for span in spans]
    ends = [FOREVER if span.end_us is None else span.end_us for span in spans]
    return min(starts, default=0), max(ends, default=0)
