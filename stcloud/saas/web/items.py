"""Features of a collection: pages of them, and one alone.

Tested by `tests/saas/web/test_items.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stcloud.saas.web.call import CityRequest, Link, encoded, link, link_header
from stcloud.saas.web.collectionkind import PROFILE_ADDRESS, SLICES, UNIQUE_IDS, kind_of
from stcloud.saas.web.geojson import features_of
from stcloud.saas.web.itemtable import written_csv
from stcloud.saas.web.media import CSV, GEOJSON, HTML, JSON, Media
from stcloud.saas.web.parameter import iso_utc, read_flag, read_limit, read_names, read_order
from stcloud.saas.web.personal import personal_of
from stcloud.saas.web.pinned import not_modified, tag_of
from stcloud.saas.web.referencesystem import ReferenceSystem, chosen_system
from stcloud.saas.web.selection import ItemSelection
from stcloud.saas.web.timeslices import sliced_features, versions_of_features

if TYPE_CHECKING:
    from stcloud.paas.query import Answer

__all__ = ["OFFERED", "PAGING", "items"]

OFFERED = (GEOJSON, HTML, CSV)
PAGING = ("limit", "after", "sortby", "properties", "skipGeometry", "crs", "profile")
"""Parameters of a page, beside those that select rows."""
_DEFAULT_ROWS = 100


def items(call: CityRequest) -> Response:
    """Return a page of features, with links to its neighbours that carry the pin."""
    media = call.media(*OFFERED)
    given = call.parameters
    versioned = kind_of(call.city.layer(call.segments["collection"])).versioned
    tag = tag_of(call, media, moving=versioned and "datetime" not in given)
    unchanged = not_modified(call, tag)
    if unchanged is not None:  # before the question is read, which takes longer
        return unchanged
    selection = _selection(call, media)
    system = chosen_system(given.get("crs"), "crs", call.city.configuration.crs)
    names = [attribute.name for attribute in selection.layer.attributes]
    limit = read_limit(given.get("limit"), _DEFAULT_ROWS, call.service.settings.most_rows)
    order = read_order(given["sortby"], sortables(selection)) if "sortby" in given else ()
    chosen = read_names(given["properties"], names, "properties") if "properties" in given else names
    placed = not read_flag(given.get("skipGeometry", "false"), "skipGeometry")
    answer = _page(call, selection, limit, order)
    call.gives(answer, personal=personal_of(selection.layer, [*chosen, "st_key"]))
    matched = _matched(call, selection, answer, first="after" not in given)
    links = _links(call, selection, answer, media)
    if tag is None:
        call.extra["Content-Location"] = _pinned(call, selection, answer)
    call.extra["Content-Crs"] = f"<{system.address}>"
    call.extra["Link"] = link_header(links)
    if media is CSV:
        return call.reply(written_csv(answer, chosen, system, places=placed), CSV)
    features = _features(call, selection, answer, chosen, system, places=placed)
    collection: dict[str, Any] = {
        "type": "FeatureCollection",
        "featureType": selection.layer.name,
        "numberMatched": matched,
        "numberReturned": len(features),
        "pin": None if answer.pin is None else answer.pin.text,
        "features": features,
        "links": list(links),
    }
    if tag is None:  # an answer with a strong tag has the same bytes whenever it is made
        collection["timeStamp"] = iso_utc(call.now_us)
    if media is HTML:
        from stcloud.saas.web.rendering import rendered  # noqa: PLC0415

        return call.reply(rendered("items", call, collection), HTML)
    return call.reply(encoded(collection), media)


def _selection(call: CityRequest, media: Media) -> ItemSelection:
    """Return what is selected; tables have no time slices, but a row for each version."""
    selection = ItemSelection.of(call, *PAGING)
    flat = selection.profile == SLICES and media is not GEOJSON
    return replace(selection, profile=UNIQUE_IDS) if flat else selection


def _page(call: CityRequest, selection: ItemSelection, limit: int, order: Sequence[str]) -> Answer:
    after, most = call.parameters.get("after"), call.service.settings.most_rows
    if selection.profile == SLICES:
        return versions_of_features(selection.query, selection.unpinned, limit, after, most, order=order)
    return selection.query.rows(limit, order=order, after=after)


def sortables(selection: ItemSelection) -> list[str]:
    """Return the names that rows may be sorted by."""
    return [attribute.name for attribute in selection.layer.attributes]


def _features(
    call: CityRequest, selection: ItemSelection, answer: Answer, names: Sequence[str], system: ReferenceSystem, *,
    places: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    if selection.profile == SLICES:
        return sliced_features(answer, names, selection.kind, system, places=places)
    features = features_of(answer, names, selection.kind, system, selection.profile, places=places)
    if selection.profile == UNIQUE_IDS:
        for feature, key in zip(features, answer.table["st_key"].to_pylist(), strict=True):
            original = call.url("collections", selection.layer.name, "items", key)
            feature["links"] = [link(original, "original", GEOJSON)]
    return features


def _matched(call: CityRequest, selection: ItemSelection, answer: Answer, *, first: bool) -> int:
    """Return how many rows are selected, or features with slices: counted once for all pages."""
    measure = "distinct(st_key)" if selection.profile == SLICES else "count"
    if first and answer.next is None:
        return len(answer) if measure == "count" else len(answer.table["st_key"].unique())
    if answer.matched is not None and measure == "count":
        return answer.matched
    pin = "" if answer.pin is None else answer.pin.text
    pinned = selection.unpinned.known_at(pin) if pin else selection.query
    key = ("matched", measure, call.base, call.rights, pin, pinned.inquiry().digest("count"))

    def counted() -> int:
        return int(pinned.measure(measure).table.column(0)[0].as_py())

    return int(call.service.kept.get(key, counted))


def _links(call: CityRequest, selection: ItemSelection, answer: Answer, media: Media) -> list[Link]:
    links = call.own_links(media, OFFERED)
    pin = None if answer.pin is None else answer.pin.text
    if answer.next is not None:
        following = call.again(after=answer.next, known=pin, **selection.settled(call))
        links.append(link(following, "next", media, "Next page"))
    name = selection.layer.name
    links.append(link(call.url("collections", name), "collection", JSON, name))
    if selection.profile:
        links.append(link(f"{PROFILE_ADDRESS}{selection.profile}", "profile"))
    return links


def _pinned(call: CityRequest, selection: ItemSelection, answer: Answer) -> str:
    """Return the address of the same answer for ever."""
    pin = None if answer.pin is None else answer.pin.text
    return call.again(known=pin, **selection.settled(call))
