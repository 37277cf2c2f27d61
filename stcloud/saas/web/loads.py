"""The second clock: which loads a collection has had, and what differs between two instants or two beliefs.

Tested by `tests/saas/web/test_loads.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from starlette.responses import Response

from stcloud.errors import InvalidInput
from stcloud.saas.web.call import Call, encoded, link
from stcloud.saas.web.collectionkind import kind_of
from stcloud.saas.web.geojson import features_of
from stcloud.saas.web.media import GEOJSON, HTML
from stcloud.saas.web.parameter import Interval, iso_utc, read_datetime
from stcloud.saas.web.referencesystem import CRS84

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer
    from stcloud.paas.query import Answer, Query

__all__ = ["difference", "loads"]

_IGNORED = ("st_recorded_from", "st_recorded_to", "st_load", "st_unit")


def loads(call: Call) -> Response:
    """Return the loads of a collection: when each was recorded, and its reckoning."""
    call.known_parameters(())
    layer = call.city.layer(call.segments["collection"])
    name = layer.name
    described = [
        {
            "load": reckoning.load,
            "mode": reckoning.mode,
            "recorded": iso_utc(reckoning.recorded_at_us),
            **reckoning.counts,
            "links": [
                link(call.url("collections", name, "items", known=iso_utc(reckoning.recorded_at_us)), "items")
            ],
        }
        for reckoning in layer.loads
    ]
    return call.document({"collection": name, "loads": described, "links": []}, "loads")


def difference(call: Call) -> Response:
    """Return what differs between two beliefs (``from-known``, ``to-known``) or two instants (``from``, ``to``).

    Each feature has the member ``change``: ``added``, ``removed`` or ``changed``, and ``differs``, the names of the
    columns that differ. A removed one comes as it was before.
    """
    layer = call.city.layer(call.segments["collection"])
    given = call.known_parameters(
        ("from", "to", "from-known", "to-known", "datetime", "filter", "filter-lang")
    )
    before, after = _sides(call, layer, given)
    most = call.service.settings.most_rows
    answers = [query.rows(most + 1) for query in (before, after)]
    for answer in answers:
        if len(answer) > most:
            raise InvalidInput(
                "too-many-rows",
                f"more than {most:,} rows are compared",
                hint="narrow them with filter or datetime",
            )
    features = _changed(layer, *answers)
    document: dict[str, Any] = {
        "type": "FeatureCollection", "numberReturned": len(features), "features": features, "links": [],
    }  # fmt: skip
    media = call.media(GEOJSON, HTML)
    if media is HTML:
        return call.document(document, "difference", (GEOJSON, HTML))
    return call.reply(encoded(document | {"links": call.own_links(media, (GEOJSON, HTML))}), media)


def _sides(call: Call, layer: Layer, given: dict[str, str]) -> tuple[Query, Query]:
    """Return the two questions whose answers are compared."""
    kind, zone = kind_of(layer), call.city.configuration.zone

    def query(datetime: str | None, known: str | None) -> Query:
        interval = _instant(datetime, call) if datetime is not None and kind.versioned else None
        if datetime is not None and not kind.versioned:
            interval = read_datetime(datetime, zone)
        narrowed = kind.selected(call.city.query(layer.name), interval, call.now_us)
        narrowed = narrowed.what(given["filter"]) if "filter" in given else narrowed
        return narrowed if known is None else narrowed.known_at(known)

    if "from" in given and "to" in given and kind.versioned:
        known = given.get("to-known")
        return query(given["from"], given.get("from-known", known)), query(given["to"], known)
    if "from-known" in given:
        at = given.get("datetime")
        if kind.versioned and at is None:
            at = iso_utc(call.now_us)
        return query(at, given["from-known"]), query(at, given.get("to-known"))
    raise InvalidInput(
        "which-difference", "it is not said what is compared",
        hint="give from-known (and to-known), or of versioned features from and to",
    )  # fmt: skip


def _instant(text: str, call: Call) -> Interval:
    interval = read_datetime(text, call.city.configuration.zone)
    if not interval.is_instant:
        raise InvalidInput("not-an-instant", f"{text[:80]} is an interval; versions are compared at instants")
    return interval


def _changed(layer: Layer, before: Answer, after: Answer) -> list[dict[str, Any]]:
    """Return the features that differ, by key."""
    names = [attribute.name for attribute in layer.attributes]
    kind = kind_of(layer)
    sides = []
    for answer in (before, after):
        keys = answer.table["st_key"].to_pylist()
        features = features_of(answer, names, kind, CRS84)
        sides.append(dict(zip(keys, zip(features, _compared(answer.table), strict=True), strict=True)))
    changes = []
    for key in sorted(sides[0].keys() | sides[1].keys()):
        old, new = sides[0].get(key), sides[1].get(key)
        if old is not None and new is not None and old[1] == new[1]:
            continue
        change = "added" if old is None else "removed" if new is None else "changed"
        shown = new or old
        differs = [name for name in old[1] if old[1][name] != new[1][name]] if old and new else []
        if shown is not None:
            changes.append({**shown[0], "change": change, "differs": differs})
    return changes


def _compared(table: pa.Table) -> list[dict[str, Any]]:
    kept = table.select([name for name in table.schema.names if name not in _IGNORED])
    return list(kept.to_pylist())
