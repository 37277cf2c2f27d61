"""Features of a collection: pages of them, and one alone.

Tested by `tests/saas/web/test_items.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stcloud.errors import Unsupported
from stcloud.saas.web.call import Call, Link, encoded, link, link_header
from stcloud.saas.web.geojson import features_of
from stcloud.saas.web.media import CSV, GEOJSON, HTML, Media
from stcloud.saas.web.parameter import iso_utc, read_limit, read_names, read_order
from stcloud.saas.web.pinned import not_modified, tag_of
from stcloud.saas.web.referencesystem import ReferenceSystem, chosen_system
from stcloud.saas.web.selection import Selection

if TYPE_CHECKING:
    from stcloud.paas.query import Answer

__all__ = ["OFFERED", "PAGING", "items"]

OFFERED = (GEOJSON, HTML, CSV)
PAGING = ("limit", "after", "sortby", "properties", "skipGeometry", "crs", "profile")
"""Parameters of a page, beside those that select rows."""
_DEFAULT_ROWS = 100


def items(call: Call) -> Response:
    """Return a page of features, with links to its neighbours that carry the pin."""
    media = call.media(*OFFERED)
    selection = Selection.of(call, *PAGING)
    given = call.parameters
    tag = tag_of(call, media, moving=selection.moving)
    unchanged = not_modified(call, tag)
    if unchanged is not None:
        return unchanged
    system = chosen_system(given.get("crs"), "crs", call.city.configuration.crs)
    names = [attribute.name for attribute in selection.layer.attributes]
    limit = read_limit(given.get("limit"), _DEFAULT_ROWS, call.service.settings.most_rows)
    order = read_order(given["sortby"], sortables(selection)) if "sortby" in given else ()
    answer = selection.query.rows(limit, order=order, after=given.get("after"))
    matched = _matched(call, selection, answer, first="after" not in given)
    links = _links(call, selection, answer, media)
    if tag is None:
        call.extra["Content-Location"] = _pinned(call, selection, answer)
    call.extra["Content-Crs"] = f"<{system.address}>"
    call.extra["Link"] = link_header(links)
    chosen = read_names(given["properties"], names, "properties") if "properties" in given else names
    if media is CSV:
        return call.reply(_csv(answer, chosen), CSV)
    collection = _collection(call, selection, answer, chosen, system, links, matched)
    if media is HTML:
        from stcloud.saas.web.rendering import rendered  # noqa: PLC0415

        return call.reply(rendered("items", call, collection), HTML)
    return call.reply(encoded(collection), media)


def sortables(selection: Selection) -> list[str]:
    """Return the names that rows may be sorted by."""
    return [attribute.name for attribute in selection.layer.attributes]


def _collection(
    call: Call, selection: Selection, answer: Answer, names: Sequence[str], system: ReferenceSystem,
    links: Sequence[Link], matched: int,
) -> dict[str, Any]:  # fmt: skip
    features = features_of(answer, names, selection.kind, system, selection.profile)
    if call.parameters.get("skipGeometry", "false").lower() == "true":
        for feature in features:
            feature["geometry"] = None
    if selection.profile == "versions-as-features-unique-ids":
        for feature, key in zip(features, answer.table["st_key"].to_pylist(), strict=True):
            original = call.url("collections", selection.layer.name, "items", key)
            feature["links"] = [link(original, "original", GEOJSON)]
    return {
        "type": "FeatureCollection",
        "featureType": selection.layer.name,
        "timeStamp": iso_utc(call.now_us),
        "numberMatched": matched,
        "numberReturned": len(features),
        "pin": None if answer.pin is None else answer.pin.text,
        "features": features,
        "links": list(links),
    }


def _matched(call: Call, selection: Selection, answer: Answer, *, first: bool) -> int:
    """Return how many rows are selected: counted once for all pages."""
    if first and answer.next is None:
        return len(answer)
    pin = "" if answer.pin is None else answer.pin.text
    pinned = selection.query if selection.query.known is not None else selection.query.known_at(pin)
    key = ("matched", call.base, call.rights, pin, pinned.inquiry().digest("count"))

    def counted() -> int:
        return int(pinned.count().table["count"][0].as_py())

    return int(call.service.kept.get(key, counted))


def _links(call: Call, selection: Selection, answer: Answer, media: Media) -> list[Link]:
    links = call.own_links(media, OFFERED)
    pin = None if answer.pin is None else answer.pin.text
    if answer.next is not None:
        following = call.again(after=answer.next, known=pin, **selection.settled(call))
        links.append(link(following, "next", media, "Next page"))
    links.append(
        link(call.url("collections", selection.layer.name), "collection", None, selection.layer.name)
    )
    if selection.profile:
        links.append(link(f"http://www.opengis.net/def/profile/OGC/0/{selection.profile}", "profile"))
    return links


def _pinned(call: Call, selection: Selection, answer: Answer) -> str:
    """Return the address of the same answer for ever."""
    pin = None if answer.pin is None else answer.pin.text
    return call.again(known=pin, **selection.settled(call))


def _csv(answer: Answer, names: Sequence[str]) -> bytes:
    """Return the columns, and places as they are stored, in the city's CRS."""
    import io  # noqa: PLC0415

    import pyarrow.csv as pacsv  # noqa: PLC0415

    table = answer.plain
    ours = [name for name in table.schema.names if name.startswith("st_")]
    sink = io.BytesIO()
    try:
        pacsv.write_csv(table.select([*ours, *names]), sink)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise Unsupported(
            "no-csv", f"this collection has values that CSV has no form for: {error}"
        ) from error
    return sink.getvalue()
