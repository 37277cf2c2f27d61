"""Totals of areas of one version of a layer, carried to the areas of another: `City.carry`.

Tested by `tests/city/test_carrying.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.city.carriedtable import CarriedTotals
from stcloud.city.totalstable import TotalsTable
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.carried.areapieces import AreaPieces, pieces_of_areas
from stcloud.paas.carried.carriedtotals import carry_values
from stcloud.paas.carried.pieceweights import pieces_by_weight
from stcloud.paas.query.answer.pin import GivenKnown, Pin
from stcloud.time import Instant, instant_us

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stcloud.city.city import City
    from stcloud.paas.query.answer.answer import Answer

__all__ = ["GivenVersion", "carry_totals", "read_version"]

GivenVersion = str | tuple[str, Instant]
"""A layer at an instant: ``("communities", 2015)``, ``"communities@2015-06-01"``."""

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]
_YEARS = range(1000, 10_000)


@dataclass(frozen=True, slots=True, eq=False)
class _Areas:
    """The areas of a version of a layer."""

    layer: str
    at_us: int
    text: str
    keys: tuple[str, ...]
    shapes: Shapes
    column: str | None
    pin: Pin


def carry_totals(
    city: City, totals: Any, from_: GivenVersion, to: GivenVersion, weights: str | None, *, key: str | None,
    values: Sequence[str], whole: bool, known_at: GivenKnown | None,
) -> CarriedTotals:  # fmt: skip
    """Return totals carried from areas to areas; see `City.carry`."""
    source, target = (_areas(city, version, known_at) for version in (from_, to))
    table = TotalsTable.of(totals, key or source.column, values)
    columns = {name: table.by_key(name, source.keys, source.text) for name in table.values}
    pieces = pieces_of_areas(source.shapes, source.keys, target.shapes, target.keys)
    pins = [source.pin, target.pin]
    if weights is not None:
        places, numbers, pin = _weights(city, weights, source.at_us, known_at)
        pieces = pieces_by_weight(pieces, source.shapes, target.shapes, places, numbers)
        pins.append(pin)
    carried = {name: carry_values(pieces, column, whole=whole) for name, column in columns.items()}
    facts = {"from": source.text, "to": target.text, "by": weights or "area"} | _named(
        pieces, carried, table, source
    )
    joined = pins[0]
    for pin in pins[1:]:
        joined = joined.joined(pin)
    return CarriedTotals.of(pieces, carried, target.shapes, facts, joined, city.configuration.lattice)


def _named(pieces: AreaPieces, carried: Any, table: TotalsTable, source: _Areas) -> dict[str, str]:
    """Return, by what they are, the areas that something is not as one may expect of."""
    outside = {pieces.sources[at]: 0.0 for at in np.unique(pieces.source[pieces.is_outside])}
    for at, share in zip(pieces.source[pieces.is_outside], pieces.area_share[pieces.is_outside], strict=True):
        outside[pieces.sources[at]] += float(share)
    empty = [key for key, covered in zip(pieces.targets, pieces.covered, strict=True) if covered == 0]
    unknown = [f"{name}: {', '.join(of)}" for name, of in table.missing(source.keys).items() if of]
    named = {
        "outside of all targets": ", ".join(f"{name} {share:.1%}" for name, share in outside.items()),
        "targets outside of all sources": ", ".join(empty),
        "without a total": "; ".join(unknown),
        "without weights, by area": ", ".join(pieces.by_area),
    }
    withheld = ", ".join(f"{name} {of.withheld:g}" for name, of in carried.items() if of.withheld)
    return {name: text for name, text in (named | {"withheld": withheld}).items() if text}


def _areas(city: City, version: GivenVersion, known_at: GivenKnown | None) -> _Areas:
    layer, at = read_version(version)
    features = city.features(layer)
    at_us = instant_us(at, city.configuration.zone)
    answer = features.as_of(at_us, known_at=known_at)
    text = f"{layer}@{city.configuration.zone.iso(at_us)}"
    shapes = answer.geometry()
    keys = tuple(answer.table["st_key"].to_pylist())
    areal = np.isin(shapely.get_type_id(shapes), (3, 6))
    if not areal.any():
        raise InvalidInput(
            "no-areas", f"{text} has no areas at that instant",
            hint="name a layer of areas, and an instant when they were there",
        )  # fmt: skip
    names = tuple(key for key, is_area in zip(keys, areal, strict=True) if is_area)
    column = features.definition.key[0] if len(features.definition.key) == 1 else None
    assert answer.pin is not None  # noqa: S101  (features as they were known have one)
    return _Areas(layer, at_us, text, names, shapes[areal], column, answer.pin)


def read_version(version: GivenVersion) -> tuple[str, Instant]:
    """Return a layer and an instant; a whole number of four digits is a year.

    Raises
    ------
    InvalidInput
        ``no-version``.

    Examples
    --------
    >>> read_version("communities@2015"), read_version(("communities", 2015))
    (('communities', '2015'), ('communities', '2015'))
    """
    if isinstance(version, str):
        layer, at, instant = version.rpartition("@")
        parts: Any = (layer.strip(), instant.strip()) if at else ()
    else:
        parts = tuple(version)
    if len(parts) != 2 or not parts[0] or parts[1] in ("", None):
        raise InvalidInput(
            "no-version", f"{version!r} is no layer at an instant", hint='write "communities@2015"'
        )
    layer, instant = parts
    return layer, str(instant) if isinstance(instant, int) and instant in _YEARS else instant


def _weights(city: City, text: str, at_us: int, known_at: GivenKnown | None) -> tuple[Shapes, Floats, Pin]:
    """Return places and weights of a layer: of features as they were then, of events all of them."""
    layer, _, column = text.replace(":", ".", 1).partition(".")
    versioned = city.layer(layer).layer_kind.versioned
    if versioned:
        answer: Answer = city.features(layer).as_of(at_us, known_at=known_at)
    else:
        query = city.query(layer)
        answer = (query if known_at is None else query.known_at(known_at)).rows()
    assert answer.pin is not None  # noqa: S101  (rows as they were known have one)
    places = answer.geometry()
    if shapely.is_missing(places).all():
        raise InvalidInput(
            "no-weights", f"layer '{layer}' has nothing with a place at that instant",
            hint="use weights that were there, or carry by area",
        )  # fmt: skip
    if not column:
        return places, np.ones(len(answer)), answer.pin
    table = answer.table
    names = [name for name in table.column_names if not name.startswith("st_")]
    if column not in names:
        raise NotFound(
            "unknown-column", f"layer '{layer}' has no column '{column}'", nearest=nearest(column, names)
        )
    kind = table.schema.field(column).type
    if not pa.types.is_integer(kind) and not pa.types.is_floating(kind):
        raise InvalidInput(
            "wrong-type", f"'{column}' of layer '{layer}' is {kind}, and a weight is a number",
            hint="declare the column a number in the layer's definition",
        )  # fmt: skip
    numbers = [np.nan if value is None else float(value) for value in table[column].to_pylist()]
    return places, np.array(numbers, np.float64), answer.pin
