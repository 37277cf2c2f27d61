"""Kinds of rows, as queries know them: their columns, order and words; and the registry of kinds.

Tested by `tests/conformance/test_kinds.py`.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

from stcloud.daas.catalogue import Layer
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.definition import EventDefinition
from stcloud.daas.table.feature import Ends
from stcloud.daas.table.schema import UNIT, Attribute
from stcloud.errors import InternalError, InvalidInput, Unsupported
from stcloud.paas.query.filter import Names
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.label import zoned
from stcloud.paas.query.plan.resolving import RowsOfKind
from stcloud.paas.query.plan.row_source import RowSource
from stcloud.paas.query.plan.size import SIZES
from stcloud.time import Zone

__all__ = ["EventRowKind", "FeatureRowKind", "RowKind", "register_kind", "row_kind"]

_BUILT_IN = "stcloud.paas.query.compile.registered"
"""Registers the kinds that come with stcloud: it lies above, and is imported when the first one is asked for."""


class RowKind(ABC):
    """What queries know of the rows of a kind of layers.

    What resolves and compiles queries about them is registered with it; see `register_kind`.
    """

    keys: tuple[str, str]
    """Columns that rows are ordered by where no order is given, and that identify them."""
    in_order: bool
    """Whether an engine gives rows in order, page by page; else they are ordered when all are there."""
    indexed: bool
    """Whether rows have a cell of a unit grid, and are joined with features."""
    then: str
    """As of when features that a place names are taken, in words."""
    own: tuple[str, ...]
    """Our columns that rows are given with."""
    default_relation: str | None
    """How periods of rows lie to a time, where no relation is given; None: rows start in it."""

    @abstractmethod
    def own_columns(self, layer: Layer) -> dict[str, Attribute]:
        """Return our columns that may be queried by their names."""

    @abstractmethod
    def names(self, layer: Layer, attributes: Mapping[str, Attribute]) -> Names:
        """Return what may be named in filters, given the columns that may be."""

    @abstractmethod
    def row_schema(self, layer: Layer, zone: Zone) -> pa.Schema:
        """Return names and types of the rows, as they are shown."""

    @abstractmethod
    def has_period(self, layer: Layer) -> bool:
        """Tell whether rows have an end."""

    @abstractmethod
    def period(self, layer: Layer, end: str | None) -> tuple[str, str]:
        """Return the columns of the period in which a row holds; ``end`` names another end."""

    def always(self) -> tuple[Condition, ...]:
        """Return the conditions under which rows of any time are given."""
        return ()

    @abstractmethod
    def require_valid(self, layer: Layer) -> None:
        """Refuse rows that are not there for a time; `InvalidInput` ``not-features``."""

    @abstractmethod
    def require_indexed(self, layer: Layer, doing: str) -> None:
        """Refuse to do what is done with rows that are points; `InvalidInput` ``not-events``."""


class EventRowKind(RowKind):
    """Events: they happen at a place and a time."""

    keys = ("st_time", "st_key")
    in_order = True
    indexed = True
    then = "as it was at each event's own time"
    default_relation = None
    own = ("st_key", "st_time", "st_time_to", "st_x", "st_y", "st_cell", "st_unplaced")
    """Our columns that rows are given with."""

    def own_columns(self, layer: Layer) -> dict[str, Attribute]:
        """Return key, start, and end where there is one."""
        kinds = {"st_key": "text", "st_time": "instant"}
        kinds |= {"st_time_to": "instant"} if self.has_period(layer) else {}
        return {name: Attribute(name, name, kind) for name, kind in kinds.items()}

    def names(self, layer: Layer, attributes: Mapping[str, Attribute]) -> Names:
        """Return what may be named in filters."""
        return Names.of_events(attributes, lasting=self.has_period(layer))

    def row_schema(self, layer: Layer, zone: Zone) -> pa.Schema:
        """Return names and types of the rows, as they are shown."""
        stored = layer.snapshot.schema
        fields = [stored.field(name) for name in self.own[:2]]
        fields += [stored.field("st_time_to")] if self.has_period(layer) else []
        fields += _attributes(layer)
        fields += [stored.field(name) for name in self.own[3:]]
        fields += [stored.field(UNIT)] if UNIT in stored.names else []
        return _shown(fields, zone)

    def has_period(self, layer: Layer) -> bool:
        """Tell whether the layer's events have an end."""
        return isinstance(layer.definition, EventDefinition) and layer.definition.time.end is not None

    def period(self, layer: Layer, end: str | None) -> tuple[str, str]:
        """Return the columns of start and end; `InvalidInput` ``no-period``."""
        if end is None and not self.has_period(layer):
            raise InvalidInput(
                "no-period", f"events of '{layer.name}' have no end: they hold at no instant",
                hint="name the column of their ends, e.g. end=\"closed_at\"",
                in_shell="name the column of their ends, e.g. --end closed_at",
            )  # fmt: skip
        return "st_time", "st_time_to" if end is None else end

    def require_valid(self, layer: Layer) -> None:
        """Refuse: events are not there, they happen."""
        raise InvalidInput(
            "not-features", f"layer '{layer.name}' holds events: they are not there, they happen",
            hint="ask when they happened",
        )  # fmt: skip

    def require_indexed(self, layer: Layer, doing: str) -> None:
        """Refuse nothing: events are points."""


class FeatureRowKind(RowKind):
    """Features: they are there for a time, and have a shape."""

    keys = ("st_key", "st_valid_from")
    in_order = False
    indexed = False
    then = "as it was then"
    default_relation = "intersects"
    own = (
        "st_key", "st_valid_from", "st_valid_to", "st_recorded_from", "st_recorded_to", "st_load", "st_geom",
    )  # fmt: skip
    """Our columns that rows are given with; the layer's own stand before the shape."""

    def __init__(self, always: tuple[Condition, ...]) -> None:
        self._always = always

    def own_columns(self, layer: Layer) -> dict[str, Attribute]:  # noqa: ARG002
        """Return key, start, end, length and area."""
        kinds = {"st_key": "text", "st_valid_from": "instant", "st_valid_to": "instant"}
        kinds |= dict.fromkeys(SIZES, "number")
        return {name: Attribute(name, name, kind) for name, kind in kinds.items()}

    def names(self, layer: Layer, attributes: Mapping[str, Attribute]) -> Names:  # noqa: ARG002
        """Return what may be named in filters."""
        return Names.of_features(attributes)

    def row_schema(self, layer: Layer, zone: Zone) -> pa.Schema:
        """Return names and types of the rows, as they are shown."""
        own = [layer.snapshot.schema.field(name) for name in self.own]
        return _shown([*own[:-1], *_attributes(layer), own[-1]], zone)

    def has_period(self, layer: Layer) -> bool:  # noqa: ARG002
        """Return True."""
        return True

    def period(self, layer: Layer, end: str | None) -> tuple[str, str]:
        """Return the columns of valid time; `InvalidInput` ``not-events``: another end is named."""
        if end is not None:
            self.require_indexed(layer, "name an end of")
        return "st_valid_from", "st_valid_to"

    def always(self) -> tuple[Condition, ...]:
        """Return that features may have been there at any time."""
        return self._always

    def require_valid(self, layer: Layer) -> None:
        """Refuse nothing: features are there for a time."""

    def require_indexed(self, layer: Layer, doing: str) -> None:
        """Refuse: features are no points."""
        raise InvalidInput(
            "not-events", f"cannot {doing} '{layer.name}': it holds features",
            hint="ask it of a layer of events",
        )  # fmt: skip


Rows: TypeAlias = Callable[[Callable[[], Ends]], RowsOfKind]
"""Makes the rows that conditions are resolved for, given what returns the layer's ends of belief."""
Source: TypeAlias = Callable[[Any, Any, CityConfiguration], RowSource]
"""Makes the source of rows, given a `Resolution`, a layer and its city's configuration."""


@dataclass(frozen=True, slots=True)
class _Registered:
    kind: RowKind
    rows: Rows
    source: Source


_KINDS: dict[str, _Registered] = {}


def register_kind(name: str, kind: RowKind, rows: Rows, source: Source) -> None:
    """Register what queries know of a kind of layers.

    Parameters
    ----------
    name
        The kind, as definitions name it.
    kind
        Its rows.
    rows
        Makes what its conditions are resolved for.
    source
        Makes what its queries are compiled from.

    Raises
    ------
    InternalError
        ``kind-registered``: the name is that of another kind.
    """
    if name in _KINDS:
        raise InternalError("kind-registered", f"queries know a kind '{name}' already")
    _KINDS[name] = _Registered(kind, rows, source)


def row_kind(layer: Layer) -> RowKind:
    """Return what queries know of a layer's kind; `Unsupported` ``no-queries``: nothing."""
    return _registered(layer).kind


def rows_of_kind(layer: Layer) -> Rows:
    """Return what makes the `RowsOfKind` of a layer; raises as `row_kind`."""
    return _registered(layer).rows


def source_of_kind(layer: Layer) -> Source:
    """Return what makes the `RowSource` of a layer; raises as `row_kind`."""
    return _registered(layer).source


def _registered(layer: Layer) -> _Registered:
    if layer.kind not in _KINDS:
        importlib.import_module(_BUILT_IN)  # of who asks for a kind before any question is asked
    registered = _KINDS.get(layer.kind)
    if registered is None:
        raise Unsupported(
            "no-queries", f"layer '{layer.name}' is of kind '{layer.kind}', which is not asked by queries",
            hint="register the kind: stcloud.paas.query.plan.row_kind.register_kind",
        )  # fmt: skip
    return registered


def _attributes(layer: Layer) -> list[pa.Field]:
    stored = layer.snapshot.schema
    return [pa.field(attribute.name, stored.field(attribute.stored).type) for attribute in layer.attributes]


def _shown(fields: list[pa.Field], zone: Zone) -> pa.Schema:
    return pa.schema([pa.field(field.name, zoned(field.type, zone)) for field in fields])
