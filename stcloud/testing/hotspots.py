"""An oracle of hot spots: Gi*, its significance, trends and classes by plain loops over bins, from their definitions.

It shares no code with `stcloud.paas.cube`. Tested by `tests/paas/cube`.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from fractions import Fraction

from scipy.stats import norm

__all__ = ["benjamini_hochberg", "class_of", "gi_star", "kendall", "sen"]

Bins = Mapping[tuple[int, int], float]
"""The known values, by step and cell."""


def gi_star(
    bins: Bins, near: Mapping[int, set[int]], *, steps: int, both: bool, reference: str
) -> dict[tuple[int, int], float]:
    """Return Gi* of each known bin; those of which it is undefined are left out."""
    deviates = {}
    for step, cell in bins:
        times = range(step - steps, step + (steps if both else 0) + 1)
        near_values = [bins[at, other] for at in times for other in near[cell] if (at, other) in bins]
        chosen = {"cube": None, "step": {step}, "window": set(times)}[reference]
        usual = [Fraction(value) for (at, _), value in bins.items() if chosen is None or at in chosen]
        n, weight = len(usual), len(near_values)
        mean = sum(usual) / n
        spread = sum((value - mean) ** 2 for value in usual) / n
        if spread == 0 or weight == 0 or weight >= n:
            continue
        above = sum(Fraction(value) for value in near_values) - mean * weight
        scale = math.sqrt(spread * Fraction(n * weight - weight * weight, n - 1))
        deviates[step, cell] = float(above) / scale
    return deviates


def benjamini_hochberg(deviates: Sequence[float], level: float) -> list[bool]:
    """Tell which two-sided tests are past a level, corrected for their number."""
    p = [2 * float(norm.sf(abs(z))) for z in deviates]
    past = [rank for rank, value in enumerate(sorted(p), 1) if value <= rank * level / len(p)]
    limit = sorted(p)[past[-1] - 1] if past else -1.0
    return [value <= limit for value in p]


def kendall(values: Sequence[float]) -> tuple[int, float, float]:
    """Return S, z and p of Mann and Kendall; no z for fewer than three values."""
    n = len(values)
    s = 0
    for earlier, later in itertools.combinations(values, 2):
        if abs(later - earlier) >= 1e-9:
            s += 1 if later > earlier else -1
    if n < 3:
        return s, math.nan, math.nan
    ties: list[int] = []
    for at, value in enumerate(sorted(values)):
        if at and value - sorted(values)[at - 1] < 1e-9:
            ties[-1] += 1
        else:
            ties.append(1)
    variance = (n * (n - 1) * (2 * n + 5) - sum(tie * (tie - 1) * (2 * tie + 5) for tie in ties)) / 18
    z = 0.0 if s == 0 or variance == 0 else (s - (1 if s > 0 else -1)) / math.sqrt(variance)
    return s, z, 2 * float(norm.sf(abs(z)))


def sen(values: Mapping[int, float]) -> float:
    """Return the median slope between all pairs of values, by step."""
    slopes = [(values[b] - values[a]) / (b - a) for a, b in itertools.combinations(sorted(values), 2)]
    return statistics.median(slopes) if slopes else math.nan


def class_of(signs: Sequence[int | None], direction: int) -> str:
    """Return the class of a cell by its steps: 1 hot, -1 cold, 0 neither, None unknown."""
    if signs[-1] is None:
        return "unknown"
    for side, name in ((1, "hot"), (-1, "cold")):
        kind = _kind([sign if sign is None else sign * side for sign in signs], direction * side)
        if kind:
            return f"{kind} {name}"
    return "none"


def _kind(signs: Sequence[int | None], direction: int) -> str:
    seen = [sign for sign in signs if sign is not None]
    hot = seen.count(1)
    often, last = 10 * hot >= 9 * len(seen), seen[-1] == 1
    if not last:
        return "historical" if often and hot else ""
    if hot == 1:
        return "new"
    run = len(list(itertools.takewhile(lambda sign: sign == 1, reversed(seen))))
    if run >= 2 and run == hot and not often:
        return "consecutive"
    if often:
        return {1: "intensifying", 0: "persistent", -1: "diminishing"}[direction]
    return "oscillating" if -1 in seen else "sporadic"
