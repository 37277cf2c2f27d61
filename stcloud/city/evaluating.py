"""Evaluations of a city's cases: of a log, or of a layer of cases or of requests, each number open to its cases.

Tested by `tests/city/test_evaluating.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

import pyarrow as pa

from stcloud.daas.display import html_table, text_table
from stcloud.paas.case.evaluation import (
    Evaluation,
    EvaluationPlan,
    IndicatorScheme,
    PeriodComparison,
    RepeatRule,
    ScoreTable,
    TimeToClose,
    against,
    compare_periods,
    evaluate_plan,
    opened,
    read_score_table,
    repeats,
    time_to_close,
    with_repeats,
)
from stcloud.paas.query.answer.answer import Answer
from stcloud.space import Lattice
from stcloud.time import Instant

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from stcloud.paas.case.evaluation.schemeclauses import Basis
    from stcloud.paas.case.evaluation.timetoclose import EndInstant, StartInstant
    from stcloud.paas.query.answer.group_place import GroupPlace
    from stcloud.space import GivenCRS

__all__ = ["CaseEvaluation", "EvaluationKeywords", "plan_of"]

_SHOWN = 10

FactReader = Callable[[], pa.RecordBatchReader]


class EvaluationKeywords(TypedDict, total=False):
    """What is evaluated; see `evaluate` of `stcloud.paas.case.evaluation`.

    ``by``, ``period``, ``indicators``, ``policy``, ``basis``, ``scheme``: as there. ``at``: the instant at which
    cases are read, None: ``known_at``; ``known_at``: as they were known at an instant, None: now. ``grid_at``: the
    instant of the unit grid that all cases are located on, None: each is in the unit cell that it had. ``areas``:
    columns of a layer of requests that hold ``street``, ``district``, ``community`` or ``duty_grid``. ``repeats``:
    what counts as reported again, for the indicators of it.
    """

    by: str | Sequence[str]
    period: str | None
    indicators: str | Sequence[str] | None
    policy: str | Sequence[str]
    basis: Basis | None
    scheme: IndicatorScheme | str
    at: Instant | None
    known_at: Instant | None
    grid_at: Instant | None
    areas: Mapping[str, str] | None
    repeats: RepeatRule | None


_PLANNED = ("by", "period", "indicators", "policy", "basis", "scheme")


def plan_of(options: EvaluationKeywords, at_us: int, known_us: int, zone: Any) -> EvaluationPlan:
    """Return the plan of an evaluation; errors are those of `EvaluationPlan.of`."""
    given: dict[str, Any] = {name: options[name] for name in _PLANNED if name in options}  # type: ignore[literal-required]
    return EvaluationPlan.of(at_us, zone, known_us=known_us, **given)


@dataclass(frozen=True, slots=True, eq=False)
class CaseEvaluation:
    """An evaluation of cases of a city; `Cases.evaluate` and `City.evaluate` return one.

    Attributes
    ----------
    name
        The log, or the layer, whose cases were evaluated.
    evaluation
        The numbers.
    """

    name: str
    evaluation: Evaluation
    _read: FactReader = field(repr=False)
    _lattice: Lattice = field(repr=False)
    _place: GroupPlace | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, name: str, plan: EvaluationPlan, read: FactReader, lattice: Lattice, place: GroupPlace | None
    ) -> CaseEvaluation:
        """Evaluate; ``read`` gives the facts each time that they are needed."""
        return cls(name, evaluate_plan(read(), plan), read, lattice, place)

    @property
    def plan(self) -> EvaluationPlan:
        """What was evaluated."""
        return self.evaluation.plan

    @property
    def table(self) -> pa.Table:
        """A row for each group; see `Evaluation`."""
        return self.evaluation.table

    def words(self) -> tuple[str, ...]:
        """Return what the numbers mean, a line for each thing."""
        return self.evaluation.words()

    def row(self, **group: Any) -> dict[str, Any]:
        """Return the numbers of a group, or of all together; `InvalidInput` ``unknown-group``."""
        return self.evaluation.row(**group)

    def cases(self, indicator: str, part: str = "numerator", **group: str | None) -> pa.Table:
        """Return the cases of a number, as rows of facts.

        Parameters
        ----------
        indicator, part
            The indicator; ``numerator``, ``denominator``, or ``difference``: in this and not in that.
        group
            Labels of the groups; without any, of all.

        Raises
        ------
        NotFound, InvalidInput
            ``unknown-indicator``; ``unknown-part``, ``unknown-group``.
        """
        return opened(self._read(), self.plan, indicator, part, group)

    def against(self, policy: str, **group: str | None) -> pa.Table:
        """Return the cases that a variant of a policy counts and the one that was taken does not, or the other way.

        Raises
        ------
        NotFound, InvalidInput
            ``unknown-policy``; ``no-variant``, ``same-policy``.
        """
        return against(self._read(), self.plan, policy, group)

    def compare(self, which: str) -> PeriodComparison:
        """Return the evaluation beside that of the period before (``previous``) or of a year earlier (``year``)."""
        return compare_periods(self._read().read_all(), self.plan, which)

    def score(self, table: ScoreTable | str) -> pa.Table:
        """Return the scores, ranks and grades of the groups by a table, or a bundled one of this name.

        Raises
        ------
        InvalidInput
            ``unknown-score-table``, ``lacking-indicator``.
        """
        return (read_score_table(table) if isinstance(table, str) else table).scores(self.evaluation)

    def time_to_close(
        self, start: StartInstant = "reported", end: EndInstant = "closed"
    ) -> dict[tuple[str | None, ...], TimeToClose]:
        """Return how long cases took by group: the plain median of the closed, and Kaplan and Meier's of all."""
        return time_to_close(self._read(), self.plan, start, end)

    def repeats(self, rule: RepeatRule | None = None) -> pa.Table:
        """Return the cases that were closed and reported again at the same place."""
        return repeats(self._read(), rule)

    def answer(self) -> Answer:
        """Return the numbers as an answer: with the geometry of areas, and in every format."""
        facts = dict(line.split(" ", 1) for line in ("layer " + self.name,))
        return Answer(self.table, self._lattice, facts, groups=self.plan.by, place=self._place)

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a DataFrame."""
        return self.answer().to_pandas()

    def to_geopandas(self, crs: GivenCRS | None = None) -> geopandas.GeoDataFrame:
        """Return the table with the geometry of its areas; errors are those of `Answer.to_geopandas`."""
        return self.answer().to_geopandas(crs)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Give the table to whoever reads Arrow."""
        return self.table.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        rows = self._rates().slice(0, _SHOWN)
        return "\n".join([self._title, *text_table(rows.column_names, rows.to_pylist())])

    def _repr_html_(self) -> str:
        rows = self._rates().slice(0, _SHOWN)
        return html_table(self._title, rows.column_names, rows.to_pylist(), "")

    @property
    def _title(self) -> str:
        period = "" if self.plan.period is None else f", {self.plan.period.text(self.plan.zone)}"
        return f"Evaluation of {self.name}{period}: {len(self):,} {'group' if len(self) == 1 else 'groups'}"

    def _rates(self) -> pa.Table:
        """Return the table without the counts that rates are made of."""
        ends = ("_numerator", "_denominator", "_cases")
        return self.table.select([
            name for name in self.table.column_names
            if not name.endswith(ends) or name in self.evaluation.plan.names
        ])  # fmt: skip


def with_repeats_of(read: FactReader, rule: RepeatRule | None) -> FactReader:
    """Return what reads facts with what was reported again, if a rule is given."""
    if rule is None:
        return read
    return lambda: with_repeats(read(), rule).to_reader()
