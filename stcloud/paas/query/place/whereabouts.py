"""Whereabouts: what was asked of places, read; and made sites once it is known as of when features are believed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.table.timeline import ALWAYS, FOREVER, Ints
from stcloud.errors import InvalidInput
from stcloud.paas.query.features import Features
from stcloud.paas.query.instant import known_us
from stcloud.paas.query.place.extent import Extent, around
from stcloud.paas.query.place.formula import Every, Formula, Some, joined, mapped, written
from stcloud.paas.query.place.history import History, read_history
from stcloud.paas.query.place.refine import Region
from stcloud.paas.query.place.site import AtTimes, InCodes, InRegion, NearLayer, NearShape, OnCells
from stcloud.paas.query.place.siting import Sited, sites_of
from stcloud.paas.query.place.spec import Beside, Named
from stcloud.paas.query.place.touch import Touched, Touching, TouchingAny
from stcloud.paas.query.place.where import Place
from stcloud.paas.query.plan import InUnits, OnDuty
from stcloud.space import LONLAT, Lattice, cover, project
from stcloud.time import Spans, When

__all__ = ["Neighbours", "Operand", "Whereabouts"]

_AREAS = ("Polygon", "MultiPolygon")


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Features of a layer, or a point, that rows lie in or near.

    Parameters
    ----------
    asked
        What was asked.
    said
        How it was written.
    layer
        The layer, of one version; None: a point.
    at_us
        As features were then, UTC microseconds; None: at each row's own time.
    """

    asked: Beside | Named
    said: str
    layer: Features | None
    at_us: int | None


Operand: TypeAlias = Place | InUnits | OnDuty | Neighbours


@dataclass(frozen=True, eq=False)
class Whereabouts:
    """Places joined by ``and``, ``or`` and ``not``, as asked: what they are depends on when it was known.

    Parameters
    ----------
    formula
        Its leaves are operands.
    configuration
        The city's.
    """

    formula: Formula
    configuration: CityConfiguration
    _made: dict[tuple[int | None, tuple[int, int]], Sited | Touched] = field(default_factory=dict, repr=False)

    @property
    def said(self) -> str:
        """What was asked, as it is written."""
        return written(self.formula, lambda one: f"({one.said})" if " or " in one.said else one.said)

    @property
    def layers(self) -> tuple[Features, ...]:
        """The layers that are named."""
        found = [one.layer for one in sites_of(self.formula) if isinstance(one, Neighbours)]
        return tuple(one for one in found if one is not None)

    def sited(self, believed_us: int | None, whens: Iterable[When] = ()) -> Sited:
        """Return sites, features as they were believed at an instant.

        Parameters
        ----------
        believed_us
            UTC microseconds; None: now.
        whens
            What else is asked of the rows' time: other versions are left out.

        Raises
        ------
        NotFound, InvalidInput
            As `read_history`.
        """
        span = _span(whens)

        def make() -> Sited:
            formula = mapped(self.formula, lambda one: self._site(one, believed_us, span))
            thin = any(isinstance(one, InRegion) and one.region.is_thin for one in sites_of(formula))
            notes = (
                ["only events exactly on a line or point: near:LAYER:ID:20m asks around it"] if thin else []
            )
            return Sited(formula, self._told(believed_us, "as it was at each event's own time", notes))

        found = self._kept(believed_us, span, make)
        assert isinstance(found, Sited)  # noqa: S101  (a question is of events or of features)
        return found

    def touched(self, believed_us: int | None, window: tuple[int, int]) -> Touched:
        """Return what it is for features: shapes that they touch while both are there.

        Parameters
        ----------
        believed_us
            UTC microseconds; None: now.
        window
            The time asked for, half-open, UTC microseconds.

        Raises
        ------
        NotFound, InvalidInput
            As `read_history`.
        """

        def make() -> Touched:
            formula = mapped(self.formula, lambda one: self._shape(one, believed_us, window))
            return Touched(formula, self._told(believed_us, "as it was then", []))

        found = self._kept(believed_us, window, make)
        assert isinstance(found, Touched)  # noqa: S101  (a question is of events or of features)
        return found

    @property
    def drifts(self) -> bool:
        """Whether it names features as they are at each row's own time."""
        asked = [one for one in sites_of(self.formula) if isinstance(one, Neighbours)]
        return any(one.at_us is None for one in asked if one.layer is not None)

    def _kept(
        self, believed_us: int | None, span: tuple[int, int], make: Callable[[], Sited | Touched]
    ) -> Sited | Touched:
        asked = (believed_us, span)
        if asked not in self._made:
            self._made[asked] = make()
        return self._made[asked]

    def _told(self, believed_us: int | None, then: str, notes: Sequence[str]) -> str:
        """Say what was asked, as of when features are, and what hardly anything can lie in."""
        zone = self.configuration.zone
        layers = {one.name: one for one in self.layers}
        known = [f"{name} known at {zone.iso(known_us(one, believed_us))}" for name, one in layers.items()]
        when = [then] if self.drifts else []
        return f"{self.said} ({', '.join([*when, *known, *notes])})" if known else self.said

    def _site(self, one: Operand, believed_us: int | None, span: tuple[int, int]) -> Formula:
        lattice = self.configuration.lattice
        if isinstance(one, Place):
            region = one.region(one.cover(lattice))
            return InRegion(region, Extent.of(region, one.boxes(lattice)))
        if isinstance(one, InUnits):
            return InCodes(one.ranges)
        if isinstance(one, OnDuty):
            return OnCells(one.cells)
        if isinstance(one.asked, Beside):
            return _near(_point(one.asked, lattice), one.asked.metres, lattice)
        assert one.layer is not None  # noqa: S101  (read_places gives it)
        known = known_us(one.layer, believed_us)
        past = read_history(one.layer, one.asked.key, known, one.at_us, span, one.asked.column)
        return _of_layer(one.asked, past, one.at_us, lattice)

    def _shape(self, one: Operand, believed_us: int | None, window: tuple[int, int]) -> Formula:
        lattice = self.configuration.lattice
        if isinstance(one, Place):
            return Touching(one.outline(lattice))
        assert isinstance(one, Neighbours)  # noqa: S101  (units are asked of events only)
        if isinstance(one.asked, Beside):
            return Touching(_point(one.asked, lattice), one.asked.metres)
        assert one.layer is not None  # noqa: S101  (read_places gives it)
        known = known_us(one.layer, believed_us)
        past = read_history(one.layer, one.asked.key, known, one.at_us, window, one.asked.column)
        if one.asked.key is None:
            return TouchingAny(past, one.asked.metres or 0.0, always=one.at_us is not None)
        parts = [
            Touching(
                past.shapes[of[0]], one.asked.metres,
                None if one.at_us is not None else (past.start_us[of], past.end_us[of]),
            )
            for of in _alike(past)
        ]  # fmt: skip
        return joined(Some, parts)


def _span(whens: Iterable[When]) -> tuple[int, int]:
    """Return UTC microseconds, half-open, that hold every time asked for."""
    spans = Spans.always()
    for one in whens:
        spans = spans.intersect(one.spans)
    starts = [ALWAYS if one.start_us is None else one.start_us for one in spans]
    ends = [FOREVER if one.end_us is None else one.end_us for one in spans]
    return min(starts, default=0), max(ends, default=0)


def _of_layer(asked: Named, past: History, at_us: int | None, lattice: Lattice) -> Formula:
    if asked.key is None:
        metres = asked.metres or 0.0
        return NearLayer(past, metres, at_us, around(past.shapes, metres, lattice))
    parts: list[Formula] = []
    for of in _alike(past):
        shape = past.shapes[of[0]]
        there = _in(shape, lattice) if asked.metres is None else _near(shape, asked.metres, lattice)
        times = AtTimes(past.start_us[of], past.end_us[of])
        parts.append(there if at_us is not None else Every((times, there)))
    return joined(Some, parts)


def _alike(past: History) -> list[Ints]:
    """Return the versions that have the same shape, for each shape."""
    shapes = np.unique(shapely.to_wkb(past.shapes), return_inverse=True)[1] if len(past) else np.empty(0, int)
    return [np.flatnonzero(shapes == number) for number in range(shapes.max(initial=-1) + 1)]


def _in(shape: BaseGeometry, lattice: Lattice) -> InRegion:
    """Return the site of a shape; of a line or a point every cell is on the edge."""
    if shape.geom_type in _AREAS:
        region = Region.of(shape, cover(shape, lattice), ())
        return InRegion(region, Extent.of(region, [shape.bounds]))
    extent = around(np.array([shape], object), 0.0, lattice)
    starts, stops = np.array(extent.ranges, np.int64).reshape(-1, 2).T
    nothing = np.empty(0, np.int64)
    region = Region(shape, starts, stops, np.zeros(len(starts), np.bool_), nothing, nothing)
    return InRegion(region, extent)


def _near(shape: BaseGeometry, metres: float, lattice: Lattice) -> NearShape:
    return NearShape(shape, metres, around(np.array([shape], object), metres, lattice))


def _point(asked: Beside, lattice: Lattice) -> BaseGeometry:
    x, y = project(asked.lon, asked.lat, LONLAT, lattice.crs)
    if not np.isfinite(x):
        raise InvalidInput(
            "area-not-projectable", f"lon {asked.lon:g}, lat {asked.lat:g} is farther than the city's CRS reaches",
            hint="ask for a place in the city",
        )  # fmt: skip
    return shapely.Point(float(x), float(y))
