"""Tracks of a city: questions about layers of fixes of movers.

Tested by `tests/city/test_tracks.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.paas.movement.trackquery import TrackQuery

if TYPE_CHECKING:
    from stcloud.city.city import City

__all__ = ["open_tracks"]


def open_tracks(city: City, layer: str) -> TrackQuery:
    """Return the question about all tracks of a layer.

    Raises `NotFound` ``unknown-layer``, `InvalidInput` ``no-mover``.
    """
    return TrackQuery.of(city.query(layer))
