"""Composite scores as a closed TOML document; `docs/explanation/evaluation.md` describes every key.

Tested by `tests/paas/case/evaluation/test_scoretable.py`.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stcloud.daas.definition.clause import Closed, Text

__all__ = ["GradeClause", "ScoreClause", "TermClause"]

_TOP = 100


class TermClause(Closed):
    """A term of a score: an indicator, its weight, and whether higher or lower is better.

    ``points``: pairs of a value and the points for it, from 0 to 100, between which a straight line runs; beyond the
    first and the last value points stay as they are. Without it a rate of r per cent gives r points if higher is
    better, and 100 - r if lower is.
    """

    indicator: Text
    weight: Annotated[float, Field(gt=0, le=1)]
    direction: Literal["higher", "lower"]
    points: tuple[tuple[float, float], ...] = ()

    @model_validator(mode="after")
    def _monotone(self) -> Self:
        if not self.points:
            return self
        values, points = zip(*self.points, strict=True)
        if len(values) < 2 or any(after <= before for before, after in pairwise(values)):
            raise ValueError("points are of two values or more, ascending")
        if not all(0 <= point <= _TOP for point in points):
            raise ValueError("points are from 0 to 100")
        sign = 1 if self.direction == "higher" else -1
        if any(sign * after < sign * before for before, after in pairwise(points)):
            way = "rise" if sign > 0 else "fall"
            raise ValueError(
                f"points must not {'fall' if sign > 0 else 'rise'}, as {self.direction} is better: let them {way}"
            )
        return self


class GradeClause(Closed):
    """A grade: the least score that it takes, and its colour."""

    least: Annotated[float, Field(ge=0, le=_TOP)]
    title: Text
    title_zh: str = ""
    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class ScoreClause(Closed):
    """A table of a composite score: terms whose weights sum to 1, and grades.

    ``valid_from``: the day from which it holds. ``missing``: what a term that is n/a does: with ``none`` there is no
    score, with ``reweigh`` the other terms share its weight. ``scheme``: the bundled indicators that it is made of.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    title: str = ""
    title_zh: str = ""
    scheme: Text = "urban-management"
    valid_from: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    missing: Literal["none", "reweigh"] = "none"
    terms: Annotated[tuple[TermClause, ...], Field(min_length=1)]
    grades: tuple[GradeClause, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        total = sum(Fraction(str(term.weight)) for term in self.terms)
        if total != 1:
            raise ValueError(f"weights sum to {float(total):g}, not to 1")
        names = [term.indicator for term in self.terms]
        if len(set(names)) < len(names):
            raise ValueError("an indicator is in two terms")
        leasts = [grade.least for grade in self.grades]
        if leasts != sorted(set(leasts), reverse=True):
            raise ValueError("grades fall: the best one is the first")
        if leasts and leasts[-1] != 0:
            raise ValueError("the last grade begins at 0, so that every score has a grade")
        return self
