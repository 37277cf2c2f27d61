"""How much there is to search, and what a search takes without compiled loops, in steps of `kernel.PLAIN_STEPS`.

Tested by `tests/index/test_few.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SMALL_VERTICES", "Size"]

SMALL_VERTICES = 2**18
"""So many vertices are made ready in about the time that it takes to read from disk what was made of them."""

_EVENT, _NEAR_EVENT, _NEAREST_EVENT = 5.0, 15.0, 60.0
_VERTEX, _PARTNER = 0.5, 0.2
_SHAPE_BYTES, _VERTEX_BYTES = 500, 100
_CANDIDATES = 8.0  # for each of the nearest


@dataclass(frozen=True, slots=True)
class Size:
    """The size of what is searched.

    Parameters
    ----------
    shapes, vertices
        How many there are, whenever they were.
    area_m2
        Of the box of all.
    """

    shapes: int
    vertices: int
    area_m2: float

    @property
    def is_small(self) -> bool:
        """Whether an index of so much is made as fast as it is read from disk."""
        return self.vertices <= SMALL_VERTICES

    @property
    def nbytes(self) -> int:
        """Bytes that shapes and what is made of them take in memory, about."""
        return self.shapes * _SHAPE_BYTES + self.vertices * _VERTEX_BYTES

    def within_steps(self, events: int) -> float:
        """Return what it takes to find the areas that hold events."""
        return events * _EVENT + self.vertices * _VERTEX

    def distance_steps(self, events: int, metres: float) -> float:
        """Return what it takes to find the shapes within a distance of events."""
        share = min(1.0, 4 * metres * metres / self.area_m2) if self.area_m2 > 0 else 1.0
        return self.within_steps(events) + events * _NEAR_EVENT + events * share * self.vertices * _PARTNER

    def nearest_steps(self, events: int, count: int) -> float:
        """Return what it takes to find the nearest shapes of events."""
        candidates = min(self.vertices, count * _CANDIDATES * self.vertices / max(1, self.shapes))
        return self.within_steps(events) + events * _NEAREST_EVENT + events * candidates * _PARTNER
