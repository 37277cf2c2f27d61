"""Tracks of movers over HTTP, as OGC Moving Features JSON.

Tested by `tests/saas/web/test_trackroutes.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.responses import Response

from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.collectionkind import kind_of
from stcloud.saas.web.media import JSON
from stcloud.saas.web.personal import personal_of
from stcloud.saas.web.pinned import not_modified, tag_of
from stcloud.saas.web.questions import too_many_rows
from stcloud.saas.web.selection import ItemSelection

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer

__all__ = ["has_movers", "tracks"]


def has_movers(layer: Layer) -> bool:
    """Return whether a layer says whose fix a row is, in a column that the principal may read."""
    return any(attribute.name == _mover(layer) for attribute in layer.attributes)


def tracks(call: CityRequest) -> Response:
    """Return the tracks of the fixes that are selected: as items are, and a track for each run of them.

    To know what was left out, all fixes of ``datetime`` are read: there may be as many of them as a page has rows.
    """
    media = call.media(JSON)
    layer = call.city.layer(call.segments["collection"])
    tag = tag_of(call, media, moving=False)
    unchanged = not_modified(call, tag)
    if unchanged is not None:
        return unchanged
    whole = call.city.tracks(layer.name)  # refused where only counts may be seen
    selection, most = ItemSelection.of(call), call.service.settings.most_rows
    question = replace(whole, query=selection.query)
    span = kind_of(layer).selected(call.city.query(layer.name), selection.interval, call.now_us)
    known = span.known_at(call.parameters["known"]) if "known" in call.parameters else span
    counted = known.count()
    rows = int(counted.table.column(0)[0].as_py())
    if rows > most:
        raise too_many_rows(most)
    call.gives(counted, rows, personal=personal_of(layer, [_mover(layer) or "", "st_x", "st_y"]))
    document = question.to_mfjson() | {"pin": question.pin.text, "links": call.own_links(media, (JSON,))}
    return call.reply(encoded(document), media)


def _mover(layer: Layer) -> str | None:
    column: str | None = getattr(layer.definition, "mover_column", None)
    return column
