"""What: a CQL2 filter that fits a layer, told in parts: SQL, a place to prune by, and a function for the rest.

Values are bound, never pasted. Nulls follow SQL's three values: a comparison with null is unknown, and unknown is not
kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import shapely
from shapely.geometry.base import BaseGeometry
from sqlglot import exp

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput
from stcloud.paas.query.binder import Binder
from stcloud.paas.query.filter import (
    Checker,
    FilterMask,
    Names,
    Node,
    Statement,
    bounds_of,
    conjuncts,
    in_sql,
    parse_filter,
)
from stcloud.paas.query.filter.node import SPATIAL, Call, Constant, Shape
from stcloud.paas.query.place.where import Place
from stcloud.space import read_crs
from stcloud.time import Zone

__all__ = ["Predicate"]

Box: TypeAlias = tuple[float, float, float, float]
_AREAS = ("Polygon", "MultiPolygon")
_MARGIN_M = 1.0


@dataclass(frozen=True, slots=True)
class Predicate:
    """A filter that fits a layer.

    Parameters
    ----------
    json
        CQL2-JSON in canonical text.
    said
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
    said: str
    crs: str | None
    condition: Node = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"what {self.said}" if self.crs is None else f"what {self.said} ({self.crs})"

    @classmethod
    def read(
        cls,
        asked: str | Mapping[str, Any],
        names: Mapping[str, Attribute] | Names,
        zone: Zone,
        *,
        city: str | None = None,
        crs: str | None = None,
    ) -> Predicate:
        """Read CQL2 text or JSON and check it against a layer's columns.

        Parameters
        ----------
        asked
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
            ``empty-period``, ``unreadable-geometry``, ``unknown-crs`` and what is said of areas.
        NotFound
            ``unknown-column``, with the nearest.
        Unsupported
            ``unsupported-operator``: no such operator or function.
        """
        if crs is not None:
            read_crs(crs)  # whether or not the filter needs it
        known = names if isinstance(names, Names) else Names(names)
        tree = parse_filter(asked)
        text = asked if isinstance(asked, str) else json.dumps(asked, ensure_ascii=False)
        checker = Checker(known, zone, city, crs)
        found = checker.value(tree)
        if found.kind != "boolean":
            raise InvalidInput("wrong-type", f"'{text.strip()}' is of kind {found.kind}, not a condition")
        return cls(json.dumps(tree, ensure_ascii=False), text.strip(), crs, found)

    def sql(self, binder: Binder, owner: str | None = None) -> list[exp.Expression]:
        """Return what SQL can say of it: conditions that must all hold; their values go to ``binder``."""
        statement = Statement(binder, owner)
        return [statement.of(part) for part in self.plain]

    @property
    def plain(self) -> tuple[Node, ...]:
        """Conditions that `sql` tells."""
        return tuple(part for part in conjuncts(self.condition) if in_sql(part))

    def mask(self) -> FilterMask | None:
        """Return what neither SQL nor `places` decides, or None."""
        rest = tuple(
            part for part in conjuncts(self.condition) if not in_sql(part) and not _told_by_its_place(part)
        )
        return FilterMask(rest) if rest else None

    def times(self) -> tuple[int | None, int | None]:
        """Return the closed range that holds the start of every event that is kept, UTC microseconds; None: open."""
        return bounds_of([self.condition], "st_time")

    def boxes(self) -> list[Box]:
        """Return boxes, each of which the geometry of every row that is kept must meet; closed, metres."""
        shapes = [_narrowing(part) for part in conjuncts(self.condition)]
        return [shape.bounds for shape in shapes if shape is not None]

    def places(self) -> list[Place]:
        """Return where all rows must lie whose places are points, as far as it is said: all rows, in every one."""
        shapes = [_asked_of_points(part) for part in conjuncts(self.condition)]
        return [Place(_area(shape), (), f"by {self.said}") for shape in shapes if shape is not None]


def _narrowing(part: Node) -> BaseGeometry | None:
    """Return the geometry that rows' own must meet lest a condition be false."""
    if not isinstance(part, Call) or part.operator not in SPATIAL or part.operator == "s_disjoint":
        return None
    own = [one for one in part.arguments if isinstance(one, Shape)]
    written = [one.value for one in part.arguments if isinstance(one, Constant)]
    return written[0] if own and written and not written[0].is_empty else None


def _asked_of_points(part: Node) -> BaseGeometry | None:
    """Return the same where rows' places are points."""
    points = isinstance(part, Call) and any(
        isinstance(one, Shape) and len(one.stored) == 2 for one in part.arguments
    )
    return _narrowing(part) if points else None


def _area(shape: BaseGeometry) -> BaseGeometry:
    """Return an area that holds a shape: itself, or the box around it."""
    if shape.geom_type in _AREAS:
        return shape
    west, south, east, north = shape.bounds
    return shapely.box(west - _MARGIN_M, south - _MARGIN_M, east + _MARGIN_M, north + _MARGIN_M)


def _told_by_its_place(part: Node) -> bool:
    """Tell whether a condition says no more than that points lie in an area or on its edge."""
    shape = _asked_of_points(part)
    return (
        shape is not None
        and shape.geom_type in _AREAS
        and isinstance(part, Call)
        and part.operator == "s_intersects"
    )
