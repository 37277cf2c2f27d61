"""Alerts as the rows of a layer of events, and the layer's definition.

Tested by `tests/city/test_standing.py` and `tests/paas/standing/test_alerting.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from stcloud.daas.definition import Definition, EventDefinition
from stcloud.paas.standing.alerting import StandingAlert
from stcloud.paas.standing.incident import Incident
from stcloud.space import project

__all__ = ["ALERTS", "SCHEMA", "alert_definition", "alert_rows", "alerts_of", "is_of_alerts"]

ALERTS = "alerts"
"""Name of the layer."""

INSTANT = pa.timestamp("us", "UTC")
SCHEMA = pa.schema([
    ("alert", pa.string()), ("rule", pa.string()), ("version", pa.int64()), ("layer", pa.string()),
    ("group", pa.string()), ("status", pa.string()), ("into", pa.string()), ("from", INSTANT), ("to", INSTANT),
    ("crossed_at", INSTANT), ("last_at", INSTANT), ("ends_at", INSTANT), ("peak", pa.float64()),
    ("peak_at", INSTANT), ("rows", pa.int64()), ("threshold", pa.float64()), ("late", pa.bool_()),
    ("lateness_s", pa.float64()), ("raised_at", INSTANT), ("known_at", INSTANT), ("x", pa.float64()),
    ("y", pa.float64()), ("lon", pa.float64()), ("lat", pa.float64()),
])  # fmt: skip
"""Columns of the rows. ``to`` is null of an alert that is open; ``ends_at`` is when it ends if nothing comes."""

_TYPES = {
    pa.string(): "text",
    pa.bool_(): "boolean",
    pa.float64(): "number",
    pa.int64(): "integer",
    INSTANT: "instant",
}
_SOURCE = "alerts of standing questions, derived by stcloud"
_DEGREES = "EPSG:4326"


def alert_rows(alerts: Sequence[StandingAlert], crs: str) -> pa.Table:
    """Return alerts as rows, in their order; ``crs`` is the city's."""
    x = np.array([alert.incident.x for alert in alerts], np.float64)
    y = np.array([alert.incident.y for alert in alerts], np.float64)
    lon, lat = project(x, y, crs, _DEGREES)
    places = {"x": x, "y": y, "lon": np.round(lon, 7), "lat": np.round(lat, 7)}
    columns: dict[str, list[Any]] = {
        "alert": [alert.id for alert in alerts],
        "last_at": [alert.incident.last_us for alert in alerts],
        "raised_at": [alert.raised_us for alert in alerts],
        "known_at": [alert.known_us for alert in alerts],
        "lateness_s": [alert.lateness_us / 1e6 for alert in alerts],
        **{name: [_none(value) for value in values.tolist()] for name, values in places.items()},
    }
    for name in ("rule", "version", "layer", "group", "status", "into", "threshold", "late"):
        columns[name] = [getattr(alert, name) for alert in alerts]
    for name in ("from", "to", "crossed", "ends", "peak"):
        shown = name if name in ("from", "to") else f"{name}_at"
        columns[shown] = [getattr(alert.incident, f"{name}_us") for alert in alerts]
    columns["peak"] = [alert.incident.peak for alert in alerts]
    columns["rows"] = [alert.incident.rows for alert in alerts]
    arrays = [
        pa.array(columns[field.name], pa.int64()).cast(INSTANT)
        if field.type == INSTANT
        else pa.array(columns[field.name], field.type)
        for field in SCHEMA
    ]
    return pa.table(arrays, SCHEMA)


def alerts_of(rows: pa.Table) -> list[StandingAlert]:
    """Return the alerts that rows of a layer stand for."""
    plain = {
        field.name: rows[field.name].cast(pa.int64()) if field.type == INSTANT else rows[field.name]
        for field in SCHEMA
    }
    return [_alert(row) for row in pa.table(plain).to_pylist()]


def alert_definition(layer: str = ALERTS) -> EventDefinition:
    """Return the definition of the layer that alerts are loaded into."""
    columns: dict[str, dict[str, Any]] = {
        field.name: {"type": _TYPES[field.type], "optional": True}
        | ({"zone": "UTC"} if field.type == INSTANT else {})
        for field in SCHEMA
        if field.name not in ("alert", "from", "to", "lon", "lat")
    }
    return EventDefinition.model_validate({
        "id": layer, "kind": "event", "title": "Alerts", "source": _SOURCE, "key": ["alert"],
        "extra_columns": "refuse", "time": {"column": "from", "end": "to", "zone": "UTC"},
        "space": {"lon": "lon", "lat": "lat", "datum": "wgs84"}, "columns": columns,
    })  # fmt: skip


def is_of_alerts(definition: Definition) -> bool:
    """Return whether a layer has alerts, by its definition."""
    return definition.source == _SOURCE


def _alert(row: dict[str, Any]) -> StandingAlert:
    incident = Incident(
        from_us=row["from"], to_us=row["to"], crossed_us=row["crossed_at"], last_us=row["last_at"],
        ends_us=row["ends_at"], peak=row["peak"], peak_us=row["peak_at"], rows=row["rows"], x=_nan(row["x"]),
        y=_nan(row["y"]),
    )  # fmt: skip
    return StandingAlert(
        id=row["alert"], rule=row["rule"], version=row["version"], layer=row["layer"], group=row["group"] or "",
        status=row["status"], into=row["into"], incident=incident, threshold=row["threshold"], late=row["late"],
        lateness_us=round(row["lateness_s"] * 1e6), raised_us=row["raised_at"], known_us=row["known_at"],
    )  # fmt: skip


def _none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
