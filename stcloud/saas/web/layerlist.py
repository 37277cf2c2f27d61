"""Layers for boards: all by pages, with their columns and figures of quality, and one with its loads.

Tested by `tests/saas/web/test_layerlist.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stcloud.errors import NotFound
from stcloud.iaas.store.folder import is_name
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.layerdocument import (
    columns_of,
    description_of,
    layer_document,
    load_document,
    loads_of,
    quality_document,
)
from stcloud.saas.web.media import JSON
from stcloud.saas.web.parameter import read_limit
from stcloud.saas.web.record import quality_of_layer
from stcloud.saas.web.records import PAGING, read_offset

if TYPE_CHECKING:
    from stcloud.daas.entry import Layer

__all__ = ["layer", "layers", "named_layer"]

_DEFAULT_ROWS = 100
_MOST_LOADS = 1_000


def layers(call: CityRequest) -> Response:
    """Return a page of the layers that the principal may see, by name."""
    given = call.known_parameters(PAGING)
    media = call.media(JSON)
    limit = read_limit(given.get("limit"), _DEFAULT_ROWS, call.service.settings.most_rows)
    offset = read_offset(given.get("offset"))
    known = call.city.layers()
    page = known[offset : offset + limit]
    following = call.again(offset=offset + limit) if offset + limit < len(known) else None
    document = {"total": len(known), "layers": [_whole(call, each) for each in page], "next": following}
    return call.reply(encoded(document), media)


def layer(call: CityRequest) -> Response:
    """Return one layer, with its loads, newest first."""
    call.known_parameters(())
    media = call.media(JSON)
    chosen = named_layer(call)
    loads = [load_document(load) for load in reversed(loads_of(call, chosen)[-_MOST_LOADS:])]
    return call.reply(encoded({**_whole(call, chosen), "history": loads}), media)


def named_layer(call: CityRequest) -> Layer:
    """Return the layer that the address names; `NotFound` ``unknown-layer``."""
    name = call.segments["collection"]
    if not is_name(name):
        raise NotFound("unknown-layer", f"there is no layer '{name[:80]}'")
    return call.city.layer(name)


def _whole(call: CityRequest, chosen: Layer) -> dict[str, Any]:
    document, described = layer_document(call, chosen, loads_of(call, chosen)), description_of(chosen)
    texts = ("description", "keywords", "lineage", "contact", "licence")
    return document | {
        **{name: getattr(described, name) for name in texts},
        "quality": quality_document(quality_of_layer(call, chosen)),
        "columns": columns_of(chosen),
    }
