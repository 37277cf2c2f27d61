"""Values of indicators by group as a matrix, with what is missing and which values are better.

Tested by `tests/paas/indicator/test_indicatormatrix.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.indicator.indicatortree import IndicatorTree

__all__ = ["IndicatorMatrix"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class IndicatorMatrix:
    """Values of indicators by group.

    Attributes
    ----------
    groups, names
        The groups, and the indicators.
    values
        ``(groups, names)`` float64; NaN is missing.
    signs
        ``(names,)`` int64: 1 where higher is better, -1 where lower is.
    floors, targets
        ``(names,)`` float64: the values that count 0 and 1 by a target; NaN: none is stated.

    Examples
    --------
    >>> matrix = IndicatorMatrix.of(["a", "b"], {"noise": [60.0, 55.0]}, {"noise": "lower"})
    >>> matrix.values.tolist(), matrix.signs.tolist()
    ([[60.0], [55.0]], [-1])
    """

    groups: tuple[str, ...]
    names: tuple[str, ...]
    values: Floats
    signs: NDArray[np.int64]
    floors: Floats
    targets: Floats

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.groups), len(self.names)):
            raise InvalidInput(
                "unequal-lengths", f"{self.values.shape} values are not of {len(self.groups)} groups and "
                f"{len(self.names)} indicators", hint="give each indicator a value, or NaN, of each group",
            )  # fmt: skip
        if len(set(self.groups)) < len(self.groups):
            twice = next(group for group in self.groups if self.groups.count(group) > 1)
            raise InvalidInput("repeated-group", f"group '{twice}' is there twice", hint="give it once")
        if np.isinf(self.values).any():
            name = self.names[int(np.argwhere(np.isinf(self.values))[0][1])]
            raise InvalidInput("not-finite", f"a value of '{name}' is infinite", hint="give a number, or NaN")
        undirected = [name for name, sign in zip(self.names, self.signs, strict=True) if sign == 0]
        if undirected:
            raise InvalidInput(
                "no-direction", f"of '{undirected[0]}' neither higher nor lower values are better",
                hint='state its direction, "higher" or "lower", or leave it out of the score',
            )  # fmt: skip

    @classmethod
    def of(
        cls, groups: Sequence[str], columns: Mapping[str, Sequence[float | None]], better: Mapping[str, str],
    ) -> Self:  # fmt: skip
        """Return the matrix of columns of values, one for each group; None and NaN are missing.

        Parameters
        ----------
        groups, columns
            The groups, and their values by indicator.
        better
            ``higher`` or ``lower``, by indicator.

        Raises
        ------
        InvalidInput
            ``unequal-lengths``, ``repeated-group``, ``not-finite``, ``no-direction``.
        """
        lengths = {name: len(column) for name, column in columns.items()}
        uneven = next((name for name, length in lengths.items() if length != len(groups)), None)
        if uneven is not None:
            raise InvalidInput(
                "unequal-lengths", f"'{uneven}' has {lengths[uneven]} values, and there are {len(groups)} groups",
                hint="give each indicator a value, or NaN, of each group",
            )  # fmt: skip
        values = [
            [np.nan if value is None else float(value) for value in column] for column in columns.values()
        ]
        signs = [{"higher": 1, "lower": -1}.get(better.get(name, ""), 0) for name in columns]
        none = np.full(len(columns), np.nan)
        return cls(
            tuple(groups), tuple(columns), np.array(values, np.float64).reshape(len(columns), -1).T,
            np.array(signs, np.int64), none, none,
        )  # fmt: skip

    @classmethod
    def of_tree(
        cls, tree: IndicatorTree, names: Sequence[str], groups: Sequence[str], values: Floats
    ) -> Self:
        """Return the matrix of values of a tree's indicators; errors are those of `of`."""
        clauses = [tree.indicator(name) for name in names]
        floors = [np.nan if each.target is None else (each.floor or 0.0) for each in clauses]
        targets = [np.nan if each.target is None else each.target for each in clauses]
        signs = np.array([each.sign for each in clauses], np.int64)
        return cls(tuple(groups), tuple(names), values, signs, np.array(floors), np.array(targets))

    @property
    def complete(self) -> NDArray[np.bool_]:
        """``(groups,)`` bool: which groups have all values."""
        return np.asarray(~np.isnan(self.values).any(axis=1))

    def lacking(self) -> dict[str, tuple[str, ...]]:
        """Return the indicators that groups have no value of, by group; only groups that lack some."""
        nothing = np.isnan(self.values)
        return {
            self.groups[at]: tuple(name for name, none in zip(self.names, nothing[at], strict=True) if none)
            for at in np.flatnonzero(~self.complete)
        }

    def of_groups(self, kept: NDArray[np.bool_]) -> Self:
        """Return the matrix with some of its groups."""
        groups = tuple(group for group, keep in zip(self.groups, kept, strict=True) if keep)
        return replace(self, groups=groups, values=self.values[kept])

    def without(self, name: str) -> Self:
        """Return the matrix without an indicator."""
        kept = np.array([each != name for each in self.names], np.bool_)
        return replace(
            self, names=tuple(each for each in self.names if each != name), values=self.values[:, kept],
            signs=self.signs[kept], floors=self.floors[kept], targets=self.targets[kept],
        )  # fmt: skip
