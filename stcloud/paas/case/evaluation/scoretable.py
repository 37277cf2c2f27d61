"""Composite scores: a table of weights, checked, and what it makes of an evaluation.

Tested by `tests/paas/case/evaluation/test_scoretable.py`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stcloud.daas.definition.clause import Closed, definition_faults
from stcloud.errors import InvalidDefinition, InvalidInput
from stcloud.iaas.bundle import bundled_text, score_tables
from stcloud.paas.case.evaluation.evaluation import Evaluation
from stcloud.paas.case.evaluation.indicatorscheme import IndicatorScheme, read_scheme
from stcloud.paas.case.evaluation.scoreclauses import GradeClause, ScoreClause, TermClause
from stcloud.paas.indicator.tiedranks import tied_ranks
from stcloud.time import Zone, parse_instant

__all__ = ["ScoreTable", "read_score_table", "score_table_at"]

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """A composite score.

    Attributes
    ----------
    clause
        Its terms and grades, checked.
    scheme
        The indicators that it is made of.

    Examples
    --------
    >>> table = read_score_table("jinniu-example")
    >>> [(term.indicator, term.weight) for term in table.clause.terms][:2]
    [('handling_rate', 0.3), ('on_time_handling_rate', 0.2)]
    """

    clause: ScoreClause
    scheme: IndicatorScheme

    @classmethod
    def from_toml(cls, text: str, *, name: str, scheme: IndicatorScheme | None = None) -> Self:
        """Read a TOML document, whose ``name`` is put in errors.

        Parameters
        ----------
        scheme
            A city's own indicators; None: the bundled ones that the document names.

        Raises
        ------
        InvalidDefinition
            ``not-toml``; ``invalid-definition``: weights do not sum to 1, points run the wrong way …;
            ``unsound-score``: unknown indicators, and terms that run against their indicator.
        """
        with definition_faults(name, _keys):
            clause = ScoreClause.model_validate(tomllib.loads(text))
        table = cls(clause, scheme or read_scheme(clause.scheme))
        if faults := list(table._faults()):
            raise InvalidDefinition("unsound-score", name, faults=faults)
        return table

    @property
    def indicators(self) -> tuple[str, ...]:
        """Names of the indicators that an evaluation must have."""
        return tuple(term.indicator for term in self.clause.terms)

    def scores(self, evaluation: Evaluation) -> pa.Table:
        """Return the score of each group.

        Returns
        -------
        The columns of ``by``; for each term ``NAME_points`` (float64, 0 to 100, null: n/a); ``score`` (float64, 0 to
        100 with two decimals, halves up; null: n/a); ``weight`` (float64: of the terms that are not n/a); ``rank``
        (int64: 1 is the best, equal scores have equal ranks, and the ranks after them are left out; null without a
        score); ``grade`` and ``colour`` (string). Rows are as in the evaluation.

        Raises
        ------
        InvalidInput
            ``lacking-indicator``: the evaluation lacks one.
        """
        lacking = [name for name in self.indicators if name not in evaluation.table.column_names]
        if lacking:
            raise InvalidInput(
                "lacking-indicator", f"the score needs '{lacking[0]}', which was not evaluated",
                hint=f"evaluate {', '.join(self.indicators)}",
            )  # fmt: skip
        points = [_points(term, evaluation.table) for term in self.clause.terms]
        score, weight = self._score(points)
        groups: dict[str, Any] = {name: evaluation.table[name] for name in evaluation.plan.by}
        groups |= {
            f"{term.indicator}_points": _nullable(of)
            for term, of in zip(self.clause.terms, points, strict=True)
        }
        grades = [self._grade(value) for value in score.tolist()]
        return pa.table(groups | {
            "score": _nullable(score), "weight": pa.array(weight),
            "rank": _nullable(tied_ranks(score)).cast(pa.int64()),
            "grade": pa.array([grade and grade.title for grade in grades], pa.string()),
            "colour": pa.array([grade and grade.colour for grade in grades], pa.string()),
        })  # fmt: skip

    def _score(self, points: Sequence[Points]) -> tuple[Points, Points]:
        """Return scores, NaN where there is none, and the weight of the terms that they are made of."""
        weights = np.array([term.weight for term in self.clause.terms])
        by_term = np.array(points).reshape(len(points), -1)
        given = ~np.isnan(by_term)
        weight = np.round((weights[:, None] * given).sum(axis=0), 9)
        total = (weights[:, None] * np.where(given, by_term, 0)).sum(axis=0)
        enough = weight > 0 if self.clause.missing == "reweigh" else given.all(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            score = np.where(enough, total / weight, np.nan)
        return np.floor(score * 100 + 0.5 + 1e-9) / 100, weight

    def _grade(self, score: float) -> GradeClause | None:
        return next((grade for grade in self.clause.grades if score >= grade.least), None)

    def _faults(self) -> Iterator[str]:
        for place, term in enumerate(self.clause.terms):
            if term.indicator not in self.scheme.indicators:
                yield f"terms.{place}: there is no indicator '{term.indicator}'"
                continue
            clause = self.scheme.indicators[term.indicator]
            if clause.direction not in ("none", term.direction):
                yield f"terms.{place}: of {term.indicator} {clause.direction} is better, not {term.direction}"
            if clause.unit != "rate" and not term.points:
                yield f"terms.{place}: {term.indicator} is no rate, and needs points"


def read_score_table(name: str) -> ScoreTable:
    """Return a bundled table by its name; `InvalidInput` ``unknown-score-table``."""
    if name not in score_tables():
        raise InvalidInput(
            "unknown-score-table", f"there is no bundled table of scores {name!r}",
            hint=f"use {', '.join(score_tables())}",
        )  # fmt: skip
    return ScoreTable.from_toml(bundled_text("layers", "scores", f"{name}.toml"), name=f"{name}.toml")


def score_table_at(tables: Sequence[ScoreTable], at_us: int, zone: Zone) -> ScoreTable:
    """Return the table that holds at an instant, such as the start of a period: the last one that is valid by then.

    Raises
    ------
    InvalidInput
        ``no-score-table``: none is valid yet.
    """
    since = {parse_instant(table.clause.valid_from, zone): table for table in tables}
    valid = [start_us for start_us in since if start_us <= at_us]
    if not valid:
        first = min((date.fromisoformat(table.clause.valid_from) for table in tables), default=None)
        raise InvalidInput(
            "no-score-table", f"no table of scores is valid at {zone.iso(at_us)}",
            hint=f"the first one is valid from {first}" if first else "give a table",
        )  # fmt: skip
    return since[max(valid)]


def _points(term: TermClause, table: pa.Table) -> Points:
    """Return the points of a term, NaN where its indicator is n/a. Rates are taken from their counts."""
    name = term.indicator
    if f"{name}_denominator" in table.column_names:
        numerator, denominator = (_floats(table, f"{name}_{part}") for part in ("numerator", "denominator"))
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(denominator > 0, 100 * numerator / denominator, np.nan)
    else:
        value = _floats(table, name)
    if term.points:
        known, points = zip(*term.points, strict=True)
        return np.where(np.isnan(value), np.nan, np.interp(value, known, points))
    return value if term.direction == "higher" else 100 - value


def _floats(table: pa.Table, name: str) -> Points:
    return np.array(
        [np.nan if value is None else float(value) for value in table[name].to_pylist()], np.float64
    )


def _nullable(values: Points) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))


_CLAUSES: Mapping[str, type[Closed]] = {"terms": TermClause, "grades": GradeClause}


def _keys(place: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys that are known at a place of the document."""
    clause = _CLAUSES.get(str(place[0])) if place else ScoreClause
    return tuple(clause.model_fields) if clause else ()
