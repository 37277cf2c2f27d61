"""Partners: features that events are joined with, of a layer, as they were known, or in memory, at all times alike.

Tested by `tests/paas/query/test_memory.py` and `tests/conformance/test_joins.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.paas.query.join.how import How
from stcloud.paas.query.resolve.features import Features
from stcloud.paas.query.resolve.prepared import Prepared, prepared, taken
from stcloud.paas.query.resolve.scope import Scope
from stcloud.time import Zone

if TYPE_CHECKING:
    from stcloud.daas.load.memory_geometries import MemoryGeometries

__all__ = ["LayerPartners", "MemoryPartners", "Partners"]


class Partners(Protocol):
    """Features that events are joined with."""

    @property
    def name(self) -> str:
        """Text before the names of their columns."""

    @property
    def versioned(self) -> bool:
        """Whether they have keys and periods."""

    def described(self, at_us: int | None, zone: Zone) -> str:
        """Return what is joined, for people; ``at_us``: the instant at which features are taken."""

    def prepared(self, how: How, scope: Scope) -> Prepared:
        """Return what may be partners of the events of a scope, ready to be searched."""


@dataclass(frozen=True, slots=True)
class LayerPartners:
    """Features of a layer as they were known at an instant."""

    layer: Features
    known_us: int

    versioned = True

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.layer.name

    def described(self, at_us: int | None, zone: Zone) -> str:
        """Return the layer and its instants."""
        when = "each event's own time" if at_us is None else zone.iso(at_us)
        return f"{self.name} at {when}, known at {zone.iso(self.known_us)}"

    def prepared(self, how: How, scope: Scope) -> Prepared:
        """Return what may be partners of the events of a scope."""
        return prepared(self.layer, self.known_us, how, scope)


@dataclass(frozen=True, slots=True)
class MemoryPartners:
    """Geometries in memory with the columns of their rows, and ``row``, the number of the row from 1.

    Parameters
    ----------
    rows
        The geometries.
    crs
        The city's CRS.
    """

    rows: MemoryGeometries
    crs: str

    name = "joined"
    versioned = False

    def described(self, at_us: int | None, zone: Zone) -> str:
        """Return what the rows are."""
        del at_us, zone
        return self.rows.name

    def prepared(self, how: How, scope: Scope) -> Prepared:
        """Return all of them; of several that hold an event, the first row comes first."""
        from stcloud.index import AsOfIndex  # noqa: PLC0415  (numba is slow to import)

        del how, scope
        shapes = self.rows.projected(self.crs)
        count = len(shapes)
        numbers = pa.array(np.arange(1, count + 1))
        keys = [f"{number:012}" for number in range(1, count + 1)]
        partners = AsOfIndex.of(keys, np.full(count, ALWAYS), np.full(count, FOREVER), shapes)
        columns = pa.table(
            [numbers, *self.rows.columns.columns], names=["row", *self.rows.columns.schema.names]
        )
        return Prepared(partners, lambda version: taken(columns, version))
