"""The second clock: which loads a collection has had, and what differs between two instants or two beliefs.

Tested by `tests/saas/web/test_loads.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stcloud.errors import InvalidInput, NotFound
from stcloud.saas.web.call import CityRequest, encoded, link
from stcloud.saas.web.collectionkind import kind_of
from stcloud.saas.web.geojson import features_of
from stcloud.saas.web.media import GEOJSON, HTML, JSON
from stcloud.saas.web.parameter import ClosedInterval, iso_utc, read_datetime, read_filter
from stcloud.saas.web.personal import personal_of
from stcloud.saas.web.queryable import read_condition
from stcloud.saas.web.referencesystem import CRS84

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer
    from stcloud.daas.reckoning import Reckoning
    from stcloud.paas.query import Answer, Query

__all__ = ["described_load", "difference", "loads", "recorded_load"]

_OFFERED = (GEOJSON, HTML)
_CALLED = {
    "st_x": "geometry", "st_y": "geometry", "st_geom": "geometry", "st_time": "time", "st_time_to": "time",
    "st_valid_from": "period", "st_valid_to": "period",
}  # fmt: skip
"""What clients know our columns by; further ones of ours are derived, or say when a row was recorded."""
_ENDS = ("from", "to", "from-known", "to-known")


def loads(call: CityRequest) -> Response:
    """Return the loads of a collection: when each was recorded, and its reckoning."""
    call.known_parameters(())
    layer = call.city.layer(call.segments["collection"])
    described = [described_load(call, layer.name, reckoning) for reckoning in layer.loads]
    return call.document({"collection": layer.name, "loads": described, "links": []}, "loads")


def recorded_load(call: CityRequest) -> Response:
    """Return one load, with why rows were rejected, and notes; `NotFound` ``unknown-load``."""
    call.known_parameters(())
    layer = call.city.layer(call.segments["collection"])
    identity = call.segments["load"]
    named = [reckoning for reckoning in layer.loads if reckoning.load == identity]
    if not named:
        raise NotFound("unknown-load", f"layer '{layer.name}' has no load '{identity[:80]}'")
    document = {"collection": layer.name, **described_load(call, layer.name, named[-1]), **named[-1].details}
    return call.document(document, "document")


def described_load(call: CityRequest, layer: str, reckoning: Reckoning) -> dict[str, Any]:
    """Return a load as lists have it: its identity, mode, recorded instant and counts."""
    recorded = iso_utc(reckoning.recorded_at_us)
    items = call.url("collections", layer, "items", known=recorded)
    return {
        "load": reckoning.load,
        "mode": reckoning.mode,
        "recorded": recorded,
        **reckoning.counts,
        "links": [
            link(items, "items", GEOJSON, "As it was known then"),
            link(call.url("collections", layer, "loads", reckoning.load), "item", JSON, "The load"),
        ],
    }


def difference(call: CityRequest) -> Response:
    """Return what differs between two beliefs (``from-known``, ``to-known``) or two instants (``from``, ``to``).

    Each feature has the member ``change``: ``added``, ``removed`` or ``changed``, and ``differs``, the names of what
    differs. A removed one comes as it was before.
    """
    layer = call.city.layer(call.segments["collection"])
    given = call.known_parameters((*_ENDS, "datetime", "filter", "filter-lang"))
    media = call.media(*_OFFERED)
    before, after = _answers(call, layer, given)
    features = _changed(layer, before, after, with_period="from" not in given)
    names = [attribute.name for attribute in layer.attributes]
    call.gives(after, len(features), personal=personal_of(layer, names))
    document: dict[str, Any] = {
        "type": "FeatureCollection",
        "featureType": layer.name,
        "numberReturned": len(features),
        "pin": None if after.pin is None else after.pin.text,
        "features": features,
        "links": call.own_links(media, _OFFERED),
    }
    if media is HTML:
        from stcloud.saas.web.rendering import rendered  # noqa: PLC0415

        return call.reply(rendered("difference", call, document), HTML)
    return call.reply(encoded(document), media)


def _answers(call: CityRequest, layer: Layer, given: dict[str, str]) -> tuple[Answer, Answer]:
    """Return what was so before and after, both of one recorded instant where no other is named."""
    most = call.service.settings.most_rows
    earlier, later = _sides(call, layer, given)
    after = later.query(call, layer, given, None).rows(most + 1)
    pin = None if after.pin is None else after.pin.text
    before = earlier.query(call, layer, given, pin).rows(most + 1)
    if max(len(before), len(after)) > most:
        raise InvalidInput(
            "too-many-rows",
            f"more than {most:,} rows are compared",
            hint="narrow them with filter or datetime",
        )
    return before, after


@dataclass(frozen=True, slots=True)
class _Side:
    """One of two that are compared: what was so at a time, as known at an instant."""

    interval: ClosedInterval | None
    known: str | None

    def query(self, call: CityRequest, layer: Layer, given: dict[str, str], pin: str | None) -> Query:
        """Return the question; ``pin`` is for where no ``known`` is given."""
        query = kind_of(layer).selected(call.city.query(layer.name), self.interval, call.now_us)
        if "filter" in given:
            text = read_filter(given["filter"], given.get("filter-lang"))
            query = query.what(read_condition(text, layer, CRS84), crs=CRS84.text)
        known = pin if self.known is None else self.known
        return query if known is None else query.known_at(known)


def _sides(call: CityRequest, layer: Layer, given: dict[str, str]) -> tuple[_Side, _Side]:
    versioned, zone = kind_of(layer).versioned, call.city.configuration.zone
    if versioned and "from" in given and "to" in given and "datetime" not in given:
        known = given.get("to-known")
        earlier, later = (_instant(given[name], call) for name in ("from", "to"))
        return _Side(earlier, given.get("from-known", known)), _Side(later, known)
    if "from-known" in given and "from" not in given and "to" not in given:
        at = given.get("datetime")
        if at is None:
            interval = ClosedInterval(call.now_us, call.now_us, is_instant=True) if versioned else None
        else:
            interval = _instant(at, call) if versioned else read_datetime(at, zone)
        return _Side(interval, given["from-known"]), _Side(interval, given.get("to-known"))
    raise InvalidInput(
        "which-difference", "it is not clear what is compared",
        hint="give from-known (and to-known, datetime), or of versioned features from and to",
    )  # fmt: skip


def _instant(text: str, call: CityRequest) -> ClosedInterval:
    interval = read_datetime(text, call.city.configuration.zone)
    if not interval.is_instant:
        raise InvalidInput("not-an-instant", f"{text[:80]} is an interval; versions are compared at instants")
    return interval


def _changed(layer: Layer, before: Answer, after: Answer, *, with_period: bool) -> list[dict[str, Any]]:
    """Return the features that differ, by key; ``with_period``: their periods count, too."""
    names = [attribute.name for attribute in layer.attributes]
    called = {name: name for name in names} | _CALLED
    if not with_period:
        called = {name: word for name, word in called.items() if word != "period"}
    kind = kind_of(layer)
    sides = []
    for answer in (before, after):
        keys = answer.table["st_key"].to_pylist()
        features = features_of(answer, names, kind, CRS84)
        rows = answer.table.select([name for name in called if name in answer.table.schema.names]).to_pylist()
        sides.append(dict(zip(keys, zip(features, rows, strict=True), strict=True)))
    changes = []
    for key in sorted(sides[0].keys() | sides[1].keys()):
        old, new = sides[0].get(key), sides[1].get(key)
        differs = _differing(old[1], new[1], called) if old and new else []
        shown = new or old
        if shown is None or (old and new and not differs):
            continue
        change = "added" if old is None else "removed" if new is None else "changed"
        changes.append({**shown[0], "change": change, "differs": differs})
    return changes


def _differing(old: Mapping[str, Any], new: Mapping[str, Any], called: Mapping[str, str]) -> list[str]:
    names = [called[name] for name in called if old.get(name) != new.get(name)]
    return list(dict.fromkeys(names))
