"""Series of a city: questions about layers of readings.

Tested by `tests/city/test_series.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.paas.series.series import Series

if TYPE_CHECKING:
    from stcloud.city.city import City

__all__ = ["open_series"]


def open_series(city: City, layer: str) -> Series:
    """Return the question about all readings of a layer.

    Raises `NotFound` ``unknown-layer``, `InvalidInput` ``not-series``.
    """
    return Series.of(city.query(layer))
