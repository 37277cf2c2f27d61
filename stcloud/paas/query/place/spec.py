"""Places that name a layer or a point: ``LAYER:ID``, ``near:LON,LAT:200m``, ``near:LAYER:ID:50m``, ``…@T``.

Tested by `tests/paas/query/resolve/test_sites.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stcloud.errors import InvalidInput
from stcloud.paas.query.join.how import read_distance, require_reach
from stcloud.paas.query.place.formula import shown

__all__ = ["FORMS", "Beside", "Named", "read_spec"]

FORMS = (
    "bbox:W,S,E,N, wkt:…, cell:ID, unit:PREFIX, duty:LAYER:ID, LAYER:ID, LAYER.COLUMN:VALUE, near:LON,LAT:200m or "
    "near:LAYER:ID:50m"
)
_QUOTED = r'"(?:[^"]|"")*"'
_FIELD = re.compile(rf"\s*({_QUOTED}|[^:@\"]*)\s*")
_POINT = re.compile(r"[^,]+,[^,]+")


@dataclass(frozen=True, slots=True)
class Beside:
    """Near a point.

    Parameters
    ----------
    lon, lat
        Degrees, WGS 84.
    metres
        At most so far, inclusive.
    """

    lon: float
    lat: float
    metres: float


@dataclass(frozen=True, slots=True)
class Named:
    """In, or near, features of a layer.

    Parameters
    ----------
    layer
        Its name.
    key
        The feature's, or the value of its ``column``; None: any feature.
    metres
        At most so far, inclusive; None: in it.
    at
        As the feature was at this instant, as written; None: at each event's own time.
    column
        The column that names features; None: their keys.
    """

    layer: str
    key: str | None
    metres: float | None
    at: str | None
    column: str | None = None


def read_spec(text: str) -> Beside | Named:
    """Read a place that names a layer or a point.

    Parameters
    ----------
    text
        Fields between colons, then perhaps ``@`` and an instant. A field in double quotes may hold colons, ``@`` and
        ``and``; a double quote in it is written twice.

    Raises
    ------
    InvalidInput
        ``unknown-where``: with what is expected; ``unknown-distance``, ``invalid-distance``

    Examples
    --------
    >>> read_spec("council:33@2019-06-01")
    Named(layer='council', key='33', metres=None, at='2019-06-01', column=None)
    >>> read_spec('near:streets:"A:7":0.1km').key, read_spec("communities.name:North Hill").column
    ('A:7', 'name')
    """
    fields, at = _fields(text)
    if fields[0] != "near":
        if len(fields) != 2:
            raise _unknown(text, 'write LAYER:ID; quote an id with a colon: LAYER:"a:b"')
        return _named(fields[0], _id(fields[1], text), None, at)
    if not 3 <= len(fields) <= 4:
        raise _unknown(text, "write near:LON,LAT:200m, near:LAYER:50m or near:LAYER:ID:50m")
    metres = read_distance(_unquoted(fields[-1])).metres
    require_reach(metres)
    if len(fields) == 4:
        return _named(fields[1], _id(fields[2], text), metres, at)
    if _POINT.fullmatch(fields[1]):
        if at is not None:
            raise _unknown(text, "leave out @…: a point is always there")
        return Beside(*_degrees(fields[1], text), metres)
    return Named(_unquoted(fields[1]), None, metres, at)


def _named(field: str, key: str, metres: float | None, at: str | None) -> Named:
    """Return features by key, or by a column: ``communities.name:…``."""
    layer, _, column = _unquoted(field).partition(".")
    return Named(layer, key, metres, at, column or None)


def _fields(text: str) -> tuple[list[str], str | None]:
    """Split at colons, up to an ``@`` that stands in no quotes."""
    fields: list[str] = []
    place = 0
    while True:
        field = _FIELD.match(text, place)
        assert field is not None  # noqa: S101  (it may be empty)
        fields.append(field[1].strip())
        place = field.end()
        if place == len(text):
            return fields, None
        if text[place] == "@":
            return fields, text[place + 1 :].strip()
        if text[place] != ":":
            raise _unknown(text, 'quote a whole field, and write a double quote in it twice: LAYER:"a ""b"""')
        place += 1


def _id(field: str, text: str) -> str:
    key = _unquoted(field)
    if not key:
        raise _unknown(text, "write the feature's id after the layer: LAYER:ID")
    return key


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field


def _degrees(field: str, text: str) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in field.split(","))
    except ValueError:
        raise _unknown(text, "write near:LON,LAT:200m, in degrees") from None
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise InvalidInput(
            "lon-lat-out-of-range", f"'{shown(text)}': there is no place at lon {lon:g}, lat {lat:g}",
            hint="give lon first, then lat, in degrees",
        )  # fmt: skip
    return lon, lat


def _unknown(text: str, hint: str) -> InvalidInput:
    return InvalidInput("unknown-where", f"'{shown(text)}' is no place", hint=hint)
