"""Layers as they were known: what ``known`` says in addresses that describe collections.

Tested by `tests/saas/web/test_knownlayers.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stcloud.daas.known import layer_as_known
from stcloud.errors import NotFound
from stcloud.paas.query.answer.pin import Known, Pin, axis_us, known_us, read_known
from stcloud.saas.web.call import CityRequest
from stcloud.saas.web.media import Media
from stcloud.saas.web.pinned import not_modified, tag_of

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer

__all__ = ["is_purged", "known_layer", "known_layers", "known_us_of", "tagged"]


def known_layer(call: CityRequest) -> Layer:
    """Return the layer of the address, as it was known.

    Raises
    ------
    NotFound
        ``unknown-layer``; ``not-yet-known``: it was loaded for the first time after that.
    InvalidInput
        ``unreadable-pin``, ``layer-not-pinned``; what `instant_us` raises.
    """
    layer = call.city.layer(call.segments["collection"])
    known = _as_known(call, layer)
    if known is None:
        raise NotFound(
            "not-yet-known", f"layer '{layer.name}' was not there at the instant that known= states",
            hint=f"its loads are at {call.url('collections', layer.name, 'loads')}",
        )  # fmt: skip
    return known


def known_layers(call: CityRequest) -> Sequence[Layer]:
    """Return the layers that were there, as they were known; of a pin those that it names."""
    layers = call.city.layers()
    stated = _stated(call)
    if isinstance(stated, Pin):
        named = {name for name, _ in stated.layers}
        layers = tuple(layer for layer in layers if named & {layer.name, *layer.former})
    known = (_as_known(call, layer) for layer in layers)
    return [layer for layer in known if layer is not None]


def known_us_of(call: CityRequest, layer: Layer) -> int:
    """Return the recorded instant that a layer is taken at, UTC microseconds: of its newest load at most."""
    stated = _stated(call)
    return layer.pin_us() if stated is None else known_us(layer, stated)


def is_purged(layer: Layer, at_us: int) -> bool:
    """Return whether rows that were known of a layer at an instant have been purged since."""
    return any(purge.touches(at_us, frozenset(), None) for purge in layer.purges)


def tagged(
    call: CityRequest,
    document: Mapping[str, Any],
    page: str,
    offered: Sequence[Media],
    layers: Sequence[Layer],
) -> Response:
    """Return a document that describes layers; of a pin with a tag, so that it need not be sent again.

    Titles may change at any time: a document is asked for again, and never kept unasked.
    """
    titles = repr([(layer.name, layer.title) for layer in layers])
    unchanged = not_modified(call, tag_of(call, call.media(*offered), besides=titles))
    return call.document(document, page, offered) if unchanged is None else unchanged


def _stated(call: CityRequest) -> Known:
    text = call.parameters.get("known")
    return None if text is None else read_known(text, call.city.configuration.zone)


def _as_known(call: CityRequest, layer: Layer) -> Layer | None:
    """Return a layer as it was known, which is as after the last load until then; computed once for each."""
    stated = _stated(call)
    if stated is None:
        return layer
    at_us = axis_us(layer, stated)
    loads = [load.recorded_at_us for load in layer.loads if at_us is None or load.recorded_at_us <= at_us]
    if not loads:
        return None
    key = (
        "known", call.base, call.rights, layer.name, layer.former, layer.definition.digest(),
        layer.snapshot.version, layer.pin_us(), loads[-1],
    )  # fmt: skip
    known: Layer | None = call.service.kept.get(key, lambda: layer_as_known(layer, loads[-1]))
    return known
