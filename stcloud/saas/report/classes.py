"""Classes: the limits that values of a map fall between. Mapclassify chooses them; here they are rounded and written.

Tested by `tests/saas/report/test_classes.py`.
"""

from __future__ import annotations

import importlib
import math
import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stcloud.errors import InvalidInput
from stcloud.index.kernel import without_compiler

__all__ = ["Classes", "class_library", "class_limits", "number_text"]

Floats: TypeAlias = NDArray[np.float64]

_MOST, _MOST_A_SIDE = 6, 3
_SKEWED = 5.0
_FINEST = 12


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes of values, one after the other without a gap. Zero is in none of them, nor is what has no value.

    Parameters
    ----------
    uppers
        Upper limit of each class, included, ascending. Of a diverging scale: distances from zero, of both sides.
    least
        Least value of the first class; of a diverging scale 0.
    whole
        Whether values are whole numbers.
    diverging
        Whether values lie on both sides of zero, or are changes.
    single
        Whether each class is one value, its upper limit.

    Raises
    ------
    InvalidInput
        ``invalid-classes``: none, or not ascending.

    Examples
    --------
    >>> Classes((1, 4, 40), 1, whole=True).labels()
    ('1', '2 – 4', '5 – 40')
    >>> Classes((3, 9), 0, whole=True, diverging=True).of([-9, -1, 0, 4]).tolist()
    [-2, -1, 0, 2]
    """

    uppers: tuple[float, ...]
    least: float
    whole: bool = False
    diverging: bool = False
    single: bool = False

    def __post_init__(self) -> None:
        if not self.uppers or not all(low < high for low, high in pairwise(self.uppers)):
            raise InvalidInput("invalid-classes", f"classes end at {self.uppers}")
        if self.least > self.uppers[0]:
            raise InvalidInput("invalid-classes", f"classes from {self.least} end at {self.uppers}")

    def __len__(self) -> int:
        return len(self.uppers)

    @property
    def decimals(self) -> int:
        """Decimals with which limits can be told apart."""
        return 0 if self.whole else _decimals((self.least, *self.uppers))

    def labels(self) -> tuple[str, ...]:
        """Return the limits of each class as text, of whole numbers both inside it."""
        if self.single:
            return tuple(number_text(upper, self.decimals) for upper in self.uppers)
        lows = [self.least, *self.uppers[:-1]]
        if self.whole:
            lows = [self.least or 1, *(upper + 1 for upper in self.uppers[:-1])]
        texts = [
            (number_text(low, self.decimals), number_text(high, self.decimals))
            for low, high in zip(lows, self.uppers, strict=True)
        ]
        between = " to " if self.diverging else " – "  # beside a minus a dash cannot be read
        labels = [low if low == high else f"{low}{between}{high}" for low, high in texts]
        if self.diverging and not self.whole:
            labels[0] = f"up to {texts[0][1]}"
        return tuple(labels)

    def of(self, values: ArrayLike) -> NDArray[np.intp]:
        """Return the class of each value from 1, below zero negative; 0 for zero, and for what has no value.

        Parameters
        ----------
        values
            ``(n,)`` numbers, none beyond the last class.
        """
        numbers = np.asarray(values, np.float64)
        sizes = np.abs(numbers) if self.diverging else numbers
        at = np.minimum(np.searchsorted(np.array(self.uppers), sizes, side="left"), len(self) - 1) + 1
        sign = np.where(numbers < 0, -1, 1) if self.diverging else 1
        return np.where(np.isfinite(numbers) & (numbers != 0), at * sign, 0)

    def sizes(self, values: ArrayLike) -> dict[int, int]:
        """Return how many values each class has, by the class as `of` gives it; zero and nothing are left out."""
        classes, counts = np.unique(self.of(values), return_counts=True)
        return {int(of): int(count) for of, count in zip(classes, counts, strict=True) if of}


def class_limits(
    values: ArrayLike, *, whole: bool, diverging: bool | None = None, most: int = _MOST
) -> Classes | None:
    """Choose classes that show how values differ; zero and what has no value are left out.

    Counts of events are skewed as a rule: most places have few, and the hot spots must stand out. Then classes break
    at the mean of what is left above (head and tail); where values lie close together, classes have about equally
    many. A diverging scale has the same classes on both sides of zero.

    Parameters
    ----------
    values
        ``(n,)`` numbers.
    whole
        Whether they are whole numbers.
    diverging
        Whether zero is the middle; None: only where some are below zero.
    most
        At most so many classes; of a diverging scale three a side.

    Returns
    -------
    Classes that end at the greatest value, none of them empty (on both sides, if diverging); None without values.

    Examples
    --------
    >>> class_limits([0, 1, 1, 2, 3], whole=True).labels()
    ('1', '2', '3')
    >>> class_limits([-4, 2, 1], whole=True).of([-4, 2]).tolist()
    [-3, 2]
    """
    numbers = np.asarray(values, np.float64)
    numbers = np.sort(numbers[np.isfinite(numbers) & (numbers != 0)])
    if not numbers.size:
        return None
    diverging = bool(numbers[0] < 0) if diverging is None else diverging
    if diverging:
        numbers, most = np.sort(np.abs(numbers)), min(most, _MOST_A_SIDE)
    least = 0.0 if diverging else float(numbers[0])
    limits = _limits(numbers, most)
    single = len(np.unique(numbers)) <= most
    if not single:
        limits = np.floor(limits) if whole else np.round(limits, _decimals((least, *limits)))
        limits = limits[(limits >= numbers[0]) & (limits < numbers[-1])]
    classes = Classes(
        (*np.unique(limits[limits < numbers[-1]]).tolist(), float(numbers[-1])),
        least,
        whole,
        diverging,
        single,
    )
    used = sorted(classes.sizes(numbers))
    return Classes(tuple(classes.uppers[at - 1] for at in used), least, whole, diverging, single)


def number_text(value: float, decimals: int = 0) -> str:
    """Return a number for people: with separators, few decimals, and a minus that is one.

    Examples
    --------
    >>> number_text(-1234.5, 1), number_text(0.25, 1), number_text(4e12)
    ('−1,234.5', '0.2', '4e+12')
    """
    text = f"{value:.3g}" if abs(value) >= 1e10 else f"{value:,.{decimals}f}"
    return text.replace("-", "−", 1)


def _limits(numbers: Floats, most: int) -> Floats:
    """Return upper limits of at most so many classes of sorted numbers, as mapclassify finds them."""
    distinct = np.unique(numbers)
    if len(distinct) <= most:
        return distinct
    mapclassify = class_library()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ties: classes that are alike are merged here
        if numbers[0] >= 0 and numbers[-1] > _SKEWED * numbers[len(numbers) // 2]:
            limits = np.asarray(mapclassify.HeadTailBreaks(numbers).bins, np.float64)
            limits = limits[: most - 1]
        else:
            limits = np.asarray(mapclassify.Quantiles(numbers, k=most).bins, np.float64)
    below: Floats = limits[limits < numbers[-1]]
    return below


def class_library() -> Any:
    """Return mapclassify, imported without its compiler, which takes seconds for a scheme that is not used here."""
    with without_compiler(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("mapclassify")


def _decimals(limits: tuple[float, ...]) -> int:
    """Return with how many decimals neighbouring limits differ in two digits."""
    gaps = [high - low for low, high in pairwise(sorted(set(limits)))]
    if not gaps:
        gaps = [abs(limits[0])] if limits[0] else [1.0]
    return int(np.clip(1 - math.floor(math.log10(min(gaps))), 0, _FINEST))
