"""What layers' tables look like: our ``st_*`` columns, then the source's own.

A source column's name, as people know it, lies in its field's metadata beside the stored name, so the
table describes itself to us and is plain Parquet to everybody else.

Tested by `tests/daas/load/test_event_load.py` and `tests/daas/load/test_drift.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from stcloud.daas.definition import ColumnClause, Definition, stored_name
from stcloud.errors import InvalidDefinition, NotFound, nearest
from stcloud.iaas.source.protocol import Source, declared_types, geometry_column
from stcloud.iaas.source.rejected import REJECTED_COLUMNS
from stcloud.iaas.source.text import Declared

__all__ = [
    "FEATURE_OWN",
    "FEATURE_PART",
    "INSTANT",
    "OWN",
    "PART",
    "UNIT",
    "Attribute",
    "as_defined",
    "attributes",
    "bind_columns",
    "event_schema",
    "feature_schema",
    "has_canonical_keys",
    "refuse_twins",
    "require_columns",
    "types_of",
]

_CANONICAL = "canonical"
INSTANT = pa.timestamp("us", "UTC")
PART = "st_month"
"""Partition of event tables: the month on the city's clock, as text (``2024-03``)."""

OWN = {
    "st_key": pa.string(),
    "st_digest": pa.binary(),
    "st_time": INSTANT,
    "st_time_to": INSTANT,
    "st_x": pa.float64(),
    "st_y": pa.float64(),
    "st_cell": pa.int64(),
    "st_unplaced": pa.string(),
    "st_recorded_from": INSTANT,
    "st_recorded_to": INSTANT,
    "st_load": pa.string(),
}
"""Columns that every event table has: key as text; digest of the source row; when it happened and, for
lasting events, ended (exclusive); where, in the city's CRS (metres), and its 10 m lattice cell, or why it has
no place; since when and until when (exclusive) we believed so; the load that stated so."""

UNIT = "st_unit"
"""Column that event tables have once they are indexed: code of the unit grid's cell that held the event then."""

FEATURE_PART = "st_part"
"""Partition of feature tables: ``rows`` are beliefs, ``ends`` say of a row until when it was believed."""

FEATURE_OWN = {
    "st_key": pa.string(),
    "st_digest": pa.binary(),
    "st_valid_from": INSTANT,
    "st_valid_to": INSTANT,
    "st_geom": pa.binary(),
    "st_xmin": pa.float64(),
    "st_ymin": pa.float64(),
    "st_xmax": pa.float64(),
    "st_ymax": pa.float64(),
    "st_cell": pa.int64(),
    "st_recorded_from": INSTANT,
    "st_recorded_to": INSTANT,
    "st_load": pa.string(),
    "st_row": pa.int64(),
}
"""Columns that every feature table has: key as text; digest of the source row; when it was so (null: no end is
known); WKB in the city's CRS, its bounds (metres) and the 10 m cell of their centre; since when and until when we
believed so; the load that stated the content; the number of the belief, which an end names."""

_EXPORTED = frozenset({*OWN, *FEATURE_OWN, UNIT, "st_fid", *REJECTED_COLUMNS})
"""Columns that our own exports carry: a file that has them is read without them, as they are made anew."""

_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "instant": INSTANT,
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column of the source as the layer keeps it."""

    name: str
    stored: str
    type: str
    title: str | None = None
    unit: str | None = None

    @property
    def field(self) -> pa.Field:
        """The column in the table's schema."""
        metadata = {"stcloud.name": self.name, "stcloud.type": self.type}
        metadata |= {
            f"stcloud.{key}": value for key, value in (("title", self.title), ("unit", self.unit)) if value
        }
        return pa.field(self.stored, _TYPES[self.type], metadata=metadata)


def event_schema(columns: Iterable[Attribute]) -> pa.Schema:
    """Return the schema of an event table with these attributes."""
    return pa.schema([*_own(OWN), pa.field(PART, pa.string()), *(column.field for column in columns)])


def feature_schema(columns: Iterable[Attribute]) -> pa.Schema:
    """Return the schema of a feature table with these attributes."""
    return pa.schema(
        [*_own(FEATURE_OWN), pa.field(FEATURE_PART, pa.string()), *(column.field for column in columns)]
    )


def _own(columns: Mapping[str, pa.DataType]) -> list[pa.Field]:
    canonical = {"stcloud.text": _CANONICAL}
    return [
        pa.field(name, kind, metadata=canonical if name == "st_key" else None)
        for name, kind in columns.items()
    ]


def has_canonical_keys(schema: pa.Schema) -> bool:
    """Tell whether a table says that its keys are the canonical text of values; those of older versions do not."""
    metadata = schema.field("st_key").metadata or {}
    return b"stcloud.text" in metadata


def attributes(schema: pa.Schema) -> tuple[Attribute, ...]:
    """Return the attributes that a table's schema describes, in order."""
    return tuple(_attribute(field) for field in schema if b"stcloud.name" in (field.metadata or {}))


def _attribute(field: pa.Field) -> Attribute:
    metadata = {key.decode(): value.decode() for key, value in field.metadata.items()}
    title, unit = metadata.get("stcloud.title"), metadata.get("stcloud.unit")
    return Attribute(metadata["stcloud.name"], field.name, metadata["stcloud.type"], title, unit)


def as_defined(definition: Definition, columns: Iterable[str]) -> tuple[str, ...]:
    """Return a file's column names as the definition spells them: portals change capitals, not meanings.

    A name that the definition has is left alone; another is taken for the one that differs in case only. A column
    that is declared to be renamed as a key, time, period or place is given that name when the file
    has no such column.
    """
    names = tuple(columns)
    known = {name.casefold(): name for name in (*definition.columns, *definition.required)}
    spelled = [name if name in known.values() else known.get(name.casefold(), name) for name in names]
    names = tuple(new if spelled.count(new) == 1 else old for old, new in zip(names, spelled, strict=True))
    renamed = [_role_of(definition, name, names) for name in names]
    return tuple(new if renamed.count(new) == 1 else old for old, new in zip(names, renamed, strict=True))


def _role_of(definition: Definition, name: str, names: tuple[str, ...]) -> str:
    """Return the column of a key, time, period or place that a column stands for, or its own name."""
    column = definition.columns.get(name)
    renamed = column.rename if column is not None and name not in definition.roles else None
    return renamed if renamed in definition.roles and renamed not in names else name


def bind_columns(
    definition: Definition,
    columns: Iterable[str],
    source: str,
    types: Mapping[str, Declared] | None = None,
    known: Iterable[Attribute] = (),
    *,
    optional: Collection[str] = (),
    geometry: str | None = None,
) -> dict[str, Attribute]:
    """Decide which columns of a source are kept, and as what.

    Columns of ours are kept only where the definition lists them, and no geometry that is not the place is.
    A column has the type that the definition declares; else the one that the layer keeps it as; else the one that
    the file gives it, but that a key is never a float: it is a name, and kept as text.

    Parameters
    ----------
    definition, columns, source
        What the source is, its columns, and what to call it.
    types
        The types that the file gives its columns.
    known, geometry
        What the layer keeps already; the column that the source declares to be its geometry.
    optional
        Columns that this source may lack though the definition lists them; no key, time, period or place.

    Returns
    -------
    Attribute by source column, in file order.

    Raises
    ------
    NotFound
        ``missing-column``: the definition needs a column that the file lacks.
    InvalidDefinition
        ``extra-column``: the definition refuses unlisted columns; ``ambiguous-column``: two stored names are
        equal but for case, or one is empty or begins with ``st_``.
    """
    names = tuple(columns)
    needed = [
        name
        for name in definition.required
        if name in definition.roles or not _allowed(definition, name, optional)
    ]
    require_columns(definition, needed, names, source)
    listed = {*definition.required, *definition.columns}
    extra = [name for name in names if name not in listed and name not in REJECTED_COLUMNS]
    if extra and definition.extra_columns == "refuse":
        raise InvalidDefinition(
            "extra-column",
            f"{source} has a column {extra[0]!r} that definition '{definition.id}' does not list",
        )
    dropped = set(extra) if definition.extra_columns == "ignore" else set()
    dropped |= set(definition.unkept) | {name for name in names if name in _EXPORTED and name not in listed}
    dropped |= {geometry} - listed if geometry is not None else set()
    kinds = _types(definition, names, types or {}, known)
    kept = {name: _kept(name, definition.typed(name, kinds[name])) for name in names if name not in dropped}
    _refuse_twins(kept)
    return kept


def geometry_named(source: Source, names: Iterable[str]) -> str | None:
    """Return the column that a source declares to be its geometry, by the name that the definition has for it."""
    column = geometry_column(source)
    return None if column is None else dict(zip(source.columns, names, strict=True)).get(column)


def types_of(source: Source, names: Iterable[str]) -> dict[str, Declared]:
    """Return the types that a source gives its columns, by the names that the definition has for them."""
    given = declared_types(source)
    return {new: given[old] for old, new in zip(source.columns, names, strict=True) if old in given}


def _types(
    definition: Definition, names: Iterable[str], given: Mapping[str, Declared], known: Iterable[Attribute]
) -> dict[str, str]:
    kept = {attribute.stored: attribute.type for attribute in known}
    types: dict[str, str] = {}
    for name in names:
        kind = given[name].type if name in given else "text"
        kind = "text" if name in definition.key_columns and kind == "number" else kind
        kind = kept.get(stored_name(name), kind)
        types[name] = definition.column(name).type if definition.declares(name) else kind
    return types


def _allowed(definition: Definition, name: str, optional: Collection[str]) -> bool:
    return name in optional or definition.column(name).rename in optional


def require_columns(
    definition: Definition, needed: Iterable[str], columns: Iterable[str], source: str
) -> None:
    """Raise ``missing-column`` for the first needed column that a source lacks."""
    names = tuple(columns)
    for name in needed:
        if name not in names:
            raise _missing(definition, name, names, source)


def _kept(name: str, column: ColumnClause) -> Attribute:
    shown = column.rename or name
    return Attribute(shown, stored_name(shown), column.type, column.title, column.unit)


def _missing(definition: Definition, needed: str, names: tuple[str, ...], source: str) -> NotFound:
    header = ", ".join(names[:40])
    return NotFound(
        "missing-column",
        f"{source} has no column {needed!r}, which definition '{definition.id}' needs (found: {header})",
        nearest=nearest(needed, names),
    )


def _refuse_twins(kept: Mapping[str, Attribute]) -> None:
    seen: dict[str, str] = {}
    for name, attribute in kept.items():
        twin = seen.setdefault(attribute.stored.lower(), name)
        if twin != name:
            raise _ambiguous(f"columns {twin!r} and {name!r} differ in nothing that can be stored", name)
        if not attribute.stored:
            raise _ambiguous("a column has no name", name)
        if attribute.stored.lower().startswith("st_"):
            raise _ambiguous(f"column {name!r} begins with st_, which is stcloud's own", name)


def refuse_twins(known: Iterable[Attribute], wanted: Iterable[Attribute]) -> None:
    """Raise ``ambiguous-column`` for a new column whose stored name differs from a known one in case only."""
    kept = {new.stored.lower(): new for new in known}
    for new in wanted:
        twin = kept.get(new.stored.lower(), new)
        if twin.stored != new.stored:
            message = (
                f"column {new.name!r} differs in nothing that can be stored from the layer's {twin.name!r}"
            )
            raise _ambiguous(message, new.name)


def _ambiguous(message: str, name: str) -> InvalidDefinition:
    return InvalidDefinition("ambiguous-column", message, hint=f'declare columns."{name}".rename')
