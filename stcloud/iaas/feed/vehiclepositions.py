"""Positions of vehicles in messages of GTFS-realtime, as rows.

Tested by `tests/iaas/feed/test_vehiclepositions.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from stcloud.errors import InvalidInput
from stcloud.iaas.feed.cloudevent import require_live

__all__ = ["rows_of_positions", "sent_s"]


def rows_of_positions(body: bytes) -> list[dict[str, str | None]]:
    """Return a row for each vehicle that has a position.

    Returns
    -------
    ``entity``, ``vehicle``, ``trip``, ``route``, ``lon``, ``lat`` (degrees), ``bearing`` (degrees), ``speed`` (metres
    a second) and ``timestamp``, that of the position or else of the feed.

    Raises
    ------
    InvalidInput
        ``unreadable-source``
    MissingExtra
        ``live-needed``
    """
    feed = _feed_message(body)
    return [
        _row(entity, feed.header.timestamp)
        for entity in feed.entity
        if entity.HasField("vehicle") and entity.vehicle.HasField("position") and not entity.is_deleted
    ]


def sent_s(body: bytes) -> int:
    """Return when a message was made, in seconds since 1970: the timestamp of its header; 0: it has none.

    Raises what `rows_of_positions` raises.
    """
    return int(_feed_message(body).header.timestamp)


def _feed_message(body: bytes) -> Any:
    try:
        from google.protobuf.message import DecodeError  # noqa: PLC0415
        from google.transit import gtfs_realtime_pb2  # noqa: PLC0415
    except ImportError as error:
        raise require_live("GTFS-realtime", error) from error
    feed = gtfs_realtime_pb2.FeedMessage()
    try:
        feed.ParseFromString(body)
    except DecodeError as error:
        raise InvalidInput("unreadable-source", "the body is no message of GTFS-realtime") from error
    return feed


def _row(entity: Any, sent: int) -> dict[str, str | None]:
    vehicle = entity.vehicle
    position, seconds = vehicle.position, vehicle.timestamp or sent
    return {
        "entity": entity.id,
        "vehicle": vehicle.vehicle.id or vehicle.vehicle.label or entity.id,
        "trip": vehicle.trip.trip_id or None,
        "route": vehicle.trip.route_id or None,
        "lon": _number(position.longitude),
        "lat": _number(position.latitude),
        "bearing": _number(position.bearing) if position.HasField("bearing") else None,
        "speed": _number(position.speed) if position.HasField("speed") else None,
        "timestamp": _instant(seconds) if seconds else None,
    }


def _instant(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return str(seconds)


def _number(value: float) -> str:
    """Return a single-precision number with the digits that it has."""
    text = f"{value:.7g}"
    return text if "e" not in text else f"{value:.9f}".rstrip("0").rstrip(".")
