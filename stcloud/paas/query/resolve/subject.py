"""What a question is about.

Tested by `tests/conformance/test_engines.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stcloud.daas.catalogue import Layer
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput
from stcloud.iaas.engine.model import Engine
from stcloud.paas.query.answer.coded import CodedColumns, Coding
from stcloud.paas.query.filter import Names
from stcloud.paas.query.plan.row_kind import RowKind, row_kind
from stcloud.time import NO_PUBLISHED_DAYS, PublishedDays, Zone

if TYPE_CHECKING:
    from stcloud.paas.cache import Cache
    from stcloud.paas.query.parse.units import UnitIndex
    from stcloud.paas.query.resolve.features import Features
    from stcloud.paas.query.resolve.measured import ValueSource

__all__ = ["Subject"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a question is about: one version of a layer, its city, and the engine that will run it."""

    layer: Layer
    configuration: CityConfiguration
    engine: Engine
    index: UnitIndex | None = None
    """Of the events on a unit grid."""
    features: Callable[[str], Features] | None = None
    """Gives a layer of features of the same city."""
    clock: Callable[[], int] | None = None
    """Returns the present instant in UTC microseconds, which relative times are seen from; None: it must be given."""
    coding: Coding | None = None
    """Gives the columns of a layer that hold codes; None: codes have no names."""
    calendar: Callable[[], PublishedDays] | None = None
    """Gives all that the city has published of its working days; None: nothing."""
    values: Callable[[str], ValueSource] | None = None
    """Gives a layer of the same city that was measured: a series, or scenes."""
    answers: Cache | None = None
    """Keeps answers of which parts are asked for one after the other; None: none are kept."""

    @property
    def kind(self) -> RowKind:
        """What queries know of the layer's kind; `Unsupported` ``no-queries``: nothing."""
        return row_kind(self.layer)

    @property
    def zone(self) -> Zone:
        """The city's time zone."""
        return self.configuration.zone

    @property
    def attributes(self) -> dict[str, Attribute]:
        """The layer's own columns, by name."""
        return {attribute.name: attribute for attribute in self.layer.attributes}

    @property
    def columns(self) -> dict[str, Attribute]:
        """What may be measured: the layer's own columns, and ours."""
        return self.attributes | self.kind.own_columns(self.layer)

    @property
    def coded(self) -> CodedColumns:
        """The layer's columns that hold codes, by name."""
        return {} if self.coding is None else self.coding(self.layer.definition)

    @property
    def names(self) -> Names:
        """What may be named in filters and measures: columns, and what every row has."""
        return self.kind.names(self.layer, self.columns)

    def published(self) -> PublishedDays:
        """Return all that the city has published of its working days."""
        return NO_PUBLISHED_DAYS if self.calendar is None else self.calendar()

    def other(self, layer: str) -> Features:
        """Return a layer of features of the same city; `InvalidInput` ``no-features``, ``not-features``."""
        if self.features is None:
            raise InvalidInput(
                "no-features", "this question knows no other layers", hint="ask with city.query"
            )
        return self.features(layer)

    def measured(self, layer: str) -> ValueSource:
        """Return a layer of the same city that was measured; `InvalidInput` ``no-features``, ``not-measured``."""
        if self.values is None or not isinstance(layer, str):
            raise InvalidInput(
                "no-features", "this question knows no other layers", hint="ask with city.query"
            )
        return self.values(layer)
