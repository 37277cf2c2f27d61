"""The time that a question about a series asks for: spans, and hours and days that come again.

Tested by `tests/paas/series/test_gaps.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.query.condition.during import During
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.series.readings import Ints, Readings
from stcloud.time import Spans, When

__all__ = ["WantedTime", "required_step"]


@dataclass(frozen=True, slots=True)
class WantedTime:
    """When readings were wanted.

    Parameters
    ----------
    whens
        All of them must hold.
    known_us
        Readings are as known then, UTC microseconds: what is later is not expected.
    """

    whens: tuple[When, ...]
    known_us: int

    @classmethod
    def of(cls, inquiry: Inquiry) -> WantedTime:
        """Return the time of a question."""
        meant = (inquiry.resolver.under(condition) for condition in inquiry.conditions)
        return cls(tuple(each.when for each in meant if isinstance(each, During)), inquiry.known_us)

    @property
    def spans(self) -> Spans:
        """The spans, half-open."""
        spans = Spans.always()
        for when in self.whens:
            spans = spans.intersect(when.spans)
        return spans

    def recurring(self, times_us: Ints) -> NDArray[np.bool_]:
        """Tell which instants lie in the hours and days that come again, whatever the spans."""
        kept = np.ones(len(times_us), np.bool_)
        for when in self.whens:
            if when.recurs:
                kept &= replace(when, spans=Spans.always()).matches(times_us)
        return kept


def required_step(readings: Readings, layer: str) -> int:
    """Return the expected time between two readings, microseconds; `InvalidInput` ``no-step``."""
    if readings.step_us is None:
        raise InvalidInput(
            "no-step", f"the definition of '{layer}' states no step, so nothing is known to be missing",
            hint=f"state it in layers/{layer}.toml of the city: step = \"1h\" in the table [series]",
        )  # fmt: skip
    return readings.step_us
