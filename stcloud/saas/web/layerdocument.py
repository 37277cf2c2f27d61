"""Documents of layers for boards: what each is, how much it has, when it was loaded last, and whether it is stale.

Tested by `tests/saas/web/test_layerlist.py`.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from stcloud.city.placelayers import name_column, role_of
from stcloud.daas.completeness import completeness_of
from stcloud.daas.description import Description
from stcloud.daas.quality import last_load_of
from stcloud.daas.staleness import stale_since_us
from stcloud.errors import FormatError
from stcloud.paas.case.published import log_of
from stcloud.saas.rights.permittedcity import PermittedCity
from stcloud.saas.web.extent import extent_of
from stcloud.saas.web.parameter import iso_utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stcloud.daas.entry import Layer
    from stcloud.daas.quality import LayerQuality
    from stcloud.daas.reckoning import Reckoning
    from stcloud.daas.table.schema import Attribute
    from stcloud.saas.rights.rule import Right
    from stcloud.saas.web.call import CityRequest

__all__ = [
    "columns_of", "description_of", "layer_document", "load_document", "loads_of", "quality_document",
    "short_documents",
]  # fmt: skip

_MOST_RECORDED = 50
"""Instants of loads that the page's start has of a layer, the last ones."""


def short_documents(call: CityRequest, layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """Return what the page's start needs of layers; no rows are read."""
    return [layer_document(call, layer, loads_of(call, layer)) for layer in layers]


def layer_document(call: CityRequest, layer: Layer, loads: Sequence[Reckoning]) -> dict[str, Any]:
    """Return what a layer is, without its columns and the quality of its rows."""
    configuration, described = call.city.configuration, description_of(layer)
    extent = extent_of(layer, configuration.crs).get("extent", {})
    last, complete = last_load_of(loads), completeness_of(loads, None, layer.pin_us())
    last_us = None if last is None else last.recorded_at_us
    cycle = described.update_cycle
    return {
        "name": layer.name,
        "title": layer.title or layer.name,
        "kind": layer.kind,
        "role": role_of(layer),
        "log": _log(call, layer),
        "themes": list(described.themes),
        "owner": described.owner,
        "rows": layer.events,
        "bbox": extent["spatial"]["bbox"][0] if "spatial" in extent else None,
        "first": _iso(layer.span_us[0] if layer.span_us else None),
        "last": _iso(layer.span_us[1] if layer.span_us else None),
        "complete_to": _iso(complete.to_us if complete else None),
        "loads": len(loads),
        "recorded": [iso_utc(load.recorded_at_us) for load in loads[-_MOST_RECORDED:]],
        "last_load": None if last is None else load_document(last),
        "update_cycle": cycle,
        "stale_since": _iso(stale_since_us(last_us, cycle, configuration.zone, call.now_us)),
        "label": name_column(layer),
        "personal": list(layer.personal),
        "may": _may(call, layer.name),
    }


def load_document(load: Reckoning) -> dict[str, Any]:
    """Return a load: when it was recorded, the name of its file, and its counts."""
    return {
        "load": load.load, "mode": load.mode, "recorded": iso_utc(load.recorded_at_us),
        "file": PurePath(load.source).name or None, **load.counts,
    }  # fmt: skip


def columns_of(layer: Layer) -> list[dict[str, Any]]:
    """Return the columns of a layer, with what its definition says of their values."""
    clauses = {clause.rename or name: clause for name, clause in layer.definition.columns.items()}
    return [_column(attribute, clauses, attribute.name in layer.personal) for attribute in layer.attributes]


def quality_document(quality: LayerQuality) -> dict[str, Any]:
    """Return how good the rows of a layer are."""
    share, late_us = quality.rejected_share, quality.lateness_us
    return {
        "unplaced": quality.unplaced, "read": quality.read, "rejected": quality.rejected,
        "rejected_share": None if share is None else round(share, 6),
        "lateness_s": None if late_us is None else round(late_us / 1e6, 3),
    }  # fmt: skip


def loads_of(call: CityRequest, layer: Layer) -> tuple[Reckoning, ...]:
    """Return the entries of a layer's ledger; they are read once for a version of layer and ledger."""
    ledger = call.city.parts.catalogue.ledger.table
    version = ledger.sequence() if ledger.exists else None
    key = ("loads", call.base, call.rights, layer.name, layer.snapshot.version, layer.pin_us(), version)
    known: tuple[Reckoning, ...] = call.service.kept.get(key, lambda: layer.loads)
    return known


def _column(attribute: Attribute, clauses: Mapping[str, Any], personal: bool) -> dict[str, Any]:  # noqa: FBT001
    clause = clauses.get(attribute.name)
    values = sorted(set(clause.values.values())) if clause is not None and clause.values else None
    return {
        "name": attribute.name,
        "type": attribute.type,
        "title": attribute.title,
        "unit": attribute.unit,
        "values": values,
        "only_values": clause is not None and values is not None and clause.otherwise != "keep",
        "classes": None if clause is None else clause.codes,
        "kind_column": None if clause is None else clause.kind_column,
        "personal": personal,
    }


def _may(call: CityRequest, layer: str) -> list[str]:
    """Return what the principal may do with a layer."""
    rights: tuple[Right, ...] = ("read", "count", "load")
    if not call.service.settings.most_load_bytes:
        rights = rights[:2]
    city = call.city
    return [right for right in rights if not isinstance(city, PermittedCity) or city.may(right, layer)]


def _log(call: CityRequest, layer: Layer) -> str | None:
    """Return the log whose cases a layer has, if it may be read."""
    log = log_of(layer.definition)
    return log if log is not None and log in call.city.case_logs() else None


def description_of(layer: Layer) -> Description:
    """Return what people wrote of a layer; nothing where it is damaged."""
    try:
        return layer.description
    except FormatError:  # a check names the damage
        return Description()


def _iso(at_us: int | None) -> str | None:
    return None if at_us is None else iso_utc(at_us)
