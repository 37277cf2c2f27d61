"""Indicators and policies as a closed TOML document; `docs/explanation/evaluation.md` describes every key.

Tested by `tests/paas/case/evaluation/test_indicatorscheme.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from stcloud.daas.definition.clause import Closed, Text
from stcloud.paas.case.facts import FACTS

__all__ = ["Basis", "Direction", "IndicatorClause", "PolicyClause", "SchemeClause", "Subject", "Unit"]

Basis: TypeAlias = Literal["reported", "filed", "dispatched", "handled", "due", "closed", "all"]
Direction: TypeAlias = Literal["higher", "lower", "none"]
Unit: TypeAlias = Literal["rate", "count", "hours"]
Subject: TypeAlias = Literal["area", "department", "reporter", "operator", "dispatcher", "handler", "checker"]
"""What is judged: an area, a department, or a post by what it does."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
_INSTANTS = tuple(name for name in FACTS.names if name.endswith("_at"))
_COUNTS = ("reworks", "extensions", "suspensions", "returns", "urgings")


class PolicyClause(Closed):
    """A named set of cases: those of which a condition on facts is true.

    ``variant_of``: the policy that it may be taken for, as the same is counted otherwise elsewhere. ``source``: who
    counts so.
    """

    condition: Text
    title: Text
    title_zh: str = ""
    source: str = ""
    variant_of: Name | None = None


class IndicatorClause(Closed):
    """An indicator: which cases it counts, of which.

    ``numerator`` and ``denominator`` are policies; a case is in the numerator if it is in both. ``exclude`` are
    policies whose cases are in neither. ``basis``: the instant by which a case belongs to a period. A ``count`` has
    no denominator; ``times`` is the column of counts that it adds up instead of cases. ``hours`` are the average
    from one instant to another, of the cases in the numerator. ``objects``: what is judged by it.
    """

    title: Text
    title_zh: str = ""
    numerator: Name
    denominator: Name | None = None
    exclude: tuple[Name, ...] = ()
    basis: Basis = "due"
    direction: Direction = "none"
    unit: Unit = "rate"
    objects: Annotated[tuple[Subject, ...], Field(min_length=1)] = ("area", "department")
    times: str | None = None
    start: Annotated[str | None, Field(alias="from")] = None
    end: Annotated[str | None, Field(alias="to")] = None
    source: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.unit == "rate") != (self.denominator is not None):
            raise ValueError("a rate has a denominator, and nothing else has")
        if (self.unit == "hours") != (self.start is not None and self.end is not None):
            raise ValueError("hours are from one instant to another, and nothing else is")
        for instant in (self.start, self.end):
            if instant is not None and instant not in _INSTANTS:
                raise ValueError(f"there is no instant '{instant}': use one of {', '.join(_INSTANTS)}")
        if self.times is not None and (self.unit != "count" or self.times not in _COUNTS):
            raise ValueError(f"times are of a count, and one of {', '.join(_COUNTS)}")
        return self


class SchemeClause(Closed):
    """A document of policies and indicators.

    ``extends`` names a bundled one whose policies and indicators are taken over where this one has none of the name.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    title: str = ""
    title_zh: str = ""
    extends: str | None = None
    policies: dict[Name, PolicyClause] = Field(default_factory=dict)
    indicators: dict[Name, IndicatorClause] = Field(default_factory=dict)
