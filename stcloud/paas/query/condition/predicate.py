"""What: a CQL2 filter that fits a layer, in parts: SQL, a place to prune by, and a function for the rest.

Values are bound, never pasted. Nulls follow SQL's three values: a comparison with null is unknown, and unknown is not
kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput
from stcloud.paas.query.condition.filtered import Filtered, FilteredInMemory
from stcloud.paas.query.condition.place import Place
from stcloud.paas.query.filter import Checker, Names, Node, bounds_of, conjuncts, in_sql, parse_filter
from stcloud.paas.query.filter.node import SPATIAL, Call, Constant, Shape
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.limits import NO_LIMITS, Limits, TimeRange
from stcloud.paas.query.plan.resolved import Resolved
from stcloud.paas.query.plan.resolving import Resolving
from stcloud.space import read_crs
from stcloud.time import Zone

__all__ = ["Predicate"]

_AREAS = ("Polygon", "MultiPolygon")
_MARGIN_M = 1.0


@dataclass(frozen=True, slots=True)
class Predicate(Condition):
    """A filter that fits a layer.

    Parameters
    ----------
    json
        CQL2-JSON in canonical text.
    text
        As it was written.
    crs
        CRS of the geometry that is written in it; None: longitude and latitude.
    condition
        The same, checked against the layer's columns.

    Examples
    --------
    >>> Predicate.read("height > 3", {"height": Attribute("height", "height", "number")}, Zone("UTC")).json
    '{"op": ">", "args": [{"property": "height"}, 3.0]}'
    """

    json: str
    text: str
    crs: str | None
    condition: Node = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"what {self.text}" if self.crs is None else f"what {self.text} ({self.crs})"

    @classmethod
    def read(
        cls,
        expression: str | Mapping[str, Any],
        names: Mapping[str, Attribute] | Names,
        zone: Zone,
        *,
        city: str | None = None,
        crs: str | None = None,
    ) -> Predicate:
        """Read CQL2 text or JSON and check it against a layer's columns.

        Parameters
        ----------
        expression
            The filter.
        names
            What it may name: columns, or columns and special properties.
        zone
            The city's.
        city, crs
            The city's CRS and that of written geometry (None: longitude and latitude); without ``city``
            coordinates are taken as they are written.

        Raises
        ------
        InvalidInput
            ``unreadable-filter``, ``wrong-type``, ``inexact-number``, ``impossible-date``, ``bad-pattern``,
            ``empty-period``, ``unreadable-geometry``, ``unknown-crs`` and those of areas.
        NotFound
            ``unknown-column``, with the nearest.
        Unsupported
            ``unsupported-operator``: no such operator or function.
        """
        if crs is not None:
            read_crs(crs)  # whether or not the filter needs it
        known = names if isinstance(names, Names) else Names(names)
        tree = parse_filter(expression)
        text = expression if isinstance(expression, str) else json.dumps(expression, ensure_ascii=False)
        checker = Checker(known, zone, city, crs)
        node = checker.value(tree)
        if node.kind != "boolean":
            raise InvalidInput("wrong-type", f"'{text.strip()}' is of kind {node.kind}, not a condition")
        return cls(json.dumps(tree, ensure_ascii=False), text.strip(), crs, node)

    def resolve(self, resolving: Resolving) -> tuple[Resolved, ...]:
        """Return its parts in SQL, those that SQL cannot express, and the areas that points must lie in."""
        parts = tuple(conjuncts(self.condition))
        plain = tuple(part for part in parts if in_sql(part))
        rest = tuple(part for part in parts if not in_sql(part) and not _is_place_alone(part))
        limits = Limits(times=self._times(), areas=self._areas())
        filters: list[Resolved] = [Filtered(plain, limits)] if plain or not rest else []
        filters += [FilteredInMemory(rest, NO_LIMITS if plain else limits)] if rest else []
        areas = [
            Place(shape, (), f"by {self.text}") for shape in map(_area_of_points, parts) if shape is not None
        ]
        return (*filters, *(resolving.rows.placed(area, resolving.lattice) for area in areas))

    def _times(self) -> tuple[TimeRange, ...] | None:
        """Return the closed range that holds the start of every event that is kept."""
        ends = bounds_of([self.condition], "st_time")
        return None if ends == (None, None) else (ends,)

    def _areas(self) -> tuple[BaseGeometry, ...]:
        """Return boxes, each of which the geometry of every row that is kept must meet."""
        shapes = [shape for part in conjuncts(self.condition) if (shape := _narrowing(part)) is not None]
        return tuple(shapely.box(*shape.bounds) for shape in shapes)


def _narrowing(part: Node) -> BaseGeometry | None:
    """Return the geometry that rows' own must meet lest a condition be false."""
    if not isinstance(part, Call) or part.operator not in SPATIAL or part.operator == "s_disjoint":
        return None
    own = [argument for argument in part.arguments if isinstance(argument, Shape)]
    written = [argument.value for argument in part.arguments if isinstance(argument, Constant)]
    return written[0] if own and written and not written[0].is_empty else None


def _narrowing_points(part: Node) -> BaseGeometry | None:
    """Return the same where rows' places are points."""
    points = isinstance(part, Call) and any(
        isinstance(argument, Shape) and len(argument.stored) == 2 for argument in part.arguments
    )
    return _narrowing(part) if points else None


def _area_of_points(part: Node) -> BaseGeometry | None:
    """Return an area that points must lie in lest a condition be false."""
    shape = _narrowing_points(part)
    return None if shape is None else _area(shape)


def _area(shape: BaseGeometry) -> BaseGeometry:
    """Return an area that holds a shape: itself, or its bounding box."""
    if shape.geom_type in _AREAS:
        return shape
    west, south, east, north = shape.bounds
    return shapely.box(west - _MARGIN_M, south - _MARGIN_M, east + _MARGIN_M, north + _MARGIN_M)


def _is_place_alone(part: Node) -> bool:
    """Tell whether a condition is only that points lie in an area or on its edge."""
    shape = _narrowing_points(part)
    return (
        shape is not None
        and shape.geom_type in _AREAS
        and isinstance(part, Call)
        and part.operator == "s_intersects"
    )
