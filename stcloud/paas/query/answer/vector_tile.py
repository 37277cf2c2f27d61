"""Vector tiles as answers: the bytes, and what was understood.

Tested by `tests/paas/query/run/test_tiling.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stcloud.paas.query.answer.pin import Pin

__all__ = ["VectorTile"]


@dataclass(frozen=True, slots=True)
class VectorTile:
    """A tile of a question.

    Attributes
    ----------
    content
        Mapbox Vector Tile 2.1 with one layer; empty where nothing is on the tile.
    pin
        What it is pinned at: the same question and tile with ``known_at(tile.pin)`` have the same bytes for ever.
    facts
        How the question was understood.
    features
        How many features the layer has.
    count
        How many rows they stand for: of clusters the sum of their counts, of groups the features.
    invisible
        How many shapes meet the tile and are too small or too thin to be seen there: they are left out.
    cell
        Size of the cells by which points are clustered, ``250m``; None: they are not.
    crowded
        Whether they are clustered because there were too many for one tile.
    """

    content: bytes
    pin: Pin
    facts: Mapping[str, str] = field(default_factory=dict)
    features: int = 0
    count: int = 0
    invisible: int = 0
    cell: str | None = None
    crowded: bool = False
