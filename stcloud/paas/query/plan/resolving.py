"""What conditions are given to be resolved: the kind of rows that they test, and what reads other layers.

Tested by `tests/conformance/test_conditions.py`.
"""

from __future__ import annotations

from typing import Protocol

from shapely.geometry.base import BaseGeometry

from stcloud.paas.query.place.extent import Box
from stcloud.paas.query.place.formula import Formula
from stcloud.paas.query.place.region import Region
from stcloud.paas.query.plan.resolved import Resolved
from stcloud.space import Lattice

__all__ = ["Resolving", "RowsOfKind", "Somewhere"]


class Somewhere(Protocol):
    """A place in two forms: cells, for points, and an area, for shapes."""

    def region(self, lattice: Lattice) -> Region:
        """Return what points are tested against."""

    def boxes(self, lattice: Lattice) -> list[Box]:
        """Return ``(xmin, ymin, xmax, ymax)`` that together hold it; closed, metres."""

    def area(self, lattice: Lattice) -> BaseGeometry:
        """Return all of it as one geometry, in the city's CRS."""


class RowsOfKind(Protocol):
    """How the rows of a kind of layers lie in both times and in space."""

    @property
    def period(self) -> tuple[str, str]:
        """Names of the columns that hold when a row began and ended."""

    def believed(self, at_us: int, own: Resolved) -> Resolved:
        """Return the condition that rows were believed at an instant, UTC microseconds.

        ``own`` is the condition where rows hold the end of their belief themselves.
        """

    def placed(self, place: Somewhere, lattice: Lattice) -> Resolved:
        """Return the condition that rows lie in a place."""


class Resolving(Protocol):
    """Resolves the conditions of one plan."""

    @property
    def rows(self) -> RowsOfKind:
        """The kind of the rows."""

    @property
    def lattice(self) -> Lattice:
        """The city's."""

    def located(self, formula: Formula) -> Resolved:
        """Return the condition that rows lie where a formula of places says; reads the layers that it names."""
