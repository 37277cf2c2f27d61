"""What of a layer's stored rows a rule lets be seen: which columns, which rows, and what stands for their values.

Tested by `tests/saas/rights/test_permitted.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stcloud.daas.table.schema import UNIT, Attribute, attributes
from stcloud.errors import InvalidInput
from stcloud.paas.query.plan.plan import Plan, Rows, Scan
from stcloud.paas.query.plan.resolved import Masking, Resolved, columns_of
from stcloud.paas.query.resolve.resolver import Resolver
from stcloud.space import Block, Lattice, parse_cell_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stcloud.city import City
    from stcloud.daas.catalogue import Layer
    from stcloud.daas.definition import Definition
    from stcloud.paas.query import Query
    from stcloud.saas.rights.rule import PolicyRule

__all__ = [
    "StoredPart", "hidden_columns", "needed_columns", "row_conditions", "shown_layer", "visible_definition",
    "visible_schema",
]  # fmt: skip

_CODE_DIGITS = 16
_PLACE = ("st_x", "st_y", "st_cell")
_EVENT_ORDER = ("st_cell", "st_time")


def needed_columns(definition: Definition) -> frozenset[str]:
    """Return the columns that the key, the time and the place of rows are made of, as a layer has them."""
    names = {definition.column(name).rename or name for name in definition.roles}
    return frozenset({*definition.roles, *names})


def hidden_columns(rule: PolicyRule, layer: Layer) -> frozenset[str]:
    """Return the names of a layer's columns that are not there for who is granted a rule.

    What the key, the time and the place of rows are made of is always there; where only cells of positions are given,
    columns of coordinates are not.
    """
    definition = layer.definition
    names = {attribute.name for attribute in layer.attributes}
    needed = needed_columns(definition)
    hidden = set(rule.hide) if rule.columns is None else names - {*rule.columns, *rule.mask}
    hidden -= needed
    if rule.position is not None:
        space = set(definition.space.columns)
        hidden |= space | {definition.column(name).rename or name for name in space}
    return frozenset(hidden & names)


def visible_schema(rule: PolicyRule, layer: Layer) -> pa.Schema:
    """Return the schema of a layer's table without what is hidden; hashed columns are text."""
    hidden = hidden_columns(rule, layer)
    by_stored = {attribute.stored: attribute for attribute in layer.attributes}
    fields = []
    for field in layer.snapshot.schema:
        attribute = by_stored.get(field.name)
        if attribute is None:
            if field.name != UNIT or rule.position is None:
                fields.append(field)
        elif attribute.name not in hidden:
            hashed = rule.mask.get(attribute.name) == "hash"
            fields.append(Attribute(attribute.name, attribute.stored, "text").field if hashed else field)
    return pa.schema(fields)


def visible_definition(rule: PolicyRule, layer: Layer) -> Definition:
    """Return a layer's definition without what it says of columns that are hidden, or not shown as they are."""
    hidden = hidden_columns(rule, layer)
    gone = {*hidden, *rule.mask}
    unseen = {*hidden, *(name for name, way in rule.mask.items() if way == "drop")}
    columns = {
        name: column
        for name, column in layer.definition.columns.items()
        if name not in gone and column.rename not in gone
    }
    personal = tuple(name for name in layer.personal if name not in unseen)
    return layer.definition.model_copy(update={"columns": columns, "personal": personal})


def row_conditions(rule: PolicyRule, city: City, layer: str) -> Query:
    """Return the question for the rows that a rule lets be seen, of the whole city."""
    query = city.query(layer)
    query = query.what(*rule.what) if rule.what else query
    query = query.where(*rule.where) if rule.where else query
    return query.when(*rule.when) if rule.when else query


@dataclass(frozen=True, slots=True, eq=False)
class StoredPart:
    """The part of a layer's stored rows that may be seen, whenever they were believed.

    Parameters
    ----------
    rule
        What may be seen.
    schema
        Of the rows as they are shown.
    columns
        Names of columns as they are stored, by what is done with them.
    keeps
        Keeps the rows that may be seen.
    lattice
        The city's.
    secret
        What codes of hashed columns are made with.
    loads
        By the identity of a load what stands for it: it is a digest of a whole file.
    """

    rule: PolicyRule
    schema: pa.Schema
    columns: Mapping[str, str]
    keeps: Masking
    lattice: Lattice
    secret: bytes
    loads: Mapping[str, str]

    @classmethod
    def of(cls, rule: PolicyRule, city: City, layer: Layer, secret: bytes) -> StoredPart:
        """Resolve what a rule says of a layer of the whole city; reads the layers that its places name."""
        conditions = _resolved(row_conditions(rule, city, layer.name))
        lacking = columns_of(conditions) - set(layer.snapshot.schema.names)
        if lacking:
            raise InvalidInput(
                "unstored-limit", f"rows of layer '{layer.name}' cannot be limited by {', '.join(sorted(lacking))}: "
                "it is computed, and not stored", hint="limit rows by columns, places and times",
            )  # fmt: skip
        stored = {
            attribute.stored: rule.mask[attribute.name]
            for attribute in layer.attributes
            if attribute.name in rule.mask
        }
        return cls(
            rule, visible_schema(rule, layer), stored, Masking(conditions), city.configuration.lattice, secret,
            {load.load: str(load.recorded_at_us) for load in layer.loads},
        )  # fmt: skip

    @property
    def order(self) -> tuple[str, ...]:
        """Columns by which rows as they are shown are to be sorted again; none: they are in order as they come."""
        return () if self.rule.position is None else _EVENT_ORDER

    def shown(self, rows: pa.Table) -> pa.Table:
        """Return the rows of a piece of a file that may be seen, as they are shown."""
        batches = [self.keeps(batch) for batch in rows.combine_chunks().to_batches()]
        kept = pa.Table.from_batches(batches, rows.schema)
        kept = self._generalised(kept) if self.rule.position is not None else kept
        columns = {
            name: self._masked(name, kept[name]) for name in self.schema.names if name in kept.schema.names
        }
        fields = [field for field in self.schema if field.name in columns]
        return pa.table([columns[field.name] for field in fields], schema=pa.schema(fields))

    def _masked(self, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
        if name == "st_load":
            return pa.chunked_array(
                [pa.array([self.loads.get(load) for load in column.to_pylist()], pa.string())]
            )
        way = self.columns.get(name)
        if way is None:
            return column
        kind = self.schema.field(name).type
        if way == "drop":
            return pa.chunked_array([pa.nulls(len(column), kind)])
        texts = column.cast(pa.string()).to_pylist()
        codes = {text: self._code(name, text) for text in set(texts) if text is not None}
        return pa.chunked_array([pa.array([codes.get(text) for text in texts], kind)])

    def _code(self, column: str, text: str) -> str:
        """Return what stands for a value: the same for the same value of a column, and nothing without the secret."""
        digest = hmac.digest(self.secret, f"{column}\0{text}".encode(), hashlib.sha256)
        return digest.hex()[:_CODE_DIGITS]

    def _generalised(self, rows: pa.Table) -> pa.Table:
        """Return events with the centre of their cell as their place."""
        size = parse_cell_size(str(self.rule.position).removeprefix("cell:"))
        placed = rows["st_x"].is_valid().to_numpy()
        x, y = (rows[name].drop_null().to_numpy() for name in _PLACE[:2])
        cells = (
            size.of(self.lattice.cells(x, y)) if isinstance(size, Block) else self.lattice.cells(x, y, size)
        )
        at = self.lattice.centres(cells)
        values = dict(zip(_PLACE, (*at, self.lattice.cells(*at)), strict=True))
        places = pa.array(np.cumsum(placed) - 1, pa.int64(), mask=~placed)
        for name, value in values.items():
            field = rows.schema.field(name)
            column = pa.array(value, field.type).take(places)
            rows = rows.set_column(rows.schema.get_field_index(name), field, column)
        return rows


def _resolved(query: Query) -> tuple[Resolved, ...]:
    """Return the conditions of a question, which tell of any stored row whether it is meant."""
    plan = Plan((Scan(query.subject.layer.name), *query.conditions, Rows()))
    return Resolver(query.subject, None).resolution(plan).conditions


def shown_layer(layer: Layer, rule: PolicyRule) -> Layer:
    """Return a layer of which some columns are hidden, and all rows are there."""
    schema = visible_schema(rule, layer)
    return replace(
        layer, definition=visible_definition(rule, layer), snapshot=replace(layer.snapshot, schema=schema),
        attributes=attributes(schema),
    )  # fmt: skip
