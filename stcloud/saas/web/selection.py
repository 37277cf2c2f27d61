"""What a request selects of a collection: its parameters as a question of the library.

Tested by `tests/saas/web/test_items.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stcloud.errors import InvalidInput
from stcloud.saas.web.call import CityRequest
from stcloud.saas.web.collectionkind import CollectionKind, kind_of, read_profile
from stcloud.saas.web.parameter import (
    ClosedInterval,
    iso_utc,
    read_bbox,
    read_datetime,
    read_filter,
    read_property,
    require_language,
)
from stcloud.saas.web.queryable import read_condition, simple_queryables
from stcloud.saas.web.referencesystem import ReferenceSystem, chosen_system

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer
    from stcloud.paas.query import Query

__all__ = ["SELECTING", "ItemSelection"]

SELECTING = ("bbox", "bbox-crs", "datetime", "known", "filter", "filter-lang", "filter-crs")
"""Parameters that select rows; beside them each column is one."""
_OURS = frozenset(
    {*SELECTING, "limit", "after", "crs", "sortby", "properties", "profile", "f", "skipGeometry"}
)


@dataclass(frozen=True, slots=True)
class ItemSelection:
    """What a request selects.

    Parameters
    ----------
    layer, kind
        The layer, and what it is made of.
    query, unpinned
        The question, and the same without what ``known`` says.
    interval
        What ``datetime`` says; None: nothing.
    profile
        How versions are named where there may be several of a feature.
    moving
        Whether it depends on the present instant.
    """

    layer: Layer
    kind: CollectionKind
    query: Query
    unpinned: Query
    interval: ClosedInterval | None
    profile: str
    moving: bool

    @classmethod
    def of(cls, call: CityRequest, *others: str) -> ItemSelection:
        """Return what a request selects; ``others`` are further parameters that it may have.

        Raises `InvalidInput` and `NotFound` as `Query.what` and `Query.when` do; ``unknown-parameter``,
        ``unreadable-bbox``, ``unreadable-datetime``, ``unknown-crs``.
        """
        layer = call.city.layer(call.segments["collection"])
        kind = kind_of(layer)
        columns = {name: column for name, column in simple_queryables(layer).items() if name not in _OURS}
        further = [name for name in others if kind.versioned or name != "profile"]
        given = call.known_parameters((*SELECTING, *further, *columns))
        zone = call.city.configuration.zone
        interval = read_datetime(given["datetime"], zone) if "datetime" in given else None
        query = kind.selected(call.city.query(layer.name), interval, call.now_us)
        for name, attribute in columns.items():
            if name in given:
                query = query.what(read_property(attribute, given[name]))
        query = _narrowed(query, given, layer, call.city.configuration.crs)
        known = query.known_at(given["known"]) if "known" in given else query
        moving = kind.versioned and interval is None
        return cls(
            layer,
            kind,
            known,
            query,
            interval,
            read_profile(given, interval) if kind.versioned else "",
            moving,
        )

    def settled(self, call: CityRequest) -> dict[str, str]:
        """Return the parameters that keep a selection from moving with the present instant."""
        return {"datetime": iso_utc(call.now_us)} if self.moving else {}


def _narrowed(query: Query, given: Mapping[str, str], layer: Layer, stored: str) -> Query:
    require_language(given.get("filter-lang"))
    of_box, of_filter = (chosen_system(given.get(name), name, stored) for name in ("bbox-crs", "filter-crs"))
    if "bbox" in given:
        query = query.what(_in_box(read_bbox(given["bbox"]), of_box, layer), crs=of_box.text)
    if "filter" in given:
        text = read_filter(given["filter"], given.get("filter-lang"))
        query = query.what(read_condition(text, layer, of_filter), crs=of_filter.text)
    return query


def _in_box(numbers: tuple[float, ...], system: ReferenceSystem, layer: Layer) -> dict[str, Any]:
    """Return the filter that a row meets a box, or has no place at all (Features 1, fc-bbox-response C).

    A box in degrees whose west is east of its east goes over the antimeridian.
    """
    west, south, east, north = system.box(numbers)
    if south > north or (west > east and not system.degrees):
        raise InvalidInput("unreadable-bbox", "bbox ends before it begins: the lower corner comes first")
    boxes = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    place = {"property": "st_geom"}
    meets: list[dict[str, Any]] = [
        {"op": "s_intersects", "args": [place, _box(first, south, last, north)]} for first, last in boxes
    ]
    if _may_lack_place(layer):
        meets.append({"op": "isNull", "args": [place]})
    return meets[0] if len(meets) == 1 else {"op": "or", "args": meets}


def _box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """Return a box as filters have it; without an inside it is a line, or a point."""
    if west < east and south < north:
        return {"bbox": [west, south, east, north]}
    if west < east or south < north:
        return {"type": "LineString", "coordinates": [[west, south], [east, north]]}
    return {"type": "Point", "coordinates": [west, south]}


def _may_lack_place(layer: Layer) -> bool:
    west = layer.layer_kind.bounds_columns[0]
    return any(file.nulls.get(west, 1) > 0 for file in layer.layer_kind.row_files(layer.snapshot))
