"""Scores and ranks of the groups of a city by several indicators, and how far they depend on the weights.

Tested by `tests/city/test_indicators.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from stcloud.city.indicatorvalues import IndicatorValues
from stcloud.daas.display import html_table, text_table
from stcloud.errors import InvalidInput
from stcloud.paas.indicator.composite import Composite, Weigher, check_options, composite_of
from stcloud.paas.indicator.weighting import entropy_weights, equal_weights, given_weights
from stcloud.paas.indicator.weightsensitivity import WeightSensitivity
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.answerview import AnswerView

if TYPE_CHECKING:
    from stcloud.paas.indicator.composite import Method, Missing
    from stcloud.paas.indicator.indicatormatrix import IndicatorMatrix
    from stcloud.paas.indicator.indicatortree import IndicatorTree
    from stcloud.paas.indicator.normalised import Normalisation
    from stcloud.paas.indicator.tiedranks import Ties

__all__ = ["GivenWeights", "IndicatorScores", "Scoring"]

GivenWeights = str | Mapping[str, float]
"""``stated``, ``equal``, ``entropy``, or weights by indicator."""
_WEIGHTS = ("stated", "equal", "entropy")
_SHOWN = 10


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class IndicatorScores(AnswerView):
    """Scores of groups; `CityIndicators.composite` and `CityIndicators.rank` return one.

    Attributes
    ----------
    values
        The values that they are made of.
    composite
        Scores, ranks and weights as arrays.
    sensitivity
        How far the ranks depend on the weights; None: it was not asked for.
    """

    values: IndicatorValues
    composite: Composite
    sensitivity: WeightSensitivity | None = None

    @property
    def table(self) -> pa.Table:
        """A row for each group, by rank, then name.

        ``group``; ``score`` (float64, higher is better) and ``rank`` (float64: 1 is the best), null where there is
        none; ``missing``: the indicators that the group has no value of. With sensitivity also
        ``rank_from`` and ``rank_to``, the best and the worst rank of all draws, ``kept`` (the share of draws that
        leave the rank as it is), ``without_from`` and ``without_to``, those without one indicator.
        """
        lacking = self.composite.matrix.lacking()
        columns = {"score": self.composite.scores, "rank": self.composite.ranks} | self._ranges()
        rows = [
            {"group": group}
            | {name: _nullable(column[at]) for name, column in columns.items()}
            | {"missing": ", ".join(lacking[group]) if group in lacking else None}
            for at, group in enumerate(self.composite.matrix.groups)
        ]
        rows.sort(key=lambda row: (row["rank"] is None, row["rank"], row["group"]))
        fields = [
            ("group", pa.string()),
            *((name, pa.float64()) for name in columns),
            ("missing", pa.string()),
        ]
        return pa.Table.from_pylist(rows, pa.schema(fields))

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each indicator, together 1; of ``pca`` the loadings of the first principal component."""
        return dict(zip(self.composite.matrix.names, self.composite.weights.tolist(), strict=True))

    def leave_one_out(self) -> pa.Table:
        """Return the rank of each group without each indicator.

        Columns: ``without`` (the indicator), ``group``, ``rank`` (with it) and ``rank_without``, null where there is
        none.

        Raises
        ------
        InvalidInput
            ``no-sensitivity``: it was not asked for.
        """
        if self.sensitivity is None:
            raise InvalidInput("no-sensitivity", "a composite alone has no sensitivity", hint="use rank")
        groups, ranks = self.composite.matrix.groups, self.composite.ranks
        rows = [
            {"without": name, "group": group, "rank": _nullable(rank), "rank_without": _nullable(other)}
            for name, others in self.sensitivity.without.items()
            for group, rank, other in zip(groups, ranks, others, strict=True)
        ]
        names = [
            ("without", pa.string()),
            ("group", pa.string()),
            ("rank", pa.float64()),
            ("rank_without", pa.float64()),
        ]
        return pa.Table.from_pylist(rows, pa.schema(names))

    @property
    def facts(self) -> dict[str, str]:
        """How the scores were made."""
        made = self.composite
        facts = {**self.values.facts, "method": made.method, "normalised": made.normalise, "ties": made.ties}
        facts |= {"weights": ", ".join(f"{name} {weight:.4f}" for name, weight in self.weights.items())}
        if made.explained is not None:
            facts["explained"] = f"{made.explained:.4f}"
        if made.constant:
            facts["without differences"] = ", ".join(made.constant)
        return facts

    def answer(self) -> Answer:
        """Return the table as an answer: with the geometry of areas, and in every format."""
        base = self.values.answer()
        return Answer(
            self.table, base.lattice, self.facts, pin=self.values.pin, groups=("group",), place=base.place
        )

    def __repr__(self) -> str:
        rows = self.table.slice(0, _SHOWN)
        return "\n".join([self._title, *text_table(rows.column_names, rows.to_pylist())])

    def _repr_html_(self) -> str:
        rows = self.table.slice(0, _SHOWN)
        return html_table(self._title, rows.column_names, rows.to_pylist(), "")

    @property
    def _title(self) -> str:
        made = self.composite
        return f"Scores of {self.values.facts['period']}: {len(self):,} groups, {made.method} of {made.normalise}"

    def _ranges(self) -> dict[str, Any]:
        sensitivity = self.sensitivity
        if sensitivity is None:
            return {}
        ranges: dict[str, Any] = {}
        if sensitivity.lowest is not None:
            ranges |= {
                "rank_from": sensitivity.lowest, "rank_to": sensitivity.highest, "kept": sensitivity.kept,
            }  # fmt: skip
        if sensitivity.without:
            others = [
                [rank for rank in ranks if not isnan(rank)]
                for ranks in zip(*sensitivity.without.values(), strict=True)
            ]
            ranges["without_from"] = [min(ranks, default=float("nan")) for ranks in others]
            ranges["without_to"] = [max(ranks, default=float("nan")) for ranks in others]
        return ranges


@dataclass(frozen=True, slots=True)
class Scoring:
    """How scores are made, checked before anything is read; see `CityIndicators.composite`.

    Attributes
    ----------
    method, weights, normalise, missing, ties
        As for `CityIndicators.composite`.
    """

    method: Method
    weights: GivenWeights
    normalise: Normalisation | None
    missing: Missing
    ties: Ties

    def __post_init__(self) -> None:
        check_options(self.method, self.normalise, self.missing, self.ties)
        if isinstance(self.weights, str) and self.weights not in _WEIGHTS:
            raise InvalidInput(
                "unknown-weights", f"'{self.weights}' are no weights",
                hint=f"use {', '.join(_WEIGHTS)}, or a weight of each indicator",
            )  # fmt: skip

    def of(self, values: IndicatorValues) -> tuple[Composite, Weigher]:
        """Return the scores of values, and what gives their weights."""
        weigh = _weigher(values.tree, self.weights)
        made = composite_of(
            values.matrix(), weigh, self.method, self.normalise, missing=self.missing, ties=self.ties
        )
        return made, weigh


def _weigher(tree: IndicatorTree, weights: GivenWeights) -> Weigher:
    """Return what gives weights to the indicators of a matrix, be they all or all but one."""
    if not isinstance(weights, str):
        stated = dict(weights)

        def given(matrix: IndicatorMatrix) -> Any:
            unknown = {name: weight for name, weight in stated.items() if name not in tree.indicators}
            return given_weights(matrix, _of(matrix, stated) | unknown)

        return given
    if weights == "stated":
        return lambda matrix: np.array(tree.weights(matrix.names))
    return equal_weights if weights == "equal" else entropy_weights


def _of(matrix: IndicatorMatrix, stated: Mapping[str, float]) -> dict[str, float]:
    return {name: float(weight) for name, weight in stated.items() if name in matrix.names}


def _nullable(value: float | None) -> float | None:
    return None if value is None or isnan(value) else float(value)
