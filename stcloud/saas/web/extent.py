"""Where and when the rows of a layer are: a box in degrees, and an interval.

Tested by `tests/saas/web/test_records.py` and `tests/saas/web/test_collections.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stcloud.saas.web.collectionkind import kind_of
from stcloud.saas.web.parameter import iso_utc
from stcloud.saas.web.referencesystem import CRS84

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer

__all__ = ["extent_of"]


def extent_of(layer: Layer, crs: str) -> dict[str, Any]:
    """Return a box and an interval that hold all rows, those that are no longer current, too."""
    extent: dict[str, Any] = {}
    if layer.extent is not None:
        extent["spatial"] = {"bbox": [_lonlat(layer.extent, crs)], "crs": CRS84.address}
    if layer.span_us is not None:
        first, last = (iso_utc(at_us) for at_us in layer.span_us)
        lasts = kind_of(layer).versioned or _ends(layer)
        extent["temporal"] = {
            "interval": [[first, None if lasts else last]],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
        }
    return {"extent": extent} if extent else {}


def _ends(layer: Layer) -> bool:
    return any("st_time_to" in file.high for file in layer.snapshot.files)


def _lonlat(bounds: tuple[float, float, float, float], crs: str) -> list[float]:
    """Return the box in degrees that holds a box of the city's CRS, rounded outwards."""
    import numpy as np  # noqa: PLC0415

    from stcloud.space import transformer  # noqa: PLC0415

    west, south, east, north = transformer(crs, CRS84.text).transform_bounds(*bounds, densify_pts=21)
    low = np.floor(np.array([west, south]) * 1e6) / 1e6
    high = np.ceil(np.array([east, north]) * 1e6) / 1e6
    return [*low.tolist(), *high.tolist()]
