"""What conditions are given to be resolved: the kind of rows that they test, and what reads other layers.

Tested by `tests/conformance/test_conditions.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from stcloud.daas.table.feature import Ends
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.resolved import Resolved
from stcloud.space import Lattice

if TYPE_CHECKING:
    import pyarrow as pa
    from shapely.geometry.base import BaseGeometry

    from stcloud.paas.query.place.extent import Box, Extent
    from stcloud.paas.query.place.formula import Formula
    from stcloud.paas.query.place.region import Region
    from stcloud.paas.query.place.spec import Named
    from stcloud.paas.query.place.versions import History
    from stcloud.space.tilepixels import TilePixels
    from stcloud.time import PublishedDays, Spans, Zone

__all__ = ["Reader", "Resolving", "RowsOfKind", "Somewhere"]


class Somewhere(Protocol):
    """A place in two forms: cells, for points, and an area, for shapes."""

    def region(self, lattice: Lattice) -> Region:
        """Return what points are tested against."""

    def boxes(self, lattice: Lattice) -> list[Box]:
        """Return ``(xmin, ymin, xmax, ymax)`` that together hold it; closed, metres."""

    def area(self, lattice: Lattice) -> BaseGeometry:
        """Return all of it as one geometry, in the city's CRS."""


class Reader(Protocol):
    """Reads what places name of other layers."""

    def history(self, named: Named, at_us: int | None, span: tuple[int, int]) -> History | None:
        """Return the versions of features that are named; None: they are not to be read."""

    def duty_cells(self, layer: str, duties: tuple[str, ...]) -> Any:
        """Return the cells of duty grids; None: they are not to be read."""

    def extent(self, named: Named, lattice: Lattice) -> Extent | None:
        """Return what holds all features of the layer by its log; None: no bound is known."""

    def holders(self, group: Any, scope: Any) -> Callable[[pa.RecordBatch], pa.Array]:
        """Return what names the features of a group that held rows, which lie in a scope."""

    def members(self, group: Any) -> pa.Table | None:
        """Return who had which unit cell when, of the duty grids of a group; None: they are not to be read."""


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

    def tiled(
        self, pixels: TilePixels, buffer: int, lattice: Lattice, *, roughly: bool
    ) -> tuple[Resolved, ...]:
        """Return the conditions that rows lie on a tile, or near it; shapes may, so far beyond it, in units."""

    @property
    def ends(self) -> Ends:
        """Until when rows are believed that do not hold the end themselves."""

    def window(self, conditions: Iterable[Condition]) -> tuple[int, int]:
        """Return when rows may be, or may have been there, half-open, UTC microseconds."""

    def of_group(self, by: Any, value: Any, spans: Spans | None, resolving: Resolving) -> Resolved:
        """Return the condition that rows are of a group; parameters as for `OfGroup`."""

    def located(
        self,
        formula: Formula,
        reader: Reader,
        lattice: Lattice,
        window: tuple[int, int],
        restated_us: int | None,
    ) -> Resolved:
        """Return the condition that rows lie where a formula of places says; reads the layers that it names.

        ``restated_us`` is the instant for which codes of unit cells stand; None: each row's own.
        """


class Resolving(Protocol):
    """Resolves the conditions of one plan."""

    @property
    def rows(self) -> RowsOfKind:
        """The kind of the rows."""

    @property
    def lattice(self) -> Lattice:
        """The city's."""

    @property
    def zone(self) -> Zone:
        """The city's."""

    @property
    def window(self) -> tuple[int, int]:
        """When rows may be, or may have been there, half-open, UTC microseconds."""

    @property
    def restated_us(self) -> int | None:
        """The instant for which codes of unit cells stand; None: each row's own."""

    @property
    def reader(self) -> Reader:
        """Reads other layers."""

    @property
    def published(self) -> PublishedDays:
        """The days that the city has published, as known where the question is pinned."""

    def located(self, formula: Formula) -> Resolved:
        """Return the condition that rows lie where a formula of places says; reads the layers that it names."""
