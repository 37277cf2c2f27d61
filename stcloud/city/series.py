"""Series of a city: questions about layers of readings.

Tested by `tests/city/test_series.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.paas.series.seriesquery import SeriesQuery

if TYPE_CHECKING:
    from stcloud.city.city import City

__all__ = ["open_series"]


def open_series(city: City, layer: str) -> SeriesQuery:
    """Return the question about all readings of a layer.

    Raises `NotFound` ``unknown-layer``, `InvalidInput` ``not-series``.
    """
    return SeriesQuery.of(city.query(layer))
