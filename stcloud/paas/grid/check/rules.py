"""What a check tolerates. Tested by `tests/paas/grid/check/test_inspection.py`."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from stcloud.errors import InvalidInput

__all__ = ["Rules"]


@dataclass(frozen=True, slots=True)
class Rules:
    """Bounds of what is no fault.

    Parameters
    ----------
    tolerance_m
        Noise of the coordinates: a gap, an overlap or a part outside is a fault when a disc of a larger radius fits
        into it. So two neighbours whose vertices are each off by the tolerance are still seamless.
    sliver_m
        A gap or an overlap whose mean width, twice its area by its perimeter, is smaller is called a sliver.
    target_m2
        Area that cells should have; rows of the numbering order are as high as such a square.
    least_m2, most_m2
        Cells smaller or larger than that are reported; a cell of just that area is not.

    Raises
    ------
    InvalidInput
        ``invalid-rules``

    Examples
    --------
    >>> Rules(tolerance_m=0.005).row_m
    100.0
    """

    tolerance_m: float = 0.001
    sliver_m: float = 1.0
    target_m2: float = 10_000.0
    least_m2: float = 5_000.0
    most_m2: float = 20_000.0

    def __post_init__(self) -> None:
        if not (0 < self.tolerance_m < math.inf and self.sliver_m >= 0):
            raise InvalidInput(
                "invalid-rules", f"a tolerance of {self.tolerance_m:g} m", hint="give a length above 0"
            )
        if not 0 <= self.least_m2 <= self.target_m2 <= self.most_m2:
            raise InvalidInput(
                "invalid-rules",
                f"areas of {self.least_m2:g}, {self.target_m2:g} and {self.most_m2:g} m²",
                hint="give the least, the target and the most in ascending order",
            )

    @property
    def row_m(self) -> float:
        """Height of a row of the numbering order, metres."""
        return math.sqrt(self.target_m2)

    def to_dict(self) -> dict[str, float]:
        """Return the bounds by name."""
        return asdict(self)
