"""The view: a box on a canvas, and the extent that it shows. Tested by `tests/saas/report/test_map.py`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["View"]


@dataclass(frozen=True, slots=True)
class View:
    """A box on the canvas (pixels from the top left) and the extent in metres that it shows, of equal aspect."""

    left: float
    top: float
    width: float
    height: float
    extent: tuple[float, float, float, float]

    @property
    def px_per_m(self) -> float:
        """Pixels of a metre."""
        return self.width / (self.extent[2] - self.extent[0])
