"""Tracks as OGC Moving Features JSON (19-045r3): a feature for each track, with a moving point.

Tested by `tests/paas/movement/test_mfjson.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from stcloud.paas.movement.fixes import Fixes, Floats
from stcloud.paas.movement.motionrules import NEVER_US
from stcloud.space import LONLAT, project

__all__ = ["mfjson_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = 7
_CRS = {"type": "Name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
_TRS = {"type": "Name", "properties": {"name": "urn:ogc:data:time:iso8601"}}


def mfjson_of(fixes: Fixes, crs: str, gap_us: int = NEVER_US) -> dict[str, Any]:
    """Return tracks as a feature collection of moving points, in longitude and latitude, instants in UTC.

    Parameters
    ----------
    fixes, crs
        The tracks, and the CRS of their places.
    gap_us
        A longer time without a fix cuts a track: nobody knows where the mover was.

    Notes
    -----
    The instants of a moving point increase strictly. A track that is cut, or has two fixes at one instant, is a
    collection of several moving points. Across the antimeridian longitudes go on beyond 180 degrees, so that what is
    straight stays so.
    """
    lon, lat = project(fixes.x, fixes.y, crs, LONLAT)
    features = []
    for track in range(fixes.tracks):
        rows = slice(int(fixes.starts[track]), int(fixes.starts[track + 1]))
        times = fixes.time_us[rows]
        places = np.stack([np.unwrap(lon[rows], period=360), lat[rows]], axis=1)
        steps = np.diff(times)
        cuts = np.flatnonzero((steps == 0) | (steps > gap_us)) + 1
        points = [
            _point(when, where)
            for when, where in zip(np.split(times, cuts), np.split(places, cuts), strict=True)
        ]
        moving = points[0] if len(points) == 1 else {"type": "MovingGeometryCollection", "prisms": points}
        name = fixes.movers[int(fixes.mover[track])].as_py()
        features.append({"type": "Feature", "temporalGeometry": moving, "properties": {"mover": name}})
    return {"type": "FeatureCollection", "crs": _CRS, "trs": _TRS, "features": features}


def _point(time_us: np.ndarray, places: Floats) -> dict[str, Any]:
    return {
        "type": "MovingPoint",
        "datetimes": [_text(at_us) for at_us in time_us.tolist()],
        "coordinates": np.round(places, _DIGITS).tolist(),
        "interpolation": "Linear",
    }


def _text(at_us: int) -> str:
    text = (_EPOCH + timedelta(microseconds=at_us)).isoformat()
    return text.removesuffix("+00:00") + "Z"
